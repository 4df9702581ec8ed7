#include "monitor/paging.h"

#include "abi/x86.h"
#include "lib/atomic.h"
#include "monitor/decode.h"
#include "monitor/npt.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/witness.h"
#include "monitor/woken.h"

#define CR4_VMXE 0x00002000
/* What a guest may set: VME to OSXMMEXCPT, UMIP, LA57, FSGSBASE to SMAP, PKE. */
#define CR4_KNOWN 0x00771FFFu
/* Bits that mean something only with the guest's own page tables. */
#define CR4_OF_PAGING (CR4_PAE | CR4_PGE | CR4_LA57 | CR4_PCIDE | CR4_SMEP | CR4_SMAP | 0x00400000)
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
    vmcb->nested_cr3 = npt_root(view_of(vcpu));
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
    vmcb->nested_cr3 = npt_unpaged_root(view_of(vcpu));
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

static bool write_cr0(struct vcpu *vcpu, uint64_t value)
{
    if (value & ~(uint64_t)CR0_KNOWN || ((value & CR0_NW) && !(value & CR0_CD)) ||
        ((value & CR0_PG) && !(value & CR0_PE)))
        return false;
    if ((value & CR0_PG) && !(vcpu->cr0 & CR0_PG) && (vcpu->efer & EFER_LME) &&
        !(vcpu->cr4 & CR4_PAE))
        return false;
    vcpu->cr0 = value | CR0_ET;
    return true;
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
        /* A TD's CR4.VMXE is set and hidden from it (TDX module, CPU state). */
        if (value & ~(uint64_t)(CR4_KNOWN | CR4_VMXE))
            return false;
        vcpu->cr4 = value & ~(uint64_t)CR4_VMXE;
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
