/* Lists on the command line. */
#include "cli/base/lists.h"
#include "cli/bench/bench.h"

static const char standard_sizes[] = "4,16,64,255";

const char *const bench_thread_words[BENCH_THREADS + 2] = {"single", "multi", "both", NULL};

bool bench_set_sizes(struct bench *bench, const char *text, GError **error)
{
    const struct lists_sizes sizes = {.least = 2,
                                      .most = OPTIONS_MAX_CPUS,
                                      .room = BENCH_MAX_SIZES,
                                      .sizes = bench->sizes,
                                      .count = &bench->size_count};
    bench->sizes_given = text != NULL;
    return lists_read_sizes("cpus", text ? text : standard_sizes, &sizes, error);
}

bool bench_set_contenders(struct bench *bench, const char *text, GError **error)
{
    const char *names[BENCH_CONTENDERS + 1] = {NULL};
    guint places[BENCH_CONTENDERS], count = 0;
    for (guint i = 0; i < BENCH_CONTENDERS; i++) {
        names[i] = contenders[i].name;
        bench->wanted[i] = !text;
    }
    bench->only = text != NULL;
    if (text && !lists_read_names("only", text, names, places, &count, error))
        return false;
    for (guint i = 0; i < count; i++)
        bench->wanted[places[i]] = true;
    return true;
}

void bench_set_threads(struct bench *bench, const char *word)
{
    bool both = word == bench_thread_words[BENCH_THREADS];
    bench->threads_given = word != NULL;
    for (guint i = 0; i < BENCH_THREADS; i++)
        bench->threads[i] = word ? both || word == bench_thread_words[i] : i == BENCH_SINGLE;
}
