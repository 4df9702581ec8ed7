/* A slot's unchanging part: its IDs, its stacks, its GDT and TSS. */
#include "abi/x86.h"
#include "lib/cpu/cpu.h"
#include "lib/trace.h"

#define CHECK(c_field, offset)                                                                     \
    _Static_assert(offsetof(struct muster_slot, c_field) == (offset), "lib/cpu/slot_layout.h")
CHECK(self, SLOT_SELF);
CHECK(claimed, SLOT_CLAIMED);
CHECK(firmware_levels, SLOT_FIRMWARE_LEVELS);
CHECK(gs_base, SLOT_GS_BASE);
CHECK(park_stack_top, SLOT_PARK_STACK_TOP);
CHECK(firmware_cr3, SLOT_FIRMWARE_CR3);
CHECK(first_tsc, SLOT_FIRST_TSC);
CHECK(long_mode_tsc, SLOT_LONG_MODE_TSC);
CHECK(entry_did, SLOT_ENTRY_DID);
#undef CHECK
_Static_assert(sizeof(struct muster_slot) == MUSTER_SLOT_BYTES, "slots are found by their address");
_Static_assert(MUSTER_SLOT_BYTES == 1u << SLOT_BYTES_LOG2, "lib/cpu/slot_layout.h");
_Static_assert(sizeof(struct x86_tss) == sizeof((struct muster_slot *)0)->tss, "room for the TSS");

/* Segment descriptors (SDM vol. 3, 3.4.5): flat, present, accessed; base and limit are ignored. */
#define GDT_KERNEL_CODE 0x00AF9B000000FFFFu
#define GDT_KERNEL_DATA 0x00CF93000000FFFFu
#define GDT_USER_DATA   0x00CFF3000000FFFFu
#define GDT_USER_CODE64 0x00AFFB000000FFFFu
#define GDT_TSS_TYPE    (0x89ull << 40) /* available 64-bit TSS, present */

static struct x86_tss *slot_tss(struct muster_slot *slot)
{
    return (struct x86_tss *)(void *)slot->tss;
}

static void gdt_init(struct muster_slot *slot)
{
    uint64_t base = (uint64_t)(uintptr_t)slot->tss;
    uint64_t limit = sizeof(struct x86_tss) - 1;
    slot->gdt[0] = 0;
    slot->gdt[MUSTER_KERNEL_CS / 8] = GDT_KERNEL_CODE;
    slot->gdt[MUSTER_KERNEL_DS / 8] = GDT_KERNEL_DATA;
    /* No 32-bit user code: SYSCALL from there enters the kernel by CSTAR, which nobody serves. */
    slot->gdt[MUSTER_USER_BASE / 8] = 0;
    slot->gdt[MUSTER_USER_DS / 8] = GDT_USER_DATA;
    slot->gdt[MUSTER_USER_CS / 8] = GDT_USER_CODE64;
    slot->gdt[MUSTER_TSS / 8] =
        limit | (base & 0xFFFFFF) << 16 | GDT_TSS_TYPE | (base >> 24 & 0xFF) << 56;
    slot->gdt[MUSTER_TSS / 8 + 1] = base >> 32;
}

void muster_slot_set_kernel_stack(struct muster_slot *slot, uint64_t stack_top)
{
    slot_tss(slot)->rsp[0] = stack_top;
}

void slot_init(struct muster_slot *slot, struct muster_machine *machine, uint32_t index)
{
    slot->self = slot;
    slot->machine = machine;
    slot->apic_id = machine->cpus[index].apic_id;
    slot->index = index;
    slot->gs_base = (uint64_t)(uintptr_t)slot;
    slot->park_stack_top = (uint64_t)(uintptr_t)(slot->park_stack + sizeof(slot->park_stack));
    slot->trace = trace_ring_of(machine, index);
    if (slot->trace)
        slot->trace->apic_id = slot->apic_id;
    gdt_init(slot);
    struct x86_tss *tss = slot_tss(slot);
    tss->io_map_base = sizeof(*tss);
    for (unsigned ist = 0; ist < MUSTER_IST_COUNT; ist++)
        tss->ist[ist] = (uint64_t)(uintptr_t)(slot->ist[ist] + MUSTER_IST_STACK_BYTES);
    muster_slot_set_kernel_stack(slot, slot->park_stack_top);
}
