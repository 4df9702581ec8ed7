#include "shim/chipset.h"

#include <stdint.h>

#include "boot/port.h"

/* PCI configuration by ports (PCI Local Bus 3.0, 3.2.2.3.2). */
#define PCI_ADDRESS 0xCF8
#define PCI_DATA    0xCFC
#define PCI_ENABLE  0x80000000u

/* The LPC bridge (Intel I/O Controller Hub 9, 13.1). */
#define LPC_DEVFN       (31u << 3)
#define LPC_ID          0x29188086u
#define LPC_PMBASE      0x40
#define LPC_ACPI_CNTL   0x44
#define LPC_ACPI_ENABLE 0x80
#define PM_BASE         0x600 /* where PC firmware under QEMU has always put it */
#define PM_BASE_IS_IO   1u

static uint32_t config_read(uint32_t devfn, uint32_t offset)
{
    port_out32(PCI_ADDRESS, PCI_ENABLE | devfn << 8 | offset);
    return port_in32(PCI_DATA);
}

static void config_write(uint32_t devfn, uint32_t offset, uint32_t value)
{
    port_out32(PCI_ADDRESS, PCI_ENABLE | devfn << 8 | offset);
    port_out32(PCI_DATA, value);
}

/* QEMU makes its tables anew when they are first asked for, from what is set up by then. */
void chipset_set_up(void)
{
    if (config_read(LPC_DEVFN, 0) != LPC_ID)
        return;
    config_write(LPC_DEVFN, LPC_PMBASE, PM_BASE | PM_BASE_IS_IO);
    config_write(LPC_DEVFN, LPC_ACPI_CNTL, LPC_ACPI_ENABLE);
}
