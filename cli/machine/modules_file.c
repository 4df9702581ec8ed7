#include "cli/machine/modules_file.h"

#include <string.h>

#include "abi/modules_file.h"
#include "cli/base/files.h"

static void pad(GByteArray *all)
{
    guint begun = all->len % MODULES_FILE_ALIGN;
    static const guint8 zeros[MODULES_FILE_ALIGN];
    g_byte_array_append(all, zeros, begun ? MODULES_FILE_ALIGN - begun : 0);
}

static bool add(GByteArray *all, struct modules_file_entry *entry, const char *file,
                const char *words, GError **error)
{
    GError *problem = NULL;
    char *bytes = NULL;
    gsize length = 0;
    entry->words_offset = all->len;
    const char *text = words ? words : "";
    g_byte_array_append(all, (const guint8 *)text, (guint)strlen(text) + 1);
    pad(all);
    if (!g_file_get_contents(file, &bytes, &length, &problem)) {
        files_refuse(error, "cannot read %s: %s", file, problem->message);
        g_error_free(problem);
        return false;
    }
    entry->offset = all->len;
    entry->bytes = length;
    g_byte_array_append(all, (const guint8 *)bytes, (guint)length);
    g_free(bytes);
    return true;
}

bool modules_file_write(const char *path, const char *const *files, const char *const *words,
                        unsigned most, GError **error)
{
    struct modules_file head = {.magic = MODULES_FILE_MAGIC};
    GByteArray *all = g_byte_array_new();
    bool good = true;
    g_byte_array_append(all, (const guint8 *)&head, sizeof(head));
    for (; good && head.count < most && files[head.count]; head.count++)
        good = add(all, &head.entries[head.count], files[head.count], words[head.count], error);
    g_byte_array_append(all, (const guint8 *)"", 1); /* whatever a text says, it ends */
    memcpy(all->data, &head, sizeof(head));
    good = good && files_put("file of modules", path, (const char *)all->data, all->len, error);
    g_byte_array_unref(all);
    return good;
}
