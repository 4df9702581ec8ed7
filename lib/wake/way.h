/**
 * Private to the library: what each way to wake does for the one orchestrator (lib/wake/adopt.c).
 */
#ifndef LIB_WAKE_WAY_H
#define LIB_WAKE_WAY_H

#include <muster/wake.h>

/** One bring-up in progress: which machine, how, and until when. */
struct wake_run {
    struct muster_machine *machine;
    const struct muster_plan *plan;
    uint64_t start_ns;
    uint64_t deadline_ns; /* for everything; MUSTER_FOREVER: none */
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
     * Try again for those still ADOPT_PENDING: attempt 1, 2 ... Gives how long to wait before
     * the next, or 0 if there is no use in trying again.
     */
    uint64_t (*wake_again)(const struct wake_run *run, unsigned attempt);
};

extern const struct way_operations sipi_way, mailbox_way, td_start_way;

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

/** Nobody waits for the slot's CPU any longer: if it is still pending, it has failed. */
void slot_give_up(struct muster_slot *slot);

/** Wake whoever is pending by the plan's way, and wait for them. Nobody is given up yet. */
void adopt_pending(struct muster_machine *machine, const struct muster_plan *plan,
                   uint64_t timeout_ns);

/** Nobody is in the slot, as before the first wake: the next CPU that comes may claim it. */
void slot_vacate(struct muster_slot *slot);

/** Wait, whatever happens meanwhile. */
void pass_time(const struct muster_platform *platform, uint64_t ns);

/** Mark the moment on the slot, by the platform's time. */
void slot_stamp(struct muster_slot *slot, enum muster_stamp stamp);

/** Write one page of mailbox entry stubs, for the slots from @first_slot on. */
void mailbox_entry_page_write(const struct muster_machine *machine, uint8_t *page,
                              uint64_t page_phys, uint32_t first_slot);

/** Fill the part of an entry page's parameters that both ways need. */
struct entry_parameters;
void entry_parameters_init(const struct muster_machine *machine, struct entry_parameters *entry,
                           uint64_t page_phys);

#endif
