#include "monitor/npt.h"

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "monitor/monitor.h"
#include "monitor/npt_tables.h"
#include "monitor/npt_vp.h"
#include "monitor/report.h"
#include "monitor/witness.h"

#define IMAGE_TABLES      (GUEST_IMAGE_MOST / PAGE_BYTES / PTE_ENTRIES)
#define SHARED_ROOT_ENTRY (GUEST_SHARED_BIT >> 39)
#define LARGE_2MIB        0x200000u
#define LARGE_4MIB        0x400000u
#define GIB               0x40000000ull
#define MOST_PLACES       16
#define LEAVE_NS          20000000000ull /* QEMU's CPUs may be many more than the host's */

/* A gap in every PC's address space, for the one page that an unpaged guest stands on. */
#define IDENTITY_PHYS 0xFE800000u

struct table npt_unpaged_last_gib;
static struct table root, unpaged_root, unpaged_pointers, identity_table;
struct half npt_private_half;
static struct half shared_half;
static struct table last_gib, device_gib, image_tables[IMAGE_TABLES];
static uint32_t identity_directory[PAGE_BYTES / 4] __attribute__((aligned(PAGE_BYTES)));
static uint8_t image[GUEST_IMAGE_MOST] __attribute__((aligned(PAGE_BYTES)));
static struct muster_word generation;

/* Of a view, only what differs from the open one: the leaves of where watched pages lie. */
struct view {
    struct table root, pointers, shared_pointers, unpaged_root, unpaged_pointers;
    struct table directories[LOW_DIRECTORIES], shared_directories[LOW_DIRECTORIES];
    struct table low[MOST_PLACES], shared_low[MOST_PLACES];
};
static struct view views[VIEW_BORROWED];
static uint32_t places[MOST_PLACES]; /* tables of the open view, by number */
static unsigned place_count;

static void half_init(struct half *half)
{
    for (unsigned i = 0; i < LOW_TABLES; i++)
        half->directories[i / PTE_ENTRIES].entry[i % PTE_ENTRIES] = link_to(&half->low[i]);
    for (unsigned i = 0; i < LOW_DIRECTORIES; i++)
        half->pointers.entry[i] = link_to(&half->directories[i]);
}

/*
 * QEMU 7.2 does not apply nested paging to a guest whose CR0.PG is clear: such a guest would see
 * the machine's own memory. It runs with paging on, on a directory that maps 1:1; that page is
 * visible to it only meanwhile, by a root of its own, and does not map itself.
 */
static void unpaged_init(void)
{
    unpaged_root.entry[0] = link_to(&unpaged_pointers);
    unpaged_pointers = npt_private_half.pointers;
    npt_unpaged_last_gib = last_gib;
    unpaged_pointers.entry[LAST_GIB] = link_to(&npt_unpaged_last_gib);
    npt_unpaged_last_gib.entry[(IDENTITY_PHYS >> 21) % PTE_ENTRIES] = link_to(&identity_table);
    identity_table.entry[(IDENTITY_PHYS >> 12) % PTE_ENTRIES] = link_to(identity_directory);
    for (uint32_t i = 0; i < PAGE_BYTES / 4; i++)
        if (i != IDENTITY_PHYS / LARGE_4MIB)
            identity_directory[i] = (i * LARGE_4MIB) | NPT_FLAGS | PTE_LARGE;
}

static void show_devices(struct table *table, uint64_t start, uint64_t bytes)
{
    for (unsigned i = 0; i < PTE_ENTRIES; i++)
        if (!table->entry[i] && policy_allows_range(start + i * bytes, start + (i + 1) * bytes - 1))
            table->entry[i] = (start + i * bytes) | NPT_FLAGS | PTE_LARGE;
}

/* Where policy lets a guest at the devices itself: 1:1, by the largest pages that fit. */
static void devices_init(void)
{
    npt_private_half.pointers.entry[LAST_GIB - 1] = link_to(&device_gib);
    show_devices(&device_gib, (LAST_GIB - 1) * GIB, LARGE_2MIB);
    show_devices(&last_gib, LAST_GIB * GIB, LARGE_2MIB);
    show_devices(&npt_private_half.pointers, 0, GIB);
}

void npt_init(void)
{
    half_init(&npt_private_half);
    half_init(&shared_half);
    for (unsigned i = 0; i < IMAGE_TABLES; i++)
        last_gib.entry[PTE_ENTRIES - IMAGE_TABLES + i] = link_to(&image_tables[i]);
    npt_private_half.pointers.entry[LAST_GIB] = link_to(&last_gib);
    root.entry[0] = link_to(&npt_private_half.pointers);
    if (monitor.policy->confidential)
        root.entry[SHARED_ROOT_ENTRY] = link_to(&shared_half.pointers);
    else
        devices_init();
    unpaged_init();
}

