#include "cli/inspect/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/acpi.h"
#include "abi/fdt.h"
#include "cli/base/clean.h"
#include "cli/base/files.h"

bool input_refuse(GError **error, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    char *raw = g_strdup_printf("%s: %s", name, what);
    char *text = clean_text(raw);
    files_refuse(error, "%s", text);
    g_free(text);
    g_free(raw);
    g_free(what);
    return false;
}

static void free_input(gpointer data)
{
    struct input *input = data;
    g_free(input->name);
    if (input->bytes)
        g_bytes_unref(input->bytes);
    if (input->ranges)
        g_array_unref(input->ranges);
    g_free(input);
}

GPtrArray *inputs_new(void)
{
    return g_ptr_array_new_with_free_func(free_input);
}

struct input *inputs_append(GPtrArray *inputs, enum input_kind kind, const char *name,
                            const char *form)
{
    struct input *input = g_new0(struct input, 1);
    input->kind = kind;
    input->name = clean_text(name);
    input->form = form;
    if (kind == INPUT_MAP)
        input->ranges = g_array_new(FALSE, FALSE, sizeof(struct input_range));
    g_ptr_array_add(inputs, input);
    return input;
}

/* ---- Files ---- */

static GBytes *read_all(int fd, const char *path, GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    guint8 part[16384];
    ssize_t count;
    while ((count = read(fd, part, sizeof(part))) > 0 && bytes->len <= INPUT_BYTES_MAX)
        g_byte_array_append(bytes, part, (guint)count);
    if (count < 0)
        input_refuse(error, path, "cannot be read: %s", g_strerror(errno));
    else if (bytes->len > INPUT_BYTES_MAX)
        input_refuse(error, path, "is longer than %u MiB, which no table is",
                     INPUT_BYTES_MAX >> 20);
    else if (bytes->len == 0)
        input_refuse(error, path, "is empty; was it copied completely?");
    else
        return g_byte_array_free_to_bytes(bytes);
    g_byte_array_unref(bytes);
    return NULL;
}

GBytes *input_bytes(const char *path, GError **error)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "stdin", error);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    GBytes *bytes = NULL;
    if (fd < 0 || fstat(fd, &status) < 0)
        input_refuse(error, path, "cannot be opened: %s%s", g_strerror(errno),
                     errno == EACCES || errno == EPERM ? "; are you root?" : "");
    else if (!S_ISREG(status.st_mode))
        input_refuse(error, path, "is neither a file nor a folder; give one, or - for stdin");
    else
        bytes = read_all(fd, path, error);
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* ---- What it is ---- */

static bool is_text(const guint8 *data, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (data[i] < ' ' && !g_ascii_isspace(data[i]))
            return false;
    }
    return true;
}

/* Letters, digits and '_', and a length that leaves the top byte empty. */
static bool is_table(const guint8 *data, gsize count)
{
    static const char *const wanted[] = {ACPI_SIGNATURE_MADT, ACPI_SIGNATURE_SRAT,
                                         ACPI_SIGNATURE_RSDT, ACPI_SIGNATURE_XSDT};
    for (gsize i = 0; count >= 4 && i < G_N_ELEMENTS(wanted); i++) {
        if (memcmp(data, wanted[i], 4) == 0)
            return true;
    }
    if (count < sizeof(struct acpi_header) || data[7] != 0)
        return false;
    for (gsize i = 0; i < 4; i++) {
        if (!g_ascii_isupper(data[i]) && !g_ascii_isdigit(data[i]) && data[i] != '_')
            return false;
    }
    return true;
}

static bool is_fdt(const guint8 *data, gsize count)
{
    guint32 magic;
    if (count < sizeof(magic))
        return false;
    memcpy(&magic, data, sizeof(magic));
    return GUINT32_FROM_BE(magic) == FDT_MAGIC_NUMBER;
}

