#include "monitor/guest_memory.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "lib/atomic.h"
#include "lib/memory/page_levels.h"
#include "monitor/npt.h"
#include "monitor/overlay.h"
#include "monitor/pages.h"

void *guest_page(uint64_t phys)
{
    uint64_t page_phys = phys & ~GUEST_SHARED_BIT & ~(uint64_t)(PAGE_BYTES - 1);
    enum page_state state = page_state_of(page_phys);
    if (state != (phys & GUEST_SHARED_BIT ? PAGE_SHARED : PAGE_PRIVATE))
        return NULL;
    return (void *)npt_host_address(page_phys);
}

const void *guest_page_to_read(uint64_t phys)
{
    const void *overlay = overlay_at(phys);
    return overlay ? overlay : guest_page(phys);
}

static bool walk(uint64_t cr3, unsigned levels, uint64_t linear, uint64_t *phys)
{
    uint64_t table_phys = cr3 & PTE_ADDRESS;
    for (unsigned level = levels; level > 0; level--) {
        const uint64_t *table = guest_page_to_read(table_phys);
        uint64_t in_page = page_span(level) - 1;
        if (!table)
            return false;
        uint64_t entry = u64_load_relaxed(&table[page_index(linear, level)]);
        if (!(entry & PTE_PRESENT))
            return false;
        if (page_is_mapping(entry, level) && level <= PAGE_LEVEL_1GIB) {
            *phys = (entry & PTE_ADDRESS & ~in_page) | (linear & in_page);
            return true;
        }
        table_phys = entry & PTE_ADDRESS;
    }
    return false;
}

bool guest_translate(const struct vcpu *vcpu, uint64_t linear, uint64_t *phys)
{
    if (!(vcpu->cr0 & CR0_PG)) {
        *phys = linear & UINT32_MAX;
        return true;
    }
    /* Legacy 32-bit paging: no TD's first steps use it, and nobody here decodes it. */
    if (!(vcpu->efer & EFER_LMA))
        return false;
    return walk(vcpu->cr3, vcpu->cr4 & CR4_LA57 ? 5 : 4, linear, phys);
}

unsigned guest_read(const struct vcpu *vcpu, uint64_t linear, void *to, unsigned bytes)
{
    unsigned done = 0;
    while (done < bytes) {
        uint64_t phys;
        if (!guest_translate(vcpu, linear + done, &phys))
            break;
        const uint8_t *page = guest_page_to_read(phys);
        if (!page)
            break;
        unsigned in_page = (unsigned)(phys % PAGE_BYTES);
        unsigned part = PAGE_BYTES - in_page < bytes - done ? PAGE_BYTES - in_page : bytes - done;
        memcpy((uint8_t *)to + done, page + in_page, part);
        done += part;
    }
    return done;
}
