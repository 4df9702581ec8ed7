/*
 * Every fault by every way on machines of several sizes, simulated.
 *
 *     faults [--long] [--verbose] [FAULT]     or: faults --list
 *
 * A line for each cell with --verbose, else for those that are wrong; and one of figures. Exit
 * status 0: each is as the list says, 1: not, 2: wrong usage. Docs: docs/assurance.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/faults.h"

#define MS        1000000ull
#define ATTEMPTS  2
#define MANY_FROM 16u /* so many CPUs are worth several victims */

struct figures {
    uint32_t cells, wrong, not_applicable;
    uint32_t all_on, named, refused;
};

struct request {
    bool is_long, verbose;
    const char *only;
    const uint32_t *sizes;
    uint32_t seeds;
};

static const uint32_t short_sizes[] = {2, 4, 16, 64, 255, 0};
static const uint32_t long_sizes[] = {2, 3, 4, 5, 8, 16, 31, 64, 127, 193, 255, 600, 0};

/* ---- One cell ---- */

bool is_victim(const struct cell *cell, uint32_t cpu)
{
    if (cell->fault->of_machine || cpu < cell->victim)
        return false;
    return cpu == cell->victim || (cell->many && (cpu - cell->victim) % 4 == 0);
}

static void cell_make(struct cell *cell)
{
    static const enum sim_way ways[] = {SIM_SIPI,   SIM_MAILBOX, SIM_MAILBOX,
                                        SIM_HYPERV, SIM_SNP,     SIM_ES_JUMP_TABLE};
    uint32_t choices = cell->cpus - 1 - cell->fault->by[cell->way].needs_next;
    sim_setup_init(&cell->setup, cell->cpus, ways[cell->way], SIM_BROADCAST);
    cell->setup.seed = cell->seed;
    cell->setup.timeout_ns = (100 + cell->cpus) * MS;
    cell->behaviours = calloc(cell->cpus, sizeof(*cell->behaviours));
    cell->setup.behaviours = cell->behaviours;
    cell->victim = 1 + (uint32_t)(cell->seed * 7919 % choices);
    if (cell->many)
        cell->victim = 1 + cell->victim % 4;
    tables_make(cell);
    cell->setup.tables = &cell->tables;
    if (cell->fault->of_machine)
        cell->fault->inject(cell, 0);
    for (uint32_t cpu = 1; cpu < cell->cpus; cpu++)
        if (is_victim(cell, cpu))
            cell->fault->inject(cell, cpu);
}

static void cell_free(struct cell *cell)
{
    tables_free(cell);
    free(cell->behaviours);
}

/* ---- What is to become of it ---- */

/* The failure that is wanted of @cpu; MUSTER_OK: it is to be on. */
static enum muster_status wanted_of(const struct cell *cell, uint32_t cpu, bool again)
{
    const struct expectation *expected = &cell->fault->by[cell->way];
    enum muster_status own = again ? expected->again : expected->failure;
    enum muster_status other = again ? expected->next_again : expected->next_failure;
    bool is_bsp = cpu == 0, is_next = cpu == cell->victim + 1;
    switch (expected->missing) {
    case VICTIMS:
        return is_victim(cell, cpu) ? own : MUSTER_OK;
    case VICTIM_AND_NEXT:
        return is_victim(cell, cpu) ? own : is_next ? other : MUSTER_OK;
    case VICTIM_AND_BEHIND:
        return cpu == cell->victim ? own : cpu > cell->victim ? other : MUSTER_OK;
    case NEXT:
        return is_next ? other : MUSTER_OK;
    case ALL_BEHIND:
        return cpu > cell->victim ? other : MUSTER_OK;
    case EVERYBODY:
        return is_bsp ? MUSTER_OK : own;
    default:
        return MUSTER_OK;
    }
}

