#include "monitor/witness.h"

#include "abi/conformance.h"
#include "abi/mailbox.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/lock.h"
#include "lib/atomic.h"
#include "monitor/mailbox_rules.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/observe.h"
#include "monitor/pages.h"
#include "monitor/paging.h"
#include "monitor/report.h"
#include "monitor/store.h"
#include "monitor/woken.h"

#define MOST_RANGES      16
#define MOST_TABLE_PAGES 2048 /* a set of 32 for each of 64 vCPUs */
#define LOCK_LOOKS       1000000u
#define PTE_PROCESSOR    (PTE_ACCESSED | PTE_DIRTY)

struct range {
    uint64_t phys, bytes;
    enum muster_region region;
};
static struct range ranges[MOST_RANGES];
static unsigned range_count;
static uint64_t mailbox_phys;
static struct muster_word state; /* enum watch_state */
enum watch_state { WATCH_OFF, WATCH_BEGINS, WATCH_ON };

/* The firmware's page tables as they should be: what a vCPU that borrows them changes is found. */
static uint64_t tables[MOST_TABLE_PAGES][PTE_ENTRIES];
static uint64_t table_pages[MOST_TABLE_PAGES];
static unsigned table_count;

/* One store at a time, from the look at the mailbox before it to the judgement. */
static struct muster_word lock;

enum muster_region witness_region_of(uint64_t page_phys)
{
    for (unsigned i = 0; i < range_count; i++)
        if (page_phys - ranges[i].phys < ranges[i].bytes)
            return ranges[i].region;
    return MUSTER_REGIONS_END;
}

bool witness_watches(uint64_t phys, uint64_t bytes)
{
    for (unsigned i = 0; i < range_count; i++)
        if (phys < ranges[i].phys + ranges[i].bytes && ranges[i].phys < phys + bytes)
            return true;
    return false;
}

const char *witness_region_name(enum muster_region region)
{
    static const char *const names[] = {"none", "mailbox", "code", "tables"};
    return (unsigned)region < sizeof(names) / sizeof(names[0]) ? names[region] : "unknown";
}

bool witness_is_on(void)
{
    return word_load_acquire(&state) == WATCH_ON;
}

static enum npt_view view_of(const struct vcpu *vcpu)
{
    return (enum npt_view)word_load_acquire(&vcpu->view);
}

/* ---- What firmware says. ---- */

static const char *check_range(uint64_t region, uint64_t phys, uint64_t bytes)
{
    if (word_load_acquire(&state) != WATCH_OFF)
        return "the watch has begun";
    if (region < MUSTER_REGION_MAILBOX || region > MUSTER_REGION_TABLES)
        return "there is no such kind of region";
    if (!bytes || (phys | bytes) % PAGE_BYTES || phys >= GUEST_LOW_END ||
        bytes > GUEST_LOW_END - phys)
        return "no whole pages of low memory";
    if (range_count == MOST_RANGES)
        return "more than 16 ranges";
    if (witness_watches(phys, bytes))
        return "it overlaps with another range";
    if (region == MUSTER_REGION_MAILBOX && (mailbox_phys || bytes != MAILBOX_BYTES))
        return "there is one mailbox, of one page";
    if (region == MUSTER_REGION_TABLES && bytes / PAGE_BYTES > MOST_TABLE_PAGES - table_count)
        return "more than 2048 pages of page tables";
    for (uint64_t at = phys; at < phys + bytes; at += PAGE_BYTES)
        if (page_state_of(at) != PAGE_PRIVATE)
            return "not all of it is private memory";
    return NULL;
}

static void add_range(enum muster_region region, uint64_t phys, uint64_t bytes)
{
    ranges[range_count++] = (struct range){phys, bytes, region};
    if (region == MUSTER_REGION_MAILBOX)
        mailbox_phys = phys;
    for (uint64_t at = phys; region == MUSTER_REGION_TABLES && at < phys + bytes; at += PAGE_BYTES)
        table_pages[table_count++] = at;
    report_watch(witness_region_name(region), phys, bytes);
}

