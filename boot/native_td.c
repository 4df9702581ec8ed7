/* struct muster_platform in a TD: what differs from the bare processor. */
#include "abi/x86.h"
#include "boot/native.h"
#include "boot/td.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

/* The x2APIC registers that the TDX module virtualizes (TDX Module ABI, MSR virtualization). */
#define X2APIC_MSR(offset) (MSR_X2APIC + (offset) / 16)
#define APIC_PPR           0x0A0
#define APIC_IRR_END       0x280

/*
 * The module owns these: the host never sees them, and must not be asked for them. Should it
 * report one of the APIC's by #VE all the same, the handler asks the host.
 */
static bool module_owns(uint32_t msr)
{
    switch (msr) {
    case MSR_SPEC_CTRL: /* a barrier that the host was asked for would be none */
    case MSR_PRED_CMD:
    case MSR_SYSENTER_CS:
    case MSR_SYSENTER_CS + 1: /* ESP */
    case MSR_SYSENTER_CS + 2: /* EIP */
    case MSR_EFER:
    case MSR_PAT:
    case MSR_STAR:
    case MSR_LSTAR:
    case MSR_CSTAR:
    case MSR_FMASK:
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
    case X2APIC_MSR(APIC_TPR):
    case X2APIC_MSR(APIC_PPR):
    case X2APIC_MSR(APIC_EOI):
        return true;
    default:
        return msr >= X2APIC_MSR(APIC_ISR) && msr < X2APIC_MSR(APIC_IRR_END);
    }
}

/*
 * A TD's APICs are in x2APIC mode from the first instruction to the last, and everybody who
 * touches one asks for the mode first: that costs no call of the host.
 */
static uint64_t td_hook_msr_read(void *context, uint32_t msr)
{
    (void)context;
    if (msr == MSR_APIC_BASE)
        return APIC_DEFAULT_PHYS | APIC_BASE_X2APIC | APIC_BASE_ENABLED;
    return module_owns(msr) ? read_msr(msr) : td_msr_read(msr);
}

static void td_hook_msr_write(void *context, uint32_t msr, uint64_t value)
{
    (void)context;
    if (module_owns(msr))
        write_msr(msr, value);
    else
        td_msr_write(msr, value);
}

static uint64_t td_hook_tdcall(void *context, uint64_t rax,
                               struct muster_tdcall_registers *registers)
{
    (void)context;
    return td_call(rax, registers);
}

static bool td_hook_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context;
    return td_is_private(phys, bytes);
}

/*
 * With interrupts off from the look at the word on: one that comes in between stays pending, and
 * the host then gives the CPU back at once.
 */
static void td_hook_sleep(void *context, const struct muster_word *word, uint32_t value)
{
    (void)context;
    if (word_load_acquire(word) == value)
        native_idle();
}

void native_td_hooks(struct muster_platform *platform)
{
    platform->msr_read = td_hook_msr_read;
    platform->msr_write = td_hook_msr_write;
    platform->tdcall = td_hook_tdcall;
    platform->is_private = td_hook_is_private;
    platform->sleep = td_hook_sleep;
}
