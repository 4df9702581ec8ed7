/*
 * The loaders of ELF files and Multiboot kernels, with real memory at a low address as the
 * machine's: what they load, what they tell, and what of hostile files they refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <elf.h>

#include "abi/acpi.h"
#include "abi/linux_boot.h"
#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"
#include "boot/multiboot_kernel.h"
#include "boot/payload.h"

#define ARENA       0x10000000u
#define ARENA_BYTES 0x1000000u
#define ARENA_END   (ARENA + ARENA_BYTES)
#define LINKED      0x10400000u
#define VIRTUAL     0x50400000u /* where an ELF says that it runs */
#define CODE_AT     0x1000u     /* of its one segment in the file */
#define CODE_BYTES  0x800u
#define BSS_BYTES   0x3000u
#define FILE_BYTES  (CODE_AT + CODE_BYTES)
#define HEADER_AT   0x200u /* of a Multiboot header in the file */
#define NOTE_AT     0x180u
#define MODULE      0x10800000u

/* ---- A machine and a file. ---- */

static struct muster_memory_range ranges[32];
static struct muster_memory_map map;
static struct acpi_rsdp rsdp;

static int set_up(void **state)
{
    (void)state;
    void *got = mmap((void *)(uintptr_t)ARENA, ARENA_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(got, (void *)(uintptr_t)ARENA);
    muster_memory_init(&map, ranges, 32);
    assert_int_equal(muster_memory_add(&map, ARENA, ARENA_BYTES, MUSTER_MEMORY_USABLE), MUSTER_OK);
    rsdp = (struct acpi_rsdp){.revision = 2, .length = sizeof(rsdp), .xsdt_address = 0x1234};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap((void *)(uintptr_t)ARENA, ARENA_BYTES);
}

static struct boot_payload payload_of(const uint8_t *file, size_t bytes)
{
    return (struct boot_payload){
        .map = &map,
        .kernel = {(uint64_t)(uintptr_t)file, bytes},
        .cmdline = "one two",
        .rsdp_phys = (uint64_t)(uintptr_t)&rsdp,
    };
}

static uint8_t *new_file(void)
{
    uint8_t *file = calloc(1, FILE_BYTES);
    assert_non_null(file);
    memset(file + CODE_AT, 0xC0, CODE_BYTES);
    return file;
}

static uint8_t *new_elf32(void)
{
    uint8_t *file = new_file();
    Elf32_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = EM_386,
                         .e_entry = LINKED + 0x10,
                         .e_phoff = sizeof(Elf32_Ehdr),
                         .e_phentsize = sizeof(Elf32_Phdr),
                         .e_phnum = 2};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    Elf32_Phdr segments[2] = {{.p_type = PT_LOAD,
                               .p_offset = CODE_AT,
                               .p_vaddr = LINKED,
                               .p_paddr = LINKED,
                               .p_filesz = CODE_BYTES,
                               .p_memsz = CODE_BYTES + BSS_BYTES},
                              {.p_type = PT_NULL}};
    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), segments, sizeof(segments));
    return file;
}

/* As GNU Mach for amd64 is: linked high, loaded low. */
static uint8_t *new_elf64(void)
{
    uint8_t *file = new_file();
    Elf64_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = EM_X86_64,
                         .e_entry = VIRTUAL + 0x20,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 1};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    Elf64_Phdr segment = {.p_type = PT_LOAD,
                          .p_offset = CODE_AT,
                          .p_vaddr = VIRTUAL,
                          .p_paddr = LINKED,
                          .p_filesz = CODE_BYTES,
                          .p_memsz = CODE_BYTES + BSS_BYTES};
    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), &segment, sizeof(segment));
    return file;
}

/* A PVH note in the place of the ELF's second, empty segment. */
static void add_note(uint8_t *file)
{
    const struct {
        Elf32_Nhdr header;
        char name[4];
        uint32_t entry;
    } note = {{4, 4, PVH_NOTE_PHYS32_ENTRY}, PVH_NOTE_NAME, LINKED + 0x40};
    Elf32_Phdr segment = {.p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = sizeof(note)};
    memcpy(file + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr), &segment, sizeof(segment));
    memcpy(file + NOTE_AT, &note, sizeof(note));
}

static void add_header1(uint8_t *file, uint32_t flags, struct multiboot_header header)
{
    header.magic = MULTIBOOT_HEADER_MAGIC;
    header.flags = flags;
    header.checksum = 0u - header.magic - header.flags;
    memcpy(file + HEADER_AT, &header,
           flags & MULTIBOOT_HEADER_ADDRESSES ? sizeof(header) : MULTIBOOT_HEADER_SHORT);
}

/* ---- A Multiboot 2 header, tag by tag. ---- */

static uint32_t header2_bytes;

static void begin_header2(void)
{
    header2_bytes = sizeof(struct multiboot2_header);
}

