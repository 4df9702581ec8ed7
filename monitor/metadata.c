#include "monitor/metadata.h"

#include <stddef.h>

#include "abi/tdx.h"
#include "lib/atomic.h"

/*
 * A bit is writable where the field has it, and changeable where the monitor does what it says.
 * PENDING_VE_DISABLE is as the attribute SEPT_VE_DISABLE says, for good: CONFIG_FLAGS has no
 * FLEXIBLE_PENDING_VE. ENUM_TOPOLOGY wants what TOPOLOGY_ENUM says, and the rest of TD_CTLS is of
 * newer modules. NOTIFY_ENABLES may be set: nobody single-steps this TD, so nothing comes of it.
 */
static struct field {
    uint64_t id;
    uint64_t writable, changeable;
    uint64_t value;
} fields[] = {
    {TDX_FIELD_TD_CTLS, UINT64_MAX, 0, TDX_TD_CTLS_PENDING_VE_DISABLE},
    {TDX_FIELD_CONFIG_FLAGS, 0, 0, 0},
    {TDX_FIELD_NOTIFY_ENABLES, UINT64_MAX, TDX_NOTIFY_ENABLES_EPT_FAULTS, 0},
    {TDX_FIELD_TOPOLOGY_ENUM, 0, 0, 0},
};

static struct field *find_field(uint64_t id)
{
    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].id == id)
            return &fields[i];
    return NULL;
}

uint64_t metadata_read(uint64_t id, uint64_t *value)
{
    const struct field *field = find_field(id);
    if (!field)
        return TDX_METADATA_FIELD_ID;
    *value = u64_load_relaxed(&field->value);
    return TDX_SUCCESS;
}

uint64_t metadata_write(uint64_t id, uint64_t value, uint64_t mask, uint64_t *old)
{
    struct field *field = find_field(id);
    if (!field)
        return TDX_METADATA_FIELD_ID;
    if (!(field->writable & mask))
        return TDX_METADATA_NOT_WRITABLE;
    uint64_t now = u64_load_relaxed(&field->value);
    uint64_t changed = (value ^ now) & mask;
    if (changed & ~field->changeable)
        return TDX_METADATA_VALUE;
    u64_store_relaxed(&field->value, now ^ changed);
    *old = now;
    return TDX_SUCCESS;
}
