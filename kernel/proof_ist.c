/* NMI and double fault land on their own stacks, those of the CPU that was hit. */
#include <muster/cpu.h>

#include "abi/x86.h"
#include "boot/console.h"
#include "boot/plural.h"
#include "kernel/assembly.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "kernel/trap.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

static void check_frame(struct percpu *cpu, const struct muster_trap_frame *frame, unsigned ist)
{
    evidence_true(cpu, "trap frame on the CPU's own IST stack",
                  trap_frame_is_on_ist(cpu, frame, ist));
    evidence_equal(cpu, "GS base in the handler", read_msr(MSR_GS_BASE), (uint64_t)cpu);
}

static void nmi_handler(struct percpu *cpu, struct muster_trap_frame *frame)
{
    check_frame(cpu, frame, MUSTER_IST_NMI);
    (void)word_fetch_add(&cpu->trap_count, 1);
}

static bool nmi_reaches(struct proof *proof, struct percpu *cpu)
{
    enum muster_status status = muster_apic_send_nmi(&kernel.platform, cpu->slot->apic_id);
    if (status != MUSTER_OK) {
        proof_broken(proof, "the NMI to CPU %u (APIC ID %u) could not be sent: %s", cpu->index,
                     cpu->slot->apic_id, muster_error_name(status));
        return false;
    }
    if (!thread_wait(&cpu->trap_count, 0, time_deadline_ns())) {
        proof_broken(proof, "the NMI did not reach CPU %u (APIC ID %u)", cpu->index,
                     cpu->slot->apic_id);
        return false;
    }
    return true;
}

void prove_ist_nmi(struct proof *proof)
{
    trap_set_handler(VECTOR_NMI, nmi_handler);
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (cpu && !nmi_reaches(proof, cpu))
            return;
    }
    if (proof_no_complaint(proof))
        proof_held(proof, "%u %s: an NMI by ICR landed on IST %u of the CPU's slot",
                   cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"), MUSTER_IST_NMI);
}

static struct muster_idt broken_idt; /* every gate not present, but #DF's */
static struct recovery recoveries[MAX_CPUS];

static void break_idt(void)
{
    memcpy(&broken_idt, kernel.machine.idt, sizeof(broken_idt));
    for (unsigned vector = 0; vector < 256; vector++) {
        struct x86_gate *gate = (struct x86_gate *)broken_idt.gates[vector];
        if (vector != VECTOR_DF)
            gate->type &= (uint8_t)~X86_GATE_PRESENT;
    }
}

static void double_fault_handler(struct percpu *cpu, struct muster_trap_frame *frame)
{
    check_frame(cpu, frame, MUSTER_IST_DF);
    (void)word_fetch_add(&cpu->trap_count, 1);
    frame->rip = recoveries[cpu->index].rip;
    frame->rsp = recoveries[cpu->index].rsp;
}

/* #UD finds its gate not present: #NP. #NP finds the same: #DF (SDM vol. 3, table 6-5). */
static void double_fault(struct percpu *cpu, void *argument)
{
    (void)argument;
    struct x86_table_register whole;
    struct x86_table_register broken = {.limit = sizeof(broken_idt) - 1,
                                        .base = (uint64_t)&broken_idt};
    store_idt(&whole);
    evidence_equal(cpu, "IDT base", whole.base, (uint64_t)kernel.machine.idt);
    load_idt(&broken);
    provoke_fault(&recoveries[cpu->index]);
    load_idt(&whole);
    evidence_equal(cpu, "double faults", word_load_acquire(&cpu->trap_count), 1);
}

void prove_ist_df(struct proof *proof)
{
    break_idt();
    trap_set_handler(VECTOR_DF, double_fault_handler);
    if (proof_on_all(proof, double_fault, NULL))
        proof_held(proof, "%u %s: a double fault landed on IST %u, and the CPU went on",
                   cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"), MUSTER_IST_DF);
}
