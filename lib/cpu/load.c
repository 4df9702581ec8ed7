/*
 * A CPU's own state, loaded on the CPU itself. All of it is privileged: the one C file of the
 * library that means nothing in a host process.
 */
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/cpu.h"
#include "lib/cpu/instructions.h"
#include "lib/cpu/mtrr.h"
#include "lib/cpu/speculation.h"

/* SYSCALL clears these (SDM vol. 2, SYSCALL): nothing that user mode set may hold in the kernel. */
#define SYSCALL_MASK (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC)

#define BELOW_4_GIB(address) ((uint64_t)(address) >> 32 == 0)

/* lib/cpu/leave.S */
__attribute__((noreturn)) void cpu_jump_to_entry(struct muster_slot *slot, void *context,
                                                 uint64_t stack_top, muster_entry *entry);
void cpu_switch_levels(uint64_t cr3);

static bool has_nx(const struct muster_platform *platform)
{
    uint32_t r[4];
    platform->cpuid(platform->context, CPUID_EXTENDED, 0, r);
    return r[3] & CPUID_EXT_EDX_NX;
}

void muster_cpu_profile_read(const struct muster_machine *machine,
                             struct muster_cpu_profile *profile)
{
    const struct muster_platform *platform = machine->platform;
    uint32_t r[4];
    platform->cpuid(platform->context, CPUID_FEATURES, 0, r);
    *profile = (struct muster_cpu_profile){
        .cr0 = read_cr0(),
        .cr4 = read_cr4(),
        .efer = platform->msr_read(platform->context, MSR_EFER),
        .has_pat = r[3] & CPUID_1_EDX_PAT,
        .has_mtrr = (r[3] & CPUID_1_EDX_MTRR) && !machine->confidential,
        .x2apic = muster_apic_is_x2(platform),
    };
    profile->apic_svr = apic_read(platform, profile->x2apic, APIC_SVR);
    if (profile->efer & EFER_SCE) {
        profile->star = platform->msr_read(platform->context, MSR_STAR);
        profile->lstar = platform->msr_read(platform->context, MSR_LSTAR);
        profile->fmask = platform->msr_read(platform->context, MSR_FMASK);
    }
    if (profile->has_pat)
        profile->pat = platform->msr_read(platform->context, MSR_PAT);
    if (profile->has_mtrr)
        mtrr_read(platform, profile);
}

/* How deep the page tables are is the table's affair, and cannot be changed from here. */
static uint64_t own_cr4(const struct muster_cpu_profile *profile)
{
    return (profile->cr4 & ~(uint64_t)CR4_LA57) | (read_cr4() & CR4_LA57);
}

void cpu_control_load(const struct muster_cpu_profile *profile)
{
    uint64_t cr4 = own_cr4(profile);
    if (read_cr0() != profile->cr0)
        write_cr0(profile->cr0);
    if (read_cr4() != cr4)
        write_cr4(cr4);
}

void cpu_profile_make(struct muster_machine *machine)
{
    struct muster_cpu_profile *profile = &machine->profile;
    const struct muster_platform *platform = machine->platform;
    muster_cpu_profile_read(machine, profile);
    profile->cr0 |= CR0_WP | CR0_NE | CR0_MP;
    profile->cr4 |= cpu_cr4_offered(platform, machine->config.cr4_features);
    profile->apic_svr |= APIC_SVR_ENABLE | 0xFF;
    if (has_nx(platform))
        profile->efer |= EFER_NXE;
    if (machine->config.syscall_entry) {
        profile->efer |= EFER_SCE;
        profile->star = (uint64_t)MUSTER_USER_BASE << 48 | (uint64_t)MUSTER_KERNEL_CS << 32;
        profile->lstar = machine->config.syscall_entry;
        profile->fmask = SYSCALL_MASK;
    }
    cpu_needs_make(profile, &machine->needs);
    mtrr_list_make(profile, &machine->mtrrs);
}

/*
 * Caches off, MTRRs off, write, and back (SDM vol. 3, 12.11.8); the PAT changes what the caches
 * and TLBs hold in the same way. The rendezvous of all processors that it begins with is left
 * out: the others run with these very values, and this CPU has touched nothing but its slot.
 * CR4.PGE is clear meanwhile: each change of it flushes all of the TLB. In a TD there are no MTRRs
 * to write, and turning caches off is not the guest's to do.
 */
