/* Device tree source: dtc, the reference compiler, makes a tree of it. */
#include "cli/base/child.h"
#include "cli/base/temp.h"
#include "cli/inspect/input.h"

#define DTC_TIMEOUT_S 10

static bool compile(GPtrArray *inputs, const char *dtc, const char *name, const char *source,
                    const char *output, GError **error)
{
    char *argv[] = {(char *)dtc, "-q", "-I",           "dts",          "-O",
                    "dtb",       "-o", (char *)output, (char *)source, NULL};
    GError *problem = NULL;
    char *said = child_output(argv, DTC_TIMEOUT_S, &problem);
    GBytes *bytes = said ? input_bytes(output, &problem) : NULL;
    bool good = bytes && inputs_add_binary(inputs, name, "DTS, by dtc", bytes, 0, &problem);
    if (problem) {
        input_refuse(error, name, "is device tree source that dtc does not take: %s",
                     problem->message);
        g_error_free(problem);
    }
    if (bytes)
        g_bytes_unref(bytes);
    g_free(said);
    return good;
}

bool inputs_add_dts(GPtrArray *inputs, const char *name, const char *path, GBytes *bytes,
                    GError **error)
{
    char *dtc = g_find_program_in_path("dtc");
    if (!dtc)
        return input_refuse(error, name,
                            "is device tree source, and dtc is not installed; install "
                            "the package device-tree-compiler, or give a DTB");
    char *folder = temp_create(error);
    char *output = folder ? g_build_filename(folder, "tree.dtb", NULL) : NULL;
    char *copy = folder ? g_build_filename(folder, "tree.dts", NULL) : NULL;
    gsize count;
    const char *data = g_bytes_get_data(bytes, &count);
    /* From where it lies, so that its own includes are found. */
    char *source = path ? g_canonicalize_filename(path, NULL) : g_strdup(copy); /* never "-x" */
    bool good = folder && (path || g_file_set_contents(copy, data, (gssize)count, error)) &&
                compile(inputs, dtc, name, source, output, error);
    g_free(source);
    g_free(copy);
    g_free(output);
    temp_remove(folder);
    g_free(dtc);
    return good;
}