static void add_tag(uint8_t *file, uint16_t type, uint16_t flags, const void *body, uint32_t bytes)
{
    struct multiboot2_header_tag tag = {type, flags, (uint32_t)sizeof(tag) + bytes};
    memcpy(file + HEADER_AT + header2_bytes, &tag, sizeof(tag));
    if (bytes)
        memcpy(file + HEADER_AT + header2_bytes + sizeof(tag), body, bytes);
    header2_bytes += (tag.bytes + 7) & ~7u;
}

static void finish_header2(uint8_t *file, uint32_t architecture, uint32_t bytes)
{
    struct multiboot2_header header = {MULTIBOOT2_HEADER_MAGIC, architecture, bytes, 0};
    header.checksum = 0u - header.magic - header.architecture - header.bytes;
    memcpy(file + HEADER_AT, &header, sizeof(header));
}

static void end_header2(uint8_t *file)
{
    add_tag(file, MULTIBOOT2_HEADER_END, 0, NULL, 0);
    finish_header2(file, MULTIBOOT2_ARCHITECTURE, header2_bytes);
}

/* A file with this one tag. */
static uint8_t *new_with_tag(uint16_t type, uint16_t flags, const void *body, uint32_t bytes)
{
    uint8_t *file = new_elf32();
    begin_header2();
    add_tag(file, type, flags, body, bytes);
    end_header2(file);
    return file;
}

static void assert_loaded(uint64_t phys)
{
    const uint8_t *at = (const uint8_t *)(uintptr_t)phys;
    for (uint32_t i = 0; i < CODE_BYTES; i++)
        assert_int_equal(at[i], 0xC0);
    for (uint32_t i = CODE_BYTES; i < CODE_BYTES + BSS_BYTES; i++)
        assert_int_equal(at[i], 0);
}

static void assert_refused(uint8_t *file, size_t bytes, const char *word)
{
    struct boot_payload payload = payload_of(file, bytes);
    struct boot_jump jump;
    const char *error = boot_payload_load(&payload, &jump);
    if (!error)
        fail_msg("taken, where '%s' was expected", word);
    if (!strstr(error, word))
        fail_msg("'%s' does not say '%s'", error, word);
    free(file);
}

static struct boot_jump load(const struct boot_payload *payload)
{
    struct boot_jump jump = {0};
    const char *error = boot_payload_load(payload, &jump);
    if (error)
        fail_msg("refused: %s", error);
    return jump;
}

static const char *text_at(uint32_t phys)
{
    return (const char *)(uintptr_t)phys;
}

/* ---- Multiboot 1 ---- */

static void multiboot1_elf_is_loaded_and_told(void **state)
{
    (void)state;
    uint8_t *file = new_elf32();
    add_header1(file, MULTIBOOT_HEADER_ALIGN | MULTIBOOT_HEADER_MEMORY,
                (struct multiboot_header){0});
    memset((void *)(uintptr_t)LINKED, 0xFF, CODE_BYTES + BSS_BYTES);
    muster_memory_reserve(&map, MODULE, 100, MUSTER_OWNER_BOOT);
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    payload.initrd = (struct boot_module){MODULE, 100};
    payload.initrd_words = "three";
    struct boot_jump jump = load(&payload);
    assert_loaded(LINKED);
    assert_false(jump.long_mode);
    assert_int_equal(jump.entry_phys, LINKED + 0x10);
    assert_int_equal(jump.magic, 0x2BADB002);
    const struct multiboot_info *info = (const void *)(uintptr_t)jump.argument;
    assert_string_equal(text_at(info->cmdline), "kernel one two");
    assert_string_equal(text_at(info->loader_name), "Muster");
    assert_int_equal(info->module_count, 1);
    const struct multiboot_module *module = (const void *)(uintptr_t)info->modules;
    assert_int_equal(module->start, MODULE);
    assert_int_equal(module->end, MODULE + 100);
    assert_string_equal(text_at(module->cmdline), "initrd three");
    assert_int_equal(info->mmap_bytes, sizeof(struct multiboot_mmap_entry));
    const struct multiboot_mmap_entry *entry = (const void *)(uintptr_t)info->mmap;
    assert_int_equal(entry->size, 20);
    assert_int_equal(entry->start_phys, ARENA);
    assert_int_equal(entry->bytes, ARENA_BYTES);
    assert_int_equal(entry->type, 1);
    assert_int_equal(info->flags, 1 | 4 | 8 | 64 | 512);
    free(file);
}

static void multiboot1_elf_of_64_bits_begins_where_it_lies_in_memory(void **state)
{
    (void)state;
    uint8_t *file = new_elf64();
    add_header1(file, MULTIBOOT_HEADER_MEMORY, (struct multiboot_header){0});
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    struct boot_jump jump = load(&payload);
    assert_loaded(LINKED);
    assert_int_equal(jump.entry_phys, LINKED + 0x20);
    free(file);
}

