/**
 * Private to the library: a CPU's own state, and the borders between C and assembly.
 */
#ifndef LIB_CPU_CPU_H
#define LIB_CPU_CPU_H

#include <muster/machine.h>

#include "lib/cpu/slot_layout.h"

/** What an entry page carries for the code in it, at ENTRY_PARAMETERS. */
struct entry_parameters {
    uint64_t park_cr3;
    uint64_t arrive; /* arrive_by_apic_id or arrive_by_slot */
    uint64_t index;  /* struct muster_index_entry[] */
    uint64_t slots;  /* the first slot that this page serves */
    uint64_t strays; /* struct muster_word */
    uint32_t index_shift;
    uint32_t index_mask;
    uint32_t cr4;
    uint32_t efer;
    uint32_t far32_offset;
    uint16_t far32_selector;
    uint16_t reserved0;
    uint32_t far64_offset;
    uint16_t far64_selector;
    uint16_t gdt_limit;
    uint64_t gdt_base;
    uint64_t gdt[4];
    uint32_t x2apic; /* put the APIC into x2APIC mode and read the ID there */
    uint32_t td;     /* a TD: the ID is asked of the host, and so is a stray's sleep */
    uint32_t sev_es; /* an SEV-ES or SEV-SNP guest: a stray waits in the host's reset hold */
    struct muster_cpu_needs needs; /* these and the next are sipi_entry's */
    uint32_t checked_cr4;          /* for who has them; cr4 for who has not */
    uint32_t mtrr_cap;             /* low half */
    uint32_t msr_bytes;            /* 0: nothing is to be loaded */
    uint32_t reserved1;
    struct muster_msr
        msrs[sizeof(((struct muster_mtrr_list *)0)->msrs) / sizeof(struct muster_msr)];
};

/** Page templates and the places in them that far jumps lead to (lib/cpu/entry_*.S). */
extern const uint8_t sipi_entry_start[], sipi_entry_32[], sipi_entry_64[], sipi_entry_end[];
extern const uint8_t mailbox_entry_start[], mailbox_entry_32[], mailbox_entry_64[],
    mailbox_entry_end[];

/** Where entry pages lead to (lib/cpu/arrive.S); not to be called from C. */
void arrive_by_apic_id(void);
void arrive_by_slot(void);

/**
 * First C of an arriving CPU, on its park stack, no tables of its own yet (lib/wake/park.c). What
 * only assembly calls is marked as used, or LTO would drop it.
 */
__attribute__((noreturn, used)) void park_enter(struct muster_slot *slot);

/** The same for a CPU that was ON: on its park stack, else as its host left it. */
__attribute__((noreturn, used)) void park_reenter(struct muster_slot *slot);

/** Fill everything of the slot that does not change: IDs, stacks, GDT, TSS. */
void slot_init(struct muster_slot *slot, struct muster_machine *machine, uint32_t index);

/** 256 interrupt gates to the common handler; NMI, #DF and #MC on their IST stacks. */
void idt_init(struct muster_idt *idt);

/** On the BSP: turn on what config.cr4_features asks for, then take its profile. */
void cpu_profile_make(struct muster_machine *machine);

/** CR0 and CR4 of @profile, which the calling CPU must have the features for. */
void cpu_control_load(const struct muster_cpu_profile *profile);

/** What a CPU must have for @profile, and whether the calling one has it. */
void cpu_needs_make(const struct muster_cpu_profile *profile, struct muster_cpu_needs *needs);
bool cpu_meets(const struct muster_platform *platform, const struct muster_cpu_needs *needs);

/** CR4 bits of @wanted that the calling CPU's CPUID offers. */
uint64_t cpu_cr4_offered(const struct muster_platform *platform, uint64_t wanted);

/** Bring the calling CPU's PAT and MTRRs to the profile's; gives how many of them were written. */
uint32_t cpu_memory_types_load(const struct muster_machine *machine);

/**
 * On the CPU itself: GDT, TSS, IDT, GS base = @percpu, then registers to the profile.
 * MUSTER_ERROR_FEATURES_DIFFER if it lacks what the BSP has; its tables are loaded all the same.
 */
enum muster_status cpu_load(struct muster_slot *slot, void *percpu);

/**
 * On the CPU itself, on its park stack: onto the park table, then all that its host may have
 * changed back to what cpu_load() and an INIT leave.
 */
enum muster_status cpu_reload(struct muster_slot *slot);

/** Levels of the page tables that the calling CPU is on. */
unsigned cpu_paging_levels(void);

/** Whether the calling CPU has MONITOR and MWAIT, and this hint for the latter. */
bool cpu_has_mwait(const struct muster_platform *platform, uint32_t hint);

/**
 * Sleep while *@word is @value, until it is written or an interrupt comes, which is taken. May
 * come back early. Interrupts off before and after.
 */
void cpu_sleep_by_mwait(const struct muster_word *word, uint32_t value, uint32_t hint);

/** Leave the caller's stack for the slot's park stack, and go on in park_reenter(). */
__attribute__((noreturn)) void cpu_go_off(struct muster_slot *slot);

/** Leave the park area for start.entry, on start.stack_top. */
__attribute__((noreturn)) void cpu_enter(struct muster_slot *slot);

/** Leave for @vector (firmware's): interrupts off, general registers cleared. */
__attribute__((noreturn)) void cpu_leave(uint64_t vector);

#endif
