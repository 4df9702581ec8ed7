/* Device trees that are right: everything that libfdt finds in them is found, and nothing else. */
#include "tests/unit/fdt_trees.h"

#include "tests/unit/fake_memory.h"

#define ROUNDS 300

static const char openhcl_tree[] = "/dts-v1/;\n"
                                   "/memreserve/ 0x7ff00000 0x20000;\n"
                                   "/ {\n"
                                   "  #address-cells = <2>; #size-cells = <1>;\n"
                                   "  model = \"microsoft,hyperv\";\n"
                                   "  cpus {\n"
                                   "    #address-cells = <1>; #size-cells = <0>;\n"
                                   "    cpu@0 { device_type = \"cpu\"; reg = <0>;\n"
                                   "            status = \"okay\"; numa-node-id = <0>; };\n"
                                   "    cpu@1 { device_type = \"cpu\"; reg = <1>;\n"
                                   "            status = \"okay\"; numa-node-id = <0>; };\n"
                                   "    cpu@40 { device_type = \"cpu\"; reg = <0x40>;\n"
                                   "             status = \"okay\"; numa-node-id = <1>; };\n"
                                   "  };\n"
                                   "  reserved-memory {\n"
                                   "    #address-cells = <2>; #size-cells = <1>; ranges;\n"
                                   "    wakeup_table@fffff000 {\n"
                                   "      compatible = \"intel,wakeup-mailbox\";\n"
                                   "      reg = <0x0 0xfffff000 0x1000>;\n"
                                   "    };\n"
                                   "  };\n"
                                   "  chosen { bootargs = \"console=ttyS0\"; };\n"
                                   "};\n";

static void tree_as_openhcl_makes_it_is_read(void **state)
{
    struct firmware *firmware = *state;
    const struct muster_machine *machine = &firmware->machine;

    tree_from_text(firmware, openhcl_tree);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_int_equal(machine->cpu_count, 3);
    assert_int_equal(machine->cpus[2].apic_id, 0x40);
    assert_int_equal(machine->cpus[2].numa_node, 1);
    assert_int_equal(machine->bsp, 0);
    assert_int_equal(machine->sources, MUSTER_SOURCE_FDT);
    assert_int_equal(machine->lapic_phys, LAPIC_PHYS);
}

static void mailbox_of_a_tree_is_one_of_version_0(void **state)
{
    struct firmware *firmware = *state;
    const struct muster_mailbox_description *mailbox = &firmware->machine.mailbox;

    tree_from_text(firmware, openhcl_tree);
    assert_tree_found(firmware);
    assert_true(mailbox->present);
    assert_int_equal(mailbox->source, MUSTER_SOURCE_FDT);
    assert_int_equal(mailbox->mailbox_phys, 0xfffff000);
    assert_int_equal(mailbox->version, 0);
    assert_int_equal(mailbox->reset_vector_phys, 0);
}

static void tree_without_reserved_memory_has_no_mailbox(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_two_cpus(tree);
    tree_end(tree);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_false(firmware->machine.mailbox.present);
}

static void reserved_memory_may_come_before_the_processors(void **state)
{
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_mailbox(tree, MAILBOX_PHYS);
    tree_two_cpus(tree);
    tree_end(tree);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
}

static void only_okay_ok_and_no_status_mean_that_a_processor_is_there(void **state)
{
    const char *const words[] = {"okay",     "ok", "fail", "fail-sss", "disabled",
                                 "reserved", "OK", "",     "okayish",  "o"};
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_section(tree, "cpus", 1, 0);
    tree_cpu(tree, 0);
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        MUST(fdt_begin_node(tree, "cpu@1"));
        tree_text(tree, "status", words[i]);
        MUST(fdt_property_u32(tree, "reg", 10 + i));
        MUST(fdt_end_node(tree));
    }
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_int_equal(firmware->machine.cpu_count, 3);
    assert_int_equal(firmware->machine.disabled_count, 8);
}

