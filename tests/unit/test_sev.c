/* AMD SEV-SNP AP creation and the SEV-ES jump table, against a double of the two hooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/wake/way.h"
#include "tests/unit/fake_sev.h"

#define COUNT 8
#define SOME  2 /* not the BSP, which is COUNT / 2 */

static int set_up_snp(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    fake_snp_add(fake);
    fake_prepare(fake, MUSTER_WAY_SNP);
    *state = fake;
    return 0;
}

static int set_up_es(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    fake_es_add(fake);
    fake_prepare(fake, MUSTER_WAY_ES_JUMP_TABLE);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void assert_everybody_is_in(struct fake_machine *fake)
{
    assert_null(fake_sev.wrong);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), fake->machine.cpu_count - 1);
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        assert_int_equal(fake->slots[i].failure_code, 0);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void assert_only_this_one_failed(struct fake_machine *fake, uint32_t index,
                                        enum muster_status failure, uint32_t code)
{
    assert_null(fake_sev.wrong);
    assert_cpu(fake, index, MUSTER_CPU_FAILED, failure);
    assert_int_equal(fake->slots[index].failure_code, code);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), fake->machine.cpu_count - 2);
}

static enum muster_status prepare(struct fake_machine *fake)
{
    return muster_prepare(&fake->machine, &fake->plan, &fake->config, fake->slots, fake->idt,
                          FAKE_PERCPU);
}

/* SNP. Every field is looked at in fake_check_vmsa(). */

static void every_ap_is_created_from_a_vmsa_of_its_own(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_sev.creates, COUNT - 1);
    assert_int_equal(fake_sev.adjusts, COUNT - 1);
    assert_int_equal(fake->send_count, 0);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
}

static void no_vmsa_begins_a_large_page(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal((FAKE_VMSA + 4096) % 0x200000, 0);
    assert_true(fake_sev.is_vmsa[0]);
    assert_false(fake_sev.is_vmsa[1]);
    assert_true(fake_sev.is_vmsa[2]);
    assert_true(fake_sev.is_vmsa[8]); /* the eighth page that may be one */
    assert_false(fake_sev.is_vmsa[9]);
}

/* However the memory lies: the last VMSA is within what muster_vmsa_bytes() asks for. */
static void memory_for_vmsas_is_enough_wherever_it_begins(void **state)
{
    (void)state;
    assert_int_equal(muster_vmsa_bytes(0), 0);
    for (uint32_t count = 1; count < 1200; count++)
        for (uint64_t first = 0; first < 512; first += first < 4 || first > 507 ? 1 : 101) {
            uint64_t pages = 0, left = count;
            for (uint64_t page = first; left; page++, pages++)
                left -= page % 512 != 0;
            assert_true(pages * 4096 <= muster_vmsa_bytes(count));
        }
    assert_int_equal(muster_vmsa_bytes(1), 2 * 4096);
    assert_int_equal(muster_vmsa_bytes(511), 512 * 4096);
    assert_int_equal(muster_vmsa_bytes(512), 514 * 4096);
}

