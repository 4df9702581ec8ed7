/**
 * What a call answers. The plain names follow PSCI (Arm DEN0022, 5.2.2) and SBI HSM; those that
 * begin with MUSTER_ERROR_ name what was wrong with a table, an address or an answer.
 */
#ifndef MUSTER_STATUS_H
#define MUSTER_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What each means, in a sentence: muster_error_text(). */
enum muster_status {
    MUSTER_OK = 0,
    MUSTER_ALREADY_ON,
    MUSTER_ON_PENDING,
    MUSTER_UNKNOWN_CPU,
    MUSTER_DENIED,
    MUSTER_TIME_OUT,
    MUSTER_NOT_SUPPORTED,
    MUSTER_INVALID_ARGUMENT,

    /* lib/firmware: what the tables say */
    MUSTER_ERROR_RSDP_ADDRESS,
    MUSTER_ERROR_RSDP_SIGNATURE,
    MUSTER_ERROR_RSDP_CHECKSUM,
    MUSTER_ERROR_RSDP_LENGTH,
    MUSTER_ERROR_RSDP_NO_TABLES,
    MUSTER_ERROR_TABLE_ADDRESS,
    MUSTER_ERROR_TABLE_SIGNATURE,
    MUSTER_ERROR_TABLE_LENGTH,
    MUSTER_ERROR_TABLE_CHECKSUM,
    MUSTER_ERROR_TABLE_OVERLAP,
    MUSTER_ERROR_TABLE_CHANGED,
    MUSTER_ERROR_MADT_MISSING,
    MUSTER_ERROR_MADT_DUPLICATE,
    MUSTER_ERROR_MADT_ENTRY_LENGTH,
    MUSTER_ERROR_MADT_ENTRY_OVERRUN,
    MUSTER_ERROR_MADT_NO_CPU,
    MUSTER_ERROR_MADT_NO_BSP,
    MUSTER_ERROR_MADT_TOO_MANY_CPUS,
    MUSTER_ERROR_MADT_LAPIC_ADDRESS,
    MUSTER_ERROR_WAKEUP_LENGTH,
    MUSTER_ERROR_WAKEUP_DUPLICATE,
    MUSTER_ERROR_WAKEUP_VERSION,
    MUSTER_ERROR_MAILBOX_ADDRESS,
    MUSTER_ERROR_MAILBOX_ALIGNMENT,
    MUSTER_ERROR_MAILBOX_SHARED,
    MUSTER_ERROR_RESET_VECTOR_ADDRESS,
    MUSTER_ERROR_SRAT_ENTRY_LENGTH,
    MUSTER_ERROR_SRAT_ENTRY_OVERRUN,

    /* lib/firmware: what the device tree says */
    MUSTER_ERROR_FDT_ADDRESS,
    MUSTER_ERROR_FDT_MAGIC,
    MUSTER_ERROR_FDT_VERSION,
    MUSTER_ERROR_FDT_SIZE,
    MUSTER_ERROR_FDT_BLOCK,
    MUSTER_ERROR_FDT_RESERVE_MAP,
    MUSTER_ERROR_FDT_TRUNCATED,
    MUSTER_ERROR_FDT_NAME,
    MUSTER_ERROR_FDT_STRUCTURE,
    MUSTER_ERROR_FDT_DEPTH,
    MUSTER_ERROR_FDT_DUPLICATE,
    MUSTER_ERROR_FDT_PROPERTY,
    MUSTER_ERROR_FDT_CELLS,
    MUSTER_ERROR_FDT_RANGES,
    MUSTER_ERROR_FDT_REG,
    MUSTER_ERROR_FDT_CPU_DUPLICATE,
    MUSTER_ERROR_FDT_NO_CPU,
    MUSTER_ERROR_FDT_NO_BSP,
    MUSTER_ERROR_FDT_TOO_MANY_CPUS,
    MUSTER_ERROR_FDT_MAILBOX_REGION,
    MUSTER_ERROR_FDT_MAILBOX_DUPLICATE,
    MUSTER_ERROR_SOURCES_CPUS_DIFFER,
    MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS,

