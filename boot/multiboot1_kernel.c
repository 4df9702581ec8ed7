/* A kernel with a Multiboot 1 header (specification 0.6.96). */
#include "abi/multiboot.h"

#include "boot/console.h"
#include "boot/multiboot_kernel.h"

#define KNOWN_FLAGS (MULTIBOOT_HEADER_ALIGN | MULTIBOOT_HEADER_MEMORY | MULTIBOOT_HEADER_VIDEO)

static bool read_header(const struct boot_module *kernel, uint64_t offset,
                        struct multiboot_header *header)
{
    uint64_t left = kernel->bytes < MULTIBOOT_SEARCH_BYTES ? kernel->bytes : MULTIBOOT_SEARCH_BYTES;
    left -= offset;
    uint64_t bytes = left < sizeof(*header) ? left : sizeof(*header);
    *header = (struct multiboot_header){0};
    memcpy(header, (const void *)(kernel->phys + offset), bytes);
    return header->magic == MULTIBOOT_HEADER_MAGIC &&
           header->magic + header->flags + header->checksum == 0 &&
           bytes >= (header->flags & MULTIBOOT_HEADER_ADDRESSES ? sizeof(*header)
                                                                : MULTIBOOT_HEADER_SHORT);
}

static bool find_header(const struct boot_module *kernel, uint64_t *offset,
                        struct multiboot_header *header)
{
    for (*offset = 0;
         *offset + MULTIBOOT_HEADER_SHORT <= kernel->bytes && *offset < MULTIBOOT_SEARCH_BYTES;
         *offset += MULTIBOOT_HEADER_BORDER)
        if (read_header(kernel, *offset, header))
            return true;
    return false;
}

bool multiboot1_is(const struct boot_module *kernel)
{
    struct multiboot_header header;
    uint64_t offset;
    return find_header(kernel, &offset, &header);
}

static const char *check_flags(uint32_t flags)
{
    static char sentence[96];
    uint32_t unknown = flags & MULTIBOOT_HEADER_REQUIRED & ~(uint32_t)KNOWN_FLAGS;
    if (flags & MULTIBOOT_HEADER_VIDEO)
        return "the Multiboot header requires a video mode (flag 2), which is not offered here";
    if (!unknown)
        return NULL;
    text_format(sentence, sizeof(sentence),
                "the Multiboot header requires flag %u, which is not known here",
                (unsigned)__builtin_ctz(unknown));
    return sentence;
}

/* As QEMU and the first GRUB give a command line, and as readers of it skip the first word. */
#define KERNEL_NAME  "kernel"
#define INITRD_NAME  "initrd"
#define FURTHER_NAME "module"

/* All that the kernel is told; the texts lie behind it. */
struct told {
    struct multiboot_info info;
    struct multiboot_module modules[2];
    struct multiboot_mmap_entry entries[];
};

/* Of "NAME WORDS", or of "NAME". */
static uint64_t text_bytes(const char *name, const char *words)
{
    return strlen(name) + (words && words[0] ? 1 + strlen(words) : 0) + 1;
}

/* At @next, which moves on. */
static uint32_t add_text(char **next, const char *name, const char *words)
{
    char *text = *next;
    size_t length = strlen(name);
    memcpy(text, name, length + 1);
    if (words && words[0]) {
        text[length] = ' ';
        memcpy(text + length + 1, words, strlen(words) + 1);
    }
    *next += text_bytes(name, words);
    return (uint32_t)(uint64_t)text;
}

static void tell_memory(const struct muster_memory_map *map, struct told *told)
{
    struct e820_entry range;
    uint32_t next = 0, count = 0;
    while (boot_payload_range(map, &next, &range))
        told->entries[count++] = (struct multiboot_mmap_entry){
            .size = sizeof(struct multiboot_mmap_entry) - sizeof(uint32_t),
            .start_phys = range.start_phys,
            .bytes = range.bytes,
            .type = range.type,
        };
    multiboot_memory_kib(map, &told->info.mem_lower, &told->info.mem_upper);
    told->info.mmap = (uint32_t)(uint64_t)told->entries;
    told->info.mmap_bytes = count * (uint32_t)sizeof(struct multiboot_mmap_entry);
    told->info.flags |= MULTIBOOT_INFO_MEMORY | MULTIBOOT_INFO_MMAP;
}

