/* RSDP, RSDT and XSDT, and what holds for every table. */
#include "tests/unit/acpi_tables.h"

#include "lib/firmware/acpi.h"
#include "lib/firmware/fdt.h"
#include "lib/firmware/once.h"

/* ---- RSDP ---- */

static void rsdp_of_revision_0_leads_through_the_rsdt(void **state)
{
    struct firmware *firmware = *state;

    memset(firmware->memory + RSDP_PHYS, 0xAA, 64);
    put_rsdp(firmware, RSDP_PHYS, 0, RSDT_PHYS, 0);
    firmware->memory[XSDT_PHYS] = 'Y';
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

static void rsdp_of_revision_2_leads_through_the_xsdt(void **state)
{
    struct firmware *firmware = *state;

    firmware->memory[RSDT_PHYS] = 'Y';
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

static void xsdt_of_zero_leads_through_the_rsdt(void **state)
{
    struct firmware *firmware = *state;

    put_rsdp(firmware, RSDP_PHYS, 2, RSDT_PHYS, 0);
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

static void rsdp_that_names_no_table_is_refused(void **state)
{
    struct firmware *firmware = *state;

    put_rsdp(firmware, RSDP_PHYS, 2, 0, 0);
    assert_refused(firmware, MUSTER_ERROR_RSDP_NO_TABLES, "RSDP", 16);
    put_rsdp(firmware, RSDP_PHYS, 0, 0, 0);
    assert_refused(firmware, MUSTER_ERROR_RSDP_NO_TABLES, "RSDP", 16);
}

static void rsdp_where_nothing_is_is_refused(void **state)
{
    const uint64_t addresses[] = {0,          MEMORY_BYTES,    MEMORY_BYTES - 19,
                                  UINT64_MAX, UINT64_MAX - 19, 1ull << 52};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        assert_int_equal(muster_discover(&firmware->machine, addresses[i], 0),
                         MUSTER_ERROR_RSDP_ADDRESS);
        assert_sane(firmware, MUSTER_ERROR_RSDP_ADDRESS);
        assert_true(firmware->machine.finding.table_phys == addresses[i]);
    }
}

static void rsdp_that_only_half_exists_is_refused(void **state)
{
    struct firmware *firmware = *state;

    memcpy(firmware->memory + MEMORY_BYTES - 24, firmware->memory + RSDP_PHYS, 24);
    assert_int_equal(muster_discover(&firmware->machine, MEMORY_BYTES - 24, 0),
                     MUSTER_ERROR_RSDP_ADDRESS);
    memcpy(firmware->memory + MEMORY_BYTES - 36, firmware->memory + RSDP_PHYS, 36);
    firmware->memory[MEMORY_BYTES - 36 + 20] = 40; /* its length: four bytes more */
    assert_int_equal(muster_discover(&firmware->machine, MEMORY_BYTES - 36, 0),
                     MUSTER_ERROR_RSDP_ADDRESS);
    assert_int_equal(firmware->machine.finding.offset, 36);
}

static void rsdp_of_revision_0_at_the_end_of_memory_is_read(void **state)
{
    struct firmware *firmware = *state;

    put_rsdp(firmware, RSDP_PHYS, 0, RSDT_PHYS, 0);
    memcpy(firmware->memory + MEMORY_BYTES - 20, firmware->memory + RSDP_PHYS, 20);
    assert_int_equal(muster_discover(&firmware->machine, MEMORY_BYTES - 20, 0), MUSTER_OK);
}

static void rsdp_with_a_wrong_signature_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->memory[RSDP_PHYS + 7] = '!';
    fix_rsdp(firmware, RSDP_PHYS);
    assert_refused(firmware, MUSTER_ERROR_RSDP_SIGNATURE, "RSDP", 7);
}

static void rsdp_with_a_wrong_checksum_is_refused(void **state)
{
    struct firmware *firmware = *state;
    uint8_t right = firmware->memory[RSDP_PHYS + 8];

    firmware->memory[RSDP_PHYS + 8]++;
    assert_refused(firmware, MUSTER_ERROR_RSDP_CHECKSUM, "RSDP", 8);
    assert_int_equal(firmware->machine.finding.wanted, right);
}

static void rsdp_with_a_wrong_extended_checksum_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->memory[RSDP_PHYS + 33]++;
    assert_refused(firmware, MUSTER_ERROR_RSDP_CHECKSUM, "RSDP", 32);
}

