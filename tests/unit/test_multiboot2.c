/* What a Multiboot 2 loader left, read by somebody who believes none of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/acpi.h"
#include "abi/e820.h"
#include "abi/efi.h"
#include "abi/multiboot2.h"
#include "boot/multiboot2.h"

#define ROOM 4096

/* An information in the making. */
struct maker {
    _Alignas(8) uint8_t bytes[ROOM];
    uint32_t length;
};

static void begin(struct maker *maker)
{
    memset(maker, 0, sizeof(*maker));
    maker->length = sizeof(struct multiboot2_information);
}

/* A tag of the type, with what follows its head; gives where it begins. */
static uint32_t add(struct maker *maker, uint32_t type, const void *content, uint32_t bytes)
{
    uint32_t at = maker->length;
    struct multiboot2_tag tag = {type, (uint32_t)sizeof(tag) + bytes};
    memcpy(maker->bytes + at, &tag, sizeof(tag));
    if (bytes)
        memcpy(maker->bytes + at + sizeof(tag), content, bytes);
    maker->length += (tag.bytes + 7u) & ~7u;
    return at;
}

static void add_mmap(struct maker *maker)
{
    struct {
        uint32_t entry_size, entry_version;
        struct multiboot2_mmap_entry entries[3];
    } mmap = {24,
              0,
              {{0x1000, 0x9E000, E820_USABLE, 0},
               {0x100000, 0x7F00000, E820_USABLE, 0},
               {0x7000000, 0x1000, E820_NVS, 0}}};
    add(maker, MULTIBOOT2_TAG_MMAP, &mmap, sizeof(mmap));
}

struct framebuffer {
    uint64_t phys;
    uint32_t pitch, width, height;
    uint8_t bits, type;
    uint16_t reserved;
    struct multiboot2_framebuffer_rgb rgb;
};

static const struct framebuffer good_framebuffer = {
    .phys = 0x80000000,
    .pitch = 4096,
    .width = 1024,
    .height = 768,
    .bits = 32,
    .type = MULTIBOOT2_FRAMEBUFFER_RGB,
    .rgb = {16, 8, 8, 8, 0, 8},
};
#define FRAMEBUFFER_BYTES (offsetof(struct framebuffer, rgb) + sizeof(good_framebuffer.rgb))

static void add_module(struct maker *maker, uint32_t start, uint32_t end, const char *words)
{
    uint8_t content[64];
    uint32_t bytes = (uint32_t)strlen(words) + 1;
    memcpy(content, &start, 4);
    memcpy(content + 4, &end, 4);
    memcpy(content + 8, words, bytes);
    add(maker, MULTIBOOT2_TAG_MODULE, content, 8 + bytes);
}

static void finish(struct maker *maker)
{
    add(maker, MULTIBOOT2_TAG_END, NULL, 0);
    memcpy(maker->bytes, &maker->length, sizeof(maker->length));
}

/* Everything that a loader on UEFI leaves. */
static void make_all(struct maker *maker)
{
    struct acpi_rsdp rsdp = {.revision = 2};
    struct {
        uint32_t entry_bytes, version;
        struct efi_memory_descriptor entries[2];
    } efi = {sizeof(struct efi_memory_descriptor), 1, {{0}}};
    efi.entries[0] = (struct efi_memory_descriptor){EFI_MEMORY_CONVENTIONAL, 0, 0x1000, 0, 1, 0};
    efi.entries[1] = (struct efi_memory_descriptor){EFI_MEMORY_RUNTIME_DATA, 0, 0x200000, 0, 16, 0};
    begin(maker);
    add(maker, MULTIBOOT2_TAG_CMDLINE, "wake=sipi", 10);
    add(maker, MULTIBOOT2_TAG_LOADER_NAME, "GRUB", 5);
    add_module(maker, 0x1000000, 0x1200000, "wake=mailbox");
    add_mmap(maker);
    add(maker, MULTIBOOT2_TAG_FRAMEBUFFER, &good_framebuffer, FRAMEBUFFER_BYTES);
    add(maker, MULTIBOOT2_TAG_EFI_MMAP, &efi, sizeof(efi));
    add(maker, MULTIBOOT2_TAG_RSDP_OLD, &rsdp, ACPI_RSDP_V0_BYTES);
    add(maker, MULTIBOOT2_TAG_RSDP_NEW, &rsdp, sizeof(rsdp));
    finish(maker);
}

