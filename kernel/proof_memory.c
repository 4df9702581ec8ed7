/* Page tables that run are write-xor-execute; memory that came back is memory like any other. */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/plural.h"
#include "kernel/assembly.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"
#include "kernel/paging.h"
#include "kernel/proof.h"
#include "lib/cpu/instructions.h"

#define FILL 0xA5A5A5A5A5A5A5A5u

struct walk_result {
    uint32_t mappings;
    uint32_t tables;
    uint64_t both; /* first address that is writable and executable */
    bool has_both;
};

static enum muster_status look_at_page(void *context, const struct muster_page_visit *visit)
{
    struct walk_result *result = context;
    if (visit->is_table) {
        result->tables++;
        return MUSTER_OK;
    }
    result->mappings++;
    if ((visit->access & MUSTER_PAGE_WRITE) && (visit->access & MUSTER_PAGE_EXECUTE) &&
        !result->has_both) {
        result->has_both = true;
        result->both = visit->virt;
    }
    return MUSTER_OK;
}

/* A read-only page stops the kernel only with CR0.WP, a no-execute one only with EFER.NXE. */
static void is_enforced(struct percpu *cpu, void *argument)
{
    (void)argument;
    evidence_equal(cpu, "CR3", read_cr3(), kernel.paging.root_phys);
    evidence_equal(cpu, "CR0.WP", read_cr0() & CR0_WP, CR0_WP);
    evidence_equal(cpu, "EFER.NXE", read_msr(MSR_EFER) & EFER_NXE, EFER_NXE);
    evidence_equal(cpu, "levels", paging_live_levels(), kernel.paging.levels);
}

void prove_write_xor_execute(struct proof *proof)
{
    struct walk_result result = {0};
    enum muster_status status = muster_paging_walk(&kernel.platform, read_cr3(),
                                                   paging_live_levels(), look_at_page, &result);
    if (status != MUSTER_OK)
        proof_broken(proof, "the page tables cannot be walked: %s", muster_error_name(status));
    else if (result.has_both)
        proof_broken(proof, "0x%lx is writable and executable", result.both);
    else if (proof_on_all(proof, is_enforced, NULL))
        proof_held(proof, "%u mappings in %u tables of %u levels, enforced on %u %s",
                   result.mappings, result.tables, kernel.paging.levels, cpu_active_count(),
                   plural(cpu_active_count(), "CPU", "CPUs"));
}

/* Every byte, in strides of 8 where it can be. */
static void overwrite(uint64_t start, uint64_t end)
{
    uint64_t words_start = (start + 7) & ~7ull;
    uint64_t words_end = end & ~7ull;
    if (words_start >= words_end) {
        memset((void *)start, (int)(FILL & 0xFF), end - start);
        return;
    }
    memset((void *)start, (int)(FILL & 0xFF), words_start - start);
    fill_quadwords((void *)words_start, FILL, (words_end - words_start) / 8);
    memset((void *)words_end, (int)(FILL & 0xFF), end - words_end);
}

/* All that the map calls free and the tables map; gives the number of bytes. */
static uint64_t overwrite_free_memory(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < kernel.map.count; i++) {
        const struct muster_memory_range *range = &kernel.map.ranges[i];
        if (range->type != MUSTER_MEMORY_USABLE || range->owner != MUSTER_OWNER_NONE ||
            !paging_maps(range->start_phys, range->end_phys))
            continue;
        overwrite(range->start_phys, range->end_phys);
        bytes += range->end_phys - range->start_phys;
    }
    return bytes;
}

static void answer(struct percpu *cpu, void *argument)
{
    (void)argument;
    evidence_equal(cpu, "live APIC ID", muster_apic_id(&kernel.platform), cpu->slot->apic_id);
}

void prove_reclaimed_memory(struct proof *proof)
{
    const struct muster_custody *custody = &kernel.custody;
    if (!custody->taken_bytes) {
        proof_not_applicable(proof, "no firmware memory in custody");
        return;
    }
    if (custody->policy == MUSTER_CUSTODY_KEEP) {
        proof_not_applicable(proof, "policy KEEP: the firmware's loop stays, to hand CPUs back");
        return;
    }
    if (!custody->released) {
        proof_broken(proof, "nothing is overwritten: a CPU may still be in the firmware's loop");
        return;
    }
    uint64_t bytes = overwrite_free_memory();
    if (!proof_on_all(proof, answer, NULL))
        return;
    if (custody->returned_bytes)
        proof_held(proof, "%lu MiB overwritten, %lu KiB of them reclaimed; %u %s", bytes / MIB,
                   custody->returned_bytes / 1024, cpu_active_count(),
                   plural(cpu_active_count(), "CPU answers", "CPUs answer"));
    else
        proof_held(proof,
                   "%lu MiB overwritten, nothing to reclaim (firmware declared none of "
                   "its own usable); %u %s",
                   bytes / MIB, cpu_active_count(),
                   plural(cpu_active_count(), "CPU answers", "CPUs answer"));
}
