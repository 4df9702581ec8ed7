/* What 'muster simulate --costs' reads. An input is the file. */
#define _GNU_SOURCE

#include "cli/simulate/simulation.h"
#include "tests/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct simulation simulation;
    char path[FILE_PATH_BYTES];
    GError *error = NULL;
    file_put(data, size, path);
    sim_costs_init(&simulation.costs);
    bool good = simulation_read_costs(&simulation, path, &error);
    fuzz_require(good == !error, "a refusal gives no reason");
    for (const struct sim_cost *cost = sim_cost_list; cost->name; cost++) {
        uint64_t value = sim_cost_get(&simulation.costs, cost);
        fuzz_require(value >= cost->least && value <= cost->most, "a cost is out of its bounds");
    }
    g_clear_error(&error);
    return 0;
}