uint64_t npt_host_address(uint64_t page_phys)
{
    if (page_phys < GUEST_LOW_END)
        return page_phys;
    if (page_phys >= GUEST_IMAGE_START && page_phys < GUEST_FOUR_GIB)
        return (uint64_t)image + (page_phys - GUEST_IMAGE_START);
    return 0;
}

static void set_entry(struct table *tables, uint64_t page, uint64_t value)
{
    u64_store_relaxed(&tables[page / PTE_ENTRIES].entry[page % PTE_ENTRIES], value);
}

/* What a view takes away from the page's entry. */
static uint64_t in_view(enum npt_view view, uint64_t page_phys, uint64_t entry)
{
    enum muster_region region = witness_region_of(page_phys);
    if (view == VIEW_FIRMWARE)
        return region == MUSTER_REGION_CODE || !entry ? entry : entry | PTE_NO_EXECUTE;
    if (!entry || !region || (view == VIEW_BORROWED && region == MUSTER_REGION_TABLES))
        return entry;
    entry &= ~(uint64_t)PTE_WRITABLE;
    return region == MUSTER_REGION_CODE ? entry | PTE_NO_EXECUTE : entry;
}

static void show_in_views(uint64_t page_phys)
{
    uint64_t page = page_phys / PAGE_BYTES;
    uint64_t at = page % PTE_ENTRIES;
    uint64_t private = npt_private_half.low[page / PTE_ENTRIES].entry[at];
    uint64_t shared = shared_half.low[page / PTE_ENTRIES].entry[at];
    for (unsigned i = 0; i < place_count; i++) {
        if (places[i] != page / PTE_ENTRIES)
            continue;
        for (unsigned view = VIEW_FIRMWARE; view <= VIEW_BORROWED; view++) {
            u64_store_relaxed(&views[view - 1].low[i].entry[at],
                              in_view((enum npt_view)view, page_phys, private));
            u64_store_relaxed(&views[view - 1].shared_low[i].entry[at],
                              in_view((enum npt_view)view, page_phys, shared));
        }
    }
}

static bool find_places(void)
{
    for (uint32_t table = 0; table < LOW_TABLES; table++) {
        if (!witness_watches((uint64_t)table * PTE_ENTRIES * PAGE_BYTES, PTE_ENTRIES * PAGE_BYTES))
            continue;
        if (place_count == MOST_PLACES)
            return false;
        places[place_count++] = table;
    }
    return true;
}

static void make_view(enum npt_view number)
{
    struct view *view = &views[number - 1];
    uint64_t elsewhere = number == VIEW_FIRMWARE ? PTE_NO_EXECUTE : 0;
    for (unsigned i = 0; i < LOW_TABLES; i++) {
        unsigned at = i % PTE_ENTRIES;
        view->directories[i / PTE_ENTRIES].entry[at] =
            link_to(&npt_private_half.low[i]) | elsewhere;
        view->shared_directories[i / PTE_ENTRIES].entry[at] =
            link_to(&shared_half.low[i]) | elsewhere;
    }
    for (unsigned i = 0; i < place_count; i++) {
        unsigned at = places[i] % PTE_ENTRIES;
        view->directories[places[i] / PTE_ENTRIES].entry[at] = link_to(&view->low[i]);
        view->shared_directories[places[i] / PTE_ENTRIES].entry[at] = link_to(&view->shared_low[i]);
    }
    view->pointers = npt_private_half.pointers;
    view->shared_pointers = shared_half.pointers;
    for (unsigned i = 0; i < LOW_DIRECTORIES; i++) {
        view->pointers.entry[i] = link_to(&view->directories[i]);
        view->shared_pointers.entry[i] = link_to(&view->shared_directories[i]);
    }
    view->unpaged_pointers = view->pointers;
    view->unpaged_pointers.entry[LAST_GIB] = link_to(&npt_unpaged_last_gib);
    view->root.entry[0] = link_to(&view->pointers);
    view->root.entry[SHARED_ROOT_ENTRY] = link_to(&view->shared_pointers);
    view->unpaged_root.entry[0] = link_to(&view->unpaged_pointers);
}

