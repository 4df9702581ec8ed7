/**
 * Device trees in a test: built by libfdt or, from text, by dtc, in the memory of the firmware of
 * acpi_tables.h; and libfdt's own opinion on what is in them.
 */
#ifndef TESTS_UNIT_FDT_TREES_H
#define TESTS_UNIT_FDT_TREES_H

#include "tests/unit/acpi_tables.h"

#include <stdio.h>
#include <unistd.h>

#include <libfdt.h>

#define TREE_PHYS    0x60000u
#define TREE_BYTES   0x20000u
#define MAILBOX_NODE "wakeup_table@7ffe0000"
#define COMPATIBLE   "intel,wakeup-mailbox"

static inline void *tree_of(struct firmware *firmware)
{
    return firmware->memory + TREE_PHYS;
}

/* ---- By libfdt ---- */

#define MUST(call) assert_int_equal(call, 0)

/* The root is open. */
static inline void *tree_begin(struct firmware *firmware)
{
    void *tree = tree_of(firmware);

    MUST(fdt_create(tree, TREE_BYTES));
    MUST(fdt_finish_reservemap(tree));
    MUST(fdt_begin_node(tree, ""));
    return tree;
}

static inline void tree_text(void *tree, const char *name, const char *text)
{
    MUST(fdt_property(tree, name, text, (int)strlen(text) + 1));
}

static inline void tree_cells(void *tree, uint32_t address_cells, uint32_t size_cells)
{
    MUST(fdt_property_u32(tree, "#address-cells", address_cells));
    MUST(fdt_property_u32(tree, "#size-cells", size_cells));
}

/* A section of the root, open. */
static inline void tree_section(void *tree, const char *name, uint32_t address_cells,
                                uint32_t size_cells)
{
    MUST(fdt_begin_node(tree, name));
    tree_cells(tree, address_cells, size_cells);
}

static inline void tree_cpu(void *tree, uint32_t apic_id)
{
    char name[32];

    snprintf(name, sizeof(name), "cpu@%x", apic_id);
    MUST(fdt_begin_node(tree, name));
    tree_text(tree, "device_type", "cpu");
    MUST(fdt_property_u32(tree, "reg", apic_id));
    MUST(fdt_end_node(tree));
}

/* /cpus with the processors 0 and 1. */
static inline void tree_two_cpus(void *tree)
{
    tree_section(tree, "cpus", 1, 0);
    tree_cpu(tree, 0);
    tree_cpu(tree, 1);
    MUST(fdt_end_node(tree));
}

/* /reserved-memory with two cells each, open. */
static inline void tree_reserved(void *tree)
{
    tree_section(tree, "reserved-memory", 2, 2);
    MUST(fdt_property(tree, "ranges", NULL, 0));
}

static inline void tree_region(void *tree, const char *name, const char *compatible, uint64_t phys,
                               uint64_t bytes)
{
    const fdt64_t reg[] = {cpu_to_fdt64(phys), cpu_to_fdt64(bytes)};

    MUST(fdt_begin_node(tree, name));
    if (compatible)
        tree_text(tree, "compatible", compatible);
    MUST(fdt_property(tree, "reg", reg, sizeof(reg)));
    MUST(fdt_end_node(tree));
}

static inline void tree_mailbox(void *tree, uint64_t phys)
{
    tree_reserved(tree);
    tree_region(tree, MAILBOX_NODE, COMPATIBLE, phys, 0x1000);
    MUST(fdt_end_node(tree));
}

static inline void tree_end(void *tree)
{
    MUST(fdt_end_node(tree));
    MUST(fdt_finish(tree));
}

/* The processors 0 and 1 and a mailbox. */
static inline void *tree_small(struct firmware *firmware)
{
    void *tree = tree_begin(firmware);

    tree_two_cpus(tree);
    tree_mailbox(tree, MAILBOX_PHYS);
    tree_end(tree);
    return tree;
}

/* ---- By dtc ---- */

/* What @command prints, read from @input; fails unless it exits with 0. Gives the bytes. */
static inline size_t run_filter(const char *command, const void *input, size_t input_bytes,
                                void *output, size_t output_bytes)
{
    char path[] = "/tmp/muster-fdt-XXXXXX";
    char line[256];
    int file = mkstemp(path);

    assert_true(file >= 0);
    assert_int_equal(write(file, input, input_bytes), input_bytes);
    close(file);
    snprintf(line, sizeof(line), "%s %s 2>&1", command, path);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t bytes = fread(output, 1, output_bytes, pipe);
    assert_int_equal(pclose(pipe), 0);
    unlink(path);
    return bytes;
}

