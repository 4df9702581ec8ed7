/* What the kernel takes from a PVH loader, which may have written anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/e820.h"
#include "abi/pvh.h"
#include "boot/image.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/loader.h"
#include "kernel/memory.h"

#define ARENA       0x10000000u
#define ARENA_BYTES 0x10000u
#define MAP_AT      0x100u
#define MODULES_AT  0x200u
#define TEXTS_AT    0x300u
#define RANGES      32

struct kernel kernel;

/* The image, which has no size here worth the name. */
__asm__(".bss\n.balign 4096\n.globl image_start, image_end\n"
        "image_start: .skip 4096\nimage_end:\n.text");

static struct muster_memory_range ranges[RANGES];
static jmp_buf end;
static char said[256];

void fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
    longjmp(end, 1);
}

void fatal_status(enum muster_status status, const char *doing)
{
    fatal("%s: %s", doing, muster_error_name(status));
}

void memory_require_mapped(const char *what, uint64_t phys, uint64_t bytes)
{
    if (phys < ARENA || phys - ARENA > ARENA_BYTES || bytes > ARENA_BYTES - (phys - ARENA))
        fatal("%s is not there", what);
}

void *memory_map_hook(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys >= ARENA && phys - ARENA <= ARENA_BYTES && bytes <= ARENA_BYTES - (phys - ARENA)
               ? (void *)phys
               : NULL;
}

void memory_keep(const char *what, uint64_t phys, uint64_t bytes)
{
    if (bytes && muster_memory_reserve(&kernel.map, phys, bytes, MUSTER_OWNER_BOOT))
        fatal("%s", what);
}

static void *at(uint32_t offset)
{
    return (void *)(uintptr_t)(ARENA + offset);
}

static uint64_t put_text(uint32_t offset, const char *text)
{
    strcpy(at(offset), text);
    return ARENA + offset;
}

/* A start info at @offset, with a map, a kernel's words and three modules behind it. */
static void put_start(uint32_t offset, uint32_t modules_at)
{
    const struct pvh_memory_entry map = {ARENA, 0x1000000, E820_USABLE, 0};
    const struct pvh_module modules[] = {
        {0x10200000, 0x1000, put_text(TEXTS_AT, "a kernel"), 0},
        {0x10300000, 0x1000, 0, 0},
        {ARENA + 0x800, 0x100, put_text(TEXTS_AT + 0x40, PVH_MODULE_FDT), 0}};
    const struct pvh_start_info info = {
        .magic = PVH_START_MAGIC,
        .version = 1,
        .module_count = 3,
        .modules_phys = ARENA + modules_at,
        .cmdline_phys = put_text(TEXTS_AT + 0x80, "wake=auto"),
        .rsdp_phys = 0x1234,
        .memory_map_phys = ARENA + MAP_AT,
        .memory_map_entries = 1,
    };
    memcpy(at(MAP_AT), &map, sizeof(map));
    memcpy(at(modules_at), modules, sizeof(modules));
    memcpy(at(offset), &info, sizeof(info));
}

static int set_up(void **state)
{
    (void)state;
    void *got = mmap(at(0), ARENA_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(got, at(0));
    muster_memory_init(&kernel.map, ranges, RANGES);
    put_start(0, MODULES_AT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(at(0), ARENA_BYTES);
}

static const struct loader *read_at(uint32_t offset)
{
    struct loader *loader = loader_read(ARENA + offset, 0);
    loader_describe_memory(loader);
    return loader;
}

static void assert_all_is_read(const struct loader *loader)
{
    assert_string_equal(loader->cmdline, "wake=auto");
    assert_int_equal(loader->platform.rsdp_phys, 0x1234);
    assert_int_equal(loader->module_count, 3);
    assert_string_equal(loader->modules[0].cmdline, "a kernel");
    assert_int_equal(loader_module_further(loader, 1)->phys, 0x10300000);
    assert_null(loader_module_further(loader, 2));
    assert_int_equal(loader->platform.fdt_phys, ARENA + 0x800);
    assert_int_equal(muster_memory_find(&kernel.map, 0x10300000)->owner, MUSTER_OWNER_BOOT);
}

static void start_info_is_read_whole(void **state)
{
    (void)state;
    assert_int_equal(setjmp(end), 0);
    assert_all_is_read(read_at(0));
}

/* Found by the fuzzer: both were read in place, on the border that they need. */
static void start_info_and_modules_on_no_border_are_read(void **state)
{
    (void)state;
    put_start(3, MODULES_AT + 5);
    assert_int_equal(setjmp(end), 0);
    assert_all_is_read(read_at(3));
}

static void assert_refused(const char *sentence)
{
    if (!setjmp(end)) {
        read_at(0);
        fail_msg("it was taken");
    }
    assert_string_equal(said, sentence);
}

static void what_a_loader_cannot_mean_is_fatal(void **state)
{
    struct pvh_start_info *info = at(0);
    (void)state;
    info->version = 0;
    assert_refused("read what the loader says of the machine: MUSTER_ERROR_BOOT_INFO");
    info->module_count = LOADER_MODULES + 1;
    assert_refused("the start info lists 65 modules; 64 at most");
    info->modules_phys = ARENA + ARENA_BYTES;
    info->module_count = 1;
    assert_refused("module list is not there");
    info->cmdline_phys = ARENA + ARENA_BYTES - 4;
    memset(at(ARENA_BYTES - 4), 'x', 4);
    assert_refused("command line is not there");
    info->magic = 0;
    assert_refused("booted neither by PVH (no start info at 0x10000000) nor by Multiboot 2 (magic "
                   "0x0)");
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(start_info_is_read_whole),
        test(start_info_and_modules_on_no_border_are_read),
        test(what_a_loader_cannot_mean_is_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
