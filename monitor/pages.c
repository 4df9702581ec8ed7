#include "monitor/pages.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/page_lock.h"
#include "monitor/report.h"
#include "monitor/witness.h"

#define LOW_PAGES   (GUEST_LOW_END / PAGE_BYTES)
#define IMAGE_PAGES (GUEST_IMAGE_MOST / PAGE_BYTES)

/* Beside the state: whether the page may hold anything but zeros. */
#define PAGE_DIRTY 0x80

static uint8_t low_states[LOW_PAGES];
static uint8_t image_states[IMAGE_PAGES];

const char *page_state_name(enum page_state state)
{
    static const char *const names[] = {"absent", "pending", "private", "shared"};
    return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

void pages_init(void)
{
    /* RAM is zero at power-on; reading 2 GiB to be sure would make the host provide it all. */
    memset(low_states, PAGE_PENDING | (report_ram_is_fresh() ? 0 : PAGE_DIRTY), LOW_PAGES);
    if (!monitor.policy->confidential)
        pages_add(0, GUEST_LOW_END);
}

static uint8_t *state_at(uint64_t phys)
{
    if (phys < GUEST_LOW_END)
        return &low_states[phys / PAGE_BYTES];
    if (phys >= GUEST_IMAGE_START && phys < GUEST_FOUR_GIB)
        return &image_states[(phys - GUEST_IMAGE_START) / PAGE_BYTES];
    return NULL;
}

enum page_state page_state_of(uint64_t phys)
{
    const uint8_t *state = state_at(phys);
    return state ? (enum page_state)(__atomic_load_n(state, __ATOMIC_ACQUIRE) & ~PAGE_DIRTY)
                 : PAGE_ABSENT;
}

/* The page's contents end here, whoever saw them last. */
static void clean(uint64_t phys)
{
    if (*state_at(phys) & PAGE_DIRTY)
        memset((void *)npt_host_address(phys), 0, PAGE_BYTES);
}

/* Whoever gets the page may write to it, so it is dirty from here on. */
static void give(uint64_t phys, enum page_state state)
{
    clean(phys);
    __atomic_store_n(state_at(phys), (uint8_t)(state | PAGE_DIRTY), __ATOMIC_RELEASE);
    npt_show(phys, state == PAGE_PRIVATE, state == PAGE_SHARED);
}

static bool is_range(uint64_t phys, uint64_t bytes)
{
    return bytes > 0 && (phys | bytes) % PAGE_BYTES == 0 && phys + bytes > phys;
}

bool pages_add(uint64_t phys, uint64_t bytes)
{
    if (!is_range(phys, bytes))
        return false;
    for (uint64_t at = phys; at < phys + bytes; at += PAGE_BYTES)
        if (!state_at(at))
            return false;
    for (uint64_t at = phys; at < phys + bytes; at += PAGE_BYTES)
        give(at, PAGE_PRIVATE);
    return true;
}

static enum accept_result may_accept(uint64_t phys, uint64_t bytes)
{
    enum accept_result result = ACCEPT_DONE;
    for (uint64_t at = phys; at < phys + bytes; at += PAGE_BYTES) {
        enum page_state state = page_state_of(at);
        if (state == PAGE_ABSENT)
            return ACCEPT_NOT_MEMORY;
        if (state == PAGE_SHARED)
            return ACCEPT_SHARED;
        if (state == PAGE_PRIVATE)
            result = ACCEPT_ALREADY;
    }
    return result;
}

/* A range is looked at whole before any of it changes. */
enum accept_result pages_accept(struct vcpu *vcpu, uint64_t phys, uint64_t bytes)
{
    page_lock();
    enum accept_result result = is_range(phys, bytes) ? may_accept(phys, bytes) : ACCEPT_NOT_MEMORY;
    if (result == ACCEPT_DONE) {
        for (uint64_t at = phys; at < phys + bytes; at += PAGE_BYTES)
            give(at, PAGE_PRIVATE);
        vcpu->counts[COUNT_ACCEPTED_PAGES] += bytes / PAGE_BYTES;
    }
    page_unlock();
    return result;
}

static void take_away(uint64_t phys)
{
    npt_show(phys, false, false);
}

/* Whether the page has to change at all. */
static bool must_convert(uint64_t phys, bool shared)
{
    enum page_state state = page_state_of(phys);
    return state != PAGE_ABSENT && (state == PAGE_SHARED) != shared;
}

static bool may_convert(uint64_t phys, uint64_t bytes, bool shared)
{
    for (uint64_t at = phys; at < phys + bytes; at += PAGE_BYTES) {
        if (page_state_of(at) == PAGE_ABSENT && !shared)
            return false;
        if (at >= GUEST_IMAGE_START && page_state_of(at) != PAGE_ABSENT && shared)
            return false;
    }
    return true;
}

/*
 * First out of every guest's reach, then emptied, then shown again: nobody sees the contents of
 * the page's former life. A page that becomes pending is emptied when it is accepted: what is
 * under way to it (stores by CPUs that nobody waits for, a hypercall's output, a device) is over
 * by then, or as good as.
 */
bool pages_convert(struct vcpu *vcpu, uint64_t phys, uint64_t bytes, bool shared)
{
    uint64_t count = 0;
    if (!is_range(phys, bytes) || phys + bytes > GUEST_SHARED_BIT)
        return false;
    if (phys >= GUEST_FOUR_GIB) /* no memory of the guest's is there */
        return shared;
    if (phys + bytes > GUEST_FOUR_GIB)
        return false;
    page_lock();
    bool may = may_convert(phys, bytes, shared);
    for (uint64_t at = phys; may && at < phys + bytes; at += PAGE_BYTES)
        if (must_convert(at, shared)) {
            witness_converted(vcpu, at);
            take_away(at);
            count++;
        }
    if (count)
        npt_shoot_down(vcpu, monitor.wait_for_tlbs);
    for (uint64_t at = phys; count && at < phys + bytes; at += PAGE_BYTES) {
        if (!must_convert(at, shared))
            continue;
        if (shared)
            give(at, PAGE_SHARED);
        else
            __atomic_store_n(state_at(at), (uint8_t)(PAGE_PENDING | PAGE_DIRTY), __ATOMIC_RELEASE);
    }
    vcpu->counts[COUNT_CONVERTED_PAGES] += count;
    page_unlock();
    return may;
}

bool pages_make_views(void)
{
    page_lock();
    bool made = npt_make_views();
    page_unlock();
    return made;
}
