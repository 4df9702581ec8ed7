/**
 * One virtual CPU: the guest's registers and what the monitor keeps of it. Owned by the processor
 * it runs on, but for the words that others use to reach it.
 */
#ifndef MONITOR_VCPU_H
#define MONITOR_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/cpu.h>

#include "abi/hyperv.h"
#include "abi/svm.h"
#include "monitor/registers.h"

#define MONITOR_MOST_VCPUS 64

/** What the report counts, for each vCPU. */
enum count {
    COUNT_EXITS,
    COUNT_TDCALL,
    COUNT_TDVMCALL,
    COUNT_VE_CPUID,
    COUNT_VE_HLT,
    COUNT_VE_IO,
    COUNT_VE_RDMSR,
    COUNT_VE_WRMSR,
    COUNT_VE_MMIO,
    COUNT_VE_OTHER,
    COUNT_CPUID,
    COUNT_MSR,
    COUNT_PORT,
    COUNT_HYPERCALL,
    COUNT_HYPERCALL_TIME_OUT,
    COUNT_CONTROL_REGISTER,
    COUNT_NESTED_FAULT,
    COUNT_NMI,
    COUNT_SLEEP,
    COUNT_ACCEPTED_PAGES,
    COUNT_CONVERTED_PAGES,
    COUNT_KINDS,
};

/** What TDG.VP.VEINFO.GET gives: why the last #VE came. */
struct ve_info {
    bool valid; /* not fetched yet */
    uint32_t reason;
    uint64_t qualification;
    uint64_t linear, physical;
    uint32_t instruction_bytes;
};

struct vcpu;
/** Called after an instruction: see step.h. */
typedef void step_handler(struct vcpu *vcpu);

struct vcpu {
    struct muster_slot *slot; /* first: GS base points here */
    uint32_t index;           /* as the guest is told */
    uint32_t apic_id;
    struct guest_registers registers; /* without RAX and RSP, which are in the VMCB */

    /* The control registers as the guest sees them; paging.c makes the VMCB's of them. */
    uint64_t cr0, cr3, cr4, efer;

    /* For other CPUs: see npt_shoot_down() and vcpu_send_nmi(). */
    struct muster_word in_guest;
    struct muster_word entered_generation;
    struct muster_word guest_nmi;
    struct muster_word kicked;

    /* As a VP of a partition under Hyper-V; vtls[n]: whether VTL n is enabled. */
    uint32_t vp_index;
    struct muster_word start; /* enum vcpu_start */
    struct muster_word vtls[HYPERV_HIGHEST_VTL + 1];

    /* The witness's: which nested tables it is on (enum npt_view), and how it left firmware. */
    struct muster_word view;
    bool traps_watched;
    uint64_t firmware_idt;
    uint64_t vector;       /* where it came to the OS, until it has left the firmware's tables */
    uint32_t vector_steps; /* since */

    step_handler *stepped; /* NULL: it runs freely */
    bool nmi_blocked;      /* it handles one */

    struct ve_info ve;
    uint64_t last_ve_rip; /* for whoever dies of one */
    uint32_t last_ve_reason;
    uint32_t last_exception;  /* the vector injected last + 1 */
    uint32_t cpuid_ve;        /* TDG.VP.CPUIDVE.SET: bit 0 supervisor, bit 1 user */
    uint64_t tsc_adjust;      /* IA32_TSC_ADJUST; the VMCB has it all, and the skew */
    uint64_t icr;             /* x2APIC ICR as written last */
    uint32_t lint1;           /* LVT LINT1 as written last: the real one is the monitor's */
    uint64_t instruction_end; /* RIP behind the instruction that exited, where known */
    uint64_t counts[COUNT_KINDS];

    struct svm_vmcb *vmcb; /* the guest's */
    struct svm_vmcb *idle; /* of the idle guest: see sleep.c */
    struct svm_vmcb *host; /* VMSAVE and VMLOAD's part of the monitor's own state */
};

/** Fill the vCPU's VMCBs for its start as a TD's; on any CPU. */
void vcpu_init(struct vcpu *vcpu, uint32_t index, uint32_t apic_id);

/**
 * Run the guest on the calling CPU, for good; where vCPUs wait to be started, from then on. GIF is
 * clear from here on but for moments.
 */
__attribute__((noreturn)) void vcpu_run(struct vcpu *vcpu);

/** Whether the guest runs on it, or will at once. Any CPU. */
bool vcpu_is_started(const struct vcpu *vcpu);

/**
 * Start a vCPU that waits: between the two calls its state is the caller's. The first is false if
 * its start has begun before; the second lets it go, or wait on. Any CPU, at once for several, and
 * never waits.
 */
bool vcpu_begin_start(struct vcpu *vcpu);
void vcpu_end_start(struct vcpu *vcpu, bool go);

/** A general register, RAX and RSP too, by its number in instructions. */
uint64_t vcpu_register(const struct vcpu *vcpu, enum guest_register number);
void vcpu_set_register(struct vcpu *vcpu, enum guest_register number, uint64_t value);

/** Vector register @number's lower 16 bytes. The guest's own are in the processor meanwhile. */
void vcpu_vector(const struct vcpu *vcpu, unsigned number, uint64_t value[2]);

/** Go on behind an instruction of this length. */
void vcpu_skip(struct vcpu *vcpu, unsigned bytes);

/** Inject an exception; @error_code is used where the vector has one. */
void vcpu_inject(struct vcpu *vcpu, unsigned vector, uint32_t error_code);

/** Whether the guest is in 64-bit mode (not compatibility mode). */
bool vcpu_is_64(const struct vcpu *vcpu);

/** Make another CPU leave its guest for a moment. Any CPU. */
void vcpu_kick(struct vcpu *vcpu);

/** Give the guest on @vcpu an NMI. Any CPU. */
void vcpu_send_nmi(struct vcpu *vcpu);

/** An NMI made the calling CPU leave a guest: take it, and see who sent it. */
void vcpu_take_nmi(struct vcpu *vcpu);

/** Wait until an interrupt is pending for the guest (not if @blocked) or an NMI is. */
void vcpu_sleep(struct vcpu *vcpu, bool blocked);

/** Wait for the next kick, or the guest's next NMI. */
void vcpu_doze(struct vcpu *vcpu);

/* vmrun.S; hidden: reached without a GOT, which the linker cannot shorten above 2 GiB. */
#pragma GCC visibility push(hidden)
void vmrun_enter(struct guest_registers *registers, uint64_t guest_vmcb, uint64_t host_vmcb);
void idle_guest(void);
#pragma GCC visibility pop

#endif
