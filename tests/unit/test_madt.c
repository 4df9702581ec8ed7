/* The MADT: its processors, its mailbox, and every way in which it can be wrong. */
#include "tests/unit/acpi_tables.h"

#include <time.h>

#define ENABLED        ACPI_MADT_ENABLED
#define ONLINE_CAPABLE ACPI_MADT_ONLINE_CAPABLE
#define FIRST_ENTRY    ((uint32_t)sizeof(struct acpi_madt))
#define BEYOND_52_BITS (1ull << 52)

/* A MADT with the enabled processor 0, to which a test adds one thing. */
static void begin(struct firmware *firmware)
{
    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
}

static enum muster_status finish(struct firmware *firmware)
{
    madt_finish(firmware);
    return discover(firmware);
}

static void finish_refused(struct firmware *firmware, enum muster_status status, uint32_t offset)
{
    madt_finish(firmware);
    assert_refused(firmware, status, "APIC", offset);
}

static const struct muster_cpu *cpu_of(struct firmware *firmware, uint32_t apic_id)
{
    int32_t index = muster_machine_find(&firmware->machine, apic_id);

    assert_true(index >= 0);
    return &firmware->cpus[index];
}

/* ---- Processors ---- */

static void unordered_and_sparse_ids_keep_the_order_of_the_table(void **state)
{
    const uint32_t ids[] = {0x1000, 6, 0, 0xFFFFFFFE, 300, 255};
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        madt_x2apic(firmware, ids[i], ENABLED);
    }
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 6);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(firmware->cpus[i].apic_id, ids[i]);
        assert_int_equal(firmware->cpus[i].acpi_uid, ids[i] + 1000);
        assert_true(firmware->cpus[i].enabled);
        assert_int_equal(firmware->cpus[i].bsp, ids[i] == 0);
    }
    assert_int_equal(firmware->machine.bsp, 2);
}

static void processor_listed_both_ways_counts_once(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    for (uint8_t id = 0; id < 16; id++) {
        madt_lapic(firmware, id, ENABLED);
    }
    for (uint32_t id = 0; id < 20; id++) {
        madt_x2apic(firmware, id, ENABLED);
    }
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 20);
    assert_int_equal(firmware->machine.duplicate_count, 16);
    assert_int_equal(cpu_of(firmware, 3)->acpi_uid, 4);
}

static void of_two_listings_the_enabled_one_wins(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_lapic(firmware, 4, ONLINE_CAPABLE);
    madt_x2apic(firmware, 4, ENABLED);
    madt_lapic(firmware, 5, ENABLED);
    madt_x2apic(firmware, 5, ONLINE_CAPABLE);
    madt_lapic(firmware, 6, 0);
    madt_x2apic(firmware, 6, ENABLED);
    assert_int_equal(finish(firmware), MUSTER_OK);
    for (uint32_t id = 4; id <= 6; id++) {
        assert_true(cpu_of(firmware, id)->enabled);
        assert_false(cpu_of(firmware, id)->online_capable);
    }
    assert_int_equal(cpu_of(firmware, 4)->acpi_uid, 1004);
    assert_int_equal(cpu_of(firmware, 5)->acpi_uid, 6);
    assert_int_equal(firmware->machine.duplicate_count, 2);
    assert_int_equal(firmware->machine.disabled_count, 1);
}

static void ids_that_mean_none_are_dropped(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_lapic(firmware, 0xFF, ENABLED);
    madt_lapic(firmware, 0xFF, 0);
    madt_x2apic(firmware, 0xFFFFFFFF, ENABLED);
    madt_x2apic(firmware, 0xFF, ENABLED);
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
    assert_int_equal(firmware->machine.invalid_count, 3);
    assert_int_equal(firmware->machine.disabled_count, 0);
    assert_true(cpu_of(firmware, 0xFF)->enabled);
}

/* For a host with a hot-plug controller. */
static void disabled_cpus_are_kept_behind_the_others_for_a_host_that_asks(void **state)
{
    const uint32_t ids[] = {0, 3, 7, 5, 9};
    struct firmware *firmware = *state;

    for (uint8_t revision = 1; revision <= 6; revision++) {
        madt_begin(firmware, revision);
        madt_lapic(firmware, 0, ENABLED);
        madt_lapic(firmware, 7, 0);
        madt_lapic(firmware, 3, ENABLED);
        madt_lapic(firmware, 5, 0);
        madt_x2apic(firmware, 9, 0);
        madt_x2apic(firmware, 3, 0);
        madt_x2apic(firmware, 7, 0);
        firmware->machine.keep_disabled = true;
        assert_int_equal(finish(firmware), MUSTER_OK);
        assert_int_equal(firmware->machine.cpu_count, revision < 5 ? 5 : 2);
        assert_int_equal(firmware->machine.disabled_count, revision < 5 ? 2 : 5);
        for (uint32_t i = 0; i < firmware->machine.cpu_count; i++) {
            assert_int_equal(firmware->cpus[i].apic_id, ids[i]);
            assert_int_equal(firmware->cpus[i].enabled, i < 2);
            assert_int_equal(firmware->cpus[i].online_capable, i >= 2);
            assert_int_equal(muster_machine_find(&firmware->machine, ids[i]), (int32_t)i);
        }
    }
}

