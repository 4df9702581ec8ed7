/**
 * The TD HOB: the list by which a TD's host tells its firmware which memory there is. Reading
 * touches no hardware; the list is as hostile as any input.
 */
#ifndef SHIM_HOB_H
#define SHIM_HOB_H

#include <stdbool.h>
#include <stdint.h>

/** Called for each range of memory; gives NULL, or a sentence that ends the reading. */
typedef const char *hob_visitor(void *context, uint64_t start_phys, uint64_t bytes, bool pending);

/**
 * Read the list in the @bytes at @list, in order. Ranges are page-aligned, not empty, and do not
 * wrap; @pending says that one must be accepted before use. What is neither memory nor the list's
 * own frame is skipped. NULL, or a sentence that says what is wrong.
 */
const char *hob_read(const void *list, uint64_t bytes, hob_visitor *visitor, void *context);

#endif
