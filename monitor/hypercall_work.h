/**
 * What the check of a hypercall and the calls themselves share: inside of monitor/hypercall.h.
 */
#ifndef MONITOR_HYPERCALL_WORK_H
#define MONITOR_HYPERCALL_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/hyperv.h"
#include "monitor/hypercall.h"

/** A call under way: what is known of it once its control word and its memory are checked. */
struct hypercall_work {
    struct vcpu *vcpu;
    unsigned first, count; /* of a rep call's elements */
    const char *refused;   /* why, for the report */
    uint32_t *output;
    unsigned done;
    union {
        uint8_t bytes[HYPERV_PAGE_BYTES];
        struct hyperv_vp_input vp;
        struct hyperv_vp_index_input vp_index;
    } input;
};

struct hypercall_call {
    uint16_t code;
    bool repeats;
    unsigned header_bytes, element_bytes, result_bytes; /* the latter two of each element */
    unsigned (*handle)(struct hypercall_work *work);
};

/** The call that @control names, or NULL. */
const struct hypercall_call *hypercall_find(uint64_t control);

/**
 * Muster's own call: R8 is the VP that shall have the page at RDX for itself. Where nobody may
 * have pages it is as unknown as it is to Hyper-V.
 */
unsigned hypercall_own_page(struct hypercall_work *work, const struct hypercall *hypercall);

/** Gives @status; the finding says @why. */
static inline unsigned hypercall_refuse(struct hypercall_work *work, unsigned status,
                                        const char *why)
{
    work->refused = why;
    return status;
}

#endif
