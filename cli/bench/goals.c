#include "cli/bench/goals.h"

#include "cli/timeline/axis.h"

/* The bounds; where they are from is told in docs/performance.md. */
#define FEW              64u
#define MANY             255u
#define CLASSIC_CPUS     16u
#define LINUX_SHARE      75
#define INSTRUCTIONS     64000
#define MAILBOX_OF_SIPI  4
#define MAILBOX_OF_LINUX 10
#define CLASSIC_SHARE    20 /* 95 % less */
#define GROWTH           400
#define PARKED_PERCENT   100
#define WAITING_PERCENT  2000
#define MULTI_NS         5000000
#define MULTI_PERCENT    128 /* of SeaBIOS: it took 3.9 ms on the host that MULTI_NS is of */
#define DISCOVERY_NS     200000
/* Of four times the CPUs at most so much more than four times the time: caches are not linear. */
#define LINEAR_TOLERANCE 125

struct list {
    const struct bench *bench;
    struct goal *goals;
    guint count;
};

static gint64 on(const struct list *list, enum bench_contender contender, guint cpus)
{
    return bench_on_ns(list->bench, contender, cpus, BENCH_SINGLE);
}

/* One of both is not known: nor is what follows. */
static gint64 share(gint64 value, gint64 by)
{
    return value < 0 ? MARKS_NEVER : value / by;
}

static gint64 ratio(gint64 value, gint64 of)
{
    return value < 0 || of <= 0 ? MARKS_NEVER : 100 * value / of;
}

static void add(struct list *list, const char *name, const char *what, const char *bound_is,
                enum goal_unit unit, gint64 figure, gint64 bound)
{
    enum goal_state state = figure < 0 || bound < 0 ? GOAL_UNKNOWN
                            : figure <= bound       ? GOAL_HELD
                                                    : GOAL_MISSED;
    list->goals[list->count++] = (struct goal){name, what, bound_is, unit, figure, bound, state};
}

static void add_times(struct list *list)
{
    gint64 few = on(list, BENCH_SIPI, FEW), many = on(list, BENCH_SIPI, MANY);
    add(list, "sipi-64-seabios", "64 CPUs by INIT-SIPI", "SeaBIOS", GOAL_NS, few,
        on(list, BENCH_SEABIOS, FEW));
    add(list, "sipi-64-linux", "64 CPUs by INIT-SIPI", "Linux lpj= / 75", GOAL_NS, few,
        share(on(list, BENCH_LINUX_LPJ, FEW), LINUX_SHARE));
    add(list, "sipi-255-seabios", "255 CPUs by INIT-SIPI", "SeaBIOS", GOAL_NS, many,
        on(list, BENCH_SEABIOS, MANY));
    add(list, "sipi-16-classic", "16 CPUs by INIT-SIPI", "5 % of sipi-classic", GOAL_NS,
        on(list, BENCH_SIPI, CLASSIC_CPUS),
        share(on(list, BENCH_SIPI_CLASSIC, CLASSIC_CPUS), CLASSIC_SHARE));
    add(list, "growth", "64 to 255 CPUs: time", "4 x", GOAL_RATIO, ratio(many, few), GROWTH);
    add(list, "growth-per-cpu", "255 CPUs: time for each", "the same at 64", GOAL_NS,
        share(many, MANY), share(few, FEW));
}

static void add_threads(struct list *list)
{
    gint64 sipi = bench_on_ns(list->bench, BENCH_SIPI, BENCH_MULTI_CPUS, BENCH_MULTI);
    gint64 seabios = bench_on_ns(list->bench, BENCH_SEABIOS, BENCH_MULTI_CPUS, BENCH_MULTI);
    add(list, "sipi-64-multi", "64 CPUs, a thread for each", "5 ms", GOAL_NS, sipi, MULTI_NS);
    add(list, "sipi-64-multi-seabios", "64 CPUs, a thread for each", "1.28 x SeaBIOS", GOAL_NS,
        sipi, seabios < 0 ? MARKS_NEVER : seabios * MULTI_PERCENT / 100);
}

