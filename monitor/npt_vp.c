#include "monitor/npt_vp.h"

#include "boot/console.h"
#include "lib/atomic.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_tables.h"
#include "monitor/overlay.h"
#include "monitor/page_lock.h"
#include "monitor/pages.h"

#define MOST_PLACES 8 /* tables (of 2 MiB each) with pages of VPs' own in them */
#define EVERYBODY   0 /* else the vCPU's index + 1 */

/* What is a VP's own of the way from its root to a page; all else is everybody's. */
struct vp_tables {
    struct table root, pointers, unpaged_root, unpaged_pointers;
    struct table directories[LOW_DIRECTORIES];
    struct table low[MOST_PLACES];
};
static struct vp_tables all[MONITOR_MOST_VCPUS];
/* All from here on under the page lock, but for a look at one owner. */
static uint32_t places[MOST_PLACES]; /* numbers of everybody's tables */
static unsigned place_count;
static uint8_t owners[LOW_PAGES];

static void init_one(struct vp_tables *vp)
{
    vp->pointers = npt_private_half.pointers;
    for (unsigned i = 0; i < LOW_DIRECTORIES; i++) {
        vp->directories[i] = npt_private_half.directories[i];
        vp->pointers.entry[i] = link_to(&vp->directories[i]);
    }
    vp->unpaged_pointers = vp->pointers;
    vp->unpaged_pointers.entry[LAST_GIB] = link_to(&npt_unpaged_last_gib);
    vp->root.entry[0] = link_to(&vp->pointers);
    vp->unpaged_root.entry[0] = link_to(&vp->unpaged_pointers);
}

void npt_vp_init(void)
{
    for (uint32_t i = 0; monitor.per_vp_memory && i < monitor.vcpu_count; i++)
        init_one(&all[i]);
}

uint64_t npt_vp_root(const struct vcpu *vcpu)
{
    return (uint64_t)&all[vcpu->index].root;
}

uint64_t npt_vp_unpaged_root(const struct vcpu *vcpu)
{
    return (uint64_t)&all[vcpu->index].unpaged_root;
}

static uint8_t owner_number(uint64_t phys)
{
    return phys < GUEST_LOW_END ? __atomic_load_n(&owners[phys / PAGE_BYTES], __ATOMIC_ACQUIRE)
                                : EVERYBODY;
}

const struct vcpu *npt_vp_owner(uint64_t phys)
{
    uint8_t number = owner_number(phys);
    return number == EVERYBODY ? NULL : &monitor.vcpus[number - 1];
}

/* The page in each VP's copy of the table at @place. */
static void show(unsigned place, uint64_t page)
{
    const struct table *everybodys = &npt_private_half.low[page / PTE_ENTRIES];
    uint64_t at = page % PTE_ENTRIES;
    uint8_t owner = owner_number(page * PAGE_BYTES);
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        u64_store_relaxed(&all[i].low[place].entry[at],
                          owner == EVERYBODY || owner == i + 1 ? everybodys->entry[at] : 0);
}

static int find_place(uint64_t page)
{
    for (unsigned i = 0; i < place_count; i++)
        if (places[i] == page / PTE_ENTRIES)
            return (int)i;
    return -1;
}

void npt_vp_refresh(uint64_t page_phys)
{
    if (!monitor.per_vp_memory)
        return;
    int place = find_place(page_phys / PAGE_BYTES);
    if (place >= 0)
        show((unsigned)place, page_phys / PAGE_BYTES);
}

/* Filled before any VP is led to it. */
static bool add_place(uint64_t page)
{
    uint32_t table = (uint32_t)(page / PTE_ENTRIES);
    unsigned place = place_count;
    if (place == MOST_PLACES)
        return false;
    places[place_count++] = table;
    for (uint64_t i = 0; i < PTE_ENTRIES; i++)
        show(place, (uint64_t)table * PTE_ENTRIES + i);
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        u64_store_relaxed(&all[i].directories[table / PTE_ENTRIES].entry[table % PTE_ENTRIES],
                          link_to(&all[i].low[place]));
    return true;
}

static const char *check(const struct vcpu *caller, uint64_t page_phys)
{
    const struct vcpu *now = npt_vp_owner(page_phys);
    if (!monitor.per_vp_memory)
        return "VPs have no memory of their own (option per-vp-memory=on)";
    if (page_phys % PAGE_BYTES || page_phys >= GUEST_LOW_END || overlay_at(page_phys) ||
        page_state_of(page_phys) != PAGE_PRIVATE)
        return "that is no page of low memory";
    if (now && now != caller)
        return "the page is another VP's";
    if (find_place(page_phys / PAGE_BYTES) < 0 && !add_place(page_phys / PAGE_BYTES))
        return "VPs' own pages lie in too many places";
    return NULL;
}

const char *npt_vp_give(struct vcpu *caller, uint64_t page_phys, const struct vcpu *owner)
{
    page_lock();
    const char *wrong = check(caller, page_phys);
    if (!wrong) {
        uint8_t number = owner ? (uint8_t)(owner->index + 1) : EVERYBODY;
        __atomic_store_n(&owners[page_phys / PAGE_BYTES], number, __ATOMIC_RELEASE);
        npt_vp_refresh(page_phys);
        npt_shoot_down(caller, true);
    }
    page_unlock();
    return wrong;
}