static void aps_start_on_tables_of_their_own_where_these_are_given(void **state)
{
    uint64_t cr3[COUNT] = {0x11000, 0x12000, 0x13000, 0x14000, 0, 0x16000, 0x17000, 0x18000};
    struct fake_machine *fake = *state;

    fake->config.start_cr3 = cr3;
    assert_int_equal(prepare(fake), MUSTER_OK);
    cr3[SOME] = 0x11;
    assert_int_equal(prepare(fake), MUSTER_INVALID_ARGUMENT);
    cr3[SOME] = 0x13000;
    assert_int_equal(prepare(fake), MUSTER_OK);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void memory_for_vmsas_is_private_aligned_mapped_and_long_enough(void **state)
{
    struct fake_machine *fake = *state;

    fake->config.vmsa_phys = 0;
    assert_int_equal(prepare(fake), MUSTER_ERROR_VMSA_PAGE);
    fake->config.vmsa_phys = FAKE_VMSA + 16;
    assert_int_equal(prepare(fake), MUSTER_ERROR_VMSA_PAGE);
    fake->config.vmsa_phys = 0x7654000;
    assert_int_equal(prepare(fake), MUSTER_ERROR_VMSA_PAGE);
    fake->config.vmsa_phys = FAKE_VMSA;
    fake->config.vmsa_bytes = muster_vmsa_bytes(COUNT) - 1;
    assert_int_equal(prepare(fake), MUSTER_ERROR_VMSA_PAGE);
    fake->config.vmsa_bytes++;
    fake_sev.shared = true;
    assert_int_equal(prepare(fake), MUSTER_ERROR_VMSA_PAGE);
    fake_sev.shared = false;
    assert_int_equal(prepare(fake), MUSTER_OK);
    fake->config.entry_phys++;
    assert_int_equal(prepare(fake), MUSTER_ERROR_ENTRY_PAGE);
}

/* Its scale and offset are not known here: a CPU with another clock would be worse than none. */
static void secure_tsc_is_not_supported(void **state)
{
    struct fake_machine *fake = *state;

    *fake_msr(fake, MSR_SEV_STATUS) |= 1u << 11;
    assert_int_equal(prepare(fake), MUSTER_NOT_SUPPORTED);
}

static void page_that_does_not_become_a_vmsa_costs_its_cpu_only(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.adjust_refusals = 1;
    fake_sev.adjust_answer = 2; /* FAIL_PERMISSION: not at VMPL 0 */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, 0, MUSTER_ERROR_RMPADJUST, 2);
    assert_true(fake->now_ns < FAKE_S + FAKE_S / 2);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void creation_that_is_refused_gives_the_page_back(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.create_refused_id = fake->machine.cpus[SOME].apic_id;
    fake_sev.create_refusals = 1;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_GHCB_REFUSED, 5);
    assert_false(fake_sev.is_vmsa[SOME + 1]); /* the page after the one that is left out */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_sev.destroys, 0);
}

static void created_ap_that_never_comes_is_destroyed_before_it_is_made_again(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_NOT_ARRIVED, 0);
    assert_int_equal(fake->now_ns, 2 * FAKE_S);
    fake->cpus[SOME].dead = false;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_sev.destroys, 1);
    assert_int_equal(fake_sev.creates, COUNT);
}

static void ap_that_claims_its_slot_as_it_is_destroyed_can_claim_it_again(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    fake->cpus[SOME].dead = false;
    fake_sev.claims_at_destroy = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void ap_that_cannot_be_destroyed_is_left_alone(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    fake_sev.destroy_refusals = 1;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_GHCB_REFUSED, 5);
    fake_sev.unadjust_refusals = 1;
    fake_sev.adjust_answer = 6;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_RMPADJUST, 6);
    assert_int_equal(fake_sev.creates, COUNT - 1);
}

/* The hypervisor refused it, and the page stayed a VMSA: it must not be written as if it were not.
 */
static void page_that_stays_a_vmsa_is_not_written_again(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.create_refused_id = fake->machine.cpus[SOME].apic_id;
    fake_sev.create_refusals = 1;
    fake_sev.unadjust_refusals = 1;
    fake_sev.adjust_answer = 6;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_GHCB_REFUSED, 5);
    fake_sev.destroy_refusals = 1; /* what is not there cannot be destroyed */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_GHCB_REFUSED, 5);
    assert_int_equal(fake_sev.creates, COUNT - 2);
}

/* One call ends at 600 ms, one at 1200 ms, and then the time is over. */
static void hypervisor_that_takes_its_time_takes_the_one_deadline(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.create_takes_ns = 600 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_null(fake_sev.wrong);
    assert_true(fake->now_ns < 2 * FAKE_S + 300 * FAKE_MS);
    assert_int_equal(fake_sev.creates, 2);
    assert_cpu(fake, 0, MUSTER_CPU_OFF, MUSTER_OK);
    assert_cpu(fake, 1, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_cpu(fake, COUNT - 1, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    fake_sev.create_takes_ns = 0;
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_sev.destroys, 0);
}

static void late_ap_is_taken_by_the_next_adoption(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].start_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake_sev.destroys, 0);
}

