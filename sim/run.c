/* One run, from its setup to its result. */
#include <stddef.h>

#include "lib/cpu/cpu.h"
#include "sim/machine.h"

#define STANDARD_TIMEOUT   3600000000000u
#define STANDARD_FANOUT    8u
#define STANDARD_NODE_CPUS 128u

const char *const sim_way_names[] = {"sipi", "mailbox", "hyperv", "snp", "es-jump-table", NULL};
const char *const sim_strategy_names[] = {"classic", "serial", "pipelined", "broadcast",
                                          "fanout",  "node",   NULL};
const char *const sim_part_names[] = {"wakes",  "delays", "delivery", "reset", "setup",
                                      "notice", "starts", "leave",    NULL};
_Static_assert(sizeof(sim_way_names) / sizeof(char *) == SIM_WAYS + 1, "one each");
_Static_assert(sizeof(sim_strategy_names) / sizeof(char *) == SIM_STRATEGIES + 1, "one each");
_Static_assert(sizeof(sim_part_names) / sizeof(char *) == SIM_PARTS + 1, "one each");

bool sim_way_offers(enum sim_way way, enum sim_strategy strategy)
{
    switch (strategy) {
    case SIM_CLASSIC:
        return way == SIM_SIPI;
    case SIM_SERIAL:
        return way == SIM_SIPI || way == SIM_MAILBOX;
    default:
        return true;
    }
}

/* Real mode reaches 1 MiB, and the stubs of 64 CPUs take a page of that. */
uint32_t sim_way_most_cpus(enum sim_way way)
{
    return way == SIM_ES_JUMP_TABLE ? SIM_LOW_PAGES * ENTRY_STUBS : SIM_MAX_CPUS;
}

void sim_setup_init(struct sim_setup *setup, uint32_t cpus, enum sim_way way,
                    enum sim_strategy strategy)
{
    *setup = (struct sim_setup){
        .cpus = cpus,
        .nodes = (cpus + STANDARD_NODE_CPUS - 1) / STANDARD_NODE_CPUS,
        .way = way,
        .strategy = strategy,
        .fanout = STANDARD_FANOUT,
        .seed = 1,
        .timeout_ns = STANDARD_TIMEOUT,
    };
    sim_costs_init(&setup->costs);
}

const char *sim_check(const struct sim_setup *setup)
{
    if (setup->cpus < SIM_MIN_CPUS || setup->cpus > SIM_MAX_CPUS)
        return "there are 2 to 65536 CPUs";
    if ((unsigned)setup->way < SIM_WAYS && setup->cpus > sim_way_most_cpus(setup->way))
        return "so many CPUs' stubs do not fit below 1 MiB";
    if (setup->nodes < 1 || setup->nodes > setup->cpus)
        return "there are 1 to as many nodes as CPUs";
    if (setup->fanout < 1 || setup->fanout > SIM_MAX_FANOUT)
        return "a CPU sends for 1 to 64 others";
    if ((unsigned)setup->way >= SIM_WAYS || (unsigned)setup->strategy >= SIM_STRATEGIES ||
        !sim_way_offers(setup->way, setup->strategy))
        return "this way does not offer this strategy";
    return NULL;
}

static void count(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->setup->cpus; i++) {
        if (muster_cpu_state(&sim->machine, i) == MUSTER_CPU_ON)
            sim->result->on_count++;
        else
            sim->result->failed++;
    }
}

const char *sim_run(const struct sim_setup *setup, struct sim_result *result)
{
    struct sim sim = {
        .setup = setup, .costs = &setup->costs, .result = result, .waits_max = SIM_WAITS_RUN};
    *result = (struct sim_result){0};
    const char *trouble = sim_check(setup);
    if (trouble)
        return trouble;
    enum muster_status status;
    if (sim_build(&sim) && sim_prepare(&sim, &status))
        sim.trouble = "the library could not prepare the machine";
    if (!sim.trouble) {
        sim.now_ns = SIM_BEGIN_NS;
        if (sim.mailbox)
            sim_firmware_begin(&sim);
        sim_watch(&sim);
        sim_bring_up(&sim);
        sim_watch(NULL);
        count(&sim);
    }
    sim_free(&sim);
    return sim.trouble;
}
