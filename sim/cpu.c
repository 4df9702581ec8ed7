/*
 * A processor: what lib/cpu/entry_*.S and arrive.S do, in C, and then the library's own park area.
 */
#include <string.h>

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/park.h"
#include "sim/machine.h"

/* What differs from CPU to CPU, each by a number of its own (sim_jitter()). */
enum what { JITTER_RESET = 1, JITTER_SETUP };

#define STUB_OPCODE  0xB0 /* mov imm8, %al */
#define ENTRY_LINES  3    /* the page's code and parameters */
#define INDEX_LINES  1
#define LATE_ALREADY 0x80000000u /* of an INIT; no bit of the ICR's low half */
#define NMIS         4u
#define NMI_STEP_NS  7000u

static void lead_to(struct sim *sim, uint32_t cpu, uint64_t at_ns, uint32_t address)
{
    uint64_t again_ns = sim->cpus[cpu].behaviour.again_ns;
    sim_at(sim, at_ns, cpu, SIM_DO_ENTER, address);
    if (again_ns)
        sim_at(sim, at_ns + again_ns, cpu, SIM_DO_ENTER, address);
}

void sim_cpu_begin(struct sim *sim, uint32_t cpu, uint64_t ns, uint32_t address)
{
    uint64_t late_ns = sim->cpus[cpu].behaviour.late_ns;
    uint64_t at_ns = sim->now_ns + sim_jitter(sim, cpu, JITTER_RESET, ns) + late_ns;
    sim->cpus[cpu].place = SIM_UNDER_WAY;
    if (sim->jump_table)
        sim_at(sim, at_ns, cpu, SIM_DO_JUMP, 0);
    else
        lead_to(sim, cpu, at_ns, address);
}

uint32_t sim_live_id(const struct sim *sim, uint32_t cpu)
{
    const struct sim_behaviour *behaviour = &sim->cpus[cpu].behaviour;
    return behaviour->has_other_id ? behaviour->other_id : cpu;
}

/* ---- Interrupts ---- */

static void send_to(struct sim *sim, uint32_t cpu, uint32_t command, uint64_t later_ns)
{
    const struct sim_costs *costs = sim->costs;
    uint32_t mode = command & ICR_DELIVERY_MODE;
    struct sim_cpu *target = &sim->cpus[cpu];
    uint64_t way_ns = sim_by_distance(sim, cpu, costs->ipi_near_ns, costs->ipi_far_ns);
    if (target->behaviour.dead)
        return;
    /* The first of its kind counts: what comes again is for those who lost it. */
    enum sim_moment sent = mode == ICR_FIXED ? SIM_START_SENT : SIM_SENT;
    if (mode != ICR_INIT && !target->at_ns[sent]) {
        target->at_ns[sent] = sim->now_ns;
        target->sender[mode == ICR_FIXED] = sim->current;
    }
    way_ns += sim->setup->cpus * costs->turn_ns; /* all others run first */
    sim_at(sim, sim->now_ns + way_ns + later_ns, cpu, SIM_DO_INTERRUPT, command);
}

uint32_t sim_cpu_of_id(const struct sim *sim, uint32_t apic_id)
{
    if (!sim->setup->behaviours)
        return apic_id < sim->cpu_count ? apic_id : SIM_NONE;
    for (uint32_t cpu = 0; cpu < sim->cpu_count; cpu++)
        if (sim_live_id(sim, cpu) == apic_id)
            return cpu;
    return SIM_NONE;
}

/*
 * Several may say that they have one ID, and nobody that another is his. An SEV guest's APICs are
 * the hypervisor's, which looks for one.
 */
static void send_by_id(struct sim *sim, uint32_t dest, uint32_t command)
{
    uint32_t first = sim_cpu_of_id(sim, dest);
    if (first == SIM_NONE)
        return;
    send_to(sim, first, command, 0);
    if (!sim->setup->behaviours || sim_is_sev(sim))
        return;
    for (uint32_t cpu = first + 1; cpu < sim->cpu_count; cpu++)
        if (sim_live_id(sim, cpu) == dest)
            send_to(sim, cpu, command, 0);
}

/*
 * An x2APIC's ICR write waits for nothing by itself, but the library drains the store buffer
 * before it (lib/cpu/apic.c), so that whoever is woken sees what was written.
 */
