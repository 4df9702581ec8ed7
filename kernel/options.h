/**
 * The kernel's command line:
 *
 *     wake=auto|sipi|mailbox   the way to wake; auto: what the platform describes
 *     wake=fdt                 by the mailbox that a device tree describes; ACPI is not looked at
 *     wake=sipi-pipelined|sipi-serial|sipi-classic
 *                              by INIT-SIPI, otherwise than the library does: to compare with
 *     custody=keep|reclaim     the firmware's memory; default: as the library advises
 *     levels=4|5               of the page tables; default: as it was booted
 *     apic=auto|x2             auto: the mode that it is in; x2: x2APIC mode
 *     order=listed|performance|cores|nearest
 *                              in which the CPUs are started; default listed
 *     timeout-ms=N             for each thing that is waited for; default 10000, and 100 more for
 *                              each CPU
 *     trace=on|off             the library's trace; default on
 *     park=auto|hlt|mwait|tdcall  how parked CPUs sleep; default: as the library chooses
 *     mwait-hint=N             which C-state, for park=mwait (0)
 *     wait-ms=N                leave the CPUs in the firmware for so long before adoption (0)
 *     park-ms=N                stay parked for so long between adoption and start (0)
 *     cycles=N seed=N          turn CPUs off and on N times, at random by this seed (1)
 *     hand-back=N              rounds of the proof of the ResetVector (1)
 *     then=boot                hand all CPUs back and boot the loader's first module that is no
 *                              device tree
 *     hot-add=N                wait for N more CPUs, prove them, let them go; twice (0)
 *     prove=on|off             off: bring the CPUs up, with nothing but park-ms= between adoption
 *                              and start, report, stop (on)
 *     nmi=parked               send an NMI to each parked CPU between adoption and start
 *     mce=parked               have one machine check injected into each, too; the last is lost
 *     inject=mce               somebody outside will inject machine checks when asked
 */
#ifndef KERNEL_OPTIONS_H
#define KERNEL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/custody.h>
#include <muster/order.h>
#include <muster/wake.h>

/** In which manner CPUs are sent for (docs/simulate.md). */
enum strategy {
    STRATEGY_BROADCAST, /* the library's own: one message to all where that can be */
    STRATEGY_PIPELINED, /* a message to each */
    STRATEGY_SERIAL,    /* one after the other, each awaited until it is on */
    STRATEGY_CLASSIC,   /* the same with the delays of the MP specification */
};

struct options {
    enum muster_way way;
    enum strategy strategy;
    bool fdt_only; /* processors and mailbox by the device tree alone */
    bool has_policy;
    enum muster_custody_policy policy;
    unsigned levels;     /* 0: as booted */
    bool x2apic;         /* to be switched on */
    uint64_t timeout_ns; /* 0: by the number of CPUs, until they are discovered */
    enum muster_park_method park_method;
    uint32_t mwait_hint;
    uint64_t wait_ns;
    uint64_t park_ns;
    bool nmi_parked;
    bool mce_parked;
    uint32_t cycles;
    uint64_t seed; /* never 0 */
    uint32_t hand_backs;
    bool then_boot;
    enum muster_order order;
    bool trace;
    uint32_t hot_add; /* CPUs that come after the boot, and go again */
    bool prove;
    bool inject_machine_checks;
};

/** Read @cmdline; a value that is none of the above is a fatal error. */
void options_read(const char *cmdline, struct options *options);

/** "broadcast", "serial" ...: as reports spell it. */
const char *options_strategy_name(enum strategy strategy);

/** Whether each CPU is brought up alone, so that adoption and start are one. */
bool options_one_by_one(const struct options *options);

#endif
