/* The local APIC's timer (SDM vol. 3, 11.5.4): a waiting AP sleeps by it between two looks. */
#include "abi/x86.h"
#include "boot/native.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/instructions.h"
#include "shim/shim.h"

#define CALIBRATION_MS 2u

static void timer_write(uint32_t offset, uint32_t value)
{
    apic_write(&shim.platform, muster_apic_is_x2(&shim.platform), offset, value);
}

void shim_timer_calibrate(void)
{
    timer_write(APIC_LVT_TIMER, APIC_LVT_MASKED | SHIM_TIMER_VECTOR);
    timer_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
    timer_write(APIC_TIMER_INITIAL, UINT32_MAX);
    native_delay_ns(CALIBRATION_MS * 1000000u);
    uint32_t left =
        apic_read(&shim.platform, muster_apic_is_x2(&shim.platform), APIC_TIMER_CURRENT);
    timer_write(APIC_TIMER_INITIAL, 0);
    shim.timer_ticks_per_ms = (UINT32_MAX - left) / CALIBRATION_MS;
}

/* Once on every arrival, and not for every nap: in a TD each write is a call of the host. */
void shim_timer_on(void)
{
    timer_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
    timer_write(APIC_LVT_TIMER, SHIM_TIMER_VECTOR);
}

void shim_timer_nap(uint32_t ms)
{
    if (!shim.timer_ticks_per_ms) {
        cpu_pause(); /* a timer that stands still would never end the nap */
        return;
    }
    timer_write(APIC_TIMER_INITIAL, shim.timer_ticks_per_ms * ms);
    native_idle();
}

/* A tick that is already on its way is taken here and not by the OS. */
void shim_timer_off(void)
{
    timer_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
    timer_write(APIC_TIMER_INITIAL, 0);
    interrupts_let_in();
}
