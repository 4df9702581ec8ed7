#include "boot/native.h"

#include "boot/console.h"
#include "boot/port.h"
#include "boot/td.h"
#include "boot/tsc_rate.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

#define NS_PER_S 1000000000u

/* The PICs (Intel 8259) */
#define PIC_MASK_1 0x21
#define PIC_MASK_2 0xA1

/* The PIT (Intel 8254): channel 0 counts down at this rate whatever else is there. */
#define PIT_HZ        1193182u
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND   0x43
#define PIT_RATE_MODE 0x34 /* channel 0, both bytes, mode 2 */
#define PIT_LATCH     0x00 /* channel 0 */
#define PIT_ONE_SHOT  0x30 /* channel 0, both bytes, mode 0 */

#define CPUID_TSC       0x15
#define CPUID_HV_TIMING 0x40000010 /* eax: TSC kHz (VMware's leaf; KVM and others give it too) */

struct native {
    uint64_t mapped_end;
    uint64_t tsc_hz;
    uint64_t ns_per_tick; /* fixed point, 32 fraction bits */
    volatile uint8_t *apic;
};
static struct native native;

static void *native_map(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    if (phys == 0 || phys >= native.mapped_end || bytes > native.mapped_end - phys)
        return NULL;
    return (void *)phys;
}

static uint32_t native_apic_read(void *context, uint32_t offset)
{
    (void)context;
    return *(volatile uint32_t *)(native.apic + offset);
}

static void native_apic_write(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    *(volatile uint32_t *)(native.apic + offset) = value;
}

static uint64_t native_msr_read(void *context, uint32_t msr)
{
    (void)context;
    return read_msr(msr);
}

static void native_msr_write(void *context, uint32_t msr, uint64_t value)
{
    (void)context;
    write_msr(msr, value);
}

static void native_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)context;
    read_cpuid(leaf, subleaf, out);
}

static uint64_t native_tsc_to_ns(void *context, uint64_t tsc)
{
    (void)context;
    return (uint64_t)(((unsigned __int128)tsc * native.ns_per_tick) >> 32);
}

static uint64_t native_time_ns(void *context)
{
    return native_tsc_to_ns(context, read_tsc());
}

static uint64_t native_tsc(void *context)
{
    (void)context;
    return read_tsc_in_order();
}

static void native_wait(void *context, const struct muster_word *word, uint32_t value,
                        uint64_t deadline_ns)
{
    uint64_t last_ns, now_ns = 0;
    /* A clock that stands would keep us here: who called counts how often it did. */
    do {
        if (word_load_acquire(word) != value)
            return;
        cpu_pause();
        last_ns = now_ns;
        now_ns = native_time_ns(context);
    } while (now_ns < deadline_ns && now_ns != last_ns);
}

static void native_sleep(void *context, const struct muster_word *word, uint32_t value)
{
    (void)context;
    if (word_load_acquire(word) == value)
        sleep_until_interrupt();
}

static void native_log(void *context, enum muster_log_level level, const char *text)
{
    static const char *const prefixes[] = {"", "warning: ", "error: "};
    (void)context;
    console_printf("muster: %s%s\n", prefixes[level], text);
}

static struct tsc_look look_at_pit(void)
{
    struct tsc_look look = {.before = read_tsc()};
    port_out8(PIT_COMMAND, PIT_LATCH);
    uint8_t low = port_in8(PIT_CHANNEL_0);
    look.count = (uint16_t)(low | (port_in8(PIT_CHANNEL_0) << 8));
    look.after = read_tsc();
    return look;
}

/*
 * Channel 0 by latched reads and not channel 2 by port 0x61, which not every machine has (QEMU's
 * microvm).
 */
static uint64_t tsc_hz_by_pit(void)
{
    port_out8(PIT_COMMAND, PIT_RATE_MODE);
    port_out8(PIT_CHANNEL_0, 0xFF);
    port_out8(PIT_CHANNEL_0, 0xFF);
    return tsc_rate_measure(look_at_pit, PIT_HZ);
}

/* What the processor or its hypervisor says of the TSC's rate; 0 if nothing. */
static uint64_t tsc_hz_by_cpuid(void)
{
    uint32_t r[4];
    read_cpuid(0, 0, r);
    if (r[0] >= CPUID_TSC) {
        read_cpuid(CPUID_TSC, 0, r);
        if (r[0] && r[1] && r[2])
            return (uint64_t)r[2] * r[1] / r[0];
    }
    read_cpuid(CPUID_FEATURES, 0, r);
    if (r[2] & CPUID_1_ECX_HYPERVISOR) {
        read_cpuid(CPUID_HYPERVISOR, 0, r);
        if (r[0] >= CPUID_HV_TIMING && r[0] < CPUID_HYPERVISOR + 0x10000) {
            read_cpuid(CPUID_HV_TIMING, 0, r);
            return (uint64_t)r[0] * 1000;
        }
    }
    return 0;
}

void native_set_tsc_hz(uint64_t hz)
{
    native.tsc_hz = hz;
    native.ns_per_tick = ((uint64_t)NS_PER_S << 32) / hz;
}

/*
 * A BIOS leaves it ticking, too: nobody takes its ticks, and each wakes the host. A PIT stands
 * while it waits for a count; a hypervisor's may need one, to give up the timer of the last (as
 * KVM does), and goes on for one round.
 */
static void stop_pit(void)
{
    port_out8(PIT_COMMAND, PIT_ONE_SHOT);
    port_out8(PIT_CHANNEL_0, 0);
    port_out8(PIT_CHANNEL_0, 0);
    port_out8(PIT_COMMAND, PIT_ONE_SHOT);
}

void native_platform_init(struct muster_platform *platform, uint64_t mapped_end)
{
    /* A PC's BIOS leaves the PICs open, at vectors that are exceptions' to everybody else. */
    port_out8(PIC_MASK_1, 0xFF);
    port_out8(PIC_MASK_2, 0xFF);
    native.mapped_end = mapped_end;
    native.apic = (volatile uint8_t *)(read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS);
    native.tsc_hz = tsc_hz_by_cpuid();
    if (!native.tsc_hz)
        native.tsc_hz = tsc_hz_by_pit();
    if (!native.tsc_hz)
        native.tsc_hz = NS_PER_S; /* no clock to be found: deadlines are then ticks */
    stop_pit();
    native_set_tsc_hz(native.tsc_hz);
    *platform = (struct muster_platform){
        .map = native_map,
        .apic_read = native_apic_read,
        .apic_write = native_apic_write,
        .msr_read = native_msr_read,
        .msr_write = native_msr_write,
        .cpuid = native_cpuid,
        .time_ns = native_time_ns,
        .tsc_to_ns = native_tsc_to_ns,
        .tsc = native_tsc,
        .wait = native_wait,
        .sleep = native_sleep,
        .log = native_log,
    };
    if (td_is_active())
        native_td_hooks(platform);
}

uint64_t native_tsc_hz(void)
{
    return native.tsc_hz;
}

void native_idle(void)
{
    if (!td_is_active()) {
        sleep_until_interrupt();
        return;
    }
    td_halt(false);
    interrupts_let_in();
}

void native_halt(void)
{
    interrupts_off();
    while (td_is_active())
        td_halt(true);
    halt_forever();
}

void native_delay_ns(uint64_t ns)
{
    uint64_t end = native_time_ns(NULL) + ns;
    while (native_time_ns(NULL) < end)
        cpu_pause();
}