static void rsdp_whose_length_lies_is_refused(void **state)
{
    const uint32_t lengths[] = {0, 20, 35, 4097, UINT32_MAX};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        put(firmware, RSDP_PHYS + 20, lengths[i], 4);
        fix_rsdp(firmware, RSDP_PHYS);
        assert_refused(firmware, MUSTER_ERROR_RSDP_LENGTH, "RSDP", 20);
        assert_int_equal(firmware->machine.finding.found, lengths[i]);
    }
}

static void longer_rsdp_counts_with_all_its_bytes(void **state)
{
    struct firmware *firmware = *state;

    put(firmware, RSDP_PHYS + 20, 40, 4);
    firmware->memory[RSDP_PHYS + 39] = 0x55;
    fix_rsdp(firmware, RSDP_PHYS);
    assert_int_equal(discover(firmware), MUSTER_OK);
    firmware->memory[RSDP_PHYS + 39]++;
    assert_refused(firmware, MUSTER_ERROR_RSDP_CHECKSUM, "RSDP", 32);
}

/* ---- The scan for it ---- */

static uint64_t scan(struct firmware *firmware)
{
    uint64_t found = muster_rsdp_scan(&firmware->platform);

    forget_maps(firmware);
    return found;
}

static void rsdp_is_found_in_the_bios_area(void **state)
{
    struct firmware *firmware = *state;

    assert_true(scan(firmware) == RSDP_PHYS);
    memset(firmware->memory + RSDP_PHYS, 0, 64);
    assert_true(scan(firmware) == 0);
    put_rsdp(firmware, 0xE0000, 0, RSDT_PHYS, 0);
    assert_true(scan(firmware) == 0xE0000);
    memset(firmware->memory + 0xE0000, 0, 64);
    put_rsdp(firmware, 0xFFFE0, 0, RSDT_PHYS, 0);
    assert_true(scan(firmware) == 0xFFFE0);
}

static void rsdp_is_found_in_the_ebda_first(void **state)
{
    struct firmware *firmware = *state;

    put(firmware, 0x40E, 0x9FC0, 2);
    put_rsdp(firmware, 0x9FC30, 2, RSDT_PHYS, XSDT_PHYS);
    assert_true(scan(firmware) == 0x9FC30);
}

static void ebda_that_cannot_be_is_passed_over(void **state)
{
    const uint16_t segments[] = {0, 0x40, 0x9FFF, 0xA000, 0xFFFF};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        put(firmware, 0x40E, segments[i], 2);
        assert_true(scan(firmware) == RSDP_PHYS);
    }
}

static void broken_or_unaligned_rsdp_does_not_end_the_scan(void **state)
{
    struct firmware *firmware = *state;

    put_rsdp(firmware, 0xE0008, 0, RSDT_PHYS, 0);
    put_rsdp(firmware, 0xE0040, 0, RSDT_PHYS, 0);
    firmware->memory[0xE0048]++;
    assert_true(scan(firmware) == RSDP_PHYS);
}

static void *map_nothing(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    (void)phys;
    (void)bytes;
    return NULL;
}

static void scan_of_memory_that_cannot_be_mapped_finds_nothing(void **state)
{
    struct firmware *firmware = *state;

    firmware->platform.map = map_nothing;
    assert_true(scan(firmware) == 0);
}

/* ---- RSDT and XSDT ---- */

static void root_table_with_a_wrong_signature_is_refused(void **state)
{
    struct firmware *firmware = *state;

    put_rsdp(firmware, RSDP_PHYS, 2, RSDT_PHYS, RSDT_PHYS);
    assert_refused(firmware, MUSTER_ERROR_TABLE_SIGNATURE, "XSDT", 0);
    assert_int_equal(firmware->machine.finding.found, 0x54445352);
}

static void root_table_where_nothing_is_is_refused(void **state)
{
    const uint64_t addresses[] = {MEMORY_BYTES, MEMORY_BYTES - 35, UINT64_MAX, UINT64_MAX - 35,
                                  (1ull << 52) - 35};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        put_rsdp(firmware, RSDP_PHYS, 2, RSDT_PHYS, addresses[i]);
        assert_refused(firmware, MUSTER_ERROR_TABLE_ADDRESS, "XSDT", 0);
    }
}

