/* Hyper-V's hypercalls, as far as they start VPs (TLFS, 15): a VP's index is its APIC ID here. */
#include "abi/hyperv.h"
#include "sim/machine.h"

#define OUTPUT_AT (HYPERV_PAGE_BYTES / 2) /* as lib/wake/hyperv.c lays its page out */

static uint64_t give_indexes(struct sim *sim, uint32_t count)
{
    const struct hyperv_vp_index_input *input = (const void *)sim->call_page;
    uint32_t *indexes = (void *)(sim->call_page + OUTPUT_AT);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = input->apic_ids[i];
        bool other = id < sim->cpu_count && sim->cpus[id].behaviour.has_other_index;
        indexes[i] = other ? id - 1 : id;
    }
    return HYPERV_SUCCESS | (uint64_t)count << HYPERV_RESULT_DONE_SHIFT;
}

static uint64_t start(struct sim *sim)
{
    const struct hyperv_vp_input *input = (const void *)sim->call_page;
    uint32_t number = input->vp_index;
    if (number >= sim->setup->cpus)
        return HYPERV_INVALID_VP_INDEX;
    struct sim_cpu *cpu = &sim->cpus[number];
    if (cpu->place != SIM_IN_FIRMWARE || cpu->start)
        return HYPERV_INVALID_VP_STATE;
    sim_spend(sim, cpu->behaviour.call_ns);
    uint64_t answer = HYPERV_SUCCESS;
    if (cpu->behaviour.refusals) {
        cpu->behaviour.refusals--;
        answer = cpu->behaviour.refused_by;
        if (!cpu->behaviour.runs_all_the_same)
            return answer;
    }
    cpu->at_ns[SIM_SENT] = cpu->at_ns[SIM_DELIVERED] = sim->now_ns;
    cpu->sender[0] = sim->current;
    if (cpu->behaviour.dead)
        cpu->start = (uint32_t)input->context.rip; /* should it ever run */
    else
        sim_cpu_begin(sim, number, sim->costs->vp_start_ns, (uint32_t)input->context.rip);
    return answer;
}

uint64_t sim_hypercall(struct sim *sim, uint64_t control)
{
    sim_spend(sim, sim->costs->hypercall_ns);
    switch (control & HYPERV_CONTROL_CODE) {
    case HYPERV_CALL_GET_VP_INDEX:
        return give_indexes(sim, control >> HYPERV_CONTROL_REPS_SHIFT & HYPERV_CONTROL_REPS);
    case HYPERV_CALL_START_VP:
        return start(sim);
    default:
        return HYPERV_INVALID_CODE;
    }
}
