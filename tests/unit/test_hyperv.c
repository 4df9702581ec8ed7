/* Waking by Hyper-V's hypercalls: every status of every call, and what becomes of the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_hyperv.h"

#define COUNT 8
#define SOME  2 /* not the BSP, which is COUNT / 2 */

#define GET_INDEX  HYPERV_CALL_GET_VP_INDEX
#define ENABLE_VTL HYPERV_CALL_ENABLE_VP_VTL
#define START_VP   HYPERV_CALL_START_VP

static int set_up(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    fake_hyperv_add(fake);
    fake_prepare(fake, MUSTER_WAY_HYPERV);
    *state = fake;
    return 0;
}

static int set_up_vtl(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    fake_hyperv_add(fake);
    fake->config.hyperv_vtl = 2;
    fake_prepare(fake, MUSTER_WAY_HYPERV);
    *state = fake;
    return 0;
}

static int set_up_td(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    fake->x2apic = true;
    fake_hyperv_td_add(fake);
    fake_prepare(fake, MUSTER_WAY_HYPERV);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void assert_everybody_is_in(struct fake_machine *fake)
{
    assert_null(fake_hyperv.wrong);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), fake->machine.cpu_count - 1);
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++) {
        assert_int_equal(fake->slots[i].failure, MUSTER_OK);
        assert_int_equal(fake->slots[i].failure_code, 0);
    }
    assert_int_equal(fake->machine.strays.value, 0);
}

/* All but one. */
static void assert_only_this_one_failed(struct fake_machine *fake, uint32_t index,
                                        enum muster_status failure, uint32_t code)
{
    assert_cpu(fake, index, MUSTER_CPU_FAILED, failure);
    assert_int_equal(fake->slots[index].failure_code, code);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), fake->machine.cpu_count - 2);
}

static void every_vp_starts_in_long_mode_at_its_own_stub(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[0], 1);
    assert_int_equal(fake_hyperv.last_reps, COUNT - 1); /* all but the BSP, in one call */
    assert_int_equal(fake_hyperv.calls[1], 0);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1);
    assert_int_equal(fake->send_count, 0); /* no INIT, no SIPI */
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
}

/* In fake_vp_of() no CPU's index is its APIC ID, and some are those of others. */
static void vp_index_is_asked_for_and_never_taken_from_the_apic_id(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_not_equal(fake_vp_of(fake, i), fake->machine.cpus[i].apic_id);
        if (i != fake->machine.bsp)
            assert_int_equal(fake->slots[i].vp_index, fake_vp_of(fake, i));
    }
}

static void vps_start_on_tables_of_their_own_where_these_are_given(void **state)
{
    static const uint64_t cr3[COUNT] = {0x11000, 0x12000, 0x13000, 0x14000,
                                        0,       0x16000, 0x17000, 0x18000};
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    (void)state;
    fake_hyperv_add(fake);
    fake->config.start_cr3 = cr3; /* the BSP needs none */
    fake_prepare(fake, MUSTER_WAY_HYPERV);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    fake_machine_free(fake);
}

static void five_levels_of_page_tables_are_in_the_first_cr4(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    (void)state;
    fake_hyperv_add(fake);
    fake->cpuid_7[2] = CPUID_7_ECX_LA57;
    fake->config.paging_levels = 5;
    fake_prepare(fake, MUSTER_WAY_HYPERV);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    fake_machine_free(fake);
}

/* Preparation. */

static enum muster_status prepare_with(struct fake_machine *fake, uint64_t call_page)
{
    fake->config.hypercall_phys = call_page;
    return muster_prepare(&fake->machine, &fake->plan, &fake->config, fake->slots, fake->idt,
                          FAKE_PERCPU);
}

static void page_for_calls_is_a_whole_page_that_can_be_mapped(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(prepare_with(fake, 0), MUSTER_ERROR_HYPERCALL_PAGE);
    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE + 8), MUSTER_ERROR_HYPERCALL_PAGE);
    assert_int_equal(prepare_with(fake, 0x7654000), MUSTER_ERROR_HYPERCALL_PAGE);
    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE), MUSTER_OK);
}

