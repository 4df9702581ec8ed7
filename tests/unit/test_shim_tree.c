/* The device tree that the shim writes: libfdt and dtc take it, and our reader reads it back. */
#include "tests/unit/fdt_trees.h"

#include <muster/memory.h>

#include "shim/fdt_write.h"
#include "shim/tree.h"

#define OWNER        (MUSTER_OWNER_HOST + 1)
#define MAILBOX      0x3ff00000u
#define LOOP         0x3fe00000u
#define INITRD       0x20000000u
#define INITRD_BYTES 0x123456u

struct publisher {
    struct muster_memory_range storage[64];
    struct muster_memory_map map;
    struct tree_contents contents;
};

/* The last one never came. */
static bool all_but_the_last_are_there(const struct muster_machine *machine, uint32_t index)
{
    return index + 1 < machine->cpu_count;
}

static void own(struct publisher *publisher, uint64_t phys, uint64_t bytes,
                enum muster_memory_type type)
{
    assert_int_equal(muster_memory_add(&publisher->map, phys, bytes, type), MUSTER_OK);
    assert_int_equal(muster_memory_reserve(&publisher->map, phys, bytes, OWNER), MUSTER_OK);
}

/* 1 GiB and some above 4 GiB; the mailbox in the middle of what is the shim's. */
static void describe_memory(struct publisher *publisher)
{
    struct muster_memory_map *map = &publisher->map;

    muster_memory_init(map, publisher->storage, 64);
    assert_int_equal(muster_memory_add(map, 0, 0x9f000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(muster_memory_add(map, 0x100000, 0x3ff00000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(muster_memory_add(map, 0x100000000, 0x180000000, MUSTER_MEMORY_USABLE),
                     MUSTER_OK);
    assert_int_equal(muster_memory_reserve(map, INITRD, INITRD_BYTES, MUSTER_OWNER_BOOT),
                     MUSTER_OK);
    own(publisher, LOOP, 0x20000, MUSTER_MEMORY_NVS);
    own(publisher, MAILBOX - 0x3000, 0x7000, MUSTER_MEMORY_NVS);
    own(publisher, 0x3f000000, 0x20000, MUSTER_MEMORY_USABLE); /* the bug of older firmware */
}

/* The machine of this firmware's MADT, which lists @count processors. */
static struct publisher *publisher_new(struct firmware *firmware, uint32_t count)
{
    struct publisher *publisher = calloc(1, sizeof(*publisher));

    madt_begin(firmware, 5);
    for (uint32_t i = 0; i < count; i++)
        madt_x2apic(firmware, 3 * i, ACPI_MADT_ENABLED);
    madt_x2apic(firmware, 100000, ACPI_MADT_ONLINE_CAPABLE);
    madt_x2apic(firmware, 3 * count, ACPI_MADT_ENABLED);
    madt_finish(firmware);
    assert_int_equal(discover(firmware), MUSTER_OK);
    describe_memory(publisher);
    publisher->contents = (struct tree_contents){
        .machine = &firmware->machine,
        .map = &publisher->map,
        .owner = OWNER,
        .mailbox_phys = MAILBOX,
        .bootargs = "console=ttyS0 quiet",
        .initrd_phys = INITRD,
        .initrd_bytes = INITRD_BYTES,
        .is_there = all_but_the_last_are_there,
    };
    return publisher;
}

/* As the shim does it: measure, then write into just as much. Into the firmware's memory. */
static void *publish(struct firmware *firmware, const struct publisher *publisher)
{
    uint32_t bytes = tree_write(&publisher->contents, NULL, 0);
    uint8_t *exact = malloc(bytes);

    assert_true(bytes > 0 && bytes <= TREE_BYTES);
    assert_int_equal(tree_write(&publisher->contents, exact, bytes), bytes);
    memcpy(tree_of(firmware), exact, bytes);
    free(exact);
    assert_int_equal(fdt_check_full(tree_of(firmware), bytes), 0);
    assert_int_equal(fdt_totalsize(tree_of(firmware)), bytes);
    return tree_of(firmware);
}

static void the_written_tree_is_read_back(void **state)
{
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 5);
    const void *tree = publish(firmware, publisher);

    assert_int_equal(fdt_boot_cpuid_phys(tree), 0);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_int_equal(firmware->machine.cpu_count, 5);
    assert_int_equal(firmware->machine.disabled_count, 1); /* the one that never came */
    assert_int_equal(firmware->machine.cpus[4].apic_id, 12);
    assert_int_equal(firmware->machine.mailbox.mailbox_phys, MAILBOX);
    free(publisher);
}

static void the_written_tree_has_what_linux_looks_for(void **state)
{
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 2);
    const void *tree = publish(firmware, publisher);
    int node = fdt_node_offset_by_compatible(tree, -1, COMPATIBLE);
    int chosen = fdt_path_offset(tree, "/chosen");
    int reserved = fdt_path_offset(tree, "/reserved-memory");

    assert_true(node > 0);
    assert_int_equal(fdt_parent_offset(tree, node), reserved);
    assert_int_equal(fdt_address_cells(tree, reserved), fdt_address_cells(tree, 0));
    assert_int_equal(fdt_size_cells(tree, reserved), fdt_size_cells(tree, 0));
    assert_non_null(fdt_getprop(tree, reserved, "ranges", NULL));
    assert_string_equal(fdt_getprop(tree, chosen, "bootargs", NULL), "console=ttyS0 quiet");
    assert_int_equal(libfdt_number(fdt_getprop(tree, chosen, "linux,initrd-start", NULL), 2),
                     INITRD);
    assert_int_equal(libfdt_number(fdt_getprop(tree, chosen, "linux,initrd-end", NULL), 2),
                     INITRD + INITRD_BYTES);
    free(publisher);
}

static void memory_nodes_are_the_usable_ranges(void **state)
{
    static const uint64_t wanted[][2] = {
        {0, 0x9f000},
        {0x100000, LOOP - 0x100000},
        {LOOP + 0x20000, MAILBOX - 0x3000 - LOOP - 0x20000},
        {MAILBOX + 0x4000, 0x40000000 - MAILBOX - 0x4000},
        {0x100000000, 0x180000000},
    };
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 2);
    const void *tree = publish(firmware, publisher);
    size_t count = 0;
    int node;

    fdt_for_each_subnode(node, tree, 0)
    {
        const char *type = fdt_getprop(tree, node, "device_type", NULL);
        const fdt32_t *reg = fdt_getprop(tree, node, "reg", NULL);

        if (!type || strcmp(type, "memory") != 0)
            continue;
        assert_true(count < sizeof(wanted) / sizeof(wanted[0]));
        assert_int_equal(libfdt_number(reg, 2), wanted[count][0]);
        assert_int_equal(libfdt_number(reg + 2, 2), wanted[count][1]);
        count++;
    }
    assert_int_equal(count, sizeof(wanted) / sizeof(wanted[0]));
    free(publisher);
}

/* The mailbox is in its node and not in the map: a page is reserved one way only. */
static void reserve_map_has_what_is_kept_but_the_mailbox(void **state)
{
    static const uint64_t wanted[][2] = {
        {LOOP, 0x20000}, {MAILBOX - 0x3000, 0x3000}, {MAILBOX + 0x1000, 0x3000}};
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 2);
    const void *tree = publish(firmware, publisher);

    assert_int_equal(fdt_num_mem_rsv(tree), 3);
    for (int i = 0; i < 3; i++) {
        uint64_t phys, bytes;
        MUST(fdt_get_mem_rsv(tree, i, &phys, &bytes));
        assert_int_equal(phys, wanted[i][0]);
        assert_int_equal(bytes, wanted[i][1]);
    }
    free(publisher);
}

