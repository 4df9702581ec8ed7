#include "cli/base/temp.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "cli/cli.h"

/* A socket's path has 108 bytes; our names in the folder are short. */
#define LONGEST_PARENT 64

#define PREFIX "muster-"
#define SUFFIX "-XXXXXX" /* as mkdtemp() wants it */

static const char *parent(void)
{
    const char *chosen = g_get_tmp_dir();
    if (strlen(chosen) > LONGEST_PARENT || strpbrk(chosen, " ,\t\n") || chosen[0] != '/')
        return "/tmp";
    return chosen;
}

static void remove_files(const char *folder)
{
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
}

/* The process in a folder's name, "muster-PID-XXXXXX"; 0: no such name. */
static pid_t maker_of(const char *name)
{
    char *end;
    if (!g_str_has_prefix(name, PREFIX) || !g_ascii_isdigit(name[strlen(PREFIX)]))
        return 0;
    guint64 pid = g_ascii_strtoull(name + strlen(PREFIX), &end, 10);
    return pid <= G_MAXINT && *end == '-' && strlen(end) == strlen(SUFFIX) ? (pid_t)pid : 0;
}

/* Gives the folder's lock, or -1: somebody has it, or it is none of ours. */
static int take_lock(const char *folder)
{
    struct stat status;
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock >= 0 && fstat(lock, &status) == 0 && status.st_uid == geteuid() &&
        (status.st_mode & 07777) == S_IRWXU && flock(lock, LOCK_EX | LOCK_NB) == 0)
        return lock;
    if (lock >= 0)
        close(lock);
    return -1;
}

/*
 * A command that SIGKILL ended could not remove its folder. Whoever made one has its lock until
 * the end of its process, whatever other process there is that cannot see it (in a container).
 */
static void remove_abandoned(void)
{
    GDir *directory = g_dir_open(parent(), 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory))) {
        pid_t maker = maker_of(name);
        if (!maker || kill(maker, 0) == 0 || errno != ESRCH)
            continue;
        char *folder = g_build_filename(parent(), name, NULL);
        int lock = take_lock(folder);
        if (lock >= 0) {
            remove_files(folder);
            close(lock);
        }
        g_free(folder);
    }
    if (directory)
        g_dir_close(directory);
}

char *temp_create(GError **error)
{
    char *name = g_strdup_printf(PREFIX "%d" SUFFIX, (int)getpid());
    char *folder = g_build_filename(parent(), name, NULL);
    g_free(name);
    remove_abandoned();
    if (g_mkdtemp(folder)) {
        (void)take_lock(folder); /* and keep it as long as there is this process */
        return folder;
    }
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
    remove_files(folder);
    g_free(folder);
}