/* SEV-ES. */

static void each_ap_goes_through_the_jump_table_to_its_own_stub(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp) {
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
            assert_int_equal(fake->cpus[i].inits, 1);
            assert_int_equal(fake->cpus[i].sipis, 1);
        }
}

static void jump_table_is_written_before_its_sipi_and_kept_until_the_claim(void **state)
{
    struct fake_machine *fake = *state;

    for (uint32_t i = 0; i < COUNT; i++)
        fake->cpus[i].start_ns = (1 + i) * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    for (uint32_t i = 2; i < fake->send_count; i += 2)
        assert_true(fake->sends[i].time_ns >= fake->sends[i - 1].time_ns + FAKE_MS);
}

/* 65 CPUs take two pages, and the second one's CS is its own. */
static void more_than_64_cpus_take_a_second_page(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 100);

    (void)state;
    fake->x2apic = true;
    fake_es_add(fake);
    fake_prepare(fake, MUSTER_WAY_ES_JUMP_TABLE);
    assert_int_equal(fake->config.entry_bytes, 8192);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    fake_machine_free(fake);
}

static void *never_mapped(void *context, uint64_t phys, size_t bytes)
{
    (void)context, (void)phys, (void)bytes;
    fail_msg("what lies beyond 1 MiB is not mapped");
    return NULL;
}

static void real_mode_pages_lie_below_1_mib_and_are_private(void **state)
{
    static const uint64_t bad[] = {0, 0x9001, 0x100000, 0x77777000};
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fake->config.entry_phys = bad[i];
        assert_int_equal(prepare(fake), MUSTER_ERROR_ENTRY_PAGE);
    }
    fake->config.entry_phys = 0xA000; /* nothing is mapped there */
    assert_int_equal(prepare(fake), MUSTER_ERROR_ENTRY_PAGE);
    fake->config.entry_phys = FAKE_SIPI_ENTRY;
    fake->config.entry_bytes = 4095;
    assert_int_equal(prepare(fake), MUSTER_ERROR_ENTRY_PAGE);
    fake->config.entry_bytes = 4096;
    fake_sev.shared = true;
    assert_int_equal(prepare(fake), MUSTER_ERROR_ENTRY_PAGE);
    fake_sev.shared = false;
    assert_int_equal(prepare(fake), MUSTER_OK);
    /* Stubs for as many CPUs take more than there is below 1 MiB. */
    struct muster_platform platform = fake->platform;
    struct muster_machine machine = {
        .platform = &platform, .config = fake->config, .cpu_count = 50000};
    platform.map = never_mapped;
    machine.config.entry_bytes = UINT64_MAX;
    assert_int_equal(es_jump_table_way.prepare(&machine), MUSTER_ERROR_ENTRY_PAGE);
}

static void jump_table_must_be_a_page_that_can_be_mapped(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.jump_table = 0;
    assert_int_equal(prepare(fake), MUSTER_ERROR_JUMP_TABLE);
    fake_sev.jump_table = FAKE_JUMP_TABLE + 4;
    assert_int_equal(prepare(fake), MUSTER_ERROR_JUMP_TABLE);
    fake_sev.jump_table = 0x7654000;
    assert_int_equal(prepare(fake), MUSTER_ERROR_JUMP_TABLE);
    fake_sev.jump_table = FAKE_JUMP_TABLE;
    fake_sev.table_refused = true;
    assert_int_equal(prepare(fake), MUSTER_ERROR_JUMP_TABLE);
    fake_sev.table_refused = false;
    assert_int_equal(prepare(fake), MUSTER_OK);
}

static void jump_table_that_the_host_can_write_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.table_shared = true;
    assert_int_equal(prepare(fake), MUSTER_ERROR_JUMP_TABLE);
    fake->platform.is_private = NULL; /* nobody can tell */
    assert_int_equal(prepare(fake), MUSTER_OK);
}

