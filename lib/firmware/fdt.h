/**
 * Reading a flattened device tree that may lie, and that may change while it is read.
 *
 * The header is copied once and checked. The reserve map and then the structure block are read
 * from front to back in one pass; what is looked at is a copy, and every length and offset is
 * held against the block that it lies in. A value is read when it is asked for, once.
 *
 *     struct fdt fdt;
 *     if (fdt_open(&fdt, platform, phys, &finding) == MUSTER_OK) {
 *         while ((status = fdt_reserve_next(&fdt, &range)) == MUSTER_OK && range.bytes > 0) {...}
 *         while ((status = fdt_next(&fdt)) == MUSTER_OK && fdt.event != FDT_END) {...}
 *     }
 *
 * Each failure fills the finding, and the first one stays.
 */
#ifndef LIB_FIRMWARE_FDT_H
#define LIB_FIRMWARE_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

#include "abi/fdt.h"
#include "lib/firmware/acpi.h"

/** A tree of a hundred thousand processors is not longer. */
#define FDT_BYTES_MAX (16u << 20)
#define FDT_DEPTH_MAX 32u
/** A longer name is cut to this, with its end, and is then none that anybody looks for. */
#define FDT_NAME_BYTES 32u
/** A property's name that goes on for longer, with its end, is none. */
#define FDT_NAME_BYTES_MAX 256u

enum fdt_event {
    FDT_NODE,     /* begun: name, depth (the root's is 1) */
    FDT_PROPERTY, /* of the node begun last: name, and the value by fdt_value_...() */
    FDT_NODE_END, /* depth: still that of the node that ends */
    FDT_END,
};

struct fdt {
    uint64_t phys;
    struct fdt_header header; /* a copy, in this processor's byte order */
    const volatile uint8_t *bytes;
    struct muster_finding *finding;

    enum fdt_event event;
    char name[FDT_NAME_BYTES];
    uint32_t depth;
    uint32_t node;     /* number of the node begun last */
    uint32_t token_at; /* from the tree's start: of the token in hand */

    /* The reader's own. */
    uint32_t reserve_at; /* of the next entry of the reserve map; 0 once its end was read */
    uint32_t at;         /* of the next token */
    uint32_t end;        /* of the structure block */
    uint32_t nodes;      /* begun so far */
    uint32_t value_at, value_bytes;
    bool in_properties; /* no child has begun yet */
};

/** Begin to read. Clears the finding; MUSTER_ERROR_FDT_ADDRESS, _MAGIC, _VERSION, _SIZE, _BLOCK. */
enum muster_status fdt_open(struct fdt *fdt, const struct muster_platform *platform, uint64_t phys,
                            struct muster_finding *finding);

/** The next entry of the reserve map that is not empty; 0 bytes: there is none any more. */
enum muster_status fdt_reserve_next(struct fdt *fdt, struct acpi_range *range);

/** The next event, once the reserve map has been read. Not to be called after FDT_END. */
enum muster_status fdt_next(struct fdt *fdt);

/** Note what is wrong at @offset with node number @node. Gives the status noted first. */
enum muster_status fdt_refuse_at(struct fdt *fdt, enum muster_status status, uint32_t node,
                                 uint32_t offset, uint64_t found, uint64_t wanted);

/** The same at the token in hand. */
enum muster_status fdt_refuse(struct fdt *fdt, enum muster_status status, uint64_t found,
                              uint64_t wanted);

/** The property's value as one cell. MUSTER_ERROR_FDT_PROPERTY if it has another length. */
enum muster_status fdt_value_cell(struct fdt *fdt, uint32_t *cell);

/** As one string: cut like a name if it is too long. MUSTER_ERROR_FDT_PROPERTY if it is none. */
enum muster_status fdt_value_text(struct fdt *fdt, char text[FDT_NAME_BYTES]);

/** As a list of strings: whether @text is one of them. */
bool fdt_value_lists(const struct fdt *fdt, const char *text);

/** A number of @cells (1 or 2) cells at @offset from the tree's start, within a value. */
uint64_t fdt_read_cells(const struct fdt *fdt, uint32_t offset, uint32_t cells);

/** Whether two C strings are equal, or @text begins with @start. */
bool fdt_text_is(const char *text, const char *wanted);
bool fdt_text_begins(const char *text, const char *start);

#endif
