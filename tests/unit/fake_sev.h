/**
 * An SEV-SNP or SEV-ES guest under the fake machine: the double is at the hooks, vmgexit and
 * rmpadjust, as there is no such processor to run on. A VMSA is looked at field by field, and a
 * CPU comes only if it is right. Include after fake_machine.h.
 */
#ifndef TESTS_FAKE_SEV_H
#define TESTS_FAKE_SEV_H

#include "abi/sev.h"
#include "tests/unit/fake_machine.h"

#define FAKE_VMSA       0x005FF000u /* the first ends a large page, the next one must skip a page */
#define FAKE_VMSA_COUNT 16
#define FAKE_JUMP_TABLE 0x00333000u

struct fake_sev {
    uint64_t status;
    uint64_t jump_table; /* what GET answers */

    /* Faults: the CPU with this ID, how often, and what is answered. */
    uint32_t create_refused_id, create_refusals, destroy_refusals;
    uint32_t adjust_refusals, adjust_answer, unadjust_refusals;
    bool claims_at_destroy; /* the CPU comes to its slot at the very moment */
    bool table_refused;
    bool shared, table_shared;
    uint64_t create_takes_ns; /* the caller is away for so long */

    /* What it saw. */
    bool is_vmsa[FAKE_VMSA_COUNT]; /* pages from FAKE_VMSA on */
    bool running[64];              /* by CPU */
    uint32_t creates, destroys, adjusts;
    const char *wrong; /* the first thing that was */
};

static struct fake_sev fake_sev;

static inline void fake_sev_check(const char *what, bool right)
{
    if (!right && !fake_sev.wrong)
        fake_sev.wrong = what;
}

static inline bool *fake_vmsa_page(uint64_t phys)
{
    assert_true(phys >= FAKE_VMSA && phys < FAKE_VMSA + FAKE_VMSA_COUNT * 4096 && phys % 4096 == 0);
    return &fake_sev.is_vmsa[(phys - FAKE_VMSA) / 4096];
}

static inline uint32_t fake_rmpadjust(void *context, uint64_t phys, uint64_t attributes)
{
    bool to = attributes & 0x10000;
    (void)context;
    fake_sev.adjusts++;
    fake_sev_check("target VMPL", (attributes & 0xFF) == 1);
    fake_sev_check("permissions", (attributes & ~0x100FFull) == 0);
    if (to ? fake_sev.adjust_refusals && fake_sev.adjust_refusals--
           : fake_sev.unadjust_refusals && fake_sev.unadjust_refusals--)
        return fake_sev.adjust_answer;
    fake_sev_check("page that is one already", *fake_vmsa_page(phys) != to);
    *fake_vmsa_page(phys) = to;
    return 0;
}

static inline bool fake_sev_segment_is(const struct sev_segment *segment, uint16_t selector,
                                       uint16_t attributes, uint32_t limit)
{
    return segment->selector == selector && segment->attributes == attributes &&
           segment->limit == limit && segment->base == 0;
}

/* By offsets of APM vol. 2, table B-4, not by the structure: the two must agree. */
static inline uint64_t fake_vmsa_u64(const uint8_t *vmsa, unsigned offset)
{
    uint64_t value;
    memcpy(&value, vmsa + offset, sizeof(value));
    return value;
}

static inline uint32_t fake_vmsa_u32(const uint8_t *vmsa, unsigned offset)
{
    return (uint32_t)fake_vmsa_u64(vmsa, offset);
}

