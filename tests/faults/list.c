/* The one list of faults: what each does to the machine, and what is to become of it. */
#include <string.h>

#include "abi/hyperv.h"
#include "tests/faults/faults.h"

#define US 1000ull
#define MS 1000000ull

const char *const way_names[] = {"sipi", "mailbox", "fdt", "hyperv"};

static struct sim_behaviour *of(struct cell *cell, uint32_t victim)
{
    return &cell->behaviours[victim];
}

/* ---- How each is injected ---- */

static void be_dead(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->dead = true;
}

/* Not before the first attempt is over, and before the second. */
static void be_late(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->late_ns = cell->setup.timeout_ns + cell->setup.timeout_ns / 2;
}

static void lose_sipis(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->sipis_lost = 2;
}

static void delay_init(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->init_late_ns = 300 * US;
}

static void come_twice(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->again_ns = 1 * US;
}

static void come_uncounted(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.uncounted = cell->many ? 5 : 1;
    /* It stays where it is. Custody cannot know of it: the caller says that it does not trust. */
    cell->setup.keeps_firmware = true;
}

/* The APIC's ID is one that no table lists. */
static void have_unknown_id(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->has_other_id = true;
    of(cell, victim)->other_id = 0x10000 + victim;
}

/* The APIC's ID is that of the CPU before it. */
static void have_another_id(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->has_other_id = true;
    of(cell, victim)->other_id = victim - 1;
}

static void have_another_index(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->has_other_index = true;
}

static void have_another_id_or_index(struct cell *cell, uint32_t victim)
{
    (cell->way == WAY_HYPERV ? have_another_index : have_another_id)(cell, victim);
}

static void keep_command(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->keeps_command = true;
}

static void take_next_command(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->takes_next_command = true;
}

static void leave_unknown_command(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->leaves_command = 0x5A5A;
}

static void find_unknown_command(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.found_command = 0x5A5A;
}

static void overwrite_vector(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->has_other_vector = true;
    of(cell, victim)->other_vector = victim + 1;
}

static void refuse_start(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->refusals = UINT32_MAX;
    of(cell, victim)->refused_by = HYPERV_ACCESS_DENIED;
}

static void time_start_out_sometimes(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->refusals = 3;
    of(cell, victim)->refused_by = HYPERV_TIME_OUT;
}

static void time_start_out(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->refusals = UINT32_MAX;
    of(cell, victim)->refused_by = HYPERV_TIME_OUT;
}

static void die_in_slot(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->dies_in_slot = true;
}

static void get_nmis(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->disturbed = true;
}

static void die_parked(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->dies_parked = true;
}

static void trample_tables(struct cell *cell, uint32_t victim)
{
    (void)victim;
    memset(cell->tables.memory + tables_cpus_at(cell), 0xA5, 8);
}

#define CHANGED_AT 2 /* looked for, looked at, read */

static uint64_t length_at;

/* It is mapped for its signature, for its header, and for all that the header says. */
static void change_length(struct sim_tables *tables, uint64_t at, uint64_t bytes)
{
    uint64_t place = length_at;
    if (at - tables->phys <= place && place + 4 <= at - tables->phys + bytes &&
        tables->maps++ == CHANGED_AT)
        tables->memory[place] ^= 0x10, tables->memory[place + 3] ^= 0x10;
}

static void change_tables(struct cell *cell, uint32_t victim)
{
    (void)victim;
    length_at = tables_length_at(cell);
    cell->tables.before_map = change_length;
}

static void have_no_memory(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.no_low_memory = true;
}

static void stop_clock(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.clock_stops_ns = 5 * US;
}

/* While somebody is waited for who does not come, so that only a deadline could end it. */
static void stop_clock_and_be_dead(struct cell *cell, uint32_t victim)
{
    stop_clock(cell, victim);
    be_dead(cell, victim);
}

/* ---- The list ---- */

#define NO_SIPI     "there are no INIT and SIPI by this way"
#define NO_MAILBOX  "there is no mailbox by this way"
#define NO_CALLS    "there are no hypercalls by this way"
#define NOT_COUNTED "the hypervisor starts whom it is asked for, and nobody asks for it"

#define NA(why)                                                                                    \
    {                                                                                              \
        .not_applicable = (why)                                                                    \
    }
/* All are on at first. */
#define ALL_ON                                                                                     \
    {                                                                                              \
        .missing = NOBODY                                                                          \
    }
