#include "cli/base/lists.h"

#include <stdint.h>

#include "cli/base/option.h"

/* g_strsplit() gives nothing of an empty text, which is a list of one empty word. */
static char **split(const char *text)
{
    char *empty[] = {(char[]){""}, NULL};
    return text[0] ? g_strsplit(text, ",", -1) : g_strdupv(empty);
}

static bool add_size(const char *option, const char *word, const struct lists_sizes *sizes,
                     GError **error)
{
    guint64 size;
    guint count = *sizes->count;
    if (!g_ascii_string_to_unsigned(word, 10, sizes->least, sizes->most, &size, NULL))
        return option_refuse(error, "--%s: '%s' is no number of CPUs; give %u to %u", option, word,
                             sizes->least, sizes->most);
    if (count == sizes->room)
        return option_refuse(error, "--%s: at most %u numbers", option, sizes->room);
    if (count && sizes->sizes[count - 1] >= size)
        return option_refuse(error,
                             "--%s: %s is not more than the number before it; give them rising",
                             option, word);
    sizes->sizes[(*sizes->count)++] = (guint)size;
    return true;
}

bool lists_read_sizes(const char *option, const char *text, const struct lists_sizes *sizes,
                      GError **error)
{
    char **words = split(text);
    bool good = true;
    *sizes->count = 0;
    for (guint i = 0; good && words[i]; i++)
        good = add_size(option, words[i], sizes, error);
    g_strfreev(words);
    return good;
}

static bool refuse_name(const char *option, const char *word, const char *const *names,
                        GError **error)
{
    char *all = g_strjoinv(", ", (char **)(uintptr_t)names);
    option_refuse(error, "--%s: there is no '%s'; give some of %s", option, word, all);
    g_free(all);
    return false;
}

static bool add_name(const char *option, const char *word, const char *const *names, guint *places,
                     guint *count, GError **error)
{
    guint place = 0;
    while (names[place] && !g_str_equal(names[place], word))
        place++;
    if (!names[place])
        return refuse_name(option, word, names, error);
    for (guint i = 0; i < *count; i++)
        if (places[i] == place)
            return option_refuse(error, "--%s: %s is there twice", option, word);
    places[(*count)++] = place;
    return true;
}

bool lists_read_names(const char *option, const char *text, const char *const *names, guint *places,
                      guint *count, GError **error)
{
    char **words = split(text);
    bool good = true;
    *count = 0;
    for (guint i = 0; good && words[i]; i++)
        good = add_name(option, words[i], names, places, count, error);
    g_strfreev(words);
    return good;
}
