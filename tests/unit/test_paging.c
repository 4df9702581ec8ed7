#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <muster/paging.h>

#include "abi/x86.h"
#include "tests/unit/fake_memory.h"

#define MEMORY_BYTES (4ull << 20)
#define POOL_PHYS    0x10000ull
#define POOL_BYTES   0x100000ull
#define MIB2         0x200000ull
#define GIB          0x40000000ull
#define TABLE        ((uint64_t)(PTE_PRESENT | PTE_WRITABLE | PTE_USER))
#define LEAF         ((uint64_t)(PTE_PRESENT | PTE_WRITABLE))
#define RW           MUSTER_PAGE_WRITE
#define RX           MUSTER_PAGE_EXECUTE

static int set_up(void **state)
{
    struct fake_memory *memory = fake_memory_new(MEMORY_BYTES);

    /* What the pool held before must not matter. */
    memset(memory->bytes + POOL_PHYS, 0xff, POOL_BYTES);
    *state = memory;
    return 0;
}

static int tear_down(void **state)
{
    fake_memory_free(*state);
    return 0;
}

static struct muster_paging new_paging(struct fake_memory *memory, unsigned levels)
{
    struct muster_paging paging;

    assert_int_equal(
        muster_paging_init(&paging, &memory->platform, levels, true, POOL_PHYS, POOL_BYTES),
        MUSTER_OK);
    return paging;
}

/* ---- The processor's own way through the tables, written apart from the library's. ---- */

struct translation {
    uint64_t phys; /* UINT64_MAX: not mapped */
    uint64_t page_bytes;
    unsigned access;
};

static struct translation translate(struct fake_memory *memory, uint64_t cr3, unsigned levels,
                                    uint64_t virt)
{
    struct translation result = {UINT64_MAX, 0, RW | RX | MUSTER_PAGE_USER};
    uint64_t table = cr3;

    for (unsigned shift = 12 + 9 * (levels - 1);; shift -= 9) {
        uint64_t entry = fake_memory_table(memory, table)[virt >> shift & 511];

        if (!(entry & PTE_PRESENT))
            return result;
        if (!(entry & PTE_WRITABLE))
            result.access &= ~(unsigned)RW;
        if (!(entry & PTE_USER))
            result.access &= ~(unsigned)MUSTER_PAGE_USER;
        if (entry & PTE_NO_EXECUTE)
            result.access &= ~(unsigned)RX;
        table = entry & PTE_ADDRESS;
        if (shift == 12 || (entry & PTE_LARGE)) {
            /* In a 4 KiB entry the bit of large pages is PAT's: another memory type. */
            assert_true(shift > 12 || !(entry & PTE_LARGE));
            result.page_bytes = 1ull << shift;
            result.phys = table + (virt & (result.page_bytes - 1));
            if (entry & PTE_PCD)
                result.access |= MUSTER_PAGE_UNCACHED;
            return result;
        }
    }
}

static void assert_maps(struct fake_memory *memory, const struct muster_paging *paging,
                        uint64_t virt, uint64_t phys, unsigned access)
{
    struct translation found = translate(memory, paging->root_phys, paging->levels, virt);

    assert_int_equal(found.phys, phys);
    assert_int_equal(found.access, access);
}

static void assert_unmapped(struct fake_memory *memory, const struct muster_paging *paging,
                            uint64_t virt)
{
    assert_int_equal(translate(memory, paging->root_phys, paging->levels, virt).phys, UINT64_MAX);
}

/* ---- What a walk has met. ---- */

struct walked {
    uint32_t tables, mappings;
    uint32_t stop_at;                     /* visit number that ends the walk; 0: none */
    struct muster_page_visit table[6];    /* the last one of each level */
    struct muster_page_visit first, last; /* mappings */
};

static enum muster_status note(void *context, const struct muster_page_visit *visit)
{
    struct walked *walked = context;

