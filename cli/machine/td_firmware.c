#include "cli/machine/td_firmware.h"

#include <string.h>
#include <sys/wait.h>

#include "cli/base/child.h"
#include "cli/base/files.h"
#include "cli/base/paint.h"

/* Package lists of a whole suite, over a slow line. */
#define FETCH_TIMEOUT_S 600
#define FETCH_SAYS      "fetch: "

static const char *const suites[] = {"debian12", "debian13", "sid", NULL};

struct answer {
    char *path; /* the last line that is no remark */
    char *said; /* the last that is one */
};

/* Where it comes from, and what was done to it, its user must hear. */
static bool on_line(void *context, const char *line)
{
    struct answer *answer = context;
    bool remark = g_str_has_prefix(line, FETCH_SAYS);
    char **place = remark ? &answer->said : &answer->path;
    g_free(*place);
    *place = g_strdup(remark ? line + strlen(FETCH_SAYS) : line);
    if (remark)
        paint_complain("%s", *place);
    return false;
}

static bool fetch(const char *script, const char *suite, struct answer *answer, GError **error)
{
    char *input = g_strconcat("tdvf-", suite, NULL);
    char *argv[] = {g_strdup(script), input, NULL};
    const struct child_listener listener = {on_line, answer};
    enum child_end end;
    int wait_status = 0;
    bool started = child_listen(argv, FETCH_TIMEOUT_S, &listener, &end, &wait_status, error);
    bool good = started && end == CHILD_EXITED && wait_status == 0 && answer->path;
    if (started && !good)
        files_refuse(error, "--td-firmware %s: '%s %s' %s; give a file instead", suite, script,
                     input, end == CHILD_EXITED ? "could not get it" : "did not end");
    g_free(argv[0]);
    g_free(input);
    return good;
}

static char *fetch_suite(const char *suite, GError **error)
{
    struct answer answer = {0};
    char *script = files_own(FILES_FETCH, NULL);
    bool good = script ? fetch(script, suite, &answer, error)
                       : files_refuse(error,
                                      "--td-firmware %s: scripts/fetch, which gets it, is in a "
                                      "checkout of Muster, and this is none; give a file instead",
                                      suite);
    g_free(script);
    g_free(answer.said);
    if (good)
        return answer.path;
    g_free(answer.path);
    return NULL;
}

char *td_firmware_find(const char *asked, GError **error)
{
    guint64 bytes;
    if (g_strv_contains(suites, asked))
        return fetch_suite(asked, error);
    return files_check("TD firmware", asked, &bytes, error) ? g_strdup(asked) : NULL;
}
