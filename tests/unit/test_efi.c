/* The kernel as an EFI program: what UEFI says, as Multiboot 2 hands it to the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <muster/boot_info.h>

#include "abi/acpi.h"
#include "abi/modules_file.h"
#include "abi/multiboot2.h"
#include "boot/efi/information.h"
#include "boot/multiboot2.h"

#define OPTIONS_UNITS 128

/* A firmware of this test's own. */
static struct {
    struct efi efi;
    struct efi_system_table system;
    struct efi_boot_services boot;
    struct efi_loaded_image loaded;
    struct efi_load_file file;
    struct efi_configuration_table table;
    uint16_t options[OPTIONS_UNITS];
    struct acpi_rsdp rsdp;
    const void *initrd;
    uint64_t initrd_bytes;
} world;

/* Below 4 GiB, as the kernel's information names it by 32 bits. */
uint64_t efi_allocate(struct efi *efi, uint64_t bytes)
{
    void *place =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    (void)efi;
    assert_true(place != MAP_FAILED);
    return (uint64_t)place;
}

static efi_status EFI_CALL handle_protocol(efi_handle handle, const struct efi_guid *protocol,
                                           void **interface)
{
    const struct efi_guid loaded = EFI_LOADED_IMAGE_GUID;
    bool is_loaded = memcmp(protocol, &loaded, sizeof(loaded)) == 0;
    (void)handle;
    *interface = is_loaded ? (void *)&world.loaded : (void *)&world.file;
    return EFI_SUCCESS;
}

static efi_status EFI_CALL locate_device_path(const struct efi_guid *protocol, void **path,
                                              efi_handle *handle)
{
    (void)protocol;
    (void)path;
    *handle = &world;
    return world.initrd ? EFI_SUCCESS : EFI_ERROR;
}

static efi_status EFI_CALL load_file(struct efi_load_file *self, void *path, bool boot_policy,
                                     uint64_t *bytes, void *buffer)
{
    bool enough = buffer && *bytes >= world.initrd_bytes;
    (void)self;
    (void)path;
    (void)boot_policy;
    *bytes = world.initrd_bytes;
    if (enough)
        memcpy(buffer, world.initrd, world.initrd_bytes);
    return enough ? EFI_SUCCESS : EFI_BUFFER_TOO_SMALL;
}

static void set_options(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i <= length; i++)
        world.options[i] = (uint8_t)text[i];
    world.loaded.options_bytes = (uint32_t)((length + 1) * sizeof(uint16_t));
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.efi = (struct efi){&world, &world.system, &world.boot};
    world.boot.handle_protocol = handle_protocol;
    world.boot.locate_device_path = locate_device_path;
    world.loaded.options = world.options;
    world.file.load_file = load_file;
    world.table = (struct efi_configuration_table){EFI_ACPI_20_TABLE_GUID, &world.rsdp};
    world.system.header.signature = EFI_SYSTEM_TABLE_SIGNATURE;
    world.system.tables = &world.table;
    world.system.table_count = 1;
    return 0;
}

static struct efi_memory_descriptor entries[] = {
    {.type = EFI_MEMORY_CONVENTIONAL, .start_phys = 0x1000, .pages = 0x9F},
    {.type = EFI_MEMORY_BOOT_DATA, .start_phys = 0x800000, .pages = 6},
    {.type = EFI_MEMORY_ACPI_NVS, .start_phys = 0x806000, .pages = 1},
    {.type = 15 /* unaccepted */, .start_phys = 0x900000, .pages = 1},
};

static void *map_all(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    (void)bytes;
    return (void *)phys;
}

static const struct muster_platform platform = {.map = map_all};

/* All that happens between UEFI's call and the kernel's entry, read as the kernel reads it. */
static void hand_over(struct multiboot2 *multiboot2)
{
    struct information information;
    struct efi_map map = {.entries = (uint8_t *)entries,
                          .room = sizeof(entries),
                          .bytes = sizeof(entries),
                          .entry_bytes = sizeof(entries[0]),
                          .version = 1};
    information_begin(&world.efi, &information, &map);
    information_end(&information, &map);
    assert_null(multiboot2_read(multiboot2, &platform, information.start));
}

static void words_come_without_the_one_of_ovmfs_own(void **state)
{
    static const char *const given[] = {"wake=mailbox", "wake=mailbox initrd=initrd",
                                        "initrd=initrd wake=mailbox"};
    struct multiboot2 multiboot2;
    (void)state;
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        set_options(given[i]);
        hand_over(&multiboot2);
        assert_string_equal(multiboot2.cmdline, "wake=mailbox");
        assert_int_equal(multiboot2.module_count, 0);
    }
}

static void words_that_only_look_like_it_stay(void **state)
{
    struct multiboot2 multiboot2;
    (void)state;
    set_options("initrd=initrdx xinitrd=initrd");
    hand_over(&multiboot2);
    assert_string_equal(multiboot2.cmdline, "initrd=initrdx xinitrd=initrd");
}

