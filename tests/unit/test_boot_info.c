/* What boot loaders leave, captured from them, and what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <muster/boot_info.h>

#include "abi/efi.h"
#include "abi/linux_boot.h"
#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"

#define MEMORY_BYTES 0x40000u
#define PVH_START    0x21E0u
#define MULTIBOOT    0x9500u
#define MULTIBOOT2   0x20000u
#define PARAMS       0x30000u

static uint8_t memory[MEMORY_BYTES] __attribute__((aligned(16)));
static struct muster_memory_range ranges[64];
static struct muster_memory_map map;
static struct muster_boot_info info;

static void *map_memory(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys < MEMORY_BYTES && bytes <= MEMORY_BYTES - phys ? memory + phys : NULL;
}

static const struct muster_platform platform = {.map = map_memory};

static void load(const char *name, uint32_t phys)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    assert_true(fread(memory + phys, 1, MEMORY_BYTES - phys, file) > 0);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&info, 0xA5, sizeof(info));
    muster_memory_init(&map, ranges, 64);
    return 0;
}

static void assert_range(uint64_t start, uint64_t end, enum muster_memory_type type)
{
    const struct muster_memory_range *range = muster_memory_find(&map, start);
    assert_non_null(range);
    assert_int_equal(range->start_phys, start);
    assert_int_equal(range->end_phys, end);
    assert_int_equal(range->type, type);
}

/* 128 MiB of QEMU's q35; SeaBIOS, which GRUB asks, keeps a page more of it at its end. */
static void assert_q35(uint64_t usable_end)
{
    assert_int_equal(map.count, 9);
    assert_range(0, 0x9FC00, MUSTER_MEMORY_USABLE);
    assert_range(0x9FC00, 0xA0000, MUSTER_MEMORY_RESERVED);
    assert_range(0x100000, usable_end, MUSTER_MEMORY_USABLE);
    assert_range(usable_end, 0x8000000, MUSTER_MEMORY_RESERVED);
    assert_range(0xFD00000000, 0x10000000000, MUSTER_MEMORY_RESERVED);
}

/* ---- PVH ---- */

static void load_pvh(void)
{
    set_up(NULL);
    load("tests/unit/captured/pvh", 0x500);
}

static struct pvh_start_info *pvh_start(void)
{
    return (void *)(memory + PVH_START);
}

static enum muster_status read_pvh(void)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_pvh(&platform, PVH_START, &info, &map);
}

static void qemu_s_pvh_information_is_read(void **state)
{
    (void)state;
    load_pvh();
    assert_int_equal(read_pvh(), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0xF59E0);
    assert_int_equal(info.fdt_phys, 0);
    assert_string_equal(memory + info.cmdline_phys, "hello pvh");
    assert_q35(0x7FE0000);
}

static void device_tree_is_the_pvh_module_of_that_name(void **state)
{
    const struct pvh_module modules[] = {{0, 0, 0, 0}, {0x3000, 40, 0x400, 0}};
    (void)state;
    load_pvh();
    pvh_start()->modules_phys = 0x300;
    pvh_start()->module_count = 2;
    memcpy(memory + 0x300, modules, sizeof(modules));
    strcpy((char *)memory + 0x400, "devicetrees");
    assert_int_equal(read_pvh(), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0);
    strcpy((char *)memory + 0x400, "devicetree");
    assert_int_equal(read_pvh(), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0x3000);
}

static void pvh_information_that_cannot_be_right_is_refused(void **state)
{
    (void)state;
    for (unsigned wrong = 0; wrong < 6; wrong++) {
        load_pvh();
        struct pvh_start_info *start = pvh_start();
        if (wrong == 0)
            start->magic++;
        else if (wrong == 1)
            start->version = 0;
        else if (wrong == 2)
            start->memory_map_entries = 0;
        else if (wrong == 3)
            start->memory_map_entries = UINT32_MAX;
        else if (wrong == 4)
            start->memory_map_phys = UINT64_MAX - 8;
        else
            *start = (struct pvh_start_info){.magic = start->magic,
                                             .version = 1,
                                             .memory_map_phys = start->memory_map_phys,
                                             .memory_map_entries = 9,
                                             .modules_phys = 0x300,
                                             .module_count = 65};
        assert_int_equal(read_pvh(), MUSTER_ERROR_BOOT_INFO);
    }
}

/* ---- Multiboot 1 ---- */

static enum muster_status read_multiboot(void)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_multiboot(&platform, MULTIBOOT, &info, &map);
}

static void qemu_s_multiboot_1_information_is_read(void **state)
{
    (void)state;
    load("tests/unit/captured/multiboot1", 0x9000);
    assert_int_equal(read_multiboot(), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0);
    assert_int_equal(info.cmdline_phys, 0x62B000);
    assert_q35(0x7FE0000);
}

