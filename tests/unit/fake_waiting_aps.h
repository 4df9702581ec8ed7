/**
 * A TD whose APs wait as EDK2's do, for monitor/observe.c without a processor: each AP polls a word
 * in a loop, on tables of six pages, and moves on by one instruction when it is told to. Include it
 * once: it also stands for those parts of the monitor that need hardware.
 */
#ifndef TESTS_FAKE_WAITING_APS_H
#define TESTS_FAKE_WAITING_APS_H

#include <stdint.h>
#include <string.h>

#include "abi/mailbox.h"
#include "abi/x86.h"
#include "monitor/monitor.h"
#include "monitor/nmi.h"
#include "monitor/npt.h"
#include "monitor/overlay.h"
#include "monitor/pages.h"
#include "monitor/report.h"
#include "monitor/step.h"
#include "monitor/witness.h"

#define APS_CPUS       4 /* with the BSP */
#define APS_LOW_PAGES  128
#define APS_TABLES     0x1000 /* the root; behind it a table of pointers and two branches */
#define APS_LEAVES     0x4000 /* of the first 2 MiB; the image's are at 0x6000 */
#define APS_TABLES_END 0x7000
#define APS_CODE       0x10000
#define APS_MAILBOX    0x11000
#define APS_OTHER_PAGE 0x12000
#define APS_HOLE       0x13000 /* mapped by no table */
#define APS_DEVICE     0x14000 /* leads to where no low memory is */
#define APS_ALIAS      0x15000 /* leads to APS_CODE */
#define APS_FREE       0x20000 /* from here on nobody uses anything */
#define APS_IMAGE      (GUEST_FOUR_GIB - PAGE_BYTES)
#define APS_ID(index)  ((index) + 0x10u)
#define APS_MOST       16

/* mov (%rbx), %eax; test %eax, %eax; pause; jmp to the first of these */
static const uint8_t aps_loop[] = {0x8B, 0x03, 0x85, 0xC0, 0xF3, 0x90, 0xEB, 0xF8};

struct monitor monitor;

