#include "boot/payload.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "boot/td.h"

#define FOUR_GIB 0x100000000u
#define ONE_MIB  0x100000u

/* boot/jump.S */
__attribute__((noreturn)) void boot_jump_linux(uint64_t entry, uint64_t boot_params);

const char *boot_payload_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    if (bzimage_is(&payload->kernel))
        return bzimage_load(payload, jump);
    if (pvh_elf_is(&payload->kernel))
        return pvh_elf_load(payload, jump);
    return "the kernel is neither a Linux bzImage nor an ELF; give one of these";
}

uint64_t boot_payload_memory(const struct boot_payload *payload, uint64_t bytes)
{
    uint64_t phys;
    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (muster_memory_allocate(payload->map, bytes, PAGE_BYTES, ONE_MIB, FOUR_GIB,
                               BOOT_OWNER_PAYLOAD, &phys))
        return 0;
    memset((void *)phys, 0, bytes);
    return phys;
}

void boot_jump_to(const struct boot_jump *jump)
{
    if (jump->long_mode)
        boot_jump_linux(jump->entry_phys, jump->argument);
    boot_jump_32((uint32_t)jump->entry_phys, (uint32_t)jump->argument, 0, td_is_active());
}
