/**
 * A whole machine in one process: a platform whose time passes only in the wait hook, local APICs,
 * firmware behind a mailbox, and processors that do in C what lib/cpu/entry_*.S and arrive.S do,
 * each with its own faults. What happens, happens as events of the wait hook.
 *
 * Include after <cmocka.h>. It also stands in for lib/cpu/load.c, which is privileged.
 */
#ifndef TESTS_FAKE_MACHINE_H
#define TESTS_FAKE_MACHINE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muster/clock.h>
#include <muster/wake.h>

#include "abi/mailbox.h"
#include "abi/x86.h"
#include "lib/cpu/clock.h"
#include "lib/cpu/cpu.h"
#include "lib/machine.h"
#include "lib/wake/park.h"

#define FAKE_US            1000ull
#define FAKE_MS            1000000ull
#define FAKE_S             1000000000ull
#define FAKE_SIPI_ENTRY    0x9000u
#define FAKE_MAILBOX_ENTRY 0x12345000u
#define FAKE_MAILBOX       0x3FFF0000u
#define FAKE_RESET_VECTOR  0x3FFF1000u
#define FAKE_PARK_CR3      0x00ABC000u
#define FAKE_WAKE_VECTOR   0xF1
#define FAKE_TSC_PER_NS    3
#define FAKE_WAITS_MAX     3000000u /* more means that the library never comes to an end */
#define FAKE_PERCPU        ((void *)0x1000)

enum fake_place {
    FAKE_IN_FIRMWARE,
    FAKE_AWAITS_SIPI,
    FAKE_UNDER_WAY,
    FAKE_PARKED,
    FAKE_REFUSED, /* in its slot for good: park_arrive() said no */
    FAKE_STRAY,   /* without a slot for good */
    FAKE_ENTERED,
};

struct fake_cpu {
    uint32_t apic_id; /* by which interrupts and the mailbox reach it */
    uint32_t live_id; /* what its APIC says */
    enum fake_place place;
    uint32_t life; /* an INIT ends it: what was to happen in it does not */
    struct muster_slot *slot;

    /* How it behaves. */
    bool dead;        /* does nothing, ever */
    bool deaf;        /* no interrupt wakes it from its sleep */
    bool slow_reader; /* looks at the ID at once, at the vector when it acknowledges */
    bool silent_to_test;
    unsigned sipis_lost; /* drops as many */
    uint64_t init_ns;    /* until an INIT takes effect */
    uint64_t acknowledge_ns;
    uint64_t acknowledge_again_ns; /* 0: does not */
    uint64_t start_ns;             /* from wake to first instruction */
    uint64_t start_again_ns;       /* 0: does not come twice */
    uint64_t load_ns;              /* from its claim to its arrival */
    uint64_t step_ns;              /* from interrupt to a look at the command */
    uint64_t return_ns;            /* from park area to firmware */
    enum muster_status load_status;
    int64_t tsc_skew;        /* its counter against the machine's time */
    uint64_t clock_there_ns; /* how long a question is under way, and its answer */
    uint64_t clock_back_ns;
    uint64_t clock_slow_ns; /* how much longer the answer is in all rounds but one */
    uint64_t clock_late_ns; /* and in all of the first time that it is measured */
    int64_t tsc_jump;       /* what each write of TSC_ADJUST moves it by besides, in ticks */
    bool clock_dies;        /* asks once, and never again */

    /* What it saw. */
    uint64_t tsc_adjust;
    bool tsc_stuck; /* it can be written, and moves nothing */
    unsigned inits, sipis, interrupts;
    uint64_t claimed_at_ns, entered_at_ns;
};

/** One write that sends an interrupt. */
struct fake_send {
    uint64_t time_ns;
    uint32_t dest;
    uint32_t command;
};

/** One mailbox command as the firmware first saw it. */
struct fake_command {
    uint64_t time_ns;
    uint16_t command, reserved;
    uint32_t apic_id;
    uint64_t vector;
};

struct fake_region {
    uint64_t phys, bytes;
    uint8_t *memory;
};

struct fake_machine;
struct fake_event {
    uint64_t time_ns;
    uint64_t number;
    void (*happen)(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value);
    struct fake_cpu *cpu;
    uint64_t value;
    uint32_t life;
};

#define FAKE_EVENTS_MAX  8192
#define FAKE_LOG_MAX     16384
#define FAKE_REGIONS_MAX 8
#define FAKE_MSRS_MAX    128

struct fake_machine {
    struct muster_platform platform;
    struct muster_machine machine;
    struct muster_plan plan;
    struct muster_cpu_config config;
    struct muster_slot *slots;
    struct muster_idt *idt;
    struct fake_cpu *cpus; /* those of the tables at the same index, then the uncounted */
    uint32_t cpu_count;
    struct fake_cpu *current; /* who runs */

    uint64_t now_ns;
    uint32_t waits;
    struct fake_event events[FAKE_EVENTS_MAX];
    uint32_t event_count;
    uint64_t event_number;

