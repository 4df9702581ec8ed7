/* Intel TDX from inside: what module and host do on request (TDX Module ABI; GHCI 1.5, 3). */
#include "boot/td.h"

#include <stddef.h>

#include "abi/tdx.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/cpu/instructions.h"

/* TDG.VP.VMCALL passes the registers of its mask, RCX: R10 to R15; for a text, all that may be. */
#define VMCALL_REGISTERS 0xFC00u
#define FATAL_REGISTERS  0xFFCCu

/* Width of guest-physical addresses: the uppermost bit is the shared one. */
#define GPAW_MASK     0x3Fu
#define GPAW_NARROW   48u
#define GPAW_WIDE     52u
#define LARGE_BYTES   0x200000u
#define SHARED_RANGES 4u

/* A host that keeps on asking for a retry makes no progress: as many times, then it fails. */
#define MAP_GPA_TRIES 4096u

struct td {
    bool active;
    uint64_t shared_bit;
    struct {
        uint64_t phys, bytes;
    } shared[SHARED_RANGES];
};
static struct td td;

bool td_is_active(void)
{
    return td.active;
}

uint64_t td_shared_bit(void)
{
    return td.shared_bit;
}

/* A call of the host: gives its status, and its four results in R11 to R15. */
static uint64_t vmcall(uint64_t function, struct muster_tdcall_registers *registers)
{
    registers->rcx = VMCALL_REGISTERS;
    registers->r10 = 0;
    registers->r11 = function;
    uint64_t rax = td_call(TDG_VP_VMCALL, registers);
    return rax == TDX_SUCCESS ? registers->r10 : rax;
}

static uint32_t io_mask(unsigned bytes)
{
    return UINT32_MAX >> (32 - 8 * bytes);
}

void td_io_out(uint16_t port, unsigned bytes, uint32_t value)
{
    /* What lies above the value in its register is nobody's business but the TD's. */
    struct muster_tdcall_registers r = {
        .r12 = bytes, .r13 = 1, .r14 = port, .r15 = value & io_mask(bytes)};
    (void)vmcall(TDVMCALL_IO, &r); /* a port that nobody has swallows writes too */
}

uint32_t td_io_in(uint16_t port, unsigned bytes)
{
    struct muster_tdcall_registers r = {.r12 = bytes, .r14 = port};
    uint32_t value = vmcall(TDVMCALL_IO, &r) ? UINT32_MAX : (uint32_t)r.r11;
    return value & io_mask(bytes);
}

uint64_t td_msr_read(uint32_t msr)
{
    struct muster_tdcall_registers r = {.r12 = msr};
    return vmcall(TDVMCALL_RDMSR, &r) ? 0 : r.r11;
}

void td_msr_write(uint32_t msr, uint64_t value)
{
    struct muster_tdcall_registers r = {.r12 = msr, .r13 = value};
    (void)vmcall(TDVMCALL_WRMSR, &r);
}

void td_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    struct muster_tdcall_registers r = {.r12 = leaf, .r13 = subleaf};
    bool failed = vmcall(TDVMCALL_CPUID, &r) != TDVMCALL_SUCCESS;
    out[0] = failed ? 0 : (uint32_t)r.r12;
    out[1] = failed ? 0 : (uint32_t)r.r13;
    out[2] = failed ? 0 : (uint32_t)r.r14;
    out[3] = failed ? 0 : (uint32_t)r.r15;
}

void td_halt(bool blocked)
{
    struct muster_tdcall_registers r = {.r12 = blocked};
    (void)vmcall(TDVMCALL_HLT, &r);
}

void td_report_fatal(const char *text)
{
    uint64_t words[8] = {0};
    size_t bytes = strlen(text);
    memcpy(words, text, bytes < sizeof(words) ? bytes : sizeof(words));
    struct muster_tdcall_registers r = {
        .rcx = FATAL_REGISTERS,
        .r11 = TDVMCALL_FATAL_ERROR,
        .r14 = words[0],
        .r15 = words[1],
        .rbx = words[2],
        .rdi = words[3],
        .rsi = words[4],
        .r8 = words[5],
        .r9 = words[6],
        .rdx = words[7],
    };
    (void)td_call(TDG_VP_VMCALL, &r);
}

