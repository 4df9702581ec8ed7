/**
 * The words of a BIOS's data area that kernels made for one still read, where the firmware was UEFI
 * and left something else there.
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

#endif