    struct fake_region regions[FAKE_REGIONS_MAX];
    uint32_t region_count;

    /* Where a SIPI leads to, if not to its vector. */
    void (*sipi_leads_to)(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t address);
    bool x2apic;
    bool icr_stuck;
    uint64_t icr_busy_ns; /* how long a send stays pending */
    uint64_t icr_free_at_ns;
    uint32_t icr_high;
    unsigned icr_overruns; /* sends on top of a pending one */
    unsigned eois;
    struct fake_send sends[FAKE_LOG_MAX];
    uint32_t send_count;

    struct mailbox *mailbox;
    unsigned clear_from;  /* where an acknowledgement begins to */
    unsigned clear_bytes; /* how much it sets to zero */
    struct fake_command last;
    struct fake_command commands[FAKE_LOG_MAX];
    uint32_t command_count;

    uint32_t cpuid_0[4], cpuid_1[4], cpuid_5[4], cpuid_7[4];
    uint32_t cpuid_hypervisor[4][4]; /* 0x40000000 and on; read only if CPUID.1 says so */
    uint32_t cpuid_8[4];             /* 0x80000008: what AMD has of speculation is in EBX */
    uint32_t cpuid_sev[4];           /* 0x8000001F; the last leaf of that range if EAX is set */
    uint32_t msr_number[FAKE_MSRS_MAX];
    uint64_t msr_value[FAKE_MSRS_MAX];
    uint32_t msr_count, msr_writes;

    uint64_t clock_there_ns; /* of the question under way */
    unsigned loads, reloads;
    enum muster_status bsp_load_status;
    void (*on_sleep)(struct fake_machine *fake);
};

/* Time and events. */

static inline void fake_at(struct fake_machine *fake, uint64_t in_ns,
                           void (*happen)(struct fake_machine *, struct fake_cpu *, uint64_t),
                           struct fake_cpu *cpu, uint64_t value)
{
    assert_true(fake->event_count < FAKE_EVENTS_MAX);
    fake->events[fake->event_count++] = (struct fake_event){
        .time_ns = fake->now_ns + in_ns,
        .number = fake->event_number++,
        .happen = happen,
        .cpu = cpu,
        .value = value,
        .life = cpu ? cpu->life : 0,
    };
}

static inline void fake_firmware_look(struct fake_machine *fake);

/* The next event, at most at @until_ns; false if there is none by then. */
static inline bool fake_event_happens(struct fake_machine *fake, uint64_t until_ns)
{
    uint32_t next = fake->event_count;
    fake_firmware_look(fake);
    for (uint32_t i = 0; i < fake->event_count; i++)
        if (fake->events[i].time_ns <= until_ns &&
            (next == fake->event_count || fake->events[i].time_ns < fake->events[next].time_ns ||
             (fake->events[i].time_ns == fake->events[next].time_ns &&
              fake->events[i].number < fake->events[next].number)))
            next = i;
    if (next == fake->event_count)
        return false;
    struct fake_event event = fake->events[next];
    fake->events[next] = fake->events[--fake->event_count];
    if (event.time_ns > fake->now_ns)
        fake->now_ns = event.time_ns;
    if (!event.cpu || event.cpu->life == event.life) {
        struct fake_cpu *current = fake->current;
        fake->current = event.cpu ? event.cpu : current;
        event.happen(fake, event.cpu, event.value);
        fake->current = current;
    }
    fake_firmware_look(fake);
    return true;
}

/** Let time pass while the library does nothing. */
static inline void fake_pass(struct fake_machine *fake, uint64_t ns)
{
    uint64_t until_ns = fake->now_ns + ns;
    while (fake_event_happens(fake, until_ns))
        ;
    fake->now_ns = until_ns;
}

static inline uint64_t fake_time_ns(void *context)
{
    struct fake_machine *fake = context;
    fake_firmware_look(fake); /* it would see a withdrawal between two waits as well */
    return fake->now_ns;
}

static inline uint64_t fake_tsc_to_ns(void *context, uint64_t tsc)
{
    (void)context;
    return tsc / FAKE_TSC_PER_NS;
}

static inline void fake_wait(void *context, const struct muster_word *word, uint32_t value,
                             uint64_t deadline_ns)
{
    struct fake_machine *fake = context;
    if (++fake->waits > FAKE_WAITS_MAX)
        fail_msg("the library waits without end");
    while (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value && fake->now_ns < deadline_ns)
        if (!fake_event_happens(fake, deadline_ns)) {
            if (deadline_ns == MUSTER_FOREVER)
                fail_msg("the library waits for ever, and nothing will happen");
            fake->now_ns = deadline_ns;
        }
}

static inline void fake_sleep(void *context, const struct muster_word *word, uint32_t value)
{
    struct fake_machine *fake = context;
    (void)word;
    assert_int_equal(value, PARK_STAY);
    if (!fake->on_sleep)
        fail_msg("nobody expected a sleep");
    fake->on_sleep(fake);
}

/* Memory. */

