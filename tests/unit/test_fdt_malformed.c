/* Device trees that are wrong: each is refused by name, and nothing beyond its end is read. */
#include "tests/unit/fdt_trees.h"

#include "tests/unit/fake_memory.h"

#define MUTATIONS 30000

/* Words of the header, by number (Devicetree Specification v0.4, 5.2). */
enum {
    MAGIC,
    TOTAL,
    STRUCT_AT,
    STRINGS_AT,
    RESERVE_AT,
    VERSION,
    LAST,
    BOOT,
    STRINGS_SIZE,
    STRUCT_SIZE
};

static uint32_t word(const void *tree, uint32_t number)
{
    return fdt32_to_cpu(((const fdt32_t *)tree)[number]);
}

static void set_word(void *tree, uint32_t number, uint32_t value)
{
    ((fdt32_t *)tree)[number] = cpu_to_fdt32(value);
}

/* ---- The header and the blocks ---- */

static void each_wrong_word_of_the_header_is_refused_by_name(void **state)
{
    static const struct {
        uint32_t number, value;
        enum muster_status status;
    } wrong[] = {
        {MAGIC, 0xd00dfeec, MUSTER_ERROR_FDT_MAGIC},
        {MAGIC, 0xedfe0dd0, MUSTER_ERROR_FDT_MAGIC},
        {VERSION, 16, MUSTER_ERROR_FDT_VERSION},
        {VERSION, 0, MUSTER_ERROR_FDT_VERSION},
        {LAST, 18, MUSTER_ERROR_FDT_VERSION},
        {TOTAL, 39, MUSTER_ERROR_FDT_SIZE},
        {TOTAL, 0, MUSTER_ERROR_FDT_SIZE},
        {TOTAL, 0x1000001, MUSTER_ERROR_FDT_SIZE},
        {TOTAL, 0xffffffff, MUSTER_ERROR_FDT_SIZE},
        {TOTAL, 0x1000000, MUSTER_ERROR_FDT_ADDRESS}, /* more than there is memory */
        {TOTAL, 40, MUSTER_ERROR_FDT_BLOCK},
        {STRUCT_AT, 0, MUSTER_ERROR_FDT_BLOCK},
        {STRUCT_AT, 36, MUSTER_ERROR_FDT_BLOCK},
        {STRUCT_AT, 0x7ffffffc, MUSTER_ERROR_FDT_BLOCK},
        {STRUCT_AT, 0xfffffffc, MUSTER_ERROR_FDT_BLOCK},
        {STRINGS_AT, 0xffffffff, MUSTER_ERROR_FDT_BLOCK},
        {STRINGS_AT, 8, MUSTER_ERROR_FDT_BLOCK},
        {STRINGS_AT, 72, MUSTER_ERROR_FDT_BLOCK}, /* in the structure block */
        {RESERVE_AT, 44, MUSTER_ERROR_FDT_BLOCK},
        {RESERVE_AT, 8, MUSTER_ERROR_FDT_BLOCK},
        {RESERVE_AT, 0xfffffff8, MUSTER_ERROR_FDT_BLOCK},
        {STRUCT_SIZE, 0xffffffff, MUSTER_ERROR_FDT_BLOCK},
        {STRINGS_SIZE, 0xffffffff, MUSTER_ERROR_FDT_BLOCK},
        {STRUCT_SIZE, 0, MUSTER_ERROR_FDT_TRUNCATED},
        {STRINGS_SIZE, 0, MUSTER_ERROR_FDT_NAME},
    };
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set_word(tree_small(firmware), wrong[i].number, wrong[i].value);
        assert_tree_refused(firmware, wrong[i].status);
    }
}

static void structure_that_is_not_aligned_is_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_small(firmware);

    set_word(tree, STRUCT_AT, word(tree, STRUCT_AT) + 2);
    set_word(tree, STRUCT_SIZE, word(tree, STRUCT_SIZE) - 4);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_BLOCK);
    assert_int_equal(firmware->machine.finding.offset, 4 * STRUCT_AT);
}

