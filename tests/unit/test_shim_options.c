/* The shim's own words: what each of them may be, and the sentence that a wrong one gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/machine.h"
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

/* A test that names the wrong processor would find that nothing is wrong. */
static void fault_that_no_processor_can_have_is_refused(void **state)
{
    static const char *const nobody = "fault: no AP of this machine has that APIC ID";
    static const char *const taken = "fault=unknown-id: the ID that is 64 higher is another's, or "
                                     "does not fit";
    static const char *const all_shared = "fault=mailbox-shared: all memory is shared here, since "
                                          "this is no TD";
    static const struct {
        enum shim_fault_kind kind;
        uint32_t apic_id;
        const char *said;
    } faults[] = {
        {SHIM_FAULT_NONE, 99, NULL},
        {SHIM_FAULT_TABLES_TRAMPLED, 99, NULL},
        {SHIM_FAULT_MAILBOX_SHARED, 99, all_shared},
        {SHIM_FAULT_DEAD, 2, NULL},
        {SHIM_FAULT_DEAD, 99, nobody},
        {SHIM_FAULT_DEAD, 0, nobody},
        {SHIM_FAULT_UNKNOWN_ID, 66, NULL},
        {SHIM_FAULT_UNKNOWN_ID, 2, taken},
        {SHIM_FAULT_UNKNOWN_ID, 200, taken},
        {SHIM_FAULT_UNKNOWN_ID, 0x1000, NULL},
    };
    static const uint32_t ids[] = {0, 2, 66, 200, 0x1000};
    const struct muster_platform platform = {0};
    struct muster_machine machine;
    struct muster_cpu cpus[8];
    struct muster_index_entry index[16];
    (void)state;
    assert_int_equal(muster_machine_init(&machine, &platform, cpus, 8, index, 16), MUSTER_OK);
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        assert_true(machine_add(&machine, &(struct muster_cpu){.apic_id = ids[i]}));
    machine_set_bsp(&machine, 0);
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct shim_fault fault = {faults[i].kind, faults[i].apic_id};
        const char *said = shim_fault_check(&fault, &machine);
        if (faults[i].said)
            assert_string_equal(said, faults[i].said);
        else
            assert_null(said);
    }
    machine.confidential = true;
    assert_null(shim_fault_check(&(struct shim_fault){SHIM_FAULT_MAILBOX_SHARED, 0}, &machine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_the_usual_shim),
        cmocka_unit_test(each_word_is_taken),
        cmocka_unit_test(fault_that_no_processor_can_have_is_refused),
        cmocka_unit_test(wrong_word_is_named_with_what_it_may_be),
    };
    return cmocka_run_group_tests_name("shim-options", tests, NULL, NULL);
}
