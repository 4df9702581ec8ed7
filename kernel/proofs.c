#include "kernel/proof.h"

#include <stdarg.h>

#include "boot/console.h"
#include "kernel/kernel.h"
#include "lib/atomic.h"

/* CPUs that go off and come on again do so first: all that follows is proved of them, too. */
struct proof proofs[] = {
    {.name = "cycles", .prove = prove_cycles},
    {.name = "identity", .prove = prove_identity},
    {.name = "percpu", .prove = prove_percpu},
    {.name = "ipi-ring", .prove = prove_ipi_ring},
    {.name = "ist-nmi", .prove = prove_ist_nmi},
    {.name = "ist-df", .prove = prove_ist_df},
    {.name = "ist-mc", .prove = prove_ist_mc},
    {.name = "apic", .prove = prove_apic},
    {.name = "syscall", .prove = prove_syscall},
    {.name = "idle-work", .prove = prove_idle_work},
    {.name = "registers", .prove = prove_registers},
    {.name = "clock", .prove = prove_clock},
    {.name = "reference-clock", .prove = prove_reference_clock},
    {.name = "write-xor-execute", .prove = prove_write_xor_execute},
    {.name = "reclaimed-memory", .prove = prove_reclaimed_memory},
    {.name = PROOF_RESET_VECTOR}, /* has run before the CPUs were started */
};
const uint32_t proof_count = sizeof(proofs) / sizeof(proofs[0]);

const char *proof_state_name(enum proof_state state)
{
    static const char *const names[] = {
        [PROOF_HELD] = "held",
        [PROOF_BROKEN] = "broken",
        [PROOF_NOT_APPLICABLE] = "not-applicable",
    };
    return names[state];
}

struct proof *proof_find(const char *name)
{
    for (uint32_t i = 0; i < proof_count; i++)
        if (strcmp(proofs[i].name, name) == 0)
            return &proofs[i];
    return NULL;
}

static void end_proof(struct proof *proof, enum proof_state state, const char *format,
                      va_list arguments)
{
    proof->state = state;
    text_format_list(proof->detail, sizeof(proof->detail), format, arguments);
}

void proof_held(struct proof *proof, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end_proof(proof, PROOF_HELD, format, arguments);
    va_end(arguments);
}

void proof_broken(struct proof *proof, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end_proof(proof, PROOF_BROKEN, format, arguments);
    va_end(arguments);
}

void proof_not_applicable(struct proof *proof, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end_proof(proof, PROOF_NOT_APPLICABLE, format, arguments);
    va_end(arguments);
}

void proof_clear_evidence(void)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        percpus[i].evidence = (struct evidence){0};
        word_store_release(&percpus[i].trap_count, 0);
    }
}

void evidence_equal(struct percpu *cpu, const char *what, uint64_t found, uint64_t wanted)
{
    if (found != wanted && !cpu->evidence.complaint)
        cpu->evidence = (struct evidence){.complaint = what, .found = found, .wanted = wanted};
}

void evidence_true(struct percpu *cpu, const char *what, bool holds)
{
    evidence_equal(cpu, what, holds, true);
}

bool proof_no_complaint(struct proof *proof)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        const struct percpu *cpu = cpu_if_active(i);
        if (!cpu || !cpu->evidence.complaint)
            continue;
        proof_broken(proof, "CPU %u (APIC ID %u): %s: found 0x%lx, wanted 0x%lx", i,
                     cpu->slot->apic_id, cpu->evidence.complaint, cpu->evidence.found,
                     cpu->evidence.wanted);
        return false;
    }
    return true;
}

bool proof_on_all(struct proof *proof, work_function *function, void *argument)
{
    work_call_all(function, argument, time_deadline_ns());
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        const struct percpu *cpu = cpu_if_active(i);
        if (!cpu || !cpu->silent)
            continue;
        proof_broken(proof, "CPU %u (APIC ID %u) does not answer", i, cpu->slot->apic_id);
        return false;
    }
    return proof_no_complaint(proof);
}

void proofs_run(void)
{
    for (uint32_t i = 0; i < proof_count; i++) {
        struct proof *proof = &proofs[i];
        proof_clear_evidence();
        if (proof->prove)
            proof->prove(proof);
        console_printf("proof: %-17s %-14s %s\n", proof->name, proof_state_name(proof->state),
                       proof->detail);
    }
}
