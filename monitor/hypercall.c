#include "monitor/hypercall.h"

#include "abi/hyperv.h"
#include "abi/muster_calls.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/atomic.h"
#include "monitor/context.h"
#include "monitor/guest_memory.h"
#include "monitor/hyperv.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_vp.h"
#include "monitor/overlay.h"
#include "monitor/page_lock.h"
#include "monitor/pages.h"
#include "monitor/report.h"

/* A call under way: what is known of it once its control word and its memory are checked. */
struct work {
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

static unsigned refuse(struct work *work, unsigned status, const char *why)
{
    work->refused = why;
    return status;
}

/* ---- The calls. ---- */

static struct vcpu *vp_of(const struct work *work, uint32_t vp_index)
{
    if (vp_index == HYPERV_THIS_VP)
        return work->vcpu;
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        if (monitor.vcpus[i].vp_index == vp_index)
            return &monitor.vcpus[i];
    return NULL;
}

/* Every so often, as a real hypervisor does under load. */
static bool times_out(struct vcpu *vcpu)
{
    static struct muster_word calls;
    if (!monitor.time_out_every || (word_fetch_add(&calls, 1) + 1) % monitor.time_out_every)
        return false;
    vcpu->counts[COUNT_HYPERCALL_TIME_OUT]++;
    return true;
}

/* What EnableVpVtl and StartVirtualProcessor want alike; 0 and the VP, or a status. */
static unsigned check_vp(struct work *work, struct vcpu **vp)
{
    const struct hyperv_vp_input *input = &work->input.vp;
    if (input->partition != HYPERV_THIS_PARTITION)
        return refuse(work, HYPERV_INVALID_PARTITION, "there is no partition but the caller's");
    if (input->zero[0] || input->zero[1] || input->zero[2])
        return refuse(work, HYPERV_INVALID_PARAMETER, "a reserved byte is not 0");
    *vp = vp_of(work, input->vp_index);
    if (!*vp)
        return refuse(work, HYPERV_INVALID_VP_INDEX, "no VP has this index");
    if (input->vtl > HYPERV_HIGHEST_VTL)
        return refuse(work, HYPERV_INVALID_PARAMETER, "there is no such VTL");
    if (times_out(work->vcpu))
        return HYPERV_TIME_OUT;
    return HYPERV_SUCCESS;
}

/* The context is for the VTL's first entry, and StartVirtualProcessor brings another. */
static unsigned enable_vp_vtl(struct work *work)
{
    struct vcpu *vp;
    unsigned vtl = work->input.vp.vtl;
    unsigned status = check_vp(work, &vp);
    if (status)
        return status;
    if (!word_load_relaxed(&monitor.vcpus[0].vtls[vtl]))
        return refuse(work, HYPERV_INVALID_VTL_STATE, "the partition has not this VTL");
    return word_move(&vp->vtls[vtl], 0, 1) ? HYPERV_SUCCESS : HYPERV_VTL_ALREADY_ENABLED;
}

static bool is_all_zero(const struct hyperv_context *context)
{
    const uint8_t *bytes = (const uint8_t *)context;
    for (unsigned i = 0; i < sizeof(*context); i++)
        if (bytes[i])
            return false;
    return true;
}

/* A TD's state is its module's: a host can only let it go, from the reset vector. */
static unsigned set_context(struct work *work, struct vcpu *vp)
{
    const struct hyperv_context *context = &work->input.vp.context;
    const char *wrong = NULL;
    if (!monitor.policy->confidential)
        wrong = context_apply(vp, context);
    else if (!is_all_zero(context))
        wrong = "a TD's VP starts where its module says: all of the context must be 0";
    return wrong ? refuse(work, HYPERV_INVALID_REGISTER_VALUE, wrong) : HYPERV_SUCCESS;
}

static unsigned start_virtual_processor(struct work *work)
{
    struct vcpu *vp;
    unsigned status = check_vp(work, &vp);
    if (status)
        return status;
    if (!word_load_acquire(&vp->vtls[work->input.vp.vtl]))
        return refuse(work, HYPERV_INVALID_VTL_STATE, "this VTL is not enabled on the VP");
    if (!vcpu_begin_start(vp))
        return refuse(work, HYPERV_INVALID_VP_STATE, "the VP has been started");
    status = set_context(work, vp);
    if (status == HYPERV_SUCCESS && vp->vp_index && vp->vp_index == monitor.lost_vp)
        return status; /* it has been started, and will never come */
    vcpu_end_start(vp, status == HYPERV_SUCCESS);
    return status;
}

static unsigned get_vp_index(struct work *work)
{
    const struct hyperv_vp_index_input *input = &work->input.vp_index;
    if (input->partition != HYPERV_THIS_PARTITION)
        return refuse(work, HYPERV_INVALID_PARTITION, "there is no partition but the caller's");
    if (input->vtl & ~(HYPERV_VTL_NUMBER | HYPERV_VTL_IS_GIVEN) ||
        (input->vtl & HYPERV_VTL_IS_GIVEN && (input->vtl & HYPERV_VTL_NUMBER) > HYPERV_HIGHEST_VTL))
        return refuse(work, HYPERV_INVALID_PARAMETER, "there is no such VTL");
    for (; work->done < work->count; work->done++) {
        uint32_t i = 0;
        while (i < monitor.vcpu_count && monitor.vcpus[i].apic_id != input->apic_ids[work->done])
            i++;
        if (i == monitor.vcpu_count)
            return refuse(work, HYPERV_INVALID_PARAMETER, "no VP has this APIC ID");
        work->output[work->done] = monitor.vcpus[i].vp_index;
    }
    return HYPERV_SUCCESS;
}

static const struct call {
    uint16_t code;
    bool repeats;
    unsigned header_bytes, element_bytes, result_bytes; /* the latter two of each element */
    unsigned (*handle)(struct work *work);
} calls[] = {
    {HYPERV_CALL_ENABLE_VP_VTL, false, sizeof(struct hyperv_vp_input), 0, 0, enable_vp_vtl},
    {HYPERV_CALL_START_VP, false, sizeof(struct hyperv_vp_input), 0, 0, start_virtual_processor},
    {HYPERV_CALL_GET_VP_INDEX, true, sizeof(struct hyperv_vp_index_input), sizeof(uint32_t),
     sizeof(uint32_t), get_vp_index},
};

/*
 * Muster's own call: R8 is the VP that shall have the page at RDX for itself. Where nobody may
 * have pages it is as unknown as it is to Hyper-V.
 */
static unsigned own_page(struct work *work, const struct hypercall *hypercall)
{
    uint32_t vp_index = (uint32_t)hypercall->output_phys;
    const struct vcpu *owner = NULL;
    if (!monitor.per_vp_memory)
        return refuse(work, HYPERV_INVALID_CODE, "VPs have no memory of their own");
    if (hypercall->output_phys >> 32)
        return refuse(work, HYPERV_INVALID_VP_INDEX, "no VP has this index");
    if (vp_index != MUSTER_EVERY_VP && !(owner = vp_of(work, vp_index)))
        return refuse(work, HYPERV_INVALID_VP_INDEX, "no VP has this index");
    const char *wrong = npt_vp_give(work->vcpu, hypercall->input_phys, owner);
    return wrong ? refuse(work, HYPERV_INVALID_PARAMETER, wrong) : HYPERV_SUCCESS;
}

/* ---- Control word and memory. ---- */

static const struct call *find_call(uint64_t control)
{
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].code == (control & HYPERV_CONTROL_CODE))
            return &calls[i];
    return NULL;
}

