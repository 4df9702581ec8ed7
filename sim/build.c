/* A machine, described and prepared as by a kernel. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/hyperv.h"
#include "abi/x86.h"
#include "lib/machine.h"
#include "sim/machine.h"

static bool fail(struct sim *sim, const char *trouble)
{
    sim->trouble = trouble;
    return false;
}

static void trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    (void)slot, (void)frame;
}

/* No CPU ever gets there: being on is where the simulation of a CPU ends. */
static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

/* Slots are 16 KiB each, of which little is used: the pages come as they are touched. */
static bool slots_make(struct sim *sim)
{
    size_t bytes = (size_t)sim->setup->cpus * MUSTER_SLOT_BYTES;
    uint8_t *memory = mmap(NULL, bytes + MUSTER_SLOT_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    size_t before = -(uintptr_t)memory % MUSTER_SLOT_BYTES;
    if (before)
        munmap(memory, before);
    if (before < MUSTER_SLOT_BYTES)
        munmap(memory + before + bytes, MUSTER_SLOT_BYTES - before);
    sim->slots = (struct muster_slot *)(void *)(memory + before);
    return true;
}

static bool storage_make(struct sim *sim)
{
    uint32_t cpus = sim->setup->cpus, all = cpus + sim->setup->uncounted, places = 2;
    while (places < 2 * cpus)
        places *= 2;
    struct muster_cpu *list = calloc(cpus, sizeof(*list));
    struct muster_index_entry *index = calloc(places, sizeof(*index));
    sim->machine.cpus = list;
    sim->machine.index = index;
    sim->cpu_count = all;
    sim->cpus = calloc(all, sizeof(*sim->cpus));
    sim->idt = aligned_alloc(PAGE_BYTES, sizeof(*sim->idt));
    if (!list || !index || !sim->cpus || !sim->idt || !slots_make(sim))
        return fail(sim, "there is not enough memory");
    if (muster_machine_init(&sim->machine, &sim->platform, list, cpus, index, places))
        return fail(sim, "the library refuses the machine");
    return true;
}

static void cpus_make(struct sim *sim)
{
    const struct sim_setup *setup = sim->setup;
    for (uint32_t i = 0; i < sim->cpu_count; i++) {
        struct sim_cpu *cpu = &sim->cpus[i];
        cpu->line = (struct sim_line){SIM_BSP, SIM_NONE, 0};
        cpu->sender[0] = cpu->sender[1] = SIM_NONE;
        cpu->slot = cpu->occupant = SIM_NONE;
        if (setup->behaviours && i < setup->cpus)
            cpu->behaviour = setup->behaviours[i];
    }
    sim->cpus[SIM_BSP].place = SIM_ENTERED;
}

static void machine_describe(struct sim *sim)
{
    const struct sim_setup *setup = sim->setup;
    for (uint32_t i = 0; i < setup->cpus; i++) {
        struct muster_cpu cpu = {.apic_id = i, .numa_node = sim_node(sim, i), .enabled = true};
        machine_add(&sim->machine, &cpu);
    }
    machine_set_bsp(&sim->machine, SIM_BSP);
    sim->cpus[SIM_BSP].place = SIM_ENTERED;
    if (sim->mailbox)
        sim->machine.mailbox =
            (struct muster_mailbox_description){.present = true, .mailbox_phys = SIM_MAILBOX_PHYS};
}

/* Once more from the beginning, where an attempt before has failed. */
static enum muster_status machine_discover(struct sim *sim)
{
    const struct sim_tables *tables = sim->setup->tables;
    struct muster_machine *machine = &sim->machine;
    enum muster_status status =
        muster_machine_init(machine, &sim->platform, machine->cpus, sim->setup->cpus,
                            machine->index, machine->index_mask + 1);
    if (status || !tables) {
        machine_describe(sim);
        return status;
    }
    return tables->rsdp_phys ? muster_discover(machine, tables->rsdp_phys, SIM_BSP)
                             : muster_discover_fdt(machine, tables->fdt_phys, SIM_BSP);
}

static uint8_t *pages(struct sim *sim, uint64_t bytes)
{
    uint8_t *memory = aligned_alloc(PAGE_BYTES, bytes);
    if (memory)
        memset(memory, 0, bytes);
    else
        sim->trouble = "there is not enough memory";
    return memory;
}

static enum muster_status take_entry(struct sim *sim)
{
    enum muster_status status = sim_memory_take_entry(sim);
    if (status)
        return status;
    free(sim->entry);
    sim->entry = pages(sim, sim->entry_bytes);
    return sim->entry ? MUSTER_OK : MUSTER_ERROR_OUT_OF_MEMORY;
}

/* A fault of the first attempt may have left some of an attempt that came to nothing. */
static enum muster_status take_vmsas(struct sim *sim)
{
    if (sim->setup->way != SIM_SNP)
        return MUSTER_OK;
    enum muster_status status = sim_memory_take_vmsas(sim);
    if (status)
        return status;
    free(sim->vmsas);
    free(sim->is_vmsa);
    sim->vmsas = pages(sim, sim->vmsa_bytes);
    sim->is_vmsa = calloc(sim->vmsa_bytes / PAGE_BYTES, sizeof(*sim->is_vmsa));
    return sim->vmsas && sim->is_vmsa ? MUSTER_OK : MUSTER_ERROR_OUT_OF_MEMORY;
}

static enum muster_status prepare(struct sim *sim)
{
    const struct muster_cpu_config config = {
        .park_cr3 = SIM_PARK_CR3,
        .paging_levels = 4,
        .entry_phys = sim->entry_phys,
        .entry_bytes = sim->entry_bytes,
        .wake_vector = SIM_WAKE_VECTOR,
        .no_broadcast = sim->setup->strategy != SIM_BROADCAST,
        .hypercall_phys = sim->call_page ? SIM_CALL_PHYS : 0,
        .vmsa_phys = sim->vmsa_phys,
        .vmsa_bytes = sim->vmsa_bytes,
        .trap = trap,
    };
    enum muster_status status =
        muster_prepare(&sim->machine, &sim->plan, &config, sim->slots, sim->idt, sim->slots);
    for (uint32_t i = 0; !status && i < sim->setup->cpus; i++)
        sim->slots[i].start = (struct muster_start){.entry = entry};
    return status;
}

const char *sim_prepare(struct sim *sim, enum muster_status *status)
{
    static const enum muster_way ways[] = {
        [SIM_SIPI] = MUSTER_WAY_SIPI,
        [SIM_MAILBOX] = MUSTER_WAY_MAILBOX,
        [SIM_HYPERV] = MUSTER_WAY_HYPERV,
        [SIM_SNP] = MUSTER_WAY_SNP,
        [SIM_ES_JUMP_TABLE] = MUSTER_WAY_ES_JUMP_TABLE,
    };
    if ((*status = machine_discover(sim)) != MUSTER_OK)
        return "discover";
    if ((*status = muster_plan_make(&sim->machine, ways[sim->setup->way], &sim->plan)) != MUSTER_OK)
        return "plan";
    if ((*status = take_entry(sim)) != MUSTER_OK || (*status = take_vmsas(sim)) != MUSTER_OK)
        return "memory";
    return (*status = prepare(sim)) == MUSTER_OK ? NULL : "prepare";
}

bool sim_build(struct sim *sim)
{
    enum sim_way way = sim->setup->way;
    sim_platform_init(sim);
    if (!storage_make(sim))
        return false;
    if (way == SIM_MAILBOX && !(sim->mailbox = (void *)pages(sim, MAILBOX_BYTES)))
        return false;
    if (way == SIM_HYPERV && !(sim->call_page = pages(sim, HYPERV_PAGE_BYTES)))
        return false;
    if (way == SIM_ES_JUMP_TABLE && !(sim->jump_table = pages(sim, SIM_TABLE_BYTES)))
        return false;
    cpus_make(sim);
    sim_memory_describe(sim);
    return true;
}

void sim_free(struct sim *sim)
{
    if (sim->slots)
        munmap(sim->slots, (size_t)sim->setup->cpus * MUSTER_SLOT_BYTES);
    free(sim->machine.cpus);
    free(sim->machine.index);
    free(sim->cpus);
    free(sim->idt);
    free(sim->entry);
    free(sim->call_page);
    free(sim->jump_table);
    free(sim->vmsas);
    free(sim->is_vmsa);
    free(sim->mailbox);
    sim_heap_free(&sim->heap);
}
