/* The one list of faults: what is to become of each by each way. inject.c has how it is made. */
#include "tests/faults/inject.h"

const char *const way_names[] = {"sipi", "mailbox", "fdt", "hyperv", "snp", "es-jump-table"};
_Static_assert(sizeof(way_names) / sizeof(char *) == WAYS, "one each");

#define NO_SIPI     "there are no INIT and SIPI by this way"
#define NO_MAILBOX  "there is no mailbox by this way"
#define NO_CALLS    "no hypervisor is asked to start CPUs by this way"
#define NO_TIME_OUT "the hypervisor's answers know no time-out by this way"
#define NO_RMP      "only SEV-SNP has a table of pages"
#define NO_TABLE    "only SEV-ES has a jump table"
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
/* By another's address: the victim stands in the next one's slot, for good. */
#define OVERWRITTEN(why)                                                                           \
    {                                                                                              \
        .missing = VICTIM_AND_NEXT, .failure = (why), .again = MUSTER_ERROR_NOT_ACKNOWLEDGED,      \
        .next_failure = MUSTER_ERROR_WRONG_APIC_ID, .next_again = MUSTER_ERROR_WRONG_APIC_ID,      \
        .needs_next = true                                                                         \
    }
/* It comes when the time is over, and nobody behind it was sent for. */
#define LATE_ANSWER                                                                                \
    {                                                                                              \
        .missing = VICTIM_AND_BEHIND, .failure = MUSTER_ERROR_NOT_ARRIVED,                         \
        .next_failure = MUSTER_TIME_OUT                                                            \
    }
/* Of all ways the same; and of those that have what the fault is about. */
#define BY_ALL(...)                                                                                \
    {                                                                                              \
        __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__               \
    }
#define BY_MAILBOX(...)                                                                            \
    {                                                                                              \
        NA(NO_MAILBOX), __VA_ARGS__, __VA_ARGS__, NA(NO_MAILBOX), NA(NO_MAILBOX), NA(NO_MAILBOX)   \
    }
#define BY_CALLS(hyperv, snp)                                                                      \
    {                                                                                              \
        NA(NO_CALLS), NA(NO_CALLS), NA(NO_CALLS), hyperv, snp, NA(NO_CALLS)                        \
    }
#define BY_RMP(snp)                                                                                \
    {                                                                                              \
        NA(NO_RMP), NA(NO_RMP), NA(NO_RMP), NA(NO_RMP), snp, NA(NO_RMP)                            \
    }
#define BY_JUMP_TABLE(...)                                                                         \
    {                                                                                              \
        NA(NO_TABLE), NA(NO_TABLE), NA(NO_TABLE), NA(NO_TABLE), NA(NO_TABLE), __VA_ARGS__          \
    }

