/* A TD's firmware as the monitor reads it, and the TD HOB that it writes for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"
#include "fake_memory.h"
#include "monitor/hob.h"
#include "monitor/tdvf.h"

#define IMAGE_BYTES 0x3000u
#define IMAGE_PHYS  (GUEST_FOUR_GIB - IMAGE_BYTES)
#define META_AT     0x2E00u /* of the metadata in the image */
#define ROUNDS      20000

static const uint8_t footer_guid[16] = TDVF_FOOTER_GUID;
static const uint8_t metadata_guid[16] = TDVF_METADATA_GUID;
static const uint8_t foreign_guid[16] = {1, 2, 3};

/* An image whose bytes end where the heap's block does: a read behind it is seen. */
struct image {
    uint8_t *bytes;
    uint32_t size;
};

static void put_entry(struct image *image, uint32_t end, uint16_t bytes, const uint8_t *guid)
{
    struct tdvf_table_entry entry = {.bytes = bytes};
    memcpy(entry.guid, guid, sizeof(entry.guid));
    memcpy(image->bytes + end - sizeof(entry), &entry, sizeof(entry));
}

static uint32_t table_end(const struct image *image)
{
    return image->size - TDVF_TABLE_FOOTER_OFFSET + 16;
}

static struct tdvf_metadata *metadata_of(struct image *image)
{
    return (struct tdvf_metadata *)(void *)(image->bytes + META_AT);
}

static struct tdvf_section *section_of(struct image *image, unsigned number)
{
    return (struct tdvf_section *)(void *)(metadata_of(image) + 1) + number;
}

/* Footer, an entry that nobody asks for, the metadata's place; three sections. */
static struct image image_new(void)
{
    struct image image = {calloc(1, IMAGE_BYTES), IMAGE_BYTES};
    uint32_t end = table_end(&image);
    uint32_t from_end = IMAGE_BYTES - META_AT;
    put_entry(&image, end, 18 + 24 + 22, footer_guid);
    put_entry(&image, end - 18, 24, foreign_guid);
    put_entry(&image, end - 18 - 24, 22, metadata_guid);
    memcpy(image.bytes + end - 18 - 24 - 22, &from_end, sizeof(from_end));
    *metadata_of(&image) = (struct tdvf_metadata){TDVF_SIGNATURE, 16 + 3 * 32, TDVF_VERSION, 3};
    *section_of(&image, 0) =
        (struct tdvf_section){0, IMAGE_BYTES, IMAGE_PHYS, IMAGE_BYTES, TDVF_SECTION_BFV, 1};
    *section_of(&image, 1) = (struct tdvf_section){0, 0, 0x809000, 0x2000, TDVF_SECTION_TD_HOB, 0};
    *section_of(&image, 2) =
        (struct tdvf_section){0, 0, 0x10000, 0x10000, TDVF_SECTION_TEMP_MEM, 0};
    return image;
}

static struct tdvf_sections sections;
static const struct tdvf_section *hob_section;

static void read_image(void *image_)
{
    struct image *image = image_;
    hob_section = tdvf_read(image->bytes, image->size, &sections);
}

static void check_bytes(void *bytes)
{
    tdvf_check_bytes(*(const int64_t *)bytes);
}

/* Says why, where it is another reason. */
static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

#define REFUSED(image, part) assert_contains(fake_run(read_image, &(image)), part)

static void good_image_is_read(void **state)
{
    (void)state;
    struct image image = image_new();
    read_image(&image);
    assert_int_equal(sections.count, 3);
    assert_ptr_equal(hob_section, &sections.section[1]);
    assert_int_equal(hob_section->memory_phys, 0x809000);
    assert_int_equal(sections.section[0].data_bytes, IMAGE_BYTES);
    free(image.bytes);
}

static void size_of_no_whole_pages_or_above_16_mib_is_refused(void **state)
{
    (void)state;
    int64_t bad[] = {0, 1, 0xFFF, 0x1001, 0x17FF, 0x1001000, INT64_MAX};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_contains(fake_run(check_bytes, &bad[i]), "whole pages up to 16 MiB");
    tdvf_check_bytes(0x1000);
    tdvf_check_bytes(0x1000000);
}

