#include "cli/bench/grid.h"

#include <string.h>

#include "cli/base/table.h"

struct grid {
    char *headings;
    GPtrArray *cells;
};

struct grid *grid_new(const char *headings)
{
    struct grid *grid = g_new0(struct grid, 1);
    grid->headings = g_strdup(headings);
    grid->cells = g_ptr_array_new_with_free_func(g_free);
    return grid;
}

void grid_cell(struct grid *grid, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(grid->cells, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void grid_take(struct grid *grid, char *text)
{
    g_ptr_array_add(grid->cells, text);
}

void grid_print(const struct grid *grid, FILE *out)
{
    struct table *table = table_new(grid->headings);
    for (guint i = 0; i < grid->cells->len; i++)
        table_cell(table, "%s", (const char *)g_ptr_array_index(grid->cells, i));
    table_print(table, out);
    table_free(table);
}

void grid_append_markdown(const struct grid *grid, GString *out)
{
    char **headings = g_strsplit(grid->headings, "|", -1);
    guint columns = g_strv_length(headings);
    for (guint i = 0; i < columns; i++)
        g_string_append_printf(out, "| %s ", headings[i] + (headings[i][0] == '>'));
    g_string_append(out, "|\n");
    for (guint i = 0; i < columns; i++)
        g_string_append(out, headings[i][0] == '>' ? "|--:" : "|---");
    g_string_append(out, "|\n");
    for (guint i = 0; i < grid->cells->len; i++)
        g_string_append_printf(out, "| %s %s", (const char *)g_ptr_array_index(grid->cells, i),
                               (i + 1) % columns ? "" : "|\n");
    g_strfreev(headings);
}

void grid_free(struct grid *grid)
{
    g_free(grid->headings);
    g_ptr_array_unref(grid->cells);
    g_free(grid);
}