static void multiboot1_file_with_load_addresses_need_be_no_elf(void **state)
{
    (void)state;
    uint8_t *file = new_file();
    const struct multiboot_header header = {
        .header_phys = LINKED - CODE_AT + HEADER_AT,
        .load_phys = LINKED - CODE_AT + HEADER_AT,
        .load_end_phys = LINKED + CODE_BYTES,
        .bss_end_phys = LINKED + CODE_BYTES + BSS_BYTES,
        .entry_phys = LINKED + 4,
    };
    add_header1(file, MULTIBOOT_HEADER_ADDRESSES, header);
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    struct boot_jump jump = load(&payload);
    assert_loaded(LINKED);
    assert_int_equal(jump.entry_phys, LINKED + 4);
    free(file);
}

static void multiboot1_load_addresses_that_lie_are_refused(void **state)
{
    (void)state;
    struct multiboot_header header = {LINKED, LINKED, LINKED, LINKED, LINKED, 0, 0, 0};
    header.header_phys = LINKED;
    header.load_phys = LINKED + 1;
    uint8_t *file = new_file();
    add_header1(file, MULTIBOOT_HEADER_ADDRESSES, header);
    assert_refused(file, FILE_BYTES, "does not fit");
    header.load_phys = LINKED - HEADER_AT - 4;
    file = new_file();
    add_header1(file, MULTIBOOT_HEADER_ADDRESSES, header);
    assert_refused(file, FILE_BYTES, "does not fit");
    header.load_phys = LINKED;
    header.load_end_phys = LINKED + FILE_BYTES - HEADER_AT + 1;
    file = new_file();
    add_header1(file, MULTIBOOT_HEADER_ADDRESSES, header);
    assert_refused(file, FILE_BYTES, "cut off");
    header.load_end_phys = LINKED + 64;
    header.bss_end_phys = LINKED + 63;
    file = new_file();
    add_header1(file, MULTIBOOT_HEADER_ADDRESSES, header);
    assert_refused(file, FILE_BYTES, "impossible size");
    header.bss_end_phys = 0;
    header.entry_phys = LINKED + 64;
    file = new_file();
    add_header1(file, MULTIBOOT_HEADER_ADDRESSES, header);
    assert_refused(file, FILE_BYTES, "entry point");
}

static void multiboot1_header_is_looked_for_in_8_kib_on_4_byte_borders(void **state)
{
    (void)state;
    const uint32_t header[3] = {MULTIBOOT_HEADER_MAGIC, 0, 0u - MULTIBOOT_HEADER_MAGIC};
    const struct {
        uint32_t at, flip;
        bool found;
    } cases[] = {
        {8180, 0, true}, {8184, 0, false}, {8192, 0, false}, {4098, 0, false}, {0, 1, false}};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t *file = calloc(1, 8300);
        assert_non_null(file);
        memcpy(file + cases[i].at, header, sizeof(header));
        file[cases[i].at + 8] ^= (uint8_t)cases[i].flip;
        const struct boot_module kernel = {(uint64_t)(uintptr_t)file, 8300};
        assert_int_equal(multiboot1_is(&kernel), cases[i].found);
        free(file);
    }
}

static void multiboot1_flags_that_cannot_be_met_are_refused_by_name(void **state)
{
    (void)state;
    uint8_t *file = new_elf32();
    add_header1(file, MULTIBOOT_HEADER_VIDEO, (struct multiboot_header){0});
    assert_refused(file, FILE_BYTES, "video mode");
    file = new_elf32();
    add_header1(file, 1 << 5, (struct multiboot_header){0});
    assert_refused(file, FILE_BYTES, "flag 5");
}

static void multiboot1_module_goes_to_a_page_border_where_that_is_asked(void **state)
{
    (void)state;
    for (uint32_t flags = 0; flags <= MULTIBOOT_HEADER_ALIGN; flags++) {
        uint8_t *file = new_elf32();
        add_header1(file, flags, (struct multiboot_header){0});
        muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
        muster_memory_reserve(&map, MODULE + 8, 4, MUSTER_OWNER_BOOT);
        memcpy((void *)(uintptr_t)(MODULE + 8), "abcd", 4);
        struct boot_payload payload = payload_of(file, FILE_BYTES);
        payload.initrd = (struct boot_module){MODULE + 8, 4};
        struct boot_jump jump = load(&payload);
        const struct multiboot_info *info = (const void *)(uintptr_t)jump.argument;
        const struct multiboot_module *module = (const void *)(uintptr_t)info->modules;
        assert_int_equal(module->start % 4096, flags ? 0 : 8);
        assert_memory_equal((void *)(uintptr_t)module->start, "abcd", 4);
        free(file);
    }
}

