/* A device tree beside other descriptions: ACPI, with which it must agree, and the memory map. */
#include "tests/unit/fdt_trees.h"

#include <muster/memory.h>

#define NOBODY 0xffffffffu

static enum muster_status discover_both(struct firmware *firmware)
{
    enum muster_status status = muster_discover_both(&firmware->machine, RSDP_PHYS, TREE_PHYS, 0);

    assert_sane(firmware, status);
    forget_maps(firmware);
    return status;
}

static void assert_differ(struct firmware *firmware, enum muster_status status, uint64_t tree,
                          uint64_t acpi)
{
    assert_string_equal(muster_error_name(discover_both(firmware)), muster_error_name(status));
    assert_string_equal(firmware->machine.finding.table, "FDT");
    assert_int_equal(firmware->machine.finding.found, tree);
    assert_int_equal(firmware->machine.finding.wanted, acpi);
}

/* A MADT with the processors 0 and 1, as in tree_small(), and one that may come later. */
static void put_madt(struct firmware *firmware, bool mailbox)
{
    madt_begin(firmware, 5);
    madt_lapic(firmware, 1, ACPI_MADT_ENABLED);
    madt_lapic(firmware, 0, ACPI_MADT_ENABLED);
    madt_lapic(firmware, 9, ACPI_MADT_ONLINE_CAPABLE);
    if (mailbox)
        madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0x7ffe1000);
    madt_finish(firmware);
}

/* /cpus with these processors, and a mailbox unless @mailbox_phys is 0. */
static void put_tree(struct firmware *firmware, const uint32_t *ids, uint32_t count,
                     uint64_t mailbox_phys)
{
    void *tree = tree_begin(firmware);

    tree_section(tree, "cpus", 1, 0);
    for (uint32_t i = 0; i < count; i++)
        tree_cpu(tree, ids[i]);
    MUST(fdt_end_node(tree));
    if (mailbox_phys)
        tree_mailbox(tree, mailbox_phys);
    tree_end(tree);
}

static void tree_that_agrees_with_acpi_leaves_acpis_machine(void **state)
{
    struct firmware *firmware = *state;
    const struct muster_machine *machine = &firmware->machine;

    put_madt(firmware, true);
    tree_small(firmware);
    assert_string_equal(muster_error_name(discover_both(firmware)), "MUSTER_OK");
    assert_string_equal(muster_source_name(machine->sources), "acpi+device-tree");
    assert_int_equal(machine->cpu_count, 3);
    assert_int_equal(machine->cpus[0].apic_id, 1);
    assert_int_equal(machine->cpus[0].sources, MUSTER_SOURCE_ACPI | MUSTER_SOURCE_FDT);
    assert_int_equal(machine->cpus[2].sources, MUSTER_SOURCE_ACPI);
    assert_int_equal(machine->mailbox.source, MUSTER_SOURCE_ACPI);
    assert_int_equal(machine->mailbox.reset_vector_phys, 0x7ffe1000);
}

static void mailbox_that_one_of_them_has_is_used(void **state)
{
    static const uint32_t ids[] = {0, 1};
    struct firmware *firmware = *state;
    const struct muster_mailbox_description *mailbox = &firmware->machine.mailbox;

    put_madt(firmware, false);
    tree_small(firmware);
    assert_int_equal(discover_both(firmware), MUSTER_OK);
    assert_int_equal(mailbox->source, MUSTER_SOURCE_FDT);
    assert_int_equal(mailbox->mailbox_phys, MAILBOX_PHYS);
    put_madt(firmware, true);
    put_tree(firmware, ids, 2, 0);
    assert_int_equal(discover_both(firmware), MUSTER_OK);
    assert_int_equal(mailbox->source, MUSTER_SOURCE_ACPI);
}

static void mailboxes_at_different_addresses_are_refused_with_both(void **state)
{
    static const uint32_t ids[] = {0, 1};
    struct firmware *firmware = *state;

    put_madt(firmware, true);
    put_tree(firmware, ids, 2, MAILBOX_PHYS + 0x1000);
    assert_differ(firmware, MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS, MAILBOX_PHYS + 0x1000,
                  MAILBOX_PHYS);
}

