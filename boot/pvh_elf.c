/* An ELF with a PVH note (abi/pvh.h), of 32 or 64 bits. */
#include <elf.h>

#include "abi/pvh.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/payload.h"

#define FOUR_GIB 0x100000000u
#define ONE_MIB  0x100000u

/* A loadable or note segment, whichever class the file has. */
struct segment {
    uint32_t type;
    uint64_t offset, phys, file_bytes, memory_bytes;
};

struct elf_file {
    const uint8_t *bytes;
    uint64_t size;
    bool is64;
    uint64_t headers;
    uint32_t header_count, header_size;
    uint64_t low_phys, high_phys; /* of all that is loaded */
    uint32_t entry_phys;
    bool has_entry, movable;
    uint32_t align, lowest, highest;
};

bool pvh_elf_is(const struct boot_module *kernel)
{
    return kernel->bytes >= sizeof(Elf64_Ehdr) &&
           !memcmp((const void *)kernel->phys, ELFMAG, SELFMAG);
}

static bool within(uint64_t offset, uint64_t bytes, uint64_t size)
{
    return offset <= size && bytes <= size - offset;
}

static struct segment segment_at(const struct elf_file *elf, uint32_t number)
{
    const void *place = elf->bytes + elf->headers + (uint64_t)number * elf->header_size;
    if (elf->is64) {
        const Elf64_Phdr *p = place;
        return (struct segment){p->p_type, p->p_offset, p->p_paddr, p->p_filesz, p->p_memsz};
    }
    const Elf32_Phdr *p = place;
    return (struct segment){p->p_type, p->p_offset, p->p_paddr, p->p_filesz, p->p_memsz};
}

static const char *read_note(struct elf_file *elf, uint32_t type, const uint8_t *words,
                             uint32_t bytes)
{
    uint32_t values[3];
    if (type == PVH_NOTE_PHYS32_ENTRY && bytes >= 4) {
        memcpy(values, words, 4);
        elf->entry_phys = values[0];
        elf->has_entry = true;
    } else if (type == PVH_NOTE_PHYS32_RELOC) {
        /* Without its three words: anywhere, on the border of a large page. */
        elf->movable = true;
        elf->align = 0x200000;
        elf->lowest = ONE_MIB;
        elf->highest = 0xFFFFFFFF;
        if (bytes >= 12) {
            memcpy(values, words, 12);
            elf->align = values[0];
            elf->lowest = values[1];
            elf->highest = values[2];
        }
        if (!elf->align || (elf->align & (elf->align - 1)))
            return "the ELF's PHYS32_RELOC note has an alignment that is no power of two";
    }
    return NULL;
}

static const char *read_notes(struct elf_file *elf, const struct segment *segment)
{
    const uint8_t *note = elf->bytes + segment->offset;
    uint64_t left = segment->file_bytes;
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
            const char *error = read_note(elf, header.n_type, name + name_bytes, header.n_descsz);
            if (error)
                return error;
        }
        uint64_t step = sizeof(header) + name_bytes + value_bytes;
        note += step;
        left -= step;
    }
    return NULL;
}

static const char *open_elf(const struct boot_module *kernel, struct elf_file *elf)
{
    *elf = (struct elf_file){.bytes = (const uint8_t *)kernel->phys, .size = kernel->bytes};
    const Elf64_Ehdr *header64 = (const void *)elf->bytes;
    const Elf32_Ehdr *header32 = (const void *)elf->bytes;
    elf->is64 = header64->e_ident[EI_CLASS] == ELFCLASS64;
    elf->headers = elf->is64 ? header64->e_phoff : header32->e_phoff;
    elf->header_count = elf->is64 ? header64->e_phnum : header32->e_phnum;
    elf->header_size = elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    elf->low_phys = UINT64_MAX;
    if ((elf->is64 ? header64->e_phentsize : header32->e_phentsize) != elf->header_size)
        return "the ELF's program headers have an unknown size";
    if (!within(elf->headers, (uint64_t)elf->header_count * elf->header_size, elf->size))
        return "the ELF's program headers lie outside of the file";
    return NULL;
}

