/*
 * The firmware's side of the mailbox (ACPI 6.6, 5.2.12.19): every AP waits here, each answers
 * to its own APIC ID only. Nearly all of them sleep (shim/lookout.h): APs that poll cost the host
 * a core, and each other the mailbox's cache line, at every command.
 */
#include "boot/native.h"
#include "boot/timer.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "shim/fault.h"
#include "shim/lookout.h"
#include "shim/mailbox_ap.h"
#include "shim/shim.h"

#define LOOKOUT_NAP_MS 4u   /* between two looks of the one that looks out for all */
#define SLEEP_MS       200u /* the others; should the lookout be dead, until one takes its place */
#define ROUSE_NS       10000000u /* an interrupt that takes so long was lost on the way */

static struct muster_word states[SHIM_MAX_CPUS]; /* enum mailbox_ap_state, by index */
static struct muster_word rests[SHIM_MAX_CPUS];  /* enum lookout_rest */
static struct muster_word duty;                  /* who looks out (shim/lookout.h) */
static uint32_t looks;                           /* of whoever looks out: it is alive */

static uint64_t time_now_ns(void)
{
    return shim.platform.time_ns(shim.platform.context);
}

static bool is_waiting(uint32_t index)
{
    return word_load_acquire(&states[index]) == MAILBOX_AP_WAITING;
}

bool shim_cpu_is_there(uint32_t index)
{
    return index == shim.machine.bsp || is_waiting(index);
}

void shim_ap_roused(uint32_t index)
{
    lookout_be_roused(&rests[index]);
}

static void rouse(uint32_t index)
{
    if (lookout_rouse(&rests[index]))
        (void)muster_apic_send(&shim.platform, shim.slots[index].apic_id, SHIM_ROUSE_VECTOR);
}

/* One that sees a command for another which sleeps; it is asked anew at every look. */
static void rouse_called(void)
{
    int32_t called = muster_machine_find(&shim.machine, u32_load_relaxed(&shim.mailbox->apic_id));
    if (called >= 0 && is_waiting((uint32_t)called))
        rouse((uint32_t)called);
}

/*
 * The one behind it in the tables is most likely the next to be called, and is awake by then.
 * Before the command is acknowledged: until then nobody else can be called and be gone.
 */
static void pass_duty_on(uint32_t index)
{
    uint32_t count = shim.machine.cpu_count, next = index;
    do
        next = (next + 1) % count;
    while (next != index && !is_waiting(next));
    lookout_pass_on(&duty, next == index ? LOOKOUT_NOBODY : next);
    if (next != index)
        rouse(next);
}

static void sleep_ms(uint32_t index, uint32_t ms, bool has_duty)
{
    if (lookout_lie_down(&rests[index], &duty, index, has_duty))
        timer_nap(&shim.platform, ms);
    uint64_t deadline_ns = time_now_ns() + ROUSE_NS;
    while (!lookout_get_up(&rests[index])) {
        interrupts_let_in();
        if (time_now_ns() >= deadline_ns)
            lookout_be_roused(&rests[index]);
    }
}

/*
 * One that finds behind its sleep that nobody has looked takes the lookout's place: an AP that died
 * with the duty must not cost all others a sleep each.
 */
static void sleep_in_turn(uint32_t index)
{
    uint32_t seen = u32_load_relaxed(&looks), was = word_load_acquire(&duty);
    sleep_ms(index, SLEEP_MS, false);
    if (u32_load_relaxed(&looks) == seen)
        lookout_take_over(&duty, was, index);
}

static void leave(struct muster_slot *slot, uint64_t vector)
{
    timer_off(&shim.platform, SHIM_TIMER_VECTOR);
    if (mailbox_ap_leave(&states[slot->index]))
        muster_lend(slot, vector);
    native_halt();
}

/*
 * One that does not find itself called answers nothing, though it might be called by now: it would
 * leave with the duty, and all others would sleep on.
 */
static enum mailbox_look look(const struct muster_slot *slot, uint64_t *vector)
{
    enum mailbox_look seen = mailbox_ap_peek(shim.mailbox, slot->apic_id);
    if (seen != MAILBOX_LOOK_CALLED)
        return seen;
    pass_duty_on(slot->index);
    return mailbox_ap_look(shim.mailbox, &states[slot->index], slot->apic_id,
                           shim.options.mailbox_version, vector);
}

void shim_ap_main(struct muster_slot *slot, void *context)
{
    struct mailbox_ap_quiet quiet;
    uint64_t vector;
    (void)context;
    /* Its own, where it has some; and the page it was started in has become the OS's RAM. */
    write_cr3(shim_tables_root(slot->index));
    timer_on(&shim.platform, SHIM_TIMER_VECTOR);
    if (!mailbox_ap_arrive(&states[slot->index]))
        native_halt();
    mailbox_ap_quiet_begin(&quiet, shim.mailbox, time_now_ns());
    for (;;) {
        shim_fault_at_mailbox(slot);
        enum mailbox_look seen = look(slot, &vector);
        if (seen == MAILBOX_LOOK_WAKEUP)
            leave(slot, vector);
        if (seen == MAILBOX_LOOK_BUSY)
            rouse_called();
        bool is_quiet = mailbox_ap_is_quiet(&quiet, shim.mailbox, seen, time_now_ns());
        if (!lookout_has_duty(&duty, slot->index)) {
            sleep_in_turn(slot->index);
            continue;
        }
        u32_store_relaxed(&looks, u32_load_relaxed(&looks) + 1);
        if (is_quiet)
            sleep_ms(slot->index, LOOKOUT_NAP_MS, true);
        else
            cpu_pause();
    }
}
