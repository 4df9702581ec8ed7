#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster/order.h>

#include "tests/unit/fake_machine.h"

/* ---- What a CPU tells of itself ---- */

/* Sub-leaf by sub-leaf: eax and ecx; what is not given is zero. */
struct told {
    uint32_t last_leaf, leaf_7_edx, leaf_1a_eax;
    uint32_t leaf_b[4][2], leaf_1f[7][2];
    unsigned calls;
};

#define LEVEL(kind) ((uint32_t)(kind) << 8)

static void told_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    struct told *told = context;
    memset(out, 0, 4 * sizeof(*out));
    assert_true(leaf <= told->last_leaf); /* a processor gives the last leaf's data beyond */
    if (++told->calls > 100)
        fail_msg("CPUID is asked without end");
    if (leaf == 0)
        out[0] = told->last_leaf;
    if (leaf == 7)
        out[3] = told->leaf_7_edx;
    if (leaf == 0x1A)
        out[0] = told->leaf_1a_eax;
    if (leaf == 0x0B && subleaf < 4)
        out[0] = told->leaf_b[subleaf][0], out[2] = told->leaf_b[subleaf][1];
    if (leaf == 0x1F && subleaf < 7)
        out[0] = told->leaf_1f[subleaf][0], out[2] = told->leaf_1f[subleaf][1];
}

static struct muster_topology read_told(struct told *told, uint32_t apic_id)
{
    struct muster_platform platform = {.context = told, .cpuid = told_cpuid};
    struct muster_topology topology;
    memset(&topology, 0xA5, sizeof(topology));
    muster_topology_read(&platform, apic_id, &topology);
    return topology;
}

static void leaf_b_gives_core_and_package(void **state)
{
    struct told told = {.last_leaf = 0xD, .leaf_b = {{1, LEVEL(1)}, {4, LEVEL(2) | 1}}};
    struct muster_topology topology = read_told(&told, 0x35);

    (void)state;
    assert_true(topology.known);
    assert_int_equal(topology.core, 0x1A);
    assert_int_equal(topology.package, 3);
    assert_int_equal(topology.die, topology.package);
    assert_int_equal(topology.kind, MUSTER_CORE_UNKNOWN);
}

static void leaf_1f_gives_the_die_and_outweighs_leaf_b(void **state)
{
    struct told told = {
        .last_leaf = 0x1F,
        .leaf_b = {{1, LEVEL(1)}, {6, LEVEL(2) | 1}},
        .leaf_1f = {{1, LEVEL(1)}, {3, LEVEL(2) | 1}, {4, LEVEL(3) | 2}, {6, LEVEL(5) | 3}}};
    struct muster_topology topology = read_told(&told, 0xF7);

    (void)state;
    assert_true(topology.known);
    assert_int_equal(topology.core, 0x7B);
    assert_int_equal(topology.die, 0xF);
    assert_int_equal(topology.package, 3);
}

static void empty_leaf_1f_leaves_it_to_leaf_b(void **state)
{
    struct told told = {.last_leaf = 0x20, .leaf_b = {{1, LEVEL(1)}, {4, LEVEL(2) | 1}}};

    (void)state;
    assert_true(read_told(&told, 0x35).known);
    assert_int_equal(read_told(&told, 0x35).core, 0x1A);
}

static void processor_without_either_leaf_tells_nothing(void **state)
{
    struct told told = {.last_leaf = 0xA, .leaf_b = {{1, LEVEL(1)}, {4, LEVEL(2)}}};
    struct told empty = {.last_leaf = 0xB};

    (void)state;
    assert_false(read_told(&told, 1).known);
    assert_false(read_told(&empty, 1).known);
}

static void levels_that_contradict_themselves_are_not_believed(void **state)
{
    struct told shrinking = {.last_leaf = 0xB, .leaf_b = {{5, LEVEL(1)}, {4, LEVEL(2)}}};
    struct told twice = {.last_leaf = 0xB, .leaf_b = {{1, LEVEL(1)}, {4, LEVEL(1)}}};
    struct told backwards = {.last_leaf = 0xB, .leaf_b = {{1, LEVEL(2)}, {4, LEVEL(1)}}};
    struct told endless = {.last_leaf = 0x1F,
                           .leaf_1f = {{1, LEVEL(1)},
                                       {2, LEVEL(2)},
                                       {3, LEVEL(3)},
                                       {4, LEVEL(4)},
                                       {5, LEVEL(5)},
                                       {6, LEVEL(6)},
                                       {7, LEVEL(6)}}};

    (void)state;
    assert_false(read_told(&shrinking, 1).known);
    assert_false(read_told(&twice, 1).known);
    assert_false(read_told(&backwards, 1).known);
    assert_false(read_told(&endless, 1).known);
}

