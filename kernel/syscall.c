/* System calls of the ring-3 program, and the proof that it runs on every CPU. */
#include "kernel/syscall.h"

#include <muster/cpu.h>

#include "abi/x86.h"
#include "boot/plural.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "kernel/trap.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

/* Ring 3 gets interrupts on and IOPL 3, so that SYSCALL has both to clear. */
#define USER_ENTRY_FLAGS (RFLAGS_FIXED | RFLAGS_IF | RFLAGS_IOPL)
#define CALLS            (USER_CALLS + 4) /* ENTERED, FLAGS, RETURNED and EXIT, too */

/* kernel/syscall.S has these as numbers. */
_Static_assert(MUSTER_USER_DS == 0x23 && MUSTER_USER_CS == 0x2B, "kernel/syscall.S");

static uint8_t user_stacks[MAX_CPUS][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint32_t calls[MAX_CPUS]; /* system calls made on this CPU */

uint64_t user_stack_start(uint32_t index)
{
    return (uint64_t)user_stacks + (uint64_t)index * PAGE_BYTES;
}

/* What holds in every system call. */
static void check_kernel_side(struct percpu *cpu, const struct syscall_frame *frame)
{
    uint64_t stack_top = cpu->user_stack_page + PAGE_BYTES;
    evidence_equal(cpu, "CS in the kernel", frame->cs, MUSTER_KERNEL_CS);
    evidence_equal(cpu, "SS in the kernel", frame->ss, MUSTER_KERNEL_DS);
    evidence_equal(cpu, "masked flags in the kernel", frame->kernel_flags & MASKED_FLAGS, 0);
    evidence_equal(cpu, "kernel stack", (uint64_t)frame + sizeof(*frame), cpu->kernel_rsp);
    evidence_equal(cpu, "GS base in the kernel", read_msr(MSR_GS_BASE), (uint64_t)cpu);
    evidence_true(cpu, "user stack pointer within the CPU's own user stack",
                  frame->user_rsp > cpu->user_stack_page && frame->user_rsp <= stack_top);
}

static void check_user_side(struct percpu *cpu, const struct syscall_frame *frame, uint64_t flags)
{
    evidence_equal(cpu, "CS in ring 3", frame->rdi, MUSTER_USER_CS);
    evidence_equal(cpu, "SS in ring 3", frame->rsi, MUSTER_USER_DS);
    evidence_equal(cpu, "flags in ring 3", frame->rdx & MASKED_FLAGS, flags);
}

void syscall_handle(struct syscall_frame *frame)
{
    struct percpu *cpu = this_cpu();
    calls[cpu->index]++;
    check_kernel_side(cpu, frame);
    switch (frame->rax) {
    case SYSCALL_ENTERED:
        check_user_side(cpu, frame, USER_ENTRY_FLAGS & MASKED_FLAGS);
        break;
    case SYSCALL_FLAGS:
        evidence_equal(cpu, "flags that ring 3 had set", frame->user_flags & MASKED_FLAGS,
                       MASKED_FLAGS);
        break;
    case SYSCALL_RETURNED:
        /* All as they were, but TF, which the single-step trap's handler took away. */
        check_user_side(cpu, frame, MASKED_FLAGS & ~(uint64_t)RFLAGS_TF);
        break;
    case SYSCALL_ADD_ONE:
        frame->rax = frame->rdi + 1;
        break;
    case SYSCALL_EXIT:
        leave_user(frame->rdi);
    default:
        evidence_equal(cpu, "number of a system call", frame->rax, SYSCALL_EXIT);
        leave_user(USER_EXIT_ANSWER);
    }
}

/* SYSRETQ restored TF: this is the trap that comes of it, in ring 3. */
static void single_step_handler(struct percpu *cpu, struct muster_trap_frame *frame)
{
    evidence_equal(cpu, "CS at the single-step trap", frame->cs, MUSTER_USER_CS);
    evidence_equal(cpu, "SS at the single-step trap", frame->ss, MUSTER_USER_DS);
    evidence_true(cpu, "single-step trap on the kernel stack",
                  (uint64_t)frame + sizeof(*frame) == cpu->kernel_rsp);
    (void)word_fetch_add(&cpu->trap_count, 1);
    frame->rflags &= ~(uint64_t)RFLAGS_TF;
}

static void run_program(struct percpu *cpu, void *argument)
{
    (void)argument;
    calls[cpu->index] = 0;
    cpu->user_stack_page = user_stack_start(cpu->index);
    uint64_t code =
        enter_user((uint64_t)user_text_start, cpu->user_stack_page + PAGE_BYTES, USER_ENTRY_FLAGS);
    evidence_equal(cpu, "exit code", code, USER_EXIT_WELL);
    evidence_equal(cpu, "system calls", calls[cpu->index], CALLS);
    evidence_equal(cpu, "single-step traps after SYSRET", word_load_acquire(&cpu->trap_count), 1);
}

void prove_syscall(struct proof *proof)
{
    trap_set_handler(VECTOR_DB, single_step_handler);
    if (proof_on_all(proof, run_program, NULL))
        proof_held(proof,
                   "%u %s: %u system calls from ring 3, selectors and flags as they "
                   "must be on both sides",
                   cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"), CALLS);
}
