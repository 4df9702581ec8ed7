/*
 * A partition under the monitor's hyperv profile: every leaf, MSR and page that it should have, and
 * some that it should not; then its hypercalls (calls.c). FATAL is an address to read instead of
 * all this; SHUFFLED has it end by the hypervisor's RESET.
 */
#include <muster/cpu.h>

#include "abi/fw_cfg.h"
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define TSC_MOVE     0x4000000000 /* ticks: a minute and more */
#define MSR_SYNIC    0x40000080
#define IOAPIC_PHYS  0xFEC00000
#define APIC_HZ      1000000000
#define APIC_SELF    0x3F0 /* x2APIC only: an IPI to oneself */
#define SELF_VECTOR  0x20
#define PIC_MASK     0x21
#define PIC_PATTERN  0xA5
#define APIC_ENABLED (APIC_SVR_ENABLE | 0xFF)
#define TSS_PRESENT  0x89
#define LOCK_OUT     (HYPERCALL_PHYS | HYPERV_MSR_ENABLE | HYPERV_MSR_LOCKED)

static struct x86_gate gates[256];
static struct x86_tss tss;
static uint8_t trap_stack[PAGE_BYTES] __attribute__((aligned(16)));
static bool is_amd;

/* ---- What the processor does. ---- */

static void set_gate(unsigned vector, const char *handler)
{
    uint64_t at = (uint64_t)handler;
    gates[vector] =
        (struct x86_gate){(uint16_t)at,         SELECTOR_CODE,        0, X86_INTERRUPT_GATE,
                          (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0};
}

static void load_tables(void)
{
    struct x86_table_register idt = {sizeof(gates) - 1, (uint64_t)gates};
    uint64_t base = (uint64_t)&tss;
    uint64_t *entry = (uint64_t *)(void *)(guest_gdt + SELECTOR_TSS);
    set_gate(VECTOR_UD, guest_trap_ud);
    set_gate(VECTOR_GP, guest_trap_gp);
    set_gate(VECTOR_PF, guest_trap_pf);
    set_gate(SELF_VECTOR, guest_interrupt);
    __asm__ volatile("lidt %0" : : "m"(idt));
    tss.rsp[0] = (uint64_t)(trap_stack + sizeof(trap_stack));
    entry[0] = (sizeof(tss) - 1) | (base & 0xFFFFFF) << 16 | (uint64_t)TSS_PRESENT << 40 |
               (base >> 24 & 0xFF) << 56;
    entry[1] = base >> 32;
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

struct msr_access {
    uint32_t msr;
    uint64_t value;
};

static void do_read(void *argument)
{
    struct msr_access *access = argument;
    access->value = read_msr(access->msr);
}

static void do_write(void *argument)
{
    const struct msr_access *access = argument;
    write_msr(access->msr, access->value);
}

static unsigned try_read(uint32_t msr)
{
    struct msr_access access = {.msr = msr};
    return guest_try(do_read, &access);
}

static unsigned try_write(uint32_t msr, uint64_t value)
{
    struct msr_access access = {msr, value};
    return guest_try(do_write, &access);
}

static void do_vmcall(void *unused)
{
    (void)unused;
    guest_vmcall(HYPERV_CALL_GET_VP_INDEX, 0, 0);
}

static void do_tdcall(void *unused)
{
    (void)unused;
    __asm__ volatile("tdcall" : : "a"(0), "c"(0) : "memory");
}

static void do_store(void *address)
{
    *(volatile uint64_t *)address = 0;
}

/* ---- Checks, in order. ---- */

static void check_cpuid(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_FEATURES, 0, r);
    check("cpuid_says_there_is_a_hypervisor", r[2] & CPUID_1_ECX_HYPERVISOR,
          CPUID_1_ECX_HYPERVISOR);
    check("cpuid_says_there_is_an_x2apic", r[2] & CPUID_1_ECX_X2APIC, CPUID_1_ECX_X2APIC);
    read_cpuid(HYPERV_CPUID_VENDOR, 0, r);
    check("vendor_is_microsoft_hv",
          r[1] == HYPERV_VENDOR_EBX && r[2] == HYPERV_VENDOR_ECX && r[3] == HYPERV_VENDOR_EDX, 1);
    check("last_leaf_is_limits", r[0], HYPERV_CPUID_LIMITS);
    read_cpuid(HYPERV_CPUID_INTERFACE, 0, r);
    check("interface_is_hv_1", r[0], HYPERV_INTERFACE);
    read_cpuid(HYPERV_CPUID_FEATURES, 0, r);
    check("features_name_the_msrs", r[0],
          HYPERV_MSRS_TIME_REF_COUNT | HYPERV_MSRS_HYPERCALL | HYPERV_MSRS_VP_INDEX |
              HYPERV_MSRS_RESET | HYPERV_MSRS_REFERENCE_TSC | HYPERV_MSRS_FREQUENCIES);
    check("features_grant_the_calls", r[1], HYPERV_MAY_START_VP | HYPERV_MAY_ACCESS_VSM);
    read_cpuid(HYPERV_CPUID_LIMITS, 0, r);
    check("limits_have_room_for_the_vps", r[0] >= VPS, 1);
    read_cpuid(HYPERV_CPUID_LAST + 1, 0, r);
    check("leaf_behind_the_last_is_empty", r[0] | r[1] | r[2] | r[3], 0);
    read_cpuid(CPUID_TDX, 0, r);
    check("it_is_no_td", r[0] | r[1] | r[2] | r[3], 0);
    read_cpuid(0, 0, r);
    is_amd = r[1] == CPUID_VENDOR_AMD_EBX;
}

static void do_write_cr4(void *value)
{
    write_cr4((uint64_t)value);
}

static void check_cr4(void)
{
    uint64_t cr4 = read_cr4();
    check("cr4_with_what_the_processor_has_not_is_gp",
          guest_try(do_write_cr4, (void *)(cr4 | CR4_LA57)), VECTOR_GP);
    check("cr4_without_pae_in_long_mode_is_gp",
          guest_try(do_write_cr4, (void *)(cr4 & ~(uint64_t)CR4_PAE)), VECTOR_GP);
    check("refused_cr4_changes_nothing", read_cr4(), cr4);
}

static void check_cpuid_of_cr4(void)
{
    uint32_t r[4];
    uint64_t cr4 = read_cr4();
    read_cpuid(CPUID_FEATURES, 0, r);
    if (!(r[2] & CPUID_1_ECX_XSAVE))
        return;
    write_cr4(cr4 | CR4_OSXSAVE);
    read_cpuid(CPUID_FEATURES, 0, r);
    check("cpuid_says_that_cr4_has_osxsave", r[2] & CPUID_1_ECX_OSXSAVE, CPUID_1_ECX_OSXSAVE);
    write_cr4(cr4 & ~(uint64_t)CR4_OSXSAVE);
    read_cpuid(CPUID_FEATURES, 0, r);
    check("cpuid_says_that_cr4_has_no_osxsave", r[2] & CPUID_1_ECX_OSXSAVE, 0);
    write_cr4(cr4);
}

static void check_before_os_id(void)
{
    check("hypercall_before_os_id_is_ud", guest_try(do_vmcall, NULL), VECTOR_UD);
    check("hypercall_msr_can_be_written_before_os_id",
          try_write(MSR_HYPERV_HYPERCALL, HYPERCALL_PHYS | HYPERV_MSR_ENABLE), NO_EXCEPTION);
    check("hypercall_msr_is_not_enabled_before_os_id", read_msr(MSR_HYPERV_HYPERCALL),
          HYPERCALL_PHYS);
}

static void check_hypercall_page(void)
{
    volatile uint64_t *page = (volatile uint64_t *)HYPERCALL_PHYS;
    const uint64_t own = 0x123456789ABCDEF0;
    /* VMCALL or VMMCALL, RET, and INT3 from there on. */
    const uint64_t code = is_amd ? 0xCCCCCCCCC3D9010F : 0xCCCCCCCCC3C1010F;
    *page = own;
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    check("os_id_reads_back", read_msr(MSR_HYPERV_GUEST_OS_ID), OS_ID);
    write_msr(MSR_HYPERV_HYPERCALL, HYPERCALL_PHYS | HYPERV_MSR_ENABLE);
    check("hypercall_msr_reads_back", read_msr(MSR_HYPERV_HYPERCALL),
          HYPERCALL_PHYS | HYPERV_MSR_ENABLE);
    check("hypercall_page_has_the_vendors_instruction", *page, code);
    check("hypercall_page_cannot_be_written", guest_try(do_store, (void *)HYPERCALL_PHYS),
          VECTOR_GP);
    check("hypercall_page_can_be_called", guest_call_page(0, 0, 0, (void *)HYPERCALL_PHYS),
          HYPERV_INVALID_CODE);
    write_msr(MSR_HYPERV_HYPERCALL, 0);
    check("memory_comes_back_when_the_page_goes", *page, own);
    check("vmcall_needs_no_page", guest_vmcall(0, 0, 0), HYPERV_INVALID_CODE);
    check("vmmcall_is_as_good", guest_vmmcall(0, 0, 0), HYPERV_INVALID_CODE);
    write_msr(MSR_HYPERV_HYPERCALL, HYPERCALL_PHYS | HYPERV_MSR_ENABLE);
    write_msr(MSR_HYPERV_GUEST_OS_ID, 0);
    check("page_goes_with_the_os_id", *page, own);
    check("hypercalls_go_with_the_os_id", guest_try(do_vmcall, NULL), VECTOR_UD);
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    check("hypercall_msr_outside_of_memory_is_gp",
          try_write(MSR_HYPERV_HYPERCALL, NO_RAM_PHYS | HYPERV_MSR_ENABLE), VECTOR_GP);
    check("hypercall_msr_with_reserved_bit_is_gp", try_write(MSR_HYPERV_HYPERCALL, 4), VECTOR_GP);
    write_msr(MSR_HYPERV_HYPERCALL, LOCK_OUT);
    check("locked_hypercall_msr_cannot_be_written", try_write(MSR_HYPERV_HYPERCALL, 0), VECTOR_GP);
    check("hypercall_at_cpl_3_is_ud", guest_try(guest_call_as_user, NULL), VECTOR_UD);
    check("tdcall_is_ud", guest_try(do_tdcall, NULL), VECTOR_UD);
}

static uint64_t reference_time(const volatile struct hyperv_reference_tsc *page)
{
    unsigned __int128 product = (unsigned __int128)read_tsc() * page->scale;
    return (uint64_t)(product >> 64) + (uint64_t)page->offset;
}

static void check_time(void)
{
    const volatile struct hyperv_reference_tsc *page = (void *)REFERENCE_PHYS;
    uint64_t hz = read_msr(MSR_HYPERV_TSC_FREQUENCY);
    write_msr(MSR_HYPERV_REFERENCE_TSC, REFERENCE_PHYS | HYPERV_MSR_ENABLE);
    check("reference_tsc_is_usable", page->sequence != 0, 1);
    uint64_t before = reference_time(page);
    uint64_t between = read_msr(MSR_HYPERV_TIME_REF_COUNT);
    uint64_t after = reference_time(page);
    check("reference_tsc_agrees_with_time_ref_count", before <= between && between <= after, 1);
    check("time_began_with_the_partition", after < 60ull * HYPERV_UNITS_PER_S, 1);
    uint64_t units = (uint64_t)(((unsigned __int128)hz * page->scale) >> 64);
    check("a_second_of_the_tsc_is_a_second",
          units / 2 * 2 == HYPERV_UNITS_PER_S || units + 1 == HYPERV_UNITS_PER_S, 1);
    check("apic_frequency_is_told", read_msr(MSR_HYPERV_APIC_FREQUENCY), APIC_HZ);
    check("time_cannot_be_written", try_write(MSR_HYPERV_TIME_REF_COUNT, 0), VECTOR_GP);
    check("reference_tsc_cannot_be_written", guest_try(do_store, (void *)REFERENCE_PHYS),
          VECTOR_GP);
    check("two_pages_at_one_place_are_gp",
          try_write(MSR_HYPERV_REFERENCE_TSC, HYPERCALL_PHYS | HYPERV_MSR_ENABLE), VECTOR_GP);
    check("unknown_hypervisor_msr_is_gp", try_read(MSR_SYNIC), VECTOR_GP);
    check("vp_index_of_the_first_is_0", read_msr(MSR_HYPERV_VP_INDEX), 0);
    check("vp_index_cannot_be_written", try_write(MSR_HYPERV_VP_INDEX, 1), VECTOR_GP);
}

/* Each counter within the time that looking at it takes: far less than the moves. */
static void check_near(const char *name, uint64_t value, uint64_t wanted)
{
    check(name, value - wanted < TSC_MOVE / 2, 1);
}

static void check_tsc(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_EXTENDED_FEATURES, 0, r);
    check("cpuid_says_there_is_tsc_adjust", r[1] & CPUID_7_EBX_TSC_ADJUST, CPUID_7_EBX_TSC_ADJUST);
    check("tsc_adjust_is_zero_at_first", read_msr(MSR_TSC_ADJUST), 0);
    check_near("tsc_reads_alike_by_msr", read_msr(MSR_TSC), read_tsc());
    uint64_t before = read_tsc();
    write_msr(MSR_TSC_ADJUST, TSC_MOVE);
    check_near("tsc_adjust_moves_the_tsc", read_tsc(), before + TSC_MOVE);
    check_near("tsc_adjust_moves_the_msr", read_msr(MSR_TSC), before + TSC_MOVE);
    check("tsc_adjust_reads_back", read_msr(MSR_TSC_ADJUST), TSC_MOVE);
    write_msr(MSR_TSC_ADJUST, 0);
    check_near("tsc_adjust_moves_the_tsc_back", read_tsc(), before);
    write_msr(MSR_TSC, before + 3 * TSC_MOVE);
    check_near("tsc_can_be_written", read_tsc(), before + 3 * TSC_MOVE);
    uint64_t adjust = read_msr(MSR_TSC_ADJUST);
    check("tsc_adjust_knows_of_a_write_of_the_tsc", adjust > 2 * TSC_MOVE && adjust <= 3 * TSC_MOVE,
          1);
    write_msr(MSR_TSC_ADJUST, 0);
}