    if (visit->is_table) {
        walked->tables++;
        walked->table[visit->level] = *visit;
        assert_int_equal(visit->bytes, PAGE_BYTES);
    } else {
        if (walked->mappings++ == 0)
            walked->first = *visit;
        walked->last = *visit;
        /* Tables come before what hangs on them. */
        assert_true(walked->table[visit->level].is_table);
        assert_true(visit->virt - walked->table[visit->level].virt < PTE_ENTRIES * visit->bytes);
    }
    return walked->tables + walked->mappings == walked->stop_at ? MUSTER_TIME_OUT : MUSTER_OK;
}

static enum muster_status walk(struct fake_memory *memory, uint64_t cr3, unsigned levels,
                               struct walked *walked)
{
    memset(walked, 0, sizeof(*walked));
    return muster_paging_walk(&memory->platform, cr3, levels, note, walked);
}

/* ---- The builder. ---- */

static void pool_without_a_page_is_refused(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging;

    assert_int_equal(muster_paging_init(&paging, &memory->platform, 4, true, POOL_PHYS, 0xfff),
                     MUSTER_ERROR_OUT_OF_MEMORY);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 3, true, POOL_PHYS, 0x1000),
                     MUSTER_ERROR_PAGING_LEVELS);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 6, true, POOL_PHYS, 0x1000),
                     MUSTER_ERROR_PAGING_LEVELS);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 4, true, POOL_PHYS + 1, 0x2000),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 4, true, MEMORY_BYTES, 0x1000),
                     MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 4, true, 1ull << 52, 0x1000),
                     MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 4, true, 1ull << 53, 0x1000),
                     MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    assert_int_equal(muster_paging_init(&paging, &memory->platform, 4, true, POOL_PHYS, UINT64_MAX),
                     MUSTER_ERROR_PAGE_TABLE_ADDRESS);
}

static void pool_grows_upward_from_its_first_page(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);

    assert_int_equal(paging.root_phys, POOL_PHYS);
    assert_int_equal(paging.pool_phys, POOL_PHYS + 0x1000);
    assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, RW), MUSTER_OK);
    assert_int_equal(paging.pool_phys, POOL_PHYS + 0x3000);
    assert_int_equal(paging.pool_end_phys, POOL_PHYS + POOL_BYTES);
    assert_int_equal(memory->bytes[POOL_PHYS + 0x3000], 0xff);
}

static void mapping_allows_what_was_asked_and_no_more(void **state)
{
    const unsigned asked[] = {0,
                              RW,
                              RX,
                              MUSTER_PAGE_USER,
                              MUSTER_PAGE_USER | RW,
                              MUSTER_PAGE_USER | RX,
                              RW | MUSTER_PAGE_UNCACHED};
    const uint64_t base = 0xffffffff80000000;
    struct fake_memory *memory = *state;

    for (unsigned levels = 4; levels <= 5; levels++) {
        struct muster_paging paging = new_paging(memory, levels);

        for (unsigned i = 0; i < sizeof(asked) / sizeof(*asked); i++)
            assert_int_equal(muster_paging_map(&paging, base + i * 0x1000, 0x9000 - i * 0x1000,
                                               0x1000, asked[i]),
                             MUSTER_OK);
        for (unsigned i = 0; i < sizeof(asked) / sizeof(*asked); i++)
            assert_maps(memory, &paging, base + i * 0x1000 + 7, 0x9007 - i * 0x1000, asked[i]);
        assert_unmapped(memory, &paging, base - 1);
        assert_unmapped(memory, &paging, base + sizeof(asked) / sizeof(*asked) * 0x1000);
        assert_unmapped(memory, &paging, 0);
    }
}

static void write_with_execute_is_denied_but_for_an_os(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);

    assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, RW | RX), MUSTER_DENIED);
    assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, RW | RX | MUSTER_PAGE_USER),
                     MUSTER_DENIED);
    assert_unmapped(memory, &paging, 0);
    assert_int_equal(paging.pool_phys, POOL_PHYS + 0x1000);
    assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, RW | RX | MUSTER_PAGE_FOR_OS),
                     MUSTER_OK);
    assert_maps(memory, &paging, 0x1234, 0x1234, RW | RX);
}

