#include "monitor/hyperv.h"

#include "abi/hyperv.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/lock.h"
#include "boot/native.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "monitor/apic.h"
#include "monitor/devices.h"
#include "monitor/monitor.h"
#include "monitor/overlay.h"

enum { EAX, EBX, ECX, EDX };

/* No real hypervisor's: no guest should take what this one has for what a release has. */
#define VERSION_BUILD 1
#define VERSION_MAJOR 10

/* How much a slow clock falls behind: 2 percent. */
#define SLOW_SHARE 50

#define CHIPSET_RESET_PORT 0xCF9
#define CHIPSET_RESET_NOW  0x06

#pragma GCC visibility push(hidden)
extern const char hypercall_page_intel[], hypercall_page_amd[];
#pragma GCC visibility pop

/* The partition's, whichever VP writes them. This lock is taken before the page lock. */
static uint64_t guest_os_id, hypercall_msr, reference_tsc_msr;
static struct muster_word lock;

static union {
    struct hyperv_reference_tsc time;
    uint8_t page[PAGE_BYTES];
} reference __attribute__((aligned(PAGE_BYTES)));

/* ---- Time. ---- */

static uint64_t time_of(uint64_t tsc)
{
    uint64_t units = (uint64_t)(((unsigned __int128)tsc * reference.time.scale) >> 64);
    return units + (uint64_t)reference.time.offset;
}

/* UNITS_PER_S * 2^64 / hz, bit by bit: 128 bits cannot be divided without a runtime library. */
static uint64_t scale_of(uint64_t hz)
{
    uint64_t scale = 0;
    uint64_t rest = HYPERV_UNITS_PER_S % hz;
    for (unsigned bit = 0; bit < 64; bit++) {
        rest *= 2;
        scale = scale * 2 + (rest >= hz);
        rest -= rest >= hz ? hz : 0;
    }
    return scale;
}

void hyperv_init(void)
{
    reference.time.scale = scale_of(native_tsc_hz());
    if (monitor.reference_clock_slow)
        reference.time.scale -= reference.time.scale / SLOW_SHARE;
    reference.time.offset = -(int64_t)time_of(read_tsc());
    reference.time.sequence = 1; /* nothing here ever changes scale or offset */
}

/* ---- CPUID. ---- */

static void answer_features(uint32_t out[4])
{
    out[EAX] = HYPERV_MSRS_HYPERCALL | HYPERV_MSRS_VP_INDEX | HYPERV_MSRS_TIME_REF_COUNT;
    out[EBX] = HYPERV_MAY_START_VP | HYPERV_MAY_ACCESS_VSM;
    if (monitor.policy->confidential)
        return;
    out[EAX] |= HYPERV_MSRS_RESET | HYPERV_MSRS_REFERENCE_TSC | HYPERV_MSRS_FREQUENCIES;
    out[EDX] = HYPERV_FEATURE_FREQUENCIES;
}

static void answer_advice(uint32_t out[4])
{
    out[EAX] = HYPERV_ADVICE_RELAXED_TIMING | HYPERV_ADVICE_X2APIC_MSRS;
    if (!monitor.policy->confidential)
        out[EAX] |= HYPERV_ADVICE_RESET_MSR;
    out[EBX] = HYPERV_ADVICE_NEVER_NOTIFY;
}

bool hyperv_cpuid(uint32_t leaf, uint32_t out[4])
{
    if (leaf < HYPERV_CPUID_VENDOR || leaf > HYPERV_CPUID_LAST)
        return false;
    memset(out, 0, 4 * sizeof(out[0]));
    if (leaf == HYPERV_CPUID_VENDOR) {
        out[EAX] = HYPERV_CPUID_LAST;
        out[EBX] = HYPERV_VENDOR_EBX;
        out[ECX] = HYPERV_VENDOR_ECX;
        out[EDX] = HYPERV_VENDOR_EDX;
    } else if (leaf == HYPERV_CPUID_INTERFACE) {
        out[EAX] = HYPERV_INTERFACE;
    } else if (leaf == HYPERV_CPUID_VERSION) {
        out[EAX] = VERSION_BUILD;
        out[EBX] = VERSION_MAJOR << 16;
    } else if (leaf == HYPERV_CPUID_FEATURES) {
        answer_features(out);
    } else if (leaf == HYPERV_CPUID_ADVICE) {
        answer_advice(out);
    } else {
        out[EAX] = out[EBX] = MONITOR_MOST_VCPUS;
    }
    return true;
}

