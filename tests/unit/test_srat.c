#include "tests/unit/acpi_tables.h"

#define SRAT_PHYS 0x30000u

static uint32_t srat_end;

static void srat_begin(struct firmware *firmware)
{
    const uint64_t entries[] = {MADT_PHYS, SRAT_PHYS};
    put_header(firmware, SRAT_PHYS, "SRAT", 3, 0);
    put(firmware, SRAT_PHYS + offsetof(struct acpi_srat, reserved0), 1, 4);
    srat_end = SRAT_PHYS + (uint32_t)sizeof(struct acpi_srat);
    put_root(firmware, XSDT_PHYS, 8, entries, 2);
}

static void srat_raw(struct firmware *firmware, const void *bytes, size_t count)
{
    memcpy(firmware->memory + srat_end, bytes, count);
    srat_end += (uint32_t)count;
}

static void srat_finish(struct firmware *firmware)
{
    put(firmware, SRAT_PHYS + offsetof(struct acpi_header, length), srat_end - SRAT_PHYS, 4);
    fix_table(firmware, SRAT_PHYS);
}

static void srat_lapic(struct firmware *firmware, uint8_t apic_id, uint32_t node, uint32_t flags)
{
    struct acpi_srat_local_apic entry = {
        .type = 0,
        .length = sizeof(entry),
        .domain_low = (uint8_t)node,
        .apic_id = apic_id,
        .flags = flags,
        .domain_high = {(uint8_t)(node >> 8), (uint8_t)(node >> 16), (uint8_t)(node >> 24)},
    };
    srat_raw(firmware, &entry, sizeof(entry));
}

static void srat_x2apic(struct firmware *firmware, uint32_t apic_id, uint32_t node, uint32_t flags)
{
    struct acpi_srat_local_x2apic entry = {
        .type = 2, .length = sizeof(entry), .domain = node, .apic_id = apic_id, .flags = flags};
    srat_raw(firmware, &entry, sizeof(entry));
}

/* CPUs 0 and 1 are found by their xAPIC ID, the third by its x2APIC ID. */
static int set_up(void **state)
{
    firmware_setup(state);
    struct firmware *firmware = *state;
    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ACPI_MADT_ENABLED);
    madt_lapic(firmware, 1, ACPI_MADT_ENABLED);
    madt_x2apic(firmware, 0x1234, ACPI_MADT_ENABLED);
    madt_finish(firmware);
    assert_int_equal(discover(firmware), MUSTER_OK);
    srat_begin(firmware);
    return 0;
}

static enum muster_status nodes(struct firmware *firmware)
{
    enum muster_status status = muster_discover_nodes(&firmware->machine, RSDP_PHYS);
    assert_int_equal(firmware->machine.finding.status, status);
    assert_int_equal(firmware->machine.cpu_count, 3); /* nothing else depends on it */
    forget_maps(firmware);
    return status;
}

static void assert_no_nodes(const struct firmware *firmware)
{
    for (uint32_t i = 0; i < firmware->machine.cpu_count; i++)
        assert_int_equal(firmware->machine.cpus[i].numa_node, MUSTER_NUMA_NODE_UNKNOWN);
}

static void assert_node(const struct firmware *firmware, uint32_t apic_id, uint32_t node)
{
    int32_t index = muster_machine_find(&firmware->machine, apic_id);
    assert_true(index >= 0);
    assert_int_equal(firmware->machine.cpus[index].numa_node, node);
}

static void both_kinds_of_entry_give_nodes(void **state)
{
    struct firmware *firmware = *state;
    const uint8_t memory[40] = {1, 40};

    srat_lapic(firmware, 0, 0, ACPI_SRAT_ENABLED);
    srat_raw(firmware, memory, sizeof(memory)); /* of another type: passed over */
    srat_lapic(firmware, 1, 0x89ABCDEF, ACPI_SRAT_ENABLED);
    srat_x2apic(firmware, 0x1234, 7, ACPI_SRAT_ENABLED);
    srat_x2apic(firmware, 0x5555, 9, ACPI_SRAT_ENABLED); /* nobody */
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_node(firmware, 0, 0);
    assert_node(firmware, 1, 0x89ABCDEF);
    assert_node(firmware, 0x1234, 7);
}

