/**
 * Every change of the memory map is one edit: what happens to each segment of a window. An edit is
 * counted before it is made, so it either fits as a whole or leaves the map alone.
 */
#ifndef LIB_MEMORY_EDIT_H
#define LIB_MEMORY_EDIT_H

#include <muster/memory.h>

struct memory_edit {
    uint64_t start_phys;
    uint64_t end_phys;
    enum { MEMORY_EDIT_ADD, MEMORY_EDIT_OWN, MEMORY_EDIT_FREE } action;
    enum muster_memory_type type; /* of MEMORY_EDIT_ADD */
    uint32_t owner;               /* of MEMORY_EDIT_OWN and MEMORY_EDIT_FREE */
};

/** Make it. MUSTER_ERROR_MAP_FULL: the result does not fit, and nothing was changed. */
enum muster_status memory_make_edit(struct muster_memory_map *map, const struct memory_edit *edit);

#endif