static inline uint8_t *fake_region_add(struct fake_machine *fake, uint64_t phys, uint64_t bytes)
{
    uint8_t *memory = aligned_alloc(PAGE_BYTES, bytes);
    assert_non_null(memory);
    assert_true(fake->region_count < FAKE_REGIONS_MAX);
    memset(memory, 0, bytes);
    fake->regions[fake->region_count++] = (struct fake_region){phys, bytes, memory};
    return memory;
}

static inline void *fake_map(void *context, uint64_t phys, size_t bytes)
{
    struct fake_machine *fake = context;
    for (uint32_t i = 0; i < fake->region_count; i++) {
        struct fake_region *region = &fake->regions[i];
        if (phys >= region->phys && bytes <= region->bytes &&
            phys - region->phys <= region->bytes - bytes)
            return region->memory + (phys - region->phys);
    }
    return NULL;
}

/* A processor's clock, and its side of the measurement. */

static inline bool fake_is_bsp(const struct fake_machine *fake)
{
    return fake->current == &fake->cpus[fake->machine.bsp];
}

/* The BSP reads its own only to answer a question, which was under way for a while. */
static inline uint64_t fake_tsc(void *context)
{
    struct fake_machine *fake = context;
    if (fake_is_bsp(fake))
        fake->now_ns += fake->clock_there_ns;
    return fake->now_ns * FAKE_TSC_PER_NS + (uint64_t)fake->current->tsc_skew +
           (fake->current->tsc_stuck ? 0 : fake->current->tsc_adjust);
}

static inline void fake_step(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value);
static inline void fake_clock_ask(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value);

static inline void fake_clock_look(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    struct muster_clock *clock = &cpu->slot->clock;
    (void)value;
    if (clock->answer.value == clock->request.value) {
        clock_take(cpu->slot);
        fake_at(fake, 100, fake_clock_ask, cpu, 0);
    } else if (clock->answer.value == CLOCK_CLOSED) {
        clock_end(cpu->slot);
        fake_step(fake, cpu, 0);
    } else {
        fake_at(fake, FAKE_MS, fake_clock_look, cpu, 0);
    }
}

static inline void fake_clock_ask(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    (void)value;
    if (!clock_ask(cpu->slot)) {
        clock_end(cpu->slot);
        fake_step(fake, cpu, 0);
        return;
    }
    fake->clock_there_ns = cpu->clock_there_ns;
    uint64_t slow_ns = cpu->slot->clock.rounds == 3 ? 0 : cpu->clock_slow_ns;
    if (cpu->slot->clock.request.value <= MUSTER_CLOCK_ROUNDS)
        slow_ns += cpu->clock_late_ns;
    if (!cpu->clock_dies)
        fake_at(fake, cpu->clock_there_ns + cpu->clock_back_ns + slow_ns, fake_clock_look, cpu, 0);
}

/* A processor on its way in, and back. */

static inline void fake_return(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    (void)value;
    cpu->place = FAKE_IN_FIRMWARE;
    cpu->slot = NULL;
    fake->last = (struct fake_command){0}; /* it looks at what is there already */
}

static inline void fake_step(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    (void)value;
    if (cpu->place != FAKE_PARKED)
        return;
    switch (park_step(cpu->slot)) {
    case PARK_STEP_ENTER:
        cpu->place = FAKE_ENTERED;
        cpu->entered_at_ns = fake->now_ns;
        return;
    case PARK_STEP_LEAVE:
        cpu->place = FAKE_UNDER_WAY;
        fake_at(fake, cpu->return_ns, fake_return, cpu, 0);
        return;
    case PARK_STEP_CLOCK:
        fake_clock_ask(fake, cpu, 0);
        return;
    case PARK_STEP_SLEEP:
        if (cpu->slot->command.value != PARK_STAY) /* it does not sleep then */
            fake_at(fake, FAKE_US, fake_step, cpu, 0);
    }
}

static inline void fake_arrive(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    (void)value;
    cpu->slot->gs_base = (uint64_t)cpu->slot;
    cpu->place = park_arrive(cpu->slot, cpu->load_status) ? FAKE_PARKED : FAKE_REFUSED;
    fake_step(fake, cpu, 0);
}

static inline void fake_stray(const struct entry_parameters *entry, struct fake_cpu *cpu)
{
    __atomic_fetch_add((uint32_t *)entry->strays, 1, __ATOMIC_SEQ_CST);
    cpu->place = cpu->place == FAKE_UNDER_WAY ? FAKE_STRAY : cpu->place;
}

static inline void fake_claim(struct fake_machine *fake, struct fake_cpu *cpu,
                              const struct entry_parameters *entry, uint32_t number)
{
    struct muster_slot *slot = (struct muster_slot *)entry->slots + number;
    if (__atomic_fetch_or(&slot->claimed.value, 1, __ATOMIC_SEQ_CST) & 1) {
        fake_stray(entry, cpu);
        return;
    }
    cpu->slot = slot;
    cpu->claimed_at_ns = fake->now_ns;
    slot->first_tsc = (fake->now_ns - 1) * FAKE_TSC_PER_NS;
    slot->long_mode_tsc = fake->now_ns * FAKE_TSC_PER_NS;
    fake_at(fake, cpu->load_ns, fake_arrive, cpu, 0);
}