/* What can be touched: the information, or what there is of it. */
static uint64_t there_phys, there_bytes;

static void *map_there(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys >= there_phys && phys - there_phys <= there_bytes &&
                   bytes <= there_bytes - (phys - there_phys)
               ? (void *)phys
               : NULL;
}

static const struct muster_platform platform = {.map = map_there};

/* Read a copy that ends where the information does, so that a byte too many is seen. */
static const char *read_copy(const struct maker *maker, uint32_t length, struct multiboot2 *to,
                             uint8_t **copy)
{
    *copy = malloc(length ? length : 1);
    memcpy(*copy, maker->bytes, length);
    there_phys = (uint64_t)*copy;
    there_bytes = length;
    return multiboot2_read(to, &platform, there_phys);
}

static const char *read_whole(const struct maker *maker, uint32_t length)
{
    struct multiboot2 read;
    uint8_t *copy;
    const char *error = read_copy(maker, length, &read, &copy);
    free(copy);
    return error;
}

static void all_that_a_loader_leaves_is_read(void **state)
{
    struct maker maker;
    struct multiboot2 read;
    uint8_t *copy;
    (void)state;
    make_all(&maker);
    assert_null(read_copy(&maker, maker.length, &read, &copy));
    assert_int_equal(read.bytes, maker.length);
    assert_string_equal(read.cmdline, "wake=sipi");
    assert_int_equal(read.module_count, 1);
    assert_int_equal(read.modules[0].start_phys, 0x1000000);
    assert_int_equal(read.modules[0].end_phys, 0x1200000);
    assert_string_equal(read.modules[0].cmdline, "wake=mailbox");
    assert_int_equal(read.screen.kind, SCREEN_FRAMEBUFFER);
    assert_int_equal(read.screen.pixel_bytes, 4);
    assert_int_equal(read.screen.red.bit, 16);
    free(copy);
}

static void information_cut_off_anywhere_is_refused(void **state)
{
    struct maker maker;
    (void)state;
    make_all(&maker);
    for (uint32_t length = 0; length < maker.length; length++) {
        assert_non_null(read_whole(&maker, length));
        /* And one that says itself that it ends there. */
        struct maker shorter = maker;
        if (length >= sizeof(length))
            memcpy(shorter.bytes, &length, sizeof(length));
        assert_non_null(read_whole(&shorter, length));
    }
    assert_null(read_whole(&maker, maker.length));
}

/* Whatever stands in any word, nothing beyond the information is touched. */
static void any_word_may_lie(void **state)
{
    static const uint32_t lies[] = {0, 1, 7, 8, 9, 15, 17, 23, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF};
    struct maker maker;
    (void)state;
    make_all(&maker);
    for (uint32_t at = 0; at + 4 <= maker.length; at += 4)
        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
            struct maker liar = maker;
            memcpy(liar.bytes + at, &lies[i], sizeof(lies[i]));
            (void)read_whole(&liar, liar.length);
        }
}

static void text_without_an_end_is_refused(void **state)
{
    struct maker maker;
    (void)state;
    begin(&maker);
    add_mmap(&maker);
    add(&maker, MULTIBOOT2_TAG_CMDLINE, "12345678", 8);
    finish(&maker);
    assert_non_null(strstr(read_whole(&maker, maker.length), "command line does not end"));
    begin(&maker);
    add_mmap(&maker);
    add(&maker, MULTIBOOT2_TAG_MODULE, "\0\0\0\1\0\0\0\2words...", 16);
    finish(&maker);
    assert_non_null(strstr(read_whole(&maker, maker.length), "command line does not end"));
}

