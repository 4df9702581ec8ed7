/*
 * The shim, in boot order: it plays the firmware's side. Every AP is started, parked behind the
 * ACPI mailbox, and described in the MADT and in a device tree; then an unmodified kernel is booted
 * on top.
 */
#include "abi/handover.h"
#include "abi/multiboot2.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/hyperv.h"
#include "boot/image.h"
#include "boot/json.h"
#include "boot/mark.h"
#include "boot/native.h"
#include "boot/td.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/instructions.h"
#include "shim/bios.h"
#include "shim/shim.h"
#include "shim/td/layout.h"

struct shim shim;

static struct muster_memory_range ranges[SHIM_RANGES];

void shim_fail(const char *kind, const char *text)
{
    json_begin("shim", "error");
    if (kind)
        json_text("kind", kind);
    json_text("text", text);
    json_end();
    console_printf("muster-shim: %s\n", text);
    if (td_is_active())
        td_report_fatal(text);
    native_halt();
}

void shim_fail_status(const char *what, enum muster_status status)
{
    char text[256];
    text_format(text, sizeof(text), "%s: %s (%s)", what, muster_error_text(status),
                muster_error_name(status));
    shim_fail(NULL, text);
}

static void read_source(uint64_t info_phys, uint32_t magic)
{
    muster_memory_init(&shim.map, ranges, SHIM_RANGES);
    shim.source = (struct boot_source){.platform = &shim.platform, .map = &shim.map};
    bool firmware = magic == TD_BOOT_MAGIC;
    shim.host = firmware ? shim_host_of_firmware(&shim.platform) : &shim_host_loader;
    const char *error = shim.host->begin(&shim.platform);
    if (error)
        shim_fail("environment", error);
    if (firmware)
        error = boot_source_from_hob(&shim.source, info_phys);
    else if (magic == MULTIBOOT2_LOADER_MAGIC)
        error = boot_source_from_multiboot2(&shim.source, info_phys);
    else
        error = boot_source_from_multiboot(&shim.source, info_phys, magic);
    if (error)
        shim_fail("usage", error);
    error = shim_options_read(shim.source.options, &shim.options);
    if (error)
        shim_fail("usage", error);
    if (!firmware && !shim.source.rsdp_phys)
        shim.source.rsdp_phys = muster_rsdp_scan(&shim.platform);
}

/* What either form costs: memory taken, and how much of it the tables fill. */
static void report_tables(void)
{
    json_hex("page_tables", shim.tables_phys);
    json_text("ap_tables", shim.options.tables_each ? "each" : "shared");
    json_number("ap_tables_bytes", shim.tables_bytes);
    json_number("ap_tables_used_bytes", shim_tables_used_bytes());
}

static void report_ready(void)
{
    json_begin("shim", "ready");
    json_number("cpus", shim.machine.cpu_count);
    json_text("way", muster_way_name(shim.plan.way));
    json_hex("ap_cr3", shim.tables_phys);
    json_hex("mailbox", (uint64_t)shim.mailbox);
    json_number("mailbox_version", shim.options.mailbox_version);
    json_hex("reset_vector", shim.reset_vector_phys);
    static const char *const tables[] = {
        [SHIM_TABLES_ACPI] = "acpi", [SHIM_TABLES_FDT] = "fdt", [SHIM_TABLES_BOTH] = "both"};
    json_text("tables", tables[shim.options.tables]);
    static const char *const types[] = {[MUSTER_MEMORY_USABLE] = "usable",
                                        [MUSTER_MEMORY_NVS] = "nvs",
                                        [MUSTER_MEMORY_RESERVED] = "reserved"};
    json_text("firmware_memory", types[shim.options.tables_type]);
    report_tables();
    json_number("paging_levels", shim.options.levels);
    if (shim.plan.way == MUSTER_WAY_HYPERV)
        json_number("vtl", shim.options.vtl);
    clock_report(&shim.clock);
    json_open("failed", '[');
    for (uint32_t i = 0; i < shim.machine.cpu_count; i++)
        if (shim.machine.cpus[i].enabled && !shim_cpu_is_there(i))
            json_number(NULL, shim.machine.cpus[i].apic_id);
    json_close(']');
    json_end();
}

static void hand_over(const struct boot_jump *jump)
{
    json_begin("shim", "handover");
    json_text("protocol", boot_protocol_name(jump->protocol));
    json_end();
    mark_write(&shim.platform, HANDOVER_MARK);
    hyperv_end(&shim.platform);
    write_cr3(shim.boot_tables_phys);
    shim_watch_begin();
    boot_jump_to(jump);
}

static void load_payload(struct boot_jump *jump)
{
    struct boot_payload payload = {
        .map = &shim.map,
        .kernel = shim.source.kernel,
        .initrd = shim.source.initrd,
        .further = shim.source.further,
        .screen = shim.source.screen,
        .cmdline = shim.source.cmdline,
        .initrd_words = shim.source.initrd_words,
        .rsdp_phys = shim.options.tables & SHIM_TABLES_ACPI ? shim.rsdp_phys : 0,
        .fdt_bytes = shim_fdt_bytes(),
        .protocol = shim.options.protocol,
    };
    const char *error = boot_payload_load(&payload, jump);
    if (error)
        shim_fail("environment", error);
    shim_fdt_publish(&payload, jump);
    if (jump->magic)
        bios_data_fill(&shim.map, 0);
    if (jump->magic && payload.rsdp_phys && shim.bios_page_phys)
        bios_rsdp_publish(&shim.map, shim.bios_page_phys, payload.rsdp_phys, 0);
}

void boot_main(uint64_t info_phys, uint32_t magic)
{
    td_begin();
    console_init();
    native_platform_init(&shim.platform, FOUR_GIB);
    read_source(info_phys, magic);
    uint64_t home = shim_home_find();
    if (home != (uint64_t)image_start)
        shim_home_move(home, info_phys, magic);

    if (!shim.source.at_home)
        shim_modules_move();
    clock_check_reference(&shim.platform, &shim.clock);
    shim_layout();
    shim_processors_start();
    shim.rsdp_phys = shim_acpi_publish();
    report_ready();

    struct boot_jump jump;
    load_payload(&jump);
    hand_over(&jump);
}
