#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/cpu/apic.h"
#include "tests/unit/fake_machine.h"

/* A log of register accesses in front of the fake's own. */
static struct {
    uint32_t offset, value;
} writes[8];
static uint32_t write_count, read_count;

static void logged_write(void *context, uint32_t offset, uint32_t value)
{
    writes[write_count].offset = offset;
    writes[write_count++].value = value;
    fake_apic_write(context, offset, value);
}

static uint32_t logged_read(void *context, uint32_t offset)
{
    read_count++;
    return fake_apic_read(context, offset);
}

static int set_up(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 4);

    fake->platform.apic_write = logged_write;
    fake->platform.apic_read = logged_read;
    write_count = read_count = 0;
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void xapic_writes_the_destination_before_the_command(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(apic_send(&fake->platform, false, 0xAB, ICR_SIPI | ICR_ASSERT | 9), MUSTER_OK);
    assert_int_equal(write_count, 2);
    assert_int_equal(writes[0].offset, APIC_ICR_HIGH);
    assert_int_equal(writes[0].value, 0xAB000000);
    assert_int_equal(writes[1].offset, APIC_ICR_LOW);
    assert_int_equal(writes[1].value, 0x4609);
    assert_int_equal(fake->now_ns, FAKE_S); /* nothing pending: no time lost */
}

static void xapic_waits_until_the_last_send_has_gone_out(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_busy_ns = 300 * FAKE_US;
    assert_int_equal(apic_send(&fake->platform, false, 1, ICR_NMI | ICR_ASSERT), MUSTER_OK);
    assert_int_equal(apic_send(&fake->platform, false, 2, ICR_NMI | ICR_ASSERT), MUSTER_OK);
    assert_int_equal(fake->icr_overruns, 0);
    assert_int_equal(fake->send_count, 2);
    assert_in_range(fake->sends[1].time_ns - fake->sends[0].time_ns, 300 * FAKE_US, 302 * FAKE_US);
}

static void stuck_xapic_is_named_after_a_bounded_time(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_stuck = true;
    assert_int_equal(apic_send(&fake->platform, false, 1, ICR_INIT | ICR_ASSERT),
                     MUSTER_ERROR_APIC_STUCK);
    assert_int_equal(write_count, 0); /* a destination alone would go with the next command */
    assert_in_range(fake->now_ns - FAKE_S, FAKE_MS, 20 * FAKE_MS);
}

static void xapic_cannot_reach_ids_from_255_on(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(apic_send(&fake->platform, false, 254, ICR_NMI | ICR_ASSERT), MUSTER_OK);
    assert_int_equal(fake->sends[0].dest, 254);
    assert_int_equal(apic_send(&fake->platform, false, 255, ICR_NMI | ICR_ASSERT),
                     MUSTER_ERROR_APIC_ID_BEYOND_XAPIC);
    assert_int_equal(apic_send(&fake->platform, false, 0x101, ICR_NMI | ICR_ASSERT),
                     MUSTER_ERROR_APIC_ID_BEYOND_XAPIC);
    assert_int_equal(fake->send_count, 1);
}

static void x2apic_sends_with_one_write_and_reads_no_status(void **state)
{
    struct fake_machine *fake = *state;

    fake->x2apic = true;
    fake->icr_stuck = true; /* there is no such bit */
    assert_int_equal(apic_send(&fake->platform, true, 0xFFFFFFFE, ICR_SIPI | ICR_ASSERT | 9),
                     MUSTER_OK);
    assert_int_equal(fake->send_count, 1);
    assert_int_equal(fake->sends[0].dest, 0xFFFFFFFE);
    assert_int_equal(fake->sends[0].command, 0x4609);
    assert_int_equal(write_count + read_count, 0);
    assert_int_equal(fake->now_ns, FAKE_S);
}

static void x2apic_mode_is_entered_where_the_processor_has_it(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpuid_1[2] = ~CPUID_1_ECX_X2APIC;
    assert_int_equal(muster_apic_enable_x2(&fake->platform), MUSTER_NOT_SUPPORTED);
    assert_false(muster_apic_is_x2(&fake->platform));
    fake->cpuid_1[2] = CPUID_1_ECX_X2APIC;
    assert_int_equal(muster_apic_enable_x2(&fake->platform), MUSTER_OK);
    assert_true(muster_apic_is_x2(&fake->platform));
    assert_int_equal(muster_apic_enable_x2(&fake->platform), MUSTER_OK); /* it is there already */
    assert_true(muster_apic_is_x2(&fake->platform));
}

static void id_is_the_live_one_in_either_mode(void **state)
{
    struct fake_machine *fake = *state;

    fake->current->live_id = 0xC3;
    assert_false(muster_apic_is_x2(&fake->platform));
    assert_int_equal(muster_apic_id(&fake->platform), 0xC3);
    fake->x2apic = true;
    fake->current->live_id = 0x12345678;
    assert_true(muster_apic_is_x2(&fake->platform));
    assert_int_equal(muster_apic_id(&fake->platform), 0x12345678);
}

static void end_of_interrupt_is_a_zero_in_either_mode(void **state)
{
    struct fake_machine *fake = *state;

    muster_apic_eoi(&fake->platform);
    assert_int_equal(fake->eois, 1);
    fake->x2apic = true;
    muster_apic_eoi(&fake->platform);
    assert_int_equal(fake->eois, 2);
}

static void interrupt_and_nmi_carry_their_delivery_mode(void **state)
{
    struct fake_machine *fake = *state;
    const uint32_t id = fake->cpus[0].apic_id;

    for (unsigned mode = 0; mode < 2; mode++) {
        fake->x2apic = mode;
        fake->send_count = 0;
        assert_int_equal(muster_apic_send(&fake->platform, id, FAKE_WAKE_VECTOR), MUSTER_OK);
        assert_int_equal(muster_apic_send_nmi(&fake->platform, id), MUSTER_OK);
        assert_int_equal(fake->send_count, 2);
        assert_int_equal(fake->sends[0].dest, id);
        assert_int_equal(fake->sends[0].command, 0x4000 | FAKE_WAKE_VECTOR);
        assert_int_equal(fake->sends[1].dest, id);
        assert_int_equal(fake->sends[1].command, 0x4400);
    }
    assert_int_equal(fake->cpus[0].interrupts, 2);
}

static void registers_are_reached_in_either_mode(void **state)
{
    struct fake_machine *fake = *state;

    fake->current->live_id = 5;
    assert_int_equal(apic_read(&fake->platform, false, APIC_ID), 5u << 24);
    apic_write(&fake->platform, false, APIC_EOI, 0);
    fake->x2apic = true;
    assert_int_equal(apic_read(&fake->platform, true, APIC_ID), 5);
    apic_write(&fake->platform, true, APIC_EOI, 0);
    assert_int_equal(fake->eois, 2);
    assert_int_equal(write_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(xapic_writes_the_destination_before_the_command),
        TEST(xapic_waits_until_the_last_send_has_gone_out),
        TEST(stuck_xapic_is_named_after_a_bounded_time),
        TEST(xapic_cannot_reach_ids_from_255_on),
        TEST(x2apic_sends_with_one_write_and_reads_no_status),
        TEST(x2apic_mode_is_entered_where_the_processor_has_it),
        TEST(id_is_the_live_one_in_either_mode),
        TEST(end_of_interrupt_is_a_zero_in_either_mode),
        TEST(interrupt_and_nmi_carry_their_delivery_mode),
        TEST(registers_are_reached_in_either_mode),
    };

    return cmocka_run_group_tests_name("apic", tests, NULL, NULL);
}
