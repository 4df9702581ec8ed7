#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/wake/way.h"
#include "tests/unit/fake_machine.h"

#define COUNT    8
#define SOME     1 /* an AP: the BSP is COUNT / 2 */
#define INIT     0x4500u
#define SIPI     (0x4600u | FAKE_SIPI_ENTRY / PAGE_BYTES)
#define EVERYONE 0xC0000u

static int set_up(void **state)
{
    *state = fake_sipi_machine(COUNT);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

/* With a disabled entry in the MADT no broadcast is allowed: each send has its one target. */
static void forbid_broadcast(struct fake_machine *fake)
{
    fake->machine.disabled_count = 1;
}

static void assert_only_fails(const struct fake_machine *fake, uint32_t index,
                              enum muster_status failure)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (i == index)
            assert_cpu(fake, i, MUSTER_CPU_FAILED, failure);
        else if (i != fake->machine.bsp)
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_OK);
}

/* The entry page. */

static enum muster_status prepare_at(struct fake_machine *fake, uint64_t phys, uint64_t bytes)
{
    fake->config.entry_phys = phys;
    fake->config.entry_bytes = bytes;
    return muster_prepare(&fake->machine, &fake->plan, &fake->config, fake->slots, fake->idt,
                          FAKE_PERCPU);
}

