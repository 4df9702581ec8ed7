#include "cli/machine/firmware.h"

#include "cli/base/child.h"
#include "cli/machine/qemu.h"

#define PROBE_TIMEOUT_S 20
#define OVMF_FOLDER     "/usr/share/ovmf" /* Debian's, beside QEMU's own folders */

/* By machine, then firmware. */
static const struct {
    const char *file, *package;
} known[][3] = {
    [MACHINE_Q35] = {[FIRMWARE_SEABIOS] = {"bios-256k.bin", "seabios"},
                     [FIRMWARE_QBOOT] = {"qboot.rom", "qemu-system-data"},
                     [FIRMWARE_OVMF] = {"OVMF.fd", "ovmf"}},
    [MACHINE_MICROVM] = {[FIRMWARE_SEABIOS] = {"bios-microvm.bin", "seabios"},
                         [FIRMWARE_QBOOT] = {"qboot.rom", "qemu-system-data"}},
};

const char *firmware_name(const struct options *options)
{
    static const char *const names[] = {"seabios", "qboot", "ovmf"};
    return options->monitored ? "monitor" : names[options->firmware];
}

/* "qemu -L help" lists the folders in which QEMU itself looks, the first first. */
static char *find_file(const struct qemu *qemu, const char *name, GError **error)
{
    char option[] = "-L", value[] = "help";
    char *argv[] = {qemu->path, option, value, NULL};
    char *output = child_output(argv, PROBE_TIMEOUT_S, error);
    if (!output)
        return NULL;
    char *list = g_strconcat(output, "\n" OVMF_FOLDER, NULL);
    char **folders = g_strsplit(list, "\n", -1);
    char *found = NULL;
    for (char **folder = folders; !found && *folder; folder++) {
        found = g_build_filename(g_strstrip(*folder), name, NULL);
        if (!**folder || !g_file_test(found, G_FILE_TEST_IS_REGULAR))
            g_clear_pointer(&found, g_free);
    }
    g_strfreev(folders);
    g_free(list);
    g_free(output);
    return found;
}

bool firmware_find(const struct qemu *qemu, const struct options *options, char **file,
                   GError **error)
{
    const char *name = known[options->machine][options->firmware].file;
    GError *problem = NULL;
    *file = NULL;
    if (options->monitored || (!options->firmware_word && options->machine == MACHINE_Q35))
        return true;
    *file = find_file(qemu, name, &problem);
    if (problem)
        g_propagate_error(error, problem);
    else if (!*file)
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                    "--firmware %s: %s is in none of the folders that '%s -L help' lists; install "
                    "the package %s",
                    firmware_name(options), name, qemu->path,
                    known[options->machine][options->firmware].package);
    return *file != NULL;
}
