/* Which way to wake, by what the platform describes. */
#include <muster/wake.h>

#include "abi/x86.h"
#include "lib/wake/way.h"

const char *muster_way_name(enum muster_way way)
{
    static const char *const names[] = {
        [MUSTER_WAY_AUTO] = "auto",         [MUSTER_WAY_SIPI] = "sipi",
        [MUSTER_WAY_MAILBOX] = "mailbox",   [MUSTER_WAY_NONE] = "none",
        [MUSTER_WAY_TD_START] = "td-start",
    };
    return (unsigned)way < sizeof(names) / sizeof(names[0]) ? names[way] : "unknown";
}

const struct way_operations *way_operations_of(const struct muster_plan *plan)
{
    switch (plan->way) {
    case MUSTER_WAY_SIPI:
        return &sipi_way;
    case MUSTER_WAY_MAILBOX:
        return &mailbox_way;
    case MUSTER_WAY_TD_START:
        return &td_start_way;
    default:
        return NULL;
    }
}

static bool has_aps(const struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].enabled && i != machine->bsp)
            return true;
    return false;
}

static enum muster_status choose(const struct muster_machine *machine, enum muster_way wanted,
                                 struct muster_plan *plan)
{
    plan->way = wanted;
    if (wanted != MUSTER_WAY_AUTO)
        plan->reason = "asked for";
    if (wanted == MUSTER_WAY_MAILBOX && !machine->mailbox.present)
        return MUSTER_ERROR_NO_WAY;
    if (wanted == MUSTER_WAY_SIPI && machine->confidential)
        return MUSTER_ERROR_NO_WAY;
    if (wanted == MUSTER_WAY_TD_START && !machine->confidential)
        return MUSTER_ERROR_NO_WAY;
    if (wanted != MUSTER_WAY_AUTO)
        return MUSTER_OK;
    if (machine->cpu_count == 1) {
        plan->way = MUSTER_WAY_NONE;
        plan->reason = "there is one processor";
    } else if (machine->mailbox.present) {
        plan->way = MUSTER_WAY_MAILBOX;
        plan->reason = "the MADT has a Multiprocessor Wakeup entry: firmware holds the processors "
                       "at its mailbox";
    } else if (!machine->confidential) {
        plan->way = MUSTER_WAY_SIPI;
        plan->reason = "no mailbox is described, and this is no TD: INIT and SIPI work";
    } else if (!has_aps(machine)) {
        plan->way = MUSTER_WAY_NONE;
        plan->reason = "one processor is there; nothing is described to wake those added later";
    } else {
        return MUSTER_ERROR_NO_WAY;
    }
    return MUSTER_OK;
}

enum muster_status muster_plan_make(const struct muster_machine *machine, enum muster_way wanted,
                                    struct muster_plan *plan)
{
    *plan = (struct muster_plan){.reason = ""};
    if (wanted != MUSTER_WAY_AUTO && wanted != MUSTER_WAY_SIPI && wanted != MUSTER_WAY_MAILBOX &&
        wanted != MUSTER_WAY_TD_START)
        return MUSTER_INVALID_ARGUMENT;
    enum muster_status status = choose(machine, wanted, plan);
    if (status)
        return status;
    plan->x2apic = muster_apic_is_x2(machine->platform);
    plan->reset_vector = plan->way == MUSTER_WAY_MAILBOX && machine->mailbox.reset_vector_phys != 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (!plan->x2apic && machine->cpus[i].enabled &&
            machine->cpus[i].apic_id >= APIC_XAPIC_ID_LIMIT)
            return MUSTER_ERROR_APIC_ID_BEYOND_XAPIC;
    trace_boot(machine, MUSTER_TRACE_PLANNED, plan->way, plan->x2apic);
    return MUSTER_OK;
}

uint64_t muster_entry_bytes(const struct muster_machine *machine, const struct muster_plan *plan)
{
    const struct way_operations *way = way_operations_of(plan);
    return way ? way->entry_bytes(machine) : 0;
}
