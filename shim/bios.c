/*
 * Xen puts its first real-mode code below what these words say, and behind UEFI they say 0: below
 * 0 is above 4 GiB, cut off, and it writes over whatever there is at the end of 32 bits, for ever.
 */
#include "shim/bios.h"

#include "abi/bios.h"
#include "boot/console.h"
#include "boot/multiboot_kernel.h"

/* What Linux believes, too. */
#define LEAST_KIB 128u
#define MOST_KIB  640u

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
