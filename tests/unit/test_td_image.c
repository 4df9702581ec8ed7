/* build/muster-tdshim.fd: what a TD's host finds in it, read as a host reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/sizes.h"
#include "abi/tdvf_image.h"
#include "shim/td/layout.h"


static uint8_t image[1 << 24];
static size_t image_bytes;

static int read_image(void **state)
{
    (void)state;
    const char *build = getenv("MUSTER_BUILD");
    char path[4096];
    snprintf(path, sizeof(path), "%s/muster-tdshim.fd", build ? build : "build");
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    image_bytes = fread(image, 1, sizeof(image), file);
    return fclose(file);
}

static const struct tdvf_metadata *find_metadata(void)
{
    static const uint8_t footer[] = TDVF_FOOTER_GUID, guid[] = TDVF_METADATA_GUID;
    const uint8_t *end = image + image_bytes - TDVF_TABLE_FOOTER_OFFSET + sizeof(footer);
    struct tdvf_table_entry entry;
    uint32_t from_end;
    memcpy(&entry, end - sizeof(entry), sizeof(entry));
    assert_memory_equal(entry.guid, footer, sizeof(footer));
    const uint8_t *start = end - entry.bytes;
    for (end -= sizeof(entry); end > start; end -= entry.bytes) {
        memcpy(&entry, end - sizeof(entry), sizeof(entry));
        assert_true(entry.bytes >= sizeof(entry));
        if (memcmp(entry.guid, guid, sizeof(guid)) != 0)
            continue;
        memcpy(&from_end, end - entry.bytes, sizeof(from_end));
        assert_true(from_end <= image_bytes);
        return (const void *)(image + image_bytes - from_end);
    }
    fail_msg("the table has no TDVF metadata");
    return NULL;
}

static void metadata_is_found_from_the_end(void **state)
{
    (void)state;
    const struct tdvf_metadata *metadata = find_metadata();
    assert_int_equal(metadata->signature, TDVF_SIGNATURE);
    assert_int_equal(metadata->version, TDVF_VERSION);
    assert_int_equal(metadata->bytes,
                     sizeof(*metadata) + metadata->section_count * sizeof(struct tdvf_section));
}

static void image_is_its_own_code_and_ends_at_4_gib(void **state)
{
    (void)state;
    const struct tdvf_metadata *metadata = find_metadata();
    const struct tdvf_section *section = (const void *)(metadata + 1);
    assert_int_equal(section->type, TDVF_SECTION_BFV);
    assert_int_equal(section->data_offset, 0);
    assert_int_equal(section->data_bytes, image_bytes);
    assert_int_equal(section->memory_bytes, image_bytes);
    assert_int_equal(section->memory_phys + section->memory_bytes, FOUR_GIB);
}

static void sections_are_whole_pages_and_do_not_overlap(void **state)
{
    (void)state;
    const struct tdvf_metadata *metadata = find_metadata();
    const struct tdvf_section *sections = (const void *)(metadata + 1);
    unsigned hobs = 0;
    for (uint32_t i = 0; i < metadata->section_count; i++) {
        const struct tdvf_section *a = &sections[i];
        assert_int_equal(a->memory_phys % 4096, 0);
        assert_int_equal(a->memory_bytes % 4096, 0);
        assert_true(a->memory_bytes > 0);
        assert_true(a->type == TDVF_SECTION_BFV || a->data_bytes == 0);
        hobs += a->type == TDVF_SECTION_TD_HOB;
        for (uint32_t j = 0; j < i; j++) {
            const struct tdvf_section *b = &sections[j];
            assert_true(a->memory_phys + a->memory_bytes <= b->memory_phys ||
                        b->memory_phys + b->memory_bytes <= a->memory_phys);
        }
    }
    assert_int_equal(hobs, 1);
}

static void shim_and_gate_have_memory(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {TD_GATE_PHYS, TD_HOME_PHYS};
    const struct tdvf_metadata *metadata = find_metadata();
    const struct tdvf_section *sections = (const void *)(metadata + 1);
    for (unsigned w = 0; w < 2; w++) {
        uint32_t i = 0;
        while (i < metadata->section_count && sections[i].memory_phys != wanted[w])
            i++;
        assert_true(i < metadata->section_count);
        assert_int_equal(sections[i].type, TDVF_SECTION_TEMP_MEM);
    }
}

static void reset_vector_is_a_jump_within_the_image(void **state)
{
    (void)state;
    const uint8_t *vector = image + image_bytes - (FOUR_GIB - TDVF_RESET_VECTOR);
    int32_t distance;
    assert_int_equal(vector[0], 0xE9);
    memcpy(&distance, vector + 1, sizeof(distance));
    assert_in_range(-(int64_t)distance, 1, image_bytes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_is_found_from_the_end),
        cmocka_unit_test(image_is_its_own_code_and_ends_at_4_gib),
        cmocka_unit_test(sections_are_whole_pages_and_do_not_overlap),
        cmocka_unit_test(shim_and_gate_have_memory),
        cmocka_unit_test(reset_vector_is_a_jump_within_the_image),
    };
    return cmocka_run_group_tests(tests, read_image, NULL);
}
