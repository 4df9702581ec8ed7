/*
 * Two VPs that start the same third one at the same time, with a context that is wrong in its last
 * part: each is told what is wrong with it, and none that the other was there first. Then the start
 * is right, and the VP comes once.
 */
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define OTHER  1
#define TARGET 2
#define TIMES  4000

/* Each 1 where a VP has got so far. */
static volatile uint32_t other_runs, first_runs, other_done;
static volatile uint32_t others_surprises;

static uint64_t start(void)
{
    return guest_vmcall(HYPERV_CALL_START_VP, (uint64_t)&vp_input, 0);
}

static uint32_t start_wrongly(void)
{
    uint32_t surprises = 0;
    for (unsigned i = 0; i < TIMES; i++)
        surprises += start() != HYPERV_INVALID_REGISTER_VALUE;
    return surprises;
}

/* VP 1. */
static void race(void)
{
    other_runs = 1;
    wait_for(&first_runs);
    others_surprises = start_wrongly();
    other_done = 1;
    for (;;)
        sleep_until_interrupt();
}

static void start_other(void)
{
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, OTHER, 0, {0}, {0}};
    context_fill(&vp_input.context);
    vp_input.context.rip = (uint64_t)race;
    vp_input.context.rflags = RFLAGS_FIXED;
    vp_input.context.rsp -= sizeof(uint64_t); /* as if called */
    check("other_starts", start(), HYPERV_SUCCESS);
    check("other_runs", wait_for(&other_runs), 1);
}

void guest_main(uint32_t index)
{
    (void)index;
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    start_other();
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, TARGET, 0, {0}, {0}};
    context_fill(&vp_input.context);
    vp_input.context.rip = (uint64_t)vp_arrive_64;
    uint64_t pat = vp_input.context.pat;
    vp_input.context.pat = ~0ull;
    first_runs = 1;
    check("wrong_starts_are_told_what_is_wrong", start_wrongly(), 0);
    check("other_makes_all_its_starts", wait_for(&other_done), 1);
    check("others_wrong_starts_are_told_what_is_wrong", others_surprises, 0);
    check("no_wrong_start_lets_it_go", arrived, 0);
    vp_input.context.pat = pat;
    check("right_start_lets_it_go", start(), HYPERV_SUCCESS);
    check("it_is_not_started_again", start(), HYPERV_INVALID_VP_STATE);
    check("it_comes", wait_for(&arrived), 1);
    say("all checks made\n");
    finish(false);
}
