#include "monitor/tdvmcall.h"

#include "abi/hyperv.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/cpuid.h"
#include "monitor/devices.h"
#include "monitor/hypercall.h"
#include "monitor/monitor.h"
#include "monitor/msr.h"
#include "monitor/npt.h"
#include "monitor/pages.h"
#include "monitor/report.h"
#include "monitor/tdcall.h"
#include "monitor/witness.h"

#define FATAL_TEXT_BYTES 64

/* RCX says which registers the module shows to the host, and takes back from it. */
static bool is_exposed(const struct vcpu *vcpu, enum guest_register number)
{
    return vcpu_register(vcpu, RCX) >> number & 1;
}

static uint64_t argument(const struct vcpu *vcpu, enum guest_register number)
{
    return is_exposed(vcpu, number) ? vcpu_register(vcpu, number) : 0;
}

static void result(struct vcpu *vcpu, enum guest_register number, uint64_t value)
{
    if (is_exposed(vcpu, number))
        vcpu_set_register(vcpu, number, value);
}

static void finish(struct vcpu *vcpu, bool done)
{
    result(vcpu, R10, done ? TDVMCALL_SUCCESS : TDVMCALL_INVALID_OPERAND);
}

/*
 * R10 != 0: a vendor's own calls, which are Hyper-V's here or nobody's (GHCI, 2.4.1). The control
 * word is in R10, the result comes back in R11; R10 is not touched.
 */
static void call_vendor(struct vcpu *vcpu)
{
    struct hypercall call = {
        .control = argument(vcpu, R10),
        .input_phys = argument(vcpu, RDX),
        .output_phys = argument(vcpu, R8),
    };
    if (monitor.hypercalls) {
        result(vcpu, R11, hypercall_do(vcpu, &call));
        return;
    }
    report_finding(vcpu, "hypercall-unknown", call.control, argument(vcpu, R11),
                   "hypercall 0x%lx: this host has none of a vendor's own (option "
                   "hypercalls=hyperv)",
                   call.control);
    result(vcpu, R11, HYPERV_INVALID_CODE);
}

/* RAX, RCX and RSP can never be shown (TDX module ABI, TDG.VP.VMCALL). */
void tdcall_vp_vmcall(struct vcpu *vcpu)
{
    uint64_t mask = vcpu_register(vcpu, RCX);
    vcpu->counts[COUNT_TDVMCALL]++;
    if (mask & (1u << RAX | 1u << RCX | 1u << RSP) || mask >> GUEST_REGISTERS) {
        vcpu_set_register(vcpu, RAX, TDX_OPERAND_INVALID | RCX);
        return;
    }
    vcpu_set_register(vcpu, RAX, TDX_SUCCESS);
    if (argument(vcpu, R10) == MUSTER_CALL_WATCH) {
        finish(vcpu,
               witness_call(vcpu, argument(vcpu, R11), argument(vcpu, R12), argument(vcpu, R13)));
        return;
    }
    if (argument(vcpu, R10)) {
        call_vendor(vcpu);
        return;
    }
    const struct policy_call *call = policy_call_of(
        monitor.policy->host_calls, monitor.policy->host_call_count, argument(vcpu, R11));
    if (!call)
        fatal(vcpu, "TDG.VP.VMCALL 0x%lx is not known here", argument(vcpu, R11));
    call->handle(vcpu);
}

void tdvmcall_cpuid(struct vcpu *vcpu)
{
    uint32_t out[4] = {0};
    uint32_t leaf = (uint32_t)argument(vcpu, R12);
    if (!cpuid_ask_host(vcpu, leaf, (uint32_t)argument(vcpu, R13), out))
        fatal(vcpu, "CPUID leaf 0x%x is not known here", leaf);
    for (unsigned i = 0; i < 4; i++)
        result(vcpu, (enum guest_register)(R12 + i), out[i]);
    finish(vcpu, true);
}

void tdvmcall_hlt(struct vcpu *vcpu)
{
    vcpu_sleep(vcpu, argument(vcpu, R12) & 1);
    finish(vcpu, true);
}

