/*
 * The machine below the guest: every processor woken by the library, as a kernel would, and held
 * until all are here.
 *
 * No firmware has described anything: QEMU's fw_cfg says how many processors there are, and what
 * the highest APIC ID is. Every ID up to it is entered by machine_add(), and the library's
 * broadcast SIPI lets each find its slot by its own ID. Where IDs have gaps (QEMU's -smp with
 * cores or threads no power of two), those that do not exist cost the one deadline.
 */
#include <muster/wake.h>

#include "abi/fw_cfg.h"
#include "boot/console.h"
#include "lib/atomic.h"
#include "lib/machine.h"
#include "monitor/fw_cfg.h"
#include "monitor/hyperv.h"
#include "monitor/instructions.h"
#include "monitor/layout.h"
#include "monitor/memory.h"
#include "monitor/monitor.h"
#include "monitor/report.h"

#define INDEX_PLACES  512
#define MOST_IDS      255
#define ADOPT_NS      5000000000ull
#define ADOPT_GAPS_NS 500000000ull
#define START_NS      5000000000ull
#define WAKE_VECTOR   0x20
#define STACK_BYTES   0x4000

static struct muster_machine machine;
static struct muster_cpu cpus[MOST_IDS];
static struct muster_index_entry index_places[INDEX_PLACES];
static struct muster_slot slots[MOST_IDS];
static struct muster_idt idt;
static struct vcpu vcpus[MONITOR_MOST_VCPUS];
static uint8_t stacks[MONITOR_MOST_VCPUS][STACK_BYTES] __attribute__((aligned(16)));
static struct muster_word arrived, go;

static void check(enum muster_status status, const char *doing)
{
    if (status)
        fatal(NULL, "cannot %s: %s [%s]", doing, muster_error_text(status),
              muster_error_name(status));
}

/* An NMI is a kick; it has done its work by ending a guest's run. All else is a bug here. */
static void trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    if (frame->vector == VECTOR_NMI)
        return;
    fatal(NULL, "trap %lu (error code 0x%lx, CR2 0x%lx) in the monitor at 0x%lx on APIC ID %u",
          frame->vector, frame->error_code, read_cr2(), frame->rip, slot->apic_id);
}

static void describe(uint32_t limit)
{
    uint32_t bsp_id = muster_apic_id(&monitor.platform);
    check(muster_machine_init(&machine, &monitor.platform, cpus, MOST_IDS, index_places,
                              INDEX_PLACES),
          "describe the processors");
    machine.lapic_phys = APIC_DEFAULT_PHYS;
    for (uint32_t id = 0; id < limit; id++) {
        struct muster_cpu cpu = {
            .apic_id = id, .acpi_uid = id, .bsp = id == bsp_id, .enabled = true};
        if (cpu.bsp)
            machine.bsp = machine.cpu_count;
        machine_add(&machine, &cpu);
    }
    if (machine.bsp == MUSTER_BSP_UNKNOWN)
        fatal(NULL, "the BSP's APIC ID %u is none of the %u that fw_cfg knows", bsp_id, limit);
}

/* Entered by every AP: from the borrowed root to the monitor's own, and wait for the others. */
static void ap_main(struct muster_slot *slot, void *context)
{
    struct vcpu *vcpu = context;
    (void)slot;
    write_cr3(monitor.root_cr3);
    word_fetch_add(&arrived, 1);
    while (!word_load_acquire(&go))
        cpu_pause();
    vcpu_run(vcpu);
}

static void give_vcpu(uint32_t machine_index)
{
    struct vcpu *vcpu;
    if (monitor.vcpu_count == MONITOR_MOST_VCPUS)
        fatal(NULL, "more than %u processors", MONITOR_MOST_VCPUS);
    vcpu = &vcpus[monitor.vcpu_count];
    vcpu->slot = &slots[machine_index];
    vcpu->index = monitor.vcpu_count;
    vcpu->apic_id = machine.cpus[machine_index].apic_id;
    slots[machine_index].start = (struct muster_start){
        .entry = ap_main,
        .context = vcpu,
        .stack_top = (uint64_t)(stacks[vcpu->index] + STACK_BYTES),
        .percpu = vcpu,
    };
    monitor.vcpu_count++;
}

/* The BSP is vCPU 0 whatever its APIC ID; who did not come is not counted. */
static void give_vcpus(void)
{
    give_vcpu(machine.bsp);
    for (uint32_t i = 0; i < machine.cpu_count; i++)
        if (i != machine.bsp && muster_cpu_state(&machine, i) == MUSTER_CPU_OFF)
            give_vcpu(i);
}

void machine_bring_up(void)
{
    struct muster_plan plan;
    uint32_t wanted = fw_cfg_number(FW_CFG_NB_CPUS);
    uint32_t limit = fw_cfg_number(FW_CFG_MAX_CPUS);
    if (!wanted || limit < wanted || limit > MOST_IDS)
        fatal(NULL, "fw_cfg says %u processors, APIC IDs below %u; 1 to %u can be had", wanted,
              limit, MOST_IDS);
    describe(limit);
    check(muster_plan_make(&machine, MUSTER_WAY_AUTO, &plan), "plan");
    struct muster_cpu_config config = {
        .park_cr3 = BORROWED_ROOT,
        .paging_levels = 4,
        .entry_phys = BORROWED_ENTRY,
        .entry_bytes = PAGE_BYTES,
        .wake_vector = WAKE_VECTOR,
        .trap = trap,
    };
    check(muster_prepare(&machine, &plan, &config, slots, &idt, &vcpus[0]),
          "prepare the processors");
    memory_open_entry();
    muster_adopt(&machine, &plan, limit == wanted ? ADOPT_NS : ADOPT_GAPS_NS);
    give_vcpus();
    if (monitor.vcpu_count != wanted)
        fatal(NULL, "%u of %u processors came in", monitor.vcpu_count, wanted);
    check(muster_start(&machine, NULL, 0, START_NS), "start the processors");
    while (word_load_acquire(&arrived) != wanted - 1)
        cpu_pause();
    memory_close_entry();
    monitor.vcpus = vcpus;
}

void machine_release(void)
{
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        vcpu_init(&vcpus[i], i, vcpus[i].apic_id);
    hyperv_init();
    report_ready();
    word_store_release(&go, 1);
    vcpu_run(&vcpus[0]);
}