/* However many a table lists, and in whatever order: those that are there lose nothing. */
static void disabled_cpus_never_take_the_room_of_enabled_ones(void **state)
{
    struct firmware *firmware = *state;

    for (uint32_t enabled = 1; enabled <= 4; enabled++) {
        madt_begin(firmware, 3);
        for (uint32_t id = 100; id < 120; id++) {
            madt_lapic(firmware, (uint8_t)id, 0);
        }
        for (uint32_t id = 0; id < enabled; id++) {
            madt_lapic(firmware, (uint8_t)id, ENABLED);
            madt_lapic(firmware, (uint8_t)(200 + id), 0);
        }
        firmware->machine.keep_disabled = true;
        firmware->machine.cpu_capacity = 4;
        assert_int_equal(finish(firmware), MUSTER_OK);
        assert_int_equal(firmware->machine.cpu_count, 4);
        assert_int_equal(firmware->machine.disabled_count, 20 + enabled - (4 - enabled));
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(firmware->cpus[i].apic_id, i < enabled ? i : 100 + i - enabled);
            assert_int_equal(firmware->cpus[i].enabled, i < enabled);
        }
        assert_int_equal(muster_machine_find(&firmware->machine, 200), -1);
    }
}

/* Whatever a table lists: what is there is found as if the host had not asked. */
static void keeping_disabled_cpus_changes_nothing_else(void **state)
{
    struct firmware *firmware = *state;
    struct muster_cpu there[8];
    uint32_t random = 1;

    for (uint32_t round = 0; round < 2000; round++) {
        madt_begin(firmware, (uint8_t)(1 + round % 6));
        madt_lapic(firmware, 0, ENABLED);
        for (uint32_t i = 0; i < round % 20; i++) {
            random = random * 1664525u + 1013904223u;
            madt_lapic(firmware, (uint8_t)(random >> 24 & 15), random >> 16 & 3);
        }
        firmware->machine.cpu_capacity = 8;
        firmware->machine.keep_disabled = false;
        enum muster_status status = finish(firmware);
        uint32_t count = firmware->machine.cpu_count;
        uint32_t disabled = firmware->machine.disabled_count;
        memcpy(there, firmware->cpus, sizeof(there));

        firmware->machine.keep_disabled = true;
        assert_int_equal(discover(firmware), status);
        if (status != MUSTER_OK) {
            continue;
        }
        assert_memory_equal(firmware->cpus, there, count * sizeof(there[0]));
        assert_int_equal(firmware->machine.cpu_count - count,
                         disabled - firmware->machine.disabled_count);
        for (uint32_t i = 0; i < firmware->machine.cpu_count; i++) {
            assert_ptr_equal(cpu_of(firmware, firmware->cpus[i].apic_id), &firmware->cpus[i]);
            assert_true(i < count || firmware->cpus[i].online_capable);
        }
    }
}

static void online_capable_means_something_from_revision_5_on(void **state)
{
    struct firmware *firmware = *state;

    for (uint8_t revision = 1; revision <= 7; revision++) {
        madt_begin(firmware, revision);
        madt_lapic(firmware, 0, ENABLED | ONLINE_CAPABLE);
        madt_lapic(firmware, 1, ONLINE_CAPABLE);
        madt_lapic(firmware, 2, 0);
        assert_int_equal(finish(firmware), MUSTER_OK);
        assert_int_equal(firmware->machine.madt_revision, revision);
        assert_int_equal(firmware->machine.cpu_count, revision >= 5 ? 2 : 1);
        assert_int_equal(firmware->machine.disabled_count, revision >= 5 ? 1 : 2);
        assert_false(firmware->cpus[0].online_capable);
        if (revision >= 5) {
            assert_true(cpu_of(firmware, 1)->online_capable);
            assert_false(cpu_of(firmware, 1)->enabled);
        }
    }
}

static void bsp_is_known_by_its_id_and_not_by_its_place(void **state)
{
    struct firmware *firmware = *state;

    assert_int_equal(muster_discover(&firmware->machine, RSDP_PHYS, 1), MUSTER_OK);
    assert_int_equal(firmware->machine.bsp, 1);
    assert_false(firmware->cpus[0].bsp);
    assert_true(firmware->cpus[1].bsp);
}

static void bsp_that_is_not_listed_as_enabled_is_refused(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_lapic(firmware, 1, ONLINE_CAPABLE);
    madt_lapic(firmware, 2, 0);
    madt_finish(firmware);
    for (uint32_t id = 1; id <= 3; id++) {
        assert_int_equal(muster_discover(&firmware->machine, RSDP_PHYS, id),
                         MUSTER_ERROR_MADT_NO_BSP);
        assert_sane(firmware, MUSTER_ERROR_MADT_NO_BSP);
        assert_int_equal(firmware->machine.finding.wanted, id);
    }
}