static void root_table_whose_length_lies_is_refused(void **state)
{
    const uint32_t lengths[] = {0, 35, 53, 51, (16u << 20) + 4, UINT32_MAX};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        put(firmware, XSDT_PHYS + 4, lengths[i], 4);
        fix_table(firmware, XSDT_PHYS);
        assert_refused(firmware, MUSTER_ERROR_TABLE_LENGTH, "XSDT", 4);
        assert_int_equal(firmware->machine.finding.found, lengths[i]);
    }
}

static void root_table_longer_than_memory_is_refused(void **state)
{
    struct firmware *firmware = *state;

    put(firmware, XSDT_PHYS + 4, MEMORY_BYTES, 4);
    fix_table(firmware, XSDT_PHYS);
    assert_refused(firmware, MUSTER_ERROR_TABLE_ADDRESS, "XSDT", 4);
}

static void root_table_with_a_wrong_checksum_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->memory[XSDT_PHYS + 9]++;
    assert_refused(firmware, MUSTER_ERROR_TABLE_CHECKSUM, "XSDT", 9);
    put_rsdp(firmware, RSDP_PHYS, 0, RSDT_PHYS, 0);
    firmware->memory[RSDT_PHYS + 9]++;
    assert_refused(firmware, MUSTER_ERROR_TABLE_CHECKSUM, "RSDT", 9);
}

static void wrong_checksum_is_named_rather_than_what_it_spoiled(void **state)
{
    struct firmware *firmware = *state;

    firmware->memory[XSDT_PHYS + 36 + 7] = 0xFF;
    assert_refused(firmware, MUSTER_ERROR_TABLE_CHECKSUM, "XSDT", 9);
}

static void root_entry_where_nothing_is_is_refused(void **state)
{
    const uint64_t addresses[] = {MEMORY_BYTES, MEMORY_BYTES - 35, UINT64_MAX - 35, UINT64_MAX,
                                  1ull << 52};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const uint64_t entries[] = {MADT_PHYS, addresses[i]};

        put_root(firmware, XSDT_PHYS, 8, entries, 2);
        assert_refused(firmware, MUSTER_ERROR_TABLE_ADDRESS, "XSDT", 44);
        assert_int_equal(firmware->machine.finding.entry, 1);
        assert_true(firmware->machine.finding.found == addresses[i]);
    }
}

static void root_entry_that_points_into_root_or_rsdp_is_refused(void **state)
{
    const uint64_t addresses[] = {XSDT_PHYS, XSDT_PHYS + 40, XSDT_PHYS - 35, RSDP_PHYS + 8,
                                  RSDP_PHYS + 35};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const uint64_t entries[] = {addresses[i], MADT_PHYS};

        put_root(firmware, XSDT_PHYS, 8, entries, 2);
        assert_refused(firmware, MUSTER_ERROR_TABLE_OVERLAP, "XSDT", 36);
    }
}

static void root_table_over_the_rsdp_is_refused(void **state)
{
    const uint64_t entry = MADT_PHYS;
    struct firmware *firmware = *state;

    put_root(firmware, RSDP_PHYS - 40, 8, &entry, 1);
    put_rsdp(firmware, RSDP_PHYS, 2, RSDT_PHYS, RSDP_PHYS - 40);
    fix_table(firmware, RSDP_PHYS - 40);
    assert_refused(firmware, MUSTER_ERROR_TABLE_OVERLAP, "XSDT", 0);
}

