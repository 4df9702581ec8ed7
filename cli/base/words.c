#include "cli/base/words.h"

#include <string.h>

/* A slip is at most so many letters added, left out or changed. */
#define MOST_SLIPS 2

static char **split(const char *line)
{
    return g_strsplit_set(line, " \t", -1);
}

bool words_have(const char *line, const char *word)
{
    char **list = split(line);
    bool found = g_strv_contains((const char *const *)list, word);
    g_strfreev(list);
    return found;
}

static bool have_name(char *const *list, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(list[i], name, length) == 0 && (list[i][length] == '=' || !list[i][length]))
            return true;
    return false;
}

char *words_find_repeated(const char *line, const char *more)
{
    char **given = split(line), **list = split(more), *found = NULL;
    for (size_t i = 0; list[i] && !found; i++) {
        size_t length = strcspn(list[i], "=");
        if (length && (have_name(given, g_strv_length(given), list[i], length) ||
                       have_name(list, i, list[i], length)))
            found = g_strdup(list[i]);
    }
    g_strfreev(given);
    g_strfreev(list);
    return found;
}

/* Letters added, left out, changed, or swapped with their neighbour (Damerau and Levenshtein). */
static size_t count_slips(const char *a, const char *b)
{
    size_t width = strlen(b) + 1;
    size_t *rows = g_new0(size_t, (strlen(a) + 1) * width), *row = rows;
    for (size_t j = 0; j < width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        const size_t *above = row;
        row += width;
        row[0] = i;
        for (size_t j = 1; j < width; j++) {
            row[j] = MIN(above[j - 1] + (a[i - 1] != b[j - 1]), MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], (above - width)[j - 2] + 1);
        }
    }
    size_t slips = row[width - 1];
    g_free(rows);
    return slips;
}

/* Who ends too early means the one word that begins so; of several none is nearer. */
static const char *find_longer(const char *const *words, const char *word)
{
    const char *longer = NULL;
    for (; *words; words++) {
        if (!g_str_has_prefix(*words, word))
            continue;
        if (longer)
            return NULL;
        longer = *words;
    }
    return longer;
}

static const char *find_slip(const char *const *words, const char *word)
{
    const char *nearest = NULL;
    size_t least = MOST_SLIPS + 1;
    for (; *words; words++) {
        size_t slips = count_slips(word, *words);
        if (slips < least && slips < strlen(*words) / 2 + 1) {
            least = slips;
            nearest = *words;
        }
    }
    return nearest;
}

const char *words_nearest(const char *const *words, const char *word)
{
    const char *longer = find_longer(words, word);
    return longer ? longer : find_slip(words, word);
}

char *words_quote(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./,:=+@%";
    if (text[0] && text[strspn(text, plain)] == 0)
        return g_strdup(text);
    return g_shell_quote(text);
}