static void another_machines_tables_need_no_bsp(void **state)
{
    struct firmware *firmware = *state;

    assert_int_equal(muster_discover(&firmware->machine, RSDP_PHYS, MUSTER_BSP_UNKNOWN), MUSTER_OK);
    assert_int_equal(firmware->machine.bsp, MUSTER_BSP_UNKNOWN);
    assert_false(firmware->cpus[0].bsp);
}

static void madt_without_an_enabled_processor_is_refused(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    finish_refused(firmware, MUSTER_ERROR_MADT_NO_CPU, 0);
    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ONLINE_CAPABLE);
    madt_lapic(firmware, 0xFF, ENABLED);
    finish_refused(firmware, MUSTER_ERROR_MADT_NO_CPU, 0);
}

static void more_processors_than_there_is_room_for_are_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->machine.cpu_capacity = 2;
    assert_int_equal(discover(firmware), MUSTER_OK);
    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_lapic(firmware, 1, ENABLED);
    madt_x2apic(firmware, 1, ENABLED);
    madt_lapic(firmware, 2, ENABLED);
    finish_refused(firmware, MUSTER_ERROR_MADT_TOO_MANY_CPUS, FIRST_ENTRY + 8 + 8 + 16);
    assert_int_equal(firmware->machine.finding.entry, 3);
    assert_int_equal(firmware->machine.finding.wanted, 2);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t discovery_ns(struct firmware *firmware, uint32_t cpus)
{
    uint64_t best = UINT64_MAX;

    madt_begin(firmware, 5);
    for (uint32_t i = 0; i < cpus; i++) {
        madt_x2apic(firmware, i * 16, ENABLED);
    }
    madt_finish(firmware);
    for (int i = 0; i < 10; i++) {
        uint64_t start = now_ns();
        uint64_t took;

        assert_int_equal(muster_discover(&firmware->machine, RSDP_PHYS, 0), MUSTER_OK);
        took = now_ns() - start;
        best = took < best ? took : best;
        forget_maps(firmware);
    }
    assert_int_equal(firmware->machine.cpu_count, cpus);
    return best;
}

/* Four times the processors: quadratic work would take sixteen times as long. */
static void discovery_of_4096_processors_takes_linear_time(void **state)
{
    struct firmware *firmware = *state;
    uint64_t quarter = discovery_ns(firmware, CPU_CAPACITY / 4);
    uint64_t whole = discovery_ns(firmware, CPU_CAPACITY);

    print_message("4096 processors in %llu us\n", (unsigned long long)whole / 1000);
    assert_true(whole < quarter * 10);
    assert_sane(firmware, MUSTER_OK);
}

/* ---- Entries ---- */

static void unknown_entries_are_skipped_by_their_length(void **state)
{
    const uint8_t smallest[] = {0x01, 2};
    const uint8_t largest[255] = {0x7F, 255, 0x00, 0x08};
    struct firmware *firmware = *state;

    begin(firmware);
    madt_raw(firmware, smallest, sizeof(smallest));
    madt_raw(firmware, largest, sizeof(largest));
    madt_x2apic(firmware, 9, ENABLED);
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
    assert_int_equal(firmware->cpus[1].apic_id, 9);
}

static void madt_unknown(struct firmware *firmware, uint8_t length)
{
    uint8_t bytes[255];

    memset(bytes, length, sizeof(bytes)); /* what is taken for a head of it is long or refused */
    bytes[0] = 0x7F;
    bytes[1] = length;
    madt_raw(firmware, bytes, length);
}

/* The table is read in pieces, and an entry may begin anywhere in one and end in the next. */
static void entries_of_any_length_are_read_wherever_they_begin(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    for (uint32_t length = 2; length <= 255; length++) {
        madt_unknown(firmware, (uint8_t)length);
        madt_x2apic(firmware, length, ENABLED);
    }
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 255);
    for (uint32_t i = 1; i < 255; i++) {
        assert_int_equal(firmware->cpus[i].apic_id, i + 1);
        assert_int_equal(firmware->cpus[i].acpi_uid, i + 1 + 1000);
    }
    for (uint32_t before = 2; before <= 255; before++) {
        madt_begin(firmware, 5);
        madt_unknown(firmware, (uint8_t)before);
        madt_unknown(firmware, 255);
        madt_unknown(firmware, 255);
        madt_x2apic(firmware, 0, ENABLED);
        assert_int_equal(finish(firmware), MUSTER_OK);
        assert_int_equal(firmware->machine.cpu_count, 1);
    }
}

/* Wherever the table ends, within a piece or with it. */
static void last_entry_that_lacks_a_byte_is_refused_behind_any_number_of_others(void **state)
{
    struct firmware *firmware = *state;

    for (uint32_t others = 0; others < 40; others++) {
        begin(firmware);
        for (uint32_t i = 0; i < others; i++) {
            madt_x2apic(firmware, 256 + i, ENABLED);
        }
        madt_x2apic(firmware, 1000, ENABLED);
        firmware->madt_end--;
        finish_refused(firmware, MUSTER_ERROR_MADT_ENTRY_OVERRUN, FIRST_ENTRY + 8 + 16 * others);
        assert_int_equal(firmware->machine.finding.entry, 1 + others);
        assert_int_equal(firmware->machine.finding.found, 16);
        assert_int_equal(firmware->machine.finding.wanted, 15);
    }
}

