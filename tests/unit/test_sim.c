/* The simulator: its events, its determinism, and results that are known beforehand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "sim/heap.h"
#include "sim/sim.h"

#define US 1000ull
#define MS 1000000ull

static struct sim_result run(const struct sim_setup *setup)
{
    struct sim_result result;
    uint64_t path_ns = 0;
    assert_null(sim_run(setup, &result));
    for (int part = 0; part < SIM_PARTS; part++)
        path_ns += result.part_ns[part];
    assert_int_equal(path_ns, result.on_ns); /* whatever is run */
    assert_int_equal(result.on_count + result.failed, setup->cpus);
    return result;
}

static struct sim_result run_standard(uint32_t cpus, enum sim_way way, enum sim_strategy strategy)
{
    struct sim_setup setup;
    sim_setup_init(&setup, cpus, way, strategy);
    struct sim_result result = run(&setup);
    assert_int_equal(result.on_count, cpus);
    return result;
}

/* ---- Events ---- */

static void events_come_out_by_time_and_then_by_order_of_putting_in(void **state)
{
    struct sim_heap heap = {0};
    uint64_t random = 1, before_ns = 0;
    uint32_t before = 0;
    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        assert_true(sim_heap_put(&heap, &(struct sim_event){.time_ns = random >> 58, .value = i}));
    }
    for (uint32_t i = 0; i < 5000; i++) {
        assert_non_null(sim_heap_first(&heap));
        struct sim_event event = sim_heap_take(&heap);
        assert_true(event.time_ns > before_ns || i == 0 ||
                    (event.time_ns == before_ns && event.value > before));
        before_ns = event.time_ns;
        before = event.value;
    }
    assert_null(sim_heap_first(&heap));
    sim_heap_free(&heap);
}

static void events_put_in_between_come_in_their_place(void **state)
{
    struct sim_heap heap = {0};
    (void)state;
    for (uint64_t time_ns = 10; time_ns > 0; time_ns -= 2)
        sim_heap_put(&heap, &(struct sim_event){.time_ns = time_ns});
    assert_int_equal(sim_heap_take(&heap).time_ns, 2);
    sim_heap_put(&heap, &(struct sim_event){.time_ns = 5});
    sim_heap_put(&heap, &(struct sim_event){.time_ns = 1});
    static const uint64_t wanted[] = {1, 4, 5, 6, 8, 10};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        assert_int_equal(sim_heap_take(&heap).time_ns, wanted[i]);
    assert_null(sim_heap_first(&heap));
    sim_heap_free(&heap);
}

/* ---- Determinism ---- */

static void same_seed_gives_the_same_result_and_another_another(void **state)
{
    (void)state;
    for (int way = 0; way < SIM_WAYS; way++) {
        struct sim_setup setup;
        sim_setup_init(&setup, 300, (enum sim_way)way, SIM_FANOUT);
        struct sim_result first = run(&setup), again = run(&setup);
        assert_memory_equal(&first, &again, sizeof(first));
        setup.seed = 2;
        struct sim_result other = run(&setup);
        assert_int_not_equal(first.on_ns, other.on_ns);
    }
}

static void without_jitter_the_seed_changes_nothing_by_sipi(void **state)
{
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 300, SIM_SIPI, SIM_BROADCAST);
    setup.costs.jitter_percent = 0;
    struct sim_result first = run(&setup);
    setup.seed = 77;
    struct sim_result other = run(&setup);
    assert_memory_equal(&first, &other, sizeof(first));
}

/* ---- What is known beforehand ---- */

static void every_way_and_strategy_brings_all_cpus_up(void **state)
{
    (void)state;
    for (uint32_t cpus = 2; cpus <= 500; cpus = 2 * cpus + 1)
        for (int way = 0; way < SIM_WAYS; way++)
            for (int strategy = 0; strategy < SIM_STRATEGIES; strategy++)
                if (sim_way_offers((enum sim_way)way, (enum sim_strategy)strategy))
                    run_standard(cpus, (enum sim_way)way, (enum sim_strategy)strategy);
}

static void classic_start_takes_its_delays_for_each_cpu(void **state)
{
    (void)state;
    uint64_t on_ns = run_standard(16, SIM_SIPI, SIM_CLASSIC).on_ns;
    assert_in_range(on_ns, 15 * (10200 * US), 15 * (10200 * US + 30 * US));
}

static void serial_start_grows_as_the_number_of_cpus_does(void **state)
{
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 65, SIM_SIPI, SIM_SERIAL);
    setup.nodes = 1;
    uint64_t few = run(&setup).on_ns;
    setup.cpus = 129;
    assert_in_range(run(&setup).on_ns * 100 / few, 195, 205);
}

static void broadcast_is_bounded_by_one_cpu_and_a_little_for_each(void **state)
{
    (void)state;
    uint64_t one = run_standard(2, SIM_SIPI, SIM_BROADCAST).on_ns;
    for (uint32_t cpus = 64; cpus <= 4096; cpus *= 4) {
        uint64_t all = run_standard(cpus, SIM_SIPI, SIM_BROADCAST).on_ns;
        assert_true(all < one + cpus * 200);
    }
}

