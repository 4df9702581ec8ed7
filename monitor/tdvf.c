#include "monitor/tdvf.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/npt.h"
#include "monitor/report.h"

struct image {
    const uint8_t *data;
    uint32_t bytes;
};

/* The table's footer must be in it, and sections are pages that count from its end. */
void tdvf_check_bytes(int64_t bytes)
{
    if (bytes < (int64_t)PAGE_BYTES || bytes > GUEST_IMAGE_MOST || bytes % (int64_t)PAGE_BYTES)
        fatal(NULL, "the TD firmware has 0x%lx bytes; whole pages up to 16 MiB are taken", bytes);
}

static const uint8_t footer_guid[16] = TDVF_FOOTER_GUID;
static const uint8_t metadata_guid[16] = TDVF_METADATA_GUID;

/* The table is read from its end: the footer names the whole length, then entry before entry. */
static bool find_entry(const struct image *image, const uint8_t *wanted_guid, void *data,
                       uint32_t data_bytes)
{
    uint32_t end = image->bytes - TDVF_TABLE_FOOTER_OFFSET + sizeof(footer_guid);
    struct tdvf_table_entry entry;
    memcpy(&entry, image->data + end - sizeof(entry), sizeof(entry));
    if (memcmp(entry.guid, footer_guid, sizeof(footer_guid)))
        fatal(NULL, "the TD firmware has no table of GUIDs 0x%x bytes before its end: no TDVF",
              TDVF_TABLE_FOOTER_OFFSET);
    if (entry.bytes < sizeof(entry) || entry.bytes > end)
        fatal(NULL, "the TD firmware's table of GUIDs says it has 0x%x bytes", entry.bytes);
    uint32_t start = end - entry.bytes;
    uint32_t at = end - (uint32_t)sizeof(entry);
    while (at >= start + sizeof(entry)) {
        memcpy(&entry, image->data + at - sizeof(entry), sizeof(entry));
        if (entry.bytes < sizeof(entry) || entry.bytes > at - start)
            fatal(NULL, "entry at 0x%x of the TD firmware's table of GUIDs says it has 0x%x bytes",
                  at, entry.bytes);
        if (!memcmp(entry.guid, wanted_guid, sizeof(entry.guid)) &&
            entry.bytes >= sizeof(entry) + data_bytes) {
            memcpy(data, image->data + at - entry.bytes, data_bytes);
            return true;
        }
        at -= entry.bytes;
    }
    return false;
}

static void read_list(const struct image *image, struct tdvf_sections *sections)
{
    struct tdvf_metadata metadata;
    uint32_t from_end;
    if (!find_entry(image, metadata_guid, &from_end, sizeof(from_end)))
        fatal(NULL, "the TD firmware names no TDVF metadata: it is not made for a TD");
    if (from_end < sizeof(metadata) || from_end > image->bytes)
        fatal(NULL, "the TD firmware's metadata is said to lie 0x%x bytes before its end",
              from_end);
    const uint8_t *at = image->data + image->bytes - from_end;
    memcpy(&metadata, at, sizeof(metadata));
    if (metadata.signature != TDVF_SIGNATURE || metadata.version != TDVF_VERSION)
        fatal(NULL, "the TD firmware's metadata has signature 0x%x, version %u", metadata.signature,
              metadata.version);
    uint64_t bytes =
        sizeof(metadata) + (uint64_t)metadata.section_count * sizeof(struct tdvf_section);
    if (metadata.section_count > TDVF_MOST_SECTIONS || bytes > from_end || metadata.bytes < bytes)
        fatal(NULL, "the TD firmware's metadata has %u sections in 0x%x bytes",
              metadata.section_count, metadata.bytes);
    sections->count = metadata.section_count;
    memcpy(sections->section, at + sizeof(metadata), bytes - sizeof(metadata));
}

static bool is_copied(const struct tdvf_section *section)
{
    return section->type == TDVF_SECTION_BFV || section->type == TDVF_SECTION_CFV;
}

static bool is_in_memory(const struct image *image, uint64_t start, uint64_t bytes)
{
    uint64_t end = start + bytes;
    uint64_t image_start = GUEST_FOUR_GIB - image->bytes;
    if (!bytes || (start | bytes) % PAGE_BYTES || end < start)
        return false;
    return end <= GUEST_LOW_END || (start >= image_start && end <= GUEST_FOUR_GIB);
}

static void check_section(const struct image *image, const struct tdvf_sections *sections,
                          unsigned number)
{
    const struct tdvf_section *section = &sections->section[number];
    uint64_t data_end = (uint64_t)section->data_offset + section->data_bytes;
    if (section->type > TDVF_SECTION_PERM_MEM)
        fatal(NULL, "section %u of the TD firmware has type %u, unknown here", number,
              section->type);
    if (!is_in_memory(image, section->memory_phys, section->memory_bytes))
        fatal(NULL,
              "section %u of the TD firmware wants 0x%lx bytes at 0x%lx: no whole pages, or "
              "neither low memory nor where the image lies",
              number, section->memory_bytes, section->memory_phys);
    if (data_end > image->bytes || section->data_bytes > section->memory_bytes ||
        (section->data_bytes && !is_copied(section)))
        fatal(NULL,
              "section %u of the TD firmware has 0x%x bytes of data at 0x%x, which do not "
              "fit",
              number, section->data_bytes, section->data_offset);
    for (unsigned i = 0; i < number; i++) {
        const struct tdvf_section *other = &sections->section[i];
        if (section->memory_phys < other->memory_phys + other->memory_bytes &&
            other->memory_phys < section->memory_phys + section->memory_bytes)
            fatal(NULL, "sections %u and %u of the TD firmware overlap at 0x%lx", i, number,
                  section->memory_phys);
    }
}

static bool covers_reset_vector(const struct tdvf_section *section)
{
    return is_copied(section) && section->memory_phys <= TDVF_RESET_VECTOR &&
           TDVF_RESET_VECTOR - section->memory_phys < section->data_bytes;
}

const struct tdvf_section *tdvf_read(const uint8_t *image_data, uint32_t bytes,
                                     struct tdvf_sections *sections)
{
    struct image image = {image_data, bytes};
    const struct tdvf_section *hob = NULL;
    bool has_reset_vector = false;
    read_list(&image, sections);
    for (unsigned i = 0; i < sections->count; i++) {
        const struct tdvf_section *section = &sections->section[i];
        check_section(&image, sections, i);
        if (section->type == TDVF_SECTION_TD_HOB && hob)
            fatal(NULL, "section %u of the TD firmware is a second one for the TD HOB", i);
        if (section->type == TDVF_SECTION_TD_HOB)
            hob = section;
        has_reset_vector |= covers_reset_vector(section);
    }
    if (!has_reset_vector)
        fatal(NULL, "no section of the TD firmware fills the reset vector 0x%lx",
              (uint64_t)TDVF_RESET_VECTOR);
    if (!hob)
        fatal(NULL, "the TD firmware has no section for the TD HOB");
    return hob;
}