static void absurd_shifts_stay_within_the_id(void **state)
{
    struct told told = {.last_leaf = 0xB, .leaf_b = {{0xFFFFFFFF, LEVEL(1)}, {31, LEVEL(2)}}};
    struct muster_topology topology = read_told(&told, 0xFFFFFFFF);

    (void)state;
    assert_true(topology.known);
    assert_int_equal(topology.core, 1);
    assert_int_equal(topology.package, 1);
}

static void core_kinds_are_read_only_on_a_hybrid_processor(void **state)
{
    struct told told = {.last_leaf = 0x1F, .leaf_1a_eax = 0x40000001};

    (void)state;
    assert_int_equal(read_told(&told, 0).kind, MUSTER_CORE_UNKNOWN);
    told.leaf_7_edx = 1u << 15;
    assert_int_equal(read_told(&told, 0).kind, MUSTER_CORE_PERFORMANCE);
    told.leaf_1a_eax = 0x20000003;
    assert_int_equal(read_told(&told, 0).kind, MUSTER_CORE_EFFICIENCY);
    told.leaf_1a_eax = 0x99000000;
    assert_int_equal(read_told(&told, 0).kind, MUSTER_CORE_UNKNOWN);
    told.leaf_1a_eax = 0x40000001;
    told.last_leaf = 0x19;
    assert_int_equal(read_told(&told, 0).kind, MUSTER_CORE_UNKNOWN);
}

/* ---- Orders ---- */

#define MOST 600

struct machine {
    struct muster_machine machine;
    struct muster_cpu cpus[MOST];
    struct muster_slot *slots;
};

static int set_up(void **state)
{
    struct machine *m = calloc(1, sizeof(*m));
    m->slots = aligned_alloc(MUSTER_SLOT_BYTES, (size_t)MOST * MUSTER_SLOT_BYTES);
    memset(m->slots, 0, (size_t)MOST * MUSTER_SLOT_BYTES);
    m->machine = (struct muster_machine){.cpus = m->cpus, .slots = m->slots};
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    struct machine *m = *state;
    free(m->slots);
    free(m);
    return 0;
}

static void add(struct machine *m, uint32_t core, uint32_t package, enum muster_core_kind kind)
{
    uint32_t i = m->machine.cpu_count++;
    m->cpus[i] = (struct muster_cpu){.apic_id = i, .enabled = true};
    m->slots[i].topology = (struct muster_topology){
        .known = true, .core = core, .die = package, .package = package, .kind = kind};
}

static void put_in_node(struct machine *m, uint32_t index, uint32_t node)
{
    m->cpus[index].numa_node = node;
}

/* @wanted ends with MOST. */
static void assert_order(struct machine *m, enum muster_order policy, const uint32_t *wanted)
{
    uint32_t order[MOST];
    uint32_t count = muster_order_make(&m->machine, policy, order);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(order[i], wanted[i]);
    assert_int_equal(wanted[count], MOST);
}

#define ASSERT_ORDER(m, policy, ...) assert_order(m, policy, (const uint32_t[]){__VA_ARGS__, MOST})

/* How many of its core come before it, counted one by one: the BSP, and those listed before. */
static uint32_t rank_of(const struct machine *m, uint32_t index)
{
    const struct muster_topology *own = &m->slots[index].topology;
    uint32_t rank = 0;
    for (uint32_t i = 0; i < m->machine.cpu_count; i++) {
        const struct muster_topology *other = &m->slots[i].topology;
        bool before = i < index || i == m->machine.bsp;
        rank += i != index && before && own->known && other->known && own->core == other->core;
    }
    return rank;
}

static void assert_no_sibling_too_early(const struct machine *m)
{
    uint32_t order[MOST];
    uint32_t count = muster_order_make(&m->machine, MUSTER_ORDER_CORES, order);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t last = rank_of(m, order[i - 1]), rank = rank_of(m, order[i]);
        assert_true(last < rank || (last == rank && order[i - 1] < order[i]));
    }
}

