/*
 * An SEV guest: the processor's table of pages (RMP), as far as it makes VMSAs, and the hypervisor
 * behind the GHCB (abi/sev.h). What is checked here is what a processor would look at before it
 * runs a VMSA; every field of one is compared in tests/unit/test_sev.c.
 */
#include "abi/sev.h"
#include "abi/x86.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"
#include "sim/machine.h"

#define REAL_MODE_SHIFT 4

uint64_t sim_sev_status(const struct sim *sim)
{
    if (!sim_is_sev(sim))
        return 0;
    return SEV_STATUS_SEV | SEV_STATUS_ES | (sim->setup->way == SIM_SNP ? SEV_STATUS_SNP : 0);
}

/* ---- Pages that are VMSAs, or may become one ---- */

static bool is_among_vmsas(const struct sim *sim, uint64_t phys)
{
    return sim->vmsas && phys % SEV_VMSA_BYTES == 0 && phys >= sim->vmsa_phys &&
           phys - sim->vmsa_phys < sim->vmsa_bytes;
}

static bool *rmp_entry(const struct sim *sim, uint64_t phys)
{
    return &sim->is_vmsa[(phys - sim->vmsa_phys) / SEV_VMSA_BYTES];
}

static const struct sev_vmsa *vmsa_at(const struct sim *sim, uint64_t phys)
{
    return (const void *)(sim->vmsas + (phys - sim->vmsa_phys));
}

/* What the processor has taken nobody writes: it would be a page fault. */
void *sim_vmsa_map(struct sim *sim, uint64_t phys)
{
    if (!is_among_vmsas(sim, phys))
        return NULL;
    if (!*rmp_entry(sim, phys))
        return sim->vmsas + (phys - sim->vmsa_phys);
    sim->trouble = "the library touches a VMSA that is the processor's";
    return NULL;
}

bool sim_vmsa_runs(const struct sim *sim, const struct sim_cpu *cpu)
{
    return !sim->vmsas || (is_among_vmsas(sim, cpu->vmsa_phys) && *rmp_entry(sim, cpu->vmsa_phys));
}

/* The CPU whose stub it leads to; the BSP, which has none, if it leads to nobody's. */
static struct sim_cpu *cpu_of(struct sim *sim, const struct sev_vmsa *vmsa)
{
    uint64_t at = vmsa->rip - sim->entry_phys;
    uint64_t number = at / PAGE_BYTES * ENTRY_STUBS + at % PAGE_BYTES / ENTRY_STUB_BYTES;
    return &sim->cpus[number < sim->setup->cpus ? number : SIM_BSP];
}

uint32_t sim_rmpadjust(struct sim *sim, uint64_t phys, uint64_t attributes)
{
    bool to = (attributes & RMPADJUST_VMSA) != 0;
    sim_spend(sim, sim->costs->rmpadjust_ns);
    if (!is_among_vmsas(sim, phys) || phys % SEV_LARGE_PAGE == 0 ||
        (attributes & ~(uint64_t)RMPADJUST_VMSA) != RMPADJUST_VMPL_1) {
        sim->trouble = "the library adjusts a page that can be no VMSA";
        return RMPADJUST_DENIED;
    }
    const struct sim_behaviour *behaviour = &cpu_of(sim, vmsa_at(sim, phys))->behaviour;
    if (to && behaviour->adjust_answer)
        return behaviour->adjust_answer;
    if (!to && behaviour->vmsa_stays)
        return RMPADJUST_IN_USE;
    *rmp_entry(sim, phys) = to;
    return RMPADJUST_SUCCESS;
}

/* ---- The hypervisor ---- */

static void refuse(struct muster_vmgexit *exit, uint32_t by)
{
    exit->info_1 = by;
    exit->info_2 = SEV_EXIT_INVALID_INPUT;
}

static bool vmsa_is_sound(const struct sim *sim, const struct sev_vmsa *vmsa)
{
    const uint64_t long_mode = EFER_LME | EFER_LMA | SEV_EFER_SVME;
    return (vmsa->efer & long_mode) == long_mode && vmsa->cr3 == SIM_PARK_CR3 &&
           (vmsa->cr0 & CR0_PG) && (vmsa->cr4 & CR4_PAE) &&
           vmsa->cs.attributes == SEV_SEGMENT_CODE64 &&
           vmsa->sev_features == sim_sev_status(sim) >> SEV_FEATURES_SHIFT;
}

