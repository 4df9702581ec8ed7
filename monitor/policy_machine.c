#include "monitor/policy_machine.h"

#include "abi/fw_cfg.h"
#include "abi/x86.h"
#include "monitor/devices.h"
#include "monitor/ioapic.h"
#include "monitor/layout.h"
#include "monitor/npt.h"

const struct policy_port machine_ports[MACHINE_PORTS] = {
    {0x0000, 0x001F, POLICY_ALLOW, NULL, "DMA controller"},
    {0x0020, 0x0021, POLICY_ALLOW, NULL, "PIC"},
    {0x0040, 0x0043, POLICY_ALLOW, NULL, "PIT"},
    {0x0060, 0x0061, POLICY_ALLOW, NULL, "keyboard, port B"},
    {0x0064, 0x0064, POLICY_EMULATE, port_reset, "keyboard"},
    {0x0070, 0x0077, POLICY_ALLOW, NULL, "CMOS"},
    {0x0080, 0x008F, POLICY_ALLOW, NULL, "POST codes, DMA pages"},
    {0x0092, 0x0092, POLICY_EMULATE, port_reset, "port A"},
    {0x00A0, 0x00A1, POLICY_ALLOW, NULL, "PIC"},
    {0x00B2, 0x00B3, POLICY_ALLOW, NULL, "APM"},
    {0x00C0, 0x00DF, POLICY_ALLOW, NULL, "DMA controller"},
    {0x00E9, 0x00E9, POLICY_EMULATE, port_debug_console, "debug console"},
    {0x00ED, 0x00ED, POLICY_IGNORE, NULL, "delay"},
    {0x0402, 0x0402, POLICY_ALLOW, NULL, "firmware's debug console"},
    {0x02E8, 0x02EF, POLICY_ALLOW, NULL, "COM4"},
    {0x02F8, 0x02FF, POLICY_ALLOW, NULL, "COM2"},
    {0x03B0, 0x03DF, POLICY_ALLOW, NULL, "VGA"},
    {0x03E8, 0x03EF, POLICY_ALLOW, NULL, "COM3"},
    {0x03F0, 0x03F7, POLICY_ALLOW, NULL, "floppy"},
    {0x03F8, 0x03FF, POLICY_ALLOW, NULL, "COM1"},
    {0x04D0, 0x04D1, POLICY_ALLOW, NULL, "PIC edge or level"},
    {FW_CFG_PORT_SELECTOR, FW_CFG_PORT_DATA, POLICY_ALLOW, NULL, "fw_cfg"},
    {FW_CFG_PORT_DMA_HIGH, FW_CFG_PORT_DMA_LOW + 3, POLICY_EMULATE, port_fw_cfg_dma, "fw_cfg DMA"},
    {0x0601, 0x0605, POLICY_EMULATE, port_power, "ACPI PM1: no suspend to RAM"},
    {0x0600, 0x067F, POLICY_ALLOW, NULL, "ACPI PM"},
    {0x0CD8, 0x0CE3, POLICY_ALLOW, NULL, "CPU hotplug"},
    {0x0CC0, 0x0CD7, POLICY_ALLOW, NULL, "PCI hotplug"},
    {0x0CF9, 0x0CF9, POLICY_EMULATE, port_reset, "chipset reset"},
    {0x0CF8, 0x0CFF, POLICY_ALLOW, NULL, "PCI configuration"},
    {0x1000, 0xFFFF, POLICY_ALLOW, NULL, "PCI devices"},
    {0x0000, 0xFFFF, POLICY_IGNORE, NULL, "nothing: reads as all ones"},
};

const struct policy_range machine_ranges[MACHINE_RANGES] = {
    {APIC_DEFAULT_PHYS, APIC_DEFAULT_PHYS + PAGE_BYTES - 1, POLICY_REFUSE, NULL,
     "the local APIC: the guest's is an x2APIC"},
    {IOAPIC_PHYS, IOAPIC_PHYS + PAGE_BYTES - 1, POLICY_ALLOW, ioapic_mmio, "the I/O APIC"},
    {ROM_PHYS, GUEST_FOUR_GIB - 1, POLICY_REFUSE, NULL, "the monitor's ROM"},
    {GUEST_LOW_END, ROM_PHYS - 1, POLICY_ALLOW, NULL, "devices below 4 GiB"},
    {MONITOR_PHYS, MONITOR_RAM_END - 1, POLICY_REFUSE, NULL, "the monitor's memory"},
    {MONITOR_RAM_END, GUEST_SHARED_BIT - 1, POLICY_ALLOW, NULL, "devices above 4 GiB"},
};
