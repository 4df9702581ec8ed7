/*
 * The museum of bugs, firmware's tables: for each public bug a small model of the code that had
 * it, which fails here as it failed there, and then Muster on the same tables. See docs/bugs.md.
 */
#include "tests/unit/acpi_tables.h"

#define ENABLED     ACPI_MADT_ENABLED
#define FIRST_ENTRY ((uint32_t)sizeof(struct acpi_madt))

/* One entry of the MADT, as code sees it that trusts the table. */
struct seen {
    uint32_t offset; /* in the table */
    uint8_t type, length;
    const uint8_t *bytes;
};

static bool next_entry(const struct firmware *firmware, struct seen *seen)
{
    seen->offset = seen->bytes ? seen->offset + seen->length : FIRST_ENTRY;
    if (MADT_PHYS + seen->offset >= firmware->madt_end)
        return false;
    seen->bytes = firmware->memory + MADT_PHYS + seen->offset;
    seen->type = seen->bytes[0];
    seen->length = seen->bytes[1];
    return true;
}

static bool is_processor(uint8_t type)
{
    return type == ACPI_MADT_LOCAL_APIC || type == ACPI_MADT_LOCAL_X2APIC;
}

/* ---- Asterinas ---- */

static uint32_t count_every_entry(const struct firmware *firmware)
{
    struct seen seen = {0};
    uint32_t count = 0;
    while (next_entry(firmware, &seen))
        count += is_processor(seen.type);
    return count;
}

static void processors_that_are_not_enabled_are_not_counted(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    for (uint8_t id = 0; id < 32; id++)
        madt_lapic(firmware, id, id < 16 ? ENABLED : 0);
    madt_finish(firmware);
    assert_int_equal(count_every_entry(firmware), 32);
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 16);
}

static void processors_listed_by_both_kinds_of_entry_are_counted_once(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    for (uint8_t id = 0; id < 16; id++)
        madt_lapic(firmware, id, ENABLED);
    for (uint8_t id = 0; id < 16; id++)
        madt_x2apic(firmware, id, ENABLED);
    madt_finish(firmware);
    assert_int_equal(count_every_entry(firmware), 32);
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 16);
    assert_int_equal(firmware->machine.duplicate_count, 16);
}

static uint32_t count_entries_with_ids_of_8_bits(const struct firmware *firmware)
{
    struct seen seen = {0};
    uint32_t count = 0;
    while (next_entry(firmware, &seen))
        count += seen.type == ACPI_MADT_LOCAL_APIC;
    return count;
}

static void processors_with_ids_from_255_on_are_found(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    for (uint32_t id = 0; id < 384; id++)
        if (id < 255)
            madt_lapic(firmware, (uint8_t)id, ENABLED);
        else
            madt_x2apic(firmware, id, ENABLED);
    madt_finish(firmware);
    assert_int_equal(count_entries_with_ids_of_8_bits(firmware), 255);
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 384);
    assert_int_equal(muster_machine_find(&firmware->machine, 383), 383);
}

/* ---- The acpi crate ---- */

static bool walk_comes_to_an_end(const struct firmware *firmware)
{
    struct seen seen = {0};
    for (unsigned steps = 0; steps < 100000; steps++)
        if (!next_entry(firmware, &seen))
            return true;
    return false;
}

static void entry_of_length_zero_does_not_hold_the_walk_up(void **state)
{
    const uint8_t nothing[] = {ACPI_MADT_LOCAL_APIC, 0};
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_raw(firmware, nothing, sizeof(nothing));
    madt_finish(firmware);
    assert_false(walk_comes_to_an_end(firmware));
    assert_refused(firmware, MUSTER_ERROR_MADT_ENTRY_LENGTH, "APIC", FIRST_ENTRY + 8);
}

/* How far code reads that casts each entry to the structure of its type. */
static uint32_t end_of_casts(const struct firmware *firmware)
{
    struct seen seen = {0};
    uint32_t end = 0;
    while (next_entry(firmware, &seen)) {
        uint32_t size = seen.type == ACPI_MADT_LOCAL_X2APIC ? sizeof(struct acpi_madt_local_x2apic)
                                                            : seen.length;
        if (seen.offset + size > end)
            end = seen.offset + size;
    }
    return end;
}

static void entry_shorter_than_its_type_is_not_read_past_its_end(void **state)
{
    const uint8_t stub[] = {ACPI_MADT_LOCAL_X2APIC, 2};
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_raw(firmware, stub, sizeof(stub));
    madt_finish(firmware);
    assert_true(MADT_PHYS + end_of_casts(firmware) > firmware->madt_end);
    /* The map is exactly as long as the table: a read past it ends this program. */
    assert_refused(firmware, MUSTER_ERROR_MADT_ENTRY_LENGTH, "APIC", FIRST_ENTRY + 8);
}

static bool knows_every_entry(const struct firmware *firmware)
{
    struct seen seen = {0};
    while (next_entry(firmware, &seen))
        if (!is_processor(seen.type))
            return false; /* it ends with an error, or a panic */
    return true;
}

static void entry_of_an_unknown_type_is_passed_over(void **state)
{
    uint8_t unknown[12] = {0x7F, sizeof(unknown)};
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_raw(firmware, unknown, sizeof(unknown));
    madt_lapic(firmware, 1, ENABLED);
    madt_finish(firmware);
    assert_false(knows_every_entry(firmware));
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

/* ---- TDVF ---- */

/* Who believes the version reads the ResetVector, whatever the entry's length says. */
static uint64_t reset_vector_by_version(const struct firmware *firmware)
{
    struct seen seen = {0};
    struct acpi_madt_wakeup entry;
    while (next_entry(firmware, &seen))
        if (seen.type == ACPI_MADT_WAKEUP) {
            memcpy(&entry, seen.bytes, sizeof(entry));
            return entry.mailbox_version >= 1 ? entry.reset_vector : 0;
        }
    return 0;
}

static void version_1_with_length_16_has_no_reset_vector(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_wakeup(firmware, 16, 1, MAILBOX_PHYS, 0);
    madt_lapic(firmware, 1, ENABLED);
    madt_finish(firmware);
    assert_int_not_equal(reset_vector_by_version(firmware), 0); /* half a processor */
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_true(firmware->machine.mailbox.present);
    assert_int_equal(firmware->machine.mailbox.version, 1);
    assert_int_equal(firmware->machine.mailbox.reset_vector_phys, 0);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(processors_that_are_not_enabled_are_not_counted),
        firmware_test(processors_listed_by_both_kinds_of_entry_are_counted_once),
        firmware_test(processors_with_ids_from_255_on_are_found),
        firmware_test(entry_of_length_zero_does_not_hold_the_walk_up),
        firmware_test(entry_shorter_than_its_type_is_not_read_past_its_end),
        firmware_test(entry_of_an_unknown_type_is_passed_over),
        firmware_test(version_1_with_length_16_has_no_reset_vector),
    };

    return cmocka_run_group_tests_name("museum: tables", tests, NULL, NULL);
}
