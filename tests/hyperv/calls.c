/*
 * The partition's hypercalls: what each gives, and the status that each wrong one gets. SHUFFLED
 * and TIME_OUT say how the monitor was told to be.
 */
#include <stddef.h>

#include "abi/hyperv.h"
#include "abi/muster_calls.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define INPUT_PHYS   0x302000
#define OUTPUT_PHYS  0x303000
#define MONITOR_PHYS 0x100000000

/* ---- Calls. A time-out is not done, and called again. ---- */

static uint64_t call(uint64_t control, const void *input, uint64_t output_phys)
{
    uint64_t result;
    do
        result = guest_vmcall(control, (uint64_t)input, output_phys);
    while (result == HYPERV_TIME_OUT);
    return result;
}

static struct hyperv_vp_input *input_for(uint32_t vp_index, uint8_t vtl)
{
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, vp_index, vtl, {0}, {0}};
    context_fill(&vp_input.context);
    return &vp_input;
}

static uint32_t index_of(uint32_t apic_id)
{
    return SHUFFLED && apic_id ? VPS - apic_id : apic_id;
}

static void check_vp_indexes(void)
{
    struct hyperv_vp_index_input *input = (void *)INPUT_PHYS;
    volatile uint32_t *output = (volatile uint32_t *)OUTPUT_PHYS;
    const uint64_t code = HYPERV_CALL_GET_VP_INDEX;
    *input = (struct hyperv_vp_index_input){.partition = HYPERV_THIS_PARTITION};
    for (uint32_t i = 0; i < VPS; i++)
        input->apic_ids[i] = i;
    check("vp_indexes_are_told", call(code | REP(VPS), input, OUTPUT_PHYS), DONE(VPS));
    for (uint32_t i = 0; i < VPS; i++)
        check("vp_index_belongs_to_its_apic_id", output[i], index_of(i));
    output[0] = output[1] = 77;
    check("rep_call_goes_on_from_its_start", call(code | REP(2) | FROM(1), input, OUTPUT_PHYS),
          DONE(2));
    check("element_before_the_start_is_left_alone", output[0], 77);
    check("element_from_the_start_on_is_done", output[1], index_of(1));
    input->apic_ids[2] = 200;
    output[2] = 77;
    check("unknown_apic_id_ends_a_rep_call_half_done", call(code | REP(4), input, OUTPUT_PHYS),
          HYPERV_INVALID_PARAMETER | DONE(2));
    check("elements_after_the_error_are_left_alone", output[2], 77);
    check("rep_call_without_elements", call(code, input, OUTPUT_PHYS), HYPERV_INVALID_INPUT);
    check("rep_call_from_its_end", call(code | REP(2) | FROM(2), input, OUTPUT_PHYS),
          HYPERV_INVALID_INPUT);
    check("rep_call_over_the_pages_end", call(code | REP(0xFFF), input, OUTPUT_PHYS),
          HYPERV_INVALID_ALIGNMENT);
    check("output_out_of_line", call(code | REP(1), input, OUTPUT_PHYS + 4),
          HYPERV_INVALID_ALIGNMENT);
    check("output_over_a_pages_end", call(code | REP(4), input, OUTPUT_PHYS + PAGE_BYTES - 8),
          HYPERV_INVALID_ALIGNMENT);
    check("output_outside_of_memory", call(code | REP(1), input, NO_RAM_PHYS),
          HYPERV_INVALID_ALIGNMENT);
    check("output_in_the_hypercall_page", call(code | REP(1), input, HYPERCALL_PHYS + 0x100),
          HYPERV_INVALID_PARAMETER);
    input->vtl = HYPERV_VTL_IS_GIVEN | 5;
    check("index_in_unknown_vtl", call(code | REP(1), input, OUTPUT_PHYS),
          HYPERV_INVALID_PARAMETER);
    input->partition = 1;
    check("index_in_unknown_partition", call(code | REP(1), input, OUTPUT_PHYS),
          HYPERV_INVALID_PARTITION);
}

static void check_vtls(void)
{
    const uint64_t code = HYPERV_CALL_ENABLE_VP_VTL;
    const uint8_t vtl = HYPERV_HIGHEST_VTL;
    check("vtl_of_the_first_vp_is_enabled_already", call(code, input_for(0, vtl), 0),
          HYPERV_VTL_ALREADY_ENABLED);
    check("this_vp_can_be_named_so", call(code, input_for(HYPERV_THIS_VP, vtl), 0),
          HYPERV_VTL_ALREADY_ENABLED);
    check("vtl_must_be_enabled_before_a_start",
          call(HYPERV_CALL_START_VP, input_for(index_of(1), vtl), 0), HYPERV_INVALID_VTL_STATE);
    check("vtl_is_enabled", call(code, input_for(index_of(1), vtl), 0), HYPERV_SUCCESS);
    check("vtl_is_not_enabled_twice", call(code, input_for(index_of(1), vtl), 0),
          HYPERV_VTL_ALREADY_ENABLED);
    check("vtl_that_the_partition_has_not", call(code, input_for(index_of(1), 1), 0),
          HYPERV_INVALID_VTL_STATE);
    check("vtl_that_nobody_has", call(code, input_for(index_of(1), vtl + 1), 0),
          HYPERV_INVALID_PARAMETER);
    check("vtl_of_no_vp", call(code, input_for(VPS, vtl), 0), HYPERV_INVALID_VP_INDEX);
    check("vtl_0_is_everybodys", call(code, input_for(index_of(2), 0), 0),
          HYPERV_VTL_ALREADY_ENABLED);
}

