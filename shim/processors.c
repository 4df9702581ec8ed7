/* Every AP into the shim's park area, by the library, and from there to the mailbox. */
#include "abi/handover.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/json.h"
#include "boot/mark.h"
#include "boot/td.h"
#include "boot/timer.h"
#include "lib/cpu/instructions.h"
#include "shim/host.h"
#include "shim/shim.h"
#include "shim/td/layout.h"

#define FIRST_INTERRUPT 0x20
#define WAKE_VECTOR     0xF0
#define TIME_OUT_NS     10000000000u

static struct muster_idt idt;
static uint64_t start_cr3[SHIM_MAX_CPUS];

static void shim_trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    if (frame->vector == VECTOR_VE && td_handle_ve(frame))
        return;
    if (frame->vector == (uint8_t)shim.machine.profile.apic_svr)
        return; /* spurious: it has no end (SDM vol. 3, 11.9) */
    if (frame->vector >= FIRST_INTERRUPT) {
        /* Our timer's or another AP's; or a late one of the OS's, on a CPU handed back. */
        if (frame->vector == SHIM_ROUSE_VECTOR)
            shim_ap_roused(slot->index);
        muster_apic_eoi(&shim.platform);
        return;
    }
    if (frame->vector == VECTOR_NMI)
        return; /* an OS's, meant for a CPU that is not its yet */
    char text[160];
    text_format(text, sizeof(text), "processor %u: exception %lu, error 0x%lx, at 0x%lx, CR2 0x%lx",
                slot->apic_id, frame->vector, frame->error_code, frame->rip, read_cr2());
    shim_fail(NULL, text);
}

static void check(const char *what, enum muster_status status)
{
    if (status && status != MUSTER_TIME_OUT)
        shim_fail_status(what, status);
}

static struct muster_cpu_config make_config(void)
{
    for (uint32_t i = 0; i < shim.machine.cpu_count; i++)
        start_cr3[i] = shim_tables_root(i);
    return (struct muster_cpu_config){
        .park_cr3 = shim.tables_phys,
        .start_cr3 = start_cr3,
        .paging_levels = shim.options.levels,
        .entry_phys = shim.entry_phys,
        .entry_bytes = shim.entry_bytes,
        .wake_vector = WAKE_VECTOR,
        .trap = shim_trap,
        .td_gate = (struct muster_word *)TD_GATE_PHYS,
        .hyperv_vtl = shim.options.vtl,
    };
}

static void prepare(const struct muster_cpu_config *config)
{
    struct muster_slot *bsp = &shim.slots[shim.machine.bsp];
    check("the processors' tables",
          muster_prepare(&shim.machine, &shim.plan, config, shim.slots, &idt, bsp));
    if (shim.reset_vector_phys)
        check("the reset vector", muster_lend_prepare(&shim.machine, shim.reset_vector_phys));
    shim_tables_seal_entry();
    for (uint32_t i = 0; i < shim.machine.cpu_count; i++)
        shim.slots[i].start = (struct muster_start){
            .entry = shim_ap_main,
            .stack_top = shim.slots[i].park_stack_top,
            .percpu = &shim.slots[i],
        };
}

/* The pages stay out of the OS's hands as long as somebody may yet come through them. */
static void give_entry_back(enum muster_status adopted)
{
    if (adopted == MUSTER_OK) {
        muster_memory_release(&shim.map, MUSTER_OWNER_ENTRY);
        shim_tables_open_entry();
    } else {
        muster_memory_add(&shim.map, shim.entry_phys, shim.entry_bytes, MUSTER_MEMORY_RESERVED);
    }
}

/* Started is not yet at the mailbox, and who is not there is not told of. */
static void await_mailbox(void)
{
    const struct muster_platform *platform = &shim.platform;
    uint64_t deadline_ns = platform->time_ns(platform->context) + TIME_OUT_NS;
    for (uint32_t i = 0; i < shim.machine.cpu_count; i++) {
        if (muster_cpu_state(&shim.machine, i) != MUSTER_CPU_ON)
            continue;
        while (!shim_cpu_is_there(i) && platform->time_ns(platform->context) < deadline_ns)
            cpu_pause();
    }
}

static void share(const char *error)
{
    if (error)
        shim_fail(NULL, error);
}

void shim_processors_start(void)
{
    bool calls = shim.plan.way == MUSTER_WAY_HYPERV;
    shim_tables_build();
    struct muster_cpu_config config = make_config();
    if (calls)
        share(shared_open(&config.hypercall_phys));
    timer_calibrate(&shim.platform, SHIM_TIMER_VECTOR);
    prepare(&config);
    enum muster_status adopted = muster_adopt(&shim.machine, &shim.plan, TIME_OUT_NS);
    if (calls)
        share(shared_close(config.hypercall_phys));
    check("starting the processors", adopted);
    give_entry_back(adopted);
    check("parking the processors", muster_start(&shim.machine, NULL, 0, TIME_OUT_NS));
    await_mailbox();
    mark_write(&shim.platform, ALL_ON_MARK);
}
