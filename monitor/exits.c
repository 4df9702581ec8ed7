#include "monitor/exits.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/cpuid.h"
#include "monitor/decode.h"
#include "monitor/devices.h"
#include "monitor/guest_memory.h"
#include "monitor/hypercall.h"
#include "monitor/monitor.h"
#include "monitor/msr.h"
#include "monitor/nmi.h"
#include "monitor/paging.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/tdcall.h"
#include "monitor/ve.h"
#include "monitor/woken.h"

/* Exit qualification of an I/O instruction (SDM vol. 3, table 28-5). */
#define VE_IO_IN         0x08
#define VE_IO_STRING     0x10
#define VE_IO_REP        0x20
#define VE_IO_IMMEDIATE  0x40
#define VE_IO_PORT_SHIFT 16
#define OPCODE_IO_BY_DX  0x08 /* EC to EF; E4 to E7 have the port in them */

#define VE_REASON_INVD    13
#define VE_REASON_VMCALL  18
#define VE_REASON_MWAIT   36
#define VE_REASON_MONITOR 39

#define HLT_BYTES 1

static const uint8_t vmcall_code[VMCALL_BYTES] = {0x0F, 0x01, 0xC1};

/* Beyond HLT: an interrupt that is pending ends the wait, and is taken there. */
static void sleep(struct vcpu *vcpu)
{
    vcpu_skip(vcpu, HLT_BYTES);
    vcpu_sleep(vcpu, !(vcpu->vmcb->rflags & RFLAGS_IF));
}

static const struct {
    const char *name;
    unsigned bytes;
    uint32_t ve_reason;
    void (*emulate)(struct vcpu *vcpu);
} instructions[POLICY_INSTRUCTIONS] = {
    [POLICY_HLT] = {"HLT", HLT_BYTES, VE_REASON_HLT, sleep},
    [POLICY_WBINVD] = {"WBINVD", 2, VE_REASON_WBINVD, NULL},
    [POLICY_INVD] = {"INVD", 2, VE_REASON_INVD, NULL},
    [POLICY_MONITOR] = {"MONITOR", 3, VE_REASON_MONITOR, NULL},
    [POLICY_MWAIT] = {"MWAIT", 3, VE_REASON_MWAIT, NULL},
    [POLICY_VMCALL] = {"VMCALL", VMCALL_BYTES, VE_REASON_VMCALL, hypercall_handle},
    [POLICY_VMMCALL] = {"VMMCALL", VMCALL_BYTES, 0, hypercall_handle},
    [POLICY_TDCALL] = {"TDCALL", TDCALL_BYTES, 0, tdcall_handle},
};

/* What the profile has for it. */
static void handle_instruction(struct vcpu *vcpu, enum policy_instruction which)
{
    enum policy_action action = monitor.policy->instructions[which];
    if (action == POLICY_VE)
        ve_inject(vcpu, instructions[which].ve_reason, 0, instructions[which].bytes);
    else if (action == POLICY_UD)
        vcpu_inject(vcpu, VECTOR_UD, 0);
    else if (action == POLICY_IGNORE)
        vcpu_skip(vcpu, instructions[which].bytes);
    else if (action == POLICY_EMULATE)
        instructions[which].emulate(vcpu);
    else
        fatal(vcpu, "%s: no action is known for it", instructions[which].name);
}

static void handle_undefined(struct vcpu *vcpu)
{
    uint8_t code[TDCALL_BYTES] = {0};
    uint64_t base = vcpu_is_64(vcpu) ? 0 : vcpu->vmcb->cs.base;
    guest_read(vcpu, base + vcpu->vmcb->rip, code, sizeof(code));
    /* In 64-bit mode only (SDM vol. 2, TDCALL). */
    if (tdcall_is(code) && vcpu_is_64(vcpu))
        handle_instruction(vcpu, POLICY_TDCALL);
    else if (!__builtin_memcmp(code, vmcall_code, sizeof(vmcall_code)))
        handle_instruction(vcpu, POLICY_VMCALL);
    else
        vcpu_inject(vcpu, VECTOR_UD, 0);
}

static void handle_page_fault(struct vcpu *vcpu)
{
    if (vcpu->cr0 & CR0_PG) {
        woken_handle_exception(vcpu);
        return;
    }
    fatal(vcpu, "private access without paging to 0x%lx, where the guest has no memory",
          vcpu->vmcb->exit_info_2);
}

