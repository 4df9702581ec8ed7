#include "boot/payload.h"
#include "boot/td.h"
#include "lib/cpu/instructions.h"

/* boot/jump.S */
__attribute__((noreturn)) void boot_jump_linux(uint64_t entry, uint64_t boot_params);

void boot_jump_to(const struct boot_jump *jump)
{
    clear_breakpoints();
    if (jump->long_mode)
        boot_jump_linux(jump->entry_phys, jump->argument);
    boot_jump_32((uint32_t)jump->entry_phys, (uint32_t)jump->argument, jump->magic, td_is_active());
}