static void processor_without_nx_gets_no_nx_bit(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging;

    muster_paging_init(&paging, &memory->platform, 4, false, POOL_PHYS, POOL_BYTES);
    assert_int_equal(muster_paging_map(&paging, 0, 0, 0x1000, MUSTER_PAGE_READ), MUSTER_OK);
    assert_maps(memory, &paging, 0, 0, RX);
    assert_int_equal(muster_paging_map(&paging, 0, 0, 0x1000, RW | RX), MUSTER_DENIED);
}

static void largest_pages_that_fit_are_used(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);
    uint64_t root = paging.root_phys;

    assert_int_equal(
        muster_paging_map(&paging, MIB2 - 0x1000, 2 * MIB2 - 0x1000, 2 * MIB2 + 0x2000, RW),
        MUSTER_OK);
    assert_int_equal(translate(memory, root, 4, MIB2 - 0x1000).page_bytes, 0x1000);
    assert_int_equal(translate(memory, root, 4, MIB2).page_bytes, MIB2);
    assert_int_equal(translate(memory, root, 4, 2 * MIB2).page_bytes, MIB2);
    assert_int_equal(translate(memory, root, 4, 3 * MIB2).page_bytes, 0x1000);
    assert_maps(memory, &paging, 2 * MIB2 + 5, 3 * MIB2 + 5, RW);
    assert_unmapped(memory, &paging, 3 * MIB2 + 0x1000);
    /* Virtual and physical must both be aligned, and 1 GiB pages are not made. */
    assert_int_equal(muster_paging_map(&paging, GIB, 0x1000, MIB2, RW), MUSTER_OK);
    assert_int_equal(translate(memory, root, 4, GIB).page_bytes, 0x1000);
    assert_int_equal(muster_paging_map(&paging, 4 * GIB, 0, GIB, RW), MUSTER_OK);
    assert_int_equal(translate(memory, root, 4, 4 * GIB).page_bytes, MIB2);
}

static void splitting_keeps_the_other_mappings(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);

    muster_paging_map(&paging, 0, 4 * MIB2, 3 * MIB2, RW | MUSTER_PAGE_UNCACHED);
    assert_int_equal(muster_paging_map(&paging, MIB2 + 0x5000, 0x7000, 0x1000, RX), MUSTER_OK);
    assert_int_equal(muster_paging_unmap(&paging, MIB2 + 0x8000, 0x1000), MUSTER_OK);
    for (uint64_t virt = 0; virt < 3 * MIB2; virt += 0x1000) {
        if (virt == MIB2 + 0x5000)
            assert_maps(memory, &paging, virt, 0x7000, RX);
        else if (virt == MIB2 + 0x8000)
            assert_unmapped(memory, &paging, virt);
        else
            assert_maps(memory, &paging, virt, virt + 4 * MIB2, RW | MUSTER_PAGE_UNCACHED);
    }
    assert_int_equal(translate(memory, paging.root_phys, 4, 0).page_bytes, MIB2);
    assert_int_equal(translate(memory, paging.root_phys, 4, 2 * MIB2).page_bytes, MIB2);
}

static void repeated_changes_do_not_use_up_the_pool(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);
    uint64_t pool_phys;

    muster_paging_map(&paging, 0, 0, MIB2, RW);
    muster_paging_unmap(&paging, 0, 0x1000);
    pool_phys = paging.pool_phys;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, i & 1 ? RW : RX), MUSTER_OK);
        assert_int_equal(muster_paging_unmap(&paging, 0x3000, 0x1000), MUSTER_OK);
    }
    assert_int_equal(paging.pool_phys, pool_phys);
    assert_maps(memory, &paging, 0x2fff, 0x2fff, RW);
}

static void unmapping_takes_whole_large_pages_and_skips_gaps(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);
    uint64_t pool_phys;

    muster_paging_map(&paging, 0x1ff000, 0x1ff000, MIB2 + 0x2000, RW);
    muster_paging_map(&paging, 1ull << 46, 0, MIB2, RX);
    pool_phys = paging.pool_phys;
    assert_int_equal(muster_paging_unmap(&paging, 0x1ff000, (1ull << 46) - 0x1ff000), MUSTER_OK);
    assert_unmapped(memory, &paging, 0x1ff000);
    assert_unmapped(memory, &paging, MIB2);
    assert_unmapped(memory, &paging, 2 * MIB2);
    assert_maps(memory, &paging, 1ull << 46, 0, RX);
    assert_int_equal(muster_paging_unmap(&paging, 0, 1ull << 47), MUSTER_OK);
    assert_unmapped(memory, &paging, 1ull << 46);
    assert_int_equal(paging.pool_phys, pool_phys);
}

