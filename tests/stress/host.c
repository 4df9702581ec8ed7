/*
 * The host of the library, as a kernel is: on each CPU that is ON it turns others on and itself
 * off. The BSP also adopts, hands back to the firmware, and measures clocks. All by chance.
 */
#include <sched.h>

#include <muster/clock.h>

#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"
#include "tests/stress/world.h"

#define STACK_WORDS 8
#define CLOCK_NS    1000000u
#define IMPATIENT   30000u /* nanoseconds at most */

/*
 * What a start hands over, one for each caller and CPU. Plain memory on purpose: who may touch it
 * is decided by the library's words, and ThreadSanitizer sees when somebody else does.
 */
static struct handover {
    uint64_t stack[STACK_WORDS] __attribute__((aligned(64)));
    uint64_t number;
    uint64_t sum;
    enum { UNDECIDED, DELIVERED, TAKEN_BACK } outcome; /* atomic, relaxed */
} handovers[STRESS_CPUS][STRESS_CPUS];

struct tally tallies[STRESS_CPUS];
static bool stopping;

void tally_add(uint64_t *number, uint64_t addend)
{
    __atomic_store_n(number, *number + addend, __ATOMIC_RELAXED);
}

struct tally tally_sum(void)
{
    struct tally sum = {0};
    uint64_t *into = (uint64_t *)&sum;
    for (unsigned cpu = 0; cpu < STRESS_CPUS; cpu++)
        for (unsigned i = 0; i < sizeof(sum) / sizeof(*into); i++)
            into[i] += __atomic_load_n((uint64_t *)&tallies[cpu] + i, __ATOMIC_RELAXED);
    return sum;
}

uint64_t tally_steps(const struct tally *tally)
{
    return tally->wakes + tally->parks + tally->ons + tally->offs + tally->backs + tally->clocks;
}

static struct tally *mine(void)
{
    return &tallies[world_self()];
}

static uint64_t now_ns(void)
{
    return world.platform.time_ns(NULL);
}

void host_stop(void)
{
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
}

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

/* ---- Turning on ---- */

static void write_handover(struct handover *handover)
{
    static _Thread_local uint64_t number;
    handover->number = ++number * STRESS_CPUS + world_self();
    handover->sum = ~handover->number;
    __atomic_store_n(&handover->outcome, UNDECIDED, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < STACK_WORDS; i++)
        handover->stack[i] = handover->number;
}

/* A start has one outcome, whoever brings it about. */
static void decide(struct handover *handover, unsigned outcome)
{
    if (__atomic_exchange_n(&handover->outcome, outcome, __ATOMIC_RELAXED) != UNDECIDED)
        broken("start %lu was %s twice", handover->number,
               outcome == DELIVERED ? "delivered" : "taken back");
    tally_add(outcome == DELIVERED ? &mine()->delivered : &mine()->withdrawn, 1);
}

static void await_outcome(const struct handover *handover, uint32_t target)
{
    uint64_t deadline_ns = now_ns() + STRESS_PATIENCE;
    while (__atomic_load_n(&handover->outcome, __ATOMIC_RELAXED) == UNDECIDED) {
        if (now_ns() > deadline_ns)
            broken("CPU %u is %s, and its start is lost", target,
                   muster_cpu_state_name(muster_cpu_state(&world.machine, target)));
        sched_yield();
    }
}

/*
 * Only the BSP is ever impatient. What it takes back may be another's start, which followed upon
 * its own: whose it was is in the slot, which stays FAILED until the BSP adopts again.
 */
static void await_on(uint32_t target)
{
    bool impatient = world_self() == STRESS_BSP && chance(4) == 0;
    enum muster_status status =
        muster_cpu_wait(&world.machine, world.machine.cpus[target].apic_id, MUSTER_CPU_ON,
                        impatient ? chance(IMPATIENT) : STRESS_PATIENCE);
    if (status != MUSTER_OK && status != MUSTER_DENIED && !(status == MUSTER_TIME_OUT && impatient))
        broken("CPU %u was turned on and is %s", target,
               muster_cpu_state_name(muster_cpu_state(&world.machine, target)));
    if (status == MUSTER_TIME_OUT && muster_cpu_state(&world.machine, target) == MUSTER_CPU_FAILED)
        decide(world.slots[target].start.context, TAKEN_BACK);
}

