/**
 * The version of this interface. Versions follow semver.org: with another MAJOR a caller may have
 * to change; while it is 0, with another MINOR, too.
 */
#ifndef MUSTER_VERSION_H
#define MUSTER_VERSION_H

#define MUSTER_VERSION_MAJOR 0
#define MUSTER_VERSION_MINOR 1
#define MUSTER_VERSION_PATCH 0

/** One number for #if: MUSTER_VERSION >= MUSTER_VERSION_OF(0, 1, 0). */
#define MUSTER_VERSION_OF(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#define MUSTER_VERSION                                                                             \
    MUSTER_VERSION_OF(MUSTER_VERSION_MAJOR, MUSTER_VERSION_MINOR, MUSTER_VERSION_PATCH)

#endif
