/* What loaders by Linux's boot protocol leave, captured from three, and what is wrong with it. */
#include "tests/unit/boot_info.h"

#include "abi/linux_boot.h"

#define LINUX_SETUP 0x14790u
#define LINUX_GRUB  0x8A000u
#define LINUX_SHIM  0x7F98000u
#define PARAMS      (MADE_UP + 0x1000)
#define SETUP_DATA  (MADE_UP + 0x500)

static struct linux_boot_params *make_params(void)
{
    struct linux_boot_params *params = at(PARAMS);
    params->setup.header = LINUX_HEADER_MAGIC;
    params->setup.version = LINUX_PROTOCOL_64;
    params->setup.cmd_line_ptr = 0x400;
    params->ext_cmd_line_ptr = 1;
    params->acpi_rsdp_addr = 0x123456789A;
    params->e820_entries = 1;
    params->e820[0] = (struct e820_entry){0x100000, 0x100000, E820_USABLE};
    return params;
}

static void put_setup_data(uint64_t phys, uint64_t next_phys, uint32_t type, uint32_t len)
{
    const struct linux_setup_data data = {next_phys, type, len};
    memcpy(at(phys), &data, sizeof(data));
}

static enum muster_status read_params(uint64_t phys)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_linux(&platform, phys, &info, &map);
}

static enum muster_status read_linux(void)
{
    return read_params(PARAMS);
}

static void qemu_s_boot_params_are_read_at_linux_s_entry(void **state)
{
    (void)state;
    load("linux-setup");
    assert_int_equal(read_params(LINUX_SETUP), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0); /* SeaBIOS's, to be looked for */
    assert_int_equal(info.fdt_phys, 0);
    assert_string_equal(at(info.cmdline_phys), "hello linux");
    assert_q35(0x7FE0000);
}

static void grub_s_boot_params_are_read_at_linux_s_entry(void **state)
{
    (void)state;
    load("linux-grub");
    assert_int_equal(read_params(LINUX_GRUB), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0);
    assert_string_equal(at(info.cmdline_phys), "BOOT_IMAGE=/vmlinuz hello grub");
    assert_q35(0x7FDF000);
}

/* The only one of the three that tells of an RSDP, and has setup_data. */
static void shim_s_boot_params_are_read_at_linux_s_entry(void **state)
{
    const uint8_t magic[] = {0xD0, 0x0D, 0xFE, 0xED};
    (void)state;
    load("linux-shim");
    assert_int_equal(read_params(LINUX_SHIM), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0x7F99000);
    assert_memory_equal(at(info.fdt_phys), magic, sizeof(magic));
    assert_string_equal(at(info.cmdline_phys), "hello shim");
    assert_range(0x100000, 0x7E00000, MUSTER_MEMORY_USABLE);
}

static void linux_s_boot_params_and_setup_data_are_read(void **state)
{
    const struct e820_entry more = {0x400000, 0x1000, E820_NVS};
    (void)state;
    make_params()->setup.setup_data = SETUP_DATA;
    put_setup_data(SETUP_DATA, SETUP_DATA + 0x100, LINUX_SETUP_E820_EXT, sizeof(more));
    memcpy(at(SETUP_DATA + 16), &more, sizeof(more));
    put_setup_data(SETUP_DATA + 0x100, 0, LINUX_SETUP_DTB, 100);
    assert_int_equal(read_linux(), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0x123456789A);
    assert_int_equal(info.cmdline_phys, 0x100000400);
    assert_int_equal(info.fdt_phys, SETUP_DATA + 0x110);
    assert_range(0x100000, 0x200000, MUSTER_MEMORY_USABLE);
    assert_range(0x400000, 0x401000, MUSTER_MEMORY_NVS);
}

static void linux_s_boot_params_that_cannot_be_right_are_refused(void **state)
{
    struct linux_boot_params *params = make_params();
    (void)state;
    assert_int_equal(read_linux(), MUSTER_OK);
    params->setup.setup_data = SETUP_DATA;
    put_setup_data(SETUP_DATA, SETUP_DATA, 0, 0); /* a ring */
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    put_setup_data(SETUP_DATA, 0, LINUX_SETUP_E820_EXT, UINT32_MAX);
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    put_setup_data(SETUP_DATA, UINT64_MAX, 0, 0);
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    params->setup.setup_data = 0;
    params->e820_entries = LINUX_E820_ENTRIES + 1;
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    params->e820_entries = 0;
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    params->e820_entries = 1;
    params->setup.version--;
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
}

static void linux_s_map_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    make_params()->setup.setup_data = SETUP_DATA;
    /* The list goes on behind what cannot be read. */
    put_setup_data(SETUP_DATA, SETUP_DATA + 0x100, LINUX_SETUP_E820_EXT, UINT32_MAX);
    put_setup_data(SETUP_DATA + 0x100, 0, LINUX_SETUP_DTB, 100);
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    assert_int_equal(info.fdt_phys, 0);
    muster_memory_init(&map, ranges, 0);
    assert_int_equal(muster_boot_info_from_linux(&platform, PARAMS, &info, &map),
                     MUSTER_ERROR_MAP_FULL);
    make_params()->setup.header++;
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
}

static void what_lies_at_0_or_beyond_memory_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        assert_int_equal(muster_boot_info_from_linux(&platform, nowhere[i], &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
    }
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(qemu_s_boot_params_are_read_at_linux_s_entry),
        test(grub_s_boot_params_are_read_at_linux_s_entry),
        test(shim_s_boot_params_are_read_at_linux_s_entry),
        test(linux_s_boot_params_and_setup_data_are_read),
        test(linux_s_boot_params_that_cannot_be_right_are_refused),
        test(linux_s_map_that_does_not_fit_is_an_error),
        test(what_lies_at_0_or_beyond_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
