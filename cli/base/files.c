#include "cli/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "cli/base/output.h"
#include "cli/cli.h"

/* Linux/x86 boot protocol: the boot sector's signature and the header's magic; and how far from
   the beginning what makes a kernel may be. */
enum {
    BZIMAGE_SIGNATURE_AT = 0x1fe,
    BZIMAGE_MAGIC_AT = 0x202,
    HEAD_BYTES = MULTIBOOT2_SEARCH_BYTES,
};

bool files_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(CLI_ERROR, CLI_ENVIRONMENT, format, arguments);
    va_end(arguments);
    return false;
}

char *files_own(const char *name, GError **error)
{
    GError *problem = NULL;
    char *self = g_file_read_link("/proc/self/exe", &problem);
    if (!self) {
        files_refuse(error, "cannot tell where this command lies: %s", problem->message);
        g_error_free(problem);
        return NULL;
    }
    char *folder = g_path_get_dirname(self);
    char *beside = g_build_filename(folder, name, NULL);
    char *shared = g_build_filename(folder, "..", "share", "muster", name, NULL);
    char *found = g_file_test(beside, G_FILE_TEST_EXISTS)   ? g_strdup(beside)
                  : g_file_test(shared, G_FILE_TEST_EXISTS) ? g_strdup(shared)
                                                            : NULL;
    if (!found)
        files_refuse(error, "%s is neither in %s nor in ../share/muster; build it with 'make'",
                     name, folder);
    g_free(self);
    g_free(folder);
    g_free(beside);
    g_free(shared);
    return found;
}

/* The beginning of a file, zeros behind its end. False: it cannot be used, and @error says why. */
static bool read_head(const char *what, const char *path, guint8 head[HEAD_BYTES], guint64 *bytes,
                      GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        files_refuse(error, "%s %s: %s; give a file that can be read", what, path,
                     g_strerror(errno));
    else if (!S_ISREG(status.st_mode))
        files_refuse(error, "%s %s: is %s; give a file", what, path,
                     S_ISDIR(status.st_mode) ? "a folder" : "not a regular file");
    else if (status.st_size == 0)
        files_refuse(error, "%s %s: is empty; was it copied completely?", what, path);
    else if (pread(fd, head, HEAD_BYTES, 0) < 0)
        files_refuse(error, "%s %s: %s", what, path, g_strerror(errno));
    else
        *bytes = (guint64)status.st_size;
    if (fd >= 0)
        close(fd);
    return *bytes > 0;
}

bool files_check(const char *what, const char *path, guint64 *bytes, GError **error)
{
    guint8 head[HEAD_BYTES];
    *bytes = 0;
    return read_head(what, path, head, bytes, error);
}

static bool is_elf(const guint8 head[HEAD_BYTES])
{
    return memcmp(head, "\177ELF", 4) == 0;
}

bool files_check_elf(const char *what, const char *path, guint64 *bytes, bool *elf, GError **error)
{
    guint8 head[HEAD_BYTES] = {0};
    *bytes = 0;
    if (!read_head(what, path, head, bytes, error))
        return false;
    *elf = is_elf(head);
    return true;
}

/* What is a kernel only once something has been done to it, by how the file begins. */
static const struct {
    const char *begin;
    gsize bytes;
    const char *what;
} not_yet[] = {
    {"\x1f\x8b", 2, "is compressed by gzip; give what gunzip makes of it"},
    {"\xfd"
     "7zXZ",
     5, "is compressed by xz; give what unxz makes of it"},
    {"\x28\xb5\x2f\xfd", 4, "is compressed by zstd; give what unzstd makes of it"},
    {"BZh", 3, "is compressed by bzip2; give what bunzip2 makes of it"},
    {"MZ", 2,
     "is an EFI program, which UEFI firmware alone can start; give the same kernel as a "
     "bzImage or an ELF file"},
};

static bool has_multiboot(const guint8 head[HEAD_BYTES])
{
    for (gsize at = 0; at + sizeof(struct multiboot_header) <= HEAD_BYTES; at += 4) {
        struct multiboot_header header;
        memcpy(&header, head + at, sizeof(header));
        bool one = header.magic == MULTIBOOT_HEADER_MAGIC &&
                   header.magic + header.flags + header.checksum == 0;
        if (one || header.magic == MULTIBOOT2_HEADER_MAGIC)
            return true;
    }
    return false;
}

