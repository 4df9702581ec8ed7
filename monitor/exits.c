#include "monitor/exits.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/cpuid.h"
#include "monitor/decode.h"
#include "monitor/faults.h"
#include "monitor/guest_memory.h"
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

static const uint8_t vmcall_code[] = {0x0F, 0x01, 0xC1};

static void handle_undefined(struct vcpu *vcpu)
{
    uint8_t code[TDCALL_BYTES] = {0};
    uint64_t base = vcpu_is_64(vcpu) ? 0 : vcpu->vmcb->cs.base;
    guest_read(vcpu, base + vcpu->vmcb->rip, code, sizeof(code));
    /* In 64-bit mode only (SDM vol. 2, TDCALL). */
    if (tdcall_is(code) && vcpu_is_64(vcpu))
        tdcall_handle(vcpu);
    else if (!__builtin_memcmp(code, vmcall_code, sizeof(vmcall_code)))
        ve_inject(vcpu, VE_REASON_VMCALL, 0, sizeof(vmcall_code));
    else
        vcpu_inject(vcpu, VECTOR_UD, 0);
}

static void handle_page_fault(struct vcpu *vcpu)
{
    if (vcpu->cr0 & CR0_PG) {
        woken_handle_exception(vcpu);
        return;
    }
    fatal(vcpu, "private access without paging to 0x%lx, where the TD has no memory",
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

static void handle_io(struct vcpu *vcpu)
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

static void handle_hlt(struct vcpu *vcpu)
{
    ve_inject(vcpu, VE_REASON_HLT, 0, 1);
}

static void handle_wbinvd(struct vcpu *vcpu)
{
    ve_inject(vcpu, VE_REASON_WBINVD, 0, 2);
}

static void handle_invd(struct vcpu *vcpu)
{
    ve_inject(vcpu, VE_REASON_INVD, 0, 2);
}

static void handle_monitor(struct vcpu *vcpu)
{
    ve_inject(vcpu, VE_REASON_MONITOR, 0, 3);
}

static void handle_mwait(struct vcpu *vcpu)
{
    ve_inject(vcpu, VE_REASON_MWAIT, 0, 3);
}

/* AMD's own instructions do not exist on the processor that a TD runs on. */
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
    vcpu_inject(vcpu, VECTOR_GP, 0); /* PERFMON is not among this TD's attributes */
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
    {SVM_EXIT_NPF, SVM_EXIT_NPF, fault_handle},
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
