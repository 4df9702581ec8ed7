/**
 * A machine's firmware in a test: one MiB of memory to put ACPI tables into, and a platform that
 * hands out exactly the bytes that were asked for, so that the address sanitizer sees every read
 * beyond them.
 */
#ifndef TESTS_UNIT_ACPI_TABLES_H
#define TESTS_UNIT_ACPI_TABLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <muster/machine.h>

#include "abi/acpi.h"

#define MEMORY_BYTES   0x100000u
#define RSDT_PHYS      0x10000u
#define XSDT_PHYS      0x11000u
#define OTHER_PHYS     0x12000u /* a table that nobody looks for */
#define MADT_PHYS      0x20000u
#define NEXT_MADT_PHYS 0x40000u
#define RSDP_PHYS      0xF0000u
#define MAILBOX_PHYS   0x7FFE0000u
#define LAPIC_PHYS     0xFEE00000u

#define CPU_CAPACITY   4096u
#define INDEX_CAPACITY 8192u
#define MAPS_MAX       32u

struct firmware {
    uint8_t memory[MEMORY_BYTES];
    uint8_t *maps[MAPS_MAX];
    uint32_t map_count;
    /* Called before the map of this number is handed out, to change the memory meanwhile. */
    void (*before_map)(struct firmware *firmware, uint32_t number);
    uint32_t madt_end; /* where the next entry of the MADT goes */

    struct muster_platform platform;
    struct muster_machine machine;
    struct muster_cpu cpus[CPU_CAPACITY];
    struct muster_index_entry index[INDEX_CAPACITY];
};

/* ---- The platform ---- */

static inline void *firmware_map(void *context, uint64_t phys, size_t bytes)
{
    struct firmware *firmware = context;
    uint8_t *copy;

    if (firmware->before_map != NULL) {
        firmware->before_map(firmware, firmware->map_count);
    }
    if (phys >= MEMORY_BYTES || bytes > MEMORY_BYTES - phys) {
        return NULL;
    }
    assert_true(firmware->map_count < MAPS_MAX);
    copy = malloc(bytes);
    assert_non_null(copy);
    memcpy(copy, firmware->memory + phys, bytes);
    firmware->maps[firmware->map_count] = copy;
    firmware->map_count++;
    return copy;
}

static inline void forget_maps(struct firmware *firmware)
{
    for (uint32_t i = 0; i < firmware->map_count; i++) {
        free(firmware->maps[i]);
    }
    firmware->map_count = 0;
}

/* ---- Bytes ---- */

static inline void put(struct firmware *firmware, uint64_t phys, uint64_t value, size_t bytes)
{
    memcpy(firmware->memory + phys, &value, bytes);
}

static inline void add_up(struct firmware *firmware, uint32_t phys, uint32_t checksum_at,
                          uint32_t bytes)
{
    uint8_t sum = 0;

    firmware->memory[phys + checksum_at] = 0;
    for (uint32_t i = 0; i < bytes && phys + i < MEMORY_BYTES; i++) {
        sum = (uint8_t)(sum + firmware->memory[phys + i]);
    }
    firmware->memory[phys + checksum_at] = (uint8_t)-sum;
}

/* Make the checksum of the table at @phys right, for the length that it says it has. */
static inline void fix_table(struct firmware *firmware, uint32_t phys)
{
    uint32_t length;

    memcpy(&length, firmware->memory + phys + offsetof(struct acpi_header, length), 4);
    add_up(firmware, phys, offsetof(struct acpi_header, checksum), length);
}

static inline void fix_rsdp(struct firmware *firmware, uint32_t phys)
{
    uint32_t length;

    memcpy(&length, firmware->memory + phys + offsetof(struct acpi_rsdp, length), 4);
    add_up(firmware, phys, offsetof(struct acpi_rsdp, checksum), ACPI_RSDP_V0_BYTES);
    if (firmware->memory[phys + offsetof(struct acpi_rsdp, revision)] >= 2) {
        add_up(firmware, phys, offsetof(struct acpi_rsdp, extended_checksum), length);
    }
}

/* ---- Tables ---- */

static inline void put_rsdp(struct firmware *firmware, uint32_t phys, uint8_t revision,
                            uint32_t rsdt, uint64_t xsdt)
{
    struct acpi_rsdp rsdp = {
        .signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
        .revision = revision,
        .rsdt_address = rsdt,
        .length = sizeof(rsdp),
        .xsdt_address = xsdt,
    };

    memcpy(firmware->memory + phys, &rsdp, revision < 2 ? ACPI_RSDP_V0_BYTES : sizeof(rsdp));
    fix_rsdp(firmware, phys);
}

static inline void put_header(struct firmware *firmware, uint32_t phys, const char *signature,
                              uint8_t revision, uint32_t length)
{
    struct acpi_header header = {.length = length, .revision = revision};

    memcpy(header.signature, signature, sizeof(header.signature));
    memcpy(firmware->memory + phys, &header, sizeof(header));
}

/* An XSDT, or with @entry_bytes 4 an RSDT. */
static inline void put_root(struct firmware *firmware, uint32_t phys, size_t entry_bytes,
                            const uint64_t *entries, uint32_t count)
{
    put_header(firmware, phys, entry_bytes == 4 ? "RSDT" : "XSDT", 1,
               (uint32_t)(sizeof(struct acpi_header) + count * entry_bytes));
    for (uint32_t i = 0; i < count; i++) {
        put(firmware, phys + sizeof(struct acpi_header) + i * entry_bytes, entries[i], entry_bytes);
    }
    fix_table(firmware, phys);
}

