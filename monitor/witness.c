#include "monitor/witness.h"

#include "abi/mailbox.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/pages.h"
#include "monitor/paging.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/store.h"

#define MOST_RANGES      16
#define MOST_TABLE_PAGES 64
#define PTE_PROCESSOR    (PTE_ACCESSED | PTE_DIRTY)

/* Where a fault on the way to its handler is the processor's own doing: not #DB, NMI, #BP, #OF. */
#define TRAPS_WATCHED 0x001F7FE1u

#define RULE_OPERANDS "mailbox-operands-after-command"
#define RULE_NOOP     "command-before-noop"
#define RULE_HALF     "firmware-half-written"
#define RULE_VECTOR   "vector-out-of-range"
#define RULE_COMMAND  "reserved-command"
#define RULE_RESERVED "reserved-field-not-zero"
#define RULE_CODE     "firmware-code-written"
#define RULE_TABLES   "firmware-tables-written"
#define RULE_CPU      "cpu-not-described"
#define RULE_TRAP     "trap-before-idt"
#define RULE_PAGE     "code-outside-vector-page"

/* Longer than any way to a CR3 of one's own; what never gets there is left alone. */
#define MOST_VECTOR_STEPS 10000

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

/* The mailbox as the OS's side has written it; firmware may clear more than the command. */
static struct {
    uint8_t head[offsetof(struct mailbox, for_os)];
    uint16_t pending;                /* the command that was in the mailbox before this store */
    bool id_written, vector_written; /* since the last command */
} os;

/* One store at a time, from the look at the mailbox before it to the judgement. */
static struct muster_word lock;

static void take_lock(void)
{
    while (!word_move(&lock, 0, 1))
        cpu_pause();
}

static void drop_lock(void)
{
    word_store_release(&lock, 0);
}

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
        return "more than 64 pages of page tables";
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
    take_lock(); /* whoever adds a range has looked at the state under it */
    bool begins = word_move(&state, WATCH_OFF, WATCH_BEGINS);
    drop_lock();
    if (!begins)
        return "the watch has begun";
    for (unsigned i = 0; i < table_count; i++)
        memcpy(tables[i], (void *)npt_host_address(table_pages[i]), PAGE_BYTES);
    memcpy(os.head, (void *)npt_host_address(mailbox_phys), sizeof(os.head));
    if (!pages_make_views())
        fatal(vcpu, "the firmware's own pages lie in more than 16 places of 2 MiB");
    __atomic_store_n(&state.value, WATCH_ON, __ATOMIC_SEQ_CST);
    npt_shoot_down(vcpu, true);
    return NULL;
}

bool witness_call(struct vcpu *vcpu, uint64_t region, uint64_t phys, uint64_t bytes)
{
    const char *error;
    take_lock();
    error = region == MUSTER_REGIONS_END ? NULL : check_range(region, phys, bytes);
    if (!error && region != MUSTER_REGIONS_END)
        add_range((enum muster_region)region, phys, bytes);
    drop_lock();
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
    if (!borrower || !word_move(&lock, 0, 1))
        return;
    check_tables(borrower);
    drop_lock();
}

static void set_view(struct vcpu *vcpu, enum npt_view view)
{
    if (view_of(vcpu) == VIEW_BORROWED && view != VIEW_BORROWED) {
        take_lock();
        check_tables(vcpu);
        drop_lock();
    }
    word_store_release(&vcpu->view, view);
    paging_apply(vcpu);
}

void witness_before_entry(struct vcpu *vcpu)
{
    if (witness_is_on() && view_of(vcpu) == VIEW_OPEN)
        set_view(vcpu, VIEW_FIRMWARE);
}

static void end_vector_watch(struct vcpu *vcpu)
{
    vcpu->vector = 0;
    step_end(vcpu);
}

bool witness_awaits_cr3(const struct vcpu *vcpu)
{
    return view_of(vcpu) == VIEW_BORROWED || vcpu->vector;
}

void witness_cr3_written(struct vcpu *vcpu)
{
    if (vcpu->vector)
        end_vector_watch(vcpu);
    if (view_of(vcpu) == VIEW_BORROWED)
        set_view(vcpu, VIEW_OS);
}

/*
 * Of the OS's memory only the vector's page is sure to be mapped. With paging off no mapping is
 * needed (Linux changes the number of levels there), and with a CR3 of its own it has left.
 */
