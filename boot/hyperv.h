/**
 * A boot program as a guest of Hyper-V, or of who offers the same: hypercalls turned on, and the
 * hypervisor's clock. The BSP turns them on; every CPU may call afterwards.
 */
#ifndef BOOT_HYPERV_H
#define BOOT_HYPERV_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

/**
 * Find out whether hypercalls are offered, say who we are (GUEST_OS_ID), enable the page of the
 * hypervisor's code, and set @platform's hypercall hook. After native_platform_init(), the image
 * mapped 1:1. In a TD it is the name alone: the library calls by TDCALL, and runs no host's code.
 *
 * @return MUSTER_OK; MUSTER_NOT_SUPPORTED where there is no such hypervisor or no hypercall MSR;
 *         MUSTER_DENIED where the hypervisor does not enable the page, or another one is locked
 */
enum muster_status hyperv_begin(struct muster_platform *platform);

/** Whether hyperv_begin() found one. */
bool hyperv_is_begun(void);

/**
 * Give up everything that was turned on here, in a way that whoever boots next finds it as we did:
 * clock and hypercall page (unless that was locked before), and the name last. Nothing where
 * hyperv_begin() found nothing.
 */
void hyperv_end(struct muster_platform *platform);

/**
 * Turn the reference clock on. MUSTER_NOT_SUPPORTED if the hypervisor has none; what it has, the
 * page of scale and offset or only the counter, is found out here.
 */
enum muster_status hyperv_clock_begin(const struct muster_platform *platform);

/**
 * Time since the partition began, in units of 100 ns, the same on every CPU. By the page without
 * an exit, or by the MSR where the page says that it is not to be used, or never stops changing. After
 * hyperv_clock_begin().
 */
uint64_t hyperv_clock_100ns(void);

/** Whether that is by the page now. */
bool hyperv_clock_is_page(void);

/** Ticks of the TSC per second as the hypervisor says, or 0. */
uint64_t hyperv_tsc_hz(const struct muster_platform *platform);

#endif