static void multiboot_has_no_word_for_a_device_tree(void **state)
{
    (void)state;
    uint8_t *file = new_elf32();
    add_header1(file, 0, (struct multiboot_header){0});
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    struct boot_jump jump;
    payload.fdt_bytes = 4096;
    assert_null(boot_payload_load(&payload, &jump));
    assert_int_equal(jump.fdt_phys, 0);
    payload.rsdp_phys = 0;
    assert_non_null(strstr(boot_payload_load(&payload, &jump), "device tree"));
    free(file);
}

static void memory_sizes_end_at_the_first_hole(void **state)
{
    (void)state;
    uint32_t lower, upper;
    muster_memory_init(&map, ranges, 32);
    muster_memory_add(&map, 0, 0x9FC00, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x100000, 0x300000, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x500000, 0x300000, MUSTER_MEMORY_USABLE);
    muster_memory_reserve(&map, 0x200000, 0x1000, MUSTER_OWNER_BOOT);
    multiboot_memory_kib(&map, &lower, &upper);
    assert_int_equal(lower, 639);
    assert_int_equal(upper, 3 * 1024);
}

/* ---- Multiboot 2 ---- */

static const struct multiboot2_tag *find_tag(uint64_t information, uint32_t type)
{
    const struct multiboot2_information *info = (const void *)(uintptr_t)information;
    const uint8_t *at = (const uint8_t *)(info + 1);
    const uint8_t *end = (const uint8_t *)info + info->bytes;
    while (at < end) {
        const struct multiboot2_tag *tag = (const void *)at;
        assert_int_equal((uintptr_t)at % 8, 0);
        assert_true(tag->bytes >= sizeof(*tag) && tag->bytes <= (uint64_t)(end - at));
        if (tag->type == type)
            return tag;
        at += (tag->bytes + 7) & ~7u;
    }
    return NULL;
}

static void multiboot2_elf_is_loaded_and_told(void **state)
{
    (void)state;
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_MODULES, 0, NULL, 0);
    muster_memory_reserve(&map, MODULE, 100, MUSTER_OWNER_BOOT);
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    payload.initrd = (struct boot_module){MODULE, 100};
    struct boot_jump jump = load(&payload);
    assert_loaded(LINKED);
    assert_int_equal(jump.entry_phys, LINKED + 0x10);
    assert_int_equal(jump.magic, 0x36D76289);
    const struct multiboot2_tag *cmdline = find_tag(jump.argument, MULTIBOOT2_TAG_CMDLINE);
    assert_string_equal((const char *)(cmdline + 1), "one two");
    const struct multiboot2_module_tag *module =
        (const void *)find_tag(jump.argument, MULTIBOOT2_TAG_MODULE);
    assert_int_equal(module->start_phys, MODULE);
    assert_int_equal(module->end_phys, MODULE + 100);
    assert_string_equal((const char *)(module + 1), "");
    const struct multiboot2_mmap_tag *memory =
        (const void *)find_tag(jump.argument, MULTIBOOT2_TAG_MMAP);
    assert_int_equal(memory->size, 16 + 24);
    assert_int_equal(memory->entry_size, 24);
    const struct multiboot2_mmap_entry *entry = (const void *)(memory + 1);
    assert_int_equal(entry->start_phys, ARENA);
    assert_int_equal(entry->bytes, ARENA_BYTES);
    const struct multiboot2_tag *copy = find_tag(jump.argument, MULTIBOOT2_TAG_RSDP_NEW);
    assert_int_equal(copy->bytes, 8 + sizeof(rsdp));
    assert_memory_equal(copy + 1, &rsdp, sizeof(rsdp));
    assert_null(find_tag(jump.argument, MULTIBOOT2_TAG_RSDP_OLD));
    assert_null(find_tag(jump.argument, MULTIBOOT2_TAG_LOAD_BASE));
    assert_int_equal(find_tag(jump.argument, MULTIBOOT2_TAG_END)->bytes, 8);
    free(file);
}

static void multiboot2_rsdp_of_acpi_1_goes_as_the_old_tag(void **state)
{
    (void)state;
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_MODULES, 0, NULL, 0);
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    rsdp = (struct acpi_rsdp){.rsdt_address = 0x4321};
    struct boot_jump jump = load(&payload);
    const struct multiboot2_tag *old = find_tag(jump.argument, MULTIBOOT2_TAG_RSDP_OLD);
    assert_int_equal(old->bytes, 8 + 20);
    assert_memory_equal(old + 1, &rsdp, 20);
    assert_null(find_tag(jump.argument, MULTIBOOT2_TAG_RSDP_NEW));
    payload.rsdp_phys = 0;
    muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
    jump = load(&payload);
    assert_null(find_tag(jump.argument, MULTIBOOT2_TAG_RSDP_OLD));
    free(file);
}

