#include "monitor/hob.h"

#include <stddef.h>

#include "boot/console.h"
#include "monitor/layout.h"

/* A list that grows from one end of its memory. */
struct writer {
    uint8_t *at;
    uint64_t left;
    bool full;
};

static void *add(struct writer *writer, uint16_t type, uint16_t bytes)
{
    static struct hob_handoff nowhere; /* the largest of them */
    if (writer->left < bytes) {
        writer->full = true;
        return &nowhere;
    }
    struct hob_header *header = memset(writer->at, 0, bytes);
    header->type = type;
    header->bytes = bytes;
    writer->at += bytes;
    writer->left -= bytes;
    return header;
}

static void add_resource(struct writer *writer, uint32_t type, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    struct hob_resource *hob = add(writer, HOB_RESOURCE, sizeof(*hob));
    hob->type = type;
    hob->attributes = HOB_ATTRIBUTES;
    hob->start_phys = start;
    hob->bytes = end - start;
}

/* The section in low memory that starts first at or after @from, or NULL. */
static const struct tdvf_section *next_section(const struct tdvf_sections *sections, uint64_t from)
{
    const struct tdvf_section *next = NULL;
    for (unsigned i = 0; i < sections->count; i++) {
        const struct tdvf_section *section = &sections->section[i];
        if (section->memory_phys >= from && section->memory_phys < GUEST_LOW_END &&
            (!next || section->memory_phys < next->memory_phys))
            next = section;
    }
    return next;
}

/* Sections do not overlap (tdvf.c), so each starts at or behind the last one's end. */
static void add_memory(struct writer *writer, const struct tdvf_sections *sections, uint32_t rest)
{
    uint64_t at = 0;
    for (;;) {
        const struct tdvf_section *section = next_section(sections, at);
        add_resource(writer, rest, at, section ? section->memory_phys : GUEST_LOW_END);
        if (!section)
            return;
        at = section->memory_phys + section->memory_bytes;
        add_resource(writer, HOB_RESOURCE_SYSTEM_MEMORY, section->memory_phys, at);
    }
}

bool hob_write(void *to, uint64_t phys, uint64_t bytes, const struct tdvf_sections *sections,
               uint32_t rest)
{
    struct writer writer = {.at = to, .left = bytes};
    struct hob_handoff *handoff = add(&writer, HOB_HANDOFF, sizeof(*handoff));
    handoff->version = HOB_HANDOFF_VERSION;
    add_memory(&writer, sections, rest);
    add(&writer, HOB_END, sizeof(struct hob_header));
    if (!writer.full)
        handoff->end_of_list = phys + bytes - writer.left;
    return !writer.full;
}
