/* The processors and the mailbox of a device tree. */
#include "lib/firmware/fdt_machine.h"

#include "abi/acpi.h"
#include "abi/mailbox.h"
#include "abi/x86.h"
#include "lib/firmware/fdt_walk.h"
#include "lib/firmware/hearing.h"
#include "lib/firmware/mailbox_page.h"
#include "lib/machine.h"

/* An APIC ID that no processor has: for the side that does not list one. */
#define NOBODY ACPI_X2APIC_ID_NONE

struct reading {
    struct muster_machine *machine;
    bool compares; /* the machine is ACPI's; else it is filled from here */
    bool has_mailbox;
    struct hearing hearing;
};

/* ---- Processors ---- */

static enum muster_status add_cpu(struct reading *reading, struct fdt *fdt,
                                  const struct fdt_child *child, uint32_t apic_id)
{
    struct muster_machine *machine = reading->machine;
    struct muster_cpu cpu = {
        .apic_id = apic_id,
        .numa_node = child->numa_node,
        .sources = MUSTER_SOURCE_FDT,
        .enabled = true,
    };

    if (muster_machine_find(machine, apic_id) >= 0)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_CPU_DUPLICATE, child, apic_id, 0);
    if (!machine_add(machine, &cpu))
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_TOO_MANY_CPUS, child,
                                (uint64_t)machine->cpu_count + 1, machine->cpu_capacity);
    return MUSTER_OK;
}

static enum muster_status match_cpu(struct reading *reading, struct fdt *fdt,
                                    const struct fdt_child *child, uint32_t apic_id)
{
    struct muster_machine *machine = reading->machine;
    int32_t index = muster_machine_find(machine, apic_id);

    if (index < 0 || !machine->cpus[index].enabled)
        return fdt_refuse_child(fdt, MUSTER_ERROR_SOURCES_CPUS_DIFFER, child, apic_id, NOBODY);
    if (machine->cpus[index].sources & MUSTER_SOURCE_FDT)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_CPU_DUPLICATE, child, apic_id, 0);
    machine->cpus[index].sources |= MUSTER_SOURCE_FDT;
    machine->cpus[index].numa_node = child->numa_node;
    return MUSTER_OK;
}

/* A processor with several threads has an entry for each (3.8.1). */
static enum muster_status take_cpu(struct reading *reading, struct fdt *fdt,
                                   const struct fdt_child *child)
{
    uint32_t count;
    enum muster_status status = fdt_reg_count(fdt, child, &count);

    for (uint32_t i = 0; i < count && status == MUSTER_OK; i++) {
        uint64_t apic_id = fdt_reg_entry(fdt, child, i).phys;

        if (apic_id >= NOBODY)
            status = fdt_refuse_child(fdt, MUSTER_ERROR_FDT_REG, child, apic_id, NOBODY - 1);
        else if (!child->available && !reading->compares)
            reading->machine->disabled_count++;
        else if (child->available)
            status = reading->compares ? match_cpu(reading, fdt, child, (uint32_t)apic_id)
                                       : add_cpu(reading, fdt, child, (uint32_t)apic_id);
    }
    return status;
}

/* ---- The mailbox ---- */

static enum muster_status check_mailbox_page(struct reading *reading, struct fdt *fdt,
                                             const struct fdt_child *child, uint64_t phys)
{
    const struct acpi_range tree = {fdt->phys, fdt->header.totalsize};
    enum muster_status status = mailbox_page_judge(reading->machine->platform, phys);

    if (status == MUSTER_ERROR_MAILBOX_ALIGNMENT)
        return fdt_refuse_child(fdt, status, child, phys, phys - phys % MAILBOX_BYTES);
    if (status != MUSTER_OK)
        return fdt_refuse_child(fdt, status, child, phys, 0);
    if (acpi_ranges_overlap((struct acpi_range){phys, MAILBOX_BYTES}, tree))
        return fdt_refuse_child(fdt, MUSTER_ERROR_TABLE_OVERLAP, child, phys, 0);
    return MUSTER_OK;
}

/* A tree names a page and no more. Nothing says that a CPU may come back there: version 0. */
static enum muster_status use_mailbox(struct reading *reading, struct fdt *fdt,
                                      const struct fdt_child *child, uint64_t phys)
{
    struct muster_mailbox_description *mailbox = &reading->machine->mailbox;

    if (mailbox->present && mailbox->mailbox_phys != phys)
        return fdt_refuse_child(fdt, MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS, child, phys,
                                mailbox->mailbox_phys);
    if (!mailbox->present)
        *mailbox = (struct muster_mailbox_description){
            .present = true,
            .source = MUSTER_SOURCE_FDT,
            .mailbox_phys = phys,
        };
    return MUSTER_OK;
}