static void processors_that_differ_are_refused_with_both(void **state)
{
    static const uint32_t more[] = {0, 1, 2}, fewer[] = {1}, other[] = {0, 2}, later[] = {0, 1, 9};
    struct firmware *firmware = *state;

    put_madt(firmware, true);
    put_tree(firmware, more, 3, 0);
    assert_differ(firmware, MUSTER_ERROR_SOURCES_CPUS_DIFFER, 2, NOBODY);
    put_tree(firmware, other, 2, 0);
    assert_differ(firmware, MUSTER_ERROR_SOURCES_CPUS_DIFFER, 2, NOBODY);
    put_tree(firmware, later, 3, 0);
    assert_differ(firmware, MUSTER_ERROR_SOURCES_CPUS_DIFFER, 9, NOBODY);
    put_tree(firmware, fewer, 1, 0);
    assert_differ(firmware, MUSTER_ERROR_SOURCES_CPUS_DIFFER, NOBODY, 0);
}

static void processor_twice_in_the_tree_does_not_make_up_for_a_missing_one(void **state)
{
    static const uint32_t ids[] = {0, 0};
    struct firmware *firmware = *state;

    put_madt(firmware, true);
    put_tree(firmware, ids, 2, 0);
    assert_int_equal(discover_both(firmware), MUSTER_ERROR_FDT_CPU_DUPLICATE);
}

static void what_is_wrong_with_either_is_refused_as_if_it_were_alone(void **state)
{
    struct firmware *firmware = *state;
    uint8_t *tree = tree_small(firmware);

    put_madt(firmware, true);
    firmware->memory[MADT_PHYS + 9]++;
    assert_int_equal(discover_both(firmware), MUSTER_ERROR_TABLE_CHECKSUM);
    assert_string_equal(firmware->machine.finding.table, "APIC");
    firmware->memory[MADT_PHYS + 9]--;
    tree[0]++;
    assert_int_equal(discover_both(firmware), MUSTER_ERROR_FDT_MAGIC);
}

static uint64_t apic_base(void *context, uint32_t msr)
{
    (void)context;
    (void)msr;
    return 0xFED00000 | 0x900;
}

static void local_apic_is_where_the_processor_says(void **state)
{
    struct firmware *firmware = *state;

    tree_small(firmware);
    firmware->platform.msr_read = apic_base;
    assert_tree_found(firmware);
    assert_int_equal(firmware->machine.lapic_phys, 0xFED00000);
}

static void local_apic_of_another_machine_is_where_it_usually_is(void **state)
{
    struct firmware *firmware = *state;

    tree_small(firmware);
    firmware->platform.msr_read = apic_base;
    assert_int_equal(muster_discover_fdt(&firmware->machine, TREE_PHYS, MUSTER_BSP_UNKNOWN),
                     MUSTER_OK);
    assert_int_equal(firmware->machine.lapic_phys, LAPIC_PHYS);
}

/* ---- The memory map ---- */

static enum muster_status add_to(struct firmware *firmware, struct muster_memory_map *map)
{
    struct muster_finding finding;
    enum muster_status status =
        muster_memory_add_fdt(map, &firmware->platform, TREE_PHYS, &finding);

    assert_int_equal(finding.status, status);
    forget_maps(firmware);
    return status;
}

static void assert_type(const struct muster_memory_map *map, uint64_t phys,
                        enum muster_memory_type type)
{
    assert_non_null(muster_memory_find(map, phys));
    assert_int_equal(muster_memory_find(map, phys)->type, type);
}

