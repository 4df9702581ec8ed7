/* The words for every status: one table, in the order of enum muster_status. */
#include <muster/status.h>

struct words {
    const char *name;
    const char *text;
};

/* Rows count themselves, so that the assertion below the table notices a status without one. */
enum { ROWS_BEFORE = __COUNTER__ + 1 };
#define ROW(status, text) [status] = {#status, &(text)[0 * __COUNTER__]}

static const struct words table[] = {
    ROW(MUSTER_OK, "Done."),
    ROW(MUSTER_ALREADY_ON, "The processor is on already; nothing was done."),
    ROW(MUSTER_ON_PENDING, "The processor is being turned on by an earlier call; wait for it."),
    ROW(MUSTER_UNKNOWN_CPU, "No processor of this machine has that APIC ID; check the caller, or "
                            "the MADT that should list it."),
    ROW(MUSTER_DENIED, "The state or policy of the machine does not allow this now; the caller "
                       "must change that first."),
    ROW(MUSTER_TIME_OUT, "The deadline passed before every processor answered; the slots that "
                         "failed tell which and why. Try again, or go on with the rest."),
    ROW(MUSTER_NOT_SUPPORTED, "This platform has no means for that; choose another way."),
    ROW(MUSTER_INVALID_ARGUMENT, "An argument breaks the call's contract; mend the caller."),

    ROW(MUSTER_ERROR_RSDP_ADDRESS,
        "The RSDP's address is 0, beyond physical memory, or cannot be mapped. The boot loader "
        "passed a wrong address, or the map hook does not reach it."),
    ROW(MUSTER_ERROR_RSDP_SIGNATURE,
        "What lies at the RSDP's address does not begin with \"RSD PTR \". The boot loader passed "
        "a wrong address, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_RSDP_CHECKSUM,
        "The RSDP's bytes do not add up to 0. Firmware bug, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_RSDP_LENGTH,
        "The RSDP of revision 2 or later is shorter than 36 bytes or longer than a page. Firmware "
        "bug; update the firmware."),
    ROW(MUSTER_ERROR_RSDP_NO_TABLES,
        "The RSDP names neither an RSDT nor an XSDT. Firmware bug, or ACPI is turned off; go on "
        "with 1 CPU."),
    ROW(MUSTER_ERROR_TABLE_ADDRESS,
        "An ACPI table's address is 0, wraps around, lies beyond 52 bits, or cannot be mapped over "
        "its whole length. Firmware bug, or the map hook does not reach it."),
    ROW(MUSTER_ERROR_TABLE_SIGNATURE,
        "An ACPI table does not begin with the signature it was looked up by. Firmware bug, or a "
        "wrong address from the caller."),
    ROW(MUSTER_ERROR_TABLE_LENGTH,
        "An ACPI table's length is too short for its own header, not a whole number of entries, or "
        "longer than any real table. Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_TABLE_CHECKSUM,
        "An ACPI table's bytes do not add up to 0. Firmware bug, or the memory has been "
        "overwritten since: keep ACPI memory out of the allocator until it has been read."),
    ROW(MUSTER_ERROR_TABLE_OVERLAP,
        "An ACPI table, or the mailbox, lies over another ACPI structure or the device tree. "
        "Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_TABLE_CHANGED,
        "An ACPI table changed while it was read. Another processor or the hypervisor writes "
        "there; in a confidential VM take it for an attack and stop."),
    ROW(MUSTER_ERROR_MADT_MISSING,
        "The root table lists no MADT (\"APIC\"). Firmware bug, or a hypervisor without an APIC; "
        "go on with 1 CPU."),
    ROW(MUSTER_ERROR_MADT_DUPLICATE,
        "The root table lists two MADTs and nothing says which one counts. Firmware bug; choose "
        "one and give it to muster_discover_madt()."),
    ROW(MUSTER_ERROR_MADT_ENTRY_LENGTH,
        "A MADT entry's length is too short for its type. Firmware bug; update the firmware or go "
        "on with 1 CPU."),
    ROW(MUSTER_ERROR_MADT_ENTRY_OVERRUN,
        "A MADT entry runs past the table's end. Firmware bug; update the firmware or go on with "
        "1 CPU."),
    ROW(MUSTER_ERROR_MADT_NO_CPU,
        "The MADT lists no processor that is enabled. Firmware bug; update the firmware or go on "
        "with 1 CPU."),
    ROW(MUSTER_ERROR_MADT_NO_BSP,
        "The MADT does not list the processor that runs this as enabled. Firmware bug, or the "
        "caller gave an APIC ID that is not its own."),
    ROW(MUSTER_ERROR_MADT_TOO_MANY_CPUS,
        "The MADT lists more processors than the caller has room for; give muster_machine_init() a "
        "larger array."),
    ROW(MUSTER_ERROR_MADT_LAPIC_ADDRESS,
        "The local APIC's address in the MADT is 0, not a page's, beyond 52 bits, or overridden "
        "twice. Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_WAKEUP_LENGTH,
        "The MADT's Multiprocessor Wakeup entry is neither 16 bytes long nor at least 24. Firmware "
        "bug; update the firmware or go on with 1 CPU."),
    ROW(MUSTER_ERROR_WAKEUP_DUPLICATE,
        "The MADT has two Multiprocessor Wakeup entries that differ. Firmware bug; update the "
        "firmware or go on with 1 CPU."),
    ROW(MUSTER_ERROR_WAKEUP_VERSION,
        "The mailbox has a version that Muster does not know (it knows 0 and 1). The firmware is "
        "newer than this library; update Muster or go on with 1 CPU."),
    ROW(MUSTER_ERROR_MAILBOX_ADDRESS,
        "The wakeup mailbox's address is 0 or beyond 52 bits, or its page cannot be mapped. "
        "Firmware bug, or the map hook does not reach it."),
    ROW(MUSTER_ERROR_MAILBOX_ALIGNMENT,
        "The wakeup mailbox does not begin on a 4 KiB boundary. Firmware bug; update the firmware "
        "or go on with 1 CPU."),
    ROW(MUSTER_ERROR_MAILBOX_SHARED,
        "The wakeup mailbox lies in memory that the hypervisor can write. Firmware bug or an "
        "attack: whoever writes there decides what the processors run. Do not use it."),
    ROW(MUSTER_ERROR_RESET_VECTOR_ADDRESS,
        "The mailbox's ResetVector lies beyond 52 bits, or in memory that the hypervisor can "
        "write. Firmware bug or an attack; update the firmware or go on with 1 CPU."),
    ROW(MUSTER_ERROR_SRAT_ENTRY_LENGTH,
        "A structure in the SRAT is too short for its type. Firmware bug; update the firmware or "
        "go on without NUMA nodes."),
    ROW(MUSTER_ERROR_SRAT_ENTRY_OVERRUN,
        "A structure in the SRAT runs past the table's end. Firmware bug; update the firmware or "
        "go on without NUMA nodes."),

    ROW(MUSTER_ERROR_FDT_ADDRESS,
        "The device tree's address is 0, not on an 8-byte border, beyond 52 bits, or cannot be "
        "mapped over its whole length. The boot loader passed a wrong address, or the map hook "
        "does not reach it."),
    ROW(MUSTER_ERROR_FDT_MAGIC,
        "What lies at the device tree's address does not begin with 0xd00dfeed. The boot loader "
        "passed a wrong address, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_FDT_VERSION,
        "The device tree has a format that Muster does not read (it reads version 17 and what is "
        "compatible with it). Build the tree with a current tool."),
    ROW(MUSTER_ERROR_FDT_SIZE,
        "The device tree says that it is shorter than its own header, or longer than 16 MiB. "
        "Firmware bug, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_FDT_BLOCK,
        "A block of the device tree is misaligned, lies outside of the tree, or lies over another "
        "one. Firmware bug, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_FDT_RESERVE_MAP,
        "The device tree's memory reservations have no end within the tree, or name a range that "
        "wraps around the address space. Firmware bug, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_FDT_TRUNCATED,
        "A token or a property's value runs past the end of the device tree's structure block. "
        "Firmware bug, or the tree was cut off when it was copied."),
    ROW(MUSTER_ERROR_FDT_NAME,
        "A name in the device tree has no end within its block or within 256 bytes, or the root "
        "has one. "
        "Firmware bug, or the memory has been overwritten."),
    ROW(MUSTER_ERROR_FDT_STRUCTURE,
        "The device tree has a token that is none, a node that is not closed or closed twice, a "
        "property behind a child, or more than one root. Firmware bug, or the memory has been "
        "overwritten."),
    ROW(MUSTER_ERROR_FDT_DEPTH,
        "The device tree's nodes are nested deeper than any real tree's (32 levels). Firmware bug "
        "or an attack; do not use it."),
    ROW(MUSTER_ERROR_FDT_DUPLICATE,
        "The device tree has a node or a property twice that may be there once. Firmware bug; "
        "update the firmware."),
    ROW(MUSTER_ERROR_FDT_PROPERTY,
        "A property in the device tree has a value of another length or form than its meaning "
        "needs. Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_FDT_CELLS,
        "A node has a value of #address-cells or #size-cells that it cannot have: /cpus needs 1 or "
        "2, and 0; /reserved-memory 1 or 2 of each. Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_FDT_RANGES,
        "The device tree's /reserved-memory has no empty ranges property, so the addresses in it "
        "are not physical ones. Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_FDT_REG,
        "A node's reg property is missing, not a whole number of entries, or names something "
        "impossible: an APIC ID beyond 32 bits, or a range that wraps around. Firmware bug; "
        "update the firmware."),
    ROW(MUSTER_ERROR_FDT_CPU_DUPLICATE,
        "The device tree lists an APIC ID twice. Firmware bug; update the firmware."),
    ROW(MUSTER_ERROR_FDT_NO_CPU,
        "The device tree lists no processor that can be used. Firmware bug, or a tree that does "
        "not describe this machine; go on with 1 CPU."),
    ROW(MUSTER_ERROR_FDT_NO_BSP,
        "The device tree does not list the processor that reads it as usable. Firmware bug, or "
        "the tree belongs to another machine."),
    ROW(MUSTER_ERROR_FDT_TOO_MANY_CPUS,
        "The device tree lists more processors than the caller has room for. Give "
        "muster_machine_init() more."),
    ROW(MUSTER_ERROR_FDT_MAILBOX_REGION,
        "The device tree's wakeup mailbox is not exactly one region of 4 KiB. Firmware bug; "
        "update the firmware or go on with 1 CPU."),
    ROW(MUSTER_ERROR_FDT_MAILBOX_DUPLICATE,
        "The device tree has two wakeup mailboxes. Firmware bug; update the firmware or go on "
        "with 1 CPU."),
    ROW(MUSTER_ERROR_SOURCES_CPUS_DIFFER,
        "ACPI and the device tree do not list the same usable processors. Firmware bug; update "
        "the firmware, or use the one of the two that is right alone."),
    ROW(MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS,
        "ACPI and the device tree name different addresses for the wakeup mailbox. Firmware bug; "
        "update the firmware, or use the one of the two that is right alone."),

    ROW(MUSTER_ERROR_RANGE_INVALID,
        "A memory range wraps around the address space, or is empty where it must not be. Mend "
        "whoever gave it: the memory map or the caller."),
    ROW(MUSTER_ERROR_RANGE_OWNED,
        "Part of a memory range belongs to another owner. Release it there first, or choose "
        "another range."),
    ROW(MUSTER_ERROR_MAP_FULL,
        "The memory map has no room for another range; give muster_memory_init() more storage."),
    ROW(MUSTER_ERROR_MAP_MALFORMED,
        "The memory map that the boot loader passed has an entry that runs past its end. Boot "
        "loader bug; use another one."),
    ROW(MUSTER_ERROR_BOOT_INFO,
        "What the boot loader left is not of this protocol, lacks the memory map, runs past its "
        "own end, or cannot be mapped. Check which protocol the kernel was entered by, and the map "
        "hook."),
    ROW(MUSTER_ERROR_OUT_OF_MEMORY,
        "No free memory lies within the asked limits. Give the machine more, or widen the limits."),
    ROW(MUSTER_ERROR_PAGE_TABLE_ADDRESS,
        "A page table lies where nothing can be mapped. Wrong CR3, damaged page tables, or the map "
        "hook does not reach it."),
    ROW(MUSTER_ERROR_PAGE_TABLE_ENTRY,
        "A page table entry has reserved bits set or an address beyond 52 bits. The page tables "
        "are damaged, or CR3 does not point at any."),
    ROW(MUSTER_ERROR_PAGE_TABLE_LOOP,
        "The page tables lead back into themselves, or have more tables than any real tree. They "
        "are damaged, or CR3 does not point at any."),
    ROW(MUSTER_ERROR_CUSTODY_IN_USE,
        "A processor may still be in the firmware's wait loop, so its memory stays in custody. "
        "Adopt every processor first."),

    ROW(MUSTER_ERROR_NO_WAY,
        "The platform does not offer this way to wake processors, or offers none at all. Let "
        "Muster choose, or go on with 1 CPU."),
    ROW(MUSTER_ERROR_ENTRY_PAGE,
        "The entry memory is too small, not page-aligned, or beyond the limit of the way to wake "
        "(1 MiB for INIT-SIPI and SEV-ES, 4 GiB for all others), or the host of this confidential "
        "VM can write there. Mend the caller."),
    ROW(MUSTER_ERROR_PARK_TABLE_ADDRESS,
        "The park area's page table does not lie below 4 GiB, where a processor that comes from "
        "32-bit mode can load it, or the host of this confidential VM can write there. Mend the "
        "caller."),
    ROW(MUSTER_ERROR_APIC_ID_BEYOND_XAPIC,
        "A processor's APIC ID is 255 or more, which an xAPIC cannot address. Turn on x2APIC mode: "
        "muster_apic_enable_x2() before discovery, or in the firmware."),
    ROW(MUSTER_ERROR_APIC_STUCK,
        "The local APIC did not send an interrupt in time. Hardware or hypervisor fault; try "
        "again, or restart the machine."),
    ROW(MUSTER_ERROR_MAILBOX_BUSY,
        "The mailbox still holds a command that no processor has acknowledged. A processor is "
        "stuck in the firmware; go on without the others."),
    ROW(MUSTER_ERROR_NOT_ACKNOWLEDGED,
        "The firmware did not take the wakeup command in time. Firmware bug, memory of its wait "
        "loop overwritten, or a processor the hypervisor does not run."),
    ROW(MUSTER_ERROR_NOT_ARRIVED,
        "The processor did not reach its entry in time. It was lost on the way, or the host is too "
        "busy; try again with a longer deadline."),
    ROW(MUSTER_ERROR_WRONG_APIC_ID,
        "The processor that arrived has another APIC ID than the one that was woken. Firmware or "
        "hypervisor bug; it has been parked."),
    ROW(MUSTER_ERROR_FEATURES_DIFFER,
        "The processor lacks what the BSP has, or keeps other register values than it was given. "
        "Hypervisor or firmware bug; it has been parked."),
    ROW(MUSTER_ERROR_PAGING_LEVELS,
        "The asked number of page-table levels is neither 4 nor 5, or this processor lacks LA57, "
        "or "
        "cannot come from the firmware's levels to it. Use the firmware's number."),
    ROW(MUSTER_ERROR_NO_RESET_VECTOR,
        "The firmware gives no ResetVector, so a processor cannot go back to it. Leave it parked."),
    ROW(MUSTER_ERROR_FIRMWARE_RECLAIMED,
        "The firmware's wait loop has been reclaimed, so a processor cannot go back to it. Choose "
        "the custody policy KEEP where that is wanted."),
    ROW(MUSTER_ERROR_CLOCK_STANDS,
        "The clock did not move while the processor was waited for, so no deadline could pass. "
        "Mend the host's time_ns hook, or the hypervisor's clock behind it."),

    ROW(MUSTER_ERROR_HYPERCALL_PAGE,
        "The page for the hypercalls' input is missing, not page-aligned, cannot be mapped, or is "
        "private in a TD, where the hypervisor cannot read it. Mend the caller."),
    ROW(MUSTER_ERROR_HYPERCALL_CODE,
        "The hypervisor does not know the hypercall, though its CPUID offers it. Hypervisor bug; "
        "choose another way to wake."),
    ROW(MUSTER_ERROR_HYPERCALL_INPUT,
        "The hypervisor found the hypercall's input wrong. Bug of the hypervisor or of Muster; the "
        "slot has the raw status."),
    ROW(MUSTER_ERROR_HYPERCALL_DENIED,
        "The hypervisor does not allow the hypercall. This partition lacks the privilege, or the "
        "VTL is too high; change the VM's settings."),
    ROW(MUSTER_ERROR_HYPERCALL_APIC_ID,
        "The hypervisor knows no virtual processor with this APIC ID. Its tables and it differ: "
        "firmware or hypervisor bug."),
    ROW(MUSTER_ERROR_HYPERCALL_VP_INDEX,
        "The hypervisor has no virtual processor with the index that it gave itself for this APIC "
        "ID. Hypervisor bug; go on without the processor."),
    ROW(MUSTER_ERROR_HYPERCALL_VP_STATE,
        "The virtual processor runs already, and it was not Muster who started it. Whoever booted "
        "before has it; restart the machine."),
    ROW(MUSTER_ERROR_HYPERCALL_REGISTER,
        "The hypervisor refuses a register of the state in which the processor was to start. It "
        "lacks what the BSP has: hypervisor bug."),
    ROW(MUSTER_ERROR_HYPERCALL_VTL,
        "The virtual processor's VTL is not in the state that the call needs. Enable the VTL for "
        "the partition first, or choose another."),
    ROW(MUSTER_ERROR_HYPERCALL_TIME_OUT,
        "The hypervisor answered every hypercall for this processor with a time-out until the "
        "deadline. The host is too busy; try again with a longer deadline."),
    ROW(MUSTER_ERROR_HYPERCALL_UNKNOWN,
        "The hypervisor answered with a status that Muster does not know, or that contradicts "
        "itself. Hypervisor bug; the slot has the raw status."),

    ROW(MUSTER_ERROR_VMSA_PAGE,
        "The memory for the VMSAs is too small, not page-aligned, cannot be mapped, or is shared "
        "with the hypervisor. Give muster_vmsa_bytes() of private memory."),
    ROW(MUSTER_ERROR_RMPADJUST,
        "RMPADJUST did not make the page a VMSA, or did not take that back. The guest does not run "
        "at VMPL 0, or the page is not validated; the slot has what it answered."),
    ROW(MUSTER_ERROR_GHCB_REFUSED,
        "The hypervisor refused a call by the GHCB. It lacks AP creation, or knows no such "
        "processor; the slot has its error code."),
    ROW(MUSTER_ERROR_JUMP_TABLE,
        "The hypervisor gives no address of the AP jump table, or one that is not a page's or "
        "cannot be mapped. Firmware has set none up; go on with 1 CPU."),
};

_Static_assert(__COUNTER__ - ROWS_BEFORE == MUSTER_STATUS_COUNT, "a status has no words");
_Static_assert(sizeof(table) / sizeof(table[0]) == MUSTER_STATUS_COUNT, "a row has no status");

static const struct words *find_words(enum muster_status status)
{
    static const struct words none = {
        "MUSTER_STATUS_UNKNOWN",
        "This number is no status of Muster. The caller's headers and the library differ, or "
        "memory was overwritten; build both anew.",
    };

    return (unsigned)status < MUSTER_STATUS_COUNT ? &table[status] : &none;
}

const char *muster_error_text(enum muster_status status)
{
    return find_words(status)->text;
}

const char *muster_error_name(enum muster_status status)
{
    return find_words(status)->name;
}
