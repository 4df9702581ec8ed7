/* INIT, SIPI (SDM vol. 3, 9.4): through the xAPIC or the x2APIC, whichever the BSP runs in. */
#include "abi/sizes.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/cpu.h"
#include "lib/memory_functions.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

#define CLASSIC_INIT_DELAY_NS   10000000u /* MP specification 1.4, B.4 */
#define CLASSIC_SIPI_DELAY_NS   200000u
#define FIRST_REPEAT_NS         200000u
#define REPEATS_BEFORE_NEW_INIT 6 /* by then 200 us have doubled to 12.8 ms */

static uint64_t sipi_entry_bytes(const struct muster_machine *machine)
{
    (void)machine;
    return PAGE_BYTES;
}

/*
 * CR4's bits that can be set before long mode, with nothing but a feature of CPUID asked for first.
 * The rest follows in cpu_load().
 */
#define EARLY_CR4                                                                                  \
    (CR4_DE | CR4_PSE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |               \
     CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE)

/* What an AP that has all the features sets in the page itself. */
static void checked_parameters_init(const struct muster_machine *machine,
                                    struct entry_parameters *entry)
{
    const struct muster_cpu_profile *profile = &machine->profile;
    entry->needs = machine->needs;
    entry->checked_cr4 = entry->cr4 | (uint32_t)(profile->cr4 & EARLY_CR4);
    entry->mtrr_cap = (uint32_t)profile->mtrr_cap;
    if (!(profile->mtrr_def_type & MTRR_DEF_TYPE_ENABLE)) /* as where there are none */
        return;
    entry->msr_bytes = machine->mtrrs.count * (uint32_t)sizeof(machine->mtrrs.msrs[0]);
    memcpy(entry->msrs, machine->mtrrs.msrs, entry->msr_bytes);
}

void sipi_entry_page_write(const struct muster_machine *machine, uint8_t *page, uint64_t page_phys)
{
    struct entry_parameters *entry = (void *)(page + ENTRY_PARAMETERS);
    memcpy(page, sipi_entry_start, (size_t)(sipi_entry_end - sipi_entry_start));
    entry_parameters_init(machine, entry, page_phys);
    checked_parameters_init(machine, entry);
    entry->arrive = (uint64_t)(uintptr_t)arrive_by_apic_id;
    entry->far32_offset = (uint32_t)(page_phys + (uint64_t)(sipi_entry_32 - sipi_entry_start));
    entry->far64_offset = (uint32_t)(page_phys + (uint64_t)(sipi_entry_64 - sipi_entry_start));
}

static enum muster_status sipi_prepare(struct muster_machine *machine)
{
    const struct muster_cpu_config *config = &machine->config;
    uint64_t page_phys = config->entry_phys;
    if (page_phys < PAGE_BYTES || page_phys > ONE_MIB - PAGE_BYTES || page_phys % PAGE_BYTES ||
        config->entry_bytes < PAGE_BYTES)
        return MUSTER_ERROR_ENTRY_PAGE;
    uint8_t *page = machine->platform->map(machine->platform->context, page_phys, PAGE_BYTES);
    if (!page)
        return MUSTER_ERROR_ENTRY_PAGE;
    sipi_entry_page_write(machine, page, page_phys);
    return MUSTER_OK;
}

/*
 * Time between INIT and SIPI: Intel's processors from family 6 on, AMD's from family 15 on and
 * Hygon's need none (Linux waits none there either); nothing is known of any others.
 */
static uint64_t init_delay_ns(const struct muster_platform *platform)
{
    uint32_t r[4];
    platform->cpuid(platform->context, 0, 0, r);
    bool intel = r[1] == CPUID_VENDOR_INTEL_EBX;
    bool amd = r[1] == CPUID_VENDOR_AMD_EBX || r[1] == CPUID_VENDOR_HYGON_EBX;
    platform->cpuid(platform->context, CPUID_FEATURES, 0, r);
    uint32_t family = r[0] >> 8 & 0xF;
    return (intel && family >= 6) || (amd && family >= 15) ? 0 : CLASSIC_INIT_DELAY_NS;
}

/* A broadcast reaches CPUs that the tables do not count: only when they count all, and want all. */
static bool may_broadcast(const struct muster_machine *machine)
{
    if (machine->disabled_count || machine->config.no_broadcast || machine->cpu_count < 2)
        return false;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (i != machine->bsp && !slot_wants_wake(&machine->slots[i]))
            return false;
    return true;
}

/* It begins a wake. */
static bool is_init(uint32_t command)
{
    return (command & ICR_DELIVERY_MODE) == ICR_INIT;
}

/* @status: of the send before. An APIC that is stuck stays so: its patience is spent once. */
static enum muster_status send_to_one(const struct wake_run *run, struct muster_slot *slot,
                                      uint32_t command, enum muster_status status)
{
    if (status != MUSTER_ERROR_APIC_STUCK)
        status = apic_send(run->machine->platform, run->plan->x2apic, slot->apic_id, command);
    if (status)
        slot_fail(slot, status);
    return status;
}

