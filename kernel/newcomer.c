#include "kernel/newcomer.h"

#include <muster/clock.h>
#include <muster/hotplug.h>

#include "abi/x86.h"
#include "boot/json.h"
#include "boot/native.h"
#include "kernel/bringup.h"
#include "kernel/hotplug.h"
#include "kernel/kernel.h"
#include "kernel/life.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

static void newcomer_main(struct muster_slot *slot, void *context)
{
    (void)slot;
    write_msr(MSR_KERNEL_GS_BASE, 0);
    life_come_on(context);
}

static enum muster_status turn_on(struct percpu *cpu)
{
    uint32_t apic_id = cpu->slot->apic_id;
    cpu->silent = false;
    cpu->given_up = NULL;
    word_store_release(&cpu->active, CPU_UNDECIDED);
    bringup_give_stacks(cpu);
    struct muster_start start = life_start(cpu, newcomer_main, cpu);
    enum muster_status status = muster_cpu_on(&kernel.machine, apic_id, &start);
    if (!status)
        status =
            muster_cpu_wait(&kernel.machine, apic_id, MUSTER_CPU_ON, kernel.options.timeout_ns);
    if (!status && !thread_wait(&cpu->active, CPU_UNDECIDED, time_deadline_ns()) &&
        word_move(&cpu->active, CPU_UNDECIDED, CPU_GIVEN_UP))
        status = MUSTER_TIME_OUT;
    return status;
}

enum muster_status newcomer_bring_in(struct newcomer *newcomer)
{
    uint64_t start = time_now_ns();
    enum muster_status status = muster_cpu_arrive(&kernel.machine, &kernel.plan, newcomer->apic_id,
                                                  kernel.options.timeout_ns);
    newcomer->arrive_ns = time_now_ns() - start;
    newcomer->known = status == MUSTER_OK || status == MUSTER_TIME_OUT;
    if (!newcomer->known)
        return status;
    struct percpu *cpu = &percpus[muster_machine_find(&kernel.machine, newcomer->apic_id)];
    if (status)
        return cpu->slot->failure;
    /* One that could not be measured is found by the proof of the clocks. */
    (void)muster_clock_measure(&kernel.machine, cpu->index, kernel.options.timeout_ns);
    start = time_now_ns();
    status = turn_on(cpu);
    newcomer->on_ns = time_now_ns() - start;
    return status;
}

enum muster_status newcomer_let_go(const struct newcomer *newcomer)
{
    uint32_t index = (uint32_t)muster_machine_find(&kernel.machine, newcomer->apic_id);
    enum muster_status status = MUSTER_OK;
    if (muster_cpu_state(&kernel.machine, index) == MUSTER_CPU_ON)
        status = life_turn_off(&percpus[index], life_leave);
    return status ? status : muster_cpu_leave(&kernel.machine, &kernel.plan, newcomer->apic_id);
}

bool newcomer_eject(struct newcomer *newcomer)
{
    hotplug_eject(newcomer->selector);
    uint64_t deadline = time_deadline_ns();
    while (hotplug_is_there(newcomer->selector) && time_now_ns() < deadline)
        native_delay_ns(HOTPLUG_POLL_NS);
    newcomer->gone = !hotplug_is_there(newcomer->selector);
    return newcomer->gone;
}

void newcomer_report(const struct newcomer *newcomer)
{
    json_open(NULL, '{');
    json_number("apic_id", newcomer->apic_id);
    json_text("failure", newcomer->failure);
    json_number("arrive_ns", newcomer->arrive_ns);
    json_number("on_ns", newcomer->on_ns);
    json_bool("gone", newcomer->gone);
    json_close('}');
}