/*
 * Not for long: two that wait for each other would wait for ever. Once it is OFF the stack of each
 * start that it had is its caller's again.
 */
static void await_off(uint32_t target, struct handover *handover)
{
    enum muster_status status = muster_cpu_wait(&world.machine, world.machine.cpus[target].apic_id,
                                                MUSTER_CPU_OFF, chance(IMPATIENT));
    if (status == MUSTER_OK)
        tally_add(&mine()->seen_off, 1);
    else if (status != MUSTER_TIME_OUT && status != MUSTER_DENIED)
        broken("CPU %u cannot be waited for: %s", target, muster_error_name(status));
    for (unsigned i = 0; handover && status == MUSTER_OK && i < STACK_WORDS; i++)
        handover->stack[i] = 0;
}

/* That it is OFF also means that the stack of the last start is free again. */
static void turn_on(uint32_t target)
{
    struct handover *handover = &handovers[world_self()][target];
    const struct muster_start start = {
        .entry = entry,
        .context = handover,
        .stack_top = (uint64_t)(handover->stack + STACK_WORDS),
        .percpu = &world,
    };
    if (target == world_self() || muster_cpu_state(&world.machine, target) != MUSTER_CPU_OFF)
        return;
    write_handover(handover);
    enum muster_status status =
        muster_cpu_on(&world.machine, world.machine.cpus[target].apic_id, &start);
    if (status == MUSTER_OK) {
        tally_add(&mine()->won, 1);
        await_on(target);
        await_outcome(handover, target);
        if (chance(2))
            await_off(target, handover);
    } else if (status == MUSTER_ALREADY_ON || status == MUSTER_ON_PENDING) {
        await_off(target, NULL);
    } else if (status != MUSTER_DENIED) {
        broken("CPU %u cannot be turned on: %s", target, muster_error_name(status));
    }
}

/* ---- On the CPU that has been started ---- */

static struct handover *take_handover(const struct muster_slot *slot)
{
    struct handover *handover = slot->start.context;
    if (slot->start.entry != entry || slot->gs_base != (uint64_t)&world ||
        slot->start.stack_top != (uint64_t)(handover->stack + STACK_WORDS))
        broken("half a start was delivered");
    if (handover->sum != ~handover->number)
        broken("start %lu came with another's context", handover->number);
    for (unsigned i = 0; i < STACK_WORDS; i++)
        if (handover->stack[i] != handover->number)
            broken("somebody else is on the stack of start %lu", handover->number);
    decide(handover, DELIVERED);
    return handover;
}

static void use_stack(struct handover *handover)
{
    for (unsigned i = 0; handover && i < STACK_WORDS; i++)
        handover->stack[i] = world_self();
}

static void check_on(const struct muster_slot *slot)
{
    uint32_t on = __atomic_load_n(&world.machine.on_count.value, __ATOMIC_RELAXED);
    if (muster_cpu_state(&world.machine, slot->index) != MUSTER_CPU_ON)
        broken("running, and not ON");
    if (on < 1 || on > STRESS_CPUS)
        broken("%u CPUs are counted as ON", on);
}

/* ---- What only the BSP does ---- */

static void adopt(void)
{
    static uint32_t sent[STRESS_CPUS];
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        if (muster_cpu_state(&world.machine, i) == MUSTER_CPU_ABSENT) {
            world.letters[i] = ++sent[i];
            tally_add(&mine()->wakes, 1);
        }
    enum muster_status status = muster_adopt(&world.machine, &world.plan, STRESS_PATIENCE);
    for (uint32_t i = 0; status && i < STRESS_CPUS; i++)
        if (muster_cpu_state(&world.machine, i) == MUSTER_CPU_FAILED)
            broken("CPU %u did not come: %s; in the firmware it is in state %u, the mailbox has "
                   "command %u for APIC ID %u",
                   i, muster_error_name(slot_failure(&world.slots[i])),
                   __atomic_load_n(&world.firmware[i].value, __ATOMIC_RELAXED),
                   __atomic_load_n(&world.mailbox->command, __ATOMIC_RELAXED),
                   __atomic_load_n(&world.mailbox->apic_id, __ATOMIC_RELAXED));
}

