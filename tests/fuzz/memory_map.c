/*
 * The memory map: as firmware and loaders write theirs down, and by a row of changes, each of which
 * a plain list of pages makes as well. An input: what is done, the map's room, and what it is of.
 */
#include <muster/memory.h>

#include "abi/e820.h"
#include "abi/pvh.h"
#include "abi/x86.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ranges.h"

#define ROOM   64u
#define PAGES  64u /* that the list knows */
#define OWNERS 4u  /* NONE among them */
#define TYPES  5u

#define CHANGES_MOST 64u

/** A format in which a map comes. */
enum what { E820, PVH, MULTIBOOT, MULTIBOOT2, CHANGES, KINDS };

struct page {
    bool described;
    enum muster_memory_type type;
    uint32_t owner;
};

static struct muster_memory_range storage[ROOM];
static struct muster_memory_map map;
static struct page list[PAGES];

static void read_format(enum what what, struct fuzz_input *input)
{
    size_t bytes = input->left;
    void *copy = fuzz_copy(input->at, bytes);
    if (what == E820)
        muster_memory_add_e820(&map, copy, (uint32_t)(bytes / sizeof(struct e820_entry)));
    else if (what == PVH)
        muster_memory_add_pvh(&map, copy, (uint32_t)(bytes / sizeof(struct pvh_memory_entry)));
    else if (what == MULTIBOOT)
        muster_memory_add_multiboot(&map, copy, (uint32_t)bytes);
    else
        muster_memory_add_multiboot2(&map, copy, (uint32_t)bytes);
    free(copy);
    ranges_check(&map);
}

/* ---- Changes, and the list ---- */

struct window {
    uint32_t page, pages; /* all of it is in the list */
};

static struct window take_window(struct fuzz_input *input)
{
    uint32_t page = (uint32_t)fuzz_number(input, 1) % PAGES;
    return (struct window){page, (uint32_t)fuzz_number(input, 1) % (PAGES - page + 1)};
}

static uint64_t phys_of(uint32_t pages)
{
    return (uint64_t)pages * PAGE_BYTES;
}

static void add(struct window window, enum muster_memory_type type)
{
    if (muster_memory_add(&map, phys_of(window.page), phys_of(window.pages), type) != MUSTER_OK)
        return;
    for (uint32_t i = window.page; i < window.page + window.pages; i++) {
        if (!list[i].described || list[i].type < type)
            list[i].type = type;
        list[i].described = true;
    }
}

static bool is_owned_by_other(struct window window, uint32_t owner)
{
    for (uint32_t i = window.page; i < window.page + window.pages; i++)
        if (list[i].owner != MUSTER_OWNER_NONE && list[i].owner != owner)
            return true;
    return false;
}

static void reserve(struct window window, uint32_t owner)
{
    enum muster_status status =
        muster_memory_reserve(&map, phys_of(window.page), phys_of(window.pages), owner);
    bool other = owner && window.pages && is_owned_by_other(window, owner);
    fuzz_require((status == MUSTER_ERROR_RANGE_OWNED) == other, "another's range is not told");
    fuzz_require((status == MUSTER_INVALID_ARGUMENT) == (owner == 0), "no owner is an owner");
    for (uint32_t i = window.page; status == MUSTER_OK && i < window.page + window.pages; i++) {
        if (!list[i].described)
            list[i].type = MUSTER_MEMORY_RESERVED;
        list[i].described = true;
        list[i].owner = owner;
    }
}

static void release(struct window window, uint32_t owner)
{
    struct muster_memory_map before = map;
    struct muster_memory_range kept[ROOM];
    uint64_t usable = 0;
    memcpy(kept, storage, sizeof(kept));
    uint64_t bytes =
        muster_memory_release_range(&map, phys_of(window.page), phys_of(window.pages), owner);
    bool unchanged =
        before.count == map.count && !memcmp(kept, storage, map.count * sizeof(kept[0]));
    for (uint32_t i = window.page; i < window.page + window.pages; i++) {
        if (owner == MUSTER_OWNER_NONE || list[i].owner != owner || (unchanged && bytes == 0))
            continue;
        list[i].owner = MUSTER_OWNER_NONE;
        usable += list[i].type == MUSTER_MEMORY_USABLE ? PAGE_BYTES : 0;
    }
    fuzz_require(bytes == usable, "another number of bytes was released than was held");
}

static void allocate(struct window window, uint32_t pages, unsigned shift, uint32_t owner)
{
    uint64_t phys = 0, align = phys_of(1u << shift), bytes = phys_of(pages);
    uint64_t limit = phys_of(window.page + window.pages);
    if (muster_memory_allocate(&map, bytes, align, phys_of(window.page), limit, owner, &phys))
        return;
    fuzz_require(phys && phys % align == 0 && phys >= phys_of(window.page) && phys + bytes <= limit,
                 "memory was given where it was not wanted");
    for (uint64_t i = phys / PAGE_BYTES; i < (phys + bytes) / PAGE_BYTES; i++) {
        fuzz_require(list[i].described && list[i].type == MUSTER_MEMORY_USABLE &&
                         list[i].owner == MUSTER_OWNER_NONE,
                     "memory was given that is not free");
        list[i].owner = owner;
    }
}

static void compare(void)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        const struct muster_memory_range *range = muster_memory_find(&map, phys_of(i) + 1);
        fuzz_require((range != NULL) == list[i].described, "a page is described that is not");
        fuzz_require(!range || (range->type == list[i].type && range->owner == list[i].owner),
                     "a page is not what was made of it");
    }
}

static void change(struct fuzz_input *input)
{
    unsigned action = (unsigned)fuzz_number(input, 1);
    uint32_t owner = action / 4 % OWNERS;
    struct window window = take_window(input);
    switch (action % 4) {
    case 0:
        add(window, (enum muster_memory_type)(action / 4 % TYPES));
        break;
    case 1:
        reserve(window, owner);
        break;
    case 2:
        release(window, owner);
        break;
    default:
        allocate(window, (uint32_t)fuzz_number(input, 1) % 8, action / 16 % 4, owner);
    }
    ranges_check(&map);
    compare();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    enum what what = (enum what)(fuzz_number(&input, 1) % KINDS);
    uint32_t room = (uint32_t)fuzz_number(&input, 1) % ROOM + 1;
    muster_memory_init(&map, storage, room);
    memset(list, 0, sizeof(list));
    if (what != CHANGES)
        read_format(what, &input);
    for (unsigned i = 0; i < CHANGES_MOST && what == CHANGES && input.left > 0; i++)
        change(&input);
    return 0;
}
