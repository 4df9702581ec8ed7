/*
 * The other way to send an INIT: an entry of the I/O APIC (82093AA, 3.2.4) with that delivery mode.
 * QEMU would reset the target out of its guest, so such an entry is never written.
 */
#include "monitor/ioapic.h"

#include "abi/conformance.h"
#include "abi/x86.h"
#include "boot/lock.h"
#include "monitor/devices.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/report.h"

#define SELECT      0x00 /* offsets in its page */
#define WINDOW      0x10
#define FIRST_ENTRY 0x10 /* registers: the lower and the upper half of each entry */
#define LAST_ENTRY  0x3F

/* Which register the window leads to is the device's state, whoever selected it. */
static struct muster_word lock;

static uint32_t selected(void)
{
    uint64_t value = 0;
    devices_access(IOAPIC_PHYS + SELECT, 4, false, &value);
    return (uint32_t)value;
}

static bool starts_processor(uint32_t which, uint64_t value)
{
    uint32_t mode = (uint32_t)value & ICR_DELIVERY_MODE;
    return which >= FIRST_ENTRY && which <= LAST_ENTRY && which % 2 == 0 &&
           (mode == ICR_INIT || mode == ICR_SIPI);
}

/* As with the ICR the write succeeds, and nothing comes of it. */
static void refuse(struct vcpu *vcpu, uint32_t which, uint64_t value)
{
    bool init = (value & ICR_DELIVERY_MODE) == ICR_INIT;
    report_finding(vcpu, init ? RULE_NO_INIT : RULE_NO_SIPI, IOAPIC_PHYS + WINDOW, value,
                   "%s by entry %u of the I/O APIC: refused, no processor here is started by that",
                   init ? "INIT" : "SIPI", (which - FIRST_ENTRY) / 2);
}

bool ioapic_mmio(struct vcpu *vcpu, uint64_t phys, unsigned bytes, bool write, uint64_t *value)
{
    lock_take(&lock);
    bool to_window =
        write && phys < IOAPIC_PHYS + WINDOW + 4 && phys + bytes > IOAPIC_PHYS + WINDOW;
    uint32_t which = to_window ? selected() : 0;
    /* Whatever its width: QEMU takes the value as that of the whole register. */
    bool starts = to_window && starts_processor(which, *value);
    if (!starts)
        devices_access(phys, bytes, write, value);
    lock_drop(&lock);
    if (starts)
        refuse(vcpu, which, *value);
    return true;
}
