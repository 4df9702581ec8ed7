#include "monitor/paging.h"

#include "abi/x86.h"
#include "lib/atomic.h"
#include "monitor/cpuid.h"
#include "monitor/decode.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/witness.h"
#include "monitor/woken.h"

#define CR4_VMXE 0x00002000u
/* Bits that mean something only with the guest's own page tables. */
#define CR4_OF_PAGING (CR4_PAE | CR4_PGE | CR4_LA57 | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE)
#define CR0_KNOWN                                                                                  \
    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD |     \
     CR0_PG)
#define CR3_NO_FLUSH (1ull << 63) /* with PCIDs; never part of the register */
#define EFER_KNOWN   (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

static enum npt_view view_of(const struct vcpu *vcpu)
{
    return (enum npt_view)word_load_relaxed(&vcpu->view);
}

static void apply_paged(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = vcpu->vmcb;
    vmcb->cr3 = vcpu->cr3;
    vmcb->cr4 = vcpu->cr4;
    vmcb->efer = vcpu->efer | EFER_SVME;
    vmcb->nested_cr3 = npt_root(vcpu, view_of(vcpu));
    vmcb->intercept_cr = SVM_INTERCEPT_CR_WRITE(0) | SVM_INTERCEPT_CR_WRITE(4);
    if (witness_awaits_cr3(vcpu))
        vmcb->intercept_cr |= SVM_INTERCEPT_CR_WRITE(3);
    vmcb->intercept_exceptions = 1u << VECTOR_UD | woken_exceptions(vcpu) | step_exceptions(vcpu);
}

/* See npt.c: no guest may run with paging really off. EFER.LME would ask for PAE. */
static void apply_unpaged(struct vcpu *vcpu)
{
    struct svm_vmcb *vmcb = vcpu->vmcb;
    vmcb->cr3 = npt_identity_phys();
    vmcb->cr4 = (vcpu->cr4 & ~(uint64_t)CR4_OF_PAGING) | CR4_PSE;
    vmcb->efer = (vcpu->efer & ~(uint64_t)(EFER_LME | EFER_LMA)) | EFER_SVME;
    vmcb->nested_cr3 = npt_unpaged_root(vcpu, view_of(vcpu));
    vmcb->intercept_cr = SVM_INTERCEPT_CR_READ(0) | SVM_INTERCEPT_CR_READ(3) |
                         SVM_INTERCEPT_CR_READ(4) | SVM_INTERCEPT_CR_WRITE(0) |
                         SVM_INTERCEPT_CR_WRITE(3) | SVM_INTERCEPT_CR_WRITE(4);
    /* The directory does not map itself: an access there is one to nothing. */
    vmcb->intercept_exceptions =
        1u << VECTOR_UD | 1u << VECTOR_PF | woken_exceptions(vcpu) | step_exceptions(vcpu);
}

void paging_apply(struct vcpu *vcpu)
{
    bool long_mode = (vcpu->cr0 & CR0_PG) && (vcpu->efer & EFER_LME);
    vcpu->efer = long_mode ? vcpu->efer | EFER_LMA : vcpu->efer & ~(uint64_t)EFER_LMA;
    vcpu->vmcb->cr0 = vcpu->cr0 | CR0_PG;
    if (vcpu->cr0 & CR0_PG)
        apply_paged(vcpu);
    else
        apply_unpaged(vcpu);
    vcpu->vmcb->tlb_control = SVM_TLB_FLUSH_ALL;
}

void paging_fetch(struct vcpu *vcpu)
{
    if (vcpu->cr0 & CR0_PG)
        vcpu->cr3 = vcpu->vmcb->cr3;
}

bool paging_write_efer(struct vcpu *vcpu, uint64_t value)
{
    if (value & ~(uint64_t)EFER_KNOWN)
        return false;
    /* LME must not change while paging is on; LMA is the processor's. */
    if ((vcpu->cr0 & CR0_PG) && ((value ^ vcpu->efer) & EFER_LME))
        return false;
    vcpu->efer = (value & ~(uint64_t)EFER_LMA) | (vcpu->efer & EFER_LMA);
    paging_apply(vcpu);
    return true;
}

static bool is_cr0_valid(uint64_t value)
{
    return !(value & ~(uint64_t)CR0_KNOWN) && (!(value & CR0_NW) || value & CR0_CD) &&
           (!(value & CR0_PG) || value & CR0_PE);
}

