/* ACPI's tables, or a device tree, of a machine with so many CPUs and perhaps a mailbox. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "abi/acpi.h"
#include "tests/faults/faults.h"

#define TABLES_PHYS  0x50000000u
#define XSDT_AT      0x100u
#define MADT_AT      0x200u
#define BYTES_ALWAYS 4096u
#define BYTES_A_CPU  160u
#define MAILBOX_PHYS 0x3FFF0000u /* sim/machine.h */
#define LAPIC_PHYS   0xFEE00000u

static uint8_t sum_of(const uint8_t *bytes, size_t count)
{
    uint8_t sum = 0;
    while (count--)
        sum = (uint8_t)(sum + *bytes++);
    return sum;
}

static void header_finish(struct acpi_header *header, const char *signature, uint32_t length)
{
    memcpy(header->signature, signature, 4);
    header->length = length;
    header->revision = 5;
    header->checksum = 0;
    header->checksum = (uint8_t)-sum_of((const uint8_t *)header, length);
}

/* ---- ACPI ---- */

static uint32_t madt_make(const struct cell *cell, uint8_t *at)
{
    struct acpi_madt *madt = (void *)at;
    uint8_t *end = at + sizeof(*madt);
    madt->local_apic_address = LAPIC_PHYS;
    for (uint32_t i = 0; i < cell->cpus; i++) {
        const struct acpi_madt_local_x2apic cpu = {.entry = {ACPI_MADT_LOCAL_X2APIC, sizeof(cpu)},
                                                   .apic_id = i,
                                                   .flags = ACPI_MADT_ENABLED,
                                                   .processor_uid = i};
        memcpy(end, &cpu, sizeof(cpu));
        end += sizeof(cpu);
    }
    if (cell->way == WAY_MAILBOX) {
        const struct acpi_madt_wakeup wakeup = {
            .entry = {ACPI_MADT_WAKEUP, ACPI_MADT_WAKEUP_BYTES_V0},
            .mailbox_address = MAILBOX_PHYS};
        memcpy(end, &wakeup, ACPI_MADT_WAKEUP_BYTES_V0);
        end += ACPI_MADT_WAKEUP_BYTES_V0;
    }
    header_finish(&madt->header, ACPI_SIGNATURE_MADT, (uint32_t)(end - at));
    return (uint32_t)(end - at);
}

static void acpi_make(struct cell *cell)
{
    uint8_t *memory = cell->tables.memory;
    struct acpi_rsdp *rsdp = (void *)memory;
    struct acpi_header *xsdt = (void *)(memory + XSDT_AT);
    const uint64_t madt_phys = TABLES_PHYS + MADT_AT;
    madt_make(cell, memory + MADT_AT);
    memcpy(xsdt + 1, &madt_phys, sizeof(madt_phys));
    header_finish(xsdt, ACPI_SIGNATURE_XSDT, sizeof(*xsdt) + sizeof(madt_phys));
    memcpy(rsdp->signature, ACPI_RSDP_SIGNATURE, sizeof(rsdp->signature));
    rsdp->revision = 2;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt_address = TABLES_PHYS + XSDT_AT;
    rsdp->checksum = (uint8_t)-sum_of(memory, ACPI_RSDP_V0_BYTES);
    rsdp->extended_checksum = (uint8_t)-sum_of(memory, sizeof(*rsdp));
    cell->tables.rsdp_phys = TABLES_PHYS;
}

/* ---- A device tree ---- */

static void must(int result)
{
    if (result) {
        fprintf(stderr, "faults: libfdt: %s\n", fdt_strerror(result));
        exit(3);
    }
}

static void node_begin(void *tree, const char *name, uint32_t address_cells, uint32_t size_cells)
{
    must(fdt_begin_node(tree, name));
    must(fdt_property_u32(tree, "#address-cells", address_cells));
    must(fdt_property_u32(tree, "#size-cells", size_cells));
}

static void cpus_make(const struct cell *cell, void *tree)
{
    char name[32];
    node_begin(tree, "cpus", 1, 0);
    for (uint32_t i = 0; i < cell->cpus; i++) {
        snprintf(name, sizeof(name), "cpu@%x", i);
        must(fdt_begin_node(tree, name));
        must(fdt_property_string(tree, "device_type", "cpu"));
        must(fdt_property_u32(tree, "reg", i));
        must(fdt_end_node(tree));
    }
    must(fdt_end_node(tree));
}

static void tree_make(struct cell *cell)
{
    void *tree = cell->tables.memory;
    const fdt64_t reg[] = {cpu_to_fdt64(MAILBOX_PHYS), cpu_to_fdt64(4096)};
    must(fdt_create(tree, (int)cell->tables.bytes));
    must(fdt_finish_reservemap(tree));
    node_begin(tree, "", 2, 2);
    cpus_make(cell, tree);
    node_begin(tree, "reserved-memory", 2, 2);
    must(fdt_property(tree, "ranges", NULL, 0));
    must(fdt_begin_node(tree, "wakeup_table@3fff0000"));
    must(fdt_property_string(tree, "compatible", "intel,wakeup-mailbox"));
    must(fdt_property(tree, "reg", reg, sizeof(reg)));
    must(fdt_end_node(tree));
    must(fdt_end_node(tree));
    must(fdt_end_node(tree));
    must(fdt_finish(tree));
    cell->tables.fdt_phys = TABLES_PHYS;
}

/* ---- Both ---- */

void tables_make(struct cell *cell)
{
    uint64_t bytes = BYTES_ALWAYS + (uint64_t)BYTES_A_CPU * cell->cpus;
    uint8_t *good = malloc(bytes);
    cell->tables = (struct sim_tables){
        .memory = calloc(1, bytes), .phys = TABLES_PHYS, .bytes = bytes, .good = good};
    if (!cell->tables.memory || !good) {
        fprintf(stderr, "faults: there is not enough memory\n");
        exit(3);
    }
    if (cell->way == WAY_FDT)
        tree_make(cell);
    else
        acpi_make(cell);
    memcpy(good, cell->tables.memory, bytes);
}

void tables_free(struct cell *cell)
{
    free(cell->tables.memory);
    free((void *)(uintptr_t)cell->tables.good);
}

uint64_t tables_cpus_at(const struct cell *cell)
{
    return cell->way == WAY_FDT ? (uint64_t)fdt_off_dt_struct(cell->tables.memory)
                                : MADT_AT + sizeof(struct acpi_madt);
}

uint64_t tables_length_at(const struct cell *cell)
{
    return cell->way == WAY_FDT ? offsetof(struct fdt_header, totalsize)
                                : MADT_AT + offsetof(struct acpi_header, length);
}