/*
 * From here on every vCPU is on its side's view. All but the caller are firmware's APs; they are
 * waited for, so that none can reach the OS on the open view.
 */
static const char *begin(struct vcpu *vcpu)
{
    if (!mailbox_phys)
        return "no mailbox was named";
    lock_take(&lock); /* whoever adds a range has looked at the state under it */
    bool begins = word_move(&state, WATCH_OFF, WATCH_BEGINS);
    lock_drop(&lock);
    if (!begins)
        return "the watch has begun";
    for (unsigned i = 0; i < table_count; i++)
        memcpy(tables[i], (void *)npt_host_address(table_pages[i]), PAGE_BYTES);
    mailbox_rules_begin(mailbox_phys);
    if (!pages_make_views())
        fatal(vcpu, "the firmware's own pages lie in more than 16 places of 2 MiB");
    __atomic_store_n(&state.value, WATCH_ON, __ATOMIC_SEQ_CST);
    npt_shoot_down(vcpu, true);
    return NULL;
}

bool witness_call(struct vcpu *vcpu, uint64_t region, uint64_t phys, uint64_t bytes)
{
    const char *error;
    lock_take(&lock);
    error = region == MUSTER_REGIONS_END ? NULL : check_range(region, phys, bytes);
    if (!error && region != MUSTER_REGIONS_END)
        add_range((enum muster_region)region, phys, bytes);
    lock_drop(&lock);
    if (region == MUSTER_REGIONS_END)
        error = begin(vcpu);
    if (error)
        report_finding(vcpu, "watch-refused", phys, bytes,
                       "0x%lx bytes at 0x%lx cannot be watched as region %lu: %s", bytes, phys,
                       region, error);
    return !error;
}

/* ---- Whose side a vCPU is on. ---- */

/* A vCPU that was on the firmware's tables could write to them: what has changed says so now. */
static void check_tables(const struct vcpu *vcpu)
{
    for (unsigned i = 0; i < table_count; i++) {
        const uint64_t *now = (const uint64_t *)npt_host_address(table_pages[i]);
        for (unsigned at = 0; at < PTE_ENTRIES; at++) {
            uint64_t entry = u64_load_relaxed(&now[at]);
            if (!((entry ^ tables[i][at]) & ~(uint64_t)PTE_PROCESSOR))
                continue;
            report_finding(vcpu, RULE_TABLES, table_pages[i] + at * sizeof(entry), entry,
                           "the firmware's page tables at 0x%lx were written by a processor "
                           "while it was on them, before the instruction named here",
                           table_pages[i] + at * sizeof(entry));
            tables[i][at] = entry;
        }
    }
}

/* An AP that never leaves the firmware's tables: by then it is not known where it wrote. */
void witness_judge_tables(void)
{
    const struct vcpu *borrower = NULL;
    for (uint32_t i = 0; witness_is_on() && i < monitor.vcpu_count && !borrower; i++)
        if (view_of(&monitor.vcpus[i]) == VIEW_BORROWED)
            borrower = &monitor.vcpus[i];
    /* A vCPU that dies may hold the lock itself. */
    if (!borrower || !lock_try(&lock, LOCK_LOOKS))
        return;
    check_tables(borrower);
    lock_drop(&lock);
}

static void set_view(struct vcpu *vcpu, enum npt_view view)
{
    if (view_of(vcpu) == VIEW_BORROWED && view != VIEW_BORROWED) {
        lock_take(&lock);
        check_tables(vcpu);
        lock_drop(&lock);
    }
    word_store_release(&vcpu->view, view);
    paging_apply(vcpu);
}

void witness_before_entry(struct vcpu *vcpu)
{
    if (witness_is_on() && view_of(vcpu) == VIEW_OPEN)
        set_view(vcpu, VIEW_FIRMWARE);
}

