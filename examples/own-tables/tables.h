/* The kernel's own descriptor tables and page table. */
#ifndef TABLES_H
#define TABLES_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_CPUS 256

/* All memory up to 4 GiB is seen through this window, never executable, in the own table alone. */
#define WINDOW 0xFFFF800000000000

/* GS base of a CPU that is on. */
struct percpu {
    struct muster_slot *slot; /* first: the library's handlers look here */
    uint32_t breakpoints;     /* that its own IDT has taken, and the two that follow */
    uint32_t page_faults;
    uint64_t breakpoint_stack; /* what RSP was then */
};

/* On the BSP, once: the IDT that all share. */
void tables_make(void);

/* On each CPU: its own GDT and TSS, and the IDT. */
void tables_load(uint32_t cpu);

/* Whether the calling CPU is on what tables_load() gave it, and has taken a trap by it. */
bool tables_are_own(uint32_t cpu, const struct percpu *percpu);

/* The own page table, write-xor-execute; gives it for CR3. On the BSP, once. */
uint64_t paging_make(void);

/* traps.S: one entry for each of the two exceptions, and what provokes them. */
extern char breakpoint_entry[], page_fault_entry[];
void provoke_breakpoint(void);
void provoke_write(const volatile void *at); /* comes back whether or not it faults */
void provoke_call(const void *to);           /* likewise, where @to holds a RET */

#endif
