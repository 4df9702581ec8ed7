/* A listener hears of all that discovery refuses; the verdict is the same as without one. */
#include "tests/unit/fdt_trees.h"

#define HEARD_MAX 16u

struct heard {
    struct muster_finding refusals[HEARD_MAX];
    uint32_t count;
    struct muster_listener listener;
};

static void hear(void *context, const struct muster_finding *refusal)
{
    struct heard *heard = context;

    assert_true(heard->count < HEARD_MAX);
    assert_true(refusal->status != MUSTER_OK);
    heard->refusals[heard->count] = *refusal;
    heard->count++;
}

static void listen(struct firmware *firmware, struct heard *heard)
{
    *heard = (struct heard){.listener = {heard, hear}};
    firmware->machine.listener = &heard->listener;
}

static void assert_heard(const struct heard *heard, uint32_t number, enum muster_status status,
                         uint32_t entry)
{
    assert_true(number < heard->count);
    assert_string_equal(muster_error_name(heard->refusals[number].status),
                        muster_error_name(status));
    assert_int_equal(heard->refusals[number].entry, entry);
}

/* A local APIC that is too short, a mailbox of an unknown version, and one that is not aligned. */
static void put_three_errors(struct firmware *firmware)
{
    static const uint8_t too_short[6] = {ACPI_MADT_LOCAL_APIC, sizeof(too_short)};

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ACPI_MADT_ENABLED);
    madt_raw(firmware, too_short, sizeof(too_short));
    madt_wakeup(firmware, 24, 7, MAILBOX_PHYS, 0);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS + 8, 0);
    madt_finish(firmware);
}

static void each_refused_madt_entry_is_told_and_the_first_is_the_verdict(void **state)
{
    struct firmware *firmware = *state;
    struct heard heard;

    put_three_errors(firmware);
    assert_int_equal(discover(firmware), MUSTER_ERROR_MADT_ENTRY_LENGTH);
    listen(firmware, &heard);
    assert_int_equal(discover(firmware), MUSTER_ERROR_MADT_ENTRY_LENGTH);
    assert_int_equal(heard.count, 4);
    assert_heard(&heard, 0, MUSTER_ERROR_MADT_ENTRY_LENGTH, 1);
    assert_heard(&heard, 1, MUSTER_ERROR_WAKEUP_VERSION, 2);
    assert_heard(&heard, 2, MUSTER_ERROR_MAILBOX_ALIGNMENT, 3);
    assert_heard(&heard, 3, MUSTER_ERROR_MADT_ENTRY_LENGTH, 1);
}

static void wrong_sum_is_the_verdict_and_does_not_hide_the_entries(void **state)
{
    struct firmware *firmware = *state;
    struct heard heard;

    put_three_errors(firmware);
    firmware->memory[MADT_PHYS + offsetof(struct acpi_header, checksum)] ^= 1;
    listen(firmware, &heard);
    assert_int_equal(discover(firmware), MUSTER_ERROR_TABLE_CHECKSUM);
    assert_int_equal(heard.count, 4);
    assert_heard(&heard, 1, MUSTER_ERROR_WAKEUP_VERSION, 2);
    assert_heard(&heard, 3, MUSTER_ERROR_TABLE_CHECKSUM, 0);
}

static void entry_that_cannot_be_stepped_over_ends_the_walk(void **state)
{
    struct firmware *firmware = *state;
    static const uint8_t endless[2] = {ACPI_MADT_LOCAL_APIC, 0};
    struct heard heard;

    madt_begin(firmware, 5);
    madt_raw(firmware, endless, sizeof(endless));
    madt_wakeup(firmware, 24, 7, MAILBOX_PHYS, 0);
    madt_finish(firmware);
    listen(firmware, &heard);
    assert_int_equal(discover(firmware), MUSTER_ERROR_MADT_ENTRY_LENGTH);
    assert_int_equal(heard.count, 2);
    assert_heard(&heard, 0, MUSTER_ERROR_MADT_ENTRY_LENGTH, 0);
    assert_heard(&heard, 1, MUSTER_ERROR_MADT_ENTRY_LENGTH, 0);
}

