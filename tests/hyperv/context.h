/**
 * Contexts for VPs, each register with a value of its own, and what started VPs saw of them.
 */
#ifndef TESTS_HYPERV_CONTEXT_H
#define TESTS_HYPERV_CONTEXT_H

#include "abi/hyperv.h"

#pragma GCC visibility push(hidden)
/** The input of StartVirtualProcessor; does not straddle a page. */
extern struct hyperv_vp_input vp_input;
#pragma GCC visibility pop

/** A context in long mode that begins at vp_entry (start.S). */
void context_fill(struct hyperv_context *context);

/** The same in 32-bit protected mode, paging off, for vp_arrive_32. */
void context_make_32(struct hyperv_context *context);

/** Compare it with what the VP that was started with it has seen. */
void context_check(const struct hyperv_context *wanted);

#endif
