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

/* SYSCALL clears these (SDM vol. 2, SYSCALL): nothing that user mode set may hold in the kernel. */
#define SYSCALL_MASK                                                                               \
    (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC)

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
}

/* Caches off, MTRRs off, write, and back, as SDM vol. 3, 12.11.8 wants it. */
static uint32_t mtrr_load(const struct muster_platform *platform,
                          const struct muster_cpu_profile *profile)
{
    uint64_t cr0 = read_cr0();
    uint64_t cr4 = read_cr4();
    write_cr0((cr0 | CR0_CD) & ~(uint64_t)CR0_NW);
    write_back_caches();
    write_cr4(cr4 & ~(uint64_t)CR4_PGE);
    write_cr3(read_cr3());
    uint64_t def_type = platform->msr_read(platform->context, MSR_MTRR_DEF_TYPE);
    platform->msr_write(platform->context, MSR_MTRR_DEF_TYPE,
                        def_type & ~(uint64_t)MTRR_DEF_TYPE_ENABLE);
    uint32_t writes = mtrr_write(platform, profile);
    platform->msr_write(platform->context, MSR_MTRR_DEF_TYPE, profile->mtrr_def_type);
    writes += def_type != profile->mtrr_def_type;
    write_back_caches();
    write_cr3(read_cr3());
    write_cr0(cr0);
    write_cr4(cr4);
    return writes;
}

uint32_t cpu_memory_types_load(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    const struct muster_cpu_profile *profile = &machine->profile;
    if (profile->has_pat && platform->msr_read(platform->context, MSR_PAT) != profile->pat)
        platform->msr_write(platform->context, MSR_PAT, profile->pat);
    if (!profile->has_mtrr || mtrr_equal(platform, profile))
        return 0;
    return mtrr_load(platform, profile);
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

static void syscall_load(const struct muster_platform *platform,
                         const struct muster_cpu_profile *profile)
{
    void *context = platform->context;
    if (platform->msr_read(context, MSR_EFER) != profile->efer)
        platform->msr_write(context, MSR_EFER, profile->efer);
    if (profile->efer & EFER_SCE) {
        platform->msr_write(context, MSR_STAR, profile->star);
        platform->msr_write(context, MSR_LSTAR, profile->lstar);
        platform->msr_write(context, MSR_FMASK, profile->fmask);
    }
    write_msr(MSR_KERNEL_GS_BASE, 0);
    write_msr(MSR_FS_BASE, 0);
}

/* Firmware may have left a timer running on a CPU that waited at its mailbox. */
static void apic_load(const struct muster_platform *platform,
                      const struct muster_cpu_profile *profile)
{
    bool x2 = muster_apic_is_x2(platform);
    if (profile->x2apic && !x2)
        x2 = muster_apic_enable_x2(platform) == MUSTER_OK;
    apic_write(platform, x2, APIC_SVR, profile->apic_svr);
    apic_write(platform, x2, APIC_TPR, 0);
    apic_write(platform, x2, APIC_LVT_TIMER, APIC_LVT_MASKED);
}

enum muster_status cpu_load(struct muster_slot *slot, void *percpu)
{
    const struct muster_machine *machine = slot->machine;
    const struct muster_cpu_profile *profile = &machine->profile;
    tables_load(slot, percpu);
    if (!cpu_has_profile(machine->platform, profile))
        return MUSTER_ERROR_FEATURES_DIFFER;
    write_cr0(profile->cr0);
    /* How deep the page tables are is the table's affair, and cannot be changed from here. */
    write_cr4((profile->cr4 & ~(uint64_t)CR4_LA57) | (read_cr4() & CR4_LA57));
    syscall_load(machine->platform, profile);
    slot->mtrr_writes = cpu_memory_types_load(machine);
    apic_load(machine->platform, profile);
    return MUSTER_OK;
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
    bool five = read_cr4() & CR4_LA57;
    if (levels == (five ? 5u : 4u)) {
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
