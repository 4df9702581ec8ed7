/*
 * Hyper-V's hypercalls (TLFS, chapters 3 and 15): the hypervisor starts each AP in long mode, at
 * its own stub of the mailbox's entry pages. No call is waited for: one that the hypervisor gives
 * up for the moment (a time-out) is made again a little later, after those of the other CPUs.
 */
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/hypercall.h"
#include "lib/wake/way.h"

#define RETRY_NS     1000000u
#define OUTPUT_AT    (HYPERV_PAGE_BYTES / 2) /* in the page; what lies before it is input */
#define IDS_PER_CALL ((OUTPUT_AT - sizeof(struct hyperv_vp_index_input)) / sizeof(uint32_t))

_Static_assert(sizeof(struct hyperv_vp_input) <= OUTPUT_AT, "input ends before the output");
_Static_assert(IDS_PER_CALL * sizeof(uint32_t) <= HYPERV_PAGE_BYTES - OUTPUT_AT, "indexes fit");
_Static_assert(IDS_PER_CALL <= HYPERV_CONTROL_REPS, "the control word can count them");

/* A slot's way_step. */
enum step {
    NOT_CALLED, /* or failed for good: from the beginning, if ever */
    WANTS_INDEX,
    WANTS_VTL, /* enabled once: in the next try the start is the first call */
    WANTS_START,
    WANTS_START_AGAIN, /* a start was answered by a time-out, or its CPU never came */
    STARTED,
};

static void give_slot_up(struct muster_slot *slot, enum muster_status why, uint32_t status)
{
    slot->way_step = NOT_CALLED;
    slot->failure_code = status;
    slot_fail(slot, why);
}

/* VP indexes. */

/*
 * The IDs of those that want an index, as many as fit; gives how many. They
 * are the same for all VTLs, and VTL 0 is the one that every VP has.
 */
static uint32_t write_ids(const struct muster_machine *machine, uint8_t *page)
{
    struct hyperv_vp_index_input *input = (void *)page;
    uint32_t count = 0;
    *input = (struct hyperv_vp_index_input){.partition = HYPERV_THIS_PARTITION};
    for (uint32_t i = 0; i < machine->cpu_count && count < IDS_PER_CALL; i++)
        if (machine->slots[i].way_step == WANTS_INDEX)
            input->apic_ids[count++] = machine->cpus[i].apic_id;
    return count;
}

/* Take the first @count indexes, in the order in which the IDs were written. */
static void take_vp_indexes(struct muster_machine *machine, const uint8_t *page, uint32_t count)
{
    const uint32_t *indexes = (const void *)(page + OUTPUT_AT);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < machine->cpu_count && taken < count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        if (slot->way_step != WANTS_INDEX)
            continue;
        slot->vp_index = u32_load_relaxed(&indexes[taken++]);
        slot->way_step = machine->config.hyperv_vtl ? WANTS_VTL : WANTS_START;
    }
}

/* The next @count of those that want an index will not get one. */
static void give_indexes_up(struct muster_machine *machine, uint32_t count, enum muster_status why,
                            uint32_t status)
{
    for (uint32_t i = 0; i < machine->cpu_count && count; i++) {
        if (machine->slots[i].way_step != WANTS_INDEX)
            continue;
        give_slot_up(&machine->slots[i], why, status);
        count--;
    }
}

/*
 * A VP's index is the hypervisor's own number: only it knows which APIC ID has which. A call that
 * was not done to its end goes on behind what was done; an ID that it does not know is left out.
 */
static void learn_indexes(struct muster_machine *machine, uint8_t *page)
{
    uint32_t count;
    while ((count = write_ids(machine, page)) != 0) {
        uint64_t result = hypercall(
            machine, HYPERV_CALL_GET_VP_INDEX | (uint64_t)count << HYPERV_CONTROL_REPS_SHIFT,
            machine->config.hypercall_phys + OUTPUT_AT);
        uint32_t status = result & HYPERV_RESULT_STATUS;
        uint32_t done = result >> HYPERV_RESULT_DONE_SHIFT & HYPERV_CONTROL_REPS;
        if (done > count || (status == HYPERV_SUCCESS && done != count)) {
            give_indexes_up(machine, machine->cpu_count, MUSTER_ERROR_HYPERCALL_UNKNOWN, status);
            return;
        }
        take_vp_indexes(machine, page, done);
        if (status == HYPERV_TIME_OUT && !done)
            return;
        if (status == HYPERV_INVALID_PARAMETER && done < count)
            give_indexes_up(machine, 1, MUSTER_ERROR_HYPERCALL_APIC_ID, status);
        else if (status != HYPERV_SUCCESS && status != HYPERV_TIME_OUT)
            give_indexes_up(machine, machine->cpu_count, hypercall_meaning(status), status);
    }
}

/* Starts. */

/* A TD's context is the TDX module's affair: all of it must be zero. */
static void write_start(const struct muster_machine *machine, const struct muster_slot *slot,
                        uint8_t *page)
{
    struct hyperv_vp_input *input = (void *)page;
    *input = (struct hyperv_vp_input){
        .partition = HYPERV_THIS_PARTITION,
        .vp_index = slot->vp_index,
        .vtl = machine->config.hyperv_vtl,
    };
    if (!machine->confidential)
        hypercall_context_write(machine, slot->index, &input->context);
}

/* The page keeps its input from call to call; in a TD the host may write there, and gains nothing.
 */