static void start_tables_must_be_pages(void **state)
{
    uint64_t cr3[COUNT] = {0x11000, 0x12000, 0x13000, 0x14000, 0, 0x16000, 0x17000, 0x18000};
    struct fake_machine *fake = *state;

    fake->config.start_cr3 = cr3;
    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE), MUSTER_OK);
    cr3[SOME] = 0;
    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE), MUSTER_INVALID_ARGUMENT);
    cr3[SOME] = 0x12345;
    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE), MUSTER_INVALID_ARGUMENT);
}

static void entry_pages_are_those_of_the_mailbox(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(muster_entry_bytes(&fake->machine, &fake->plan), PAGE_BYTES);
    fake->config.entry_phys += 8;
    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE), MUSTER_ERROR_ENTRY_PAGE);
}

/* VP indexes. */

/* 508 IDs fit in front of the output, which has the page's other half. */
static void more_ids_than_fit_a_page_take_a_second_call(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 512);

    (void)state;
    fake->x2apic = true;
    fake_hyperv_add(fake);
    fake_prepare(fake, MUSTER_WAY_HYPERV);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[0], 2);
    assert_int_equal(fake_hyperv.last_reps, 511 - 508);
    fake_machine_free(fake);
}

static void call_that_is_done_in_part_goes_on_where_it_ended(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.reps_at_once = 3; /* 3, 3 and 1 */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[0], 3);
    assert_int_equal(fake_hyperv.last_reps, 1);
    assert_true(fake->now_ns < FAKE_S + FAKE_MS); /* at once: it made progress */
}

static void apic_id_that_the_hypervisor_does_not_know_costs_its_cpu_only(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.unknown_id = fake->machine.cpus[SOME].apic_id;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_HYPERCALL_APIC_ID,
                                HYPERV_INVALID_PARAMETER);
    assert_int_equal(fake_hyperv.calls[0], 2);
    assert_true(fake->now_ns < FAKE_S + FAKE_S / 2); /* nobody waits for it */
}

static void index_call_that_times_out_is_made_again(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(GET_INDEX, FAKE_ANY_CPU, HYPERV_TIME_OUT, 3);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[0], 4);
    assert_int_equal(fake->slots[SOME].stamps_ns[MUSTER_STAMP_WAKE_SENT], FAKE_S + 3 * FAKE_MS);
}

static void index_call_that_never_ends_fails_at_the_deadline(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(GET_INDEX, FAKE_ANY_CPU, HYPERV_TIME_OUT, UINT32_MAX);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_true(fake->now_ns <= 2 * FAKE_S && fake->now_ns >= 2 * FAKE_S - 2 * FAKE_MS);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_HYPERCALL_TIME_OUT);
    assert_int_equal(fake->slots[SOME].failure_code, HYPERV_TIME_OUT);
    assert_int_equal(fake_hyperv.calls[2], 0);
    fake_hyperv.answer_count = 0;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK); /* a second try finds it well again */
    assert_everybody_is_in(fake);
}

static void index_call_that_is_refused_fails_everybody_by_name(void **state)
{
    static const struct {
        uint32_t status;
        enum muster_status failure;
    } cases[] = {
        {HYPERV_INVALID_CODE, MUSTER_ERROR_HYPERCALL_CODE},
        {HYPERV_INVALID_INPUT, MUSTER_ERROR_HYPERCALL_INPUT},
        {HYPERV_INVALID_ALIGNMENT, MUSTER_ERROR_HYPERCALL_INPUT},
        {HYPERV_INVALID_PARTITION, MUSTER_ERROR_HYPERCALL_INPUT},
        {HYPERV_ACCESS_DENIED, MUSTER_ERROR_HYPERCALL_DENIED},
        {HYPERV_OPERATION_DENIED, MUSTER_ERROR_HYPERCALL_DENIED},
        {HYPERV_INVALID_VP_INDEX, MUSTER_ERROR_HYPERCALL_VP_INDEX},
        {0x3F, MUSTER_ERROR_HYPERCALL_UNKNOWN},
    };
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t began_ns = fake->now_ns;
        fake_hyperv.answer_count = 0;
        fake_hyperv.calls[0] = 0;
        fake_answer(GET_INDEX, FAKE_ANY_CPU, cases[i].status, UINT32_MAX);
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        assert_int_equal(fake->now_ns, began_ns);
        assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
        assert_cpu(fake, SOME, MUSTER_CPU_FAILED, cases[i].failure);
        assert_int_equal(fake->slots[SOME].failure_code, cases[i].status);
        assert_int_equal(fake_hyperv.calls[0], 1);
        assert_int_equal(fake_hyperv.calls[2], 0);
    }
}