static void broadcast_sends_two_interrupts_and_pipelined_two_for_each_cpu(void **state)
{
    (void)state;
    assert_int_equal(run_standard(200, SIM_SIPI, SIM_BROADCAST).sends, 2);
    assert_int_equal(run_standard(200, SIM_SIPI, SIM_PIPELINED).sends, 2 * 199);
    assert_int_equal(run_standard(200, SIM_MAILBOX, SIM_BROADCAST).sends, 0);
}

/* The order that the library's defaults rest on: docs/simulate.md. */
static void broadcast_is_the_fastest_by_sipi_from_64_to_16384_cpus(void **state)
{
    (void)state;
    for (uint32_t cpus = 64; cpus <= 16384; cpus *= 4) {
        uint64_t best = run_standard(cpus, SIM_SIPI, SIM_BROADCAST).on_ns;
        for (int strategy = SIM_SERIAL; strategy < SIM_STRATEGIES; strategy++)
            if (strategy != SIM_BROADCAST)
                assert_true(best < run_standard(cpus, SIM_SIPI, (enum sim_strategy)strategy).on_ns);
    }
}

static void mailbox_sets_cpus_up_while_it_calls_the_next(void **state)
{
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 256, SIM_MAILBOX, SIM_BROADCAST);
    setup.costs.look_ns = 0;
    uint64_t with = run(&setup).adopted_ns;
    setup.costs.setup_ns += 1 * MS;
    uint64_t longer = run(&setup).adopted_ns;
    assert_in_range(longer - with, 900 * US, 1200 * US); /* once, not 255 times */
}

static void sleeping_firmware_costs_about_one_look(void **state)
{
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 64, SIM_MAILBOX, SIM_BROADCAST);
    uint64_t asleep = run(&setup).on_ns;
    uint64_t look_ns = setup.costs.look_ns;
    setup.costs.look_ns = 0;
    uint64_t awake = run(&setup).on_ns;
    assert_in_range(asleep - awake, look_ns / 2, 2 * look_ns);
}

static void nearer_cache_lines_make_it_faster(void **state)
{
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 1024, SIM_SIPI, SIM_BROADCAST);
    uint64_t far = run(&setup).on_ns;
    setup.nodes = 1;
    assert_true(run(&setup).on_ns < far);
}

/* As in an emulator: no two CPUs are set up at once, whoever was sent for first. */
static void cpus_of_one_thread_take_as_long_as_all_of_them_together(void **state)
{
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 64, SIM_SIPI, SIM_BROADCAST);
    setup.costs.setup_ns = 1 * MS;
    setup.costs.jitter_percent = 0;
    assert_in_range(run(&setup).on_ns, 1 * MS, 2 * MS);
    setup.costs.turn_ns = 100;
    assert_in_range(run(&setup).on_ns, 63 * MS, 64 * MS);
    setup.strategy = SIM_SERIAL; /* and a round of all for each message */
    assert_in_range(run(&setup).on_ns, 63 * MS + 63 * 2 * 6400, 66 * MS);
}

static void every_cost_has_an_effect(void **state)
{
    static const enum sim_strategy strategies[] = {SIM_BROADCAST, SIM_FANOUT};
    (void)state;
    for (const struct sim_cost *cost = sim_cost_list; cost->name; cost++) {
        bool has_effect = false;
        for (int i = 0; i < 2 * SIM_WAYS; i++) {
            struct sim_setup setup;
            sim_setup_init(&setup, 300, (enum sim_way)(i / 2), strategies[i % 2]);
            uint64_t before = run(&setup).on_ns;
            assert_true(
                sim_cost_set(&setup.costs, cost, cost->standard ? 2 * cost->standard : 100));
            has_effect |= run(&setup).on_ns != before;
        }
        if (!has_effect)
            fail_msg("%s has none", cost->name);
    }
}

/* ---- CPUs that behave badly ---- */

static void dead_cpu_costs_the_deadline_and_the_rest_come_up(void **state)
{
    struct sim_behaviour behaviours[100] = {[40] = {.dead = true}};
    (void)state;
    for (int way = 0; way < SIM_WAYS; way++)
        for (int strategy = SIM_SERIAL; strategy < SIM_STRATEGIES; strategy++) {
            struct sim_setup setup;
            if (!sim_way_offers((enum sim_way)way, (enum sim_strategy)strategy))
                continue;
            sim_setup_init(&setup, 100, (enum sim_way)way, (enum sim_strategy)strategy);
            setup.behaviours = behaviours;
            setup.timeout_ns = 100 * MS;
            struct sim_result result = run(&setup);
            if (strategy == SIM_FANOUT) /* it takes those beneath it along */
                assert_in_range(result.failed, 1, 99);
            else
                assert_int_equal(result.failed, 1);
            assert_true(result.on_ns < 301 * MS);
        }
}

