#include "monitor/msr.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/monitor.h"
#include "monitor/paging.h"
#include "monitor/report.h"
#include "monitor/ve.h"

#define MSR_BYTES           2
#define MISC_ENABLE_STRINGS 1u

static uint64_t operand(const struct vcpu *vcpu)
{
    return vcpu_register(vcpu, RDX) << 32 | (uint32_t)vcpu_register(vcpu, RAX);
}

static void emulate(struct vcpu *vcpu, const struct policy_msr *rule, uint32_t msr, bool write)
{
    uint64_t value = write ? operand(vcpu) : 0;
    if (!rule->emulate(vcpu, msr, write, &value)) {
        vcpu_inject(vcpu, VECTOR_GP, 0);
        return;
    }
    if (!write) {
        vcpu_set_register(vcpu, RAX, (uint32_t)value);
        vcpu_set_register(vcpu, RDX, value >> 32);
    }
    vcpu_skip(vcpu, MSR_BYTES);
}

static void refuse(const struct vcpu *vcpu, const struct policy_msr *rule, uint32_t msr, bool write,
                   uint64_t value)
{
    report_finding(vcpu, write ? "msr-write-refused" : "msr-read-refused", msr, value,
                   "the host does not %s MSR 0x%x (%s)", write ? "write" : "read", msr,
                   rule ? rule->name : "in no table");
}

static void skip(struct vcpu *vcpu, bool write)
{
    if (!write) {
        vcpu_set_register(vcpu, RAX, 0);
        vcpu_set_register(vcpu, RDX, 0);
    }
    vcpu_skip(vcpu, MSR_BYTES);
}

void msr_handle(struct vcpu *vcpu, bool write)
{
    uint32_t msr = (uint32_t)vcpu_register(vcpu, RCX);
    const struct policy_msr *rule = policy_msr_of(msr);
    enum policy_action action = !rule ? POLICY_REFUSE : write ? rule->write : rule->read;
    switch (action) {
    case POLICY_EMULATE:
        emulate(vcpu, rule, msr, write);
        break;
    case POLICY_VE:
        ve_inject(vcpu, write ? VE_REASON_WRMSR : VE_REASON_RDMSR, 0, MSR_BYTES);
        break;
    case POLICY_IGNORE:
        skip(vcpu, write);
        break;
    case POLICY_REFUSE:
        refuse(vcpu, rule, msr, write, write ? operand(vcpu) : 0);
        vcpu_inject(vcpu, VECTOR_GP, 0);
        break;
    case POLICY_ABSENT:
    case POLICY_GP:
        vcpu_inject(vcpu, VECTOR_GP, 0);
        break;
    default:
        fatal(vcpu, "%s of MSR 0x%x: no action is known for it", write ? "write" : "read", msr);
    }
}

bool msr_ask_host(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    const struct policy_msr *rule = policy_msr_of(msr);
    enum policy_action action = !rule ? POLICY_REFUSE : write ? rule->host_write : rule->host_read;
    if (action == POLICY_EMULATE && rule->emulate(vcpu, msr, write, value))
        return true;
    if (action == POLICY_IGNORE) {
        if (!write)
            *value = 0;
        return true;
    }
    if (action != POLICY_ABSENT)
        refuse(vcpu, rule, msr, write, *value);
    return false;
}

bool msr_efer(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    (void)msr;
    if (write)
        return paging_write_efer(vcpu, *value);
    *value = vcpu->efer;
    return true;
}

/* The guest's APIC is in x2APIC mode for good. */
bool msr_apic_base(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    uint64_t base = APIC_DEFAULT_PHYS | APIC_BASE_ENABLED | APIC_BASE_X2APIC;
    (void)msr;
    if (vcpu->index == 0)
        base |= APIC_BASE_BSP;
    if (write)
        return *value == base;
    *value = base;
    return true;
}

bool msr_misc_enable(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    (void)vcpu;
    (void)msr;
    if (write)
        return *value == MISC_ENABLE_STRINGS;
    *value = MISC_ENABLE_STRINGS;
    return true;
}

/* Memory types (SDM vol. 3, 11.12.2): UC, WC, WT, WP, WB, UC-. */
bool msr_is_pat(uint64_t value)
{
    const unsigned types = 1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7;
    for (unsigned field = 0; field < 8; field++) {
        uint64_t type = value >> (8 * field) & 0xFF;
        if (type > 7 || !(types >> type & 1))
            return false;
    }
    return true;
}

/* The guest's own is in its VMCB. QEMU leaves the processor's alone on the way in and out. */
bool msr_pat(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    (void)msr;
    if (!write)
        *value = vcpu->vmcb->pat;
    else if (msr_is_pat(*value))
        vcpu->vmcb->pat = *value;
    else
        return false;
    return true;
}