static void multiboot_1_without_a_map_that_can_be_read_is_refused(void **state)
{
    struct multiboot_info *left = (void *)(memory + MULTIBOOT);
    (void)state;
    load("tests/unit/captured/multiboot1", 0x9000);
    left->mmap = MEMORY_BYTES - 8;
    assert_int_equal(read_multiboot(), MUSTER_ERROR_BOOT_INFO);
    left->mmap = 0x9000;
    left->mmap_bytes -= 4;
    assert_int_equal(read_multiboot(), MUSTER_ERROR_MAP_MALFORMED);
    left->flags &= ~MULTIBOOT_INFO_MMAP;
    assert_int_equal(read_multiboot(), MUSTER_ERROR_BOOT_INFO);
}

/* ---- Multiboot 2 ---- */

static enum muster_status read_multiboot2(void)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_multiboot2(&platform, MULTIBOOT2, &info, &map);
}

/* A tag of @bytes behind what is there; gives where it lies. */
static uint8_t *add_tag(uint32_t type, const void *content, uint32_t bytes)
{
    struct multiboot2_information *head = (void *)(memory + MULTIBOOT2);
    if (head->bytes == 0)
        head->bytes = sizeof(*head);
    uint8_t *at = memory + MULTIBOOT2 + head->bytes;
    const struct multiboot2_tag tag = {type, bytes + (uint32_t)sizeof(tag)};
    memcpy(at, &tag, sizeof(tag));
    memcpy(at + sizeof(tag), content, bytes);
    head->bytes += (tag.bytes + 7) & ~7u;
    return at;
}

static void add_memory_tag(void)
{
    const struct {
        uint32_t entry_bytes, version;
        struct multiboot2_mmap_entry entries[2];
    } content = {24, 0, {{0, 0x9F000, 1, 0}, {0x100000, 0x100000, 1, 0}}};
    add_tag(MULTIBOOT2_TAG_MMAP, &content, sizeof(content));
}

static void grub_s_multiboot_2_information_is_read(void **state)
{
    (void)state;
    load("tests/unit/captured/multiboot2", MULTIBOOT2);
    assert_int_equal(read_multiboot2(), MUSTER_OK);
    assert_memory_equal(memory + info.rsdp_phys, "RSD PTR ", 8);
    assert_int_equal(info.fdt_phys, 0);
    assert_string_equal(memory + info.cmdline_phys, "wake=sipi");
    assert_q35(0x7FDF000);
}

static void multiboot_2_tags_are_read_and_the_newer_rsdp_counts(void **state)
{
    const uint8_t copy[36] = {0};
    (void)state;
    add_tag(MULTIBOOT2_TAG_CMDLINE, "two", 4);
    const uint8_t *newer = add_tag(MULTIBOOT2_TAG_RSDP_NEW, copy, 36);
    add_tag(MULTIBOOT2_TAG_RSDP_OLD, copy, 20);
    add_memory_tag();
    add_tag(MULTIBOOT2_TAG_END, copy, 0);
    assert_int_equal(read_multiboot2(), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, newer + 8 - memory);
    assert_string_equal(memory + info.cmdline_phys, "two");
    assert_int_equal(map.count, 2);
    assert_range(0x100000, 0x200000, MUSTER_MEMORY_USABLE);
}

static void uefi_s_map_only_makes_multiboot_2_s_more_careful(void **state)
{
    const struct {
        uint32_t entry_bytes, version;
        struct efi_memory_descriptor entries[2];
    } content = {40,
                 1,
                 {{.type = EFI_MEMORY_ACPI_NVS, .start_phys = 0x180000, .pages = 1},
                  {.type = EFI_MEMORY_CONVENTIONAL, .start_phys = 0x400000, .pages = 9}}};
    (void)state;
    add_memory_tag();
    uint8_t *tag = add_tag(MULTIBOOT2_TAG_EFI_MMAP, &content, sizeof(content));
    add_tag(MULTIBOOT2_TAG_END, &content, 0);
    assert_int_equal(read_multiboot2(), MUSTER_OK);
    assert_range(0x180000, 0x181000, MUSTER_MEMORY_NVS);
    assert_null(muster_memory_find(&map, 0x400000));
    tag[8] = 39;
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_MAP_MALFORMED);
    tag[8] = 44;
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_MAP_MALFORMED);
}

