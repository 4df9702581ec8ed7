#include "boot/mark.h"

#include <muster/cpu.h>

#include "abi/x86.h"

static void set_timer(const struct muster_platform *platform, bool x2, uint32_t value)
{
    if (x2)
        platform->msr_write(platform->context, MSR_X2APIC + APIC_TIMER_INITIAL / 16, value);
    else
        platform->apic_write(platform->context, APIC_TIMER_INITIAL, value);
}

void mark_write(const struct muster_platform *platform, uint32_t mark)
{
    bool x2 = muster_apic_is_x2(platform);
    set_timer(platform, x2, mark);
    set_timer(platform, x2, 0);
}
