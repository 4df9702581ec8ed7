/**
 * The guest's nested page tables: which guest-physical page leads to which memory, in the private
 * half and in the shared one (the same addresses with the shared bit set).
 */
#ifndef MONITOR_NPT_H
#define MONITOR_NPT_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/layout.h"
#include "monitor/vcpu.h"

/* Guest-physical address width; the highest bit says shared. */
#define GUEST_GPAW       48
#define GUEST_SHARED_BIT (1ull << (GUEST_GPAW - 1))

/** Where the image of the guest's firmware may lie: the last 16 MiB below 4 GiB. */
#define GUEST_IMAGE_MOST  0x1000000u
#define GUEST_IMAGE_START (GUEST_FOUR_GIB - GUEST_IMAGE_MOST)

/**
 * The same pages as different sides of the guest see them, once firmware has said which are its
 * own (witness.h). Before that there is one view, in which everything goes.
 */
enum npt_view {
    VIEW_OPEN,
    VIEW_FIRMWARE, /* only its own code can be executed */
    VIEW_OS,       /* all but that; what is the firmware's cannot be written */
    VIEW_BORROWED, /* VIEW_OS for a vCPU that is still on the firmware's page tables: the processor
                      writes to those as it walks them */
};

/** Tables without memory; with devices where policy lets the guest at them. */
void npt_init(void);

/** Where the guest's page lies, seen from the monitor; 0 where the guest has no memory. */
uint64_t npt_host_address(uint64_t page_phys);

/**
 * Show the guest's page in the private half, in the shared one, or in neither. Under the page lock,
 * once the guest runs.
 */
void npt_show(uint64_t page_phys, bool private, bool shared);

/** The private page of low memory can be read only, until it is shown again. Under the page lock.
 */
void npt_show_read_only(uint64_t page_phys);

/**
 * Show @page at the guest's page of low memory instead of what lies there, read-only, until the
 * page is shown again. Under the page lock.
 */
void npt_show_overlay(uint64_t page_phys, const void *page, bool execute);

/**
 * Make every other CPU's guest forget what was taken away: it leaves its guest for a moment. Waits
 * for that if @wait. Several CPUs may call at once.
 */
void npt_shoot_down(const struct vcpu *self, bool wait);

/** Make the views; false where the watched pages lie in too many places. */
bool npt_make_views(void);

/** Counts what was taken away: a CPU that has not seen the last of it flushes its TLB. */
uint32_t npt_generation(void);

/** For nCR3: of a guest with paging on, and of one that runs on npt_identity_phys(). */
uint64_t npt_root(const struct vcpu *vcpu, enum npt_view view);
uint64_t npt_unpaged_root(const struct vcpu *vcpu, enum npt_view view);

/** Guest-physical address of a directory of 4 MiB pages that maps all of 4 GiB 1:1. */
uint32_t npt_identity_phys(void);

#endif