/* arrive_by_apic_id in lib/cpu/arrive.S. */
static inline void fake_claim_by_id(struct fake_machine *fake, struct fake_cpu *cpu,
                                    const struct entry_parameters *entry)
{
    const struct muster_index_entry *index = (const void *)entry->index;
    uint32_t place = (cpu->live_id * 0x9E3779B1u) >> entry->index_shift;
    while (index[place].number && index[place].apic_id != cpu->live_id)
        place = (place + 1) & entry->index_mask;
    if (index[place].number)
        fake_claim(fake, cpu, entry, index[place].number - 1);
    else
        fake_stray(entry, cpu);
}

/* At @address in an entry page: what the page says is done, whatever the machine says. */
static inline void fake_enter(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t address)
{
    uint8_t *page = fake_map(fake, address & ~0xFFFull, PAGE_BYTES);
    if (!page || page[address % PAGE_BYTES] != 0xB0) { /* mov imm8, %al */
        fail_msg("APIC ID %u enters at 0x%lx, where there is no stub", cpu->apic_id, address);
        return;
    }
    const struct entry_parameters *entry = (const void *)(page + ENTRY_PARAMETERS);
    uint8_t number = page[address % PAGE_BYTES + 1];
    if (entry->arrive != (uint64_t)arrive_by_slot) {
        fake_claim_by_id(fake, cpu, entry);
        return;
    }
    ((struct muster_slot *)entry->slots)[number].firmware_levels = 4;
    fake_claim(fake, cpu, entry, number);
}

static inline void fake_enter_sipi(struct fake_machine *fake, struct fake_cpu *cpu,
                                   uint64_t address)
{
    uint8_t *page = fake_map(fake, address, PAGE_BYTES);
    if (!page || memcmp(page, sipi_entry_start, ENTRY_STUB_BYTES)) {
        fail_msg("APIC ID %u starts at 0x%lx, where there is no entry", cpu->apic_id, address);
        return;
    }
    fake_claim_by_id(fake, cpu, (const void *)(page + ENTRY_PARAMETERS));
}

/* The firmware's side of the mailbox. */

static inline void fake_acknowledge_again(struct fake_machine *fake, struct fake_cpu *cpu,
                                          uint64_t value)
{
    (void)cpu, (void)value;
    memset(fake->mailbox, 0, fake->clear_bytes);
}

/* @value: 1 if it looked at the ID before, and does not again. */
static inline void fake_acknowledge(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    struct mailbox box;
    memcpy(&box, fake->mailbox, offsetof(struct mailbox, for_os));
    if (cpu->place != FAKE_IN_FIRMWARE || (!value && box.apic_id != cpu->apic_id) ||
        (!value && box.command == MAILBOX_NOOP))
        return;
    if (!value && box.command == MAILBOX_TEST &&
        (cpu->silent_to_test || fake->machine.mailbox.version == 0))
        return;
    memset((uint8_t *)fake->mailbox + fake->clear_from, 0, fake->clear_bytes);
    if (!value && box.command == MAILBOX_TEST)
        return;
    cpu->place = FAKE_UNDER_WAY;
    fake_at(fake, cpu->start_ns, fake_enter, cpu, box.wakeup_vector);
    if (cpu->start_again_ns)
        fake_at(fake, cpu->start_again_ns, fake_enter, cpu, box.wakeup_vector);
    if (cpu->acknowledge_again_ns)
        fake_at(fake, cpu->acknowledge_again_ns, fake_acknowledge_again, cpu, 0);
}

static inline struct fake_cpu *fake_cpu_by_id(struct fake_machine *fake, uint32_t apic_id)
{
    for (uint32_t i = 0; i < fake->cpu_count; i++)
        if (fake->cpus[i].apic_id == apic_id)
            return &fake->cpus[i];
    return NULL;
}

/* All of the firmware's loops at once: a command that was not there before is seen by its CPU. */
static inline void fake_firmware_look(struct fake_machine *fake)
{
    struct mailbox *box = fake->mailbox;
    if (!box)
        return;
    struct fake_command now = {
        .command = __atomic_load_n(&box->command, __ATOMIC_ACQUIRE),
        .reserved = box->reserved,
        .apic_id = box->apic_id,
        .vector = box->wakeup_vector,
    };
    if (now.command == MAILBOX_NOOP) {
        fake->last = (struct fake_command){0};
        return;
    }
    if (memcmp(&now, &fake->last, sizeof(now)) == 0)
        return;
    fake->last = now;
    now.time_ns = fake->now_ns;
    assert_true(fake->command_count < FAKE_LOG_MAX);
    fake->commands[fake->command_count++] = now;
    struct fake_cpu *cpu = fake_cpu_by_id(fake, now.apic_id);
    if (cpu && !cpu->dead && cpu->place == FAKE_IN_FIRMWARE)
        fake_at(fake, cpu->acknowledge_ns, fake_acknowledge, cpu, cpu->slow_reader);
}

