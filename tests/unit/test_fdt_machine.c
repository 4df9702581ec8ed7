/* Device trees whose form is right and whose meaning is not. */
#include "tests/unit/fdt_trees.h"

#define NOBODY 0xffffffffu

/* ---- Processors ---- */

/* A tree with one processor's node that has this reg. */
static void put_cpu_reg(struct firmware *firmware, uint32_t address_cells, uint32_t size_cells,
                        const void *reg, int bytes)
{
    void *tree = tree_begin(firmware);

    tree_section(tree, "cpus", address_cells, size_cells);
    MUST(fdt_begin_node(tree, "cpu@0"));
    if (reg)
        MUST(fdt_property(tree, "reg", reg, bytes));
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_end(tree);
}

static void cells_of_cpus_must_be_1_or_2_and_0(void **state)
{
    static const uint32_t wrong[][2] = {{0, 0}, {3, 0}, {5, 0}, {NOBODY, 0}, {1, 1}, {1, 5}};
    const fdt32_t zeros[8] = {0};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_cpu_reg(firmware, wrong[i][0], wrong[i][1], zeros, sizeof(zeros));
        assert_tree_refused(firmware, MUSTER_ERROR_FDT_CELLS);
    }
}

static void cells_are_not_inherited_from_the_root(void **state)
{
    const fdt32_t zero[2] = {0};
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_cells(tree, 1, 0);
    MUST(fdt_begin_node(tree, "cpus"));
    tree_cpu(tree, 0);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_CELLS);
    assert_int_equal(firmware->machine.finding.found, 1); /* the default, where 0 is needed */
    tree = tree_begin(firmware);
    tree_cells(tree, 1, 0);
    MUST(fdt_begin_node(tree, "cpus"));
    MUST(fdt_property_u32(tree, "#size-cells", 0));
    MUST(fdt_begin_node(tree, "cpu@0"));
    MUST(fdt_property(tree, "reg", zero, sizeof(zero))); /* one ID of two cells */
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_found(firmware);
}

static void cells_of_another_length_are_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    MUST(fdt_begin_node(tree, "cpus"));
    MUST(fdt_property(tree, "#address-cells", "\0\0\1", 3));
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_PROPERTY);
    assert_int_equal(firmware->machine.finding.found, 3);
    assert_int_equal(firmware->machine.finding.entry, 1);
}

static void processor_without_a_whole_reg_is_refused(void **state)
{
    const fdt32_t zeros[4] = {0};
    struct firmware *firmware = *state;

    put_cpu_reg(firmware, 1, 0, NULL, 0);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_REG);
    for (int bytes = 0; bytes < 16; bytes++) {
        put_cpu_reg(firmware, 2, 0, zeros, bytes);
        if (bytes == 8)
            assert_tree_found(firmware);
        else
            assert_tree_refused(firmware, MUSTER_ERROR_FDT_REG);
    }
}

static void apic_id_that_is_none_is_refused(void **state)
{
    const fdt32_t broadcast = cpu_to_fdt32(NOBODY);
    const fdt64_t wide = cpu_to_fdt64(0x100000000);
    struct firmware *firmware = *state;

    put_cpu_reg(firmware, 1, 0, &broadcast, sizeof(broadcast));
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_REG);
    put_cpu_reg(firmware, 2, 0, &wide, sizeof(wide));
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_REG);
    assert_int_equal(firmware->machine.finding.found, 0x100000000);
}

static void processor_listed_twice_is_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_section(tree, "cpus", 1, 0);
    tree_cpu(tree, 0);
    tree_cpu(tree, 3);
    tree_cpu(tree, 3);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_CPU_DUPLICATE);
    assert_int_equal(firmware->machine.finding.found, 3);
    assert_int_equal(firmware->machine.finding.entry, 4); /* root, cpus, three processors */
}

static void tree_without_usable_processors_is_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_NO_CPU);
    tree = tree_begin(firmware);
    tree_section(tree, "cpus", 1, 0);
    MUST(fdt_begin_node(tree, "cpu@0"));
    MUST(fdt_property_u32(tree, "reg", 0));
    tree_text(tree, "status", "fail");
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_NO_CPU);
}

static void tree_without_the_processor_that_reads_it_is_refused(void **state)
{
    struct firmware *firmware = *state;

    tree_small(firmware);
    assert_int_equal(muster_discover_fdt(&firmware->machine, TREE_PHYS, 2),
                     MUSTER_ERROR_FDT_NO_BSP);
    assert_int_equal(firmware->machine.finding.wanted, 2);
    assert_int_equal(firmware->machine.cpu_count, 0);
    forget_maps(firmware);
}

