/*
 * In place of lib/cpu/load.c and leave.S, which only a processor can run. What they cost is
 * costs.setup_ns; where they lead to is sim/cpu.c's affair.
 */
#include <stdlib.h>

#include "abi/x86.h"
#include "lib/cpu/cpu.h"

enum muster_status cpu_load(struct muster_slot *slot, void *percpu)
{
    slot->gs_base = (uint64_t)(uintptr_t)percpu;
    return MUSTER_OK;
}

enum muster_status cpu_reload(struct muster_slot *slot)
{
    return cpu_load(slot, slot);
}

void muster_cpu_profile_read(const struct muster_machine *machine,
                             struct muster_cpu_profile *profile)
{
    (void)machine;
    *profile = (struct muster_cpu_profile){
        .cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE,
        .cr4 = CR4_PAE,
        .efer = EFER_LME | EFER_LMA | EFER_NXE,
        .x2apic = true,
    };
}

void cpu_control_load(const struct muster_cpu_profile *profile)
{
    (void)profile;
}

void cpu_profile_make(struct muster_machine *machine)
{
    muster_cpu_profile_read(machine, &machine->profile);
}

unsigned cpu_paging_levels(void)
{
    return 4;
}

/* A CPU's own steps are taken one by one (sim/cpu.c): these ends of them are never come to. */

void cpu_enter(struct muster_slot *slot)
{
    (void)slot;
    abort();
}

void cpu_leave(uint64_t vector)
{
    (void)vector;
    abort();
}

void cpu_go_off(struct muster_slot *slot)
{
    (void)slot;
    abort();
}

void cpu_sleep_by_mwait(const struct muster_word *word, uint32_t value, uint32_t hint)
{
    (void)word, (void)value, (void)hint;
    abort();
}