static void longer_entry_of_a_known_type_is_read_as_far_as_known(void **state)
{
    const uint8_t entry[] = {ACPI_MADT_LOCAL_APIC, 40, 7, 3, ENABLED, 0, 0, 0};
    const uint8_t more[32] = {0};
    struct firmware *firmware = *state;

    begin(firmware);
    madt_raw(firmware, entry, sizeof(entry));
    madt_raw(firmware, more, sizeof(more));
    madt_lapic(firmware, 4, ENABLED);
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 3);
    assert_int_equal(cpu_of(firmware, 3)->acpi_uid, 7);
}

static void madt_with_zero_length_entry_is_refused(void **state)
{
    struct firmware *firmware = *state;

    for (uint8_t length = 0; length < 2; length++) {
        const uint8_t entry[] = {0x7F, length};

        begin(firmware);
        madt_raw(firmware, entry, sizeof(entry));
        finish_refused(firmware, MUSTER_ERROR_MADT_ENTRY_LENGTH, FIRST_ENTRY + 8);
        assert_int_equal(firmware->machine.finding.entry, 1);
        assert_int_equal(firmware->machine.finding.found, length);
        assert_int_equal(firmware->machine.finding.wanted, 2);
    }
}

static void entry_too_short_for_its_type_is_refused(void **state)
{
    const uint8_t entries[][2] = {{ACPI_MADT_LOCAL_APIC, 7},
                                  {ACPI_MADT_LAPIC_ADDRESS_OVERRIDE, 11},
                                  {ACPI_MADT_LOCAL_X2APIC, 15}};
    const uint8_t rest[16] = {0};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < 3; i++) {
        begin(firmware);
        madt_raw(firmware, entries[i], 2);
        madt_raw(firmware, rest, entries[i][1] - 2u);
        finish_refused(firmware, MUSTER_ERROR_MADT_ENTRY_LENGTH, FIRST_ENTRY + 8);
        assert_int_equal(firmware->machine.finding.wanted, entries[i][1] + 1);
    }
}

static void entry_that_runs_past_the_table_is_refused(void **state)
{
    const uint8_t entries[][2] = {{0x7F, 3}, {ACPI_MADT_LOCAL_APIC, 8}, {ACPI_MADT_WAKEUP, 16}};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < 3; i++) {
        begin(firmware);
        madt_raw(firmware, entries[i], 2);
        finish_refused(firmware, MUSTER_ERROR_MADT_ENTRY_OVERRUN, FIRST_ENTRY + 8);
        assert_int_equal(firmware->machine.finding.found, entries[i][1]);
        assert_int_equal(firmware->machine.finding.wanted, 2);
    }
}

static void half_an_entry_head_at_the_end_is_refused(void **state)
{
    const uint8_t byte = ACPI_MADT_LOCAL_APIC;
    struct firmware *firmware = *state;

    begin(firmware);
    madt_raw(firmware, &byte, 1);
    finish_refused(firmware, MUSTER_ERROR_MADT_ENTRY_OVERRUN, FIRST_ENTRY + 8);
}

/* ---- The table ---- */

static void madt_with_a_wrong_checksum_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->memory[MADT_PHYS + FIRST_ENTRY + 3] ^= 1;
    assert_refused(firmware, MUSTER_ERROR_TABLE_CHECKSUM, "APIC", 9);
}

static void madt_too_short_for_its_own_fields_is_refused(void **state)
{
    struct firmware *firmware = *state;

    for (uint32_t length = 36; length < FIRST_ENTRY; length++) {
        put(firmware, MADT_PHYS + 4, length, 4);
        fix_table(firmware, MADT_PHYS);
        assert_refused(firmware, MUSTER_ERROR_TABLE_LENGTH, "APIC", 4);
        assert_int_equal(firmware->machine.finding.wanted, FIRST_ENTRY);
    }
}

static void madt_that_is_not_listed_is_refused(void **state)
{
    const uint64_t entries[] = {OTHER_PHYS, OTHER_PHYS};
    struct firmware *firmware = *state;

    put_root(firmware, XSDT_PHYS, 8, entries, 2);
    assert_refused(firmware, MUSTER_ERROR_MADT_MISSING, "XSDT", 0);
}

static void second_madt_is_refused_and_both_are_named(void **state)
{
    const uint64_t entries[] = {MADT_PHYS, OTHER_PHYS, NEXT_MADT_PHYS};
    struct firmware *firmware = *state;

    memcpy(firmware->memory + NEXT_MADT_PHYS, firmware->memory + MADT_PHYS, 256);
    put_root(firmware, XSDT_PHYS, 8, entries, 3);
    assert_refused(firmware, MUSTER_ERROR_MADT_DUPLICATE, "XSDT", 36 + 16);
    assert_int_equal(firmware->machine.finding.found, NEXT_MADT_PHYS);
    assert_int_equal(firmware->machine.finding.wanted, MADT_PHYS);
    assert_int_equal(muster_discover_madt(&firmware->machine, NEXT_MADT_PHYS, 0), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 2);
}

