/*
 * What boot loaders and UEFI left, as the library reads it for any kernel. An input: the protocol,
 * five numbers of 64 bits that the kernel has from its entry (the first alone, but for UEFI and
 * Limine), and pieces of memory: where each lies (32 bits), how long it is (16), and its bytes.
 */
#include <muster/boot_info.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ranges.h"

#define ROOM        64u
#define PIECES_MOST 16u
#define MAPS_MOST   4096u

enum protocol { PVH, MULTIBOOT, MULTIBOOT2, LINUX, UEFI, LIMINE, PROTOCOLS };

static struct {
    uint64_t phys;
    size_t bytes;
    const uint8_t *from;
} pieces[PIECES_MOST];
static unsigned piece_count;

static void *maps[MAPS_MOST];
static unsigned map_count;

/* A copy of just what was asked for, on no border: what is read behind it is seen. */
static void *map_copy(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    for (unsigned i = 0; i < piece_count; i++) {
        if (phys < pieces[i].phys || phys - pieces[i].phys > pieces[i].bytes ||
            bytes > pieces[i].bytes - (phys - pieces[i].phys))
            continue;
        fuzz_require(map_count < MAPS_MOST, "the library maps without end");
        uint8_t *copy = malloc(bytes + 1);
        if (!copy)
            abort();
        memcpy(copy + 1, pieces[i].from + (phys - pieces[i].phys), bytes);
        maps[map_count++] = copy;
        return copy + 1;
    }
    return NULL;
}

static void take_pieces(struct fuzz_input *input)
{
    piece_count = 0;
    while (piece_count < PIECES_MOST && input->left > 0) {
        uint64_t phys = fuzz_number(input, 4);
        size_t bytes = (size_t)fuzz_number(input, 2);
        bytes = bytes < input->left ? bytes : input->left;
        pieces[piece_count].phys = phys;
        pieces[piece_count].bytes = bytes;
        pieces[piece_count++].from = input->at;
        input->at += bytes;
        input->left -= bytes;
    }
}

static enum muster_status read_it(enum protocol protocol, const uint64_t numbers[5],
                                  struct muster_boot_info *info, struct muster_memory_map *map)
{
    static const struct muster_platform platform = {.map = map_copy};
    const struct muster_uefi uefi = {numbers[0], numbers[1], (uint32_t)numbers[2],
                                     (uint32_t)numbers[3]};
    const struct muster_limine limine = {numbers[0], numbers[1], numbers[2], numbers[3],
                                         numbers[4]};
    switch (protocol) {
    case PVH:
        return muster_boot_info_from_pvh(&platform, numbers[0], info, map);
    case MULTIBOOT:
        return muster_boot_info_from_multiboot(&platform, numbers[0], info, map);
    case MULTIBOOT2:
        return muster_boot_info_from_multiboot2(&platform, numbers[0], info, map);
    case LINUX:
        return muster_boot_info_from_linux(&platform, numbers[0], info, map);
    case UEFI:
        return muster_boot_info_from_uefi(&platform, &uefi, info, map);
    default:
        return muster_boot_info_from_limine(&platform, &limine, info, map);
    }
}

/* As muster/boot_info.h has them. */
static void check_status(enum protocol protocol, enum muster_status status)
{
    switch (status) {
    case MUSTER_OK:
    case MUSTER_ERROR_BOOT_INFO:
    case MUSTER_ERROR_MAP_MALFORMED:
    case MUSTER_ERROR_MAP_FULL:
    case MUSTER_ERROR_RANGE_INVALID:
        return;
    case MUSTER_NOT_SUPPORTED:
        fuzz_require(protocol == MULTIBOOT2, "boot services that no other protocol tells of");
        return;
    default:
        fuzz_require(protocol == LIMINE && status == MUSTER_ERROR_RANGE_OWNED,
                     "an error that is not told of");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct muster_memory_range storage[ROOM];
    struct fuzz_input input = {data, size};
    struct muster_boot_info info;
    struct muster_memory_map map;
    uint64_t numbers[5];
    enum protocol protocol = (enum protocol)(fuzz_number(&input, 1) % PROTOCOLS);
    fuzz_take(&input, numbers, sizeof(numbers));
    take_pieces(&input);
    muster_memory_init(&map, storage, ROOM);
    check_status(protocol, read_it(protocol, numbers, &info, &map));
    ranges_check(&map);
    while (map_count > 0)
        free(maps[--map_count]);
    return 0;
}