static uint64_t accept(uint64_t phys, uint64_t level)
{
    struct muster_tdcall_registers r = {.rcx = phys | level};
    return td_call(TDG_MEM_PAGE_ACCEPT, &r);
}

/* The module refuses a large page where the host has small ones: then in small ones. */
static bool accept_next(uint64_t phys, uint64_t bytes, uint64_t *accepted)
{
    *accepted = LARGE_BYTES;
    if (phys % LARGE_BYTES == 0 && bytes >= LARGE_BYTES) {
        uint64_t status = accept(phys, TDX_LEVEL_2M);
        if (status >> 32 != TDX_PAGE_SIZE_MISMATCH >> 32)
            return status == TDX_SUCCESS;
    }
    *accepted = PAGE_BYTES;
    return accept(phys, TDX_LEVEL_4K) == TDX_SUCCESS;
}

bool td_accept(uint64_t phys, uint64_t bytes)
{
    uint64_t accepted;
    for (; bytes; phys += accepted, bytes -= accepted)
        if (!accept_next(phys, bytes, &accepted))
            return false;
    return true;
}

/* The host may stop in the middle and name the address from which it is to be asked again. */
static bool map_gpa(uint64_t start, uint64_t bytes)
{
    uint64_t end = start + bytes;
    for (unsigned attempt = 0; attempt < MAP_GPA_TRIES; attempt++) {
        struct muster_tdcall_registers r = {.r12 = start, .r13 = end - start};
        uint64_t status = vmcall(TDVMCALL_MAP_GPA, &r);
        if (status != TDVMCALL_RETRY)
            return status == TDVMCALL_SUCCESS;
        if (r.r11 < start || r.r11 >= end || r.r11 % PAGE_BYTES)
            return false;
        start = r.r11;
    }
    return false;
}

bool td_share(uint64_t phys, uint64_t bytes)
{
    unsigned place = 0;
    while (place < SHARED_RANGES && td.shared[place].bytes)
        place++;
    if (place == SHARED_RANGES)
        return false;
    /* Noted first: what is half converted must not count as private either. */
    td.shared[place].phys = phys;
    td.shared[place].bytes = bytes;
    return map_gpa(phys | td.shared_bit, bytes);
}

bool td_unshare(uint64_t phys, uint64_t bytes)
{
    if (!map_gpa(phys, bytes) || !td_accept(phys, bytes))
        return false;
    for (unsigned i = 0; i < SHARED_RANGES; i++)
        if (td.shared[i].phys == phys && td.shared[i].bytes == bytes)
            td.shared[i].bytes = 0;
    return true;
}

bool td_is_private(uint64_t phys, uint64_t bytes)
{
    if (phys >= td.shared_bit || bytes > td.shared_bit - phys)
        return false;
    for (unsigned i = 0; i < SHARED_RANGES; i++)
        if (td.shared[i].bytes && phys < td.shared[i].phys + td.shared[i].bytes &&
            td.shared[i].phys < phys + bytes)
            return false;
    return true;
}

static void plain_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)context;
    read_cpuid(leaf, subleaf, out);
}

void td_begin(void)
{
    /* Leaves 0 and 0x21, which no TDX module leaves to a #VE. */
    const struct muster_platform cpuid_only = {.cpuid = plain_cpuid};
    struct muster_tdcall_registers r = {0};
    if (!muster_cpu_is_td(&cpuid_only))
        return;
    td_load_early_idt();
    /* The module's two widths; were it silent, the lower one is a bit that faults if unused. */
    bool wide = td_call(TDG_VP_INFO, &r) == TDX_SUCCESS && (r.rcx & GPAW_MASK) == GPAW_WIDE;
    td.shared_bit = 1ull << ((wide ? GPAW_WIDE : GPAW_NARROW) - 1);
    td.active = true;
}
