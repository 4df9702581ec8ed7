/**
 * Proofs: what must hold on every CPU of a machine that is up. Each runs on the BSP, in its boot
 * thread, and has the others work for it; each ends by a deadline.
 */
#ifndef KERNEL_PROOF_H
#define KERNEL_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/percpu.h"

enum proof_state {
    PROOF_HELD,
    PROOF_BROKEN,
    PROOF_NOT_APPLICABLE,
};

#define PROOF_RESET_VECTOR "reset-vector"

struct proof {
    const char *name;
    void (*prove)(struct proof *proof); /* NULL: it has run earlier */
    enum proof_state state;
    char detail[200];
};

/** All of them, in the order of the report. */
extern struct proof proofs[];
extern const uint32_t proof_count;

/** The proof with this name. */
struct proof *proof_find(const char *name);

/** "held", "broken", "not-applicable". */
const char *proof_state_name(enum proof_state state);

/** Run all that have not run, and print each as it ends. */
void proofs_run(void);

/** The end of a proof: its state and one line for people. */
void proof_held(struct proof *proof, const char *format, ...) __attribute__((format(printf, 2, 3)));
void proof_broken(struct proof *proof, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void proof_not_applicable(struct proof *proof, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Run @function on every CPU. False, and @proof broken with the first such CPU's name, if one
 * complains or does not answer.
 */
bool proof_on_all(struct proof *proof, work_function *function, void *argument);

/** False, and @proof broken, if any CPU has complained. */
bool proof_no_complaint(struct proof *proof);

/** Forget what CPUs complained of, and the traps they counted. */
void proof_clear_evidence(void);

/** On the CPU: complain, unless @found is @wanted. Only the first complaint is kept. */
void evidence_equal(struct percpu *cpu, const char *what, uint64_t found, uint64_t wanted);

/** On the CPU: complain unless @holds. */
void evidence_true(struct percpu *cpu, const char *what, bool holds);

#define DISORDER 0x0D15084DE4000000u /* in a register: whoever comes next must not find it */

/** On the CPU: fill what evidence_forgotten() looks at, for whoever is to forget it. */
void evidence_leave(void);

/** On the CPU: nothing of who had it before is in its vector and debug registers. */
void evidence_forgotten(struct percpu *cpu);

void prove_cycles(struct proof *proof);
void prove_identity(struct proof *proof);
void prove_percpu(struct proof *proof);
void prove_ipi_ring(struct proof *proof);
void prove_ist_nmi(struct proof *proof);
void prove_ist_df(struct proof *proof);
void prove_ist_mc(struct proof *proof);
void prove_apic(struct proof *proof);
void prove_syscall(struct proof *proof);
void prove_idle_work(struct proof *proof);
void prove_registers(struct proof *proof);
void prove_clock(struct proof *proof);
void prove_reference_clock(struct proof *proof);
void prove_write_xor_execute(struct proof *proof);
void prove_reclaimed_memory(struct proof *proof);

/** Hand a parked CPU back and adopt it again: between adoption and start. */
void prove_reset_vector(void);

#endif
