/* What the shim leaves in a BIOS's data area, for kernels that look there behind UEFI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/acpi.h"
#include "abi/bios.h"
#include "shim/bios.h"

#define JUNK 0x11u

static uint8_t low_memory[BIOS_DATA_END_PHYS];
static struct muster_memory_range ranges[8];
static struct muster_memory_map map;

static int set_up(void **state)
{
    (void)state;
    memset(low_memory, JUNK, sizeof(low_memory));
    memset(low_memory + BIOS_BASE_MEMORY_KIB_PHYS, 0, 2);
    muster_memory_init(&map, ranges, 8);
    muster_memory_add(&map, 0, 0x9F000, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x9E000, 0x1000, MUSTER_MEMORY_NVS);
    return 0;
}

static uint16_t word_at(uint32_t phys)
{
    uint16_t word;
    memcpy(&word, low_memory + phys, sizeof(word));
    return word;
}

static uint16_t kib_after_fill(void)
{
    bios_data_fill(&map, (uint64_t)(uintptr_t)low_memory);
    return word_at(BIOS_BASE_MEMORY_KIB_PHYS);
}

static void free_low_memory_is_told_up_to_what_the_shim_keeps(void **state)
{
    (void)state;
    assert_int_equal(kib_after_fill(), 0x9E000 / 1024);
    assert_int_equal(word_at(BIOS_EBDA_SEGMENT_PHYS), 0);
    for (uint32_t at = 0; at < sizeof(low_memory); at++)
        if (at != BIOS_EBDA_SEGMENT_PHYS && at != BIOS_EBDA_SEGMENT_PHYS + 1 &&
            at != BIOS_BASE_MEMORY_KIB_PHYS && at != BIOS_BASE_MEMORY_KIB_PHYS + 1)
            assert_int_equal(low_memory[at], JUNK);
}

static void rsdp_is_found_where_a_bios_would_have_it(void **state)
{
    static uint8_t area[0x2000];
    const struct acpi_rsdp rsdp = {.length = sizeof(rsdp), .xsdt_address = 0x12345678};
    (void)state;
    memset(area, JUNK, sizeof(area));
    bios_rsdp_publish(&map, 0x1000, (uint64_t)(uintptr_t)&rsdp, (uint64_t)(uintptr_t)area);
    assert_memory_equal(area + 0x1000, &rsdp, sizeof(rsdp));
    assert_int_equal(area[BIOS_EBDA_SEGMENT_PHYS] | area[BIOS_EBDA_SEGMENT_PHYS + 1] << 8, 0x100);
    for (uint32_t at = 0; at < 0x1000; at++)
        if (at != BIOS_EBDA_SEGMENT_PHYS && at != BIOS_EBDA_SEGMENT_PHYS + 1)
            assert_int_equal(area[at], JUNK);
    memset(area, JUNK, sizeof(area));
    muster_memory_add(&map, 0, 0x1000, MUSTER_MEMORY_RESERVED);
    bios_rsdp_publish(&map, 0x1000, (uint64_t)(uintptr_t)&rsdp, (uint64_t)(uintptr_t)area);
    assert_int_equal(area[0x1000], JUNK);
}

static void words_of_a_real_bios_stay(void **state)
{
    const uint16_t kib = 639;
    (void)state;
    memcpy(low_memory + BIOS_BASE_MEMORY_KIB_PHYS, &kib, sizeof(kib));
    assert_int_equal(kib_after_fill(), 639);
    assert_int_equal(word_at(BIOS_EBDA_SEGMENT_PHYS), JUNK << 8 | JUNK);
}

static void word_that_cannot_be_is_replaced(void **state)
{
    (void)state;
    memset(low_memory + BIOS_BASE_MEMORY_KIB_PHYS, 0xFF, 2);
    assert_int_equal(kib_after_fill(), 0x9E000 / 1024);
}

static void data_area_that_is_somebodys_stays(void **state)
{
    (void)state;
    muster_memory_reserve(&map, 0x4F0, 0x10, MUSTER_OWNER_BOOT);
    assert_int_equal(kib_after_fill(), 0);
    set_up(NULL);
    muster_memory_add(&map, 0, 0x1000, MUSTER_MEMORY_RESERVED);
    assert_int_equal(kib_after_fill(), 0);
}

static void low_memory_that_is_too_small_is_not_told(void **state)
{
    (void)state;
    muster_memory_add(&map, 0x10000, 0x1000, MUSTER_MEMORY_RESERVED);
    assert_int_equal(kib_after_fill(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(free_low_memory_is_told_up_to_what_the_shim_keeps, set_up),
        cmocka_unit_test_setup(rsdp_is_found_where_a_bios_would_have_it, set_up),
        cmocka_unit_test_setup(words_of_a_real_bios_stay, set_up),
        cmocka_unit_test_setup(word_that_cannot_be_is_replaced, set_up),
        cmocka_unit_test_setup(data_area_that_is_somebodys_stays, set_up),
        cmocka_unit_test_setup(low_memory_that_is_too_small_is_not_told, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
