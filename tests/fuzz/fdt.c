/*
 * Device trees: as the only description, beside ACPI's, and what they keep of memory. An input:
 * flags, what is done, the BSP, and a tree.
 */
#include <muster/memory.h>

#include "abi/acpi.h"
#include "tests/fuzz/firmware.h"
#include "tests/fuzz/ranges.h"

#define TREE_PHYS 0x60000u
#define RSDP_PHYS 0xE0000u
#define XSDT_PHYS 0x10000u
#define MADT_PHYS 0x20000u
#define RANGES    32u

static struct firmware firmware;

/* ACPI's own side, for trees to be held against: the processors 0 and 1, and a mailbox. */
static struct {
    struct acpi_rsdp rsdp;
    struct __attribute__((packed)) {
        struct acpi_header header;
        uint64_t madt_phys;
    } xsdt;
    struct __attribute__((packed)) {
        struct acpi_madt madt;
        struct acpi_madt_local_apic cpus[2];
        struct acpi_madt_wakeup wakeup;
    } madt;
} acpi;

static void add_up(void *table, size_t bytes, uint8_t *checksum)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)table)[i]);
    *checksum = (uint8_t)(*checksum - sum);
}

static void make_acpi(void)
{
    if (acpi.rsdp.length)
        return;
    acpi.rsdp =
        (struct acpi_rsdp){.revision = 2, .length = sizeof(acpi.rsdp), .xsdt_address = XSDT_PHYS};
    memcpy(acpi.rsdp.signature, ACPI_RSDP_SIGNATURE, sizeof(acpi.rsdp.signature));
    add_up(&acpi.rsdp, ACPI_RSDP_V0_BYTES, &acpi.rsdp.checksum);
    add_up(&acpi.rsdp, sizeof(acpi.rsdp), &acpi.rsdp.extended_checksum);
    acpi.xsdt.header = (struct acpi_header){"XSDT", sizeof(acpi.xsdt), .revision = 1};
    acpi.xsdt.madt_phys = MADT_PHYS;
    add_up(&acpi.xsdt, sizeof(acpi.xsdt), &acpi.xsdt.header.checksum);
    acpi.madt.madt = (struct acpi_madt){.header = {"APIC", sizeof(acpi.madt), .revision = 5},
                                        .local_apic_address = 0xFEE00000u};
    for (uint8_t id = 0; id < 2; id++)
        acpi.madt.cpus[id] = (struct acpi_madt_local_apic){
            {ACPI_MADT_LOCAL_APIC, sizeof(acpi.madt.cpus[id])}, id, id, ACPI_MADT_ENABLED};
    acpi.madt.wakeup = (struct acpi_madt_wakeup){
        .entry = {ACPI_MADT_WAKEUP, sizeof(acpi.madt.wakeup)},
        .mailbox_version = 1,
        .mailbox_address = 0x7FFE0000,
    };
    add_up(&acpi.madt, sizeof(acpi.madt), &acpi.madt.madt.header.checksum);
}

static void compare(uint32_t bsp)
{
    make_acpi();
    firmware_put(&firmware, RSDP_PHYS, (const uint8_t *)&acpi.rsdp, sizeof(acpi.rsdp));
    firmware_put(&firmware, XSDT_PHYS, (const uint8_t *)&acpi.xsdt, sizeof(acpi.xsdt));
    firmware_put(&firmware, MADT_PHYS, (const uint8_t *)&acpi.madt, sizeof(acpi.madt));
    enum muster_status status = muster_discover_both(&firmware.machine, RSDP_PHYS, TREE_PHYS, bsp);
    firmware_check(&firmware, status);
    fuzz_require(status || firmware.machine.cpu_count == 2, "a tree added a processor to ACPI's");
}

static void keep_memory(void)
{
    struct muster_memory_range storage[RANGES];
    struct muster_memory_map map;
    struct muster_finding finding;
    muster_memory_init(&map, storage, RANGES);
    muster_memory_add(&map, 0, 0x80000000, MUSTER_MEMORY_USABLE);
    muster_memory_add_fdt(&map, &firmware.platform, TREE_PHYS, &finding);
    ranges_check(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    unsigned flags = (unsigned)fuzz_number(&input, 1);
    unsigned what = (unsigned)fuzz_number(&input, 1) % 3;
    uint32_t bsp = (uint32_t)fuzz_number(&input, 2);
    if (flags & FIRMWARE_UNKNOWN_BSP)
        bsp = MUSTER_BSP_UNKNOWN;
    firmware_begin(&firmware, flags, &input);
    firmware_put(&firmware, TREE_PHYS, input.at, input.left);
    if (what == 0)
        firmware_check(&firmware, muster_discover_fdt(&firmware.machine, TREE_PHYS, bsp));
    else if (what == 1)
        compare(bsp);
    else
        keep_memory();
    firmware_forget_maps(&firmware);
    return 0;
}
