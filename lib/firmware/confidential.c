/* What CPUID says about the kind of machine this is. */
#include <muster/cpu.h>

#include <stddef.h>

#include "abi/x86.h"

enum { EAX, EBX, ECX, EDX };

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
