/* The clock of Hyper-V's hypervisor (TLFS, 12.7), where there is one, is the reference. */
#include "boot/clock.h"

#include "boot/hyperv.h"
#include "boot/json.h"
#include "boot/native.h"

#define APART_NS 50000000u /* twice as much with each try */
#define LOOKS    8u        /* whatever comes in between two readings does not come in between all */
#define TRIES    3u

/* It knows; our own look at the PIT is short, and a busy host disturbs it. */
void clock_take_frequency(const struct muster_platform *platform)
{
    uint64_t tsc_hz = hyperv_tsc_hz(platform);
    if (tsc_hz)
        native_set_tsc_hz(tsc_hz);
}

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

void clock_report(const struct clock_check *check)
{
    if (!check->source) {
        json_text("clock", NULL);
        return;
    }
    json_open("clock", '{');
    json_text("source", check->source);
    json_number("elapsed_ns", check->elapsed_ns);
    json_number("reference_ns", check->reference_ns);
    json_number("slack_ns", check->slack_ns);
    json_bool("agrees", check->agrees);
    json_close('}');
}
