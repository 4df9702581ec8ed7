/**
 * The kernel's own page tables: an identity map, write-xor-execute, in the kernel's own image.
 * Adopted CPUs come in on the same tables.
 */
#ifndef KERNEL_PAGING_H
#define KERNEL_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/** The identity map ends here at the latest, whatever RAM lies beyond. */
#define PAGING_LIMIT ((uint64_t)64 << 30)

/** Build kernel.paging from kernel.map and kernel.machine. */
void paging_build(void);

/** Leave the boot tables for kernel.paging. */
void paging_enter(void);

/** Make [@phys, @phys + @bytes) readable and executable, and no longer writable, at once. */
void paging_seal(uint64_t phys, uint64_t bytes);

/** Whether the tables in use map every byte of [@start, @end): all below 4 GiB, RAM above it. */
bool paging_maps(uint64_t start, uint64_t end);

/** Levels of the page tables that the calling CPU is on. */
unsigned paging_live_levels(void);

#endif
