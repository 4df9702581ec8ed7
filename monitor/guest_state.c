/* What any part of the monitor asks of a guest's registers; no hardware is touched here. */
#include "abi/x86.h"
#include "monitor/vcpu.h"

uint64_t vcpu_register(const struct vcpu *vcpu, enum guest_register number)
{
    if (number == RAX)
        return vcpu->vmcb->rax;
    return number == RSP ? vcpu->vmcb->rsp : vcpu->registers.value[number];
}

void vcpu_set_register(struct vcpu *vcpu, enum guest_register number, uint64_t value)
{
    if (number == RAX)
        vcpu->vmcb->rax = value;
    else if (number == RSP)
        vcpu->vmcb->rsp = value;
    else
        vcpu->registers.value[number] = value;
}

void vcpu_skip(struct vcpu *vcpu, unsigned bytes)
{
    uint64_t rip = vcpu->vmcb->rip + bytes;
    vcpu->vmcb->rip = vcpu_is_64(vcpu) ? rip : (uint32_t)rip;
    vcpu->vmcb->int_shadow = 0;
}

bool vcpu_is_64(const struct vcpu *vcpu)
{
    return (vcpu->efer & EFER_LMA) && (vcpu->vmcb->cs.attributes & SVM_SEGMENT_LONG);
}