static uint32_t memory_types_write(const struct muster_machine *machine, bool mtrrs_equal)
{
    const struct muster_platform *platform = machine->platform;
    const struct muster_cpu_profile *profile = &machine->profile;
    uint32_t writes = 1;
    if (!machine->confidential) {
        write_cr0((profile->cr0 | CR0_CD) & ~(uint64_t)CR0_NW);
        write_back_caches();
    }
    write_cr4(read_cr4() & ~(uint64_t)CR4_PGE);
    write_cr3(read_cr3());
    if (mtrrs_equal)
        platform->msr_write(platform->context, MSR_PAT, profile->pat);
    else
        writes = mtrr_write(platform, &machine->mtrrs);
    if (!machine->confidential)
        write_back_caches();
    write_cr3(read_cr3());
    cpu_control_load(profile);
    return writes;
}

uint32_t cpu_memory_types_load(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    const struct muster_cpu_profile *profile = &machine->profile;
    bool pat_equal =
        !profile->has_pat || platform->msr_read(platform->context, MSR_PAT) == profile->pat;
    bool mtrrs_equal = !profile->has_mtrr || mtrr_equal(platform, profile);
    return pat_equal && mtrrs_equal ? 0 : memory_types_write(machine, mtrrs_equal);
}

/* Whether the calling CPU has as many MTRRs as the BSP: one that lacks some would fault. */
static bool has_mtrrs(const struct muster_platform *platform,
                      const struct muster_cpu_profile *profile)
{
    return !profile->has_mtrr ||
           platform->msr_read(platform->context, MSR_MTRRCAP) == profile->mtrr_cap;
}

static void tables_load(struct muster_slot *slot, void *percpu)
{
    const struct muster_machine *machine = slot->machine;
    struct x86_table_register gdtr = {sizeof(slot->gdt) - 1, (uint64_t)slot->gdt};
    struct x86_table_register idtr = {sizeof(*machine->idt) - 1, (uint64_t)machine->idt};
    load_gdt(&gdtr);
    load_segments(MUSTER_KERNEL_CS, MUSTER_KERNEL_DS);
    /* LTR makes the descriptor busy; it must be available whenever it is loaded. */
    slot->gdt[MUSTER_TSS / 8] &= ~(2ull << 40);
    load_task_register(MUSTER_TSS);
    slot->gs_base = (uint64_t)percpu;
    write_msr(MSR_GS_BASE, slot->gs_base);
    load_idt(&idtr);
}

/* Reading is cheaper than writing. */
static void set_msr(uint32_t msr, uint64_t value)
{
    if (read_msr(msr) != value)
        write_msr(msr, value);
}

/* Nobody intercepts these, not even the module of a TD or the host of an SEV guest. */
static void syscall_load(const struct muster_cpu_profile *profile)
{
    set_msr(MSR_EFER, profile->efer);
    if (profile->efer & EFER_SCE) {
        set_msr(MSR_STAR, profile->star);
        set_msr(MSR_LSTAR, profile->lstar);
        set_msr(MSR_FMASK, profile->fmask);
        set_msr(MSR_SYSENTER_CS, 0); /* SYSCALL is the only way in */
    }
    set_msr(MSR_KERNEL_GS_BASE, 0);
    set_msr(MSR_FS_BASE, 0);
}

/*
 * What INIT leaves behind, for a CPU that comes from a mailbox without one: every local source
 * masked, nothing in service, every priority let in. An interrupt in service would keep the wake
 * interrupt out.
 */
static void apic_clear(const struct muster_platform *platform, bool x2)
{
    apic_write(platform, x2, APIC_TPR, 0);
    /* Errors first: vector 0 may be one, also of a masked source (SDM vol. 3, 11.5.2). */
    static const uint16_t sources[] = {APIC_LVT_ERROR, APIC_LVT_TIMER,   APIC_LVT_LINT0,
                                       APIC_LVT_LINT1, APIC_LVT_COUNTER, APIC_LVT_THERMAL};
    unsigned count = (apic_read(platform, x2, APIC_VERSION) >> 16 & 0xFF) + 1;
    for (unsigned i = 0; i < count && i < sizeof(sources) / sizeof(sources[0]); i++)
        apic_write(platform, x2, sources[i], APIC_LVT_MASKED);
    for (unsigned word = 0; word < APIC_ISR_WORDS; word++)
        for (uint32_t served = apic_read(platform, x2, APIC_ISR + word * 0x10); served;
             served &= served - 1)
            apic_write(platform, x2, APIC_EOI, 0); /* each ends one, the highest first */
}