static void multiboot2_requests_are_met_or_refused_by_name(void **state)
{
    (void)state;
    const uint32_t offered[] = {1, 2, 3, 4, 6, 14, 15, 21};
    const uint32_t sections[] = {6, 9};
    const uint32_t unknown[] = {77};
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_REQUEST, 0, offered, sizeof(offered));
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    load(&payload);
    free(file);
    file = new_with_tag(MULTIBOOT2_HEADER_REQUEST, 0, sections, sizeof(sections));
    assert_refused(file, FILE_BYTES, "tag 9 (the ELF's sections)");
    file = new_with_tag(MULTIBOOT2_HEADER_REQUEST, 0, unknown, sizeof(unknown));
    assert_refused(file, FILE_BYTES, "tag 77");
    muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
    file = new_with_tag(MULTIBOOT2_HEADER_REQUEST, MULTIBOOT2_HEADER_OPTIONAL, sections,
                        sizeof(sections));
    payload = payload_of(file, FILE_BYTES);
    load(&payload);
    free(file);
}

static void multiboot2_tags_that_cannot_be_met_are_refused_if_required(void **state)
{
    (void)state;
    const uint32_t screen[3] = {640, 480, 32};
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_FRAMEBUFFER, 0, screen, sizeof(screen));
    assert_refused(file, FILE_BYTES, "tag 5 (a framebuffer)");
    file = new_with_tag(99, 0, NULL, 0);
    assert_refused(file, FILE_BYTES, "tag 99 (unknown)");
    const uint16_t fine[] = {MULTIBOOT2_HEADER_FRAMEBUFFER, MULTIBOOT2_HEADER_CONSOLE, 99};
    for (unsigned i = 0; i < 3; i++) {
        muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
        file = new_with_tag(fine[i], MULTIBOOT2_HEADER_OPTIONAL, screen, sizeof(screen));
        struct boot_payload payload = payload_of(file, FILE_BYTES);
        load(&payload);
        free(file);
    }
}

static void multiboot2_entry_tag_goes_before_the_elf_header(void **state)
{
    (void)state;
    const uint32_t inside = LINKED + 0x30, outside = LINKED - 1;
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_ENTRY, 0, &inside, sizeof(inside));
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    assert_int_equal(load(&payload).entry_phys, inside);
    free(file);
    file = new_with_tag(MULTIBOOT2_HEADER_ENTRY, 0, &outside, sizeof(outside));
    assert_refused(file, FILE_BYTES, "entry point");
}

static void multiboot2_load_addresses_of_all_ones_mean_the_whole_file(void **state)
{
    (void)state;
    uint8_t *file = new_file();
    const uint32_t addresses[4] = {LINKED - CODE_AT + HEADER_AT, UINT32_MAX, 0,
                                   LINKED + CODE_BYTES + BSS_BYTES};
    const uint32_t entry = LINKED + 8;
    begin_header2();
    add_tag(file, MULTIBOOT2_HEADER_ADDRESS, 0, addresses, sizeof(addresses));
    add_tag(file, MULTIBOOT2_HEADER_ENTRY, 0, &entry, sizeof(entry));
    end_header2(file);
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    assert_int_equal(load(&payload).entry_phys, entry);
    assert_loaded(LINKED);
    assert_memory_equal((void *)(uintptr_t)(LINKED - CODE_AT + HEADER_AT), file + HEADER_AT, 16);
    free(file);
    file = new_with_tag(MULTIBOOT2_HEADER_ADDRESS, 0, addresses, sizeof(addresses));
    assert_refused(file, FILE_BYTES, "no entry address");
}

/* Where a kernel of these bounds and this preference goes. */
static uint64_t place_of(uint32_t lowest, uint32_t highest, uint32_t align, uint32_t preference)
{
    const uint32_t body[4] = {lowest, highest, align, preference};
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_RELOCATABLE, 0, body, sizeof(body));
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
    struct boot_jump jump = load(&payload);
    const struct multiboot2_load_base_tag *base =
        (const void *)find_tag(jump.argument, MULTIBOOT2_TAG_LOAD_BASE);
    assert_non_null(base);
    assert_int_equal(jump.entry_phys, base->phys + 0x10);
    assert_loaded(base->phys);
    free(file);
    return base->phys;
}

static void multiboot2_relocatable_kernel_goes_where_it_prefers(void **state)
{
    (void)state;
    const uint32_t all = UINT32_MAX;
    assert_int_equal(place_of(0, all, 0x200000, MULTIBOOT2_PREFER_NONE), LINKED);
    assert_int_equal(place_of(0, all, 0x200000, MULTIBOOT2_PREFER_LOW), ARENA);
    assert_int_equal(place_of(0, all, 0x200000, MULTIBOOT2_PREFER_HIGH), ARENA_END - 0x200000);
    assert_int_equal(place_of(ARENA + 1, all, 0x200000, MULTIBOOT2_PREFER_LOW), ARENA + 0x200000);
    assert_int_equal(place_of(0, LINKED - 1, 0x1000, MULTIBOOT2_PREFER_HIGH), LINKED - 0x4000);
    assert_int_equal(place_of(0, LINKED - 1, 0x1000, MULTIBOOT2_PREFER_NONE), LINKED - 0x4000);
    muster_memory_reserve(&map, LINKED + 0x1000, 0x1000, MUSTER_OWNER_BOOT);
    assert_int_equal(place_of(0, all, 0x200000, MULTIBOOT2_PREFER_NONE), ARENA_END - 0x200000);
    muster_memory_reserve(&map, ARENA, 0x1000, MUSTER_OWNER_BOOT);
    assert_int_equal(place_of(0, all, 0x200000, MULTIBOOT2_PREFER_LOW), ARENA + 0x200000);
}

