/**
 * An input as a file with a path, for readers that take nothing else.
 */
#ifndef TESTS_FUZZ_FILE_H
#define TESTS_FUZZ_FILE_H

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define FILE_PATH_BYTES 32

/** The same file each time, with other contents; fills @path. */
static inline void file_put(const uint8_t *bytes, size_t count, char path[FILE_PATH_BYTES])
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_require(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, count, 0) == (ssize_t)count,
                 "the input's file cannot be written");
    snprintf(path, FILE_PATH_BYTES, "/proc/self/fd/%d", fd);
}

#endif