static inline void madt_begin(struct firmware *firmware, uint8_t revision)
{
    put_header(firmware, MADT_PHYS, "APIC", revision, 0);
    put(firmware, MADT_PHYS + offsetof(struct acpi_madt, local_apic_address), LAPIC_PHYS, 4);
    put(firmware, MADT_PHYS + offsetof(struct acpi_madt, flags), 1, 4);
    firmware->madt_end = MADT_PHYS + (uint32_t)sizeof(struct acpi_madt);
}

static inline void madt_raw(struct firmware *firmware, const void *bytes, size_t count)
{
    memcpy(firmware->memory + firmware->madt_end, bytes, count);
    firmware->madt_end += (uint32_t)count;
}

static inline void madt_lapic(struct firmware *firmware, uint8_t apic_id, uint32_t flags)
{
    struct acpi_madt_local_apic entry = {
        .entry = {ACPI_MADT_LOCAL_APIC, sizeof(entry)},
        .processor_uid = (uint8_t)(apic_id + 1),
        .apic_id = apic_id,
        .flags = flags,
    };

    madt_raw(firmware, &entry, sizeof(entry));
}

static inline void madt_x2apic(struct firmware *firmware, uint32_t apic_id, uint32_t flags)
{
    struct acpi_madt_local_x2apic entry = {
        .entry = {ACPI_MADT_LOCAL_X2APIC, sizeof(entry)},
        .apic_id = apic_id,
        .flags = flags,
        .processor_uid = apic_id + 1000,
    };

    madt_raw(firmware, &entry, sizeof(entry));
}

static inline void madt_lapic_address(struct firmware *firmware, uint64_t phys)
{
    struct acpi_madt_lapic_address_override entry = {
        .entry = {ACPI_MADT_LAPIC_ADDRESS_OVERRIDE, sizeof(entry)},
        .address = phys,
    };

    madt_raw(firmware, &entry, sizeof(entry));
}

/* A wakeup entry that says it has @length bytes, and has as many (at most 40). */
static inline void madt_wakeup(struct firmware *firmware, uint8_t length, uint16_t version,
                               uint64_t mailbox, uint64_t reset_vector)
{
    uint8_t bytes[40] = {0};
    struct acpi_madt_wakeup entry = {
        .entry = {ACPI_MADT_WAKEUP, length},
        .mailbox_version = version,
        .mailbox_address = mailbox,
        .reset_vector = reset_vector,
    };

    memcpy(bytes, &entry, sizeof(entry));
    madt_raw(firmware, bytes, length);
}

static inline void madt_finish(struct firmware *firmware)
{
    put(firmware, MADT_PHYS + offsetof(struct acpi_header, length), firmware->madt_end - MADT_PHYS,
        4);
    fix_table(firmware, MADT_PHYS);
}

/* ---- A whole firmware ---- */

static inline void firmware_tables(struct firmware *firmware)
{
    const uint64_t entries[] = {OTHER_PHYS, MADT_PHYS};

    put_rsdp(firmware, RSDP_PHYS, 2, RSDT_PHYS, XSDT_PHYS);
    put_root(firmware, XSDT_PHYS, 8, entries, 2);
    put_root(firmware, RSDT_PHYS, 4, entries, 2);
    put_header(firmware, OTHER_PHYS, "FACP", 6, sizeof(struct acpi_header));
    fix_table(firmware, OTHER_PHYS);
    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ACPI_MADT_ENABLED);
    madt_lapic(firmware, 1, ACPI_MADT_ENABLED);
    madt_finish(firmware);
}

/* RSDP, XSDT and RSDT, a table nobody wants, and a MADT with the processors 0 and 1. */
static inline int firmware_setup(void **state)
{
    struct firmware *firmware = calloc(1, sizeof(*firmware));

    assert_non_null(firmware);
    firmware->platform.context = firmware;
    firmware->platform.map = firmware_map;
    assert_int_equal(muster_machine_init(&firmware->machine, &firmware->platform, firmware->cpus,
                                         CPU_CAPACITY, firmware->index, INDEX_CAPACITY),
                     MUSTER_OK);
    firmware_tables(firmware);
    *state = firmware;
    return 0;
}

static inline int firmware_teardown(void **state)
{
    forget_maps(*state);
    free(*state);
    return 0;
}

#define firmware_test(function)                                                                    \
    cmocka_unit_test_setup_teardown(function, firmware_setup, firmware_teardown)

/* A failure leaves an empty machine, and a finding with the status that was given back. */
static inline void assert_sane(const struct firmware *firmware, enum muster_status status)
{
    const struct muster_machine *machine = &firmware->machine;

    assert_int_equal(machine->finding.status, status);
    if (status != MUSTER_OK) {
        assert_int_equal(machine->cpu_count, 0);
        assert_false(machine->mailbox.present);
        assert_int_equal(muster_machine_find(machine, 0), -1);
        assert_int_equal(machine->finding.table[7], 0);
        return;
    }
    assert_true(machine->cpu_count >= 1 && machine->cpu_count <= machine->cpu_capacity);
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        assert_int_equal(muster_machine_find(machine, machine->cpus[i].apic_id), i);
    }
}

static inline enum muster_status discover(struct firmware *firmware)
{
    enum muster_status status = muster_discover(&firmware->machine, RSDP_PHYS, 0);

    assert_sane(firmware, status);
    forget_maps(firmware);
    return status;
}

/* Discovery fails with @status, and its finding is about this table and offset. */
static inline void assert_refused(struct firmware *firmware, enum muster_status status,
                                  const char *table, uint32_t offset)
{
    assert_string_equal(muster_error_name(discover(firmware)), muster_error_name(status));
    assert_string_equal(firmware->machine.finding.table, table);
    assert_int_equal(firmware->machine.finding.offset, offset);
}

#endif
