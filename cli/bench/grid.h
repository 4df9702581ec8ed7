/**
 * A table that is told in two ways: in columns, and as Markdown.
 */
#ifndef CLI_BENCH_GRID_H
#define CLI_BENCH_GRID_H

#include <stdio.h>

#include <glib.h>

/** Headings as table_new() has them. */
struct grid *grid_new(const char *headings);

/** The next cell, from left to right, row by row. */
void grid_cell(struct grid *grid, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The next cell: @text, which is freed. */
void grid_take(struct grid *grid, char *text);

void grid_print(const struct grid *grid, FILE *out);
void grid_append_markdown(const struct grid *grid, GString *out);
void grid_free(struct grid *grid);

#endif