static void mailbox_that_is_not_okay_is_not_there(void **state)
{
    struct firmware *firmware = *state;

    tree_from_text(firmware,
                   "/dts-v1/;\n"
                   "/ { #address-cells = <2>; #size-cells = <2>;\n"
                   "  cpus { #address-cells = <1>; #size-cells = <0>;\n"
                   "    cpu@0 { device_type = \"cpu\"; reg = <0>; }; };\n"
                   "  reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
                   "    m@1000 { compatible = \"intel,wakeup-mailbox\";\n"
                   "      status = \"disabled\"; reg = <0 0x1000 0 0x1000>; }; };\n"
                   "};\n");
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_false(firmware->machine.mailbox.present);
}

static void each_thread_in_a_reg_is_a_processor(void **state)
{
    const fdt32_t threads[] = {cpu_to_fdt32(0), cpu_to_fdt32(7), cpu_to_fdt32(5)};
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);

    tree_section(tree, "cpus", 1, 0);
    MUST(fdt_begin_node(tree, "core"));
    MUST(fdt_property(tree, "reg", threads, sizeof(threads)));
    tree_text(tree, "device_type", "cpu");
    MUST(fdt_end_node(tree));
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_int_equal(firmware->machine.cpu_count, 3);
}

static void compatible_may_be_a_list(void **state)
{
    static const char list[] = "muster,other\0intel,wakeup-mailbox\0intel,wakeup";
    struct firmware *firmware = *state;
    void *tree = tree_begin(firmware);
    const fdt64_t reg[] = {cpu_to_fdt64(MAILBOX_PHYS), cpu_to_fdt64(0x1000)};

    tree_two_cpus(tree);
    tree_reserved(tree);
    MUST(fdt_begin_node(tree, "page"));
    MUST(fdt_property(tree, "compatible", list, sizeof(list)));
    MUST(fdt_property(tree, "reg", reg, sizeof(reg)));
    MUST(fdt_end_node(tree));
    tree_region(tree, "other@0", "intel,wakeup-mailbox2", 0, 1);
    tree_region(tree, "another@0", "xintel,wakeup-mailbox", 0, 1);
    MUST(fdt_end_node(tree));
    tree_end(tree);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_true(firmware->machine.mailbox.present);
}

static void children_of_processors_and_other_nodes_mean_nothing(void **state)
{
    struct firmware *firmware = *state;

    tree_from_text(firmware,
                   "/dts-v1/;\n"
                   "/ { reg = <1>; status = \"fail\";\n"
                   "  cpu@9 { device_type = \"cpu\"; reg = <9>; };\n"
                   "  soc { cpus { cpu@8 { device_type = \"cpu\"; reg = <8>; }; };\n"
                   "    m { compatible = \"intel,wakeup-mailbox\"; reg = <1 2 3>; }; };\n"
                   "  cpus { #address-cells = <1>; #size-cells = <0>;\n"
                   "    cpu-map { core0 { cpu = <1>; reg = <77>; }; };\n"
                   "    cpu@0 { device_type = \"cpu\"; reg = <0>;\n"
                   "      l2-cache { reg = <5 5 5>; status = \"fail\"; device_type = \"cpu\"; };\n"
                   "    }; };\n"
                   "};\n");
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
    assert_int_equal(firmware->machine.cpu_count, 1);
}

static void bsp_is_the_processor_that_reads_whatever_the_header_says(void **state)
{
    struct firmware *firmware = *state;
    struct muster_machine *machine = &firmware->machine;
    void *tree = tree_small(firmware);

    fdt_set_boot_cpuid_phys(tree, 0);
    assert_int_equal(muster_discover_fdt(machine, TREE_PHYS, 1), MUSTER_OK);
    assert_int_equal(machine->bsp, 1);
    assert_true(machine->cpus[1].bsp);
    forget_maps(firmware);
}

static void bsp_of_another_machine_is_the_one_in_the_header(void **state)
{
    struct firmware *firmware = *state;
    struct muster_machine *machine = &firmware->machine;
    void *tree = tree_small(firmware);

    fdt_set_boot_cpuid_phys(tree, 1);
    assert_int_equal(muster_discover_fdt(machine, TREE_PHYS, MUSTER_BSP_UNKNOWN), MUSTER_OK);
    assert_false(machine->cpus[0].bsp);
    assert_true(machine->cpus[1].bsp);
    assert_int_equal(machine->bsp, MUSTER_BSP_UNKNOWN);
    fdt_set_boot_cpuid_phys(tree, 5);
    assert_int_equal(muster_discover_fdt(machine, TREE_PHYS, MUSTER_BSP_UNKNOWN),
                     MUSTER_ERROR_FDT_NO_BSP);
    assert_int_equal(machine->finding.found, 5);
    forget_maps(firmware);
}