static void tell_module(const struct boot_module *module, uint32_t text, struct told *told)
{
    told->modules[told->info.module_count++] = (struct multiboot_module){
        (uint32_t)module->phys, (uint32_t)(module->phys + module->bytes), text, 0};
    told->info.modules = (uint32_t)(uint64_t)told->modules;
    told->info.flags |= MULTIBOOT_INFO_MODULES;
}

static const char *tell(const struct boot_payload *payload, const struct boot_module *initrd,
                        const struct boot_module *further, struct boot_jump *jump)
{
    /* The allocation itself may split a range in three. */
    uint64_t told_bytes =
        sizeof(struct told) + (payload->map->count + 2) * sizeof(struct multiboot_mmap_entry);
    uint64_t texts_bytes = text_bytes(KERNEL_NAME, payload->cmdline) +
                           text_bytes(INITRD_NAME, payload->initrd_words) +
                           text_bytes(FURTHER_NAME, NULL) + text_bytes(MULTIBOOT_LOADER_NAME, NULL);
    struct told *told = (void *)boot_payload_memory(payload, told_bytes + texts_bytes);
    if (!told)
        return "there is no room for the boot information";
    char *texts = (char *)told + told_bytes;
    told->info.cmdline = add_text(&texts, KERNEL_NAME, payload->cmdline);
    told->info.loader_name = add_text(&texts, MULTIBOOT_LOADER_NAME, NULL);
    told->info.flags = MULTIBOOT_INFO_CMDLINE | MULTIBOOT_INFO_LOADER;
    if (initrd->bytes)
        tell_module(initrd, add_text(&texts, INITRD_NAME, payload->initrd_words), told);
    if (further->bytes)
        tell_module(further, add_text(&texts, FURTHER_NAME, NULL), told);
    tell_memory(payload->map, told);
    jump->argument = (uint64_t)&told->info;
    jump->initrd_phys = initrd->phys;
    return NULL;
}

static const char *open(const struct boot_module *kernel, struct loadable *loadable,
                        uint64_t *entry_phys, uint32_t *flags)
{
    struct multiboot_header header;
    uint64_t offset;
    if (!find_header(kernel, &offset, &header))
        return "the kernel has no Multiboot 1 header";
    bool flat = header.flags & MULTIBOOT_HEADER_ADDRESSES;
    const struct multiboot_addresses addresses = {header.header_phys, header.load_phys,
                                                  header.load_end_phys, header.bss_end_phys};
    const char *error = check_flags(header.flags);
    if (!error)
        error = multiboot_open(kernel, offset, flat ? &addresses : NULL, loadable);
    if (error)
        return error;
    *flags = header.flags;
    *entry_phys = header.entry_phys;
    if (flat ? !loadable_holds(loadable, *entry_phys) : !loadable_entry(loadable, entry_phys))
        return "the Multiboot kernel's entry point lies outside of what it loads";
    return NULL;
}

const char *multiboot1_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    static const struct loadable_bounds as_linked = {.movable = false};
    struct boot_module initrd = payload->initrd, further = payload->further;
    struct loadable loadable;
    uint64_t entry_phys, moved;
    uint32_t flags;
    const char *error = multiboot_check(payload);
    if (!error)
        error = open(&payload->kernel, &loadable, &entry_phys, &flags);
    if (!error)
        error = loadable_load(&loadable, payload, &as_linked, &moved);
    if (!error && (flags & MULTIBOOT_HEADER_ALIGN))
        error = multiboot_align_modules(payload, &initrd, &further);
    if (error)
        return error;
    *jump = (struct boot_jump){.entry_phys = entry_phys, .magic = MULTIBOOT_LOADER_MAGIC};
    return tell(payload, &initrd, &further, jump);
}