/* With load addresses in its header a file need be no ELF; the shim reads the header itself. */
static bool check_other(const char *path, const guint8 head[HEAD_BYTES], GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(not_yet); i++)
        if (memcmp(head, not_yet[i].begin, not_yet[i].bytes) == 0)
            return files_refuse(error, "kernel %s: %s", path, not_yet[i].what);
    if (has_multiboot(head))
        return true;
    return files_refuse(
        error,
        "kernel %s: is not a kernel: no 'HdrS' at 0x202 as in a Linux bzImage, no ELF header, and "
        "no Multiboot header; give one of these",
        path);
}

static bool is_bzimage(const guint8 head[HEAD_BYTES])
{
    return head[BZIMAGE_SIGNATURE_AT] == 0x55 && head[BZIMAGE_SIGNATURE_AT + 1] == 0xaa &&
           memcmp(head + BZIMAGE_MAGIC_AT, "HdrS", 4) == 0;
}

static bool check_kernel(const char *path, bool *bzimage, GError **error)
{
    guint8 head[HEAD_BYTES] = {0};
    guint64 bytes = 0;
    if (!read_head("kernel", path, head, &bytes, error))
        return false;
    *bzimage = is_bzimage(head);
    return is_elf(head) || *bzimage || check_other(path, head, error);
}

static bool check_efi_kernel(const char *path, bool *bzimage, GError **error)
{
    guint8 head[HEAD_BYTES] = {0};
    guint64 bytes = 0;
    if (!read_head("kernel", path, head, &bytes, error))
        return false;
    *bzimage = is_bzimage(head);
    return memcmp(head, "MZ", 2) == 0 ||
           files_refuse(error,
                        "kernel %s: is no EFI program, and TD firmware other than the shim starts "
                        "nothing else; give one, such as a Linux bzImage with an EFI stub",
                        path);
}

static bool check_initrd(const char *path, guint64 memory_bytes, GError **error)
{
    guint64 bytes;
    if (!files_check("initrd", path, &bytes, error))
        return false;
    if (bytes < memory_bytes)
        return true;
    return files_refuse(error,
                        "initrd %s: its %" G_GUINT64_FORMAT
                        " bytes do not fit into the guest's %" G_GUINT64_FORMAT
                        " bytes of memory; give more with --memory",
                        path, bytes, memory_bytes);
}

bool files_check_payload(const char *kernel, const char *initrd, guint64 memory_bytes,
                         bool *bzimage, GError **error)
{
    return check_kernel(kernel, bzimage, error) &&
           (!initrd || check_initrd(initrd, memory_bytes, error));
}

bool files_check_efi_payload(const char *kernel, const char *initrd, guint64 memory_bytes,
                             bool *bzimage, GError **error)
{
    return check_efi_kernel(kernel, bzimage, error) &&
           (!initrd || check_initrd(initrd, memory_bytes, error));
}

bool files_is_replaced(const char *path)
{
    return !g_file_test(path, G_FILE_TEST_IS_SYMLINK) &&
           (!g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_REGULAR));
}

bool files_are_same(const char *one, const char *other)
{
    struct stat first, second;
    if (stat(one, &first) == 0 && stat(other, &second) == 0)
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    char *path = g_canonicalize_filename(one, NULL);
    char *other_path = g_canonicalize_filename(other, NULL);
    bool same = strcmp(path, other_path) == 0;
    g_free(path);
    g_free(other_path);
    return same;
}

bool files_check_output(const char *what, const char *path, GError **error)
{
    if (!path || output_is_standard(path))
        return true;
    char *folder = g_path_get_dirname(path);
    bool good = true;
    if (!path[0])
        good = files_refuse(error, "%s: the name is empty; give a file name", what);
    else if (g_file_test(path, G_FILE_TEST_IS_DIR))
        good = files_refuse(error, "%s %s: is a folder; give a file name", what, path);
    else if (access(files_is_replaced(path) ? folder : path, W_OK) < 0)
        good = files_refuse(error, "%s %s: cannot be written: %s", what, path, g_strerror(errno));
    g_free(folder);
    return good;
}

static bool put(const char *path, const char *bytes, size_t length, GError **error)
{
    if (output_is_standard(path))
        return output_put_standard(bytes, length, error);
    if (files_is_replaced(path))
        return g_file_set_contents(path, bytes, (gssize)length, error);
    FILE *file = fopen(path, "we");
    bool good = file && fwrite(bytes, 1, length, file) == length;
    if (file && fclose(file) != 0)
        good = false;
    if (!good)
        g_set_error_literal(error, CLI_ERROR, CLI_ENVIRONMENT, g_strerror(errno));
    return good;
}

bool files_put(const char *what, const char *path, const char *bytes, size_t length, GError **error)
{
    GError *problem = NULL;
    if (put(path, bytes, length, &problem))
        return true;
    files_refuse(error, "%s %s: cannot be written: %s", what, path, problem->message);
    g_error_free(problem);
    return false;
}
