#include "shim/tree.h"

#include "abi/fdt.h"
#include "abi/mailbox.h"
#include "boot/console.h"
#include "shim/fdt_write.h"

#define NAME_BYTES 40u

/* Of the root and of /reserved-memory: Linux wants them to be the same. */
#define ADDRESS_CELLS 2u
#define SIZE_CELLS    2u

static void write_cells(struct fdt_writer *writer, uint32_t address_cells, uint32_t size_cells)
{
    fdt_write_cell(writer, "#address-cells", address_cells);
    fdt_write_cell(writer, "#size-cells", size_cells);
}

/* A node's name with its unit address. */
static void begin_node_at(struct fdt_writer *writer, const char *name, uint64_t address)
{
    char text[NAME_BYTES];
    text_format(text, sizeof(text), "%s@%lx", name, address);
    fdt_write_node(writer, text);
}

/* The wait loop, its stacks and the APs' tables; what is declared usable is not kept here either.
 */
static void write_reserve_map(struct fdt_writer *writer, const struct tree_contents *contents)
{
    for (uint32_t i = 0; i < contents->map->count; i++) {
        const struct muster_memory_range *range = &contents->map->ranges[i];
        bool mailbox =
            range->start_phys <= contents->mailbox_phys && contents->mailbox_phys < range->end_phys;
        if (range->owner != contents->owner || range->type == MUSTER_MEMORY_USABLE)
            continue;
        if (!mailbox) {
            fdt_write_reserve(writer, range->start_phys, range->end_phys - range->start_phys);
            continue;
        }
        /* The mailbox has a node of its own, and a page may be reserved one way only. */
        uint64_t behind = contents->mailbox_phys + MAILBOX_BYTES;
        if (contents->mailbox_phys > range->start_phys)
            fdt_write_reserve(writer, range->start_phys,
                              contents->mailbox_phys - range->start_phys);
        if (range->end_phys > behind)
            fdt_write_reserve(writer, behind, range->end_phys - behind);
    }
}

static void write_cpus(struct fdt_writer *writer, const struct tree_contents *contents)
{
    const struct muster_machine *machine = contents->machine;
    fdt_write_node(writer, "cpus");
    write_cells(writer, 1, 0);
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        const struct muster_cpu *cpu = &machine->cpus[i];
        if (!cpu->enabled)
            continue;
        begin_node_at(writer, "cpu", cpu->apic_id);
        fdt_write_text(writer, "device_type", "cpu");
        fdt_write_cell(writer, "reg", cpu->apic_id);
        fdt_write_text(writer, "status", contents->is_there(machine, i) ? "okay" : "fail");
        if (cpu->numa_node != MUSTER_NUMA_NODE_UNKNOWN)
            fdt_write_cell(writer, "numa-node-id", cpu->numa_node);
        fdt_write_node_end(writer);
    }
    fdt_write_node_end(writer);
}

/* RAM as far as it is usable; neighbours of different owners are one piece. */
static void write_memory(struct fdt_writer *writer, const struct muster_memory_map *map)
{
    for (uint32_t i = 0; i < map->count;) {
        uint64_t start_phys = map->ranges[i].start_phys;
        uint64_t end_phys = start_phys;
        for (; i < map->count && map->ranges[i].type == MUSTER_MEMORY_USABLE &&
               map->ranges[i].start_phys == end_phys;
             i++)
            end_phys = map->ranges[i].end_phys;
        if (end_phys == start_phys) {
            i++;
            continue;
        }
        begin_node_at(writer, "memory", start_phys);
        fdt_write_text(writer, "device_type", "memory");
        fdt_write_range(writer, "reg", start_phys, end_phys - start_phys);
        fdt_write_node_end(writer);
    }
}

static void write_reserved_memory(struct fdt_writer *writer, uint64_t mailbox_phys)
{
    fdt_write_node(writer, "reserved-memory");
    write_cells(writer, ADDRESS_CELLS, SIZE_CELLS);
    fdt_write_property(writer, "ranges", "", 0);
    begin_node_at(writer, "wakeup_table", mailbox_phys);
    fdt_write_text(writer, "compatible", FDT_MAILBOX_COMPATIBLE);
    fdt_write_range(writer, "reg", mailbox_phys, MAILBOX_BYTES);
    fdt_write_node_end(writer);
    fdt_write_node_end(writer);
}

static void write_chosen(struct fdt_writer *writer, const struct tree_contents *contents)
{
    fdt_write_node(writer, "chosen");
    fdt_write_text(writer, "bootargs", contents->bootargs);
    if (contents->initrd_bytes) {
        fdt_write_cells64(writer, "linux,initrd-start", contents->initrd_phys);
        fdt_write_cells64(writer, "linux,initrd-end",
                          contents->initrd_phys + contents->initrd_bytes);
    }
    fdt_write_node_end(writer);
}

uint32_t tree_write(const struct tree_contents *contents, void *memory, uint32_t capacity)
{
    const struct muster_machine *machine = contents->machine;
    struct fdt_writer writer;
    fdt_write_begin(&writer, memory, capacity);
    write_reserve_map(&writer, contents);
    fdt_write_node(&writer, "");
    write_cells(&writer, ADDRESS_CELLS, SIZE_CELLS);
    fdt_write_text(&writer, "compatible", "muster,shim");
    fdt_write_text(&writer, "model", "Muster shim");
    write_cpus(&writer, contents);
    write_memory(&writer, contents->map);
    write_reserved_memory(&writer, contents->mailbox_phys);
    write_chosen(&writer, contents);
    fdt_write_node_end(&writer);
    return fdt_write_end(&writer, machine->cpus[machine->bsp].apic_id);
}
