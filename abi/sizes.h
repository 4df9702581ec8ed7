/**
 * Borders in physical memory: below the first is the BIOS's, above the second is what 32 bits
 * cannot name.
 */
#ifndef ABI_SIZES_H
#define ABI_SIZES_H

#define ONE_MIB  0x100000u
#define FOUR_GIB 0x100000000u

#endif
