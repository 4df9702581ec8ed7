/*
 * The hypervisor's page over a guest's page, and a VP that has a page for itself: never both, even
 * if two VPs ask at the same moment. The one that is under way is held up where it has found that
 * nothing is in its way, and the other is sent meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <time.h>

#include <cmocka.h>

#include "monitor/hyperv.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_tables.h"
#include "monitor/npt_vp.h"
#include "monitor/overlay.h"
#include "monitor/pages.h"

#define PAGE_PHYS 0x300000
#define HELD_NS   200000000 /* the other is done long before, if nothing makes it wait */

/* ---- What stands for the rest of the monitor. ---- */

struct monitor monitor;
struct half npt_private_half;
struct table npt_unpaged_last_gib;
static struct vcpu vcpus[2];
static void (*in_the_way)(void);

const void *hyperv_hypercall_page(void)
{
    return &vcpus;
}

const void *hyperv_reference_page(void)
{
    return &vcpus;
}

void npt_show(uint64_t page_phys, bool private, bool shared)
{
    (void)private;
    (void)shared;
    npt_vp_refresh(page_phys);
}

void npt_show_overlay(uint64_t page_phys, const void *page, bool execute)
{
    (void)page;
    (void)execute;
    npt_vp_refresh(page_phys);
}

void npt_shoot_down(const struct vcpu *self, bool wait)
{
    (void)self;
    (void)wait;
}

enum page_state page_state_of(uint64_t phys)
{
    void (*then)(void) = in_the_way;
    (void)phys;
    in_the_way = NULL;
    if (then)
        then();
    return PAGE_PRIVATE;
}

/* ---- The second VP's call. ---- */

static pthread_t thread;
static int is_done;
static bool has_placed;
static const char *given;

static void *place(void *unused)
{
    has_placed = overlay_place(&vcpus[1], OVERLAY_REFERENCE_TSC, PAGE_PHYS);
    __atomic_store_n(&is_done, 1, __ATOMIC_RELEASE);
    return unused;
}

static void *give(void *unused)
{
    given = npt_vp_give(&vcpus[1], PAGE_PHYS, &vcpus[1]);
    __atomic_store_n(&is_done, 1, __ATOMIC_RELEASE);
    return unused;
}

static void let_it_go(void *(*call)(void *))
{
    const struct timespec a_while = {0, HELD_NS / 100};
    assert_int_equal(pthread_create(&thread, NULL, call, NULL), 0);
    for (unsigned i = 0; i < 100 && !__atomic_load_n(&is_done, __ATOMIC_ACQUIRE); i++)
        nanosleep(&a_while, NULL);
}

static void let_place_go(void)
{
    let_it_go(place);
}

static void let_give_go(void)
{
    let_it_go(give);
}

static int begin(void **state)
{
    (void)state;
    monitor.vcpus = vcpus;
    monitor.vcpu_count = 2;
    monitor.per_vp_memory = true;
    vcpus[1].index = 1;
    is_done = 0;
    return npt_vp_give(&vcpus[1], PAGE_PHYS, NULL) ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    return overlay_place(&vcpus[0], OVERLAY_REFERENCE_TSC, 0) ? 0 : -1;
}

/* ---- Tests. ---- */

static void page_given_while_an_overlay_is_laid_is_refused(void **state)
{
    (void)state;
    in_the_way = let_give_go;
    assert_true(overlay_place(&vcpus[0], OVERLAY_REFERENCE_TSC, PAGE_PHYS));
    pthread_join(thread, NULL);
    assert_non_null(given);
    assert_string_equal(given, "that is no page of low memory");
    assert_null(npt_vp_owner(PAGE_PHYS));
    assert_non_null(overlay_at(PAGE_PHYS));
}

static void overlay_laid_while_a_page_is_given_is_refused(void **state)
{
    (void)state;
    in_the_way = let_place_go;
    assert_null(npt_vp_give(&vcpus[0], PAGE_PHYS, &vcpus[0]));
    pthread_join(thread, NULL);
    assert_false(has_placed);
    assert_ptr_equal(npt_vp_owner(PAGE_PHYS), &vcpus[0]);
    assert_null(overlay_at(PAGE_PHYS));
    assert_null(npt_vp_give(&vcpus[0], PAGE_PHYS, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(page_given_while_an_overlay_is_laid_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(overlay_laid_while_a_page_is_given_is_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
