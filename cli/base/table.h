/**
 * Text in columns, for people: fits 80 columns; the last one wraps.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdio.h>

#define TABLE_WIDTH 80

/** Headings, separated by '|'; one that begins with '>' is of a column of numbers. */
struct table *table_new(const char *headings);

/** The next cell, from left to right, row by row. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

void table_print(const struct table *table, FILE *out);
void table_free(struct table *table);

/** A label, and behind it text that wraps. */
void table_print_text(const char *label, const char *text, FILE *out);

#endif