static void foreign_footer_is_no_tdvf(void **state)
{
    (void)state;
    struct image image = image_new();
    image.bytes[table_end(&image) - 1] ^= 1;
    REFUSED(image, "no TDVF");
    free(image.bytes);
}

static void table_longer_than_the_image_or_shorter_than_its_footer_is_refused(void **state)
{
    (void)state;
    struct image image = image_new();
    put_entry(&image, table_end(&image), 0xFFFF, footer_guid);
    REFUSED(image, "table of GUIDs says it has 0xffff bytes");
    put_entry(&image, table_end(&image), 17, footer_guid);
    REFUSED(image, "table of GUIDs says it has 0x11 bytes");
    free(image.bytes);
}

static void table_entry_with_a_lying_length_is_refused(void **state)
{
    (void)state;
    static const uint16_t bad[] = {0, 17, 47, 0xFFFF};
    struct image image = image_new();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_entry(&image, table_end(&image) - 18, bad[i], foreign_guid);
        REFUSED(image, "of the TD firmware's table of GUIDs says it has");
    }
    free(image.bytes);
}

static void table_without_metadata_is_refused(void **state)
{
    (void)state;
    struct image image = image_new();
    put_entry(&image, table_end(&image) - 18 - 24, 22, foreign_guid);
    REFUSED(image, "names no TDVF metadata");
    /* An entry too short for what it should hold is none either. */
    put_entry(&image, table_end(&image), 18 + 24 + 18, footer_guid);
    put_entry(&image, table_end(&image) - 18 - 24, 18, metadata_guid);
    REFUSED(image, "names no TDVF metadata");
    free(image.bytes);
}

static void metadata_outside_of_the_image_is_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0, 15, IMAGE_BYTES + 1, UINT32_MAX};
    struct image image = image_new();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(image.bytes + table_end(&image) - 18 - 24 - 22, &bad[i], sizeof(bad[i]));
        REFUSED(image, "bytes before its end");
    }
    free(image.bytes);
}

static void wrong_signature_or_version_is_refused(void **state)
{
    (void)state;
    struct image image = image_new();
    metadata_of(&image)->signature++;
    REFUSED(image, "has signature 0x46564455, version 1");
    metadata_of(&image)->signature--;
    metadata_of(&image)->version = 2;
    REFUSED(image, "version 2");
    free(image.bytes);
}

static void count_of_sections_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {4, TDVF_MOST_SECTIONS + 1, 0x08000000, UINT32_MAX};
    struct image image = image_new();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        metadata_of(&image)->section_count = bad[i];
        REFUSED(image, "sections in 0x70 bytes");
    }
    /* The length it says is right, but the image ends before. */
    metadata_of(&image)->section_count = 16;
    metadata_of(&image)->bytes = UINT32_MAX;
    REFUSED(image, "16 sections in 0xffffffff bytes");
    /* There is room for them all in the image, but not here. */
    uint32_t from_end = IMAGE_BYTES;
    metadata_of(&image)->section_count = TDVF_MOST_SECTIONS + 1;
    memcpy(image.bytes, metadata_of(&image), sizeof(struct tdvf_metadata));
    memcpy(image.bytes + table_end(&image) - 18 - 24 - 22, &from_end, sizeof(from_end));
    REFUSED(image, "33 sections in 0xffffffff bytes");
    free(image.bytes);
}

/* Section 2 of the good image, changed in one thing. */
static void refuse_section(struct tdvf_section section, const char *part)
{
    struct image image = image_new();
    *section_of(&image, 2) = section;
    REFUSED(image, part);
    free(image.bytes);
}