void sim_send(struct sim *sim, uint32_t dest, uint32_t command)
{
    uint64_t stores_ns = sim->cpus[sim->current].stores_ns;
    if (stores_ns > sim->now_ns)
        sim_spend(sim, stores_ns - sim->now_ns);
    sim_spend(sim, sim->costs->icr_write_ns);
    sim->result->sends++;
    if ((command & ICR_ALL_BUT_SELF) != ICR_ALL_BUT_SELF) {
        send_by_id(sim, dest, command);
        return;
    }
    uint64_t later_ns = 0;
    for (uint32_t cpu = 0; cpu < sim->cpu_count; cpu++) {
        if (cpu == sim->current)
            continue;
        send_to(sim, cpu, command, later_ns);
        later_ns += sim->costs->broadcast_step_ns;
    }
}

static void take_init(struct sim *sim, struct sim_cpu *cpu)
{
    if (cpu->slot != SIM_NONE)
        sim->cpus[cpu->slot].occupant = SIM_NONE;
    cpu->slot = SIM_NONE;
    cpu->life++;
    cpu->place = SIM_AWAITS_SIPI;
}

/*
 * A late one is an event of its own, and not late any more when it comes. SEV-ES: no hypervisor can
 * reset registers that it cannot read; who is not in its reset hold goes on.
 */
static void receive_init(struct sim *sim, struct sim_cpu *cpu, uint32_t command)
{
    uint64_t late_ns = cpu->behaviour.init_late_ns;
    if (sim->jump_table && cpu->place != SIM_IN_FIRMWARE)
        return;
    if (late_ns && !(command & LATE_ALREADY))
        sim_at(sim, sim->now_ns + late_ns, sim->current, SIM_DO_INTERRUPT, command | LATE_ALREADY);
    else
        take_init(sim, cpu);
}

static void take_sipi(struct sim *sim, struct sim_cpu *cpu, uint32_t vector)
{
    if (cpu->place != SIM_AWAITS_SIPI)
        return;
    if (cpu->behaviour.sipis_lost) {
        cpu->behaviour.sipis_lost--;
        return;
    }
    cpu->at_ns[SIM_DELIVERED] = sim->now_ns;
    sim_cpu_begin(sim, sim->current, sim->costs->reset_ns, vector * PAGE_BYTES);
}

/* ---- In the park area ---- */

static void step(struct sim *sim, struct sim_cpu *cpu)
{
    if (park_step(&sim->slots[cpu->slot]) != PARK_STEP_ENTER)
        return;
    if (cpu->place == SIM_ENTERED)
        sim->trouble = "a CPU was started twice";
    cpu->place = SIM_ENTERED;
    cpu->at_ns[SIM_ON] = sim->now_ns;
    sim_strategy_on(sim);
}

static void take_wake(struct sim *sim, struct sim_cpu *cpu, bool is_wake)
{
    if (cpu->place != SIM_PARKED)
        return; /* it stays pending; the command is looked at before the next sleep */
    if (is_wake)
        cpu->at_ns[SIM_START_DELIVERED] = sim->now_ns;
    sim_spend(sim, sim->costs->halt_exit_ns + sim->costs->step_ns);
    step(sim, cpu);
}

static void take_interrupt(struct sim *sim, struct sim_cpu *cpu, uint32_t command)
{
    switch (command & ICR_DELIVERY_MODE) {
    case ICR_INIT:
        receive_init(sim, cpu, command);
        return;
    case ICR_SIPI:
        take_sipi(sim, cpu, command & 0xFF);
        return;
    case ICR_FIXED:
    case ICR_NMI:
        take_wake(sim, cpu, (command & ICR_DELIVERY_MODE) == ICR_FIXED);
        return;
    default:
        return;
    }
}

static void park(struct sim *sim, struct sim_cpu *cpu)
{
    struct muster_slot *slot = &sim->slots[cpu->slot];
    slot->gs_base = (uint64_t)(uintptr_t)slot;
    if (cpu->behaviour.dies_in_slot) {
        cpu->place = SIM_DIED;
        return;
    }
    if (!park_arrive(slot, MUSTER_OK))
        return;
    cpu->place = cpu->behaviour.dies_parked ? SIM_DIED : SIM_PARKED;
    cpu->at_ns[SIM_IN] = sim->now_ns;
    for (uint32_t i = 1; cpu->behaviour.disturbed && i <= NMIS; i++)
        sim_at(sim, sim->now_ns + i * NMI_STEP_NS, sim->current, SIM_DO_INTERRUPT, ICR_NMI);
    if (cpu->place == SIM_DIED)
        return;
    sim_strategy_in(sim);
    step(sim, cpu);
}

/* ---- From the entry page to the slot ---- */