static void impossible_modules_are_refused(void **state)
{
    struct maker maker;
    (void)state;
    begin(&maker);
    add_mmap(&maker);
    add_module(&maker, 0x2000, 0x2000, "");
    finish(&maker);
    assert_non_null(strstr(read_whole(&maker, maker.length), "a module is empty"));
    begin(&maker);
    add_mmap(&maker);
    for (unsigned i = 0; i <= MULTIBOOT2_MODULES; i++)
        add_module(&maker, 0x2000, 0x3000, "");
    finish(&maker);
    assert_non_null(strstr(read_whole(&maker, maker.length), "more than 16 modules"));
}

/* A framebuffer at @screen and a module at @module, and a second one at 0x3000000. */
static const char *read_placed(uint64_t screen, uint32_t module)
{
    struct framebuffer framebuffer = good_framebuffer;
    struct maker maker;
    framebuffer.phys = screen;
    begin(&maker);
    add_mmap(&maker);
    add(&maker, MULTIBOOT2_TAG_FRAMEBUFFER, &framebuffer, FRAMEBUFFER_BYTES);
    add_module(&maker, module, module + 0x1000, "");
    add_module(&maker, 0x3000000, 0x3001000, "");
    finish(&maker);
    return read_whole(&maker, maker.length);
}

/* What is moved, given back or drawn upon must be nothing else. */
static void modules_and_screen_that_lie_in_one_another_are_refused(void **state)
{
    const uint64_t screen = good_framebuffer.phys;
    (void)state;
    assert_null(read_placed(screen, 0x3001000));
    assert_null(read_placed(screen, 0x2FFF000));
    assert_null(read_placed(screen, 0x80000000 - 0x1000));
    assert_string_equal(read_placed(screen, 0x3000FFF), "a module lies over another");
    assert_string_equal(read_placed(screen, 0x2FFF001), "a module lies over another");
    assert_string_equal(read_placed(screen, 0x80000000 - 0xFFF),
                        "the loader's framebuffer lies over a module");
}