static void same_madt_listed_twice_is_one(void **state)
{
    const uint64_t entries[] = {MADT_PHYS, OTHER_PHYS, MADT_PHYS};
    struct firmware *firmware = *state;

    put_root(firmware, XSDT_PHYS, 8, entries, 3);
    assert_int_equal(discover(firmware), MUSTER_OK);
}

static void madt_over_rsdp_or_root_table_is_refused(void **state)
{
    const uint64_t places[] = {RSDP_PHYS - 44, XSDT_PHYS - 44};
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_finish(firmware);
    for (size_t i = 0; i < 2; i++) {
        memcpy(firmware->memory + places[i], firmware->memory + MADT_PHYS, FIRST_ENTRY);
        put_root(firmware, XSDT_PHYS, 8, &places[i], 1);
        assert_refused(firmware, MUSTER_ERROR_TABLE_OVERLAP, "APIC", 0);
    }
}

static void madt_given_alone_is_read(void **state)
{
    struct firmware *firmware = *state;

    assert_int_equal(muster_discover_madt(&firmware->machine, MADT_PHYS, 1), MUSTER_OK);
    assert_sane(firmware, MUSTER_OK);
    assert_int_equal(firmware->machine.bsp, 1);
    assert_int_equal(muster_discover_madt(&firmware->machine, 0, 1), MUSTER_ERROR_TABLE_ADDRESS);
    assert_sane(firmware, MUSTER_ERROR_TABLE_ADDRESS);
    assert_int_equal(muster_discover_madt(&firmware->machine, XSDT_PHYS, 1),
                     MUSTER_ERROR_TABLE_SIGNATURE);
    assert_sane(firmware, MUSTER_ERROR_TABLE_SIGNATURE);
}

static void failed_discovery_forgets_what_came_before(void **state)
{
    struct firmware *firmware = *state;

    madt_begin(firmware, 5);
    madt_lapic(firmware, 0, ENABLED);
    madt_lapic(firmware, 0, ENABLED);
    madt_lapic(firmware, 0xFF, 0);
    madt_lapic(firmware, 1, 0);
    madt_wakeup(firmware, 16, 0, MAILBOX_PHYS, 0);
    assert_int_equal(finish(firmware), MUSTER_OK);
    firmware->memory[MADT_PHYS + 9]++;
    assert_int_equal(discover(firmware), MUSTER_ERROR_TABLE_CHECKSUM);
    assert_int_equal(firmware->machine.duplicate_count, 0);
    assert_int_equal(firmware->machine.invalid_count, 0);
    assert_int_equal(firmware->machine.disabled_count, 0);
    assert_true(firmware->machine.lapic_phys == 0);
    firmware->memory[MADT_PHYS + 9]--;
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_int_equal(firmware->machine.cpu_count, 1);
}

/* ---- The local APIC's address ---- */

static void lapic_address_is_the_headers_unless_overridden(void **state)
{
    struct firmware *firmware = *state;

    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_true(firmware->machine.lapic_phys == LAPIC_PHYS);
    begin(firmware);
    put(firmware, MADT_PHYS + 36, 0x123, 4);
    madt_lapic_address(firmware, 0xFFFFE00000);
    madt_lapic_address(firmware, 0xFFFFE00000);
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_true(firmware->machine.lapic_phys == 0xFFFFE00000);
}

static void lapic_address_that_cannot_be_is_refused(void **state)
{
    const uint64_t addresses[] = {0, LAPIC_PHYS + 0x10, BEYOND_52_BITS, UINT64_MAX - 4095};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        begin(firmware);
        madt_lapic_address(firmware, addresses[i]);
        finish_refused(firmware, MUSTER_ERROR_MADT_LAPIC_ADDRESS, FIRST_ENTRY + 8 + 4);
    }
    begin(firmware);
    put(firmware, MADT_PHYS + 36, 0, 4);
    finish_refused(firmware, MUSTER_ERROR_MADT_LAPIC_ADDRESS, 36);
    begin(firmware);
    madt_lapic_address(firmware, LAPIC_PHYS);
    madt_lapic_address(firmware, LAPIC_PHYS + 0x1000);
    finish_refused(firmware, MUSTER_ERROR_MADT_LAPIC_ADDRESS, FIRST_ENTRY + 8 + 12 + 4);
}

/* ---- The mailbox ---- */

static void wakeup_version_and_length_are_judged_apart(void **state)
{
    const struct {
        uint8_t length;
        uint16_t version;
        bool resets;
    } cases[] = {{16, 0, false}, {16, 1, false}, {24, 0, false}, {24, 1, true}, {32, 1, true}};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct muster_mailbox_description *mailbox = &firmware->machine.mailbox;

        begin(firmware);
        madt_wakeup(firmware, cases[i].length, cases[i].version, MAILBOX_PHYS, 0x7FFE1234);
        madt_lapic(firmware, 1, ENABLED);
        assert_int_equal(finish(firmware), MUSTER_OK);
        assert_true(mailbox->present);
        assert_int_equal(mailbox->version, cases[i].version);
        assert_int_equal(mailbox->length, cases[i].length);
        assert_true(mailbox->mailbox_phys == MAILBOX_PHYS);
        assert_true(mailbox->reset_vector_phys == (cases[i].resets ? 0x7FFE1234 : 0));
        assert_int_equal(firmware->machine.cpu_count, 2);
    }
}

