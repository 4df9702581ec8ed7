#include "monitor/observe.h"

#include <muster/paging.h>

#include "abi/mailbox.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "monitor/decode.h"
#include "monitor/guest_memory.h"
#include "monitor/monitor.h"
#include "monitor/nmi.h"
#include "monitor/npt.h"
#include "monitor/page_lock.h"
#include "monitor/pages.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/witness.h"

/* Some rounds of any loop that polls a word. */
#define STEPS       64
#define LOOK_EXITS  256 /* the BSP's, from one look at the others to the next */
#define MOST_TABLES 64
#define EVERYBODY   0xFFFFFFFEu /* an APIC ID of EDK2's own */

enum progress { PROGRESS_NONE, PROGRESS_ASKED, PROGRESS_FOLLOWED, PROGRESS_DONE };

/* What an AP was seen to use; its own until it is done. */
static struct waiting {
    struct muster_word progress; /* enum progress */
    unsigned steps;
    uint64_t code_page, data_page;
    uint64_t first_rip, last_rip; /* of the instructions that poll */
    const uint64_t *polled;       /* what they read last, and what it was */
    uint64_t polled_value;
} all_waiting[MONITOR_MOST_VCPUS];
static uint64_t mailbox_address; /* for the monitor, once it is watched; 0: not yet */

/* Before that: the page that APs in firmware's image poll, and nobody can write to; 0: none. */
static uint64_t lulled_page;

/* The BSP's. */
static uint32_t exits;
static struct {
    uint64_t page[MOST_TABLES];
    unsigned count;
} tables;

static uint64_t page_of(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_BYTES - 1);
}

static const struct mailbox *watched_mailbox(void)
{
    return (const struct mailbox *)u64_load_relaxed(&mailbox_address);
}

static bool may_be_waiting(const struct vcpu *vcpu)
{
    return (vcpu->cr0 & CR0_PG) && vcpu_is_64(vcpu) && !(vcpu->vmcb->rflags & RFLAGS_IF);
}

static void end(struct vcpu *vcpu, enum progress progress)
{
    step_end(vcpu);
    word_store_release(&all_waiting[vcpu->index].progress, progress);
}

static bool runs_in(const struct vcpu *vcpu, uint64_t *page)
{
    uint64_t phys;
    if (!may_be_waiting(vcpu) || !guest_translate(vcpu, vcpu->vmcb->rip, &phys))
        return false;
    *page = page_of(phys);
    return true;
}

/* The instruction that comes next: in the same page as all, and what it reads likewise. */
static bool fits(struct vcpu *vcpu, struct waiting *waiting)
{
    struct instruction instruction;
    uint64_t phys;
    if (!runs_in(vcpu, &phys) || phys != waiting->code_page || !decode(vcpu, &instruction))
        return false;
    waiting->first_rip =
        vcpu->vmcb->rip < waiting->first_rip ? vcpu->vmcb->rip : waiting->first_rip;
    waiting->last_rip = vcpu->vmcb->rip > waiting->last_rip ? vcpu->vmcb->rip : waiting->last_rip;
    if (!instruction.has_modrm || instruction.is_register)
        return true;
    if (!guest_translate(vcpu, instruction.linear, &phys))
        return false;
    if (!waiting->data_page)
        waiting->data_page = page_of(phys);
    if (waiting->data_page != page_of(phys) || phys >= GUEST_LOW_END)
        return false;
    waiting->polled = (const uint64_t *)npt_host_address(phys & ~7ull);
    waiting->polled_value = u64_load_relaxed(waiting->polled);
    return true;
}

static void follow(struct vcpu *vcpu)
{
    struct waiting *waiting = &all_waiting[vcpu->index];
    if (!fits(vcpu, waiting))
        end(vcpu, PROGRESS_NONE);
    else if (++waiting->steps == STEPS)
        end(vcpu, waiting->data_page ? PROGRESS_DONE : PROGRESS_NONE);
}

static void begin_to_follow(struct vcpu *vcpu, struct waiting *waiting)
{
    waiting->steps = 0;
    waiting->data_page = 0;
    waiting->first_rip = UINT64_MAX;
    waiting->last_rip = 0;
    bool begins = runs_in(vcpu, &waiting->code_page) && step_begin(vcpu, follow);
    word_store_release(&waiting->progress, begins ? PROGRESS_FOLLOWED : PROGRESS_NONE);
}

/* ---- Polling costs the host a core for each AP, and the BSP its turn. ---- */

static bool is_addressed(const struct mailbox *mailbox, const struct vcpu *vcpu)
{
    const uint32_t *command = (const uint32_t *)mailbox; /* as EDK2 reads it */
    uint32_t apic_id = u32_load_relaxed(&mailbox->apic_id);
    return u32_load_relaxed(command) && (apic_id == vcpu->apic_id || apic_id == EVERYBODY);
}

static bool has_news(const struct vcpu *vcpu)
{
    const struct waiting *waiting = &all_waiting[vcpu->index];
    const struct mailbox *mailbox = watched_mailbox();
    if (mailbox)
        return is_addressed(mailbox, vcpu);
    return !u64_load_relaxed(&lulled_page) ||
           u64_load_relaxed(waiting->polled) != waiting->polled_value;
}

/* A step before or behind these instructions it may have taken a command already. */
static bool polls_in_vain(const struct vcpu *vcpu)
{
    const struct waiting *waiting = &all_waiting[vcpu->index];
    return word_load_acquire(&waiting->progress) == PROGRESS_DONE && may_be_waiting(vcpu) &&
           vcpu->vmcb->rip >= waiting->first_rip && vcpu->vmcb->rip <= waiting->last_rip &&
           !has_news(vcpu) && !nmi_is_due(vcpu);
}

