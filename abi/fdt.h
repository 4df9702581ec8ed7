/**
 * The flattened device tree (Devicetree Specification v0.4, chapter 5), version 17. All numbers
 * are big-endian.
 */
#ifndef ABI_FDT_H
#define ABI_FDT_H

#include <stddef.h>
#include <stdint.h>

#define FDT_MAGIC_NUMBER  0xD00DFEEDu
#define FDT_VERSION       17u
#define FDT_LAST_VERSION  16u /* the oldest that a reader of 16 could read: what 17 names */
#define FDT_TREE_ALIGN    8u  /* of the tree, and of the reserve map within it */
#define FDT_TOKEN_ALIGN   4u  /* of the structure block and of everything in it */
#define FDT_CELL_BYTES    4u
#define FDT_ADDRESS_CELLS 2u /* where #address-cells is missing (2.3.5) */
#define FDT_SIZE_CELLS    1u /* where #size-cells is missing */

/* 5.2 */
struct fdt_header {
    uint32_t magic;
    uint32_t totalsize;
    uint32_t off_dt_struct;
    uint32_t off_dt_strings;
    uint32_t off_mem_rsvmap;
    uint32_t version;
    uint32_t last_comp_version;
    uint32_t boot_cpuid_phys;
    uint32_t size_dt_strings;
    uint32_t size_dt_struct;
};
_Static_assert(sizeof(struct fdt_header) == 40, "Devicetree v0.4, 5.2");
_Static_assert(offsetof(struct fdt_header, boot_cpuid_phys) == 28, "Devicetree v0.4, 5.2");

/* 5.3: a row of these; one of two zeros ends it. */
struct fdt_reserve_entry {
    uint64_t address;
    uint64_t size;
};
_Static_assert(sizeof(struct fdt_reserve_entry) == 16, "Devicetree v0.4, 5.3");

/* 5.4.1 */
enum fdt_token {
    FDT_TOKEN_BEGIN_NODE = 1, /* a name with its end follows, padded */
    FDT_TOKEN_END_NODE = 2,
    FDT_TOKEN_PROP = 3, /* struct fdt_property and the value follow, padded */
    FDT_TOKEN_NOP = 4,
    FDT_TOKEN_END = 9,
};

struct fdt_property {
    uint32_t len;
    uint32_t nameoff; /* in the strings block */
};
_Static_assert(sizeof(struct fdt_property) == 8, "Devicetree v0.4, 5.4.1");

/* What Linux calls the mailbox (Documentation/devicetree/bindings/reserved-memory). */
#define FDT_MAILBOX_COMPATIBLE "intel,wakeup-mailbox"

#endif
