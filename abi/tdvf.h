/**
 * Where EDK2's TDVF keeps what its parked APs need (OvmfPkg, MEMFD of the TDX builds): page
 * tables from 0x800000, the TD HOB, the work area and the early mailbox, which ends it.
 */
#ifndef ABI_TDVF_H
#define ABI_TDVF_H

#define TDVF_AP_MEMORY_PHYS     0x00800000ull
#define TDVF_AP_MEMORY_END_PHYS 0x0080D000ull

#endif
