/* "ffffffff81000000 T _text", line by line: as nm, a System.map and /proc/kallsyms have it. */
#include <string.h>

#include "cli/base/files.h"
#include "cli/base/symbols_read.h"

/* The largest kernels' lists have about 20 MiB. */
#define MOST_BYTES (256u << 20)
/* Of nm's types those of code. */
#define CODE_TYPES "tTwWi"

/* True also for what says nothing of an address: an empty line, and nm's undefined symbols. */
static bool read_line(char *line, GArray *places)
{
    char *end = NULL;
    guint64 address;
    g_strchomp(line);
    if (!line[0] || line[0] == ' ')
        return true;
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    if (!digits || digits > 16 || line[digits] != ' ')
        return false;
    address = g_ascii_strtoull(line, &end, 16);
    if (!g_ascii_isprint(end[1]) || end[1] == ' ' || end[2] != ' ' || !end[3])
        return false;
    char *name = end + 3;
    name[strcspn(name, " \t")] = 0; /* the module's name in /proc/kallsyms */
    symbols_add(places, address, strchr(CODE_TYPES, end[1]) ? name : NULL);
    return true;
}

static bool read_lines(const char *path, char *text, GArray *places, GError **error)
{
    guint number = 1;
    for (char *line = text; line; number++) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (!read_line(line, places))
            return files_refuse(error,
                                "symbols %s: line %u is not 'ADDRESS TYPE NAME' as in a "
                                "System.map or nm's output, and it is no ELF file",
                                path, number);
        line = next;
    }
    return true;
}

bool symbols_read_list(const char *path, guint64 bytes, GArray *places, GError **error)
{
    char *text = NULL;
    gsize length = 0;
    GError *problem = NULL;
    if (bytes > MOST_BYTES)
        return files_refuse(error, "symbols %s: is too large for a list of symbols: at most %u MiB",
                            path, MOST_BYTES >> 20);
    if (!g_file_get_contents(path, &text, &length, &problem)) {
        files_refuse(error, "symbols %s: cannot be read: %s", path, problem->message);
        g_error_free(problem);
        return false;
    }
    bool good = memchr(text, 0, length)
                    ? files_refuse(error, "symbols %s: is neither text nor an ELF file", path)
                    : read_lines(path, text, places, error);
    g_free(text);
    return good;
}