static void compatible_version_18_is_read_as_17(void **state)
{
    struct firmware *firmware = *state;

    fdt_set_version(tree_small(firmware), 18);
    assert_tree_found(firmware);
    assert_as_libfdt(firmware);
}

/* ---- Trees of any shape ---- */

static void add_noise(void *tree, uint64_t *seed)
{
    for (uint32_t i = fake_random(seed, 3); i > 0; i--) {
        MUST(fdt_begin_node(tree, "noise"));
        tree_text(tree, "status", "fail");
        MUST(fdt_property_u32(tree, "reg", 12345));
        MUST(fdt_end_node(tree));
    }
}

static void add_any_cpu(void *tree, uint64_t *seed, uint32_t apic_id, uint32_t cells)
{
    char name[32];

    snprintf(name, sizeof(name), "cpu@%x", apic_id);
    MUST(fdt_begin_node(tree, name));
    if (fake_random(seed, 2))
        tree_text(tree, "status", apic_id && fake_random(seed, 3) == 0 ? "x" : "ok");
    if (cells == 2)
        MUST(fdt_property_u64(tree, "reg", apic_id));
    else
        MUST(fdt_property_u32(tree, "reg", apic_id));
    if (fake_random(seed, 2))
        MUST(fdt_property_u32(tree, "numa-node-id", fake_random(seed, 8)));
    add_noise(tree, seed);
    MUST(fdt_end_node(tree));
}

static void add_any_cpus(void *tree, uint64_t *seed)
{
    uint32_t cells = 1 + fake_random(seed, 2);

    tree_section(tree, "cpus", cells, 0);
    for (uint32_t i = 0, count = 1 + fake_random(seed, 20); i < count; i++) {
        add_any_cpu(tree, seed, i == 0 ? 0 : 16 * i + fake_random(seed, 16), cells);
        add_noise(tree, seed);
    }
    MUST(fdt_end_node(tree));
}

static void trees_of_any_shape_are_read_as_libfdt_reads_them(void **state)
{
    struct firmware *firmware = *state;
    uint64_t seed = 0x1234567;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        void *tree = tree_of(firmware);
        MUST(fdt_create(tree, TREE_BYTES));
        for (uint32_t i = fake_random(&seed, 4); i > 0; i--)
            MUST(fdt_add_reservemap_entry(tree, i << 20, 4096));
        MUST(fdt_finish_reservemap(tree));
        MUST(fdt_begin_node(tree, ""));
        add_noise(tree, &seed);
        add_any_cpus(tree, &seed);
        add_noise(tree, &seed);
        if (fake_random(&seed, 2))
            tree_mailbox(tree, (uint64_t)(1 + fake_random(&seed, 0xFFFFF)) << 20);
        tree_end(tree);
        if (fake_random(&seed, 2)) /* tokens that are passed over, where a property was */
            fdt_nop_property(tree, fdt_path_offset(tree, "/cpus/noise"), "status");
        assert_tree_found(firmware);
        assert_as_libfdt(firmware);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(tree_as_openhcl_makes_it_is_read),
        firmware_test(mailbox_of_a_tree_is_one_of_version_0),
        firmware_test(tree_without_reserved_memory_has_no_mailbox),
        firmware_test(reserved_memory_may_come_before_the_processors),
        firmware_test(only_okay_ok_and_no_status_mean_that_a_processor_is_there),
        firmware_test(mailbox_that_is_not_okay_is_not_there),
        firmware_test(each_thread_in_a_reg_is_a_processor),
        firmware_test(compatible_may_be_a_list),
        firmware_test(children_of_processors_and_other_nodes_mean_nothing),
        firmware_test(bsp_is_the_processor_that_reads_whatever_the_header_says),
        firmware_test(bsp_of_another_machine_is_the_one_in_the_header),
        firmware_test(compatible_version_18_is_read_as_17),
        firmware_test(trees_of_any_shape_are_read_as_libfdt_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