static bool check_cpu(const struct cell *cell, const struct sim_attempt *attempt, uint32_t cpu,
                      bool again, char *why, size_t bytes)
{
    const struct sim_outcome *outcome = &attempt->outcomes[cpu];
    enum muster_status wanted = wanted_of(cell, cpu, again);
    enum muster_cpu_state state = wanted ? MUSTER_CPU_FAILED : MUSTER_CPU_ON;
    if (outcome->state == state && outcome->failure == wanted)
        return true;
    snprintf(why, bytes, "%s attempt: CPU %u is %s by %s, not %s by %s", again ? "second" : "first",
             cpu, muster_cpu_state_name((enum muster_cpu_state)outcome->state),
             muster_error_name((enum muster_status)outcome->failure), muster_cpu_state_name(state),
             muster_error_name(wanted));
    return false;
}

static bool check_attempt(const struct cell *cell, const struct sim_attempt *attempt, bool again,
                          char *why, size_t bytes)
{
    const struct expectation *expected = &cell->fault->by[cell->way];
    const char *step = again ? NULL : expected->step;
    if (attempt->lost_bytes) {
        snprintf(why, bytes, "%llu bytes of memory are lost",
                 (unsigned long long)attempt->lost_bytes);
        return false;
    }
    if (attempt->took_ns > 2 * cell->setup.timeout_ns + 50 * MS) {
        snprintf(why, bytes, "it took %llu ms", (unsigned long long)(attempt->took_ns / MS));
        return false;
    }
    if (step) {
        snprintf(why, bytes, "%s: %s, not %s: %s", attempt->step ? attempt->step : "nothing failed",
                 muster_error_name((enum muster_status)attempt->status), step,
                 muster_error_name(expected->failure));
        return attempt->step && !strcmp(attempt->step, step) &&
               attempt->status == expected->failure;
    }
    for (uint32_t cpu = 0; cpu < cell->cpus; cpu++)
        if (!check_cpu(cell, attempt, cpu, again, why, bytes))
            return false;
    return true;
}

static bool check(const struct cell *cell, const struct sim_attempt *attempts, char *why,
                  size_t bytes)
{
    const struct expectation *expected = &cell->fault->by[cell->way];
    if (!check_attempt(cell, &attempts[0], false, why, bytes) ||
        !check_attempt(cell, &attempts[1], true, why, bytes))
        return false;
    snprintf(why, bytes, "%u strays", attempts[0].strays);
    return (attempts[0].strays > 0) == expected->strays;
}

/* ---- One cell's line ---- */

static void tell_cell(const struct cell *cell, const struct sim_attempt *attempts)
{
    uint32_t missing[ATTEMPTS] = {0}, first = 0;
    for (uint32_t cpu = cell->cpus; cpu-- > 1;)
        for (int i = 0; i < ATTEMPTS; i++)
            if (attempts[i].outcomes[cpu].state != MUSTER_CPU_ON) {
                missing[i]++;
                first = i ? first : cpu;
            }
    printf("%u of %u missing", missing[0], cell->cpus - 1);
    if (missing[0])
        printf(", APIC ID %u: %s", first,
               muster_error_name((enum muster_status)(attempts[0].outcomes[first].failure
                                                          ? attempts[0].outcomes[first].failure
                                                          : attempts[0].status)));
    printf("; the second time %u; %u strays\n", missing[1], attempts[0].strays);
}