static void cpu_that_loses_a_sipi_comes_by_the_librarys_next(void **state)
{
    struct sim_behaviour behaviours[100] = {[40] = {.sipis_lost = 2}};
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 100, SIM_SIPI, SIM_BROADCAST);
    setup.behaviours = behaviours;
    struct sim_result result = run(&setup);
    assert_int_equal(result.on_count, 100);
    assert_in_range(result.adopted_ns, 600 * US, 700 * US); /* repeats after 200 and 400 us */
}

static void late_cpu_is_what_the_path_is_made_of(void **state)
{
    struct sim_behaviour behaviours[100] = {[40] = {.late_ns = 50 * US}};
    struct sim_setup setup;
    (void)state;
    sim_setup_init(&setup, 100, SIM_SIPI, SIM_BROADCAST);
    setup.behaviours = behaviours;
    struct sim_result result = run(&setup);
    assert_int_equal(result.on_count, 100);
    assert_in_range(result.part_ns[SIM_PART_RESET], 59 * US, 61 * US);
}

/* ---- What is asked for wrongly ---- */

static void setup_that_cannot_be_is_refused(void **state)
{
    struct sim_setup good, setup;
    struct sim_result result;
    (void)state;
    sim_setup_init(&good, 64, SIM_MAILBOX, SIM_BROADCAST);
    setup = good;
    setup.cpus = 1;
    assert_non_null(sim_run(&setup, &result));
    setup = good;
    setup.cpus = SIM_MAX_CPUS + 1;
    assert_non_null(sim_run(&setup, &result));
    setup = good;
    setup.nodes = 65;
    assert_non_null(sim_run(&setup, &result));
    setup = good;
    setup.nodes = 0;
    assert_non_null(sim_run(&setup, &result));
    setup = good;
    setup.fanout = 0;
    assert_non_null(sim_run(&setup, &result));
    setup = good;
    setup.way = SIM_ES_JUMP_TABLE;
    setup.cpus = sim_way_most_cpus(setup.way) + 1; /* whose stubs are beyond real mode's reach */
    assert_non_null(sim_run(&setup, &result));
    setup.cpus--;
    assert_null(sim_run(&setup, &result));
    setup = good;
    setup.strategy = SIM_CLASSIC;
    assert_non_null(sim_run(&setup, &result));
}

static void cost_beyond_its_limits_is_not_taken(void **state)
{
    struct sim_costs costs;
    (void)state;
    sim_costs_init(&costs);
    const struct sim_cost *overlap = sim_cost_find("load_overlap");
    assert_non_null(overlap);
    assert_false(sim_cost_set(&costs, overlap, 0)); /* it is divided by */
    assert_true(sim_cost_set(&costs, overlap, 2));
    assert_int_equal(sim_cost_get(&costs, overlap), 2);
    assert_int_equal(costs.load_overlap, 2);
    assert_null(sim_cost_find("overlap"));
}

/* ---- The largest ---- */

static void all_65536_cpus_come_up(void **state)
{
    (void)state;
    run_standard(65536, SIM_SIPI, SIM_BROADCAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_by_time_and_then_by_order_of_putting_in),
        cmocka_unit_test(events_put_in_between_come_in_their_place),
        cmocka_unit_test(same_seed_gives_the_same_result_and_another_another),
        cmocka_unit_test(without_jitter_the_seed_changes_nothing_by_sipi),
        cmocka_unit_test(every_way_and_strategy_brings_all_cpus_up),
        cmocka_unit_test(classic_start_takes_its_delays_for_each_cpu),
        cmocka_unit_test(serial_start_grows_as_the_number_of_cpus_does),
        cmocka_unit_test(broadcast_is_bounded_by_one_cpu_and_a_little_for_each),
        cmocka_unit_test(broadcast_sends_two_interrupts_and_pipelined_two_for_each_cpu),
        cmocka_unit_test(broadcast_is_the_fastest_by_sipi_from_64_to_16384_cpus),
        cmocka_unit_test(mailbox_sets_cpus_up_while_it_calls_the_next),
        cmocka_unit_test(sleeping_firmware_costs_about_one_look),
        cmocka_unit_test(nearer_cache_lines_make_it_faster),
        cmocka_unit_test(cpus_of_one_thread_take_as_long_as_all_of_them_together),
        cmocka_unit_test(every_cost_has_an_effect),
        cmocka_unit_test(dead_cpu_costs_the_deadline_and_the_rest_come_up),
        cmocka_unit_test(cpu_that_loses_a_sipi_comes_by_the_librarys_next),
        cmocka_unit_test(late_cpu_is_what_the_path_is_made_of),
        cmocka_unit_test(setup_that_cannot_be_is_refused),
        cmocka_unit_test(cost_beyond_its_limits_is_not_taken),
        cmocka_unit_test(all_65536_cpus_come_up),
    };

    return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
