#include "monitor/faults.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/decode.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_vp.h"
#include "monitor/observe.h"
#include "monitor/overlay.h"
#include "monitor/pages.h"
#include "monitor/report.h"
#include "monitor/ve.h"
#include "monitor/witness.h"

/* The address by which the instruction meant it: its operand, unless the fetch itself faulted. */
static uint64_t linear_of(const struct vcpu *vcpu, uint64_t phys, bool write, bool fetch)
{
    struct instruction instruction;
    if (fetch || !decode(vcpu, &instruction))
        return vcpu->vmcb->rip;
    if (!write && instruction.source)
        instruction.linear = instruction.source;
    /* The nested fault's offset is exact, also where an operand runs over a page's end. */
    return (instruction.linear & ~(uint64_t)(PAGE_BYTES - 1)) | phys % PAGE_BYTES;
}

/* The state may have changed since: another CPU converts, or accepts, at the same time. */
static bool is_over(uint64_t phys, bool shared)
{
    return page_state_of(phys) == (shared ? PAGE_SHARED : PAGE_PRIVATE);
}

/* An exception that finds no handler first shows here, as a read of the IDT or of the stack. */
static void describe_event(const struct vcpu *vcpu, char *text, size_t bytes)
{
    uint64_t event = vcpu->vmcb->exit_int_info;
    text[0] = 0;
    if (event & SVM_EVENT_VALID && (event & SVM_EVENT_VECTOR) == VECTOR_VE)
        text_format(text, bytes, " (while a #VE of reason %u at 0x%lx is delivered; IDT at 0x%lx)",
                    vcpu->last_ve_reason, vcpu->last_ve_rip, vcpu->vmcb->idtr.base);
    else if (event & SVM_EVENT_VALID)
        text_format(text, bytes, " (while exception %u is delivered; IDT at 0x%lx)",
                    (unsigned)(event & SVM_EVENT_VECTOR), vcpu->vmcb->idtr.base);
}

static const char *kind_of(bool write, bool fetch)
{
    return fetch ? "instruction fetch" : write ? "write" : "read";
}

void fault_handle(struct vcpu *vcpu)
{
    uint64_t phys = vcpu->vmcb->exit_info_2;
    bool write = vcpu->vmcb->exit_info_1 & SVM_NPF_WRITE;
    bool fetch = vcpu->vmcb->exit_info_1 & SVM_NPF_FETCH;
    bool shared = phys & GUEST_SHARED_BIT;
    uint64_t plain = phys & ~GUEST_SHARED_BIT;
    enum page_state state = page_state_of(plain);
    char event[96];
    if (is_over(plain, shared)) {
        observe_fault(plain);
        witness_fault(vcpu, plain);
        return;
    }
    if (shared && state == PAGE_ABSENT) {
        ve_inject_access(vcpu, linear_of(vcpu, phys, write, fetch), phys, write, fetch);
        return;
    }
    describe_event(vcpu, event, sizeof(event));
    if (shared)
        fatal(vcpu, "%s of 0x%lx through its shared alias, but the page is %s: MapGPA first%s",
              kind_of(write, fetch), plain, page_state_name(state), event);
    if (state == PAGE_PENDING)
        fatal(vcpu, "%s of 0x%lx, a page that is pending: accept it before its first use%s",
              kind_of(write, fetch), plain, event);
    if (state == PAGE_SHARED)
        fatal(vcpu, "%s of 0x%lx as private memory, but the page is shared%s",
              kind_of(write, fetch), plain, event);
    fatal(vcpu,
          "private %s of 0x%lx, where the TD has no memory (a device's registers are "
          "reached by the shared alias or TDG.VP.VMCALL only)%s",
          kind_of(write, fetch), plain, event);
}

void fault_handle_direct(struct vcpu *vcpu)
{
    uint64_t phys = vcpu->vmcb->exit_info_2;
    bool write = vcpu->vmcb->exit_info_1 & SVM_NPF_WRITE;
    bool fetch = vcpu->vmcb->exit_info_1 & SVM_NPF_FETCH;
    const struct policy_range *range = policy_range_of(phys);
    const struct vcpu *owner = npt_vp_owner(phys);
    char event[96];
    describe_event(vcpu, event, sizeof(event));
    if (overlay_at(phys) && !event[0]) {
        report_finding(vcpu, "overlay-misused", phys, 0,
                       "%s of the hypervisor's own page that lies at 0x%lx: #GP",
                       kind_of(write, fetch), phys);
        vcpu_inject(vcpu, VECTOR_GP, 0);
        return;
    }
    if (owner && owner != vcpu)
        fatal(vcpu, "%s of 0x%lx, a page of VP %u's own%s", kind_of(write, fetch), phys,
              owner->vp_index, event);
    /* The page may have come back meanwhile, by another CPU that took an overlay away. */
    if (page_state_of(phys) == PAGE_PRIVATE && !overlay_at(phys))
        return;
    fatal(vcpu, "%s of 0x%lx, where the guest has neither memory nor a device: %s%s",
          kind_of(write, fetch), phys, range ? range->name : "in no table", event);
}
