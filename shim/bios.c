/*
 * Where the firmware was UEFI it left something else there.
 *
 * Xen puts its first real-mode code below what these words say, and behind UEFI they say 0: below
 * 0 is above 4 GiB, cut off, and it writes over whatever there is at the end of 32 bits, for ever.
 */
#include "shim/bios.h"

#include "abi/acpi.h"
#include "abi/bios.h"
#include "boot/console.h"
#include "boot/multiboot_kernel.h"

/* What Linux believes, too. */
#define LEAST_KIB 128u
#define MOST_KIB  640u

#define REAL_MODE_SEGMENT 16u /* bytes */

static bool is_believable(uint32_t kib)
{
    return kib >= LEAST_KIB && kib <= MOST_KIB;
}

static bool is_free(const struct muster_memory_map *map)
{
    const struct muster_memory_range *range = muster_memory_find(map, BIOS_DATA_PHYS);
    return range && range->type == MUSTER_MEMORY_USABLE && range->owner == MUSTER_OWNER_NONE &&
           range->end_phys >= BIOS_DATA_END_PHYS;
}

void bios_data_fill(const struct muster_memory_map *map, uint64_t low_memory)
{
    void *kib_word = (void *)(low_memory + BIOS_BASE_MEMORY_KIB_PHYS);
    void *segment_word = (void *)(low_memory + BIOS_EBDA_SEGMENT_PHYS);
    uint32_t lower_kib, upper_kib;
    uint16_t kib;
    memcpy(&kib, kib_word, sizeof(kib));
    multiboot_memory_kib(map, &lower_kib, &upper_kib);
    if (is_believable(kib) || !is_believable(lower_kib) || !is_free(map))
        return;
    kib = (uint16_t)lower_kib;
    memcpy(kib_word, &kib, sizeof(kib));
    memset(segment_word, 0, sizeof(uint16_t));
}

/* In the first KiB, on a border of 16 bytes; what firmware's own area held is its own affair. */
void bios_rsdp_publish(const struct muster_memory_map *map, uint64_t page_phys, uint64_t rsdp_phys,
                       uint64_t low_memory)
{
    if (!is_free(map))
        return;
    uint16_t segment = (uint16_t)(page_phys / REAL_MODE_SEGMENT);
    memcpy((void *)(low_memory + page_phys), (const void *)rsdp_phys, sizeof(struct acpi_rsdp));
    memcpy((void *)(low_memory + BIOS_EBDA_SEGMENT_PHYS), &segment, sizeof(segment));
}