    /* lib/memory: the map, custody, page tables */
    MUSTER_ERROR_RANGE_INVALID,
    MUSTER_ERROR_RANGE_OWNED,
    MUSTER_ERROR_MAP_FULL,
    MUSTER_ERROR_MAP_MALFORMED,
    MUSTER_ERROR_BOOT_INFO,
    MUSTER_ERROR_OUT_OF_MEMORY,
    MUSTER_ERROR_PAGE_TABLE_ADDRESS,
    MUSTER_ERROR_PAGE_TABLE_ENTRY,
    MUSTER_ERROR_PAGE_TABLE_LOOP,
    MUSTER_ERROR_CUSTODY_IN_USE,

    /* lib/wake and lib/cpu: bringing a processor in */
    MUSTER_ERROR_NO_WAY,
    MUSTER_ERROR_ENTRY_PAGE,
    MUSTER_ERROR_PARK_TABLE_ADDRESS,
    MUSTER_ERROR_APIC_ID_BEYOND_XAPIC,
    MUSTER_ERROR_APIC_STUCK,
    MUSTER_ERROR_MAILBOX_BUSY,
    MUSTER_ERROR_NOT_ACKNOWLEDGED,
    MUSTER_ERROR_NOT_ARRIVED,
    MUSTER_ERROR_WRONG_APIC_ID,
    MUSTER_ERROR_FEATURES_DIFFER,
    MUSTER_ERROR_PAGING_LEVELS,
    MUSTER_ERROR_NO_RESET_VECTOR,
    MUSTER_ERROR_FIRMWARE_RECLAIMED,
    MUSTER_ERROR_CLOCK_STANDS,

    /* lib/wake/hyperv.c: what the hypervisor answered; the raw status is in the slot */
    MUSTER_ERROR_HYPERCALL_PAGE,
    MUSTER_ERROR_HYPERCALL_CODE,
    MUSTER_ERROR_HYPERCALL_INPUT,
    MUSTER_ERROR_HYPERCALL_DENIED,
    MUSTER_ERROR_HYPERCALL_APIC_ID,
    MUSTER_ERROR_HYPERCALL_VP_INDEX,
    MUSTER_ERROR_HYPERCALL_VP_STATE,
    MUSTER_ERROR_HYPERCALL_REGISTER,
    MUSTER_ERROR_HYPERCALL_VTL,
    MUSTER_ERROR_HYPERCALL_TIME_OUT,
    MUSTER_ERROR_HYPERCALL_UNKNOWN,

    /* lib/wake/snp.c and lib/wake/es_jump_table.c */
    MUSTER_ERROR_VMSA_PAGE,
    MUSTER_ERROR_RMPADJUST,
    MUSTER_ERROR_GHCB_REFUSED,
    MUSTER_ERROR_JUMP_TABLE,

    MUSTER_STATUS_COUNT
};

/**
 * A sentence for people: what it means and, where one can tell, whose fault it is and what to do.
 * Static text, never NULL, also for a value that is no status. Any CPU, any time.
 */
const char *muster_error_text(enum muster_status status);

/** The enumerator's own name, "MUSTER_ERROR_TABLE_CHECKSUM". As muster_error_text() otherwise. */
const char *muster_error_name(enum muster_status status);

/**
 * Where a finding about a table was made: filled by discovery beside its status, so that the
 * message can name what, where, and what would have been right. Zeroed where nothing is wrong.
 */
struct muster_finding {
    enum muster_status status;
    char table[8];       /* "RSDP", "XSDT", "APIC", "FDT" ...; a C string */
    uint64_t table_phys; /* where the table or tree lies */
    uint32_t entry;      /* number of the entry within it, or of the tree's node, from 0 */
    uint32_t offset;     /* of the entry, field or token, from the table's start */
    uint64_t found;
    uint64_t wanted;
};

#ifdef __cplusplus
}
#endif
#endif