static void unaligned_or_impossible_ranges_are_refused(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);
    const uint64_t top = UINT64_MAX - 0xfff;
    const enum muster_status invalid = MUSTER_INVALID_ARGUMENT;
    const enum muster_status outside = MUSTER_ERROR_RANGE_INVALID;

    assert_int_equal(muster_paging_map(&paging, 0x800, 0, 0x1000, RW), invalid);
    assert_int_equal(muster_paging_map(&paging, 0, 0x800, 0x1000, RW), invalid);
    assert_int_equal(muster_paging_map(&paging, 0, 0, 0x800, RW), invalid);
    assert_int_equal(muster_paging_map(&paging, 0, 0, 0x1000, 1u << 5), invalid);
    assert_int_equal(muster_paging_unmap(&paging, 0x800, 0x1000), invalid);
    assert_int_equal(muster_paging_map(&paging, 1ull << 47, 0, 0x1000, RW), outside);
    assert_int_equal(muster_paging_map(&paging, (1ull << 47) - 0x1000, 0, 0x2000, RW), outside);
    assert_int_equal(muster_paging_map(&paging, 0, 1ull << 52, 0x1000, RW), outside);
    assert_int_equal(muster_paging_map(&paging, 0, (1ull << 52) - 0x1000, 0x2000, RW), outside);
    assert_int_equal(muster_paging_map(&paging, top, 0, 0x2000, RW), outside);
    assert_int_equal(muster_paging_unmap(&paging, 0, top), outside);
    assert_int_equal(paging.pool_phys, POOL_PHYS + 0x1000);
    assert_int_equal(muster_paging_map(&paging, 0, 0, 0, RW), MUSTER_OK);
    assert_int_equal(muster_paging_map(&paging, top, (1ull << 52) - 0x1000, 0x1000, RW), MUSTER_OK);
    assert_maps(memory, &paging, top, (1ull << 52) - 0x1000, RW);
}

static void five_levels_reach_further_than_four(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 5);
    struct walked walked;

    assert_int_equal(muster_paging_map(&paging, 1ull << 47, 0, 0x1000, RX), MUSTER_OK);
    assert_int_equal(muster_paging_map(&paging, 0xff00000000000000, 0x5000, 0x1000, RW), MUSTER_OK);
    assert_int_equal(muster_paging_map(&paging, 1ull << 56, 0, 0x1000, RW),
                     MUSTER_ERROR_RANGE_INVALID);
    assert_maps(memory, &paging, 1ull << 47, 0, RX);
    assert_int_equal(walk(memory, paging.root_phys, 5, &walked), MUSTER_OK);
    assert_int_equal(walked.tables, 9);
    assert_int_equal(walked.first.virt, 1ull << 47);
    assert_int_equal(walked.last.virt, 0xff00000000000000);
    assert_int_equal(walked.last.access, RW);
}

static void pool_that_ends_or_cannot_be_mapped_is_reported(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging;

    muster_paging_init(&paging, &memory->platform, 4, true, POOL_PHYS, 0x3000);
    assert_int_equal(muster_paging_map(&paging, 0, 0, 2 * MIB2, RW), MUSTER_OK);
    assert_int_equal(muster_paging_unmap(&paging, 0x1000, 0x1000), MUSTER_ERROR_OUT_OF_MEMORY);
    assert_int_equal(muster_paging_map(&paging, GIB, 0, MIB2, RW), MUSTER_ERROR_OUT_OF_MEMORY);
    assert_maps(memory, &paging, 0x1000, 0x1000, RW);
    paging = new_paging(memory, 4);
    memory->denied_start = POOL_PHYS + 0x2000;
    memory->denied_end = POOL_PHYS + 0x3000;
    assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, RW), MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    memory->denied_start = POOL_PHYS;
    assert_int_equal(muster_paging_map(&paging, 0, 0, MIB2, RW), MUSTER_ERROR_PAGE_TABLE_ADDRESS);
}

