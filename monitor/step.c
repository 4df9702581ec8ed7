#include "monitor/step.h"

#include "abi/x86.h"
#include "monitor/paging.h"

/* All but NMI, #BP and #OF: those are not faults of an instruction, and end with it. */
#define EXCEPTIONS 0x001F7FE3u

/* Interrupts wait meanwhile: the guest's IF does not count for the machine's own. */
bool step_begin(struct vcpu *vcpu, step_handler *handler)
{
    if (vcpu->vmcb->rflags & RFLAGS_TF)
        return false;
    vcpu->stepped = handler;
    vcpu->vmcb->rflags |= RFLAGS_TF;
    vcpu->vmcb->int_control |= SVM_INT_V_MASKING;
    paging_apply(vcpu);
    return true;
}

void step_end(struct vcpu *vcpu)
{
    if (!vcpu->stepped)
        return;
    vcpu->stepped = NULL;
    vcpu->vmcb->rflags &= ~(uint64_t)RFLAGS_TF;
    vcpu->vmcb->int_control &= ~SVM_INT_V_MASKING;
    paging_apply(vcpu);
}

uint32_t step_exceptions(const struct vcpu *vcpu)
{
    return vcpu->stepped ? EXCEPTIONS : 0;
}

void step_handle_debug(struct vcpu *vcpu)
{
    /* A breakpoint of the guest's own, set before. */
    if (vcpu->vmcb->dr6 & DR6_BREAKPOINTS) {
        vcpu_inject(vcpu, VECTOR_DB, 0);
        return;
    }
    vcpu->vmcb->dr6 &= ~(uint64_t)DR6_SINGLE_STEP;
    vcpu->stepped(vcpu);
    if (vcpu->stepped)
        vcpu->vmcb->rflags |= RFLAGS_TF; /* it may have loaded its flags */
}
