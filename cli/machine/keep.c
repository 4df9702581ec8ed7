#include "cli/machine/keep.h"

#include <errno.h>

#include "cli/cli.h"

static FILE *open_log(const struct keep *keep, const char *name, GError **error)
{
    char *path = g_build_filename(keep->folder, name, NULL);
    FILE *file = fopen(path, "we");
    if (!file)
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "--keep: %s: %s", path, g_strerror(errno));
    g_free(path);
    return file;
}

bool keep_open(struct keep *keep, const char *folder, GError **error)
{
    *keep = (struct keep){.folder = folder};
    if (!folder)
        return true;
    if (g_mkdir_with_parents(folder, 0777) < 0) {
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "--keep %s: %s; give a folder", folder,
                    g_strerror(errno));
        return false;
    }
    return (keep->console = open_log(keep, KEEP_CONSOLE, error)) &&
           (keep->events = open_log(keep, KEEP_EVENTS, error)) &&
           (keep->trace = open_log(keep, KEEP_TRACE, error)) &&
           (keep->qemu = open_log(keep, KEEP_QEMU, error));
}

static void note_problem(struct keep *keep, const char *name, const char *why)
{
    if (!keep->problem)
        keep->problem = g_strdup_printf("%s/%s is not whole: %s", keep->folder, name, why);
}

void keep_command(struct keep *keep, const char *text)
{
    if (!keep->folder)
        return;
    char *path = g_build_filename(keep->folder, KEEP_COMMAND, NULL);
    GError *error = NULL;
    if (!g_file_set_contents(path, text, -1, &error))
        note_problem(keep, KEEP_COMMAND, error->message);
    g_clear_error(&error);
    g_free(path);
}

static void close_log(struct keep *keep, FILE **file, const char *name)
{
    if (!*file)
        return;
    bool lost = ferror(*file);
    errno = 0;
    if (fclose(*file) != 0 || lost)
        note_problem(keep, name, errno ? g_strerror(errno) : "the disk may be full");
    *file = NULL;
}

void keep_close(struct keep *keep)
{
    close_log(keep, &keep->console, KEEP_CONSOLE);
    close_log(keep, &keep->events, KEEP_EVENTS);
    close_log(keep, &keep->trace, KEEP_TRACE);
    close_log(keep, &keep->qemu, KEEP_QEMU);
}

void keep_clear(struct keep *keep)
{
    keep_close(keep);
    g_free(keep->problem);
}
