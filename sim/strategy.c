/*
 * Who sends for whom. What the library offers is called as a kernel calls it; what it does not
 * offer is done here with its own inner parts.
 */
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/apic.h"
#include "lib/wake/way.h"
#include "sim/machine.h"

static bool is_tree(const struct sim *sim)
{
    return sim->setup->strategy == SIM_FANOUT || sim->setup->strategy == SIM_NODE;
}

/* ---- One CPU ---- */

static void send(struct sim *sim, uint32_t cpu, uint32_t command)
{
    (void)apic_send(&sim->platform, true, cpu, command | ICR_ASSERT);
}

static void send_init(struct sim *sim, uint32_t cpu)
{
    word_store_release(&sim->slots[cpu].state, MUSTER_CPU_ADOPT_PENDING);
    send(sim, cpu, ICR_INIT);
}

static void send_sipi(struct sim *sim, uint32_t cpu)
{
    send(sim, cpu, ICR_SIPI | (uint32_t)(sim->entry_phys / PAGE_BYTES));
}

static void turn_on(struct sim *sim, uint32_t cpu)
{
    (void)muster_cpu_on(&sim->machine, cpu, &sim->slots[cpu].start);
}

static void await_parked(struct sim *sim, uint32_t cpu, uint64_t deadline_ns)
{
    struct muster_slot *slot = &sim->slots[cpu];
    while (slot_is_pending(slot) && sim->platform.time_ns(sim) < deadline_ns)
        sim->platform.wait(sim, &slot->state, MUSTER_CPU_ADOPT_PENDING, deadline_ns);
    (void)slot_give_up(slot);
}

/* ---- One after the other ---- */

static void bring_up_one_by_one(struct sim *sim)
{
    for (uint32_t cpu = 1; cpu < sim->setup->cpus && !sim->trouble; cpu++) {
        uint64_t begin_ns = sim->now_ns;
        (void)muster_cpu_bring_up(&sim->machine, &sim->plan, cpu,
                                  sim->setup->strategy == SIM_CLASSIC, sim->setup->timeout_ns);
        sim_path_add(sim, cpu, begin_ns, sim->now_ns);
    }
    sim->result->adopted_ns = sim->now_ns;
}

/* ---- As a tree ---- */

static uint32_t leader_of(const struct sim *sim, uint32_t node)
{
    uint32_t nodes = sim->setup->nodes;
    return (uint32_t)(((uint64_t)node * sim->setup->cpus + nodes - 1) / nodes);
}

typedef void send_function(struct sim *sim, uint32_t cpu);

static void for_each_of_node(struct sim *sim, uint32_t leader, send_function *send_for)
{
    uint32_t node = sim_node(sim, leader);
    if (leader != leader_of(sim, node))
        return;
    for (uint32_t other = 1; leader == SIM_BSP && other < sim->setup->nodes; other++)
        send_for(sim, leader_of(sim, other));
    for (uint32_t cpu = leader + 1; cpu < sim->setup->cpus && sim_node(sim, cpu) == node; cpu++)
        send_for(sim, cpu);
}

/* The current CPU sends for those beneath it. */
static void for_each_child(struct sim *sim, send_function *send_for)
{
    uint32_t fanout = sim->setup->fanout, parent = sim->current;
    if (sim->setup->strategy == SIM_NODE) {
        for_each_of_node(sim, parent, send_for);
        return;
    }
    for (uint32_t i = 1; i <= fanout; i++) {
        uint64_t child = (uint64_t)parent * fanout + i;
        if (child < sim->setup->cpus)
            send_for(sim, (uint32_t)child);
    }
}

static void wake(struct sim *sim, uint32_t cpu)
{
    send_init(sim, cpu);
    send_sipi(sim, cpu);
}

void sim_strategy_in(struct sim *sim)
{
    if (is_tree(sim) && sim->setup->way == SIM_SIPI)
        for_each_child(sim, wake);
}

void sim_strategy_on(struct sim *sim)
{
    if (is_tree(sim))
        for_each_child(sim, turn_on);
}

/* Each is pending before anybody sends for it: who is looked at too early is still to come. */
static void adopt_as_tree(struct sim *sim)
{
    uint64_t deadline_ns = time_after(sim->now_ns, sim->setup->timeout_ns);
    for (uint32_t cpu = 1; cpu < sim->setup->cpus; cpu++)
        word_store_release(&sim->slots[cpu].state, MUSTER_CPU_ADOPT_PENDING);
    for_each_child(sim, wake);
    for (uint32_t cpu = 1; cpu < sim->setup->cpus && !sim->trouble; cpu++)
        await_parked(sim, cpu, deadline_ns);
}

/* Who is not on its way yet will be turned on by another CPU. */
static void start_as_tree(struct sim *sim)
{
    uint64_t deadline_ns = time_after(sim->now_ns, sim->setup->timeout_ns);
    for_each_child(sim, turn_on);
    for (uint32_t cpu = 1; cpu < sim->setup->cpus && !sim->trouble; cpu++) {
        struct muster_word *state = &sim->slots[cpu].state;
        uint32_t now;
        while ((now = word_load_acquire(state)) != MUSTER_CPU_ON && now != MUSTER_CPU_FAILED &&
               sim->platform.time_ns(sim) < deadline_ns)
            sim->platform.wait(sim, state, now, deadline_ns);
    }
}

/* ---- All ---- */

/* Each goes on to its entry as it comes (muster/life.h), and there is nothing left to send. */
static void give_starts(struct sim *sim)
{
    for (uint32_t cpu = 1; cpu < sim->setup->cpus; cpu++)
        (void)muster_cpu_on_arrival(&sim->machine, cpu, &sim->slots[cpu].start);
}

static void bring_up_in_phases(struct sim *sim)
{
    uint64_t begin_ns = sim->now_ns, timeout_ns = sim->setup->timeout_ns;
    if (!is_tree(sim))
        give_starts(sim);
    if (is_tree(sim) && sim->setup->way == SIM_SIPI)
        adopt_as_tree(sim);
    else
        (void)muster_adopt(&sim->machine, &sim->plan, timeout_ns);
    sim->result->adopted_ns = sim->now_ns;
    if (is_tree(sim))
        start_as_tree(sim);
    else
        (void)muster_start(&sim->machine, NULL, 0, timeout_ns);
    sim_path_of_phases(sim, begin_ns, sim->result->adopted_ns, sim->now_ns);
}

void sim_bring_up(struct sim *sim)
{
    uint64_t begin_ns = sim->now_ns;
    if (sim->setup->strategy == SIM_CLASSIC || sim->setup->strategy == SIM_SERIAL)
        bring_up_one_by_one(sim);
    else
        bring_up_in_phases(sim);
    sim->result->adopted_ns -= begin_ns;
    sim->result->on_ns = sim->now_ns - begin_ns;
}