static void tree_at_an_impossible_address_is_refused(void **state)
{
    static const uint64_t places[] = {
        0, TREE_PHYS + 4, 1ull << 52, UINT64_MAX - 7, MEMORY_BYTES - 32, MEMORY_BYTES};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        assert_int_equal(muster_discover_fdt(&firmware->machine, places[i], 0),
                         MUSTER_ERROR_FDT_ADDRESS);
        forget_maps(firmware);
    }
}

/* In the order of its parts, so that what is cut off is at the end. */
static void tree_cut_off_anywhere_is_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_small(firmware);
    uint32_t total = word(tree, TOTAL);

    for (uint32_t bytes = 0; bytes < total; bytes++) {
        set_word(tree, TOTAL, bytes);
        assert_int_not_equal(discover_tree(firmware), MUSTER_OK);
        assert_int_not_equal(fdt_check_full(tree, bytes), 0);
    }
}

static void structure_cut_off_anywhere_is_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_small(firmware);
    uint32_t total = word(tree, STRUCT_SIZE);

    for (uint32_t bytes = 0; bytes < total; bytes++) {
        set_word(tree, STRUCT_SIZE, bytes);
        assert_int_not_equal(discover_tree(firmware), MUSTER_OK);
        assert_int_not_equal(fdt_check_full(tree, TREE_BYTES), 0);
    }
}

static void strings_cut_off_anywhere_are_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_small(firmware);
    uint32_t total = word(tree, STRINGS_SIZE);

    for (uint32_t bytes = 0; bytes < total; bytes++) {
        set_word(tree, STRINGS_SIZE, bytes);
        assert_tree_refused(firmware, MUSTER_ERROR_FDT_NAME);
        assert_int_not_equal(fdt_check_full(tree, TREE_BYTES), 0);
    }
}

static void reserve_map_without_an_end_is_refused(void **state)
{
    struct firmware *firmware = *state;
    uint8_t *tree = tree_small(firmware);

    /* Behind everything: what follows up to the end is never two zeros. */
    uint32_t at = (word(tree, TOTAL) + 7) / 8 * 8;
    memset(tree + at, 1, 64);
    set_word(tree, RESERVE_AT, at);
    set_word(tree, TOTAL, at + 64);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_RESERVE_MAP);
    memset(tree + at + 16, 0, 16);
    assert_tree_found(firmware);
    memset(tree + at, 0xff, 16);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_RESERVE_MAP);
}

static void reserve_map_that_runs_into_the_structure_is_refused(void **state)
{
    struct firmware *firmware = *state;
    uint8_t *tree = tree_small(firmware);

    tree[word(tree, RESERVE_AT) + 7] = 1; /* the end is one more entry now */
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_BLOCK);
    assert_int_equal(firmware->machine.finding.offset, word(tree, STRUCT_AT));
}

static void reserve_map_that_lies_over_the_strings_is_refused(void **state)
{
    struct firmware *firmware = *state;
    uint8_t *tree = tree_small(firmware);
    uint32_t at = (word(tree, STRINGS_AT) + 7) / 8 * 8;

    set_word(tree, RESERVE_AT, at);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_BLOCK);
    assert_int_equal(firmware->machine.finding.offset, at);
}

/* ---- The structure block ---- */

/* A tree with @count words as its whole structure. */
static void put_structure(struct firmware *firmware, const uint32_t *words, uint32_t count)
{
    fdt32_t *tree = tree_of(firmware);

    memset(tree, 0, TREE_BYTES);
    set_word(tree, MAGIC, 0xd00dfeed);
    set_word(tree, VERSION, 17);
    set_word(tree, LAST, 16);
    set_word(tree, RESERVE_AT, 40);
    set_word(tree, STRUCT_AT, 56);
    set_word(tree, STRUCT_SIZE, 4 * count);
    set_word(tree, STRINGS_AT, 56 + 4 * count);
    set_word(tree, STRINGS_SIZE, 4);
    set_word(tree, TOTAL, 60 + 4 * count);
    for (uint32_t i = 0; i < count; i++)
        tree[14 + i] = cpu_to_fdt32(words[i]);
    memcpy(tree + 14 + count, "reg", 4);
}

