#include "monitor/overlay.h"

#include "abi/x86.h"
#include "lib/atomic.h"
#include "monitor/hyperv.h"
#include "monitor/npt.h"
#include "monitor/npt_vp.h"
#include "monitor/page_lock.h"
#include "monitor/pages.h"

/* Changed under the page lock. Guest-physical addresses; 0: nowhere. Page 0 can therefore not be
 * covered. */
static uint64_t places[OVERLAYS];

static const void *page_of(enum overlay which)
{
    return which == OVERLAY_HYPERCALL ? hyperv_hypercall_page() : hyperv_reference_page();
}

const void *overlay_at(uint64_t phys)
{
    uint64_t page_phys = phys & ~(uint64_t)(PAGE_BYTES - 1);
    for (unsigned i = 0; page_phys && i < OVERLAYS; i++)
        if (u64_load_relaxed(&places[i]) == page_phys)
            return page_of((enum overlay)i);
    return NULL;
}

static bool is_free_ram(uint64_t page_phys)
{
    return page_phys < GUEST_LOW_END && !overlay_at(page_phys) && !npt_vp_owner(page_phys) &&
           page_state_of(page_phys) == PAGE_PRIVATE;
}

/*
 * Every vCPU must have forgotten the page's former translation before the caller's WRMSR is done:
 * a guest may go on to call into the new page on any of them.
 */
static void move(struct vcpu *vcpu, enum overlay which, uint64_t page_phys)
{
    uint64_t old = places[which];
    u64_store_relaxed(&places[which], page_phys);
    if (old)
        npt_show(old, true, false);
    if (page_phys)
        npt_show_overlay(page_phys, page_of(which), which == OVERLAY_HYPERCALL);
    npt_shoot_down(vcpu, true);
}

bool overlay_place(struct vcpu *vcpu, enum overlay which, uint64_t page_phys)
{
    page_lock();
    bool moves = page_phys != places[which];
    bool may = !moves || !page_phys || is_free_ram(page_phys);
    if (moves && may)
        move(vcpu, which, page_phys);
    page_unlock();
    return may;
}
