/**
 * The options of a verb, each declared once: parsed, checked, and told in help, manual page and
 * completion from there.
 *
 * A verb has a struct of its own for the values, and tables of struct option that say where in it
 * each value goes. To add an option: a member of that struct, and one entry of a table.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/** Each with the type of the member that takes the value. An option that is not given leaves it. */
enum option_kind {
    OPTION_FLAG,        /* bool */
    OPTION_TEXT,        /* char *; option_clear() frees it */
    OPTION_FILE,        /* char *, a path; the same */
    OPTION_WORD,        /* const char *: one of the table's own words, so that == can be used */
    OPTION_NUMBER,      /* unsigned, from least to most */
    OPTION_LONG_NUMBER, /* guint64, the same */
    OPTION_SECONDS,     /* double, more than 0 and at most OPTION_MAX_SECONDS */
};

#define OPTION_MAX_SECONDS 1000000

struct option {
    const char *name; /* without "--"; NULL ends a table */
    char letter;      /* "-o" besides "--output"; 0: none */
    enum option_kind kind;
    size_t place;             /* of the member: offsetof() */
    const char *value;        /* what help calls it, "N"; not for flags and words */
    const char *help;         /* one sentence or two, without a full stop at the end */
    const char *const *words; /* OPTION_WORD: ends with NULL */
    guint64 least, most;      /* of numbers */
};

/** Options of one subject. Groups of the same title that follow each other are told as one. */
struct option_group {
    const char *title;
    const struct option *options;
};

/** "FILE", "N", "auto|sipi|mailbox"; NULL for a flag. Caller frees. */
char *option_value_name(const struct option *option);

/** "--json", or with a letter "-o, --output". Caller frees. */
char *option_spelling(const struct option *option);

/** The option called @name, without "--", in @groups (which end with NULL); or NULL. */
const struct option *option_find(const struct option_group *const *groups, const char *name);

/**
 * Put what @argv says into @values. argv[0] is the verb's name. Behind "--" nothing is an option.
 *
 * @return what is no option, in order and ending with NULL: free the array with g_free(), the
 *         words are @argv's. NULL: @error is CLI_USAGE; call option_clear() all the same.
 */
char **option_parse(const struct option_group *const *groups, void *values, int argc, char **argv,
                    GError **error);

/** The place of @word, one of @words, in them; 0 if it is NULL. For an enum in the same order. */
unsigned option_word_index(const char *const *words, const char *word);

/** Free the texts in @values, which were put there by option_parse() or by g_strdup(). */
void option_clear(const struct option_group *const *groups, void *values);

/**
 * Whether what --@option NAME writes is another file than @path, which is read or written, too; so
 * it is where one of both is NULL or no file but "-". False: @error is CLI_USAGE.
 */
bool option_is_apart(const char *option, const char *name, const char *path, GError **error);

/** False, with this as a CLI_USAGE error. */
bool option_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
