#include "monitor/npt.h"

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "monitor/monitor.h"

#define LOW_PAGES      (GUEST_LOW_END / PAGE_BYTES)
#define LOW_TABLES     (LOW_PAGES / PTE_ENTRIES)
#define LOW_DIRECTORIES (LOW_TABLES / PTE_ENTRIES)
#define IMAGE_TABLES   (GUEST_IMAGE_MOST / PAGE_BYTES / PTE_ENTRIES)
#define SHARED_ROOT_ENTRY (GUEST_SHARED_BIT >> 39)
#define LAST_GIB       3
#define LARGE_4MIB     0x400000u

/*
 * Nested tables are walked with user rights; Accessed and Dirty are set beforehand, so that the
 * processor never writes to them.
 */
#define NPT_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

/* A gap in every PC's address space, for the one page that an unpaged guest stands on. */
#define IDENTITY_PHYS 0xFE800000u

struct table {
    uint64_t entry[PTE_ENTRIES];
} __attribute__((aligned(PAGE_BYTES)));

/* One half's tables: for low memory, and in the private half for the firmware's image. */
struct half {
    struct table pointers;
    struct table directories[LOW_DIRECTORIES];
    struct table low[LOW_TABLES];
};

static struct table root, unpaged_root, unpaged_pointers, unpaged_last_gib, identity_table;
static struct half private_half, shared_half;
static struct table last_gib, image_tables[IMAGE_TABLES];
static uint32_t identity_directory[PAGE_BYTES / 4] __attribute__((aligned(PAGE_BYTES)));
static uint8_t image[GUEST_IMAGE_MOST] __attribute__((aligned(PAGE_BYTES)));
static struct muster_word generation;

static uint64_t link_to(const void *table)
{
    return (uint64_t)table | NPT_FLAGS;
}

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
    unpaged_pointers = private_half.pointers;
    unpaged_last_gib = last_gib;
    unpaged_pointers.entry[LAST_GIB] = link_to(&unpaged_last_gib);
    unpaged_last_gib.entry[(IDENTITY_PHYS >> 21) % PTE_ENTRIES] = link_to(&identity_table);
    identity_table.entry[(IDENTITY_PHYS >> 12) % PTE_ENTRIES] = link_to(identity_directory);
    for (uint32_t i = 0; i < PAGE_BYTES / 4; i++)
        if (i != IDENTITY_PHYS / LARGE_4MIB)
            identity_directory[i] = (i * LARGE_4MIB) | NPT_FLAGS | PTE_LARGE;
}

void npt_init(void)
{
    half_init(&private_half);
    half_init(&shared_half);
    for (unsigned i = 0; i < IMAGE_TABLES; i++)
        last_gib.entry[PTE_ENTRIES - IMAGE_TABLES + i] = link_to(&image_tables[i]);
    private_half.pointers.entry[LAST_GIB] = link_to(&last_gib);
    root.entry[0] = link_to(&private_half.pointers);
    root.entry[SHARED_ROOT_ENTRY] = link_to(&shared_half.pointers);
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

void npt_show(uint64_t page_phys, bool private, bool shared)
{
    uint64_t entry = npt_host_address(page_phys) | NPT_FLAGS;
    if (page_phys < GUEST_LOW_END) {
        set_entry(private_half.low, page_phys / PAGE_BYTES, private ? entry : 0);
        set_entry(shared_half.low, page_phys / PAGE_BYTES, shared ? entry : 0);
    } else {
        set_entry(image_tables, (page_phys - GUEST_IMAGE_START) / PAGE_BYTES, private ? entry : 0);
    }
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
void npt_shoot_down(const struct vcpu *self)
{
    uint32_t now = __atomic_add_fetch(&generation.value, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        if (&monitor.vcpus[i] != self && is_behind(&monitor.vcpus[i], now))
            vcpu_kick(&monitor.vcpus[i]);
    for (uint32_t i = 0; monitor.wait_for_tlbs && i < monitor.vcpu_count; i++)
        while (&monitor.vcpus[i] != self && is_behind(&monitor.vcpus[i], now))
            cpu_pause();
}

uint64_t npt_root(void)
{
    return (uint64_t)&root;
}

uint64_t npt_unpaged_root(void)
{
    return (uint64_t)&unpaged_root;
}

uint32_t npt_identity_phys(void)
{
    return IDENTITY_PHYS;
}
