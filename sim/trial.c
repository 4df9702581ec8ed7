/* Attempts to bring a machine up on which something is wrong, and on which it then is no more. */
#include <string.h>

#include "lib/atomic.h"
#include "sim/machine.h"

static void let_pass(struct sim *sim, uint64_t ns)
{
    uint64_t until_ns = sim->now_ns + ns;
    while (sim_happen(sim, until_ns))
        ;
    sim->now_ns = until_ns;
}

/* ---- The fault is gone ---- */

static void mend_cpu(struct sim *sim, uint32_t number)
{
    struct sim_cpu *cpu = &sim->cpus[number];
    bool dead = cpu->behaviour.dead;
    cpu->behaviour = (struct sim_behaviour){0};
    if (!dead || cpu->place != SIM_IN_FIRMWARE)
        return;
    if (sim->mailbox)
        sim_firmware_enter(sim, number);
    if (cpu->start) /* a hypervisor runs it after all */
        sim_cpu_begin(sim, number, sim->costs->vp_start_ns, cpu->start);
}

static void mend(struct sim *sim)
{
    struct sim_tables *tables = sim->setup->tables;
    sim->clock_stops_ns = 0;
    for (uint32_t i = 1; i < sim->cpu_count; i++)
        mend_cpu(sim, i);
    if (sim->mailbox)
        __atomic_store_n(&sim->mailbox->command, MAILBOX_NOOP, __ATOMIC_RELEASE);
    if (!tables)
        return;
    tables->before_map = NULL;
    if (tables->good)
        memcpy(tables->memory, tables->good, tables->bytes);
}

/* ---- One attempt ---- */

static const char *prepare(struct sim *sim, enum muster_status *status)
{
    const char *step = sim_prepare(sim, status);
    sim->prepared = !step;
    return step;
}

static const char *bring_up(struct sim *sim, enum muster_status *status)
{
    uint64_t timeout_ns = sim->setup->timeout_ns;
    const char *step = NULL;
    sim_watch(sim);
    enum muster_status adopted = muster_adopt(&sim->machine, &sim->plan, timeout_ns);
    sim_memory_settle(sim);
    *status = muster_start(&sim->machine, NULL, 0, timeout_ns);
    if (*status)
        step = "start";
    if (adopted) {
        *status = adopted;
        step = "adopt";
    }
    sim_watch(NULL);
    return step;
}

static void look(struct sim *sim, struct sim_attempt *attempt)
{
    uint32_t on = 0;
    for (uint32_t i = 0; i < sim->setup->cpus; i++) {
        const struct muster_slot *slot = &sim->slots[i];
        attempt->outcomes[i] = (struct sim_outcome){0};
        if (!sim->prepared)
            continue;
        attempt->outcomes[i] = (struct sim_outcome){word_load_acquire(&slot->state), slot->failure};
        on += attempt->outcomes[i].state == MUSTER_CPU_ON;
    }
    if (sim->prepared && on != word_load_acquire(&sim->machine.on_count))
        sim->trouble = "the count of CPUs that are on is wrong";
    attempt->strays = word_load_acquire(&sim->machine.strays);
    attempt->lost_bytes = sim_memory_lost_bytes(sim);
}

static void attempt_once(struct sim *sim, struct sim_attempt *attempt)
{
    uint64_t begin_ns = sim->now_ns;
    enum muster_status status = MUSTER_OK;
    sim->waits = 0;
    attempt->step = sim->prepared ? NULL : prepare(sim, &status);
    if (!attempt->step)
        attempt->step = bring_up(sim, &status);
    attempt->status = status;
    attempt->took_ns = sim->now_ns - begin_ns;
    look(sim, attempt);
}

const char *sim_try(const struct sim_setup *setup, struct sim_attempt *attempts, uint32_t count)
{
    struct sim_result result = {0};
    struct sim sim = {
        .setup = setup, .costs = &setup->costs, .result = &result, .waits_max = SIM_WAITS_TRY};
    const char *trouble = sim_check(setup);
    if (trouble)
        return trouble;
    sim.now_ns = SIM_BEGIN_NS;
    if (setup->clock_stops_ns)
        sim.clock_stops_ns = sim.now_ns + setup->clock_stops_ns;
    if (sim_build(&sim) && sim.mailbox) {
        sim.mailbox->command = setup->found_command;
        sim_firmware_begin(&sim);
    }
    for (uint32_t i = 0; i < count && !sim.trouble; i++) {
        attempt_once(&sim, &attempts[i]);
        let_pass(&sim, setup->timeout_ns);
        if (i == 0)
            mend(&sim);
        sim.tried = true;
        if (!sim.prepared) /* a kernel would have ended, and begun anew */
            sim_memory_describe(&sim);
    }
    sim_free(&sim);
    return sim.trouble;
}
