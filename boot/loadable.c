#include "boot/loadable.h"

#include <elf.h>

#include "abi/x86.h"
#include "boot/console.h"

bool loadable_is_elf(const struct boot_module *file)
{
    return file->bytes >= sizeof(Elf64_Ehdr) && !memcmp((const void *)file->phys, ELFMAG, SELFMAG);
}

static bool within(uint64_t offset, uint64_t bytes, uint64_t size)
{
    return offset <= size && bytes <= size - offset;
}

/* A header may lie anywhere in the file: each is copied out before it is read. */
struct loadable_segment loadable_segment(const struct loadable *loadable, uint32_t number)
{
    if (!loadable->headers)
        return loadable->flat;
    const uint8_t *place =
        loadable->bytes + loadable->headers + (uint64_t)number * loadable->header_size;
    if (loadable->is64) {
        Elf64_Phdr p;
        memcpy(&p, place, sizeof(p));
        return (struct loadable_segment){p.p_type,  p.p_offset, p.p_vaddr,
                                         p.p_paddr, p.p_filesz, p.p_memsz};
    }
    Elf32_Phdr p;
    memcpy(&p, place, sizeof(p));
    return (struct loadable_segment){p.p_type,  p.p_offset, p.p_vaddr,
                                     p.p_paddr, p.p_filesz, p.p_memsz};
}

static const char *read_elf_header(struct loadable *loadable)
{
    Elf64_Ehdr header64;
    Elf32_Ehdr header32;
    memcpy(&header64, loadable->bytes, sizeof(header64));
    memcpy(&header32, loadable->bytes, sizeof(header32));
    loadable->is64 = header64.e_ident[EI_CLASS] == ELFCLASS64;
    if (header64.e_ident[EI_DATA] != ELFDATA2LSB ||
        (header64.e_machine != EM_X86_64 && header64.e_machine != EM_386))
        return "the ELF is for another kind of machine than x86";
    loadable->headers = loadable->is64 ? header64.e_phoff : header32.e_phoff;
    loadable->header_count = loadable->is64 ? header64.e_phnum : header32.e_phnum;
    loadable->header_size = loadable->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    loadable->entry_virt = loadable->is64 ? header64.e_entry : header32.e_entry;
    if (!loadable->headers || !loadable->header_count)
        return "the ELF has no program headers: it loads nothing";
    if ((loadable->is64 ? header64.e_phentsize : header32.e_phentsize) != loadable->header_size)
        return "the ELF's program headers have an unknown size";
    if (!within(loadable->headers, (uint64_t)loadable->header_count * loadable->header_size,
                loadable->size))
        return "the ELF's program headers lie outside of the file";
    return NULL;
}

static const char *check_segment(struct loadable *loadable, const struct loadable_segment *segment)
{
    if (segment->type != PT_LOAD && segment->type != PT_NOTE)
        return NULL;
    if (!within(segment->offset, segment->file_bytes, loadable->size))
        return "a segment of the ELF lies outside of the file: the file is cut off";
    if (segment->type != PT_LOAD || !segment->memory_bytes)
        return NULL;
    if (segment->file_bytes > segment->memory_bytes ||
        !within(segment->phys, segment->memory_bytes, FOUR_GIB))
        return "a segment of the ELF has an impossible size or address";
    if (segment->phys < loadable->low_phys)
        loadable->low_phys = segment->phys;
    if (segment->phys + segment->memory_bytes > loadable->high_phys)
        loadable->high_phys = segment->phys + segment->memory_bytes;
    return NULL;
}

const char *loadable_open_elf(const struct boot_module *file, struct loadable *loadable)
{
    *loadable = (struct loadable){
        .bytes = (const uint8_t *)file->phys, .size = file->bytes, .low_phys = UINT64_MAX};
    const char *error = read_elf_header(loadable);
    for (uint32_t i = 0; !error && i < loadable->header_count; i++) {
        struct loadable_segment segment = loadable_segment(loadable, i);
        error = check_segment(loadable, &segment);
    }
    if (!error && loadable->low_phys >= loadable->high_phys)
        error = "the ELF has no segment to load";
    return error;
}

const char *loadable_open_flat(const struct boot_module *file, uint64_t offset, uint64_t phys,
                               uint64_t file_bytes, uint64_t memory_bytes,
                               struct loadable *loadable)
{
    if (!within(offset, file_bytes, file->bytes))
        return "the kernel's header loads more than the file has: the file is cut off";
    if (!memory_bytes || file_bytes > memory_bytes || !within(phys, memory_bytes, FOUR_GIB))
        return "the kernel's header has an impossible size or address";
    *loadable = (struct loadable){
        .bytes = (const uint8_t *)file->phys,
        .size = file->bytes,
        .header_count = 1,
        .flat = {PT_LOAD, offset, phys, phys, file_bytes, memory_bytes},
        .low_phys = phys,
        .high_phys = phys + memory_bytes,
    };
    return NULL;
}

