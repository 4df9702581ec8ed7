/**
 * One change at a time of what the guest's pages are: their state (pages.c), the hypervisor's page
 * that lies over one (overlay.c), the VP that has one for itself (npt_vp.c). Each is allowed or
 * refused by how the other two are, so one lock is for all three, and for the nested tables that
 * show them (npt.c).
 *
 * To look at one page, as an exit does, no lock is needed: each of the three is one word. Who acts
 * on what he saw, as a hypercall on its input and output, has the lock until that is done.
 */
#ifndef MONITOR_PAGE_LOCK_H
#define MONITOR_PAGE_LOCK_H

/**
 * Any CPU, not twice by the same one; hyperv.c's lock of its registers is taken before it. Who
 * waits for it is not in its guest: npt_shoot_down() may be called under it.
 */
void page_lock(void);
void page_unlock(void);

#endif
