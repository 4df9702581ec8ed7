/* What CPUID says about the kind of machine this is. */
#include <muster/cpu.h>

#include <stddef.h>

#include "abi/hyperv.h"
#include "abi/sev.h"
#include "abi/x86.h"
#include "lib/cpu/cpuid.h"

/* "IntelTDX    " in the order of the registers that carry it. */
#define TDX_NAME_EBX 0x65746E49u
#define TDX_NAME_EDX 0x5844546Cu
#define TDX_NAME_ECX 0x20202020u

/*
 * The highest leaf is asked first: beyond it, Intel processors answer with the data of the
 * highest basic leaf, whatever that is (SDM vol. 2, CPUID).
 */
bool muster_cpu_is_td(const struct muster_platform *platform)
{
    uint32_t out[4];

    if (platform->cpuid == NULL) {
        return false;
    }
    platform->cpuid(platform->context, 0, 0, out);
    if (out[EAX] < CPUID_TDX) {
        return false;
    }
    platform->cpuid(platform->context, CPUID_TDX, 0, out);
    return out[EBX] == TDX_NAME_EBX && out[EDX] == TDX_NAME_EDX && out[ECX] == TDX_NAME_ECX;
}

/* The hypervisor's leaves mean something only where one says that it is there. */
bool muster_hyperv_features(const struct muster_platform *platform, uint32_t features[4])
{
    uint32_t out[4];

    if (platform->cpuid == NULL) {
        return false;
    }
    platform->cpuid(platform->context, CPUID_FEATURES, 0, out);
    if (!(out[ECX] & CPUID_1_ECX_HYPERVISOR)) {
        return false;
    }
    platform->cpuid(platform->context, HYPERV_CPUID_VENDOR, 0, out);
    if (out[EAX] < HYPERV_CPUID_FEATURES || out[EBX] != HYPERV_VENDOR_EBX ||
        out[ECX] != HYPERV_VENDOR_ECX || out[EDX] != HYPERV_VENDOR_EDX) {
        return false;
    }
    platform->cpuid(platform->context, HYPERV_CPUID_INTERFACE, 0, out);
    if (out[EAX] != HYPERV_INTERFACE) {
        return false;
    }
    platform->cpuid(platform->context, HYPERV_CPUID_FEATURES, 0, features);
    return true;
}

/* What CPUID lists, a host has as well: only the MSR says what this guest runs under. */
uint64_t muster_sev_status(const struct muster_platform *platform)
{
    uint32_t out[4];

    if (platform->cpuid == NULL || platform->msr_read == NULL) {
        return 0;
    }
    platform->cpuid(platform->context, CPUID_EXTENDED_MAX, 0, out);
    if (out[EAX] < CPUID_SEV) {
        return 0;
    }
    platform->cpuid(platform->context, CPUID_SEV, 0, out);
    return out[EAX] & SEV_CPUID_SEV ? platform->msr_read(platform->context, MSR_SEV_STATUS) : 0;
}
