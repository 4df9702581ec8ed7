#include "monitor/nmi.h"

#include "abi/x86.h"
#include "lib/atomic.h"
#include "monitor/step.h"

bool nmi_is_due(const struct vcpu *vcpu)
{
    return word_load_acquire(&vcpu->guest_nmi) && !vcpu->nmi_blocked && !vcpu->ve.valid;
}

/* The IRET itself ran: what it loaded of TF is the guest's own. */
static void finish_iret(struct vcpu *vcpu)
{
    uint64_t flags = vcpu->vmcb->rflags;
    step_end(vcpu);
    vcpu->vmcb->rflags |= flags & RFLAGS_TF;
}

/* Between the unblocking and the IRET's end none may come: it would run on the first one's stack.
 */
void nmi_inject(struct vcpu *vcpu)
{
    if (!nmi_is_due(vcpu) || vcpu->vmcb->event_inject & SVM_EVENT_VALID ||
        vcpu->stepped == finish_iret)
        return;
    step_end(vcpu);
    word_store_release(&vcpu->guest_nmi, 0);
    vcpu->nmi_blocked = true;
    vcpu->vmcb->intercept_1 |= SVM_INTERCEPT_IRET;
    vcpu->vmcb->event_inject = SVM_EVENT_VALID | SVM_EVENT_NMI | VECTOR_NMI;
}

/* An IRET that faults unblocks as well. One under the guest's own TF is not stepped over. */
void nmi_handle_iret(struct vcpu *vcpu)
{
    vcpu->nmi_blocked = false;
    vcpu->vmcb->intercept_1 &= ~SVM_INTERCEPT_IRET;
    step_begin(vcpu, finish_iret);
}
