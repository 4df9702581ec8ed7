/* The reference kernel, in boot order. */
#include "abi/pvh.h"
#include "boot/console.h"
#include "boot/native.h"
#include "boot/image.h"
#include "boot/td.h"
#include "kernel/bringup.h"
#include "kernel/fatal.h"
#include "kernel/hotadd.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"
#include "kernel/next.h"
#include "kernel/paging.h"
#include "kernel/proof.h"
#include "kernel/report.h"
#include "lib/cpu/instructions.h"

#define CMDLINE_BYTES 4096u

/* The loader's start info, if it is one. */
static const struct pvh_start_info *start_info(uint64_t info_phys)
{
    const struct pvh_start_info *info = (const struct pvh_start_info *)info_phys;
    memory_require_mapped("start info", info_phys, sizeof(*info));
    if (info->magic != PVH_START_MAGIC)
        fatal("the start info at 0x%lx has magic 0x%x instead of 0x%x: not booted by PVH",
              info_phys, info->magic, PVH_START_MAGIC);
    return info;
}

static const char *command_line(const struct pvh_start_info *info)
{
    if (!info->cmdline_phys)
        return "";
    const char *text = (const char *)info->cmdline_phys;
    for (uint64_t length = 0; length < CMDLINE_BYTES; length++) {
        memory_require_mapped("command line", info->cmdline_phys, length + 1);
        if (!text[length])
            return text;
    }
    fatal("the command line at 0x%lx does not end within %u bytes", info->cmdline_phys,
          CMDLINE_BYTES);
}

void boot_main(uint64_t info_phys, uint32_t magic)
{
    (void)magic;
    td_begin();
    console_init();
    console_write("\nMuster kernel: wakes every processor and proves it alive\n");
    const struct pvh_start_info *info = start_info(info_phys);
    const char *cmdline = command_line(info);
    console_printf("command line: %s\n", cmdline);
    options_read(cmdline, &kernel.options);

    platform_set_up();
    clock_set_up();
    memory_describe(info);
    next_find(info);
    bringup_discover(info->rsdp_phys, memory_module(info, PVH_MODULE_FDT));
    hotadd_check();
    bringup_take_custody();
    next_check();
    paging_build();
    paging_enter();
    bringup_prepare();

    bringup_adopt();
    bringup_stay_parked();
    prove_reset_vector();
    bringup_release_custody();
    bringup_measure_clocks();
    bringup_start();

    hotadd_run();
    proofs_run();
    report_write();
    if (kernel.options.then_boot)
        next_boot();
    report_end();
    stop_other_cpus();
    native_halt();
}