/* Linked to be in two places, it begins in the physical one (GRUB and QEMU read it like this). */
bool loadable_entry(const struct loadable *loadable, uint64_t *phys)
{
    for (uint32_t i = 0; i < loadable->header_count; i++) {
        struct loadable_segment segment = loadable_segment(loadable, i);
        if (segment.type != PT_LOAD || loadable->entry_virt < segment.virt ||
            loadable->entry_virt - segment.virt >= segment.memory_bytes)
            continue;
        *phys = loadable->entry_virt - segment.virt + segment.phys;
        return true;
    }
    *phys = loadable->entry_virt;
    return loadable_holds(loadable, *phys);
}

bool loadable_holds(const struct loadable *loadable, uint64_t phys)
{
    return phys >= loadable->low_phys && phys < loadable->high_phys;
}

static bool is_free(const struct muster_memory_range *range, uint64_t phys, uint64_t bytes)
{
    return range && range->type == MUSTER_MEMORY_USABLE && range->owner == MUSTER_OWNER_NONE &&
           phys >= range->start_phys && phys <= range->end_phys && range->end_phys - phys >= bytes;
}

static bool take(struct muster_memory_map *map, uint64_t phys, uint64_t bytes)
{
    return is_free(muster_memory_find(map, phys), phys, bytes) &&
           !muster_memory_reserve(map, phys, bytes, BOOT_OWNER_PAYLOAD);
}

static bool take_lowest(struct muster_memory_map *map, const struct loadable_bounds *bounds,
                        uint64_t bytes, uint64_t *phys)
{
    uint64_t align = bounds->align > PAGE_BYTES ? bounds->align : PAGE_BYTES;
    for (uint32_t i = 0; i < map->count; i++) {
        uint64_t start = map->ranges[i].start_phys;
        start = start > bounds->lowest ? start : bounds->lowest;
        start = start ? (start + align - 1) & ~(align - 1) : align; /* page 0 is no kernel's */
        if (!is_free(&map->ranges[i], start, bytes) ||
            start + bytes - 1 > (uint64_t)bounds->highest)
            continue;
        *phys = start;
        return take(map, start, bytes);
    }
    return false;
}

static bool take_highest(struct muster_memory_map *map, const struct loadable_bounds *bounds,
                         uint64_t bytes, uint64_t *phys)
{
    uint64_t align = bounds->align > PAGE_BYTES ? bounds->align : PAGE_BYTES;
    return !muster_memory_allocate(map, bytes, align, bounds->lowest, (uint64_t)bounds->highest + 1,
                                   BOOT_OWNER_PAYLOAD, phys);
}

static bool is_bound(const struct loadable_bounds *bounds, uint64_t low_phys, uint64_t high_phys)
{
    return !bounds->movable || (low_phys >= bounds->lowest && high_phys - 1 <= bounds->highest);
}

static bool place(const struct loadable *loadable, struct muster_memory_map *map,
                  const struct loadable_bounds *bounds, uint64_t *phys)
{
    uint64_t bytes = loadable->high_phys - loadable->low_phys;
    if (bounds->movable && bounds->preference == LOADABLE_LOW)
        return take_lowest(map, bounds, bytes, phys);
    if (bounds->movable && bounds->preference == LOADABLE_HIGH)
        return take_highest(map, bounds, bytes, phys);
    *phys = loadable->low_phys;
    if (is_bound(bounds, loadable->low_phys, loadable->high_phys) && take(map, *phys, bytes))
        return true;
    return bounds->movable && take_highest(map, bounds, bytes, phys);
}

const char *loadable_load(const struct loadable *loadable, const struct boot_payload *payload,
                          const struct loadable_bounds *bounds, uint64_t *moved)
{
    uint64_t phys;
    if (!place(loadable, payload->map, bounds, &phys))
        return "there is no room for the kernel where it wants to be: give the machine more memory";
    *moved = phys - loadable->low_phys;
    for (uint32_t i = 0; i < loadable->header_count; i++) {
        struct loadable_segment segment = loadable_segment(loadable, i);
        if (segment.type != PT_LOAD || !segment.memory_bytes)
            continue;
        uint8_t *to = (uint8_t *)(segment.phys + *moved);
        memcpy(to, loadable->bytes + segment.offset, segment.file_bytes);
        memset(to + segment.file_bytes, 0, segment.memory_bytes - segment.file_bytes);
    }
    return NULL;
}