/* Mostly a kick by another CPU: leaving the guest is all it wanted. */
static void handle_nmi(struct vcpu *vcpu)
{
    vcpu_take_nmi(vcpu);
}

static void handle_cpuid(struct vcpu *vcpu)
{
    vcpu->counts[COUNT_CPUID]++;
    cpuid_handle(vcpu);
}

static void handle_msr(struct vcpu *vcpu)
{
    vcpu->counts[COUNT_MSR]++;
    msr_handle(vcpu, vcpu->vmcb->exit_info_1 & 1);
}

/* #VE: the qualification says it all, so that the guest need not decode the instruction. */
static void ask_for_io(struct vcpu *vcpu)
{
    uint64_t info = vcpu->vmcb->exit_info_1;
    uint64_t qualification = (info >> SVM_IOIO_SIZE_SHIFT & 7) - 1; /* 1, 2, 4 bytes: 0, 1, 3 */
    unsigned bytes = (unsigned)(vcpu->vmcb->exit_info_2 - vcpu->vmcb->rip);
    struct instruction instruction;
    qualification |= info & SVM_IOIO_IN ? VE_IO_IN : 0;
    qualification |= info & SVM_IOIO_STRING ? VE_IO_STRING : 0;
    qualification |= info & SVM_IOIO_REP ? VE_IO_REP : 0;
    qualification |= (info >> SVM_IOIO_PORT_SHIFT & 0xFFFF) << VE_IO_PORT_SHIFT;
    /* One byte has no room for an immediate: most need no look at the code. */
    if (!(info & SVM_IOIO_STRING) && bytes > 1 && decode(vcpu, &instruction) &&
        !(instruction.opcode & OPCODE_IO_BY_DX))
        qualification |= VE_IO_IMMEDIATE;
    ve_inject(vcpu, VE_REASON_IO, qualification, bytes);
}

/* A port that the guest may not use by itself. What is refused reads as all ones. */
static void do_io(struct vcpu *vcpu)
{
    uint64_t info = vcpu->vmcb->exit_info_1;
    unsigned bytes = info >> SVM_IOIO_SIZE_SHIFT & 7;
    uint16_t port = (uint16_t)(info >> SVM_IOIO_PORT_SHIFT);
    bool write = !(info & SVM_IOIO_IN);
    uint64_t mask = bytes == 4 ? UINT32_MAX : (1u << bytes * 8) - 1;
    uint32_t value = (uint32_t)(vcpu_register(vcpu, RAX) & mask);
    if (info & SVM_IOIO_STRING)
        fatal(vcpu, "string I/O at port 0x%x, which the guest reaches by IN and OUT only", port);
    if (!devices_io(vcpu, port, bytes, write, &value))
        value = UINT32_MAX;
    if (!write && bytes == 4)
        vcpu_set_register(vcpu, RAX, value);
    else if (!write)
        vcpu_set_register(vcpu, RAX, (vcpu_register(vcpu, RAX) & ~mask) | (value & mask));
    vcpu->vmcb->rip = vcpu->vmcb->exit_info_2;
    vcpu->vmcb->int_shadow = 0;
}

static void handle_io(struct vcpu *vcpu)
{
    vcpu->counts[COUNT_PORT]++;
    if (monitor.policy->instructions[POLICY_IO] == POLICY_EMULATE)
        do_io(vcpu);
    else
        ask_for_io(vcpu);
}

static void handle_hlt(struct vcpu *vcpu)
{
    handle_instruction(vcpu, POLICY_HLT);
}

static void handle_wbinvd(struct vcpu *vcpu)
{
    handle_instruction(vcpu, POLICY_WBINVD);
}

static void handle_invd(struct vcpu *vcpu)
{
    handle_instruction(vcpu, POLICY_INVD);
}

static void handle_monitor(struct vcpu *vcpu)
{
    handle_instruction(vcpu, POLICY_MONITOR);
}

static void handle_mwait(struct vcpu *vcpu)
{
    handle_instruction(vcpu, POLICY_MWAIT);
}

static void handle_vmmcall(struct vcpu *vcpu)
{
    handle_instruction(vcpu, POLICY_VMMCALL);
}

static void handle_nested_fault(struct vcpu *vcpu)
{
    vcpu->counts[COUNT_NESTED_FAULT]++;
    monitor.policy->handle_fault(vcpu);
}

/* No guest has AMD's virtualization: CPUID says so. */
static void handle_foreign(struct vcpu *vcpu)
{
    vcpu_inject(vcpu, VECTOR_UD, 0);
}