/* Other tools make larger pages and tables elsewhere than this pool: both are met on the way. */
static void gigabyte_page_is_split_and_a_table_that_is_gone_is_named(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);

    assert_int_equal(muster_paging_map(&paging, 0, 0, 0x1000, RW), MUSTER_OK);
    uint64_t *pointers = fake_memory_table(memory, POOL_PHYS + 0x1000);
    pointers[1] = GIB | LEAF | PTE_LARGE | PTE_NO_EXECUTE;
    assert_int_equal(muster_paging_unmap(&paging, GIB + 0x1000, 0x1000), MUSTER_OK);
    assert_unmapped(memory, &paging, GIB + 0x1000);
    assert_maps(memory, &paging, GIB, GIB, RW);
    assert_maps(memory, &paging, GIB + MIB2 + 0x3000, GIB + MIB2 + 0x3000, RW);
    pointers[2] = MEMORY_BYTES | TABLE;
    assert_int_equal(muster_paging_map(&paging, 2 * GIB, 0, 0x1000, RW),
                     MUSTER_ERROR_PAGE_TABLE_ADDRESS);
}

/* ---- Thousands of changes, against a model that knows every page by itself. ---- */

#define MODEL_PAGES 4096u
#define MODEL_VIRT  0xffff800000000000ull

struct model_page {
    uint64_t phys;
    unsigned access;
    bool mapped;
};

static void random_change(struct muster_paging *paging, struct model_page *model, uint64_t *seed)
{
    const unsigned accesses[] = {0, RW, RX, MUSTER_PAGE_USER | RW, RW | RX | MUSTER_PAGE_FOR_OS};
    uint32_t align = fake_random(seed, 2) ? 512 : 1;
    uint32_t first = fake_random(seed, MODEL_PAGES) / align * align;
    uint32_t count = fake_random(seed, MODEL_PAGES - first + 1) / align * align;
    uint64_t phys = (uint64_t)(fake_random(seed, 1u << 20) / align * align) << 12;
    unsigned access = accesses[fake_random(seed, 5)];
    bool map = fake_random(seed, 4) != 0;
    uint64_t virt = MODEL_VIRT + first * 0x1000ull;

    if (align == 1)
        count = count % 700;
    if (map)
        assert_int_equal(muster_paging_map(paging, virt, phys, count * 0x1000ull, access),
                         MUSTER_OK);
    else
        assert_int_equal(muster_paging_unmap(paging, virt, count * 0x1000ull), MUSTER_OK);
    for (uint32_t i = 0; i < count; i++) {
        model[first + i].mapped = map;
        model[first + i].phys = phys + i * 0x1000ull;
        model[first + i].access = access & ~(unsigned)MUSTER_PAGE_FOR_OS;
    }
}

/* Strikes out of the model what a walk meets. */
static enum muster_status strike_out(void *context, const struct muster_page_visit *visit)
{
    struct model_page *model = context;
    uint64_t first = (visit->virt - MODEL_VIRT) / 0x1000;

    if (visit->is_table)
        return MUSTER_OK;
    for (uint64_t i = 0; i < visit->bytes / 0x1000; i++) {
        assert_true(first + i < MODEL_PAGES);
        assert_true(model[first + i].mapped);
        assert_int_equal(model[first + i].phys, visit->phys + i * 0x1000);
        assert_int_equal(model[first + i].access, visit->access);
        model[first + i].mapped = false;
    }
    return MUSTER_OK;
}

