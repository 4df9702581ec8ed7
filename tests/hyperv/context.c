/* The contexts that VPs are started with, and what those see of them. */
#include "tests/hyperv/context.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "tests/hyperv/guest.h"

#define FLAT_LIMIT    0xFFFFFFFF
#define CODE_64       0xA09B
#define CODE_32       0xC09B
#define DATA          0xC093
#define TSS           0x008B
#define LDT           0x0082
#define NO_PAT_USES   0x0007010600070106 /* valid, and none that is there anyway */
#define FS_BASE       0x0000123456789000
#define GS_BASE       0xFFFF8A0000001000
#define START_RFLAGS  0x803 /* OF and CF */
#define START_CR0     (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)
#define START_CR4     (CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define START_EFER    (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define DATA_SELECTOR 0x18 /* the first of those that only differ in their number */
#define TRAP_IST      1
#define GATES         32

#pragma GCC visibility push(hidden)
volatile uint8_t seen[SEEN_BYTES];
volatile uint32_t seen_done, vp_next_done, arrived, interrupts;
volatile uint64_t vp_next, vp_next_result;
struct hyperv_vp_input vp_input __attribute__((aligned(256)));
#pragma GCC visibility pop

static struct x86_tss tss;
static struct x86_gate gates[GATES];
static uint64_t ldt[2] = {0x00CF93000000FFFF, 0};
static uint8_t stack[PAGE_BYTES] __attribute__((aligned(16)));
static uint8_t trap_stack[PAGE_BYTES] __attribute__((aligned(16)));

static struct hyperv_segment data_segment(unsigned number)
{
    return (struct hyperv_segment){0, FLAT_LIMIT, (uint16_t)(DATA_SELECTOR + 8 * (number % 4)),
                                   DATA};
}

void context_fill(struct hyperv_context *context)
{
    uint64_t handler = (uint64_t)vp_trap;
    gates[VECTOR_UD] = (struct x86_gate){(uint16_t)handler,
                                         SELECTOR_CODE,
                                         TRAP_IST,
                                         X86_INTERRUPT_GATE,
                                         (uint16_t)(handler >> 16),
                                         (uint32_t)(handler >> 32),
                                         0};
    tss.ist[TRAP_IST - 1] = (uint64_t)(trap_stack + sizeof(trap_stack));
    *context = (struct hyperv_context){
        .rip = (uint64_t)vp_entry,
        .rsp = (uint64_t)(stack + sizeof(stack)),
        .rflags = START_RFLAGS,
        .cs = {0, FLAT_LIMIT, SELECTOR_CODE, CODE_64},
        .ds = data_segment(0),
        .es = data_segment(1),
        .fs = data_segment(2),
        .gs = data_segment(3),
        .ss = {0, FLAT_LIMIT, SELECTOR_DATA, DATA},
        .tr = {(uint64_t)&tss, sizeof(tss) - 1, SELECTOR_TSS, TSS},
        .ldtr = {(uint64_t)ldt, sizeof(ldt) - 1, SELECTOR_LDT, LDT},
        .idtr = {.limit = sizeof(gates) - 1, .base = (uint64_t)gates},
        .gdtr = {.limit = (uint16_t)(guest_gdt_end - guest_gdt - 1), .base = (uint64_t)guest_gdt},
        .efer = START_EFER,
        .cr0 = START_CR0,
        .cr3 = (uint64_t)guest_root,
        .cr4 = START_CR4,
        .pat = NO_PAT_USES,
    };
    context->fs.base = FS_BASE;
    context->gs.base = GS_BASE;
}

void context_make_32(struct hyperv_context *context)
{
    context->rip = (uint64_t)vp_arrive_32;
    context->cs.attributes = CODE_32;
    context->fs.base = context->gs.base = 0;
    context->efer = 0;
    context->cr0 &= ~(uint64_t)CR0_PG;
    context->cr4 = 0;
}

static uint64_t seen_at(unsigned offset)
{
    uint64_t value;
    memcpy(&value, (const void *)(seen + offset), sizeof(value));
    return value;
}

static void check_table(const char *name, unsigned offset, const struct hyperv_table *table)
{
    struct x86_table_register is;
    memcpy(&is, (const void *)(seen + offset), sizeof(is));
    check(name, is.base, table->base);
    check(name, is.limit, table->limit);
}

void context_check(const struct hyperv_context *wanted)
{
    const struct {
        const char *name;
        unsigned offset;
        uint64_t value;
    } values[] = {
        {"started_vp_has_rip", SEEN_RIP, wanted->rip},
        {"started_vp_has_rsp", SEEN_RSP, wanted->rsp},
        {"started_vp_has_rflags", SEEN_RFLAGS, wanted->rflags},
        {"started_vp_has_cs", SEEN_CS, wanted->cs.selector},
        {"started_vp_has_ds", SEEN_DS, wanted->ds.selector},
        {"started_vp_has_es", SEEN_ES, wanted->es.selector},
        {"started_vp_has_fs", SEEN_FS, wanted->fs.selector},
        {"started_vp_has_gs", SEEN_GS, wanted->gs.selector},
        {"started_vp_has_ss", SEEN_SS, wanted->ss.selector},
        {"started_vp_has_tr", SEEN_TR, wanted->tr.selector},
        {"started_vp_has_ldtr", SEEN_LDTR, wanted->ldtr.selector},
        {"started_vp_has_fs_base", SEEN_FS_BASE, wanted->fs.base},
        {"started_vp_has_gs_base", SEEN_GS_BASE, wanted->gs.base},
        {"started_vp_has_efer", SEEN_EFER, wanted->efer},
        {"started_vp_has_cr0", SEEN_CR0, wanted->cr0},
        {"started_vp_has_cr3", SEEN_CR3, wanted->cr3},
        {"started_vp_has_cr4", SEEN_CR4, wanted->cr4},
        {"started_vp_has_pat", SEEN_PAT, wanted->pat},
        {"started_vp_has_rax_0", SEEN_RAX, 0},
        {"started_vp_has_all_other_registers_0", SEEN_OTHERS, 0},
        /* SS, RSP, RFLAGS, CS and RIP lie there. */
        {"started_vp_traps_by_its_own_idt_and_tss", SEEN_TRAP_RSP,
         (uint64_t)(trap_stack + sizeof(trap_stack)) - 5 * sizeof(uint64_t)},
    };
    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        check(values[i].name, seen_at(values[i].offset), values[i].value);
    check_table("started_vp_has_idtr", SEEN_IDTR, &wanted->idtr);
    check_table("started_vp_has_gdtr", SEEN_GDTR, &wanted->gdtr);
}
