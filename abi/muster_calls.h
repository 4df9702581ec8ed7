/**
 * What firmware may tell Muster's monitor, and no other host understands.
 *
 * In a TD, TDG.VP.VMCALL with this in R10, which a host answers with an error in R10 if it does
 * not know it:
 *
 *     R11 = one of enum muster_region, R12 = address, R13 = bytes (whole private pages): this is
 *           the firmware's own, and its APs wait on it
 *     R11 = MUSTER_REGIONS_END: the OS is entered next; from here on they are watched, for good
 *
 * R10 comes back as 0, or as TDVMCALL_INVALID_OPERAND.
 */
#ifndef ABI_MUSTER_CALLS_H
#define ABI_MUSTER_CALLS_H

#define MUSTER_CALL_WATCH 0x4D75737465720001 /* "Muster", 1 */

/*
 * In a partition of Hyper-V, a hypercall with this as its control word, whose reserved bits no
 * call has set: the page at RDX is from now on the VP's whose index is in R8, and no other VP can
 * reach it; or everybody's again. It must have been everybody's, or the caller's. The result is a
 * status (abi/hyperv.h).
 */
#define MUSTER_CALL_OWN_PAGE 0x4D75737465720002
#define MUSTER_EVERY_VP      0xFFFFFFFF

enum muster_region {
    MUSTER_REGIONS_END = 0,
    MUSTER_REGION_MAILBOX = 1, /* one page (ACPI 6.6, 5.2.12.19) */
    MUSTER_REGION_CODE = 2,    /* wait loop, ResetVector, and what they call */
    MUSTER_REGION_TABLES = 3,  /* the page tables that the waiting APs are on */
};

#endif
