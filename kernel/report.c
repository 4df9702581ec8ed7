#include "kernel/report.h"

#include "boot/console.h"
#include "boot/json.h"
#include "boot/plural.h"
#include "kernel/firmware.h"
#include "kernel/hotadd.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "lib/atomic.h"

enum muster_cpu_state report_cpu_state(uint32_t index)
{
    if (percpus[index].given_up)
        return MUSTER_CPU_FAILED;
    return muster_cpu_state(&kernel.machine, index);
}

const char *report_failure(uint32_t index, char text[REPORT_FAILURE_BYTES])
{
    enum muster_status failure = kernel.machine.slots[index].failure;
    const char *given_up = percpus[index].given_up;
    if (cpu_if_active(index))
        return NULL;
    if (given_up || failure == MUSTER_OK)
        failure = MUSTER_TIME_OUT;
    text_format(text, REPORT_FAILURE_BYTES, "%s%s%s", muster_error_name(failure),
                given_up ? ": " : "", given_up ? given_up : "");
    return text;
}

bool report_is_well(void)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (kernel.machine.cpus[i].enabled && !cpu_if_active(i))
            return false;
    for (uint32_t i = 0; i < proof_count; i++)
        if (proofs[i].state == PROOF_BROKEN)
            return false;
    return hotadd_is_well();
}

static void print_cpus(void)
{
    console_write("CPU  APIC ID  state       sent us  first us  parked us      on us\n");
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        const uint64_t *stamps = kernel.machine.slots[i].stamps_ns;
        char text[REPORT_FAILURE_BYTES];
        if (!kernel.machine.cpus[i].enabled)
            continue; /* it may come later, or has gone */
        const char *failure = report_failure(i, text);
        console_printf(
            "%3u %8u  %-9s%10lu%10lu%11lu%11lu%s%s%s\n", i, kernel.machine.cpus[i].apic_id,
            muster_cpu_state_name(report_cpu_state(i)), stamps[MUSTER_STAMP_WAKE_SENT] / 1000,
            stamps[MUSTER_STAMP_FIRST_INSTRUCTION] / 1000, stamps[MUSTER_STAMP_PARKED] / 1000,
            stamps[MUSTER_STAMP_ON] / 1000, i == kernel.machine.bsp ? "  BSP" : "",
            failure ? "  " : "", failure ? failure : "");
    }
}

/* What a CPU told of itself, and firmware of it; null where they did not. */
static void report_place(uint32_t index)
{
    const struct muster_topology *topology = &kernel.machine.slots[index].topology;
    const struct muster_cpu *cpu = &kernel.machine.cpus[index];
    json_text("kind", muster_core_kind_name(topology->kind));
    json_number_or_null("core", topology->known, topology->core);
    json_number_or_null("die", topology->known, topology->die);
    json_number_or_null("package", topology->known, topology->package);
    json_number_or_null("node", cpu->numa_node != MUSTER_NUMA_NODE_UNKNOWN, cpu->numa_node);
}

/* The BSP's is what the others are measured against. */
static void report_clock(uint32_t index)
{
    const struct muster_clock *clock = &kernel.machine.slots[index].clock;
    const char *const names[] = {"tsc_offset", "tsc_uncertainty", "tsc_correction"};
    const int64_t values[] = {clock->offset, (int64_t)clock->uncertainty, clock->correction};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (clock->known)
            json_signed(names[i], values[i]);
        else
            json_text(names[i], NULL);
}

static void report_order(void)
{
    json_open("order", '{');
    json_text("policy", muster_order_name(kernel.options.order));
    json_open("apic_ids", '[');
    for (uint32_t i = 0; i < kernel.order_count; i++)
        json_number(NULL, kernel.machine.cpus[kernel.order[i]].apic_id);
    json_close(']');
    json_close('}');
}

static void report_cpus(void)
{
    json_open("cpus", '[');
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        const uint64_t *stamps = kernel.machine.slots[i].stamps_ns;
        char text[REPORT_FAILURE_BYTES];
        if (!kernel.machine.cpus[i].enabled)
            continue; /* it may come later, or has gone */
        json_open(NULL, '{');
        json_number("index", i);
        json_number("apic_id", kernel.machine.cpus[i].apic_id);
        json_bool("bsp", i == kernel.machine.bsp);
        json_text("state", muster_cpu_state_name(report_cpu_state(i)));
        json_text("failure", report_failure(i, text));
        json_text("park_method", muster_park_method_name(kernel.machine.slots[i].park_method));
        report_place(i);
        report_clock(i);
        json_open("stamps_ns", '{');
        for (unsigned stamp = 0; stamp < MUSTER_STAMP_COUNT; stamp++)
            if (stamps[stamp])
                json_number(muster_stamp_name((enum muster_stamp)stamp), stamps[stamp]);
        json_close('}');
        json_close('}');
    }
    json_close(']');
}