static void watch_vector(struct vcpu *vcpu)
{
    uint64_t rip = vcpu->vmcb->rip;
    bool over = !(vcpu->cr0 & CR0_PG) || view_of(vcpu) == VIEW_FIRMWARE ||
                ++vcpu->vector_steps == MOST_VECTOR_STEPS;
    bool outside = !over && rip / PAGE_BYTES != vcpu->vector / PAGE_BYTES;
    if (outside)
        report_finding(vcpu, RULE_PAGE, rip, vcpu->vector,
                       "a woken processor that is still on the firmware's page tables has left its "
                       "wakeup vector's page 0x%lx",
                       vcpu->vector & ~(uint64_t)(PAGE_BYTES - 1));
    if (over || outside)
        end_vector_watch(vcpu);
}

/* An AP goes to the OS with the firmware's IDT: until it has its own, no trap may come. */
static void leave_firmware(struct vcpu *vcpu)
{
    if (vcpu->index && !vcpu->traps_watched) {
        vcpu->traps_watched = true;
        vcpu->firmware_idt = vcpu->vmcb->idtr.base;
    }
    if (vcpu->index && (vcpu->cr0 & CR0_PG) && step_begin(vcpu, watch_vector)) {
        vcpu->vector = vcpu->vmcb->rip;
        vcpu->vector_steps = 0;
    }
    set_view(vcpu, VIEW_OS);
}

uint32_t witness_exceptions(const struct vcpu *vcpu)
{
    return vcpu->traps_watched ? TRAPS_WATCHED : 0;
}

void witness_trap(struct vcpu *vcpu, unsigned vector)
{
    enum npt_view view = view_of(vcpu);
    /* #DF is what becomes of a trap that has been seen. */
    if (!vcpu->traps_watched || vector == VECTOR_DF || (view != VIEW_OS && view != VIEW_BORROWED))
        return;
    if (vcpu->vmcb->idtr.base != vcpu->firmware_idt) {
        vcpu->traps_watched = false;
        paging_apply(vcpu);
        return;
    }
    report_finding(vcpu, RULE_TRAP, vcpu->vmcb->idtr.base, vector,
                   "exception %u on a woken processor that is still on the firmware's IDT", vector);
}

void witness_handle_exception(struct vcpu *vcpu)
{
    unsigned vector = (unsigned)(vcpu->vmcb->exit_code - SVM_EXIT_EXCEPTION);
    uint64_t cut_off = vcpu->vmcb->event_inject;
    uint32_t error_code = (uint32_t)vcpu->vmcb->exit_info_1;
    if (vector == VECTOR_PF)
        vcpu->vmcb->cr2 = vcpu->vmcb->exit_info_2;
    if (cut_off & SVM_EVENT_VALID) {
        vcpu->vmcb->event_inject = 0;
        if ((cut_off & SVM_EVENT_VECTOR) == VECTOR_DF)
            fatal(vcpu, "triple fault (exception %u while #DF is delivered; CR2 0x%lx)", vector,
                  vcpu->vmcb->cr2);
        vector = VECTOR_DF;
        error_code = 0;
    }
    vcpu_inject(vcpu, vector, error_code);
}

/* ---- What the OS's side writes. ---- */

static bool touches(uint64_t offset, unsigned bytes, size_t first, size_t end)
{
    return offset < end && offset + bytes > first;
}

static bool is_described(uint32_t apic_id)
{
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        if (monitor.vcpus[i].apic_id == apic_id)
            return true;
    return false;
}

static void judge_operands(struct vcpu *vcpu, const struct store *store, uint16_t command,
                           uint64_t vector)
{
    bool missing = !os.id_written || (command == MAILBOX_WAKEUP && !os.vector_written);
    uint32_t apic_id;
    memcpy(&apic_id, os.head + offsetof(struct mailbox, apic_id), sizeof(apic_id));
    /* With a command before Noop, none of its operands can be right. */
    if (os.pending != MAILBOX_NOOP)
        report_finding(vcpu, RULE_NOOP, store->phys, command,
                       "command %u, while the mailbox still holds command %u", command, os.pending);
    else if (missing)
        report_finding(vcpu, RULE_OPERANDS, store->phys, command,
                       "command %u was released without %s written before it", command,
                       os.id_written ? "a vector" : "an APIC ID");
    else if (!is_described(apic_id))
        report_finding(vcpu, RULE_CPU, store->phys, apic_id,
                       "a command for APIC ID %u, which no processor has", apic_id);
    else if (command == MAILBOX_WAKEUP && vector >= GUEST_FOUR_GIB)
        report_finding(vcpu, RULE_VECTOR, store->phys, vector,
                       "wakeup vector 0x%lx is not below 4 GiB", vector);
}

