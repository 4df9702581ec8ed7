/**
 * What kernels that were made for a BIOS look for in its data areas.
 */
#ifndef SHIM_BIOS_H
#define SHIM_BIOS_H

#include <stdint.h>

#include <muster/memory.h>

/**
 * Say how much memory below 1 MiB is free from 0 up, as @map has it, and that there is no extended
 * data area. Nothing is written where a believable word stands already, where the data area is no
 * free memory, or where what is free from 0 up would not be believed either.
 *
 * @low_memory  where physical address 0 is mapped: 0, but for tests
 */
void bios_data_fill(const struct muster_memory_map *map, uint64_t low_memory);

/**
 * Put a copy of the RSDP at @rsdp_phys into the page @page_phys, and call that the extended data
 * area: where a kernel looks first that its loader tells of no RSDP (ACPI 6.6, 5.2.5.1). Nothing is
 * written where the data area is no free memory.
 */
void bios_rsdp_publish(const struct muster_memory_map *map, uint64_t page_phys, uint64_t rsdp_phys,
                       uint64_t low_memory);

#endif
