#include "cli/base/option.h"

#include <string.h>

#include "cli/base/files.h"
#include "cli/base/output.h"
#include "cli/base/words.h"
#include "cli/cli.h"

bool option_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, CLI_ERROR, CLI_USAGE, text);
    g_free(text);
    return false;
}

bool option_is_apart(const char *option, const char *name, const char *path, GError **error)
{
    if (!name || !path || output_is_standard(name) || output_is_standard(path) ||
        !files_are_same(name, path))
        return true;
    return option_refuse(error, "--%s %s: is the same file as %s; give another name", option, name,
                         path);
}

char *option_value_name(const struct option *option)
{
    if (option->kind == OPTION_WORD)
        return g_strjoinv("|", (char **)option->words);
    return g_strdup(option->value);
}

char *option_spelling(const struct option *option)
{
    if (!option->letter)
        return g_strdup_printf("--%s", option->name);
    return g_strdup_printf("-%c, --%s", option->letter, option->name);
}

/* ---- All options of a list of groups ---- */

/* Array of const struct option *. */
static GPtrArray *list_options(const struct option_group *const *groups)
{
    GPtrArray *list = g_ptr_array_new();
    for (; *groups; groups++)
        for (const struct option *option = (*groups)->options; option->name; option++)
            g_ptr_array_add(list, (gpointer)option);
    return list;
}

const struct option *option_find(const struct option_group *const *groups, const char *name)
{
    for (; *groups; groups++)
        for (const struct option *option = (*groups)->options; option->name; option++)
            if (strcmp(option->name, name) == 0)
                return option;
    return NULL;
}

static bool is_text(const struct option *option)
{
    return option->kind == OPTION_TEXT || option->kind == OPTION_FILE;
}

unsigned option_word_index(const char *const *words, const char *word)
{
    for (unsigned i = 0; word && words[i]; i++)
        if (words[i] == word)
            return i;
    return 0;
}

void option_clear(const struct option_group *const *groups, void *values)
{
    for (; *groups; groups++)
        for (const struct option *option = (*groups)->options; option->name; option++)
            if (is_text(option))
                g_clear_pointer((char **)((char *)values + option->place), g_free);
}

/* ---- One value ---- */

static bool store_word(const struct option *option, const char *text, const char **place,
                       GError **error)
{
    for (const char *const *word = option->words; *word; word++) {
        if (strcmp(*word, text) == 0) {
            *place = *word;
            return true;
        }
    }
    char *list = g_strjoinv(", ", (char **)option->words);
    option_refuse(error, "--%s %s: give one of %s", option->name, text, list);
    g_free(list);
    return false;
}