/* A second arrival does not undo the first. */
static void stray(struct sim *sim, struct sim_cpu *cpu)
{
    sim->machine.strays.value++;
    if (cpu->slot == SIM_NONE)
        cpu->place = SIM_STRAY;
}

static void claim(struct sim *sim, struct sim_cpu *cpu, uint32_t number)
{
    const struct sim_costs *costs = sim->costs;
    struct muster_slot *slot = &sim->slots[number];
    uint64_t long_mode_tsc = sim->now_ns;
    ATOMIC_ACCESS(&slot->claimed, ATOMIC_SWAP);
    if (__atomic_exchange_n(&slot->claimed.value, 1, __ATOMIC_ACQ_REL)) {
        stray(sim, cpu);
        return;
    }
    if (sim->cpus[number].occupant != SIM_NONE || cpu->slot != SIM_NONE)
        sim->trouble = "two CPUs are on the stack of one slot, or one in two slots";
    sim->cpus[number].occupant = sim->current;
    cpu->slot = number;
    slot->first_tsc = cpu->at_ns[SIM_FIRST];
    slot->long_mode_tsc = long_mode_tsc;
    sim_read_memory(sim, costs->setup_lines);
    uint64_t setup_ns = sim_jitter(sim, sim->current, JITTER_SETUP, costs->setup_ns);
    if (costs->turn_ns) {
        sim_spend(sim, setup_ns); /* nobody else gets on with it meanwhile */
        setup_ns = 0;
    }
    sim_at(sim, sim->now_ns + setup_ns, sim->current, SIM_DO_PARK, 0);
}

static void claim_by_id(struct sim *sim, struct sim_cpu *cpu, const struct entry_parameters *entry)
{
    const struct muster_index_entry *index = (const void *)(uintptr_t)entry->index;
    uint32_t id = sim_live_id(sim, sim->current);
    uint32_t place = (id * MUSTER_INDEX_MULTIPLIER) >> entry->index_shift;
    sim_spend(sim, sim->costs->msr_ns);
    sim_read_memory(sim, INDEX_LINES);
    while (index[place].number && index[place].apic_id != id)
        place = (place + 1) & entry->index_mask;
    if (index[place].number)
        claim(sim, cpu, index[place].number - 1);
    else
        stray(sim, cpu);
}

/* What the page says is done; where there is no code of the library's, it is the library's fault.
 */
static void enter(struct sim *sim, struct sim_cpu *cpu, uint32_t address)
{
    const uint8_t *page = sim_map(sim, address & ~(PAGE_BYTES - 1u), PAGE_BYTES);
    uint32_t at = address % PAGE_BYTES;
    if (!sim_vmsa_runs(sim, cpu)) {
        cpu->vmsa_phys = 0; /* the processor refuses it, and the hypervisor sees that */
        cpu->place = SIM_IN_FIRMWARE;
        return;
    }
    if (cpu->slot == SIM_NONE)
        cpu->at_ns[SIM_FIRST] = sim->now_ns;
    if (!page || page[at] != STUB_OPCODE) {
        sim->trouble = "a CPU was sent to where there is no entry";
        return;
    }
    const struct entry_parameters *entry = (const void *)(page + ENTRY_PARAMETERS);
    sim_spend(sim, sim->costs->entry_ns);
    sim_read_memory(sim, ENTRY_LINES);
    if (entry->arrive == (uint64_t)(uintptr_t)arrive_by_apic_id) {
        claim_by_id(sim, cpu, entry);
        return;
    }
    const struct muster_slot *first = (const void *)(uintptr_t)entry->slots;
    uint32_t number = page[at + 1] + (uint32_t)(first - sim->slots);
    claim(sim, cpu, number);
    sim->slots[number].firmware_levels = 4;
}

void sim_cpu_happen(struct sim *sim, uint32_t number, enum sim_kind kind, uint32_t value)
{
    struct sim_cpu *cpu = &sim->cpus[number];
    switch (kind) {
    case SIM_DO_INTERRUPT:
        take_interrupt(sim, cpu, value);
        break;
    case SIM_DO_JUMP:
        lead_to(sim, number, sim->now_ns, sim_jump_target(sim, cpu));
        break;
    case SIM_DO_ENTER:
        enter(sim, cpu, value);
        break;
    case SIM_DO_PARK:
        park(sim, cpu);
        break;
    case SIM_DO_LOOK:
        sim_firmware_look(sim, number);
        break;
    case SIM_DO_ACKNOWLEDGE:
        sim_firmware_acknowledge(sim, number);
        break;
    }
}
