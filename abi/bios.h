/**
 * The words of a PC BIOS's data area, at 0x400, that kernels still read (IBM PC AT technical
 * reference; PhoenixBIOS 4.0 manual, appendix A).
 */
#ifndef ABI_BIOS_H
#define ABI_BIOS_H

#define BIOS_DATA_PHYS            0x400u
#define BIOS_DATA_END_PHYS        0x500u
#define BIOS_EBDA_SEGMENT_PHYS    0x40Eu /* 16 bits: where the extended data area begins, in 16s */
#define BIOS_BASE_MEMORY_KIB_PHYS 0x413u /* 16 bits: KiB from 0 up that are not the BIOS's */

#endif