#define STRAY                                                                                      \
    {                                                                                              \
        .missing = NOBODY, .strays = true                                                          \
    }
/* The victims fail so at first, and are on the second time. */
#define MISSED(why)                                                                                \
    {                                                                                              \
        .missing = VICTIMS, .failure = (why)                                                       \
    }
/* And are lost for good, named as well. */
#define LOST(why, then)                                                                            \
    {                                                                                              \
        .missing = VICTIMS, .failure = (why), .again = (then)                                      \
    }
#define REFUSED(at, why)                                                                           \
    {                                                                                              \
        .missing = EVERYBODY, .step = (at), .failure = (why)                                       \
    }

const struct fault faults[] = {
    {.name = "dead",
     .text = "a CPU does nothing",
     .inject = be_dead,
     .by = {MISSED(MUSTER_ERROR_NOT_ARRIVED), MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED),
            MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED), MISSED(MUSTER_ERROR_NOT_ARRIVED)}},
    {.name = "late",
     .text = "a CPU comes after the deadline",
     .inject = be_late,
     .by = {MISSED(MUSTER_ERROR_NOT_ARRIVED), MISSED(MUSTER_ERROR_NOT_ARRIVED),
            MISSED(MUSTER_ERROR_NOT_ARRIVED), MISSED(MUSTER_ERROR_NOT_ARRIVED)}},
    {.name = "sipi-lost",
     .text = "two SIPIs get lost",
     .inject = lose_sipis,
     .by = {ALL_ON, NA(NO_SIPI), NA(NO_SIPI), NA(NO_SIPI)}},
    {.name = "init-late",
     .text = "an INIT takes effect after its SIPI, which is lost by that",
     .inject = delay_init,
     .by = {ALL_ON, NA(NO_SIPI), NA(NO_SIPI), NA(NO_SIPI)}},
    {.name = "twice",
     .text = "somebody comes to the same entry a second time",
     .inject = come_twice,
     .by = {STRAY, STRAY, STRAY, STRAY}},
    {.name = "uncounted",
     .text = "there is a CPU that no table lists",
     .of_machine = true,
     .inject = come_uncounted,
     .by = {STRAY, ALL_ON, ALL_ON, NA(NOT_COUNTED)}},
    {.name = "unknown-id",
     .text = "a CPU's APIC has an ID that no table lists",
     .inject = have_unknown_id,
     .by = {{.missing = VICTIMS, .failure = MUSTER_ERROR_NOT_ARRIVED, .strays = true},
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID)}},
    {.name = "duplicate-id",
     .text = "a CPU's APIC has the ID of another; by hyperv: its VP index",
     .inject = have_another_id_or_index,
     .by = {{.missing = VICTIMS, .failure = MUSTER_ERROR_NOT_ARRIVED, .strays = true},
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            MISSED(MUSTER_ERROR_HYPERCALL_VP_STATE)}},
    {.name = "not-acknowledged",
     .text = "a CPU follows its command and does not take it back",
     .inject = keep_command,
     .by = {NA(NO_MAILBOX), ALL_ON, ALL_ON, NA(NO_MAILBOX)}},
    {.name = "acknowledged-twice",
     .text = "a CPU sets the next one's command to Noop, too",
     .needs_next = true,
     .inject = take_next_command,
     .by = {NA(NO_MAILBOX),
            {.missing = NEXT, .next_failure = MUSTER_ERROR_NOT_ARRIVED},
            {.missing = NEXT, .next_failure = MUSTER_ERROR_NOT_ARRIVED},
            NA(NO_MAILBOX)}},
    {.name = "unknown-command",
     .text = "a CPU leaves a command that nobody knows in the mailbox",
     .needs_next = true,
     .inject = leave_unknown_command,
     .by = {NA(NO_MAILBOX),
            {.missing = ALL_BEHIND, .next_failure = MUSTER_ERROR_MAILBOX_BUSY},
            {.missing = ALL_BEHIND, .next_failure = MUSTER_ERROR_MAILBOX_BUSY},
            NA(NO_MAILBOX)}},
    {.name = "mailbox-busy",
     .text = "the mailbox has such a command from the beginning",
     .of_machine = true,
     .inject = find_unknown_command,
     .by = {NA(NO_MAILBOX),
            {.missing = EVERYBODY, .failure = MUSTER_ERROR_MAILBOX_BUSY},
            {.missing = EVERYBODY, .failure = MUSTER_ERROR_MAILBOX_BUSY},
            NA(NO_MAILBOX)}},
    {.name = "vector-overwritten",
     .text = "the vector becomes another CPU's between command and acknowledgement",
     .needs_next = true,
     .inject = overwrite_vector,
     .by = {NA(NO_MAILBOX),
            {.missing = VICTIM_AND_NEXT,
             .failure = MUSTER_ERROR_NOT_ARRIVED,
             .next_failure = MUSTER_ERROR_WRONG_APIC_ID,
             .again = MUSTER_ERROR_NOT_ACKNOWLEDGED,
             .next_again = MUSTER_ERROR_WRONG_APIC_ID},
            {.missing = VICTIM_AND_NEXT,
             .failure = MUSTER_ERROR_NOT_ARRIVED,
             .next_failure = MUSTER_ERROR_WRONG_APIC_ID,
             .again = MUSTER_ERROR_NOT_ACKNOWLEDGED,
             .next_again = MUSTER_ERROR_WRONG_APIC_ID},
            NA(NO_MAILBOX)}},
    {.name = "call-refused",
     .text = "the hypervisor refuses to start a VP",
     .inject = refuse_start,
     .by = {NA(NO_CALLS), NA(NO_CALLS), NA(NO_CALLS), MISSED(MUSTER_ERROR_HYPERCALL_DENIED)}},
    {.name = "call-times-out",
     .text = "three starts of a VP time out",
     .inject = time_start_out_sometimes,
     .by = {NA(NO_CALLS), NA(NO_CALLS), NA(NO_CALLS), ALL_ON}},
    {.name = "call-always-times-out",
     .text = "all starts of a VP time out",
     .inject = time_start_out,
     .by = {NA(NO_CALLS), NA(NO_CALLS), NA(NO_CALLS), MISSED(MUSTER_ERROR_HYPERCALL_TIME_OUT)}},
    {.name = "dies-in-slot",
     .text = "a CPU dies between its claim and its arrival, as by #MC before it has an IDT",
     .inject = die_in_slot,
     .by = {LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED),
            LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED),
            LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED),
            LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED)}},
    {.name = "nmi",
     .text = "NMIs end a CPU's sleep in the park area",
     .inject = get_nmis,
     .by = {ALL_ON, ALL_ON, ALL_ON, ALL_ON}},
    {.name = "machine-check",
     .text = "a CPU is stopped by a machine check in the park area",
     .inject = die_parked,
     .by = {LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED),
            LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED),
            LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED),
            LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED)}},
    {.name = "tables-trampled",
     .text = "the list of CPUs is overwritten before it is read",
     .of_machine = true,
     .inject = trample_tables,
     .by = {REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM),
            REFUSED("discover", MUSTER_ERROR_FDT_STRUCTURE),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM)}},
    {.name = "table-changed",
     .text = "a table's length becomes another between two looks at it",
     .of_machine = true,
     .inject = change_tables,
     .by = {REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED),
            ALL_ON, /* the tree's header is read once */
            REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED)}},
    {.name = "no-low-memory",
     .text = "nothing is free where CPUs can be sent to",
     .of_machine = true,
     .inject = have_no_memory,
     .by = {REFUSED("memory", MUSTER_ERROR_OUT_OF_MEMORY),
            REFUSED("memory", MUSTER_ERROR_OUT_OF_MEMORY),
            REFUSED("memory", MUSTER_ERROR_OUT_OF_MEMORY),
            REFUSED("memory", MUSTER_ERROR_OUT_OF_MEMORY)}},
    {.name = "clock-stands",
     .text = "the clock stands still, and all CPUs are well",
     .of_machine = true,
     .inject = stop_clock,
     .by = {ALL_ON, ALL_ON, ALL_ON, ALL_ON}},
    {.name = "clock-stands-and-dead",
     .text = "the clock stands still, and a CPU does nothing",
     .is_slow = true,
     .inject = stop_clock_and_be_dead,
     .by = {MISSED(MUSTER_ERROR_CLOCK_STANDS), MISSED(MUSTER_ERROR_CLOCK_STANDS),
            MISSED(MUSTER_ERROR_CLOCK_STANDS), MISSED(MUSTER_ERROR_CLOCK_STANDS)}},
    {.name = NULL},
};