static void machine_without_an_srat_has_no_nodes(void **state)
{
    struct firmware *firmware = *state;

    firmware_tables(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_no_nodes(firmware);
}

static void entry_that_is_not_enabled_counts_for_nothing(void **state)
{
    struct firmware *firmware = *state;

    srat_lapic(firmware, 0, 3, 0);
    srat_x2apic(firmware, 0x1234, 3, 0);
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_no_nodes(firmware);
}

static void cpu_listed_twice_is_where_it_was_listed_first(void **state)
{
    struct firmware *firmware = *state;

    srat_lapic(firmware, 1, 3, ACPI_SRAT_ENABLED);
    srat_x2apic(firmware, 1, 4, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_node(firmware, 1, 3);
}

static void a_second_reading_forgets_the_first(void **state)
{
    struct firmware *firmware = *state;

    srat_lapic(firmware, 1, 3, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    srat_begin(firmware);
    srat_lapic(firmware, 1, 3, 0);
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_no_nodes(firmware);
}

static void nodes_of_a_device_tree_stay_only_where_there_is_no_srat(void **state)
{
    struct firmware *firmware = *state;

    firmware_tables(firmware);
    for (uint32_t i = 0; i < firmware->machine.cpu_count; i++)
        firmware->machine.cpus[i].numa_node = 5;
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_node(firmware, 1, 5);
    srat_begin(firmware);
    srat_lapic(firmware, 1, 3, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_node(firmware, 1, 3);
    assert_int_equal(firmware->machine.cpus[0].numa_node, MUSTER_NUMA_NODE_UNKNOWN);
}

static void assert_refused_nodes(struct firmware *firmware, enum muster_status status,
                                 uint32_t offset)
{
    assert_string_equal(muster_error_name(nodes(firmware)), muster_error_name(status));
    assert_string_equal(firmware->machine.finding.table, "SRAT");
    assert_int_equal(firmware->machine.finding.offset, offset);
    assert_no_nodes(firmware);
}

static void entry_too_short_for_its_type_is_refused(void **state)
{
    static const uint8_t types[][2] = {{0, 15}, {2, 23}, {1, 1}, {99, 0}, {0, 2}};
    struct firmware *firmware = *state;

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        uint8_t bytes[40] = {types[i][0], types[i][1]};
        srat_begin(firmware);
        srat_lapic(firmware, 0, 1, ACPI_SRAT_ENABLED);
        srat_raw(firmware, bytes, sizeof(bytes));
        srat_finish(firmware);
        assert_refused_nodes(firmware, MUSTER_ERROR_SRAT_ENTRY_LENGTH,
                             sizeof(struct acpi_srat) + sizeof(struct acpi_srat_local_apic));
    }
}

static void entry_that_runs_past_the_end_is_refused(void **state)
{
    struct firmware *firmware = *state;
    const uint8_t cut[] = {2};
    const uint8_t long_one[] = {2, 24, 0, 0, 0, 0};

    srat_raw(firmware, cut, sizeof(cut));
    srat_finish(firmware);
    assert_refused_nodes(firmware, MUSTER_ERROR_SRAT_ENTRY_OVERRUN, sizeof(struct acpi_srat));
    srat_begin(firmware);
    srat_raw(firmware, long_one, sizeof(long_one));
    srat_finish(firmware);
    assert_refused_nodes(firmware, MUSTER_ERROR_SRAT_ENTRY_OVERRUN, sizeof(struct acpi_srat));
}

static void table_without_room_for_its_fixed_part_is_refused(void **state)
{
    struct firmware *firmware = *state;

    srat_end = SRAT_PHYS + (uint32_t)sizeof(struct acpi_srat) - 1;
    srat_finish(firmware);
    assert_refused_nodes(firmware, MUSTER_ERROR_TABLE_LENGTH, offsetof(struct acpi_header, length));
}

static void the_first_of_two_srats_counts(void **state)
{
    const uint64_t entries[] = {MADT_PHYS, SRAT_PHYS, OTHER_PHYS};
    struct firmware *firmware = *state;

    srat_lapic(firmware, 1, 3, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    put_header(firmware, OTHER_PHYS, "SRAT", 3, sizeof(struct acpi_header));
    put_root(firmware, XSDT_PHYS, 8, entries, 3);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpus[1].numa_node, 3);
}

static void wrong_checksum_takes_every_node_back(void **state)
{
    struct firmware *firmware = *state;

    srat_lapic(firmware, 1, 3, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    firmware->memory[SRAT_PHYS + 12]++;
    assert_string_equal(muster_error_name(nodes(firmware)), "MUSTER_ERROR_TABLE_CHECKSUM");
    assert_no_nodes(firmware);
}

/* The nodes of an earlier reading do not outlive the way to them. */
static void tables_that_do_not_lead_to_the_srat_take_every_node_back(void **state)
{
    struct firmware *firmware = *state;

    srat_lapic(firmware, 1, 3, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    assert_int_equal(nodes(firmware), MUSTER_OK);
    firmware->memory[SRAT_PHYS + 7] = 0x7F; /* longer than there is memory */
    assert_string_equal(muster_error_name(nodes(firmware)), "MUSTER_ERROR_TABLE_LENGTH");
    assert_no_nodes(firmware);
    firmware->memory[SRAT_PHYS + 7] = 0;
    assert_int_equal(nodes(firmware), MUSTER_OK);
    assert_string_equal(muster_error_name(muster_discover_nodes(&firmware->machine, 0)),
                        "MUSTER_ERROR_RSDP_ADDRESS");
    assert_no_nodes(firmware);
}

/* Each byte of a good table becomes each of some others: never a read beyond, never half a node. */
static void any_changed_byte_is_seen_or_harmless(void **state)
{
    static const uint8_t values[] = {0, 1, 2, 0x7F, 0x80, 0xFF};
    struct firmware *firmware = *state;

    srat_lapic(firmware, 0, 1, ACPI_SRAT_ENABLED);
    srat_x2apic(firmware, 0x1234, 7, ACPI_SRAT_ENABLED);
    srat_finish(firmware);
    for (uint32_t at = SRAT_PHYS + (uint32_t)sizeof(struct acpi_header); at < srat_end; at++)
        for (unsigned i = 0; i < sizeof(values); i++) {
            uint8_t good = firmware->memory[at];
            firmware->memory[at] = values[i];
            fix_table(firmware, SRAT_PHYS);
            if (nodes(firmware) != MUSTER_OK)
                assert_no_nodes(firmware);
            firmware->memory[at] = good;
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, firmware_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_kinds_of_entry_give_nodes),
        TEST(machine_without_an_srat_has_no_nodes),
        TEST(entry_that_is_not_enabled_counts_for_nothing),
        TEST(cpu_listed_twice_is_where_it_was_listed_first),
        TEST(a_second_reading_forgets_the_first),
        TEST(nodes_of_a_device_tree_stay_only_where_there_is_no_srat),
        TEST(entry_too_short_for_its_type_is_refused),
        TEST(entry_that_runs_past_the_end_is_refused),
        TEST(table_without_room_for_its_fixed_part_is_refused),
        TEST(the_first_of_two_srats_counts),
        TEST(wrong_checksum_takes_every_node_back),
        TEST(tables_that_do_not_lead_to_the_srat_take_every_node_back),
        TEST(any_changed_byte_is_seen_or_harmless),
    };

    return cmocka_run_group_tests_name("srat", tests, NULL, NULL);
}
