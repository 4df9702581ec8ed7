/**
 * Names for addresses of code: from an ELF file's symbol table, or from a list as `nm`, a
 * System.map or /proc/kallsyms has it.
 */
#ifndef CLI_SYMBOLS_H
#define CLI_SYMBOLS_H

#include <stdbool.h>

#include <glib.h>

struct symbols;

/**
 * Read all of @path. NULL: it cannot be read, is neither of both, or names no code; @error is
 * CLI_ENVIRONMENT and says which.
 */
struct symbols *symbols_load(const char *path, GError **error);
void symbols_free(struct symbols *symbols);

/**
 * "name+0x1c" for @address, or NULL: it lies in nothing that has a name. A symbol reaches to the
 * next one, or to its section's end; where neither is known (the last line of a list) it names its
 * own address alone. NULL as @symbols names nothing. Caller frees.
 */
char *symbols_name(const struct symbols *symbols, guint64 address);

#endif