/* Exactly one region of 4 KiB: Linux does not take anything else either. */
static enum muster_status take_mailbox(struct reading *reading, struct fdt *fdt,
                                       const struct fdt_child *child)
{
    struct acpi_range region;
    uint32_t count;
    enum muster_status status = fdt_reg_count(fdt, child, &count);

    if (status != MUSTER_OK)
        return status;
    if (child->translated)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_RANGES, child, 1, 0);
    if (count != 1)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_MAILBOX_REGION, child, count, 1);
    region = fdt_reg_entry(fdt, child, 0);
    if (region.bytes != MAILBOX_BYTES)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_MAILBOX_REGION, child, region.bytes,
                                MAILBOX_BYTES);
    if (reading->has_mailbox)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_MAILBOX_DUPLICATE, child, region.phys,
                                reading->machine->mailbox.mailbox_phys);
    reading->has_mailbox = true;
    status = check_mailbox_page(reading, fdt, child, region.phys);
    return status == MUSTER_OK ? use_mailbox(reading, fdt, child, region.phys) : status;
}

/* ---- The whole tree ---- */

static enum muster_status judge_child(struct reading *reading, struct fdt *fdt,
                                      const struct fdt_child *child)
{
    if (child->section == FDT_SECTION_CPUS && child->is_cpu)
        return take_cpu(reading, fdt, child);
    if (child->section == FDT_SECTION_RESERVED_MEMORY && child->is_mailbox && child->available)
        return take_mailbox(reading, fdt, child);
    return MUSTER_OK;
}

static enum muster_status take_child(void *context, struct fdt *fdt, const struct fdt_child *child)
{
    struct reading *reading = context;
    enum muster_status status = judge_child(reading, fdt, child);

    if (status != MUSTER_OK && hearing_goes_on(&reading->hearing, fdt->finding))
        return MUSTER_OK;
    return status;
}

static enum muster_status read_tree(struct reading *reading, struct fdt *fdt, uint64_t fdt_phys)
{
    const struct fdt_visitor visitor = {.context = reading, .child = take_child};
    struct muster_machine *machine = reading->machine;
    enum muster_status status = fdt_open(fdt, machine->platform, fdt_phys, &machine->finding);

    if (status != MUSTER_OK)
        return status;
    reading->hearing.listener = machine->listener;
    fdt_walk(fdt, &visitor);
    status = hearing_end(&reading->hearing, fdt->finding);
    if (status == MUSTER_OK)
        machine->sources |= MUSTER_SOURCE_FDT;
    return status;
}

/* A tree says nothing of the local APIC; the processor that reads it knows. */
static uint64_t find_lapic(const struct muster_platform *platform, uint32_t bsp_apic_id)
{
    if (platform->msr_read == NULL || bsp_apic_id == MUSTER_BSP_UNKNOWN)
        return APIC_DEFAULT_PHYS;
    return platform->msr_read(platform->context, MSR_APIC_BASE) & PTE_ADDRESS;
}

/*
 * The BSP is who it says it is. What the header says counts only where nobody else does: after a
 * crash another processor may be the one that runs.
 */
static enum muster_status find_bsp_node(struct muster_machine *machine, struct fdt *fdt,
                                        uint32_t bsp_apic_id)
{
    const uint32_t field = offsetof(struct fdt_header, boot_cpuid_phys);
    bool unknown = bsp_apic_id == MUSTER_BSP_UNKNOWN;
    uint32_t wanted = unknown ? fdt->header.boot_cpuid_phys : bsp_apic_id;
    int32_t bsp = muster_machine_find(machine, wanted);

    if (!machine_has_enabled_cpu(machine))
        return fdt_refuse_at(fdt, MUSTER_ERROR_FDT_NO_CPU, 0, 0, 0, 1);
    if (bsp < 0)
        return fdt_refuse_at(fdt, MUSTER_ERROR_FDT_NO_BSP, 0, field, fdt->header.boot_cpuid_phys,
                             wanted);
    machine_set_bsp(machine, (uint32_t)bsp);
    if (unknown)
        machine->bsp = MUSTER_BSP_UNKNOWN; /* not the calling CPU: it cannot be prepared */
    return MUSTER_OK;
}

enum muster_status fdt_machine_read(struct muster_machine *machine, uint64_t fdt_phys,
                                    uint32_t bsp_apic_id)
{
    struct reading reading = {.machine = machine};
    struct fdt fdt;
    enum muster_status status = read_tree(&reading, &fdt, fdt_phys);

    if (status != MUSTER_OK)
        return status;
    machine->lapic_phys = find_lapic(machine->platform, bsp_apic_id);
    return find_bsp_node(machine, &fdt, bsp_apic_id);
}

/* Those that ACPI lists and the tree, read by now, does not. */
static enum muster_status check_missing(struct reading *reading, struct fdt *fdt)
{
    const struct muster_machine *machine = reading->machine;

    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (!machine->cpus[i].enabled || machine->cpus[i].sources & MUSTER_SOURCE_FDT)
            continue;
        fdt_refuse_at(fdt, MUSTER_ERROR_SOURCES_CPUS_DIFFER, 0, 0, NOBODY,
                      machine->cpus[i].apic_id);
        if (!hearing_goes_on(&reading->hearing, fdt->finding))
            break;
    }
    return hearing_end(&reading->hearing, fdt->finding);
}

enum muster_status fdt_machine_compare(struct muster_machine *machine, uint64_t fdt_phys)
{
    struct reading reading = {.machine = machine, .compares = true};
    struct fdt fdt;
    enum muster_status status = read_tree(&reading, &fdt, fdt_phys);

    return status == MUSTER_OK ? check_missing(&reading, &fdt) : status;
}
