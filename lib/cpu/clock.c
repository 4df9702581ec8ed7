/* The TSC's offset between a parked CPU and the BSP, by rounds over one cache line. */
#include "lib/cpu/clock.h"

#include <muster/clock.h>

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/patience.h"
#include "lib/trace.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

static uint64_t tsc_now(const struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    return platform->tsc(platform->context);
}

/* ---- On the CPU that is measured ---- */

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static bool can_adjust(const struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    uint32_t r[4];
    if (slot->machine->confidential)
        return false;
    platform->cpuid(platform->context, 0, 0, r);
    if (r[0] < CPUID_EXTENDED_FEATURES)
        return false;
    platform->cpuid(platform->context, CPUID_EXTENDED_FEATURES, 0, r);
    return r[1] & CPUID_7_EBX_TSC_ADJUST;
}

/*
 * Whether there is something to take off. After a first correction that is what it may have been
 * wrong by; what is more the processor did not do, and trying again would not help.
 */
static bool is_to_correct(const struct muster_clock *clock)
{
    uint64_t distance = magnitude(clock->offset);
    if (distance <= clock->uncertainty || clock->corrections == MUSTER_CLOCK_CORRECTIONS)
        return false;
    return !clock->corrections || distance - clock->uncertainty <= clock->corrected_within;
}

static bool correct(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    struct muster_clock *clock = &slot->clock;
    if (!is_to_correct(clock) || !can_adjust(slot))
        return false;
    uint64_t adjust = platform->msr_read(platform->context, MSR_TSC_ADJUST);
    platform->msr_write(platform->context, MSR_TSC_ADJUST, adjust - (uint64_t)clock->offset);
    clock->correction -= clock->offset;
    clock->corrected_within = clock->uncertainty;
    clock->corrections++;
    return true;
}

/* Said before the command is taken: whoever sees it taken sees this, too. */
bool clock_begin(struct muster_slot *slot)
{
    word_store_release(&slot->measuring, 1);
    if (word_move(&slot->command, PARK_CLOCK, PARK_STAY))
        return true;
    word_store_release(&slot->measuring, 0);
    return false;
}

bool clock_ask(struct muster_slot *slot)
{
    struct muster_clock *clock = &slot->clock;
    if (clock->rounds == MUSTER_CLOCK_ROUNDS) {
        if (!correct(slot)) {
            clock->known = true;
            return false;
        }
        clock->rounds = 0;
    }
    clock->asked_tsc = tsc_now(slot);
    word_store_release(&clock->request, word_load_relaxed(&clock->request) + 1);
    return true;
}

void clock_take(struct muster_slot *slot)
{
    struct muster_clock *clock = &slot->clock;
    uint64_t trip = tsc_now(slot) - clock->asked_tsc;
    uint64_t uncertainty = trip / 2 + trip % 2;
    if (clock->rounds == 0 || uncertainty < clock->uncertainty) {
        clock->uncertainty = uncertainty;
        clock->offset = (int64_t)(clock->asked_tsc + trip / 2 - clock->answer_tsc);
    }
    clock->rounds++;
}

bool clock_end(struct muster_slot *slot)
{
    struct muster_clock *clock = &slot->clock;
    if (clock->known)
        trace_own(slot, MUSTER_TRACE_CLOCK, clock->corrections != 0, (uint64_t)clock->offset);
    if (word_load_acquire(&clock->answer) == CLOCK_CLOSED)
        clock->known = false;
    bool known = clock->known;
    word_store_release(&clock->request, CLOCK_CLOSED);
    word_store_release(&slot->measuring, 0); /* last: now the next may write all of it anew */
    return known;
}

/* Until the BSP's answer to the last question; false: it is not to come. */
static bool wait_for_answer(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    struct muster_clock *clock = &slot->clock;
    uint32_t wanted = word_load_relaxed(&clock->request);
    uint64_t deadline_ns = time_after(platform->time_ns(platform->context), clock->patience_ns);
    struct patience patience = {0};
    for (;;) {
        uint32_t answer = word_load_acquire(&clock->answer);
        if (answer == wanted)
            return true;
        if (answer == CLOCK_CLOSED || patience_is_over(&patience, slot->machine, deadline_ns))
            return false;
        platform->wait(platform->context, &clock->answer, answer, deadline_ns);
    }
}

bool clock_run(struct muster_slot *slot)
{
    while (clock_ask(slot) && wait_for_answer(slot))
        clock_take(slot);
    return clock_end(slot);
}

