/**
 * Where the monitor lives, for C, assembly and the linker script. QEMU with -m 3G gives a q35
 * 2 GiB of RAM below 4 GiB, all of it the guest's, and 1 GiB from 4 GiB on: the monitor's.
 */
#ifndef MONITOR_LAYOUT_H
#define MONITOR_LAYOUT_H

#define MONITOR_PHYS      0x100000000 /* where it is linked and runs; RAM, not ROM */
#define MONITOR_RAM_END   0x140000000
#define MONITOR_DATA_PHYS 0x100200000 /* 2 MiB on: the first tables have large pages only */

#define ROM_BYTES         0x40000
#define ROM_PHYS          (0x100000000 - ROM_BYTES)
#define ROM_TOP_64K       0xFFFF0000 /* where CS's base is after reset */
#define ROM_RESET_PHYS    0xFFFFF000 /* the ROM's own code: its last page */
#define RESET_VECTOR_PHYS 0xFFFFFFF0

/* Low RAM that the monitor borrows before the guest has any; zeroed before the guest starts. */
#define BORROWED_PHYS   0x8000
#define BORROWED_ENTRY  0x8000 /* the page that the APs start in */
#define BORROWED_ROOT   0x9000 /* a root below 4 GiB: APs load it in 32-bit mode */
#define BORROWED_TABLES 0xA000 /* the ROM's page tables: root, pointers, 5 directories */
#define BORROWED_END    0x11000

#define GUEST_LOW_END  0x80000000 /* of the guest's RAM, from 0 */
#define GUEST_FOUR_GIB 0x100000000

#define MONITOR_STACK_BYTES 0x8000

#endif
