/**
 * How each fault of the list gets into the simulated machine: to one victim, or (those of the whole
 * machine) to the setup, with a victim that is no matter. More than one CPU can have what is a
 * CPU's.
 */
#ifndef TESTS_FAULTS_INJECT_H
#define TESTS_FAULTS_INJECT_H

#include "tests/faults/faults.h"

typedef void injector(struct cell *cell, uint32_t victim);

/* A CPU. */
injector be_dead, be_late, come_twice, come_uncounted, have_unknown_id, have_another_id_or_index,
    die_in_slot, get_nmis, die_parked;

/* What leads to it: interrupts, a mailbox or a jump table, a hypervisor, the table of pages. */
injector lose_sipis, delay_init;
injector keep_command, take_next_command, leave_unknown_command, find_unknown_command,
    overwrite_vector;
injector refuse_start, time_start_out_sometimes, time_start_out, answer_nonsense, answer_late,
    refuse_and_start;
injector deny_vmsa, keep_vmsa;
injector refuse_table, tell_table_nowhere, tell_table_unaligned, tell_table_unmapped,
    tell_table_shared, lose_table;

/* The machine. */
injector trample_tables, change_tables, have_no_memory, stop_clock, stop_clock_and_be_dead;

#endif