static void refusal_in_the_middle_of_a_call_leaves_the_first_ones_their_index(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(GET_INDEX, SOME, HYPERV_ACCESS_DENIED, UINT32_MAX);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), SOME);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_HYPERCALL_DENIED);
    assert_cpu(fake, COUNT - 1, MUSTER_CPU_FAILED, MUSTER_ERROR_HYPERCALL_DENIED);
}

static void hypervisor_that_counts_wrongly_is_not_believed(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.lies_about_reps = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_HYPERCALL_UNKNOWN);
    assert_int_equal(fake_hyperv.calls[2], 0);
    fake_hyperv.lies_about_reps = false; /* success, and nothing done */
    fake_answer(GET_INDEX, FAKE_ANY_CPU, HYPERV_SUCCESS, 1);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_HYPERCALL_UNKNOWN);
}

/* StartVirtualProcessor, and EnableVpVtl. */

static const struct {
    uint32_t status;
    enum muster_status failure;
} refusals[] = {
    {HYPERV_INVALID_CODE, MUSTER_ERROR_HYPERCALL_CODE},
    {HYPERV_INVALID_INPUT, MUSTER_ERROR_HYPERCALL_INPUT},
    {HYPERV_INVALID_ALIGNMENT, MUSTER_ERROR_HYPERCALL_INPUT},
    {HYPERV_INVALID_PARAMETER, MUSTER_ERROR_HYPERCALL_INPUT},
    {HYPERV_ACCESS_DENIED, MUSTER_ERROR_HYPERCALL_DENIED},
    {HYPERV_OPERATION_DENIED, MUSTER_ERROR_HYPERCALL_DENIED},
    {HYPERV_INVALID_PARTITION, MUSTER_ERROR_HYPERCALL_INPUT},
    {HYPERV_INVALID_VP_INDEX, MUSTER_ERROR_HYPERCALL_VP_INDEX},
    {HYPERV_INVALID_VP_STATE, MUSTER_ERROR_HYPERCALL_VP_STATE},
    {HYPERV_INVALID_REGISTER_VALUE, MUSTER_ERROR_HYPERCALL_REGISTER},
    {HYPERV_INVALID_VTL_STATE, MUSTER_ERROR_HYPERCALL_VTL},
    {0x1234, MUSTER_ERROR_HYPERCALL_UNKNOWN},
};

/* Each status once, for one CPU; the others come, and a second try brings this one too. */
static void assert_refusals_of(struct fake_machine *fake, uint32_t call)
{
    for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        fake_answer(call, SOME, refusals[i].status, 1);
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        assert_only_this_one_failed(fake, SOME, refusals[i].failure, refusals[i].status);
        assert_true(fake->now_ns < 2 * FAKE_S);
    }
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void start_that_is_refused_is_named_with_its_raw_status(void **state)
{
    assert_refusals_of(*state, START_VP);
}

static void vtl_that_is_refused_is_named_with_its_raw_status(void **state)
{
    assert_refusals_of(*state, ENABLE_VTL);
}

static void vtl_is_enabled_for_each_vp_before_its_start(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[1], COUNT - 1);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(fake_hyperv.vtl_enabled[i], i != fake->machine.bsp);
}

