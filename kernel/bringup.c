#include "kernel/bringup.h"

#include <muster/trace.h>

#include "abi/handover.h"
#include "abi/pvh.h"
#include "boot/console.h"
#include "boot/json.h"
#include "boot/mark.h"
#include "boot/native.h"
#include "boot/plural.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"
#include "kernel/paging.h"
#include "kernel/syscall.h"
#include "kernel/trap.h"

#define INDEX_PLACES      (2 * MAX_CPUS)
#define MAILBOX_ENTRY_MAX 8 /* pages; the library needs one for 64 CPUs */

#define TIMEOUT_NS         10000000000u /* for each thing that is waited for */
#define TIMEOUT_PER_CPU_NS 100000000u

/* All of it in the image: adoption comes before any memory may be handed out. */
static struct muster_cpu cpus[MAX_CPUS];
static struct muster_index_entry cpu_index[INDEX_PLACES];
static struct muster_slot slots[MAX_CPUS];
static struct muster_idt idt;
static uint8_t mailbox_entry[MAILBOX_ENTRY_MAX][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static struct muster_cpu_config config;

/* Whoever looks after a crash finds it at the start of a page (muster/trace.h). */
static uint8_t trace[MUSTER_TRACE_BYTES(MAX_CPUS)] __attribute__((aligned(PAGE_BYTES)));

/* A loader that brings a tree and no RSDP has no ACPI to offer: nobody goes looking for one. */
static enum muster_status discover(uint64_t rsdp_phys, uint64_t fdt_phys)
{
    struct muster_machine *machine = &kernel.machine;
    uint32_t bsp_apic_id = muster_apic_id(&kernel.platform);
    if (kernel.options.fdt_only && !fdt_phys)
        fatal("wake=fdt, and the loader gives no device tree (a module named '" PVH_MODULE_FDT
              "')");
    if (fdt_phys && (kernel.options.fdt_only || !rsdp_phys))
        return muster_discover_fdt(machine, fdt_phys, bsp_apic_id);
    if (!rsdp_phys)
        rsdp_phys = muster_rsdp_scan(&kernel.platform);
    if (!rsdp_phys)
        fatal("no ACPI: the loader gives no RSDP and the BIOS's areas hold none");
    enum muster_status status =
        fdt_phys ? muster_discover_both(machine, rsdp_phys, fdt_phys, bsp_apic_id)
                 : muster_discover(machine, rsdp_phys, bsp_apic_id);
    if (status == MUSTER_OK && muster_discover_nodes(machine, rsdp_phys) != MUSTER_OK)
        console_printf("discover: warning: no NUMA nodes: %s\n",
                       muster_error_text(machine->finding.status));
    return status;
}

static void print_machine(const struct muster_machine *machine)
{
    const struct muster_mailbox_description *mailbox = &machine->mailbox;
    console_printf("discover: %u %s by %s, %u more may come, BSP has APIC ID %u, MADT revision %u, "
                   "entries: %u duplicate, %u invalid, %u disabled\n",
                   cpu_there_count(), plural(cpu_there_count(), "CPU", "CPUs"),
                   muster_source_name(machine->sources), machine->cpu_count - cpu_there_count(),
                   machine->cpus[machine->bsp].apic_id, machine->madt_revision,
                   machine->duplicate_count, machine->invalid_count, machine->disabled_count);
    if (mailbox->present)
        console_printf("discover: mailbox by %s, version %u at 0x%lx, reset vector 0x%lx\n",
                       muster_source_name(mailbox->source), mailbox->version, mailbox->mailbox_phys,
                       mailbox->reset_vector_phys);
}

/*
 * Hundreds of CPUs that a host runs in turn on a core or two, busy otherwise, need longer: an AP
 * that sleeps and looks, as most firmware's do, costs the one that is being woken its turn.
 */
static uint64_t default_timeout_ns(const struct muster_machine *machine)
{
    return TIMEOUT_NS + (uint64_t)machine->cpu_count * TIMEOUT_PER_CPU_NS;
}

void bringup_discover(uint64_t rsdp_phys, uint64_t fdt_phys)
{
    struct muster_machine *machine = &kernel.machine;
    enum muster_status status =
        muster_machine_init(machine, &kernel.platform, cpus, MAX_CPUS, cpu_index, INDEX_PLACES);
    if (status == MUSTER_OK && kernel.options.trace)
        status = muster_trace_init(machine, trace, sizeof(trace));
    if (status != MUSTER_OK)
        fatal_status(status, "set the machine up");
    machine->keep_disabled = kernel.options.hot_add != 0;
    status = discover(rsdp_phys, fdt_phys);
    if (status == MUSTER_OK && fdt_phys)
        status = muster_memory_add_fdt(&kernel.map, &kernel.platform, fdt_phys, &machine->finding);
    if (status != MUSTER_OK)
        fatal_status(status, "find the processors");
    if (!kernel.options.timeout_ns)
        kernel.options.timeout_ns = default_timeout_ns(machine);
    print_machine(machine);
    status = muster_plan_make(machine, kernel.options.way, &kernel.plan);
    if (status != MUSTER_OK)
        fatal_status(status, "choose a way to wake");
    console_printf("plan: %s: %s\n", muster_way_name(kernel.plan.way), kernel.plan.reason);
}

static void take(uint64_t phys, uint64_t bytes, enum muster_memory_owner owner)
{
    enum muster_status status = muster_custody_take(&kernel.custody, phys, bytes, owner);
    if (status != MUSTER_OK)
        fatal_status(status, "take the firmware's memory into custody");
}

void bringup_take_custody(void)
{
    const struct muster_mailbox_description *mailbox = &kernel.machine.mailbox;
    enum muster_custody_policy policy =
        kernel.options.has_policy ? kernel.options.policy
                                  : muster_custody_default_policy(mailbox->reset_vector_phys != 0);
    muster_custody_init(&kernel.custody, &kernel.map, &kernel.platform, policy);
    if (!mailbox->present)
        return;
    take(mailbox->mailbox_phys, PAGE_BYTES, MUSTER_OWNER_FIRMWARE_MAILBOX);
    if (mailbox->reset_vector_phys)
        take(page_down(mailbox->reset_vector_phys), PAGE_BYTES, MUSTER_OWNER_FIRMWARE_LOOP);
    enum muster_status status = muster_custody_take_known(&kernel.custody);
    if (status != MUSTER_OK)
        fatal_status(status, "take the firmware's known memory into custody");
}

/* INIT-SIPI needs a page below 1 MiB; the mailbox's vectors may lead into the image. */
static void choose_entry(void)
{
    if (kernel.plan.way == MUSTER_WAY_SIPI) {
        config.entry_bytes = muster_entry_bytes(&kernel.machine, &kernel.plan);
        enum muster_status status =
            muster_memory_allocate(&kernel.map, config.entry_bytes, PAGE_BYTES, PAGE_BYTES, MIB,
                                   MUSTER_OWNER_ENTRY, &config.entry_phys);
        if (status != MUSTER_OK)
            fatal_status(status, "find a page below 1 MiB for the APs' entry");
        return;
    }
    config.entry_phys = (uint64_t)mailbox_entry;
    config.entry_bytes = sizeof(mailbox_entry); /* too few: muster_prepare() says so */
}

void bringup_prepare(void)
{
    choose_entry();
    config.park_cr3 = kernel.paging.root_phys;
    config.paging_levels = kernel.paging.levels;
    config.cr4_features = MUSTER_CR4_FEATURES;
    config.wake_vector = WAKE_VECTOR;
    config.no_broadcast = kernel.options.strategy != STRATEGY_BROADCAST;
    config.syscall_entry = (uint64_t)syscall_entry;
    config.trap = kernel_trap;
    config.park_method = kernel.options.park_method;
    config.mwait_hint = kernel.options.mwait_hint;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        percpus[i].slot = &slots[i];
        percpus[i].self = &percpus[i];
        percpus[i].index = i;
    }
    enum muster_status status = muster_prepare(&kernel.machine, &kernel.plan, &config, slots, &idt,
                                               &percpus[kernel.machine.bsp]);
    if (status == MUSTER_NOT_SUPPORTED && config.park_method != MUSTER_PARK_AUTO)
        fatal_usage("park=%s on the command line: this platform has no such sleep; leave it out",
                    muster_park_method_name(config.park_method));
    if (status != MUSTER_OK)
        fatal_status(status, "prepare the processors' slots");
    paging_seal(config.entry_phys, config.entry_bytes);
}

