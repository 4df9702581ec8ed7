/* An ELF with a PVH note (abi/pvh.h), of 32 or 64 bits. */
#include <elf.h>

#include "abi/pvh.h"
#include "boot/console.h"
#include "boot/loadable.h"

/* What the notes say. */
struct notes {
    uint32_t entry_phys;
    bool has_entry;
    struct loadable_bounds bounds;
};

static const char *read_note(struct notes *notes, uint32_t type, const uint8_t *words,
                             uint32_t bytes)
{
    uint32_t values[3];
    if (type == PVH_NOTE_PHYS32_ENTRY && bytes >= 4) {
        memcpy(values, words, 4);
        notes->entry_phys = values[0];
        notes->has_entry = true;
    } else if (type == PVH_NOTE_PHYS32_RELOC) {
        /* Without its three words: anywhere, on the border of a large page. */
        notes->bounds =
            (struct loadable_bounds){true, 0x200000, ONE_MIB, 0xFFFFFFFF, LOADABLE_AS_LINKED};
        if (bytes >= 12) {
            memcpy(values, words, 12);
            notes->bounds.align = values[0];
            notes->bounds.lowest = values[1];
            notes->bounds.highest = values[2];
        }
        if (!notes->bounds.align || (notes->bounds.align & (notes->bounds.align - 1)))
            return "the ELF's PHYS32_RELOC note has an alignment that is no power of two";
    }
    return NULL;
}

static const char *read_segment(const uint8_t *note, uint64_t left, struct notes *notes)
{
    while (left >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr header;
        memcpy(&header, note, sizeof(header));
        uint64_t name_bytes = ((uint64_t)header.n_namesz + 3) & ~3ull;
        uint64_t value_bytes = ((uint64_t)header.n_descsz + 3) & ~3ull;
        if (name_bytes + value_bytes > left - sizeof(header))
            return "a note of the ELF runs past its segment";
        const uint8_t *name = note + sizeof(header);
        if (header.n_namesz == sizeof(PVH_NOTE_NAME) &&
            !memcmp(name, PVH_NOTE_NAME, sizeof(PVH_NOTE_NAME))) {
            const char *error = read_note(notes, header.n_type, name + name_bytes, header.n_descsz);
            if (error)
                return error;
        }
        uint64_t step = sizeof(header) + name_bytes + value_bytes;
        note += step;
        left -= step;
    }
    return NULL;
}

static const char *read_notes(const struct loadable *elf, struct notes *notes)
{
    *notes = (struct notes){0};
    for (uint32_t i = 0; i < elf->header_count; i++) {
        struct loadable_segment segment = loadable_segment(elf, i);
        if (segment.type != PT_NOTE)
            continue;
        const char *error = read_segment(elf->bytes + segment.offset, segment.file_bytes, notes);
        if (error)
            return error;
    }
    return NULL;
}

bool pvh_elf_is(const struct boot_module *kernel)
{
    struct loadable elf;
    struct notes notes;
    return loadable_is_elf(kernel) && !loadable_open_elf(kernel, &elf) &&
           !read_notes(&elf, &notes) && notes.has_entry;
}

/* All that a payload is told by PVH; the command lines lie behind it. */
struct told {
    struct pvh_start_info info;
    struct pvh_module modules[4]; /* the initrd first, of 0 bytes if others come without it */
    char tree_name[sizeof(PVH_MODULE_FDT)];
    char screen_name[sizeof(PVH_MODULE_SCREEN)];
    struct pvh_memory_entry entries[];
};

static void tell_memory(const struct muster_memory_map *map, struct told *told)
{
    struct e820_entry range;
    uint32_t next = 0;
    while (boot_payload_range(map, &next, &range))
        told->entries[told->info.memory_map_entries++] =
            (struct pvh_memory_entry){range.start_phys, range.bytes, range.type, 0};
}

static void tell_modules(const struct boot_payload *payload, uint64_t fdt_phys, uint64_t words_phys,
                         struct told *told)
{
    uint32_t count = 0;
    if (payload->initrd.bytes || payload->further.bytes || payload->screen.bytes || fdt_phys)
        told->modules[count++] =
            (struct pvh_module){payload->initrd.phys, payload->initrd.bytes, words_phys, 0};
    if (payload->further.bytes)
        told->modules[count++] =
            (struct pvh_module){payload->further.phys, payload->further.bytes, 0, 0};
    if (payload->screen.bytes) {
        memcpy(told->screen_name, PVH_MODULE_SCREEN, sizeof(PVH_MODULE_SCREEN));
        told->modules[count++] = (struct pvh_module){payload->screen.phys, payload->screen.bytes,
                                                     (uint64_t)told->screen_name, 0};
    }
    if (fdt_phys) {
        memcpy(told->tree_name, PVH_MODULE_FDT, sizeof(PVH_MODULE_FDT));
        told->modules[count++] =
            (struct pvh_module){fdt_phys, payload->fdt_bytes, (uint64_t)told->tree_name, 0};
    }
    told->info.modules_phys = (uint64_t)told->modules;
    told->info.module_count = count;
}

static const char *tell(const struct boot_payload *payload, struct boot_jump *jump)
{
    const struct muster_memory_map *map = payload->map;
    const char *initrd_words = payload->initrd_words ? payload->initrd_words : "";
    uint64_t cmdline_bytes = strlen(payload->cmdline) + 1;
    uint64_t words_bytes = strlen(initrd_words) + 1;
    jump->fdt_phys = payload->fdt_bytes ? boot_payload_memory(payload, payload->fdt_bytes) : 0;
    /* The allocation itself may split a range in three. */
    uint64_t told_bytes = sizeof(struct told) + (map->count + 2) * sizeof(struct pvh_memory_entry);
    struct told *told =
        (void *)boot_payload_memory(payload, told_bytes + cmdline_bytes + words_bytes);
    if (!told || (payload->fdt_bytes && !jump->fdt_phys))
        return "there is no room for the boot information";
    char *cmdline = (char *)told + told_bytes;
    char *words = cmdline + cmdline_bytes;
    memcpy(cmdline, payload->cmdline, cmdline_bytes);
    memcpy(words, initrd_words, words_bytes);
    told->info = (struct pvh_start_info){
        .magic = PVH_START_MAGIC,
        .version = 1,
        .cmdline_phys = (uint64_t)cmdline,
        .rsdp_phys = payload->rsdp_phys,
        .memory_map_phys = (uint64_t)told->entries,
    };
    tell_memory(map, told);
    tell_modules(payload, jump->fdt_phys, initrd_words[0] ? (uint64_t)words : 0, told);
    jump->argument = (uint64_t)&told->info;
    jump->initrd_phys = payload->initrd.phys;
    return NULL;
}

const char *pvh_elf_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    struct loadable elf;
    struct notes notes;
    uint64_t moved = 0;
    const char *error = loadable_open_elf(&payload->kernel, &elf);
    if (!error)
        error = read_notes(&elf, &notes);
    if (!error && !notes.has_entry)
        error = "the ELF has neither a PVH entry point (note PHYS32_ENTRY) nor a Multiboot header";
    if (!error && !loadable_holds(&elf, notes.entry_phys))
        error = "the ELF's PVH entry point lies outside of what it loads";
    if (!error)
        error = loadable_load(&elf, payload, &notes.bounds, &moved);
    if (error)
        return error;
    *jump = (struct boot_jump){.long_mode = false, .entry_phys = notes.entry_phys + moved};
    return tell(payload, jump);
}
