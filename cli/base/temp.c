#include "cli/base/temp.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "cli/cli.h"

/* A socket's path has 108 bytes; our names in the folder are short. */
#define LONGEST_PARENT 64

static const char *parent(void)
{
    const char *chosen = g_get_tmp_dir();
    if (strlen(chosen) > LONGEST_PARENT || strpbrk(chosen, " ,\t\n") || chosen[0] != '/')
        return "/tmp";
    return chosen;
}

char *temp_create(GError **error)
{
    char *folder = g_build_filename(parent(), "muster-XXXXXX", NULL);
    if (g_mkdtemp(folder))
        return folder;
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                "cannot make a folder like %s: %s; set TMPDIR to a place that can be written",
                folder, g_strerror(errno));
    g_free(folder);
    return NULL;
}

void temp_remove(char *folder)
{
    if (!folder)
        return;
    GDir *directory = g_dir_open(folder, 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory))) {
        char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
        g_free(path);
    }
    if (directory)
        g_dir_close(directory);
    g_rmdir(folder);
    g_free(folder);
}
