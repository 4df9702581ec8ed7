/**
 * The reference kernel: everything that it knows, in one place, and the steps of its boot.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/custody.h>
#include <muster/machine.h>
#include <muster/memory.h>
#include <muster/paging.h>
#include <muster/platform.h>
#include <muster/wake.h>

#include "boot/clock.h"
#include "boot/screen_mode.h"
#include "kernel/options.h"
#include "kernel/percpu.h"

#define WAKE_VECTOR 0xF0 /* wakes a parked CPU: the library's */
#define WORK_VECTOR 0xF1 /* wakes an idle CPU to its work */
#define RING_VECTOR 0xF2 /* goes around all CPUs, see proof_ring.c */
#define NAP_VECTOR  0xF3 /* ends a nap of the BSP, see watched.c */

struct kernel {
    struct options options;
    struct screen_mode screen; /* that the loader left */
    bool by_pvh;               /* its protocol */
    struct muster_platform platform;
    struct clock_check clock; /* ours against the hypervisor's */
    struct muster_memory_map map;
    struct muster_machine machine;
    struct muster_plan plan;
    struct muster_custody custody;
    struct muster_paging paging;
    uint32_t order[MAX_CPUS]; /* in which CPUs were started: indexes */
    uint32_t order_count;
    enum muster_status adopt_status;
    uint32_t nmis_parked; /* how many parked CPUs took an NMI */
    uint32_t mces_parked; /* and a machine check */
    uint64_t adopt_ns;    /* how long muster_adopt() took */
    uint64_t clocks_ns;   /* how long all clocks took to be measured */
    uint32_t cycles_done; /* how many times a CPU went off and came on again */
    uint64_t cycles_ns;
    struct muster_word device_interrupts; /* that nobody here had asked for; dropped */
    uint64_t start_ns;                    /* from muster_start() until every CPU was active */
    uint64_t all_on_ns;                   /* the moment of that, on the scale of the stamps */
};

extern struct kernel kernel;

/** Now, on the scale of every deadline. */
uint64_t time_now_ns(void);

/** The moment that lies the command line's time-out ahead. */
uint64_t time_deadline_ns(void);

/** Fill in kernel.platform, and put the APIC into the mode that the command line asks for. */
void platform_set_up(void);

/** kernel/clock.c: take the hypervisor's word for the clock, and check it. After the above. */
void clock_set_up(void);

/** Halt every other CPU. The last thing that happens. */
void stop_other_cpus(void);

/** Whether stop_other_cpus() was called: whoever sees it halts. */
bool stop_asked(void);

#endif