/* As low as a loader puts it. */
static void information_below_a_module_or_the_screen_is_refused(void **state)
{
    void *got = mmap((void *)(uintptr_t)0x20000000, ROOM, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    struct framebuffer framebuffer = good_framebuffer;
    struct multiboot2 read;
    struct maker maker;
    (void)state;
    assert_ptr_equal(got, (void *)(uintptr_t)0x20000000);
    begin(&maker);
    add_mmap(&maker);
    add_module(&maker, 0x1FFFF000, 0x20000001, "");
    finish(&maker);
    memcpy(got, maker.bytes, maker.length);
    there_phys = (uint64_t)got;
    there_bytes = maker.length;
    assert_string_equal(multiboot2_read(&read, &platform, there_phys),
                        "a module lies over the Multiboot information");
    begin(&maker);
    add_mmap(&maker);
    framebuffer.phys = 0x20000008;
    add(&maker, MULTIBOOT2_TAG_FRAMEBUFFER, &framebuffer, FRAMEBUFFER_BYTES);
    finish(&maker);
    memcpy(got, maker.bytes, maker.length);
    there_phys = (uint64_t)got;
    there_bytes = maker.length;
    assert_string_equal(multiboot2_read(&read, &platform, there_phys),
                        "the loader's framebuffer lies over the Multiboot information");
    assert_int_equal(read.screen.kind, SCREEN_NONE);
    munmap(got, ROOM);
}

static void running_boot_services_are_refused(void **state)
{
    struct maker maker;
    (void)state;
    begin(&maker);
    add_mmap(&maker);
    add(&maker, MULTIBOOT2_TAG_EFI_BS, NULL, 0);
    finish(&maker);
    assert_non_null(strstr(read_whole(&maker, maker.length), "boot services running"));
}

static const char *read_framebuffer(const struct framebuffer *framebuffer, struct screen_mode *mode)
{
    uint8_t *tag = malloc(sizeof(struct multiboot2_tag) + FRAMEBUFFER_BYTES);
    memcpy(tag + sizeof(struct multiboot2_tag), framebuffer, FRAMEBUFFER_BYTES);
    const char *error =
        multiboot2_read_screen(mode, tag, sizeof(struct multiboot2_tag) + FRAMEBUFFER_BYTES);
    free(tag);
    return error;
}

static void impossible_framebuffers_are_refused(void **state)
{
    struct framebuffer wrong[8];
    struct screen_mode mode;
    (void)state;
    for (unsigned i = 0; i < 8; i++)
        wrong[i] = good_framebuffer;
    wrong[0].pitch = 4095; /* a line is longer */
    wrong[1].phys = 0;
    wrong[2].phys = UINT64_MAX - 4096;
    wrong[3].height = 0;
    wrong[4].width = 0;
    wrong[5].height = 16385; /* more than anybody would wait for */
    wrong[6].width = 16385;
    wrong[6].pitch = 4 * 16385;
    wrong[7].pitch = 0x80000000;
    for (unsigned i = 0; i < 8; i++) {
        assert_non_null(read_framebuffer(&wrong[i], &mode));
        assert_int_equal(mode.kind, SCREEN_NONE);
    }
    assert_null(read_framebuffer(&good_framebuffer, &mode));
    assert_int_equal(mode.kind, SCREEN_FRAMEBUFFER);
}

static void vga_text_is_taken_from_its_window_alone(void **state)
{
    struct framebuffer text = {.phys = 0xB8000,
                               .pitch = 160,
                               .width = 80,
                               .height = 25,
                               .bits = 16,
                               .type = MULTIBOOT2_FRAMEBUFFER_EGA_TEXT};
    struct screen_mode mode;
    (void)state;
    assert_null(read_framebuffer(&text, &mode));
    assert_int_equal(mode.kind, SCREEN_VGA_TEXT);
    text.phys = 0xC0000 - 160 * 25;
    assert_null(read_framebuffer(&text, &mode));
    text.phys++;
    assert_non_null(read_framebuffer(&text, &mode));
    text.phys = 0x9FFFF;
    assert_non_null(read_framebuffer(&text, &mode));
    assert_int_equal(mode.kind, SCREEN_NONE);
}

/* The machine comes up all the same, without a picture. */
static void framebuffers_of_unknown_kinds_are_none(void **state)
{
    struct framebuffer odd[5];
    struct screen_mode mode;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        odd[i] = good_framebuffer;
    odd[0].type = MULTIBOOT2_FRAMEBUFFER_INDEXED;
    odd[1].type = 7;
    odd[2].bits = 8;
    odd[3].rgb.red_bits = 9;   /* deeper than a colour is */
    odd[4].rgb.green_bit = 25; /* beyond the pixel */
    for (unsigned i = 0; i < 5; i++) {
        assert_null(read_framebuffer(&odd[i], &mode));
        assert_int_equal(mode.kind, SCREEN_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_loader_leaves_is_read),
        cmocka_unit_test(information_cut_off_anywhere_is_refused),
        cmocka_unit_test(any_word_may_lie),
        cmocka_unit_test(text_without_an_end_is_refused),
        cmocka_unit_test(impossible_modules_are_refused),
        cmocka_unit_test(modules_and_screen_that_lie_in_one_another_are_refused),
        cmocka_unit_test(information_below_a_module_or_the_screen_is_refused),
        cmocka_unit_test(running_boot_services_are_refused),
        cmocka_unit_test(impossible_framebuffers_are_refused),
        cmocka_unit_test(vga_text_is_taken_from_its_window_alone),
        cmocka_unit_test(framebuffers_of_unknown_kinds_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