static void tree_maps_what_a_model_of_single_pages_does(void **state)
{
    static struct model_page model[MODEL_PAGES], left[MODEL_PAGES];
    struct fake_memory *memory = *state;
    uint64_t seed = 0x706167696e67;

    for (unsigned round = 0; round < 20; round++) {
        struct muster_paging paging = new_paging(memory, 4 + round % 2);

        memset(model, 0, sizeof(model));
        for (int step = 0; step < 100; step++) {
            random_change(&paging, model, &seed);
            memcpy(left, model, sizeof(model));
            assert_int_equal(muster_paging_walk(&memory->platform, paging.root_phys, paging.levels,
                                                strike_out, left),
                             MUSTER_OK);
            for (uint32_t i = 0; i < MODEL_PAGES; i++)
                assert_false(left[i].mapped);
        }
    }
}

/* ---- The walker, on tables written by hand. ---- */

static void walk_gives_tables_and_mappings_in_order(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;

    fake_memory_table(memory, 0x1000)[511] = 0x2000 | TABLE;
    fake_memory_table(memory, 0x2000)[0] = 0x3000 | TABLE;
    fake_memory_table(memory, 0x2000)[2] = 7 * GIB | PTE_LARGE | LEAF;
    fake_memory_table(memory, 0x3000)[1] = 9 * MIB2 | PTE_LARGE | LEAF | PTE_PCD;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    assert_int_equal(walked.tables, 3);
    assert_int_equal(walked.mappings, 2);
    assert_int_equal(walked.first.virt, 0xffffff8000000000 + MIB2);
    assert_int_equal(walked.first.phys, 9 * MIB2);
    assert_int_equal(walked.first.bytes, MIB2);
    assert_int_equal(walked.first.level, 2);
    assert_int_equal(walked.first.access, RW | RX | MUSTER_PAGE_UNCACHED);
    assert_int_equal(walked.last.virt, 0xffffff8000000000 + 2 * GIB);
    assert_int_equal(walked.last.level, 3);
    assert_int_equal(walked.table[2].phys, 0x3000);
    assert_int_equal(walked.table[2].virt, 0xffffff8000000000);
}

static void gigabyte_page_is_seen_whole(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;

    fake_memory_table(memory, 0x1000)[0] = 0x2000 | TABLE;
    fake_memory_table(memory, 0x2000)[3] = 7 * GIB | 0x1000 /* PAT */ | PTE_LARGE | LEAF;
    /* The low bits of CR3 are caching and PCID. */
    assert_int_equal(walk(memory, 0x1018, 4, &walked), MUSTER_OK);
    assert_int_equal(walked.last.virt, 3 * GIB);
    assert_int_equal(walked.last.phys, 7 * GIB);
    assert_int_equal(walked.last.bytes, GIB);
    assert_int_equal(walked.last.level, 3);
}

static void access_is_what_the_whole_path_allows(void **state)
{
    struct fake_memory *memory = *state;
    uint64_t *entries[4];

    for (unsigned i = 0; i < 4; i++) {
        entries[i] = fake_memory_table(memory, 0x1000 * (i + 1));
        entries[i][0] = 0x1000 * (i + 2) | TABLE;
    }
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t was = entries[i][0];
        struct walked walked;

        assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
        assert_int_equal(walked.last.access, RW | RX | MUSTER_PAGE_USER);
        entries[i][0] = was & ~(uint64_t)PTE_WRITABLE;
        walk(memory, 0x1000, 4, &walked);
        assert_int_equal(walked.last.access, RX | MUSTER_PAGE_USER);
        entries[i][0] = was & ~(uint64_t)PTE_USER;
        walk(memory, 0x1000, 4, &walked);
        assert_int_equal(walked.last.access, RX | RW);
        entries[i][0] = was | PTE_NO_EXECUTE;
        walk(memory, 0x1000, 4, &walked);
        assert_int_equal(walked.last.access, RW | MUSTER_PAGE_USER);
        /* Uncached reading of a table says nothing about what it maps. */
        entries[i][0] = was | PTE_PCD;
        walk(memory, 0x1000, 4, &walked);
        assert_int_equal(walked.last.access & MUSTER_PAGE_UNCACHED,
                         i == 3 ? MUSTER_PAGE_UNCACHED : 0);
        entries[i][0] = was;
    }
}

