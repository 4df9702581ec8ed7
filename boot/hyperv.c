/* Hyper-V from inside (TLFS, chapters 2, 3 and 12). */
#include "boot/hyperv.h"

#include <muster/cpu.h>

#include "abi/hyperv.h"
#include "lib/cpu/instructions.h"

enum { EAX, EBX, ECX, EDX };

#define CLOCK_LOOKS 1000u

/* boot/hyperv_call.S */
uint64_t hyperv_call(uint64_t control, uint64_t input_phys, uint64_t output_phys);
extern uint8_t hyperv_call_code[] __attribute__((visibility("hidden")));

struct clock {
    struct hyperv_reference_tsc reference;
    uint8_t rest[HYPERV_PAGE_BYTES - sizeof(struct hyperv_reference_tsc)];
};

/* The hypervisor writes it: a page of its own. */
static volatile struct clock clock_page __attribute__((aligned(HYPERV_PAGE_BYTES)));
static bool begun, clock_on;

static uint64_t call_hook(void *context, uint64_t control, uint64_t input_phys,
                          uint64_t output_phys)
{
    (void)context;
    return hyperv_call(control, input_phys, output_phys);
}

/* A page that somebody enabled before us, and locked, is not ours to move: it is not known mapped.
 */
static bool enable_page(const struct muster_platform *platform)
{
    uint64_t wanted = (uint64_t)hyperv_call_code | HYPERV_MSR_ENABLE;
    uint64_t now = platform->msr_read(platform->context, MSR_HYPERV_HYPERCALL);
    if (!(now & HYPERV_MSR_LOCKED))
        platform->msr_write(platform->context, MSR_HYPERV_HYPERCALL, wanted);
    now = platform->msr_read(platform->context, MSR_HYPERV_HYPERCALL);
    return (now & ~(uint64_t)HYPERV_MSR_LOCKED) == wanted;
}

enum muster_status hyperv_begin(struct muster_platform *platform)
{
    uint32_t features[4];
    if (!muster_hyperv_features(platform, features) || !(features[EAX] & HYPERV_MSRS_HYPERCALL))
        return MUSTER_NOT_SUPPORTED;
    /* Whoever booted before has told its own name; ours replaces it, as a kernel's does. */
    platform->msr_write(platform->context, MSR_HYPERV_GUEST_OS_ID, HYPERV_OS_ID_MUSTER);
    begun = true;
    if (platform->tdcall)
        return MUSTER_OK;
    if (!enable_page(platform))
        return MUSTER_DENIED;
    platform->hypercall = call_hook;
    return MUSTER_OK;
}

bool hyperv_is_begun(void)
{
    return begun;
}

void hyperv_end(struct muster_platform *platform)
{
    if (clock_on)
        platform->msr_write(platform->context, MSR_HYPERV_REFERENCE_TSC, 0);
    if (platform->hypercall &&
        !(platform->msr_read(platform->context, MSR_HYPERV_HYPERCALL) & HYPERV_MSR_LOCKED))
        platform->msr_write(platform->context, MSR_HYPERV_HYPERCALL, 0);
    if (begun)
        platform->msr_write(platform->context, MSR_HYPERV_GUEST_OS_ID, 0);
    platform->hypercall = NULL;
    begun = clock_on = false;
}

enum muster_status hyperv_clock_begin(const struct muster_platform *platform)
{
    uint32_t features[4];
    if (!muster_hyperv_features(platform, features) ||
        !(features[EAX] & HYPERV_MSRS_TIME_REF_COUNT))
        return MUSTER_NOT_SUPPORTED;
    /* Without it the page stays zero, and zero is the sequence that says: use the counter. */
    clock_on = features[EAX] & HYPERV_MSRS_REFERENCE_TSC;
    if (clock_on)
        platform->msr_write(platform->context, MSR_HYPERV_REFERENCE_TSC,
                            (uint64_t)&clock_page | HYPERV_MSR_ENABLE);
    return MUSTER_OK;
}

/*
 * Scale and offset belong together: whoever changes them changes the sequence too. A host that
 * does so all the time is asked for its counter in the end.
 */
uint64_t hyperv_clock_100ns(void)
{
    const volatile struct hyperv_reference_tsc *reference = &clock_page.reference;
    for (unsigned looks = 0; looks < CLOCK_LOOKS; looks++) {
        uint32_t sequence = reference->sequence;
        if (sequence == 0)
            break;
        order_reads();
        uint64_t scale = reference->scale;
        int64_t offset = reference->offset;
        uint64_t time = (uint64_t)((unsigned __int128)read_tsc() * scale >> 64) + (uint64_t)offset;
        order_reads();
        if (reference->sequence == sequence)
            return time;
    }
    return read_msr(MSR_HYPERV_TIME_REF_COUNT);
}

bool hyperv_clock_is_page(void)
{
    return clock_page.reference.sequence != 0;
}

uint64_t hyperv_tsc_hz(const struct muster_platform *platform)
{
    uint32_t features[4];
    if (!muster_hyperv_features(platform, features) || !(features[EAX] & HYPERV_MSRS_FREQUENCIES) ||
        !(features[EDX] & HYPERV_FEATURE_FREQUENCIES))
        return 0;
    return platform->msr_read(platform->context, MSR_HYPERV_TSC_FREQUENCY);
}
