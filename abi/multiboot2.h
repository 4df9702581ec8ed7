/**
 * Multiboot 2 (specification 2.0): the header by which a loader finds an image (3.1), the state it
 * enters it in (3.3) and the information that it leaves (3.6).
 */
#ifndef ABI_MULTIBOOT2_H
#define ABI_MULTIBOOT2_H

/* The header: on an 8-byte border, whole within the first 32 KiB of the file. */
#define MULTIBOOT2_HEADER_MAGIC 0xE85250D6
#define MULTIBOOT2_SEARCH_BYTES 32768
#define MULTIBOOT2_HEADER_ALIGN 8
#define MULTIBOOT2_ARCHITECTURE 0          /* 32-bit protected mode of i386 */
#define MULTIBOOT2_LOADER_MAGIC 0x36D76289 /* in EAX at entry; EBX: the information */
#define MULTIBOOT2_TAG_ALIGN    8          /* of header tags and of information tags */

/* Tags of the header (3.1.3 to 3.1.13). */
#define MULTIBOOT2_HEADER_END         0
#define MULTIBOOT2_HEADER_REQUEST     1
#define MULTIBOOT2_HEADER_ADDRESS     2
#define MULTIBOOT2_HEADER_ENTRY       3
#define MULTIBOOT2_HEADER_CONSOLE     4
#define MULTIBOOT2_HEADER_FRAMEBUFFER 5
#define MULTIBOOT2_HEADER_MODULES     6
#define MULTIBOOT2_HEADER_EFI_BS      7
#define MULTIBOOT2_HEADER_ENTRY_EFI32 8
#define MULTIBOOT2_HEADER_ENTRY_EFI64 9
#define MULTIBOOT2_HEADER_RELOCATABLE 10

#define MULTIBOOT2_HEADER_OPTIONAL 1 /* a tag's flag: go on without it */

#define MULTIBOOT2_CONSOLE_EGA_TEXT 2 /* the image can use EGA text */

#define MULTIBOOT2_PREFER_NONE 0
#define MULTIBOOT2_PREFER_LOW  1
#define MULTIBOOT2_PREFER_HIGH 2

/* Tags of the information (3.6.2 to 3.6.20). */
#define MULTIBOOT2_TAG_END         0
#define MULTIBOOT2_TAG_CMDLINE     1
#define MULTIBOOT2_TAG_LOADER_NAME 2
#define MULTIBOOT2_TAG_MODULE      3
#define MULTIBOOT2_TAG_MEMORY      4
#define MULTIBOOT2_TAG_MMAP        6
#define MULTIBOOT2_TAG_FRAMEBUFFER 8
#define MULTIBOOT2_TAG_EFI64       12
#define MULTIBOOT2_TAG_RSDP_OLD    14
#define MULTIBOOT2_TAG_RSDP_NEW    15
#define MULTIBOOT2_TAG_EFI_MMAP    17
#define MULTIBOOT2_TAG_EFI_BS      18 /* boot services are still there */
#define MULTIBOOT2_TAG_LOAD_BASE   21

#ifndef __ASSEMBLER__
#include <stdint.h>

/* ---- The header. ---- */

struct multiboot2_header {
    uint32_t magic;
    uint32_t architecture;
    uint32_t bytes;    /* of the header, all tags included */
    uint32_t checksum; /* makes the sum of all four 0 */
};
_Static_assert(sizeof(struct multiboot2_header) == 16, "Multiboot 2.0, 3.1.2");

struct multiboot2_header_tag {
    uint16_t type;
    uint16_t flags;
    uint32_t bytes; /* this included; the next tag is on the next 8-byte border */
};
_Static_assert(sizeof(struct multiboot2_header_tag) == 8, "Multiboot 2.0, 3.1.3");

struct multiboot2_header_address {
    struct multiboot2_header_tag tag;
    uint32_t header_phys;
    uint32_t load_phys;
    uint32_t load_end_phys; /* 0: the end of the file */
    uint32_t bss_end_phys;  /* 0: there is no BSS */
};
_Static_assert(sizeof(struct multiboot2_header_address) == 24, "Multiboot 2.0, 3.1.5");

