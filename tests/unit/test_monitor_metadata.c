/* TDG.VM.RD and TDG.VM.WR as the monitor answers them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/tdx.h"
#include "monitor/metadata.h"

#define NOTHING 0x5555555555555555u

static uint64_t read_field(uint64_t field)
{
    uint64_t value = NOTHING;
    assert_int_equal(metadata_read(field, &value), TDX_SUCCESS);
    return value;
}

static uint64_t write_field(uint64_t field, uint64_t value, uint64_t mask)
{
    uint64_t old = NOTHING;
    uint64_t before = read_field(field);
    uint64_t status = metadata_write(field, value, mask, &old);
    assert_int_equal(old, status ? NOTHING : before);
    return status;
}

static void pending_ve_is_disabled_and_stays_so(void **state)
{
    (void)state;
    uint64_t bit = TDX_TD_CTLS_PENDING_VE_DISABLE;
    assert_int_equal(read_field(TDX_FIELD_TD_CTLS), bit);
    assert_int_equal(write_field(TDX_FIELD_TD_CTLS, bit, bit), TDX_SUCCESS);
    assert_int_equal(write_field(TDX_FIELD_TD_CTLS, bit, UINT64_MAX), TDX_SUCCESS);
    assert_int_equal(write_field(TDX_FIELD_TD_CTLS, 0, bit), TDX_METADATA_VALUE);
    assert_int_equal(write_field(TDX_FIELD_TD_CTLS, 0, UINT64_MAX), TDX_METADATA_VALUE);
    assert_int_equal(read_field(TDX_FIELD_TD_CTLS), bit);
}

static void other_controls_are_refused_and_linux_goes_on(void **state)
{
    (void)state;
    static const uint64_t bits[] = {TDX_TD_CTLS_ENUM_TOPOLOGY, TDX_TD_CTLS_VIRT_CPUID2,
                                    TDX_TD_CTLS_REDUCE_VE, 1ull << 4, 1ull << 63};
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        assert_int_equal(write_field(TDX_FIELD_TD_CTLS, bits[i], bits[i]), TDX_METADATA_VALUE);
        assert_int_equal(write_field(TDX_FIELD_TD_CTLS, 0, bits[i]), TDX_SUCCESS);
    }
    assert_int_equal(write_field(TDX_FIELD_TD_CTLS, 0, 0), TDX_METADATA_NOT_WRITABLE);
    /* Linux looks here before it asks for ENUM_TOPOLOGY. */
    assert_int_equal(read_field(TDX_FIELD_TOPOLOGY_ENUM), 0);
}

static void what_the_host_sets_is_not_the_guests_to_write(void **state)
{
    (void)state;
    assert_int_equal(read_field(TDX_FIELD_CONFIG_FLAGS), 0);
    assert_int_equal(write_field(TDX_FIELD_CONFIG_FLAGS, 2, 2), TDX_METADATA_NOT_WRITABLE);
    assert_int_equal(write_field(TDX_FIELD_TOPOLOGY_ENUM, 1, 1), TDX_METADATA_NOT_WRITABLE);
}

static void notifications_can_be_turned_on_and_off(void **state)
{
    (void)state;
    assert_int_equal(read_field(TDX_FIELD_NOTIFY_ENABLES), 0);
    assert_int_equal(write_field(TDX_FIELD_NOTIFY_ENABLES, 0, UINT64_MAX), TDX_SUCCESS);
    assert_int_equal(write_field(TDX_FIELD_NOTIFY_ENABLES, UINT64_MAX, 1), TDX_SUCCESS);
    assert_int_equal(read_field(TDX_FIELD_NOTIFY_ENABLES), 1);
    assert_int_equal(write_field(TDX_FIELD_NOTIFY_ENABLES, 2, 2), TDX_METADATA_VALUE);
    assert_int_equal(write_field(TDX_FIELD_NOTIFY_ENABLES, 0, 1), TDX_SUCCESS);
    assert_int_equal(read_field(TDX_FIELD_NOTIFY_ENABLES), 0);
}

static void unknown_field_is_named_so(void **state)
{
    (void)state;
    uint64_t value = NOTHING;
    assert_int_equal(metadata_read(1, &value), TDX_METADATA_FIELD_ID);
    assert_int_equal(metadata_write(1, 0, 0, &value), TDX_METADATA_FIELD_ID);
    assert_int_equal(value, NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pending_ve_is_disabled_and_stays_so),
        cmocka_unit_test(other_controls_are_refused_and_linux_goes_on),
        cmocka_unit_test(what_the_host_sets_is_not_the_guests_to_write),
        cmocka_unit_test(notifications_can_be_turned_on_and_off),
        cmocka_unit_test(unknown_field_is_named_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
