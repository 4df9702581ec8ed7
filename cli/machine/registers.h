/**
 * Reads QEMU's "info registers -a": which page tables each CPU is on, seen from outside.
 */
#ifndef CLI_REGISTERS_H
#define CLI_REGISTERS_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

struct registers {
    guint64 cr0;
    guint64 cr3;
};

/** An array of struct registers, by CPU index. Never NULL; empty if @text is something else. */
GArray *registers_parse(const char *text);

/**
 * Where the page tables of the shim's APs lie, by its ready event: one set or several. False if it
 * does not say.
 */
bool registers_find_tables(JsonObject *shim, guint64 *tables, guint64 *bytes);

/** Is paging on, and on other tables than those in the @bytes at @tables? */
bool registers_left_tables(const struct registers *registers, guint64 tables, guint64 bytes);

#endif
