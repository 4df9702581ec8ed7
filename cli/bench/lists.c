/* Lists on the command line. */
#include <stdint.h>
#include <string.h>

#include "cli/bench/bench.h"

static const char standard_sizes[] = "4,16,64,255";

static bool add_size(struct bench *bench, const char *word, GError **error)
{
    guint64 size;
    guint count = bench->size_count;
    if (!g_ascii_string_to_unsigned(word, 10, 2, OPTIONS_MAX_CPUS, &size, NULL))
        return option_refuse(error, "--cpus: '%s' is no number of CPUs; give 2 to %u", word,
                             OPTIONS_MAX_CPUS);
    if (count == BENCH_MAX_SIZES)
        return option_refuse(error, "--cpus: at most %u numbers", BENCH_MAX_SIZES);
    if (count && bench->sizes[count - 1] >= size)
        return option_refuse(
            error, "--cpus: %s is not more than the number before it; give them rising", word);
    bench->sizes[bench->size_count++] = (guint)size;
    return true;
}

bool bench_set_sizes(struct bench *bench, const char *text, GError **error)
{
    char **words = g_strsplit(text ? text : standard_sizes, ",", -1);
    bool good = words[0] || add_size(bench, "", error);
    bench->sizes_given = text != NULL;
    for (guint i = 0; good && words[i]; i++)
        good = add_size(bench, words[i], error);
    g_strfreev(words);
    return good;
}

static bool refuse_name(const char *word, GError **error)
{
    const char *names[BENCH_CONTENDERS + 1];
    for (guint i = 0; i < BENCH_CONTENDERS; i++)
        names[i] = contenders[i].name;
    names[BENCH_CONTENDERS] = NULL;
    char *all = g_strjoinv(", ", (char **)(uintptr_t)names);
    option_refuse(error, "--only: there is no '%s'; give some of %s", word, all);
    g_free(all);
    return false;
}

bool bench_set_contenders(struct bench *bench, const char *text, GError **error)
{
    bench->only = text != NULL;
    for (guint i = 0; !text && i < BENCH_CONTENDERS; i++)
        bench->wanted[i] = true;
    if (!text)
        return true;
    char **words = g_strsplit(text, ",", -1);
    bool good = words[0] || refuse_name("", error);
    for (guint i = 0; good && words[i]; i++) {
        enum bench_contender contender = contender_find(words[i]);
        if (contender == BENCH_CONTENDERS)
            good = refuse_name(words[i], error);
        else if (bench->wanted[contender])
            good = option_refuse(error, "--only: %s is there twice", words[i]);
        else
            bench->wanted[contender] = true;
    }
    g_strfreev(words);
    return good;
}