static bool read_number(const struct option *option, const char *text, guint64 *number,
                        GError **error)
{
    if (g_ascii_string_to_unsigned(text, 10, option->least, option->most, number, NULL))
        return true;
    if (option->most >= G_MAXUINT32)
        return option_refuse(error, "--%s %s: give a number from %" G_GUINT64_FORMAT " on",
                             option->name, text, option->least);
    return option_refuse(error,
                         "--%s %s: give a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                         option->name, text, option->least, option->most);
}

static bool store_seconds(const struct option *option, const char *text, double *place,
                          GError **error)
{
    char *end;
    *place = g_ascii_strtod(text, &end);
    if (end != text && !*end && *place > 0 && *place <= OPTION_MAX_SECONDS)
        return true;
    return option_refuse(error, "--%s %s: give seconds, more than 0 and at most %d", option->name,
                         text, OPTION_MAX_SECONDS);
}

static bool store(const struct option *option, const char *text, void *place, GError **error)
{
    guint64 number = 0;
    switch (option->kind) {
    case OPTION_FLAG:
        return true; /* is there already */
    case OPTION_TEXT:
    case OPTION_FILE:
        g_free(*(char **)place);
        *(char **)place = g_strdup(text);
        return true;
    case OPTION_WORD:
        return store_word(option, text, place, error);
    case OPTION_SECONDS:
        return store_seconds(option, text, place, error);
    default:
        break;
    }
    if (!read_number(option, text, &number, error))
        return false;
    if (option->kind == OPTION_NUMBER)
        *(unsigned *)place = (unsigned)number;
    else
        *(guint64 *)place = number;
    return true;
}

/* ---- The command line ---- */

/* What GLib fills in for one option. */
struct raw {
    gboolean flag;
    char *text;
};

static GOptionEntry *make_entries(const GPtrArray *options, struct raw *raw)
{
    GOptionEntry *entries = g_new0(GOptionEntry, options->len + 1);
    for (guint i = 0; i < options->len; i++) {
        const struct option *option = options->pdata[i];
        bool flag = option->kind == OPTION_FLAG;
        entries[i] = (GOptionEntry){
            .long_name = option->name,
            .short_name = option->letter,
            .arg = flag ? G_OPTION_ARG_NONE : G_OPTION_ARG_FILENAME,
            .arg_data = flag ? (gpointer)&raw[i].flag : (gpointer)&raw[i].text,
        };
    }
    return entries;
}

/* GLib's own words, and which option may have been meant. */
static void refuse_line(const GPtrArray *options, const char *verb, const char *problem,
                        GError **error)
{
    static const char unknown[] = "Unknown option --";
    const char **names = g_new0(const char *, options->len + 1);
    for (guint i = 0; i < options->len; i++)
        names[i] = ((const struct option *)options->pdata[i])->name;
    char *given =
        g_str_has_prefix(problem, unknown)
            ? g_strndup(problem + strlen(unknown), strcspn(problem + strlen(unknown), "="))
            : NULL;
    const char *nearest = given ? words_nearest(names, given) : NULL;
    option_refuse(error, "%s%s%s%s; 'muster help %s' lists the options", problem,
                  nearest ? " (did you mean --" : "", nearest ? nearest : "", nearest ? "?)" : "",
                  verb);
    g_free(given);
    g_free(names);
}

static bool parse_line(const GPtrArray *options, struct raw *raw, int *argc, char ***words,
                       GError **error)
{
    GOptionContext *context = g_option_context_new(NULL);
    GOptionEntry *entries = make_entries(options, raw);
    GError *problem = NULL;
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    const char *verb = (*words)[0];
    bool good = g_option_context_parse(context, argc, words, &problem);
    if (!good)
        refuse_line(options, verb, problem->message, error);
    g_clear_error(&problem);
    g_free(entries);
    g_option_context_free(context);
    return good;
}

static bool store_all(const GPtrArray *options, const struct raw *raw, void *values, GError **error)
{
    for (guint i = 0; i < options->len; i++) {
        const struct option *option = options->pdata[i];
        void *place = (char *)values + option->place;
        if (option->kind == OPTION_FLAG && raw[i].flag)
            *(bool *)place = true;
        if (raw[i].text && !store(option, raw[i].text, place, error))
            return false;
    }
    return true;
}

/* GLib's own treatment of "--" depends on what follows it; ours does not. */
static int count_before_dashes(int argc, char **argv)
{
    int count = 0;
    while (count < argc && strcmp(argv[count], "--") != 0)
        count++;
    return count;
}

char **option_parse(const struct option_group *const *groups, void *values, int argc, char **argv,
                    GError **error)
{
    GPtrArray *options = list_options(groups);
    struct raw *raw = g_new0(struct raw, options->len);
    /* GLib changes the vector it is given; the strings stay the caller's. */
    char **words = g_new0(char *, (size_t)argc + 1);
    int before = count_before_dashes(argc, argv), left = before;
    memcpy(words, argv, (size_t)before * sizeof(*words));
    bool good =
        parse_line(options, raw, &left, &words, error) && store_all(options, raw, values, error);
    for (guint i = 0; i < options->len; i++)
        g_free(raw[i].text);
    g_free(raw);
    g_ptr_array_unref(options);
    if (good) {
        memmove(words, words + 1, (size_t)(left - 1) * sizeof(*words));
        words[--left] = NULL;
        for (int i = before + 1; i < argc; i++)
            words[left++] = argv[i];
        return words;
    }
    g_free(words);
    return NULL;
}