/* The tree that dtc makes of @text, into the firmware's memory. */
static inline void *tree_from_text(struct firmware *firmware, const char *text)
{
    void *tree = tree_of(firmware);
    size_t bytes = run_filter("dtc -q -I dts -O dtb", text, strlen(text), tree, TREE_BYTES);

    assert_int_equal(bytes, fdt_totalsize(tree));
    return tree;
}

/* ---- Our reader, and libfdt's opinion ---- */

static inline enum muster_status discover_tree(struct firmware *firmware)
{
    enum muster_status status = muster_discover_fdt(&firmware->machine, TREE_PHYS, 0);

    assert_sane(firmware, status);
    forget_maps(firmware);
    return status;
}

static inline void assert_tree_found(struct firmware *firmware)
{
    assert_string_equal(muster_error_name(discover_tree(firmware)), "MUSTER_OK");
}

static inline void assert_tree_refused(struct firmware *firmware, enum muster_status status)
{
    assert_string_equal(muster_error_name(discover_tree(firmware)), muster_error_name(status));
    assert_string_equal(firmware->machine.finding.table, "FDT");
    assert_int_equal(firmware->machine.finding.table_phys, TREE_PHYS);
}

static inline bool libfdt_is_available(const void *tree, int node)
{
    const char *status = fdt_getprop(tree, node, "status", NULL);

    return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static inline uint64_t libfdt_number(const fdt32_t *cells, int count)
{
    uint64_t number = 0;

    for (int i = 0; i < count; i++)
        number = number << 32 | fdt32_to_cpu(cells[i]);
    return number;
}

static inline bool libfdt_is_cpu(const void *tree, int node)
{
    const char *type = fdt_getprop(tree, node, "device_type", NULL);
    const char *name = fdt_get_name(tree, node, NULL);

    return (type && strcmp(type, "cpu") == 0) || strcmp(name, "cpu") == 0 ||
           strncmp(name, "cpu@", 4) == 0;
}

/* The machine has the usable processors that libfdt finds, in its order, and no others. */
static inline void assert_same_cpus(const struct firmware *firmware, const void *tree)
{
    const struct muster_machine *machine = &firmware->machine;
    int cpus = fdt_path_offset(tree, "/cpus");
    uint32_t count = 0;
    int node;

    fdt_for_each_subnode(node, tree, cpus)
    {
        int bytes;
        const fdt32_t *reg = fdt_getprop(tree, node, "reg", &bytes);
        const fdt32_t *numa = fdt_getprop(tree, node, "numa-node-id", NULL);
        int cells = fdt_address_cells(tree, cpus);

        if (!libfdt_is_cpu(tree, node) || !libfdt_is_available(tree, node))
            continue;
        for (int i = 0; i < bytes / 4; i += cells, count++) {
            assert_true(count < machine->cpu_count);
            assert_int_equal(machine->cpus[count].apic_id, libfdt_number(reg + i, cells));
            assert_int_equal(machine->cpus[count].numa_node,
                             numa ? fdt32_to_cpu(*numa) : MUSTER_NUMA_NODE_UNKNOWN);
            assert_true(machine->cpus[count].enabled);
        }
    }
    assert_int_equal(machine->cpu_count, count);
}

static inline void assert_same_mailbox(const struct firmware *firmware, const void *tree)
{
    const struct muster_machine *machine = &firmware->machine;
    int parent = fdt_path_offset(tree, "/reserved-memory");
    uint64_t phys = 0;
    int node;

    if (parent >= 0) {
        fdt_for_each_subnode(node, tree, parent)
        {
            const fdt32_t *reg = fdt_getprop(tree, node, "reg", NULL);

            if (fdt_node_check_compatible(tree, node, COMPATIBLE) == 0 &&
                libfdt_is_available(tree, node))
                phys = libfdt_number(reg, fdt_address_cells(tree, parent));
        }
    }
    assert_int_equal(machine->mailbox.present, phys != 0);
    assert_int_equal(machine->mailbox.mailbox_phys, phys);
}

static inline void assert_as_libfdt(struct firmware *firmware)
{
    const void *tree = tree_of(firmware);

    assert_int_equal(fdt_check_full(tree, MEMORY_BYTES - TREE_PHYS), 0);
    assert_same_cpus(firmware, tree);
    assert_same_mailbox(firmware, tree);
}

#endif
