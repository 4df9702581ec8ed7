/**
 * Offsets into struct muster_slot and the entry page's parameters that assembly needs; checked
 * against the C structures in lib/cpu/slot.c.
 */
#ifndef LIB_CPU_SLOT_LAYOUT_H
#define LIB_CPU_SLOT_LAYOUT_H

#define SLOT_BYTES_LOG2      14
#define SLOT_SELF            0
#define SLOT_CLAIMED         24
#define SLOT_FIRMWARE_LEVELS 44
#define SLOT_GS_BASE         48
#define SLOT_PARK_STACK_TOP  56
#define SLOT_FIRMWARE_CR3    64
#define SLOT_FIRST_TSC       72
#define SLOT_LONG_MODE_TSC   80
#define SLOT_ENTRY_DID       88

/* An entry page: code from its start, parameters from here. That it fits is told by unit tests. */
#define ENTRY_PARAMETERS  0x400
#define ENTRY_PARK_CR3    (ENTRY_PARAMETERS + 0)
#define ENTRY_ARRIVE      (ENTRY_PARAMETERS + 8)
#define ENTRY_INDEX       (ENTRY_PARAMETERS + 16)
#define ENTRY_SLOTS       (ENTRY_PARAMETERS + 24)
#define ENTRY_STRAYS      (ENTRY_PARAMETERS + 32)
#define ENTRY_INDEX_SHIFT (ENTRY_PARAMETERS + 40)
#define ENTRY_INDEX_MASK  (ENTRY_PARAMETERS + 44)
#define ENTRY_CR4         (ENTRY_PARAMETERS + 48)
#define ENTRY_EFER        (ENTRY_PARAMETERS + 52)
#define ENTRY_FAR32       (ENTRY_PARAMETERS + 56)
#define ENTRY_FAR64       (ENTRY_PARAMETERS + 64)
#define ENTRY_GDTR        (ENTRY_PARAMETERS + 70)
#define ENTRY_GDT         (ENTRY_PARAMETERS + 80)
#define ENTRY_X2APIC      (ENTRY_PARAMETERS + 112)
#define ENTRY_TD          (ENTRY_PARAMETERS + 116)
#define ENTRY_SEV_ES      (ENTRY_PARAMETERS + 120)
#define ENTRY_NEEDS_LEAF  (ENTRY_PARAMETERS + 124)
#define ENTRY_NEEDS_1_ECX (ENTRY_PARAMETERS + 128)
#define ENTRY_NEEDS_1_EDX (ENTRY_PARAMETERS + 132)
#define ENTRY_NEEDS_7_EBX (ENTRY_PARAMETERS + 136)
#define ENTRY_NEEDS_7_ECX (ENTRY_PARAMETERS + 140)
#define ENTRY_CHECKED_CR4 (ENTRY_PARAMETERS + 144)
#define ENTRY_MTRR_CAP    (ENTRY_PARAMETERS + 148)
#define ENTRY_MSR_BYTES   (ENTRY_PARAMETERS + 152)
#define ENTRY_MSRS        (ENTRY_PARAMETERS + 160)

/* What a CPU has behind it when it leaves its entry page (SLOT_ENTRY_DID). */
#define ENTRY_CHECKED 1 /* it has the features and as many MTRRs as the BSP; ENTRY_CHECKED_CR4 */
#define ENTRY_LOADED  2 /* it has loaded ENTRY_MSRS */

/* The entry page's GDT. */
#define ENTRY_CS64 0x08
#define ENTRY_DS   0x10
#define ENTRY_CS32 0x18

/* Entry stubs in one page. */
#define ENTRY_STUB_BYTES  8
#define ENTRY_STUBS       64
#define ENTRY_FIVE_LEVELS 0x80000000 /* beside the stub's number: the firmware's CR4.LA57 */

/* The IDT's 256 stubs, in groups with two long jumps behind each. */
#define TRAP_STUB_BYTES  4
#define TRAP_GROUP_STUBS 32
#define TRAP_GROUP_BYTES (TRAP_GROUP_STUBS * TRAP_STUB_BYTES + 16)

#endif
