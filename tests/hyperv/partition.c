/*
 * A partition under the monitor's hyperv profile: every leaf, MSR, hypercall and status that it
 * should have, and those that it should not. SHUFFLED and TIME_OUT say how the monitor was told to
 * be; FATAL is an address to read instead of all this.
 */
#include <muster/cpu.h>

#include "abi/fw_cfg.h"
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/cpu/instructions.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define VPS           4 /* QEMU's -smp */
#define OS_ID         0x8100000000000001
#define HYPERCALL_GPA 0x300000
#define REFERENCE_GPA 0x301000
#define INPUT_GPA     0x302000
#define OUTPUT_GPA    0x303000
#define NO_RAM_GPA    0x90000000
#define MONITOR_GPA   0x100000000
#define MSR_SYNIC     0x40000080
#define IOAPIC_PHYS   0xFEC00000
#define APIC_HZ       1000000000
#define SELF_VECTOR   0x20
#define PIC_MASK      0x21
#define PIC_PATTERN   0xA5
#define APIC_ENABLED  (APIC_SVR_ENABLE | 0xFF)
#define REP(count)    ((uint64_t)(count) << HYPERV_CONTROL_REPS_SHIFT)
#define FROM(first)   ((uint64_t)(first) << HYPERV_CONTROL_DONE_SHIFT)
#define DONE(count)   ((uint64_t)(count) << HYPERV_RESULT_DONE_SHIFT)
#define TSS_PRESENT   0x89
#define LOCK_OUT      (HYPERCALL_GPA | HYPERV_MSR_ENABLE | HYPERV_MSR_LOCKED)

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

/* ---- Calls. A time-out is not done, and called again. ---- */

static uint64_t call(uint64_t control, const void *input, uint64_t output_phys)
{
    uint64_t result;
    do
        result = guest_vmcall(control, (uint64_t)input, output_phys);
    while (result == HYPERV_TIME_OUT);
    return result;
}

static struct hyperv_vp_input *input_for(uint32_t vp_index, uint8_t vtl)
{
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, vp_index, vtl, {0}, {0}};
    context_fill(&vp_input.context);
    return &vp_input;
}