/* ---- Pages. ---- */

const void *hyperv_hypercall_page(void)
{
    uint32_t r[4];
    read_cpuid(0, 0, r);
    return r[EBX] == CPUID_VENDOR_AMD_EBX || r[EBX] == CPUID_VENDOR_HYGON_EBX
               ? hypercall_page_amd
               : hypercall_page_intel;
}

const void *hyperv_reference_page(void)
{
    return &reference;
}

bool hyperv_is_open(void)
{
    return u64_load_relaxed(&guest_os_id);
}

/* ---- MSRs. ---- */

/* A register with a page and an enable bit; the page itself need not lie anywhere else. */
static bool place(struct vcpu *vcpu, enum overlay which, uint64_t value)
{
    uint64_t page_phys = value & HYPERV_MSR_PAGE;
    if (!(value & HYPERV_MSR_ENABLE))
        return overlay_place(vcpu, which, 0);
    return page_phys && overlay_place(vcpu, which, page_phys);
}

/* Who takes its name back gives up hypercalls (TLFS, 3.13). */
bool hyperv_msr_guest_os_id(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    (void)msr;
    if (!monitor.hypercalls)
        return false;
    if (!write) {
        *value = u64_load_relaxed(&guest_os_id);
        return true;
    }
    lock_take(&lock);
    if (!*value && !(hypercall_msr & HYPERV_MSR_LOCKED)) {
        hypercall_msr &= ~(uint64_t)HYPERV_MSR_ENABLE;
        overlay_place(vcpu, OVERLAY_HYPERCALL, 0);
    }
    u64_store_relaxed(&guest_os_id, *value);
    lock_drop(&lock);
    return true;
}

static bool write_hypercall(struct vcpu *vcpu, uint64_t value)
{
    uint64_t known = HYPERV_MSR_PAGE | HYPERV_MSR_ENABLE | HYPERV_MSR_LOCKED;
    if (value & ~known || hypercall_msr & HYPERV_MSR_LOCKED)
        return false;
    if (!hyperv_is_open()) /* the bit stays clear, and that is how the guest sees it */
        value &= ~(uint64_t)HYPERV_MSR_ENABLE;
    if (!place(vcpu, OVERLAY_HYPERCALL, value))
        return false;
    hypercall_msr = value;
    return true;
}

bool hyperv_msr_hypercall(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    bool done = true;
    (void)msr;
    lock_take(&lock);
    if (write)
        done = write_hypercall(vcpu, *value);
    else
        *value = hypercall_msr;
    lock_drop(&lock);
    return done;
}

bool hyperv_msr_reference_tsc(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    bool done = true;
    (void)msr;
    lock_take(&lock);
    if (!write)
        *value = reference_tsc_msr;
    else
        done = !(*value & ~(HYPERV_MSR_PAGE | HYPERV_MSR_ENABLE)) &&
               place(vcpu, OVERLAY_REFERENCE_TSC, *value);
    if (write && done)
        reference_tsc_msr = *value;
    lock_drop(&lock);
    return done;
}

bool hyperv_msr_reset(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    uint32_t now = CHIPSET_RESET_NOW;
    (void)msr;
    if (write && *value & HYPERV_RESET_NOW)
        port_reset(vcpu, CHIPSET_RESET_PORT, 1, true, &now);
    if (!write)
        *value = 0;
    return true;
}

/* Registers that only tell something. */
bool hyperv_msr_number(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value)
{
    if (write || !monitor.hypercalls)
        return false;
    switch (msr) {
    case MSR_HYPERV_VP_INDEX:
        *value = vcpu->vp_index;
        return true;
    case MSR_HYPERV_TIME_REF_COUNT:
        *value = time_of(read_tsc());
        return true;
    case MSR_HYPERV_TSC_FREQUENCY:
        *value = native_tsc_hz();
        return true;
    case MSR_HYPERV_APIC_FREQUENCY:
        *value = APIC_TIMER_HZ;
        return true;
    default:
        return false;
    }
}