struct multiboot2_header_entry {
    struct multiboot2_header_tag tag;
    uint32_t entry_phys;
};
_Static_assert(sizeof(struct multiboot2_header_entry) == 12, "Multiboot 2.0, 3.1.6");

struct multiboot2_header_relocatable {
    struct multiboot2_header_tag tag;
    uint32_t lowest_phys;
    uint32_t highest_phys; /* the image's last byte lies not above */
    uint32_t align;
    uint32_t preference;
};
_Static_assert(sizeof(struct multiboot2_header_relocatable) == 24, "Multiboot 2.0, 3.1.11");

/* ---- The information. ---- */

struct multiboot2_information {
    uint32_t bytes; /* all of it, this and the last tag included */
    uint32_t reserved;
};
_Static_assert(sizeof(struct multiboot2_information) == 8, "Multiboot 2.0, 3.6.1");

struct multiboot2_tag {
    uint32_t type;
    uint32_t bytes; /* this included; the next tag is on the next 8-byte border */
};
_Static_assert(sizeof(struct multiboot2_tag) == 8, "Multiboot 2.0, 3.6.2");

/* Behind it the text, up to and with its zero; so is a command line behind struct multiboot2_tag.
 */
struct multiboot2_module_tag {
    struct multiboot2_tag tag;
    uint32_t start_phys;
    uint32_t end_phys;
};
_Static_assert(sizeof(struct multiboot2_module_tag) == 16, "Multiboot 2.0, 3.6.6");

/* KiB from 0 and from 1 MiB up. */
struct multiboot2_memory_tag {
    struct multiboot2_tag tag;
    uint32_t lower_kib;
    uint32_t upper_kib;
};
_Static_assert(sizeof(struct multiboot2_memory_tag) == 16, "Multiboot 2.0, 3.6.4");

struct multiboot2_mmap_tag {
    uint32_t type;
    uint32_t size;
    uint32_t entry_size; /* a multiple of 8, at least 24 */
    uint32_t entry_version;
};
_Static_assert(sizeof(struct multiboot2_mmap_tag) == 16, "Multiboot 2.0, 3.6.8");

struct multiboot2_mmap_entry {
    uint64_t start_phys;
    uint64_t bytes;
    uint32_t type; /* enum e820_type */
    uint32_t reserved;
};
_Static_assert(sizeof(struct multiboot2_mmap_entry) == 24, "Multiboot 2.0, 3.6.8");

/* Where a relocatable image has been loaded to. */
struct multiboot2_load_base_tag {
    struct multiboot2_tag tag;
    uint32_t phys;
};
_Static_assert(sizeof(struct multiboot2_load_base_tag) == 12, "Multiboot 2.0, 3.6.20");

/* UEFI's own map; its descriptors are abi/efi.h's. */
struct multiboot2_efi_mmap_tag {
    struct multiboot2_tag tag;
    uint32_t entry_bytes;
    uint32_t entry_version;
};
_Static_assert(sizeof(struct multiboot2_efi_mmap_tag) == 16, "Multiboot 2.0, 3.6.17");

enum multiboot2_framebuffer_type {
    MULTIBOOT2_FRAMEBUFFER_INDEXED = 0,
    MULTIBOOT2_FRAMEBUFFER_RGB = 1,
    MULTIBOOT2_FRAMEBUFFER_EGA_TEXT = 2, /* width and height in characters */
};

struct multiboot2_framebuffer_tag {
    struct multiboot2_tag tag;
    uint64_t phys;
    uint32_t pitch_bytes;
    uint32_t width;
    uint32_t height;
    uint8_t bits_per_pixel;
    uint8_t type; /* enum multiboot2_framebuffer_type */
    uint16_t reserved;
};
_Static_assert(sizeof(struct multiboot2_framebuffer_tag) == 32, "Multiboot 2.0, 3.6.12");

/* Behind it, for type RGB. */
struct multiboot2_framebuffer_rgb {
    uint8_t red_bit, red_bits;
    uint8_t green_bit, green_bits;
    uint8_t blue_bit, blue_bits;
};
_Static_assert(sizeof(struct multiboot2_framebuffer_rgb) == 6, "Multiboot 2.0, 3.6.12");
#endif

#endif
