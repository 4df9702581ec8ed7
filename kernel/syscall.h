/**
 * Ring 3: a small program, the system calls it makes, and the way there and back.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

/* Number in RAX, arguments in RDI, RSI, RDX, answer in RAX. */
#define SYSCALL_ENTERED  1 /* RDI = CS, RSI = SS, RDX = RFLAGS, after the way in by IRETQ */
#define SYSCALL_FLAGS    2 /* made with USER_FLAGS set */
#define SYSCALL_RETURNED 3 /* as ENTERED, after the way back by SYSRETQ, flags still set */
#define SYSCALL_ADD_ONE  4 /* answers RDI + 1 */
#define SYSCALL_EXIT     5 /* RDI: USER_EXIT_... */

#define USER_EXIT_WELL      0
#define USER_EXIT_ANSWER    1 /* a call gave a wrong answer */
#define USER_EXIT_REGISTERS 2 /* a call changed a register, or the stack pointer */

#define USER_CALLS 16 /* how many ADD_ONE calls the program makes */

/* What ring 3 can set in its own RFLAGS and the kernel must not see in its own. */
#define USER_FLAGS (RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC)

/* FMASK: with the two that only the kernel can set for ring 3. */
#define MASKED_FLAGS (USER_FLAGS | RFLAGS_IF | RFLAGS_IOPL)

#ifndef __ASSEMBLER__
#include <stdint.h>

/** What syscall_entry saved, lowest address first. */
struct syscall_frame {
    uint64_t cs, ss; /* in the kernel */
    uint64_t r9, r8, r10, rdx, rsi, rdi;
    uint64_t rax; /* number; the answer on return */
    uint64_t rip, user_flags, user_rsp;
    uint64_t kernel_flags; /* RFLAGS as the processor left it after SYSCALL */
    uint64_t reserved;     /* keeps the stack aligned */
};

/** LSTAR: where SYSCALL enters. */
void syscall_entry(void);

/** Called by syscall_entry on this CPU's kernel stack, interrupts off. */
void syscall_handle(struct syscall_frame *frame);

/** Go to ring 3 at @rip; comes back with the program's exit code. Interrupts off. */
uint64_t enter_user(uint64_t rip, uint64_t rsp, uint64_t rflags);

/** From syscall_handle(): return from enter_user() with @code. */
_Noreturn void leave_user(uint64_t code);

/* The program: whole pages, which ring 3 may read and execute. */
extern char user_text_start[], user_text_end[];

/** The user stack of the CPU at @index: one page that ring 3 may write. */
uint64_t user_stack_start(uint32_t index);
#endif

#endif