static void dtc_takes_the_written_tree_without_a_warning(void **state)
{
    static char text[0x20000];
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 4);
    const void *tree = publish(firmware, publisher);
    size_t bytes =
        run_filter("dtc -I dtb -O dts", tree, fdt_totalsize(tree), text, sizeof(text) - 1);

    text[bytes] = '\0';
    assert_null(strstr(text, "Warning"));
    assert_null(strstr(text, "ERROR"));
    assert_non_null(strstr(text, "wakeup_table@3ff00000"));
    assert_non_null(strstr(text, "cpu@9 {"));
    free(publisher);
}

static void tree_that_does_not_fit_is_measured_and_not_written_beyond(void **state)
{
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 3);
    uint32_t needed = tree_write(&publisher->contents, NULL, 0);

    for (uint32_t bytes = 1; bytes < needed; bytes += 7) {
        uint8_t *memory = malloc(bytes);
        assert_int_equal(tree_write(&publisher->contents, memory, bytes), needed);
        free(memory);
    }
    free(publisher);
}

static void tree_of_a_thousand_processors_is_read_back(void **state)
{
    struct firmware *firmware = *state;
    struct publisher *publisher = publisher_new(firmware, 1000);

    publish(firmware, publisher);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_int_equal(firmware->machine.cpu_count, 1000);
    free(publisher);
}

static void nodes_that_do_not_pair_up_make_no_tree(void **state)
{
    uint64_t memory[64];
    struct fdt_writer writer;

    (void)state;
    fdt_write_begin(&writer, memory, sizeof(memory));
    assert_int_equal(fdt_write_end(&writer, 0), 0);
    fdt_write_node(&writer, "");
    assert_int_equal(fdt_write_end(&writer, 0), 0);
    fdt_write_node_end(&writer);
    assert_true(fdt_write_end(&writer, 0) > 0);
    fdt_write_node_end(&writer);
    fdt_write_node(&writer, "");
    assert_int_equal(fdt_write_end(&writer, 0), 0);
}

static void too_many_names_make_no_tree(void **state)
{
    static uint64_t memory[512];
    struct fdt_writer writer;
    char name[] = "#name-a";

    (void)state;
    fdt_write_begin(&writer, memory, sizeof(memory));
    fdt_write_node(&writer, "");
    for (uint32_t i = 0; i <= FDT_WRITE_STRINGS_BYTES / sizeof(name); i++, name[6]++)
        fdt_write_cell(&writer, name, i);
    fdt_write_node_end(&writer);
    assert_int_equal(fdt_write_end(&writer, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(the_written_tree_is_read_back),
        firmware_test(the_written_tree_has_what_linux_looks_for),
        firmware_test(memory_nodes_are_the_usable_ranges),
        firmware_test(reserve_map_has_what_is_kept_but_the_mailbox),
        firmware_test(dtc_takes_the_written_tree_without_a_warning),
        firmware_test(tree_that_does_not_fit_is_measured_and_not_written_beyond),
        firmware_test(tree_of_a_thousand_processors_is_read_back),
        cmocka_unit_test(nodes_that_do_not_pair_up_make_no_tree),
        cmocka_unit_test(too_many_names_make_no_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