static void reset_vector_of_zero_is_none(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0);
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_true(firmware->machine.mailbox.present);
    assert_true(firmware->machine.mailbox.reset_vector_phys == 0);
}

static void machine_without_wakeup_entry_has_no_mailbox(void **state)
{
    struct firmware *firmware = *state;

    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_false(firmware->machine.mailbox.present);
}

static void wakeup_entry_of_a_wrong_length_is_refused(void **state)
{
    struct firmware *firmware = *state;

    for (uint8_t length = 2; length < 24; length++) {
        if (length == 16) {
            continue;
        }
        begin(firmware);
        madt_wakeup(firmware, length, 0, MAILBOX_PHYS, 0);
        finish_refused(firmware, MUSTER_ERROR_WAKEUP_LENGTH, FIRST_ENTRY + 8 + 1);
        assert_int_equal(firmware->machine.finding.found, length);
    }
}

static void wakeup_version_that_nobody_knows_is_refused(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_wakeup(firmware, 24, 2, MAILBOX_PHYS, 0);
    finish_refused(firmware, MUSTER_ERROR_WAKEUP_VERSION, FIRST_ENTRY + 8 + 2);
}

static void two_wakeup_entries_must_say_the_same(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0x5000);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0x5000);
    assert_int_equal(finish(firmware), MUSTER_OK);
    begin(firmware);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0x5000);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0x6000);
    finish_refused(firmware, MUSTER_ERROR_WAKEUP_DUPLICATE, FIRST_ENTRY + 8 + 24);
    begin(firmware);
    madt_wakeup(firmware, 16, 0, MAILBOX_PHYS, 0);
    madt_wakeup(firmware, 16, 0, MAILBOX_PHYS + 0x1000, 0);
    finish_refused(firmware, MUSTER_ERROR_WAKEUP_DUPLICATE, FIRST_ENTRY + 8 + 16);
    begin(firmware);
    madt_wakeup(firmware, 24, 0, MAILBOX_PHYS, 0);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0);
    finish_refused(firmware, MUSTER_ERROR_WAKEUP_DUPLICATE, FIRST_ENTRY + 8 + 24);
    begin(firmware);
    madt_wakeup(firmware, 16, 1, MAILBOX_PHYS, 0);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, 0);
    finish_refused(firmware, MUSTER_ERROR_WAKEUP_DUPLICATE, FIRST_ENTRY + 8 + 16);
}

static void mailbox_that_cannot_be_is_refused(void **state)
{
    const struct {
        uint64_t phys;
        enum muster_status status;
    } cases[] = {
        {0, MUSTER_ERROR_MAILBOX_ADDRESS},
        {BEYOND_52_BITS, MUSTER_ERROR_MAILBOX_ADDRESS},
        {UINT64_MAX - 4095, MUSTER_ERROR_MAILBOX_ADDRESS},
        {1, MUSTER_ERROR_MAILBOX_ALIGNMENT},
        {MAILBOX_PHYS + 0x800, MUSTER_ERROR_MAILBOX_ALIGNMENT},
        {UINT64_MAX, MUSTER_ERROR_MAILBOX_ALIGNMENT},
        {MADT_PHYS, MUSTER_ERROR_TABLE_OVERLAP},
        {XSDT_PHYS, MUSTER_ERROR_TABLE_OVERLAP},
        {RSDP_PHYS, MUSTER_ERROR_TABLE_OVERLAP},
    };
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(firmware);
        madt_wakeup(firmware, 16, 0, cases[i].phys, 0);
        finish_refused(firmware, cases[i].status, FIRST_ENTRY + 8 + 8);
        assert_int_equal(firmware->machine.finding.entry, 1);
        assert_true(firmware->machine.finding.found == cases[i].phys);
    }
}

static void mailbox_in_the_last_page_of_52_bits_is_taken(void **state)
{
    struct firmware *firmware = *state;

    begin(firmware);
    madt_wakeup(firmware, 16, 0, BEYOND_52_BITS - 4096, 0);
    assert_int_equal(finish(firmware), MUSTER_OK);
}

static void reset_vector_that_cannot_be_is_refused(void **state)
{
    const uint64_t addresses[] = {BEYOND_52_BITS, UINT64_MAX, 0x10};
    struct firmware *firmware = *state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        begin(firmware);
        madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, addresses[i]);
        finish_refused(firmware, MUSTER_ERROR_RESET_VECTOR_ADDRESS, FIRST_ENTRY + 8 + 16);
    }
}

static bool only_mailbox_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context;
    return phys == MAILBOX_PHYS && bytes == 4096;
}

