/**
 * From a described machine to all its processors on: plan, prepare, adopt, start.
 *
 *     muster_discover -> muster_plan_make -> muster_prepare -> (host seals the entry page)
 *         -> muster_adopt -> muster_start -> ... -> muster_cpu_hand_back
 *
 * What may stand between: muster_trace_init() before the first (muster/trace.h), and after
 * muster_adopt() the clocks (muster/clock.h) and an order (muster/order.h).
 *
 * All are called on the BSP, one at a time; what may be called later, by several CPUs at once,
 * is in muster/life.h.
 *
 * A kernel that has a set-up of its own for each CPU takes the waking only: its entry loads the
 * kernel's descriptor tables over the library's, and the slot stays what finds the CPU again. With
 * its own tables the kernel takes over NMI, double fault and machine check, and a CPU that goes
 * off loads the library's again.
 *
 * @code
 * #include <muster/wake.h>
 *
 * void load_own_tables(uint32_t number, uint64_t stack_top);
 * void run_scheduler(uint32_t number);
 *
 * static void enter_kernel(struct muster_slot *slot, void *context)
 * {
 *     (void)context;
 *     load_own_tables(slot->index, slot->start.stack_top);
 *     run_scheduler(slot->index);
 * }
 *
 * enum muster_status start_one(struct muster_machine *machine, uint32_t number, uint64_t stack_top)
 * {
 *     struct muster_slot *slot = &machine->slots[number];
 *     const struct muster_start start = {
 *         .entry = enter_kernel,
 *         .stack_top = stack_top,
 *         .percpu = slot,
 *     };
 *     enum muster_status status = muster_cpu_on(machine, slot->apic_id, &start);
 *     return status ? status
 *                   : muster_cpu_wait(machine, slot->apic_id, MUSTER_CPU_ON, 1000000000u);
 * }
 * @endcode
 */
#ifndef MUSTER_WAKE_H
#define MUSTER_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/life.h>
#include <muster/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The ways to wake processors. */
enum muster_way {
    MUSTER_WAY_AUTO = 0, /* whatever the platform describes */
    MUSTER_WAY_SIPI,     /* INIT, SIPI through xAPIC or x2APIC */
    MUSTER_WAY_MAILBOX,  /* ACPI Multiprocessor Wakeup */
    MUSTER_WAY_NONE,     /* one processor: nobody to wake */
    /**
     * For a TD's firmware only: all CPUs came to the reset vector with the BSP and wait at a gate
     * (muster_cpu_config.td_gate): in long mode, interrupts off, entry_phys's page mapped 1:1 and
     * executable, the gate's word looked at before each TDVMCALL HLT, which wake_vector ends.
     */
    MUSTER_WAY_TD_START,
    /**
     * Hyper-V's hypercalls: StartVirtualProcessor, each CPU in long mode at its own stub. In a
     * TD, for firmware only: the CPUs come to the reset vector and wait at the gate as with
     * TD_START, and the hypercall is what lets them run.
     */
    MUSTER_WAY_HYPERV,
    MUSTER_WAY_SNP,           /* AMD SEV-SNP: AP creation by VMSA; not run on hardware yet */
    MUSTER_WAY_ES_JUMP_TABLE, /* AMD SEV-ES: the AP jump table; not run on hardware yet */
};

/** "sipi", "mailbox" ...: as reports and options spell it. Never NULL. */
const char *muster_way_name(enum muster_way way);

/** Which way, and why: see muster_plan_make(). */
struct muster_plan {
    enum muster_way way;
    bool x2apic;        /* which APIC interface the way uses */
    bool reset_vector;  /* CPUs can be handed back to the firmware */
    const char *reason; /* one sentence: why this way */
};

/**
 * Choose the way by what the platform describes: a mailbox first, then what SEV-SNP and SEV-ES
 * need, then INIT and SIPI outside of a TD. @wanted other than AUTO asks for one and is
 * MUSTER_ERROR_NO_WAY if the platform does not offer it (SIPI in a TD, TD_START outside of one,
 * MAILBOX with none described, HYPERV without the privilege or the hook). TD_START is never chosen
 * by itself: only firmware can ask for it. Nor is HYPERV: where it is offered, INIT and SIPI work
 * too, or firmware gives a mailbox.
 * An APIC ID that the APIC's mode cannot reach is MUSTER_ERROR_APIC_ID_BEYOND_XAPIC.
 */
enum muster_status muster_plan_make(const struct muster_machine *machine, enum muster_way wanted,
                                    struct muster_plan *plan);

/** Bytes of entry memory that the plan's way needs for this machine: whole pages. */
uint64_t muster_entry_bytes(const struct muster_machine *machine, const struct muster_plan *plan);

/** Bytes of memory for as many CPUs' VMSAs (muster_cpu_config.vmsa_phys): whole pages. */
uint64_t muster_vmsa_bytes(uint32_t cpu_count);

/**
 * Fill slots, descriptor tables, IDT and entry pages, read the BSP's profile, and load it all on
 * the BSP (which is then ON, with GS base @bsp_percpu). The entry pages are written here and
 * only here: seal them (read-only, executable in park_cr3) before muster_adopt().
 *
 * A park method that this platform does not have is MUSTER_NOT_SUPPORTED; config.park_method in
 * @machine says afterwards which AUTO is.
 *
 * @param config      copied
 * @param slots       machine->cpu_count of them, zeroed
 * @param bsp_percpu  its first word must be the address of the BSP's slot, as with start.percpu
 * @return MUSTER_OK; MUSTER_INVALID_ARGUMENT: no trap hook, a wake vector out of its range, or
 *         discovered without knowing the BSP; MUSTER_ERROR_PAGING_LEVELS;
 *         MUSTER_ERROR_PARK_TABLE_ADDRESS; MUSTER_NOT_SUPPORTED; MUSTER_ERROR_FEATURES_DIFFER; or
 *         why the way cannot use what it was given: MUSTER_ERROR_ENTRY_PAGE, _MAILBOX_ADDRESS,
 *         _HYPERCALL_PAGE, _VMSA_PAGE, _JUMP_TABLE
 */
