#include "cli/machine/kvm_probe.h"

#include "cli/base/child.h"
#include "cli/base/clean.h"
#include "cli/base/fields.h"
#include "cli/machine/guest.h"

struct trial {
    struct guest guest;
    GString *said; /* lines that are no event: QEMU's own */
};

static bool hear(void *context, const char *line)
{
    struct trial *trial = context;
    enum guest_event event = guest_line(&trial->guest, line);
    if (event == GUEST_NOISE && line[0]) {
        char *clean = clean_text(line);
        g_string_append_printf(trial->said, "%s%s", trial->said->len ? "; " : "", clean);
        g_free(clean);
    }
    return event == GUEST_END || event == GUEST_ERROR;
}

static char *judge(const struct trial *trial, enum child_end end, int wait_status)
{
    const char *result = fields_text(trial->guest.report, "result");
    char *death;
    switch (end) {
    case CHILD_STUCK:
        return g_strdup_printf("a small guest did not end within %d s, and its QEMU cannot be "
                               "killed: KVM hangs",
                               KVM_PROBE_TIMEOUT_S);
    case CHILD_LATE:
        return g_strdup_printf("a small guest did not end within %d s", KVM_PROBE_TIMEOUT_S);
    case CHILD_EXITED:
        death = child_death(wait_status);
        char *text = g_strdup_printf("QEMU ended with %s%s%s", death, trial->said->len ? ": " : "",
                                     trial->said->str);
        g_free(death);
        return text;
    case CHILD_ENOUGH:
        break;
    }
    if (trial->guest.error)
        return g_strdup_printf("in a small guest %s", trial->guest.error);
    if (g_strcmp0(result, "ok") != 0)
        return g_strdup_printf("a small guest's result is '%s'", result ? result : "(none)");
    return NULL;
}

char *kvm_probe(const struct qemu *qemu, const char *kernel)
{
    char **command = qemu_probe_command(qemu, "kvm", kernel);
    struct trial trial = {.said = g_string_new(NULL)};
    const struct child_listener listener = {hear, &trial};
    enum child_end end;
    int wait_status;
    GError *error = NULL;
    guest_init(&trial.guest, false, false);
    char *problem =
        child_listen(command, KVM_PROBE_TIMEOUT_S, &listener, &end, &wait_status, &error)
            ? judge(&trial, end, wait_status)
            : g_strdup(error->message);
    g_clear_error(&error);
    guest_clear(&trial.guest);
    g_string_free(trial.said, TRUE);
    g_strfreev(command);
    return problem;
}
