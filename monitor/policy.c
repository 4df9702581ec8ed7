#include "monitor/policy.h"

#include "abi/svm.h"
#include "boot/console.h"
#include "monitor/monitor.h"

static const struct policy *const profiles[] = {&policy_tdx, &policy_hyperv};

const struct policy *policy_find(const char *name)
{
    for (unsigned i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
        if (!strcmp(profiles[i]->name, name))
            return profiles[i];
    return NULL;
}

/* The first entry that covers it: special cases stand before the ranges they are taken from. */
#define FIND(table, count, wanted)                                                                 \
    for (unsigned i = 0; i < monitor.policy->count; i++)                                           \
        if ((wanted) >= monitor.policy->table[i].first &&                                          \
            (wanted) <= monitor.policy->table[i].last)                                             \
            return &monitor.policy->table[i];                                                      \
    return NULL

const struct policy_cpuid *policy_cpuid_of(uint32_t leaf)
{
    FIND(cpuid, cpuid_count, leaf);
}

const struct policy_msr *policy_msr_of(uint32_t msr)
{
    FIND(msrs, msr_count, msr);
}

const struct policy_port *policy_port_of(uint16_t port)
{
    FIND(ports, port_count, port);
}

const struct policy_range *policy_range_of(uint64_t phys)
{
    FIND(ranges, range_count, phys);
}

/* An earlier entry that has a part of it speaks of that part, and nobody of the whole. */
const struct policy_range *policy_range_over(uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < monitor.policy->range_count; i++) {
        const struct policy_range *range = &monitor.policy->ranges[i];
        if (last < range->first || first > range->last)
            continue;
        return first >= range->first && last <= range->last ? range : NULL;
    }
    return NULL;
}

const struct policy_call *policy_call_of(const struct policy_call *calls, unsigned count,
                                         uint64_t number)
{
    for (unsigned i = 0; i < count; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

/* The two bits of an MSR in the map, by its number; -1 outside of the ranges that the map has. */
static int64_t msrpm_bit(uint32_t msr)
{
    if (msr < SVM_MSRPM_RANGE_MSRS)
        return (int64_t)msr * 2;
    if (msr >= SVM_MSRPM_HIGH_BASE && msr < SVM_MSRPM_HIGH_BASE + SVM_MSRPM_RANGE_MSRS)
        return (int64_t)SVM_MSRPM_RANGE_BYTES * 8 + (int64_t)(msr - SVM_MSRPM_HIGH_BASE) * 2;
    return -1;
}

static void open_msr(uint8_t *map, const struct policy_msr *rule, uint32_t msr)
{
    int64_t bit = msrpm_bit(msr);
    if (bit < 0)
        return;
    if (rule->read == POLICY_ALLOW)
        map[bit / 8] &= (uint8_t) ~(1u << (bit % 8));
    if (rule->write == POLICY_ALLOW)
        map[bit / 8] &= (uint8_t) ~(2u << (bit % 8));
}

void policy_fill_msrpm(uint8_t *map)
{
    memset(map, 0xFF, SVM_MSRPM_BYTES);
    for (unsigned i = 0; i < monitor.policy->msr_count; i++) {
        const struct policy_msr *rule = &monitor.policy->msrs[i];
        if (rule->read != POLICY_ALLOW && rule->write != POLICY_ALLOW)
            continue;
        for (uint32_t msr = rule->first; msr <= rule->last; msr++)
            open_msr(map, rule, msr);
    }
}

void policy_fill_iopm(uint8_t *map)
{
    memset(map, 0xFF, SVM_IOPM_BYTES);
    if (monitor.policy->instructions[POLICY_IO] != POLICY_EMULATE)
        return;
    for (uint32_t port = 0; port <= UINT16_MAX; port++) {
        const struct policy_port *rule = policy_port_of((uint16_t)port);
        if (rule && rule->action == POLICY_ALLOW)
            map[port / 8] &= (uint8_t) ~(1u << (port % 8));
    }
}
