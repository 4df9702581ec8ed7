/**
 * A noun as its number wants it, for whoever prints: the command and the programs that boot.
 */
#ifndef BOOT_PLURAL_H
#define BOOT_PLURAL_H

#include <stdint.h>

/** What stands behind @count: "1 CPU has", "0 CPUs have". */
static inline const char *plural(int64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

#endif
