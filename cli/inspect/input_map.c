/*
 * Memory maps: /sys/firmware/memmap, the kernel's "BIOS-e820:" lines, /proc/iomem. The first two
 * are the firmware's own; the last is the kernel's view of it.
 */
#include <stdio.h>
#include <string.h>

#include "abi/e820.h"
#include "cli/inspect/input.h"

/* Linux's names for the same types: in sysfs and iomem, and in its log. */
static const struct {
    const char *listed;
    const char *logged;
    guint32 type;
} types[] = {
    {"System RAM", "usable", E820_USABLE},
    {"Reserved", "reserved", E820_RESERVED},
    {"ACPI Tables", "ACPI data", E820_ACPI},
    {"ACPI Non-volatile Storage", "ACPI NVS", E820_NVS},
    {"Unusable memory", "unusable", E820_UNUSABLE},
};

/* What has another name is none that an allocator may take. */
static guint32 type_of(const char *text, bool logged)
{
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_ascii_strcasecmp(text, logged ? types[i].logged : types[i].listed) == 0)
            return types[i].type;
    }
    return E820_RESERVED;
}

static bool add_range(struct input *map, guint64 start, guint64 last, guint32 type, GError **error)
{
    if (map->ranges->len == INPUT_RANGES_MAX)
        return input_refuse(error, map->name, "has more than %u ranges, which no map has",
                            INPUT_RANGES_MAX);
    struct input_range range = {start, last, type};
    g_array_append_val(map->ranges, range);
    return true;
}

static bool is_filled(struct input *map, GError **error)
{
    if (map->ranges->len > 0)
        return true;
    return input_refuse(error, map->name, "has no range of memory that can be read");
}

/* ---- The kernel's log ---- */

/* "[mem 0x0000000000000000-0x000000000009fbff] usable" */
static bool take_logged(struct input *map, const char *text, GError **error)
{
    guint64 start, last;
    int end = 0;
    if (sscanf(text, " [mem %" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x] %n", &start, &last,
               &end) < 2 ||
        end == 0)
        return input_refuse(error, map->name,
                            "a BIOS-e820 line has no '[mem 0xSTART-0xLAST] TYPE': '%.60s'", text);
    char *type = g_strstrip(g_strdup(text + end));
    bool good = add_range(map, start, last, type_of(type, true), error);
    g_free(type);
    return good;
}

bool inputs_add_e820(GPtrArray *inputs, const char *name, const char *text, GError **error)
{
    static const char mark[] = "BIOS-e820:";
    struct input *map = inputs_append(inputs, INPUT_MAP, name, "BIOS-e820 lines");
    char **lines = g_strsplit(text, "\n", -1);
    bool good = true;
    for (char **line = lines; good && *line; line++) {
        const char *found = strstr(*line, mark);
        good = !found || take_logged(map, found + strlen(mark), error);
    }
    g_strfreev(lines);
    return good && is_filled(map, error);
}

/* ---- /proc/iomem ---- */

static bool is_firmwares(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_ascii_strcasecmp(name, types[i].listed) == 0)
            return true;
    }
    return false;
}

bool inputs_add_iomem(GPtrArray *inputs, const char *name, const char *text, GError **error)
{
    struct input *map = inputs_append(inputs, INPUT_MAP, name, "/proc/iomem");
    char **lines = g_strsplit(text, "\n", -1);
    bool good = true, all_zero = true;
    for (char **line = lines; good && *line; line++) {
        guint64 start, last;
        int end = 0;
        if (g_ascii_isspace((*line)[0]) ||
            sscanf(*line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x : %n", &start, &last,
                   &end) < 2 ||
            end == 0 || !is_firmwares(g_strchomp(*line + end)))
            continue;
        all_zero = all_zero && last == 0;
        good = add_range(map, start, last, type_of(*line + end, false), error);
    }
    g_strfreev(lines);
    if (good && map->ranges->len > 0 && all_zero)
        return input_refuse(error, map->name, "shows zeros only; read /proc/iomem as root");
    return good && is_filled(map, error);
}

/* ---- /sys/firmware/memmap ---- */

/* One line of a file in sysfs. Caller frees. */
static char *read_line(const char *folder, const char *name, GError **error)
{
    char *path = g_build_filename(folder, name, NULL);
    GBytes *bytes = input_bytes(path, error);
    g_free(path);
    if (!bytes)
        return NULL;
    gsize count;
    const char *data = g_bytes_get_data(bytes, &count);
    char *line = g_strstrip(g_strndup(data, count));
    g_bytes_unref(bytes);
    return line;
}

static bool take_folder(struct input *map, const char *folder, GError **error)
{
    char *start = read_line(folder, "start", error);
    char *last = start ? read_line(folder, "end", error) : NULL;
    char *type = last ? read_line(folder, "type", error) : NULL;
    bool good = type && add_range(map, g_ascii_strtoull(start, NULL, 16),
                                  g_ascii_strtoull(last, NULL, 16), type_of(type, false), error);
    g_free(start);
    g_free(last);
    g_free(type);
    return good;
}

bool inputs_add_memmap(GPtrArray *inputs, const char *folder, GError **error)
{
    struct input *map = inputs_append(inputs, INPUT_MAP, folder, "folder of ranges");
    bool good = true;
    for (guint i = 0; good; i++) {
        char number[16];
        g_snprintf(number, sizeof(number), "%u", i);
        char *range = g_build_filename(folder, number, NULL);
        bool there = g_file_test(range, G_FILE_TEST_IS_DIR);
        good = !there || take_folder(map, range, error);
        g_free(range);
        if (!there)
            break;
    }
    return good && is_filled(map, error);
}
