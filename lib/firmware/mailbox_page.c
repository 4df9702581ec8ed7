#include "lib/firmware/mailbox_page.h"

#include "abi/mailbox.h"

bool firmware_range_is_private(const struct muster_platform *platform, struct acpi_range range)
{
    return platform->is_private == NULL ||
           platform->is_private(platform->context, range.phys, range.bytes);
}

enum muster_status mailbox_page_judge(const struct muster_platform *platform, uint64_t phys)
{
    struct acpi_range page = {phys, MAILBOX_BYTES};

    if (phys % MAILBOX_BYTES != 0)
        return MUSTER_ERROR_MAILBOX_ALIGNMENT;
    if (!acpi_range_is_possible(page))
        return MUSTER_ERROR_MAILBOX_ADDRESS;
    if (!firmware_range_is_private(platform, page))
        return MUSTER_ERROR_MAILBOX_SHARED;
    return MUSTER_OK;
}
