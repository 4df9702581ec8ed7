/* The RSDP: the one ACPI structure that is not a table, and where a PC's BIOS leaves it. */
#include <muster/machine.h>

#include "abi/acpi.h"
#include "abi/bios.h"
#include "abi/x86.h"
#include "lib/firmware/acpi.h"
#include "lib/firmware/once.h"

/* Where a BIOS may leave it (ACPI 6.6, 5.2.5.1), on a 16-byte boundary. */
#define EBDA_END_PHYS   0xA0000u
#define EBDA_SCAN_BYTES 1024u
#define BIOS_START_PHYS 0xE0000u
#define BIOS_BYTES      0x20000u
#define RSDP_ALIGNMENT  16u

static enum muster_status refuse(struct muster_finding *finding, enum muster_status status,
                                 uint64_t rsdp_phys, size_t offset, uint64_t found, uint64_t wanted)
{
    *finding = (struct muster_finding){
        .status = status,
        .table = "RSDP",
        .table_phys = rsdp_phys,
        .offset = (uint32_t)offset,
        .found = found,
        .wanted = wanted,
    };
    return status;
}

/* The bytes that only an extended RSDP has; @sum is of those before, read already. */
static enum muster_status read_extension(const struct muster_platform *platform, uint64_t rsdp_phys,
                                         struct acpi_rsdp *rsdp, uint8_t sum,
                                         struct muster_finding *finding)
{
    const size_t start = ACPI_RSDP_V0_BYTES;
    const volatile uint8_t *bytes = acpi_map(platform, rsdp_phys, sizeof(*rsdp));

    if (bytes == NULL) {
        return refuse(finding, MUSTER_ERROR_RSDP_ADDRESS, rsdp_phys, start, rsdp_phys, 0);
    }
    sum = (uint8_t)(sum + copy_once((uint8_t *)rsdp + start, bytes + start, sizeof(*rsdp) - start));
    if (rsdp->length < sizeof(*rsdp) || rsdp->length > PAGE_BYTES) {
        return refuse(finding, MUSTER_ERROR_RSDP_LENGTH, rsdp_phys,
                      offsetof(struct acpi_rsdp, length), rsdp->length, sizeof(*rsdp));
    }
    bytes = acpi_map(platform, rsdp_phys, rsdp->length);
    if (bytes == NULL) {
        return refuse(finding, MUSTER_ERROR_RSDP_ADDRESS, rsdp_phys, sizeof(*rsdp), rsdp_phys, 0);
    }
    sum = (uint8_t)(sum + sum_once(bytes + sizeof(*rsdp), rsdp->length - sizeof(*rsdp)));
    if (sum != 0) {
        return refuse(finding, MUSTER_ERROR_RSDP_CHECKSUM, rsdp_phys,
                      offsetof(struct acpi_rsdp, extended_checksum), rsdp->extended_checksum,
                      (uint8_t)(rsdp->extended_checksum - sum));
    }
    return MUSTER_OK;
}

enum muster_status acpi_rsdp_read(const struct muster_platform *platform, uint64_t rsdp_phys,
                                  struct acpi_rsdp *rsdp, struct muster_finding *finding)
{
    const volatile uint8_t *bytes = acpi_map(platform, rsdp_phys, ACPI_RSDP_V0_BYTES);
    uint8_t sum;

    *rsdp = (struct acpi_rsdp){0};
    *finding = (struct muster_finding){0};
    if (bytes == NULL) {
        return refuse(finding, MUSTER_ERROR_RSDP_ADDRESS, rsdp_phys, 0, rsdp_phys, 0);
    }
    sum = copy_once(rsdp, bytes, ACPI_RSDP_V0_BYTES);
    for (size_t i = 0; i < sizeof(rsdp->signature); i++) {
        if (rsdp->signature[i] != ACPI_RSDP_SIGNATURE[i]) {
            return refuse(finding, MUSTER_ERROR_RSDP_SIGNATURE, rsdp_phys, i,
                          (uint8_t)rsdp->signature[i], (uint8_t)ACPI_RSDP_SIGNATURE[i]);
        }
    }
    if (sum != 0) {
        return refuse(finding, MUSTER_ERROR_RSDP_CHECKSUM, rsdp_phys,
                      offsetof(struct acpi_rsdp, checksum), rsdp->checksum,
                      (uint8_t)(rsdp->checksum - sum));
    }
    if (rsdp->revision >= ACPI_RSDP_EXTENDED_REVISION) {
        return read_extension(platform, rsdp_phys, rsdp, sum, finding);
    }
    rsdp->length = ACPI_RSDP_V0_BYTES;
    return MUSTER_OK;
}

/*
 * The first place that holds a whole, right RSDP. The signature's first letter is looked at here
 * only to pass over most places quickly.
 */
static uint64_t scan(const struct muster_platform *platform, uint64_t start_phys, uint32_t bytes)
{
    const volatile uint8_t *area = acpi_map(platform, start_phys, bytes);
    struct muster_finding finding;
    struct acpi_rsdp rsdp;

    if (area == NULL) {
        return 0;
    }
    for (uint32_t at = 0; at + ACPI_RSDP_V0_BYTES <= bytes; at += RSDP_ALIGNMENT) {
        if (area[at] == ACPI_RSDP_SIGNATURE[0] &&
            acpi_rsdp_read(platform, start_phys + at, &rsdp, &finding) == MUSTER_OK) {
            return start_phys + at;
        }
    }
    return 0;
}

/* Where the extended BIOS data area starts, or 0 if what the BIOS says cannot be true. */
static uint64_t find_ebda(const struct muster_platform *platform)
{
    const volatile uint8_t *segment = acpi_map(platform, BIOS_EBDA_SEGMENT_PHYS, 2);
    uint8_t value[2];
    uint64_t phys;

    if (segment == NULL) {
        return 0;
    }
    copy_once(value, segment, sizeof(value));
    phys = (uint64_t)(value[0] | value[1] << 8) << 4;
    return phys >= BIOS_DATA_END_PHYS && phys <= EBDA_END_PHYS - EBDA_SCAN_BYTES ? phys : 0;
}

uint64_t muster_rsdp_scan(const struct muster_platform *platform)
{
    uint64_t ebda_phys = find_ebda(platform);
    uint64_t found = ebda_phys == 0 ? 0 : scan(platform, ebda_phys, EBDA_SCAN_BYTES);

    return found != 0 ? found : scan(platform, BIOS_START_PHYS, BIOS_BYTES);
}
