/**
 * Writing a flattened device tree (Devicetree Specification v0.4, chapter 5, version 17) from
 * front to back into one piece of memory.
 *
 *     fdt_write_begin(&writer, memory, bytes);
 *     fdt_write_reserve(&writer, start_phys, bytes);     (any number)
 *     fdt_write_node(&writer, "");                       (the root)
 *     fdt_write_cell(&writer, "#address-cells", 2);      (its properties, then its children)
 *     fdt_write_node_end(&writer);
 *     uint32_t needed = fdt_write_end(&writer, bsp_apic_id);
 *
 * Nothing fails on the way: what does not fit is counted and not written, so that a run over no
 * memory at all tells how much is needed.
 */
#ifndef SHIM_FDT_WRITE_H
#define SHIM_FDT_WRITE_H

#include <stdbool.h>
#include <stdint.h>

/** All names of properties together, each with its end. */
#define FDT_WRITE_STRINGS_BYTES 256u

struct fdt_writer {
    uint8_t *memory;
    uint32_t capacity;
    uint32_t used; /* also of what did not fit */
    uint32_t structure_at;
    char strings[FDT_WRITE_STRINGS_BYTES];
    uint32_t strings_used;
    int open_nodes;
    bool broken; /* too many names, or nodes not opened and closed in pairs */
};

/** @memory on an 8-byte border; with @capacity 0 it may be NULL. */
void fdt_write_begin(struct fdt_writer *writer, void *memory, uint32_t capacity);

/** Before the first node. */
void fdt_write_reserve(struct fdt_writer *writer, uint64_t phys, uint64_t bytes);

void fdt_write_node(struct fdt_writer *writer, const char *name);
void fdt_write_node_end(struct fdt_writer *writer);

/** Properties come before the node's children. */
void fdt_write_property(struct fdt_writer *writer, const char *name, const void *value,
                        uint32_t bytes);
void fdt_write_text(struct fdt_writer *writer, const char *name, const char *text);
void fdt_write_cell(struct fdt_writer *writer, const char *name, uint32_t cell);
void fdt_write_cells64(struct fdt_writer *writer, const char *name, uint64_t number);
/** A range with two cells of address and two of size. */
void fdt_write_range(struct fdt_writer *writer, const char *name, uint64_t phys, uint64_t bytes);

/** The whole length, which is the tree's if it is at most the capacity; 0 if it is no tree. */
uint32_t fdt_write_end(struct fdt_writer *writer, uint32_t boot_cpuid_phys);

#endif