/* Interrupts. */

static inline void fake_init_takes_effect(struct fake_machine *fake, struct fake_cpu *cpu,
                                          uint64_t value)
{
    (void)fake, (void)value;
    cpu->life++;
    cpu->place = FAKE_AWAITS_SIPI;
    cpu->slot = NULL;
}

static inline void fake_interrupt(struct fake_machine *fake, struct fake_cpu *cpu, uint32_t command)
{
    uint64_t address = (uint64_t)(command & 0xFF) * PAGE_BYTES;
    switch (command & ICR_DELIVERY_MODE) {
    case ICR_INIT:
        cpu->inits++;
        if (cpu->init_ns)
            fake_at(fake, cpu->init_ns, fake_init_takes_effect, cpu, 0);
        else if (!cpu->dead)
            fake_init_takes_effect(fake, cpu, 0);
        return;
    case ICR_SIPI:
        cpu->sipis++;
        if (cpu->place != FAKE_AWAITS_SIPI || (cpu->sipis_lost && cpu->sipis_lost--))
            return;
        cpu->place = FAKE_UNDER_WAY;
        fake_at(fake, cpu->start_ns, fake->sipi_leads_to ? fake->sipi_leads_to : fake_enter_sipi,
                cpu, address);
        if (cpu->start_again_ns)
            fake_at(fake, cpu->start_again_ns, fake_enter_sipi, cpu, address);
        return;
    case ICR_FIXED:
        assert_int_equal(command & 0xFF, FAKE_WAKE_VECTOR);
        cpu->interrupts++;
        if (!cpu->deaf)
            fake_at(fake, cpu->step_ns, fake_step, cpu, 0);
        return;
    default:
        fail_msg("interrupt command 0x%x", command);
    }
}

static inline void fake_send(struct fake_machine *fake, uint32_t dest, uint32_t command)
{
    bool all = (command & ICR_ALL_BUT_SELF) == ICR_ALL_BUT_SELF;
    assert_true(fake->send_count < FAKE_LOG_MAX);
    assert_true(command & ICR_ASSERT);
    fake->sends[fake->send_count++] = (struct fake_send){fake->now_ns, dest, command};
    if ((command & ICR_DELIVERY_MODE) == ICR_NMI)
        return;
    for (uint32_t i = 0; i < fake->cpu_count; i++)
        if (all ? &fake->cpus[i] != fake->current : fake->cpus[i].live_id == dest)
            fake_interrupt(fake, &fake->cpus[i], command);
}

static inline uint32_t fake_apic_register(struct fake_machine *fake, uint32_t offset)
{
    switch (offset) {
    case APIC_ID:
        return fake->x2apic ? fake->current->live_id
                            : fake->current->live_id << APIC_XAPIC_ID_SHIFT;
    case APIC_ICR_LOW:
        return fake->icr_stuck || fake->now_ns < fake->icr_free_at_ns ? ICR_PENDING : 0;
    default:
        fail_msg("APIC register 0x%x is read", offset);
        return 0;
    }
}

static inline uint32_t fake_apic_read(void *context, uint32_t offset)
{
    struct fake_machine *fake = context;
    assert_false(fake->x2apic); /* there is no such memory then */
    return fake_apic_register(fake, offset);
}

static inline void fake_apic_write(void *context, uint32_t offset, uint32_t value)
{
    struct fake_machine *fake = context;
    assert_false(fake->x2apic);
    switch (offset) {
    case APIC_ICR_HIGH:
        fake->icr_high = value;
        return;
    case APIC_ICR_LOW:
        fake->icr_overruns += fake_apic_register(fake, APIC_ICR_LOW) != 0;
        fake->icr_free_at_ns = fake->now_ns + fake->icr_busy_ns;
        fake_send(fake, fake->icr_high >> ICR_X_DEST_SHIFT, value);
        fake->icr_high = 0xEEEEEEEE; /* who relies on the last value is found out */
        return;
    case APIC_EOI:
        assert_int_equal(value, 0);
        fake->eois++;
        return;
    default:
        fail_msg("APIC register 0x%x is written", offset);
    }
}

/* MSRs and CPUID. */

static inline uint64_t *fake_msr(struct fake_machine *fake, uint32_t msr)
{
    uint32_t i = 0;
    while (i < fake->msr_count && fake->msr_number[i] != msr)
        i++;
    if (i == fake->msr_count) {
        assert_true(fake->msr_count < FAKE_MSRS_MAX);
        fake->msr_number[fake->msr_count++] = msr;
    }
    return &fake->msr_value[i];
}

static inline uint64_t fake_msr_read(void *context, uint32_t msr)
{
    struct fake_machine *fake = context;
    if (msr == MSR_APIC_BASE)
        return APIC_DEFAULT_PHYS | APIC_BASE_ENABLED | (fake->x2apic ? APIC_BASE_X2APIC : 0);
    if (msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x40) {
        assert_true(fake->x2apic); /* #GP otherwise */
        return fake_apic_register(fake, (msr - MSR_X2APIC) * 16);
    }
    if (msr == MSR_TSC_ADJUST)
        return fake->current->tsc_adjust;
    return *fake_msr(fake, msr);
}