static void table_that_is_its_own_ancestor_is_a_loop(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;

    for (uint64_t i = 1; i < 4; i++)
        fake_memory_table(memory, i * 0x1000)[0] = (i + 1) * 0x1000 | TABLE;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    for (uint64_t from = 1; from <= 3; from++) {
        for (uint64_t to = 1; to <= from; to++) {
            fake_memory_table(memory, from * 0x1000)[9] = to * 0x1000 | TABLE;
            assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_ERROR_PAGE_TABLE_LOOP);
            fake_memory_table(memory, from * 0x1000)[9] = 0;
        }
    }
    /* At the last level an address is a mapping, whatever lies there. */
    fake_memory_table(memory, 0x4000)[9] = 0x1000 | TABLE;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
}

static void shared_tables_are_visited_for_each_use(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;

    fake_memory_table(memory, 0x1000)[0] = 0x2000 | TABLE;
    fake_memory_table(memory, 0x1000)[1] = 0x2000 | TABLE;
    fake_memory_table(memory, 0x2000)[0] = 0x3000 | TABLE;
    fake_memory_table(memory, 0x2000)[1] = 0x3000 | TABLE;
    fake_memory_table(memory, 0x3000)[0] = MIB2 | PTE_LARGE | LEAF;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    assert_int_equal(walked.tables, 1 + 2 + 4);
    assert_int_equal(walked.mappings, 4);
}

static void walk_ends_behind_65536_tables(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;

    /* 1 + 255 * (1 + 256) = 65536 */
    for (unsigned i = 0; i < 255; i++)
        fake_memory_table(memory, 0x1000)[i] = 0x2000 | TABLE;
    for (unsigned i = 0; i < 256; i++)
        fake_memory_table(memory, 0x2000)[i] = 0x3000 | TABLE;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    assert_int_equal(walked.tables, 65536);
    fake_memory_table(memory, 0x1000)[511] = 0x4000 | TABLE;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_ERROR_PAGE_TABLE_LOOP);
    assert_int_equal(walked.tables, 65536);
}

static void impossible_bits_are_named(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;
    uint64_t *pml4 = fake_memory_table(memory, 0x1000);
    uint64_t *pdpt = fake_memory_table(memory, 0x2000);
    uint64_t *pd = fake_memory_table(memory, 0x3000);
    uint64_t *pt = fake_memory_table(memory, 0x4000);
    const struct {
        uint64_t *entry;
        uint64_t value;
    } bad[] = {
        {pml4, 0x2000 | PTE_LARGE | TABLE},   {pdpt, GIB | MIB2 | PTE_LARGE | LEAF},
        {pdpt, GIB | 0x2000 | PTE_LARGE | 1}, {pd, MIB2 | 0x100000 | PTE_LARGE | LEAF},
        {pd, MIB2 | 0x2000 | PTE_LARGE | 1},
    };

    pml4[0] = 0x2000 | TABLE;
    pdpt[0] = 0x3000 | TABLE;
    pd[0] = 0x4000 | TABLE;
    pt[0] = 0x5000 | PTE_LARGE /* PAT, here */ | PTE_GLOBAL | LEAF;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        bad[i].entry[5] = bad[i].value;
        assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_ERROR_PAGE_TABLE_ENTRY);
        /* Not present, it may hold anything. */
        bad[i].entry[5] = bad[i].value & ~(uint64_t)PTE_PRESENT;
        assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    }
    assert_int_equal(walk(memory, 1ull << 52 | 0x1000, 4, &walked), MUSTER_ERROR_PAGE_TABLE_ENTRY);
    assert_int_equal(walk(memory, 0x1000, 3, &walked), MUSTER_ERROR_PAGING_LEVELS);
    assert_int_equal(walk(memory, 0x1000, 6, &walked), MUSTER_ERROR_PAGING_LEVELS);
}

static void bits_that_belong_to_software_are_ignored(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;
    const uint64_t software = 0x7FFull << 52;

    fake_memory_table(memory, 0x1000)[0] = software | 0x2000 | TABLE;
    fake_memory_table(memory, 0x2000)[0] = software | 0x3000 | TABLE;
    fake_memory_table(memory, 0x3000)[0] = software | 0x4000 | TABLE;
    fake_memory_table(memory, 0x4000)[0] = software | 0x5000 | LEAF;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_OK);
    assert_int_equal(walked.tables, 4);
}

