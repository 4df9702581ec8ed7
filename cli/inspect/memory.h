/**
 * A machine's physical memory as far as somebody gave it: the tables, each where it lies. Behind
 * the library's map hook.
 */
#ifndef CLI_INSPECT_MEMORY_H
#define CLI_INSPECT_MEMORY_H

#include <stdbool.h>

#include <glib.h>

struct memory *memory_new(void);
void memory_free(struct memory *memory);

/** Put a copy of @bytes, at least one, to @phys. False: something else lies there, or it wraps
 * around. */
bool memory_put(struct memory *memory, guint64 phys, const void *bytes, gsize count);

/** Put it behind all else; gives where: on a page's border, where no real table lies. */
guint64 memory_place(struct memory *memory, const void *bytes, gsize count);

/** muster_platform.map; @memory is a struct memory. */
void *memory_map(void *memory, guint64 phys, gsize count);

#endif
