/**
 * The TD HOB: what memory a TD has (TDVF Design Guide, chapter 7; UEFI PI 1.7, vol. 3).
 */
#ifndef MONITOR_HOB_H
#define MONITOR_HOB_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/tdvf.h"

/**
 * Write the list into @bytes at @to, which the guest finds at @phys: what sections occupy as
 * system memory, the rest of the guest's memory as resources of type @rest. False if it does
 * not fit.
 */
bool hob_write(void *to, uint64_t phys, uint64_t bytes, const struct tdvf_sections *sections,
               uint32_t rest);

#endif
