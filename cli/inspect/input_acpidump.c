/*
 * acpidump's text: a line "APIC @ 0x000000001FFE2273" and rows "    0010: 41 50 ...  text" for each
 * table. It alone tells where tables lie.
 */
#include <string.h>

#include "cli/inspect/input.h"

#define ROW_BYTES 16

struct dump {
    GPtrArray *inputs;
    const char *name;
    GByteArray *bytes; /* of the table in hand; NULL before the first */
    guint64 stated_phys;
    guint line;
};

/* "APIC @ 0x...": true, and where. */
static bool is_heading(const char *line, guint64 *phys)
{
    const char *at = strstr(line, "@ 0x");
    char *end;
    if (!at || at == line || g_ascii_isspace(line[0]))
        return false;
    *phys = g_ascii_strtoull(at + 4, &end, 16);
    return end > at + 4 && (*end == '\0' || g_ascii_isspace(*end));
}

/* Up to sixteen numbers of two digits with one blank between them; then comes the same as text. */
static unsigned read_row(const char *text, guint8 row[ROW_BYTES])
{
    unsigned count = 0;
    while (count < ROW_BYTES && text[0] == ' ' && g_ascii_isxdigit(text[1]) &&
           g_ascii_isxdigit(text[2]) && (text[3] == ' ' || text[3] == '\0')) {
        row[count++] = (guint8)(g_ascii_xdigit_value(text[1]) << 4 | g_ascii_xdigit_value(text[2]));
        text += 3;
    }
    return count;
}

static bool take_row(struct dump *dump, const char *line, GError **error)
{
    guint8 row[ROW_BYTES];
    char *colon;
    guint64 offset = g_ascii_strtoull(line, &colon, 16);
    unsigned count = *colon == ':' ? read_row(colon + 1, row) : 0;
    if (count == 0)
        return input_refuse(error, dump->name,
                            "line %u is neither a table's heading nor a row of "
                            "hexadecimal bytes",
                            dump->line);
    if (offset != dump->bytes->len)
        return input_refuse(error, dump->name,
                            "line %u goes on at 0x%" G_GINT64_MODIFIER "x, and "
                            "0x%x comes next: lines are missing",
                            dump->line, offset, dump->bytes->len);
    g_byte_array_append(dump->bytes, row, count);
    return true;
}

static bool end_table(struct dump *dump, GError **error)
{
    if (!dump->bytes)
        return true;
    GBytes *bytes = g_byte_array_free_to_bytes(dump->bytes);
    dump->bytes = NULL;
    bool good =
        g_bytes_get_size(bytes) > 0
            ? inputs_add_binary(dump->inputs, dump->name, "acpidump text", bytes, dump->stated_phys,
                                error)
            : input_refuse(error, dump->name, "the table before line %u has no bytes", dump->line);
    g_bytes_unref(bytes);
    return good;
}

static bool take_line(struct dump *dump, char *line, GError **error)
{
    guint64 phys;
    dump->line++;
    g_strchomp(line);
    if (is_heading(line, &phys)) {
        if (!end_table(dump, error))
            return false;
        dump->bytes = g_byte_array_new();
        dump->stated_phys = phys;
        return true;
    }
    /* What acpidump says before the first table is not ours. */
    return !dump->bytes || !line[0] || take_row(dump, line, error);
}

bool inputs_add_acpidump(GPtrArray *inputs, const char *name, const char *text, GError **error)
{
    struct dump dump = {.inputs = inputs, .name = name};
    char **lines = g_strsplit(text, "\n", -1);
    bool good = true;
    for (char **line = lines; good && *line; line++)
        good = take_line(&dump, *line, error);
    good = good && end_table(&dump, error);
    if (dump.bytes)
        g_byte_array_unref(dump.bytes);
    g_strfreev(lines);
    return good;
}