/* Each AP came on some firmware page table, most on the same. Nobody has allocated anything yet. */
static void take_tables(void)
{
    uint64_t last_cr3 = 0;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        uint64_t cr3 = slots[i].firmware_cr3;
        if (!cr3 || cr3 == last_cr3 || kernel.plan.way != MUSTER_WAY_MAILBOX)
            continue;
        enum muster_status status =
            muster_custody_take_tables(&kernel.custody, cr3, slots[i].firmware_levels);
        if (status != MUSTER_OK)
            fatal_status(status, "take the firmware's page tables into custody");
        last_cr3 = cr3;
    }
}

static void print_failed(void)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (muster_cpu_state(&kernel.machine, i) == MUSTER_CPU_FAILED)
            console_printf("  CPU %u (APIC ID %u): %s\n", i, slots[i].apic_id,
                           muster_error_text(slots[i].failure));
}

/* Who orders CPUs by what they told, or has use for parked ones, lets them rest in between. */
static bool may_start_on_arrival(void)
{
    return kernel.options.order == MUSTER_ORDER_LISTED && !kernel.options.park_ns &&
           !kernel.options.nmi_parked && !kernel.options.mce_parked &&
           (!kernel.plan.reset_vector || !kernel.options.prove) &&
           !options_one_by_one(&kernel.options);
}

