/* Files of symbols, ELF or lists, and the names that they give. An input is the file. */
#define _GNU_SOURCE

#include "cli/base/symbols.h"
#include "tests/fuzz/file.h"

static void check_name(const struct symbols *symbols, guint64 address)
{
    char *name = symbols_name(symbols, address);
    fuzz_require(!name || strstr(name, "+0x"), "a name has no offset");
    for (const char *at = name; at && *at; at++)
        fuzz_require((unsigned char)*at >= ' ', "a name steers the terminal");
    g_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FILE_PATH_BYTES];
    GError *error = NULL;
    file_put(data, size, path);
    struct symbols *symbols = symbols_load(path, &error);
    fuzz_require(!symbols == (error != NULL), "a refusal gives no reason");
    if (symbols) {
        const guint64 addresses[] = {0, 0x1000, 0x401000, 0xFFFFFFFF81000010, G_MAXUINT64};
        for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
            check_name(symbols, addresses[i]);
    }
    symbols_free(symbols);
    g_clear_error(&error);
    return 0;
}
