#include "boot/clock.h"

#define NS_PER_UNIT     100u
#define TOLERANCE_SHARE 1000u /* of the time that passed */
#define SLACK_SHARE     200u

void clock_compare(const struct clock_look *first, const struct clock_look *last,
                   struct clock_check *check)
{
    uint64_t elapsed_ns = last->before_ns - first->before_ns;
    uint64_t reference_ns = (last->reference_100ns - first->reference_100ns) * NS_PER_UNIT;
    uint64_t apart_ns =
        elapsed_ns > reference_ns ? elapsed_ns - reference_ns : reference_ns - elapsed_ns;
    check->elapsed_ns = elapsed_ns;
    check->reference_ns = reference_ns;
    check->slack_ns =
        (first->after_ns - first->before_ns) + (last->after_ns - last->before_ns) + 2 * NS_PER_UNIT;
    check->agrees = last->reference_100ns > first->reference_100ns &&
                    check->slack_ns <= elapsed_ns / SLACK_SHARE &&
                    apart_ns <= check->slack_ns + elapsed_ns / TOLERANCE_SHARE;
}
