/*
 * Puts the tables into the fake memory: each where its dump says, or where the root that is given
 * says, else where there is room; and makes an RSDP and an XSDT where none leads to them.
 */
#include <string.h>

#include "abi/acpi.h"
#include "cli/cli.h"
#include "cli/inspect/inspection.h"
#include "lib/firmware/acpi.h"

#define RSDT_PLACE_PHYS 0xE0000000u /* an RSDP of revision 0 has 32 bits for it */

static const void *data_of(const struct input *input, gsize *count)
{
    return g_bytes_get_data(input->bytes, count);
}

static bool is_signed(const struct input *input, const char *signature)
{
    return input->kind == INPUT_TABLE && strcmp(input->signature, signature) == 0;
}

static bool is_root(const struct input *input)
{
    return is_signed(input, ACPI_SIGNATURE_RSDT) || is_signed(input, ACPI_SIGNATURE_XSDT);
}

static struct input *find_input(const struct inspection *inspection, enum input_kind kind,
                                const char *signature)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (input->kind == kind && (!signature || is_signed(input, signature)))
            return input;
    }
    return NULL;
}

/* ---- Places ---- */

/* One that was given twice is there once. */
static struct input *find_twin(const struct inspection *inspection, const struct input *input)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        struct input *other = g_ptr_array_index(inspection->inputs, i);
        if (other == input)
            return NULL;
        if (other->bytes && g_bytes_equal(other->bytes, input->bytes))
            return other;
    }
    return NULL;
}

static void put(struct inspection *inspection, struct input *input, guint64 wanted_phys)
{
    gsize count;
    const void *data = data_of(input, &count);
    if (wanted_phys && memory_put(inspection->memory, wanted_phys, data, count))
        input->phys = wanted_phys;
    else
        input->phys = memory_place(inspection->memory, data, count);
}

/* The address that a given RSDP has for this root table; 0: none. */
static guint64 address_by_rsdp(const struct inspection *inspection, const struct input *root)
{
    const struct input *given = find_input(inspection, INPUT_RSDP, NULL);
    struct acpi_rsdp rsdp = {0};
    gsize count = 0;
    const void *data = given ? data_of(given, &count) : NULL;
    if (count >= ACPI_RSDP_V0_BYTES)
        memcpy(&rsdp, data, MIN(count, sizeof(rsdp)));
    if (is_signed(root, ACPI_SIGNATURE_XSDT))
        return rsdp.xsdt_address;
    return rsdp.rsdt_address ? rsdp.rsdt_address : RSDT_PLACE_PHYS;
}

static void put_all(struct inspection *inspection)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (!input->bytes)
            continue;
        const struct input *twin = find_twin(inspection, input);
        guint64 stated = input->stated_phys;
        if (!stated && is_root(input))
            stated = address_by_rsdp(inspection, input);
        if (twin)
            input->phys = twin->phys;
        else
            put(inspection, input, stated);
    }
}

/* ---- The root ---- */

static void sum_up(void *bytes, gsize count, guint8 *checksum)
{
    *checksum = 0;
    *checksum = (guint8)-acpi_checksum(bytes, count);
}

static guint64 make_rsdp(struct inspection *inspection, guint64 rsdt_phys, guint64 xsdt_phys)
{
    struct acpi_rsdp rsdp = {
        .oem_id = "MUSTER",
        .revision = 2,
        .rsdt_address = (guint32)rsdt_phys,
        .length = sizeof(rsdp),
        .xsdt_address = xsdt_phys,
    };
    memcpy(rsdp.signature, ACPI_RSDP_SIGNATURE, sizeof(rsdp.signature));
    sum_up(&rsdp, ACPI_RSDP_V0_BYTES, &rsdp.checksum);
    sum_up(&rsdp, sizeof(rsdp), &rsdp.extended_checksum);
    return memory_place(inspection->memory, &rsdp, sizeof(rsdp));
}

