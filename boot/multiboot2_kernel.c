/* A kernel with a Multiboot 2 header (specification 2.0): loaded, and told all that it is told. */
#include "abi/acpi.h"
#include "boot/console.h"
#include "boot/multiboot2_header.h"
#include "lib/firmware/multiboot2_tags.h"

/* Where the next tag of the information goes. */
struct writer {
    uint8_t *next;
};

bool multiboot2_is(const struct boot_module *kernel)
{
    uint64_t offset;
    return multiboot2_header_find(kernel, &offset);
}

static uint64_t text_bytes(const char *text)
{
    return (text ? strlen(text) : 0) + 1;
}

/* At the most: a tag that is not written only leaves room. */
static uint64_t most_bytes(const struct boot_payload *payload)
{
    /* The allocation itself may split a range in three. */
    uint64_t ranges = payload->map->count + 2;
    const char *texts[] = {payload->cmdline, MULTIBOOT_LOADER_NAME, payload->initrd_words, NULL};
    uint64_t bytes =
        sizeof(struct multiboot2_information) + sizeof(struct multiboot2_memory_tag) +
        sizeof(struct multiboot2_mmap_tag) + ranges * sizeof(struct multiboot2_mmap_entry) +
        2 * multiboot2_tag_step(sizeof(struct multiboot2_tag) + sizeof(struct acpi_rsdp)) +
        multiboot2_tag_step(sizeof(struct multiboot2_load_base_tag)) +
        sizeof(struct multiboot2_tag);
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        bytes += multiboot2_tag_step(sizeof(struct multiboot2_module_tag) + text_bytes(texts[i]));
    return bytes;
}

static void *add_tag(struct writer *writer, uint32_t type, uint64_t bytes)
{
    struct multiboot2_tag *tag = (void *)writer->next;
    *tag = (struct multiboot2_tag){type, (uint32_t)bytes};
    writer->next += multiboot2_tag_step(bytes);
    return tag;
}

/* The texts are the words alone, as GRUB gives them, without the name of a file. */
static void add_text(struct writer *writer, uint32_t type, const char *text)
{
    struct multiboot2_tag *tag = add_tag(writer, type, sizeof(*tag) + text_bytes(text));
    memcpy(tag + 1, text, text_bytes(text));
}

static void add_module(struct writer *writer, const struct boot_module *module, const char *words)
{
    if (!module->bytes)
        return;
    struct multiboot2_module_tag *tag =
        add_tag(writer, MULTIBOOT2_TAG_MODULE, sizeof(*tag) + text_bytes(words));
    tag->start_phys = (uint32_t)module->phys;
    tag->end_phys = (uint32_t)(module->phys + module->bytes);
    memcpy(tag + 1, words ? words : "", text_bytes(words));
}

static void add_memory(struct writer *writer, const struct muster_memory_map *map)
{
    struct multiboot2_memory_tag *sizes = add_tag(writer, MULTIBOOT2_TAG_MEMORY, sizeof(*sizes));
    multiboot_memory_kib(map, &sizes->lower_kib, &sizes->upper_kib);

    struct multiboot2_mmap_tag *tag = (void *)writer->next;
    struct multiboot2_mmap_entry *entries = (void *)(tag + 1);
    struct e820_entry range;
    uint32_t next = 0, count = 0;
    while (boot_payload_range(map, &next, &range))
        entries[count++] =
            (struct multiboot2_mmap_entry){range.start_phys, range.bytes, range.type, 0};
    add_tag(writer, MULTIBOOT2_TAG_MMAP, sizeof(*tag) + count * sizeof(*entries));
    tag->entry_size = sizeof(*entries);
}

/* ACPI 1.0's RSDP leads to an RSDT; one that has none is no use to who knows no other. */
static void add_rsdp(struct writer *writer, uint64_t rsdp_phys)
{
    const struct acpi_rsdp *rsdp = (const void *)rsdp_phys;
    if (!rsdp)
        return;
    if (rsdp->rsdt_address) {
        struct multiboot2_tag *tag =
            add_tag(writer, MULTIBOOT2_TAG_RSDP_OLD, sizeof(*tag) + ACPI_RSDP_V0_BYTES);
        memcpy(tag + 1, rsdp, ACPI_RSDP_V0_BYTES);
    }
    if (rsdp->revision) {
        struct multiboot2_tag *tag =
            add_tag(writer, MULTIBOOT2_TAG_RSDP_NEW, sizeof(*tag) + sizeof(*rsdp));
        memcpy(tag + 1, rsdp, sizeof(*rsdp));
    }
}

static const char *tell(const struct boot_payload *payload, const struct boot_module *initrd,
                        const struct boot_module *further, const uint64_t *load_base_phys,
                        struct boot_jump *jump)
{
    uint8_t *information = (void *)boot_payload_memory(payload, most_bytes(payload));
    if (!information)
        return "there is no room for the boot information";
    struct writer writer = {information + sizeof(struct multiboot2_information)};
    add_text(&writer, MULTIBOOT2_TAG_CMDLINE, payload->cmdline);
    add_text(&writer, MULTIBOOT2_TAG_LOADER_NAME, MULTIBOOT_LOADER_NAME);
    add_module(&writer, initrd, payload->initrd_words);
    add_module(&writer, further, NULL);
    add_memory(&writer, payload->map);
    add_rsdp(&writer, payload->rsdp_phys);
    if (load_base_phys) {
        struct multiboot2_load_base_tag *tag =
            add_tag(&writer, MULTIBOOT2_TAG_LOAD_BASE, sizeof(*tag));
        tag->phys = (uint32_t)*load_base_phys;
    }
    add_tag(&writer, MULTIBOOT2_TAG_END, sizeof(struct multiboot2_tag));
    ((struct multiboot2_information *)information)->bytes = (uint32_t)(writer.next - information);
    jump->argument = (uint64_t)information;
    jump->initrd_phys = initrd->phys;
    return NULL;
}

static const char *open(const struct boot_module *kernel, struct multiboot2_wishes *wishes,
                        struct loadable *loadable, uint64_t *entry_phys)
{
    const char *error = multiboot2_header_read(kernel, wishes);
    if (!error)
        error = multiboot_open(kernel, wishes->offset,
                               wishes->has_addresses ? &wishes->addresses : NULL, loadable);
    if (error)
        return error;
    *entry_phys = wishes->entry_phys;
    if (wishes->has_addresses && !wishes->has_entry)
        return "the Multiboot 2 header has load addresses and no entry address";
    if (wishes->has_entry ? !loadable_holds(loadable, *entry_phys)
                          : !loadable_entry(loadable, entry_phys))
        return "the Multiboot kernel's entry point lies outside of what it loads";
    return NULL;
}

const char *multiboot2_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    struct boot_module initrd = payload->initrd, further = payload->further;
    struct multiboot2_wishes wishes;
    struct loadable loadable;
    uint64_t entry_phys, moved;
    const char *error = multiboot_check(payload);
    if (!error)
        error = open(&payload->kernel, &wishes, &loadable, &entry_phys);
    if (!error)
        error = loadable_load(&loadable, payload, &wishes.bounds, &moved);
    if (!error && wishes.align_modules)
        error = multiboot_align_modules(payload, &initrd, &further);
    if (error)
        return error;
    uint64_t load_base_phys = loadable.low_phys + moved;
    *jump = (struct boot_jump){.entry_phys = entry_phys + moved, .magic = MULTIBOOT2_LOADER_MAGIC};
    return tell(payload, &initrd, &further, wishes.bounds.movable ? &load_base_phys : NULL, jump);
}