static unsigned check_control(struct work *work, const struct call *call, uint64_t control)
{
    work->count = (unsigned)(control >> HYPERV_CONTROL_REPS_SHIFT & HYPERV_CONTROL_REPS);
    work->first = (unsigned)(control >> HYPERV_CONTROL_DONE_SHIFT & HYPERV_CONTROL_REPS);
    if (control & HYPERV_CONTROL_RESERVED)
        return refuse(work, HYPERV_INVALID_INPUT, "a reserved bit of the control word is set");
    if (control & HYPERV_CONTROL_FAST)
        return refuse(work, HYPERV_INVALID_INPUT, "the input does not fit registers");
    if (control & HYPERV_CONTROL_VARIABLE)
        return refuse(work, HYPERV_INVALID_INPUT, "the call has no variable header");
    if (!call->repeats && (work->count || work->first))
        return refuse(work, HYPERV_INVALID_INPUT, "the call is no rep call");
    if (call->repeats && work->first >= work->count)
        return refuse(work, HYPERV_INVALID_INPUT, "no element is left to do");
    work->done = work->first;
    return HYPERV_SUCCESS;
}

/* Guest-physical addresses in a TD's call may carry the shared bit, and mean shared memory. */
static uint64_t plain(uint64_t phys)
{
    return monitor.policy->confidential ? phys & ~GUEST_SHARED_BIT : phys;
}