static void handle_shutdown(struct vcpu *vcpu)
{
    if (vcpu->last_exception == VECTOR_VE + 1)
        fatal(vcpu,
              "triple fault; the last exception that the monitor injected was a #VE "
              "(reason %u at 0x%lx), which needs a handler",
              vcpu->last_ve_reason, vcpu->last_ve_rip);
    fatal(vcpu, "triple fault (CR2 0x%lx)", vcpu->vmcb->cr2);
}

static void handle_rdpmc(struct vcpu *vcpu)
{
    vcpu_inject(vcpu, VECTOR_GP, 0); /* CPUID shows no guest a performance counter */
}

static void handle_task_switch(struct vcpu *vcpu)
{
    fatal(vcpu, "task switch: not known here");
}

static void handle_init(struct vcpu *vcpu)
{
    fatal(vcpu, "INIT reached the processor, though its sender was refused");
}

static void handle_invalid(struct vcpu *vcpu)
{
    fatal(vcpu,
          "the processor refuses the guest's state (cr0 0x%lx cr3 0x%lx cr4 0x%lx efer 0x%lx)",
          vcpu->vmcb->cr0, vcpu->vmcb->cr3, vcpu->vmcb->cr4, vcpu->vmcb->efer);
}

static const struct {
    uint64_t first, last;
    void (*handle)(struct vcpu *vcpu);
} exits[] = {
    {SVM_EXIT_EXCEPTION + VECTOR_UD, SVM_EXIT_EXCEPTION + VECTOR_UD, handle_undefined},
    {SVM_EXIT_NPF, SVM_EXIT_NPF, handle_nested_fault},
    {SVM_EXIT_MSR, SVM_EXIT_MSR, handle_msr},
    {SVM_EXIT_CPUID, SVM_EXIT_CPUID, handle_cpuid},
    {SVM_EXIT_IOIO, SVM_EXIT_IOIO, handle_io},
    {SVM_EXIT_HLT, SVM_EXIT_HLT, handle_hlt},
    {SVM_EXIT_NMI, SVM_EXIT_NMI, handle_nmi},
    {SVM_EXIT_IRET, SVM_EXIT_IRET, nmi_handle_iret},
    {SVM_EXIT_EXCEPTION + VECTOR_DB, SVM_EXIT_EXCEPTION + VECTOR_DB, step_handle_debug},
    {SVM_EXIT_READ_CR0, SVM_EXIT_LAST_CR, paging_handle_exit},
    {SVM_EXIT_WBINVD, SVM_EXIT_WBINVD, handle_wbinvd},
    {SVM_EXIT_INVD, SVM_EXIT_INVD, handle_invd},
    {SVM_EXIT_MONITOR, SVM_EXIT_MONITOR, handle_monitor},
    {SVM_EXIT_MWAIT, SVM_EXIT_MWAIT + 1, handle_mwait},
    {SVM_EXIT_RDPMC, SVM_EXIT_RDPMC, handle_rdpmc},
    {SVM_EXIT_VMMCALL, SVM_EXIT_VMMCALL, handle_vmmcall},
    {SVM_EXIT_VMRUN, SVM_EXIT_SKINIT, handle_foreign},
    {SVM_EXIT_INVLPGA, SVM_EXIT_INVLPGA, handle_foreign},
    {SVM_EXIT_EXCEPTION + VECTOR_PF, SVM_EXIT_EXCEPTION + VECTOR_PF, handle_page_fault},
    {SVM_EXIT_EXCEPTION, SVM_EXIT_EXCEPTION + 31, woken_handle_exception},
    {SVM_EXIT_SHUTDOWN, SVM_EXIT_SHUTDOWN, handle_shutdown},
    {SVM_EXIT_TASK, SVM_EXIT_TASK, handle_task_switch},
    {SVM_EXIT_INIT, SVM_EXIT_INIT, handle_init},
    {SVM_EXIT_INVALID, SVM_EXIT_INVALID, handle_invalid},
};

void exits_handle(struct vcpu *vcpu)
{
    uint64_t code = vcpu->vmcb->exit_code;
    for (unsigned i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        if (code >= exits[i].first && code <= exits[i].last) {
            exits[i].handle(vcpu);
            return;
        }
    fatal(vcpu, "exit 0x%lx (info 0x%lx, 0x%lx): nobody asked for it", code,
          vcpu->vmcb->exit_info_1, vcpu->vmcb->exit_info_2);
}
