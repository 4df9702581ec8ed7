/*
 * AMD SEV-SNP: the guest writes the first state of each AP, its VMSA, and has the hypervisor run it
 * (APM vol. 2, 15.36; GHCB, 4.1, AP creation). Any state may be in it, so each AP begins in long
 * mode at its own stub: one that came from real mode would have to ask for its APIC ID, and that
 * is a #VC before there is anybody to take it. For a guest at VMPL 0, without Secure TSC.
 */
#include "abi/sev.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/memory_functions.h"
#include "lib/wake/way.h"

/* Of every 512 pages, the one that begins a large page is left out. */
#define BLOCK_PAGES  (SEV_LARGE_PAGE / SEV_VMSA_BYTES)
#define BLOCK_USABLE (BLOCK_PAGES - 1)

/* A slot's way_step. */
enum snp_step { NOT_CREATED, CREATED };

uint64_t muster_vmsa_bytes(uint32_t cpu_count)
{
    uint64_t borders = ((uint64_t)cpu_count + BLOCK_USABLE - 1) / BLOCK_USABLE;
    return (cpu_count + borders) * SEV_VMSA_BYTES;
}

/* The page of this slot's VMSA: the @index-th from vmsa_phys on that begins no large page. */
static uint64_t vmsa_phys_of(const struct muster_machine *machine, uint32_t index)
{
    uint64_t first_page = machine->config.vmsa_phys / SEV_VMSA_BYTES;
    uint64_t borders_below = (first_page + BLOCK_PAGES - 1) / BLOCK_PAGES;
    uint64_t usable = first_page - borders_below + index;
    return (usable / BLOCK_USABLE * BLOCK_PAGES + 1 + usable % BLOCK_USABLE) * SEV_VMSA_BYTES;
}

static struct sev_vmsa *vmsa_of(const struct muster_machine *machine, uint32_t index)
{
    return machine->platform->map(machine->platform->context, vmsa_phys_of(machine, index),
                                  SEV_VMSA_BYTES);
}

static uint64_t vmsa_features(const struct muster_machine *machine)
{
    return muster_sev_status(machine->platform) >> SEV_FEATURES_SHIFT;
}

/* GDT and IDT have the limit 0, as with Hyper-V: nobody loads a segment before its own GDT. */
static void write_segments(struct sev_vmsa *vmsa)
{
    const struct sev_segment data = {
        .selector = ENTRY_DS, .attributes = SEV_SEGMENT_DATA, .limit = ~0u};
    vmsa->cs = (struct sev_segment){
        .selector = ENTRY_CS64, .attributes = SEV_SEGMENT_CODE64, .limit = ~0u};
    vmsa->ds = vmsa->es = vmsa->fs = vmsa->gs = vmsa->ss = data;
    vmsa->ldtr = (struct sev_segment){.attributes = SEV_SEGMENT_LDT, .limit = 0xFFFF};
    vmsa->tr = (struct sev_segment){.attributes = SEV_SEGMENT_TSS, .limit = 0xFFFF};
}

static void write_vmsa(const struct muster_machine *machine, uint32_t index, struct sev_vmsa *vmsa)
{
    struct start_state start;
    start_state_make(machine, index, &start);
    memset(vmsa, 0, sizeof(*vmsa));
    write_segments(vmsa);
    vmsa->rip = start.rip;
    vmsa->rflags = RFLAGS_FIXED;
    vmsa->efer = start.efer | SEV_EFER_SVME;
    vmsa->cr0 = start.cr0;
    vmsa->cr3 = start.cr3;
    vmsa->cr4 = start.cr4;
    vmsa->pat = start.pat;
    vmsa->dr6 = SEV_DR6_AT_RESET;
    vmsa->dr7 = SEV_DR7_AT_RESET;
    vmsa->xcr0 = SEV_XCR0_AT_RESET;
    vmsa->mxcsr = SEV_MXCSR_AT_RESET;
    vmsa->x87_ftw = SEV_X87_FTW;
    vmsa->x87_fcw = SEV_X87_FCW;
    vmsa->sev_features = vmsa_features(machine); /* must be those of the CPU that creates it */
}

static enum muster_status adjust_page(struct muster_slot *slot, uint64_t attributes)
{
    const struct muster_machine *machine = slot->machine;
    const struct muster_platform *platform = machine->platform;
    uint32_t answer = platform->rmpadjust(platform->context, vmsa_phys_of(machine, slot->index),
                                          RMPADJUST_VMPL_1 | attributes);
    slot->failure_code = answer;
    return answer == RMPADJUST_SUCCESS ? MUSTER_OK : MUSTER_ERROR_RMPADJUST;
}

