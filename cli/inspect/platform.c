/*
 * What the library's plan asks of the machine. Of another one it is told on the command line; of
 * this one, by the processor. The plan is for a kernel that has every hook, so those are there;
 * nothing is ever done with them.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "abi/x86.h"
#include "cli/inspect/inspection.h"

#define MSR_DEVICE "/dev/cpu/0/msr" /* Linux's module msr, for root */

enum { EAX, EBX, ECX, EDX };

static void *map(void *context, uint64_t phys, size_t bytes)
{
    struct inspection *inspection = context;
    return memory_map(inspection->memory, phys, bytes);
}

/* A TD as far as a table-reader can tell one: leaf 0x21 with its name. */
static void answer_as_td(uint32_t leaf, uint32_t out[4])
{
    static const char name[] = "IntelTDX    ";
    if (leaf == 0)
        out[EAX] = CPUID_TDX;
    if (leaf == CPUID_TDX) {
        memcpy(&out[EBX], name, 4);
        memcpy(&out[EDX], name + 4, 4);
        memcpy(&out[ECX], name + 8, 4);
    }
}

static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct inspection *inspection = context;
    memset(out, 0, 4 * sizeof(out[0]));
    if (inspection->premises.td)
        answer_as_td(leaf, out);
    else if (inspection->premises.own)
        __cpuid_count(leaf, subleaf, out[EAX], out[EBX], out[ECX], out[EDX]);
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    const struct inspection *inspection = context;
    uint64_t value = 0;
    if (inspection->msr_fd >= 0 &&
        pread(inspection->msr_fd, &value, sizeof(value), (off_t)msr) != sizeof(value))
        value = 0;
    if (msr == MSR_APIC_BASE && inspection->x2apic)
        value |= APIC_BASE_X2APIC;
    return value;
}

static void refuse_exit(void *context, struct muster_vmgexit *exit)
{
    (void)context;
    exit->info_1 = UINT64_MAX;
}

static uint32_t refuse_adjust(void *context, uint64_t phys, uint64_t attributes)
{
    (void)context;
    (void)phys;
    (void)attributes;
    return UINT32_MAX;
}

void inspection_open_platform(struct inspection *inspection)
{
    inspection->platform = (struct muster_platform){
        .context = inspection,
        .map = map,
        .cpuid = cpuid,
        .msr_read = msr_read,
        .vmgexit = refuse_exit,
        .rmpadjust = refuse_adjust,
    };
    if (inspection->premises.own)
        inspection->msr_fd = open(MSR_DEVICE, O_RDONLY | O_CLOEXEC);
}
