/* A machine check, injected from outside, lands on its own stack on every CPU, once. */
#include <muster/cpu.h>

#include "abi/x86.h"
#include "boot/json.h"
#include "boot/plural.h"
#include "boot/td.h"
#include "kernel/kernel.h"
#include "kernel/machine_check.h"
#include "kernel/proof.h"
#include "kernel/trap.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

/* Whoever injects does it CPU by CPU, by hand perhaps; a second one would come within this. */
#define INJECT_NS 30000000000u
#define SETTLE_NS 20000000u

static void machine_check_handler(struct percpu *cpu, struct muster_trap_frame *frame)
{
    evidence_true(cpu, "trap frame on the CPU's own IST stack",
                  trap_frame_is_on_ist(cpu, frame, MUSTER_IST_MC));
    evidence_equal(cpu, "GS base in the handler", read_msr(MSR_GS_BASE), (uint64_t)cpu);
    evidence_true(cpu, "MCG_STATUS.MCIP set", (machine_check_take() & MCG_STATUS_MCIP) != 0);
    (void)word_fetch_add(&cpu->trap_count, 1);
}

/*
 * Every error of every bank is reported from here on: this is the host's part. CR4.MCE is the
 * library's, so it is looked at and not set; without it the injection would be a shutdown.
 */
static void enable_banks(struct percpu *cpu, void *argument)
{
    (void)argument;
    if (read_msr(MSR_MCG_CAP) & MCG_CAP_CTL_P)
        write_msr(MSR_MCG_CTL, UINT64_MAX);
    for (uint32_t bank = 0; bank < machine_check_banks(); bank++) {
        write_msr(MSR_MC0_STATUS + bank * MC_BANK_MSRS, 0);
        write_msr(MSR_MC0_CTL + bank * MC_BANK_MSRS, UINT64_MAX);
    }
    evidence_equal(cpu, "CR4.MCE", read_cr4() & CR4_MCE, CR4_MCE);
}

/* Active CPUs only: one that never came up has no handler, and QEMU would reset the machine. */
static void ask_for_injection(void)
{
    json_begin("kernel", "inject-mce");
    json_open("apic_ids", '[');
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (cpu_if_active(i))
            json_number(NULL, percpus[i].slot->apic_id);
    json_close(']');
    json_end();
}

static void await_all(struct proof *proof)
{
    uint64_t deadline = time_now_ns() + INJECT_NS;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (!cpu || thread_wait(&cpu->trap_count, 0, deadline))
            continue;
        proof_broken(proof, "no machine check reached CPU %u (APIC ID %u)", i, cpu->slot->apic_id);
        return;
    }
    static const struct muster_word never;
    (void)thread_wait(&never, 0, time_now_ns() + SETTLE_NS);
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (cpu)
            evidence_equal(cpu, "machine checks", word_load_acquire(&cpu->trap_count), 1);
    }
    if (proof_no_complaint(proof))
        proof_held(proof, "%u %s: one machine check each, on IST %u of the CPU's slot",
                   cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"), MUSTER_IST_MC);
}

void prove_ist_mc(struct proof *proof)
{
    if (!kernel.options.inject_machine_checks) {
        proof_not_applicable(proof, "nobody to inject");
        return;
    }
    if (td_is_active()) {
        proof_not_applicable(proof, "a TD: nobody can inject a machine check into it");
        return;
    }
    if (!machine_check_offered()) {
        proof_not_applicable(proof, "the processor has no machine-check architecture");
        return;
    }
    trap_set_handler(VECTOR_MC, machine_check_handler);
    if (!proof_on_all(proof, enable_banks, NULL))
        return;
    ask_for_injection();
    await_all(proof);
}
