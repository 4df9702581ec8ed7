/* What the shim takes from a Multiboot 1 loader, which may have written anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/e820.h"
#include "abi/multiboot.h"
#include "shim/source.h"

#define ARENA       0x10000000u
#define ARENA_BYTES 0x10000u
#define MMAP_AT     0x100u
#define MODULES_AT  0x200u
#define TEXTS_AT    0x300u
#define RANGES      32
#define END_OF_4GIB 0xFFFFFFF8u

static struct boot_source source;
static struct muster_memory_range ranges[RANGES];
static struct muster_memory_map map;

static void *at(uint32_t offset)
{
    return (void *)(uintptr_t)(ARENA + offset);
}

static struct multiboot_info *info(void)
{
    return at(0);
}

static uint32_t put_text(uint32_t offset, const char *text)
{
    strcpy(at(offset), text);
    return ARENA + offset;
}

static void put_modules(uint32_t offset)
{
    const struct multiboot_module modules[] = {
        {0x200000, 0x300000, put_text(TEXTS_AT, "/boot/vmlinuz console=ttyS0  quiet"), 0},
        {0x300000, 0x310000, put_text(TEXTS_AT + 0x100, "initrd"), 0},
        {0x400000, 0x400100, 0, 0}};
    memcpy(at(offset), modules, sizeof(modules));
    info()->modules = ARENA + offset;
    info()->module_count = 3;
}

/* Of a machine's first 4 GiB the arena alone. */
static void *map_arena(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys >= ARENA && phys - ARENA <= ARENA_BYTES && bytes <= ARENA_BYTES - (phys - ARENA)
               ? (void *)phys
               : NULL;
}

static const struct muster_platform platform = {.map = map_arena};

/* A loader that brings a map, its own words, and three modules. */
static int set_up(void **state)
{
    const struct multiboot_mmap_entry entry = {sizeof(entry) - sizeof(entry.size), 0x100000,
                                               0x7F00000, E820_USABLE};
    (void)state;
    void *got = mmap((void *)(uintptr_t)ARENA, ARENA_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(got, (void *)(uintptr_t)ARENA);
    muster_memory_init(&map, ranges, RANGES);
    memset(&source, 0, sizeof(source));
    source.platform = &platform;
    source.map = &map;
    memcpy(at(MMAP_AT), &entry, sizeof(entry));
    *info() = (struct multiboot_info){
        .flags = MULTIBOOT_INFO_CMDLINE | MULTIBOOT_INFO_MODULES | MULTIBOOT_INFO_MMAP,
        .mmap = ARENA + MMAP_AT,
        .mmap_bytes = sizeof(entry),
        .cmdline = put_text(TEXTS_AT + 0x200, "shim.elf levels=5"),
    };
    put_modules(MODULES_AT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap((void *)(uintptr_t)ARENA, ARENA_BYTES);
}

static const char *take(void)
{
    return boot_source_from_multiboot(&source, ARENA, MULTIBOOT_LOADER_MAGIC);
}

static void modules_are_taken_with_their_words(void **state)
{
    (void)state;
    assert_null(take());
    assert_int_equal(source.kernel.phys, 0x200000);
    assert_int_equal(source.kernel.bytes, 0x100000);
    assert_int_equal(source.initrd.phys, 0x300000);
    assert_int_equal(source.further.bytes, 0x100);
    assert_string_equal(source.options, "levels=5");
    assert_string_equal(source.cmdline, "console=ttyS0  quiet");
    assert_string_equal(source.initrd_words, "");
    assert_int_equal(muster_memory_find(&map, 0x400000)->owner, MUSTER_OWNER_BOOT);
}

/* Found by the fuzzer: the list's entries were read in place, on the border that they need. */
static void list_of_modules_on_no_border_is_read(void **state)
{
    (void)state;
    put_modules(MODULES_AT + 1);
    assert_null(take());
    assert_int_equal(source.initrd.phys, 0x300000);
}

/* Behind 4 GiB nothing is mapped, and a fault there would end the machine without a word. */
static void what_does_not_end_below_4_gib_is_refused(void **state)
{
    (void)state;
    info()->modules = END_OF_4GIB;
    assert_string_equal(take(), "the list of Multiboot modules does not end below 4 GiB");
    put_modules(MODULES_AT);
    info()->mmap = END_OF_4GIB;
    info()->mmap_bytes = 0x1000;
    assert_string_equal(take(), muster_error_text(MUSTER_ERROR_BOOT_INFO));
    assert_string_equal(boot_source_from_multiboot(&source, END_OF_4GIB, MULTIBOOT_LOADER_MAGIC),
                        muster_error_text(MUSTER_ERROR_BOOT_INFO));
}

static void command_line_without_an_end_is_refused(void **state)
{
    (void)state;
    memset(at(TEXTS_AT), 'x', BOOT_SOURCE_CMDLINE_BYTES);
    assert_string_equal(take(),
                        "a command line is longer than 4095 bytes, or does not end below 4 GiB");
}

static void loader_without_what_is_needed_is_refused(void **state)
{
    (void)state;
    assert_string_equal(boot_source_from_multiboot(&source, ARENA, 0),
                        "the loader followed neither Multiboot 1 nor Multiboot 2");
    info()->module_count = 4;
    assert_string_equal(take(), "more than three Multiboot modules: a kernel, an initrd and one "
                                "more are wanted");
    info()->module_count = 0;
    assert_string_equal(take(),
                        "no kernel was given: the first Multiboot module is the kernel to boot");
    info()->mmap_bytes--;
    assert_string_equal(take(), muster_error_text(MUSTER_ERROR_MAP_MALFORMED));
    info()->flags &= ~MULTIBOOT_INFO_MMAP;
    assert_string_equal(take(), muster_error_text(MUSTER_ERROR_BOOT_INFO));
}

static void modules_that_cannot_be_are_refused(void **state)
{
    struct multiboot_module *modules = at(MODULES_AT);
    (void)state;
    modules[1].end = modules[1].start;
    assert_string_equal(take(), "a module is empty");
    muster_memory_init(&map, ranges, 1);
    assert_string_equal(take(), "the memory map has too many ranges");
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(modules_are_taken_with_their_words),
        test(list_of_modules_on_no_border_is_read),
        test(what_does_not_end_below_4_gib_is_refused),
        test(command_line_without_an_end_is_refused),
        test(loader_without_what_is_needed_is_refused),
        test(modules_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
