/*
 * The library's own sources with threads as CPUs: woken out of the shim's mailbox, parked, turned
 * on and off, handed back, all at once. Under ThreadSanitizer. See docs/assurance.md.
 *
 *     stress STEPS SEED
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/cpu/cpu.h"
#include "shim/mailbox_ap.h"
#include "tests/stress/world.h"

#define MAILBOX_VERSION 1
#define LOOK_NS         10000000u

/* ---- The firmware, and lib/cpu/arrive.S ---- */

/* The vector that leads out of it; false: all is over. */
static bool wait_in_firmware(uint32_t me, uint64_t *vector)
{
    struct muster_word *state = &world.firmware[me];
    if (!mailbox_ap_arrive(state))
        broken("came to the firmware, where it is already");
    while (!__atomic_load_n(&world.ending, __ATOMIC_RELAXED)) {
        enum mailbox_look look = mailbox_ap_look(
            world.mailbox, state, world.machine.cpus[me].apic_id, MAILBOX_VERSION, vector);
        if (look == MAILBOX_LOOK_DENIED ||
            (look == MAILBOX_LOOK_WAKEUP && !mailbox_ap_leave(state)))
            broken("the firmware's own state is wrong");
        if (look == MAILBOX_LOOK_WAKEUP)
            return true;
        sched_yield();
    }
    return false;
}

static void arrive(uint32_t me, uint64_t vector)
{
    static _Thread_local uint32_t received;
    uint32_t index = (uint32_t)(vector - world.machine.config.entry_phys) / ENTRY_STUB_BYTES;
    struct muster_slot *slot = &world.slots[index];
    if (index != me)
        broken("woken into CPU %u's slot", index);
    if (__atomic_exchange_n(&slot->claimed.value, 1, __ATOMIC_SEQ_CST))
        broken("two in one slot");
    if (world.letters[me] != ++received)
        broken("wake %u came with letter %u", received, world.letters[me]);
    slot->first_tsc = slot->long_mode_tsc = world.platform.tsc(NULL);
    tally_add(&tallies[me].parks, 1);
    park_enter(slot);
}

/* ---- A thread ---- */

/* Until the CPU leaves C: the way that it left by is in world_exit(). */
static bool live_on(struct muster_slot *slot, enum world_exit left_by)
{
    uint64_t vector;
    switch (left_by) {
    case WORLD_LEFT:
        if (!wait_in_firmware(slot->index, &vector))
            return false;
        arrive(slot->index, vector);
        return false;
    case WORLD_ENTERED:
        host_run(slot);
        return false;
    case WORLD_OFF:
        park_reenter(slot);
    default:
        return false;
    }
}

static void *be_a_cpu(void *argument)
{
    struct muster_slot *slot = argument;
    volatile enum world_exit left_by = WORLD_LEFT; /* it begins in the firmware */
    world_become(slot->index);
    if (slot->index == STRESS_BSP) {
        host_begin();
        left_by = WORLD_ENTERED;
    }
    for (;;) {
        if (setjmp(world_gone) == 0) {
            if (!live_on(slot, left_by))
                break;
        } else {
            left_by = world_exit();
        }
        if (left_by == WORLD_ENDED)
            break;
    }
    tally_add(&tallies[slot->index].delays, delays_of_thread());
    return NULL;
}

/* ---- The whole ---- */

static double seconds_now(void)
{
    return (double)world.platform.time_ns(NULL) / STRESS_SECOND;
}

/* Every loss is named by whoever waits; this is for the case that nobody is left to. */
static void await_steps(uint64_t wanted)
{
    uint64_t last = 0;
    double since = seconds_now();
    for (;;) {
        struct tally sum = tally_sum();
        uint64_t steps = tally_steps(&sum);
        if (steps >= wanted)
            return;
        if (steps != last)
            since = seconds_now();
        else if (seconds_now() - since > 2 * STRESS_PATIENCE / STRESS_SECOND)
            broken("after %lu steps nothing moves any more: all sleep", steps);
        last = steps;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
}

static uint64_t number_of(const char *text)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno || end == text || *end) {
        fprintf(stderr, "stress: '%s' is not a number\n", text);
        exit(2);
    }
    return number;
}

static void report(double begun)
{
    struct tally sum = tally_sum();
    uint64_t lost = sum.won - sum.delivered - sum.withdrawn;
    printf(
        "stress: %lu steps (%lu wakes, %lu parked, %lu on, %lu off, %lu handed back, %lu clocks), "
        "%u threads, %lu delays, %.0f seconds, seed %lu, %lu seen to go off, %lu starts taken "
        "back, "
        "lost %lu\n",
        tally_steps(&sum), sum.wakes, sum.parks, sum.ons, sum.offs, sum.backs, sum.clocks,
        STRESS_CPUS, sum.delays, seconds_now() - begun, world.seed, sum.seen_off, sum.withdrawn,
        lost);
    if (lost || world.machine.on_count.value != 1 || world.machine.strays.value)
        broken("%lu lost, %u counted as ON, %u strays", lost, world.machine.on_count.value,
               world.machine.strays.value);
}

int main(int argc, char **argv)
{
    pthread_t threads[STRESS_CPUS];
    if (argc != 3) {
        fprintf(stderr, "usage: stress STEPS SEED\n");
        return 2;
    }
    uint64_t steps = number_of(argv[1]);
    world_make(number_of(argv[2]));
    double begun = seconds_now();
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        if (pthread_create(&threads[i], NULL, be_a_cpu, &world.slots[i]))
            broken("no thread for CPU %u", i);
    await_steps(steps);
    host_stop();
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        pthread_join(threads[i], NULL);
    report(begun);
    return 0;
}
