/* What UEFI leaves, captured from OVMF, and what is wrong with it. */
#include "tests/unit/boot_info.h"

#include "abi/efi.h"

#define SYSTEM_TABLE 0x75EC018u
#define UEFI_TABLES  0x75ECC98u
#define UEFI_MAP     0x65C5060u
#define UEFI_BYTES   5856u
#define UEFI_ENTRY   48u

static const struct muster_uefi ovmf = {SYSTEM_TABLE, UEFI_MAP, UEFI_BYTES, UEFI_ENTRY};

static enum muster_status read_uefi(const struct muster_uefi *left)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_uefi(&platform, left, &info, &map);
}

/* 128 MiB of QEMU's q35 behind OVMF. */
static void ovmf_s_tables_and_map_are_read(void **state)
{
    (void)state;
    load("uefi");
    assert_int_equal(read_uefi(&ovmf), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0x777E014); /* ACPI 2.0's, not 1.0's at 0x777E000 */
    assert_int_equal(info.fdt_phys, 0);
    assert_int_equal(info.cmdline_phys, 0);
    assert_range(0, 0xA0000, MUSTER_MEMORY_USABLE);
    assert_range(0x100000, 0x800000, MUSTER_MEMORY_USABLE);
    assert_range(0x800000, 0x808000, MUSTER_MEMORY_NVS);
    assert_range(0x776D000, 0x777F000, MUSTER_MEMORY_ACPI);
    assert_range(0x777F000, 0x77FF000, MUSTER_MEMORY_NVS);
    assert_range(0xB0000000, 0xC0000000, MUSTER_MEMORY_RESERVED);
}

static struct efi_configuration_table *uefi_table(unsigned number)
{
    return (struct efi_configuration_table *)at(UEFI_TABLES) + number;
}

static void rsdp_and_tree_of_uefi_are_found_by_their_guids(void **state)
{
    const struct efi_guid acpi_10 = EFI_ACPI_10_TABLE_GUID, dtb = EFI_DTB_TABLE_GUID;
    (void)state;
    load("uefi");
    *uefi_table(0) = (struct efi_configuration_table){dtb, (void *)0x1234000};
    uefi_table(8)->guid.data1++; /* ACPI 2.0's is none any more */
    assert_int_equal(read_uefi(&ovmf), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0x1234000);
    assert_int_equal(info.rsdp_phys, 0x777E000);
    uefi_table(8)->guid.data1--;
    uefi_table(10)->guid = acpi_10; /* also behind it */
    assert_int_equal(read_uefi(&ovmf), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0x777E014);
}

static void uefi_s_memory_of_other_use_is_not_usable(void **state)
{
    const struct efi_memory_descriptor entries[] = {
        {.type = EFI_MEMORY_CONVENTIONAL, .start_phys = 0x100000, .pages = 1},
        {EFI_MEMORY_CONVENTIONAL, 0, 0x200000, 0, 1, EFI_MEMORY_SPECIFIC_PURPOSE},
        {.type = 15 /* unaccepted */, .start_phys = 0x300000, .pages = 1},
        {.type = EFI_MEMORY_UNUSABLE, .start_phys = 0x400000, .pages = 1},
        {.type = EFI_MEMORY_LOADER_DATA, .start_phys = 0x500000, .pages = 1}};
    const struct muster_uefi left = {SYSTEM_TABLE, MADE_UP + 4, sizeof(entries), 40};
    (void)state;
    load("uefi");
    memcpy(at(left.map_phys), entries, sizeof(entries));
    assert_int_equal(read_uefi(&left), MUSTER_OK);
    assert_range(0x100000, 0x101000, MUSTER_MEMORY_USABLE);
    assert_range(0x200000, 0x201000, MUSTER_MEMORY_RESERVED);
    assert_range(0x300000, 0x301000, MUSTER_MEMORY_RESERVED);
    assert_range(0x400000, 0x401000, MUSTER_MEMORY_UNUSABLE);
    assert_range(0x500000, 0x501000, MUSTER_MEMORY_USABLE);
}

static void uefi_s_map_that_cannot_be_right_is_refused(void **state)
{
    struct muster_uefi left = ovmf;
    (void)state;
    load("uefi");
    left.map_bytes = 0;
    assert_int_equal(read_uefi(&left), MUSTER_ERROR_BOOT_INFO);
    left.map_bytes = UEFI_BYTES + 1;
    assert_int_equal(read_uefi(&left), MUSTER_ERROR_BOOT_INFO);
    left.map_bytes = UEFI_BYTES - 1;
    assert_int_equal(read_uefi(&left), MUSTER_ERROR_MAP_MALFORMED);
    left = ovmf;
    left.entry_bytes = 39;
    assert_int_equal(read_uefi(&left), MUSTER_ERROR_MAP_MALFORMED);
    ((struct efi_memory_descriptor *)at(UEFI_MAP))->pages = UINT64_MAX;
    assert_int_equal(read_uefi(&ovmf), MUSTER_ERROR_RANGE_INVALID);
}

static void uefi_s_system_table_that_cannot_be_right_is_refused(void **state)
{
    (void)state;
    load("uefi");
    struct efi_system_table *system = at(SYSTEM_TABLE);
    system->table_count = 12; /* the last one is not there */
    assert_int_equal(read_uefi(&ovmf), MUSTER_ERROR_BOOT_INFO);
    system->table_count = 257;
    assert_int_equal(read_uefi(&ovmf), MUSTER_ERROR_BOOT_INFO);
    system->table_count = 11;
    system->tables = (void *)(UINT64_MAX - 16);
    assert_int_equal(read_uefi(&ovmf), MUSTER_ERROR_BOOT_INFO);
    system->header.signature++;
    assert_int_equal(read_uefi(&ovmf), MUSTER_ERROR_BOOT_INFO);
}

static void what_lies_at_0_or_beyond_memory_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        const struct muster_uefi left = {nowhere[i], UEFI_MAP, UEFI_BYTES, UEFI_ENTRY};
        assert_int_equal(read_uefi(&left), MUSTER_ERROR_BOOT_INFO);
    }
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(ovmf_s_tables_and_map_are_read),
        test(rsdp_and_tree_of_uefi_are_found_by_their_guids),
        test(uefi_s_memory_of_other_use_is_not_usable),
        test(uefi_s_map_that_cannot_be_right_is_refused),
        test(uefi_s_system_table_that_cannot_be_right_is_refused),
        test(what_lies_at_0_or_beyond_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
