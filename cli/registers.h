/**
 * Reads QEMU's "info registers -a": which page tables each CPU is on, seen from outside.
 */
#ifndef CLI_REGISTERS_H
#define CLI_REGISTERS_H

#include <stdbool.h>

#include <glib.h>

struct registers {
    guint64 cr0;
    guint64 cr3;
};

/** An array of struct registers, by CPU index. Never NULL; empty if @text is something else. */
GArray *registers_parse(const char *text);

/** Is paging on, and on other tables than those at @cr3? */
bool registers_left_tables(const struct registers *registers, guint64 cr3);

#endif
