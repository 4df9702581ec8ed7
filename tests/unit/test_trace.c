#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster/trace.h>

#include "lib/trace.h"
#include "tests/unit/fake_machine.h"

#define BIG 255u

/* Exactly as many bytes as the header asks for: the sanitizer sees one too many. */
static void *trace_memory(uint32_t cpus)
{
    size_t bytes = MUSTER_TRACE_BYTES((size_t)cpus);
    void *memory = aligned_alloc(MUSTER_TRACE_ALIGNMENT, (bytes + 63) / 64 * 64);
    assert_non_null(memory);
    memset(memory, 0xEE, bytes);
    return memory;
}

/* Machines whose discovery was traced, too, as far as the fake has one. */
static struct fake_machine *traced_machine(enum muster_way way, uint32_t count)
{
    struct fake_machine *fake = fake_machine_new(NULL, count);
    fake->x2apic = count > 100;
    if (way == MUSTER_WAY_MAILBOX)
        fake_mailbox_add(fake, 1);
    assert_int_equal(
        muster_trace_init(&fake->machine, trace_memory(count), MUSTER_TRACE_BYTES((size_t)count)),
        MUSTER_OK);
    fake_prepare(fake, way);
    return fake;
}

static void traced_free(struct fake_machine *fake)
{
    free(fake->machine.trace);
    fake_machine_free(fake);
}

static const struct muster_trace_ring *ring_of(const struct fake_machine *fake, uint32_t index)
{
    return trace_ring_of(&fake->machine, index);
}

/* How often an event is in a ring, with @argument unless that is -1. */
static uint32_t count_events(const struct muster_trace_ring *ring, enum muster_trace_event event,
                             int64_t argument)
{
    struct muster_trace_record record;
    uint32_t count = 0;
    for (uint64_t i = 0; i < ring->written; i++) {
        assert_true(muster_trace_read(ring, i, &record)); /* nothing is lost */
        count += record.event == event && (argument < 0 || record.argument == (uint32_t)argument);
    }
    return count;
}

static void assert_whole_bring_up(const struct fake_machine *fake)
{
    static const enum muster_trace_event own[] = {MUSTER_TRACE_FIRST_INSTRUCTION,
                                                  MUSTER_TRACE_LONG_MODE, MUSTER_TRACE_OWN_TABLES,
                                                  MUSTER_TRACE_PARKED, MUSTER_TRACE_ON};
    const struct muster_trace_ring *boot = ring_of(fake, fake->machine.bsp);
    bool mailbox = fake->plan.way == MUSTER_WAY_MAILBOX;

    assert_int_equal(count_events(boot, MUSTER_TRACE_PLANNED, fake->plan.way), 1);
    assert_int_equal(count_events(boot, MUSTER_TRACE_PREPARED, fake->machine.cpu_count), 1);
    assert_int_equal(count_events(boot, MUSTER_TRACE_ADOPTED, MUSTER_OK), 1);
    assert_int_equal(count_events(boot, MUSTER_TRACE_STARTED, MUSTER_OK), 1);
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++) {
        const struct muster_trace_ring *ring = ring_of(fake, i);
        uint32_t id = fake->slots[i].apic_id;
        assert_int_equal(ring->apic_id, id);
        if (i == fake->machine.bsp)
            continue;
        assert_int_equal(count_events(boot, MUSTER_TRACE_WAKE_SENT, id), 1);
        assert_int_equal(count_events(boot, MUSTER_TRACE_MAILBOX_ACKNOWLEDGED, id), mailbox);
        assert_int_equal(count_events(boot, MUSTER_TRACE_START_SENT, id), 1);
        assert_int_equal(ring->written, 5);
        for (unsigned j = 0; j < 5; j++) {
            struct muster_trace_record record;
            assert_true(muster_trace_read(ring, j, &record));
            assert_int_equal(record.event, own[j]);
            assert_int_equal(record.time_ns, fake->slots[i].stamps_ns[j + 1]);
        }
    }
}

static void bring_up_of_255_cpus_loses_no_record(void **state)
{
    static const enum muster_way ways[] = {MUSTER_WAY_SIPI, MUSTER_WAY_MAILBOX};
    static const uint32_t counts[] = {2, 3, 64, BIG};

    (void)state;
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        for (unsigned j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            struct fake_machine *fake = traced_machine(ways[i], counts[j]);
            assert_int_equal(fake_adopt(fake, 10 * FAKE_S), MUSTER_OK);
            assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
            assert_whole_bring_up(fake);
            traced_free(fake);
        }
}

static void every_repeat_of_255_slow_cpus_fits(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_SIPI, BIG);
    const struct muster_trace_ring *boot = ring_of(fake, fake->machine.bsp);

    (void)state;
    for (uint32_t i = 0; i < BIG; i++)
        fake->cpus[i].sipis_lost = 5;
    assert_int_equal(fake_adopt(fake, 10 * FAKE_S), MUSTER_OK);
    assert_true(count_events(boot, MUSTER_TRACE_WAKE_AGAIN, -1) >= 5);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_whole_bring_up(fake);
    traced_free(fake);
}

