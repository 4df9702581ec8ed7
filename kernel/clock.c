/* The CPUs' clocks against the BSP's, and the kernel's against the hypervisor's if it keeps one. */
#include <muster/clock.h>
#include <muster/order.h>

#include "boot/console.h"
#include "boot/hyperv.h"
#include "kernel/bringup.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"

/* Hypercalls are not wanted: whether the page for them could be enabled does not matter. */
void clock_set_up(void)
{
    if (hyperv_begin(&kernel.platform) == MUSTER_NOT_SUPPORTED)
        return;
    clock_take_frequency(&kernel.platform);
    clock_check_reference(&kernel.platform, &kernel.clock);
    hyperv_end(&kernel.platform);
}

/* And who did not tell where it is, since no order asked for that, tells it now. */
static void join_clock(struct percpu *cpu, void *argument)
{
    (void)argument;
    muster_topology_read(&kernel.platform, cpu->slot->apic_id, &cpu->slot->topology);
    (void)muster_clock_join(cpu->slot, kernel.options.timeout_ns); /* the BSP sees it as well */
}

/* Whoever is active has to be sent there; a parked CPU is the library's to wake. */
static enum muster_status measure_clock(uint32_t index)
{
    struct percpu *cpu = cpu_if_active(index);
    if (!cpu)
        return muster_clock_measure(&kernel.machine, index, kernel.options.timeout_ns);
    cpu->call = (struct work){.function = join_clock};
    if (!work_send(cpu, &cpu->call))
        return MUSTER_TIME_OUT;
    enum muster_status status =
        muster_clock_measure(&kernel.machine, index, kernel.options.timeout_ns);
    if (!thread_wait(&cpu->call.done, 0, time_deadline_ns()))
        cpu->silent = true; /* the item is still its own */
    return status;
}

/* Here and not before the start: it takes longer than all the rest, and is done one by one. */
void bringup_measure_clocks(void)
{
    uint64_t start = time_now_ns();
    enum muster_status first = MUSTER_OK;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        if (i == kernel.machine.bsp ||
            (!cpu_if_active(i) && muster_cpu_state(&kernel.machine, i) != MUSTER_CPU_OFF))
            continue;
        enum muster_status status = measure_clock(i);
        if (!first)
            first = status;
    }
    kernel.clocks_ns = time_now_ns() - start;
    console_printf("clocks: %s after %lu us\n", first ? muster_error_text(first) : "measured",
                   kernel.clocks_ns / 1000);
}

void prove_reference_clock(struct proof *proof)
{
    const struct clock_check *clock = &kernel.clock;
    if (!clock->source)
        proof_not_applicable(proof, "no hypervisor keeps a clock to compare with");
    else if (!clock->agrees)
        proof_broken(proof,
                     "the hypervisor's clock (%s) went on by %lu ns while ours did by %lu ns; "
                     "reading them explains %lu ns of that",
                     clock->source, clock->reference_ns, clock->elapsed_ns, clock->slack_ns);
    else
        proof_held(proof,
                   "%lu ns by the hypervisor's clock (%s) are %lu ns by ours, to 1 part in 1000 "
                   "and the %lu ns that reading them took",
                   clock->reference_ns, clock->source, clock->elapsed_ns, clock->slack_ns);
}
