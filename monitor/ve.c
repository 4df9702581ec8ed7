#include "monitor/ve.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/report.h"

/* Exit qualification of an EPT violation (SDM vol. 3, table 28-7). */
#define EPT_READ         0x01
#define EPT_WRITE        0x02
#define EPT_FETCH        0x04
#define EPT_LINEAR_VALID 0x80
#define EPT_FINAL        0x100

static enum count count_of(uint32_t reason)
{
    switch (reason) {
    case VE_REASON_CPUID:
        return COUNT_VE_CPUID;
    case VE_REASON_HLT:
        return COUNT_VE_HLT;
    case VE_REASON_IO:
        return COUNT_VE_IO;
    case VE_REASON_RDMSR:
        return COUNT_VE_RDMSR;
    case VE_REASON_WRMSR:
        return COUNT_VE_WRMSR;
    case VE_REASON_EPT_VIOLATION:
        return COUNT_VE_MMIO;
    default:
        return COUNT_VE_OTHER;
    }
}

static void inject(struct vcpu *vcpu, const struct ve_info *info)
{
    vcpu->counts[count_of(info->reason)]++;
    if (vcpu->ve.valid) {
        /* As the TDX module does it: the information of the first must not be lost. */
        report_finding(vcpu, "ve-before-veinfo", vcpu->last_ve_rip, info->reason,
                       "a #VE (reason %u) before TDG.VP.VEINFO.GET was asked about the last one "
                       "(reason %u at 0x%lx): #DF",
                       info->reason, vcpu->ve.reason, vcpu->last_ve_rip);
        vcpu_inject(vcpu, VECTOR_DF, 0);
        return;
    }
    vcpu->ve = *info;
    vcpu->last_ve_rip = vcpu->vmcb->rip;
    vcpu->last_ve_reason = info->reason;
    vcpu_inject(vcpu, VECTOR_VE, 0);
}

void ve_inject(struct vcpu *vcpu, uint32_t reason, uint64_t qualification, unsigned bytes)
{
    struct ve_info info = {
        .valid = true,
        .reason = reason,
        .qualification = qualification,
        .instruction_bytes = bytes,
    };
    inject(vcpu, &info);
}

void ve_inject_access(struct vcpu *vcpu, uint64_t linear, uint64_t phys, bool write, bool fetch)
{
    struct ve_info info = {
        .valid = true,
        .reason = VE_REASON_EPT_VIOLATION,
        .qualification = EPT_LINEAR_VALID | EPT_FINAL |
                         (fetch   ? EPT_FETCH
                          : write ? EPT_WRITE
                                  : EPT_READ),
        .linear = linear,
        .physical = phys,
    };
    inject(vcpu, &info);
}

void ve_get_info(struct vcpu *vcpu)
{
    if (!vcpu->ve.valid) {
        vcpu_set_register(vcpu, RAX, TDX_NO_VALID_VE_INFO);
        return;
    }
    vcpu_set_register(vcpu, RCX, vcpu->ve.reason);
    vcpu_set_register(vcpu, RDX, vcpu->ve.qualification);
    vcpu_set_register(vcpu, R8, vcpu->ve.linear);
    vcpu_set_register(vcpu, R9, vcpu->ve.physical);
    vcpu_set_register(vcpu, R10, vcpu->ve.instruction_bytes);
    vcpu_set_register(vcpu, RAX, TDX_SUCCESS);
    vcpu->ve.valid = false;
}