static void failures_are_traced_with_their_reason(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_SIPI, 4);
    const struct muster_trace_ring *boot = ring_of(fake, fake->machine.bsp);
    struct muster_trace_record record;

    (void)state;
    fake->cpus[0].dead = true;
    fake->cpus[1].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(count_events(boot, MUSTER_TRACE_FAILED, fake->slots[0].apic_id), 1);
    assert_int_equal(count_events(boot, MUSTER_TRACE_ADOPTED, MUSTER_TIME_OUT), 1);
    assert_int_equal(ring_of(fake, 0)->written, 0);
    assert_true(muster_trace_read(ring_of(fake, 1), 3, &record));
    assert_int_equal(record.event, MUSTER_TRACE_FAILED);
    assert_int_equal(record.value, MUSTER_ERROR_FEATURES_DIFFER);
    traced_free(fake);
}

static void hand_back_is_traced_from_both_sides(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_MAILBOX, 4);
    const struct muster_trace_ring *boot = ring_of(fake, fake->machine.bsp);
    uint32_t id = fake->slots[0].apic_id;

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_cpu_hand_back(&fake->machine, &fake->plan, id, true, FAKE_S),
                     MUSTER_OK);
    assert_int_equal(count_events(boot, MUSTER_TRACE_MAILBOX_TEST, id), 1);
    assert_int_equal(count_events(boot, MUSTER_TRACE_MAILBOX_ACKNOWLEDGED, id), 2);
    assert_int_equal(count_events(boot, MUSTER_TRACE_HANDED_BACK, id), 1);
    traced_free(fake);
}

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot;
    (void)context;
}

static const struct muster_start some_start = {.entry = entry, .stack_top = 0x8000};

static void each_cpu_traces_its_own_off_and_on_and_whom_it_turns_on(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_SIPI, 4);
    const uint32_t bsp = fake->machine.bsp, caller = (bsp + 1) % 4, target = (bsp + 2) % 4;
    const struct muster_trace_ring *boot = ring_of(fake, bsp), *callers = ring_of(fake, caller);
    const struct muster_trace_ring *targets = ring_of(fake, target);
    uint32_t id = fake->cpus[target].apic_id;

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(count_events(targets, MUSTER_TRACE_OFF, -1), 0);
    assert_int_equal(fake_off(fake, target), MUSTER_OK);
    fake_reenter(fake, target);
    assert_int_equal(count_events(targets, MUSTER_TRACE_OFF, -1), 1);
    uint64_t written = boot->written;

    fake->current = &fake->cpus[caller];
    assert_int_equal(muster_cpu_on(&fake->machine, id, &some_start), MUSTER_OK);
    assert_int_equal(muster_cpu_wait(&fake->machine, id, MUSTER_CPU_ON, FAKE_S), MUSTER_OK);
    assert_int_equal(count_events(callers, MUSTER_TRACE_START_SENT, id), 1);
    assert_int_equal(count_events(targets, MUSTER_TRACE_ON, -1), 2);
    assert_int_equal(boot->written, written); /* that ring is another CPU's */
    fake->current = &fake->cpus[bsp];
    traced_free(fake);
}

static void cpu_that_is_not_on_in_time_is_traced_by_whoever_waited(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_SIPI, 4);
    const uint32_t bsp = fake->machine.bsp, caller = (bsp + 1) % 4, target = (bsp + 2) % 4;
    const struct muster_trace_ring *boot = ring_of(fake, bsp), *callers = ring_of(fake, caller);
    uint32_t id = fake->cpus[target].apic_id;

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    uint64_t written = boot->written;
    fake->cpus[target].step_ns = 2 * FAKE_S;
    fake->current = &fake->cpus[caller];
    assert_int_equal(muster_cpu_on(&fake->machine, id, &some_start), MUSTER_OK);
    assert_int_equal(muster_cpu_wait(&fake->machine, id, MUSTER_CPU_ON, FAKE_MS), MUSTER_TIME_OUT);
    assert_int_equal(count_events(callers, MUSTER_TRACE_FAILED, id), 1);
    assert_int_equal(boot->written, written);
    fake->current = &fake->cpus[bsp];
    traced_free(fake);
}

static void full_ring_keeps_the_newest_and_says_how_many_there_were(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_SIPI, 2);
    struct muster_slot *slot = &fake->slots[0];
    struct muster_trace_record record;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++)
        trace_own(slot, MUSTER_TRACE_PARKED, i, ~(uint64_t)i);
    assert_int_equal(slot->trace->written, 1000);
    uint64_t oldest = muster_trace_oldest(slot->trace);
    assert_int_equal(oldest, 1000 - (MUSTER_TRACE_AP_RECORDS - 1));
    assert_false(muster_trace_read(slot->trace, oldest - 1, &record));
    assert_false(muster_trace_read(slot->trace, 1000, &record));
    for (uint64_t i = oldest; i < 1000; i++) {
        assert_true(muster_trace_read(slot->trace, i, &record));
        assert_int_equal(record.argument, i);
        assert_int_equal(record.value, ~i);
    }
    traced_free(fake);
}

