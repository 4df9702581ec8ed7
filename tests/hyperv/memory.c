/*
 * A partition whose VPs may have pages for themselves (option per-vp-memory=on): VP 0 gives two to
 * VP 1, which finds them as they were, and gives one back. At last VP 0 reads the other.
 */
#include "abi/hyperv.h"
#include "abi/muster_calls.h"
#include "abi/x86.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define KEPT_PHYS   0x400000
#define LENT_PHYS   0x401000
#define COMMON_PHYS 0x402000
#define OWNER       1
#define BEFORE      0x1111
#define LENT        0x2222
#define COMMON      0x3333

static volatile uint64_t found, given_back, taken;
static volatile uint32_t owner_done;

static volatile uint64_t *at(uint64_t phys)
{
    return (volatile uint64_t *)phys;
}

static uint64_t give(uint64_t phys, uint64_t vp_index)
{
    return guest_vmcall(MUSTER_CALL_OWN_PAGE, phys, vp_index);
}

/* VP 1. */
static void own(void)
{
    found = *at(KEPT_PHYS);
    *at(LENT_PHYS) = LENT;
    *at(COMMON_PHYS) = COMMON;
    taken = give(KEPT_PHYS, HYPERV_THIS_VP);
    given_back = give(LENT_PHYS, MUSTER_EVERY_VP);
    owner_done = 1;
    for (;;)
        sleep_until_interrupt();
}

static void check_wrong_pages(void)
{
    check("page_outside_of_memory_is_nobodys", give(NO_RAM_PHYS, OWNER), HYPERV_INVALID_PARAMETER);
    check("half_a_page_is_nobodys", give(KEPT_PHYS + 8, OWNER), HYPERV_INVALID_PARAMETER);
    check("page_in_the_monitor_is_nobodys", give(0x100000000, OWNER), HYPERV_INVALID_PARAMETER);
    check("page_for_no_vp", give(KEPT_PHYS, VPS), HYPERV_INVALID_VP_INDEX);
    check("page_for_no_index", give(KEPT_PHYS, 1ull << 32), HYPERV_INVALID_VP_INDEX);
    write_msr(MSR_HYPERV_REFERENCE_TSC, REFERENCE_PHYS | HYPERV_MSR_ENABLE);
    check("hypervisors_page_is_nobodys", give(REFERENCE_PHYS, OWNER), HYPERV_INVALID_PARAMETER);
}

static void check_giving(void)
{
    *at(KEPT_PHYS) = BEFORE;
    *at(LENT_PHYS) = *at(COMMON_PHYS) = BEFORE;
    check("page_is_given", give(KEPT_PHYS, OWNER), HYPERV_SUCCESS);
    check("next_page_is_given", give(LENT_PHYS, OWNER), HYPERV_SUCCESS);
    check("page_beside_them_is_still_there", *at(COMMON_PHYS), BEFORE);
    check("page_cannot_be_taken_back", give(KEPT_PHYS, MUSTER_EVERY_VP), HYPERV_INVALID_PARAMETER);
    check("page_cannot_be_taken", give(KEPT_PHYS, 0), HYPERV_INVALID_PARAMETER);
    check("input_in_anothers_page_is_refused", guest_vmcall(HYPERV_CALL_START_VP, KEPT_PHYS, 0),
          HYPERV_INVALID_PARAMETER);
    check("output_in_anothers_page_is_refused",
          guest_vmcall(HYPERV_CALL_GET_VP_INDEX | REP(1), COMMON_PHYS, KEPT_PHYS),
          HYPERV_INVALID_PARAMETER);
}

static void check_owner(void)
{
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, OWNER, 0, {0}, {0}};
    context_fill(&vp_input.context);
    vp_input.context.rip = (uint64_t)own;
    vp_input.context.rflags = RFLAGS_FIXED;
    vp_input.context.rsp -= sizeof(uint64_t); /* as if called */
    check("owner_starts", guest_vmcall(HYPERV_CALL_START_VP, (uint64_t)&vp_input, 0),
          HYPERV_SUCCESS);
    check("owner_reaches_its_pages", wait_for(&owner_done), 1);
    check("owner_finds_its_page_as_it_was", found, BEFORE);
    check("owner_may_keep_its_page", taken, HYPERV_SUCCESS);
    check("owner_gives_a_page_back", given_back, HYPERV_SUCCESS);
    check("page_given_back_is_everybodys", *at(LENT_PHYS), LENT);
    check("page_beside_them_is_everybodys", *at(COMMON_PHYS), COMMON);
}

void guest_main(uint32_t index)
{
    (void)index;
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    check_wrong_pages();
    check_giving();
    check_owner();
    say("all checks made\n");
    check("page_of_anothers_own_can_be_read", *at(KEPT_PHYS), ~0ull);
    finish(false);
}
