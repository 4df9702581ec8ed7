/**
 * A Hyper-V under the fake machine: VP indexes that are no APIC IDs, every rule for a call's input,
 * and a VP that comes only if the state it is started in is the right one. Any call can be told to
 * fail. Include after fake_machine.h.
 */
#ifndef TESTS_FAKE_HYPERV_H
#define TESTS_FAKE_HYPERV_H

#include "abi/hyperv.h"
#include "abi/tdx.h"
#include "tests/unit/fake_machine.h"

#define FAKE_CALL_PAGE   0x00222000u
#define FAKE_SHARED_BIT  (1ull << 51)
#define FAKE_ANSWERS_MAX 16
#define FAKE_ANY_CPU     UINT32_MAX

/** The next @times calls of this kind for this CPU are answered so. */
struct fake_answer {
    uint32_t call, cpu, status, times;
    bool done; /* and the call is carried out all the same */
};

struct fake_hyperv {
    struct fake_answer answers[FAKE_ANSWERS_MAX];
    uint32_t answer_count;
    uint32_t reps_at_once; /* then a time-out; 0: as many as are asked for */
    uint32_t unknown_id;   /* an APIC ID that the hypervisor does not know */
    bool lies_about_reps;
    uint64_t start_takes_ns; /* the caller is away for so long */
    uint64_t tdcall_fails;   /* what TDCALL answers instead */
    bool private_page;       /* the TD has not shared its page */
    struct muster_word gate;

    /* What it saw. */
    uint32_t calls[3]; /* GetVpIndex, EnableVpVtl, StartVp */
    uint32_t last_reps;
    bool vtl_enabled[512], running[512]; /* by CPU */
    const char *wrong;                   /* the first field of a context that was wrong */
};

static struct fake_hyperv fake_hyperv;

/** CPU and VP index: as many VPs as CPUs, turned by some; indexes are APIC IDs of others. */
#define FAKE_VP_TURN 3
static inline uint32_t fake_vp_of(const struct fake_machine *fake, uint32_t cpu)
{
    return (cpu + FAKE_VP_TURN) % fake->machine.cpu_count;
}

static inline uint32_t fake_cpu_of_vp(const struct fake_machine *fake, uint32_t vp_index)
{
    return (vp_index + fake->machine.cpu_count - FAKE_VP_TURN) % fake->machine.cpu_count;
}

static inline void fake_answer(uint32_t call, uint32_t cpu, uint32_t status, uint32_t times)
{
    assert_true(fake_hyperv.answer_count < FAKE_ANSWERS_MAX);
    fake_hyperv.answers[fake_hyperv.answer_count++] =
        (struct fake_answer){.call = call, .cpu = cpu, .status = status, .times = times};
}

static inline struct fake_answer *fake_find_answer(uint32_t call, uint32_t cpu)
{
    for (uint32_t i = 0; i < fake_hyperv.answer_count; i++) {
        struct fake_answer *answer = &fake_hyperv.answers[i];
        if (answer->call == call && answer->times &&
            (answer->cpu == cpu || answer->cpu == FAKE_ANY_CPU)) {
            answer->times -= answer->times != UINT32_MAX;
            return answer;
        }
    }
    return NULL;
}

/* TLFS, 3.7: aligned to 8, within one page, and memory. */
static inline void *fake_call_memory(struct fake_machine *fake, uint64_t phys, size_t bytes)
{
    if (fake->machine.confidential && !(phys & FAKE_SHARED_BIT))
        return NULL;
    if (phys % 8 || phys / HYPERV_PAGE_BYTES != (phys + bytes - 1) / HYPERV_PAGE_BYTES)
        return NULL;
    return fake_map(fake, phys, bytes);
}

static inline uint32_t fake_cpu_with_id(const struct fake_machine *fake, uint32_t apic_id)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (fake->machine.cpus[i].apic_id == apic_id && apic_id != fake_hyperv.unknown_id)
            return i;
    return UINT32_MAX;
}

