/* What loaders by PVH and by Multiboot leave, captured from them, and what is wrong with it. */
#include "tests/unit/boot_info.h"

#include "abi/efi.h"
#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"

#define PVH_START  0x21E0u
#define MULTIBOOT  0x9500u
#define MULTIBOOT2 0x106D98u
#define MODULES    (MADE_UP + 0x300)

/* ---- PVH ---- */

static void load_pvh(void)
{
    set_up(NULL);
    load("pvh");
}

static struct pvh_start_info *pvh_start(void)
{
    return at(PVH_START);
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
    assert_string_equal(at(info.cmdline_phys), "hello pvh");
    assert_q35(0x7FE0000);
}

static void device_tree_is_the_pvh_module_of_that_name(void **state)
{
    const struct pvh_module modules[] = {{0, 0, 0, 0}, {0x3000, 40, MADE_UP, 0}};
    (void)state;
    load_pvh();
    pvh_start()->modules_phys = MODULES;
    pvh_start()->module_count = 2;
    memcpy(at(MODULES), modules, sizeof(modules));
    strcpy(at(MADE_UP), "devicetrees");
    assert_int_equal(read_pvh(), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0);
    strcpy(at(MADE_UP), "devicetree");
    assert_int_equal(read_pvh(), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0x3000);
}

static void pvh_module_without_words_is_no_device_tree(void **state)
{
    const struct pvh_module modules[] = {{0x3000, 40, 0, 0},
                                         {0x3000, 40, MADE_UP + MADE_UP_BYTES - 4, 0}};
    (void)state;
    load_pvh();
    pvh_start()->modules_phys = MODULES;
    pvh_start()->module_count = 2;
    memcpy(at(MODULES), modules, sizeof(modules));
    assert_int_equal(read_pvh(), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0);
    pvh_start()->modules_phys = MADE_UP + MADE_UP_BYTES - sizeof(modules[0]);
    assert_int_equal(read_pvh(), MUSTER_ERROR_BOOT_INFO); /* the second one lies nowhere */
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
                                             .modules_phys = MODULES,
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
    load("multiboot1");
    assert_int_equal(read_multiboot(), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0);
    assert_int_equal(info.cmdline_phys, 0x62B000);
    assert_q35(0x7FE0000);
}

static void multiboot_1_need_not_have_a_command_line(void **state)
{
    (void)state;
    load("multiboot1");
    ((struct multiboot_info *)at(MULTIBOOT))->flags &= ~MULTIBOOT_INFO_CMDLINE;
    assert_int_equal(read_multiboot(), MUSTER_OK);
    assert_int_equal(info.cmdline_phys, 0);
}

static void multiboot_1_without_a_map_that_can_be_read_is_refused(void **state)
{
    (void)state;
    load("multiboot1");
    struct multiboot_info *left = at(MULTIBOOT);
    left->mmap = MADE_UP + MADE_UP_BYTES - 8;
    assert_int_equal(read_multiboot(), MUSTER_ERROR_BOOT_INFO);
    left->mmap = 0x9000;
    left->mmap_bytes -= 4;
    assert_int_equal(read_multiboot(), MUSTER_ERROR_MAP_MALFORMED);
    left->flags &= ~MULTIBOOT_INFO_MMAP;
    assert_int_equal(read_multiboot(), MUSTER_ERROR_BOOT_INFO);
}

/* ---- Multiboot 2 ---- */

static enum muster_status read_multiboot2(uint64_t phys)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_multiboot2(&platform, phys, &info, &map);
}

/* A tag of @bytes behind what is there; gives where it lies. */
static uint8_t *add_tag(uint32_t type, const void *content, uint32_t bytes)
{
    struct multiboot2_information *head = at(MADE_UP);
    if (head->bytes == 0)
        head->bytes = sizeof(*head);
    uint8_t *place = at(MADE_UP + head->bytes);
    const struct multiboot2_tag tag = {type, bytes + (uint32_t)sizeof(tag)};
    memcpy(place, &tag, sizeof(tag));
    memcpy(place + sizeof(tag), content, bytes);
    head->bytes += (tag.bytes + 7) & ~7u;
    return place;
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
    load("multiboot2");
    assert_int_equal(read_multiboot2(MULTIBOOT2), MUSTER_OK);
    assert_memory_equal(at(info.rsdp_phys), "RSD PTR ", 8);
    assert_int_equal(info.fdt_phys, 0);
    assert_string_equal(at(info.cmdline_phys), "wake=sipi");
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
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, MADE_UP + (uint64_t)(newer + 8 - (uint8_t *)at(MADE_UP)));
    assert_string_equal(at(info.cmdline_phys), "two");
    assert_int_equal(map.count, 2);
    assert_range(0x100000, 0x200000, MUSTER_MEMORY_USABLE);
}