/* The first look is the firmware's, and reported apart. */
static void add_mailbox(struct list *list)
{
    const struct bench_series *series = bench_find(list->bench, BENCH_MAILBOX, FEW, BENCH_SINGLE);
    struct statistics look = series ? statistics_of(series->look) : (struct statistics){0};
    gint64 sipi = on(list, BENCH_SIPI, FEW), mailbox = on(list, BENCH_MAILBOX, FEW);
    bool known = sipi >= 0 && look.count;
    add(list, "mailbox-64-sipi", "64 CPUs by the mailbox", "4 x INIT-SIPI + the first look",
        GOAL_NS, mailbox, known ? MAILBOX_OF_SIPI * sipi + look.median : MARKS_NEVER);
    add(list, "mailbox-64-linux", "64 CPUs by the mailbox", "Linux by it / 10", GOAL_NS, mailbox,
        share(on(list, BENCH_LINUX_MAILBOX, FEW), MAILBOX_OF_LINUX));
}

static gint64 percent(double value)
{
    return value < 0 ? MARKS_NEVER : (gint64)(value * 100);
}

static void add_costs(struct list *list)
{
    const struct bench *bench = list->bench;
    gint64 few = bench_instructions(bench, FEW), many = bench_instructions(bench, MANY);
    add(list, "instructions-255", "255 CPUs: guest instructions", "64000", GOAL_COUNT, many,
        INSTRUCTIONS);
    add(list, "instructions-per-ap", "255 CPUs: for each AP", "the same at 64", GOAL_COUNT,
        share(many, MANY - 1), share(few, FEW - 1));
    add(list, "parked", "63 CPUs parked in the kernel: of a core", "1 %", GOAL_PERCENT,
        percent(bench->parked.percent), PARKED_PERCENT);
    add(list, "waiting", "63 CPUs at the shim's mailbox: of a core", "20 %", GOAL_PERCENT,
        percent(bench->waiting.percent), WAITING_PERCENT);
}

static void add_discovery(struct list *list)
{
    const struct bench *bench = list->bench;
    const struct bench_discovery *most = &bench->discoveries[BENCH_DISCOVERIES - 1];
    const struct bench_discovery *fewer = most - 2; /* a quarter */
    bool known = most->cpus != 0;
    add(list, "discover-4096", "a MADT of 4096 CPUs", "200 us", GOAL_NS,
        known ? most->ns : MARKS_NEVER, DISCOVERY_NS);
    add(list, "discover-growth", "1024 to 4096 CPUs: time", "4 x, and a quarter", GOAL_RATIO,
        known ? ratio(most->ns, fewer->ns) : MARKS_NEVER, 4 * LINEAR_TOLERANCE);
}

guint goals_judge(const struct bench *bench, struct goal goals[GOALS_MAX])
{
    struct list list = {bench, goals, 0};
    add_times(&list);
    add_threads(&list);
    add_mailbox(&list);
    add_costs(&list);
    add_discovery(&list);
    return list.count;
}

const char *goal_state_name(enum goal_state state)
{
    static const char *const names[] = {"held", "missed", "not-measured"};
    return names[state];
}

char *goal_text(enum goal_unit unit, gint64 value)
{
    if (value < 0)
        return g_strdup("-");
    switch (unit) {
    case GOAL_NS:
        return axis_duration(value);
    case GOAL_COUNT:
        return g_strdup_printf("%" G_GINT64_FORMAT, value);
    case GOAL_PERCENT:
        return g_strdup_printf("%.2f %%", (double)value / 100);
    default:
        return g_strdup_printf("%.2f x", (double)value / 100);
    }
}

bool goals_missed(const struct goal *goals, guint count)
{
    for (guint i = 0; i < count; i++)
        if (goals[i].state == GOAL_MISSED)
            return true;
    return false;
}