static void vtl_that_is_enabled_already_is_fine(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.vtl_enabled[SOME] = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void vtl_call_that_times_out_is_made_again_and_no_vp_is_started_meanwhile(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(ENABLE_VTL, SOME, HYPERV_TIME_OUT, 2);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1);
    assert_int_equal(fake->slots[SOME].stamps_ns[MUSTER_STAMP_WAKE_SENT], FAKE_S + 2 * FAKE_MS);
}

/* Every second call times out: who began with the VTL each time would never get to the start. */
static void vtl_is_enabled_once_however_often_the_start_times_out(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, FAKE_ANY_CPU, HYPERV_TIME_OUT, 3 * (COUNT - 1));
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[1], COUNT - 1);
}

/* A VTL call's time-out starts nobody: who runs all the same was started by another. */
static void vp_that_runs_already_is_no_start_of_ours_after_a_vtl_time_out(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(ENABLE_VTL, SOME, HYPERV_TIME_OUT, 1);
    fake_hyperv.running[SOME] = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_HYPERCALL_VP_STATE,
                                HYPERV_INVALID_VP_STATE);
}

static void start_that_times_out_is_made_again_and_holds_nobody_up(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, 5);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1 + 5);
    assert_int_equal(fake->now_ns / FAKE_MS, 1005);
    assert_int_equal(fake->slots[SOME].stamps_ns[MUSTER_STAMP_WAKE_SENT], FAKE_S); /* the first */
    assert_true(fake->cpus[COUNT - 1].claimed_at_ns < FAKE_S + FAKE_MS);
}

static void start_that_times_out_until_the_deadline_is_named(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, UINT32_MAX);
    assert_int_equal(fake_adopt(fake, 100 * FAKE_MS), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_HYPERCALL_TIME_OUT, HYPERV_TIME_OUT);
    assert_true(fake->now_ns <= FAKE_S + 100 * FAKE_MS && fake->now_ns >= FAKE_S + 98 * FAKE_MS);
}

static void deadline_shorter_than_a_retry_allows_one_try(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, 1);
    assert_int_equal(fake_adopt(fake, FAKE_MS), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_HYPERCALL_TIME_OUT, HYPERV_TIME_OUT);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1);
}

/* One call ends at 600 ms, one at 1200 ms, and then the time is over. */
static void hypervisor_that_takes_its_time_takes_the_one_deadline(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.start_takes_ns = 600 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_true(fake->now_ns < 2 * FAKE_S + 300 * FAKE_MS);
    assert_int_equal(fake_hyperv.calls[2], 2);
    assert_cpu(fake, 0, MUSTER_CPU_OFF, MUSTER_OK);
    assert_cpu(fake, 1, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_cpu(fake, COUNT - 1, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    assert_int_equal(fake->slots[COUNT - 1].failure_code, HYPERV_SUCCESS);
    fake_hyperv.start_takes_ns = 0;
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void start_without_a_deadline_is_tried_until_it_succeeds(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, 20000);
    assert_int_equal(fake_adopt(fake, MUSTER_FOREVER), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void vp_that_starts_though_the_call_timed_out_comes_in_and_is_not_called_again(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, 1);
    fake_hyperv.answers[0].done = true;
    fake->cpus[SOME + 1].start_ns = 5 * FAKE_MS; /* somebody to be waited for meanwhile */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1);
}

/* It runs, but is slow: the second call finds it running, which is what was wanted. */
static void vp_that_runs_after_a_time_out_is_waited_for(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, 1);
    fake_hyperv.answers[0].done = true;
    fake->cpus[SOME].start_ns = 20 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[2], COUNT);
}

static void vp_that_runs_before_its_start_is_not_ours(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.running[SOME] = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_HYPERCALL_VP_STATE,
                                HYPERV_INVALID_VP_STATE);
}

/* CPUs. */

static void vp_that_never_comes_costs_the_deadline_and_is_named(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_NOT_ARRIVED, 0);
    assert_int_equal(fake->now_ns, 2 * FAKE_S);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1); /* a start that succeeded is not repeated */
}

static void late_vp_parks_and_is_taken_by_the_next_adoption(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].start_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_NOT_ARRIVED, 0);
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1);
}