static void entry_page_lies_below_1_mib(void **state)
{
    struct fake_machine *fake = *state;

    fake_region_add(fake, 0, PAGE_BYTES);
    fake_region_add(fake, 0xFF000, 2 * PAGE_BYTES);
    assert_int_equal(prepare_at(fake, 0xFF000, PAGE_BYTES), MUSTER_OK);
    assert_int_equal(prepare_at(fake, 0x100000, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(prepare_at(fake, 0, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
}

static void entry_page_is_a_whole_aligned_page_that_can_be_mapped(void **state)
{
    struct fake_machine *fake = *state;

    fake_region_add(fake, 0x20000, 2 * PAGE_BYTES);
    assert_int_equal(prepare_at(fake, 0x20000, PAGE_BYTES), MUSTER_OK);
    assert_int_equal(prepare_at(fake, 0x20800, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(prepare_at(fake, 0x20000, PAGE_BYTES - 1), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(prepare_at(fake, 0x22000, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
}

static const struct entry_parameters *entry_of(struct fake_machine *fake)
{
    return (const void *)((uint8_t *)fake_map(fake, FAKE_SIPI_ENTRY, PAGE_BYTES) +
                          ENTRY_PARAMETERS);
}

static void entry_page_carries_what_an_ap_needs(void **state)
{
    struct fake_machine *fake = *state;
    const struct entry_parameters *entry = entry_of(fake);

    assert_memory_equal(fake_map(fake, FAKE_SIPI_ENTRY, PAGE_BYTES), sipi_entry_start,
                        (size_t)(sipi_entry_end - sipi_entry_start));
    assert_true(sipi_entry_end - sipi_entry_start <= ENTRY_PARAMETERS);
    assert_int_equal(entry->park_cr3, FAKE_PARK_CR3);
    assert_int_equal(entry->arrive, (uint64_t)arrive_by_apic_id);
    assert_int_equal(entry->index, (uint64_t)fake->machine.index);
    assert_int_equal(entry->index_shift, fake->machine.index_shift);
    assert_int_equal(entry->index_mask, fake->machine.index_mask);
    assert_int_equal(entry->slots, (uint64_t)fake->slots);
    assert_int_equal(entry->strays, (uint64_t)&fake->machine.strays);
    assert_int_equal(entry->cr4, CR4_PAE);
    assert_int_equal(entry->efer,
                     EFER_LME | EFER_NXE | EFER_SCE); /* no more: LMA is not to be written */
    assert_int_equal(entry->x2apic, 0);
}

static void entry_page_asks_for_what_the_bsp_has_and_then_sets_it(void **state)
{
    struct fake_machine *fake = *state;
    const struct entry_parameters *entry = entry_of(fake);
    struct muster_machine *machine = &fake->machine;

    machine->needs = (struct muster_cpu_needs){7, {1, 2, 3, 4}};
    machine->profile.cr4 = CR4_PAE | CR4_PGE | CR4_SMEP | CR4_PCIDE | CR4_LA57 | 0x2000;
    machine->profile.has_mtrr = true;
    machine->profile.mtrr_cap = 0x508;
    machine->profile.mtrr_def_type = MTRR_DEF_TYPE_ENABLE;
    machine->mtrrs = (struct muster_mtrr_list){2, {{MSR_PAT, 5}, {MSR_MTRR_DEF_TYPE, 6}}};
    sipi_entry_page_write(machine, fake_map(fake, FAKE_SIPI_ENTRY, PAGE_BYTES), FAKE_SIPI_ENTRY);
    assert_memory_equal(&entry->needs, &machine->needs, sizeof(entry->needs));
    /* PCIDs need long mode, VMX has rules of its own, and the levels are the page table's. */
    assert_int_equal(entry->checked_cr4, CR4_PAE | CR4_PGE | CR4_SMEP);
    assert_int_equal(entry->cr4, CR4_PAE);
    assert_int_equal(entry->mtrr_cap, 0x508);
    assert_int_equal(entry->msr_bytes, 2 * 16);
    assert_memory_equal(entry->msrs, machine->mtrrs.msrs, 2 * 16);

    machine->profile.mtrr_def_type = 0; /* the BSP's are off as well */
    sipi_entry_page_write(machine, fake_map(fake, FAKE_SIPI_ENTRY, PAGE_BYTES), FAKE_SIPI_ENTRY);
    assert_int_equal(entry->msr_bytes, 0);
}

static void far_pointers_lead_to_the_code_of_their_mode(void **state)
{
    struct fake_machine *fake = *state;
    const struct entry_parameters *entry = entry_of(fake);
    const uint8_t *page = fake_map(fake, FAKE_SIPI_ENTRY, PAGE_BYTES);

    assert_in_range(entry->far32_offset, FAKE_SIPI_ENTRY, FAKE_SIPI_ENTRY + ENTRY_PARAMETERS);
    assert_in_range(entry->far64_offset, FAKE_SIPI_ENTRY, FAKE_SIPI_ENTRY + ENTRY_PARAMETERS);
    assert_memory_equal(page + entry->far32_offset - FAKE_SIPI_ENTRY, sipi_entry_32, 8);
    assert_memory_equal(page + entry->far64_offset - FAKE_SIPI_ENTRY, sipi_entry_64, 6);
    assert_int_equal(entry->far32_selector, ENTRY_CS32);
    assert_int_equal(entry->far64_selector, ENTRY_CS64);
}

static void entry_gdt_has_code_of_both_sizes_and_lies_in_the_page(void **state)
{
    const struct entry_parameters *entry = entry_of(*state);

    assert_int_equal(entry->gdt_base, FAKE_SIPI_ENTRY + ENTRY_GDT);
    assert_int_equal(entry->gdt_limit, 4 * 8 - 1);
    assert_int_equal(entry->gdt[0], 0);
    assert_int_equal(entry->gdt[ENTRY_CS64 / 8], 0x00AF9B000000FFFF); /* L, not D */
    assert_int_equal(entry->gdt[ENTRY_DS / 8], 0x00CF93000000FFFF);
    assert_int_equal(entry->gdt[ENTRY_CS32 / 8], 0x00CF9B000000FFFF); /* D, not L */
}

static void entry_page_follows_paging_depth_and_apic_mode(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpuid_7[2] = CPUID_7_ECX_LA57;
    fake->config.paging_levels = 5;
    fake->x2apic = true;
    assert_int_equal(prepare_at(fake, FAKE_SIPI_ENTRY, PAGE_BYTES), MUSTER_OK);
    assert_int_equal(entry_of(fake)->cr4, CR4_PAE | CR4_LA57);
    assert_int_equal(entry_of(fake)->x2apic, 1);
}

/* Who gets what. */

static void one_broadcast_of_each_wakes_all_where_the_tables_count_all(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 1);
    assert_int_equal(fake->send_count, 2);
    assert_int_equal(fake->sends[0].command, INIT | EVERYONE);
    assert_int_equal(fake->sends[1].command, SIPI | EVERYONE);
}

static void uncounted_cpu_that_a_broadcast_reaches_parks_without_a_slot(void **state)
{
    struct fake_machine *fake = *state;

    fake_spare(fake)->dead = false;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_spare(fake)->place, FAKE_STRAY);
    assert_int_equal(fake->machine.strays.value, 1);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 1);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
}

static void disabled_cpus_forbid_a_broadcast(void **state)
{
    struct fake_machine *fake = *state;

    forbid_broadcast(fake);
    fake_spare(fake)->dead = false;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, 2 * (COUNT - 1));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(fake->cpus[i].inits, i != fake->machine.bsp);
        assert_int_equal(fake->cpus[i].sipis, i != fake->machine.bsp);
    }
    for (uint32_t i = 0; i < fake->send_count; i++)
        assert_int_equal(fake->sends[i].command, i < COUNT - 1 ? INIT : SIPI);
    assert_int_equal(fake_spare(fake)->inits + fake_spare(fake)->sipis, 0);
}

static void absent_cpu_forbids_a_broadcast_and_is_not_sent_for(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.cpus[SOME].enabled = false;
    fake->machine.cpus[SOME].online_capable = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].inits + fake->cpus[SOME].sipis, 0);
    assert_int_equal(fake->send_count, 2 * (COUNT - 2));
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
}

static void cpu_that_is_in_already_forbids_a_broadcast(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, 20 * FAKE_MS), MUSTER_TIME_OUT);
    fake->cpus[SOME].dead = false;
    fake->send_count = 0;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(fake->sends[i].dest, fake->cpus[SOME].apic_id);
        assert_int_equal(fake->sends[i].command & EVERYONE, 0);
    }
}

