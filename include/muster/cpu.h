/**
 * A CPU's own state: the slot it lives in, its descriptor tables, and what must be equal on all.
 */
#ifndef MUSTER_CPU_H
#define MUSTER_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct muster_machine;
struct muster_slot;
struct muster_trace_ring;

/** A CPU's life; the names follow PSCI and SBI HSM. Each change is one compare-and-swap. */
enum muster_cpu_state {
    MUSTER_CPU_ABSENT = 0,    /* described, not there (online-capable) or never woken */
    MUSTER_CPU_ADOPT_PENDING, /* wake sent, not seen yet */
    MUSTER_CPU_OFF,           /* parked in the kernel's own park area */
    MUSTER_CPU_ON_PENDING,    /* told to start */
    MUSTER_CPU_ON,            /* at its entry, or beyond */
    MUSTER_CPU_OFF_PENDING,   /* on its way to the park area or back to the firmware */
    MUSTER_CPU_FAILED,        /* did not come in time, or was refused: see muster_slot.failure */
};

/** "on", "on-pending" ...: as reports spell it. Never NULL. */
const char *muster_cpu_state_name(enum muster_cpu_state state);

/** The moments of a bring-up, in order. */
enum muster_stamp {
    MUSTER_STAMP_WAKE_SENT,
    MUSTER_STAMP_FIRST_INSTRUCTION,
    MUSTER_STAMP_LONG_MODE,
    MUSTER_STAMP_OWN_TABLES,
    MUSTER_STAMP_PARKED,
    MUSTER_STAMP_ON,
    MUSTER_STAMP_COUNT,
};

/** "wake_sent" ...: as reports spell it. Never NULL. */
const char *muster_stamp_name(enum muster_stamp stamp);

/** What kind of core a hybrid processor's is. */
enum muster_core_kind {
    MUSTER_CORE_UNKNOWN = 0, /* not hybrid, or not told */
    MUSTER_CORE_PERFORMANCE,
    MUSTER_CORE_EFFICIENCY,
};

/**
 * A CPU's place, as it told of itself (muster/order.h). Each ID is the APIC ID without the bits
 * below that level, so it is one machine-wide: CPUs with the same core are siblings.
 */
struct muster_topology {
    bool known; /* the three IDs are; the kind speaks for itself */
    uint32_t core, die, package;
    enum muster_core_kind kind;
};

/**
 * A CPU's time-stamp counter against the BSP's (muster/clock.h). The first three are one cache
 * line between the two while it is measured.
 */
struct muster_clock {
    struct muster_word request; /* the CPU's: how often it has asked */
    struct muster_word answer;  /* the BSP's: the last question that is answered */
    uint64_t answer_tsc;        /* with this */

    bool known;           /* the next three are; else it was not measured, or to no end */
    int64_t offset;       /* ticks ahead of the BSP's, after the correction if there was one */
    uint64_t uncertainty; /* it is wrong by so many ticks at most */
    int64_t correction;   /* ticks that were added through IA32_TSC_ADJUST; 0: none */

    uint32_t corrections;      /* how many made that */
    uint64_t corrected_within; /* how wrong the last of them may have been */
    uint32_t rounds;
    uint64_t asked_tsc;
    uint64_t patience_ns;
} __attribute__((aligned(64)));

/** Registers at a trap, in the order in which the common handler pushes them. */
struct muster_trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

/**
 * The GDT that every CPU gets, in the order that SYSCALL and SYSRET want (SDM vol. 3, 5.8.8):
 * kernel code then data; a null where user code of 32 bits would be, user data, user code of
 * 64 bits.
 */
#define MUSTER_KERNEL_CS 0x08
#define MUSTER_KERNEL_DS 0x10
#define MUSTER_USER_BASE 0x18
#define MUSTER_USER_DS   0x23
#define MUSTER_USER_CS   0x2B
#define MUSTER_TSS       0x30
#define MUSTER_GDT_WORDS 8 /* the TSS takes two */

#define MUSTER_IST_NMI   1
#define MUSTER_IST_DF    2
#define MUSTER_IST_MC    3
#define MUSTER_IST_COUNT 3

