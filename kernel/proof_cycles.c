/*
 * CPUs go off and come on again, many times. In each round some are targets, the others all ask
 * for each of them at once: one asks it to go off and wipes its stack, all then turn it on, and
 * one of them wins. Before it goes a target leaves its registers in disorder, as a kernel might;
 * when it comes it must find all in order, and the winner's own letter.
 */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/plural.h"
#include "kernel/assembly.h"
#include "kernel/kernel.h"
#include "kernel/life.h"
#include "kernel/proof.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

#define STACK_FILL 0xB1AB1AB1AB1AB1A8u

/* What the winner of a target sends to it. */
struct letter {
    uint32_t target, round;
};

struct cycle {
    bool is_target;
    struct work issue;
    struct muster_word asked; /* 1: somebody has asked it to go off */
    struct muster_word wiped; /* 1: it is off, its stack wiped */
    struct muster_word wins;  /* of muster_cpu_on() in this round */
    struct muster_word came;
    struct letter letter; /* as an issuer */
};

static struct cycle cycles[MAX_CPUS];
static uint32_t current_round;
static uint64_t random_state;
static uint8_t other_root[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

/* xorshift64*: the same seed, the same rounds. */
static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545F4914F6CDD1Du) >> 33) % limit;
}

static uint32_t apic_register(uint32_t offset)
{
    const struct muster_platform *platform = &kernel.platform;
    if (muster_apic_is_x2(platform))
        return (uint32_t)platform->msr_read(platform->context, MSR_X2APIC + offset / 16);
    return platform->apic_read(platform->context, offset);
}

static void apic_register_set(uint32_t offset, uint32_t value)
{
    const struct muster_platform *platform = &kernel.platform;
    if (muster_apic_is_x2(platform))
        platform->msr_write(platform->context, MSR_X2APIC + offset / 16, value);
    else
        platform->apic_write(platform->context, offset, value);
}

static bool has_xsave(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_FEATURES, 0, r);
    return r[2] & CPUID_1_ECX_XSAVE;
}

/* On the target: all that a kernel may have changed and the next start must not find. */
static void make_disorder(const struct percpu *cpu)
{
    evidence_leave();
    write_cr3((uint64_t)other_root);
    write_cr4(read_cr4() | CR4_DE | (has_xsave() ? CR4_OSXSAVE : 0));
    write_cr0(read_cr0() | CR0_TS);
    write_msr(MSR_KERNEL_GS_BASE, DISORDER);
    write_msr(MSR_FS_BASE, DISORDER);
    /* The timer's interrupt, and one that is pending: both mean nothing to this kernel. */
    apic_register_set(APIC_LVT_TIMER, WORK_VECTOR);
    apic_register_set(APIC_TIMER_INITIAL, UINT32_MAX);
    (void)muster_apic_send(&kernel.platform, cpu->slot->apic_id, WORK_VECTOR);
    apic_register_set(APIC_TPR, 0xFF); /* the wake vector itself is masked */
}

static void go_off(struct percpu *cpu, void *argument)
{
    (void)argument;
    make_disorder(cpu);
    enum muster_status status = life_go_off(cpu);
    evidence_equal(cpu, "what muster_cpu_off() answered", status, MUSTER_OK);
}

static void check_order(struct percpu *cpu)
{
    const struct muster_cpu_profile *profile = &kernel.machine.profile;
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    evidence_equal(cpu, "live APIC ID", muster_apic_id(&kernel.platform), cpu->slot->apic_id);
    evidence_true(cpu, "stack pointer within the new stack",
                  here > cpu->idle.stack_start && here < cpu->idle.stack_end);
    evidence_equal(cpu, "GS base", read_msr(MSR_GS_BASE), (uint64_t)cpu);
    evidence_equal(cpu, "KERNEL_GS_BASE", read_msr(MSR_KERNEL_GS_BASE), 0);
    evidence_equal(cpu, "FS base", read_msr(MSR_FS_BASE), 0);
    evidence_equal(cpu, "CR3", read_cr3(), kernel.paging.root_phys);
    evidence_equal(cpu, "CR0", read_cr0(), profile->cr0);
    evidence_equal(cpu, "CR4", read_cr4(), profile->cr4);
    evidence_equal(cpu, "EFER", read_msr(MSR_EFER), profile->efer);
    evidence_forgotten(cpu);
    evidence_equal(cpu, "TPR", apic_register(APIC_TPR), 0);
    evidence_equal(cpu, "LVT timer", apic_register(APIC_LVT_TIMER), APIC_LVT_MASKED);
    evidence_equal(cpu, "APIC timer", apic_register(APIC_TIMER_INITIAL), 0);
}

static void come_on(struct muster_slot *slot, void *context)
{
    struct percpu *cpu = &percpus[slot->index];
    const struct letter *letter = context;
    check_order(cpu);
    evidence_equal(cpu, "target of the winner's letter", letter->target, cpu->index);
    evidence_equal(cpu, "round of the winner's letter", letter->round, current_round);
    (void)word_fetch_add(&cycles[cpu->index].came, 1);
    life_come_on(cpu);
}

/* On an issuer, in its idle thread. Not thread_wait(): its own work would wait with it. */
static bool await(const struct muster_word *word, uint32_t value)
{
    const struct muster_platform *platform = &kernel.platform;
    uint64_t deadline = time_deadline_ns();
    while (word_load_acquire(word) == value && time_now_ns() < deadline)
        platform->wait(platform->context, word, value, deadline);
    return word_load_acquire(word) != value;
}