static bool is_io_size(uint64_t bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4;
}

void tdvmcall_io(struct vcpu *vcpu)
{
    uint64_t bytes = argument(vcpu, R12);
    uint64_t port = argument(vcpu, R14);
    bool write = argument(vcpu, R13);
    uint32_t value = (uint32_t)argument(vcpu, R15);
    bool done = is_io_size(bytes) && argument(vcpu, R13) <= 1 && port <= UINT16_MAX &&
                devices_io(vcpu, (uint16_t)port, (unsigned)bytes, write, &value);
    if (done && !write)
        result(vcpu, R11, value);
    finish(vcpu, done);
}

void tdvmcall_rdmsr(struct vcpu *vcpu)
{
    uint64_t value = 0;
    bool done = msr_ask_host(vcpu, (uint32_t)argument(vcpu, R12), false, &value);
    if (done)
        result(vcpu, R11, value);
    finish(vcpu, done);
}

void tdvmcall_wrmsr(struct vcpu *vcpu)
{
    uint64_t value = argument(vcpu, R13);
    finish(vcpu, msr_ask_host(vcpu, (uint32_t)argument(vcpu, R12), true, &value));
}

void tdvmcall_mmio(struct vcpu *vcpu)
{
    uint64_t bytes = argument(vcpu, R12);
    uint64_t phys = argument(vcpu, R14) & ~GUEST_SHARED_BIT;
    bool write = argument(vcpu, R13);
    uint64_t value = argument(vcpu, R15);
    bool done = (is_io_size(bytes) || bytes == 8) && argument(vcpu, R13) <= 1 &&
                devices_mmio(vcpu, phys, (unsigned)bytes, write, &value);
    if (done && !write)
        result(vcpu, R11, value);
    finish(vcpu, done);
}

/* No call beyond the base set is offered. */
void tdvmcall_get_info(struct vcpu *vcpu)
{
    for (unsigned i = R11; i <= R14; i++)
        result(vcpu, (enum guest_register)i, 0);
    finish(vcpu, true);
}

void tdvmcall_map_gpa(struct vcpu *vcpu)
{
    uint64_t start = argument(vcpu, R12);
    uint64_t bytes = argument(vcpu, R13);
    bool shared = start & GUEST_SHARED_BIT;
    bool aligned = (start | bytes) % PAGE_BYTES == 0;
    if (aligned && pages_convert(vcpu, start & ~GUEST_SHARED_BIT, bytes, shared)) {
        finish(vcpu, true);
        return;
    }
    report_finding(
        vcpu, "map-gpa-refused", start, bytes, "MapGPA of 0x%lx bytes at 0x%lx to %s: %s", bytes,
        start, shared ? "shared" : "private",
        aligned ? "not memory of this TD's, or its firmware's image" : "not whole pages of 4 KiB");
    result(vcpu, R10, aligned ? TDVMCALL_INVALID_OPERAND : TDVMCALL_ALIGN_ERROR);
    result(vcpu, R11, start);
}

void tdvmcall_get_quote(struct vcpu *vcpu)
{
    report_finding(vcpu, "no-attestation", argument(vcpu, R12), argument(vcpu, R11),
                   "the host has no quote and sends no notice: this is no real TD");
    finish(vcpu, false);
}

/* GHCI, ReportFatalError: up to 64 bytes of text in these registers, in this order. */
void tdvmcall_fatal_error(struct vcpu *vcpu)
{
    static const enum guest_register order[] = {R14, R15, RBX, RDI, RSI, R8, R9, RDX};
    char text[FATAL_TEXT_BYTES + 1];
    for (unsigned i = 0; i < FATAL_TEXT_BYTES; i++) {
        uint8_t c = (uint8_t)(argument(vcpu, order[i / 8]) >> (i % 8 * 8));
        text[i] = (char)(c < 0x80 ? c : '?');
    }
    text[FATAL_TEXT_BYTES] = 0;
    fatal(vcpu, "the guest reports a fatal error of its own (0x%lx): %s", argument(vcpu, R12),
          text);
}