static void run_cell(struct cell *cell, const struct request *request, struct figures *figures)
{
    struct sim_attempt attempts[ATTEMPTS] = {0};
    char why[256] = "";
    struct sim_outcome *outcomes = calloc((size_t)ATTEMPTS * cell->cpus, sizeof(*outcomes));
    for (int i = 0; i < ATTEMPTS; i++)
        attempts[i].outcomes = outcomes + (size_t)i * cell->cpus;
    cell_make(cell);
    const char *trouble = sim_try(&cell->setup, attempts, ATTEMPTS);
    if (trouble)
        snprintf(why, sizeof(why), "%s", trouble);
    bool good = !trouble && check(cell, attempts, why, sizeof(why));
    enum who missing = cell->fault->by[cell->way].missing;
    figures->cells++;
    figures->wrong += !good;
    figures->all_on += missing == NOBODY;
    figures->refused += missing == EVERYBODY;
    figures->named += missing != NOBODY && missing != EVERYBODY;
    if (!good || request->verbose)
        printf("%s %s by %s, %u CPUs, seed %llu%s: ", good ? "ok" : "WRONG", cell->fault->name,
               way_names[cell->way], cell->cpus, (unsigned long long)cell->seed,
               cell->many ? ", every fourth" : "");
    if (!good)
        printf("%s\n", why);
    else if (request->verbose)
        tell_cell(cell, attempts);
    cell_free(cell);
    free(outcomes);
}

/* ---- All of them ---- */

static void skip(const struct fault *fault, enum way way, const char *why,
                 const struct request *request, struct figures *figures)
{
    figures->not_applicable++;
    if (request->verbose)
        printf("not applicable: %s by %s: %s\n", fault->name, way_names[way], why);
}

static bool takes_many(const struct fault *fault, enum way way, uint32_t cpus)
{
    return cpus >= MANY_FROM && !fault->by[way].needs_next && !fault->is_slow;
}

static void run_way(const struct fault *fault, enum way way, const struct request *request,
                    struct figures *figures)
{
    if (fault->by[way].not_applicable) {
        skip(fault, way, fault->by[way].not_applicable, request, figures);
        return;
    }
    for (const uint32_t *cpus = request->sizes; *cpus; cpus++) {
        if (fault->by[way].needs_next && *cpus < 3) {
            skip(fault, way, "with 2 CPUs there is nobody behind the victim", request, figures);
            continue;
        }
        for (uint64_t seed = 1; seed <= request->seeds; seed++)
            for (int many = 0; many < 1 + takes_many(fault, way, *cpus); many++) {
                struct cell cell = {
                    .fault = fault, .way = way, .cpus = *cpus, .seed = seed, .many = many};
                run_cell(&cell, request, figures);
            }
    }
}

static uint32_t count_sizes(const uint32_t *sizes)
{
    uint32_t count = 0;
    while (sizes[count])
        count++;
    return count;
}

static int run(const struct request *request)
{
    struct figures figures = {0};
    uint32_t count = 0;
    for (const struct fault *fault = faults; fault->name; fault++) {
        if (request->only && strcmp(fault->name, request->only) != 0)
            continue;
        count++;
        for (unsigned way = 0; way < WAYS; way++)
            run_way(fault, (enum way)way, request, &figures);
    }
    if (!count) {
        fprintf(stderr, "faults: there is no fault '%s'; --list tells them\n", request->only);
        return 2;
    }
    printf("faults: %u faults x %u ways x %u sizes x %u seeds: %u cells: %u all on, %u missing by "
           "name, %u refused by name; %u not applicable; %u wrong\n",
           count, WAYS, count_sizes(request->sizes), request->seeds, figures.cells, figures.all_on,
           figures.named, figures.refused, figures.not_applicable, figures.wrong);
    return figures.wrong ? 1 : 0;
}

static int list(void)
{
    for (const struct fault *fault = faults; fault->name; fault++)
        printf("%-22s %s\n", fault->name, fault->text);
    return 0;
}

int main(int argc, char **argv)
{
    struct request request = {.sizes = short_sizes, .seeds = 1};
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* whoever ends it sees how far it came */
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--list"))
            return list();
        if (!strcmp(argv[i], "--long"))
            request.is_long = true;
        else if (!strcmp(argv[i], "--verbose"))
            request.verbose = true;
        else if (argv[i][0] != '-' && !request.only)
            request.only = argv[i];
        else {
            fprintf(stderr, "usage: faults [--long] [--verbose] [FAULT] | --list\n");
            return 2;
        }
    }
    if (request.is_long) {
        request.sizes = long_sizes;
        request.seeds = 3;
    }
    return run(&request);
}
