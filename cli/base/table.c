#include "cli/base/table.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

/* A column that wraps stays at least so wide. */
#define NARROWEST 20

struct table {
    guint columns;
    char **headings;
    bool *is_number;
    GPtrArray *cells;
};

struct table *table_new(const char *headings)
{
    struct table *table = g_new0(struct table, 1);
    table->headings = g_strsplit(headings, "|", -1);
    table->columns = g_strv_length(table->headings);
    table->is_number = g_new0(bool, table->columns);
    for (guint i = 0; i < table->columns; i++) {
        char *heading = table->headings[i];
        table->is_number[i] = heading[0] == '>';
        if (table->is_number[i])
            memmove(heading, heading + 1, strlen(heading));
    }
    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void table_cell(struct table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(table->cells, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static int width_of(const char *text)
{
    return (int)g_utf8_strlen(text, -1);
}

static int *measure(const struct table *table, int *total)
{
    int *widths = g_new0(int, table->columns);
    for (guint i = 0; i < table->columns; i++)
        widths[i] = width_of(table->headings[i]);
    for (guint i = 0; i < table->cells->len; i++) {
        int *width = &widths[i % table->columns];
        *width = MAX(*width, width_of(g_ptr_array_index(table->cells, i)));
    }
    *total = 0;
    for (guint i = 0; i < table->columns; i++)
        *total += widths[i];
    return widths;
}

/* Where to break @text so that it takes at most @width: at a blank, if there is one. */
static const char *break_at(const char *text, int width)
{
    if (width_of(text) <= width)
        return text + strlen(text);
    const char *end = g_utf8_offset_to_pointer(text, width);
    for (const char *c = end; c > text; c--) {
        if (*c == ' ')
            return c;
    }
    return end;
}

/* The last cell goes on below itself, as often as it must. */
static void print_wrapped(GString *line, const char *text, int width, FILE *out)
{
    int indent = (int)g_utf8_strlen(line->str, -1);
    for (;;) {
        const char *end = break_at(text, width);
        g_string_append_len(line, text, end - text);
        g_strchomp(line->str);
        fprintf(out, "%s\n", line->str);
        text = end + (*end == ' ');
        if (!*text)
            return;
        g_string_printf(line, "%*s", indent, "");
    }
}

static void print_row(const struct table *table, const int *widths, const char *gap,
                      char *const *cells, FILE *out)
{
    GString *line = g_string_new(NULL);
    guint last = table->columns - 1;
    for (guint i = 0; i < table->columns; i++) {
        int pad = widths[i] - width_of(cells[i]);
        bool number = table->is_number[i];
        g_string_append_printf(line, "%s%*s", i ? gap : "", number ? pad : 0, "");
        if (i < last || number)
            g_string_append_printf(line, "%s%*s", cells[i], number ? 0 : pad, "");
    }
    print_wrapped(line, table->is_number[last] ? "" : cells[last], widths[last], out);
    g_string_free(line, TRUE);
}

void table_print(const struct table *table, FILE *out)
{
    int total;
    int *widths = measure(table, &total);
    int gaps = (int)table->columns - 1;
    /* Two blanks between columns, one if that would be too wide; then the last column wraps. */
    const char *gap = total + 2 * gaps > TABLE_WIDTH ? " " : "  ";
    int excess = total + (int)strlen(gap) * gaps - TABLE_WIDTH;
    int *last = &widths[table->columns - 1];
    if (excess > 0)
        *last = MAX(*last - excess, MIN(*last, NARROWEST));
    print_row(table, widths, gap, table->headings, out);
    for (guint i = 0; i + table->columns <= table->cells->len; i += table->columns)
        print_row(table, widths, gap, (char *const *)&table->cells->pdata[i], out);
    g_free(widths);
}

void table_print_text(const char *label, const char *text, FILE *out)
{
    GString *line = g_string_new(label);
    g_string_append_c(line, ' ');
    print_wrapped(line, text, MAX(TABLE_WIDTH - width_of(line->str), NARROWEST), out);
    g_string_free(line, TRUE);
}

void table_free(struct table *table)
{
    g_strfreev(table->headings);
    g_free(table->is_number);
    g_ptr_array_unref(table->cells);
    g_free(table);
}
