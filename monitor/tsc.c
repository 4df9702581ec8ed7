#include "monitor/tsc.h"

#include "lib/cpu/instructions.h"

/* A skew that was there before the guest is not in its TSC_ADJUST: that is zero at reset. */
void tsc_start(struct vcpu *vcpu, int64_t skew)
{
    vcpu->vmcb->tsc_offset = (uint64_t)skew * vcpu->index;
    vcpu->tsc_adjust = 0;
}

static void move(struct vcpu *vcpu, uint64_t ticks)
{
    vcpu->vmcb->tsc_offset += ticks;
    vcpu->tsc_adjust += ticks;
}

bool tsc_msr_counter(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    uint64_t now = read_tsc() + vcpu->vmcb->tsc_offset;
    (void)msr;
    if (write)
        move(vcpu, *value - now);
    else
        *value = now;
    return true;
}

bool tsc_msr_adjust(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    (void)msr;
    if (write)
        move(vcpu, *value - vcpu->tsc_adjust);
    else
        *value = vcpu->tsc_adjust;
    return true;
}