static inline uint64_t fake_get_vp_index(struct fake_machine *fake, uint64_t control,
                                         uint64_t input_phys, uint64_t output_phys)
{
    uint32_t reps = control >> HYPERV_CONTROL_REPS_SHIFT & HYPERV_CONTROL_REPS;
    struct hyperv_vp_index_input *input =
        fake_call_memory(fake, input_phys, sizeof(*input) + reps * sizeof(uint32_t));
    uint32_t *output = fake_call_memory(fake, output_phys, reps * sizeof(uint32_t));
    fake_hyperv.last_reps = reps;
    if (!input || !output)
        return HYPERV_INVALID_ALIGNMENT;
    if (input->partition != HYPERV_THIS_PARTITION)
        return HYPERV_INVALID_PARTITION;
    if (!reps || control >> HYPERV_CONTROL_DONE_SHIFT || input->vtl || input->zero[0])
        return HYPERV_INVALID_INPUT;
    for (uint32_t i = 0; i < reps; i++) {
        uint64_t done = (uint64_t)i << HYPERV_RESULT_DONE_SHIFT;
        uint32_t cpu = fake_cpu_with_id(fake, input->apic_ids[i]);
        struct fake_answer *answer = fake_find_answer(HYPERV_CALL_GET_VP_INDEX, cpu);
        if (answer)
            return done | answer->status;
        if (fake_hyperv.reps_at_once && i == fake_hyperv.reps_at_once)
            return done | HYPERV_TIME_OUT;
        if (cpu == UINT32_MAX)
            return done | HYPERV_INVALID_PARAMETER;
        output[i] = fake_vp_of(fake, cpu);
    }
    if (fake_hyperv.lies_about_reps)
        return (uint64_t)(reps + 1) << HYPERV_RESULT_DONE_SHIFT | HYPERV_TIME_OUT;
    return (uint64_t)reps << HYPERV_RESULT_DONE_SHIFT;
}

static inline void fake_check(const char *field, bool right)
{
    if (!right && !fake_hyperv.wrong)
        fake_hyperv.wrong = field;
}

static inline bool fake_segment_is(const struct hyperv_segment *segment, uint16_t selector,
                                   uint32_t limit, uint16_t attributes)
{
    return segment->base == 0 && segment->limit == limit && segment->selector == selector &&
           segment->attributes == attributes;
}

/* Spelled out in numbers: what lib/cpu/entry_mailbox.S needs, and nothing that it does not set. */
static inline void fake_check_context(const struct fake_machine *fake, uint32_t cpu,
                                      const struct hyperv_context *c)
{
    const uint64_t *start_cr3 = fake->config.start_cr3;
    fake_check("rip", c->rip == fake->config.entry_phys + 4096 * (cpu / 64) + 8 * (cpu % 64));
    fake_check("rsp", c->rsp == 0);
    fake_check("rflags", c->rflags == 2);
    fake_check("cs", fake_segment_is(&c->cs, 0x08, 0xFFFFFFFF, 0xA09B));
    fake_check("ds", fake_segment_is(&c->ds, 0x10, 0xFFFFFFFF, 0xC093));
    fake_check("es", fake_segment_is(&c->es, 0x10, 0xFFFFFFFF, 0xC093));
    fake_check("fs", fake_segment_is(&c->fs, 0x10, 0xFFFFFFFF, 0xC093));
    fake_check("gs", fake_segment_is(&c->gs, 0x10, 0xFFFFFFFF, 0xC093));
    fake_check("ss", fake_segment_is(&c->ss, 0x10, 0xFFFFFFFF, 0xC093));
    fake_check("tr", fake_segment_is(&c->tr, 0, 0xFFFF, 0x8B));
    fake_check("ldtr", fake_segment_is(&c->ldtr, 0, 0xFFFF, 0x82));
    fake_check("idtr", c->idtr.limit == 0 && c->idtr.base == 0);
    fake_check("gdtr", c->gdtr.limit == 0 && c->gdtr.base == 0);
    fake_check("efer", c->efer == 0xD00); /* LME, LMA, NXE; SYSCALL comes later */
    fake_check("cr0", c->cr0 == (0xC0050033 & ~0x60000000u));
    fake_check("cr3", c->cr3 == (start_cr3 ? start_cr3[cpu] : FAKE_PARK_CR3));
    fake_check("cr4", c->cr4 == (fake->config.paging_levels == 5 ? 0x1020 : 0x20));
    fake_check("pat", c->pat == FAKE_PAT);
}

/* A TD's VP starts at the reset vector, and looks at the gate. */
static inline void fake_come_to_gate(struct fake_machine *fake, struct fake_cpu *cpu,
                                     uint64_t value)
{
    (void)value;
    if (fake_hyperv.gate.value)
        fake_enter(fake, cpu, fake_hyperv.gate.value);
}

static inline void fake_run_vp(struct fake_machine *fake, uint32_t index,
                               const struct hyperv_vp_input *input)
{
    static const struct hyperv_context zero;
    struct fake_cpu *cpu = &fake->cpus[index];
    fake_hyperv.running[index] = true;
    if (fake->machine.confidential)
        fake_check("context in a TD", memcmp(&input->context, &zero, sizeof(zero)) == 0);
    else
        fake_check_context(fake, index, &input->context);
    if (fake_hyperv.wrong || cpu->dead)
        return;
    cpu->place = FAKE_UNDER_WAY;
    fake_at(fake, cpu->start_ns, fake->machine.confidential ? fake_come_to_gate : fake_enter, cpu,
            input->context.rip);
}

