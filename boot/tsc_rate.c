/*
 * Whoever else runs on the core may come in between any two instructions here, for as long as a
 * host with hundreds of vCPUs on one thread gives the others: between the counter and the TSC,
 * then both belong to different moments; or for so long that the counter comes around unseen. The
 * narrowest of some looks is safe from the first, and that two measurements agree shows that the
 * second did not happen.
 */
#include "boot/tsc_rate.h"

#include <stdbool.h>

#define LOOKS      3u
#define MEASURED   100u /* a second's part */
#define LOOKS_MOST 1000000u
#define LOOKS_STILL                                                                                \
    10000u /* in a row without a tick: nobody counts, as each took longer than one */
#define MEASUREMENTS 8u
#define AGREEMENT    256u /* to a part of this many */

static struct tsc_look look_narrowly(struct tsc_look (*look)(void))
{
    struct tsc_look narrowest = look();
    for (unsigned i = 1; i < LOOKS; i++) {
        struct tsc_look one = look();
        if (one.after - one.before <= narrowest.after - narrowest.before)
            narrowest = one;
    }
    return narrowest;
}

static uint64_t moment(const struct tsc_look *look)
{
    return look->before + (look->after - look->before) / 2;
}

static uint64_t measure(struct tsc_look (*look)(void), uint32_t counter_hz)
{
    struct tsc_look first = look_narrowly(look), last = first;
    uint32_t ticks = 0, still = 0;
    for (uint32_t i = 0; i < LOOKS_MOST && still < LOOKS_STILL && ticks < counter_hz / MEASURED;
         i++) {
        struct tsc_look now = look_narrowly(look);
        still = now.count == last.count ? still + 1 : 0;
        ticks += (uint16_t)(last.count - now.count);
        last = now;
    }
    return ticks ? (moment(&last) - moment(&first)) * counter_hz / ticks : 0;
}

static bool agree(uint64_t one, uint64_t other)
{
    uint64_t apart = one > other ? one - other : other - one;
    return apart <= one / AGREEMENT;
}

uint64_t tsc_rate_measure(struct tsc_look (*look)(void), uint32_t counter_hz)
{
    uint64_t hz = measure(look, counter_hz);
    for (unsigned i = 1; i < MEASUREMENTS && hz; i++) {
        uint64_t before = hz;
        hz = measure(look, counter_hz);
        if (agree(before, hz))
            break;
    }
    return hz;
}