static const char *read_segments(struct elf_file *elf)
{
    for (uint32_t i = 0; i < elf->header_count; i++) {
        struct segment segment = segment_at(elf, i);
        if (segment.type != PT_LOAD && segment.type != PT_NOTE)
            continue;
        if (!within(segment.offset, segment.file_bytes, elf->size))
            return "a segment of the ELF lies outside of the file: the file is cut off";
        if (segment.type == PT_NOTE) {
            const char *error = read_notes(elf, &segment);
            if (error)
                return error;
            continue;
        }
        if (segment.file_bytes > segment.memory_bytes ||
            !within(segment.phys, segment.memory_bytes, FOUR_GIB))
            return "a segment of the ELF has an impossible size or address";
        if (segment.phys < elf->low_phys)
            elf->low_phys = segment.phys;
        if (segment.phys + segment.memory_bytes > elf->high_phys)
            elf->high_phys = segment.phys + segment.memory_bytes;
    }
    if (!elf->has_entry || elf->low_phys >= elf->high_phys)
        return "the ELF has no PVH entry point (note PHYS32_ENTRY)";
    if (elf->entry_phys < elf->low_phys || elf->entry_phys >= elf->high_phys)
        return "the ELF's PVH entry point lies outside of what it loads";
    return NULL;
}

/* Where it was linked to be, else, if it says that it can move, anywhere. Gives the distance. */
static const char *place(const struct boot_payload *payload, const struct elf_file *elf,
                         uint64_t *moved)
{
    uint64_t bytes = elf->high_phys - elf->low_phys;
    uint64_t phys = elf->low_phys;
    const struct muster_memory_range *range = muster_memory_find(payload->map, phys);
    if (range && range->type == MUSTER_MEMORY_USABLE && range->owner == MUSTER_OWNER_NONE &&
        range->end_phys - phys >= bytes) {
        muster_memory_reserve(payload->map, phys, bytes, BOOT_OWNER_PAYLOAD);
    } else if (!elf->movable ||
               muster_memory_allocate(payload->map, bytes, elf->align, elf->lowest,
                                      (uint64_t)elf->highest + 1, BOOT_OWNER_PAYLOAD, &phys)) {
        return "there is no room for the ELF where it wants to be: give the machine more memory";
    }
    *moved = phys - elf->low_phys;
    return NULL;
}

static void load_segments(const struct elf_file *elf, uint64_t moved)
{
    for (uint32_t i = 0; i < elf->header_count; i++) {
        struct segment segment = segment_at(elf, i);
        if (segment.type != PT_LOAD)
            continue;
        uint8_t *to = (uint8_t *)(segment.phys + moved);
        memcpy(to, elf->bytes + segment.offset, segment.file_bytes);
        memset(to + segment.file_bytes, 0, segment.memory_bytes - segment.file_bytes);
    }
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
    for (uint32_t i = 0; i < map->count; i++) {
        const struct muster_memory_range *range = &map->ranges[i];
        told->entries[i] =
            (struct pvh_memory_entry){range->start_phys, range->end_phys - range->start_phys,
                                      muster_memory_type_to_e820(range->type), 0};
    }
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
        .memory_map_entries = map->count,
    };
    tell_memory(map, told);
    tell_modules(payload, jump->fdt_phys, initrd_words[0] ? (uint64_t)words : 0, told);
    jump->argument = (uint64_t)&told->info;
    jump->initrd_phys = payload->initrd.phys;
    return NULL;
}

const char *pvh_elf_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    struct elf_file elf;
    uint64_t moved = 0;
    const char *error = open_elf(&payload->kernel, &elf);
    if (!error)
        error = read_segments(&elf);
    if (!error)
        error = place(payload, &elf, &moved);
    if (error)
        return error;
    load_segments(&elf, moved);
    *jump = (struct boot_jump){.long_mode = false, .entry_phys = elf.entry_phys + moved};
    return tell(payload, jump);
}