/* Its start succeeded long ago: the second one's refusal says no more than that. */
static void vp_that_is_under_way_still_is_waited_for_by_the_next_adoption(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].start_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.calls[2], COUNT);
}

/* The hypervisor gave the index of another VP: the stub is the slot's, the APIC ID is not. */
static void vp_that_arrives_with_another_apic_id_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].live_id = 77;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_WRONG_APIC_ID, 0);
    assert_int_equal(fake->cpus[SOME].place, FAKE_REFUSED);
}

/* In a TD. */

static void td_starts_its_vps_with_a_zero_context_after_the_gate_is_open(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_hyperv.gate.value, FAKE_MAILBOX_ENTRY);
    assert_int_equal(fake_hyperv.calls[2], COUNT - 1);
    assert_int_equal(fake->send_count, 0);
}

static void td_needs_a_shared_page_and_a_gate(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t shared = fake->config.hypercall_phys;

    assert_int_equal(prepare_with(fake, FAKE_CALL_PAGE), MUSTER_ERROR_HYPERCALL_PAGE);
    fake_hyperv.private_page = true;
    assert_int_equal(prepare_with(fake, shared), MUSTER_ERROR_HYPERCALL_PAGE);
    fake_hyperv.private_page = false;
    assert_int_equal(prepare_with(fake, shared), MUSTER_OK);
    fake->config.td_gate = NULL;
    assert_int_equal(prepare_with(fake, shared), MUSTER_INVALID_ARGUMENT);
}

static void td_call_that_the_module_refuses_is_a_failure(void **state)
{
    struct fake_machine *fake = *state;

    fake_hyperv.tdcall_fails = TDX_OPERAND_INVALID;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_HYPERCALL_UNKNOWN);
    assert_int_equal(fake->slots[SOME].failure_code, 0xFFFF);
}

static void td_retries_time_outs_too(void **state)
{
    struct fake_machine *fake = *state;

    fake_answer(START_VP, SOME, HYPERV_TIME_OUT, 2);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

/* Who offers it. */

static enum muster_status ask(struct fake_machine *fake)
{
    struct muster_plan plan;
    enum muster_status status = muster_plan_make(&fake->machine, MUSTER_WAY_HYPERV, &plan);

    if (status == MUSTER_OK) {
        assert_int_equal(plan.way, MUSTER_WAY_HYPERV);
        assert_string_equal(plan.reason, "asked for");
    }
    return status;
}

/* Each of these fields, changed, and the platform no longer offers it. */
static void it_is_offered_by_cpuid_privilege_and_hook_together(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t *needed[] = {&fake->cpuid_hypervisor[0][0],
                          &fake->cpuid_hypervisor[0][1],
                          &fake->cpuid_hypervisor[0][2],
                          &fake->cpuid_hypervisor[0][3],
                          &fake->cpuid_hypervisor[1][0],
                          &fake->cpuid_hypervisor[3][1],
                          &fake->cpuid_1[2]};

    assert_int_equal(ask(fake), MUSTER_OK);
    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        uint32_t was = *needed[i];
        *needed[i] = 0;
        assert_int_equal(ask(fake), MUSTER_ERROR_NO_WAY);
        *needed[i] = was;
    }
    fake->cpuid_hypervisor[3][1] &= ~HYPERV_MAY_START_VP; /* other privileges are not enough */
    assert_int_equal(ask(fake), MUSTER_ERROR_NO_WAY);
    fake->cpuid_hypervisor[3][1] |= HYPERV_MAY_START_VP;
    fake->platform.hypercall = NULL;
    assert_int_equal(ask(fake), MUSTER_ERROR_NO_WAY);
    fake->machine.confidential = true;
    assert_int_equal(ask(fake), MUSTER_ERROR_NO_WAY);
    fake->platform.tdcall = fake_tdcall;
    assert_int_equal(ask(fake), MUSTER_OK);
}

