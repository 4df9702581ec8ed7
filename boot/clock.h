/**
 * A boot program's own clock against one that the hypervisor keeps.
 */
#ifndef BOOT_CLOCK_H
#define BOOT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

/** Both clocks at one moment: the reference was read between @before_ns and @after_ns of ours. */
struct clock_look {
    uint64_t before_ns, after_ns;
    uint64_t reference_100ns;
};

struct clock_check {
    const char *source; /* "reference-tsc", "counter"; NULL: there is no reference, nothing else is
                           said here */
    uint64_t elapsed_ns, reference_ns;
    uint64_t slack_ns; /* how far apart they may be only because they were not read at once */
    bool agrees;
};

/**
 * What passed between two looks, and whether both clocks say the same: to 1 part in 1000 beyond
 * the slack, and with a slack of at most 1 part in 200. Touches no hardware.
 */
void clock_compare(const struct clock_look *first, const struct clock_look *last,
                   struct clock_check *check);

/**
 * Count time by the TSC's frequency as the hypervisor tells it, if it does. After hyperv_begin(),
 * on the BSP, while nobody waits for a deadline.
 */
void clock_take_frequency(const struct muster_platform *platform);

/**
 * Let 50 ms, at most 350 ms, pass by the hypervisor's clock and by ours, and compare. After
 * hyperv_begin(); on the BSP.
 */
void clock_check_reference(const struct muster_platform *platform, struct clock_check *check);

/** What was found, as the member "clock" of the JSON event that is being written. */
void clock_report(const struct clock_check *check);

#endif
