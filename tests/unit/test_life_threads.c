/*
 * The same life with real threads: some are CPUs, which come on, work and go off by themselves,
 * some turn them on, all at once and in each other's way. Under ThreadSanitizer (make
 * check-threads) also a proof that what belongs to a start is never touched by two at a time.
 */
#define _GNU_SOURCE

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <muster/wake.h>

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/machine.h"
#include "lib/wake/park.h"

#define CPUS    4 /* the first is the BSP, and stays on */
#define CALLERS 3
#define STARTS  30000u
#define SECOND  1000000000ull

/* One start: what its caller wrote, and the CPU finds. Plain memory on purpose. */
struct parcel {
    uint32_t caller, number, sum;
    uint32_t deliveries;
};

static struct muster_machine machine;
static struct muster_platform platform;
static struct muster_cpu cpus[CPUS];
static struct muster_index_entry places[2 * CPUS];
static struct muster_slot *slots;
static uint64_t stacks[CPUS]; /* plain: who is ON writes, who saw OFF wipes */
static struct muster_word wins, deliveries, stopping;
static _Thread_local jmp_buf gone;

/* Instead of what is privileged, or assembly. */

enum muster_status cpu_load(struct muster_slot *slot, void *percpu)
{
    (void)slot, (void)percpu;
    return MUSTER_OK;
}

enum muster_status cpu_reload(struct muster_slot *slot)
{
    (void)slot;
    return MUSTER_OK;
}

void cpu_sleep_by_mwait(const struct muster_word *word, uint32_t value, uint32_t hint)
{
    (void)word, (void)value, (void)hint;
}

unsigned cpu_paging_levels(void)
{
    return 4;
}

void cpu_enter(struct muster_slot *slot)
{
    (void)slot;
    longjmp(gone, 1);
}

void cpu_leave(uint64_t vector)
{
    (void)vector;
    longjmp(gone, 1);
}

void cpu_go_off(struct muster_slot *slot)
{
    (void)slot;
    longjmp(gone, 1);
}

/* The platform: interrupts are not needed where nobody sleeps. */

static uint64_t time_ns(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void wait_a_little(void *context, const struct muster_word *word, uint32_t value,
                          uint64_t deadline_ns)
{
    (void)context, (void)word, (void)value, (void)deadline_ns;
    sched_yield();
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    (void)context;
    return msr == MSR_APIC_BASE ? APIC_BASE_X2APIC | APIC_BASE_ENABLED : 0;
}

static void msr_write(void *context, uint32_t msr, uint64_t value)
{
    (void)context, (void)msr, (void)value;
}

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

/* cmocka's assertions would jump out of another thread's stack. */
static void must(bool hold)
{
    if (!hold)
        abort();
}

/* A CPU's thread. */

static void work(struct muster_slot *slot)
{
    struct parcel *parcel = slot->start.context;

    must(parcel->sum == parcel->caller + parcel->number);
    must(slot->start.stack_top == 16 * (uint64_t)parcel->number);
    __atomic_fetch_add(&parcel->deliveries, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < 8; i++)
        stacks[slot->index] += parcel->number;
    (void)word_fetch_add(&deliveries, 1);
}

static void go_off(struct muster_slot *slot)
{
    if (setjmp(gone) == 0)
        must(muster_cpu_off(slot) == MUSTER_OK);
    must(park_return(slot, MUSTER_OK));
}

static void *be_a_cpu(void *argument)
{
    struct muster_slot *slot = argument;

    while (!word_load_acquire(&stopping)) {
        if (park_step(slot) != PARK_STEP_ENTER) {
            sched_yield();
            continue;
        }
        work(slot);
        go_off(slot);
    }
    return NULL;
}

/* A caller's thread. */

static void turn_on(uint32_t caller, uint32_t number, struct parcel *parcel)
{
    uint32_t index = 1 + number % (CPUS - 1);
    struct muster_start start = {entry, parcel, 16 * (uint64_t)number, NULL};
    uint32_t apic_id = cpus[index].apic_id;

    *parcel = (struct parcel){caller, number, caller + number, 0};
    enum muster_status status = muster_cpu_on(&machine, apic_id, &start);
    if (status != MUSTER_OK) {
        must(status == MUSTER_ALREADY_ON || status == MUSTER_ON_PENDING);
        (void)muster_cpu_wait(&machine, apic_id, MUSTER_CPU_OFF, SECOND);
        return;
    }
    (void)word_fetch_add(&wins, 1);
    /* It may have gone off again before anybody looks: that is what DENIED says then. */
    status = muster_cpu_wait(&machine, apic_id, MUSTER_CPU_ON, 60 * SECOND);
    must(status == MUSTER_OK || status == MUSTER_DENIED);
    while (__atomic_load_n(&parcel->deliveries, __ATOMIC_ACQUIRE) == 0)
        sched_yield();
}

static void *be_a_caller(void *argument)
{
    uint32_t caller = (uint32_t)(uintptr_t)argument;
    struct parcel *parcels = calloc(STARTS, sizeof(*parcels));

    for (uint32_t number = 0; number < STARTS; number++)
        turn_on(caller, number, &parcels[number]);
    for (uint32_t number = 0; number < STARTS; number++)
        must(parcels[number].deliveries <= 1);
    free(parcels);
    return NULL;
}

static void set_up_machine(void)
{
    platform = (struct muster_platform){
        .msr_read = msr_read,
        .msr_write = msr_write,
        .time_ns = time_ns,
        .wait = wait_a_little,
    };
    assert_int_equal(muster_machine_init(&machine, &platform, cpus, CPUS, places, 2 * CPUS),
                     MUSTER_OK);
    slots = aligned_alloc(MUSTER_SLOT_BYTES, CPUS * sizeof(*slots));
    memset(slots, 0, CPUS * sizeof(*slots));
    machine.slots = slots;
    machine.config.paging_levels = 4;
    machine.on_count.value = 1;
    for (uint32_t i = 0; i < CPUS; i++) {
        struct muster_cpu cpu = {.apic_id = 3 * i + 1, .enabled = true, .bsp = i == 0};

        assert_true(machine_add(&machine, &cpu));
        slot_init(&slots[i], &machine, i);
        slots[i].state.value = i ? MUSTER_CPU_OFF : MUSTER_CPU_ON;
    }
}

static void each_start_is_delivered_once_to_the_cpu_it_was_won_for(void **state)
{
    pthread_t cpu[CPUS], caller[CALLERS];

    (void)state;
    set_up_machine();
    for (uint32_t i = 1; i < CPUS; i++)
        assert_int_equal(pthread_create(&cpu[i], NULL, be_a_cpu, &slots[i]), 0);
    for (uintptr_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&caller[i], NULL, be_a_caller, (void *)i), 0);
    for (uint32_t i = 0; i < CALLERS; i++)
        pthread_join(caller[i], NULL);
    for (uint32_t i = 1; i < CPUS; i++)
        assert_int_equal(muster_cpu_wait(&machine, cpus[i].apic_id, MUSTER_CPU_OFF, 60 * SECOND),
                         MUSTER_OK);
    word_store_release(&stopping, 1);
    for (uint32_t i = 1; i < CPUS; i++)
        pthread_join(cpu[i], NULL);
    assert_true(wins.value > CPUS);
    assert_int_equal(deliveries.value, wins.value);
    assert_int_equal(machine.on_count.value, 1);
    free(slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_start_is_delivered_once_to_the_cpu_it_was_won_for),
    };

    return cmocka_run_group_tests_name("life with threads", tests, NULL, NULL);
}
