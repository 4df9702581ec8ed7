#include "boot/timer.h"

#include <muster/cpu.h>

#include "abi/x86.h"
#include "boot/native.h"
#include "lib/cpu/instructions.h"

#define MEASUREMENTS 3u
#define MEASURED_NS  1000000u
#define NS_PER_MS    1000000u

static uint32_t ticks_per_ms; /* divided by 16; 0: it stands still */

static void timer_write(const struct muster_platform *platform, uint32_t offset, uint32_t value)
{
    if (muster_apic_is_x2(platform))
        platform->msr_write(platform->context, MSR_X2APIC + offset / 16, value);
    else
        platform->apic_write(platform->context, offset, value);
}

static uint32_t timer_read(const struct muster_platform *platform, uint32_t offset)
{
    if (muster_apic_is_x2(platform))
        return (uint32_t)platform->msr_read(platform->context, MSR_X2APIC + offset / 16);
    return platform->apic_read(platform->context, offset);
}

/*
 * The clock is read outside of the timer, so that a host that takes the core away in between makes
 * it fewer than there are, never more: a nap that is too short costs little, and one that is
 * ten times too long costs whoever is called meanwhile.
 */
static uint32_t measure_ticks_per_ms(const struct muster_platform *platform)
{
    uint64_t start_ns = platform->time_ns(platform->context);
    timer_write(platform, APIC_TIMER_INITIAL, UINT32_MAX);
    native_delay_ns(MEASURED_NS);
    uint64_t ticks = UINT32_MAX - timer_read(platform, APIC_TIMER_CURRENT);
    uint64_t took_ns = platform->time_ns(platform->context) - start_ns;
    timer_write(platform, APIC_TIMER_INITIAL, 0);
    return took_ns ? (uint32_t)(ticks * NS_PER_MS / took_ns) : 0;
}

/* The most of some: each is too few by as long as the core was away between timer and clock. */
void timer_calibrate(const struct muster_platform *platform, uint8_t vector)
{
    timer_write(platform, APIC_LVT_TIMER, APIC_LVT_MASKED | vector);
    timer_write(platform, APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
    ticks_per_ms = 0;
    for (unsigned i = 0; i < MEASUREMENTS; i++) {
        uint32_t measured = measure_ticks_per_ms(platform);
        if (measured > ticks_per_ms)
            ticks_per_ms = measured;
    }
}

void timer_on(const struct muster_platform *platform, uint8_t vector)
{
    timer_write(platform, APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
    timer_write(platform, APIC_LVT_TIMER, vector);
}

void timer_nap(const struct muster_platform *platform, uint32_t ms)
{
    uint32_t most_ms = ticks_per_ms ? UINT32_MAX / ticks_per_ms : 0;
    if (!most_ms) {
        cpu_pause(); /* a timer that stands still would never end the nap */
        return;
    }
    timer_write(platform, APIC_TIMER_INITIAL, ticks_per_ms * (ms < most_ms ? ms : most_ms));
    native_idle();
}

void timer_off(const struct muster_platform *platform, uint8_t vector)
{
    timer_write(platform, APIC_LVT_TIMER, APIC_LVT_MASKED | vector);
    timer_write(platform, APIC_TIMER_INITIAL, 0);
    interrupts_let_in();
}