static inline void fake_check_vmsa_segments(const uint8_t *vmsa)
{
    static const struct {
        const char *name;
        unsigned offset;
        struct sev_segment is;
    } segments[] = {
        {"es", 0x00, {0x10, 0xC93, ~0u, 0}}, {"cs", 0x10, {0x08, 0xA9B, ~0u, 0}},
        {"ss", 0x20, {0x10, 0xC93, ~0u, 0}}, {"ds", 0x30, {0x10, 0xC93, ~0u, 0}},
        {"fs", 0x40, {0x10, 0xC93, ~0u, 0}}, {"gs", 0x50, {0x10, 0xC93, ~0u, 0}},
        {"gdtr", 0x60, {0, 0, 0, 0}},        {"ldtr", 0x70, {0, 0x82, 0xFFFF, 0}},
        {"idtr", 0x80, {0, 0, 0, 0}},        {"tr", 0x90, {0, 0x8B, 0xFFFF, 0}},
    };
    for (unsigned i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
        fake_sev_check(segments[i].name,
                       memcmp(vmsa + segments[i].offset, &segments[i].is, 16) == 0);
}

/* Every field that is not 0, with its offset; then that all else is 0. */
static inline void fake_check_vmsa(const struct fake_machine *fake, uint32_t cpu,
                                   const uint8_t *vmsa)
{
    const uint64_t *cr3 = fake->config.start_cr3;
    const struct {
        const char *name;
        unsigned offset, bytes;
        uint64_t is;
    } fields[] = {
        {"efer", 0x0D0, 8, 0x1D00}, /* SVME, LME, LMA, NXE */
        {"cr4", 0x148, 8, 0x20},
        {"cr3", 0x150, 8, cr3 ? cr3[cpu] : FAKE_PARK_CR3},
        {"cr0", 0x158, 8, 0xC0050033 & ~0x60000000u},
        {"dr7", 0x160, 8, 0x400},
        {"dr6", 0x168, 8, 0xFFFF0FF0},
        {"rflags", 0x170, 8, 2},
        {"rip", 0x178, 8, fake->config.entry_phys + ENTRY_STUB_BYTES * cpu},
        {"pat", 0x268, 8, FAKE_PAT},
        {"sev_features", 0x3B0, 8, fake_sev.status >> 2},
        {"xcr0", 0x3E8, 8, 1},
        {"mxcsr", 0x408, 4, 0x1F80},
        {"x87_ftw", 0x40C, 2, 0x5555},
        {"x87_fcw", 0x410, 2, 0x40},
    };
    uint8_t rest[4096];
    memcpy(rest, vmsa, sizeof(rest));
    memset(rest, 0, 0xA0); /* the segments */
    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        fake_sev_check(fields[i].name,
                       memcmp(vmsa + fields[i].offset, &fields[i].is, fields[i].bytes) == 0);
        memset(rest + fields[i].offset, 0, fields[i].bytes);
    }
    fake_check_vmsa_segments(vmsa);
    for (unsigned i = 0; i < sizeof(rest); i++)
        fake_sev_check("a field that is to be 0", rest[i] == 0);
}

static inline uint32_t fake_sev_cpu(const struct fake_machine *fake, uint32_t apic_id)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (fake->machine.cpus[i].apic_id == apic_id)
            return i;
    fail_msg("AP creation for APIC ID %u, which nobody has", apic_id);
    return 0;
}

static inline void fake_ap_creation(struct fake_machine *fake, struct muster_vmgexit *exit)
{
    uint32_t apic_id = (uint32_t)(exit->info_1 >> 32), what = exit->info_1 & 0xFFFF;
    uint32_t index = fake_sev_cpu(fake, apic_id);
    struct fake_cpu *cpu = &fake->cpus[index];
    bool destroys = what == 2;
    fake_pass(fake, destroys ? 0 : fake_sev.create_takes_ns);
    fake_sev_check("VMPL", (exit->info_1 >> 16 & 0xFFFF) == 0);
    fake_sev_check("request", what == 1 || destroys);
    fake_sev_check("VMSA that is none", *fake_vmsa_page(exit->info_2));
    fake_sev_check("VMSA that begins a large page", exit->info_2 % 0x200000 != 0);
    fake_sev_check("RAX", exit->rax == fake_sev.status >> 2);
    if (destroys ? fake_sev.destroy_refusals && fake_sev.destroy_refusals--
                 : apic_id == fake_sev.create_refused_id && fake_sev.create_refusals &&
                       fake_sev.create_refusals--) {
        exit->info_1 = 2;
        exit->info_2 = 5;
        return;
    }
    exit->info_1 = 0;
    destroys ? fake_sev.destroys++ : fake_sev.creates++;
    fake_sev_check("CPU that runs already", fake_sev.running[index] == destroys);
    fake_sev.running[index] = !destroys;
    cpu->life++; /* whatever it was about to do */
    cpu->place = FAKE_UNDER_WAY;
    if (destroys) {
        fake->slots[index].claimed.value |= fake_sev.claims_at_destroy;
        return;
    }
    const uint8_t *vmsa = fake_map(fake, exit->info_2, 4096);
    fake_check_vmsa(fake, index, vmsa);
    if (!fake_sev.wrong && !cpu->dead)
        fake_at(fake, cpu->start_ns, fake_enter, cpu, fake_vmsa_u64(vmsa, 0x178));
}

