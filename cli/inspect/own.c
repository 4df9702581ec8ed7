#include "cli/inspect/own.h"

#include <stdio.h>
#include <string.h>

/* Linux names a table by its signature, and further ones of the same kind with a number behind. */
static bool read_tables(GPtrArray *inputs, const char *folder, const char *signature,
                        GError **error)
{
    bool good = true;
    for (guint i = 0; good; i++) {
        char name[16];
        g_snprintf(name, sizeof(name), i ? "%s%u" : "%s", signature, i);
        char *path = g_build_filename(folder, name, NULL);
        bool there = g_file_test(path, G_FILE_TEST_EXISTS);
        good = !there || inputs_read(inputs, path, error);
        g_free(path);
        if (!there)
            break;
    }
    return good;
}

static bool read_if_there(GPtrArray *inputs, const char *path, GError **error)
{
    return !g_file_test(path, G_FILE_TEST_EXISTS) || inputs_read(inputs, path, error);
}

bool own_read(GPtrArray *inputs, const char *root, GError **error)
{
    char *tables = g_build_filename(root, "sys/firmware/acpi/tables", NULL);
    char *tree = g_build_filename(root, "sys/firmware/fdt", NULL);
    char *map = g_build_filename(root, "sys/firmware/memmap", NULL);
    bool good = read_tables(inputs, tables, ACPI_SIGNATURE_MADT, error) &&
                read_if_there(inputs, tree, error);
    if (good && inputs->len == 0)
        good = input_refuse(error, tables,
                            "there is no APIC in it, nor is there %s; a container hides them, and "
                            "so does a kernel without ACPI: run this on the machine itself, or "
                            "give its tables as files",
                            tree);
    good = good && read_tables(inputs, tables, ACPI_SIGNATURE_SRAT, error) &&
           read_if_there(inputs, map, error);
    g_free(tables);
    g_free(tree);
    g_free(map);
    return good;
}

/* The BSP is Linux's CPU 0, and its is the first "apicid" of the list. */
guint32 own_bsp(const char *root)
{
    char *path = g_build_filename(root, "proc/cpuinfo", NULL);
    char *text = NULL;
    guint32 bsp = MUSTER_BSP_UNKNOWN;
    unsigned number;
    if (g_file_get_contents(path, &text, NULL, NULL)) {
        const char *line = strstr(text, "\napicid");
        if (line && sscanf(line, "\napicid : %u", &number) == 1)
            bsp = number;
    }
    g_free(text);
    g_free(path);
    return bsp;
}
