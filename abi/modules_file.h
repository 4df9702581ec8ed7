/**
 * Several modules in one file: what QEMU's -initrd gives to the kernel as an EFI program, whose
 * firmware knows of one such file only. Little endian; offsets count from the file's beginning.
 * Its last byte is a zero.
 */
#ifndef ABI_MODULES_FILE_H
#define ABI_MODULES_FILE_H

#include <stdint.h>

#define MODULES_FILE_MAGIC 0x454C49464C444F4Dull /* "MODLFILE" */
#define MODULES_FILE_MOST  16
#define MODULES_FILE_ALIGN 4096 /* of each module */

struct modules_file_entry {
    uint64_t offset, bytes;
    uint64_t words_offset; /* of its command line, which ends with a zero */
};

struct modules_file {
    uint64_t magic;
    uint64_t count;
    struct modules_file_entry entries[MODULES_FILE_MOST];
};
_Static_assert(sizeof(struct modules_file) == 16 + 16 * 24, "no padding");

#endif