static void two_processors_are_woken(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(2);

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), 1);
    fake_machine_free(fake);
}

static void x2apic_reaches_ids_that_need_32_bits(void **state)
{
    static const uint32_t ids[] = {0xFFFFFFFE, 256, 3, 0x10003, 255, 0x103, 0x80000000, 511};
    struct fake_machine *fake = fake_machine_new(ids, 8);

    (void)state;
    fake->x2apic = true;
    fake_prepare(fake, MUSTER_WAY_SIPI);
    forbid_broadcast(fake);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < 8; i++)
        if (i != fake->machine.bsp)
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
    fake_machine_free(fake);
}

static void sends_wait_for_each_other_where_the_apic_is_slow(void **state)
{
    struct fake_machine *fake = *state;

    forbid_broadcast(fake);
    fake->icr_busy_ns = 100 * FAKE_US;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->icr_overruns, 0);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 1);
}

/* Delays and repeats. */

static uint64_t delay_on(const char *vendor, uint32_t family)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);

    fake_set_processor(fake, vendor, family);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    uint64_t delay_ns = fake->sends[1].time_ns - fake->sends[0].time_ns;
    fake_machine_free(fake);
    return delay_ns;
}

static void only_old_processors_wait_between_init_and_sipi(void **state)
{
    (void)state;
    assert_int_equal(delay_on("GenuineIntel", 6), 0);
    assert_int_equal(delay_on("GenuineIntel", 15), 0);
    assert_int_equal(delay_on("GenuineIntel", 5), 10 * FAKE_MS);
    assert_int_equal(delay_on("AuthenticAMD", 15), 0);
    assert_int_equal(delay_on("AuthenticAMD", 6), 10 * FAKE_MS);
    assert_int_equal(delay_on("HygonGenuine", 15), 0);
    assert_int_equal(delay_on("CentaurHauls", 6), 10 * FAKE_MS); /* nothing is known of them */
}

static void stamp_of_the_wake_is_the_time_of_the_init(void **state)
{
    struct fake_machine *fake = *state;

    fake_set_processor(fake, "GenuineIntel", 5);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->slots[SOME].stamps_ns[MUSTER_STAMP_WAKE_SENT], FAKE_S);
}

static void lost_sipi_is_repeated_to_the_missing_one_only(void **state)
{
    struct fake_machine *fake = *state;

    forbid_broadcast(fake);
    fake->cpus[SOME].sipis_lost = 2;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp) {
            assert_int_equal(fake->cpus[i].inits, 1);
            assert_int_equal(fake->cpus[i].sipis, i == SOME ? 3 : 1);
        }
    assert_in_range(fake->now_ns - FAKE_S, 600 * FAKE_US, FAKE_MS); /* 200 us, then 400 us */
}

/* One after another, as on a host with few cores: each within its time, all of them far beyond. */
static void nobody_is_sent_for_again_while_cpus_keep_coming(void **state)
{
    struct fake_machine *fake = *state;

    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        fake->cpus[i].start_ns = (i + 1) * 90 * FAKE_US;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (i != fake->machine.bsp)
            assert_int_equal(fake->cpus[i].sipis, 1);
}

