/**
 * The Multiprocessor Wakeup Mailbox (ACPI 6.6, 5.2.12.19): one 4 KiB page in ACPI NVS.
 */
#ifndef ABI_MAILBOX_H
#define ABI_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#define MAILBOX_BYTES 4096u

enum mailbox_command {
    MAILBOX_NOOP = 0,
    MAILBOX_WAKEUP = 1,
    MAILBOX_TEST = 2, /* from version 1 on */
};

struct mailbox {
    uint16_t command;
    uint16_t reserved; /* 0: some firmware compares the command as a dword */
    uint32_t apic_id;
    uint64_t wakeup_vector;
    uint8_t for_os[2032];
    uint8_t for_firmware[2048]; /* read-only to the OS */
};
_Static_assert(sizeof(struct mailbox) == MAILBOX_BYTES, "ACPI 6.6, 5.2.12.19");
_Static_assert(offsetof(struct mailbox, apic_id) == 4, "ACPI 6.6, 5.2.12.19");
_Static_assert(offsetof(struct mailbox, wakeup_vector) == 8, "ACPI 6.6, 5.2.12.19");
_Static_assert(offsetof(struct mailbox, for_firmware) == 2048, "ACPI 6.6, 5.2.12.19");

#endif
