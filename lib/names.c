/* The names of a CPU's states, moments and ways to sleep. */
#include <muster/cpu.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *muster_cpu_state_name(enum muster_cpu_state state)
{
    static const char *const names[] = {
        [MUSTER_CPU_ABSENT] = "absent", [MUSTER_CPU_ADOPT_PENDING] = "adopt-pending",
        [MUSTER_CPU_OFF] = "off",       [MUSTER_CPU_ON_PENDING] = "on-pending",
        [MUSTER_CPU_ON] = "on",         [MUSTER_CPU_OFF_PENDING] = "off-pending",
        [MUSTER_CPU_FAILED] = "failed",
    };
    return (unsigned)state < COUNT(names) ? names[state] : "unknown";
}

const char *muster_park_method_name(enum muster_park_method method)
{
    static const char *const names[] = {
        [MUSTER_PARK_AUTO] = "auto",
        [MUSTER_PARK_HLT] = "hlt",
        [MUSTER_PARK_MWAIT] = "mwait",
        [MUSTER_PARK_TDCALL] = "tdcall",
    };
    return (unsigned)method < COUNT(names) ? names[method] : "unknown";
}

const char *muster_stamp_name(enum muster_stamp stamp)
{
    static const char *const names[] = {
        [MUSTER_STAMP_WAKE_SENT] = "wake_sent",
        [MUSTER_STAMP_FIRST_INSTRUCTION] = "first_instruction",
        [MUSTER_STAMP_LONG_MODE] = "long_mode",
        [MUSTER_STAMP_OWN_TABLES] = "own_tables",
        [MUSTER_STAMP_PARKED] = "parked",
        [MUSTER_STAMP_ON] = "on",
    };
    return (unsigned)stamp < COUNT(names) ? names[stamp] : "unknown";
}