static void check_machine(void)
{
    volatile uint32_t *ioapic = (volatile uint32_t *)IOAPIC_PHYS;
    ioapic[0] = 1;
    check("device_registers_are_reached_directly", ioapic[4] & 0xFF, 0x20);
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)0), "Nd"((uint16_t)FW_CFG_PORT_SELECTOR));
    check("ports_are_reached_directly", in8(FW_CFG_PORT_DATA), 'Q');
    out8(PIC_MASK, PIC_PATTERN);
    check("ports_can_be_written_directly", in8(PIC_MASK), PIC_PATTERN);
    out8(PIC_MASK, 0xFF);
    __asm__ volatile("wbinvd" : : : "memory");
    write_msr(MSR_X2APIC + APIC_SVR / 16, APIC_ENABLED);
    write_msr(MSR_X2APIC + APIC_SELF / 16, SELF_VECTOR);
    guest_sleep();
    check("hlt_ends_by_an_interrupt_that_was_pending", interrupts, 1);
    check("apic_cannot_leave_x2apic_mode",
          try_write(MSR_APIC_BASE, APIC_DEFAULT_PHYS | APIC_BASE_ENABLED | APIC_BASE_BSP),
          VECTOR_GP);
}

/*
 * Nobody comes by INIT and SIPI, and who waits takes no NMI with him into his start: that is seen
 * when the VPs are started.
 */
static void check_init_and_sipi(void)
{
    const uint32_t icr = MSR_X2APIC + APIC_ICR_LOW / 16;
    const uint64_t to_1 = 1ull << ICR_X2_DEST_SHIFT;
    check("init_can_be_sent", try_write(icr, to_1 | ICR_INIT | ICR_ASSERT), NO_EXCEPTION);
    check("sipi_can_be_sent", try_write(icr, ICR_SIPI | ICR_ASSERT | ICR_ALL_BUT_SELF | 8),
          NO_EXCEPTION);
    check("nmi_can_be_sent", try_write(icr, ICR_NMI | ICR_ASSERT | ICR_ALL_BUT_SELF), NO_EXCEPTION);
}

void guest_main(uint32_t index)
{
    load_tables();
    check("first_vp_starts_as_index_0", index, 0);
    if (FATAL) {
        check("what_is_not_there_can_be_read", *(volatile uint32_t *)(uint64_t)FATAL, ~0u);
        finish(false);
    }
    check_cpuid();
    check_cpuid_of_cr4();
    check_cr4();
    check_before_os_id();
    check_hypercall_page();
    check_time();
    check_tsc();
    check_machine();
    check_init_and_sipi();
    check_calls();
    finish(SHUFFLED);
}