/* To all that want a wake. */
static void send_to_each(const struct wake_run *run, uint32_t command)
{
    struct muster_machine *machine = run->machine;
    enum muster_status status = MUSTER_OK;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        if (!slot_wants_wake(slot) || slot_failure(slot))
            continue;
        if (is_init(command))
            slot_stamp_wake(run, slot);
        status = send_to_one(run, slot, command, status);
    }
}

/* One message to all, and so one moment, which is the same for all. */
static void stamp_pending(const struct wake_run *run)
{
    const struct muster_machine *machine = run->machine;
    uint64_t now_ns = machine->platform->time_ns(machine->platform->context);
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (slot_is_pending(&machine->slots[i]))
            slot_stamp_wake_at(run, &machine->slots[i], now_ns);
}

static void send_to_all(const struct wake_run *run, uint32_t command)
{
    const struct muster_machine *machine = run->machine;
    enum muster_status status =
        apic_send(machine->platform, run->plan->x2apic, 0, command | ICR_ALL_BUT_SELF);
    for (uint32_t i = 0; status && i < machine->cpu_count; i++)
        if (slot_wants_wake(&machine->slots[i]))
            slot_fail(&machine->slots[i], status);
}

static uint32_t sipi_command(const struct muster_machine *machine)
{
    return ICR_SIPI | ICR_ASSERT | (uint32_t)(machine->config.entry_phys / PAGE_BYTES);
}

static void sipi_wake(const struct wake_run *run)
{
    struct muster_machine *machine = run->machine;
    bool broadcast = may_broadcast(machine);
    void (*send)(const struct wake_run *, uint32_t) = broadcast ? send_to_all : send_to_each;
    uint64_t delay_ns = init_delay_ns(machine->platform);
    if (broadcast)
        stamp_pending(run);
    send(run, ICR_INIT | ICR_ASSERT);
    if (delay_ns)
        pass_time(machine, delay_ns);
    send(run, sipi_command(machine));
}

static void sipi_wake_one(const struct wake_run *run, struct muster_slot *slot,
                          uint64_t deadline_ns)
{
    uint64_t delay_ns =
        run->classic ? CLASSIC_INIT_DELAY_NS : init_delay_ns(run->machine->platform);
    (void)deadline_ns; /* nobody is waited for */
    slot_stamp_wake(run, slot);
    enum muster_status status = send_to_one(run, slot, ICR_INIT | ICR_ASSERT, MUSTER_OK);
    for (unsigned sipis = run->classic ? 2 : 1; sipis > 0; sipis--) {
        pass_time(run->machine, delay_ns);
        status = send_to_one(run, slot, sipi_command(run->machine), status);
        delay_ns = CLASSIC_SIPI_DELAY_NS;
    }
}

/*
 * Before a new INIT: one that lands when the CPU is ON would take it out of its host's hands. So
 * who is sent for anew parks when it comes, and muster_start() starts it.
 */
static void take_early_starts(struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        slot->way_step = slot_wants_wake(slot) && slot_take_early_start(slot);
    }
}

/*
 * A CPU that came in at the very moment of its INIT is out of its slot again: it must be able to
 * claim it anew, and gets its SIPI whatever its state says. The INIT may land late, never its
 * SIPI before it: all of them share one delay.
 */
static void init_again(const struct wake_run *run)
{
    struct muster_machine *machine = run->machine;
    const struct muster_platform *platform = machine->platform;
    uint64_t now_ns = platform->time_ns(platform->context);
    enum muster_status status = MUSTER_OK;
    take_early_starts(machine);
    send_to_each(run, ICR_INIT | ICR_ASSERT);
    pass_time(machine, CLASSIC_INIT_DELAY_NS);
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        if (slot->way_step) /* it may have counted on the start that is gone */
            word_move(&slot->state, MUSTER_CPU_ON_PENDING, MUSTER_CPU_OFF);
        if (slot->stamps_ns[MUSTER_STAMP_WAKE_SENT] < now_ns || slot_failure(slot))
            continue;
        word_store_release(&slot->claimed, 0);
        status = send_to_one(run, slot, sipi_command(machine), status);
    }
}

/*
 * A second SIPI is harmless to a CPU that took the first, and all that one needs whose INIT came
 * late and swallowed it. A new INIT would pull a CPU that is slow but under way out of its slot:
 * so late, and only to CPUs that have not claimed theirs.
 */
static uint64_t sipi_wake_again(const struct wake_run *run, unsigned attempt)
{
    if (attempt == 0)
        return FIRST_REPEAT_NS;
    if (attempt == REPEATS_BEFORE_NEW_INIT)
        init_again(run);
    else
        send_to_each(run, sipi_command(run->machine));
    return attempt < 16 ? (uint64_t)FIRST_REPEAT_NS << attempt : 0;
}

const struct way_operations sipi_way = {
    .entry_bytes = sipi_entry_bytes,
    .prepare = sipi_prepare,
    .wake = sipi_wake,
    .wake_one = sipi_wake_one,
    .wake_again = sipi_wake_again,
    .patient = true,
};
