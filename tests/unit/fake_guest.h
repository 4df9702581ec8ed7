/**
 * A guest for the monitor's own code, without a processor: a vCPU in 64-bit mode, and low memory
 * from 0 whose pages are mapped 1:1 by the guest's own 4-level tables, but for a hole. Include it
 * once: it also stands for those parts of the monitor that need hardware (fatal(), npt.c, pages.c).
 */
#ifndef TESTS_FAKE_GUEST_H
#define TESTS_FAKE_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/x86.h"
#include "monitor/npt.h"
#include "monitor/overlay.h"
#include "monitor/pages.h"
#include "monitor/report.h"
#include "monitor/vcpu.h"

#define FAKE_PAGES       16
#define FAKE_ROOT_PHYS   0x1000 /* and three more tables behind it */
#define FAKE_LEAVES_PHYS 0x4000
#define FAKE_CODE_PHYS   0x5000
#define FAKE_DATA_PHYS   0x8000
#define FAKE_HOLE_PHYS   0xB000 /* not mapped; code and data may end before it */
#define FAKE_MAPPED_END  0x10000

struct fake_guest {
    struct vcpu vcpu;
    struct svm_vmcb vmcb;
    uint8_t *memory;
    uint64_t vectors[16][2];
};

static struct fake_guest *fake_guest; /* the one that is under test */
static jmp_buf fake_fatal_jump;
static char fake_fatal_text[512];

void fatal(const struct vcpu *vcpu, const char *format, ...)
{
    va_list arguments;
    (void)vcpu;
    va_start(arguments, format);
    vsnprintf(fake_fatal_text, sizeof(fake_fatal_text), format, arguments);
    va_end(arguments);
    longjmp(fake_fatal_jump, 1);
}

/** Do it; why it ended by fatal(), or "no fatal". */
static __attribute__((noinline, unused)) const char *fake_run(void (*run)(void *context),
                                                              void *context)
{
    if (setjmp(fake_fatal_jump))
        return fake_fatal_text;
    run(context);
    return "no fatal";
}

/* No hypervisor's page lies over this guest's. */
const void *overlay_at(uint64_t phys)
{
    (void)phys;
    return NULL;
}

uint64_t npt_host_address(uint64_t page_phys)
{
    return page_phys < FAKE_PAGES * PAGE_BYTES ? (uint64_t)fake_guest->memory + page_phys : 0;
}

enum page_state page_state_of(uint64_t phys)
{
    return phys < FAKE_PAGES * PAGE_BYTES ? PAGE_PRIVATE : PAGE_ABSENT;
}

void vcpu_vector(const struct vcpu *vcpu, unsigned number, uint64_t value[2])
{
    (void)vcpu;
    memcpy(value, fake_guest->vectors[number], sizeof(fake_guest->vectors[number]));
}

static inline uint64_t *fake_guest_table(uint64_t phys)
{
    return (uint64_t *)(void *)(fake_guest->memory + phys);
}

/** Also: every register holds a number of its own, and every segment a base. */
static inline void fake_guest_new(void)
{
    struct fake_guest *guest = calloc(1, sizeof(*guest));
    if (!guest || posix_memalign((void **)&guest->memory, PAGE_BYTES, FAKE_PAGES * PAGE_BYTES))
        abort();
    memset(guest->memory, 0, FAKE_PAGES * PAGE_BYTES);
    fake_guest = guest;
    for (uint64_t table = FAKE_ROOT_PHYS; table < FAKE_LEAVES_PHYS; table += PAGE_BYTES)
        fake_guest_table(table)[0] = (table + PAGE_BYTES) | PTE_PRESENT | PTE_WRITABLE;
    for (uint64_t phys = 0; phys < FAKE_MAPPED_END; phys += PAGE_BYTES)
        if (phys != FAKE_HOLE_PHYS)
            fake_guest_table(FAKE_LEAVES_PHYS)[phys / PAGE_BYTES] =
                phys | PTE_PRESENT | PTE_WRITABLE;
    guest->vcpu.vmcb = &guest->vmcb;
    guest->vcpu.cr0 = CR0_PG | CR0_PE;
    guest->vcpu.cr3 = FAKE_ROOT_PHYS;
    guest->vcpu.efer = EFER_LME | EFER_LMA;
    guest->vmcb.cs.attributes = SVM_SEGMENT_CODE64;
    guest->vmcb.rip = FAKE_CODE_PHYS;
    guest->vmcb.rflags = RFLAGS_FIXED;
    for (unsigned i = 0; i < GUEST_REGISTERS; i++)
        vcpu_set_register(&guest->vcpu, (enum guest_register)i, 0x100000001ull * (i + 1) << 4);
}

static inline void fake_guest_free(void)
{
    free(fake_guest->memory);
    free(fake_guest);
    fake_guest = NULL;
}

/** Put code where the vCPU is. */
static inline void fake_guest_code(const void *code, size_t bytes)
{
    memcpy(fake_guest->memory + fake_guest->vmcb.rip, code, bytes);
}

#endif