static void empty_place_in_the_root_table_is_passed_over(void **state)
{
    const uint64_t entries[] = {0, OTHER_PHYS, 0, 0, MADT_PHYS, 0};
    struct firmware *firmware = *state;

    put_root(firmware, XSDT_PHYS, 8, entries, 6);
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

static void root_lists_all_tables_in_order(void **state)
{
    struct firmware *firmware = *state;
    struct muster_finding finding;
    struct acpi_root root;
    struct acpi_root_entry entry;

    assert_int_equal(acpi_root_open(&root, &firmware->platform, RSDP_PHYS, &finding), MUSTER_OK);
    assert_true(acpi_root_next(&root, &entry));
    assert_int_equal(entry.phys, OTHER_PHYS);
    assert_memory_equal(entry.signature, "FACP", 4);
    assert_true(acpi_root_next(&root, &entry));
    assert_int_equal(entry.phys, MADT_PHYS);
    assert_memory_equal(entry.signature, "APIC", 4);
    assert_false(acpi_root_next(&root, &entry));
    assert_int_equal(acpi_root_close(&root), MUSTER_OK);
}

static void empty_root_table_lists_nothing(void **state)
{
    struct firmware *firmware = *state;

    put_root(firmware, XSDT_PHYS, 8, NULL, 0);
    assert_refused(firmware, MUSTER_ERROR_MADT_MISSING, "XSDT", 0);
}

/* ---- Ranges ---- */

static void range_ends_within_52_bits_and_does_not_wrap(void **state)
{
    const uint64_t end = 1ull << 52;

    (void)state;
    assert_true(acpi_range_is_possible((struct acpi_range){1, end - 1}));
    assert_true(acpi_range_is_possible((struct acpi_range){end - 36, 36}));
    assert_false(acpi_range_is_possible((struct acpi_range){end - 36, 37}));
    assert_false(acpi_range_is_possible((struct acpi_range){end, 0}));
    assert_false(acpi_range_is_possible((struct acpi_range){4096, UINT64_MAX}));
    assert_false(acpi_range_is_possible((struct acpi_range){UINT64_MAX, 2}));
    assert_false(acpi_range_is_possible((struct acpi_range){0, 36}));
}

static void ranges_that_only_touch_do_not_overlap(void **state)
{
    const struct acpi_range range = {100, 10};

    (void)state;
    assert_false(acpi_ranges_overlap(range, (struct acpi_range){90, 10}));
    assert_false(acpi_ranges_overlap(range, (struct acpi_range){110, 10}));
    assert_true(acpi_ranges_overlap(range, (struct acpi_range){90, 11}));
    assert_true(acpi_ranges_overlap(range, (struct acpi_range){109, 10}));
    assert_true(acpi_ranges_overlap(range, (struct acpi_range){0, 1000}));
    assert_true(acpi_ranges_overlap(range, (struct acpi_range){104, 1}));
}

/* ---- Tables that change ---- */

/* Maps, in order: RSDP twenty bytes, thirty-six, whole; XSDT header, whole; ... */
enum { MAP_RSDP_EXTENSION = 1, MAP_XSDT_HEADER = 3, MAP_XSDT = 4 };

static void grow_xsdt(struct firmware *firmware, uint32_t number)
{
    if (number == MAP_XSDT) {
        put(firmware, XSDT_PHYS + 4, 4096, 4);
        fix_table(firmware, XSDT_PHYS);
    }
}

static void table_that_changes_its_length_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->before_map = grow_xsdt;
    assert_refused(firmware, MUSTER_ERROR_TABLE_CHANGED, "XSDT", 4);
    assert_int_equal(firmware->machine.finding.wanted, 52);
}

static void move_madt(struct firmware *firmware, uint32_t number)
{
    if (number == MAP_XSDT) {
        put(firmware, XSDT_PHYS + 44, OTHER_PHYS, 8);
    }
}

static void entry_that_changes_without_its_checksum_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->before_map = move_madt;
    assert_refused(firmware, MUSTER_ERROR_TABLE_CHECKSUM, "XSDT", 9);
}

static void grow_rsdp(struct firmware *firmware, uint32_t number)
{
    if (number == MAP_RSDP_EXTENSION) {
        put(firmware, RSDP_PHYS + 20, UINT32_MAX, 4);
    }
}

static void rsdp_that_changes_while_it_is_read_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->before_map = grow_rsdp;
    assert_refused(firmware, MUSTER_ERROR_RSDP_LENGTH, "RSDP", 20);
}

static void checksum_of_bytes_makes_them_add_up(void **state)
{
    uint8_t bytes[] = {1, 2, 0xFF, 0x80, 0};

    (void)state;
    assert_int_equal(acpi_checksum(bytes, 0), 0);
    assert_int_equal(acpi_checksum(bytes, sizeof(bytes)), 0x82);
    bytes[4] = (uint8_t)-acpi_checksum(bytes, sizeof(bytes));
    assert_int_equal(acpi_checksum(bytes, sizeof(bytes)), 0);
}

static void bytes_copied_by_words_are_all_there_and_add_up(void **state)
{
    uint8_t from[256 + 8], to[256 + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)(0xFF - i / 8); /* large ones: sums that outgrow a part are seen */
    for (size_t bytes = 0; bytes <= 256; bytes++) {
        const uint8_t *start = from + bytes % 8;
        memset(to, 0x5A, sizeof(to));
        assert_int_equal(copy_once(to, start, bytes), acpi_checksum(start, bytes));
        assert_memory_equal(to, start, bytes);
        assert_int_equal(to[bytes], 0x5A);
    }
    memset(from, 0xFF, sizeof(from));
    assert_int_equal(copy_once(to, from, 256), acpi_checksum(from, 256));
}