bool inputs_add_binary(GPtrArray *inputs, const char *name, const char *form, GBytes *bytes,
                       guint64 stated_phys, GError **error)
{
    gsize count;
    const guint8 *data = g_bytes_get_data(bytes, &count);
    enum input_kind kind;
    if (count >= 8 && memcmp(data, ACPI_RSDP_SIGNATURE, 8) == 0)
        kind = INPUT_RSDP;
    else if (is_fdt(data, count))
        kind = INPUT_FDT;
    else if (is_table(data, count))
        kind = INPUT_TABLE;
    else
        return input_refuse(error, name,
                            "is nothing that can be inspected; give an ACPI table, acpidump's "
                            "text, a device tree (DTB or DTS), or a memory map "
                            "(/sys/firmware/memmap, /proc/iomem, BIOS-e820 lines)");
    struct input *input = inputs_append(inputs, kind, name, form);
    input->bytes = g_bytes_ref(bytes);
    input->stated_phys = kind == INPUT_FDT ? 0 : stated_phys; /* it must be aligned */
    if (kind == INPUT_TABLE)
        memcpy(input->signature, data, 4);
    return true;
}

static bool add_text(GPtrArray *inputs, const char *name, const char *path, GBytes *bytes,
                     GError **error)
{
    gsize count;
    const char *data = g_bytes_get_data(bytes, &count);
    char *text = g_strndup(data, count);
    bool good;
    if (g_regex_match_simple("^.{4,8} *@ 0x[0-9A-Fa-f]+", text, G_REGEX_MULTILINE | G_REGEX_RAW, 0))
        good = inputs_add_acpidump(inputs, name, text, error);
    else if (strstr(text, "BIOS-e820:"))
        good = inputs_add_e820(inputs, name, text, error);
    else if (strstr(text, "/dts-v1/"))
        good = inputs_add_dts(inputs, name, path, bytes, error);
    else if (g_regex_match_simple("^[0-9a-f]+-[0-9a-f]+ : ", text, G_REGEX_MULTILINE | G_REGEX_RAW,
                                  0))
        good = inputs_add_iomem(inputs, name, text, error);
    else
        good = inputs_add_binary(inputs, name, "binary", bytes, 0, error);
    g_free(text);
    return good;
}

bool inputs_add(GPtrArray *inputs, const char *name, const char *path, GBytes *bytes,
                GError **error)
{
    gsize count;
    const guint8 *data = g_bytes_get_data(bytes, &count);
    return is_text(data, count) ? add_text(inputs, name, path, bytes, error)
                                : inputs_add_binary(inputs, name, "binary", bytes, 0, error);
}

/* ---- Folders ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *list_files(const char *folder, GError **error)
{
    GError *problem = NULL;
    GDir *directory = g_dir_open(folder, 0, &problem);
    if (!directory) {
        input_refuse(error, folder, "%s", problem->message);
        g_error_free(problem);
        return NULL;
    }
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    while ((name = g_dir_read_name(directory))) {
        char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(files, path);
        else
            g_free(path);
    }
    g_dir_close(directory);
    g_ptr_array_sort(files, by_name);
    return files;
}

static bool read_folder(GPtrArray *inputs, const char *folder, GError **error)
{
    char *first = g_build_filename(folder, "0", "start", NULL);
    bool is_memmap = g_file_test(first, G_FILE_TEST_EXISTS);
    g_free(first);
    if (is_memmap)
        return inputs_add_memmap(inputs, folder, error);
    GPtrArray *files = list_files(folder, error);
    bool good = files != NULL;
    if (good && files->len == 0)
        good = input_refuse(error, folder,
                            "is a folder without files, and no copy of "
                            "/sys/firmware/memmap");
    for (guint i = 0; good && i < files->len; i++)
        good = inputs_read(inputs, g_ptr_array_index(files, i), error);
    if (files)
        g_ptr_array_unref(files);
    return good;
}

bool inputs_read(GPtrArray *inputs, const char *path, GError **error)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return read_folder(inputs, path, error);
    GBytes *bytes = input_bytes(path, error);
    if (!bytes)
        return false;
    bool is_stdin = strcmp(path, "-") == 0;
    bool good = inputs_add(inputs, is_stdin ? "stdin" : path, is_stdin ? NULL : path, bytes, error);
    g_bytes_unref(bytes);
    return good;
}