static void more_processors_than_there_is_room_for_are_refused(void **state)
{
    struct firmware *firmware = *state;

    tree_small(firmware);
    firmware->machine.cpu_capacity = 2;
    assert_tree_found(firmware);
    firmware->machine.cpu_capacity = 1;
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_TOO_MANY_CPUS);
    assert_int_equal(firmware->machine.finding.found, 2);
    assert_int_equal(firmware->machine.finding.wanted, 1);
}

/* ---- Twice ---- */

static void section_or_property_that_is_there_twice_is_refused(void **state)
{
    static const char *const names[] = {"reg", "status", "device_type", "compatible",
                                        "numa-node-id"};
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_two_cpus(tree);
    tree_section(tree, "cpus", 1, 0);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_DUPLICATE);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        tree = tree_begin(firmware);
        tree_section(tree, "cpus", 1, 0);
        MUST(fdt_begin_node(tree, "cpu@0"));
        MUST(fdt_property(tree, names[i], "ok\0", 4 - (i == 1 || i == 2)));
        MUST(fdt_property(tree, names[i], "ok\0", 4 - (i == 1 || i == 2)));
        MUST(fdt_end_node(tree));
        MUST(fdt_end_node(tree));
        tree_end(tree);
        assert_tree_refused(firmware, MUSTER_ERROR_FDT_DUPLICATE);
    }
}

static void cells_of_a_section_that_are_there_twice_are_refused(void **state)
{
    static const char *const names[] = {"#address-cells", "#size-cells", "ranges"};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        void *tree = tree_begin(firmware);
        MUST(fdt_begin_node(tree, "cpus"));
        MUST(fdt_property_u32(tree, names[i], 1));
        MUST(fdt_property_u32(tree, names[i], 1));
        MUST(fdt_end_node(tree));
        tree_end(tree);
        assert_tree_refused(firmware, MUSTER_ERROR_FDT_DUPLICATE);
    }
}

static void text_that_is_not_one_string_is_refused(void **state)
{
    static const struct {
        const char *value;
        int bytes;
    } wrong[] = {{"", 0}, {"okay", 4}, {"ok\0ay", 6}, {"\0\0", 2}};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        void *tree = tree_begin(firmware);
        tree_section(tree, "cpus", 1, 0);
        MUST(fdt_begin_node(tree, "cpu@0"));
        MUST(fdt_property(tree, "status", wrong[i].value, wrong[i].bytes));
        MUST(fdt_end_node(tree));
        MUST(fdt_end_node(tree));
        tree_end(tree);
        assert_tree_refused(firmware, MUSTER_ERROR_FDT_PROPERTY);
    }
}

/* ---- The mailbox ---- */

static void put_mailbox(struct firmware *firmware, uint64_t phys, uint64_t bytes)
{
    void *tree = tree_begin(firmware);

    tree_two_cpus(tree);
    tree_reserved(tree);
    tree_region(tree, MAILBOX_NODE, COMPATIBLE, phys, bytes);
    MUST(fdt_end_node(tree));
    tree_end(tree);
}

static void mailbox_that_is_not_one_page_on_its_border_is_refused(void **state)
{
    static const struct {
        uint64_t phys, bytes;
        enum muster_status status;
    } wrong[] = {
        {MAILBOX_PHYS, 0, MUSTER_ERROR_FDT_MAILBOX_REGION},
        {MAILBOX_PHYS, 0xfff, MUSTER_ERROR_FDT_MAILBOX_REGION},
        {MAILBOX_PHYS, 0x1001, MUSTER_ERROR_FDT_MAILBOX_REGION},
        {MAILBOX_PHYS, 0x2000, MUSTER_ERROR_FDT_MAILBOX_REGION},
        {MAILBOX_PHYS, 0x100001000, MUSTER_ERROR_FDT_MAILBOX_REGION},
        {MAILBOX_PHYS + 8, 0x1000, MUSTER_ERROR_MAILBOX_ALIGNMENT},
        {MAILBOX_PHYS + 0x800, 0x1000, MUSTER_ERROR_MAILBOX_ALIGNMENT},
        {0, 0x1000, MUSTER_ERROR_MAILBOX_ADDRESS},
        {1ull << 52, 0x1000, MUSTER_ERROR_MAILBOX_ADDRESS},
        {UINT64_MAX - 0xfff, 0x1000, MUSTER_ERROR_MAILBOX_ADDRESS},
        {TREE_PHYS, 0x1000, MUSTER_ERROR_TABLE_OVERLAP},
    };
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_mailbox(firmware, wrong[i].phys, wrong[i].bytes);
        assert_tree_refused(firmware, wrong[i].status);
        assert_int_equal(firmware->machine.finding.entry, 5);
    }
}

