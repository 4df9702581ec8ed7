/*
 * The firmware's side of a mailbox, as shim/mailbox.c plays it: an AP sleeps and looks now and
 * then; once it has seen a command it stays awake (and would sleep again after a long quiet, which
 * no bring-up has). All that are awake poll one cache line: whoever writes it takes it from all of
 * them, and they get it back one after the other, nodes from the line's home and CPUs within their
 * node.
 */
#include "lib/atomic.h"
#include "lib/wake/mailbox.h"
#include "lib/wake/way.h"
#include "sim/machine.h"

enum what { RANDOM_PHASE = 101, RANDOM_TURN, RANDOM_NOTICE };

/* Until all that poll have read the line again. */
static uint64_t settle_ns(const struct sim *sim)
{
    const struct sim_costs *costs = sim->costs;
    uint64_t nodes = sim->setup->nodes;
    uint64_t far = sim->pollers < nodes ? sim->pollers : nodes;
    return far * costs->serve_far_ns + sim->pollers / nodes * costs->serve_near_ns;
}

/* Somewhere in the queue for the line. */
static uint64_t turn_ns(const struct sim *sim, uint32_t cpu, uint32_t what)
{
    uint64_t all_ns = settle_ns(sim);
    return all_ns ? sim_random(sim, cpu, what) % (all_ns + 1) : 0;
}

static bool has_command(const struct sim *sim)
{
    return __atomic_load_n(&sim->mailbox->command, __ATOMIC_ACQUIRE) != MAILBOX_NOOP;
}

static bool is_for(const struct sim *sim, uint32_t cpu)
{
    return has_command(sim) && sim->mailbox->command == MAILBOX_WAKEUP &&
           sim->mailbox->apic_id == cpu; /* as firmware lists it, whatever its APIC says */
}

/* It has seen its command, which it may only take back once the others have the line too. */
static void follow(struct sim *sim, uint32_t cpu, uint64_t seen_ns)
{
    sim->cpus[cpu].at_ns[SIM_DELIVERED] = seen_ns;
    uint64_t free_ns = sim_later(seen_ns, sim->settled_ns);
    sim_at(sim, free_ns + sim->costs->line_far_ns, cpu, SIM_DO_ACKNOWLEDGE, 0);
}

static void note_sent(struct sim *sim, struct sim_cpu *cpu)
{
    if (cpu->at_ns[SIM_SENT])
        return;
    cpu->at_ns[SIM_SENT] = sim->now_ns;
    cpu->sender[0] = SIM_BSP;
}

void sim_firmware_watch(struct sim *sim)
{
    if (!has_command(sim)) {
        sim->command_seen = false;
        return;
    }
    if (sim->command_seen)
        return;
    sim->command_seen = true;
    uint64_t written_ns = sim_later(sim->now_ns, sim->settled_ns);
    sim->settled_ns = written_ns + settle_ns(sim);
    if (sim->takes_next) {
        sim->takes_next = false;
        __atomic_store_n(&sim->mailbox->command, MAILBOX_NOOP, __ATOMIC_RELEASE);
        return;
    }
    uint32_t number = sim->mailbox->apic_id;
    if (number >= sim->setup->cpus || !is_for(sim, number))
        return;
    struct sim_cpu *cpu = &sim->cpus[number];
    note_sent(sim, cpu);
    if (cpu->place == SIM_IN_FIRMWARE && cpu->awake && !cpu->behaviour.dead)
        follow(sim, number,
               written_ns + sim->costs->line_far_ns + turn_ns(sim, number, RANDOM_TURN) +
                   sim_random(sim, number, RANDOM_PHASE) % (sim->costs->poll_ns + 1));
}

static void wake_up(struct sim *sim, struct sim_cpu *cpu)
{
    sim->pollers += !cpu->awake;
    cpu->awake = true;
}

/* Out of its sleep. An awake one is not looked after: what it sees is in sim_firmware_watch(). */
void sim_firmware_look(struct sim *sim, uint32_t number)
{
    struct sim_cpu *cpu = &sim->cpus[number];
    sim_spend(sim, sim->costs->line_far_ns);
    if (!has_command(sim)) {
        sim_at(sim, sim->now_ns + sim->costs->look_ns, number, SIM_DO_LOOK, 0);
        return;
    }
    wake_up(sim, cpu);
    if (is_for(sim, number))
        follow(sim, number, sim->now_ns);
}

/* Its last look at the mailbox; with what it leaves there the next command may come. */
static uint32_t take_command(struct sim *sim, const struct sim_behaviour *behaviour)
{
    uint32_t vector = (uint32_t)sim->mailbox->wakeup_vector;
    if (behaviour->has_other_vector)
        vector = (uint32_t)mailbox_entry_vector(&sim->machine, behaviour->other_vector);
    ATOMIC_ACCESS(sim->mailbox, ATOMIC_SWAP);
    if (!behaviour->keeps_command)
        __atomic_store_n(&sim->mailbox->command, behaviour->leaves_command, __ATOMIC_RELEASE);
    sim->takes_next = behaviour->takes_next_command;
    return vector;
}

void sim_firmware_acknowledge(struct sim *sim, uint32_t number)
{
    struct sim_cpu *cpu = &sim->cpus[number];
    if (cpu->place != SIM_IN_FIRMWARE || cpu->behaviour.dead || !is_for(sim, number))
        return; /* withdrawn, or followed by another of this ID */
    uint32_t vector = take_command(sim, &cpu->behaviour);
    cpu->awake = false;
    sim->pollers--;
    sim->command_seen = false;
    sim->settled_ns = sim->now_ns + settle_ns(sim);
    /* The BSP wants the line as all others do. */
    uint64_t notice_ns = turn_ns(sim, number, RANDOM_NOTICE);
    sim_spend(sim, notice_ns);
    ATOMIC_ACCESS(sim->mailbox, ATOMIC_SWAP);
    sim_cpu_begin(sim, number, 0, vector);
}

void sim_firmware_enter(struct sim *sim, uint32_t number)
{
    uint64_t look_ns = sim->costs->look_ns;
    if (look_ns)
        sim_at(sim, sim->now_ns + 1 + sim_random(sim, number, RANDOM_PHASE) % look_ns, number,
               SIM_DO_LOOK, 0);
    else
        wake_up(sim, &sim->cpus[number]);
}

void sim_firmware_begin(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->cpu_count; i++)
        if (i != SIM_BSP && !sim->cpus[i].behaviour.dead)
            sim_firmware_enter(sim, i);
}
