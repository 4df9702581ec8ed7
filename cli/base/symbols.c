#include "cli/base/symbols.h"

#include <string.h>

#include "cli/base/clean.h"
#include "cli/base/files.h"
#include "cli/base/symbols_read.h"

/* Linux has at most 512. What is longer is no name: a file may let millions share one long text. */
#define LONGEST_NAME 1024

struct symbols {
    GArray *places; /* struct symbols_place, by address */
};

static void clear_place(gpointer data)
{
    struct symbols_place *place = data;
    g_free(place->name);
}

void symbols_add(GArray *places, guint64 address, const char *name)
{
    bool good = name && strnlen(name, LONGEST_NAME + 1) <= LONGEST_NAME;
    struct symbols_place place = {address, good ? clean_text(name) : NULL};
    g_array_append_val(places, place);
}

/* Of several at one address the last one counts: a name before none, then by the alphabet. */
static gint compare(gconstpointer left, gconstpointer right)
{
    const struct symbols_place *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return g_strcmp0(a->name, b->name);
}

static bool check_names(const char *path, const GArray *places, GError **error)
{
    guint named = 0;
    guint64 highest = 0;
    for (guint i = 0; i < places->len; i++) {
        const struct symbols_place *place = &g_array_index(places, struct symbols_place, i);
        named += place->name != NULL;
        highest = place->name ? MAX(highest, place->address) : highest;
    }
    if (named && highest)
        return true;
    return files_refuse(error,
                        named ? "symbols %s: all addresses are 0; /proc/kallsyms has them for root"
                              : "symbols %s: names no code; a stripped file has no names, and "
                                "Debian's System.map is in the kernel's -dbg package",
                        path);
}

struct symbols *symbols_load(const char *path, GError **error)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(struct symbols_place));
    guint64 bytes;
    bool elf = false;
    g_array_set_clear_func(places, clear_place);
    bool good = files_check_elf("symbols", path, &bytes, &elf, error) &&
                (elf ? symbols_read_elf(path, places, error)
                     : symbols_read_list(path, bytes, places, error)) &&
                check_names(path, places, error);
    if (!good) {
        g_array_unref(places);
        return NULL;
    }
    g_array_sort(places, compare);
    struct symbols *symbols = g_new(struct symbols, 1);
    symbols->places = places;
    return symbols;
}

void symbols_free(struct symbols *symbols)
{
    if (!symbols)
        return;
    g_array_unref(symbols->places);
    g_free(symbols);
}

/* How many places are at or below @address. */
static guint count_up_to(const GArray *places, guint64 address)
{
    guint low = 0, high = places->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(places, struct symbols_place, middle).address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

char *symbols_name(const struct symbols *symbols, guint64 address)
{
    guint count = symbols ? count_up_to(symbols->places, address) : 0;
    if (!count)
        return NULL;
    const struct symbols_place *place =
        &g_array_index(symbols->places, struct symbols_place, count - 1);
    guint64 offset = address - place->address;
    bool has_end = count < symbols->places->len;
    if (!place->name || (offset && !has_end))
        return NULL;
    return g_strdup_printf("%s+0x%" G_GINT64_MODIFIER "x", place->name, offset);
}