static void mailbox_that_the_hypervisor_can_write_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->platform.is_private = only_mailbox_is_private;
    begin(firmware);
    madt_wakeup(firmware, 16, 1, MAILBOX_PHYS, 0);
    assert_int_equal(finish(firmware), MUSTER_OK);
    begin(firmware);
    madt_wakeup(firmware, 16, 1, MAILBOX_PHYS + 0x1000, 0);
    finish_refused(firmware, MUSTER_ERROR_MAILBOX_SHARED, FIRST_ENTRY + 8 + 8);
}

static void reset_vector_that_the_hypervisor_can_write_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->platform.is_private = only_mailbox_is_private;
    begin(firmware);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, MAILBOX_PHYS + 0x1000);
    finish_refused(firmware, MUSTER_ERROR_RESET_VECTOR_ADDRESS, FIRST_ENTRY + 8 + 16);
}

/* ---- Changes under our eyes ---- */

/* The check of the mailbox is a call out of the reader: a hypervisor's best moment. */
static bool move_mailbox_and_agree(void *context, uint64_t phys, uint64_t bytes)
{
    struct firmware *firmware = context;
    uint8_t *live = firmware->maps[firmware->map_count - 1];
    const uint64_t elsewhere = 0x66660000;

    (void)phys;
    (void)bytes;
    memcpy(live + FIRST_ENTRY + 8 + 8, &elsewhere, sizeof(elsewhere));
    return true;
}

static void mailbox_used_is_the_mailbox_checked(void **state)
{
    struct firmware *firmware = *state;

    firmware->platform.is_private = move_mailbox_and_agree;
    begin(firmware);
    madt_wakeup(firmware, 16, 1, MAILBOX_PHYS, 0);
    assert_int_equal(finish(firmware), MUSTER_OK);
    assert_true(firmware->machine.mailbox.mailbox_phys == MAILBOX_PHYS);
}

static bool shrink_and_agree(void *context, uint64_t phys, uint64_t bytes)
{
    struct firmware *firmware = context;

    (void)phys;
    (void)bytes;
    firmware->maps[firmware->map_count - 1][4] = FIRST_ENTRY;
    return true;
}

static void madt_that_changes_its_length_meanwhile_is_refused(void **state)
{
    struct firmware *firmware = *state;

    firmware->platform.is_private = shrink_and_agree;
    begin(firmware);
    madt_wakeup(firmware, 16, 1, MAILBOX_PHYS, 0);
    finish_refused(firmware, MUSTER_ERROR_TABLE_CHANGED, 4);
    assert_int_equal(firmware->machine.finding.found, FIRST_ENTRY);
}

static void scramble(struct firmware *firmware, uint32_t number)
{
    const uint32_t places[] = {RSDP_PHYS, XSDT_PHYS, MADT_PHYS};
    uint32_t at = (uint32_t)rand();

    if (number == firmware->madt_end % 10) {
        firmware->memory[places[at % 3] + at / 3 % 60] ^= (uint8_t)(1u << (at >> 10) % 8);
    }
}

static void tables_that_change_at_any_moment_do_no_harm(void **state)
{
    struct firmware *firmware = *state;

    srand(1);
    firmware->before_map = scramble;
    for (uint32_t round = 0; round < 5000; round++) {
        firmware_tables(firmware);
        firmware->madt_end += round % 10;
        discover(firmware);
    }
}

/* ---- Every byte wrong ---- */

static void rich_tables(struct firmware *firmware)
{
    firmware_tables(firmware);
    begin(firmware);
    madt_x2apic(firmware, 300, ENABLED);
    madt_lapic_address(firmware, LAPIC_PHYS);
    madt_wakeup(firmware, 24, 1, MAILBOX_PHYS, MAILBOX_PHYS + 0x1000);
    madt_lapic(firmware, 2, ONLINE_CAPABLE);
    madt_finish(firmware);
}

static void fix_all(struct firmware *firmware)
{
    fix_table(firmware, XSDT_PHYS);
    fix_table(firmware, MADT_PHYS);
    fix_rsdp(firmware, RSDP_PHYS);
}

static void flip_each(struct firmware *firmware, uint32_t start, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        for (unsigned bit = 0; bit <= 8; bit++) {
            rich_tables(firmware);
            firmware->memory[start + i] ^= (uint8_t)(bit == 8 ? 0xFF : 1u << bit);
            assert_int_not_equal(discover(firmware), MUSTER_OK);
            fix_all(firmware);
            discover(firmware);
        }
    }
}

static void any_byte_flipped_is_noticed_and_does_no_harm_with_checksums_mended(void **state)
{
    struct firmware *firmware = *state;

    rich_tables(firmware);
    assert_int_equal(discover(firmware), MUSTER_OK);
    flip_each(firmware, RSDP_PHYS, 36);
    flip_each(firmware, XSDT_PHYS, 52);
    flip_each(firmware, MADT_PHYS, firmware->madt_end - MADT_PHYS);
}

static void random_bytes_in_all_tables_do_no_harm(void **state)
{
    struct firmware *firmware = *state;
    const uint32_t places[] = {RSDP_PHYS, XSDT_PHYS, MADT_PHYS, MADT_PHYS + FIRST_ENTRY};
    const uint32_t sizes[] = {36, 52, 44, 68};

    srand(2);
    for (uint32_t round = 0; round < 20000; round++) {
        rich_tables(firmware);
        for (uint32_t i = 0; i <= round % 8; i++) {
            uint32_t table = (uint32_t)rand() % 4;

            firmware->memory[places[table] + (uint32_t)rand() % sizes[table]] = (uint8_t)rand();
        }
        fix_all(firmware);
        discover(firmware);
    }
}

