/* Which way to wake, by what the platform describes. */
#include <muster/wake.h>

#include "abi/hyperv.h"
#include "abi/sev.h"
#include "abi/x86.h"
#include "lib/wake/way.h"

const char *muster_way_name(enum muster_way way)
{
    static const char *const names[] = {
        [MUSTER_WAY_AUTO] = "auto",         [MUSTER_WAY_SIPI] = "sipi",
        [MUSTER_WAY_MAILBOX] = "mailbox",   [MUSTER_WAY_NONE] = "none",
        [MUSTER_WAY_TD_START] = "td-start", [MUSTER_WAY_HYPERV] = "hyperv",
        [MUSTER_WAY_SNP] = "snp",           [MUSTER_WAY_ES_JUMP_TABLE] = "es-jump-table",
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
    case MUSTER_WAY_HYPERV:
        return &hyperv_way;
    case MUSTER_WAY_SNP:
        return &snp_way;
    case MUSTER_WAY_ES_JUMP_TABLE:
        return &es_jump_table_way;
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

/* In a TD by TDCALL: no page of the hypervisor's code is ever run there. */
static bool offers_hyperv(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    uint32_t features[4];
    return (machine->confidential ? platform->tdcall != NULL : platform->hypercall != NULL) &&
           muster_hyperv_features(platform, features) && features[1] & HYPERV_MAY_START_VP;
}

static bool is_sev(const struct muster_machine *machine, uint64_t bit)
{
    return !machine->confidential && (muster_sev_status(machine->platform) & bit) != 0;
}

static bool offers_snp(const struct muster_machine *machine)
{
    return machine->platform->vmgexit && machine->platform->rmpadjust &&
           is_sev(machine, SEV_STATUS_SNP);
}

static bool offers_jump_table(const struct muster_machine *machine)
{
    return machine->platform->vmgexit && is_sev(machine, SEV_STATUS_ES) &&
           !is_sev(machine, SEV_STATUS_SNP);
}

/* Whether a way that is asked for can be had. */
static bool offers(const struct muster_machine *machine, enum muster_way way)
{
    switch (way) {
    case MUSTER_WAY_MAILBOX:
        return machine->mailbox.present;
    case MUSTER_WAY_SIPI:
        return !machine->confidential && !is_sev(machine, SEV_STATUS_ES);
    case MUSTER_WAY_TD_START:
        return machine->confidential;
    case MUSTER_WAY_HYPERV:
        return offers_hyperv(machine);
    case MUSTER_WAY_SNP:
        return offers_snp(machine);
    case MUSTER_WAY_ES_JUMP_TABLE:
        return offers_jump_table(machine);
    default:
        return false;
    }
}

static enum muster_status choose(const struct muster_machine *machine, enum muster_way wanted,
                                 struct muster_plan *plan)
{
    bool by_tree = machine->mailbox.source == MUSTER_SOURCE_FDT;
    if (wanted != MUSTER_WAY_AUTO) {
        plan->reason = wanted == MUSTER_WAY_MAILBOX && by_tree
                           ? "asked for: the mailbox of the device tree"
                           : "asked for";
        return offers(machine, wanted) ? MUSTER_OK : MUSTER_ERROR_NO_WAY;
    }
    if (machine->cpu_count == 1) {
        plan->way = MUSTER_WAY_NONE;
        plan->reason = "there is one processor";
    } else if (machine->mailbox.present) {
        plan->way = MUSTER_WAY_MAILBOX;
        plan->reason =
            by_tree ? "the mailbox of the device tree: firmware holds the processors there, and "
                      "none can be handed back"
                    : "the MADT has a Multiprocessor Wakeup entry: firmware holds the processors "
                      "at its mailbox";
    } else if (offers_snp(machine)) {
        plan->way = MUSTER_WAY_SNP;
        plan->reason = "this is an SEV-SNP guest: it makes the processors' first state itself";
    } else if (offers_jump_table(machine)) {
        plan->way = MUSTER_WAY_ES_JUMP_TABLE;
        plan->reason = "this is an SEV-ES guest: a SIPI leads through firmware's AP jump table";
    } else if (offers(machine, MUSTER_WAY_SIPI)) {
        plan->way = MUSTER_WAY_SIPI;
        plan->reason = offers_hyperv(machine)
                           ? "no mailbox is described, and this is no TD: INIT and SIPI work; "
                             "Hyper-V's hypercalls are there too, for who asks for them"
                           : "no mailbox is described, and this is no TD: INIT and SIPI work";
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
    plan->way = wanted;
    if (wanted != MUSTER_WAY_AUTO && !way_operations_of(plan))
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