static void late_init_that_swallows_the_sipi_costs_a_repeat(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].init_ns = 150 * FAKE_US;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].inits, 1);
    assert_int_equal(fake->cpus[SOME].sipis, 2);
}

static void cpu_that_took_no_sipi_for_long_gets_one_new_init(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].sipis_lost = 6;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].inits, 2);
    assert_int_equal(fake->cpus[SOME].sipis, 7);
    assert_int_equal(fake->cpus[0].inits, 1);
    assert_in_range(fake->slots[SOME].stamps_ns[MUSTER_STAMP_WAKE_SENT], FAKE_S + 12 * FAKE_MS,
                    FAKE_S + 13 * FAKE_MS); /* the wake that it came by */
}

static void cpu_that_has_claimed_its_slot_gets_neither_init_nor_sipi(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].load_ns = 300 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].inits, 1);
    assert_int_equal(fake->cpus[SOME].sipis, 1);
    assert_int_equal(fake->machine.strays.value, 0);
}

/* Also when it claims its slot while the second INIT waits for the APIC. */
static void slow_cpu_comes_in_whenever_it_claims_its_slot(void **state)
{
    unsigned pulled_out = 0;

    (void)state;
    for (uint64_t start_ns = 12000 * FAKE_US; start_ns < 15000 * FAKE_US; start_ns += 7 * FAKE_US) {
        struct fake_machine *fake = fake_sipi_machine(3);

        fake->icr_busy_ns = 100 * FAKE_US;
        fake->cpus[0].dead = true;
        fake->cpus[2].start_ns = start_ns;
        fake->cpus[2].load_ns = 5 * FAKE_MS;
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        assert_cpu(fake, 2, MUSTER_CPU_OFF, MUSTER_OK);
        assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
        assert_int_equal(fake->cpus[2].place, FAKE_PARKED);
        pulled_out +=
            fake->cpus[2].inits == 2 && fake->cpus[2].claimed_at_ns > FAKE_S + 20 * FAKE_MS;
        fake_machine_free(fake);
    }
    assert_true(pulled_out > 0); /* else the sweep missed what it is for */
}

/* Also when the second INIT lands late, and the CPU has claimed its slot meanwhile. */
static void slow_cpu_comes_in_whenever_its_second_init_lands(void **state)
{
    unsigned pulled_out = 0;

    (void)state;
    for (uint64_t start_ns = 11000 * FAKE_US; start_ns < 14000 * FAKE_US; start_ns += 9 * FAKE_US) {
        struct fake_machine *fake = fake_sipi_machine(3);

        fake->cpus[2].init_ns = 150 * FAKE_US;
        fake->cpus[2].start_ns = start_ns;
        fake->cpus[2].load_ns = 5 * FAKE_MS;
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
        fake_pass(fake, FAKE_S);
        assert_cpu(fake, 2, MUSTER_CPU_OFF, MUSTER_OK);
        assert_int_equal(fake->cpus[2].place, FAKE_PARKED);
        pulled_out +=
            fake->cpus[2].inits == 2 && fake->cpus[2].claimed_at_ns > FAKE_S + 20 * FAKE_MS;
        fake_machine_free(fake);
    }
    assert_true(pulled_out > 0);
}

/* The delay after the second INIT is one for all. */
static void many_dead_cpus_cost_the_deadline_and_no_more(void **state)
{
    const uint32_t count = 400;
    struct fake_machine *fake = fake_machine_new(NULL, count);

    (void)state;
    fake->x2apic = true;
    fake_prepare(fake, MUSTER_WAY_SIPI);
    for (uint32_t i = 0; i < count - 1; i++)
        fake->cpus[i].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake->now_ns, 2 * FAKE_S);
    assert_cpu(fake, count - 1, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), count - 2);
    fake_machine_free(fake);
}

static void dead_cpu_costs_the_deadline_and_no_more(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake->now_ns, 2 * FAKE_S);
    fake->cpus[SOME].sipis = 0; /* and in a long time there is an end to repeats */
    assert_int_equal(fake_adopt(fake, 1000 * FAKE_S), MUSTER_TIME_OUT);
    assert_in_range(fake->cpus[SOME].sipis, 15, 17);
}