bool npt_make_views(void)
{
    if (!find_places())
        return false;
    for (unsigned view = VIEW_FIRMWARE; view <= VIEW_BORROWED; view++)
        make_view((enum npt_view)view);
    for (unsigned i = 0; i < place_count; i++)
        for (uint64_t page = 0; page < PTE_ENTRIES; page++)
            show_in_views((places[i] * (uint64_t)PTE_ENTRIES + page) * PAGE_BYTES);
    return true;
}

void npt_show(uint64_t page_phys, bool private, bool shared)
{
    uint64_t entry = npt_host_address(page_phys) | NPT_FLAGS;
    if (page_phys < GUEST_LOW_END) {
        set_entry(npt_private_half.low, page_phys / PAGE_BYTES, private ? entry : 0);
        set_entry(shared_half.low, page_phys / PAGE_BYTES, shared ? entry : 0);
        show_in_views(page_phys);
        npt_vp_refresh(page_phys);
    } else {
        set_entry(image_tables, (page_phys - GUEST_IMAGE_START) / PAGE_BYTES, private ? entry : 0);
    }
}

void npt_show_read_only(uint64_t page_phys)
{
    uint64_t entry = (npt_host_address(page_phys) | NPT_FLAGS) & ~(uint64_t)PTE_WRITABLE;
    set_entry(npt_private_half.low, page_phys / PAGE_BYTES, entry);
}

void npt_show_overlay(uint64_t page_phys, const void *page, bool execute)
{
    uint64_t entry = ((uint64_t)page | NPT_FLAGS) & ~(uint64_t)PTE_WRITABLE;
    set_entry(npt_private_half.low, page_phys / PAGE_BYTES,
              execute ? entry : entry | PTE_NO_EXECUTE);
    npt_vp_refresh(page_phys);
}

uint32_t npt_generation(void)
{
    return __atomic_load_n(&generation.value, __ATOMIC_SEQ_CST);
}

/* Whether @other may be in its guest on translations older than generation @now. */
static bool is_behind(const struct vcpu *other, uint32_t now)
{
    return __atomic_load_n(&other->in_guest.value, __ATOMIC_SEQ_CST) &&
           (int32_t)(word_load_acquire(&other->entered_generation) - now) < 0;
}

/* A CPU that a device has sent INIT to is out of its guest and out of the monitor, for good. */
static void wait_until_left(const struct vcpu *self, const struct vcpu *other, uint32_t now)
{
    const struct muster_platform *platform = &monitor.platform;
    uint64_t end_ns = platform->time_ns(platform->context) + LEAVE_NS;
    while (is_behind(other, now)) {
        if (platform->time_ns(platform->context) >= end_ns)
            fatal(self, "vCPU %u does not leave its guest: has an I/O APIC or an MSI reset it?",
                  other->index);
        cpu_pause();
    }
}

/*
 * Sequentially consistent on both sides (vcpu_run() stores in_guest, then loads the generation):
 * either this CPU sees the other in its guest and kicks it, or the other sees the new generation
 * and flushes. A CPU that waits here is not in its guest, so nobody waits for it.
 *
 * Waiting is for who asks for it: with more vCPUs than host cores each wait takes until the host
 * has run everybody (firmware converts pages some 1,400 times in a boot; 4 vCPUs on 2 cores spent
 * more than a minute). Without it a guest that still uses a page while it converts that page goes
 * unseen for as long as an NMI is under way.
 */
void npt_shoot_down(const struct vcpu *self, bool wait)
{
    uint32_t now = __atomic_add_fetch(&generation.value, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        if (&monitor.vcpus[i] != self && is_behind(&monitor.vcpus[i], now))
            vcpu_kick(&monitor.vcpus[i]);
    for (uint32_t i = 0; wait && i < monitor.vcpu_count; i++)
        if (&monitor.vcpus[i] != self)
            wait_until_left(self, &monitor.vcpus[i], now);
}

uint64_t npt_root(const struct vcpu *vcpu, enum npt_view view)
{
    if (monitor.per_vp_memory)
        return npt_vp_root(vcpu);
    return view == VIEW_OPEN ? (uint64_t)&root : (uint64_t)&views[view - 1].root;
}

uint64_t npt_unpaged_root(const struct vcpu *vcpu, enum npt_view view)
{
    if (monitor.per_vp_memory)
        return npt_vp_unpaged_root(vcpu);
    return view == VIEW_OPEN ? (uint64_t)&unpaged_root : (uint64_t)&views[view - 1].unpaged_root;
}

uint32_t npt_identity_phys(void)
{
    return IDENTITY_PHYS;
}
