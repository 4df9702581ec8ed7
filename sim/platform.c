/* The hooks by which the library asks the machine, each with what it costs. */
#include <string.h>

#include "abi/hyperv.h"
#include "abi/sev.h"
#include "abi/x86.h"
#include "sim/machine.h"

#define CPUID_SIGNATURE  0x00000600u /* family 6 */
#define CPUID_LAST_BASIC 7u
#define TSC_PER_NS       1u
#define STANDING_TURN_NS 100u

void *sim_map(void *context, uint64_t phys, size_t bytes)
{
    struct sim *sim = context;
    if (phys >= sim->entry_phys && bytes <= sim->entry_bytes &&
        phys - sim->entry_phys <= sim->entry_bytes - bytes)
        return sim->entry + (phys - sim->entry_phys);
    if (sim->mailbox && phys == SIM_MAILBOX_PHYS && bytes <= MAILBOX_BYTES)
        return sim->mailbox;
    struct sim_tables *tables = sim->setup->tables;
    if (tables && phys >= tables->phys && bytes <= tables->bytes &&
        phys - tables->phys <= tables->bytes - bytes) {
        if (tables->before_map)
            tables->before_map(tables, phys, bytes);
        return tables->memory + (phys - tables->phys);
    }
    if (sim->call_page && phys == SIM_CALL_PHYS && bytes <= PAGE_BYTES)
        return sim->call_page;
    if (sim->jump_table && phys >= SIM_TABLE_PHYS && bytes <= SIM_TABLE_BYTES &&
        phys - SIM_TABLE_PHYS <= SIM_TABLE_BYTES - bytes)
        return sim->jump_table + (phys - SIM_TABLE_PHYS);
    return bytes <= SEV_VMSA_BYTES ? sim_vmsa_map(sim, phys) : NULL;
}

/* In x2APIC mode everything is an MSR; the xAPIC's hooks are not called. */
static uint64_t msr_read(void *context, uint32_t msr)
{
    struct sim *sim = context;
    sim_spend(sim, sim->costs->msr_ns);
    switch (msr) {
    case MSR_APIC_BASE:
        return APIC_DEFAULT_PHYS | APIC_BASE_ENABLED | APIC_BASE_X2APIC;
    case MSR_X2APIC + APIC_ID / 16:
        return sim_live_id(sim, sim->current);
    case MSR_SEV_STATUS:
        return sim_sev_status(sim);
    default:
        return 0;
    }
}

static void msr_write(void *context, uint32_t msr, uint64_t value)
{
    struct sim *sim = context;
    if (msr == MSR_X2APIC + APIC_ICR_LOW / 16)
        sim_send(sim, (uint32_t)(value >> ICR_X2_DEST_SHIFT), (uint32_t)value);
    else
        sim_spend(sim, sim->costs->msr_ns);
}

static void cpuid_sev(uint32_t leaf, uint32_t out[4])
{
    if (leaf == 0)
        out[1] = CPUID_VENDOR_AMD_EBX;
    else if (leaf == CPUID_EXTENDED_MAX)
        out[0] = CPUID_SEV;
    else if (leaf == CPUID_SEV)
        out[0] = SEV_CPUID_SEV | SEV_CPUID_ES | SEV_CPUID_SNP;
}

/* Intel's, or AMD's; under a hypervisor only where its calls are asked for. */
static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    struct sim *sim = context;
    bool hyperv = sim->setup->way == SIM_HYPERV;
    (void)subleaf;
    sim_spend(sim, sim->costs->cpuid_ns);
    memset(out, 0, 4 * sizeof(*out));
    if (leaf == 0) {
        out[0] = CPUID_LAST_BASIC;
        out[1] = CPUID_VENDOR_INTEL_EBX;
    } else if (leaf == CPUID_FEATURES) {
        out[0] = CPUID_SIGNATURE;
        out[2] = CPUID_1_ECX_X2APIC | (hyperv ? CPUID_1_ECX_HYPERVISOR : 0);
    } else if (hyperv && leaf == HYPERV_CPUID_VENDOR) {
        out[0] = HYPERV_CPUID_LAST;
        out[1] = HYPERV_VENDOR_EBX;
        out[2] = HYPERV_VENDOR_ECX;
        out[3] = HYPERV_VENDOR_EDX;
    } else if (hyperv && leaf == HYPERV_CPUID_INTERFACE) {
        out[0] = HYPERV_INTERFACE;
    } else if (hyperv && leaf == HYPERV_CPUID_FEATURES) {
        out[1] = HYPERV_MAY_START_VP;
    }
    if (sim_is_sev(sim))
        cpuid_sev(leaf, out);
}

static uint64_t time_ns(void *context)
{
    struct sim *sim = context;
    sim_spend(sim, sim->costs->clock_ns);
    if (sim->waits > sim->waits_max)
        return MUSTER_FOREVER; /* out of whatever waits without end */
    uint64_t stops_ns = sim->clock_stops_ns;
    return stops_ns && sim->now_ns > stops_ns ? stops_ns : sim->now_ns;
}

static uint64_t tsc_to_ns(void *context, uint64_t tsc)
{
    (void)context;
    return tsc / TSC_PER_NS;
}

/* A word that another CPU changes is noticed by the library's next look at it, which costs. */
static void wait(void *context, const struct muster_word *word, uint32_t value,
                 uint64_t deadline_ns)
{
    struct sim *sim = context;
    if (++sim->waits > sim->waits_max && !sim->trouble)
        sim->trouble = "the library waits without end";
    if (sim->clock_stops_ns) { /* by a clock that stands no deadline is ever over */
        sim_spend(sim, STANDING_TURN_NS);
        return;
    }
    while (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value && sim->now_ns < deadline_ns) {
        if (sim_happen(sim, deadline_ns))
            continue;
        if (deadline_ns == MUSTER_FOREVER && !sim->trouble)
            sim->trouble = "the library waits for ever, and nothing will happen";
        sim->now_ns = deadline_ns;
    }
}

static uint64_t hypercall(void *context, uint64_t control, uint64_t input_phys,
                          uint64_t output_phys)
{
    (void)input_phys, (void)output_phys; /* both in the one page */
    return sim_hypercall(context, control);
}

static void vmgexit(void *context, struct muster_vmgexit *exit)
{
    sim_vmgexit(context, exit);
}

static uint32_t rmpadjust(void *context, uint64_t phys, uint64_t attributes)
{
    return sim_rmpadjust(context, phys, attributes);
}

static bool is_private(void *context, uint64_t phys, uint64_t bytes)
{
    const struct sim *sim = context;
    (void)bytes;
    return sim->setup->jump_table != SIM_TABLE_SHARED || sim->tried || phys != SIM_TABLE_PHYS;
}

void sim_platform_init(struct sim *sim)
{
    sim->platform = (struct muster_platform){
        .context = sim,
        .map = sim_map,
        .msr_read = msr_read,
        .msr_write = msr_write,
        .cpuid = cpuid,
        .hypercall = sim->setup->way == SIM_HYPERV ? hypercall : NULL,
        .vmgexit = sim_is_sev(sim) ? vmgexit : NULL,
        .rmpadjust = sim->setup->way == SIM_SNP ? rmpadjust : NULL,
        .is_private = sim_is_sev(sim) ? is_private : NULL,
        .time_ns = time_ns,
        .tsc_to_ns = tsc_to_ns,
        .wait = wait,
    };
}