static void hand_back(uint32_t target)
{
    enum muster_status status = muster_cpu_hand_back(
        &world.machine, &world.plan, world.machine.cpus[target].apic_id, true, STRESS_PATIENCE);
    if (status == MUSTER_OK)
        tally_add(&mine()->backs, 1);
    else if (status != MUSTER_DENIED)
        broken("CPU %u was not handed back: %s", target, muster_error_name(status));
}

/* Never patiently: whoever turns the CPU on meanwhile has it, and it does not answer any more. */
static void measure_clock(uint32_t target)
{
    enum muster_status status = muster_clock_measure(&world.machine, target, chance(CLOCK_NS));
    if (status == MUSTER_OK)
        tally_add(&mine()->clocks, 1);
    else if (status != MUSTER_DENIED && status != MUSTER_TIME_OUT)
        broken("CPU %u's clock was not measured: %s", target, muster_error_name(status));
}

/* More often handed back than adopted: then several are woken one behind the other. */
static void keep_house(void)
{
    switch (chance(16)) {
    case 0:
        return measure_clock(chance(STRESS_CPUS));
    case 1:
    case 2:
        return adopt();
    default:
        for (uint32_t i = 0; i < STRESS_CPUS; i++)
            hand_back(i);
    }
}

/* Parked, given up or in the firmware: nobody is left to change that. */
static void await_down(uint32_t target)
{
    const unsigned down = 1u << MUSTER_CPU_OFF | 1u << MUSTER_CPU_FAILED | 1u << MUSTER_CPU_ABSENT;
    enum muster_status status = muster_cpu_wait(&world.machine, world.machine.cpus[target].apic_id,
                                                MUSTER_CPU_OFF, STRESS_PATIENCE);
    enum muster_cpu_state state = muster_cpu_state(&world.machine, target);
    if (!(down >> state & 1) || status != (state == MUSTER_CPU_OFF ? MUSTER_OK : MUSTER_DENIED))
        broken("CPU %u is %s in the end, and waiting for OFF says %s", target,
               muster_cpu_state_name(state), muster_error_name(status));
}

static void go_home(void)
{
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        if (i != STRESS_BSP)
            await_down(i);
    __atomic_store_n(&world.ending, true, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        world_interrupt(i);
}

void host_begin(void)
{
    adopt();
    for (uint32_t i = 0; i < STRESS_CPUS; i++) {
        struct handover *handover = &handovers[STRESS_BSP][i];
        if (i == STRESS_BSP)
            continue;
        write_handover(handover);
        world.slots[i].start = (struct muster_start){
            entry, handover, (uint64_t)(handover->stack + STACK_WORDS), &world};
    }
    /* TIME_OUT also where one has gone off again before it was looked at. */
    enum muster_status status = muster_start(&world.machine, NULL, 0, STRESS_PATIENCE);
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        if ((status && status != MUSTER_TIME_OUT) || slot_failure(&world.slots[i]))
            broken("not all are started: %s", muster_error_name(status));
    tally_add(&mine()->won, STRESS_CPUS - 1);
}

/* The BSP never comes back from here once all is over; everybody else by muster_cpu_off(). */
void host_run(struct muster_slot *slot)
{
    bool is_bsp = slot->index == STRESS_BSP;
    struct handover *handover = slot->start.context ? take_handover(slot) : NULL;
    tally_add(&mine()->ons, 1);
    for (;;) {
        bool over = __atomic_load_n(&stopping, __ATOMIC_RELAXED);
        check_on(slot);
        use_stack(handover);
        if (over && is_bsp)
            return go_home();
        turn_on(over ? STRESS_BSP : chance(STRESS_CPUS));
        if (is_bsp)
            keep_house();
        if (!over && chance(2))
            continue;
        tally_add(&mine()->offs, 1);
        enum muster_status status = muster_cpu_off(slot);
        if (status != MUSTER_DENIED) /* the last that is ON stays */
            broken("cannot go off: %s", muster_error_name(status));
        tally_add(&mine()->offs, (uint64_t)-1);
    }
}