static void multiboot2_kernel_without_a_place_is_refused(void **state)
{
    (void)state;
    const uint32_t nowhere[4] = {ARENA_END, UINT32_MAX, 0x1000, MULTIBOOT2_PREFER_LOW};
    const uint32_t narrow[4] = {ARENA, ARENA + 0x1000, 0x1000, MULTIBOOT2_PREFER_LOW};
    const uint32_t crooked[4] = {0, UINT32_MAX, 0x3000, MULTIBOOT2_PREFER_LOW};
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_RELOCATABLE, 0, nowhere, sizeof(nowhere));
    assert_refused(file, FILE_BYTES, "no room");
    file = new_with_tag(MULTIBOOT2_HEADER_RELOCATABLE, 0, narrow, sizeof(narrow));
    assert_refused(file, FILE_BYTES, "no room");
    file = new_with_tag(MULTIBOOT2_HEADER_RELOCATABLE, 0, crooked, sizeof(crooked));
    assert_refused(file, FILE_BYTES, "power of two");
}

static void multiboot2_header_that_lies_about_lengths_is_refused(void **state)
{
    (void)state;
    const uint32_t lengths[] = {0, 7, 11, 0x7FFFFFFF, UINT32_MAX};
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const uint32_t other = LINKED;
        uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_ENTRY, 0, &other, sizeof(other));
        memcpy(file + HEADER_AT + sizeof(struct multiboot2_header) + 4, &lengths[i], 4);
        assert_refused(file, FILE_BYTES, "impossible length");
    }
    uint8_t *file = new_elf32();
    finish_header2(file, MULTIBOOT2_ARCHITECTURE, sizeof(struct multiboot2_header));
    assert_refused(file, FILE_BYTES, "last one is missing");
    const uint32_t entry = LINKED;
    file = new_with_tag(MULTIBOOT2_HEADER_ENTRY, 0, &entry, sizeof(entry));
    finish_header2(file, MULTIBOOT2_ARCHITECTURE,
                   sizeof(struct multiboot2_header) + sizeof(struct multiboot2_header_entry));
    assert_refused(file, FILE_BYTES, "last one is missing");
    const uint32_t sizes[] = {0, 15, FILE_BYTES - HEADER_AT + 1, UINT32_MAX};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        file = new_elf32();
        finish_header2(file, MULTIBOOT2_ARCHITECTURE, sizes[i]);
        assert_refused(file, FILE_BYTES, "longer than");
    }
    file = new_elf32();
    finish_header2(file, 4, sizeof(struct multiboot2_header));
    assert_refused(file, FILE_BYTES, "architecture");
}

/* ---- Whichever it is ---- */

static void file_of_several_kinds_is_booted_by_what_tells_it_most(void **state)
{
    (void)state;
    static const struct {
        enum boot_protocol protocol;
        uint32_t magic, entry;
    } cases[] = {{BOOT_AUTO, 0, 0x40},
                 {BOOT_PVH, 0, 0x40},
                 {BOOT_MULTIBOOT2, MULTIBOOT2_LOADER_MAGIC, 0x10},
                 {BOOT_MULTIBOOT1, MULTIBOOT_LOADER_MAGIC, 0x10}};
    uint8_t *file = new_with_tag(MULTIBOOT2_HEADER_MODULES, 0, NULL, 0);
    struct multiboot_header header = {
        MULTIBOOT_HEADER_MAGIC, 0, 0u - MULTIBOOT_HEADER_MAGIC, 0, 0, 0, 0, 0};
    memcpy(file + HEADER_AT + 0x200, &header, MULTIBOOT_HEADER_SHORT);
    add_note(file);
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
        payload.protocol = cases[i].protocol;
        struct boot_jump jump = load(&payload);
        assert_int_equal(jump.magic, cases[i].magic);
        if (cases[i].protocol != BOOT_AUTO)
            assert_int_equal(jump.protocol, cases[i].protocol);
        assert_int_equal(jump.entry_phys, LINKED + cases[i].entry);
    }
    memset(file + NOTE_AT, 0, 16);
    muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
    payload.protocol = BOOT_AUTO;
    assert_int_equal(load(&payload).magic, MULTIBOOT2_LOADER_MAGIC);
    memset(file + HEADER_AT, 0, 4);
    muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
    assert_int_equal(load(&payload).magic, MULTIBOOT_LOADER_MAGIC);
    free(file);
}

