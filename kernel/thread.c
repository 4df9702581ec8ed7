#include "kernel/thread.h"

#include "boot/native.h"
#include "kernel/assembly.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/percpu.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

/* The BSP's idle thread looks again at its work after this long, while a thread waits. */
#define WAIT_SLICE_NS 1000000u

/* What switch_stacks() finds on the stack of a thread that has never run. */
struct first_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
};

/* Behind those that are as important: the first to get ready is the first to run. */
static void make_ready(struct percpu *cpu, struct thread *thread)
{
    struct thread **place = &cpu->ready;
    while (*place && (*place)->priority >= thread->priority)
        place = &(*place)->next;
    thread->next = *place;
    *place = thread;
}

static void run_next(struct percpu *cpu)
{
    struct thread *last = cpu->current;
    struct thread *next = cpu->ready;
    cpu->ready = next->next;
    next->next = NULL;
    cpu->current = next;
    switch_stacks(&last->rsp, next->rsp);
}

static void thread_init(struct thread *thread, const char *name, enum thread_priority priority,
                        uint64_t stack_start, uint64_t stack_end)
{
    *thread = (struct thread){
        .name = name,
        .priority = priority,
        .stack_start = stack_start,
        .stack_end = stack_end,
    };
}

void thread_become(struct percpu *cpu, struct thread *thread, const char *name,
                   enum thread_priority priority, uint64_t stack_start, uint64_t stack_end)
{
    thread_init(thread, name, priority, stack_start, stack_end);
    cpu->current = thread;
}

void thread_create(struct percpu *cpu, struct thread *thread, const char *name,
                   enum thread_priority priority, thread_body *body, uint64_t stack_start,
                   uint64_t stack_end)
{
    thread_init(thread, name, priority, stack_start, stack_end);
    struct first_frame *frame = (struct first_frame *)stack_end - 1;
    /* RET must leave RSP 16-byte aligned for the call in thread_first. */
    frame = (struct first_frame *)(((uint64_t)frame & ~15ull) - 8);
    *frame = (struct first_frame){
        .rbx = (uint64_t)body,
        .r12 = (uint64_t)cpu,
        .return_address = (uint64_t)thread_first,
    };
    thread->rsp = (uint64_t)frame;
    make_ready(cpu, thread);
}

bool thread_give_way(struct percpu *cpu)
{
    if (!cpu->ready || cpu->ready->priority <= cpu->current->priority)
        return false;
    make_ready(cpu, cpu->current);
    run_next(cpu);
    return true;
}

bool thread_wait(const struct muster_word *word, uint32_t value, uint64_t deadline_ns)
{
    struct percpu *cpu = this_cpu();
    struct thread *self = cpu->current;
    if (word_load_acquire(word) != value)
        return true;
    self->word = word;
    self->value = value;
    self->deadline_ns = deadline_ns;
    self->next = cpu->blocked;
    cpu->blocked = self;
    run_next(cpu);
    return word_load_acquire(word) != value;
}

void thread_exit(struct percpu *cpu)
{
    run_next(cpu);
    fatal("a thread that had ended was run again on CPU %u", cpu->index);
}

/* Make those ready that have waited long enough. */
static void wake_blocked(struct percpu *cpu)
{
    struct thread **place = &cpu->blocked;
    while (*place) {
        struct thread *thread = *place;
        if (word_load_acquire(thread->word) == thread->value &&
            time_now_ns() < thread->deadline_ns) {
            place = &thread->next;
            continue;
        }
        *place = thread->next;
        make_ready(cpu, thread);
    }
}

/*
 * Nothing to do: sleep until an interrupt. Queued work always comes with one, and STI's shadow
 * leaves no gap between the last look at the queue and HLT. A waiting thread has no interrupt
 * that would end its wait, so then this CPU (only ever the BSP) stays awake.
 */
static void idle_pause(struct percpu *cpu)
{
    const struct thread *waiting = cpu->blocked;
    if (!waiting) {
        native_idle();
        return;
    }
    uint64_t end = time_now_ns() + WAIT_SLICE_NS;
    if (end > waiting->deadline_ns)
        end = waiting->deadline_ns;
    interrupts_on();
    kernel.platform.wait(kernel.platform.context, waiting->word, waiting->value, end);
    interrupts_off();
}

void idle_body(struct percpu *cpu)
{
    if (!word_move(&cpu->active, CPU_UNDECIDED, CPU_ACTIVE))
        halt_forever(); /* given up */
    for (;;) {
        if (stop_asked())
            native_halt();
        if (work_run_next(cpu))
            continue;
        wake_blocked(cpu);
        if (thread_give_way(cpu))
            continue;
        idle_pause(cpu);
    }
}