static void prepare_starts(void)
{
    const struct muster_machine *machine = &kernel.machine;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (!machine->cpus[i].enabled)
            continue;
        bringup_prepare_start(i);
        if (i != machine->bsp && may_start_on_arrival())
            (void)muster_cpu_on_arrival(&kernel.machine, slots[i].apic_id, &slots[i].start);
    }
}

void bringup_adopt(void)
{
    prepare_starts();
    mark_write(&kernel.platform, BRING_UP_MARK);
    if (options_one_by_one(&kernel.options))
        return; /* each by itself, when it is its turn: bringup_start() */
    uint64_t start = time_now_ns();
    enum muster_status status =
        muster_adopt(&kernel.machine, &kernel.plan, kernel.options.timeout_ns);
    bringup_mark_early();
    kernel.adopt_ns = time_now_ns() - start;
    if (status != MUSTER_OK && status != MUSTER_TIME_OUT)
        fatal_status(status, "adopt the processors");
    kernel.adopt_status = status;
}

static void tell_adopted(void)
{
    if (options_one_by_one(&kernel.options))
        console_write("adopt: each CPU by itself\n");
    else
        console_printf("adopt: %s after %lu us\n",
                       kernel.adopt_status == MUSTER_OK ? "every CPU came" : "not every CPU came",
                       kernel.adopt_ns / 1000);
    print_failed();
}

static void tell_custody(void)
{
    if (kernel.custody.taken_bytes)
        console_printf("custody: %lu KiB of firmware memory, %lu KiB of it declared usable\n",
                       kernel.custody.taken_bytes / 1024, kernel.custody.taken_usable_bytes / 1024);
    /* Custody cannot hold what nobody knows of; all that is left is to use no memory but ours. */
    if (muster_ap_in_firmware(&kernel.machine, &kernel.plan))
        console_write("custody: warning: a missing CPU may be on page tables that nobody knows: "
                      "no memory is handed out\n");
}

static void release_custody(void)
{
    if (!kernel.custody.taken_bytes)
        return;
    enum muster_status status = muster_custody_release(
        &kernel.custody, muster_ap_in_firmware(&kernel.machine, &kernel.plan));
    if (status == MUSTER_OK)
        console_printf("custody: %lu KiB given back\n", kernel.custody.returned_bytes / 1024);
    else if (status == MUSTER_DENIED || status == MUSTER_ERROR_CUSTODY_IN_USE)
        console_printf("custody: kept: %s\n",
                       status == MUSTER_DENIED ? "the policy is KEEP" : muster_error_text(status));
    else
        fatal_status(status, "give the firmware's memory back");
}

void bringup_settle_custody(void)
{
    tell_adopted();
    take_tables();
    tell_custody();
    release_custody();
}
