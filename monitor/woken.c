#include "monitor/woken.h"

#include "abi/conformance.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "monitor/npt.h"
#include "monitor/paging.h"
#include "monitor/report.h"
#include "monitor/step.h"

/* Where a fault on the way to its handler is the processor's own doing: not #DB, NMI, #BP, #OF. */
#define TRAPS_WATCHED 0x001F7FE1u

/* Longer than any way to a CR3 of one's own; what never gets there is left alone. */
#define MOST_VECTOR_STEPS 10000

static bool is_with_os(const struct vcpu *vcpu)
{
    enum npt_view view = (enum npt_view)word_load_acquire(&vcpu->view);
    return view == VIEW_OS || view == VIEW_BORROWED;
}

bool woken_awaits_cr3(const struct vcpu *vcpu)
{
    return vcpu->vector;
}

void woken_has_left_tables(struct vcpu *vcpu)
{
    vcpu->vector = 0;
    step_end(vcpu);
}

/*
 * Of the OS's memory only the vector's page is sure to be mapped. With paging off no mapping is
 * needed (Linux changes the number of levels there), and with a CR3 of its own it has left.
 */
static void watch_vector(struct vcpu *vcpu)
{
    uint64_t rip = vcpu->vmcb->rip;
    bool over =
        !(vcpu->cr0 & CR0_PG) || !is_with_os(vcpu) || ++vcpu->vector_steps == MOST_VECTOR_STEPS;
    bool outside = !over && rip / PAGE_BYTES != vcpu->vector / PAGE_BYTES;
    if (outside)
        report_finding(vcpu, RULE_PAGE, rip, vcpu->vector,
                       "a woken processor that is still on the firmware's page tables has left its "
                       "wakeup vector's page 0x%lx",
                       vcpu->vector & ~(uint64_t)(PAGE_BYTES - 1));
    if (over || outside)
        woken_has_left_tables(vcpu);
}

void woken_begin(struct vcpu *vcpu)
{
    if (!vcpu->traps_watched) {
        vcpu->traps_watched = true;
        vcpu->firmware_idt = vcpu->vmcb->idtr.base;
    }
    if ((vcpu->cr0 & CR0_PG) && step_begin(vcpu, watch_vector)) {
        vcpu->vector = vcpu->vmcb->rip;
        vcpu->vector_steps = 0;
    }
}

uint32_t woken_exceptions(const struct vcpu *vcpu)
{
    return vcpu->traps_watched ? TRAPS_WATCHED : 0;
}

void woken_trap(struct vcpu *vcpu, unsigned vector)
{
    /* What comes of an exception on its way to its handler is that exception's doing. */
    uint32_t cut_off = (uint32_t)vcpu->vmcb->exit_int_info;
    bool follows = cut_off & SVM_EVENT_VALID && (cut_off & SVM_EVENT_TYPE) == SVM_EVENT_EXCEPTION;
    if (!vcpu->traps_watched || follows || !is_with_os(vcpu))
        return;
    if (vcpu->vmcb->idtr.base != vcpu->firmware_idt) {
        vcpu->traps_watched = false;
        paging_apply(vcpu);
        return;
    }
    report_finding(vcpu, RULE_TRAP, vcpu->vmcb->idtr.base, vector,
                   "exception %u on a woken processor that is still on the firmware's IDT", vector);
}

static bool is_contributory(unsigned vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

static bool is_page_fault(unsigned vector)
{
    return vector == VECTOR_PF || vector == VECTOR_VE;
}

/* Two exceptions at once (SDM vol. 3, table 6-5); with any other first event they come in turn. */
static bool is_double_fault(uint64_t cut_off, unsigned vector)
{
    unsigned first = (unsigned)(cut_off & SVM_EVENT_VECTOR);
    if ((cut_off & SVM_EVENT_TYPE) != SVM_EVENT_EXCEPTION)
        return false;
    return (is_contributory(first) && is_contributory(vector)) ||
           (is_page_fault(first) && (is_page_fault(vector) || is_contributory(vector)));
}

void woken_handle_exception(struct vcpu *vcpu)
{
    unsigned vector = (unsigned)(vcpu->vmcb->exit_code - SVM_EXIT_EXCEPTION);
    uint64_t cut_off = vcpu->vmcb->event_inject;
    uint32_t error_code = (uint32_t)vcpu->vmcb->exit_info_1;
    if (vector == VECTOR_PF)
        vcpu->vmcb->cr2 = vcpu->vmcb->exit_info_2;
    if (cut_off & SVM_EVENT_VALID) {
        vcpu->vmcb->event_inject = 0;
        if ((cut_off & SVM_EVENT_VECTOR) == VECTOR_DF)
            fatal(vcpu, "triple fault (exception %u while #DF is delivered; CR2 0x%lx)", vector,
                  vcpu->vmcb->cr2);
    }
    if (cut_off & SVM_EVENT_VALID && is_double_fault(cut_off, vector)) {
        vector = VECTOR_DF;
        error_code = 0;
    }
    vcpu_inject(vcpu, vector, error_code);
}
