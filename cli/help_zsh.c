/* Completion for zsh: the specifications that _arguments takes (zshcompsys(1)). */
#include "cli/help.h"

#include <string.h>

/* @text within single quotes, and with @special, which the specification would take, escaped. */
static void put(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", out);
        else if (strchr(special, *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_value(FILE *out, const struct option *option)
{
    if (option->kind == OPTION_WORD) {
        char *words = g_strjoinv(" ", (char **)option->words);
        fprintf(out, ":%s:(%s)", option->name, words);
        g_free(words);
        return;
    }
    fputc(':', out);
    put(out, option->value, ":\\");
    fputs(option->kind == OPTION_FILE ? ":_files" : ": ", out);
}

static void put_option(FILE *out, const struct option *option)
{
    bool flag = option->kind == OPTION_FLAG;
    fputs("            ", out);
    if (option->letter) /* one of both, and either of the two */
        fprintf(out, "'(-%c --%s)'{-%c,--%s%s}", option->letter, option->name, option->letter,
                option->name, flag ? "" : "=");
    else
        fprintf(out, "--%s%s", option->name, flag ? "" : "=");
    fputs("'[", out);
    put(out, option->help, "[]\\");
    fputc(']', out);
    if (!flag)
        put_value(out, option);
    fputs("' \\\n", out);
}

/* Behind "--" all words are QEMU's. */
static void put_verb(FILE *out, const struct verb *verb)
{
    fprintf(out, "    %s)\n        _arguments \\\n", verb->name);
    for (const struct option_group *const *group = verb->groups; *group; group++)
        for (const struct option *option = (*group)->options; option->name; option++)
            put_option(out, option);
    fputs("            '--help[Show the options]'", out);
    if (verb->takes_files)
        fputs(" \\\n            '*:file:_files'", out);
    if (verb == &verb_help)
        fputs(" \\\n            '1:verb:_muster_verbs'", out);
    fputs("\n        ;;\n", out);
}

static void put_verbs(FILE *out)
{
    fputs("_muster_verbs()\n{\n    local -a verbs=(\n", out);
    for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
        fprintf(out, "        '%s:", (*verb)->name);
        put(out, (*verb)->summary, ":\\");
        fputs("'\n", out);
    }
    fputs("    )\n    _describe verb verbs\n}\n\n", out);
}

static const char begin[] = "_muster()\n"
                            "{\n"
                            "    if (( CURRENT == 2 )); then\n"
                            "        _muster_verbs\n"
                            "        return\n"
                            "    fi\n"
                            "    local verb=$words[2]\n"
                            "    shift words\n"
                            "    (( CURRENT-- ))\n"
                            "    if (( ${words[(i)--]} < CURRENT )); then # QEMU's own\n"
                            "        _files\n"
                            "        return\n"
                            "    fi\n"
                            "    case $verb in\n";

void help_print_zsh(FILE *out)
{
    fputs("#compdef muster\n"
          "# Completion of muster's command lines for zsh, made by 'muster help --completion "
          "zsh'.\n\n",
          out);
    put_verbs(out);
    fputs(begin, out);
    for (const struct verb *const *verb = cli_verbs; *verb; verb++)
        put_verb(out, *verb);
    fputs("    esac\n}\n\n_muster \"$@\"\n", out);
}