static inline void fake_msr_write(void *context, uint32_t msr, uint64_t value)
{
    struct fake_machine *fake = context;
    if (msr == MSR_APIC_BASE) {
        assert_int_equal(value & ~(uint64_t)APIC_BASE_X2APIC,
                         APIC_DEFAULT_PHYS | APIC_BASE_ENABLED);
        assert_true(!fake->x2apic || value & APIC_BASE_X2APIC); /* #GP: the way back is a reset */
        fake->x2apic = value & APIC_BASE_X2APIC;
        return;
    }
    if (msr == MSR_TSC_ADJUST) {
        assert_true(fake->cpuid_7[1] & CPUID_7_EBX_TSC_ADJUST); /* #GP otherwise */
        fake->current->tsc_adjust = value;
        fake->current->tsc_skew += fake->current->tsc_jump;
        return;
    }
    if (msr < MSR_X2APIC || msr >= MSR_X2APIC + 0x40) {
        *fake_msr(fake, msr) = value;
        fake->msr_writes++;
        return;
    }
    assert_true(fake->x2apic);
    if (msr == MSR_X2APIC + APIC_ICR_LOW / 16)
        fake_send(fake, (uint32_t)(value >> ICR_X2_DEST_SHIFT), (uint32_t)value);
    else if (msr == MSR_X2APIC + APIC_EOI / 16 && value == 0)
        fake->eois++;
    else
        fail_msg("x2APIC register 0x%x is written", msr);
}

static inline void fake_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    struct fake_machine *fake = context;
    const uint32_t last_extended[4] = {fake->cpuid_sev[0] ? CPUID_SEV : CPUID_ADDRESS_SIZES};
    const uint32_t *from = leaf == 0                                            ? fake->cpuid_0
                           : leaf == 1                                          ? fake->cpuid_1
                           : leaf == 5                                          ? fake->cpuid_5
                           : leaf == 7                                          ? fake->cpuid_7
                           : leaf == CPUID_EXTENDED_MAX                         ? last_extended
                           : leaf == CPUID_ADDRESS_SIZES                        ? fake->cpuid_8
                           : leaf == CPUID_SEV && last_extended[0] == CPUID_SEV ? fake->cpuid_sev
                           : leaf >= CPUID_HYPERVISOR && leaf < CPUID_HYPERVISOR + 4 &&
                                   fake->cpuid_1[2] & CPUID_1_ECX_HYPERVISOR
                               ? fake->cpuid_hypervisor[leaf - CPUID_HYPERVISOR]
                               : NULL;
    assert_int_equal(subleaf, 0);
    /* Intel's give the last leaf's data: not zeros. */
    if (!from || (leaf < CPUID_HYPERVISOR && leaf > fake->cpuid_0[0])) {
        memset(out, 0xFF, 4 * sizeof(*out));
        return;
    }
    memcpy(out, from, 4 * sizeof(*out));
}

static inline void fake_set_processor(struct fake_machine *fake, const char vendor[13],
                                      uint32_t family)
{
    fake->cpuid_0[0] = 7;
    memcpy(&fake->cpuid_0[1], vendor, 4);
    memcpy(&fake->cpuid_0[3], vendor + 4, 4);
    memcpy(&fake->cpuid_0[2], vendor + 8, 4);
    fake->cpuid_1[0] = family << 8;
}

/* Instead of lib/cpu/load.c and leave.S. */

static jmp_buf fake_gone;                  /* to where a CPU that leaves C goes */
static struct muster_slot *fake_gone_slot; /* cpu_enter()'s */
static uint64_t fake_gone_to;              /* cpu_leave()'s */
static struct muster_slot *fake_gone_off;  /* cpu_go_off()'s */
static uint32_t fake_mwait_hint;
static void (*fake_on_mwait)(const struct muster_word *word);
static unsigned fake_levels = 4; /* of the tables that everybody is on */

static inline bool fake_has_gone_nowhere(void)
{
    return !fake_gone_slot && !fake_gone_to && !fake_gone_off;
}

void cpu_enter(struct muster_slot *slot)
{
    fake_gone_slot = slot;
    longjmp(fake_gone, 1);
}

void cpu_leave(uint64_t vector)
{
    fake_gone_to = vector;
    longjmp(fake_gone, 1);
}

void cpu_go_off(struct muster_slot *slot)
{
    fake_gone_off = slot;
    longjmp(fake_gone, 1);
}

enum muster_status cpu_reload(struct muster_slot *slot)
{
    struct fake_machine *fake = slot->machine->platform->context;
    fake->reloads++;
    slot->gs_base = (uint64_t)slot;
    return fake->current->load_status;
}

