/* The clock of Hyper-V's hypervisor (TLFS, 12.7), where there is one, is the reference. */
#include "shim/clock.h"

#include "boot/hyperv.h"
#include "boot/native.h"

#define APART_NS 50000000u /* twice as much with each try */
#define LOOKS    8u        /* whatever comes in between two readings does not come in between all */
#define TRIES    3u

static void look(const struct muster_platform *platform, struct clock_look *narrowest)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        struct clock_look one;
        one.before_ns = platform->time_ns(platform->context);
        one.reference_100ns = hyperv_clock_100ns();
        one.after_ns = platform->time_ns(platform->context);
        if (i == 0 || one.after_ns - one.before_ns < narrowest->after_ns - narrowest->before_ns)
            *narrowest = one;
    }
}

void clock_check_reference(const struct muster_platform *platform, struct clock_check *check)
{
    struct clock_look first, last;
    *check = (struct clock_check){0};
    if (!hyperv_is_begun() || hyperv_clock_begin(platform))
        return;
    check->source = hyperv_clock_is_page() ? "reference-tsc" : "counter";
    for (unsigned i = 0; i < TRIES && !check->agrees; i++) {
        look(platform, &first);
        native_delay_ns((uint64_t)APART_NS << i);
        look(platform, &last);
        clock_compare(&first, &last, check);
    }
}
