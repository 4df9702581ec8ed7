#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <muster/status.h>

static void every_status_has_its_own_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MUSTER_STATUS_COUNT; i++) {
        assert_memory_equal(muster_error_name((enum muster_status)i), "MUSTER_", 7);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(muster_error_name((enum muster_status)i),
                                    muster_error_name((enum muster_status)j));
            assert_string_not_equal(muster_error_text((enum muster_status)i),
                                    muster_error_text((enum muster_status)j));
        }
    }
}

static void names_are_those_of_the_enumerators(void **state)
{
    (void)state;
    assert_string_equal(muster_error_name(MUSTER_OK), "MUSTER_OK");
    assert_string_equal(muster_error_name(MUSTER_ERROR_TABLE_CHECKSUM),
                        "MUSTER_ERROR_TABLE_CHECKSUM");
    assert_string_equal(muster_error_name(MUSTER_ERROR_FIRMWARE_RECLAIMED),
                        "MUSTER_ERROR_FIRMWARE_RECLAIMED");
}

static void every_text_is_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MUSTER_STATUS_COUNT; i++) {
        const char *text = muster_error_text((enum muster_status)i);

        assert_true(isupper((unsigned char)text[0]));
        assert_int_equal(text[strlen(text) - 1], '.');
        assert_null(strstr(text, "  "));
    }
}

static void what_is_no_status_still_has_words(void **state)
{
    const unsigned values[] = {MUSTER_STATUS_COUNT, 1000000, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_string_equal(muster_error_name((enum muster_status)values[i]),
                            "MUSTER_STATUS_UNKNOWN");
        assert_non_null(muster_error_text((enum muster_status)values[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_name),
        cmocka_unit_test(names_are_those_of_the_enumerators),
        cmocka_unit_test(every_text_is_a_sentence),
        cmocka_unit_test(what_is_no_status_still_has_words),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