void cpu_sleep_by_mwait(const struct muster_word *word, uint32_t value, uint32_t hint)
{
    assert_int_equal(value, PARK_STAY);
    fake_mwait_hint = hint;
    if (!fake_on_mwait)
        fail_msg("nobody expected an MWAIT");
    fake_on_mwait(word);
}

unsigned cpu_paging_levels(void)
{
    return fake_levels;
}

enum muster_status cpu_load(struct muster_slot *slot, void *percpu)
{
    struct fake_machine *fake = slot->machine->platform->context;
    fake->loads++;
    slot->gs_base = (uint64_t)percpu;
    return slot->index == slot->machine->bsp ? fake->bsp_load_status : fake->current->load_status;
}

#define FAKE_CR4_ASKED  0x00100020u
#define FAKE_CR0_LOADED 0xC0050033u /* with caches off, as no AP is to start */
#define FAKE_CR4_LOADED 0x00000020u
#define FAKE_PAT        0x0007040600070105ull

void cpu_control_load(const struct muster_cpu_profile *profile)
{
    (void)profile;
}

void cpu_profile_make(struct muster_machine *machine)
{
    const struct fake_machine *fake = machine->platform->context;
    machine->profile = (struct muster_cpu_profile){
        .cr4 = FAKE_CR4_ASKED,
        .efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE,
        .x2apic = fake->x2apic,
    };
}

void muster_cpu_profile_read(const struct muster_machine *machine,
                             struct muster_cpu_profile *profile)
{
    const struct fake_machine *fake = machine->platform->context;
    *profile = (struct muster_cpu_profile){
        .cr0 = FAKE_CR0_LOADED,
        .cr4 = FAKE_CR4_LOADED,
        .efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE,
        .has_pat = true,
        .pat = FAKE_PAT,
        .x2apic = fake->x2apic,
    };
}

/* Building one. */

static inline void fake_trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    (void)slot, (void)frame;
}

static inline void fake_platform_init(struct fake_machine *fake)
{
    fake->platform = (struct muster_platform){
        .context = fake,
        .map = fake_map,
        .apic_read = fake_apic_read,
        .apic_write = fake_apic_write,
        .msr_read = fake_msr_read,
        .msr_write = fake_msr_write,
        .cpuid = fake_cpuid,
        .time_ns = fake_time_ns,
        .tsc_to_ns = fake_tsc_to_ns,
        .tsc = fake_tsc,
        .wait = fake_wait,
        .sleep = fake_sleep,
    };
    fake->config = (struct muster_cpu_config){
        .park_cr3 = FAKE_PARK_CR3,
        .paging_levels = 4,
        .wake_vector = FAKE_WAKE_VECTOR,
        .trap = fake_trap,
    };
    fake->now_ns = FAKE_S;
    fake->clear_bytes = 2;
    fake_set_processor(fake, "GenuineIntel", 6);
}

/** The APIC ID that a CPU gets: odd ones only, and in no order that means anything. */
static inline uint32_t fake_id(uint32_t index)
{
    return 2 * (index ^ 5) + 1;
}

static inline void fake_cpu_init(struct fake_cpu *cpu, uint32_t apic_id)
{
    *cpu = (struct fake_cpu){
        .apic_id = apic_id,
        .live_id = apic_id,
        .acknowledge_ns = 20 * FAKE_US,
        .start_ns = 10 * FAKE_US,
        .load_ns = 30 * FAKE_US,
        .step_ns = 5 * FAKE_US,
        .return_ns = 50 * FAKE_US,
    };
}

/**
 * @count processors with the IDs given, or fake_id() where @ids is NULL, of which the one in the
 * middle is the BSP; and a spare one that no table counts, with the ID 200.
 */
static inline struct fake_machine *fake_machine_new(const uint32_t *ids, uint32_t count)
{
    struct fake_machine *fake = calloc(1, sizeof(*fake));
    uint32_t places = 1;
    while (places < 2 * count)
        places *= 2;
    fake_platform_init(fake);
    fake->cpu_count = count + 1;
    fake->cpus = calloc(count + 1, sizeof(*fake->cpus));
    struct muster_cpu *cpus = calloc(count, sizeof(*cpus));
    struct muster_index_entry *index = calloc(places, sizeof(*index));
    assert_int_equal(
        muster_machine_init(&fake->machine, &fake->platform, cpus, count, index, places),
        MUSTER_OK);
    fake->machine.bsp = count / 2;
    for (uint32_t i = 0; i < count; i++) {
        struct muster_cpu cpu = {.apic_id = ids ? ids[i] : fake_id(i), .enabled = true};
        cpu.bsp = i == fake->machine.bsp;
        assert_true(machine_add(&fake->machine, &cpu));
        fake_cpu_init(&fake->cpus[i], cpu.apic_id);
    }
    fake_cpu_init(&fake->cpus[count], 200);
    fake->cpus[count].dead = true;
    fake->cpus[fake->machine.bsp].place = FAKE_ENTERED;
    fake->current = &fake->cpus[fake->machine.bsp];
    fake->slots = aligned_alloc(MUSTER_SLOT_BYTES, (size_t)count * MUSTER_SLOT_BYTES);
    memset(fake->slots, 0, (size_t)count * MUSTER_SLOT_BYTES);
    fake->idt = aligned_alloc(PAGE_BYTES, sizeof(*fake->idt));
    fake_gone_slot = NULL;
    fake_gone_to = 0;
    fake_gone_off = NULL;
    fake_levels = 4;
    return fake;
}

