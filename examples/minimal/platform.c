/* The library's hooks on the bare processor, memory mapped 1:1; text by COM1. */
#include <cpuid.h>
#include "platform.h"
#define APIC 0xFEE00000

static void *map(void *context, uint64_t phys, size_t bytes)
{
    return phys && phys < 0x100000000 - bytes ? (void *)phys : NULL;
}

static uint32_t apic_read(void *context, uint32_t offset)
{
    return *(volatile uint32_t *)(APIC + (uint64_t)offset);
}

static void apic_write(void *context, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(APIC + (uint64_t)offset) = value;
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    uint64_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return high << 32 | low;
}

static void msr_write(void *context, uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(value), "d"(value >> 32) : "memory");
}

static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
}

/* No TSC is faster than 4 GHz or so: deadlines come late rather than early. */
static uint64_t tsc_to_ns(void *context, uint64_t tsc)
{
    return tsc / 4;
}

static uint64_t time_ns(void *context)
{
    return tsc_to_ns(context, __builtin_ia32_rdtsc());
}

static void wait(void *context, const struct muster_word *word, uint32_t value, uint64_t deadline)
{
    if (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value)
        __builtin_ia32_pause();
}

static void sleep(void *context, const struct muster_word *word, uint32_t value)
{
    if (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
}

const struct muster_platform platform = {.map = map,
                                         .apic_read = apic_read,
                                         .apic_write = apic_write,
                                         .msr_read = msr_read,
                                         .msr_write = msr_write,
                                         .cpuid = cpuid,
                                         .time_ns = time_ns,
                                         .tsc_to_ns = tsc_to_ns,
                                         .wait = wait,
                                         .sleep = sleep};

void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void write_text(const char *text)
{
    for (; *text; text++)
        out8(0x3F8, (uint8_t)*text); /* COM1 */
}

void stop(const char *text)
{
    write_text(text);
    write_text("\n");
    __asm__ volatile("outw %w0, %w1" : : "a"(0x2000), "d"(0x604)); /* QEMU's q35: power off */
    for (;;)
        __asm__ volatile("cli; hlt");
}

void check(enum muster_status status)
{
    if (status != MUSTER_OK)
        stop(muster_error_text(status));
}

void trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    stop("a trap that nobody expected");
}