static void without_memory_nothing_is_traced_and_stamps_are_there(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(4);

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < 4; i++) {
        assert_null(fake->slots[i].trace);
        assert_true(fake->slots[i].stamps_ns[MUSTER_STAMP_ON] > 0);
    }
    fake_machine_free(fake);
}

static void memory_that_is_too_small_or_crooked_is_refused(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 4);
    uint8_t *memory = trace_memory(4);
    size_t bytes = MUSTER_TRACE_BYTES(4u);

    (void)state;
    assert_int_equal(muster_trace_init(&fake->machine, memory, bytes - 1), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_trace_init(&fake->machine, memory + 8, bytes), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_trace_init(&fake->machine, NULL, bytes), MUSTER_INVALID_ARGUMENT);
    assert_null(fake->machine.trace);
    free(memory);
    fake_machine_free(fake);
}

/* What is left after a crash: the bytes, at another address. */
static void copy_of_the_memory_reads_the_same(void **state)
{
    struct fake_machine *fake = traced_machine(MUSTER_WAY_MAILBOX, 8);
    size_t bytes = MUSTER_TRACE_BYTES(8u);
    void *copy = trace_memory(8);

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    memcpy(copy, fake->machine.trace, bytes);
    const struct muster_trace *trace = muster_trace_check(copy, bytes);
    assert_ptr_equal(trace, copy);
    assert_int_equal(trace->ring_count, 8);
    assert_null(muster_trace_ring_at(trace, 8));
    for (uint32_t i = 0; i < 8; i++) {
        const struct muster_trace_ring *ring = muster_trace_ring_at(trace, i);
        struct muster_trace_record record;
        assert_true(ring->written > 0);
        assert_true(muster_trace_read(ring, ring->written - 1, &record));
        assert_int_equal(record.event, i ? MUSTER_TRACE_PARKED : MUSTER_TRACE_ADOPTED);
    }
    free(copy);
    traced_free(fake);
}

static void any_damage_to_the_heads_is_seen(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 4);
    size_t bytes = MUSTER_TRACE_BYTES(4u);
    uint8_t *memory = trace_memory(4);
    const size_t used = offsetof(struct muster_trace, reserved);

    (void)state;
    assert_int_equal(muster_trace_init(&fake->machine, memory, bytes), MUSTER_OK);
    struct muster_trace *trace = fake->machine.trace;
    assert_non_null(muster_trace_check(memory, trace->bytes));
    assert_null(muster_trace_check(memory, trace->bytes - 1));
    assert_null(muster_trace_check(memory, sizeof(*trace) - 1));
    assert_null(muster_trace_check(NULL, bytes));
    assert_null(muster_trace_check(memory + 8, bytes - 8));
    for (size_t i = 0; i < used; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memory[i] ^= (uint8_t)(1u << bit);
            assert_null(muster_trace_check(memory, bytes));
            memory[i] ^= (uint8_t)(1u << bit);
        }
    trace_ring_of(&fake->machine, 3)->mask = 0xFFFF; /* a ring would reach beyond the memory */
    assert_null(muster_trace_check(memory, bytes));
    free(memory);
    fake_machine_free(fake);
}

static void every_event_has_its_own_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MUSTER_TRACE_EVENT_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(muster_trace_event_name((enum muster_trace_event)i),
                                    muster_trace_event_name((enum muster_trace_event)j));
    assert_string_equal(muster_trace_event_name(MUSTER_TRACE_EVENT_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bring_up_of_255_cpus_loses_no_record),
        cmocka_unit_test(every_repeat_of_255_slow_cpus_fits),
        cmocka_unit_test(failures_are_traced_with_their_reason),
        cmocka_unit_test(hand_back_is_traced_from_both_sides),
        cmocka_unit_test(each_cpu_traces_its_own_off_and_on_and_whom_it_turns_on),
        cmocka_unit_test(cpu_that_is_not_on_in_time_is_traced_by_whoever_waited),
        cmocka_unit_test(full_ring_keeps_the_newest_and_says_how_many_there_were),
        cmocka_unit_test(without_memory_nothing_is_traced_and_stamps_are_there),
        cmocka_unit_test(memory_that_is_too_small_or_crooked_is_refused),
        cmocka_unit_test(copy_of_the_memory_reads_the_same),
        cmocka_unit_test(any_damage_to_the_heads_is_seen),
        cmocka_unit_test(every_event_has_its_own_name),
    };

    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
