#include "monitor/tdcall.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/metadata.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/pages.h"
#include "monitor/report.h"

#define ACCEPT_LEVEL    0x7u
#define ACCEPT_RESERVED 0xFFF0000000000FF8ull
#define LARGE_BYTES     0x200000u

static const uint8_t tdcall_code[TDCALL_BYTES] = {0x66, 0x0F, 0x01, 0xCC};

bool tdcall_is(const uint8_t code[TDCALL_BYTES])
{
    return !__builtin_memcmp(code, tdcall_code, TDCALL_BYTES);
}

static void finish(struct vcpu *vcpu, uint64_t status)
{
    vcpu_set_register(vcpu, RAX, status);
}

/* RIP moves on first: a leaf may sleep, and a report then names where the guest goes on. */
void tdcall_handle(struct vcpu *vcpu)
{
    uint64_t leaf = vcpu_register(vcpu, RAX);
    const struct policy_call *call =
        policy_call_of(monitor.policy->calls, monitor.policy->call_count, leaf & 0xFFFF);
    vcpu->counts[COUNT_TDCALL]++;
    if (vcpu->vmcb->cpl) {
        vcpu_inject(vcpu, VECTOR_GP, 0);
        return;
    }
    if (!call || leaf >> 24)
        fatal(vcpu, "TDCALL leaf 0x%lx is not known here", leaf);
    vcpu_skip(vcpu, TDCALL_BYTES);
    call->handle(vcpu);
}

void tdcall_vp_info(struct vcpu *vcpu)
{
    uint64_t count = monitor.vcpu_count;
    vcpu_set_register(vcpu, RCX, GUEST_GPAW);
    vcpu_set_register(vcpu, RDX, TDX_ATTRIBUTE_SEPT_VE_DISABLE);
    vcpu_set_register(vcpu, R8, count << 32 | count);
    vcpu_set_register(vcpu, R9, vcpu->index);
    vcpu_set_register(vcpu, R10, 0);
    vcpu_set_register(vcpu, R11, 0);
    finish(vcpu, TDX_SUCCESS);
}

/* Nobody will attest this guest: the measurement is taken and goes nowhere. */
void tdcall_rtmr_extend(struct vcpu *vcpu)
{
    finish(vcpu, TDX_SUCCESS);
}

void tdcall_mr_report(struct vcpu *vcpu)
{
    report_finding(vcpu, "no-attestation", vcpu_register(vcpu, RCX), 0,
                   "TDG.MR.REPORT: this is no real TD, there is nothing to attest");
    finish(vcpu, TDX_OPERAND_INVALID);
}

static uint64_t accept(struct vcpu *vcpu, uint64_t phys, uint64_t bytes)
{
    switch (pages_accept(vcpu, phys, bytes)) {
    case ACCEPT_DONE:
        return TDX_SUCCESS;
    case ACCEPT_ALREADY:
        /* Linux and TDVF fall back to 4 KiB on this, and see there which page it was. */
        if (bytes > PAGE_BYTES)
            return TDX_PAGE_SIZE_MISMATCH;
        report_finding(vcpu, "accept-twice", phys, bytes, "0x%lx is accepted already", phys);
        return TDX_PAGE_ALREADY_ACCEPTED;
    case ACCEPT_SHARED:
        if (bytes > PAGE_BYTES)
            return TDX_PAGE_SIZE_MISMATCH;
        fatal(vcpu, "TDG.MEM.PAGE.ACCEPT of 0x%lx, a shared page: MapGPA it to private first",
              phys);
    default:
        fatal(vcpu, "TDG.MEM.PAGE.ACCEPT of 0x%lx, where the TD has no memory", phys);
    }
}

void tdcall_page_accept(struct vcpu *vcpu)
{
    uint64_t operand = vcpu_register(vcpu, RCX);
    uint64_t level = operand & ACCEPT_LEVEL;
    uint64_t bytes = level == TDX_LEVEL_2M ? LARGE_BYTES : PAGE_BYTES;
    uint64_t phys = operand & ~(uint64_t)ACCEPT_LEVEL;
    if (level > TDX_LEVEL_2M) {
        finish(vcpu, TDX_PAGE_SIZE_MISMATCH); /* 1 GiB: the host has mapped smaller pages */
        return;
    }
    if ((operand & ACCEPT_RESERVED) || phys & GUEST_SHARED_BIT || phys % bytes) {
        finish(vcpu, TDX_OPERAND_INVALID | RCX);
        return;
    }
    finish(vcpu, accept(vcpu, phys, bytes));
}

static void finish_metadata(struct vcpu *vcpu, uint64_t status, uint64_t value)
{
    uint64_t field = vcpu_register(vcpu, RDX);
    if (status == TDX_METADATA_FIELD_ID)
        report_finding(vcpu, "metadata-field-unknown", field, 0, "TD metadata field 0x%lx", field);
    vcpu_set_register(vcpu, R8, value);
    finish(vcpu, status);
}

/* RDX the field; R8 comes back with its value. */
void tdcall_vm_read(struct vcpu *vcpu)
{
    uint64_t value = 0;
    uint64_t status = metadata_read(vcpu_register(vcpu, RDX), &value);
    finish_metadata(vcpu, status, value);
}

/* R8 the value, R9 which of its bits to write; R8 comes back with the old value. */
void tdcall_vm_write(struct vcpu *vcpu)
{
    uint64_t old = 0;
    uint64_t status = metadata_write(vcpu_register(vcpu, RDX), vcpu_register(vcpu, R8),
                                     vcpu_register(vcpu, R9), &old);
    finish_metadata(vcpu, status, old);
}