/* ---- Wrong starts: the control word, then what is in the input. ---- */

static void check_wrong_calls(void)
{
    const uint64_t code = HYPERV_CALL_START_VP;
    const struct hyperv_vp_input *input = input_for(index_of(1), HYPERV_HIGHEST_VTL);
    const struct {
        const char *name;
        uint64_t control, input_phys;
        unsigned status;
    } wrong[] = {
        {"unknown_code", 0x1234, (uint64_t)input, HYPERV_INVALID_CODE},
        {"reserved_bits_27_to_31", code | 1u << 27, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"reserved_bits_44_to_47", code | 1ull << 44, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"reserved_bits_60_to_63", code | 1ull << 63, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"fast_call", code | HYPERV_CONTROL_FAST, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"variable_header", code | 1u << 17, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"rep_count_of_a_simple_call", code | REP(1), (uint64_t)input, HYPERV_INVALID_INPUT},
        {"rep_start_of_a_simple_call", code | FROM(1), (uint64_t)input, HYPERV_INVALID_INPUT},
        {"input_out_of_line", code, (uint64_t)input + 4, HYPERV_INVALID_ALIGNMENT},
        {"input_over_a_pages_end", code, INPUT_PHYS + PAGE_BYTES - 8, HYPERV_INVALID_ALIGNMENT},
        {"input_outside_of_memory", code, NO_RAM_PHYS, HYPERV_INVALID_ALIGNMENT},
        {"input_in_the_monitor", code, MONITOR_PHYS, HYPERV_INVALID_ALIGNMENT},
        {"input_nowhere_at_all", code, ~7ull, HYPERV_INVALID_ALIGNMENT},
        {"page_of_a_vps_own_where_there_are_none", MUSTER_CALL_OWN_PAGE, INPUT_PHYS,
         HYPERV_INVALID_CODE},
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check(wrong[i].name, call(wrong[i].control, (void *)wrong[i].input_phys, 0),
              wrong[i].status);
}

#define AT(member)    (unsigned)offsetof(struct hyperv_vp_input, member), sizeof(vp_input.member)
#define IN(member)    AT(context.member)
#define NOT_CANONICAL 0x0000800000000000

static const struct {
    const char *name;
    unsigned offset, bytes;
    uint64_t value;
    unsigned status;
} wrong_inputs[] = {
    {"start_in_another_partition", AT(partition), 1, HYPERV_INVALID_PARTITION},
    {"start_of_no_vp", AT(vp_index), VPS, HYPERV_INVALID_VP_INDEX},
    {"start_in_no_vtl", AT(vtl), 3, HYPERV_INVALID_PARAMETER},
    {"start_in_a_vtl_that_is_off", AT(vtl), 1, HYPERV_INVALID_VTL_STATE},
    {"start_with_a_reserved_byte", AT(zero[0]), 1, HYPERV_INVALID_PARAMETER},
    {"start_with_another_reserved_byte", AT(zero[2]), 1, HYPERV_INVALID_PARAMETER},
    {"start_of_the_caller", AT(vp_index), 0, HYPERV_INVALID_VP_STATE},
    {"rip_not_canonical", IN(rip), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"rflags_without_bit_1", IN(rflags), 0, HYPERV_INVALID_REGISTER_VALUE},
    {"rflags_with_a_reserved_bit", IN(rflags), 0x8002, HYPERV_INVALID_REGISTER_VALUE},
    {"rflags_of_virtual_8086", IN(rflags), 0x20002, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_of_data", IN(cs.attributes), 0xC093, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_not_present", IN(cs.attributes), 0xA01B, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_with_l_and_d", IN(cs.attributes), 0xE09B, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_of_cpl_3_alone", IN(cs.attributes), 0xA0FB, HYPERV_INVALID_REGISTER_VALUE},
    {"segment_with_reserved_attributes", IN(ds.attributes), 0xC193, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_not_present", IN(tr.attributes), 0x0B, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_of_16_bits", IN(tr.attributes), 0x83, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_not_busy", IN(tr.attributes), 0x89, HYPERV_INVALID_REGISTER_VALUE},
    {"ldtr_of_data", IN(ldtr.attributes), 0x93, HYPERV_INVALID_REGISTER_VALUE},
    {"fs_base_not_canonical", IN(fs.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"gs_base_not_canonical", IN(gs.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_base_not_canonical", IN(tr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"ldtr_base_not_canonical", IN(ldtr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"idtr_base_not_canonical", IN(idtr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"gdtr_base_not_canonical", IN(gdtr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"efer_with_svme", IN(efer), 0x1D01, HYPERV_INVALID_REGISTER_VALUE},
    {"efer_with_lma_alone", IN(efer), EFER_LMA, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_with_pg_without_pe", IN(cr0), CR0_PG | CR0_ET, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_with_nw_without_cd", IN(cr0), CR0_PG | CR0_PE | CR0_NW, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_with_an_upper_bit", IN(cr0), 1ull << 32 | CR0_PG | CR0_PE, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_of_real_mode", IN(cr0), CR0_ET, HYPERV_INVALID_REGISTER_VALUE},
    {"cr3_with_a_reserved_bit", IN(cr3), 1ull << 63, HYPERV_INVALID_REGISTER_VALUE},
    {"cr4_without_pae", IN(cr4), 0, HYPERV_INVALID_REGISTER_VALUE},
    {"cr4_with_a_reserved_bit", IN(cr4), 1u << 31 | CR4_PAE, HYPERV_INVALID_REGISTER_VALUE},
    {"pat_with_a_reserved_type", IN(pat), 0x0007040600070402, HYPERV_INVALID_REGISTER_VALUE},
};

static void check_wrong_inputs(void)
{
    for (unsigned i = 0; i < sizeof(wrong_inputs) / sizeof(wrong_inputs[0]); i++) {
        struct hyperv_vp_input *input = input_for(index_of(1), HYPERV_HIGHEST_VTL);
        memcpy((uint8_t *)input + wrong_inputs[i].offset, &wrong_inputs[i].value,
               wrong_inputs[i].bytes);
        check(wrong_inputs[i].name, call(HYPERV_CALL_START_VP, input, 0), wrong_inputs[i].status);
    }
    struct hyperv_context *context = &input_for(index_of(1), HYPERV_HIGHEST_VTL)->context;
    context_make_32(context);
    context->cr0 &= ~(uint64_t)CR0_PE;
    check("context_in_real_mode", call(HYPERV_CALL_START_VP, &vp_input, 0),
          HYPERV_INVALID_REGISTER_VALUE);
    memset(context, 0, sizeof(*context));
    check("context_of_zeros", call(HYPERV_CALL_START_VP, &vp_input, 0),
          HYPERV_INVALID_REGISTER_VALUE);
}

/* ---- Starts. ---- */

static uint32_t wait_until_arrived(uint32_t count)
{
    uint64_t start = read_tsc();
    while (arrived < count && read_tsc() - start < 100000000000ull)
        cpu_pause();
    return arrived;
}

/* VP 1 sees its registers and starts VP 2; VP 3 starts without paging. */
static void check_starts(void)
{
    struct hyperv_context wanted;
    check("no_vp_runs_before_it_is_started", seen_done + arrived, 0);
    wanted = input_for(index_of(1), HYPERV_HIGHEST_VTL)->context;
    check("vp_is_started", call(HYPERV_CALL_START_VP, &vp_input, 0), HYPERV_SUCCESS);
    check("started_vp_comes", wait_for(&seen_done), 1);
    context_check(&wanted);
    check("vp_is_not_started_twice", call(HYPERV_CALL_START_VP, &vp_input, 0),
          HYPERV_INVALID_VP_STATE);
    input_for(index_of(2), 0)->context.rip = (uint64_t)vp_arrive_64;
    vp_next = HYPERV_CALL_START_VP;
    check("vp_started_by_another_comes", wait_until_arrived(1), 1);
    check("started_vp_is_told_so", wait_for(&vp_next_done), 1);
    check("started_vp_can_start_another", vp_next_result, HYPERV_SUCCESS);
    context_make_32(&input_for(index_of(3), 0)->context);
    check("vp_is_started_without_paging", call(HYPERV_CALL_START_VP, &vp_input, 0), HYPERV_SUCCESS);
    check("vp_without_paging_comes", wait_until_arrived(2), 2);
}

/* Every third of the two calls that may time out does, whoever makes it. */
static void check_time_outs(void)
{
    const unsigned every = TIME_OUT;
    unsigned timed_out = 0;
    for (unsigned i = 0; i < 4 * every; i++)
        timed_out += guest_vmcall(HYPERV_CALL_ENABLE_VP_VTL, (uint64_t)input_for(0, 2), 0) ==
                     HYPERV_TIME_OUT;
    check("so_many_calls_time_out", timed_out, every ? 4 : 0);
}

void check_calls(void)
{
    check_time_outs();
    check_vp_indexes();
    check_vtls();
    check_wrong_calls();
    check_wrong_inputs();
    check_starts();
}