static void what_a_tree_keeps_is_taken_out_of_usable_memory(void **state)
{
    struct firmware *firmware = *state;
    struct muster_memory_range storage[32];
    struct muster_memory_map map;

    tree_from_text(firmware,
                   "/dts-v1/;\n"
                   "/memreserve/ 0x1000 0x1000;\n"
                   "/memreserve/ 0x8000 0x800;\n"
                   "/ { #address-cells = <2>; #size-cells = <2>;\n"
                   "  reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;\n"
                   "    m@20000 { compatible = \"intel,wakeup-mailbox\";\n"
                   "      reg = <0x20000 0x1000>; };\n"
                   "    two@30000 { reg = <0x30000 0x1000 0x50000 0x1000>; };\n"
                   "    later { size = <0x1000>; };\n"
                   "    off@60000 { status = \"disabled\"; reg = <0x60000 0x1000>; };\n"
                   "  };\n"
                   "};\n");
    muster_memory_init(&map, storage, 32);
    assert_int_equal(muster_memory_add(&map, 0, 0x100000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(muster_memory_add(&map, 0x50000, 0x1000, MUSTER_MEMORY_RESERVED), MUSTER_OK);
    assert_int_equal(add_to(firmware, &map), MUSTER_OK);
    assert_type(&map, 0x0, MUSTER_MEMORY_USABLE);
    assert_type(&map, 0x1000, MUSTER_MEMORY_NVS);
    assert_type(&map, 0x2000, MUSTER_MEMORY_USABLE);
    assert_type(&map, 0x87ff, MUSTER_MEMORY_NVS);
    assert_type(&map, 0x8800, MUSTER_MEMORY_USABLE);
    assert_type(&map, 0x20000, MUSTER_MEMORY_NVS);
    assert_type(&map, 0x30000, MUSTER_MEMORY_NVS);
    assert_type(&map, 0x50000, MUSTER_MEMORY_RESERVED);
    assert_type(&map, 0x60000, MUSTER_MEMORY_USABLE);
}

static void map_refuses_what_wraps_around_or_is_translated(void **state)
{
    struct firmware *firmware = *state;
    struct muster_memory_range storage[32];
    struct muster_memory_map map;
    void *tree = tree_begin(firmware);

    muster_memory_init(&map, storage, 32);
    tree_reserved(tree);
    tree_region(tree, "wraps", NULL, UINT64_MAX - 1, 0x1000);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_int_equal(add_to(firmware, &map), MUSTER_ERROR_FDT_REG);
    tree = tree_begin(firmware);
    tree_section(tree, "reserved-memory", 2, 2);
    tree_region(tree, "translated", NULL, 0x1000, 0x1000);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_int_equal(add_to(firmware, &map), MUSTER_ERROR_FDT_RANGES);
    assert_int_equal(map.count, 0);
    ((uint8_t *)tree)[0] = 0;
    assert_int_equal(add_to(firmware, &map), MUSTER_ERROR_FDT_MAGIC);
}

static void map_refuses_a_reg_that_is_none_and_what_it_has_no_room_for(void **state)
{
    struct firmware *firmware = *state;
    struct muster_memory_range storage[1];
    struct muster_memory_map map;
    void *tree = tree_begin(firmware);

    muster_memory_init(&map, storage, 1);
    tree_reserved(tree);
    MUST(fdt_begin_node(tree, "half"));
    MUST(fdt_property_u32(tree, "reg", 0x1000));
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_int_equal(
        muster_memory_add_fdt(&map, &firmware->platform, TREE_PHYS, &firmware->machine.finding),
        MUSTER_ERROR_FDT_REG);
    forget_maps(firmware);
    tree_from_text(firmware, "/dts-v1/;\n"
                             "/ { reserved-memory { #address-cells = <1>; #size-cells = <1>;\n"
                             "    ranges; three@1000 { reg = <0x1000 0x1000 0x3000 0x1000 0x5000\n"
                             "    0x1000>; }; }; };\n");
    assert_int_equal(
        muster_memory_add_fdt(&map, &firmware->platform, TREE_PHYS, &firmware->machine.finding),
        MUSTER_ERROR_MAP_FULL);
    forget_maps(firmware);
    tree_from_text(firmware, "/dts-v1/;\n/memreserve/ 0x1000 0x1000;\n"
                             "/memreserve/ 0x8000 0x1000;\n/ { };\n");
    assert_int_equal(
        muster_memory_add_fdt(&map, &firmware->platform, TREE_PHYS, &firmware->machine.finding),
        MUSTER_ERROR_MAP_FULL);
    forget_maps(firmware);
    assert_int_equal(map.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(tree_that_agrees_with_acpi_leaves_acpis_machine),
        firmware_test(mailbox_that_one_of_them_has_is_used),
        firmware_test(mailboxes_at_different_addresses_are_refused_with_both),
        firmware_test(processors_that_differ_are_refused_with_both),
        firmware_test(processor_twice_in_the_tree_does_not_make_up_for_a_missing_one),
        firmware_test(what_is_wrong_with_either_is_refused_as_if_it_were_alone),
        firmware_test(local_apic_is_where_the_processor_says),
        firmware_test(local_apic_of_another_machine_is_where_it_usually_is),
        firmware_test(what_a_tree_keeps_is_taken_out_of_usable_memory),
        firmware_test(map_refuses_what_wraps_around_or_is_translated),
        firmware_test(map_refuses_a_reg_that_is_none_and_what_it_has_no_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