static void section_that_lies_nowhere_is_refused(void **state)
{
    (void)state;
    static const uint64_t bad[][2] = {
        {0x10000, 0},      /* nothing */
        {0x10001, 0x1000}, /* no whole pages */
        {0x10000, 0x1001},
        {GUEST_LOW_END, 0x1000},          /* behind low memory */
        {GUEST_LOW_END - 0x1000, 0x2000}, /* over its end */
        {IMAGE_PHYS - 0x1000, 0x1000},    /* before the image */
        {GUEST_FOUR_GIB, 0x1000},
        {GUEST_FOUR_GIB - 0x1000, 0x2000},
        {0x1000, UINT64_MAX - 0xFFF}, /* its end wraps around */
        {UINT64_MAX - 0xFFF, 0x2000},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuse_section((struct tdvf_section){0, 0, bad[i][0], bad[i][1], TDVF_SECTION_TEMP_MEM, 0},
                       "no whole pages, or neither low memory");
}

static void section_whose_data_does_not_fit_is_refused(void **state)
{
    (void)state;
    refuse_section((struct tdvf_section){0, 0x2000, 0x10000, 0x1000, TDVF_SECTION_CFV, 0},
                   "do not fit");
    refuse_section((struct tdvf_section){IMAGE_BYTES, 1, 0x10000, 0x1000, TDVF_SECTION_CFV, 0},
                   "do not fit");
    refuse_section((struct tdvf_section){UINT32_MAX, 2, 0x10000, 0x1000, TDVF_SECTION_CFV, 0},
                   "do not fit");
    refuse_section((struct tdvf_section){0, 1, 0x10000, 0x1000, TDVF_SECTION_TEMP_MEM, 0},
                   "do not fit");
}

static void sections_that_overlap_are_refused(void **state)
{
    (void)state;
    static const uint64_t bad[][2] = {
        {0x809000, 0x1000}, {0x80A000, 0x2000}, {0x808000, 0x2000}, {0x808000, 0x8000}};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuse_section((struct tdvf_section){0, 0, bad[i][0], bad[i][1], TDVF_SECTION_TEMP_MEM, 0},
                       "sections 1 and 2 of the TD firmware overlap");
}

static void unknown_kind_and_second_hob_are_refused(void **state)
{
    (void)state;
    refuse_section((struct tdvf_section){0, 0, 0x10000, 0x1000, 5, 0}, "has type 5");
    refuse_section((struct tdvf_section){0, 0, 0x10000, 0x1000, TDVF_SECTION_TD_HOB, 0},
                   "second one for the TD HOB");
}

static void image_without_hob_or_reset_vector_is_refused(void **state)
{
    (void)state;
    struct image image = image_new();
    section_of(&image, 1)->type = TDVF_SECTION_TEMP_MEM;
    REFUSED(image, "no section for the TD HOB");
    section_of(&image, 1)->type = TDVF_SECTION_TD_HOB;
    /* It covers the vector, and has no data there. */
    section_of(&image, 0)->data_bytes = IMAGE_BYTES - 16;
    REFUSED(image, "fills the reset vector");
    section_of(&image, 0)->data_bytes = IMAGE_BYTES - 15;
    read_image(&image);
    metadata_of(&image)->section_count = 0;
    REFUSED(image, "fills the reset vector");
    free(image.bytes);
}

static void check_taken(const struct image *image)
{
    assert_int_equal(hob_section->type, TDVF_SECTION_TD_HOB);
    for (unsigned i = 0; i < sections.count; i++) {
        const struct tdvf_section *section = &sections.section[i];
        assert_true((uint64_t)section->data_offset + section->data_bytes <= image->size);
        assert_true(section->memory_phys + section->memory_bytes <= GUEST_FOUR_GIB);
    }
}

/* What is taken has been checked; all else has ended by name, and nothing was read outside. */
static void mutated_images_are_taken_whole_or_refused_by_name(void **state)
{
    (void)state;
    uint64_t seed = 20240611;
    unsigned taken = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct image image = image_new();
        /* All that is not zero: the metadata, or the table at the end. */
        for (unsigned i = fake_random(&seed, 4) + 1; i; i--) {
            uint32_t at = fake_random(&seed, 2) ? META_AT + fake_random(&seed, 112)
                                                : table_end(&image) - fake_random(&seed, 64) - 1;
            image.bytes[at] = fake_random(&seed, 3) ? (uint8_t)fake_random(&seed, 256)
                                                    : (uint8_t)(fake_random(&seed, 2) ? 0xFF : 0);
        }
        const char *reason = fake_run(read_image, &image);
        if (strcmp(reason, "no fatal")) {
            assert_contains(reason, "TD firmware");
        } else {
            check_taken(&image);
            taken++;
        }
        free(image.bytes);
    }
    assert_in_range(taken, 1, ROUNDS - 1);
}

/* ---- The TD HOB (UEFI PI 1.7, vol. 3, chapter 5) ---- */

