/**
 * A benchmark: who is compared on which machines, what was measured, and what is made of it.
 */
#ifndef CLI_BENCH_BENCH_H
#define CLI_BENCH_BENCH_H

#include <stdio.h>

#include <json-glib/json-glib.h>

#include "cli/bench/boot.h"
#include "cli/bench/statistics.h"

#define BENCH_MAX_SIZES    8
#define BENCH_MAX_REPEAT   100
#define BENCH_DISCOVERIES  5 /* sizes of the MADT: 256, 512 ... 4096 */
#define BENCH_LEAST_LISTED 256u

/** How the host runs the processors. */
enum bench_threads {
    BENCH_SINGLE, /* all of them in one thread */
    BENCH_MULTI,  /* each in its own */
    BENCH_THREADS,
};

/** The machine on which the goals compare them so. */
#define BENCH_MULTI_CPUS 64u

/** One contender on one machine. */
struct bench_series {
    enum bench_contender contender;
    guint cpus;
    enum bench_threads threads;
    /* gint64 by round, in ns; -1: not measured */
    GArray *on, *first;         /* seen from outside */
    GArray *own_on, *own_first; /* by our own kernel's stamps */
    GArray *look;               /* of these, until the first AP moved */
    GPtrArray *problems;        /* sentences: why a round has no figure */
    guint64 entry_phys;         /* where its APs begin, once it was seen */
};

/** Guest instructions, which do not differ from run to run. */
struct bench_count {
    guint cpus;
    gint64 instructions; /* from the first AP's first one until all are on, as the BSP sees it; or
                            -1 */
};

/** What sleeping CPUs cost the host: all of QEMU, as a share of one core. */
struct bench_sleep {
    double percent; /* -1: not measured */
    double ms;      /* for so long */
};

/** The library's discovery of a MADT of so many CPUs, on this host. */
struct bench_discovery {
    guint cpus;
    gint64 ns;
};

struct bench {
    /* What is asked for. */
    struct bench_files files;
    guint sizes[BENCH_MAX_SIZES]; /* numbers of CPUs, rising */
    guint size_count;
    bool sizes_given;
    bool wanted[BENCH_CONTENDERS];
    bool only; /* the contenders were named */
    bool threads[BENCH_THREADS];
    bool threads_given;
    guint repeat;
    guint first; /* rounds in which first instructions are looked for, too */
    bool extras; /* instructions, sleep, discovery */

    /* What was found. */
    GPtrArray *series;   /* struct bench_series */
    GPtrArray *skipped;  /* sentences: whose file is missing */
    GPtrArray *problems; /* sentences: which of the rest has no figure, and why */
    GArray *counts;      /* struct bench_count */
    struct bench_sleep parked, waiting;
    guint sleepers; /* CPUs of these */
    struct bench_discovery discoveries[BENCH_DISCOVERIES];
    char *qemu_version, *qemu_path, *cpu_model;
    char *date;
    double load_before, load_after, seconds;
    int signal;
};

/** Fill in what is wanted from texts of the command line, or NULL. CLI_USAGE. */
bool bench_set_sizes(struct bench *bench, const char *text, GError **error);
bool bench_set_contenders(struct bench *bench, const char *text, GError **error);

/** "single" and "multi", by enum bench_threads; then "both", and NULL. */
extern const char *const bench_thread_words[BENCH_THREADS + 2];

/** The same: @word is one of these, or NULL. */
void bench_set_threads(struct bench *bench, const char *word);

/**
 * Boot everything. False: @error is CLI_ENVIRONMENT: no machine was there, or the instrument is
 * blind. bench->signal: it was ended.
 */
bool bench_run(struct bench *bench, GError **error);
void bench_clear(struct bench *bench);

/** cli/bench/series.c: all series, empty, and who is left out. CLI_ENVIRONMENT: all are. */
bool bench_list_series(struct bench *bench, GError **error);
void bench_series_free(gpointer series);

/** Whether any time was measured, and whether each boot gave its figure. */
bool bench_has_figure(const struct bench *bench);
bool bench_is_whole(const struct bench *bench);

/** The series of these, or NULL. */
const struct bench_series *bench_find(const struct bench *bench, enum bench_contender contender,
                                      guint cpus, enum bench_threads threads);

/** Median of the time to all on, or -1. Of a guest under the monitor by its own stamps. */
gint64 bench_on_ns(const struct bench *bench, enum bench_contender contender, guint cpus,
                   enum bench_threads threads);

/** The instructions with so many CPUs, or -1. */
gint64 bench_instructions(const struct bench *bench, guint cpus);

/** cli/bench/discovery.c: fill in bench->discoveries. CLI_ENVIRONMENT. */
bool bench_discover(struct bench *bench, GError **error);

/** cli/bench/extras.c: instructions, and what sleeping CPUs cost. */
bool bench_run_extras(struct bench *bench, GError **error);

/** "2 x AMD EPYC": the host's processors. Caller frees. */
char *bench_host(void);

/** The tables for people, on a terminal (80 columns); or as Markdown, caller frees. */
void bench_print(const struct bench *bench, FILE *out);
char *bench_markdown(const struct bench *bench);
JsonObject *bench_json(const struct bench *bench);

/** The picture; its name tells the format. CLI_USAGE, CLI_ENVIRONMENT. */
bool bench_write_picture(const struct bench *bench, const char *path, GError **error);

#endif
