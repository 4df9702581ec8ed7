/**
 * What the guests of tests/hyperv share: start.S, and how they say what they found.
 */
#ifndef TESTS_HYPERV_GUEST_H
#define TESTS_HYPERV_GUEST_H

#define STACK_BYTES  0x4000
#define VPS          4 /* QEMU's -smp */
#define NO_EXCEPTION 0xFF

/* What is seen of another VP's registers at its start: offsets into seen[]. */
#define SEEN_RIP      0x00
#define SEEN_RSP      0x08
#define SEEN_RFLAGS   0x10
#define SEEN_CS       0x18
#define SEEN_DS       0x20
#define SEEN_ES       0x28
#define SEEN_FS       0x30
#define SEEN_GS       0x38
#define SEEN_SS       0x40
#define SEEN_TR       0x48
#define SEEN_LDTR     0x50
#define SEEN_FS_BASE  0x58
#define SEEN_GS_BASE  0x60
#define SEEN_EFER     0x68
#define SEEN_CR0      0x70
#define SEEN_CR3      0x78
#define SEEN_CR4      0x80
#define SEEN_PAT      0x88
#define SEEN_RAX      0x90
#define SEEN_OTHERS   0x98 /* all other registers, or-ed */
#define SEEN_TRAP_RSP 0xA0
#define SEEN_IDTR     0xA8 /* ten bytes, each */
#define SEEN_GDTR     0xB8
#define SEEN_BYTES    0xC8

#define SELECTOR_CODE      0x08
#define SELECTOR_DATA      0x10
#define SELECTOR_USER_CODE 0x3B
#define SELECTOR_USER_DATA 0x43
#define SELECTOR_TSS       0x48
#define SELECTOR_LDT       0x58
#define SELECTOR_LDT_DATA  0x04 /* the LDT's first */

/* Where the pages of the hypervisor are laid, and where there is nothing. */
#define HYPERCALL_PHYS 0x300000
#define REFERENCE_PHYS 0x301000
#define NO_RAM_PHYS    0x90000000

#define OS_ID       0x8100000000000001
#define REP(count)  ((uint64_t)(count) << HYPERV_CONTROL_REPS_SHIFT)
#define FROM(first) ((uint64_t)(first) << HYPERV_CONTROL_DONE_SHIFT)
#define DONE(count) ((uint64_t)(count) << HYPERV_RESULT_DONE_SHIFT)

/* A TD's: where the guest has shared memory mapped, by the second entry of its root. */
#define SHARED_BIT    0x800000000000
#define SHARED_WINDOW 0x8000000000

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)
extern uint8_t guest_root[], guest_gdt[], guest_gdt_end[];
extern char guest_trap_ud[], guest_trap_gp[], guest_trap_pf[], guest_interrupt[];
extern char vp_entry[], vp_trap[], vp_arrive_64[], vp_arrive_32[];
extern volatile uint8_t seen[SEEN_BYTES];
extern volatile uint32_t seen_done, vp_next_done, arrived, interrupts;
extern volatile uint64_t vp_next, vp_next_result;

uint64_t guest_vmcall(uint64_t control, uint64_t input_phys, uint64_t output_phys);
uint64_t guest_vmmcall(uint64_t control, uint64_t input_phys, uint64_t output_phys);
uint64_t guest_call_page(uint64_t control, uint64_t input_phys, uint64_t output_phys, void *page);
unsigned guest_try(void (*function)(void *), void *argument);
void guest_call_as_user(void *unused);
void guest_sleep(void);

/** Entered on vCPU 0, and by a TD's other vCPUs once they are started. */
void guest_main(uint32_t index);

/** calls.c: all that a partition can call. */
void check_calls(void);

/** Text for the report. */
void say(const char *text);

/** One check's outcome: a line of the report. */
void check(const char *name, uint64_t got, uint64_t wanted);

/** Wait for a word to leave 0, up to 20 s; gives the word. */
uint32_t wait_for(volatile uint32_t *word);

/** Say that all checks were made, and reset the machine; by the hypervisor's MSR if @by_msr. */
__attribute__((noreturn)) void finish(bool by_msr);
#pragma GCC visibility pop
#endif

#endif