void report_proofs(const char *key, const struct proof *list, uint32_t count)
{
    json_open(key, '[');
    for (uint32_t i = 0; i < count; i++) {
        json_open(NULL, '{');
        json_text("name", list[i].name);
        json_text("state", proof_state_name(list[i].state));
        json_text("detail", list[i].detail);
        json_close('}');
    }
    json_close(']');
}

static void report_memory(void)
{
    const struct muster_custody *custody = &kernel.custody;
    json_open("memory", '{');
    json_text("policy", custody->policy == MUSTER_CUSTODY_KEEP ? "keep" : "reclaim");
    json_number("custody_taken_bytes", custody->taken_bytes);
    json_number("custody_usable_bytes", custody->taken_usable_bytes);
    json_number("returned_bytes", custody->returned_bytes);
    json_close('}');
}

/* The mailbox's members are null where no mailbox is described. */
static void report_discovery(void)
{
    const struct muster_machine *machine = &kernel.machine;
    json_open("discovery", '{');
    json_text("source", muster_source_name(machine->sources));
    json_number("madt_revision", machine->madt_revision);
    json_number("duplicates", machine->duplicate_count);
    json_number("invalid", machine->invalid_count);
    json_number("disabled", machine->disabled_count);
    json_number("online_capable", machine->cpu_count - cpu_there_count());
    if (machine->mailbox.present) {
        json_text("mailbox_source", muster_source_name(machine->mailbox.source));
        json_number("mailbox_version", machine->mailbox.version);
        json_hex("mailbox_phys", machine->mailbox.mailbox_phys);
    } else {
        json_text("mailbox_source", NULL);
        json_text("mailbox_version", NULL);
        json_text("mailbox_phys", NULL);
    }
    if (machine->mailbox.reset_vector_phys)
        json_hex("reset_vector_phys", machine->mailbox.reset_vector_phys);
    else
        json_text("reset_vector_phys", NULL);
    json_close('}');
}

static void report_json(void)
{
    json_begin("kernel", "report");
    json_text("way", muster_way_name(kernel.plan.way));
    json_text("reason", kernel.plan.reason);
    json_text("strategy", options_strategy_name(kernel.options.strategy));
    report_cpus();
    report_order();
    report_proofs("proofs", proofs, kernel.options.prove ? proof_count : 0);
    report_memory();
    report_discovery();
    firmware_report();
    json_open("timing", '{');
    json_number("adopt_ns", kernel.adopt_ns);
    json_number("clocks_ns", kernel.clocks_ns);
    json_number("start_ns", kernel.start_ns);
    json_number("all_on_ns", kernel.all_on_ns);
    json_close('}');
    clock_report(&kernel.clock);
    json_text("park_method", muster_park_method_name(kernel.machine.config.park_method));
    json_open("cycles", '{');
    json_number("count", kernel.cycles_done);
    json_number("seed", kernel.options.seed);
    json_number("ns", kernel.cycles_ns);
    json_close('}');
    hotadd_report();
    json_number("strays", word_load_acquire(&kernel.machine.strays));
    json_number("paging_levels", kernel.paging.levels);
    json_number("nmis_parked", kernel.nmis_parked);
    json_number("mces_parked", kernel.mces_parked);
    json_text("result", report_is_well() ? "ok" : "failed");
    json_end();
}

void report_end(void)
{
    json_begin("kernel", "end");
    json_end();
}

void report_write(void)
{
    print_cpus();
    console_printf("result: %s: %u of %u %s on\n", report_is_well() ? "ok" : "failed",
                   cpu_active_count(), cpu_there_count(), plural(cpu_there_count(), "CPU", "CPUs"));
    uint32_t dropped = word_load_acquire(&kernel.device_interrupts);
    if (dropped)
        console_printf("interrupts: %u dropped, of devices that firmware has left on\n", dropped);
    report_trace();
    report_json();
}
