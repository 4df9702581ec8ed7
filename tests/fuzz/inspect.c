/*
 * What 'muster inspect' reads: tables, trees, dumps and maps, alone or beside another, read,
 * judged and told. An input: premises, the first one's length (2 bytes), and both.
 */
#define _GNU_SOURCE

#include "cli/base/members.h"
#include "cli/inspect/json.h"
#include "cli/inspect/print.h"
#include "tests/fuzz/fuzz.h"

enum premise { PREMISE_TD = 1 << 0, PREMISE_BSP = 1 << 1 };

static void tell(const struct inspection *inspection)
{
    JsonObject *report = inspection_report(inspection);
    g_free(members_text(report));
    json_object_unref(report);
    inspection_print(inspection);
}

/* Source would start dtc each time, and is not ours to read. */
static bool is_source(GBytes *bytes)
{
    gsize count;
    const char *data = g_bytes_get_data(bytes, &count);
    return count > 0 && g_strstr_len(data, (gssize)count, "/dts-v1/") != NULL;
}

static bool add(GPtrArray *inputs, const char *name, GBytes *bytes, GError **error)
{
    return !is_source(bytes) && inputs_add(inputs, name, NULL, bytes, error);
}

static void inspect(const struct premises *premises, GBytes *first, GBytes *second)
{
    GPtrArray *inputs = inputs_new();
    GError *error = NULL;
    struct inspection *inspection = NULL;
    if (add(inputs, "first", first, &error) &&
        (g_bytes_get_size(second) == 0 || add(inputs, "second", second, &error)))
        inspection = inspection_of(inputs, premises, &error);
    if (inspection)
        tell(inspection);
    inspection_free(inspection);
    g_ptr_array_unref(inputs);
    g_clear_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *quiet;
    if (!quiet)
        quiet = freopen("/dev/null", "w", stdout);
    struct fuzz_input input = {data, size};
    unsigned flags = (unsigned)fuzz_number(&input, 1);
    size_t first_bytes = (size_t)fuzz_number(&input, 2);
    const struct premises premises = {
        .td = flags & PREMISE_TD,
        .bsp_apic_id = flags & PREMISE_BSP ? 0 : MUSTER_BSP_UNKNOWN,
    };
    if (first_bytes > input.left)
        first_bytes = input.left;
    if (first_bytes == 0)
        return 0; /* an empty file is refused before */
    GBytes *first = g_bytes_new(input.at, first_bytes);
    GBytes *second = g_bytes_new(input.at + first_bytes, input.left - first_bytes);
    inspect(&premises, first, second);
    g_bytes_unref(first);
    g_bytes_unref(second);
    return 0;
}