static void create(struct sim *sim, uint32_t number, uint64_t vmsa_phys)
{
    struct sim_cpu *cpu = &sim->cpus[number];
    const struct sev_vmsa *vmsa = vmsa_at(sim, vmsa_phys);
    if (!vmsa_is_sound(sim, vmsa))
        sim->trouble = "no processor would run this VMSA";
    cpu->vmsa_phys = vmsa_phys;
    cpu->at_ns[SIM_SENT] = cpu->at_ns[SIM_DELIVERED] = sim->now_ns;
    cpu->sender[0] = sim->current;
    if (cpu->behaviour.dead)
        cpu->start = (uint32_t)vmsa->rip; /* should it ever run */
    else
        sim_cpu_begin(sim, number, sim->costs->vp_start_ns, (uint32_t)vmsa->rip);
}

/* Whatever it was about to do. */
static void destroy(struct sim *sim, struct sim_cpu *cpu)
{
    if (cpu->slot != SIM_NONE)
        sim->cpus[cpu->slot].occupant = SIM_NONE;
    cpu->slot = SIM_NONE;
    cpu->vmsa_phys = 0;
    cpu->start = 0;
    cpu->life++;
    cpu->place = SIM_IN_FIRMWARE;
}

static void ap_creation(struct sim *sim, struct muster_vmgexit *exit)
{
    uint64_t vmsa_phys = exit->info_2, what = exit->info_1 & ((1u << SEV_AP_VMPL_SHIFT) - 1);
    uint32_t number = sim_cpu_of_id(sim, (uint32_t)(exit->info_1 >> SEV_AP_APIC_ID_SHIFT));
    uint32_t answer = 0;
    if (number == SIM_NONE || !is_among_vmsas(sim, vmsa_phys) || !*rmp_entry(sim, vmsa_phys)) {
        refuse(exit, SEV_EXIT_MALFORMED);
        return;
    }
    struct sim_cpu *cpu = &sim->cpus[number];
    exit->info_1 = exit->info_2 = 0;
    if (what == SEV_AP_DESTROY) {
        destroy(sim, cpu);
        return;
    }
    if (what != SEV_AP_CREATE || cpu->vmsa_phys) {
        refuse(exit, SEV_EXIT_MALFORMED);
        return;
    }
    sim_spend(sim, cpu->behaviour.call_ns);
    if (cpu->behaviour.refusals) {
        cpu->behaviour.refusals--;
        answer = cpu->behaviour.refused_by;
        refuse(exit, answer);
    }
    if (!answer || cpu->behaviour.runs_all_the_same)
        create(sim, number, vmsa_phys);
}

static void tell_jump_table(const struct sim *sim, struct muster_vmgexit *exit)
{
    enum sim_jump_table how = sim->tried ? SIM_TABLE_TOLD : sim->setup->jump_table;
    exit->info_1 = 0;
    exit->info_2 = how == SIM_TABLE_NOWHERE     ? 0
                   : how == SIM_TABLE_UNALIGNED ? SIM_TABLE_PHYS + SEV_JUMP_TABLE_BYTES
                   : how == SIM_TABLE_UNMAPPED  ? SIM_TABLE_PHYS + SIM_TABLE_BYTES
                                                : SIM_TABLE_PHYS;
    if (how == SIM_TABLE_REFUSED || (how == SIM_TABLE_GONE && sim->prepared))
        exit->info_1 = SEV_EXIT_MALFORMED; /* whatever else is said */
}

void sim_vmgexit(struct sim *sim, struct muster_vmgexit *exit)
{
    sim_spend(sim, sim->costs->hypercall_ns);
    if (exit->code == SEV_EXIT_AP_CREATION && sim->vmsas)
        ap_creation(sim, exit);
    else if (exit->code == SEV_EXIT_AP_JUMP_TABLE && exit->info_1 == SEV_JUMP_TABLE_GET &&
             sim->jump_table)
        tell_jump_table(sim, exit);
    else
        refuse(exit, SEV_EXIT_MALFORMED);
}

/* ---- SEV-ES: firmware ---- */

uint32_t sim_jump_target(const struct sim *sim, const struct sim_cpu *cpu)
{
    const struct sev_jump_table *table = (const void *)sim->jump_table;
    if (cpu->behaviour.has_other_vector)
        return (uint32_t)mailbox_entry_vector(&sim->machine, cpu->behaviour.other_vector);
    return ((uint32_t)table->cs << REAL_MODE_SHIFT) + table->ip;
}