static void entry_without_a_whole_head_ends_the_walk(void **state)
{
    struct firmware *firmware = *state;
    static const uint8_t half[1] = {ACPI_MADT_LOCAL_APIC};
    struct heard heard;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ACPI_MADT_ENABLED);
    madt_raw(firmware, half, sizeof(half));
    madt_finish(firmware);
    listen(firmware, &heard);
    assert_int_equal(discover(firmware), MUSTER_ERROR_MADT_ENTRY_OVERRUN);
    assert_int_equal(heard.count, 2);
    assert_heard(&heard, 0, MUSTER_ERROR_MADT_ENTRY_OVERRUN, 1);
    assert_heard(&heard, 1, MUSTER_ERROR_MADT_ENTRY_OVERRUN, 1);
}

static void entry_that_runs_past_the_end_ends_the_walk(void **state)
{
    struct firmware *firmware = *state;
    static const uint8_t longer[8] = {ACPI_MADT_LOCAL_APIC, 200};
    struct heard heard;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ACPI_MADT_ENABLED);
    madt_raw(firmware, longer, sizeof(longer));
    madt_finish(firmware);
    listen(firmware, &heard);
    assert_int_equal(discover(firmware), MUSTER_ERROR_MADT_ENTRY_OVERRUN);
    assert_heard(&heard, 0, MUSTER_ERROR_MADT_ENTRY_OVERRUN, 1);
}

static void each_refused_node_of_a_tree_is_told(void **state)
{
    struct firmware *firmware = *state;
    struct heard heard;
    void *tree = tree_begin(firmware);

    tree_section(tree, "cpus", 1, 0);
    tree_cpu(tree, 0);
    MUST(fdt_begin_node(tree, "cpu@again"));
    MUST(fdt_property_u32(tree, "reg", 0));
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_mailbox(tree, 0x7ffe0800);
    tree_end(tree);
    listen(firmware, &heard);
    assert_int_equal(muster_discover_fdt(&firmware->machine, TREE_PHYS, 0),
                     MUSTER_ERROR_FDT_CPU_DUPLICATE);
    assert_int_equal(heard.count, 3);
    assert_heard(&heard, 0, MUSTER_ERROR_FDT_CPU_DUPLICATE, 3);
    assert_int_equal(heard.refusals[1].status, MUSTER_ERROR_MAILBOX_ALIGNMENT);
    assert_heard(&heard, 2, MUSTER_ERROR_FDT_CPU_DUPLICATE, 3);
}

static void each_cpu_that_a_tree_lacks_is_told(void **state)
{
    struct firmware *firmware = *state;
    struct heard heard;

    madt_begin(firmware, 5);
    for (uint8_t id = 0; id < 4; id++)
        madt_lapic(firmware, id, ACPI_MADT_ENABLED);
    madt_finish(firmware);
    tree_small(firmware);
    listen(firmware, &heard);
    assert_int_equal(muster_discover_both(&firmware->machine, RSDP_PHYS, TREE_PHYS, 0),
                     MUSTER_ERROR_SOURCES_CPUS_DIFFER);
    assert_int_equal(heard.count, 3);
    assert_int_equal(heard.refusals[0].wanted, 2);
    assert_int_equal(heard.refusals[1].wanted, 3);
}

static void good_tables_are_nothing_to_tell(void **state)
{
    struct firmware *firmware = *state;
    struct heard heard;

    listen(firmware, &heard);
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(muster_discover_nodes(&firmware->machine, RSDP_PHYS), MUSTER_OK);
    assert_int_equal(heard.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(each_refused_madt_entry_is_told_and_the_first_is_the_verdict),
        firmware_test(wrong_sum_is_the_verdict_and_does_not_hide_the_entries),
        firmware_test(entry_that_cannot_be_stepped_over_ends_the_walk),
        firmware_test(entry_without_a_whole_head_ends_the_walk),
        firmware_test(entry_that_runs_past_the_end_ends_the_walk),
        firmware_test(each_refused_node_of_a_tree_is_told),
        firmware_test(each_cpu_that_a_tree_lacks_is_told),
        firmware_test(good_tables_are_nothing_to_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