static inline uint32_t fake_vp_call(struct fake_machine *fake, uint32_t call,
                                    const struct hyperv_vp_input *input)
{
    uint32_t cpu = fake_cpu_of_vp(fake, input->vp_index);
    if (input->partition != HYPERV_THIS_PARTITION)
        return HYPERV_INVALID_PARTITION;
    if (input->zero[0] || input->zero[1] || input->zero[2])
        return HYPERV_INVALID_INPUT;
    if (input->vp_index >= fake->machine.cpu_count)
        return HYPERV_INVALID_VP_INDEX;
    struct fake_answer *answer = fake_find_answer(call, cpu);
    if (answer && !answer->done)
        return answer->status;
    if (call == HYPERV_CALL_ENABLE_VP_VTL) {
        if (fake_hyperv.vtl_enabled[cpu])
            return HYPERV_VTL_ALREADY_ENABLED;
        fake_hyperv.vtl_enabled[cpu] = true;
        return HYPERV_SUCCESS;
    }
    if (input->vtl && !fake_hyperv.vtl_enabled[cpu])
        return HYPERV_INVALID_VTL_STATE;
    if (fake_hyperv.running[cpu] || cpu == fake->machine.bsp)
        return HYPERV_INVALID_VP_STATE;
    fake_run_vp(fake, cpu, input);
    return answer ? answer->status : HYPERV_SUCCESS;
}

static inline uint64_t fake_hypercall(void *context, uint64_t control, uint64_t input_phys,
                                      uint64_t output_phys)
{
    struct fake_machine *fake = context;
    uint32_t call = control & HYPERV_CONTROL_CODE;
    fake_firmware_look(fake);
    if (control & (HYPERV_CONTROL_RESERVED | HYPERV_CONTROL_FAST))
        return HYPERV_INVALID_INPUT;
    if (call == HYPERV_CALL_GET_VP_INDEX) {
        fake_hyperv.calls[0]++;
        return fake_get_vp_index(fake, control, input_phys, output_phys);
    }
    fake_hyperv.calls[call == HYPERV_CALL_START_VP ? 2 : 1]++;
    fake_pass(fake, call == HYPERV_CALL_START_VP ? fake_hyperv.start_takes_ns : 0);
    if (call != HYPERV_CALL_START_VP && call != HYPERV_CALL_ENABLE_VP_VTL)
        return HYPERV_INVALID_CODE;
    const struct hyperv_vp_input *input = fake_call_memory(fake, input_phys, sizeof(*input));
    if (control >> HYPERV_CONTROL_REPS_SHIFT)
        return HYPERV_INVALID_INPUT; /* these have no reps */
    return input ? fake_vp_call(fake, call, input) : HYPERV_INVALID_ALIGNMENT;
}

static inline uint64_t fake_tdcall(void *context, uint64_t rax,
                                   struct muster_tdcall_registers *registers)
{
    assert_int_equal(rax, TDG_VP_VMCALL);
    assert_int_equal(registers->rcx, 0x0D04); /* RDX, R8, R10, R11: all that the host is to see */
    uint64_t result = fake_hypercall(context, registers->r10, registers->rdx, registers->r8);
    memset(registers, 0xEE, sizeof(*registers));
    registers->r11 = fake_hyperv.tdcall_fails ? 0 : result;
    return fake_hyperv.tdcall_fails;
}

static inline bool fake_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context, (void)bytes;
    return !(phys & FAKE_SHARED_BIT) || fake_hyperv.private_page;
}

/** Make the machine a guest of Hyper-V that may start VPs. Before fake_prepare(). */
static inline void fake_hyperv_add(struct fake_machine *fake)
{
    static const uint32_t leaves[4][4] = {
        {0x40000003, HYPERV_VENDOR_EBX, HYPERV_VENDOR_ECX, HYPERV_VENDOR_EDX},
        {HYPERV_INTERFACE},
        {0},
        {HYPERV_MSRS_HYPERCALL, HYPERV_MAY_START_VP | HYPERV_MAY_ACCESS_VSM},
    };
    fake_hyperv = (struct fake_hyperv){.unknown_id = UINT32_MAX};
    memcpy(fake->cpuid_hypervisor, leaves, sizeof(leaves));
    fake->cpuid_1[2] |= CPUID_1_ECX_HYPERVISOR;
    fake->platform.hypercall = fake_hypercall;
    fake->config.hypercall_phys = FAKE_CALL_PAGE;
    fake_region_add(fake, FAKE_CALL_PAGE, 2 * PAGE_BYTES);
}

/** The same as a TD, from its firmware's side. */
static inline void fake_hyperv_td_add(struct fake_machine *fake)
{
    fake_hyperv_add(fake);
    fake->machine.confidential = true;
    fake->platform.hypercall = NULL;
    fake->platform.tdcall = fake_tdcall;
    fake->platform.is_private = fake_is_private;
    fake->config.td_gate = &fake_hyperv.gate;
    fake->config.hypercall_phys = FAKE_CALL_PAGE | FAKE_SHARED_BIT;
    fake_region_add(fake, FAKE_CALL_PAGE | FAKE_SHARED_BIT, PAGE_BYTES);
}

#endif
