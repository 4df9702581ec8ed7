/* What every entry page carries, whichever way leads to it. */
#include "abi/sev.h"
#include "abi/x86.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"

#define CHECK(field, offset)                                                                       \
    _Static_assert(ENTRY_PARAMETERS + offsetof(struct entry_parameters, field) == (offset),        \
                   "lib/cpu/slot_layout.h")
CHECK(park_cr3, ENTRY_PARK_CR3);
CHECK(arrive, ENTRY_ARRIVE);
CHECK(index, ENTRY_INDEX);
CHECK(slots, ENTRY_SLOTS);
CHECK(strays, ENTRY_STRAYS);
CHECK(index_shift, ENTRY_INDEX_SHIFT);
CHECK(index_mask, ENTRY_INDEX_MASK);
CHECK(cr4, ENTRY_CR4);
CHECK(efer, ENTRY_EFER);
CHECK(far32_offset, ENTRY_FAR32);
CHECK(far64_offset, ENTRY_FAR64);
CHECK(gdt_limit, ENTRY_GDTR);
CHECK(gdt, ENTRY_GDT);
CHECK(x2apic, ENTRY_X2APIC);
CHECK(td, ENTRY_TD);
CHECK(sev_es, ENTRY_SEV_ES);
CHECK(needs.leaf, ENTRY_NEEDS_LEAF);
CHECK(needs.words[MUSTER_CPUID_1_ECX], ENTRY_NEEDS_1_ECX);
CHECK(needs.words[MUSTER_CPUID_1_EDX], ENTRY_NEEDS_1_EDX);
CHECK(needs.words[MUSTER_CPUID_7_EBX], ENTRY_NEEDS_7_EBX);
CHECK(needs.words[MUSTER_CPUID_7_ECX], ENTRY_NEEDS_7_ECX);
CHECK(checked_cr4, ENTRY_CHECKED_CR4);
CHECK(mtrr_cap, ENTRY_MTRR_CAP);
CHECK(msr_bytes, ENTRY_MSR_BYTES);
CHECK(msrs, ENTRY_MSRS);
#undef CHECK
_Static_assert(offsetof(struct entry_parameters, gdt_base) ==
                   offsetof(struct entry_parameters, gdt_limit) + 2,
               "limit and base are LGDT's operand");
_Static_assert(ENTRY_PARAMETERS + sizeof(struct entry_parameters) <= PAGE_BYTES, "one page");
_Static_assert(sizeof(struct muster_msr) == 16 && offsetof(struct muster_msr, msr) == 0 &&
                   offsetof(struct muster_msr, value) == 8,
               "lib/cpu/entry_sipi.S walks them");
_Static_assert(sizeof(struct muster_index_entry) == 8, "lib/cpu/arrive.S scales by 8");
_Static_assert(offsetof(struct muster_index_entry, number) == 4, "lib/cpu/arrive.S");
_Static_assert(MUSTER_INDEX_MULTIPLIER == 0x9E3779B1u, "lib/cpu/arrive.S has it too");

void entry_parameters_init(const struct muster_machine *machine, struct entry_parameters *entry,
                           uint64_t page_phys)
{
    const struct muster_cpu_config *config = &machine->config;
    *entry = (struct entry_parameters){
        .park_cr3 = config->park_cr3,
        .index = (uint64_t)(uintptr_t)machine->index,
        .slots = (uint64_t)(uintptr_t)machine->slots,
        .strays = (uint64_t)(uintptr_t)&machine->strays,
        .index_shift = machine->index_shift,
        .index_mask = machine->index_mask,
        .cr4 = CR4_PAE | (config->paging_levels == 5 ? CR4_LA57 : 0),
        .efer = EFER_LME | (uint32_t)(machine->profile.efer & (EFER_NXE | EFER_SCE)),
        .far32_selector = ENTRY_CS32,
        .far64_selector = ENTRY_CS64,
        .gdt_limit = sizeof(entry->gdt) - 1,
        .gdt_base = page_phys + ENTRY_GDT,
        .gdt = {0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF9B000000FFFF},
        .x2apic = machine->profile.x2apic,
        .td = machine->confidential,
        .sev_es = (muster_sev_status(machine->platform) & SEV_STATUS_ES) != 0,
    };
}

/* How deep the page tables are is the table's affair, as in lib/cpu/load.c. */
void start_state_make(const struct muster_machine *machine, uint32_t index,
                      struct start_state *state)
{
    const struct muster_cpu_config *config = &machine->config;
    const struct muster_cpu_profile *profile = &machine->profile;
    *state = (struct start_state){
        .rip = mailbox_entry_vector(machine, index),
        .cr0 = (profile->cr0 | CR0_PG | CR0_PE) & ~(uint64_t)(CR0_CD | CR0_NW),
        .cr3 = config->start_cr3 ? config->start_cr3[index] : config->park_cr3,
        .cr4 = (profile->cr4 & ~(uint64_t)CR4_LA57) | CR4_PAE |
               (config->paging_levels == 5 ? CR4_LA57 : 0),
        .efer = EFER_LME | EFER_LMA | (profile->efer & EFER_NXE),
        .pat = profile->has_pat ? profile->pat : PAT_AT_RESET,
    };
}

bool start_tables_are_sound(const struct muster_machine *machine)
{
    const uint64_t *cr3 = machine->config.start_cr3;
    for (uint32_t i = 0; cr3 && i < machine->cpu_count; i++)
        if (machine->cpus[i].enabled && i != machine->bsp && (!cr3[i] || cr3[i] % PAGE_BYTES))
            return false;
    return true;
}
