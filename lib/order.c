/* Orders: each policy is a key per CPU, and all are sorted by key and index in one way. */
#include <muster/order.h>

/*
 * A CPU's key and index in one word, key * count + index: sorted as numbers they are in order,
 * equals stay as listed, and nothing but the caller's array is needed. A key is below count or a
 * small number, so with at most MOST_CPUS the words fit.
 */
#define MOST_CPUS 65535u
#define FARTHEST  5u

const char *muster_order_name(enum muster_order order)
{
    static const char *const names[] = {
        [MUSTER_ORDER_LISTED] = "listed",
        [MUSTER_ORDER_PERFORMANCE] = "performance",
        [MUSTER_ORDER_CORES] = "cores",
        [MUSTER_ORDER_NEAREST] = "nearest",
    };
    return (unsigned)order < MUSTER_ORDER_COUNT ? names[order] : "unknown";
}

const char *muster_core_kind_name(enum muster_core_kind kind)
{
    static const char *const names[] = {
        [MUSTER_CORE_UNKNOWN] = "unknown",
        [MUSTER_CORE_PERFORMANCE] = "performance",
        [MUSTER_CORE_EFFICIENCY] = "efficiency",
    };
    return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

/* ---- Sorting ---- */

typedef bool before_function(const struct muster_machine *machine, uint32_t a, uint32_t b);

static void sink(const struct muster_machine *machine, uint32_t *words, uint32_t root,
                 uint32_t count, before_function *before)
{
    for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && before(machine, words[child], words[child + 1]))
            child++;
        if (!before(machine, words[root], words[child]))
            return;
        uint32_t word = words[root];
        words[root] = words[child];
        words[child] = word;
    }
}

/* A heap sort: in place, and no input makes it slow. No two words may be equal by @before. */
static void sort(const struct muster_machine *machine, uint32_t *words, uint32_t count,
                 before_function *before)
{
    for (uint32_t root = count / 2; root > 0; root--)
        sink(machine, words, root - 1, count, before);
    for (uint32_t left = count; left > 1; left--) {
        uint32_t word = words[0];
        words[0] = words[left - 1];
        words[left - 1] = word;
        sink(machine, words, 0, left - 1, before);
    }
}

static bool is_smaller(const struct muster_machine *machine, uint32_t a, uint32_t b)
{
    (void)machine;
    return a < b;
}

/* ---- Keys ---- */

static const struct muster_topology *topology_of(const struct muster_machine *machine,
                                                 uint32_t index)
{
    return &machine->slots[index].topology;
}

static uint32_t kind_key(const struct muster_machine *machine, uint32_t index)
{
    switch (topology_of(machine, index)->kind) {
    case MUSTER_CORE_PERFORMANCE:
        return 0;
    case MUSTER_CORE_EFFICIENCY:
        return 2;
    default:
        return 1;
    }
}

/* The node is firmware's word and outweighs the package, which may hold several. */
static uint32_t distance_key(const struct muster_machine *machine, uint32_t index)
{
    const struct muster_cpu *cpu = &machine->cpus[index], *bsp = &machine->cpus[machine->bsp];
    const struct muster_topology *here = topology_of(machine, index);
    const struct muster_topology *there = topology_of(machine, machine->bsp);
    bool known = here->known && there->known;
    bool same_package = known && here->package == there->package;
    bool nodes_known =
        cpu->numa_node != MUSTER_NUMA_NODE_UNKNOWN && bsp->numa_node != MUSTER_NUMA_NODE_UNKNOWN;
    if (nodes_known && cpu->numa_node != bsp->numa_node)
        return same_package ? FARTHEST - 1 : FARTHEST;
    if (!same_package)
        return nodes_known ? 3 : FARTHEST;
    if (here->core == there->core)
        return 0;
    return here->die == there->die ? 1 : 2;
}

/* Same core together, the BSP before its siblings; those that told nothing each by itself. */
static bool comes_before_in_core(const struct muster_machine *machine, uint32_t a, uint32_t b)
{
    const struct muster_topology *one = topology_of(machine, a), *other = topology_of(machine, b);
    if (one->known != other->known)
        return one->known;
    if (one->known && one->core != other->core)
        return one->core < other->core;
    if ((a == machine->bsp) != (b == machine->bsp))
        return a == machine->bsp;
    return a < b;
}

/* Each index becomes its word; the key is how many of the same core come before. */
static void count_within_cores(const struct muster_machine *machine, uint32_t *order,
                               uint32_t count)
{
    sort(machine, order, count, comes_before_in_core);
    const struct muster_topology *last = NULL;
    uint32_t rank = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct muster_topology *own = topology_of(machine, order[i]);
        bool same = last && last->known && own->known && last->core == own->core;
        rank = same ? rank + 1 : 0;
        last = own;
        order[i] += rank * machine->cpu_count;
    }
}

static void put_keys(const struct muster_machine *machine, uint32_t *order, uint32_t count,
                     uint32_t (*key)(const struct muster_machine *machine, uint32_t index))
{
    for (uint32_t i = 0; i < count; i++)
        order[i] += key(machine, order[i]) * machine->cpu_count;
}

/* ---- Orders ---- */

/* Back from words to indexes, without the BSP, which is on. */
static uint32_t take_indexes(const struct muster_machine *machine, uint32_t *order, uint32_t count)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = order[i] % machine->cpu_count;
        if (index != machine->bsp)
            order[left++] = index;
    }
    return left;
}

uint32_t muster_order_make(const struct muster_machine *machine, enum muster_order policy,
                           uint32_t *order)
{
    uint32_t count = 0;
    if ((unsigned)policy >= MUSTER_ORDER_COUNT || machine->cpu_count > MOST_CPUS)
        return 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].enabled)
            order[count++] = i;
    if (policy == MUSTER_ORDER_PERFORMANCE)
        put_keys(machine, order, count, kind_key);
    if (policy == MUSTER_ORDER_NEAREST)
        put_keys(machine, order, count, distance_key);
    if (policy == MUSTER_ORDER_CORES)
        count_within_cores(machine, order, count);
    if (policy != MUSTER_ORDER_LISTED)
        sort(machine, order, count, is_smaller);
    return take_indexes(machine, order, count);
}
