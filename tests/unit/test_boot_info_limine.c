/*
 * What a loader by the Limine boot protocol answers. Not captured: no such loader was to be had,
 * and the responses are made by its specification.
 */
#include "tests/unit/boot_info.h"

#include "abi/limine.h"

#define HHDM          0xFFFF800000000000u
#define LIMINE_LIST   (MADE_UP + 0x100)
#define LIMINE_MEMORY (MADE_UP + 0x200)
#define LIMINE_MOST   9u

static const struct limine_memory_entry limine_memory[LIMINE_MOST] = {
    {0x1000, 0x9E000, LIMINE_MEMORY_USABLE},
    {0x100000, 0x100000, LIMINE_MEMORY_LOADER},
    {0x200000, 0x100000, LIMINE_MEMORY_EXECUTABLE},
    {0x300000, 0x100000, LIMINE_MEMORY_ACPI_RECLAIMABLE},
    {0x400000, 0x100000, LIMINE_MEMORY_ACPI_NVS},
    {0x500000, 0x100000, LIMINE_MEMORY_BAD},
    {0x600000, 0x100000, LIMINE_MEMORY_FRAMEBUFFER},
    {0x700000, 0x100000, LIMINE_MEMORY_RESERVED_MAPPED},
    {0x800000, 0x100000, 77}};

static const struct muster_limine limine = {.hhdm_offset = HHDM,
                                            .memory_map = HHDM + MADE_UP,
                                            .rsdp = HHDM + MADE_UP + 0x20,
                                            .device_tree = HHDM + MADE_UP + 0x30,
                                            .cmdline = HHDM + MADE_UP + 0x40};

static struct limine_memory_response *limine_response(void)
{
    return at(MADE_UP);
}

static void put_pointer(uint64_t phys, uint64_t address)
{
    const struct limine_pointer_response response = {0, address};
    memcpy(at(phys), &response, sizeof(response));
}

static void make_limine(void)
{
    uint64_t *list = at(LIMINE_LIST);
    *limine_response() = (struct limine_memory_response){0, LIMINE_MOST, HHDM + LIMINE_LIST};
    for (unsigned i = 0; i < LIMINE_MOST; i++)
        list[i] = HHDM + LIMINE_MEMORY + i * sizeof(limine_memory[0]);
    memcpy(at(LIMINE_MEMORY), limine_memory, sizeof(limine_memory));
    put_pointer(MADE_UP + 0x20, HHDM + 0xF59E0);
    put_pointer(MADE_UP + 0x30, HHDM + 0x310000);
    put_pointer(MADE_UP + 0x40, HHDM + 0x110000);
}

static enum muster_status read_limine(const struct muster_limine *left)
{
    muster_memory_init(&map, ranges, 64);
    return muster_boot_info_from_limine(&platform, left, &info, &map);
}

static void limine_s_responses_are_read(void **state)
{
    (void)state;
    make_limine();
    assert_int_equal(read_limine(&limine), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0xF59E0);
    assert_int_equal(info.fdt_phys, 0x310000);
    assert_int_equal(info.cmdline_phys, 0x110000);
    assert_range(0x1000, 0x9F000, MUSTER_MEMORY_USABLE);
    assert_range(0x300000, 0x400000, MUSTER_MEMORY_ACPI);
    assert_range(0x400000, 0x500000, MUSTER_MEMORY_NVS);
    assert_range(0x500000, 0x600000, MUSTER_MEMORY_UNUSABLE);
    assert_range(0x600000, 0x900000, MUSTER_MEMORY_RESERVED);
}

static void what_limine_and_the_kernel_lie_in_has_owners(void **state)
{
    (void)state;
    make_limine();
    assert_int_equal(read_limine(&limine), MUSTER_OK);
    assert_range(0x100000, 0x200000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_find(&map, 0x100000)->owner, MUSTER_OWNER_BOOT);
    assert_int_equal(muster_memory_find(&map, 0x200000)->owner, MUSTER_OWNER_IMAGE);
    assert_int_equal(muster_memory_release(&map, MUSTER_OWNER_BOOT), 0x100000);
    /* One that says both of the same memory. */
    ((struct limine_memory_entry *)at(LIMINE_MEMORY))[2].start_phys -= 0x1000;
    assert_int_equal(read_limine(&limine), MUSTER_ERROR_RANGE_OWNED);
}

/* Base revision 3 gives the RSDP's address without the offset. */
static void limine_s_rsdp_is_read_with_and_without_the_offset(void **state)
{
    (void)state;
    make_limine();
    put_pointer(MADE_UP + 0x20, 0xF59E0);
    assert_int_equal(read_limine(&limine), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0xF59E0);
    put_pointer(MADE_UP + 0x20, 0);
    assert_int_equal(read_limine(&limine), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0);
}

static void what_limine_did_not_answer_is_not_there(void **state)
{
    const struct muster_limine left = {.hhdm_offset = HHDM, .memory_map = HHDM + MADE_UP};
    (void)state;
    make_limine();
    assert_int_equal(read_limine(&left), MUSTER_OK);
    assert_int_equal(info.rsdp_phys, 0);
    assert_int_equal(info.fdt_phys, 0);
    assert_int_equal(info.cmdline_phys, 0);
}

static void limine_s_responses_that_cannot_be_right_are_refused(void **state)
{
    static const uint64_t places[] = {0, HHDM, HHDM + 0x7FFF, UINT64_MAX - 3};
    (void)state;
    make_limine();
    for (unsigned i = 0; i < 4; i++) {
        struct muster_limine left = limine;
        left.memory_map = places[i];
        assert_int_equal(read_limine(&left), MUSTER_ERROR_BOOT_INFO);
        left = limine;
        left.rsdp = left.device_tree = left.cmdline = places[i];
        assert_int_equal(read_limine(&left), places[i] ? MUSTER_ERROR_BOOT_INFO : MUSTER_OK);
        limine_response()->entries = places[i];
        assert_int_equal(read_limine(&limine), MUSTER_ERROR_BOOT_INFO);
        make_limine();
        ((uint64_t *)at(LIMINE_LIST))[LIMINE_MOST - 1] = places[i];
        assert_int_equal(read_limine(&limine), MUSTER_ERROR_BOOT_INFO);
        make_limine();
    }
    limine_response()->entry_count = 0;
    assert_int_equal(read_limine(&limine), MUSTER_ERROR_BOOT_INFO);
    limine_response()->entry_count = UINT64_MAX;
    assert_int_equal(read_limine(&limine), MUSTER_ERROR_BOOT_INFO);
    make_limine();
    ((struct limine_memory_entry *)at(LIMINE_MEMORY))[3].bytes = UINT64_MAX;
    assert_int_equal(read_limine(&limine), MUSTER_ERROR_RANGE_INVALID);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(limine_s_responses_are_read),
        test(what_limine_and_the_kernel_lie_in_has_owners),
        test(limine_s_rsdp_is_read_with_and_without_the_offset),
        test(what_limine_did_not_answer_is_not_there),
        test(limine_s_responses_that_cannot_be_right_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