#define BEGIN   1
#define END     2
#define PROP    3
#define NOP     4
#define LAST_OF 9
#define A       0x61000000 /* "a" */

#define refuse_structure(firmware, status, ...)                                                    \
    do {                                                                                           \
        const uint32_t words_[] = {__VA_ARGS__};                                                   \
        put_structure(firmware, words_, sizeof(words_) / sizeof(words_[0]));                       \
        assert_tree_refused(firmware, status);                                                     \
    } while (0)

static void nodes_that_do_not_pair_up_are_refused(void **state)
{
    struct firmware *firmware = *state;

    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, NOP, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, BEGIN, 0, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, BEGIN, 0, END, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, BEGIN, 0, END, BEGIN, 0, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_TRUNCATED, BEGIN, 0, END);
    refuse_structure(firmware, MUSTER_ERROR_FDT_NO_CPU, BEGIN, 0, END, LAST_OF);
}

static void tokens_that_are_none_or_out_of_place_are_refused(void **state)
{
    struct firmware *firmware = *state;

    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, BEGIN, 0, 0, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, BEGIN, 0, 5, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, 0x01000000, 0, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, PROP, 0, 0, BEGIN, 0, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_STRUCTURE, BEGIN, 0, BEGIN, A, END, PROP, 0, 0, END,
                     LAST_OF);
    assert_int_equal(firmware->machine.finding.offset, 56 + 4 * 5);
    assert_int_equal(firmware->machine.finding.entry, 1);
}

static void names_without_an_end_or_out_of_place_are_refused(void **state)
{
    struct firmware *firmware = *state;

    refuse_structure(firmware, MUSTER_ERROR_FDT_NAME, BEGIN, 0x61616161);
    refuse_structure(firmware, MUSTER_ERROR_FDT_NAME, BEGIN, A, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_NAME, BEGIN, 0, PROP, 0, 4, END, LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_NAME, BEGIN, 0, PROP, 0, 0xffffffff, END, LAST_OF);
}

static void name_of_a_property_is_bounded(void **state)
{
    char name[300];
    struct firmware *firmware = *state;

    for (size_t length = 250; length < 260; length++) {
        memset(name, 'n', length);
        name[length] = '\0';
        void *tree = tree_begin(firmware);
        MUST(fdt_property_u32(tree, name, 1));
        tree_two_cpus(tree);
        tree_end(tree);
        if (length < 256)
            assert_tree_found(firmware);
        else
            assert_tree_refused(firmware, MUSTER_ERROR_FDT_NAME);
    }
}

static void values_that_run_past_the_block_are_refused(void **state)
{
    static const uint32_t lengths[] = {9, 12, 0x7fffffff, 0xfffffffc, 0xfffffffd, 0xffffffff};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        refuse_structure(firmware, MUSTER_ERROR_FDT_TRUNCATED, BEGIN, 0, PROP, lengths[i], 0, END,
                         LAST_OF);
    refuse_structure(firmware, MUSTER_ERROR_FDT_TRUNCATED, BEGIN, 0, PROP, 4);
    refuse_structure(firmware, MUSTER_ERROR_FDT_TRUNCATED, BEGIN, 0, PROP);
}