static uint32_t index_of(uint32_t apic_id)
{
    return SHUFFLED && apic_id ? VPS - apic_id : apic_id;
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

static void check_before_os_id(void)
{
    check("hypercall_before_os_id_is_ud", guest_try(do_vmcall, NULL), VECTOR_UD);
    check("hypercall_msr_can_be_written_before_os_id",
          try_write(MSR_HYPERV_HYPERCALL, HYPERCALL_GPA | HYPERV_MSR_ENABLE), NO_EXCEPTION);
    check("hypercall_msr_is_not_enabled_before_os_id", read_msr(MSR_HYPERV_HYPERCALL),
          HYPERCALL_GPA);
}

static void check_hypercall_page(void)
{
    volatile uint64_t *page = (volatile uint64_t *)HYPERCALL_GPA;
    const uint64_t own = 0x123456789ABCDEF0;
    /* VMCALL or VMMCALL, RET, and INT3 from there on. */
    const uint64_t code = is_amd ? 0xCCCCCCCCC3D9010F : 0xCCCCCCCCC3C1010F;
    *page = own;
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    check("os_id_reads_back", read_msr(MSR_HYPERV_GUEST_OS_ID), OS_ID);
    write_msr(MSR_HYPERV_HYPERCALL, HYPERCALL_GPA | HYPERV_MSR_ENABLE);
    check("hypercall_msr_reads_back", read_msr(MSR_HYPERV_HYPERCALL),
          HYPERCALL_GPA | HYPERV_MSR_ENABLE);
    check("hypercall_page_has_the_vendors_instruction", *page, code);
    check("hypercall_page_cannot_be_written", guest_try(do_store, (void *)HYPERCALL_GPA),
          VECTOR_GP);
    check("hypercall_page_can_be_called", guest_call_page(0, 0, 0, (void *)HYPERCALL_GPA),
          HYPERV_INVALID_CODE);
    write_msr(MSR_HYPERV_HYPERCALL, 0);
    check("memory_comes_back_when_the_page_goes", *page, own);
    check("vmcall_needs_no_page", guest_vmcall(0, 0, 0), HYPERV_INVALID_CODE);
    check("vmmcall_is_as_good", guest_vmmcall(0, 0, 0), HYPERV_INVALID_CODE);
    write_msr(MSR_HYPERV_HYPERCALL, HYPERCALL_GPA | HYPERV_MSR_ENABLE);
    write_msr(MSR_HYPERV_GUEST_OS_ID, 0);
    check("page_goes_with_the_os_id", *page, own);
    check("hypercalls_go_with_the_os_id", guest_try(do_vmcall, NULL), VECTOR_UD);
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    check("hypercall_msr_outside_of_memory_is_gp",
          try_write(MSR_HYPERV_HYPERCALL, NO_RAM_GPA | HYPERV_MSR_ENABLE), VECTOR_GP);
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
    const volatile struct hyperv_reference_tsc *page = (void *)REFERENCE_GPA;
    uint64_t hz = read_msr(MSR_HYPERV_TSC_FREQUENCY);
    write_msr(MSR_HYPERV_REFERENCE_TSC, REFERENCE_GPA | HYPERV_MSR_ENABLE);
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
    check("reference_tsc_cannot_be_written", guest_try(do_store, (void *)REFERENCE_GPA), VECTOR_GP);
    check("two_pages_at_one_place_are_gp",
          try_write(MSR_HYPERV_REFERENCE_TSC, HYPERCALL_GPA | HYPERV_MSR_ENABLE), VECTOR_GP);
    check("unknown_hypervisor_msr_is_gp", try_read(MSR_SYNIC), VECTOR_GP);
    check("vp_index_of_the_first_is_0", read_msr(MSR_HYPERV_VP_INDEX), 0);
    check("vp_index_cannot_be_written", try_write(MSR_HYPERV_VP_INDEX, 1), VECTOR_GP);
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
    write_msr(MSR_X2APIC + 0x3F, SELF_VECTOR);
    guest_sleep();
    check("hlt_ends_by_an_interrupt_that_was_pending", interrupts, 1);
    check("apic_cannot_leave_x2apic_mode",
          try_write(MSR_APIC_BASE, APIC_DEFAULT_PHYS | APIC_BASE_ENABLED | APIC_BASE_BSP),
          VECTOR_GP);
}

static void check_vp_indexes(void)
{
    struct hyperv_vp_index_input *input = (void *)INPUT_GPA;
    volatile uint32_t *output = (volatile uint32_t *)OUTPUT_GPA;
    const uint64_t code = HYPERV_CALL_GET_VP_INDEX;
    *input = (struct hyperv_vp_index_input){.partition = HYPERV_THIS_PARTITION};
    for (uint32_t i = 0; i < VPS; i++)
        input->apic_ids[i] = i;
    check("vp_indexes_are_told", call(code | REP(VPS), input, OUTPUT_GPA), DONE(VPS));
    for (uint32_t i = 0; i < VPS; i++)
        check("vp_index_belongs_to_its_apic_id", output[i], index_of(i));
    output[0] = output[1] = 77;
    check("rep_call_goes_on_from_its_start", call(code | REP(2) | FROM(1), input, OUTPUT_GPA),
          DONE(2));
    check("element_before_the_start_is_left_alone", output[0], 77);
    check("element_from_the_start_on_is_done", output[1], index_of(1));
    input->apic_ids[2] = 200;
    output[2] = 77;
    check("unknown_apic_id_ends_a_rep_call_half_done", call(code | REP(4), input, OUTPUT_GPA),
          HYPERV_INVALID_PARAMETER | DONE(2));
    check("elements_after_the_error_are_left_alone", output[2], 77);
    check("rep_call_without_elements", call(code, input, OUTPUT_GPA), HYPERV_INVALID_INPUT);
    check("rep_call_from_its_end", call(code | REP(2) | FROM(2), input, OUTPUT_GPA),
          HYPERV_INVALID_INPUT);
    check("rep_call_over_the_pages_end", call(code | REP(0xFFF), input, OUTPUT_GPA),
          HYPERV_INVALID_ALIGNMENT);
    check("output_out_of_line", call(code | REP(1), input, OUTPUT_GPA + 4),
          HYPERV_INVALID_ALIGNMENT);
    check("output_over_a_pages_end", call(code | REP(4), input, OUTPUT_GPA + PAGE_BYTES - 8),
          HYPERV_INVALID_ALIGNMENT);
    check("output_outside_of_memory", call(code | REP(1), input, NO_RAM_GPA),
          HYPERV_INVALID_ALIGNMENT);
    check("output_in_the_hypercall_page", call(code | REP(1), input, HYPERCALL_GPA + 0x100),
          HYPERV_INVALID_PARAMETER);
    input->vtl = HYPERV_VTL_IS_GIVEN | 5;
    check("index_in_unknown_vtl", call(code | REP(1), input, OUTPUT_GPA), HYPERV_INVALID_PARAMETER);
    input->partition = 1;
    check("index_in_unknown_partition", call(code | REP(1), input, OUTPUT_GPA),
          HYPERV_INVALID_PARTITION);
}

static void check_vtls(void)
{
    const uint64_t code = HYPERV_CALL_ENABLE_VP_VTL;
    const uint8_t vtl = HYPERV_HIGHEST_VTL;
    check("vtl_of_the_first_vp_is_enabled_already", call(code, input_for(0, vtl), 0),
          HYPERV_VTL_ALREADY_ENABLED);
    check("this_vp_can_be_named_so", call(code, input_for(HYPERV_THIS_VP, vtl), 0),
          HYPERV_VTL_ALREADY_ENABLED);
    check("vtl_must_be_enabled_before_a_start",
          call(HYPERV_CALL_START_VP, input_for(index_of(1), vtl), 0), HYPERV_INVALID_VTL_STATE);
    check("vtl_is_enabled", call(code, input_for(index_of(1), vtl), 0), HYPERV_SUCCESS);
    check("vtl_is_not_enabled_twice", call(code, input_for(index_of(1), vtl), 0),
          HYPERV_VTL_ALREADY_ENABLED);
    check("vtl_that_the_partition_has_not", call(code, input_for(index_of(1), 1), 0),
          HYPERV_INVALID_VTL_STATE);
    check("vtl_that_nobody_has", call(code, input_for(index_of(1), vtl + 1), 0),
          HYPERV_INVALID_PARAMETER);
    check("vtl_of_no_vp", call(code, input_for(VPS, vtl), 0), HYPERV_INVALID_VP_INDEX);
    check("vtl_0_is_everybodys", call(code, input_for(index_of(2), 0), 0),
          HYPERV_VTL_ALREADY_ENABLED);
}

/* ---- Wrong starts: the control word, then what is in the input. ---- */

static void check_wrong_calls(void)
{
    const uint64_t code = HYPERV_CALL_START_VP;
    const struct hyperv_vp_input *input = input_for(index_of(1), HYPERV_HIGHEST_VTL);
    const struct {
        const char *name;
        uint64_t control, input_phys;
        unsigned status;
    } wrong[] = {
        {"unknown_code", 0x1234, (uint64_t)input, HYPERV_INVALID_CODE},
        {"reserved_bits_27_to_31", code | 1u << 27, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"reserved_bits_44_to_47", code | 1ull << 44, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"reserved_bits_60_to_63", code | 1ull << 63, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"fast_call", code | HYPERV_CONTROL_FAST, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"variable_header", code | 1u << 17, (uint64_t)input, HYPERV_INVALID_INPUT},
        {"rep_count_of_a_simple_call", code | REP(1), (uint64_t)input, HYPERV_INVALID_INPUT},
        {"rep_start_of_a_simple_call", code | FROM(1), (uint64_t)input, HYPERV_INVALID_INPUT},
        {"input_out_of_line", code, (uint64_t)input + 4, HYPERV_INVALID_ALIGNMENT},
        {"input_over_a_pages_end", code, INPUT_GPA + PAGE_BYTES - 8, HYPERV_INVALID_ALIGNMENT},
        {"input_outside_of_memory", code, NO_RAM_GPA, HYPERV_INVALID_ALIGNMENT},
        {"input_in_the_monitor", code, MONITOR_GPA, HYPERV_INVALID_ALIGNMENT},
        {"input_nowhere_at_all", code, ~7ull, HYPERV_INVALID_ALIGNMENT},
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check(wrong[i].name, call(wrong[i].control, (void *)wrong[i].input_phys, 0),
              wrong[i].status);
}

#define AT(member)    (unsigned)offsetof(struct hyperv_vp_input, member), sizeof(vp_input.member)
#define IN(member)    AT(context.member)
#define NOT_CANONICAL 0x0000800000000000

static const struct {
    const char *name;
    unsigned offset, bytes;
    uint64_t value;
    unsigned status;
} wrong_inputs[] = {
    {"start_in_another_partition", AT(partition), 1, HYPERV_INVALID_PARTITION},
    {"start_of_no_vp", AT(vp_index), VPS, HYPERV_INVALID_VP_INDEX},
    {"start_in_no_vtl", AT(vtl), 3, HYPERV_INVALID_PARAMETER},
    {"start_in_a_vtl_that_is_off", AT(vtl), 1, HYPERV_INVALID_VTL_STATE},
    {"start_with_a_reserved_byte", AT(zero[0]), 1, HYPERV_INVALID_PARAMETER},
    {"start_with_another_reserved_byte", AT(zero[2]), 1, HYPERV_INVALID_PARAMETER},
    {"start_of_the_caller", AT(vp_index), 0, HYPERV_INVALID_VP_STATE},
    {"rip_not_canonical", IN(rip), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"rflags_without_bit_1", IN(rflags), 0, HYPERV_INVALID_REGISTER_VALUE},
    {"rflags_with_a_reserved_bit", IN(rflags), 0x8002, HYPERV_INVALID_REGISTER_VALUE},
    {"rflags_of_virtual_8086", IN(rflags), 0x20002, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_of_data", IN(cs.attributes), 0xC093, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_not_present", IN(cs.attributes), 0xA01B, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_with_l_and_d", IN(cs.attributes), 0xE09B, HYPERV_INVALID_REGISTER_VALUE},
    {"cs_of_cpl_3_alone", IN(cs.attributes), 0xA0FB, HYPERV_INVALID_REGISTER_VALUE},
    {"segment_with_reserved_attributes", IN(ds.attributes), 0xC193, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_not_present", IN(tr.attributes), 0x0B, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_of_16_bits", IN(tr.attributes), 0x83, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_not_busy", IN(tr.attributes), 0x89, HYPERV_INVALID_REGISTER_VALUE},
    {"ldtr_of_data", IN(ldtr.attributes), 0x93, HYPERV_INVALID_REGISTER_VALUE},
    {"fs_base_not_canonical", IN(fs.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"gs_base_not_canonical", IN(gs.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"tr_base_not_canonical", IN(tr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"ldtr_base_not_canonical", IN(ldtr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"idtr_base_not_canonical", IN(idtr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"gdtr_base_not_canonical", IN(gdtr.base), NOT_CANONICAL, HYPERV_INVALID_REGISTER_VALUE},
    {"efer_with_svme", IN(efer), 0x1D01, HYPERV_INVALID_REGISTER_VALUE},
    {"efer_with_lma_alone", IN(efer), EFER_LMA, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_with_pg_without_pe", IN(cr0), CR0_PG | CR0_ET, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_with_nw_without_cd", IN(cr0), CR0_PG | CR0_PE | CR0_NW, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_with_an_upper_bit", IN(cr0), 1ull << 32 | CR0_PG | CR0_PE, HYPERV_INVALID_REGISTER_VALUE},
    {"cr0_of_real_mode", IN(cr0), CR0_ET, HYPERV_INVALID_REGISTER_VALUE},
    {"cr3_with_a_reserved_bit", IN(cr3), 1ull << 63, HYPERV_INVALID_REGISTER_VALUE},
    {"cr4_without_pae", IN(cr4), 0, HYPERV_INVALID_REGISTER_VALUE},
    {"cr4_with_a_reserved_bit", IN(cr4), 1u << 31 | CR4_PAE, HYPERV_INVALID_REGISTER_VALUE},
    {"pat_with_a_reserved_type", IN(pat), 0x0007040600070402, HYPERV_INVALID_REGISTER_VALUE},
};

static void check_wrong_inputs(void)
{
    for (unsigned i = 0; i < sizeof(wrong_inputs) / sizeof(wrong_inputs[0]); i++) {
        struct hyperv_vp_input *input = input_for(index_of(1), HYPERV_HIGHEST_VTL);
        memcpy((uint8_t *)input + wrong_inputs[i].offset, &wrong_inputs[i].value,
               wrong_inputs[i].bytes);
        check(wrong_inputs[i].name, call(HYPERV_CALL_START_VP, input, 0), wrong_inputs[i].status);
    }
    memset(&input_for(index_of(1), HYPERV_HIGHEST_VTL)->context, 0, sizeof(vp_input.context));
    check("context_of_zeros", call(HYPERV_CALL_START_VP, &vp_input, 0),
          HYPERV_INVALID_REGISTER_VALUE);
}

/* ---- Starts. ---- */

static uint32_t wait_until_arrived(uint32_t count)
{
    uint64_t start = read_tsc();
    while (arrived < count && read_tsc() - start < 100000000000ull)
        cpu_pause();
    return arrived;
}

/* VP 1 sees its registers and starts VP 2; VP 3 starts without paging. */
static void check_starts(void)
{
    struct hyperv_context wanted;
    check("init_can_be_sent",
          try_write(MSR_X2APIC + 0x30, ICR_INIT | ICR_ASSERT | 1ull << ICR_X2_DEST_SHIFT),
          NO_EXCEPTION);
    check("sipi_can_be_sent",
          try_write(MSR_X2APIC + 0x30, ICR_SIPI | ICR_ASSERT | 8 | ICR_ALL_BUT_SELF), NO_EXCEPTION);
    check("no_vp_runs_before_it_is_started", seen_done + arrived, 0);
    wanted = input_for(index_of(1), HYPERV_HIGHEST_VTL)->context;
    check("vp_is_started", call(HYPERV_CALL_START_VP, &vp_input, 0), HYPERV_SUCCESS);
    check("started_vp_comes", wait_for(&seen_done), 1);
    context_check(&wanted);
    check("vp_is_not_started_twice", call(HYPERV_CALL_START_VP, &vp_input, 0),
          HYPERV_INVALID_VP_STATE);
    input_for(index_of(2), 0)->context.rip = (uint64_t)vp_arrive_64;
    vp_next = HYPERV_CALL_START_VP;
    check("vp_started_by_another_comes", wait_until_arrived(1), 1);
    check("started_vp_is_told_so", wait_for(&vp_next_done), 1);
    check("started_vp_can_start_another", vp_next_result, HYPERV_SUCCESS);
    context_make_32(&input_for(index_of(3), 0)->context);
    check("vp_is_started_without_paging", call(HYPERV_CALL_START_VP, &vp_input, 0), HYPERV_SUCCESS);
    check("vp_without_paging_comes", wait_until_arrived(2), 2);
}

/* Every third of the two calls that may time out does, whoever makes it. */
static void check_time_outs(void)
{
    const unsigned every = TIME_OUT;
    unsigned timed_out = 0;
    for (unsigned i = 0; i < 4 * every; i++)
        timed_out += guest_vmcall(HYPERV_CALL_ENABLE_VP_VTL, (uint64_t)input_for(0, 2), 0) ==
                     HYPERV_TIME_OUT;
    check("so_many_calls_time_out", timed_out, every ? 4 : 0);
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
    check_before_os_id();
    check_hypercall_page();
    check_time();
    check_machine();
    check_time_outs();
    check_vp_indexes();
    check_vtls();
    check_wrong_calls();
    check_wrong_inputs();
    check_starts();
    finish(SHUFFLED);
}