bool witness_awaits_cr3(const struct vcpu *vcpu)
{
    return view_of(vcpu) == VIEW_BORROWED || woken_awaits_cr3(vcpu);
}

void witness_cr3_written(struct vcpu *vcpu)
{
    if (woken_awaits_cr3(vcpu))
        woken_has_left_tables(vcpu);
    if (view_of(vcpu) == VIEW_BORROWED)
        set_view(vcpu, VIEW_OS);
}

static void leave_firmware(struct vcpu *vcpu)
{
    if (vcpu->index)
        woken_begin(vcpu);
    set_view(vcpu, VIEW_OS);
}

/* ---- What the OS's side writes. ---- */

/*
 * How many processors use the firmware's tables: those that wait in firmware, or came back to it,
 * and those that were woken and have no tables of their own yet.
 */
static uint32_t count_on_tables(void)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < monitor.vcpu_count; i++)
        count += view_of(&monitor.vcpus[i]) != VIEW_OS;
    return count;
}

static void judge_tables(struct vcpu *vcpu, const struct store *store)
{
    uint32_t users = count_on_tables();
    for (unsigned i = 0; i < table_count; i++)
        if (store->phys - table_pages[i] < PAGE_BYTES)
            memcpy((uint8_t *)tables[i] + store->phys % PAGE_BYTES, &store->value, store->bytes);
    if (users)
        report_finding(vcpu, RULE_TABLES, store->phys, store->value,
                       "written while processors are on these page tables: %u of them", users);
}

static void judge(struct vcpu *vcpu, const struct store *store)
{
    enum muster_region region = witness_region_of(store->phys);
    report_write(vcpu, witness_region_name(region), store->phys, store->bytes, store->value);
    if (region == MUSTER_REGION_MAILBOX)
        mailbox_judge(vcpu, store);
    else if (region == MUSTER_REGION_TABLES)
        judge_tables(vcpu, store);
    else
        report_finding(vcpu, RULE_CODE, store->phys, store->value,
                       "the firmware's code, where processors wait and come back");
}

void witness_converted(struct vcpu *vcpu, uint64_t page_phys)
{
    static const char *const rules[] = {NULL, RULE_HALF, RULE_CODE, RULE_TABLES};
    enum muster_region region = witness_is_on() ? witness_region_of(page_phys) : MUSTER_REGIONS_END;
    if (region && (region != MUSTER_REGION_TABLES || count_on_tables()))
        report_finding(vcpu, rules[region], page_phys, PAGE_BYTES,
                       "MapGPA of the firmware's own page (%s): all it held is lost",
                       witness_region_name(region));
}

void witness_fault(struct vcpu *vcpu, uint64_t phys)
{
    uint64_t info = vcpu->vmcb->exit_info_1;
    enum npt_view view = view_of(vcpu);
    enum muster_region region = witness_region_of(phys);
    if (!witness_is_on() || view == VIEW_OPEN)
        return;
    if (info & SVM_NPF_WALK) {
        if (region == MUSTER_REGION_TABLES && view == VIEW_OS)
            set_view(vcpu, VIEW_BORROWED);
        else if (region && region != MUSTER_REGION_TABLES)
            fatal(vcpu, "the firmware's page at 0x%lx is used as a page table", phys);
    } else if (info & SVM_NPF_FETCH) {
        if (view == VIEW_FIRMWARE && region != MUSTER_REGION_CODE)
            leave_firmware(vcpu);
        else if (view != VIEW_FIRMWARE && region == MUSTER_REGION_CODE)
            set_view(vcpu, VIEW_FIRMWARE);
    } else if (info & SVM_NPF_WRITE && region && view != VIEW_FIRMWARE) {
        lock_take(&lock);
        store_emulate(vcpu, phys, judge);
        lock_drop(&lock);
        if (region == MUSTER_REGION_MAILBOX)
            observe_mailbox_written();
    }
}
