/**
 * The monitor as a whole: one guest, its vCPUs, its profile.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

#include "monitor/policy.h"
#include "monitor/vcpu.h"

#define MONITOR_CORE_KINDS 32 /* letters, and an end */

struct monitor {
    struct muster_platform platform;
    const struct policy *policy;
    uint32_t vcpu_count;
    struct vcpu *vcpus;  /* by index */
    uint64_t hob_phys;   /* of the TD HOB, given to every vCPU */
    bool wait_for_tlbs;  /* option tlb=wait */
    bool finds_firmware; /* option watch=found */
    bool hypercalls;     /* Hyper-V's are there: profile=hyperv, or option hypercalls=hyperv */
    bool vps_wait;       /* only vCPU 0 starts: profile=hyperv, or option start=hypercall */
    bool vp_index_shuffled;
    bool per_vp_memory;                  /* option per-vp-memory=on, of profile=hyperv */
    uint32_t time_out_every;             /* the hypercall that times out; 0: none does */
    uint32_t lost_vp;                    /* option lost-vp: it never runs; 0: none */
    bool reference_clock_slow;           /* option reference-clock=slow */
    char core_kinds[MONITOR_CORE_KINDS]; /* option core-kinds, of profile=hyperv; "": all alike */
    int64_t tsc_skew;                    /* option tsc-skew: ticks from each vCPU to the next */
    uint64_t root_cr3;                   /* of the monitor's own page tables */
};

extern struct monitor monitor;

/** The ROM's last step: BSP, long mode, above 4 GiB, on tables that will be left. */
__attribute__((noreturn)) void monitor_main(void);

/** machine.c: wake the other processors; all wait for machine_release(). */
void machine_bring_up(void);

/** Send every processor, the calling one last, to its guest. */
__attribute__((noreturn)) void machine_release(void);

#endif