/* Its patience is spent once and not once for each CPU. */
static void stuck_apic_is_named_and_costs_its_patience_once_a_round(void **state)
{
    for (unsigned broadcast = 0; broadcast < 2; broadcast++) {
        struct fake_machine *fake = fake_sipi_machine(100);

        (void)state;
        if (!broadcast)
            forbid_broadcast(fake);
        fake->icr_stuck = true;
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        for (uint32_t i = 0; i < 100; i++)
            if (i != fake->machine.bsp)
                assert_cpu(fake, i, MUSTER_CPU_FAILED, MUSTER_ERROR_APIC_STUCK);
        /* A broadcast tries INIT and SIPI; single sends stop at the first that is stuck. */
        assert_in_range(fake->now_ns - FAKE_S, FAKE_MS, (broadcast ? 21 : 11) * FAKE_MS);
        assert_int_equal(fake->send_count, 0);
        fake->icr_stuck = false; /* and once it is free again */
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
        fake_machine_free(fake);
    }
}

static void apic_gets_stuck(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    (void)cpu, (void)value;
    fake->icr_stuck = true;
}

/* Before the second INIT, or between it and its SIPI. */
static void apic_that_gets_stuck_later_costs_its_patience_once_too(void **state)
{
    (void)state;
    for (uint64_t at_ns = 10 * FAKE_MS; at_ns <= 18 * FAKE_MS; at_ns += 8 * FAKE_MS) {
        struct fake_machine *fake = fake_sipi_machine(100);

        for (uint32_t i = 1; i < 100; i++)
            fake->cpus[i].dead = true;
        fake_at(fake, at_ns, apic_gets_stuck, NULL, 0);
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        assert_cpu(fake, 0, MUSTER_CPU_OFF, MUSTER_OK);
        for (uint32_t i = 1; i < 100; i++)
            if (i != fake->machine.bsp)
                assert_cpu(fake, i, MUSTER_CPU_FAILED, MUSTER_ERROR_APIC_STUCK);
        assert_in_range(fake->now_ns - FAKE_S, 30 * FAKE_MS, 40 * FAKE_MS);
        fake_machine_free(fake);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entry_page_lies_below_1_mib),
        TEST(entry_page_is_a_whole_aligned_page_that_can_be_mapped),
        TEST(entry_page_carries_what_an_ap_needs),
        TEST(entry_page_asks_for_what_the_bsp_has_and_then_sets_it),
        TEST(far_pointers_lead_to_the_code_of_their_mode),
        TEST(entry_gdt_has_code_of_both_sizes_and_lies_in_the_page),
        TEST(entry_page_follows_paging_depth_and_apic_mode),
        TEST(one_broadcast_of_each_wakes_all_where_the_tables_count_all),
        TEST(uncounted_cpu_that_a_broadcast_reaches_parks_without_a_slot),
        TEST(disabled_cpus_forbid_a_broadcast),
        TEST(absent_cpu_forbids_a_broadcast_and_is_not_sent_for),
        TEST(cpu_that_is_in_already_forbids_a_broadcast),
        cmocka_unit_test(two_processors_are_woken),
        cmocka_unit_test(x2apic_reaches_ids_that_need_32_bits),
        TEST(sends_wait_for_each_other_where_the_apic_is_slow),
        cmocka_unit_test(only_old_processors_wait_between_init_and_sipi),
        TEST(stamp_of_the_wake_is_the_time_of_the_init),
        TEST(lost_sipi_is_repeated_to_the_missing_one_only),
        TEST(nobody_is_sent_for_again_while_cpus_keep_coming),
        TEST(late_init_that_swallows_the_sipi_costs_a_repeat),
        TEST(cpu_that_took_no_sipi_for_long_gets_one_new_init),
        TEST(cpu_that_has_claimed_its_slot_gets_neither_init_nor_sipi),
        cmocka_unit_test(slow_cpu_comes_in_whenever_it_claims_its_slot),
        cmocka_unit_test(slow_cpu_comes_in_whenever_its_second_init_lands),
        TEST(dead_cpu_costs_the_deadline_and_no_more),
        cmocka_unit_test(many_dead_cpus_cost_the_deadline_and_no_more),
        cmocka_unit_test(stuck_apic_is_named_and_costs_its_patience_once_a_round),
        cmocka_unit_test(apic_that_gets_stuck_later_costs_its_patience_once_too),
    };

    return cmocka_run_group_tests_name("sipi", tests, NULL, NULL);
}