static enum muster_status ask_host(struct muster_slot *slot, uint64_t what)
{
    const struct muster_platform *platform = slot->machine->platform;
    struct muster_vmgexit exit = {
        .code = SEV_EXIT_AP_CREATION,
        .info_1 = (uint64_t)slot->apic_id << SEV_AP_APIC_ID_SHIFT | what, /* at VMPL 0 */
        .info_2 = vmsa_phys_of(slot->machine, slot->index),
        .rax = vmsa_features(slot->machine),
    };
    platform->vmgexit(platform->context, &exit);
    if (!(exit.info_1 & SEV_EXIT_INFO_1_FAILURE))
        return MUSTER_OK;
    slot->failure_code = (uint32_t)exit.info_2;
    return MUSTER_ERROR_GHCB_REFUSED;
}

/*
 * A CPU that was created and never came: out of the way, and its page a page again. Should it have
 * claimed its slot at the last moment, it must be able to claim it anew.
 */
static enum muster_status take_back(struct muster_slot *slot)
{
    enum muster_status status = ask_host(slot, SEV_AP_DESTROY);
    if (status)
        return status;
    status = adjust_page(slot, 0);
    if (status)
        return status;
    slot->way_step = NOT_CREATED;
    word_store_release(&slot->claimed, 0);
    return MUSTER_OK;
}

static enum muster_status create(const struct wake_run *run, struct muster_slot *slot)
{
    struct muster_machine *machine = slot->machine;
    enum muster_status status = slot->way_step == CREATED ? take_back(slot) : MUSTER_OK;
    if (status)
        return status;
    write_vmsa(machine, slot->index, vmsa_of(machine, slot->index));
    status = adjust_page(slot, RMPADJUST_VMSA);
    if (status)
        return status;
    slot_stamp_wake(run, slot);
    status = ask_host(slot, SEV_AP_CREATE);
    if (status == MUSTER_OK) {
        slot->way_step = CREATED;
        return MUSTER_OK;
    }
    uint32_t answer = slot->failure_code;
    if (adjust_page(slot, 0) != MUSTER_OK)
        slot->way_step = CREATED; /* a VMSA still: to be taken back before it is written again */
    slot->failure_code = answer;
    return status;
}

/* A hypervisor that takes its time over each call takes the one deadline, and no more. */
static void snp_wake(const struct wake_run *run)
{
    for (uint32_t i = 0; i < run->machine->cpu_count; i++) {
        struct muster_slot *slot = &run->machine->slots[i];
        if (!slot_wants_wake(slot))
            continue;
        enum muster_status status = way_time_is_over(run) ? MUSTER_TIME_OUT : create(run, slot);
        if (status)
            slot_fail(slot, status);
    }
}

static uint64_t snp_wake_again(const struct wake_run *run, unsigned attempt)
{
    (void)run;
    (void)attempt;
    return 0; /* the call was answered: the hypervisor runs the CPU, or has said why not */
}

static bool vmsas_are_sound(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    const struct muster_cpu_config *config = &machine->config;
    if (config->vmsa_phys == 0 || config->vmsa_phys % SEV_VMSA_BYTES ||
        config->vmsa_bytes < muster_vmsa_bytes(machine->cpu_count))
        return false;
    if (platform->is_private &&
        !platform->is_private(platform->context, config->vmsa_phys, config->vmsa_bytes))
        return false;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (!vmsa_of(machine, i))
            return false;
    return true;
}

static enum muster_status snp_prepare(struct muster_machine *machine)
{
    /* The scale and offset of a Secure TSC come from the PSP, which nobody here asks. */
    if (muster_sev_status(machine->platform) & SEV_STATUS_SECURE_TSC)
        return MUSTER_NOT_SUPPORTED;
    if (!vmsas_are_sound(machine))
        return MUSTER_ERROR_VMSA_PAGE;
    if (!start_tables_are_sound(machine))
        return MUSTER_INVALID_ARGUMENT;
    return mailbox_entry_prepare(machine);
}

const struct way_operations snp_way = {
    .entry_bytes = mailbox_entry_bytes,
    .prepare = snp_prepare,
    .wake = snp_wake,
    .wake_again = snp_wake_again,
};