/** A function that a started CPU enters: interrupts off, own stack, IST and GS base loaded. */
typedef void muster_entry(struct muster_slot *slot, void *context);

/** Where a parked CPU goes when it is turned on. */
struct muster_start {
    muster_entry *entry; /* must not return */
    void *context;
    uint64_t stack_top; /* 16-byte aligned */
    void *percpu;       /* GS base from then on; its first word must be the address of the slot */
};

#define MUSTER_SLOT_BYTES      16384u
#define MUSTER_IST_STACK_BYTES 4096u

/** How a CPU sleeps in the park area; what ends it is the same for all: the wake interrupt. */
enum muster_park_method {
    MUSTER_PARK_AUTO = 0, /* TDCALL in a TD, HLT elsewhere */
    MUSTER_PARK_HLT,      /* by the platform's sleep hook, which halts */
    MUSTER_PARK_MWAIT,    /* MONITOR and MWAIT on the slot; a CPU that lacks them uses the hook */
    MUSTER_PARK_TDCALL,   /* by the sleep hook, which asks the host (TDG.VP.VMCALL HLT) */
};

/** "hlt", "mwait" ...: as reports and options spell it. Never NULL. */
const char *muster_park_method_name(enum muster_park_method method);

/**
 * All that one CPU needs to come in, in one aligned block that the host gives. The stacks are
 * part of it, so which CPU a trap hit can be told from the stack it came on.
 */
struct muster_slot {
    struct muster_slot *self; /* GS base of a parked CPU points here */
    struct muster_machine *machine;
    struct muster_word state;   /* enum muster_cpu_state */
    struct muster_word command; /* what a parked CPU is to do next: lib/wake/park.h */
    struct muster_word claimed; /* 0 until the first arrival; a second one parks for good */
    struct muster_word arrived; /* 1 once it runs on its own tables, also when that is too late */
    uint32_t apic_id;
    uint32_t index;
    enum muster_status failure; /* why FAILED */
    uint32_t firmware_levels;   /* of firmware_cr3's page tables: 4 or 5; 0: found by APIC ID */
    uint64_t gs_base;           /* slot while parked, then start.percpu; NMI, #DF, #MC load it */
    uint64_t park_stack_top;
    uint64_t firmware_cr3; /* on arrival: the page tables it came on, the firmware's or start_cr3,
                              without CR3's low 12 bits and those from 44 on; 0 by INIT-SIPI */
    uint64_t first_tsc;    /* taken in assembly, made into stamps in C */
    uint64_t long_mode_tsc;
    uint32_t entry_did;                     /* what it had behind it when it came: private */
    uint32_t mtrr_writes;                   /* how many of PAT and MTRRs; 0: all were equal */
    uint64_t stamps_ns[MUSTER_STAMP_COUNT]; /* on the scale of time_ns; 0: not reached */
    struct muster_trace_ring *trace;        /* this CPU's; NULL: nothing is traced */
    struct muster_start start;
    uint64_t gdt[MUSTER_GDT_WORDS];
    uint8_t tss[104];
    enum muster_park_method park_method; /* how it sleeps: never AUTO once it has arrived */
    uint32_t failure_code; /* what the hypervisor answered, raw, beside @failure; else 0 */
    uint32_t way_step;     /* how far its wake has come: private to its way */
    uint32_t vp_index;     /* MUSTER_WAY_HYPERV: the hypervisor's number for it */
    struct muster_topology topology;
    struct muster_word measuring; /* 1: the CPU is in the clock below */
    struct muster_clock clock;
    uint8_t park_stack[MUSTER_SLOT_BYTES - 1024 - MUSTER_IST_COUNT * MUSTER_IST_STACK_BYTES]
        __attribute__((aligned(1024)));
    uint8_t ist[MUSTER_IST_COUNT][MUSTER_IST_STACK_BYTES];
} __attribute__((aligned(16384)));

/** Storage of the IDT that all CPUs share: 256 gates of 16 bytes. */
struct muster_idt {
    uint8_t gates[256][16];
} __attribute__((aligned(4096)));

