#include "monitor/vcpu.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "lib/atomic.h"
#include "monitor/apic.h"
#include "monitor/exits.h"
#include "monitor/instructions.h"
#include "monitor/monitor.h"
#include "monitor/nmi.h"
#include "monitor/npt.h"
#include "monitor/observe.h"
#include "monitor/paging.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/tsc.h"
#include "monitor/witness.h"
#include "monitor/woken.h"

#define TD_EFER      (EFER_SCE | EFER_LME | EFER_NXE) /* LME: TD firmware does not set it itself */
#define DR6_RESET    0xFFFF0FF0
#define DR7_RESET    0x00000400
#define PAT_RESET    0x0007040600070406
#define TD_FLAT_CODE 0x08
#define TD_FLAT_DATA 0x10
#define RESET_EIP    0xFFFFFFF0
#define CR4_ALIGNED  ((uint64_t)(CR4_PSE | CR4_PGE | CR4_SMEP | CR4_SMAP))

static struct svm_vmcb vmcbs[MONITOR_MOST_VCPUS][3] __attribute__((aligned(PAGE_BYTES)));
static uint8_t host_saves[MONITOR_MOST_VCPUS][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint8_t msrpm[SVM_MSRPM_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint8_t iopm[SVM_IOPM_BYTES] __attribute__((aligned(PAGE_BYTES)));

static void init_intercepts(struct svm_vmcb *vmcb)
{
    vmcb->intercept_1 = SVM_INTERCEPT_NMI | SVM_INTERCEPT_SMI | SVM_INTERCEPT_INIT |
                        SVM_INTERCEPT_RDPMC | SVM_INTERCEPT_CPUID | SVM_INTERCEPT_RSM |
                        SVM_INTERCEPT_INVD | SVM_INTERCEPT_HLT | SVM_INTERCEPT_INVLPGA |
                        SVM_INTERCEPT_IOIO | SVM_INTERCEPT_MSR | SVM_INTERCEPT_TASK |
                        SVM_INTERCEPT_SHUTDOWN;
    vmcb->intercept_2 = SVM_INTERCEPT_VMRUN | SVM_INTERCEPT_VMMCALL | SVM_INTERCEPT_VMLOAD |
                        SVM_INTERCEPT_VMSAVE | SVM_INTERCEPT_STGI | SVM_INTERCEPT_CLGI |
                        SVM_INTERCEPT_SKINIT | SVM_INTERCEPT_WBINVD | SVM_INTERCEPT_MONITOR |
                        SVM_INTERCEPT_MWAIT;
    vmcb->msrpm_phys = (uint64_t)msrpm;
    vmcb->iopm_phys = (uint64_t)iopm;
    vmcb->nested_control = SVM_NESTED_PAGING;
}

/* 32-bit protected mode, flat, at the end of 4 GiB (TDX module, initial state of a TD's CPU). */
static void init_state(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = vcpu->vmcb;
    struct svm_segment data = {TD_FLAT_DATA, SVM_SEGMENT_DATA, UINT32_MAX, 0};
    uint32_t features[4];
    read_cpuid(CPUID_FEATURES, 0, features);
    vmcb->cs = (struct svm_segment){TD_FLAT_CODE, SVM_SEGMENT_CODE32, UINT32_MAX, 0};
    vmcb->ss = vmcb->ds = vmcb->es = vmcb->fs = vmcb->gs = data;
    vmcb->gdtr.limit = vmcb->idtr.limit = 0xFFFF;
    vmcb->ldtr = (struct svm_segment){0, SVM_SEGMENT_LDT, 0xFFFF, 0};
    vmcb->tr = (struct svm_segment){0, SVM_SEGMENT_TSS, 0xFFFF, 0};
    vmcb->rflags = RFLAGS_FIXED;
    vmcb->rip = RESET_EIP;
    vmcb->dr6 = DR6_RESET;
    vmcb->dr7 = DR7_RESET;
    vmcb->pat = PAT_RESET;
    vcpu->cr0 = CR0_PE | CR0_ET | CR0_NE;
    vcpu->cr4 = CR4_MCE;
    vcpu->efer = TD_EFER;
    vcpu->registers.value[RBX] = GUEST_GPAW;
    vcpu->registers.value[RCX] = monitor.hob_phys;
    vcpu->registers.value[RDX] = features[0];
    vcpu->registers.value[RSI] = vcpu->index;
    vcpu->registers.value[R8] = monitor.hob_phys;
}

enum vcpu_start { START_WAITS, START_BEGINS, START_DONE };

/*
 * The guest's own VTL is the highest there is, as the first VP finds it; VTL 0 is on every VP from
 * the beginning (TLFS, 15).
 */
static void init_vp(struct vcpu *vcpu)
{
    bool is_first = vcpu->index == 0;
    vcpu->vp_index =
        is_first || !monitor.vp_index_shuffled ? vcpu->index : monitor.vcpu_count - vcpu->index;
    word_store_release(&vcpu->start, is_first || !monitor.vps_wait ? START_DONE : START_WAITS);
    word_store_release(&vcpu->vtls[0], 1);
    word_store_release(&vcpu->vtls[HYPERV_HIGHEST_VTL], is_first);
}

void vcpu_init(struct vcpu *vcpu, uint32_t index, uint32_t apic_id)
{
    if (index == 0) {
        policy_fill_msrpm(msrpm);
        policy_fill_iopm(iopm);
    }
    vcpu->index = index;
    vcpu->apic_id = apic_id;
    vcpu->vmcb = &vmcbs[index][0];
    vcpu->idle = &vmcbs[index][1];
    vcpu->host = &vmcbs[index][2];
    init_intercepts(vcpu->vmcb);
    vcpu->vmcb->asid = 1;
    tsc_start(vcpu, monitor.tsc_skew);
    init_vp(vcpu);
    init_state(vcpu);
    paging_apply(vcpu);
}

/* No code of the monitor's uses vector registers: they are as the guest left them. */
void vcpu_vector(const struct vcpu *vcpu, unsigned number, uint64_t value[2])
{
    struct fxsave_area area;
    (void)vcpu;
    save_vectors(&area);
    memcpy(value, area.xmm[number], sizeof(area.xmm[number]));
}

static bool has_error_code(unsigned vector)
{
    return vector == VECTOR_DF || (vector >= 10 && vector <= 14) || vector == 17;
}

void vcpu_inject(struct vcpu *vcpu, unsigned vector, uint32_t error_code)
{
    uint64_t event = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | vector;
    step_end(vcpu);
    woken_trap(vcpu, vector);
    if (has_error_code(vector))
        event |= SVM_EVENT_ERROR_CODE | (uint64_t)error_code << 32;
    if (vcpu->vmcb->event_inject & SVM_EVENT_VALID)
        fatal(vcpu, "exception %u while event 0x%lx is being delivered", vector,
              vcpu->vmcb->event_inject);
    vcpu->vmcb->event_inject = event;
    vcpu->last_exception = vector + 1;
}

/*
 * One NMI for each time that the flag goes up, so that none is taken for the host's. Where it is up
 * already an NMI is under way, and whoever takes it sees what this caller wants as well.
 */
void vcpu_kick(struct vcpu *vcpu)
{
    if (!word_exchange(&vcpu->kicked, 1) &&
        muster_apic_send_nmi(&monitor.platform, vcpu->apic_id) != MUSTER_OK)
        word_store_release(&vcpu->kicked, 0);
}

void vcpu_send_nmi(struct vcpu *vcpu)
{
    word_store_release(&vcpu->guest_nmi, 1);
    vcpu_kick(vcpu);
}

/*
 * An NMI that no CPU has sent comes from the host (QEMU's inject-nmi): it wants to know where a
 * guest that does not get on is. The flag goes down last: a kick that comes then sends one more.
 */
void vcpu_take_nmi(struct vcpu *vcpu)
{
    vcpu->counts[COUNT_NMI]++;
    take_nmi();
    if (!word_exchange(&vcpu->kicked, 0))
        report_where(vcpu);
}

/*
 * The idle guest runs on the monitor's own page tables and code, so it needs no memory of the
 * real guest's and no state but this.
 */
static void init_idle(struct vcpu *vcpu)
{
    struct svm_vmcb *idle = vcpu->idle;
    idle->intercept_1 = SVM_INTERCEPT_INTR | SVM_INTERCEPT_NMI | SVM_INTERCEPT_SHUTDOWN;
    idle->intercept_2 = SVM_INTERCEPT_VMRUN;
    idle->asid = 2;
    idle->cs = (struct svm_segment){MUSTER_KERNEL_CS, SVM_SEGMENT_CODE64, UINT32_MAX, 0};
    idle->ss = (struct svm_segment){MUSTER_KERNEL_DS, SVM_SEGMENT_DATA, UINT32_MAX, 0};
    idle->ds = idle->es = idle->ss;
    idle->efer = read_msr(MSR_EFER);
    idle->cr0 = read_cr0();
    idle->cr3 = read_cr3();
    idle->cr4 = read_cr4();
    idle->dr6 = DR6_RESET;
    idle->dr7 = DR7_RESET;
    /* VMLOAD takes the rest from here: it is the monitor's own. */
    save_host_state((uint64_t)idle);
}

/* Until an interrupt or an NMI is pending: gives which. An NMI has been taken. */
static uint64_t sleep_once(struct vcpu *vcpu, bool blocked)
{
    struct guest_registers none = {0};
    vcpu->idle->rip = (uint64_t)idle_guest;
    vcpu->idle->rflags = RFLAGS_FIXED | (blocked ? 0 : RFLAGS_IF);
    vcpu->idle->int_shadow = 0;
    vcpu->idle->cr4 = read_cr4();
    vmrun_enter(&none, (uint64_t)vcpu->idle, (uint64_t)vcpu->host);
    if (vcpu->idle->exit_code == SVM_EXIT_NMI)
        vcpu_take_nmi(vcpu);
    else if (vcpu->idle->exit_code != SVM_EXIT_INTR)
        fatal(vcpu, "the idle guest exited with code 0x%lx at 0x%lx", vcpu->idle->exit_code,
              vcpu->idle->rip);
    return vcpu->idle->exit_code;
}

/*
 * An NMI that ends the wait is a kick between the monitor's CPUs unless somebody has said that it
 * is the guest's: a guest must never see a kick as a wake (CPUs parked by a kernel that is gone
 * would wake up in memory that has been overwritten).
 */
void vcpu_sleep(struct vcpu *vcpu, bool blocked)
{
    vcpu->counts[COUNT_SLEEP]++;
    while (!nmi_is_due(vcpu) && sleep_once(vcpu, blocked) == SVM_EXIT_NMI)
        ;
}

void vcpu_doze(struct vcpu *vcpu)
{
    vcpu->counts[COUNT_SLEEP]++;
    sleep_once(vcpu, true);
}

bool vcpu_is_started(const struct vcpu *vcpu)
{
    return word_load_acquire(&vcpu->start) == START_DONE;
}

bool vcpu_begin_start(struct vcpu *vcpu)
{
    return word_move(&vcpu->start, START_WAITS, START_BEGINS);
}

void vcpu_end_start(struct vcpu *vcpu, bool go)
{
    word_store_release(&vcpu->start, go ? START_DONE : START_WAITS);
    if (go)
        vcpu_kick(vcpu);
}

/* GIF is clear: a kick between the look and the sleep is pending, and ends the sleep at once. */
static void wait_for_start(struct vcpu *vcpu)
{
    while (!vcpu_is_started(vcpu))
        sleep_once(vcpu, true);
}

/*
 * QEMU flushes its TLB whenever one of these bits changes, on the way in and on the way out; most
 * of an exit's cost is such flushes. The monitor has no user pages and no global ones: to it they
 * make no difference.
 */
static void take_over_cr4(const struct vcpu *vcpu)
{
    uint64_t own = read_cr4();
    uint64_t wanted = (own & ~CR4_ALIGNED) | (vcpu->vmcb->cr4 & CR4_ALIGNED);
    if (wanted != own)
        write_cr4(wanted);
}

static void enter(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->in_guest.value, 1, __ATOMIC_SEQ_CST);
    uint32_t generation = npt_generation();
    if (generation != word_load_relaxed(&vcpu->entered_generation))
        vcpu->vmcb->tlb_control = SVM_TLB_FLUSH_ALL;
    word_store_release(&vcpu->entered_generation, generation);
    witness_before_entry(vcpu);
    take_over_cr4(vcpu);
    vmrun_enter(&vcpu->registers, (uint64_t)vcpu->vmcb, (uint64_t)vcpu->host);
    word_store_release(&vcpu->in_guest, 0);
    vcpu->vmcb->tlb_control = 0;
}

/* An event that the exit cut off is delivered again; EXITINTINFO is stale without its valid bit. */
static void keep_event(struct vcpu *vcpu)
{
    uint64_t cut_off = vcpu->vmcb->exit_int_info;
    vcpu->vmcb->event_inject = cut_off & SVM_EVENT_VALID ? cut_off : 0;
}

void vcpu_run(struct vcpu *vcpu)
{
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SVME); /* CLGI is #UD before */
    global_interrupts_off();
    word_store_release(&vcpu->kicked, 0); /* an NMI from before has gone by unseen */
    write_msr(MSR_VM_HSAVE_PA, (uint64_t)host_saves[vcpu->index]);
    save_host_state((uint64_t)vcpu->host);
    init_idle(vcpu);
    apic_init(vcpu);
    wait_for_start(vcpu);
    for (;;) {
        observe_before_entry(vcpu);
        nmi_inject(vcpu);
        enter(vcpu);
        vcpu->counts[COUNT_EXITS]++;
        paging_fetch(vcpu);
        keep_event(vcpu);
        exits_handle(vcpu);
    }
}