static void device_tree_is_the_multiboot_2_module_of_that_name(void **state)
{
    struct {
        uint32_t start_phys, end_phys;
        char words[12];
    } module = {0x3000, 0x3028, "devicetree"};
    (void)state;
    add_memory_tag();
    add_tag(MULTIBOOT2_TAG_MODULE, &module, 8 + sizeof("devicetree"));
    uint8_t *other = add_tag(MULTIBOOT2_TAG_MODULE, &module, 8);
    add_tag(MULTIBOOT2_TAG_END, &module, 0);
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0x3000);
    other[-6] = 's'; /* "devicetrees", which does not even end */
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_OK);
    assert_int_equal(info.fdt_phys, 0);
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
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_OK);
    assert_range(0x180000, 0x181000, MUSTER_MEMORY_NVS);
    assert_null(muster_memory_find(&map, 0x400000));
    tag[8] = 39;
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_MAP_MALFORMED);
    tag[8] = 44;
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_MAP_MALFORMED);
}

static void multiboot_2_information_that_cannot_be_right_is_refused(void **state)
{
    uint32_t *bytes = at(MADE_UP);
    (void)state;
    add_memory_tag();
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO); /* no last tag */
    add_tag(MULTIBOOT2_TAG_END, bytes, 0);
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_OK);
    *bytes += MADE_UP_BYTES;
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO);
    *bytes = 7;
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO);
    *bytes = 40; /* within the first tag */
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO);
    set_up(NULL);
    add_tag(MULTIBOOT2_TAG_END, bytes, 0);
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO); /* no map */
    set_up(NULL);
    add_tag(MULTIBOOT2_TAG_EFI_BS, bytes, 0);
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_NOT_SUPPORTED);
}

/* Read with only this tag and a last one. */
static enum muster_status read_tag(uint32_t type, uint32_t bytes)
{
    const uint8_t content[64] = {0};
    set_up(NULL);
    add_tag(type, content, bytes);
    add_tag(MULTIBOOT2_TAG_END, content, 0);
    return read_multiboot2(MADE_UP);
}

static void multiboot_2_tags_shorter_than_what_they_are_to_hold_are_refused(void **state)
{
    (void)state;
    assert_int_equal(read_tag(MULTIBOOT2_TAG_RSDP_OLD, 19), MUSTER_ERROR_BOOT_INFO);
    assert_int_equal(read_tag(MULTIBOOT2_TAG_RSDP_NEW, 35), MUSTER_ERROR_BOOT_INFO);
    assert_int_equal(read_tag(MULTIBOOT2_TAG_EFI_MMAP, 4), MUSTER_ERROR_MAP_MALFORMED);
    assert_int_equal(read_tag(MULTIBOOT2_TAG_CMDLINE, 0), MUSTER_ERROR_BOOT_INFO); /* no map */
    *(uint32_t *)at(MADE_UP + 12) = 7; /* the tag's own size: less than its head */
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO);
    *(uint32_t *)at(MADE_UP) = 0x400001; /* of all of it */
    assert_int_equal(read_multiboot2(MADE_UP), MUSTER_ERROR_BOOT_INFO);
}

/* ---- All of them ---- */

static void what_lies_at_0_or_beyond_memory_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        assert_int_equal(muster_boot_info_from_pvh(&platform, nowhere[i], &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
        assert_int_equal(muster_boot_info_from_multiboot(&platform, nowhere[i], &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
        assert_int_equal(muster_boot_info_from_multiboot2(&platform, nowhere[i], &info, &map),
                         MUSTER_ERROR_BOOT_INFO);
    }
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(qemu_s_pvh_information_is_read),
        test(device_tree_is_the_pvh_module_of_that_name),
        test(pvh_module_without_words_is_no_device_tree),
        test(pvh_information_that_cannot_be_right_is_refused),
        test(qemu_s_multiboot_1_information_is_read),
        test(multiboot_1_need_not_have_a_command_line),
        test(multiboot_1_without_a_map_that_can_be_read_is_refused),
        test(grub_s_multiboot_2_information_is_read),
        test(multiboot_2_tags_are_read_and_the_newer_rsdp_counts),
        test(device_tree_is_the_multiboot_2_module_of_that_name),
        test(uefi_s_map_only_makes_multiboot_2_s_more_careful),
        test(multiboot_2_information_that_cannot_be_right_is_refused),
        test(multiboot_2_tags_shorter_than_what_they_are_to_hold_are_refused),
        test(what_lies_at_0_or_beyond_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