static void jump_table_that_is_gone_later_fails_everybody_by_name(void **state)
{
    struct fake_machine *fake = *state;

    fake_sev.table_refused = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_JUMP_TABLE);
    assert_int_equal(fake->send_count, 0);
}

static void dead_cpus_cost_the_one_deadline_and_the_living_come_up(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].dead = true;
    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 3);
    assert_true(fake->now_ns <= 2 * FAKE_S);
    fake->cpus[0].dead = fake->cpus[SOME].dead = false;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

/*
 * CPU 0 is slower than its turn, and jumps to the stub of CPU 1, whose turn it is by then; so CPU 1
 * seems to be in, and comes when the table is CPU 0's, who alone seems to be late.
 */
static void cpu_that_takes_the_address_of_another_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].start_ns = 510 * FAKE_MS;
    fake->cpus[1].start_ns = 60 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_cpu(fake, 1, MUSTER_CPU_FAILED, MUSTER_ERROR_WRONG_APIC_ID);
    assert_int_equal(fake->cpus[0].place, FAKE_REFUSED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 3);
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->cpus[1].place, FAKE_REFUSED);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_WRONG_APIC_ID);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void late_ap_that_is_alone_finds_its_own_address(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].start_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_this_one_failed(fake, SOME, MUSTER_ERROR_NOT_ACKNOWLEDGED, 0);
    fake_pass(fake, FAKE_S);
    assert_ptr_equal(fake->cpus[SOME].slot, &fake->slots[SOME]);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake->cpus[SOME].inits, 1);
}

/* None of them takes another's address. */
static void late_aps_that_are_several_are_strays(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].start_ns = fake->cpus[SOME].start_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    fake_pass(fake, 2 * FAKE_S);
    assert_int_equal(fake->machine.strays.value, 2);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 3);
}

static void adoption_without_time_sends_for_nobody_and_says_so(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, 0), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
    assert_int_equal(fake->send_count, 0);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void apic_that_is_stuck_is_named(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_stuck = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_APIC_STUCK);
}

/* What a stray does, and who it is told to (lib/cpu/arrive.S). */
static void entry_pages_know_that_a_stray_waits_in_the_reset_hold(void **state)
{
    struct fake_machine *fake = *state;
    const uint8_t *page = fake_map(fake, FAKE_SIPI_ENTRY, PAGE_BYTES);
    const struct entry_parameters *entry = (const void *)(page + ENTRY_PARAMETERS);

    assert_int_equal(entry->sev_es, 1);
    assert_int_equal(entry->td, 0);
    *fake_msr(fake, MSR_SEV_STATUS) = SEV_STATUS_SEV; /* whose registers the host can see */
    assert_int_equal(prepare(fake), MUSTER_OK);
    assert_int_equal(entry->sev_es, 0);
}

/* The plan. */

static enum muster_way chosen(struct fake_machine *fake, enum muster_way wanted)
{
    struct muster_plan plan;
    enum muster_status status = muster_plan_make(&fake->machine, wanted, &plan);

    if (status != MUSTER_OK) {
        assert_int_equal(status, MUSTER_ERROR_NO_WAY);
        return MUSTER_WAY_NONE;
    }
    assert_true(strlen(plan.reason) > 5);
    return plan.way;
}

static void snp_is_chosen_where_it_is_on_and_the_hooks_are_there(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_SNP);
    assert_int_equal(chosen(fake, MUSTER_WAY_SIPI), MUSTER_WAY_NONE);
    assert_int_equal(chosen(fake, MUSTER_WAY_ES_JUMP_TABLE), MUSTER_WAY_NONE);
    fake->platform.rmpadjust = NULL;
    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_NONE);
    assert_int_equal(chosen(fake, MUSTER_WAY_SNP), MUSTER_WAY_NONE);
    fake->platform.rmpadjust = fake_rmpadjust;
    fake->platform.vmgexit = NULL;
    assert_int_equal(chosen(fake, MUSTER_WAY_SNP), MUSTER_WAY_NONE);
    fake->cpuid_sev[0] = 0; /* a processor without SEV: the MSR is not to be read */
    assert_int_equal(muster_sev_status(&fake->platform), 0);
    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_SIPI);
}

