/* The shim's own words: what each of them may be, and the sentence that a wrong one gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shim/options.h"

static void nothing_said_is_the_usual_shim(void **state)
{
    struct shim_options options;
    (void)state;
    assert_null(shim_options_read("", &options));
    assert_int_equal(options.mailbox_version, 1);
    assert_int_equal(options.wakeup_entry_bytes, 24);
    assert_int_equal(options.tables_type, MUSTER_MEMORY_NVS);
    assert_int_equal(options.levels, 4);
    assert_int_equal(options.tables, SHIM_TABLES_BOTH);
    assert_int_equal(options.vtl, 2);
    assert_int_equal(options.protocol, BOOT_AUTO);
    assert_false(options.tables_each);
    assert_int_equal(options.tables_phys, 0);
}

static void each_word_is_taken(void **state)
{
    struct shim_options options;
    (void)state;
    assert_null(shim_options_read("mailbox-version=0 firmware-memory=usable levels=5 tables=fdt "
                                  "ap-tables=each vtl=0 page-tables=0x1400000 protocol=pvh",
                                  &options));
    assert_int_equal(options.mailbox_version, 0);
    assert_int_equal(options.wakeup_entry_bytes, 16);
    assert_int_equal(options.tables_type, MUSTER_MEMORY_USABLE);
    assert_int_equal(options.levels, 5);
    assert_int_equal(options.tables, SHIM_TABLES_FDT);
    assert_int_equal(options.vtl, 0);
    assert_int_equal(options.protocol, BOOT_PVH);
    assert_true(options.tables_each);
    assert_int_equal(options.tables_phys, 0x1400000);
}

static void wrong_word_is_named_with_what_it_may_be(void **state)
{
    static const char *const where = "page-tables must be an address below 4 GiB on a 4 KiB border";
    static const char *const fault = "fault must be a name of docs/shim.md, with :APIC-ID behind "
                                     "one that is a processor's";
    static const char *const wrong[][2] = {
        {"mailbox-version=2", "mailbox-version must be 0 or 1"},
        {"mailbox-length=20", "mailbox-length must be 16 or 24"},
        {"firmware-memory=free", "firmware-memory must be reserved, nvs or usable"},
        {"levels=3", "levels must be 4 or 5"},
        {"levels", "levels must be 4 or 5"},
        {"tables=none", "tables must be acpi, fdt or both"},
        {"ap-tables=all", "ap-tables must be shared or each"},
        {"vtl=1", "vtl must be 0 or 2"},
        {"protocol=elf", "protocol must be auto, linux, pvh, multiboot2 or multiboot1"},
        {"fault=dead", fault},
        {"fault=dead:x", fault},
        {"fault=tables-trampled:1", fault},
        {"fault=none:1", fault},
        {"fault=dead:00000000000000000000000000000000000000001", fault},
        {"page-tables=0", where},
        {"page-tables=0x1400800", where},
        {"page-tables=0x100000000", where},
        {"page-tables=0x0000000000000000001400000", where},
        {"page-tables=here", where},
        {"levels=4 colour=blue", "the shim does not know the option 'colour'"},
    };
    struct shim_options options;
    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_string_equal(shim_options_read(wrong[i][0], &options), wrong[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_the_usual_shim),
        cmocka_unit_test(each_word_is_taken),
        cmocka_unit_test(wrong_word_is_named_with_what_it_may_be),
    };
    return cmocka_run_group_tests_name("shim-options", tests, NULL, NULL);
}