static void memory_and_rsdp_are_handed_on(void **state)
{
    struct muster_memory_range ranges[32];
    struct muster_memory_map map;
    struct muster_boot_info info;
    struct multiboot2 multiboot2;
    (void)state;
    world.rsdp.revision = 2;
    hand_over(&multiboot2);
    muster_memory_init(&map, ranges, 32);
    assert_int_equal(muster_boot_info_from_multiboot2(&platform, multiboot2.info_phys, &info, &map),
                     MUSTER_OK);
    assert_memory_equal((void *)info.rsdp_phys, &world.rsdp, sizeof(world.rsdp));
    assert_int_equal(((uint32_t *)info.rsdp_phys)[-2], MULTIBOOT2_TAG_RSDP_NEW);
    assert_int_equal(muster_memory_find(&map, 0x2000)->type, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_find(&map, 0x800000)->type, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_find(&map, 0x806000)->type, MUSTER_MEMORY_NVS);
    assert_int_equal(muster_memory_find(&map, 0x900000)->type, MUSTER_MEMORY_RESERVED);
}

/* ACPI 1.0's, which is shorter, in a tag of its own. */
static void old_rsdp_is_handed_on_as_one(void **state)
{
    struct muster_memory_range ranges[32];
    struct muster_memory_map map;
    struct muster_boot_info info;
    struct multiboot2 multiboot2;
    (void)state;
    world.table.guid = (struct efi_guid)EFI_ACPI_10_TABLE_GUID;
    hand_over(&multiboot2);
    muster_memory_init(&map, ranges, 32);
    assert_int_equal(muster_boot_info_from_multiboot2(&platform, multiboot2.info_phys, &info, &map),
                     MUSTER_OK);
    assert_memory_equal((void *)info.rsdp_phys, &world.rsdp, ACPI_RSDP_V0_BYTES);
    assert_int_equal(((uint32_t *)info.rsdp_phys)[-2], MULTIBOOT2_TAG_RSDP_OLD);
}

static void initrd_that_is_no_file_of_modules_is_one(void **state)
{
    static const uint8_t initrd[5000] = {1};
    struct multiboot2 multiboot2;
    (void)state;
    world.initrd = initrd;
    world.initrd_bytes = sizeof(initrd);
    hand_over(&multiboot2);
    assert_int_equal(multiboot2.module_count, 1);
    assert_int_equal(multiboot2.modules[0].end_phys - multiboot2.modules[0].start_phys, 5000);
    assert_string_equal(multiboot2.modules[0].cmdline, "");
}

/* Two modules, the words of the first in the last page. */
static struct {
    struct modules_file head;
    uint8_t first[8];
    uint8_t second[4];
    char words[12];
    char end;
} file;

static void make_file(void)
{
    memset(&file, 0, sizeof(file));
    file.head.magic = MODULES_FILE_MAGIC;
    file.head.count = 2;
    file.head.entries[0] = (struct modules_file_entry){sizeof(file.head), sizeof(file.first),
                                                       offsetof(typeof(file), words)};
    file.head.entries[1] = (struct modules_file_entry){
        offsetof(typeof(file), second), sizeof(file.second), offsetof(typeof(file), end)};
    memset(file.first, 0x11, sizeof(file.first));
    memset(file.second, 0x22, sizeof(file.second));
    strcpy(file.words, "root=/dev");
    world.initrd = &file;
    world.initrd_bytes = sizeof(file);
}

static void file_of_modules_is_taken_apart(void **state)
{
    struct multiboot2 multiboot2;
    (void)state;
    make_file();
    hand_over(&multiboot2);
    assert_int_equal(multiboot2.module_count, 2);
    assert_string_equal(multiboot2.modules[0].cmdline, "root=/dev");
    assert_memory_equal((void *)(uintptr_t)multiboot2.modules[0].start_phys, file.first, 8);
    assert_string_equal(multiboot2.modules[1].cmdline, "");
    assert_memory_equal((void *)(uintptr_t)multiboot2.modules[1].start_phys, file.second, 4);
}

static void expect_one_module(void)
{
    struct multiboot2 multiboot2;
    hand_over(&multiboot2);
    assert_int_equal(multiboot2.module_count, 1);
    assert_int_equal(multiboot2.modules[0].end_phys - multiboot2.modules[0].start_phys,
                     sizeof(file));
}

static void file_of_modules_that_lies_is_not_taken_apart(void **state)
{
    (void)state;
    make_file();
    file.head.count = MODULES_FILE_MOST + 1;
    expect_one_module();
    make_file();
    file.head.entries[1].bytes = sizeof(file);
    expect_one_module();
    make_file();
    file.head.entries[1].offset = UINT64_MAX;
    expect_one_module();
    make_file();
    file.head.entries[0].words_offset = sizeof(file);
    expect_one_module();
    make_file();
    ((uint8_t *)&file)[sizeof(file) - 1] = 1; /* a text may run on from there */
    expect_one_module();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(words_come_without_the_one_of_ovmfs_own, set_up),
        cmocka_unit_test_setup(words_that_only_look_like_it_stay, set_up),
        cmocka_unit_test_setup(memory_and_rsdp_are_handed_on, set_up),
        cmocka_unit_test_setup(old_rsdp_is_handed_on_as_one, set_up),
        cmocka_unit_test_setup(initrd_that_is_no_file_of_modules_is_one, set_up),
        cmocka_unit_test_setup(file_of_modules_is_taken_apart, set_up),
        cmocka_unit_test_setup(file_of_modules_that_lies_is_not_taken_apart, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
