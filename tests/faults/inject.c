/* How each fault gets into the machine. */
#include "tests/faults/inject.h"

#include <string.h>

#include "abi/hyperv.h"
#include "abi/sev.h"

#define US 1000ull

static struct sim_behaviour *of(struct cell *cell, uint32_t victim)
{
    return &cell->behaviours[victim];
}

/* ---- CPUs ---- */

void be_dead(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->dead = true;
}

/* Not before the first attempt is over, and before the second, whichever way it is. */
void be_late(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->late_ns = cell->setup.timeout_ns + cell->setup.timeout_ns / 4;
}

void come_twice(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->again_ns = 1 * US;
}

void come_uncounted(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.uncounted = cell->many ? 5 : 1;
    /* It stays where it is. Custody cannot know of it: the caller says that it does not trust. */
    cell->setup.keeps_firmware = true;
}

/* The APIC's ID is one that no table lists. */
void have_unknown_id(struct cell *cell, uint32_t victim)
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

void have_another_id_or_index(struct cell *cell, uint32_t victim)
{
    (cell->way == WAY_HYPERV ? have_another_index : have_another_id)(cell, victim);
}

void die_in_slot(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->dies_in_slot = true;
}

void get_nmis(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->disturbed = true;
}

void die_parked(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->dies_parked = true;
}

/* ---- Interrupts ---- */

void lose_sipis(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->sipis_lost = 2;
}

void delay_init(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->init_late_ns = 300 * US;
}

/* ---- The mailbox, and what leads through a table ---- */

void keep_command(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->keeps_command = true;
}

void take_next_command(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->takes_next_command = true;
}

void leave_unknown_command(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->leaves_command = 0x5A5A;
}

void find_unknown_command(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.found_command = 0x5A5A;
}

void overwrite_vector(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->has_other_vector = true;
    of(cell, victim)->other_vector = victim + 1;
}

/* ---- The hypervisor ---- */

static void refuse(struct cell *cell, uint32_t victim, uint16_t by)
{
    of(cell, victim)->refusals = UINT32_MAX;
    of(cell, victim)->refused_by = by;
}

void refuse_start(struct cell *cell, uint32_t victim)
{
    refuse(cell, victim, cell->way == WAY_SNP ? SEV_EXIT_MALFORMED : HYPERV_ACCESS_DENIED);
}

void time_start_out_sometimes(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->refusals = 3;
    of(cell, victim)->refused_by = HYPERV_TIME_OUT;
}

void time_start_out(struct cell *cell, uint32_t victim)
{
    refuse(cell, victim, HYPERV_TIME_OUT);
}

/* No status of either specification. */
void answer_nonsense(struct cell *cell, uint32_t victim)
{
    refuse(cell, victim, 0xA5A5);
}

void answer_late(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->call_ns = cell->setup.timeout_ns + cell->setup.timeout_ns / 4;
}

/* When the first attempt is over, since nobody waits for it, and before the second. */
void refuse_and_start(struct cell *cell, uint32_t victim)
{
    refuse_start(cell, victim);
    of(cell, victim)->runs_all_the_same = true;
    of(cell, victim)->late_ns = cell->setup.timeout_ns / 2;
}

/* ---- The processor's table of pages ---- */

void deny_vmsa(struct cell *cell, uint32_t victim)
{
    of(cell, victim)->adjust_answer = RMPADJUST_DENIED;
}

void keep_vmsa(struct cell *cell, uint32_t victim)
{
    refuse_start(cell, victim);
    of(cell, victim)->vmsa_stays = true;
}

/* ---- The jump table ---- */

static void tell_table(struct cell *cell, enum sim_jump_table how)
{
    cell->setup.jump_table = how;
}

void refuse_table(struct cell *cell, uint32_t victim)
{
    (void)victim;
    tell_table(cell, SIM_TABLE_REFUSED);
}

void tell_table_nowhere(struct cell *cell, uint32_t victim)
{
    (void)victim;
    tell_table(cell, SIM_TABLE_NOWHERE);
}

void tell_table_unaligned(struct cell *cell, uint32_t victim)
{
    (void)victim;
    tell_table(cell, SIM_TABLE_UNALIGNED);
}

void tell_table_unmapped(struct cell *cell, uint32_t victim)
{
    (void)victim;
    tell_table(cell, SIM_TABLE_UNMAPPED);
}

void tell_table_shared(struct cell *cell, uint32_t victim)
{
    (void)victim;
    tell_table(cell, SIM_TABLE_SHARED);
}

void lose_table(struct cell *cell, uint32_t victim)
{
    (void)victim;
    tell_table(cell, SIM_TABLE_GONE);
}

/* ---- The machine ---- */

void trample_tables(struct cell *cell, uint32_t victim)
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

void change_tables(struct cell *cell, uint32_t victim)
{
    (void)victim;
    length_at = tables_length_at(cell);
    cell->tables.before_map = change_length;
}

void have_no_memory(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.no_low_memory = true;
}

void stop_clock(struct cell *cell, uint32_t victim)
{
    (void)victim;
    cell->setup.clock_stops_ns = 5 * US;
}

/* While somebody is waited for who does not come, so that only a deadline could end it. */
void stop_clock_and_be_dead(struct cell *cell, uint32_t victim)
{
    stop_clock(cell, victim);
    be_dead(cell, victim);
}
