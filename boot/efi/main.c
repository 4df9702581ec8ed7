/*
 * The EFI program around the kernel, from its start to the kernel's entry by Multiboot 2: what UEFI
 * says of command line, initrd, ACPI and memory, put into that protocol's information. The memory
 * map is the one with which boot services end, so nothing is asked of UEFI behind it.
 */
#include "boot/efi/efi.h"

#include <muster/cpu.h>

#include "abi/multiboot2.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/efi/information.h"
#include "boot/payload.h"
#include "abi/sizes.h"
#include "lib/cpu/instructions.h"

#define LARGE_BYTES 0x200000u
#define MAP_TRIES   8 /* the map's key is stale when an event has allocated something */

#pragma GCC visibility push(hidden)
extern const uint8_t kernel_file[], kernel_file_end[];
extern const uint64_t kernel_memory_bytes; /* with its BSS */
#pragma GCC visibility pop

/* Written once, before the first use. */
static struct efi efi;

static _Noreturn void fail(const char *text)
{
    efi_print(&efi, "muster: ");
    efi_print(&efi, text);
    efi_print(&efi, "\r\n");
    for (;;)
        __asm__ volatile("hlt");
}

uint64_t efi_allocate(struct efi *from, uint64_t bytes)
{
    uint64_t phys = FOUR_GIB - 1;
    uint64_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    if (from->boot->allocate_pages(EFI_ALLOCATE_MAX_ADDRESS, EFI_MEMORY_LOADER_DATA, pages, &phys))
        fail("UEFI has no room below 4 GiB for the kernel; give the machine more memory");
    return phys;
}

/* The entry code wants 2 MiB of its own around the image's beginning. */
static uint64_t place_kernel(void)
{
    uint64_t file_bytes = (uint64_t)(kernel_file_end - kernel_file);
    uint64_t place = efi_allocate(&efi, kernel_memory_bytes + LARGE_BYTES);
    uint64_t base = (place + LARGE_BYTES - 1) & ~(uint64_t)(LARGE_BYTES - 1);
    memcpy((void *)base, kernel_file, file_bytes);
    memset((void *)(base + file_bytes), 0, kernel_memory_bytes - file_bytes);
    return base;
}

static void end_boot_services(struct efi_map *map)
{
    for (unsigned i = 0; i < MAP_TRIES; i++) {
        map->bytes = map->room;
        if (efi.boot->get_memory_map(&map->bytes, map->entries, &map->key, &map->entry_bytes,
                                     &map->version))
            fail("UEFI does not tell its memory map");
        if (!efi.boot->exit_boot_services(efi.image, map->key))
            return;
    }
    fail("UEFI does not end its boot services");
}

static void plain_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)context;
    read_cpuid(leaf, subleaf, out);
}

/* Asked while boot services run: behind them a #VE would find no handler. */
static bool is_td(void)
{
    const struct muster_platform cpuid_only = {.cpuid = plain_cpuid};
    return muster_cpu_is_td(&cpuid_only);
}

/*
 * Entry: by UEFI, boot services running.
 * Exit:  the kernel's entry, 32-bit protected mode, as Multiboot 2 has it.
 */
efi_status EFI_CALL efi_main(efi_handle image, struct efi_system_table *system);

efi_status EFI_CALL efi_main(efi_handle image, struct efi_system_table *system)
{
    struct efi_map map;
    struct information information;
    efi = (struct efi){image, system, system->boot};
    if ((uint64_t)kernel_file_end > FOUR_GIB || (uint64_t)__builtin_frame_address(0) > FOUR_GIB)
        fail("UEFI has loaded this above 4 GiB, where a 32-bit entry cannot be reached");
    uint64_t base = place_kernel();
    bool td = is_td();
    efi_map_make_room(&efi, &map);
    information_begin(&efi, &information, &map);
    end_boot_services(&map);
    __asm__ volatile("cli");
    information_end(&information, &map);
    boot_jump_32((uint32_t)base, (uint32_t)information.start, MULTIBOOT2_LOADER_MAGIC, td);
}