enum muster_status muster_prepare(struct muster_machine *machine, const struct muster_plan *plan,
                                  const struct muster_cpu_config *config, struct muster_slot *slots,
                                  struct muster_idt *idt, void *bsp_percpu);

/**
 * Bring every enabled CPU that is not in yet into the park area. Returns when the last has come
 * or @timeout_ns has passed: MUSTER_OK, or MUSTER_TIME_OUT with at least one slot FAILED, its
 * reason beside it, and everybody else parked. A dead CPU costs the one deadline, whatever
 * their number (by the mailbox the first silent one may use half of it up). A CPU that comes
 * later parks itself and stays FAILED; called again, it is taken, one that never came is tried
 * again, and one that has claimed its slot and is not in yet is waited for, not woken. One that
 * died there, or was refused, stays FAILED.
 * With a plan that has no way, and somebody to wake: MUSTER_ERROR_NO_WAY, and they are FAILED.
 *
 * An arrival that gets no slot (uncounted, or a second time) counts in machine->strays and halts
 * for good in the library's code, without descriptor tables: an NMI sent to all CPUs by a
 * broadcast would shut the machine down, so send NMIs to CPUs that are ON only.
 */
enum muster_status muster_adopt(struct muster_machine *machine, const struct muster_plan *plan,
                                uint64_t timeout_ns);

/**
 * muster_cpu_on() for every parked CPU, with the slot's own start, all at the same time, in the
 * order of @order (indexes, see muster/order.h; NULL: as listed); then muster_cpu_wait(). Where
 * every CPU but the BSP is parked and @order has them all they are told in that order, and then
 * one interrupt wakes them all at once.
 * MUSTER_OK when all are ON; MUSTER_TIME_OUT, and the slot of each that is not says why; or
 * MUSTER_INVALID_ARGUMENT, and nobody was told, where one's start has no entry or a stack_top that
 * is not 16-byte aligned.
 */
enum muster_status muster_start(struct muster_machine *machine, const uint32_t *order,
                                uint32_t order_count, uint64_t timeout_ns);

/**
 * One CPU alone, from ABSENT to ON with its slot's own start: instead of muster_adopt() and
 * muster_start(), for a machine on which no two CPUs may be under way at once, and to compare
 * with. It takes many times as long (docs/simulate.md).
 *
 * @param classic  by INIT-SIPI as the MP specification has it (1.4, B.4): 10 ms after the INIT,
 *                 200 us after the first SIPI, and a second SIPI
 * @return MUSTER_OK; MUSTER_UNKNOWN_CPU; MUSTER_NOT_SUPPORTED by a way that wakes all or nobody,
 *         or that knows no such delays; MUSTER_DENIED if it is not ABSENT, not enabled, or the BSP;
 *         MUSTER_TIME_OUT if it did not come (it is FAILED, and its slot says why), or else why it
 *         could not be turned on (muster/life.h)
 */
enum muster_status muster_cpu_bring_up(struct muster_machine *machine,
                                       const struct muster_plan *plan, uint32_t apic_id,
                                       bool classic, uint64_t timeout_ns);

/**
 * Give a parked CPU back to the firmware through the ResetVector, and make sure by Test that it
 * arrived. It is ABSENT afterwards and muster_adopt() may take it again. The ResetVector's page
 * must be mapped 1:1 and executable by park_cr3. One CPU at a time (ACPI 6.6, 5.2.12.19): called
 * by one CPU, while nobody adopts.
 *
 * @return MUSTER_OK; MUSTER_UNKNOWN_CPU; MUSTER_DENIED if it is not parked, or is the BSP, which
 *         the firmware never parked; MUSTER_ERROR_NO_RESET_VECTOR;
 *         MUSTER_ERROR_FIRMWARE_RECLAIMED if @firmware_kept is false; MUSTER_ERROR_MAILBOX_BUSY
 *         or MUSTER_ERROR_MAILBOX_ADDRESS if Test could not be asked, MUSTER_ERROR_APIC_... if
 *         the CPU could not be told: it stays OFF in all of these; MUSTER_TIME_OUT if it did not
 *         leave or did not answer Test (it is FAILED then)
 */
enum muster_status muster_cpu_hand_back(struct muster_machine *machine,
                                        const struct muster_plan *plan, uint32_t apic_id,
                                        bool firmware_kept, uint64_t timeout_ns);

/**
 * For whoever plays the firmware's side: lend a CPU to code that is not ours, by the vector of a
 * mailbox, and let it back in by one address that serves all.
 *
 * muster_lend_prepare() writes the page of that address (the ResetVector): page-aligned, below
 * 4 GiB, mapped 1:1 and executable by park_cr3. After muster_prepare(), before sealing.
 */
enum muster_status muster_lend_prepare(struct muster_machine *machine, uint64_t page_phys);

/**
 * On the CPU itself, ON, interrupts off: leave to @vector with all general registers but RAX
 * cleared. If it comes back by the lent page it is started at its slot's start.entry again.
 */
__attribute__((noreturn)) void muster_lend(struct muster_slot *slot, uint64_t vector);

/** Whether any described CPU may still be in the firmware's loop (custody must go on). */
bool muster_ap_in_firmware(const struct muster_machine *machine, const struct muster_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
