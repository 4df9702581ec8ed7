/**
 * What a boot program can boot: a Linux bzImage or a PVH ELF. Each loader places everything by
 * the memory map and says where to jump; the jump itself comes last.
 */
#ifndef BOOT_PAYLOAD_H
#define BOOT_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/memory.h>

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
    struct boot_module further; /* a second module; for PVH kernels only */
    struct boot_module screen;  /* Multiboot 2's framebuffer tag; for PVH kernels only */
    const char *cmdline;
    const char *initrd_words; /* the initrd's own command line, for PVH kernels; NULL: none */
    uint64_t rsdp_phys;       /* 0: none is passed on */
    uint64_t fdt_bytes;       /* room for a device tree, to be written before the jump; 0: none */
};

/** Where a loaded payload begins. */
struct boot_jump {
    bool long_mode; /* Linux's 64-bit entry; else PVH's 32-bit entry */
    uint64_t entry_phys;
    uint64_t argument;    /* boot_params (RSI), or PVH start info (EBX) */
    uint64_t fdt_phys;    /* where the payload looks for its device tree; on an 8-byte border */
    uint64_t initrd_phys; /* where the initrd has come to lie */
};

/** Load whichever it is. NULL, or a sentence that says why not. */
const char *boot_payload_load(const struct boot_payload *payload, struct boot_jump *jump);

/** boot/bzimage.c: Linux's 64-bit boot protocol, 2.12 and later. */
bool bzimage_is(const struct boot_module *kernel);
const char *bzimage_load(const struct boot_payload *payload, struct boot_jump *jump);

/** boot/pvh_elf.c: an ELF, of 32 or 64 bits, with a PVH note. */
bool pvh_elf_is(const struct boot_module *kernel);
const char *pvh_elf_load(const struct boot_payload *payload, struct boot_jump *jump);

/** A page-aligned, zeroed piece of memory for what the payload is told; 0 if there is none. */
uint64_t boot_payload_memory(const struct boot_payload *payload, uint64_t bytes);

/** Jump. Interrupts off, on page tables that map the payload 1:1, writable and executable, and
 *  this code below 4 GiB. Does not come back. */
__attribute__((noreturn)) void boot_jump_to(const struct boot_jump *jump);

/** 32-bit protected mode, flat, paging off: @entry with EBX = @ebx and EAX = @eax. */
__attribute__((noreturn)) void boot_jump_32(uint32_t entry, uint32_t ebx, uint32_t eax,
                                            bool keep_efer);

#endif
