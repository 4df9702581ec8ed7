#include "monitor/context.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/msr.h"
#include "monitor/paging.h"

#define RFLAGS_VM    0x00020000
#define RFLAGS_KNOWN 0x003F7FD7u
#define CANONICAL    47 /* the highest bit of an address that the bits above repeat */
#define CANONICAL_5  56 /* with 5-level paging */

#define SEGMENT_TYPE     0x000F
#define SEGMENT_S        0x0010
#define SEGMENT_PRESENT  0x0080
#define SEGMENT_CODE     0x0008 /* of a type with S */
#define SEGMENT_L        0x2000
#define SEGMENT_D        0x4000
#define SEGMENT_DPL(at)  ((at) >> 5 & 3)
#define TYPE_TSS_16_BUSY 3
#define TYPE_TSS_BUSY    11
#define TYPE_LDT         2

static bool is_long(const struct hyperv_context *context)
{
    return context->cr0 & CR0_PG && context->efer & EFER_LME;
}

static bool is_canonical(const struct hyperv_context *context, uint64_t address)
{
    unsigned bit = context->cr4 & CR4_LA57 ? CANONICAL_5 : CANONICAL;
    int64_t above = (int64_t)address >> bit;
    return above == 0 || above == -1;
}

static const char *check_addresses(const struct hyperv_context *context)
{
    bool is_64 = is_long(context) && context->cs.attributes & SEGMENT_L;
    const uint64_t bases[] = {context->fs.base,   context->gs.base,   context->tr.base,
                              context->ldtr.base, context->idtr.base, context->gdtr.base};
    if (is_64 ? !is_canonical(context, context->rip) : context->rip > UINT32_MAX)
        return "RIP is no address of its mode";
    for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (!is_canonical(context, bases[i]))
            return "the base of a segment or table is not canonical";
    return NULL;
}

static const char *check_rflags(const struct hyperv_context *context)
{
    if (context->rflags & ~(uint64_t)RFLAGS_KNOWN || !(context->rflags & RFLAGS_FIXED))
        return "RFLAGS has a reserved bit set, or bit 1 clear";
    if (context->rflags & RFLAGS_VM)
        return "RFLAGS.VM: virtual-8086 mode cannot be started in";
    return NULL;
}

static const char *check_code_segment(const struct hyperv_context *context)
{
    uint16_t cs = context->cs.attributes;
    uint16_t ss = context->ss.attributes;
    if (!(cs & SEGMENT_S) || !(cs & SEGMENT_CODE) || !(cs & SEGMENT_PRESENT))
        return "CS is no present code segment";
    if (is_long(context) && cs & SEGMENT_L && cs & SEGMENT_D)
        return "CS has both L and D in long mode";
    if (SEGMENT_DPL(cs) != SEGMENT_DPL(ss))
        return "CS and SS are of different privilege";
    return NULL;
}

static const char *check_segments(const struct hyperv_context *context)
{
    const struct hyperv_segment *all[] = {&context->cs, &context->ds, &context->es, &context->fs,
                                          &context->gs, &context->ss, &context->tr, &context->ldtr};
    uint16_t tr = context->tr.attributes;
    uint16_t ldtr = context->ldtr.attributes;
    unsigned type = tr & SEGMENT_TYPE;
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->attributes & HYPERV_SEGMENT_RESERVED)
            return "a segment's attributes have a reserved bit";
    if (!(tr & SEGMENT_PRESENT) || tr & SEGMENT_S ||
        (type != TYPE_TSS_BUSY && (type != TYPE_TSS_16_BUSY || is_long(context))))
        return "TR is no present and busy TSS";
    if (ldtr & SEGMENT_PRESENT && (ldtr & SEGMENT_S || (ldtr & SEGMENT_TYPE) != TYPE_LDT))
        return "LDTR is no LDT";
    return check_code_segment(context);
}

static const char *check(const struct hyperv_context *context)
{
    const char *wrong = check_rflags(context);
    if (!wrong)
        wrong = check_segments(context);
    if (!wrong)
        wrong = check_addresses(context);
    if (!wrong && !msr_is_pat(context->pat))
        wrong = "PAT has a reserved memory type";
    return wrong;
}

static struct svm_segment segment_of(const struct hyperv_segment *segment)
{
    unsigned low = segment->attributes & HYPERV_SEGMENT_LOW;
    unsigned high = segment->attributes >> HYPERV_SEGMENT_HIGH_SHIFT;
    return (struct svm_segment){segment->selector, (uint16_t)(low | high << 8), segment->limit,
                                segment->base};
}

static struct svm_segment table_of(const struct hyperv_table *table)
{
    return (struct svm_segment){.limit = table->limit, .base = table->base};
}

static void fill(struct vcpu *vcpu, const struct hyperv_context *context)
{
    struct svm_vmcb *vmcb = vcpu->vmcb;
    vmcb->rip = context->rip;
    vmcb->rsp = context->rsp;
    vmcb->rflags = context->rflags;
    vmcb->cs = segment_of(&context->cs);
    vmcb->ds = segment_of(&context->ds);
    vmcb->es = segment_of(&context->es);
    vmcb->fs = segment_of(&context->fs);
    vmcb->gs = segment_of(&context->gs);
    vmcb->ss = segment_of(&context->ss);
    vmcb->tr = segment_of(&context->tr);
    vmcb->ldtr = segment_of(&context->ldtr);
    vmcb->idtr = table_of(&context->idtr);
    vmcb->gdtr = table_of(&context->gdtr);
    vmcb->pat = context->pat;
    vmcb->cpl = SEGMENT_DPL(context->ss.attributes);
    memset(&vcpu->registers, 0, sizeof(vcpu->registers));
}

const char *context_apply(struct vcpu *vcpu, const struct hyperv_context *context)
{
    const struct paging_start start = {context->cr0, context->cr3, context->cr4, context->efer};
    const char *wrong = check(context);
    if (!wrong)
        wrong = paging_start(vcpu, &start);
    if (!wrong)
        fill(vcpu, context);
    return wrong;
}