/* Whatever the topologies say, everybody but the BSP is there once. */
static void assert_everybody_once(struct machine *m)
{
    for (unsigned policy = 0; policy < MUSTER_ORDER_COUNT; policy++) {
        uint32_t order[MOST];
        bool seen[MOST] = {false};
        uint32_t count = muster_order_make(&m->machine, (enum muster_order)policy, order);
        assert_int_equal(count, m->machine.cpu_count - 1);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(order[i] < m->machine.cpu_count && order[i] != m->machine.bsp);
            assert_false(seen[order[i]]);
            seen[order[i]] = true;
        }
    }
}

static void performance_cores_come_first_and_stay_as_listed(void **state)
{
    struct machine *m = *state;

    add(m, 0, 0, MUSTER_CORE_EFFICIENCY);
    add(m, 1, 0, MUSTER_CORE_PERFORMANCE); /* the BSP */
    add(m, 2, 0, MUSTER_CORE_EFFICIENCY);
    add(m, 3, 0, MUSTER_CORE_UNKNOWN);
    add(m, 4, 0, MUSTER_CORE_PERFORMANCE);
    add(m, 5, 0, MUSTER_CORE_PERFORMANCE);
    m->machine.bsp = 1;
    ASSERT_ORDER(m, MUSTER_ORDER_PERFORMANCE, 4, 5, 3, 0, 2);
    ASSERT_ORDER(m, MUSTER_ORDER_LISTED, 0, 2, 3, 4, 5);
}

static void one_of_each_core_comes_before_any_sibling(void **state)
{
    struct machine *m = *state;

    for (uint32_t i = 0; i < 9; i++) /* three cores of three threads, in a row */
        add(m, i / 3, 0, MUSTER_CORE_UNKNOWN);
    m->machine.bsp = 4; /* in the middle of its core: its first sibling is a second */
    ASSERT_ORDER(m, MUSTER_ORDER_CORES, 0, 6, 1, 3, 7, 2, 5, 8);
}

static void a_cpu_that_told_nothing_counts_as_a_core_of_its_own(void **state)
{
    struct machine *m = *state;

    for (uint32_t i = 0; i < 6; i++)
        add(m, 0, 0, MUSTER_CORE_UNKNOWN);
    m->slots[4].topology.known = false;
    m->slots[5].topology.known = false;
    ASSERT_ORDER(m, MUSTER_ORDER_CORES, 4, 5, 1, 2, 3);
    ASSERT_ORDER(m, MUSTER_ORDER_NEAREST, 1, 2, 3, 4, 5);
}

static void nearest_goes_by_core_die_package_and_node(void **state)
{
    struct machine *m = *state;

    add(m, 9, 2, MUSTER_CORE_UNKNOWN); /* another package */
    add(m, 2, 1, MUSTER_CORE_UNKNOWN); /* same package, other die */
    add(m, 3, 1, MUSTER_CORE_UNKNOWN); /* same die */
    add(m, 1, 1, MUSTER_CORE_UNKNOWN); /* same core */
    add(m, 1, 1, MUSTER_CORE_UNKNOWN); /* the BSP */
    m->slots[1].topology.die = 77;
    m->machine.bsp = 4;
    ASSERT_ORDER(m, MUSTER_ORDER_NEAREST, 3, 2, 1, 0);
}

static void the_node_outweighs_the_package(void **state)
{
    struct machine *m = *state;

    for (uint32_t i = 0; i < 4; i++)
        add(m, i, i / 2, MUSTER_CORE_UNKNOWN);
    put_in_node(m, 0, 5);
    put_in_node(m, 1, 6); /* same package as the BSP */
    put_in_node(m, 2, 6);
    put_in_node(m, 3, 5); /* same node as the BSP */
    ASSERT_ORDER(m, MUSTER_ORDER_NEAREST, 3, 1, 2);
}

static void cpus_that_are_not_enabled_are_left_out(void **state)
{
    struct machine *m = *state;

    for (uint32_t i = 0; i < 4; i++)
        add(m, i, 0, MUSTER_CORE_UNKNOWN);
    m->cpus[2].enabled = false;
    for (unsigned policy = 0; policy < MUSTER_ORDER_COUNT; policy++)
        ASSERT_ORDER(m, (enum muster_order)policy, 1, 3);
}