#define MUSTER_MTRR_FIXED        11
#define MUSTER_MTRR_VARIABLE_MAX 32

/** What must be equal on every CPU: taken from the BSP, given to each, and checked. */
struct muster_cpu_profile {
    uint64_t cr0, cr4, efer;
    uint64_t star, lstar, fmask;
    uint64_t pat;
    uint64_t mtrr_cap, mtrr_def_type;
    uint64_t mtrr_fixed[MUSTER_MTRR_FIXED];
    uint64_t mtrr_variable[2 * MUSTER_MTRR_VARIABLE_MAX];
    bool has_pat, has_mtrr, x2apic;
    bool has_spec_ctrl,
        has_ibpb;       /* by the BSP's CPUID; these and the next: only in machine.profile */
    uint64_t spec_ctrl; /* what the BSP had at muster_prepare() */
    uint32_t apic_svr;
};

/** A model-specific register, and what it is to hold. */
struct muster_msr {
    uint32_t msr;
    uint64_t value;
};

/** The same PAT and MTRRs in the order in which a CPU takes them over, the default type last. */
struct muster_mtrr_list {
    uint32_t count;
    struct muster_msr msrs[1 + MUSTER_MTRR_FIXED + 2 * MUSTER_MTRR_VARIABLE_MAX + 1];
};

/** The words of CPUID that are looked at for a profile. */
enum muster_cpuid_word {
    MUSTER_CPUID_1_ECX,
    MUSTER_CPUID_1_EDX,
    MUSTER_CPUID_7_EBX,
    MUSTER_CPUID_7_ECX,
    MUSTER_CPUID_WORDS,
};

/** What of CPUID a CPU must have for a profile. */
struct muster_cpu_needs {
    uint32_t leaf; /* the highest that is looked at: 1 or 7 */
    uint32_t words[MUSTER_CPUID_WORDS];
};

/** SMEP, SMAP, UMIP, FSGSBASE, #MC and global pages (CR4's bits). */
#define MUSTER_CR4_FEATURES 0x003108C0u

/** The host's part, given to muster_prepare(). */
struct muster_cpu_config {
    uint64_t park_cr3;      /* the page table that CPUs come in on: below 4 GiB, maps entry page,
                               library, slots, IDT and this machine at the addresses that the
                               BSP uses, and the local APIC (uncached) and entry page 1:1 */
    unsigned paging_levels; /* of park_cr3: 4 or 5 */
    uint64_t entry_phys;    /* page-aligned, mapped 1:1 by park_cr3: muster_entry_bytes() long;
                               below 1 MiB for INIT-SIPI, below 4 GiB for the mailbox */
    uint64_t entry_bytes;
    uint64_t cr4_features;  /* CR4 bits to turn on wherever CPUID has them: MUSTER_CR4_FEATURES;
                               0: every CPU gets what the BSP has */
    uint8_t wake_vector;    /* interrupt that wakes a parked CPU: 0x20 to 0xFE */
    bool no_broadcast;      /* a message to each CPU, where one to all would do: for a machine with
                               CPUs that no table lists, since a broadcast reaches those, too */
    uint64_t syscall_entry; /* LSTAR; 0: SYSCALL stays off */
    enum muster_park_method park_method;
    uint32_t mwait_hint; /* EAX of MWAIT: C-state - 1 in bits 4 to 7, its sub-state in 0 to 3 (SDM
                            vol. 2, MWAIT); one that CPUID leaf 5 does not list, but 0, is
                            MUSTER_NOT_SUPPORTED. Under QEMU's TCG MWAIT does not sleep. */
    struct muster_word *td_gate; /* for MUSTER_WAY_TD_START: 0, until it is the address that
                                    the waiting CPUs are to go to */
    /**
     * For MUSTER_WAY_HYPERV: one page for the input and output of hypercalls, nobody else's until
     * muster_adopt() has returned. The address is the one that the hypervisor is told and that
     * the hooks map and is_private take; in a TD of a shared page (Linux tells it with the
     * shared bit).
     */
    uint64_t hypercall_phys;
    uint8_t hyperv_vtl; /* the VTL that CPUs start in; not 0: it is enabled for each first */
    /**
     * For MUSTER_WAY_HYPERV and _SNP: the page table that each CPU starts on, by its index, of
     * paging_levels, with the entry pages mapped 1:1; the CPU goes on to park_cr3 from there.
     * NULL: all start on park_cr3.
     */
    const uint64_t *start_cr3;
    /**
     * For MUSTER_WAY_SNP: private memory for the CPUs' VMSAs, page-aligned, muster_vmsa_bytes()
     * long. It stays the processor's for as long as the CPUs run: nobody may write there.
     */
    uint64_t vmsa_phys;
    uint64_t vmsa_bytes;
    /**
     * Every interrupt and exception except the wake vector. @slot is the CPU's own. The GS base
     * is the CPU's per-CPU block also on NMI, #DF and #MC. What returns, resumes at the frame.
     */
    void (*trap)(struct muster_slot *slot, struct muster_trap_frame *frame);
};