static void asking_for_what_a_file_is_not_is_refused(void **state)
{
    (void)state;
    static const char *const words[] = {[BOOT_LINUX] = "no bzImage",
                                        [BOOT_PVH] = "no ELF with a PVH note",
                                        [BOOT_MULTIBOOT2] = "no Multiboot 2",
                                        [BOOT_MULTIBOOT1] = "no Multiboot 1"};
    uint8_t *file = new_elf32();
    struct boot_payload payload = payload_of(file, FILE_BYTES);
    struct boot_jump jump;
    for (unsigned i = BOOT_LINUX; i <= BOOT_MULTIBOOT1; i++) {
        payload.protocol = (enum boot_protocol)i;
        assert_non_null(strstr(boot_payload_load(&payload, &jump), words[i]));
    }
    assert_refused(file, FILE_BYTES, "neither a PVH entry point");
    file = new_file();
    assert_refused(file, FILE_BYTES, "neither a Linux bzImage nor an ELF");
    file = new_file();
    add_header1(file, 0, (struct multiboot_header){0});
    assert_refused(file, FILE_BYTES, "no load addresses");
}

static void elf_that_is_wrong_is_refused_by_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t value, bytes;
        const char *word;
    } cases[] = {
        {offsetof(Elf32_Ehdr, e_machine), EM_AARCH64, 2, "another kind of machine"},
        {offsetof(Elf32_Ehdr, e_phentsize), 31, 2, "unknown size"},
        {offsetof(Elf32_Ehdr, e_phoff), FILE_BYTES - 8, 4, "outside of the file"},
        {offsetof(Elf32_Ehdr, e_phnum), 0, 2, "loads nothing"},
        {offsetof(Elf32_Ehdr, e_entry), LINKED - 1, 4, "entry point"},
        {sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_offset), FILE_BYTES, 4, "cut off"},
        {sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_filesz), UINT32_MAX, 4, "cut off"},
        {sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_memsz), 1, 4, "impossible size"},
        {sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_memsz), UINT32_MAX, 4, "impossible size"},
        {sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_type), PT_NULL, 4, "no segment to load"},
        {sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_paddr), ARENA_END, 4, "no room"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t *file = new_elf32();
        add_header1(file, 0, (struct multiboot_header){0});
        memcpy(file + cases[i].at, &cases[i].value, cases[i].bytes);
        if (strcmp(cases[i].word, "no room") == 0) /* its entry would be wrong, too */
            memcpy(file + offsetof(Elf32_Ehdr, e_entry), &cases[i].value, 4);
        if (strcmp(cases[i].word, "no room") == 0)
            memcpy(file + sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_vaddr), &cases[i].value, 4);
        assert_refused(file, FILE_BYTES, cases[i].word);
    }
}

/* Its size is counted in paragraphs, up: memtest86+ 6.10 ends 8 bytes before its last one does. */
static void bzimage_whose_last_paragraph_is_not_filled_is_whole(void **state)
{
    (void)state;
    for (uint32_t missing = 0; missing <= 16; missing += 8) {
        uint8_t *file = new_file();
        const struct linux_setup_header header = {
            .setup_sects = CODE_AT / LINUX_SECTOR_BYTES - 1,
            .syssize = CODE_BYTES / 16,
            .header = LINUX_HEADER_MAGIC,
            .version = LINUX_PROTOCOL_64,
            .loadflags = LINUX_LOADED_HIGH,
            .xloadflags = LINUX_XLF_KERNEL_64,
            .cmdline_size = 255,
            .pref_address = LINKED,
            .init_size = CODE_BYTES + BSS_BYTES,
        };
        memcpy(file + LINUX_SETUP_OFFSET, &header, sizeof(header));
        muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
        if (missing == 16) {
            assert_refused(file, FILE_BYTES - missing, "cut off");
            break;
        }
        struct boot_payload payload = payload_of(file, FILE_BYTES - missing);
        struct boot_jump jump = load(&payload);
        assert_true(jump.long_mode);
        assert_int_equal(jump.entry_phys, LINKED + LINUX_ENTRY_64);
        assert_memory_equal((void *)(uintptr_t)LINKED, file + CODE_AT, CODE_BYTES - missing);
        free(file);
    }
}

static void ranges_of_one_type_are_told_as_one(void **state)
{
    (void)state;
    struct e820_entry range;
    uint32_t next = 0;
    muster_memory_reserve(&map, ARENA + 0x1000, 0x1000, MUSTER_OWNER_BOOT);
    muster_memory_add(&map, ARENA_END, 0x1000, MUSTER_MEMORY_NVS);
    muster_memory_add(&map, ARENA_END + 0x2000, 0x1000, MUSTER_MEMORY_NVS);
    assert_true(boot_payload_range(&map, &next, &range));
    assert_int_equal(range.start_phys, ARENA);
    assert_int_equal(range.bytes, ARENA_BYTES);
    assert_true(boot_payload_range(&map, &next, &range));
    assert_int_equal(range.start_phys, ARENA_END);
    assert_int_equal(range.bytes, 0x1000);
    assert_true(boot_payload_range(&map, &next, &range));
    assert_false(boot_payload_range(&map, &next, &range));
}