static void first_refusal_of_a_table_is_the_one_that_stays(void **state)
{
    struct muster_finding finding = {0};
    struct acpi_table table = {.phys = MADT_PHYS, .name = ACPI_SIGNATURE_MADT, .finding = &finding};

    (void)state;
    assert_int_equal(acpi_table_refuse(&table, MUSTER_ERROR_TABLE_LENGTH, 4, 1, 2),
                     MUSTER_ERROR_TABLE_LENGTH);
    assert_int_equal(acpi_table_refuse(&table, MUSTER_ERROR_TABLE_CHECKSUM, 9, 3, 4),
                     MUSTER_ERROR_TABLE_LENGTH);
    assert_int_equal(finding.offset, 4);
    assert_int_equal(finding.found, 1);
}

static void first_refusal_of_a_tree_is_the_one_that_stays(void **state)
{
    struct muster_finding finding = {0};
    struct fdt fdt = {.phys = MADT_PHYS, .finding = &finding};

    (void)state;
    assert_int_equal(fdt_refuse_at(&fdt, MUSTER_ERROR_FDT_SIZE, 1, 4, 5, 6), MUSTER_ERROR_FDT_SIZE);
    assert_int_equal(fdt_refuse_at(&fdt, MUSTER_ERROR_FDT_NAME, 2, 8, 7, 8), MUSTER_ERROR_FDT_SIZE);
    assert_int_equal(finding.offset, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(rsdp_of_revision_0_leads_through_the_rsdt),
        firmware_test(rsdp_of_revision_2_leads_through_the_xsdt),
        firmware_test(xsdt_of_zero_leads_through_the_rsdt),
        firmware_test(rsdp_that_names_no_table_is_refused),
        firmware_test(rsdp_where_nothing_is_is_refused),
        firmware_test(rsdp_that_only_half_exists_is_refused),
        firmware_test(rsdp_of_revision_0_at_the_end_of_memory_is_read),
        firmware_test(rsdp_with_a_wrong_signature_is_refused),
        firmware_test(rsdp_with_a_wrong_checksum_is_refused),
        firmware_test(rsdp_with_a_wrong_extended_checksum_is_refused),
        firmware_test(rsdp_whose_length_lies_is_refused),
        firmware_test(longer_rsdp_counts_with_all_its_bytes),
        firmware_test(rsdp_is_found_in_the_bios_area),
        firmware_test(rsdp_is_found_in_the_ebda_first),
        firmware_test(ebda_that_cannot_be_is_passed_over),
        firmware_test(broken_or_unaligned_rsdp_does_not_end_the_scan),
        firmware_test(scan_of_memory_that_cannot_be_mapped_finds_nothing),
        firmware_test(root_table_with_a_wrong_signature_is_refused),
        firmware_test(root_table_where_nothing_is_is_refused),
        firmware_test(root_table_whose_length_lies_is_refused),
        firmware_test(root_table_longer_than_memory_is_refused),
        firmware_test(root_table_with_a_wrong_checksum_is_refused),
        firmware_test(wrong_checksum_is_named_rather_than_what_it_spoiled),
        firmware_test(root_entry_where_nothing_is_is_refused),
        firmware_test(root_entry_that_points_into_root_or_rsdp_is_refused),
        firmware_test(root_table_over_the_rsdp_is_refused),
        firmware_test(empty_place_in_the_root_table_is_passed_over),
        firmware_test(root_lists_all_tables_in_order),
        firmware_test(empty_root_table_lists_nothing),
        cmocka_unit_test(range_ends_within_52_bits_and_does_not_wrap),
        cmocka_unit_test(ranges_that_only_touch_do_not_overlap),
        cmocka_unit_test(first_refusal_of_a_table_is_the_one_that_stays),
        cmocka_unit_test(first_refusal_of_a_tree_is_the_one_that_stays),
        firmware_test(table_that_changes_its_length_is_refused),
        firmware_test(entry_that_changes_without_its_checksum_is_refused),
        firmware_test(rsdp_that_changes_while_it_is_read_is_refused),
        cmocka_unit_test(checksum_of_bytes_makes_them_add_up),
        cmocka_unit_test(bytes_copied_by_words_are_all_there_and_add_up),
    };

    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