/* What VMRUN checks (APM vol. 2, 15.5.1), and what the guest could not write itself. */
const char *paging_start(struct vcpu *vcpu, const struct paging_start *start)
{
    bool paged = start->cr0 & CR0_PG;
    bool long_mode = paged && (start->efer & EFER_LME);
    if (!is_cr0_valid(start->cr0))
        return "CR0 has a reserved bit, NW without CD or PG without PE";
    if (!(start->cr0 & CR0_PE))
        return "CR0.PE is clear: a guest in real mode cannot be run here";
    if (start->cr4 & ~cpuid_cr4())
        return "CR4 has a bit that the guest may not have";
    if (start->efer & ~(uint64_t)EFER_KNOWN)
        return "EFER has a bit that the guest may not have";
    if (long_mode && !(start->cr4 & CR4_PAE))
        return "EFER.LME and CR0.PG without CR4.PAE";
    if (!long_mode && (start->efer & EFER_LMA || start->cr4 & CR4_PCIDE))
        return "EFER.LMA or CR4.PCIDE outside of long mode";
    if (start->cr3 & ~cpuid_cr3(long_mode))
        return "CR3 has a reserved bit";
    vcpu->cr0 = start->cr0 | CR0_ET;
    vcpu->cr3 = start->cr3;
    vcpu->cr4 = start->cr4;
    vcpu->efer = start->efer;
    paging_apply(vcpu);
    return NULL;
}

static bool write_cr0(struct vcpu *vcpu, uint64_t value)
{
    if (!is_cr0_valid(value))
        return false;
    if ((value & CR0_PG) && !(vcpu->cr0 & CR0_PG) && (vcpu->efer & EFER_LME) &&
        !(vcpu->cr4 & CR4_PAE))
        return false;
    vcpu->cr0 = value | CR0_ET;
    return true;
}

/*
 * What a TD may write, and then does not have: VMXE is set and hidden from it (TDX module, CPU
 * state); PCIDE any processor with TDX has, and QEMU's TCG has not. Firmware that takes a CPU back
 * by its ResetVector (EDK2, stable202508) toggles that bit where it wants it clear.
 */
static uint64_t cr4_without_effect(void)
{
    return monitor.policy->confidential ? (CR4_VMXE | CR4_PCIDE) & ~cpuid_cr4() : 0;
}

static bool is_cr4_valid(const struct vcpu *vcpu, uint64_t value)
{
    if (value & ~(cpuid_cr4() | cr4_without_effect()))
        return false;
    return !(vcpu->efer & EFER_LMA) || (value & CR4_PAE && !((value ^ vcpu->cr4) & CR4_LA57));
}

static bool write_register(struct vcpu *vcpu, unsigned number, uint64_t value)
{
    switch (number) {
    case 0:
        return write_cr0(vcpu, value);
    case 3:
        vcpu->cr3 = value & ~CR3_NO_FLUSH;
        witness_cr3_written(vcpu);
        return true;
    case 4:
        if (!is_cr4_valid(vcpu, value))
            return false;
        vcpu->cr4 = value & ~cr4_without_effect();
        return true;
    default:
        fatal(vcpu, "write to CR%u exited, which nobody asked for", number);
    }
}

static uint64_t read_register(const struct vcpu *vcpu, unsigned number)
{
    return number == 0 ? vcpu->cr0 : number == 3 ? vcpu->cr3 : vcpu->cr4;
}

static bool is_cr0_word_write(const struct instruction *instruction)
{
    return instruction->opcode == OPCODE_LMSW_GROUP && instruction->reg == 6 &&
           instruction->is_register;
}

void paging_handle_exit(struct vcpu *vcpu)
{
    struct instruction instruction;
    bool done = true;
    vcpu->counts[COUNT_CONTROL_REGISTER]++;
    if (!decode(vcpu, &instruction))
        fatal(vcpu, "cannot read the instruction that accesses a control register");
    if (instruction.opcode == OPCODE_MOV_FROM_CR) {
        vcpu_set_register(vcpu, instruction.rm, read_register(vcpu, instruction.reg & 7));
    } else if (instruction.opcode == OPCODE_MOV_TO_CR) {
        uint64_t value = vcpu_register(vcpu, instruction.rm);
        value = vcpu_is_64(vcpu) ? value : (uint32_t)value;
        done = write_register(vcpu, instruction.reg & 7, value);
    } else if (instruction.opcode == OPCODE_CLTS) {
        vcpu->cr0 &= ~(uint64_t)CR0_TS;
    } else if (is_cr0_word_write(&instruction)) {
        uint64_t word = vcpu_register(vcpu, instruction.rm) & (CR0_MP | CR0_EM | CR0_TS);
        vcpu->cr0 = (vcpu->cr0 & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | word;
    } else {
        fatal(vcpu, "opcode 0x%x accesses a control register in a way not known here",
              instruction.opcode);
    }
    if (!done) {
        vcpu_inject(vcpu, VECTOR_GP, 0);
        return;
    }
    vcpu_skip(vcpu, instruction.bytes);
    paging_apply(vcpu);
}
