/* What a TD's host is told of the firmware's own pages; abi/muster_calls.h says who listens. */
#include "abi/muster_calls.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "boot/image.h"
#include "boot/td.h"
#include "shim/shim.h"

#define SHOWN_REGISTERS 0x3C00 /* R10 to R13 */

/* Any other host answers that it does not know the call, which changes nothing here. */
static void tell(enum muster_region region, uint64_t phys, uint64_t bytes)
{
    struct muster_tdcall_registers r = {
        .rcx = SHOWN_REGISTERS,
        .r10 = MUSTER_CALL_WATCH,
        .r11 = region,
        .r12 = phys,
        .r13 = bytes,
    };
    (void)td_call(TDG_VP_VMCALL, &r);
}

void shim_watch_begin(void)
{
    if (!td_is_active())
        return;
    tell(MUSTER_REGION_MAILBOX, (uint64_t)shim.mailbox, MAILBOX_BYTES);
    tell(MUSTER_REGION_CODE, (uint64_t)text_start, (uint64_t)(text_end - text_start));
    if (shim.reset_vector_phys)
        tell(MUSTER_REGION_CODE, shim.reset_vector_phys, PAGE_BYTES);
    tell(MUSTER_REGION_TABLES, shim.tables_phys, shim.tables_bytes);
    tell(MUSTER_REGIONS_END, 0, 0);
}
