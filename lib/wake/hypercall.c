/* A hypercall of Hyper-V on its way (TLFS, chapter 3), what it answers, and what a VP starts with.
 */
#include "lib/wake/hypercall.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"

#define NO_STATUS 0xFFFF /* the TDX module did not pass the call on */

uint64_t hypercall(const struct muster_machine *machine, uint64_t control, uint64_t output_phys)
{
    const struct muster_platform *platform = machine->platform;
    uint64_t input_phys = machine->config.hypercall_phys;
    if (!machine->confidential)
        return platform->hypercall(platform->context, control, input_phys, output_phys);
    struct muster_tdcall_registers registers = {
        .rcx = HYPERV_TD_REGISTERS, .r10 = control, .rdx = input_phys, .r8 = output_phys};
    uint64_t failed = platform->tdcall(platform->context, TDG_VP_VMCALL, &registers);
    return failed ? NO_STATUS : registers.r11;
}

enum muster_status hypercall_meaning(uint32_t status)
{
    switch (status) {
    case HYPERV_INVALID_CODE:
        return MUSTER_ERROR_HYPERCALL_CODE;
    case HYPERV_INVALID_INPUT:
    case HYPERV_INVALID_ALIGNMENT:
    case HYPERV_INVALID_PARAMETER:
    case HYPERV_INVALID_PARTITION:
        return MUSTER_ERROR_HYPERCALL_INPUT;
    case HYPERV_ACCESS_DENIED:
    case HYPERV_OPERATION_DENIED:
        return MUSTER_ERROR_HYPERCALL_DENIED;
    case HYPERV_INVALID_VP_INDEX:
        return MUSTER_ERROR_HYPERCALL_VP_INDEX;
    case HYPERV_INVALID_VP_STATE:
        return MUSTER_ERROR_HYPERCALL_VP_STATE;
    case HYPERV_INVALID_REGISTER_VALUE:
        return MUSTER_ERROR_HYPERCALL_REGISTER;
    case HYPERV_INVALID_VTL_STATE:
        return MUSTER_ERROR_HYPERCALL_VTL;
    default:
        return MUSTER_ERROR_HYPERCALL_UNKNOWN;
    }
}

void hypercall_context_write(const struct muster_machine *machine, uint32_t index,
                             struct hyperv_context *context)
{
    const struct hyperv_segment data = {
        .limit = ~0u, .selector = ENTRY_DS, .attributes = HYPERV_SEGMENT_DATA};
    struct start_state start;
    start_state_make(machine, index, &start);
    *context = (struct hyperv_context){
        .rip = start.rip,
        .rflags = RFLAGS_FIXED,
        .cs = {.limit = ~0u, .selector = ENTRY_CS64, .attributes = HYPERV_SEGMENT_CODE64},
        .ds = data,
        .es = data,
        .fs = data,
        .gs = data,
        .ss = data,
        .tr = {.limit = 0xFFFF, .attributes = HYPERV_SEGMENT_TSS},
        .ldtr = {.limit = 0xFFFF, .attributes = HYPERV_SEGMENT_LDT},
        .efer = start.efer,
        .cr0 = start.cr0,
        .cr3 = start.cr3,
        .cr4 = start.cr4,
        .pat = start.pat,
    };
}
