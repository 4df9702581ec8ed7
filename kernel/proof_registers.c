/* What must be the same on every CPU is the same: the APIC's mode, control registers, MTRRs. */
#include "abi/x86.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "lib/cpu/instructions.h"

static struct muster_cpu_profile bsp_profile;

static void compare_apic(struct percpu *cpu, void *argument)
{
    (void)argument;
    struct muster_cpu_profile profile;
    muster_cpu_profile_read(&kernel.machine, &profile);
    evidence_equal(cpu, "x2APIC mode", muster_apic_is_x2(&kernel.platform), bsp_profile.x2apic);
    evidence_equal(cpu, "APIC globally enabled", read_msr(MSR_APIC_BASE) & APIC_BASE_ENABLED,
                   APIC_BASE_ENABLED);
    evidence_equal(cpu, "spurious-vector register", profile.apic_svr, bsp_profile.apic_svr);
    evidence_equal(cpu, "APIC software-enabled", profile.apic_svr & APIC_SVR_ENABLE,
                   APIC_SVR_ENABLE);
}

void prove_apic(struct proof *proof)
{
    muster_cpu_profile_read(&kernel.machine, &bsp_profile);
    if (proof_on_all(proof, compare_apic, NULL))
        proof_held(proof, "%u CPUs: %s mode, spurious-vector register 0x%x", cpu_active_count(),
                   bsp_profile.x2apic ? "x2APIC" : "xAPIC", bsp_profile.apic_svr);
}

static void compare_registers(struct percpu *cpu, void *argument)
{
    (void)argument;
    struct muster_cpu_profile profile;
    muster_cpu_profile_read(&kernel.machine, &profile);
    const char *difference = muster_cpu_profile_difference(&profile, &bsp_profile);
    if (difference)
        evidence_true(cpu, difference, false);
    difference = muster_cpu_profile_difference(&profile, &kernel.machine.profile);
    if (difference)
        evidence_true(cpu, difference, false);
    evidence_equal(cpu, "CR3", read_cr3(), kernel.paging.root_phys);
    evidence_true(cpu, "LSTAR is the kernel's entry",
                  profile.lstar == kernel.machine.config.syscall_entry);
}

void prove_registers(struct proof *proof)
{
    uint32_t mtrr_writes = 0;
    muster_cpu_profile_read(&kernel.machine, &bsp_profile);
    if (!proof_on_all(proof, compare_registers, NULL))
        return;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        mtrr_writes += kernel.machine.slots[i].mtrr_writes;
    proof_held(proof, "%u CPUs: CR0 0x%lx CR4 0x%lx EFER 0x%lx, %u MTRRs had to be written",
               cpu_active_count(), bsp_profile.cr0, bsp_profile.cr4, bsp_profile.efer, mtrr_writes);
}
