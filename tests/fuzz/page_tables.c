/*
 * Page tables of firmware, found in memory: the walk, and custody of what hangs on them, until it
 * is given back. An input: levels, CR3, whether custody keeps them, then entries: page and place
 * (2 bytes), value (8 bytes).
 */
#include <muster/custody.h>
#include <muster/paging.h>

#include "abi/x86.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ranges.h"

#define PAGES   16u
#define BYTES   ((uint64_t)PAGES * PAGE_BYTES)
#define ROOM    64u
#define TABLES  65536u /* more are a loop: muster/paging.h */
#define ENTRIES 512u

static uint64_t memory[PAGES][ENTRIES];
static uint32_t tables;
static uint64_t path_phys[8]; /* the tables above, by level */

static void *map_memory(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys < BYTES && bytes <= BYTES - phys ? (uint8_t *)memory + phys : NULL;
}

static enum muster_status visit(void *context, const struct muster_page_visit *visit)
{
    unsigned levels = *(const unsigned *)context;
    fuzz_require(visit->level >= 1 && visit->level <= levels, "a level is visited that is none");
    fuzz_require(visit->phys % PAGE_BYTES == 0 && visit->virt % PAGE_BYTES == 0,
                 "a visit is not on a page's border");
    fuzz_require(!visit->is_table || visit->phys < BYTES, "a table is visited that is not there");
    for (unsigned above = visit->level + 1; visit->is_table && above <= levels; above++)
        fuzz_require(path_phys[above] != visit->phys, "a table is visited below itself");
    if (visit->is_table)
        path_phys[visit->level] = visit->phys;
    tables += visit->is_table;
    fuzz_require(tables <= TABLES, "more tables are visited than may be");
    return MUSTER_OK;
}

static void read_entries(struct fuzz_input *input)
{
    memset(memory, 0, sizeof(memory));
    while (input->left > 0) {
        unsigned place = (unsigned)fuzz_number(input, 2);
        memory[place / ENTRIES % PAGES][place % ENTRIES] = fuzz_number(input, 8);
    }
}

/* All usable memory that was taken comes back, scrubbed, and nothing else. */
static void give_back(struct muster_custody *custody, enum muster_custody_policy policy)
{
    uint64_t taken = custody->taken_usable_bytes;
    fuzz_require(muster_custody_release(custody, true) == MUSTER_ERROR_CUSTODY_IN_USE,
                 "memory came back with an AP in it");
    enum muster_status status = muster_custody_release(custody, false);
    ranges_check(custody->map);
    if (policy == MUSTER_CUSTODY_KEEP)
        fuzz_require(status == MUSTER_DENIED && custody->returned_bytes == 0, "KEEP did not keep");
    else
        fuzz_require(status == MUSTER_OK && custody->returned_bytes == taken,
                     "not all that was taken came back");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct muster_platform platform = {.map = map_memory};
    static struct muster_memory_range storage[ROOM];
    struct fuzz_input input = {data, size};
    struct muster_memory_map map;
    struct muster_custody custody;
    unsigned levels = (unsigned)fuzz_number(&input, 1) % 8;
    uint64_t cr3 = fuzz_number(&input, 8);
    unsigned flags = (unsigned)fuzz_number(&input, 1);
    enum muster_custody_policy policy = flags & 1 ? MUSTER_CUSTODY_KEEP : MUSTER_CUSTODY_RECLAIM;
    read_entries(&input);
    tables = 0;
    enum muster_status status = muster_paging_walk(&platform, cr3, levels, visit, &levels);
    fuzz_require(status != MUSTER_OK || levels == 4 || levels == 5, "levels were not looked at");
    muster_memory_init(&map, storage, ROOM);
    muster_memory_add(&map, 0, BYTES / 2, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, BYTES / 2, BYTES / 2, MUSTER_MEMORY_NVS);
    muster_custody_init(&custody, &map, &platform, policy);
    enum muster_status taken = muster_custody_take_tables(&custody, cr3, levels);
    fuzz_require(taken == status || status == MUSTER_OK, "a walk ended in another way before");
    give_back(&custody, policy);
    return 0;
}