enum muster_status muster_clock_join(struct muster_slot *slot, uint64_t timeout_ns)
{
    const struct muster_platform *platform = slot->machine->platform;
    uint64_t deadline_ns = time_after(platform->time_ns(platform->context), timeout_ns);
    struct patience patience = {0};
    while (word_load_acquire(&slot->command) != PARK_CLOCK || !clock_begin(slot)) {
        if (patience_is_over(&patience, slot->machine, deadline_ns))
            return MUSTER_TIME_OUT;
        platform->wait(platform->context, &slot->command, PARK_STAY, deadline_ns);
    }
    return clock_run(slot) ? MUSTER_OK : MUSTER_TIME_OUT;
}

/* ---- On the BSP ---- */

/* Whether the CPU can be measured as it is. A start that it has been given stays: we can wait. */
static bool may_measure(const struct muster_slot *slot, enum muster_cpu_state state)
{
    return slot->index != slot->machine->bsp &&
           (state == MUSTER_CPU_OFF || state == MUSTER_CPU_ON) &&
           word_load_acquire(&slot->command) == PARK_STAY;
}

/* One that is parked is woken to it; one that is ON looks by itself (muster_clock_join()). */
static enum muster_status call_up(const struct muster_slot *slot, enum muster_cpu_state state)
{
    const struct muster_machine *machine = slot->machine;
    if (state == MUSTER_CPU_ON)
        return MUSTER_OK;
    return muster_apic_send(machine->platform, slot->apic_id, machine->config.wake_vector);
}

/* Answer until the CPU is through; false: not by @deadline_ns. */
static bool answer_rounds(struct muster_slot *slot, uint64_t deadline_ns)
{
    const struct muster_platform *platform = slot->machine->platform;
    struct muster_clock *clock = &slot->clock;
    struct patience patience = {0};
    uint32_t answered = 0;
    for (;;) {
        uint32_t request = word_load_acquire(&clock->request);
        if (request == CLOCK_CLOSED)
            return true;
        if (request != answered) {
            clock->answer_tsc = tsc_now(slot);
            /* With the counter's value; pairs with the acquire in wait_for_answer(). */
            word_store_release(&clock->answer, request);
            answered = request;
        } else if (patience_is_over(&patience, slot->machine, deadline_ns)) {
            return false;
        } else {
            platform->wait(platform->context, &clock->request, request, deadline_ns);
        }
    }
}

/* A CPU that was held up in the last measurement, which was given up, may still be in it. */
static bool await_unmeasured(const struct muster_slot *slot, uint64_t deadline_ns)
{
    const struct muster_platform *platform = slot->machine->platform;
    struct patience patience = {0};
    while (word_load_acquire(&slot->measuring)) {
        if (patience_is_over(&patience, slot->machine, deadline_ns))
            return false;
        platform->wait(platform->context, &slot->measuring, 1, deadline_ns);
    }
    return true;
}

enum muster_status muster_clock_measure(struct muster_machine *machine, uint32_t index,
                                        uint64_t timeout_ns)
{
    const struct muster_platform *platform = machine->platform;
    struct muster_slot *slot = &machine->slots[index];
    if (!platform->tsc)
        return MUSTER_NOT_SUPPORTED;
    enum muster_cpu_state state = muster_cpu_state(machine, index);
    if (!may_measure(slot, state))
        return MUSTER_DENIED;
    uint64_t deadline_ns = time_after(platform->time_ns(platform->context), timeout_ns);
    if (!await_unmeasured(slot, deadline_ns))
        return MUSTER_TIME_OUT;
    slot->clock = (struct muster_clock){.patience_ns = timeout_ns};
    if (!word_move(&slot->command, PARK_STAY, PARK_CLOCK))
        return MUSTER_DENIED;
    enum muster_status status = call_up(slot, state);
    if (!status && !answer_rounds(slot, deadline_ns))
        status = MUSTER_TIME_OUT;
    if (status) {
        word_move(&slot->command, PARK_CLOCK, PARK_STAY);
        word_store_release(&slot->clock.answer, CLOCK_CLOSED);
        return status;
    }
    return slot->clock.known ? MUSTER_OK : MUSTER_TIME_OUT;
}

enum muster_status muster_clock_measure_all(struct muster_machine *machine, uint64_t timeout_ns)
{
    enum muster_status first = MUSTER_OK;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (word_load_acquire(&machine->slots[i].state) != MUSTER_CPU_OFF)
            continue;
        enum muster_status status = muster_clock_measure(machine, i, timeout_ns);
        if (!first)
            first = status;
    }
    return first;
}
