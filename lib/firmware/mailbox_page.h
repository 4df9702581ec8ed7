/**
 * Whether a page that firmware names may be used as the mailbox, whoever describes it.
 */
#ifndef LIB_FIRMWARE_MAILBOX_PAGE_H
#define LIB_FIRMWARE_MAILBOX_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

#include "lib/firmware/acpi.h"

/** Whether all of @range is out of the hypervisor's reach, where that is a question. */
bool firmware_range_is_private(const struct muster_platform *platform, struct acpi_range range);

/** MUSTER_OK, or MUSTER_ERROR_MAILBOX_ALIGNMENT, _ADDRESS, _SHARED. */
enum muster_status mailbox_page_judge(const struct muster_platform *platform, uint64_t phys);

#endif