static unsigned check_area(struct work *work, uint64_t phys, unsigned bytes)
{
    enum page_state state = page_state_of(plain(phys));
    if (!bytes)
        return HYPERV_SUCCESS;
    if (phys % sizeof(uint64_t))
        return refuse(work, HYPERV_INVALID_ALIGNMENT, "an address is not aligned to 8 bytes");
    if (phys % PAGE_BYTES + bytes > PAGE_BYTES)
        return refuse(work, HYPERV_INVALID_ALIGNMENT, "input or output runs over its page's end");
    if (state == PAGE_ABSENT)
        return refuse(work, HYPERV_INVALID_ALIGNMENT, "the guest has no memory there");
    const struct vcpu *owner = npt_vp_owner(plain(phys));
    if (owner && owner != work->vcpu)
        return refuse(work, HYPERV_INVALID_PARAMETER, "the page is another VP's own");
    if (monitor.policy->confidential && state != PAGE_SHARED)
        return refuse(work, HYPERV_INVALID_PARAMETER,
                      "the host cannot read or write what is not shared with it");
    return HYPERV_SUCCESS;
}

/* Copied once, and judged as copied: the guest may write to it meanwhile. */
static unsigned take_input(struct work *work, uint64_t phys, unsigned bytes)
{
    unsigned status = check_area(work, phys, bytes);
    uint64_t tag = monitor.policy->confidential ? GUEST_SHARED_BIT : 0;
    if (status)
        return status;
    const uint8_t *page = guest_page_to_read(plain(phys) | tag);
    if (!page)
        return refuse(work, HYPERV_INVALID_PARAMETER, "the input cannot be read");
    memcpy(&work->input, page + phys % PAGE_BYTES, bytes);
    return HYPERV_SUCCESS;
}

static unsigned take_output(struct work *work, uint64_t phys, unsigned bytes)
{
    unsigned status = check_area(work, phys, bytes);
    uint64_t tag = monitor.policy->confidential ? GUEST_SHARED_BIT : 0;
    if (status || !bytes)
        return status;
    uint8_t *page = overlay_at(phys) ? NULL : guest_page(plain(phys) | tag);
    if (!page)
        return refuse(work, HYPERV_INVALID_PARAMETER, "the output cannot be written");
    work->output = (uint32_t *)(void *)(page + phys % PAGE_BYTES);
    return HYPERV_SUCCESS;
}

static unsigned do_on_memory(struct work *work, const struct call *call,
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
static unsigned do_checked(struct work *work, const struct hypercall *hypercall)
{
    const struct call *call = find_call(hypercall->control);
    if (hypercall->control == MUSTER_CALL_OWN_PAGE)
        return own_page(work, hypercall);
    if (!call)
        return refuse(work, HYPERV_INVALID_CODE, "no such call is known here");
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
    struct work work = {.vcpu = vcpu};
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