/* ---- Confidential or not ---- */

static uint32_t highest_leaf;

static void cpuid_of_a_td(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)context;
    memset(out, 0, 16);
    if (leaf == 0) {
        out[0] = highest_leaf;
    } else if (leaf == 0x21 && subleaf == 0) {
        memcpy(&out[1], "Inte", 4);
        memcpy(&out[3], "lTDX", 4);
        memcpy(&out[2], "    ", 4);
    }
}

static void cpuid_of_none(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)context;
    (void)subleaf;
    memset(out, 0, 16);
    out[0] = leaf == 0 ? 0x21 : 0;
}

static void td_is_known_by_its_cpuid_leaf(void **state)
{
    struct firmware *firmware = *state;

    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_false(firmware->machine.confidential);
    firmware->platform.cpuid = cpuid_of_none;
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_false(firmware->machine.confidential);
    firmware->platform.cpuid = cpuid_of_a_td;
    highest_leaf = 0x20;
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_false(firmware->machine.confidential);
    highest_leaf = 0x21;
    assert_int_equal(discover(firmware), MUSTER_OK);
    assert_true(firmware->machine.confidential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        firmware_test(unordered_and_sparse_ids_keep_the_order_of_the_table),
        firmware_test(processor_listed_both_ways_counts_once),
        firmware_test(of_two_listings_the_enabled_one_wins),
        firmware_test(ids_that_mean_none_are_dropped),
        firmware_test(online_capable_means_something_from_revision_5_on),
        firmware_test(disabled_cpus_are_kept_behind_the_others_for_a_host_that_asks),
        firmware_test(disabled_cpus_never_take_the_room_of_enabled_ones),
        firmware_test(keeping_disabled_cpus_changes_nothing_else),
        firmware_test(bsp_is_known_by_its_id_and_not_by_its_place),
        firmware_test(bsp_that_is_not_listed_as_enabled_is_refused),
        firmware_test(another_machines_tables_need_no_bsp),
        firmware_test(madt_without_an_enabled_processor_is_refused),
        firmware_test(more_processors_than_there_is_room_for_are_refused),
        firmware_test(discovery_of_4096_processors_takes_linear_time),
        firmware_test(unknown_entries_are_skipped_by_their_length),
        firmware_test(entries_of_any_length_are_read_wherever_they_begin),
        firmware_test(last_entry_that_lacks_a_byte_is_refused_behind_any_number_of_others),
        firmware_test(longer_entry_of_a_known_type_is_read_as_far_as_known),
        firmware_test(madt_with_zero_length_entry_is_refused),
        firmware_test(entry_too_short_for_its_type_is_refused),
        firmware_test(entry_that_runs_past_the_table_is_refused),
        firmware_test(half_an_entry_head_at_the_end_is_refused),
        firmware_test(madt_with_a_wrong_checksum_is_refused),
        firmware_test(madt_too_short_for_its_own_fields_is_refused),
        firmware_test(madt_that_is_not_listed_is_refused),
        firmware_test(second_madt_is_refused_and_both_are_named),
        firmware_test(same_madt_listed_twice_is_one),
        firmware_test(madt_over_rsdp_or_root_table_is_refused),
        firmware_test(madt_given_alone_is_read),
        firmware_test(failed_discovery_forgets_what_came_before),
        firmware_test(lapic_address_is_the_headers_unless_overridden),
        firmware_test(lapic_address_that_cannot_be_is_refused),
        firmware_test(wakeup_version_and_length_are_judged_apart),
        firmware_test(reset_vector_of_zero_is_none),
        firmware_test(machine_without_wakeup_entry_has_no_mailbox),
        firmware_test(wakeup_entry_of_a_wrong_length_is_refused),
        firmware_test(wakeup_version_that_nobody_knows_is_refused),
        firmware_test(two_wakeup_entries_must_say_the_same),
        firmware_test(mailbox_that_cannot_be_is_refused),
        firmware_test(mailbox_in_the_last_page_of_52_bits_is_taken),
        firmware_test(reset_vector_that_cannot_be_is_refused),
        firmware_test(mailbox_that_the_hypervisor_can_write_is_refused),
        firmware_test(reset_vector_that_the_hypervisor_can_write_is_refused),
        firmware_test(mailbox_used_is_the_mailbox_checked),
        firmware_test(madt_that_changes_its_length_meanwhile_is_refused),
        firmware_test(tables_that_change_at_any_moment_do_no_harm),
        firmware_test(any_byte_flipped_is_noticed_and_does_no_harm_with_checksums_mended),
        firmware_test(random_bytes_in_all_tables_do_no_harm),
        firmware_test(td_is_known_by_its_cpuid_leaf),
    };

    return cmocka_run_group_tests_name("madt", tests, NULL, NULL);
}