static void check_resource(const uint8_t *at, uint32_t type, uint64_t start, uint64_t end)
{
    struct hob_resource hob;
    static const uint8_t no_owner[16];
    memcpy(&hob, at, sizeof(hob));
    assert_int_equal(hob.header.type, HOB_RESOURCE);
    assert_int_equal(hob.header.bytes, 48);
    assert_int_equal(hob.header.reserved, 0);
    assert_memory_equal(hob.owner, no_owner, sizeof(no_owner));
    assert_int_equal(hob.type, type);
    assert_int_equal(hob.attributes, HOB_ATTRIBUTES);
    assert_int_equal(hob.start_phys, start);
    assert_int_equal(hob.bytes, end - start);
}

static void hob_lists_all_low_memory_in_order(void **state)
{
    (void)state;
    struct image image = image_new();
    read_image(&image);
    uint8_t *list = malloc(0x1000);
    struct hob_handoff handoff;
    struct hob_header end;
    memset(list, 0xA5, 0x1000);
    assert_true(hob_write(list, 0x809000, 0x1000, &sections, HOB_RESOURCE_UNACCEPTED_MEMORY));
    memcpy(&handoff, list, sizeof(handoff));
    assert_int_equal(handoff.header.type, HOB_HANDOFF);
    assert_int_equal(handoff.header.bytes, 56);
    assert_int_equal(handoff.header.reserved, 0);
    assert_int_equal(handoff.version, HOB_HANDOFF_VERSION);
    assert_int_equal(handoff.boot_mode, 0);
    assert_int_equal(handoff.memory_top | handoff.memory_bottom, 0);
    check_resource(list + 56, HOB_RESOURCE_UNACCEPTED_MEMORY, 0, 0x10000);
    check_resource(list + 104, HOB_RESOURCE_SYSTEM_MEMORY, 0x10000, 0x20000);
    check_resource(list + 152, HOB_RESOURCE_UNACCEPTED_MEMORY, 0x20000, 0x809000);
    check_resource(list + 200, HOB_RESOURCE_SYSTEM_MEMORY, 0x809000, 0x80B000);
    check_resource(list + 248, HOB_RESOURCE_UNACCEPTED_MEMORY, 0x80B000, GUEST_LOW_END);
    memcpy(&end, list + 296, sizeof(end));
    assert_int_equal(end.type, HOB_END);
    assert_int_equal(end.bytes, 8);
    assert_int_equal(handoff.end_of_list, 0x809000 + 304);
    assert_int_equal(list[304], 0xA5);
    free(list);
    free(image.bytes);
}

static void hob_that_does_not_fit_is_refused_and_ends_in_its_memory(void **state)
{
    (void)state;
    struct image image = image_new();
    read_image(&image);
    for (uint64_t bytes = 0; bytes < 304; bytes++) {
        uint8_t *list = malloc(bytes);
        assert_false(hob_write(list, 0x809000, bytes, &sections, HOB_RESOURCE_UNACCEPTED_MEMORY));
        free(list);
    }
    uint8_t *list = malloc(304);
    assert_true(hob_write(list, 0x809000, 304, &sections, HOB_RESOURCE_UNACCEPTED_MEMORY));
    free(list);
    free(image.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_image_is_read),
        cmocka_unit_test(size_of_no_whole_pages_or_above_16_mib_is_refused),
        cmocka_unit_test(foreign_footer_is_no_tdvf),
        cmocka_unit_test(table_longer_than_the_image_or_shorter_than_its_footer_is_refused),
        cmocka_unit_test(table_entry_with_a_lying_length_is_refused),
        cmocka_unit_test(table_without_metadata_is_refused),
        cmocka_unit_test(metadata_outside_of_the_image_is_refused),
        cmocka_unit_test(wrong_signature_or_version_is_refused),
        cmocka_unit_test(count_of_sections_that_cannot_be_is_refused),
        cmocka_unit_test(section_that_lies_nowhere_is_refused),
        cmocka_unit_test(section_whose_data_does_not_fit_is_refused),
        cmocka_unit_test(sections_that_overlap_are_refused),
        cmocka_unit_test(unknown_kind_and_second_hob_are_refused),
        cmocka_unit_test(image_without_hob_or_reset_vector_is_refused),
        cmocka_unit_test(mutated_images_are_taken_whole_or_refused_by_name),
        cmocka_unit_test(hob_lists_all_low_memory_in_order),
        cmocka_unit_test(hob_that_does_not_fit_is_refused_and_ends_in_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
