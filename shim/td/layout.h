/**
 * Where the shim's TD image wants what it needs before its first C, as its metadata says it
 * (shim/td/reset.S). All of it lies below where kernels like to be.
 */
#ifndef SHIM_TD_LAYOUT_H
#define SHIM_TD_LAYOUT_H

#define TD_HOB_PHYS   0x7F0000 /* the host writes the TD HOB here */
#define TD_HOB_BYTES  0x8000
#define TD_GATE_PHYS  0x7FF000 /* the word that the APs look at: 0, then where to go */
#define TD_GATE_BYTES 0x1000
#define TD_HOME_PHYS  0x800000 /* the shim's image is copied here, 2 MiB-aligned */

#define TD_WAIT_ENTRY_LIMIT 0x200000 /* the waiting APs' page tables reach the entry page there */

#define TD_BOOT_MAGIC 0x424F4854 /* "THOB": in EAX where a Multiboot loader's magic would be */

#endif
