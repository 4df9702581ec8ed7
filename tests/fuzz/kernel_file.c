/*
 * Files that say that they are kernels: a bzImage's header, ELF headers and notes, Multiboot 1 and
 * 2 headers. An input: the protocol, what is told besides, and the file.
 */
#include "abi/acpi.h"
#include "boot/loadable.h"
#include "boot/payload.h"
#include "tests/fuzz/arena.h"
#include "tests/fuzz/ranges.h"

#define ROOM         32u
#define INITRD_PHYS  (ARENA_END - 0x2800u) /* on no page's border */
#define INITRD_BYTES 0x1000u
#define FDT_BYTES    0x800u

enum told { TOLD_INITRD = 1 << 0, TOLD_FDT = 1 << 1, TOLD_FURTHER = 1 << 2, TOLD_FULL = 1 << 3 };

static struct muster_memory_range storage[ROOM];
static struct muster_memory_map map;
static struct acpi_rsdp rsdp = {.revision = 2, .length = sizeof(struct acpi_rsdp)};

static void make_map(unsigned told)
{
    muster_memory_init(&map, storage, ROOM);
    muster_memory_add(&map, ARENA_PHYS, ARENA_BYTES, MUSTER_MEMORY_USABLE);
    if (told & TOLD_FULL) /* nearly: what is free is in pieces */
        for (uint64_t phys = ARENA_PHYS; phys < ARENA_PHYS + 0x20000; phys += 0x4000)
            muster_memory_add(&map, phys, 0x1000, MUSTER_MEMORY_ACPI);
    if (told & TOLD_INITRD)
        muster_memory_reserve(&map, INITRD_PHYS, INITRD_BYTES, MUSTER_OWNER_BOOT);
}

static struct boot_payload make_payload(unsigned told, const void *file, size_t bytes)
{
    struct boot_payload payload = {
        .map = &map,
        .kernel = {(uint64_t)(uintptr_t)file, bytes},
        .cmdline = "console=ttyS0 two",
        .rsdp_phys = (uint64_t)(uintptr_t)&rsdp,
    };
    if (told & TOLD_INITRD)
        payload.initrd = (struct boot_module){INITRD_PHYS, INITRD_BYTES};
    if (told & TOLD_FURTHER)
        payload.further = (struct boot_module){INITRD_PHYS + INITRD_BYTES, 0x400};
    if (told & TOLD_FDT)
        payload.fdt_bytes = FDT_BYTES;
    return payload;
}

/* It begins in memory that is its own, with what it is told in more of it. */
static void check_jump(const struct boot_jump *jump)
{
    const struct muster_memory_range *entry = muster_memory_find(&map, jump->entry_phys);
    const struct muster_memory_range *argument = muster_memory_find(&map, jump->argument);
    fuzz_require(entry && entry->owner == BOOT_OWNER_PAYLOAD,
                 "a kernel begins where it was not loaded to");
    fuzz_require(argument && argument->owner == BOOT_OWNER_PAYLOAD,
                 "what a kernel is told is not where it is");
    fuzz_require(jump->fdt_phys % 8 == 0, "the device tree is not on an 8-byte border");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    unsigned protocol = (unsigned)fuzz_number(&input, 1) % (BOOT_MULTIBOOT1 + 1);
    unsigned told = (unsigned)fuzz_number(&input, 1);
    size_t bytes = input.left;
    void *file = fuzz_copy(input.at, bytes);
    struct boot_jump jump;
    arena_get();
    make_map(told);
    struct boot_payload payload = make_payload(told, file, bytes);
    payload.protocol = (enum boot_protocol)protocol;
    const char *error = boot_payload_load(&payload, &jump);
    fuzz_require(!error || error[0], "a refusal says nothing");
    ranges_check(&map);
    if (!error)
        check_jump(&jump);
    free(file);
    return 0;
}
