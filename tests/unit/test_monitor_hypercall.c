/*
 * A hypercall's input and output, and a VP that takes such a page for itself: the call is done with
 * the page before the page is another VP's. The call is held up where all has been found right, and
 * the other VP is sent meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <time.h>

#include <cmocka.h>

#include "abi/hyperv.h"
#include "boot/console.h"
#include "monitor/context.h"
#include "monitor/hypercall.h"
#include "monitor/hyperv.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_tables.h"
#include "monitor/npt_vp.h"
#include "monitor/pages.h"
#include "monitor/report.h"

#define INPUT_PHYS  0x300000
#define OUTPUT_PHYS 0x301000
#define HELD_NS     200000000 /* the other is done long before, if nothing makes it wait */
#define FIRST_ID    7         /* of VP 0; VP 1 has the next */
#define ONE_ID      (HYPERV_CALL_GET_VP_INDEX | 1ull << HYPERV_CONTROL_REPS_SHIFT)
#define DONE        (1ull << HYPERV_RESULT_DONE_SHIFT)
#define OTHERS      0x55555555u

/* ---- What stands for the rest of the monitor. ---- */

static const struct policy partition = {.confidential = false};
struct monitor monitor;
struct half npt_private_half;
struct table npt_unpaged_last_gib;
static struct vcpu vcpus[2];
static union {
    struct hyperv_vp_index_input head;
    uint8_t bytes[PAGE_BYTES];
} input;
static uint32_t output[PAGE_BYTES / sizeof(uint32_t)];
static uint64_t held_page;

const void *hyperv_hypercall_page(void)
{
    return NULL;
}

const void *hyperv_reference_page(void)
{
    return NULL;
}

bool hyperv_is_open(void)
{
    return true;
}

void npt_show(uint64_t page_phys, bool private, bool shared)
{
    (void)page_phys;
    (void)private;
    (void)shared;
}

void npt_show_overlay(uint64_t page_phys, const void *page, bool execute)
{
    (void)page_phys;
    (void)page;
    (void)execute;
}

void npt_shoot_down(const struct vcpu *self, bool wait)
{
    (void)self;
    (void)wait;
}

enum page_state page_state_of(uint64_t phys)
{
    (void)phys;
    return PAGE_PRIVATE;
}

const char *context_apply(struct vcpu *vcpu, const struct hyperv_context *context)
{
    (void)vcpu;
    (void)context;
    return NULL;
}

bool vcpu_begin_start(struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

void vcpu_end_start(struct vcpu *vcpu, bool go)
{
    (void)vcpu;
    (void)go;
}

uint64_t vcpu_register(const struct vcpu *vcpu, enum guest_register number)
{
    return vcpu->registers.value[number];
}

void vcpu_set_register(struct vcpu *vcpu, enum guest_register number, uint64_t value)
{
    vcpu->registers.value[number] = value;
}

bool vcpu_is_64(const struct vcpu *vcpu)
{
    (void)vcpu;
    return true;
}

void vcpu_skip(struct vcpu *vcpu, unsigned bytes)
{
    (void)vcpu;
    (void)bytes;
}

void vcpu_inject(struct vcpu *vcpu, unsigned vector, uint32_t error_code)
{
    (void)vcpu;
    (void)vector;
    (void)error_code;
}

void report_finding(const struct vcpu *vcpu, const char *rule, uint64_t address, uint64_t value,
                    const char *format, ...)
{
    (void)vcpu;
    (void)rule;
    (void)address;
    (void)value;
    (void)format;
}

/* ---- The other VP takes the page, and writes to it as to its own. ---- */

static pthread_t thread;
static int is_done;

static void *take_page(void *page_phys)
{
    assert_null(npt_vp_give(&vcpus[1], (uint64_t)page_phys, &vcpus[1]));
    if ((uint64_t)page_phys == INPUT_PHYS)
        input.head.apic_ids[0] = FIRST_ID + 1;
    else
        output[0] = OTHERS;
    __atomic_store_n(&is_done, 1, __ATOMIC_RELEASE);
    return NULL;
}

uint64_t npt_host_address(uint64_t page_phys)
{
    const struct timespec a_while = {0, HELD_NS / 100};
    if (page_phys == held_page) {
        held_page = 0;
        assert_int_equal(pthread_create(&thread, NULL, take_page, (void *)page_phys), 0);
        for (unsigned i = 0; i < 100 && !__atomic_load_n(&is_done, __ATOMIC_ACQUIRE); i++)
            nanosleep(&a_while, NULL);
    }
    return page_phys == INPUT_PHYS ? (uint64_t)&input : (uint64_t)output;
}

static int begin(void **state)
{
    (void)state;
    monitor.policy = &partition;
    monitor.vcpus = vcpus;
    monitor.vcpu_count = 2;
    monitor.per_vp_memory = true;
    for (uint32_t i = 0; i < 2; i++)
        vcpus[i] = (struct vcpu){.index = i, .vp_index = i, .apic_id = FIRST_ID + i};
    input.head.partition = HYPERV_THIS_PARTITION;
    input.head.apic_ids[0] = FIRST_ID;
    output[0] = ~0u;
    is_done = 0;
    return 0;
}

static uint64_t ask_for_index(void)
{
    const struct hypercall call = {ONE_ID, INPUT_PHYS, OUTPUT_PHYS};
    return hypercall_do(&vcpus[0], &call);
}

static void give_back(uint64_t page_phys)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ptr_equal(npt_vp_owner(page_phys), &vcpus[1]);
    assert_null(npt_vp_give(&vcpus[1], page_phys, NULL));
}

/* ---- Tests. ---- */

static void output_is_written_before_the_page_is_another_vps(void **state)
{
    (void)state;
    held_page = OUTPUT_PHYS;
    assert_int_equal(ask_for_index(), DONE);
    give_back(OUTPUT_PHYS);
    assert_int_equal(output[0], OTHERS);
}

static void input_is_read_before_the_page_is_another_vps(void **state)
{
    (void)state;
    held_page = INPUT_PHYS;
    assert_int_equal(ask_for_index(), DONE);
    give_back(INPUT_PHYS);
    assert_int_equal(output[0], 0);
}

static void page_of_another_vp_is_refused(void **state)
{
    (void)state;
    assert_null(npt_vp_give(&vcpus[1], OUTPUT_PHYS, &vcpus[1]));
    assert_int_equal(ask_for_index(), HYPERV_INVALID_PARAMETER);
    assert_int_equal(output[0], ~0u);
    assert_null(npt_vp_give(&vcpus[1], OUTPUT_PHYS, NULL));
    assert_int_equal(ask_for_index(), DONE);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output_is_written_before_the_page_is_another_vps),
        TEST(input_is_read_before_the_page_is_another_vps),
        TEST(page_of_another_vp_is_refused),
    };
    return cmocka_run_group_tests_name("monitor_hypercall", tests, NULL, NULL);
}