static struct {
    uint8_t low[APS_LOW_PAGES][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
    uint8_t image[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
    struct vcpu vcpus[APS_CPUS];
    struct svm_vmcb vmcbs[APS_CPUS];
    bool cannot_step;         /* what step_begin() finds */
    bool nmi_is_due;          /* of all */
    bool watched;             /* the witness has begun */
    uint64_t shared_page;     /* all others are private */
    uint64_t read_only;       /* as npt.c was told last */
    unsigned flushes;         /* of all TLBs */
    unsigned findings;        /* of rule watch-refused */
    unsigned kicks[APS_CPUS]; /* that each got */
    unsigned dozes;           /* of all */
    void (*meanwhile)(void);  /* what happens during each */
    struct aps_call {
        uint64_t region, phys, bytes;
    } calls[APS_MOST]; /* to the witness */
    unsigned call_count;
} aps;

static inline uint64_t *aps_table(uint64_t phys)
{
    return (uint64_t *)(void *)aps.low[phys / PAGE_BYTES];
}

/* ---- What stands for the rest of the monitor. ---- */

bool step_begin(struct vcpu *vcpu, step_handler *handler)
{
    vcpu->stepped = aps.cannot_step ? NULL : handler;
    return !aps.cannot_step;
}

void step_end(struct vcpu *vcpu)
{
    vcpu->stepped = NULL;
}

bool nmi_is_due(const struct vcpu *vcpu)
{
    (void)vcpu;
    return aps.nmi_is_due;
}

uint64_t npt_host_address(uint64_t page_phys)
{
    if (page_phys >= APS_IMAGE)
        return (uint64_t)aps.image + page_phys - APS_IMAGE;
    return page_phys < sizeof(aps.low) ? (uint64_t)aps.low + page_phys : 0;
}

void npt_show_read_only(uint64_t page_phys)
{
    aps.read_only = page_phys;
}

void npt_show(uint64_t page_phys, bool private, bool shared)
{
    if (page_phys == aps.read_only && private && !shared)
        aps.read_only = 0;
}

void npt_shoot_down(const struct vcpu *self, bool wait)
{
    aps.flushes += self == &aps.vcpus[0] && wait;
}

enum page_state page_state_of(uint64_t phys)
{
    if (phys < APS_IMAGE && phys >= sizeof(aps.low))
        return PAGE_ABSENT;
    return phys == aps.shared_page ? PAGE_SHARED : PAGE_PRIVATE;
}

const void *overlay_at(uint64_t phys)
{
    (void)phys;
    return NULL;
}

bool witness_is_on(void)
{
    return aps.watched;
}

bool witness_call(struct vcpu *vcpu, uint64_t region, uint64_t phys, uint64_t bytes)
{
    if (vcpu == &aps.vcpus[0] && aps.call_count < APS_MOST)
        aps.calls[aps.call_count++] = (struct aps_call){region, phys, bytes};
    aps.watched |= region == MUSTER_REGIONS_END;
    return true;
}

void report_finding(const struct vcpu *vcpu, const char *rule, uint64_t address, uint64_t value,
                    const char *format, ...)
{
    (void)vcpu;
    (void)address;
    (void)value;
    (void)format;
    aps.findings += strcmp(rule, "watch-refused") == 0;
}

void vcpu_kick(struct vcpu *vcpu)
{
    aps.kicks[vcpu->index]++;
}

void vcpu_doze(struct vcpu *vcpu)
{
    (void)vcpu;
    aps.dozes++;
    aps.meanwhile();
}

/* ---- The TD. ---- */

static inline void aps_map(uint64_t linear, uint64_t phys)
{
    aps_table(APS_LEAVES)[linear / PAGE_BYTES] = phys ? phys | PTE_PRESENT : 0;
}

static inline void aps_build_tables(void)
{
    aps_table(APS_TABLES)[0] = 0x2000 | PTE_PRESENT;
    aps_table(0x2000)[0] = 0x3000 | PTE_PRESENT;
    aps_table(0x2000)[3] = 0x5000 | PTE_PRESENT;
    aps_table(0x3000)[0] = APS_LEAVES | PTE_PRESENT;
    aps_table(0x3000)[1] = 0x200000 | PTE_PRESENT | PTE_LARGE; /* no table is there */
    aps_table(0x5000)[PTE_ENTRIES - 1] = 0x6000 | PTE_PRESENT;
    aps_table(0x6000)[PTE_ENTRIES - 1] = APS_IMAGE | PTE_PRESENT;
    for (uint64_t page = PAGE_BYTES; page < sizeof(aps.low); page += PAGE_BYTES)
        aps_map(page, page);
    aps_map(APS_HOLE, 0);
    aps_map(APS_DEVICE, GUEST_LOW_END);
    aps_map(APS_ALIAS, APS_CODE);
}

/** Where AP @index polls from here on, and what. */
static inline void aps_place(unsigned index, uint64_t code, uint64_t polled)
{
    aps.vcpus[index].vmcb->rip = code;
    aps.vcpus[index].registers.value[RBX] = polled;
}

/** Everybody in the wait loop, nothing found yet. */
static inline void aps_new(void (*meanwhile)(void))
{
    memset(&aps, 0, sizeof(aps));
    aps.meanwhile = meanwhile;
    aps_build_tables();
    memcpy(aps.low[APS_CODE / PAGE_BYTES], aps_loop, sizeof(aps_loop));
    memcpy(aps.low[APS_OTHER_PAGE / PAGE_BYTES], aps_loop, sizeof(aps_loop));
    memcpy(aps.image, aps_loop, sizeof(aps_loop));
    monitor = (struct monitor){.vcpu_count = APS_CPUS, .vcpus = aps.vcpus, .finds_firmware = true};
    for (unsigned i = 0; i < APS_CPUS; i++) {
        aps.vcpus[i] = (struct vcpu){.index = i,
                                     .apic_id = APS_ID(i),
                                     .vmcb = &aps.vmcbs[i],
                                     .cr0 = CR0_PG | CR0_PE,
                                     .cr3 = APS_TABLES,
                                     .efer = EFER_LME | EFER_LMA};
        aps.vmcbs[i].cs.attributes = SVM_SEGMENT_CODE64;
        aps.vmcbs[i].rflags = RFLAGS_FIXED;
        aps_place(i, APS_CODE, APS_MAILBOX);
    }
}

/** One instruction of AP @index; whoever follows it is told. */
static inline void aps_step(unsigned index)
{
    struct vcpu *vcpu = &aps.vcpus[index];
    uint64_t page = vcpu->vmcb->rip & ~(uint64_t)(PAGE_BYTES - 1);
    vcpu->vmcb->rip = page + (vcpu->vmcb->rip - page + 2) % sizeof(aps_loop);
    if (vcpu->stepped)
        vcpu->stepped(vcpu);
}

#endif
