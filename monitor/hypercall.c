#include "monitor/hypercall.h"

#include "abi/hyperv.h"
#include "abi/muster_calls.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/guest_memory.h"
#include "monitor/hypercall_work.h"
#include "monitor/hyperv.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_vp.h"
#include "monitor/overlay.h"
#include "monitor/page_lock.h"
#include "monitor/pages.h"
#include "monitor/report.h"

static unsigned check_control(struct hypercall_work *work, const struct hypercall_call *call,
                              uint64_t control)
{
    work->count = (unsigned)(control >> HYPERV_CONTROL_REPS_SHIFT & HYPERV_CONTROL_REPS);
    work->first = (unsigned)(control >> HYPERV_CONTROL_DONE_SHIFT & HYPERV_CONTROL_REPS);
    if (control & HYPERV_CONTROL_RESERVED)
        return hypercall_refuse(work, HYPERV_INVALID_INPUT,
                                "a reserved bit of the control word is set");
    if (control & HYPERV_CONTROL_FAST)
        return hypercall_refuse(work, HYPERV_INVALID_INPUT, "the input does not fit registers");
    if (control & HYPERV_CONTROL_VARIABLE)
        return hypercall_refuse(work, HYPERV_INVALID_INPUT, "the call has no variable header");
    if (!call->repeats && (work->count || work->first))
        return hypercall_refuse(work, HYPERV_INVALID_INPUT, "the call is no rep call");
    if (call->repeats && work->first >= work->count)
        return hypercall_refuse(work, HYPERV_INVALID_INPUT, "no element is left to do");
    work->done = work->first;
    return HYPERV_SUCCESS;
}

/* Guest-physical addresses in a TD's call may carry the shared bit, and mean shared memory. */
static uint64_t plain(uint64_t phys)
{
    return monitor.policy->confidential ? phys & ~GUEST_SHARED_BIT : phys;
}

static unsigned check_area(struct hypercall_work *work, uint64_t phys, unsigned bytes)
{
    enum page_state state = page_state_of(plain(phys));
    if (!bytes)
        return HYPERV_SUCCESS;
    if (phys % sizeof(uint64_t))
        return hypercall_refuse(work, HYPERV_INVALID_ALIGNMENT,
                                "an address is not aligned to 8 bytes");
    if (phys % PAGE_BYTES + bytes > PAGE_BYTES)
        return hypercall_refuse(work, HYPERV_INVALID_ALIGNMENT,
                                "input or output runs over its page's end");
    if (state == PAGE_ABSENT)
        return hypercall_refuse(work, HYPERV_INVALID_ALIGNMENT, "the guest has no memory there");
    const struct vcpu *owner = npt_vp_owner(plain(phys));
    if (owner && owner != work->vcpu)
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "the page is another VP's own");
    if (monitor.policy->confidential && state != PAGE_SHARED)
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER,
                                "the host cannot read or write what is not shared with it");
    return HYPERV_SUCCESS;
}

/* Copied once, and judged as copied: the guest may write to it meanwhile. */
static unsigned take_input(struct hypercall_work *work, uint64_t phys, unsigned bytes)
{
    unsigned status = check_area(work, phys, bytes);
    uint64_t tag = monitor.policy->confidential ? GUEST_SHARED_BIT : 0;
    if (status)
        return status;
    const uint8_t *page = guest_page_to_read(plain(phys) | tag);
    if (!page)
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "the input cannot be read");
    memcpy(&work->input, page + phys % PAGE_BYTES, bytes);
    return HYPERV_SUCCESS;
}

static unsigned take_output(struct hypercall_work *work, uint64_t phys, unsigned bytes)
{
    unsigned status = check_area(work, phys, bytes);
    uint64_t tag = monitor.policy->confidential ? GUEST_SHARED_BIT : 0;
    if (status || !bytes)
        return status;
    uint8_t *page = overlay_at(phys) ? NULL : guest_page(plain(phys) | tag);
    if (!page)
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "the output cannot be written");
    work->output = (uint32_t *)(void *)(page + phys % PAGE_BYTES);
    return HYPERV_SUCCESS;
}

static unsigned do_on_memory(struct hypercall_work *work, const struct hypercall_call *call,
                             const struct hypercall *hypercall)
{
    unsigned status = take_input(work, hypercall->input_phys,
                                 call->header_bytes + call->element_bytes * work->count);
    if (status)
        return status;
    status = take_output(work, hypercall->output_phys, call->result_bytes * work->count);
    return status ? status : call->handle(work);
}

/*
 * The lock is held to the end: a page that may be read and written for this VP must not become
 * another's, or a TD's own, before that is done. So there is one call at a time, and a start that
 * turns out to be wrong is over before another one for the same VP looks.
 */
static unsigned do_checked(struct hypercall_work *work, const struct hypercall *hypercall)
{
    const struct hypercall_call *call = hypercall_find(hypercall->control);
    if (hypercall->control == MUSTER_CALL_OWN_PAGE)
        return hypercall_own_page(work, hypercall);
    if (!call)
        return hypercall_refuse(work, HYPERV_INVALID_CODE, "no such call is known here");
    unsigned status = check_control(work, call, hypercall->control);
    if (status)
        return status;
    page_lock();
    status = do_on_memory(work, call, hypercall);
    page_unlock();
    return status;
}

uint64_t hypercall_do(struct vcpu *vcpu, const struct hypercall *hypercall)
{
    struct hypercall_work work = {.vcpu = vcpu};
    unsigned status = do_checked(&work, hypercall);
    vcpu->counts[COUNT_HYPERCALL]++;
    if (work.refused)
        report_finding(vcpu,
                       status == HYPERV_INVALID_CODE ? "hypercall-unknown" : "hypercall-refused",
                       hypercall->control, status, "hypercall 0x%lx: %s",
                       hypercall->control & HYPERV_CONTROL_CODE, work.refused);
    return status | (uint64_t)work.done << HYPERV_RESULT_DONE_SHIFT;
}

void hypercall_handle(struct vcpu *vcpu)
{
    struct hypercall call = {
        .control = vcpu_register(vcpu, RCX),
        .input_phys = vcpu_register(vcpu, RDX),
        .output_phys = vcpu_register(vcpu, R8),
    };
    if (vcpu->vmcb->cpl || !vcpu_is_64(vcpu) || !hyperv_is_open()) {
        report_finding(vcpu, "hypercall-not-allowed", call.control, vcpu->vmcb->cpl,
                       "hypercall at CPL %u%s: #UD", vcpu->vmcb->cpl,
                       !vcpu_is_64(vcpu)   ? ", not in 64-bit mode"
                       : !hyperv_is_open() ? ", before GUEST_OS_ID was written"
                                           : "");
        vcpu_inject(vcpu, VECTOR_UD, 0);
        return;
    }
    vcpu_skip(vcpu, VMCALL_BYTES);
    vcpu_set_register(vcpu, RAX, hypercall_do(vcpu, &call));
}
