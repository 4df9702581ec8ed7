/* A TD's start from its firmware's side: who may ask for it, its page, and when the gate opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <muster/wake.h>

#include "abi/x86.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"
#include "tests/unit/fake_memory.h"

#define ENTRY_PHYS  0x3000u
#define WAKE_VECTOR 0xF0

/* Where the entry page's code leads to; nobody comes here in a host process. */
void park_enter(struct muster_slot *slot)
{
    (void)slot;
    abort();
}

void park_reenter(struct muster_slot *slot)
{
    (void)slot;
    abort();
}

struct fixture {
    struct fake_memory *memory;
    struct muster_machine machine;
    struct muster_cpu cpus[3];
    struct muster_index_entry index[8];
    struct muster_word gate;
    uint32_t sent_count;
    uint64_t sent;           /* the last write to the ICR ... */
    uint32_t gate_when_sent; /* ... and the gate at that moment */
};

static uint64_t fake_time_ns(void *context)
{
    (void)context;
    return 77;
}

static uint64_t fake_msr_read(void *context, uint32_t msr)
{
    (void)context;
    return msr == MSR_APIC_BASE ? APIC_BASE_X2APIC | APIC_BASE_ENABLED : 0;
}

static struct fixture *fixture;

static void fake_msr_write(void *context, uint32_t msr, uint64_t value)
{
    (void)context;
    if (msr != MSR_X2APIC + APIC_ICR_LOW / 16)
        return;
    fixture->sent_count++;
    fixture->sent = value;
    fixture->gate_when_sent = fixture->gate.value;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->memory = fake_memory_new(0x10000);
    f->memory->platform.time_ns = fake_time_ns;
    f->memory->platform.msr_read = fake_msr_read;
    f->memory->platform.msr_write = fake_msr_write;
    fixture = f;
    muster_machine_init(&f->machine, &f->memory->platform, f->cpus, 3, f->index, 8);
    f->machine.cpu_count = 3;
    f->machine.bsp = 0;
    f->machine.confidential = true;
    f->machine.slots = aligned_alloc(MUSTER_SLOT_BYTES, 3 * sizeof(struct muster_slot));
    memset(f->machine.slots, 0, 3 * sizeof(struct muster_slot));
    for (uint32_t i = 0; i < 3; i++) {
        f->cpus[i] = (struct muster_cpu){.apic_id = 2 * i, .enabled = true, .bsp = i == 0};
        f->machine.slots[i].machine = &f->machine;
    }
    f->machine.config = (struct muster_cpu_config){.paging_levels = 4,
                                                   .entry_phys = ENTRY_PHYS,
                                                   .entry_bytes = PAGE_BYTES,
                                                   .wake_vector = WAKE_VECTOR,
                                                   .td_gate = &f->gate};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    fake_memory_free(f->memory);
    free(f->machine.slots);
    free(f);
    return 0;
}

static void it_is_for_a_td_and_never_chosen_unasked(void **state)
{
    struct fixture *f = *state;
    struct muster_plan plan;
    assert_int_equal(muster_plan_make(&f->machine, MUSTER_WAY_TD_START, &plan), MUSTER_OK);
    assert_int_equal(plan.way, MUSTER_WAY_TD_START);
    assert_string_equal(muster_way_name(plan.way), "td-start");
    assert_int_equal(muster_plan_make(&f->machine, MUSTER_WAY_AUTO, &plan), MUSTER_ERROR_NO_WAY);
    f->machine.confidential = false;
    assert_int_equal(muster_plan_make(&f->machine, MUSTER_WAY_TD_START, &plan),
                     MUSTER_ERROR_NO_WAY);
}

static void page_asks_the_host_in_a_td_only(void **state)
{
    struct fixture *f = *state;
    const struct entry_parameters *entry =
        (const void *)(f->memory->bytes + ENTRY_PHYS + ENTRY_PARAMETERS);
    assert_int_equal(td_start_way.prepare(&f->machine), MUSTER_OK);
    assert_int_equal(entry->td, 1);
    assert_int_equal(entry->arrive, (uintptr_t)arrive_by_apic_id);
    f->machine.confidential = false;
    assert_int_equal(sipi_way.prepare(&f->machine), MUSTER_OK);
    assert_int_equal(entry->td, 0);
}

static void page_must_be_one_and_below_4_gib(void **state)
{
    struct fixture *f = *state;
    static const uint64_t bad[] = {0, ENTRY_PHYS + 1, 0x100000000};
    for (unsigned i = 0; i < 3; i++) {
        f->machine.config.entry_phys = bad[i];
        assert_int_equal(td_start_way.prepare(&f->machine), MUSTER_ERROR_ENTRY_PAGE);
    }
    f->machine.config.entry_phys = ENTRY_PHYS;
    f->machine.config.entry_bytes = 0;
    assert_int_equal(td_start_way.prepare(&f->machine), MUSTER_ERROR_ENTRY_PAGE);
    f->machine.config.td_gate = NULL;
    assert_int_equal(td_start_way.prepare(&f->machine), MUSTER_INVALID_ARGUMENT);
}

static void gate_is_open_before_anybody_is_woken(void **state)
{
    struct fixture *f = *state;
    struct muster_plan plan = {.way = MUSTER_WAY_TD_START, .x2apic = true};
    struct wake_run run = {.machine = &f->machine, .plan = &plan};
    assert_int_equal(td_start_way.prepare(&f->machine), MUSTER_OK);
    assert_int_equal(f->gate.value, 0);
    f->machine.slots[1].apic_id = 2;
    f->machine.slots[1].state.value = MUSTER_CPU_ADOPT_PENDING;
    td_start_way.wake(&run);
    assert_int_equal(f->gate.value, ENTRY_PHYS);
    assert_int_equal(f->sent_count, 1); /* to the one that is wanted, and to no other */
    assert_int_equal(f->sent, 2ull << ICR_X2_DEST_SHIFT | ICR_ASSERT | WAKE_VECTOR);
    assert_int_equal(f->gate_when_sent, ENTRY_PHYS);
    assert_int_equal(f->machine.slots[1].stamps_ns[MUSTER_STAMP_WAKE_SENT], 77);
    assert_int_equal(f->machine.slots[2].stamps_ns[MUSTER_STAMP_WAKE_SENT], 0);
    assert_int_equal(td_start_way.wake_again(&run, 0), 0);
}

static void cpu_that_no_interrupt_reaches_is_named(void **state)
{
    struct fixture *f = *state;
    struct muster_plan plan = {.way = MUSTER_WAY_TD_START}; /* 8-bit IDs */
    struct wake_run run = {.machine = &f->machine, .plan = &plan};
    struct muster_slot *slot = &f->machine.slots[1];
    slot->apic_id = 255;
    slot->state.value = MUSTER_CPU_ADOPT_PENDING;
    td_start_way.wake(&run);
    assert_int_equal(slot_failure(slot), MUSTER_ERROR_APIC_ID_BEYOND_XAPIC);
    assert_int_equal(f->gate.value, ENTRY_PHYS); /* it may come all the same */
    assert_int_equal(f->sent_count, 0);
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(it_is_for_a_td_and_never_chosen_unasked),
        with_fixture(page_asks_the_host_in_a_td_only),
        with_fixture(page_must_be_one_and_below_4_gib),
        with_fixture(gate_is_open_before_anybody_is_woken),
        with_fixture(cpu_that_no_interrupt_reaches_is_named),
    };
    return cmocka_run_group_tests_name("td-start", tests, NULL, NULL);
}