static void apic_load(const struct muster_slot *slot, const struct muster_cpu_profile *profile)
{
    const struct muster_platform *platform = slot->machine->platform;
    bool x2 = profile->x2apic;
    /* Who comes in by its ID is in that mode: arrive_by_apic_id has seen to it. */
    if (slot->firmware_levels || word_load_relaxed(&slot->arrived)) {
        x2 = muster_apic_is_x2(platform);
        if (profile->x2apic && !x2)
            x2 = muster_apic_enable_x2(platform) == MUSTER_OK;
    }
    apic_write(platform, x2, APIC_SVR, profile->apic_svr);
    if (slot->firmware_cr3)
        apic_clear(platform, x2);
}

/* What its entry page did before its first C. Of one that has been here before that is long ago. */
static bool entry_did(const struct muster_slot *slot, uint32_t what)
{
    return slot->entry_did & what && !word_load_relaxed(&slot->arrived);
}

/* Whether the calling CPU can be brought to the profile. */
static bool is_equipped(const struct muster_slot *slot, bool speculation)
{
    const struct muster_machine *machine = slot->machine;
    const struct muster_platform *platform = machine->platform;
    if (!entry_did(slot, ENTRY_CHECKED) &&
        (!cpu_meets(platform, &machine->needs) || !has_mtrrs(platform, &machine->profile)))
        return false;
    return !speculation || speculation_is_offered(platform, &machine->profile);
}

enum muster_status cpu_load(struct muster_slot *slot, void *percpu)
{
    const struct muster_machine *machine = slot->machine;
    const struct muster_cpu_profile *profile = &machine->profile;
    tables_load(slot, percpu);
    bool speculation = speculation_is_wanted(profile);
    if (!is_equipped(slot, speculation))
        return MUSTER_ERROR_FEATURES_DIFFER;
    cpu_control_load(profile);
    slot->mtrr_writes =
        entry_did(slot, ENTRY_LOADED) ? machine->mtrrs.count : cpu_memory_types_load(machine);
    syscall_load(profile);
    if (speculation) {
        speculation_load(machine->platform, profile);
        speculation_barrier(machine->platform, profile);
    }
    if (slot->firmware_cr3)
        clear_breakpoints();
    apic_load(slot, profile);
    return MUSTER_OK;
}

/*
 * What is left to do is what INIT does and cpu_load() relies on. A data breakpoint of the host's
 * would hit whoever uses the same address next. A timer that runs would set its bit for a host
 * that has long forgotten it; a TSC deadline is disarmed by the change of the timer's mode that
 * apic_clear() makes (SDM vol. 3, 11.5.4.1).
 */
enum muster_status cpu_reload(struct muster_slot *slot)
{
    const struct muster_machine *machine = slot->machine;
    const struct muster_platform *platform = machine->platform;
    write_cr4(read_cr4() & ~(uint64_t)CR4_PGE); /* the host's global pages */
    write_cr3(machine->config.park_cr3);
    enum muster_status status = cpu_load(slot, slot);
    load_local_table(0);
    clear_breakpoints();
    bool x2 = muster_apic_is_x2(platform);
    apic_clear(platform, x2);
    apic_write(platform, x2, APIC_TIMER_INITIAL, 0);
    return status;
}

/* MONITOR first, then the look: a store in between is seen, one after it ends MWAIT. */
void cpu_sleep_by_mwait(const struct muster_word *word, uint32_t value, uint32_t hint)
{
    monitor_address(word);
    if (word_load_acquire(word) == value)
        wait_for_monitor(hint);
}

unsigned cpu_paging_levels(void)
{
    return read_cr4() & CR4_LA57 ? 5 : 4;
}

void cpu_enter(struct muster_slot *slot)
{
    slot->gs_base = (uint64_t)slot->start.percpu;
    write_msr(MSR_GS_BASE, slot->gs_base);
    cpu_jump_to_entry(slot, slot->start.context, slot->start.stack_top, slot->start.entry);
}

enum muster_status muster_paging_switch(const struct muster_platform *platform, uint64_t cr3,
                                        unsigned levels)
{
    write_cr4(read_cr4() & ~(uint64_t)CR4_PGE); /* nothing of the old table may survive */
    if (levels == cpu_paging_levels()) {
        write_cr3(cr3);
        return MUSTER_OK;
    }
    if (levels == 5 && !cpu_cr4_offered(platform, CR4_LA57))
        return MUSTER_ERROR_PAGING_LEVELS;
    if ((levels != 4 && levels != 5) || !BELOW_4_GIB(cr3) || !BELOW_4_GIB(&cr3) ||
        !BELOW_4_GIB(cpu_switch_levels))
        return MUSTER_ERROR_PAGING_LEVELS;
    cpu_switch_levels(cr3);
    return MUSTER_OK;
}