/* They read on before the write is done, and find what was there; it is no later than that. */
void observe_fault(uint64_t phys)
{
    page_lock();
    bool wakes = lulled_page && page_of(phys) == lulled_page;
    if (wakes) {
        npt_show(lulled_page, true, false);
        u64_store_relaxed(&lulled_page, 0);
    }
    page_unlock();
    for (uint32_t i = 1; wakes && i < monitor.vcpu_count; i++) {
        word_move(&all_waiting[i].progress, PROGRESS_DONE, PROGRESS_NONE);
        vcpu_kick(&monitor.vcpus[i]);
    }
}

void observe_mailbox_written(void)
{
    const struct mailbox *mailbox = watched_mailbox();
    for (uint32_t i = 1; mailbox && i < monitor.vcpu_count; i++)
        if (is_addressed(mailbox, &monitor.vcpus[i]))
            vcpu_kick(&monitor.vcpus[i]);
}

/* ---- The BSP's side. ---- */

static uint32_t count_in(enum progress progress)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < monitor.vcpu_count; i++)
        count += word_load_acquire(&all_waiting[i].progress) == progress;
    return count;
}

static void ask_all(void)
{
    for (uint32_t i = 1; i < monitor.vcpu_count; i++)
        if (!may_be_waiting(&monitor.vcpus[i]))
            return;
    for (uint32_t i = 1; i < monitor.vcpu_count; i++) {
        word_store_release(&all_waiting[i].progress, PROGRESS_ASKED);
        vcpu_kick(&monitor.vcpus[i]);
    }
}

static bool all_agree(void)
{
    for (uint32_t i = 2; i < monitor.vcpu_count; i++)
        if (all_waiting[i].code_page != all_waiting[1].code_page ||
            all_waiting[i].data_page != all_waiting[1].data_page ||
            page_of(monitor.vcpus[i].cr3) != page_of(monitor.vcpus[1].cr3))
            return false;
    return true;
}

/* In ascending order, each once. */
static enum muster_status add_table(void *context, const struct muster_page_visit *visit)
{
    unsigned at = tables.count;
    (void)context;
    if (!visit->is_table)
        return MUSTER_OK;
    while (at && tables.page[at - 1] > visit->phys)
        at--;
    if (at && tables.page[at - 1] == visit->phys)
        return MUSTER_OK;
    if (tables.count == MOST_TABLES)
        return MUSTER_ERROR_OUT_OF_MEMORY;
    for (unsigned i = tables.count++; i > at; i--)
        tables.page[i] = tables.page[i - 1];
    tables.page[at] = visit->phys;
    return MUSTER_OK;
}

static void *map_table(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    (void)bytes;
    return guest_page(phys);
}

static void watch_tables(struct vcpu *bsp, const struct vcpu *ap)
{
    static const struct muster_platform guest = {.map = map_table};
    enum muster_status status =
        muster_paging_walk(&guest, ap->cr3, ap->cr4 & CR4_LA57 ? 5 : 4, add_table, NULL);
    if (status != MUSTER_OK)
        report_finding(bsp, "watch-refused", ap->cr3, tables.count,
                       "only %u page tables of the firmware's APs are watched: %s", tables.count,
                       muster_error_text(status));
    for (unsigned i = 0, end = 0; i < tables.count; i = end) {
        for (end = i + 1;
             end < tables.count && tables.page[end] == tables.page[end - 1] + PAGE_BYTES;)
            end++;
        witness_call(bsp, MUSTER_REGION_TABLES, tables.page[i], (end - i) * PAGE_BYTES);
    }
}

static void watch(struct vcpu *bsp)
{
    witness_call(bsp, MUSTER_REGION_MAILBOX, all_waiting[1].data_page, PAGE_BYTES);
    witness_call(bsp, MUSTER_REGION_CODE, all_waiting[1].code_page, PAGE_BYTES);
    watch_tables(bsp, &monitor.vcpus[1]);
    u64_store_relaxed(&mailbox_address, npt_host_address(all_waiting[1].data_page));
    witness_call(bsp, MUSTER_REGIONS_END, 0, 0);
}

/* Where the OS will not find them: what they read can be written again when somebody tries to. */
static void lull(struct vcpu *bsp)
{
    uint64_t page = all_waiting[1].data_page;
    page_lock();
    bool may = page_state_of(page) == PAGE_PRIVATE;
    if (may) {
        npt_show_read_only(page);
        u64_store_relaxed(&lulled_page, page);
    }
    page_unlock();
    if (may)
        npt_shoot_down(bsp, true);
}

static void look_at_others(struct vcpu *bsp)
{
    uint32_t others = monitor.vcpu_count - 1;
    if (u64_load_relaxed(&lulled_page))
        return;
    if (count_in(PROGRESS_DONE) == others && all_agree() &&
        all_waiting[1].code_page >= GUEST_LOW_END)
        lull(bsp);
    else if (count_in(PROGRESS_DONE) == others && all_agree())
        watch(bsp);
    else if (count_in(PROGRESS_NONE) + count_in(PROGRESS_DONE) == others)
        ask_all();
}

void observe_before_entry(struct vcpu *vcpu)
{
    struct waiting *waiting = &all_waiting[vcpu->index];
    if (!monitor.finds_firmware || monitor.vcpu_count == 1)
        return;
    while (vcpu->index && polls_in_vain(vcpu))
        vcpu_doze(vcpu);
    if (witness_is_on())
        return;
    if (vcpu->index == 0 && ++exits % LOOK_EXITS == 0)
        look_at_others(vcpu);
    else if (word_load_acquire(&waiting->progress) == PROGRESS_ASKED)
        begin_to_follow(vcpu, waiting);
}
