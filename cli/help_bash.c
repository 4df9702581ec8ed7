/* Completion for bash: one function, with tables of what each verb takes. */
#include "cli/help.h"

/* What follows an option: its words, or @FILE for names of files. */
#define FILES "@FILES"

static void put_verbs(FILE *out)
{
    for (const struct verb *const *verb = cli_verbs; *verb; verb++)
        fprintf(out, "%s%s", verb == cli_verbs ? "" : " ", (*verb)->name);
}

static void put_options(FILE *out, const struct verb *verb)
{
    fprintf(out, "        %s) echo '", verb->name);
    for (const struct option_group *const *group = verb->groups; *group; group++)
        for (const struct option *option = (*group)->options; option->name; option++)
            fprintf(out, "--%s ", option->name);
    fputs("--help' ;;\n", out);
}

static void put_values(FILE *out, const struct verb *verb)
{
    for (const struct option_group *const *group = verb->groups; *group; group++) {
        for (const struct option *option = (*group)->options; option->name; option++) {
            if (option->kind == OPTION_FLAG)
                continue;
            char *words =
                option->kind == OPTION_WORD ? g_strjoinv(" ", (char **)option->words) : NULL;
            fprintf(out, "        %s--%s", verb->name, option->name);
            if (option->letter)
                fprintf(out, " | %s-%c", verb->name, option->letter);
            fprintf(out, ") echo '%s' ;;\n",
                    words                         ? words
                    : option->kind == OPTION_FILE ? FILES
                                                  : "");
            g_free(words);
        }
    }
}

static void put_operands(FILE *out, const struct verb *verb)
{
    if (verb->takes_files)
        fprintf(out, "        %s) echo '" FILES "' ;;\n", verb->name);
    if (verb != &verb_help)
        return;
    fprintf(out, "        %s) echo '", verb->name);
    put_verbs(out);
    fputs("' ;;\n", out);
}

static void put_table(FILE *out, const char *name, const char *key,
                      void (*put_rows)(FILE *out, const struct verb *verb))
{
    fprintf(out, "%s()\n{\n    case %s in\n", name, key);
    for (const struct verb *const *verb = cli_verbs; *verb; verb++)
        put_rows(out, *verb);
    fputs("    esac\n}\n\n", out);
}

/* The values' table answers 1 for what takes no value. */
static void put_tables(FILE *out)
{
    fputs("_muster_verbs='", out);
    put_verbs(out);
    fputs(" --help --version'\n\n", out);
    put_table(out, "_muster_options", "$1", put_options);
    put_table(out, "_muster_operands", "$1", put_operands);
    fputs("_muster_values()\n{\n    case $1$2 in\n", out);
    for (const struct verb *const *verb = cli_verbs; *verb; verb++)
        put_values(out, *verb);
    fputs("        *) return 1 ;;\n    esac\n}\n\n", out);
}

static const char function[] =
    "# Fill COMPREPLY with those of the words $1 that begin with $2.\n"
    "_muster_reply()\n"
    "{\n"
    "    if [ \"$1\" = '" FILES "' ]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$2\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n"
    "    fi\n"
    "}\n"
    "\n"
    "_muster()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local verb=${COMP_WORDS[1]} word values\n"
    "    COMPREPLY=()\n"
    "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
    "        _muster_reply \"$_muster_verbs\" \"$current\"\n"
    "        return\n"
    "    fi\n"
    "    for word in \"${COMP_WORDS[@]:2:COMP_CWORD-2}\"; do\n"
    "        if [ \"$word\" = -- ]; then # QEMU's own\n"
    "            _muster_reply '" FILES "' \"$current\"\n"
    "            return\n"
    "        fi\n"
    "    done\n"
    "    # bash takes --option=value apart, in three words.\n"
    "    if [ \"$current\" = = ]; then\n"
    "        current=\n"
    "    elif [ \"$previous\" = = ]; then\n"
    "        previous=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    if values=$(_muster_values \"$verb\" \"$previous\"); then\n"
    "        _muster_reply \"$values\" \"$current\"\n"
    "    elif [ \"${current#-}\" != \"$current\" ]; then\n"
    "        _muster_reply \"$(_muster_options \"$verb\")\" \"$current\"\n"
    "    else\n"
    "        _muster_reply \"$(_muster_operands \"$verb\")\" \"$current\"\n"
    "    fi\n"
    "}\n"
    "\n"
    "complete -F _muster muster\n";

void help_print_bash(FILE *out)
{
    fputs("# Completion of muster's command lines for bash, made by 'muster help --completion "
          "bash'.\n\n",
          out);
    put_tables(out);
    fputs(function, out);
}
