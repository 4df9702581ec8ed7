/* The reference kernel, in boot order. */
#include "boot/console.h"
#include "boot/native.h"
#include "boot/image.h"
#include "boot/td.h"
#include "kernel/bringup.h"
#include "kernel/display.h"
#include "kernel/fatal.h"
#include "kernel/firmware.h"
#include "kernel/hotadd.h"
#include "kernel/kernel.h"
#include "kernel/loader.h"
#include "kernel/memory.h"
#include "kernel/next.h"
#include "kernel/paging.h"
#include "kernel/proof.h"
#include "kernel/report.h"
#include "lib/cpu/instructions.h"

static void prove_all(void)
{
    bringup_measure_clocks();
    hotadd_run();
    proofs_run();
}

void boot_main(uint64_t info_phys, uint32_t magic)
{
    td_begin();
    console_init();
    console_write("\nMuster kernel: wakes every processor and proves it alive\n");
    struct loader *loader = loader_read(info_phys, magic);
    kernel.by_pvh = loader_is_pvh(info_phys);
    display_open(&loader->screen);
    console_printf("command line: %s\n", loader->cmdline);
    options_read(loader->cmdline, &kernel.options);

    platform_set_up();
    clock_set_up();
    memory_describe(loader);
    next_find(loader);
    bringup_discover(loader->platform.rsdp_phys, loader->platform.fdt_phys);
    hotadd_check();
    bringup_take_custody();
    next_check();
    paging_build();
    paging_enter();
    display_open_late();
    bringup_prepare();

    bringup_leave_in_firmware();
    bringup_adopt();
    bringup_send_nmis();
    bringup_await_machine_checks();
    bringup_stay_parked();
    if (kernel.options.prove)
        prove_reset_vector();
    bringup_start();
    firmware_look();
    bringup_settle_custody();
    if (kernel.options.prove)
        prove_all();
    report_write();
    if (kernel.options.then_boot)
        next_boot();
    display_show();
    report_end();
    stop_other_cpus();
    display_turn_pages();
    native_halt();
}