static void it_is_never_chosen_unasked(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_plan plan;

    assert_int_equal(muster_plan_make(&fake->machine, MUSTER_WAY_AUTO, &plan), MUSTER_OK);
    assert_int_equal(plan.way, MUSTER_WAY_SIPI);
    assert_non_null(strstr(plan.reason, "Hyper-V's hypercalls are there too"));
    fake->machine.confidential = true;
    fake->platform.tdcall = fake_tdcall;
    assert_int_equal(muster_plan_make(&fake->machine, MUSTER_WAY_AUTO, &plan), MUSTER_ERROR_NO_WAY);
    fake_mailbox_add(fake, 1);
    assert_int_equal(muster_plan_make(&fake->machine, MUSTER_WAY_AUTO, &plan), MUSTER_OK);
    assert_int_equal(plan.way, MUSTER_WAY_MAILBOX);
}

#define TEST(name)     cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_VTL(name) cmocka_unit_test_setup_teardown(name, set_up_vtl, tear_down)
#define TEST_TD(name)  cmocka_unit_test_setup_teardown(name, set_up_td, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_vp_starts_in_long_mode_at_its_own_stub),
        TEST(vp_index_is_asked_for_and_never_taken_from_the_apic_id),
        cmocka_unit_test(vps_start_on_tables_of_their_own_where_these_are_given),
        cmocka_unit_test(five_levels_of_page_tables_are_in_the_first_cr4),
        TEST(page_for_calls_is_a_whole_page_that_can_be_mapped),
        TEST(start_tables_must_be_pages),
        TEST(entry_pages_are_those_of_the_mailbox),
        cmocka_unit_test(more_ids_than_fit_a_page_take_a_second_call),
        TEST(call_that_is_done_in_part_goes_on_where_it_ended),
        TEST(apic_id_that_the_hypervisor_does_not_know_costs_its_cpu_only),
        TEST(index_call_that_times_out_is_made_again),
        TEST(index_call_that_never_ends_fails_at_the_deadline),
        TEST(index_call_that_is_refused_fails_everybody_by_name),
        TEST(refusal_in_the_middle_of_a_call_leaves_the_first_ones_their_index),
        TEST(hypervisor_that_counts_wrongly_is_not_believed),
        TEST(start_that_is_refused_is_named_with_its_raw_status),
        TEST_VTL(vtl_that_is_refused_is_named_with_its_raw_status),
        TEST_VTL(vtl_is_enabled_for_each_vp_before_its_start),
        TEST_VTL(vtl_that_is_enabled_already_is_fine),
        TEST_VTL(vtl_call_that_times_out_is_made_again_and_no_vp_is_started_meanwhile),
        TEST_VTL(vtl_is_enabled_once_however_often_the_start_times_out),
        TEST_VTL(vp_that_runs_already_is_no_start_of_ours_after_a_vtl_time_out),
        TEST(start_that_times_out_is_made_again_and_holds_nobody_up),
        TEST(start_that_times_out_until_the_deadline_is_named),
        TEST(deadline_shorter_than_a_retry_allows_one_try),
        TEST(hypervisor_that_takes_its_time_takes_the_one_deadline),
        TEST(start_without_a_deadline_is_tried_until_it_succeeds),
        TEST(vp_that_starts_though_the_call_timed_out_comes_in_and_is_not_called_again),
        TEST(vp_that_runs_after_a_time_out_is_waited_for),
        TEST(vp_that_runs_before_its_start_is_not_ours),
        TEST(vp_that_never_comes_costs_the_deadline_and_is_named),
        TEST(late_vp_parks_and_is_taken_by_the_next_adoption),
        TEST(vp_that_is_under_way_still_is_waited_for_by_the_next_adoption),
        TEST(vp_that_arrives_with_another_apic_id_is_refused),
        TEST_TD(td_starts_its_vps_with_a_zero_context_after_the_gate_is_open),
        TEST_TD(td_needs_a_shared_page_and_a_gate),
        TEST_TD(td_call_that_the_module_refuses_is_a_failure),
        TEST_TD(td_retries_time_outs_too),
        TEST(it_is_offered_by_cpuid_privilege_and_hook_together),
        TEST(it_is_never_chosen_unasked),
    };

    return cmocka_run_group_tests_name("hyperv", tests, NULL, NULL);
}