const struct fault faults[] = {
    {.name = "dead",
     .text = "a CPU does nothing",
     .inject = be_dead,
     .by = {MISSED(MUSTER_ERROR_NOT_ARRIVED), MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED),
            MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED), MISSED(MUSTER_ERROR_NOT_ARRIVED),
            MISSED(MUSTER_ERROR_NOT_ARRIVED), MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED)}},
    {.name = "late",
     .text = "a CPU comes after the deadline",
     .inject = be_late,
     .by = {MISSED(MUSTER_ERROR_NOT_ARRIVED),
            MISSED(MUSTER_ERROR_NOT_ARRIVED),
            MISSED(MUSTER_ERROR_NOT_ARRIVED),
            MISSED(MUSTER_ERROR_NOT_ARRIVED),
            MISSED(MUSTER_ERROR_NOT_ARRIVED),
            /* The jump table is left to one who is late: several would be strays. */
            {.missing = VICTIMS, .failure = MUSTER_ERROR_NOT_ACKNOWLEDGED, .needs_next = true}}},
    {.name = "sipi-lost",
     .text = "two SIPIs get lost",
     .inject = lose_sipis,
     .by = {ALL_ON, NA(NO_SIPI), NA(NO_SIPI), NA(NO_SIPI), NA(NO_SIPI),
            MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED)}},
    {.name = "init-late",
     .text = "an INIT takes effect after its SIPI, which is lost by that",
     .inject = delay_init,
     .by = {ALL_ON, NA(NO_SIPI), NA(NO_SIPI), NA(NO_SIPI), NA(NO_SIPI),
            MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED)}},
    {.name = "twice",
     .text = "somebody comes to the same entry a second time",
     .inject = come_twice,
     .by = BY_ALL(STRAY)},
    {.name = "uncounted",
     .text = "there is a CPU that no table lists",
     .of_machine = true,
     .inject = come_uncounted,
     .by = {STRAY, ALL_ON, ALL_ON, NA(NOT_COUNTED), NA(NOT_COUNTED), ALL_ON}},
    {.name = "unknown-id",
     .text = "a CPU's APIC has an ID that no table lists",
     .inject = have_unknown_id,
     .by = {{.missing = VICTIMS, .failure = MUSTER_ERROR_NOT_ARRIVED, .strays = true},
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            MISSED(MUSTER_ERROR_GHCB_REFUSED),
            MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED)}},
    {.name = "duplicate-id",
     .text = "a CPU's APIC has the ID of another; by hyperv: its VP index",
     .inject = have_another_id_or_index,
     .by = {{.missing = VICTIMS, .failure = MUSTER_ERROR_NOT_ARRIVED, .strays = true},
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            LOST(MUSTER_ERROR_WRONG_APIC_ID, MUSTER_ERROR_WRONG_APIC_ID),
            MISSED(MUSTER_ERROR_HYPERCALL_VP_STATE),
            MISSED(MUSTER_ERROR_GHCB_REFUSED),
            MISSED(MUSTER_ERROR_NOT_ACKNOWLEDGED)}},
    {.name = "not-acknowledged",
     .text = "a CPU follows its command and does not take it back",
     .inject = keep_command,
     .by = BY_MAILBOX(ALL_ON)},
    {.name = "acknowledged-twice",
     .text = "a CPU sets the next one's command to Noop, too",
     .inject = take_next_command,
     .by = BY_MAILBOX(
         {.missing = NEXT, .next_failure = MUSTER_ERROR_NOT_ARRIVED, .needs_next = true})},
    {.name = "unknown-command",
     .text = "a CPU leaves a command that nobody knows in the mailbox",
     .inject = leave_unknown_command,
     .by = BY_MAILBOX(
         {.missing = ALL_BEHIND, .next_failure = MUSTER_ERROR_MAILBOX_BUSY, .needs_next = true})},
    {.name = "mailbox-busy",
     .text = "the mailbox has such a command from the beginning",
     .of_machine = true,
     .inject = find_unknown_command,
     .by = BY_MAILBOX({.missing = EVERYBODY, .failure = MUSTER_ERROR_MAILBOX_BUSY})},
    {.name = "vector-overwritten",
     .text = "the vector becomes another CPU's between command and acknowledgement; by the jump "
             "table: its address, before the jump",
     .inject = overwrite_vector,
     .by = {NA(NO_MAILBOX), OVERWRITTEN(MUSTER_ERROR_NOT_ARRIVED),
            OVERWRITTEN(MUSTER_ERROR_NOT_ARRIVED), NA(NO_MAILBOX), NA(NO_MAILBOX),
            OVERWRITTEN(MUSTER_ERROR_NOT_ACKNOWLEDGED)}},
    {.name = "call-refused",
     .text = "the hypervisor refuses to start a CPU",
     .inject = refuse_start,
     .by = BY_CALLS(MISSED(MUSTER_ERROR_HYPERCALL_DENIED), MISSED(MUSTER_ERROR_GHCB_REFUSED))},
    {.name = "call-times-out",
     .text = "three starts of a CPU time out",
     .inject = time_start_out_sometimes,
     .by = BY_CALLS(ALL_ON, NA(NO_TIME_OUT))},
    {.name = "call-always-times-out",
     .text = "all starts of a CPU time out",
     .inject = time_start_out,
     .by = BY_CALLS(MISSED(MUSTER_ERROR_HYPERCALL_TIME_OUT), NA(NO_TIME_OUT))},
    {.name = "call-is-late",
     .text = "the hypervisor takes longer over a start than there is time",
     .inject = answer_late,
     .by = BY_CALLS(LATE_ANSWER, LATE_ANSWER)},
    {.name = "call-nonsense",
     .text = "the hypervisor answers a start by what no status means",
     .inject = answer_nonsense,
     .by = BY_CALLS(MISSED(MUSTER_ERROR_HYPERCALL_UNKNOWN), MISSED(MUSTER_ERROR_GHCB_REFUSED))},
    {.name = "call-refused-and-done",
     .text = "the hypervisor refuses a start, and does it a while later",
     .inject = refuse_and_start,
     .by = BY_CALLS(MISSED(MUSTER_ERROR_HYPERCALL_DENIED), MISSED(MUSTER_ERROR_GHCB_REFUSED))},
    {.name = "page-no-vmsa",
     .text = "RMPADJUST does not make a CPU's page a VMSA",
     .inject = deny_vmsa,
     .by = BY_RMP(MISSED(MUSTER_ERROR_RMPADJUST))},
    {.name = "vmsa-no-page",
     .text = "the hypervisor refuses a start, and RMPADJUST does not make its VMSA a page again",
     .inject = keep_vmsa,
     .by = BY_RMP(MISSED(MUSTER_ERROR_GHCB_REFUSED))},
    {.name = "jump-table-refused",
     .text = "the hypervisor does not tell where the jump table is",
     .of_machine = true,
     .inject = refuse_table,
     .by = BY_JUMP_TABLE(REFUSED("prepare", MUSTER_ERROR_JUMP_TABLE))},
    {.name = "jump-table-nowhere",
     .text = "the hypervisor tells an address of 0 for the jump table",
     .of_machine = true,
     .inject = tell_table_nowhere,
     .by = BY_JUMP_TABLE(REFUSED("prepare", MUSTER_ERROR_JUMP_TABLE))},
    {.name = "jump-table-unaligned",
     .text = "the hypervisor tells an address in the middle of a page",
     .of_machine = true,
     .inject = tell_table_unaligned,
     .by = BY_JUMP_TABLE(REFUSED("prepare", MUSTER_ERROR_JUMP_TABLE))},
    {.name = "jump-table-unmapped",
     .text = "the hypervisor tells an address where there is no memory",
     .of_machine = true,
     .inject = tell_table_unmapped,
     .by = BY_JUMP_TABLE(REFUSED("prepare", MUSTER_ERROR_JUMP_TABLE))},
    {.name = "jump-table-shared",
     .text = "the jump table's page is one that the host can write",
     .of_machine = true,
     .inject = tell_table_shared,
     .by = BY_JUMP_TABLE(REFUSED("prepare", MUSTER_ERROR_JUMP_TABLE))},
    {.name = "jump-table-gone",
     .text = "the hypervisor tells it while the guest prepares, and then no more",
     .of_machine = true,
     .inject = lose_table,
     .by = BY_JUMP_TABLE({.missing = EVERYBODY, .failure = MUSTER_ERROR_JUMP_TABLE})},
    {.name = "dies-in-slot",
     .text = "a CPU dies between its claim and its arrival, as by #MC before it has an IDT",
     .inject = die_in_slot,
     .by = BY_ALL(LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED))},
    {.name = "nmi",
     .text = "NMIs end a CPU's sleep in the park area",
     .inject = get_nmis,
     .by = BY_ALL(ALL_ON)},
    {.name = "machine-check",
     .text = "a CPU is stopped by a machine check in the park area",
     .inject = die_parked,
     .by = BY_ALL(LOST(MUSTER_ERROR_NOT_ARRIVED, MUSTER_ERROR_NOT_ARRIVED))},
    {.name = "tables-trampled",
     .text = "the list of CPUs is overwritten before it is read",
     .of_machine = true,
     .inject = trample_tables,
     .by = {REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM),
            REFUSED("discover", MUSTER_ERROR_FDT_STRUCTURE),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHECKSUM)}},
    {.name = "table-changed",
     .text = "a table's length becomes another between two looks at it",
     .of_machine = true,
     .inject = change_tables,
     .by = {REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED),
            ALL_ON, /* the tree's header is read once */
            REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED),
            REFUSED("discover", MUSTER_ERROR_TABLE_CHANGED)}},
    {.name = "no-low-memory",
     .text = "nothing is free where CPUs can be sent to",
     .of_machine = true,
     .inject = have_no_memory,
     .by = BY_ALL(REFUSED("memory", MUSTER_ERROR_OUT_OF_MEMORY))},
    {.name = "clock-stands",
     .text = "the clock stands still, and all CPUs are well",
     .of_machine = true,
     .inject = stop_clock,
     .by = BY_ALL(ALL_ON)},
    {.name = "clock-stands-and-dead",
     .text = "the clock stands still, and a CPU does nothing",
     .is_slow = true,
     .inject = stop_clock_and_be_dead,
     .by = BY_ALL(MISSED(MUSTER_ERROR_CLOCK_STANDS))},
    {.name = NULL},
};
