#include "monitor/loader.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/fw_cfg.h"
#include "monitor/hob.h"
#include "monitor/npt.h"
#include "monitor/pages.h"
#include "monitor/report.h"

#define FIRMWARE_FILE "opt/muster/td-firmware"

static uint8_t file[GUEST_IMAGE_MOST] __attribute__((aligned(PAGE_BYTES)));
static uint32_t file_bytes;

static const uint8_t footer_guid[16] = TDVF_FOOTER_GUID;
static const uint8_t metadata_guid[16] = TDVF_METADATA_GUID;

static void read_file(void)
{
    uint16_t item;
    int64_t bytes = fw_cfg_find(FIRMWARE_FILE, &item);
    if (bytes < 0)
        fatal(NULL, "no firmware for the TD: give QEMU -fw_cfg name=" FIRMWARE_FILE ",file=IMAGE");
    if (bytes < (int64_t)PAGE_BYTES || bytes > GUEST_IMAGE_MOST)
        fatal(NULL, "the TD firmware has 0x%lx bytes; a page to 16 MiB is taken", bytes);
    file_bytes = (uint32_t)bytes;
    if (!fw_cfg_read(item, file, file_bytes))
        fatal(NULL, "the TD firmware cannot be read from fw_cfg");
}

/* The table is read from its end: the footer names the whole length, then entry before entry. */
static bool find_entry(const uint8_t *wanted_guid, void *data, uint32_t data_bytes)
{
    uint32_t end = file_bytes - TDVF_TABLE_FOOTER_OFFSET + sizeof(footer_guid);
    struct tdvf_table_entry entry;
    memcpy(&entry, file + end - sizeof(entry), sizeof(entry));
    if (memcmp(entry.guid, footer_guid, sizeof(footer_guid)))
        fatal(NULL, "the TD firmware has no table of GUIDs 0x%x bytes before its end: no TDVF",
              TDVF_TABLE_FOOTER_OFFSET);
    if (entry.bytes < sizeof(entry) || entry.bytes > end)
        fatal(NULL, "the TD firmware's table of GUIDs says it has 0x%x bytes", entry.bytes);
    uint32_t start = end - entry.bytes;
    uint32_t at = end - (uint32_t)sizeof(entry);
    while (at >= start + sizeof(entry)) {
        memcpy(&entry, file + at - sizeof(entry), sizeof(entry));
        if (entry.bytes < sizeof(entry) || entry.bytes > at - start)
            fatal(NULL, "entry at 0x%x of the TD firmware's table of GUIDs says it has 0x%x bytes",
                  at, entry.bytes);
        if (!memcmp(entry.guid, wanted_guid, sizeof(entry.guid)) &&
            entry.bytes >= sizeof(entry) + data_bytes) {
            memcpy(data, file + at - entry.bytes, data_bytes);
            return true;
        }
        at -= entry.bytes;
    }
    return false;
}

static void read_sections(struct loader_sections *sections)
{
    struct tdvf_metadata metadata;
    uint32_t from_end;
    if (!find_entry(metadata_guid, &from_end, sizeof(from_end)))
        fatal(NULL, "the TD firmware names no TDVF metadata: it is not made for a TD");
    if (from_end < sizeof(metadata) || from_end > file_bytes)
        fatal(NULL, "the TD firmware's metadata is said to lie 0x%x bytes before its end",
              from_end);
    const uint8_t *at = file + file_bytes - from_end;
    memcpy(&metadata, at, sizeof(metadata));
    if (metadata.signature != TDVF_SIGNATURE || metadata.version != TDVF_VERSION)
        fatal(NULL, "the TD firmware's metadata has signature 0x%x, version %u", metadata.signature,
              metadata.version);
    uint64_t bytes =
        sizeof(metadata) + (uint64_t)metadata.section_count * sizeof(struct tdvf_section);
    if (metadata.section_count > LOADER_MOST_SECTIONS || bytes > from_end || metadata.bytes < bytes)
        fatal(NULL, "the TD firmware's metadata has %u sections in 0x%x bytes",
              metadata.section_count, metadata.bytes);
    sections->count = metadata.section_count;
    memcpy(sections->section, at + sizeof(metadata), bytes - sizeof(metadata));
}

static bool is_copied(const struct tdvf_section *section)
{
    return section->type == TDVF_SECTION_BFV || section->type == TDVF_SECTION_CFV;
}

static bool is_in_memory(uint64_t start, uint64_t bytes)
{
    uint64_t end = start + bytes;
    uint64_t image_start = GUEST_FOUR_GIB - file_bytes;
    if (!bytes || (start | bytes) % PAGE_BYTES || end < start)
        return false;
    return end <= GUEST_LOW_END || (start >= image_start && end <= GUEST_FOUR_GIB);
}

static void check_section(const struct loader_sections *sections, unsigned number)
{
    const struct tdvf_section *section = &sections->section[number];
    uint64_t data_end = (uint64_t)section->data_offset + section->data_bytes;
    if (section->type > TDVF_SECTION_PERM_MEM)
        fatal(NULL, "section %u of the TD firmware has type %u, unknown here", number,
              section->type);
    if (!is_in_memory(section->memory_phys, section->memory_bytes))
        fatal(NULL,
              "section %u of the TD firmware wants 0x%lx bytes at 0x%lx: no whole pages, or "
              "neither low memory nor where the image lies",
              number, section->memory_bytes, section->memory_phys);
    if (data_end > file_bytes || section->data_bytes > section->memory_bytes ||
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

/* A section may run from no page of an image into none: each page has its own place. */
static void place_section(const struct tdvf_section *section)
{
    if (!pages_add(section->memory_phys, section->memory_bytes))
        fatal(NULL, "the TD firmware's section at 0x%lx is outside of the TD's memory",
              section->memory_phys);
    memcpy((void *)npt_host_address(section->memory_phys), file + section->data_offset,
           section->data_bytes);
}

uint64_t loader_load(void)
{
    static struct loader_sections sections;
    const struct tdvf_section *hob = NULL;
    bool has_reset_vector = false;
    read_file();
    read_sections(&sections);
    for (unsigned i = 0; i < sections.count; i++) {
        const struct tdvf_section *section = &sections.section[i];
        check_section(&sections, i);
        place_section(section);
        if (section->type == TDVF_SECTION_TD_HOB)
            hob = section;
        has_reset_vector |= is_copied(section) && section->memory_phys <= TDVF_RESET_VECTOR &&
                            TDVF_RESET_VECTOR - section->memory_phys < section->memory_bytes;
    }
    if (!has_reset_vector)
        fatal(NULL, "no section of the TD firmware covers the reset vector 0x%lx",
              (uint64_t)TDVF_RESET_VECTOR);
    if (!hob)
        fatal(NULL, "the TD firmware has no section for the TD HOB");
    if (!hob_write(hob->memory_phys, hob->memory_bytes, &sections))
        fatal(NULL, "the TD HOB does not fit the 0x%lx bytes of its section", hob->memory_bytes);
    return hob->memory_phys;
}
