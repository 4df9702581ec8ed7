/*
 * What a boot loader left: Multiboot 2's information and PVH's start info as the kernel reads them,
 * Multiboot 1's information as the shim does, and Multiboot 2's framebuffer tag. An input: which of
 * them, and what lies at ARENA_PHYS; of the tag its bytes.
 */
#include <setjmp.h>

#include <sanitizer/asan_interface.h>

#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"
#include "boot/image.h"
#include "boot/multiboot2.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/loader.h"
#include "kernel/memory.h"
#include "shim/source.h"
#include "tests/fuzz/arena.h"
#include "tests/fuzz/ranges.h"

#define ROOM        64u
#define BEHIND_INFO 128u

enum what { MULTIBOOT2, SCREEN, PVH, MULTIBOOT1, KINDS };

/* ---- The kernel around its loader ---- */

struct kernel kernel;

/* The image, which has no size here worth the name. */
__asm__(".bss\n.balign 4096\n.globl image_start, image_end\n"
        "image_start: .skip 4096\nimage_end:\n.text");

static jmp_buf end;
static uint64_t left_bytes; /* behind ARENA_PHYS */

void fatal(const char *format, ...)
{
    (void)format;
    longjmp(end, 1);
}

void fatal_status(enum muster_status status, const char *doing)
{
    (void)doing;
    fuzz_require(status != MUSTER_OK, "the end for no reason");
    longjmp(end, 1);
}

/* What is not the input's is not there; the rest of the arena is poisoned besides. */
void *memory_map_hook(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys >= ARENA_PHYS && phys - ARENA_PHYS <= left_bytes &&
                   bytes <= left_bytes - (phys - ARENA_PHYS)
               ? (void *)phys
               : NULL;
}

void memory_require_mapped(const char *what, uint64_t phys, uint64_t bytes)
{
    if (!memory_map_hook(NULL, phys, bytes))
        fatal("%s", what);
}

void memory_keep(const char *what, uint64_t phys, uint64_t bytes)
{
    if (bytes && muster_memory_reserve(&kernel.map, phys, bytes, MUSTER_OWNER_BOOT))
        fatal("%s", what);
}

/* ---- One of each ---- */

static void check_text(const char *text)
{
    fuzz_require(text && strlen(text) < ARENA_BYTES, "a text has no end");
}

static void read_screen(struct fuzz_input *input)
{
    struct screen_mode screen = {0};
    size_t bytes = input->left;
    void *tag = fuzz_copy(input->at, bytes);
    const char *error = multiboot2_read_screen(&screen, tag, (uint32_t)bytes);
    fuzz_require(!error || screen.kind == SCREEN_NONE, "a refused screen is one");
    if (screen.kind == SCREEN_FRAMEBUFFER)
        fuzz_require((uint64_t)screen.width * screen.pixel_bytes <= screen.pitch_bytes &&
                         screen.phys + screen_mode_bytes(&screen) >= screen.phys,
                     "a screen's lines overlap, or it wraps around");
    free(tag);
}

static void fill_arena(struct fuzz_input *input)
{
    uint8_t *arena = arena_get();
    left_bytes = input->left < ARENA_BYTES / 2 ? input->left : ARENA_BYTES / 2;
    ASAN_UNPOISON_MEMORY_REGION(arena, ARENA_BYTES);
    memcpy(arena, input->at, left_bytes);
    memset(arena + left_bytes, 0, ARENA_BYTES - left_bytes);
}

/* By @magic: Multiboot 2's, or PVH. */
static void read_as_kernel(struct fuzz_input *input, uint32_t magic)
{
    fill_arena(input);
    ASAN_POISON_MEMORY_REGION(arena_get() + left_bytes, ARENA_BYTES - left_bytes);
    if (setjmp(end))
        return;
    struct loader *loader = loader_read(ARENA_PHYS, magic);
    check_text(loader->cmdline);
    for (uint32_t i = 0; i < loader->module_count; i++)
        check_text(loader->modules[i].cmdline);
    loader_describe_memory(loader);
    loader_module_further(loader, 0);
}

/* Below 4 GiB everything can be read on a machine, and here only the arena: so all leads there. */
static uint32_t into_arena(uint32_t phys)
{
    return ARENA_PHYS + phys % (ARENA_BYTES / 4);
}

static void lead_texts(const struct multiboot_info *info)
{
    uint8_t *list = (uint8_t *)(uintptr_t)info->modules;
    for (uint32_t i = 0; i < 3 && (info->flags & MULTIBOOT_INFO_MODULES); i++) {
        struct multiboot_module module;
        memcpy(&module, list + i * sizeof(module), sizeof(module));
        module.cmdline = module.cmdline ? into_arena(module.cmdline) : 0;
        memcpy(list + i * sizeof(module), &module, sizeof(module));
    }
}

static void read_multiboot1(struct fuzz_input *input, struct muster_memory_map *map)
{
    static struct boot_source source;
    struct multiboot_info *info = (void *)arena_get();
    fill_arena(input);
    info->mmap = into_arena(info->mmap);
    info->mmap_bytes %= ARENA_BYTES / 4;
    info->cmdline = into_arena(info->cmdline);
    info->modules = BEHIND_INFO + into_arena(info->modules); /* else they would change it again */
    lead_texts(info);
    source = (struct boot_source){.platform = &loader_memory, .map = map};
    if (boot_source_from_multiboot(&source, ARENA_PHYS, MULTIBOOT_LOADER_MAGIC))
        return;
    fuzz_require(source.kernel.bytes > 0, "a kernel of no bytes");
    fuzz_require(strlen(source.cmdline) < sizeof(source.cmdline), "a command line has no end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct muster_memory_range storage[ROOM];
    struct fuzz_input input = {data, size};
    enum what what = (enum what)(fuzz_number(&input, 1) % KINDS);
    muster_memory_init(&kernel.map, storage, ROOM);
    if (what == MULTIBOOT2)
        read_as_kernel(&input, MULTIBOOT2_LOADER_MAGIC);
    else if (what == SCREEN)
        read_screen(&input);
    else if (what == PVH)
        read_as_kernel(&input, 0);
    else
        read_multiboot1(&input, &kernel.map);
    ranges_check(&kernel.map);
    return 0;
}