static void judge_command(struct vcpu *vcpu, const struct store *store)
{
    uint16_t command;
    uint64_t vector;
    memcpy(&command, os.head, sizeof(command));
    memcpy(&vector, os.head + offsetof(struct mailbox, wakeup_vector), sizeof(vector));
    if (command == MAILBOX_NOOP) /* taken back, as who gives a processor up does */
        return;
    report_mailbox_command();
    if (command > MAILBOX_TEST)
        report_finding(vcpu, RULE_COMMAND, store->phys, command, "mailbox command %u is reserved",
                       command);
    else
        judge_operands(vcpu, store, command, vector);
    os.id_written = os.vector_written = false;
}

static void judge_mailbox(struct vcpu *vcpu, const struct store *store)
{
    uint64_t offset = store->phys % PAGE_BYTES;
    uint16_t reserved;
    bool releases = touches(offset, store->bytes, 0, offsetof(struct mailbox, reserved));
    bool id = touches(offset, store->bytes, offsetof(struct mailbox, apic_id),
                      offsetof(struct mailbox, wakeup_vector));
    bool vector = touches(offset, store->bytes, offsetof(struct mailbox, wakeup_vector),
                          offsetof(struct mailbox, for_os));
    if (offset + store->bytes > offsetof(struct mailbox, for_firmware))
        report_finding(vcpu, RULE_HALF, store->phys, store->value,
                       "offset 0x%lx of the mailbox is the firmware's: read-only", offset);
    memcpy(&os.pending, (void *)npt_host_address(mailbox_phys), sizeof(os.pending));
    memcpy(os.head, &os.pending, sizeof(os.pending));
    for (unsigned i = 0; i < store->bytes && offset + i < sizeof(os.head); i++)
        os.head[offset + i] = (uint8_t)(store->value >> (8 * i));
    memcpy(&reserved, os.head + offsetof(struct mailbox, reserved), sizeof(reserved));
    if (reserved && touches(offset, store->bytes, offsetof(struct mailbox, reserved),
                            offsetof(struct mailbox, apic_id)))
        report_finding(vcpu, RULE_RESERVED, store->phys, reserved,
                       "0x%x in the field behind the command", reserved);
    os.id_written |= id;
    os.vector_written |= vector;
    if ((id || vector) && !releases && os.pending != MAILBOX_NOOP)
        report_finding(vcpu, RULE_OPERANDS, store->phys, store->value,
                       "%s was written after command %u was released",
                       id ? "the APIC ID" : "the vector", os.pending);
    if (releases)
        judge_command(vcpu, store);
}

/* How many processors wait in firmware, or came back to it. */
static uint32_t count_waiting(void)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < monitor.vcpu_count; i++)
        count +=
            view_of(&monitor.vcpus[i]) == VIEW_FIRMWARE || view_of(&monitor.vcpus[i]) == VIEW_OPEN;
    return count;
}

static void judge_tables(struct vcpu *vcpu, const struct store *store)
{
    uint32_t waiting = count_waiting();
    for (unsigned i = 0; i < table_count; i++)
        if (store->phys - table_pages[i] < PAGE_BYTES)
            memcpy((uint8_t *)tables[i] + store->phys % PAGE_BYTES, &store->value, store->bytes);
    if (waiting)
        report_finding(vcpu, RULE_TABLES, store->phys, store->value,
                       "%u processors still wait on the page tables that are written here",
                       waiting);
}

static void judge(struct vcpu *vcpu, const struct store *store)
{
    enum muster_region region = witness_region_of(store->phys);
    report_write(vcpu, witness_region_name(region), store->phys, store->bytes, store->value);
    if (region == MUSTER_REGION_MAILBOX)
        judge_mailbox(vcpu, store);
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
    if (region && (region != MUSTER_REGION_TABLES || count_waiting()))
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
        take_lock();
        store_emulate(vcpu, phys, judge);
        drop_lock();
    }
}
