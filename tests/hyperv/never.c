/*
 * A partition whose VP 2 never runs, though its start is answered with success (option lost-vp=2):
 * to a second start it has been started, like any other, and who asks is not held up.
 */
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define LOST  2
#define TIMES 3

static uint64_t start(void)
{
    return guest_vmcall(HYPERV_CALL_START_VP, (uint64_t)&vp_input, 0);
}

void guest_main(uint32_t index)
{
    (void)index;
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, LOST, 0, {0}, {0}};
    context_fill(&vp_input.context);
    vp_input.context.rip = (uint64_t)vp_arrive_64;
    check("start_is_answered", start(), HYPERV_SUCCESS);
    for (unsigned i = 0; i < TIMES; i++)
        check("it_is_not_started_again", start(), HYPERV_INVALID_VP_STATE);
    check("it_never_comes", arrived, 0);
    finish(false);
}
