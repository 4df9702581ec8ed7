/*
 * A machine check on each CPU while it is parked, injected from outside. From the last one's there
 * is no way back, as the processor says: its CPU must not go on, and is lost by that alone.
 */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/json.h"
#include "boot/native.h"
#include "boot/plural.h"
#include "boot/td.h"
#include "kernel/bringup.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/machine_check.h"
#include "kernel/trap.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

/* On the parked CPU. Its GS base is its slot still, and not its block. */
static void handle_machine_check(struct percpu *cpu, struct muster_trap_frame *frame)
{
    uint64_t status = machine_check_take();
    bool good = trap_frame_is_on_ist(cpu, frame, MUSTER_IST_MC) &&
                read_msr(MSR_GS_BASE) == (uint64_t)cpu->slot && (status & MCG_STATUS_MCIP);
    word_store_release(&cpu->trap_count, good ? 1 : 2);
    if (!(status & MCG_STATUS_RIPV))
        native_halt();
}

static bool is_parked(uint32_t index)
{
    return muster_cpu_state(&kernel.machine, index) == MUSTER_CPU_OFF;
}

/* The last parked CPU's APIC ID is @lost. */
static void ask_for_injection(uint32_t lost)
{
    json_begin("kernel", "inject-mce-parked");
    json_open("apic_ids", '[');
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (is_parked(i))
            json_number(NULL, percpus[i].slot->apic_id);
    json_close(']');
    json_number("lost", lost);
    json_end();
}

static void await_machine_check(struct percpu *cpu, uint64_t deadline_ns)
{
    while (word_load_acquire(&cpu->trap_count) == 0 && time_now_ns() < deadline_ns)
        cpu_pause();
    uint32_t seen = word_load_acquire(&cpu->trap_count);
    if (seen != 1)
        fatal("%s parked CPU %u (APIC ID %u)",
              seen ? "a machine check was not on its own stack and GS base on"
                   : "no machine check reached",
              cpu->index, cpu->slot->apic_id);
    word_store_release(&cpu->trap_count, 0);
    kernel.mces_parked++;
}

/* The BSP, if nobody is parked. */
static uint32_t find_last_parked(void)
{
    uint32_t last = kernel.machine.bsp;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        last = is_parked(i) ? i : last;
    return last;
}

void bringup_await_machine_checks(void)
{
    if (!kernel.options.mce_parked)
        return;
    uint32_t last = find_last_parked();
    if (last == kernel.machine.bsp)
        return;
    if (td_is_active() || !machine_check_offered())
        fatal_usage("mce=parked on the command line: nobody can inject a machine check here");
    trap_set_handler(VECTOR_MC, handle_machine_check);
    ask_for_injection(percpus[last].slot->apic_id);
    uint64_t deadline_ns = time_deadline_ns();
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (is_parked(i))
            await_machine_check(&percpus[i], deadline_ns);
    trap_set_handler(VECTOR_MC, NULL);
    console_printf("parked: %u %s took a machine check; CPU %u (APIC ID %u) cannot go on\n",
                   kernel.mces_parked, plural(kernel.mces_parked, "CPU", "CPUs"), last,
                   percpus[last].slot->apic_id);
}
