/* The Multiprocessor Wakeup entry of the MADT (ACPI 6.6, 5.2.12.19): may its mailbox be used? */
#include "lib/firmware/madt.h"

#include "abi/mailbox.h"
#include "abi/x86.h"
#include "lib/firmware/mailbox_page.h"

#define MAILBOX_VERSION_MAX  1u /* ACPI 6.6 knows 0 and 1 */
#define RESET_VECTOR_VERSION 1u

static enum muster_status check_mailbox(struct madt *madt, uint64_t phys)
{
    const size_t field = offsetof(struct acpi_madt_wakeup, mailbox_address);
    struct acpi_range page = {phys, MAILBOX_BYTES};
    enum muster_status status = mailbox_page_judge(madt->machine->platform, phys);

    if (status == MUSTER_ERROR_MAILBOX_ALIGNMENT) {
        return madt_refuse(madt, status, field, phys, phys - phys % MAILBOX_BYTES);
    }
    if (status != MUSTER_OK) {
        return madt_refuse(madt, status, field, phys, 0);
    }
    /* The first command would be written into the table. */
    if (madt_is_overlapped(madt, page)) {
        return madt_refuse(madt, MUSTER_ERROR_TABLE_OVERLAP, field, phys, 0);
    }
    return MUSTER_OK;
}

/* Processors are sent to this page to run it, so it too must be out of the hypervisor's reach. */
static enum muster_status check_reset_vector(struct madt *madt, uint64_t phys)
{
    struct acpi_range page = {phys - phys % PAGE_BYTES, PAGE_BYTES};

    if (phys != 0 && (!acpi_range_is_possible(page) ||
                      !firmware_range_is_private(madt->machine->platform, page))) {
        return madt_refuse(madt, MUSTER_ERROR_RESET_VECTOR_ADDRESS,
                           offsetof(struct acpi_madt_wakeup, reset_vector), phys, 0);
    }
    return MUSTER_OK;
}

static bool is_wakeup_length(uint8_t length)
{
    return length == ACPI_MADT_WAKEUP_BYTES_V0 || length >= ACPI_MADT_WAKEUP_BYTES_V1;
}

static bool mailboxes_differ(const struct muster_mailbox_description *a,
                             const struct muster_mailbox_description *b)
{
    return a->version != b->version || a->length != b->length ||
           a->mailbox_phys != b->mailbox_phys || a->reset_vector_phys != b->reset_vector_phys;
}

/*
 * Version and length are judged each by itself: TDVF has published version 1 in 16 bytes, which
 * has no ResetVector whatever its version says. A longer entry is a later one with more to say
 * and reads the same so far; a higher version may mean another mailbox, so it is not used.
 */
enum muster_status madt_take_wakeup(struct madt *madt, const struct acpi_madt_wakeup *entry)
{
    struct muster_mailbox_description *known = &madt->machine->mailbox;
    uint8_t length = entry->entry.length;

    if (!is_wakeup_length(length)) {
        return madt_refuse(madt, MUSTER_ERROR_WAKEUP_LENGTH,
                           offsetof(struct acpi_madt_entry, length), length,
                           ACPI_MADT_WAKEUP_BYTES_V0);
    }
    bool resets =
        entry->mailbox_version >= RESET_VECTOR_VERSION && length >= ACPI_MADT_WAKEUP_BYTES_V1;
    struct muster_mailbox_description mailbox = {
        .present = true,
        .source = MUSTER_SOURCE_ACPI,
        .version = entry->mailbox_version,
        .length = length,
        .mailbox_phys = entry->mailbox_address,
        .reset_vector_phys = resets ? entry->reset_vector : 0,
    };
    enum muster_status status;

    if (mailbox.version > MAILBOX_VERSION_MAX) {
        return madt_refuse(madt, MUSTER_ERROR_WAKEUP_VERSION,
                           offsetof(struct acpi_madt_wakeup, mailbox_version), mailbox.version,
                           MAILBOX_VERSION_MAX);
    }
    if (known->present && mailboxes_differ(known, &mailbox)) {
        return madt_refuse(madt, MUSTER_ERROR_WAKEUP_DUPLICATE, 0, mailbox.mailbox_phys,
                           known->mailbox_phys);
    }
    status = check_mailbox(madt, mailbox.mailbox_phys);
    if (status == MUSTER_OK) {
        status = check_reset_vector(madt, mailbox.reset_vector_phys);
    }
    *known = mailbox;
    return status;
}