/**
 * The stack that interrupts from user mode land on (the TSS's RSP0); muster_start() sets it to
 * start.stack_top. On the CPU itself, or while it is parked.
 */
void muster_slot_set_kernel_stack(struct muster_slot *slot, uint64_t stack_top);

/** The calling CPU's APIC ID, read from the live APIC in whichever mode it is. */
uint32_t muster_apic_id(const struct muster_platform *platform);

/** Whether the calling CPU's APIC is in x2APIC mode. */
bool muster_apic_is_x2(const struct muster_platform *platform);

/**
 * Put the calling CPU's APIC into x2APIC mode; MUSTER_NOT_SUPPORTED if it has none. On the BSP
 * before discovery: the APs follow the BSP's mode. There is no way back but through reset.
 */
enum muster_status muster_apic_enable_x2(const struct muster_platform *platform);

/** Signal the end of the interrupt in service on the calling CPU. */
void muster_apic_eoi(const struct muster_platform *platform);

/**
 * Send a fixed interrupt to the CPU with @apic_id. Any CPU that is on, with
 * interrupts off: in xAPIC mode it takes two writes, and a handler that sends between them (an
 * NMI's, say) would misdirect it.
 */
enum muster_status muster_apic_send(const struct muster_platform *platform, uint32_t apic_id,
                                    uint8_t vector);

/** The same with an NMI. */
enum muster_status muster_apic_send_nmi(const struct muster_platform *platform, uint32_t apic_id);

/** Read the calling CPU's own state into @profile. */
void muster_cpu_profile_read(const struct muster_machine *machine,
                             struct muster_cpu_profile *profile);

/** The name of the first field in which two profiles differ, or NULL if they are equal. */
const char *muster_cpu_profile_difference(const struct muster_cpu_profile *a,
                                          const struct muster_cpu_profile *b);

/**
 * Put the calling CPU onto page table @cr3 of @levels. Where the number of levels changes, the
 * way leads through 32-bit mode: code, stack and @cr3 must then lie below 4 GiB and be mapped
 * 1:1 by both tables, else MUSTER_ERROR_PAGING_LEVELS, as also for a processor without LA57.
 * Interrupts off. CR4.PGE is off afterwards, also on an error: muster_prepare() turns it on again
 * if config.cr4_features has it.
 */
enum muster_status muster_paging_switch(const struct muster_platform *platform, uint64_t cr3,
                                        unsigned levels);

/** Whether CPUID says that this is an Intel TD (leaf 0x21). */
bool muster_cpu_is_td(const struct muster_platform *platform);

/**
 * Whether CPUID says that this is a guest of Hyper-V, or of who offers the same ("Hv#1");
 * @features gets leaf 0x40000003: eax, ebx, ecx, edx (TLFS, 2.4).
 */
bool muster_hyperv_features(const struct muster_platform *platform, uint32_t features[4]);

/**
 * Which of AMD's SEV, SEV-ES and SEV-SNP are on for this guest: MSR SEV_STATUS, bits 0, 1 and 2
 * (APM vol. 2, 15.34.10), or 0 where CPUID knows of none.
 */
uint64_t muster_sev_status(const struct muster_platform *platform);

#ifdef __cplusplus
}
#endif
#endif