/* ---- Hostile files ---- */

static uint64_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static uint8_t *new_of_kind(unsigned kind)
{
    const uint32_t body[4] = {0, UINT32_MAX, 0x1000, MULTIBOOT2_PREFER_LOW};
    const uint32_t requests[] = {4, 6, 15};
    uint8_t *file = kind & 1 ? new_elf64() : new_elf32();
    if (kind & 2) {
        begin_header2();
        add_tag(file, MULTIBOOT2_HEADER_REQUEST, 0, requests, sizeof(requests));
        add_tag(file, MULTIBOOT2_HEADER_RELOCATABLE, 0, body, sizeof(body));
        end_header2(file);
    } else {
        add_header1(file, kind & 4 ? MULTIBOOT_HEADER_ADDRESSES : 0,
                    (struct multiboot_header){.header_phys = LINKED,
                                              .load_phys = LINKED,
                                              .bss_end_phys = LINKED + 0x9000,
                                              .entry_phys = LINKED});
    }
    if (kind == 0)
        add_note(file);
    return file;
}

/* Bytes changed where headers are, mostly to values at the edges, and the file cut off. */
static void mutated_files_load_within_memory_or_are_refused(void **state)
{
    (void)state;
    static const uint8_t edges[] = {0, 1, 7, 8, 0x7F, 0x80, 0xFE, 0xFF};
    uint64_t seed = 20261122;
    unsigned taken = 0, refused = 0;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *whole = new_of_kind(round % 8);
        size_t bytes = random_next(&seed) % 4 ? FILE_BYTES : random_next(&seed) % FILE_BYTES;
        for (uint64_t i = random_next(&seed) % 6; i > 0; i--) {
            size_t at = random_next(&seed) % 2 ? random_next(&seed) % 0x80
                                               : HEADER_AT + random_next(&seed) % 0x50;
            /* Magic and checksum stay mostly what they are: else nothing behind them is read. */
            if (at >= HEADER_AT && at < HEADER_AT + 16 && random_next(&seed) % 8)
                continue;
            whole[at] = edges[random_next(&seed) % sizeof(edges)];
        }
        uint8_t *file = malloc(bytes ? bytes : 1); /* an end that the sanitizer watches */
        assert_non_null(file);
        memcpy(file, whole, bytes);
        free(whole);
        muster_memory_release(&map, BOOT_OWNER_PAYLOAD);
        struct boot_payload payload = payload_of(file, bytes);
        struct boot_jump jump;
        if (boot_payload_load(&payload, &jump)) {
            refused++;
        } else {
            assert_true(jump.entry_phys >= ARENA && jump.entry_phys < ARENA_END);
            taken++;
        }
        free(file);
    }
    assert_true(taken > 1000 && refused > 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(multiboot1_elf_is_loaded_and_told),
        TEST(multiboot1_elf_of_64_bits_begins_where_it_lies_in_memory),
        TEST(multiboot1_file_with_load_addresses_need_be_no_elf),
        TEST(multiboot1_load_addresses_that_lie_are_refused),
        TEST(multiboot1_header_is_looked_for_in_8_kib_on_4_byte_borders),
        TEST(multiboot1_flags_that_cannot_be_met_are_refused_by_name),
        TEST(multiboot1_module_goes_to_a_page_border_where_that_is_asked),
        TEST(multiboot_has_no_word_for_a_device_tree),
        TEST(memory_sizes_end_at_the_first_hole),
        TEST(multiboot2_elf_is_loaded_and_told),
        TEST(multiboot2_rsdp_of_acpi_1_goes_as_the_old_tag),
        TEST(multiboot2_requests_are_met_or_refused_by_name),
        TEST(multiboot2_tags_that_cannot_be_met_are_refused_if_required),
        TEST(multiboot2_entry_tag_goes_before_the_elf_header),
        TEST(multiboot2_load_addresses_of_all_ones_mean_the_whole_file),
        TEST(multiboot2_relocatable_kernel_goes_where_it_prefers),
        TEST(multiboot2_kernel_without_a_place_is_refused),
        TEST(multiboot2_header_that_lies_about_lengths_is_refused),
        TEST(file_of_several_kinds_is_booted_by_what_tells_it_most),
        TEST(asking_for_what_a_file_is_not_is_refused),
        TEST(elf_that_is_wrong_is_refused_by_what_is_wrong),
        TEST(bzimage_whose_last_paragraph_is_not_filled_is_whole),
        TEST(ranges_of_one_type_are_told_as_one),
        TEST(mutated_files_load_within_memory_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