static bool nothing_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context;
    (void)phys;
    (void)bytes;
    return false;
}

static void mailbox_that_the_hypervisor_can_write_is_refused(void **state)
{
    struct firmware *firmware = *state;

    tree_small(firmware);
    firmware->platform.is_private = nothing_is_private;
    assert_tree_refused(firmware, MUSTER_ERROR_MAILBOX_SHARED);
}

static void two_mailboxes_are_refused(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_two_cpus(tree);
    tree_reserved(tree);
    tree_region(tree, MAILBOX_NODE, COMPATIBLE, MAILBOX_PHYS, 0x1000);
    tree_region(tree, "another", COMPATIBLE, MAILBOX_PHYS + 0x1000, 0x1000);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_refused(firmware, MUSTER_ERROR_FDT_MAILBOX_DUPLICATE);
    assert_int_equal(firmware->machine.finding.found, MAILBOX_PHYS + 0x1000);
    assert_int_equal(firmware->machine.finding.wanted, MAILBOX_PHYS);
}

/* /reserved-memory with these cells and a mailbox whose reg is @bytes long. */
static void put_reserved(struct firmware *firmware, uint32_t address_cells, uint32_t size_cells,
                         int range_bytes, int bytes)
{
    const fdt64_t reg[] = {cpu_to_fdt64(MAILBOX_PHYS), cpu_to_fdt64(0x1000),
                           cpu_to_fdt64(MAILBOX_PHYS), cpu_to_fdt64(0x1000)};
    void *tree = tree_begin(firmware);

    tree_two_cpus(tree);
    tree_section(tree, "reserved-memory", address_cells, size_cells);
    if (range_bytes >= 0)
        MUST(fdt_property(tree, "ranges", reg, range_bytes));
    MUST(fdt_begin_node(tree, MAILBOX_NODE));
    tree_text(tree, "compatible", COMPATIBLE);
    if (bytes)
        MUST(fdt_property(tree, "reg", reg, bytes));
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_end(tree);
}

static void reserved_memory_of_another_form_is_refused(void **state)
{
    static const struct {
        uint32_t address_cells, size_cells;
        int range_bytes, bytes;
        enum muster_status status;
    } forms[] = {
        {2, 2, 0, 16, MUSTER_OK},
        {2, 2, -1, 16, MUSTER_ERROR_FDT_RANGES},
        {2, 2, 24, 16, MUSTER_ERROR_FDT_RANGES},
        {0, 2, 0, 16, MUSTER_ERROR_FDT_CELLS},
        {3, 2, 0, 20, MUSTER_ERROR_FDT_CELLS},
        {5, 2, 0, 28, MUSTER_ERROR_FDT_CELLS},
        {2, 0, 0, 8, MUSTER_ERROR_FDT_CELLS},
        {2, 3, 0, 20, MUSTER_ERROR_FDT_CELLS},
        {NOBODY, NOBODY, 0, 16, MUSTER_ERROR_FDT_CELLS},
        {2, 2, 0, 0, MUSTER_ERROR_FDT_REG},
        {2, 2, 0, 12, MUSTER_ERROR_FDT_REG},
        {2, 2, 0, 32, MUSTER_ERROR_FDT_MAILBOX_REGION},
    };
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        put_reserved(firmware, forms[i].address_cells, forms[i].size_cells, forms[i].range_bytes,
                     forms[i].bytes);
        if (forms[i].status == MUSTER_OK)
            assert_tree_found(firmware);
        else
            assert_tree_refused(firmware, forms[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(cells_of_cpus_must_be_1_or_2_and_0),
        firmware_test(cells_are_not_inherited_from_the_root),
        firmware_test(cells_of_another_length_are_refused),
        firmware_test(processor_without_a_whole_reg_is_refused),
        firmware_test(apic_id_that_is_none_is_refused),
        firmware_test(processor_listed_twice_is_refused),
        firmware_test(tree_without_usable_processors_is_refused),
        firmware_test(tree_without_the_processor_that_reads_it_is_refused),
        firmware_test(more_processors_than_there_is_room_for_are_refused),
        firmware_test(section_or_property_that_is_there_twice_is_refused),
        firmware_test(cells_of_a_section_that_are_there_twice_are_refused),
        firmware_test(text_that_is_not_one_string_is_refused),
        firmware_test(mailbox_that_is_not_one_page_on_its_border_is_refused),
        firmware_test(mailbox_that_the_hypervisor_can_write_is_refused),
        firmware_test(two_mailboxes_are_refused),
        firmware_test(reserved_memory_of_another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
