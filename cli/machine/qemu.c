#include "cli/machine/qemu.h"

#include <string.h>
#include <unistd.h>

#include "cli/base/child.h"
#include "cli/machine/grub_iso.h"
#include "cli/machine/modules_file.h"

#define STANDARD_QEMU   "qemu-system-x86_64"
#define PROBE_TIMEOUT_S 20
/* With xAPIC, 0xFF is the broadcast ID; TCG has x2APIC from QEMU 9 on. */
#define XAPIC_MOST_CPUS       255
#define FIRST_WITH_X2APIC     9
#define FIRST_WITH_HOT_REMOVE 10 /* tested; 7.2 breaks, nothing in between was tried */

static char *find_program(const char *asked, GError **error)
{
    char *path = g_find_program_in_path(asked ? asked : STANDARD_QEMU);
    if (path)
        return path;
    if (!asked)
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                    "%s is not in PATH; install the package qemu-system-x86, or say where it is "
                    "with --qemu PATH",
                    STANDARD_QEMU);
    else
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                    "--qemu %s: %s; give the path of a qemu-system-x86_64", asked,
                    g_file_test(asked, G_FILE_TEST_EXISTS) ? "is not an executable file"
                                                           : "there is no such program");
    return NULL;
}

/* "QEMU emulator version 7.2.22 (Debian ...)", then a copyright. Others have versions, too. */
static bool read_version(struct qemu *qemu, const char *output)
{
    static const char beginning[] = "QEMU emulator version ";
    if (!g_str_has_prefix(output, beginning))
        return false;
    const char *at = output + strlen(beginning);
    if (!g_ascii_isdigit(*at))
        return false;
    qemu->version = g_strndup(at, strcspn(at, "\n"));
    qemu->major = (unsigned)g_ascii_strtoull(at, NULL, 10);
    return true;
}

struct qemu *qemu_find(const char *asked, GError **error)
{
    char *path = find_program(asked, error);
    if (!path)
        return NULL;
    struct qemu *qemu = g_new0(struct qemu, 1);
    qemu->path = path;
    char option[] = "--version";
    char *argv[] = {path, option, NULL};
    char *output = child_output(argv, PROBE_TIMEOUT_S, error);
    bool good = output && read_version(qemu, output);
    if (output && !good)
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                    "'%s --version' names no QEMU version; give the path of a "
                    "qemu-system-x86_64",
                    path);
    g_free(output);
    if (good)
        return qemu;
    qemu_free(qemu);
    return NULL;
}

void qemu_free(struct qemu *qemu)
{
    if (!qemu)
        return;
    g_free(qemu->path);
    g_free(qemu->version);
    g_free(qemu);
}

bool qemu_check_cpus(const struct qemu *qemu, unsigned cpus, GError **error)
{
    if (cpus <= XAPIC_MOST_CPUS || qemu->major >= FIRST_WITH_X2APIC)
        return true;
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                "%u CPUs need x2APIC, which QEMU's TCG has from version %d on; %s is version %s; "
                "ask for at most %d or give a newer one with --qemu PATH",
                cpus, FIRST_WITH_X2APIC, qemu->path, qemu->version, XAPIC_MOST_CPUS);
    return false;
}

bool qemu_check_hot_add(const struct qemu *qemu, GError **error)
{
    if (qemu->major >= FIRST_WITH_HOT_REMOVE)
        return true;
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                "--hot-add needs a QEMU whose TCG can take a CPU out: version %d can, 7.2 then "
                "overwrites its own memory; %s is version %s; give a newer one with --qemu PATH",
                FIRST_WITH_HOT_REMOVE, qemu->path, qemu->version);
    return false;
}

static bool link_files(const struct qemu_image *image, const char *folder, GError **error)
{
    const char *files[] = {image->program,    image->monitor,    image->td_firmware,
                           image->modules[0], image->modules[1], image->modules[2]};
    const char *names[] = {QEMU_PROGRAM,    QEMU_MONITOR,    QEMU_TD_FIRMWARE,
                           QEMU_MODULE "0", QEMU_MODULE "1", QEMU_MODULE "2"};
    bool good = true;
    for (size_t i = 0; good && i < G_N_ELEMENTS(files); i++) {
        if (!files[i])
            continue;
        char *target = g_canonicalize_filename(files[i], NULL);
        char *link = g_build_filename(folder, names[i], NULL);
        good = symlink(target, link) == 0;
        if (!good)
            g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "cannot make the link %s: %s", link,
                        g_strerror(errno));
        g_free(target);
        g_free(link);
    }
    return good;
}

static bool make_iso(const struct qemu_image *image, const char *folder, GError **error)
{
    struct grub_iso iso = {.program = image->program, .words = image->words};
    char *path = g_build_filename(folder, QEMU_ISO, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(image->modules) && image->modules[i]; i++) {
        iso.modules[i] = image->modules[i];
        iso.module_words[i] = image->module_words[i];
    }
    bool good = grub_iso_make(path, &iso, error);
    g_free(path);
    return good;
}

static bool make_bundle(const struct qemu_image *image, const char *folder, GError **error)
{
    char *path = g_build_filename(folder, QEMU_BUNDLE, NULL);
    bool good = modules_file_write(path, image->modules + 1, image->module_words + 1,
                                   G_N_ELEMENTS(image->modules) - 1, error);
    g_free(path);
    return good;
}

bool qemu_place_files(const struct qemu_image *image, const struct options *options,
                      const char *folder, GError **error)
{
    if (options->firmware == FIRMWARE_OVMF)
        return make_iso(image, folder, error);
    return link_files(image, folder, error) &&
           (!image->bundle || !image->modules[1] || make_bundle(image, folder, error));
}
