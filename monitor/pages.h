/**
 * Private and shared memory: the state of each of the guest's pages, as a TDX module and its host
 * keep them between them.
 *
 *     pending --accept--> private --MapGPA--> shared --MapGPA--> pending
 *
 * A page's contents are lost on every way but into use by its owner: it is zero afterwards.
 */
#ifndef MONITOR_PAGES_H
#define MONITOR_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

enum page_state {
    PAGE_ABSENT = 0, /* no memory */
    PAGE_PENDING,    /* the guest's, and not accepted yet: any use is fatal */
    PAGE_PRIVATE,
    PAGE_SHARED,
};

/** "pending" ...; never NULL. */
const char *page_state_name(enum page_state state);

/** All low memory pending, or private where the profile has no such states; nothing else. */
void pages_init(void);

/** The state of the page at an address without shared bit. */
enum page_state page_state_of(uint64_t phys);

/** Before the guest runs: make pages private and accepted, zeroed. False outside of memory. */
bool pages_add(uint64_t phys, uint64_t bytes);

/** What became of an attempt to accept. */
enum accept_result {
    ACCEPT_DONE,
    ACCEPT_ALREADY, /* all or some of it is private already */
    ACCEPT_NOT_MEMORY,
    ACCEPT_SHARED, /* some of it is shared: must be converted first */
};

/** Accept @bytes from @phys, all of them or none. */
enum accept_result pages_accept(struct vcpu *vcpu, uint64_t phys, uint64_t bytes);

/**
 * MapGPA: make a range shared, or pending again. What is so already stays as it is. A range
 * without any memory can be made shared only. False if the guest may not have that.
 */
bool pages_convert(struct vcpu *vcpu, uint64_t phys, uint64_t bytes, bool shared);

/** npt_make_views(), while no page changes its state. */
bool pages_make_views(void);

#endif
