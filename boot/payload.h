/**
 * What a boot program can boot: a Linux bzImage, a PVH ELF, or what a Multiboot header describes.
 * Each loader places everything by the memory map and says where to jump; the jump itself comes
 * last.
 */
#ifndef BOOT_PAYLOAD_H
#define BOOT_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/memory.h>

#include "abi/e820.h"
#include "abi/sizes.h"

/** How a kernel is loaded, entered and told. */
enum boot_protocol {
    BOOT_AUTO, /* the first of the following that the file is made for */
    BOOT_LINUX,
    BOOT_PVH,
    BOOT_MULTIBOOT2,
    BOOT_MULTIBOOT1,
};

struct boot_module {
    uint64_t phys;
    uint64_t bytes; /* 0: there is none */
};

/** Owner, in the memory map, of all that a payload is given: usable again once it has booted. */
#define BOOT_OWNER_PAYLOAD (MUSTER_OWNER_HOST + 0x100)

/** What to boot, and all that it is to be told. */
struct boot_payload {
    struct muster_memory_map *map; /* modules are owned by MUSTER_OWNER_BOOT */
    struct boot_module kernel;
    struct boot_module initrd;
    struct boot_module further; /* a second module; Linux takes none */
    struct boot_module screen;  /* Multiboot 2's framebuffer tag; for PVH kernels only */
    const char *cmdline;
    const char *initrd_words; /* the initrd's own command line; Linux takes none; NULL: none */
    uint64_t rsdp_phys;       /* 0: none is passed on */
    uint64_t fdt_bytes;       /* room for a device tree, to be written before the jump; 0: none */
    enum boot_protocol protocol;
};

/** Where a loaded payload begins. */
struct boot_jump {
    enum boot_protocol protocol; /* that it was loaded by */
    bool long_mode;              /* Linux's 64-bit entry; else 32-bit protected mode */
    uint64_t entry_phys;
    uint64_t argument;    /* boot_params (RSI); else start info or Multiboot information (EBX) */
    uint32_t magic;       /* EAX: Multiboot's; 0 for PVH */
    uint64_t fdt_phys;    /* where the payload looks for its device tree; on an 8-byte border */
    uint64_t initrd_phys; /* where the initrd has come to lie */
};

/** "linux", "pvh" ... as the shim's option has it. */
const char *boot_protocol_name(enum boot_protocol protocol);

/** Load whichever it is. NULL, or a sentence that says why not. */
const char *boot_payload_load(const struct boot_payload *payload, struct boot_jump *jump);

/** boot/bzimage.c: Linux's 64-bit boot protocol, 2.12 and later. */
bool bzimage_is(const struct boot_module *kernel);
const char *bzimage_load(const struct boot_payload *payload, struct boot_jump *jump);

/** boot/pvh_elf.c: an ELF, of 32 or 64 bits, with a PVH entry point among its notes. */
bool pvh_elf_is(const struct boot_module *kernel);
const char *pvh_elf_load(const struct boot_payload *payload, struct boot_jump *jump);

/** boot/multiboot1_kernel.c: an ELF, or any file whose header has load addresses (Multiboot
 * 0.6.96). */
bool multiboot1_is(const struct boot_module *kernel);
const char *multiboot1_load(const struct boot_payload *payload, struct boot_jump *jump);

/** boot/multiboot2_kernel.c: the same by Multiboot 2.0. */
bool multiboot2_is(const struct boot_module *kernel);
const char *multiboot2_load(const struct boot_payload *payload, struct boot_jump *jump);

/** A page-aligned, zeroed piece of memory for what the payload is told; 0 if there is none. */
uint64_t boot_payload_memory(const struct boot_payload *payload, uint64_t bytes);

/**
 * The map as a payload is told of it: neighbours of one type are one range. @next is 0 at first.
 * False: there is no further one.
 */
bool boot_payload_range(const struct muster_memory_map *map, uint32_t *next,
                        struct e820_entry *range);

/** Put a module somewhere below @limit_phys, page-aligned. NULL, or a sentence. */
const char *boot_payload_move(const struct boot_payload *payload, struct boot_module *module,
                              uint64_t limit_phys);

/** Jump. Interrupts off, on page tables that map the payload 1:1, writable and executable, and
 *  this code below 4 GiB. Does not come back. */
__attribute__((noreturn)) void boot_jump_to(const struct boot_jump *jump);

/** 32-bit protected mode, flat, paging off: @entry with EBX = @ebx and EAX = @eax. */
__attribute__((noreturn)) void boot_jump_32(uint32_t entry, uint32_t ebx, uint32_t eax,
                                            bool keep_efer);

#endif