static void multiboot_2_information_that_cannot_be_right_is_refused(void **state)
{
    uint32_t *bytes = (void *)(memory + MULTIBOOT2);
    (void)state;
    add_memory_tag();
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_BOOT_INFO); /* no last tag */
    add_tag(MULTIBOOT2_TAG_END, bytes, 0);
    assert_int_equal(read_multiboot2(), MUSTER_OK);
    *bytes += MEMORY_BYTES;
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_BOOT_INFO);
    *bytes = 7;
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_BOOT_INFO);
    *bytes = 40; /* within the first tag */
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_BOOT_INFO);
    set_up(NULL);
    add_tag(MULTIBOOT2_TAG_END, bytes, 0);
    assert_int_equal(read_multiboot2(), MUSTER_ERROR_BOOT_INFO); /* no map */
    set_up(NULL);
    add_tag(MULTIBOOT2_TAG_EFI_BS, bytes, 0);
    assert_int_equal(read_multiboot2(), MUSTER_NOT_SUPPORTED);
}

/* ---- Linux ---- */

static struct linux_boot_params *make_params(void)
{
    struct linux_boot_params *params = (void *)(memory + PARAMS);
    params->setup.header = LINUX_HEADER_MAGIC;
    params->setup.version = LINUX_PROTOCOL_64;
    params->setup.cmd_line_ptr = 0x400;
    params->ext_cmd_line_ptr = 1;
    params->acpi_rsdp_addr = 0x123456789A;
    params->e820_entries = 1;
    params->e820[0] = (struct e820_entry){0x100000, 0x100000, E820_USABLE};
    return params;
}

static void put_setup_data(uint32_t phys, uint64_t next_phys, uint32_t type, uint32_t len)
{
    const struct linux_setup_data data = {next_phys, type, len};
    memcpy(memory + phys, &data, sizeof(data));
}

static enum muster_status read_linux(void)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_linux(&platform, PARAMS, &info, &map);
}

static void linux_s_boot_params_and_setup_data_are_read(void **state)
{
    const struct e820_entry more = {0x400000, 0x1000, E820_NVS};
    (void)state;
    make_params()->setup.setup_data = 0x500;
    put_setup_data(0x500, 0x600, LINUX_SETUP_E820_EXT, sizeof(more));
    memcpy(memory + 0x510, &more, sizeof(more));
    put_setup_data(0x600, 0, LINUX_SETUP_DTB, 100);
    assert_int_equal(read_linux(), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0x123456789A);
    assert_int_equal(info.cmdline_phys, 0x100000400);
    assert_int_equal(info.fdt_phys, 0x610);
    assert_range(0x100000, 0x200000, MUSTER_MEMORY_USABLE);
    assert_range(0x400000, 0x401000, MUSTER_MEMORY_NVS);
}

static void linux_s_boot_params_that_cannot_be_right_are_refused(void **state)
{
    struct linux_boot_params *params = make_params();
    (void)state;
    assert_int_equal(read_linux(), MUSTER_OK);
    params->setup.setup_data = 0x500;
    put_setup_data(0x500, 0x500, 0, 0); /* a ring */
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    put_setup_data(0x500, 0, LINUX_SETUP_E820_EXT, UINT32_MAX);
    assert_int_equal(read_linux(), MUSTER_ERROR_BOOT_INFO);
    put_setup_data(0x500, UINT64_MAX, 0, 0);
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

static void what_lies_at_0_or_beyond_memory_is_refused(void **state)
{
    static const uint64_t places[] = {0, MEMORY_BYTES - 4, UINT64_MAX - 3};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t at = places[i];
        assert_int_equal(muster_boot_info_from_pvh(&platform, at, &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
        assert_int_equal(muster_boot_info_from_multiboot(&platform, at, &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
        assert_int_equal(muster_boot_info_from_multiboot2(&platform, at, &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
        assert_int_equal(muster_boot_info_from_linux(&platform, at, &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(qemu_s_pvh_information_is_read, set_up),
        cmocka_unit_test_setup(device_tree_is_the_pvh_module_of_that_name, set_up),
        cmocka_unit_test_setup(pvh_information_that_cannot_be_right_is_refused, set_up),
        cmocka_unit_test_setup(qemu_s_multiboot_1_information_is_read, set_up),
        cmocka_unit_test_setup(multiboot_1_without_a_map_that_can_be_read_is_refused, set_up),
        cmocka_unit_test_setup(grub_s_multiboot_2_information_is_read, set_up),
        cmocka_unit_test_setup(multiboot_2_tags_are_read_and_the_newer_rsdp_counts, set_up),
        cmocka_unit_test_setup(uefi_s_map_only_makes_multiboot_2_s_more_careful, set_up),
        cmocka_unit_test_setup(multiboot_2_information_that_cannot_be_right_is_refused, set_up),
        cmocka_unit_test_setup(linux_s_boot_params_and_setup_data_are_read, set_up),
        cmocka_unit_test_setup(linux_s_boot_params_that_cannot_be_right_are_refused, set_up),
        cmocka_unit_test_setup(what_lies_at_0_or_beyond_memory_is_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