static guint64 make_root(struct inspection *inspection)
{
    GByteArray *xsdt = g_byte_array_new();
    struct acpi_header header = {.revision = 1, .oem_id = "MUSTER"};
    memcpy(header.signature, ACPI_SIGNATURE_XSDT, sizeof(header.signature));
    g_byte_array_append(xsdt, (const guint8 *)&header, sizeof(header));
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (input->kind == INPUT_TABLE && !is_root(input))
            g_byte_array_append(xsdt, (const guint8 *)&input->phys, sizeof(input->phys));
    }
    struct acpi_header *made = (struct acpi_header *)(void *)xsdt->data;
    made->length = xsdt->len;
    sum_up(xsdt->data, xsdt->len, &made->checksum);
    guint64 phys = memory_place(inspection->memory, xsdt->data, xsdt->len);
    g_byte_array_unref(xsdt);
    return make_rsdp(inspection, 0, phys);
}

/* Whether the root lists the places of all MADTs and SRATs that are given. */
static bool root_leads(struct inspection *inspection, guint64 rsdp_phys)
{
    struct muster_finding refusal;
    struct acpi_root root;
    struct acpi_root_entry entry;
    GHashTable *listed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    bool leads = acpi_root_open(&root, &inspection->platform, rsdp_phys, &refusal) == MUSTER_OK;
    while (leads && acpi_root_next(&root, &entry))
        g_hash_table_add(listed, g_memdup2(&entry.phys, sizeof(entry.phys)));
    leads = leads && acpi_root_close(&root) == MUSTER_OK;
    if (!leads)
        inspection_hear(inspection, &refusal);
    for (guint i = 0; leads && i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        leads = !(is_signed(input, ACPI_SIGNATURE_MADT) || is_signed(input, ACPI_SIGNATURE_SRAT)) ||
                g_hash_table_contains(listed, &input->phys);
    }
    g_hash_table_unref(listed);
    return leads;
}

/* The RSDP that is given, or one that leads to the XSDT or RSDT that is given; 0: neither is. */
static guint64 given_root(struct inspection *inspection)
{
    const struct input *rsdp = find_input(inspection, INPUT_RSDP, NULL);
    const struct input *xsdt = find_input(inspection, INPUT_TABLE, ACPI_SIGNATURE_XSDT);
    const struct input *rsdt = find_input(inspection, INPUT_TABLE, ACPI_SIGNATURE_RSDT);
    if (rsdp)
        return rsdp->phys;
    if (!xsdt && !rsdt)
        return 0;
    return make_rsdp(inspection, rsdt ? rsdt->phys : 0, xsdt ? xsdt->phys : 0);
}

static void choose_root(struct inspection *inspection)
{
    guint64 given = given_root(inspection);
    guint errors = inspection->per_severity[SEVERITY_ERROR];
    bool leads = given && root_leads(inspection, given);
    bool whole = inspection->per_severity[SEVERITY_ERROR] == errors;
    if (!given && !inspection->madt && !inspection->srat)
        return;
    inspection->root_made = !leads;
    inspection->rsdp_phys = leads ? given : make_root(inspection);
    if (given && !leads && whole)
        inspection_find(inspection, RULE_ROOT_NOT_USED, NULL, NO_PLACE, NO_PLACE, "%s",
                        rule_of(RULE_ROOT_NOT_USED)->what);
}

static bool has_two_trees(const struct inspection *inspection)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (input->kind == INPUT_FDT && input->phys != inspection->fdt->phys)
            return true;
    }
    return false;
}

bool inspection_lay_out(struct inspection *inspection, GError **error)
{
    put_all(inspection);
    inspection->madt = find_input(inspection, INPUT_TABLE, ACPI_SIGNATURE_MADT);
    inspection->srat = find_input(inspection, INPUT_TABLE, ACPI_SIGNATURE_SRAT);
    inspection->fdt = find_input(inspection, INPUT_FDT, NULL);
    if (has_two_trees(inspection)) {
        g_set_error(error, CLI_ERROR, CLI_USAGE,
                    "two device trees are given that differ; a machine has one: give one");
        return false;
    }
    choose_root(inspection);
    return true;
}