/* OFF is seen: the stack is ours, and if the CPU were still on it, it would not live. */
static void send_off(struct percpu *self, struct percpu *target, struct cycle *cycle)
{
    enum muster_status status = life_turn_off(target, go_off);
    evidence_equal(self, "wait for a target to be OFF", status, MUSTER_OK);
    if (status != MUSTER_OK)
        return;
    fill_quadwords((void *)target->idle.stack_start, STACK_FILL,
                   (target->idle.stack_end - target->idle.stack_start) / 8);
    word_store_release(&cycle->wiped, 1);
}

static void turn_on(struct percpu *self, struct percpu *target, struct cycle *cycle)
{
    uint32_t apic_id = target->slot->apic_id;
    struct letter *letter = &cycles[self->index].letter;
    *letter = (struct letter){target->index, current_round};
    struct muster_start start = life_start(target, come_on, letter);
    enum muster_status status = muster_cpu_on(&kernel.machine, apic_id, &start);
    if (status == MUSTER_OK)
        (void)word_fetch_add(&cycle->wins, 1);
    else
        evidence_true(self, "a loser's answer is ALREADY_ON or ON_PENDING",
                      status == MUSTER_ALREADY_ON || status == MUSTER_ON_PENDING);
    status = muster_cpu_wait(&kernel.machine, apic_id, MUSTER_CPU_ON, kernel.options.timeout_ns);
    evidence_equal(self, "wait for a target to be ON", status, MUSTER_OK);
    evidence_true(self, "the target ran", await(&cycle->came, 0));
}

static void issue(struct percpu *self, void *argument)
{
    (void)argument;
    uint32_t count = kernel.machine.cpu_count;
    for (uint32_t step = 1; step < count && !self->evidence.complaint; step++) {
        uint32_t index = (self->index + step) % count;
        struct cycle *cycle = &cycles[index];
        if (!cycle->is_target)
            continue;
        if (word_move(&cycle->asked, 0, 1))
            send_off(self, &percpus[index], cycle);
        if (await(&cycle->wiped, 0))
            turn_on(self, &percpus[index], cycle);
        else
            evidence_true(self, "a target is off in time", false);
    }
}

/* At least one target, at least one issuer. Gives how many targets. */
static uint32_t choose_targets(uint32_t most)
{
    uint32_t active[MAX_CPUS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        cycles[i] = (struct cycle){0};
        if (cpu_if_active(i))
            active[count++] = i;
    }
    uint32_t wanted = 1 + random_below(count - 1);
    wanted = wanted < most ? wanted : most;
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t pick = i + random_below(count - i);
        uint32_t index = active[pick];
        active[pick] = active[i];
        cycles[index].is_target = true;
    }
    return wanted;
}

static bool run_issuers(struct proof *proof)
{
    uint64_t deadline = time_deadline_ns() + kernel.options.timeout_ns;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        if (cycles[i].is_target || !cpu_if_active(i))
            continue;
        cycles[i].issue = (struct work){.function = issue};
        (void)work_send(&percpus[i], &cycles[i].issue);
    }
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        if (!cycles[i].issue.function || thread_wait(&cycles[i].issue.done, 0, deadline))
            continue;
        proof_broken(proof, "round %u: CPU %u (APIC ID %u), which turns others on, does not answer",
                     current_round, i, percpus[i].slot->apic_id);
        return false;
    }
    return true;
}

static bool targets_are_on(struct proof *proof)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        const struct cycle *cycle = &cycles[i];
        uint32_t wins = word_load_acquire(&cycle->wins);
        uint32_t came = word_load_acquire(&cycle->came);
        if (!cycle->is_target ||
            (wins == 1 && came == 1 &&
             thread_wait(&percpus[i].active, CPU_UNDECIDED, time_deadline_ns())))
            continue;
        proof_broken(proof, "round %u: CPU %u (APIC ID %u) was turned on %u %s, came %u %s, is %s",
                     current_round, i, percpus[i].slot->apic_id, wins,
                     plural(wins, "time", "times"), came, plural(came, "time", "times"),
                     muster_cpu_state_name(muster_cpu_state(&kernel.machine, i)));
        return false;
    }
    return true;
}

static bool no_complaint_of_a_round(struct proof *proof)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        const struct evidence *evidence = &percpus[i].evidence;
        if (!evidence->complaint)
            continue;
        proof_broken(proof, "round %u: CPU %u (APIC ID %u): %s: found 0x%lx, wanted 0x%lx",
                     current_round, i, percpus[i].slot->apic_id, evidence->complaint,
                     evidence->found, evidence->wanted);
        return false;
    }
    return true;
}

void prove_cycles(struct proof *proof)
{
    const struct options *options = &kernel.options;
    uint64_t start = time_now_ns();
    if (!options->cycles) {
        proof_not_applicable(proof, "not asked for: cycles=N");
        return;
    }
    if (cpu_active_count() < 2) {
        proof_not_applicable(proof, "one CPU: it is the last, and may not go off");
        return;
    }
    random_state = options->seed;
    memcpy(other_root, (const void *)kernel.paging.root_phys, PAGE_BYTES);
    for (current_round = 1; kernel.cycles_done < options->cycles; current_round++) {
        uint32_t targets = choose_targets(options->cycles - kernel.cycles_done);
        bool answered = run_issuers(proof);
        if (!no_complaint_of_a_round(proof) || !answered || !targets_are_on(proof))
            return;
        kernel.cycles_done += targets;
    }
    kernel.cycles_ns = time_now_ns() - start;
    uint32_t rounds = current_round - 1;
    proof_held(proof, "%u %s off and on in %u %s, %lu us, seed %lu: %u %s", kernel.cycles_done,
               plural(kernel.cycles_done, "time", "times"), rounds,
               plural(rounds, "round", "rounds"), kernel.cycles_ns / 1000, options->seed,
               cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"));
}