static inline void fake_vmgexit(void *context, struct muster_vmgexit *exit)
{
    struct fake_machine *fake = context;
    if (exit->code == 0x80000013) {
        fake_ap_creation(fake, exit);
        return;
    }
    assert_int_equal(exit->code, 0x80000005);
    assert_int_equal(exit->info_1, 1); /* GET: SET is firmware's */
    exit->info_1 = fake_sev.table_refused ? 2 : 0;
    exit->info_2 = fake_sev.jump_table;
}

static inline bool fake_sev_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context, (void)bytes;
    return !(fake_sev.shared && phys == FAKE_VMSA) &&
           !(fake_sev.shared && phys == FAKE_SIPI_ENTRY) &&
           !(fake_sev.table_shared && phys == FAKE_JUMP_TABLE);
}

/** SEV_STATUS is @status; before fake_prepare(). */
static inline void fake_sev_add(struct fake_machine *fake, uint64_t status)
{
    fake_sev = (struct fake_sev){.status = status, .jump_table = FAKE_JUMP_TABLE};
    fake->cpuid_sev[0] = SEV_CPUID_SEV | SEV_CPUID_ES | SEV_CPUID_SNP;
    *fake_msr(fake, MSR_SEV_STATUS) = status;
    fake->platform.vmgexit = fake_vmgexit;
    fake->platform.rmpadjust = fake_rmpadjust;
    fake->platform.is_private = fake_sev_is_private;
}

static inline void fake_snp_add(struct fake_machine *fake)
{
    fake_sev_add(fake, SEV_STATUS_SEV | SEV_STATUS_ES | SEV_STATUS_SNP);
    fake->config.vmsa_phys = FAKE_VMSA;
    fake->config.vmsa_bytes = FAKE_VMSA_COUNT * 4096;
    fake_region_add(fake, FAKE_VMSA, FAKE_VMSA_COUNT * 4096);
}

/* Firmware's loop, after the SIPI: a far jump through the table, as it is at that moment. */
static inline void fake_jump_through_table(struct fake_machine *fake, struct fake_cpu *cpu,
                                           uint64_t value)
{
    const uint16_t *table = fake_map(fake, FAKE_JUMP_TABLE, 4);
    uint64_t address = (uint64_t)table[1] * 16 + table[0];
    uint8_t *page = fake_map(fake, address & ~0xFFFull, PAGE_BYTES);
    (void)value;
    /* movb $number, %al; the page's start is in CS. */
    if (!page || table[1] % 256 || page[address % 4096] != 0xB0) {
        fail_msg("APIC ID %u jumps to 0x%lx, where there is no stub", cpu->apic_id, address);
        return;
    }
    const struct entry_parameters *entry = (const void *)(page + ENTRY_PARAMETERS);
    assert_int_equal(entry->arrive, (uint64_t)arrive_by_slot);
    ((struct muster_slot *)entry->slots)[page[address % 4096 + 1]].firmware_levels = 4;
    fake_claim(fake, cpu, entry, page[address % 4096 + 1]);
}

static inline void fake_es_add(struct fake_machine *fake)
{
    fake_sev_add(fake, SEV_STATUS_SEV | SEV_STATUS_ES);
    fake_region_add(fake, FAKE_JUMP_TABLE, 8192);
    fake->sipi_leads_to = fake_jump_through_table;
}

#endif
