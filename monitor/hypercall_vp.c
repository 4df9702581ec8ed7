/* What each hypercall does to a VP, once control word and memory are checked (TLFS, 15). */
#include "abi/hyperv.h"
#include "abi/muster_calls.h"
#include "lib/atomic.h"
#include "monitor/context.h"
#include "monitor/hypercall_work.h"
#include "monitor/monitor.h"
#include "monitor/npt_vp.h"

static struct vcpu *vp_of(const struct hypercall_work *work, uint32_t vp_index)
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
static unsigned check_vp(struct hypercall_work *work, struct vcpu **vp)
{
    const struct hyperv_vp_input *input = &work->input.vp;
    if (input->partition != HYPERV_THIS_PARTITION)
        return hypercall_refuse(work, HYPERV_INVALID_PARTITION,
                                "there is no partition but the caller's");
    if (input->zero[0] || input->zero[1] || input->zero[2])
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "a reserved byte is not 0");
    *vp = vp_of(work, input->vp_index);
    if (!*vp)
        return hypercall_refuse(work, HYPERV_INVALID_VP_INDEX, "no VP has this index");
    if (input->vtl > HYPERV_HIGHEST_VTL)
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "there is no such VTL");
    if (times_out(work->vcpu))
        return HYPERV_TIME_OUT;
    return HYPERV_SUCCESS;
}

/* The context is for the VTL's first entry, and StartVirtualProcessor brings another. */
static unsigned enable_vp_vtl(struct hypercall_work *work)
{
    struct vcpu *vp;
    unsigned vtl = work->input.vp.vtl;
    unsigned status = check_vp(work, &vp);
    if (status)
        return status;
    if (!word_load_relaxed(&monitor.vcpus[0].vtls[vtl]))
        return hypercall_refuse(work, HYPERV_INVALID_VTL_STATE, "the partition has not this VTL");
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
static unsigned set_context(struct hypercall_work *work, struct vcpu *vp)
{
    const struct hyperv_context *context = &work->input.vp.context;
    const char *wrong = NULL;
    if (!monitor.policy->confidential)
        wrong = context_apply(vp, context);
    else if (!is_all_zero(context))
        wrong = "a TD's VP starts where its module says: all of the context must be 0";
    return wrong ? hypercall_refuse(work, HYPERV_INVALID_REGISTER_VALUE, wrong) : HYPERV_SUCCESS;
}

static unsigned start_virtual_processor(struct hypercall_work *work)
{
    struct vcpu *vp;
    unsigned status = check_vp(work, &vp);
    if (status)
        return status;
    if (!word_load_acquire(&vp->vtls[work->input.vp.vtl]))
        return hypercall_refuse(work, HYPERV_INVALID_VTL_STATE,
                                "this VTL is not enabled on the VP");
    if (!vcpu_begin_start(vp))
        return hypercall_refuse(work, HYPERV_INVALID_VP_STATE, "the VP has been started");
    status = set_context(work, vp);
    if (status == HYPERV_SUCCESS && vp->vp_index && vp->vp_index == monitor.lost_vp)
        return status; /* it has been started, and will never come */
    vcpu_end_start(vp, status == HYPERV_SUCCESS);
    return status;
}

static unsigned get_vp_index(struct hypercall_work *work)
{
    const struct hyperv_vp_index_input *input = &work->input.vp_index;
    if (input->partition != HYPERV_THIS_PARTITION)
        return hypercall_refuse(work, HYPERV_INVALID_PARTITION,
                                "there is no partition but the caller's");
    if (input->vtl & ~(HYPERV_VTL_NUMBER | HYPERV_VTL_IS_GIVEN) ||
        (input->vtl & HYPERV_VTL_IS_GIVEN && (input->vtl & HYPERV_VTL_NUMBER) > HYPERV_HIGHEST_VTL))
        return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "there is no such VTL");
    for (; work->done < work->count; work->done++) {
        uint32_t i = 0;
        while (i < monitor.vcpu_count && monitor.vcpus[i].apic_id != input->apic_ids[work->done])
            i++;
        if (i == monitor.vcpu_count)
            return hypercall_refuse(work, HYPERV_INVALID_PARAMETER, "no VP has this APIC ID");
        work->output[work->done] = monitor.vcpus[i].vp_index;
    }
    return HYPERV_SUCCESS;
}

static const struct hypercall_call calls[] = {
    {HYPERV_CALL_ENABLE_VP_VTL, false, sizeof(struct hyperv_vp_input), 0, 0, enable_vp_vtl},
    {HYPERV_CALL_START_VP, false, sizeof(struct hyperv_vp_input), 0, 0, start_virtual_processor},
    {HYPERV_CALL_GET_VP_INDEX, true, sizeof(struct hyperv_vp_index_input), sizeof(uint32_t),
     sizeof(uint32_t), get_vp_index},
};

const struct hypercall_call *hypercall_find(uint64_t control)
{
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].code == (control & HYPERV_CONTROL_CODE))
            return &calls[i];
    return NULL;
}

unsigned hypercall_own_page(struct hypercall_work *work, const struct hypercall *hypercall)
{
    uint32_t vp_index = (uint32_t)hypercall->output_phys;
    const struct vcpu *owner = NULL;
    if (!monitor.per_vp_memory)
        return hypercall_refuse(work, HYPERV_INVALID_CODE, "VPs have no memory of their own");
    if (hypercall->output_phys >> 32)
        return hypercall_refuse(work, HYPERV_INVALID_VP_INDEX, "no VP has this index");
    if (vp_index != MUSTER_EVERY_VP && !(owner = vp_of(work, vp_index)))
        return hypercall_refuse(work, HYPERV_INVALID_VP_INDEX, "no VP has this index");
    const char *wrong = npt_vp_give(work->vcpu, hypercall->input_phys, owner);
    return wrong ? hypercall_refuse(work, HYPERV_INVALID_PARAMETER, wrong) : HYPERV_SUCCESS;
}
