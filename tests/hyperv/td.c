/*
 * A TD whose host has Hyper-V's hypercalls (CALLS = 1), or has none (0). Every so many of those
 * that may time out do, as TIME_OUT says. vCPUs but the first begin once they are started.
 */
#include <muster/platform.h>

#include "abi/hyperv.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/td.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/guest.h"
#include "tests/td/image.h"

#define INPUT_PHYS   WORK_PHYS
#define OUTPUT_PHYS  (WORK_PHYS + PAGE_BYTES)
#define PRIVATE_PHYS (WORK_PHYS + 2 * PAGE_BYTES)
/* RDX, R8, R10 and R11, as openhcl_boot has it. */
#define CALL_MASK   0x0D04
#define NO_RDX_MASK 0x0D00

static volatile uint32_t arrived_mask;

static void *shared(uint64_t phys)
{
    return (void *)(phys + SHARED_WINDOW);
}

static uint64_t call_once(uint64_t mask, uint64_t control, uint64_t input, uint64_t output)
{
    struct muster_tdcall_registers r = {.rcx = mask, .r10 = control, .rdx = input, .r8 = output};
    if (td_call(TDG_VP_VMCALL, &r) || r.r10 != control)
        check("call_leaves_rax_0_and_r10_alone", r.r10, control);
    return r.r11;
}

static uint64_t call(uint64_t control, uint64_t input, uint64_t output)
{
    uint64_t result;
    do
        result = call_once(CALL_MASK, control, input, output);
    while (result == HYPERV_TIME_OUT);
    return result;
}

/* EnableVpVtl and StartVirtualProcessor: their input, with a context of zeros. */
static uint64_t call_vp(uint64_t control, uint32_t vp_index, uint8_t vtl, uint64_t rip)
{
    struct hyperv_vp_input *input = shared(INPUT_PHYS);
    *input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, vp_index, vtl, {0}, {.rip = rip}};
    return call(control, INPUT_PHYS, 0);
}

static void check_host(void)
{
    uint32_t r[4];
    td_cpuid(HYPERV_CPUID_VENDOR, 0, r);
    check("host_is_microsoft_hv_where_it_has_its_calls",
          r[1] == HYPERV_VENDOR_EBX && r[2] == HYPERV_VENDOR_ECX && r[3] == HYPERV_VENDOR_EDX,
          CALLS);
    td_msr_write(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    check("host_keeps_the_os_id_where_it_has_calls", td_msr_read(MSR_HYPERV_GUEST_OS_ID),
          CALLS ? OS_ID : 0);
    check("td_shares_its_pages", td_share(INPUT_PHYS, 2 * PAGE_BYTES), 1);
}

static void check_memory(void)
{
    const uint64_t code = HYPERV_CALL_GET_VP_INDEX | REP(VPS);
    struct hyperv_vp_index_input *input = shared(INPUT_PHYS);
    const volatile uint32_t *output = shared(OUTPUT_PHYS);
    *input = (struct hyperv_vp_index_input){.partition = HYPERV_THIS_PARTITION};
    for (uint32_t i = 0; i < VPS; i++)
        input->apic_ids[i] = i;
    check("td_is_told_vp_indexes", call(code, INPUT_PHYS, OUTPUT_PHYS), DONE(VPS));
    for (uint32_t i = 0; i < VPS; i++)
        check("vp_index_belongs_to_its_apic_id", output[i], i);
    check("address_may_carry_the_shared_bit",
          call(code, INPUT_PHYS | SHARED_BIT, OUTPUT_PHYS | SHARED_BIT), DONE(VPS));
    check("private_input_is_refused", call(code, PRIVATE_PHYS, OUTPUT_PHYS),
          HYPERV_INVALID_PARAMETER);
    check("private_output_is_refused", call(code, INPUT_PHYS, PRIVATE_PHYS),
          HYPERV_INVALID_PARAMETER);
    check("input_outside_of_memory_is_refused", call(code, NO_RAM_PHYS, OUTPUT_PHYS),
          HYPERV_INVALID_ALIGNMENT);
    check("register_that_is_not_shown_is_0", call_once(NO_RDX_MASK, code, INPUT_PHYS, OUTPUT_PHYS),
          HYPERV_INVALID_PARAMETER);
    check("unknown_call_is_refused", call(0x1234, INPUT_PHYS, 0), HYPERV_INVALID_CODE);
}

static void check_starts(void)
{
    const uint8_t vtl = HYPERV_HIGHEST_VTL;
    check("no_vcpu_runs_before_it_is_started", arrived_mask, 0);
    check("vtl_of_the_first_is_enabled_already", call_vp(HYPERV_CALL_ENABLE_VP_VTL, 0, vtl, 0),
          HYPERV_VTL_ALREADY_ENABLED);
    for (uint32_t vp = 1; vp < VPS; vp++)
        check("vtl_is_enabled", call_vp(HYPERV_CALL_ENABLE_VP_VTL, vp, vtl, 0), HYPERV_SUCCESS);
    check("tds_vcpu_starts_nowhere_else", call_vp(HYPERV_CALL_START_VP, 1, vtl, 0x1000),
          HYPERV_INVALID_REGISTER_VALUE);
    for (uint32_t vp = VPS - 1; vp > 0; vp--) {
        check("vcpu_is_started", call_vp(HYPERV_CALL_START_VP, vp, vtl, 0), HYPERV_SUCCESS);
        for (uint64_t from = read_tsc();
             !(arrived_mask >> vp & 1) && read_tsc() - from < 100000000000ull;)
            cpu_pause();
        check("started_vcpu_comes_to_the_reset_vector_and_no_other", arrived_mask >> vp,
              (1u << (VPS - vp)) - 1);
    }
    check("vcpu_is_not_started_twice", call_vp(HYPERV_CALL_START_VP, 1, vtl, 0),
          HYPERV_INVALID_VP_STATE);
}

/* A TD's host cannot have the instruction run once more: the TD sees the status. */
static void check_time_outs(void)
{
    const unsigned every = TIME_OUT;
    unsigned timed_out = 0;
    call_vp(HYPERV_CALL_ENABLE_VP_VTL, 0, HYPERV_HIGHEST_VTL, 0);
    for (unsigned i = 0; i < 4 * every; i++)
        timed_out +=
            call_once(CALL_MASK, HYPERV_CALL_ENABLE_VP_VTL, INPUT_PHYS, 0) == HYPERV_TIME_OUT;
    check("so_many_calls_time_out", timed_out, every ? 4 : 0);
}

void guest_main(uint32_t index)
{
    if (index) {
        __atomic_fetch_or(&arrived_mask, 1u << index, __ATOMIC_RELEASE);
        for (;;)
            td_halt(true);
    }
    td_begin();
    check("this_is_a_td", td_is_active(), 1);
    check_host();
    if (CALLS) {
        check_memory();
        check_starts();
        check_time_outs();
    } else {
        check("host_without_such_calls_knows_none",
              call_once(CALL_MASK, HYPERV_CALL_START_VP, INPUT_PHYS, 0), HYPERV_INVALID_CODE);
    }
    finish(false);
}
