/**
 * The monitor's own page tables: everything 1:1, its text read-only, nothing else executable.
 */
#ifndef MONITOR_MEMORY_H
#define MONITOR_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/** On the BSP: build the tables and leave the ROM's. */
void memory_init(void);

/** Let APs in: the entry page executable, and a copy of the root below 4 GiB, which is given. */
uint64_t memory_open_entry(void);

/** On every CPU: to the one root; on the BSP afterwards: the borrowed pages back, empty. */
void memory_close_entry(void);

/** Make sure that a device's registers can be reached; false if there is no room left. */
bool memory_map_device(uint64_t phys);

#endif
