/*
 * Hostile tables for muster inspect: each file given is mutated again and again, read, inspected
 * and told, alone or beside another one. The sanitizers see every wrong step, an alarm every hang.
 *
 *     inspect_fuzz TIMES FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/base/members.h"
#include "cli/inspect/json.h"
#include "cli/inspect/print.h"
#include "tests/unit/fake_memory.h"

#define PATIENCE_S    20
#define CHECKSUM_AT   9u /* of a table (ACPI 6.6, 5.2.6) */
#define MUTATIONS_MAX 6u

static GBytes *read_seed(const char *path)
{
    char *data;
    gsize count;
    GError *error = NULL;
    if (!g_file_get_contents(path, &data, &count, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(2);
    }
    return g_bytes_new_take(data, count);
}

/* A byte changed, a stretch repeated, or the end cut off. */
static void mutate_once(GByteArray *bytes, uint64_t *random)
{
    static const guint8 favourites[] = {0x00, 0x01, 0x02, 0x10, 0x7F, 0x80, 0xFF};
    guint at = fake_random(random, bytes->len);
    switch (fake_random(random, 8)) {
    case 0:
        g_byte_array_set_size(bytes, at + 1);
        break;
    case 1: {
        guint8 *copy = g_memdup2(bytes->data + at, bytes->len - at);
        g_byte_array_append(bytes, copy, bytes->len - at);
        g_free(copy);
        break;
    }
    case 2:
        bytes->data[at] = (guint8)fake_random(random, 256);
        break;
    default:
        bytes->data[at] = favourites[fake_random(random, sizeof(favourites))];
    }
}

/* Half of the tables get a right sum, so that what is behind the checksum is reached. */
static GBytes *mutate(GBytes *seed, uint64_t *random)
{
    GByteArray *bytes = g_byte_array_new();
    gsize count;
    const guint8 *data = g_bytes_get_data(seed, &count);
    g_byte_array_append(bytes, data, (guint)count);
    for (guint i = fake_random(random, MUTATIONS_MAX); i < MUTATIONS_MAX; i++)
        mutate_once(bytes, random);
    if (bytes->len > CHECKSUM_AT && fake_random(random, 2)) {
        guint8 sum = 0;
        for (guint i = 0; i < bytes->len; i++)
            sum = (guint8)(sum + bytes->data[i]);
        bytes->data[CHECKSUM_AT] = (guint8)(bytes->data[CHECKSUM_AT] - sum);
    }
    return g_byte_array_free_to_bytes(bytes);
}

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
    return g_strstr_len(data, (gssize)count, "/dts-v1/") != NULL;
}

/* Whether it was read, and not refused. */
static bool inspect(GBytes *mutated, GBytes *beside, uint64_t *random)
{
    const struct premises premises = {
        .td = fake_random(random, 2),
        .bsp_apic_id = fake_random(random, 2) ? 0 : MUSTER_BSP_UNKNOWN,
    };
    GPtrArray *inputs = inputs_new();
    GError *error = NULL;
    struct inspection *inspection = NULL;
    if (!is_source(mutated) && inputs_add(inputs, "mutated", NULL, mutated, &error) &&
        (!beside || inputs_add(inputs, "beside", NULL, beside, &error)))
        inspection = inspection_of(inputs, &premises, &error);
    if (inspection)
        tell(inspection);
    bool read = inspection != NULL;
    inspection_free(inspection);
    g_ptr_array_unref(inputs);
    g_clear_error(&error);
    return read;
}

int main(int argc, char **argv)
{
    unsigned times = argc > 2 ? (unsigned)atoi(argv[1]) : 0, read = 0;
    uint64_t random = 0x9E3779B97F4A7C15u;
    if (times == 0 || !freopen("/dev/null", "w", stdout)) {
        fprintf(stderr, "usage: inspect_fuzz TIMES FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        GBytes *seed = read_seed(argv[i]);
        for (unsigned time = 0; time < times; time++) {
            int other = 2 + (int)fake_random(&random, (uint32_t)argc - 2);
            GBytes *mutated = mutate(seed, &random);
            GBytes *beside = fake_random(&random, 2) ? read_seed(argv[other]) : NULL;
            alarm(PATIENCE_S);
            read += inspect(mutated, beside, &random);
            g_bytes_unref(mutated);
            if (beside)
                g_bytes_unref(beside);
        }
        g_bytes_unref(seed);
    }
    fprintf(stderr, "%d files, %u times each: %u were read, the others refused\n", argc - 2, times,
            read);
    return read > 0 ? 0 : 1;
}