static void lying_topologies_lose_nobody(void **state)
{
    struct machine *m = *state;
    uint32_t random = 12345;

    for (uint32_t i = 0; i < MOST; i++)
        add(m, 7, 7, MUSTER_CORE_PERFORMANCE); /* all of them one core */
    assert_everybody_once(m);
    for (unsigned round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < MOST; i++) {
            random = random * 1103515245 + 12345;
            m->slots[i].topology = (struct muster_topology){
                .known = random >> 30,
                .core = random >> 8 & 0xF0000003,
                .die = random >> 16,
                .package = random >> 4 & 1,
                .kind = (enum muster_core_kind)(random >> 20 & 0xF),
            };
            m->cpus[i].numa_node = random >> 12 & 1 ? random >> 24 : MUSTER_NUMA_NODE_UNKNOWN;
        }
        m->machine.bsp = random % MOST;
        assert_everybody_once(m);
        assert_no_sibling_too_early(m);
    }
}

static void machines_of_one_and_two_cpus_have_orders(void **state)
{
    struct machine *m = *state;

    add(m, 0, 0, MUSTER_CORE_UNKNOWN);
    assert_everybody_once(m);
    add(m, 0, 0, MUSTER_CORE_EFFICIENCY); /* a key larger than the number of CPUs */
    assert_everybody_once(m);
    m->machine.bsp = 1;
    assert_everybody_once(m);
}

static void what_is_no_policy_gives_no_order(void **state)
{
    struct machine *m = *state;
    uint32_t order[MOST];

    add(m, 0, 0, MUSTER_CORE_UNKNOWN);
    add(m, 1, 0, MUSTER_CORE_UNKNOWN);
    assert_int_equal(muster_order_make(&m->machine, MUSTER_ORDER_COUNT, order), 0);
    assert_string_equal(muster_order_name(MUSTER_ORDER_COUNT), "unknown");
    assert_string_equal(muster_order_name(MUSTER_ORDER_NEAREST), "nearest");
}

static void adopted_cpus_have_told_and_start_in_the_order_given(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(4);
    uint32_t order[4];

    (void)state;
    fake->cpus[1].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_MS * 20), MUSTER_TIME_OUT);
    assert_false(fake->slots[0].topology.known); /* its CPUID ends at leaf 7 */
    uint32_t first_send = fake->send_count;
    for (uint32_t i = 0; i < 4; i++)
        fake->slots[i].topology.kind = i == 3 ? MUSTER_CORE_PERFORMANCE : MUSTER_CORE_EFFICIENCY;
    uint32_t count = muster_order_make(&fake->machine, MUSTER_ORDER_PERFORMANCE, order);
    assert_int_equal(count, 3);
    muster_start(&fake->machine, order, count, FAKE_S);
    assert_int_equal(fake->sends[first_send].dest, fake_id(3));
    assert_int_equal(fake->sends[first_send + 1].dest, fake_id(0));
    fake_machine_free(fake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_b_gives_core_and_package),
        cmocka_unit_test(leaf_1f_gives_the_die_and_outweighs_leaf_b),
        cmocka_unit_test(empty_leaf_1f_leaves_it_to_leaf_b),
        cmocka_unit_test(processor_without_either_leaf_tells_nothing),
        cmocka_unit_test(levels_that_contradict_themselves_are_not_believed),
        cmocka_unit_test(absurd_shifts_stay_within_the_id),
        cmocka_unit_test(core_kinds_are_read_only_on_a_hybrid_processor),
        TEST(performance_cores_come_first_and_stay_as_listed),
        TEST(one_of_each_core_comes_before_any_sibling),
        TEST(a_cpu_that_told_nothing_counts_as_a_core_of_its_own),
        TEST(nearest_goes_by_core_die_package_and_node),
        TEST(the_node_outweighs_the_package),
        TEST(cpus_that_are_not_enabled_are_left_out),
        TEST(lying_topologies_lose_nobody),
        TEST(machines_of_one_and_two_cpus_have_orders),
        TEST(what_is_no_policy_gives_no_order),
        cmocka_unit_test(adopted_cpus_have_told_and_start_in_the_order_given),
    };

    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