static void jump_table_is_chosen_in_sev_es_and_sipi_in_plain_sev(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_ES_JUMP_TABLE);
    assert_int_equal(chosen(fake, MUSTER_WAY_SNP), MUSTER_WAY_NONE);
    fake->platform.vmgexit = NULL;
    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_NONE);
    *fake_msr(fake, MSR_SEV_STATUS) = SEV_STATUS_SEV;
    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_SIPI);
    assert_int_equal(chosen(fake, MUSTER_WAY_ES_JUMP_TABLE), MUSTER_WAY_NONE);
    fake_mailbox_add(fake, 1); /* what firmware describes comes first */
    *fake_msr(fake, MSR_SEV_STATUS) = SEV_STATUS_SEV | SEV_STATUS_ES;
    assert_int_equal(chosen(fake, MUSTER_WAY_AUTO), MUSTER_WAY_MAILBOX);
    assert_string_equal(muster_way_name(MUSTER_WAY_SNP), "snp");
    assert_string_equal(muster_way_name(MUSTER_WAY_ES_JUMP_TABLE), "es-jump-table");
}

#define SNP(name) cmocka_unit_test_setup_teardown(name, set_up_snp, tear_down)
#define ES(name)  cmocka_unit_test_setup_teardown(name, set_up_es, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SNP(every_ap_is_created_from_a_vmsa_of_its_own),
        SNP(no_vmsa_begins_a_large_page),
        cmocka_unit_test(memory_for_vmsas_is_enough_wherever_it_begins),
        SNP(aps_start_on_tables_of_their_own_where_these_are_given),
        SNP(memory_for_vmsas_is_private_aligned_mapped_and_long_enough),
        SNP(secure_tsc_is_not_supported),
        SNP(page_that_does_not_become_a_vmsa_costs_its_cpu_only),
        SNP(creation_that_is_refused_gives_the_page_back),
        SNP(created_ap_that_never_comes_is_destroyed_before_it_is_made_again),
        SNP(ap_that_claims_its_slot_as_it_is_destroyed_can_claim_it_again),
        SNP(ap_that_cannot_be_destroyed_is_left_alone),
        SNP(page_that_stays_a_vmsa_is_not_written_again),
        SNP(hypervisor_that_takes_its_time_takes_the_one_deadline),
        SNP(late_ap_is_taken_by_the_next_adoption),
        ES(each_ap_goes_through_the_jump_table_to_its_own_stub),
        ES(jump_table_is_written_before_its_sipi_and_kept_until_the_claim),
        cmocka_unit_test(more_than_64_cpus_take_a_second_page),
        ES(real_mode_pages_lie_below_1_mib_and_are_private),
        ES(jump_table_must_be_a_page_that_can_be_mapped),
        ES(jump_table_that_the_host_can_write_is_refused),
        ES(jump_table_that_is_gone_later_fails_everybody_by_name),
        ES(dead_cpus_cost_the_one_deadline_and_the_living_come_up),
        ES(cpu_that_takes_the_address_of_another_is_refused),
        ES(late_ap_that_is_alone_finds_its_own_address),
        ES(late_aps_that_are_several_are_strays),
        ES(adoption_without_time_sends_for_nobody_and_says_so),
        ES(apic_that_is_stuck_is_named),
        ES(entry_pages_know_that_a_stray_waits_in_the_reset_hold),
        SNP(snp_is_chosen_where_it_is_on_and_the_hooks_are_there),
        ES(jump_table_is_chosen_in_sev_es_and_sipi_in_plain_sev),
    };

    return cmocka_run_group_tests_name("sev", tests, NULL, NULL);
}