static uint32_t enable_vtl(const struct muster_machine *machine, struct muster_slot *slot)
{
    uint32_t status = hypercall(machine, HYPERV_CALL_ENABLE_VP_VTL, 0) & HYPERV_RESULT_STATUS;
    if (status == HYPERV_VTL_ALREADY_ENABLED)
        status = HYPERV_SUCCESS;
    if (status == HYPERV_SUCCESS)
        slot->way_step = WANTS_START;
    return status;
}

/*
 * A start that was answered by a time-out may have been done all the same: that the VP runs
 * already is then what was wanted. Whether it is ours shows when it comes.
 */
static uint32_t start_vp(const struct wake_run *run, struct muster_slot *slot)
{
    bool again = slot->way_step == WANTS_START_AGAIN;
    if (!again)
        slot_stamp_wake(run, slot);
    uint32_t status = hypercall(run->machine, HYPERV_CALL_START_VP, 0) & HYPERV_RESULT_STATUS;
    if (again && status == HYPERV_INVALID_VP_STATE)
        status = HYPERV_SUCCESS;
    if (status == HYPERV_SUCCESS)
        slot->way_step = STARTED;
    else if (status == HYPERV_TIME_OUT)
        slot->way_step = WANTS_START_AGAIN;
    return status;
}

static void call_for(const struct wake_run *run, struct muster_slot *slot, uint8_t *page)
{
    const struct muster_machine *machine = run->machine;
    uint32_t status = HYPERV_SUCCESS;
    write_start(machine, slot, page);
    if (slot->way_step == WANTS_VTL)
        status = enable_vtl(machine, slot);
    if (status == HYPERV_SUCCESS)
        status = start_vp(run, slot);
    if (status != HYPERV_SUCCESS && status != HYPERV_TIME_OUT)
        give_slot_up(slot, hypercall_meaning(status), status);
}

/* Whether a call for this slot's CPU is still to be made, or to be made again. */
static bool is_under_way(const struct muster_slot *slot)
{
    return slot->way_step >= WANTS_INDEX && slot->way_step < STARTED && slot_wants_wake(slot);
}

/*
 * Each call that is due, once; true if some are left for later. A hypervisor that takes its time
 * over each takes the one deadline, and no more.
 */
static bool call_for_all(const struct wake_run *run)
{
    struct muster_machine *machine = run->machine;
    const struct muster_platform *platform = machine->platform;
    uint8_t *page =
        platform->map(platform->context, machine->config.hypercall_phys, HYPERV_PAGE_BYTES);
    bool left = false;
    learn_indexes(machine, page);
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        if (is_under_way(slot) && slot->way_step != WANTS_INDEX && !way_time_is_over(run))
            call_for(run, slot, page);
        left |= is_under_way(slot);
    }
    return left;
}

static void hyperv_wake(const struct wake_run *run)
{
    struct muster_machine *machine = run->machine;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        if (!slot_wants_wake(slot))
            continue;
        if (slot->way_step == NOT_CALLED)
            slot->way_step = WANTS_INDEX;
        else if (slot->way_step == STARTED)
            slot->way_step = WANTS_START_AGAIN;
    }
    if (machine->confidential)
        td_gate_open(machine);
    call_for_all(run);
}

/* The last try comes one pause before the deadline: who has none left is told why. */
static void give_up_late(const struct wake_run *run)
{
    for (uint32_t i = 0; i < run->machine->cpu_count; i++) {
        struct muster_slot *slot = &run->machine->slots[i];
        if (!is_under_way(slot))
            continue;
        bool never_called = slot->way_step == WANTS_START;
        slot->failure_code = never_called ? HYPERV_SUCCESS : HYPERV_TIME_OUT;
        slot_fail(slot, never_called ? MUSTER_TIME_OUT : MUSTER_ERROR_HYPERCALL_TIME_OUT);
    }
}

static bool any_under_way(const struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (is_under_way(&machine->slots[i]))
            return true;
    return false;
}

static uint64_t hyperv_wake_again(const struct wake_run *run, unsigned attempt)
{
    const struct muster_platform *platform = run->machine->platform;
    bool left = attempt ? call_for_all(run) : any_under_way(run->machine);
    uint64_t now_ns = platform->time_ns(platform->context);
    if (!left)
        return 0;
    if (now_ns < run->deadline_ns && run->deadline_ns - now_ns > RETRY_NS)
        return RETRY_NS;
    give_up_late(run);
    return 0;
}

/* Preparation. */

static uint64_t hyperv_entry_bytes(const struct muster_machine *machine)
{
    return machine->confidential ? td_start_way.entry_bytes(machine) : mailbox_entry_bytes(machine);
}

static bool call_page_is_sound(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    uint64_t phys = machine->config.hypercall_phys;
    if (phys == 0 || phys % HYPERV_PAGE_BYTES ||
        !platform->map(platform->context, phys, HYPERV_PAGE_BYTES))
        return false;
    return !machine->confidential || !platform->is_private ||
           !platform->is_private(platform->context, phys, HYPERV_PAGE_BYTES);
}

static enum muster_status hyperv_prepare(struct muster_machine *machine)
{
    if (!call_page_is_sound(machine))
        return MUSTER_ERROR_HYPERCALL_PAGE;
    if (machine->confidential)
        return td_start_way.prepare(machine);
    if (!start_tables_are_sound(machine))
        return MUSTER_INVALID_ARGUMENT;
    return mailbox_entry_prepare(machine);
}

const struct way_operations hyperv_way = {
    .entry_bytes = hyperv_entry_bytes,
    .prepare = hyperv_prepare,
    .wake = hyperv_wake,
    .wake_again = hyperv_wake_again,
};
