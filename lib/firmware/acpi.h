/**
 * Reading ACPI tables that may lie, and that may change while they are read.
 *
 * A table is read once, from front to back: each byte is taken out of the firmware's memory a
 * single time, added to the checksum, and judged and used as the copy says. What came out counts
 * only when the table's close has agreed; until then the caller must be able to forget it.
 *
 *     struct acpi_root root;
 *     struct acpi_root_entry entry;
 *     if (acpi_root_open(&root, platform, rsdp_phys, &finding) == MUSTER_OK) {
 *         while (acpi_root_next(&root, &entry)) {
 *             note(entry.phys, entry.signature);
 *         }
 *         status = acpi_root_close(&root);
 *     }
 *
 * Each failure fills the finding (its status too), and the first one stays, except that a wrong
 * checksum or a change of the table, seen at the close, explains all the others and replaces them.
 */
#ifndef LIB_FIRMWARE_ACPI_H
#define LIB_FIRMWARE_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

#include "abi/acpi.h"

/** No table that Muster reads comes near: a MADT with a million CPUs would. */
#define ACPI_TABLE_BYTES_MAX (16u << 20)

struct acpi_range {
    uint64_t phys;
    uint64_t bytes;
};

/** A table between open and close. The header is a copy; the rest is the reader's own. */
struct acpi_table {
    struct acpi_header header;
    uint64_t phys;
    uint32_t offset;   /* of the next byte to read */
    uint32_t entry;    /* number of the entry in hand: findings name it */
    uint32_t entry_at; /* where it begins */
    uint8_t sum;       /* of all bytes before offset */
    const char *name;
    const volatile uint8_t *bytes;
    struct muster_finding *finding;
};

/** The RSDT or XSDT, whichever the RSDP means, between open and close. */
struct acpi_root {
    struct acpi_table table;
    const struct muster_platform *platform;
    struct acpi_range rsdp;
    uint32_t entry_bytes; /* 4 in an RSDT, 8 in an XSDT */
    uint32_t next;        /* number of the next place to look at */
};

/** A table that the root lists. */
struct acpi_root_entry {
    uint64_t phys;
    char signature[4]; /* not a C string, and any bytes at all */
};

/**
 * The sum of all bytes: 0 in a table that is right. To make one right, set its checksum byte
 * to 0, then to minus this sum.
 */
uint8_t acpi_checksum(const void *bytes, size_t count);

/** Whether all of a range lies within what x86-64 can address: 52 bits, and not at 0. */
bool acpi_range_is_possible(struct acpi_range range);

/** Whether two possible ranges have a byte in common. */
bool acpi_ranges_overlap(struct acpi_range a, struct acpi_range b);

/** Map a possible range; NULL if it is not, or if there is nothing. */
const volatile uint8_t *acpi_map(const struct muster_platform *platform, uint64_t phys,
                                 size_t bytes);

bool acpi_signature_is(const char found[4], const char *wanted);

/**
 * Copy and check the RSDP. What a revision below 2 does not have comes back as 0, except that its
 * length is 20. Fails with one of MUSTER_ERROR_RSDP_.
 */
enum muster_status acpi_rsdp_read(const struct muster_platform *platform, uint64_t rsdp_phys,
                                  struct acpi_rsdp *rsdp, struct muster_finding *finding);

/**
 * Begin to read the table at @phys, which must have this signature (a string constant of four
 * letters). Clears the finding. After a failure there is nothing to close.
 */
enum muster_status acpi_table_open(struct acpi_table *table, const struct muster_platform *platform,
                                   uint64_t phys, const char *signature,
                                   struct muster_finding *finding);

/** Bytes not read yet. */
uint32_t acpi_table_left(const struct acpi_table *table);

/** Take the next @bytes; false, and nothing happens, if so many are not left. */
bool acpi_table_read(struct acpi_table *table, void *to, uint32_t bytes);

/** Pass over the next @bytes, which count in the checksum; false as above. */
bool acpi_table_skip(struct acpi_table *table, uint32_t bytes);

/** Note what is wrong at @offset, unless something was noted before. Gives the noted status. */
enum muster_status acpi_table_refuse(struct acpi_table *table, enum muster_status status,
                                     uint32_t offset, uint64_t found, uint64_t wanted);

/** Read what is left and give the verdict on the table: MUSTER_OK, or what its finding says. */
enum muster_status acpi_table_close(struct acpi_table *table);

struct acpi_range acpi_table_range(const struct acpi_table *table);

/** Read the RSDP and begin to read the table it means: the XSDT where there is one. */
enum muster_status acpi_root_open(struct acpi_root *root, const struct muster_platform *platform,
                                  uint64_t rsdp_phys, struct muster_finding *finding);

/**
 * The next table listed, in order; places that hold 0 are passed over. False at the end, and at
 * an entry that is wrong: the close tells them apart.
 */
bool acpi_root_next(struct acpi_root *root, struct acpi_root_entry *entry);

enum muster_status acpi_root_close(struct acpi_root *root);

#endif
