/* On what the last CPU waited: its moments, walked backwards; so the parts add up to the whole. */
#include "sim/machine.h"

struct walk {
    struct sim *sim;
    uint64_t at_ns;
};

/* From @from_ns to where the walk stands is @part. A moment that was not is passed over. */
static void cut(struct walk *walk, enum sim_part part, uint64_t from_ns)
{
    if (from_ns == 0 || from_ns >= walk->at_ns)
        return;
    walk->sim->result->part_ns[part] += walk->at_ns - from_ns;
    walk->at_ns = from_ns;
}

static uint32_t last_at(const struct sim *sim, enum sim_moment moment)
{
    uint32_t last = SIM_BSP;
    for (uint32_t i = 1; i < sim->setup->cpus; i++)
        if (sim->cpus[i].at_ns[moment] > sim->cpus[last].at_ns[moment])
            last = i;
    return last;
}

static void walk_adoption(struct walk *walk, const struct sim_cpu *cpu)
{
    cut(walk, SIM_PART_SETUP, cpu->at_ns[SIM_FIRST]);
    cut(walk, SIM_PART_RESET, cpu->at_ns[SIM_DELIVERED]);
    cut(walk, SIM_PART_DELIVERY, cpu->at_ns[SIM_SENT]);
}

static void walk_start(struct walk *walk, const struct sim_cpu *cpu)
{
    cut(walk, SIM_PART_LEAVE, cpu->at_ns[SIM_START_DELIVERED]);
    cut(walk, SIM_PART_DELIVERY, cpu->at_ns[SIM_START_SENT]);
}

void sim_path_of_phases(struct sim *sim, uint64_t begin_ns, uint64_t adopted_ns, uint64_t end_ns)
{
    struct walk walk = {sim, end_ns};
    uint32_t cpu = last_at(sim, SIM_ON);
    for (cut(&walk, SIM_PART_NOTICE, sim->cpus[cpu].at_ns[SIM_ON]); cpu < sim->setup->cpus;
         cpu = sim->cpus[cpu].sender[1]) {
        cut(&walk, SIM_PART_STARTS, sim->cpus[cpu].at_ns[SIM_ON]); /* until it sent for the next */
        walk_start(&walk, &sim->cpus[cpu]);
    }
    cut(&walk, SIM_PART_STARTS, adopted_ns);
    cpu = last_at(sim, SIM_IN);
    for (cut(&walk, SIM_PART_NOTICE, sim->cpus[cpu].at_ns[SIM_IN]); cpu < sim->setup->cpus;
         cpu = sim->cpus[cpu].sender[0]) {
        cut(&walk, SIM_PART_WAKES, sim->cpus[cpu].at_ns[SIM_IN]);
        walk_adoption(&walk, &sim->cpus[cpu]);
    }
    cut(&walk, SIM_PART_WAKES, begin_ns);
}

void sim_path_add(struct sim *sim, uint32_t number, uint64_t begin_ns, uint64_t end_ns)
{
    bool delays = sim->setup->strategy == SIM_CLASSIC;
    const struct sim_cpu *cpu = &sim->cpus[number];
    struct walk walk = {sim, end_ns};
    cut(&walk, SIM_PART_NOTICE, cpu->at_ns[SIM_ON]);
    walk_start(&walk, cpu);
    cut(&walk, delays ? SIM_PART_DELAYS : SIM_PART_STARTS, cpu->at_ns[SIM_IN]);
    walk_adoption(&walk, cpu);
    cut(&walk, delays ? SIM_PART_DELAYS : SIM_PART_WAKES, begin_ns);
}
