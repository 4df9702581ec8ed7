/*
 * The kernel's own page table. The image at its own address, each part with the rights that it
 * needs; the local APIC; everything else through the window only.
 */
#include "tables.h"

#define PRESENT    1ull
#define WRITE      2ull
#define UNCACHED   0x10ull
#define LARGE      0x80ull
#define NO_EXECUTE (1ull << 63)

#define PAGE_BYTES  4096ull
#define LARGE_BYTES 0x200000ull
#define APIC        0xFEE00000ull
#define GIB_BITS    30

typedef uint64_t table[512] __attribute__((aligned(4096)));

extern const uint64_t root[]; /* start.S's: its first entry maps the first 4 GiB */
extern char start[], text_end[], rodata_end[], image_end[];

static table own_root, own_pointers, image_directory, image_pages, apic_directory;

static uint64_t table_at(const uint64_t *table)
{
    return (uint64_t)table | PRESENT | WRITE;
}

/* The first 2 MiB by small pages: code, constants and data have a border each. */
static void map_small_pages(void)
{
    for (uint64_t at = 0x100000; at < LARGE_BYTES; at += PAGE_BYTES) {
        uint64_t rights = WRITE | NO_EXECUTE;
        if (at < (uint64_t)text_end)
            rights = 0;
        else if (at < (uint64_t)rodata_end)
            rights = NO_EXECUTE;
        image_pages[at / PAGE_BYTES] = at | PRESENT | rights;
    }
}

uint64_t paging_make(void)
{
    map_small_pages();
    image_directory[0] = table_at(image_pages);
    for (uint64_t at = LARGE_BYTES; at < (uint64_t)image_end; at += LARGE_BYTES)
        image_directory[at / LARGE_BYTES] = at | PRESENT | WRITE | LARGE | NO_EXECUTE;
    apic_directory[APIC / LARGE_BYTES % 512] =
        APIC | PRESENT | WRITE | UNCACHED | LARGE | NO_EXECUTE;
    own_pointers[0] = table_at(image_directory);
    own_pointers[APIC >> GIB_BITS] = table_at(apic_directory);
    own_root[0] = table_at(own_pointers);
    own_root[WINDOW >> 39 & 511] = root[0] | NO_EXECUTE;
    return (uint64_t)own_root;
}
