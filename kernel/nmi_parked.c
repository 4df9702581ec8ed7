/* An NMI to each CPU while it is parked: between adoption and start it has all it needs for that.
 */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/plural.h"
#include "kernel/bringup.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/trap.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

/* On the parked CPU. Its GS base is its slot still, and not its block. */
static void handle_nmi(struct percpu *cpu, struct muster_trap_frame *frame)
{
    bool good = trap_frame_is_on_ist(cpu, frame, MUSTER_IST_NMI) &&
                read_msr(MSR_GS_BASE) == (uint64_t)cpu->slot;
    word_store_release(&cpu->trap_count, good ? 1 : 2);
}

static void send_nmi(struct percpu *cpu)
{
    enum muster_status status = muster_apic_send_nmi(&kernel.platform, cpu->slot->apic_id);
    if (status != MUSTER_OK)
        fatal_status(status, "send an NMI to a parked CPU");
    uint64_t deadline_ns = time_deadline_ns();
    while (word_load_acquire(&cpu->trap_count) == 0 && time_now_ns() < deadline_ns)
        cpu_pause();
    if (word_load_acquire(&cpu->trap_count) != 1)
        fatal("an NMI did not reach a parked CPU, or not on its own stack and GS base");
    word_store_release(&cpu->trap_count, 0);
}

void bringup_send_nmis(void)
{
    if (!kernel.options.nmi_parked)
        return;
    trap_set_handler(VECTOR_NMI, handle_nmi);
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (muster_cpu_state(&kernel.machine, i) == MUSTER_CPU_OFF) {
            send_nmi(&percpus[i]);
            kernel.nmis_parked++;
        }
    trap_set_handler(VECTOR_NMI, NULL);
    console_printf("parked: %u %s took an NMI, and stayed\n", kernel.nmis_parked,
                   plural(kernel.nmis_parked, "CPU", "CPUs"));
}
