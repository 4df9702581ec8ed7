/* The library's discovery of tables that list thousands of CPUs, timed on this host. */
#include <string.h>

#include <muster/machine.h>

#include "abi/acpi.h"
#include "cli/bench/bench.h"

#define TIMES 101 /* the median of so many */

#define LAPIC_PHYS 0xFEE00000u
#define FIRST_ID   256u /* an x2APIC's: smaller ones belong into other entries */

/* What a firmware would have in memory, at its own offsets. */
struct tables {
    struct acpi_rsdp rsdp;
    struct {
        struct acpi_header header;
        uint64_t entries[1];
    } __attribute__((packed)) xsdt;
    struct acpi_madt madt;
    struct acpi_madt_local_x2apic cpus[];
} __attribute__((packed));

struct host {
    struct tables *tables;
    gsize bytes;
    struct muster_platform platform;
    struct muster_machine machine;
};

/* Address 0 is no table's. */
#define BASE 0x1000u

static void *map(void *context, uint64_t phys, size_t bytes)
{
    const struct host *host = context;
    if (phys < BASE || phys - BASE > host->bytes || bytes > host->bytes - (phys - BASE))
        return NULL;
    return (uint8_t *)host->tables + (phys - BASE);
}

static uint8_t missing_to_zero(const void *bytes, size_t count)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    return (uint8_t)-sum;
}

static void fill_header(struct acpi_header *header, const char *signature, gsize bytes,
                        uint8_t revision)
{
    memcpy(header->signature, signature, sizeof(header->signature));
    header->length = (uint32_t)bytes;
    header->revision = revision;
    header->checksum = missing_to_zero(header, bytes);
}

static void fill(struct tables *tables, guint cpus)
{
    for (guint i = 0; i < cpus; i++)
        tables->cpus[i] = (struct acpi_madt_local_x2apic){
            .entry = {ACPI_MADT_LOCAL_X2APIC, sizeof(tables->cpus[i])},
            .apic_id = FIRST_ID + i,
            .flags = ACPI_MADT_ENABLED,
            .processor_uid = i};
    tables->madt.local_apic_address = LAPIC_PHYS;
    fill_header(&tables->madt.header, "APIC", sizeof(tables->madt) + cpus * sizeof(tables->cpus[0]),
                5);
    tables->xsdt.entries[0] = BASE + offsetof(struct tables, madt);
    fill_header(&tables->xsdt.header, "XSDT", sizeof(tables->xsdt), 1);
    tables->rsdp = (struct acpi_rsdp){.signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
                                      .revision = 2,
                                      .length = sizeof(tables->rsdp),
                                      .xsdt_address = BASE + offsetof(struct tables, xsdt)};
    tables->rsdp.checksum = missing_to_zero(&tables->rsdp, ACPI_RSDP_V0_BYTES);
    tables->rsdp.extended_checksum = missing_to_zero(&tables->rsdp, sizeof(tables->rsdp));
}

/* One discovery, the empty machine made for it included; -1 if it did not find them all. */
static gint64 time_once(struct host *host, struct muster_cpu *cpus,
                        struct muster_index_entry *places, guint count)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    enum muster_status status =
        muster_machine_init(&host->machine, &host->platform, cpus, count, places, 2 * count);
    if (status == MUSTER_OK)
        status = muster_discover(&host->machine, BASE + offsetof(struct tables, rsdp), FIRST_ID);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (status != MUSTER_OK || host->machine.cpu_count != count)
        return MARKS_NEVER;
    return (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
}

static gint64 time_discovery(guint count)
{
    struct muster_cpu *cpus = g_new0(struct muster_cpu, count);
    struct muster_index_entry *places = g_new0(struct muster_index_entry, 2 * count);
    struct host host = {.bytes =
                            sizeof(struct tables) + count * sizeof(struct acpi_madt_local_x2apic)};
    GArray *times = g_array_new(FALSE, FALSE, sizeof(gint64));
    host.tables = g_malloc0(host.bytes);
    host.platform = (struct muster_platform){.context = &host, .map = map};
    fill(host.tables, count);
    for (guint i = 0; i < TIMES; i++) {
        gint64 ns = time_once(&host, cpus, places, count);
        g_array_append_val(times, ns);
    }
    struct statistics statistics = statistics_of(times);
    g_array_unref(times);
    g_free(host.tables);
    g_free(places);
    g_free(cpus);
    return statistics.count == TIMES ? statistics.median : MARKS_NEVER;
}

bool bench_discover(struct bench *bench, GError **error)
{
    guint cpus = BENCH_LEAST_LISTED;
    for (guint i = 0; i < BENCH_DISCOVERIES; i++, cpus *= 2) {
        bench->discoveries[i] = (struct bench_discovery){cpus, time_discovery(cpus)};
        if (bench->discoveries[i].ns < 0) {
            g_set_error(error, CLI_ERROR, CLI_FAILED,
                        "the library did not discover the %u CPUs of a MADT", cpus);
            return false;
        }
    }
    return true;
}
