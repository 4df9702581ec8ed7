/**
 * What Muster wants of a device tree: the memory reservations, the processors, and what lies in
 * /reserved-memory. One pass; each child of /cpus and /reserved-memory is shown when its last
 * property has been read.
 */
#ifndef LIB_FIRMWARE_FDT_WALK_H
#define LIB_FIRMWARE_FDT_WALK_H

#include "lib/firmware/fdt.h"

enum fdt_section {
    FDT_SECTION_NONE,
    FDT_SECTION_CPUS,
    FDT_SECTION_RESERVED_MEMORY,
};

/** A child of a section. */
struct fdt_child {
    enum fdt_section section;
    uint32_t number;   /* of the node */
    uint32_t token_at; /* where it begins */
    uint32_t address_cells, size_cells;
    bool translated; /* the section has no empty "ranges": its addresses are not physical ones */
    bool is_cpu;     /* by its name or its device_type, as Linux has it */
    bool is_mailbox;
    bool available; /* status "okay", "ok" or absent (2.3.4) */
    uint32_t numa_node;
    uint32_t reg_at, reg_bytes; /* reg_at 0: it has none */
    uint32_t seen;              /* properties that were there; the walk's own */
};

struct fdt_visitor {
    void *context;
    /** An entry of the reserve map; it does not wrap around, and is not empty. May be NULL. */
    enum muster_status (*reserve)(void *context, struct fdt *fdt, struct acpi_range range);
    enum muster_status (*child)(void *context, struct fdt *fdt, const struct fdt_child *child);
};

/** Read all of an opened tree. Ends at the first status that is not MUSTER_OK, and gives it. */
enum muster_status fdt_walk(struct fdt *fdt, const struct fdt_visitor *visitor);

/** How many entries the child's reg has. MUSTER_ERROR_FDT_CELLS, _REG. */
enum muster_status fdt_reg_count(struct fdt *fdt, const struct fdt_child *child, uint32_t *count);

/** Entry @index of it: an address and a size, of which the latter is 0 where it has no cells. */
struct acpi_range fdt_reg_entry(const struct fdt *fdt, const struct fdt_child *child,
                                uint32_t index);

/** fdt_refuse_at() for a child. */
enum muster_status fdt_refuse_child(struct fdt *fdt, enum muster_status status,
                                    const struct fdt_child *child, uint64_t found, uint64_t wanted);

#endif