static void table_that_cannot_be_mapped_is_named(void **state)
{
    struct fake_memory *memory = *state;
    struct walked walked;

    assert_int_equal(walk(memory, MEMORY_BYTES, 4, &walked), MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    assert_int_equal(walked.tables, 0);
    fake_memory_table(memory, 0x1000)[7] = (PTE_ADDRESS & ~0xfffull) | TABLE;
    assert_int_equal(walk(memory, 0x1000, 4, &walked), MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    assert_int_equal(walked.tables, 1);
}

static void visitor_ends_the_walk_with_its_own_status(void **state)
{
    struct fake_memory *memory = *state;
    struct muster_paging paging = new_paging(memory, 4);
    struct walked walked;

    muster_paging_map(&paging, 0, 0, 8 * MIB2, RW);
    for (uint32_t stop = 1; stop <= 11; stop++) {
        memset(&walked, 0, sizeof(walked));
        walked.stop_at = stop;
        assert_int_equal(muster_paging_walk(&memory->platform, paging.root_phys, 4, note, &walked),
                         MUSTER_TIME_OUT);
        assert_int_equal(walked.tables + walked.mappings, stop);
    }
}

/* Whatever the tables hold, a walk comes to an end and touches nothing it may not. */
static void random_tables_end_with_a_named_status(void **state)
{
    struct fake_memory *memory = *state;
    uint64_t seed = 0x68617368;

    for (unsigned round = 0; round < 300; round++) {
        struct walked walked;
        enum muster_status status;

        memset(memory->bytes, 0, 0x9000);
        for (unsigned i = 0; i < 24; i++) {
            uint64_t entry = (uint64_t)fake_random(&seed, 9) << 12 | fake_random(&seed, 1 << 12);

            if (fake_random(&seed, 2))
                entry &= ~(uint64_t)PTE_LARGE;
            if (fake_random(&seed, 20) == 0)
                entry |= 1ull << (22 + fake_random(&seed, 42));
            fake_memory_table(memory,
                              0x1000ull * fake_random(&seed, 9))[fake_random(&seed, PTE_ENTRIES)] =
                entry | (i < 12);
        }
        status = walk(memory, 0x1000, 4 + round % 2, &walked);
        assert_true(status == MUSTER_OK || status == MUSTER_ERROR_PAGE_TABLE_ENTRY ||
                    status == MUSTER_ERROR_PAGE_TABLE_LOOP ||
                    status == MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(pool_without_a_page_is_refused),
        TEST(pool_grows_upward_from_its_first_page),
        TEST(mapping_allows_what_was_asked_and_no_more),
        TEST(write_with_execute_is_denied_but_for_an_os),
        TEST(processor_without_nx_gets_no_nx_bit),
        TEST(largest_pages_that_fit_are_used),
        TEST(splitting_keeps_the_other_mappings),
        TEST(repeated_changes_do_not_use_up_the_pool),
        TEST(unmapping_takes_whole_large_pages_and_skips_gaps),
        TEST(unaligned_or_impossible_ranges_are_refused),
        TEST(five_levels_reach_further_than_four),
        TEST(pool_that_ends_or_cannot_be_mapped_is_reported),
        TEST(gigabyte_page_is_split_and_a_table_that_is_gone_is_named),
        TEST(tree_maps_what_a_model_of_single_pages_does),
        TEST(walk_gives_tables_and_mappings_in_order),
        TEST(gigabyte_page_is_seen_whole),
        TEST(access_is_what_the_whole_path_allows),
        TEST(table_that_is_its_own_ancestor_is_a_loop),
        TEST(shared_tables_are_visited_for_each_use),
        TEST(walk_ends_behind_65536_tables),
        TEST(impossible_bits_are_named),
        TEST(bits_that_belong_to_software_are_ignored),
        TEST(table_that_cannot_be_mapped_is_named),
        TEST(visitor_ends_the_walk_with_its_own_status),
        TEST(random_tables_end_with_a_named_status),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
