/* Everything that APs will need, made before the first of them is sent for. */
#include <muster/order.h>
#include <muster/wake.h>

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"

#define FOUR_GIB          0x100000000u
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
    if (config->park_cr3 == 0 || config->park_cr3 % PAGE_BYTES || config->park_cr3 >= FOUR_GIB)
        return MUSTER_ERROR_PARK_TABLE_ADDRESS;
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
    status = cpu_load(bsp, bsp_percpu);
    if (status)
        return status;
    /* What was asked for and what the processor made of it may differ: the latter is the law. */
    muster_cpu_profile_read(machine, &machine->profile);
    slot_stamp(bsp, MUSTER_STAMP_OWN_TABLES);
    muster_topology_read(machine->platform, bsp->apic_id, &bsp->topology);
    slot_stamp(bsp, MUSTER_STAMP_ON);
    trace_boot(machine, MUSTER_TRACE_PREPARED, machine->cpu_count, config->entry_phys);
    word_store_release(&bsp->state, MUSTER_CPU_ON);
    return MUSTER_OK;
}
