/**
 * Private to the library: what each way to wake does for the one orchestrator (lib/wake/adopt.c).
 */
#ifndef LIB_WAKE_WAY_H
#define LIB_WAKE_WAY_H

#include <muster/wake.h>

#include "lib/trace.h"

/** The trace's first events are the stamps, in their order. */
#define TRACE_OF_STAMP(stamp)                                                                      \
    ((enum muster_trace_event)((unsigned)MUSTER_TRACE_WAKE_SENT + (unsigned)(stamp)))
_Static_assert(TRACE_OF_STAMP(MUSTER_STAMP_ON) == MUSTER_TRACE_ON, "muster/trace.h");

/** One bring-up in progress: which machine, how, and until when. */
struct wake_run {
    struct muster_machine *machine;
    const struct muster_plan *plan;
    struct muster_trace_ring *trace; /* the BSP's, or NULL */
    uint64_t start_ns;
    uint64_t deadline_ns; /* for everything; MUSTER_FOREVER: none */
    bool classic;         /* with the delays of the MP specification */
};

/** @ns after @now_ns; MUSTER_FOREVER stays that. */
static inline uint64_t time_after(uint64_t now_ns, uint64_t ns)
{
    return ns > MUSTER_FOREVER - now_ns ? MUSTER_FOREVER : now_ns + ns;
}

struct way_operations {
    /** Bytes of entry memory for this machine. */
    uint64_t (*entry_bytes)(const struct muster_machine *machine);

    /** Write the entry memory (machine->config); MUSTER_ERROR_ENTRY_PAGE if it does not fit. */
    enum muster_status (*prepare)(struct muster_machine *machine);

    /**
     * Send its wake to every slot for which slot_wants_wake(). What is known to be hopeless gets
     * its failure; nobody is waited for longer than the way's own protocol needs, and the
     * last to be sent for still has time to arrive.
     */
    void (*wake)(const struct wake_run *run);

    /**
     * Send its wake to this slot's CPU alone, which is pending; as above, until @deadline_ns at
     * the latest. NULL: the way wakes all or nobody.
     */
    void (*wake_one)(const struct wake_run *run, struct muster_slot *slot, uint64_t deadline_ns);

    /**
     * Try again for those still ADOPT_PENDING: attempt 1, 2 ... Gives how long to wait before
     * the next, or 0 if there is no use in trying again.
     */
    uint64_t (*wake_again)(const struct wake_run *run, unsigned attempt);

    /** While CPUs keep coming nobody needs to be sent for again. */
    bool patient;
};

extern const struct way_operations sipi_way, mailbox_way, td_start_way, hyperv_way, snp_way,
    es_jump_table_way;

/** The operations of plan->way; NULL for MUSTER_WAY_NONE. */
const struct way_operations *way_operations_of(const struct muster_plan *plan);

/** Whether this slot's CPU has been sent for and has not come. */
bool slot_is_pending(const struct muster_slot *slot);

/**
 * Whether a wake is of use: pending, and nobody has set foot in the slot. Who has is under way
 * already, and an INIT would pull it out of a slot that it could not claim again.
 */
bool slot_wants_wake(const struct muster_slot *slot);

/** Why the slot's CPU will not come. Either side may find out, while the other one looks. */
void slot_fail(struct muster_slot *slot, enum muster_status why);
enum muster_status slot_failure(const struct muster_slot *slot);

/** Nobody waits for the slot's CPU any longer: still pending, it has failed. Whether it has. */
bool slot_give_up(struct muster_slot *slot);

/** Wake whoever is pending by the plan's way, and wait for them. Nobody is given up yet. */
void adopt_pending(struct muster_machine *machine, const struct muster_plan *plan,
                   uint64_t timeout_ns);

/** Nobody is in the slot, as before the first wake: the next CPU that comes may claim it. */
void slot_vacate(struct muster_slot *slot);

/** Whether no time is left: whoever was not sent for yet is better not sent for any more. */
static inline bool way_time_is_over(const struct wake_run *run)
{
    const struct muster_platform *platform = run->machine->platform;
    return platform->time_ns(platform->context) >= run->deadline_ns;
}

/** Wait, whatever happens meanwhile. */
void pass_time(struct muster_machine *machine, uint64_t ns);

/**
 * Of a way that sends for one CPU at a time: how many turns there are to be, and until when the
 * one whose turn it is may keep the others waiting, if it is the first of @turns that are left. 0:
 * it is not to be sent for any more, and has failed by MUSTER_TIME_OUT.
 */
uint32_t way_count_turns(const struct muster_machine *machine);
uint64_t way_turn_deadline_ns(const struct wake_run *run, uint32_t turns);

/**
 * On the CPU itself: mark the moment on the slot and in its trace, by one reading of the clock.
 * The slot's stamps are what is known without a trace, and what stays when a ring has come around.
 */
static inline void slot_stamp_at(struct muster_slot *slot, enum muster_stamp stamp,
                                 uint64_t time_ns)
{
    slot->stamps_ns[stamp] = time_ns;
    trace_write(slot->trace, time_ns, TRACE_OF_STAMP(stamp), 0, 0);
}

static inline void slot_stamp(struct muster_slot *slot, enum muster_stamp stamp)
{
    const struct muster_platform *platform = slot->machine->platform;
    slot_stamp_at(slot, stamp, platform->time_ns(platform->context));
}

/** On the BSP, just before it: the slot's CPU is sent its (first) wake. */
void slot_stamp_wake(const struct wake_run *run, struct muster_slot *slot);
void slot_stamp_wake_at(const struct wake_run *run, struct muster_slot *slot, uint64_t now_ns);

/** Write one page of mailbox entry stubs, for the slots from @first_slot on. */
void mailbox_entry_page_write(const struct muster_machine *machine, uint8_t *page,
                              uint64_t page_phys, uint32_t first_slot);

/** Write one page that leads from real mode to arrive_by_apic_id, entered at its start. */
void sipi_entry_page_write(const struct muster_machine *machine, uint8_t *page, uint64_t page_phys);

/** The same for all slots: bytes, where this slot's CPU and no other enters, and all pages. */
uint64_t mailbox_entry_bytes(const struct muster_machine *machine);
uint64_t mailbox_entry_vector(const struct muster_machine *machine, uint32_t index);
enum muster_status mailbox_entry_prepare(const struct muster_machine *machine);

/** Open the gate at which a TD's CPUs wait (lib/wake/td_start.c). The entry page is written. */
void td_gate_open(const struct muster_machine *machine);

/**
 * What a CPU needs to run its stub of the mailbox's entry pages from its first instruction on:
 * long mode, the BSP's registers as far as they are of use there.
 */
struct start_state {
    uint64_t rip, cr0, cr3, cr4, efer, pat;
};
void start_state_make(const struct muster_machine *machine, uint32_t index,
                      struct start_state *state);

/** config.start_cr3: every AP's must be a page's address. */
bool start_tables_are_sound(const struct muster_machine *machine);

/** Fill the part of an entry page's parameters that all ways need. */
struct entry_parameters;
void entry_parameters_init(const struct muster_machine *machine, struct entry_parameters *entry,
                           uint64_t page_phys);

#endif