static void nesting_is_bounded(void **state)
{
    struct firmware *firmware = *state;

    for (int depth = 30; depth <= 40; depth++) {
        void *tree = tree_begin(firmware);
        tree_two_cpus(tree);
        for (int i = 1; i < depth; i++)
            MUST(fdt_begin_node(tree, "a"));
        for (int i = 1; i < depth; i++)
            MUST(fdt_end_node(tree));
        tree_end(tree);
        if (depth <= 32)
            assert_tree_found(firmware);
        else
            assert_tree_refused(firmware, MUSTER_ERROR_FDT_DEPTH);
    }
}

/* ---- Any bytes ---- */

/* What libfdt does not look at, or sees otherwise, when it checks a whole tree. */
static bool is_ours_alone(enum muster_status status, const void *tree)
{
    return status >= MUSTER_ERROR_FDT_DUPLICATE || status == MUSTER_ERROR_MAILBOX_ADDRESS ||
           status == MUSTER_ERROR_MAILBOX_ALIGNMENT || status == MUSTER_ERROR_FDT_BLOCK ||
           status == MUSTER_ERROR_FDT_RESERVE_MAP || status == MUSTER_ERROR_FDT_DEPTH ||
           status == MUSTER_ERROR_FDT_STRUCTURE ||
           (status == MUSTER_ERROR_FDT_VERSION && word(tree, VERSION) < 17);
}

static void mutate(uint8_t *tree, uint32_t total, uint64_t *seed)
{
    static const uint8_t likely[] = {0, 1, 2, 3, 4, 9, 0x7f, 0x80, 0xff};

    for (uint32_t i = 1 + fake_random(seed, 3); i > 0; i--) {
        uint8_t *byte = &tree[fake_random(seed, total)];
        if (fake_random(seed, 2))
            *byte = likely[fake_random(seed, sizeof(likely))];
        else
            *byte ^= (uint8_t)(1u << fake_random(seed, 8));
    }
}

static void mutated_trees_get_the_same_verdict_as_from_libfdt(void **state)
{
    struct firmware *firmware = *state;
    uint8_t *tree = tree_small(firmware);
    static uint8_t original[TREE_BYTES];
    uint32_t total = word(tree, TOTAL);
    uint64_t seed = 0xfd7;
    uint32_t found = 0;

    memcpy(original, tree, sizeof(original));
    for (uint32_t i = 0; i < MUTATIONS; i++) {
        memcpy(tree, original, total);
        mutate(tree, total, &seed);
        enum muster_status status = discover_tree(firmware);
        int opinion = fdt_check_full(tree, MEMORY_BYTES - TREE_PHYS);
        found += status == MUSTER_OK;
        if (status == MUSTER_OK && opinion != 0)
            fail_msg("round %u: libfdt says %s to what is found", i, fdt_strerror(opinion));
        if (status == MUSTER_OK)
            assert_as_libfdt(firmware);
        else if (opinion == 0 && !is_ours_alone(status, tree))
            fail_msg("round %u: libfdt accepts %s", i, muster_error_name(status));
    }
    assert_true(found > MUTATIONS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(each_wrong_word_of_the_header_is_refused_by_name),
        firmware_test(structure_that_is_not_aligned_is_refused),
        firmware_test(tree_at_an_impossible_address_is_refused),
        firmware_test(tree_cut_off_anywhere_is_refused),
        firmware_test(structure_cut_off_anywhere_is_refused),
        firmware_test(strings_cut_off_anywhere_are_refused),
        firmware_test(reserve_map_without_an_end_is_refused),
        firmware_test(reserve_map_that_runs_into_the_structure_is_refused),
        firmware_test(reserve_map_that_lies_over_the_strings_is_refused),
        firmware_test(nodes_that_do_not_pair_up_are_refused),
        firmware_test(tokens_that_are_none_or_out_of_place_are_refused),
        firmware_test(names_without_an_end_or_out_of_place_are_refused),
        firmware_test(name_of_a_property_is_bounded),
        firmware_test(values_that_run_past_the_block_are_refused),
        firmware_test(nesting_is_bounded),
        firmware_test(mutated_trees_get_the_same_verdict_as_from_libfdt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
