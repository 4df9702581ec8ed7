/* Nothing happens for a while, for whoever measures what CPUs cost that wait. */
#include "boot/json.h"
#include "boot/timer.h"
#include "kernel/bringup.h"
#include "kernel/kernel.h"

#define NS_PER_MS 1000000u
#define NAP_MS    1000u /* each end of a nap wakes QEMU, which is not the others' cost */

static void tell(const char *event)
{
    json_begin("kernel", event);
    json_end();
}

/* Asleep, the BSP costs nothing itself: what is measured is the others'. */
static void sleep_ns(uint64_t ns)
{
    uint64_t now = time_now_ns(), end = now + ns;
    timer_calibrate(&kernel.platform, NAP_VECTOR);
    timer_on(&kernel.platform, NAP_VECTOR);
    for (; now < end; now = time_now_ns()) {
        uint64_t left_ms = (end - now) / NS_PER_MS + 1;
        timer_nap(&kernel.platform, left_ms < NAP_MS ? (uint32_t)left_ms : NAP_MS);
    }
    timer_off(&kernel.platform, NAP_VECTOR);
}

static void be_watched(const char *begin, const char *end, uint64_t ns)
{
    if (!ns)
        return;
    tell(begin);
    sleep_ns(ns);
    tell(end);
}

void bringup_leave_in_firmware(void)
{
    be_watched("waiting", "waited", kernel.options.wait_ns);
}

void bringup_stay_parked(void)
{
    be_watched("parked", "unparked", kernel.options.park_ns);
}
