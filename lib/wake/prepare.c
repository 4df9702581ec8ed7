/* Everything that APs will need, made before the first of them is sent for. */
#include <muster/order.h>
#include <muster/wake.h>

#include "abi/sizes.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/cpu/speculation.h"
#include "lib/firmware/mailbox_page.h"
#include "lib/wake/way.h"

#define FIRST_FREE_VECTOR 0x20

static enum muster_status check_config(const struct muster_platform *platform,
                                       const struct muster_cpu_config *config)
{
    if (!config->trap || config->wake_vector < FIRST_FREE_VECTOR || config->wake_vector == 0xFF)
        return MUSTER_INVALID_ARGUMENT;
    if (config->paging_levels != 4 &&
        (config->paging_levels != 5 || !cpu_cr4_offered(platform, CR4_LA57)))
        return MUSTER_ERROR_PAGING_LEVELS;
    /* An AP loads it in 32-bit mode. */
    if (config->park_cr3 == 0 || config->park_cr3 % PAGE_BYTES || config->park_cr3 >= FOUR_GIB ||
        !firmware_range_is_private(platform, (struct acpi_range){config->park_cr3, PAGE_BYTES}))
        return MUSTER_ERROR_PARK_TABLE_ADDRESS;
    return MUSTER_OK;
}

/* What AUTO is, and whether this platform has what was asked for. */
static enum muster_status choose_park_method(struct muster_machine *machine)
{
    enum muster_park_method *method = &machine->config.park_method;
    if (*method == MUSTER_PARK_AUTO)
        *method = machine->confidential ? MUSTER_PARK_TDCALL : MUSTER_PARK_HLT;
    /* In a TD, HLT and MWAIT are #VEs: sleeping is the host's affair there, and only there. */
    if (machine->confidential != (*method == MUSTER_PARK_TDCALL))
        return MUSTER_NOT_SUPPORTED;
    if (*method == MUSTER_PARK_MWAIT &&
        !cpu_has_mwait(machine->platform, machine->config.mwait_hint))
        return MUSTER_NOT_SUPPORTED;
    return MUSTER_OK;
}

enum muster_status muster_prepare(struct muster_machine *machine, const struct muster_plan *plan,
                                  const struct muster_cpu_config *config, struct muster_slot *slots,
                                  struct muster_idt *idt, void *bsp_percpu)
{
    enum muster_status status = check_config(machine->platform, config);
    if (status)
        return status;
    if (machine->bsp >= machine->cpu_count) /* the tables of another machine */
        return MUSTER_INVALID_ARGUMENT;
    machine->config = *config;
    status = choose_park_method(machine);
    if (status)
        return status;
    machine->slots = slots;
    machine->idt = idt;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        slot_init(&slots[i], machine, i);
    idt_init(idt);
    cpu_profile_make(machine);
    if (way_operations_of(plan)) {
        status = way_operations_of(plan)->prepare(machine);
        if (status)
            return status;
    }
    struct muster_slot *bsp = &slots[machine->bsp];
    word_store_release(&bsp->claimed, 1);
    word_store_release(&bsp->arrived, 1);
    /*
     * First, though cpu_load() has them in it: an emulator translates code anew for a CPU that has
     * other control registers, and what the BSP runs in these an AP will find translated.
     */
    cpu_control_load(&machine->profile);
    status = cpu_load(bsp, bsp_percpu);
    if (status)
        return status;
    /* What was asked for and what the processor made of it may differ: the latter is the law. */
    muster_cpu_profile_read(machine, &machine->profile);
    speculation_read(machine->platform, &machine->profile); /* there is an IDT by now */
    speculation_barrier(machine->platform, &machine->profile);
    bsp->park_method = machine->config.park_method;
    slot_stamp(bsp, MUSTER_STAMP_OWN_TABLES);
    muster_topology_read(machine->platform, bsp->apic_id, &bsp->topology);
    slot_stamp(bsp, MUSTER_STAMP_ON);
    trace_boot(machine, MUSTER_TRACE_PREPARED, machine->cpu_count, config->entry_phys);
    word_store_release(&machine->on_count, 1);
    word_store_release(&bsp->state, MUSTER_CPU_ON);
    return MUSTER_OK;
}