static inline void fake_machine_free(struct fake_machine *fake)
{
    for (uint32_t i = 0; i < fake->region_count; i++)
        free(fake->regions[i].memory);
    free(fake->machine.cpus);
    free(fake->machine.index);
    free(fake->slots);
    free(fake->idt);
    free(fake->cpus);
    free(fake);
}

/** The uncounted processor. */
static inline struct fake_cpu *fake_spare(struct fake_machine *fake)
{
    return &fake->cpus[fake->machine.cpu_count];
}

static inline void fake_mailbox_add(struct fake_machine *fake, uint16_t version)
{
    fake->mailbox = (void *)fake_region_add(fake, FAKE_MAILBOX, MAILBOX_BYTES);
    fake->machine.mailbox = (struct muster_mailbox_description){
        .present = true,
        .version = version,
        .length = version ? 24 : 16,
        .mailbox_phys = FAKE_MAILBOX,
        .reset_vector_phys = version ? FAKE_RESET_VECTOR : 0,
    };
}

static inline void fake_never_entered(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

/** Plan, entry memory, prepare, an entry for each: what comes before muster_adopt(). */
static inline void fake_prepare(struct fake_machine *fake, enum muster_way wanted)
{
    struct muster_machine *machine = &fake->machine;
    assert_int_equal(muster_plan_make(machine, wanted, &fake->plan), MUSTER_OK);
    fake->config.entry_bytes = muster_entry_bytes(machine, &fake->plan);
    bool real_mode =
        fake->plan.way == MUSTER_WAY_SIPI || fake->plan.way == MUSTER_WAY_ES_JUMP_TABLE;
    fake->config.entry_phys = real_mode ? FAKE_SIPI_ENTRY : FAKE_MAILBOX_ENTRY;
    if (fake->config.entry_bytes)
        fake_region_add(fake, fake->config.entry_phys, fake->config.entry_bytes);
    assert_int_equal(
        muster_prepare(machine, &fake->plan, &fake->config, fake->slots, fake->idt, FAKE_PERCPU),
        MUSTER_OK);
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        fake->slots[i].start.entry = fake_never_entered;
}

static inline struct fake_machine *fake_sipi_machine(uint32_t count)
{
    struct fake_machine *fake = fake_machine_new(NULL, count);
    fake_prepare(fake, MUSTER_WAY_SIPI);
    return fake;
}

static inline struct fake_machine *fake_mailbox_machine(uint32_t count, uint16_t version)
{
    struct fake_machine *fake = fake_machine_new(NULL, count);
    fake->x2apic = count > 100;
    fake_mailbox_add(fake, version);
    fake_prepare(fake, MUSTER_WAY_MAILBOX);
    return fake;
}

static inline enum muster_status fake_adopt(struct fake_machine *fake, uint64_t timeout_ns)
{
    return muster_adopt(&fake->machine, &fake->plan, timeout_ns);
}

static inline uint32_t fake_count(const struct fake_machine *fake, enum muster_cpu_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        count += muster_cpu_state(&fake->machine, i) == state;
    return count;
}

#define assert_cpu(fake, index, wanted_state, wanted_failure)                                      \
    do {                                                                                           \
        assert_string_equal(muster_cpu_state_name(muster_cpu_state(&(fake)->machine, index)),      \
                            muster_cpu_state_name(wanted_state));                                  \
        assert_string_equal(muster_error_name((fake)->slots[index].failure),                       \
                            muster_error_name(wanted_failure));                                    \
    } while (0)

/* The CPU calls muster_cpu_off(); what it answers, or MUSTER_OK with the CPU gone. */
static inline enum muster_status fake_off(struct fake_machine *fake, uint32_t index)
{
    struct fake_cpu *caller = fake->current;
    volatile enum muster_status status = MUSTER_OK;

    fake_gone_off = NULL;
    fake->current = &fake->cpus[index];
    if (setjmp(fake_gone) == 0)
        status = muster_cpu_off(&fake->slots[index]);
    fake->current = caller;
    assert_ptr_equal(fake_gone_off, status ? NULL : &fake->slots[index]);
    return status;
}

/* The rest of its way, which assembly begins: park_reenter(). */
static inline void fake_reenter(struct fake_machine *fake, uint32_t index)
{
    struct muster_slot *slot = &fake->slots[index];

    fake->current = &fake->cpus[index];
    fake->cpus[index].place = park_return(slot, cpu_reload(slot)) ? FAKE_PARKED : FAKE_REFUSED;
    fake->cpus[index].slot = slot;
    fake->current = &fake->cpus[fake->machine.bsp];
}

#endif
