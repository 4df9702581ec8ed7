#include "cli/machine/registers.h"

#include <string.h>

#include "abi/x86.h"
#include "cli/base/fields.h"

#define CR3_TABLES_MASK (~(guint64)(PAGE_BYTES - 1))

static guint64 value_of(const char *text, const char *end, const char *name)
{
    const char *at = g_strstr_len(text, end - text, name);
    return at ? g_ascii_strtoull(at + strlen(name), NULL, 16) : 0;
}

GArray *registers_parse(const char *text)
{
    GArray *array = g_array_new(FALSE, TRUE, sizeof(struct registers));
    const char *at = strstr(text, "CPU#");
    while (at) {
        const char *next = strstr(at + 4, "CPU#");
        const char *end = next ? next : at + strlen(at);
        struct registers one = {value_of(at, end, "CR0="), value_of(at, end, "CR3=")};
        g_array_append_val(array, one);
        at = next;
    }
    return array;
}

bool registers_find_tables(JsonObject *shim, guint64 *tables, guint64 *bytes)
{
    *bytes = (guint64)fields_number(shim, "ap_tables_bytes", PAGE_BYTES);
    return fields_address(shim, "ap_cr3", tables);
}

bool registers_left_tables(const struct registers *registers, guint64 tables, guint64 bytes)
{
    guint64 root = registers->cr3 & CR3_TABLES_MASK;
    return (registers->cr0 & CR0_PG) && !(root >= tables && root - tables < bytes);
}
