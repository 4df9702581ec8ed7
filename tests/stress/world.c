#define _GNU_SOURCE
#include "tests/stress/world.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <muster/trace.h>

#include "abi/x86.h"
#include "lib/cpu/cpu.h"
#include "lib/machine.h"
#include "tests/stress/delay.h"

#define ENTRY_PHYS   0x10000u
#define MAILBOX_PHYS 0x20000u
#define RESET_PHYS   0x30000u
#define PARK_CR3     0x40000u
#define WAKE_VECTOR  0xF0

struct world world;
_Thread_local jmp_buf world_gone;

static _Thread_local uint32_t self;
static _Thread_local uint64_t dice, delays;
static _Thread_local enum world_exit left_by;
static uint32_t interrupts[STRESS_CPUS]; /* pending at each local APIC: 1 */
static uint8_t entry_page[PAGE_BYTES] __attribute__((aligned(4096)));
static uint8_t mailbox_page[MAILBOX_BYTES] __attribute__((aligned(4096)));

/* ---- Chance ---- */

uint32_t chance(uint32_t bound)
{
    dice ^= dice << 13; /* xorshift (Marsaglia, 2003) */
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (uint32_t)(dice >> 32) % bound;
}

/* Mostly not at all, often for a few instructions, at times a turn, and rarely far too long. */
void stress_delay(void)
{
    uint32_t lot = chance(8192);
    if (lot >= 1024)
        return;
    delays++;
    if (lot == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000 + chance(50000)}, NULL);
    else if (lot < 64)
        sched_yield();
    else
        for (uint32_t i = chance(128); i > 0; i--)
            __builtin_ia32_pause();
}

uint64_t delays_of_thread(void)
{
    return delays;
}

void broken(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "stress: seed %lu: CPU %u: ", world.seed, self);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    _exit(1);
}

/*
 * ---- Interrupts ----
 *
 * Relaxed: an interrupt orders nothing here, so that ThreadSanitizer sees what the library's own
 * words order, and no more.
 */

