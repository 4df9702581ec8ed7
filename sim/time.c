#include "sim/machine.h"

void sim_at(struct sim *sim, uint64_t time_ns, uint32_t cpu, enum sim_kind kind, uint32_t value)
{
    const struct sim_event event = {
        .time_ns = time_ns, .cpu = cpu, .life = sim->cpus[cpu].life, .kind = kind, .value = value};
    if (!sim_heap_put(&sim->heap, &event))
        sim->trouble = "there is not enough memory";
}

/* On the CPU that it happens to, whose time runs from the event's on. */
static void do_event(struct sim *sim, const struct sim_event *event)
{
    uint64_t now_ns = sim->now_ns;
    uint32_t current = sim->current;
    bool in_turns = sim->costs->turn_ns != 0;
    sim->in_event = true;
    sim->current = event->cpu;
    sim->now_ns = in_turns ? sim_later(event->time_ns, now_ns) : event->time_ns;
    sim_cpu_happen(sim, event->cpu, (enum sim_kind)event->kind, event->value);
    if (!in_turns) /* else its time was everybody's */
        sim->now_ns = now_ns;
    sim->current = current;
    sim->in_event = false;
}

bool sim_happen(struct sim *sim, uint64_t until_ns)
{
    const struct sim_event *first = sim_heap_first(&sim->heap);
    if (!first || first->time_ns > until_ns || sim->trouble)
        return false;
    struct sim_event event = sim_heap_take(&sim->heap);
    sim->result->events++;
    /* An interrupt is under way to the CPU, whatever becomes of it meanwhile. */
    if (event.kind == SIM_DO_INTERRUPT || sim->cpus[event.cpu].life == event.life)
        do_event(sim, &event);
    if (event.time_ns > sim->now_ns)
        sim->now_ns = event.time_ns;
    return true;
}

void sim_spend(struct sim *sim, uint64_t ns)
{
    sim->now_ns += ns;
    if (sim->in_event)
        return;
    uint64_t now_ns = sim->now_ns;
    while (sim_happen(sim, now_ns))
        ;
}

/* SplitMix64's mixing steps, over all that the number depends on. */
uint64_t sim_random(const struct sim *sim, uint32_t cpu, uint32_t what)
{
    uint64_t value = sim->setup->seed + 0x9E3779B97F4A7C15u * (((uint64_t)cpu << 16) + what + 1);
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

uint64_t sim_jitter(const struct sim *sim, uint32_t cpu, uint32_t what, uint64_t ns)
{
    uint64_t range = 2 * ns * sim->costs->jitter_percent / 100;
    return ns - range / 2 + (range ? sim_random(sim, cpu, what) % (range + 1) : 0);
}