void world_interrupt(uint32_t index)
{
    (void)__atomic_exchange_n(&interrupts[index], 1, __ATOMIC_RELAXED);
    syscall(SYS_futex, &interrupts[index], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void send(uint32_t command, uint32_t apic_id)
{
    if ((command & ICR_ALL_BUT_SELF) == ICR_ALL_BUT_SELF) {
        for (uint32_t i = 0; i < STRESS_CPUS; i++)
            if (i != self)
                world_interrupt(i);
        return;
    }
    int32_t index = muster_machine_find(&world.machine, apic_id);
    if (index < 0)
        broken("an interrupt is sent to APIC ID %u", apic_id);
    world_interrupt((uint32_t)index);
}

static void must_be_parked(void)
{
    const unsigned parked = 1u << MUSTER_CPU_OFF | 1u << MUSTER_CPU_ON_PENDING |
                            1u << MUSTER_CPU_OFF_PENDING | 1u << MUSTER_CPU_FAILED;
    enum muster_cpu_state state = muster_cpu_state(&world.machine, self);
    if (!(parked >> state & 1))
        broken("parked, and %s", muster_cpu_state_name(state));
}

/* As sti; hlt: what came since interrupts went off ends it at once, and nothing else does. */
static void sleep_until_interrupt(void *context, const struct muster_word *word, uint32_t value)
{
    (void)context;
    must_be_parked();
    if (__atomic_load_n(&word->value, __ATOMIC_RELAXED) != value)
        return;
    stress_delay();
    while (!__atomic_exchange_n(&interrupts[self], 0, __ATOMIC_RELAXED)) {
        if (__atomic_load_n(&world.ending, __ATOMIC_RELAXED)) {
            left_by = WORLD_ENDED;
            longjmp(world_gone, 1);
        }
        syscall(SYS_futex, &interrupts[self], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
}

/* ---- The platform ---- */

static uint64_t time_ns(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * STRESS_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t tsc(void *context)
{
    return time_ns(context);
}

static uint64_t tsc_to_ns(void *context, uint64_t ticks)
{
    (void)context;
    return ticks;
}

static void wait_a_little(void *context, const struct muster_word *word, uint32_t value,
                          uint64_t deadline_ns)
{
    (void)context, (void)word, (void)value, (void)deadline_ns;
    sched_yield();
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    (void)context;
    if (msr == MSR_APIC_BASE)
        return APIC_BASE_X2APIC | APIC_BASE_ENABLED;
    if (msr == MSR_X2APIC + APIC_ID / 16)
        return world.machine.cpus[self].apic_id;
    return 0;
}

static void msr_write(void *context, uint32_t msr, uint64_t value)
{
    (void)context;
    if (msr == MSR_X2APIC + APIC_ICR_LOW / 16)
        send((uint32_t)value, (uint32_t)(value >> ICR_X2_DEST_SHIFT));
}

static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)context, (void)leaf, (void)subleaf;
    memset(out, 0, 4 * sizeof(*out));
}

static void *map(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    if (phys == ENTRY_PHYS && bytes <= sizeof(entry_page))
        return entry_page;
    return phys == MAILBOX_PHYS && bytes <= sizeof(mailbox_page) ? mailbox_page : NULL;
}

static void trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    (void)slot, (void)frame;
}

/* ---- Instead of what is privileged, or leaves C ---- */

static void leave_by(enum world_exit exit)
{
    left_by = exit;
    longjmp(world_gone, 1);
}

void cpu_enter(struct muster_slot *slot)
{
    slot->gs_base = (uint64_t)slot->start.percpu;
    leave_by(WORLD_ENTERED);
    __builtin_unreachable();
}

void cpu_leave(uint64_t vector)
{
    if (vector != RESET_PHYS)
        broken("a CPU leaves for 0x%lx", vector);
    leave_by(WORLD_LEFT);
    __builtin_unreachable();
}

void cpu_go_off(struct muster_slot *slot)
{
    (void)slot;
    leave_by(WORLD_OFF);
    __builtin_unreachable();
}

enum muster_status cpu_load(struct muster_slot *slot, void *percpu)
{
    slot->gs_base = (uint64_t)percpu;
    return MUSTER_OK;
}

enum muster_status cpu_reload(struct muster_slot *slot)
{
    return cpu_load(slot, slot);
}

void cpu_sleep_by_mwait(const struct muster_word *word, uint32_t value, uint32_t hint)
{
    (void)word, (void)value, (void)hint;
    broken("nobody asked for MWAIT");
}

unsigned cpu_paging_levels(void)
{
    return 4;
}

void cpu_control_load(const struct muster_cpu_profile *profile)
{
    (void)profile;
}

void cpu_profile_make(struct muster_machine *machine)
{
    machine->profile = (struct muster_cpu_profile){.x2apic = true};
}

void muster_cpu_profile_read(const struct muster_machine *machine,
                             struct muster_cpu_profile *profile)
{
    (void)machine;
    *profile = (struct muster_cpu_profile){.x2apic = true};
}

enum world_exit world_exit(void)
{
    return left_by;
}

/* ---- Making it ---- */

void world_become(uint32_t index)
{
    self = index;
    dice = (world.seed + 1) * 0x9E3779B97F4A7C15u ^ (index + 1) * 0xBF58476D1CE4E5B9u;
}

uint32_t world_self(void)
{
    return self;
}

static void *memory(size_t alignment, size_t bytes)
{
    void *block = aligned_alloc(alignment, bytes);
    if (!block)
        broken("out of memory");
    memset(block, 0, bytes);
    return block;
}

static void describe_machine(void)
{
    static struct muster_cpu cpus[STRESS_CPUS];
    static struct muster_index_entry places[16];
    struct muster_machine *machine = &world.machine;
    size_t trace_bytes = MUSTER_TRACE_BYTES(STRESS_CPUS);
    trace_bytes += -trace_bytes % MUSTER_TRACE_ALIGNMENT;
    if (muster_machine_init(machine, &world.platform, cpus, STRESS_CPUS, places, 16) ||
        muster_trace_init(machine, memory(MUSTER_TRACE_ALIGNMENT, trace_bytes), trace_bytes))
        broken("the machine's memory is not taken");
    for (uint32_t i = 0; i < STRESS_CPUS; i++)
        machine_add(machine, &(struct muster_cpu){.apic_id = 3 * i + 1, .enabled = true});
    machine_set_bsp(machine, STRESS_BSP);
    machine->mailbox = (struct muster_mailbox_description){
        .present = true,
        .version = 1,
        .length = 24,
        .mailbox_phys = MAILBOX_PHYS,
        .reset_vector_phys = RESET_PHYS,
    };
}

void world_make(uint64_t seed)
{
    const struct muster_cpu_config config = {.park_cr3 = PARK_CR3,
                                             .paging_levels = 4,
                                             .entry_phys = ENTRY_PHYS,
                                             .entry_bytes = sizeof(entry_page),
                                             .wake_vector = WAKE_VECTOR,
                                             .trap = trap};
    static struct muster_idt idt;
    world.seed = seed;
    world.platform = (struct muster_platform){.map = map,
                                              .msr_read = msr_read,
                                              .msr_write = msr_write,
                                              .cpuid = cpuid,
                                              .time_ns = time_ns,
                                              .tsc = tsc,
                                              .tsc_to_ns = tsc_to_ns,
                                              .wait = wait_a_little,
                                              .sleep = sleep_until_interrupt};
    world.mailbox = (struct mailbox *)(void *)mailbox_page;
    world.slots = memory(MUSTER_SLOT_BYTES, STRESS_CPUS * sizeof(*world.slots));
    world_become(STRESS_BSP);
    describe_machine();
    if (muster_plan_make(&world.machine, MUSTER_WAY_MAILBOX, &world.plan) ||
        muster_prepare(&world.machine, &world.plan, &config, world.slots, &idt, &world))
        broken("the machine cannot be prepared");
}
