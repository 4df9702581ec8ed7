/* What firmware owns that does not say so: found from where its APs are, and how these sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_waiting_aps.h"

/* Its state is one TD's: each test begins with none. */
#include "monitor/observe.c"

#define LAST_AP (APS_CPUS - 1)

/* Nobody who sleeps is woken by what a test does not name. */
static void must_not_sleep(void)
{
    fail_msg("an AP sleeps");
}

static int begin(void **state)
{
    (void)state;
    aps_new(must_not_sleep);
    memset(all_waiting, 0, sizeof(all_waiting));
    memset(&tables, 0, sizeof(tables));
    mailbox_address = 0;
    lulled_page = 0;
    exits = 0;
    return 0;
}

/* The BSP exits until it has looked at the others once. */
static void look(void)
{
    for (unsigned i = 0; i < LOOK_EXITS; i++)
        observe_before_entry(&aps.vcpus[0]);
}

static unsigned kicks(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < APS_CPUS; i++)
        count += aps.kicks[i];
    return count;
}

static void follow_one(unsigned index)
{
    observe_before_entry(&aps.vcpus[index]);
    for (unsigned i = 0; i < STEPS; i++)
        aps_step(index);
}

/* The BSP looks, each AP is followed, the BSP looks again. */
static void look_and_follow(void)
{
    look();
    for (unsigned i = 1; i < APS_CPUS; i++)
        follow_one(i);
    look();
}

static void assert_call(unsigned number, enum muster_region region, uint64_t phys, uint64_t bytes)
{
    assert_true(number < aps.call_count);
    assert_int_equal(aps.calls[number].region, region);
    assert_int_equal(aps.calls[number].phys, phys);
    assert_int_equal(aps.calls[number].bytes, bytes);
}

/* Nothing is watched, and the APs are asked once more. */
static void assert_not_found(void)
{
    assert_int_equal(aps.call_count, 0);
    assert_false(aps.watched);
    for (unsigned i = 1; i < APS_CPUS; i++)
        assert_int_equal(aps.kicks[i], 2);
}

/* ---- When it looks. ---- */

static void nothing_is_looked_for_unless_it_was_asked(void **state)
{
    (void)state;
    monitor.finds_firmware = false;
    look_and_follow();
    assert_int_equal(kicks(), 0);
    assert_int_equal(aps.call_count, 0);
}

static void nothing_is_looked_for_with_one_cpu(void **state)
{
    (void)state;
    monitor.vcpu_count = 1;
    look();
    look();
    assert_int_equal(aps.call_count, 0);
}

static void bsp_asks_all_aps_once_in_a_while(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < LOOK_EXITS; i++)
        observe_before_entry(&aps.vcpus[0]);
    assert_int_equal(kicks(), 0);
    observe_before_entry(&aps.vcpus[0]);
    assert_int_equal(aps.kicks[0], 0);
    for (unsigned i = 1; i < APS_CPUS; i++)
        assert_int_equal(aps.kicks[i], 1);
    look(); /* who was asked has not answered yet */
    assert_int_equal(kicks(), LAST_AP);
}

static void nobody_is_asked_while_one_ap_cannot_be_waiting(void **state)
{
    (void)state;
    struct vcpu *last = &aps.vcpus[LAST_AP];
    last->cr0 &= ~(uint64_t)CR0_PG;
    look();
    last->cr0 |= CR0_PG;
    last->efer &= ~(uint64_t)EFER_LMA;
    look();
    last->efer |= EFER_LMA;
    last->vmcb->rflags |= RFLAGS_IF;
    look();
    assert_int_equal(kicks(), 0);
    last->vmcb->rflags &= ~(uint64_t)RFLAGS_IF;
    look();
    assert_int_equal(kicks(), LAST_AP);
}

static void aps_that_nobody_asked_are_not_followed(void **state)
{
    (void)state;
    observe_before_entry(&aps.vcpus[1]);
    assert_null(aps.vcpus[1].stepped);
}

/* ---- What it finds. ---- */

static void mailbox_wait_loop_and_tables_are_found(void **state)
{
    (void)state;
    look_and_follow();
    assert_int_equal(aps.call_count, 4);
    assert_call(0, MUSTER_REGION_MAILBOX, APS_MAILBOX, PAGE_BYTES);
    assert_call(1, MUSTER_REGION_CODE, APS_CODE, PAGE_BYTES);
    assert_call(2, MUSTER_REGION_TABLES, APS_TABLES, APS_TABLES_END - APS_TABLES);
    assert_call(3, MUSTER_REGIONS_END, 0, 0);
    assert_int_equal(aps.findings, 0);
    for (unsigned i = 1; i < APS_CPUS; i++)
        assert_null(aps.vcpus[i].stepped);
    look();
    assert_int_equal(aps.call_count, 4);
    assert_int_equal(kicks(), LAST_AP);
}

static void wait_loop_is_named_by_its_memory_not_by_its_mapping(void **state)
{
    (void)state;
    for (unsigned i = 1; i < APS_CPUS; i++)
        aps_place(i, APS_ALIAS, APS_MAILBOX);
    look_and_follow();
    assert_call(1, MUSTER_REGION_CODE, APS_CODE, PAGE_BYTES);
}

static void tables_in_several_places_are_watched_each_once(void **state)
{
    (void)state;
    aps_table(0x3000)[2] = (APS_FREE + PAGE_BYTES) | PTE_PRESENT;
    aps_table(0x3000)[3] = APS_FREE | PTE_PRESENT;
    aps_table(0x3000)[4] = APS_FREE | PTE_PRESENT;
    look_and_follow();
    assert_int_equal(aps.call_count, 5);
    assert_call(2, MUSTER_REGION_TABLES, APS_TABLES, APS_TABLES_END - APS_TABLES);
    assert_call(3, MUSTER_REGION_TABLES, APS_FREE, 2 * PAGE_BYTES);
}

static void fifth_level_is_watched_where_there_is_one(void **state)
{
    (void)state;
    aps_table(APS_FREE)[0] = APS_TABLES | PTE_PRESENT;
    for (unsigned i = 1; i < APS_CPUS; i++) {
        aps.vcpus[i].cr3 = APS_FREE;
        aps.vcpus[i].cr4 = CR4_LA57;
    }
    look_and_follow();
    assert_int_equal(aps.call_count, 5);
    assert_call(2, MUSTER_REGION_TABLES, APS_TABLES, APS_TABLES_END - APS_TABLES);
    assert_call(3, MUSTER_REGION_TABLES, APS_FREE, PAGE_BYTES);
}

static void more_tables_than_can_be_watched_are_a_finding(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MOST_TABLES; i++)
        aps_table(0x3000)[2 + i] = (APS_FREE + i * PAGE_BYTES) | PTE_PRESENT;
    look_and_follow();
    assert_int_equal(aps.findings, 1);
    assert_int_equal(tables.count, MOST_TABLES);
    assert_true(aps.watched);
}

static void tables_that_lead_to_themselves_are_a_finding_and_an_end(void **state)
{
    (void)state;
    for (unsigned i = 4; i < PTE_ENTRIES; i++)
        aps_table(0x2000)[i] = 0x2000 | PTE_PRESENT;
    look_and_follow();
    assert_int_equal(aps.findings, 1);
    assert_call(2, MUSTER_REGION_TABLES, APS_TABLES, APS_TABLES_END - APS_TABLES);
    assert_true(aps.watched);
}

/* ---- What is no wait loop. ---- */

static void ap_that_leaves_its_page_is_not_waiting(void **state)
{
    (void)state;
    look();
    for (unsigned i = 1; i < LAST_AP; i++)
        follow_one(i);
    observe_before_entry(&aps.vcpus[LAST_AP]);
    for (unsigned i = 0; i < STEPS; i++) {
        if (i == STEPS / 2)
            aps_place(LAST_AP, APS_OTHER_PAGE, APS_MAILBOX);
        aps_step(LAST_AP);
    }
    assert_null(aps.vcpus[LAST_AP].stepped);
    look();
    assert_not_found();
}

static void ap_that_takes_interrupts_is_not_waiting(void **state)
{
    (void)state;
    look();
    aps.vcpus[1].vmcb->rflags |= RFLAGS_IF; /* since it was asked */
    observe_before_entry(&aps.vcpus[1]);
    assert_null(aps.vcpus[1].stepped);
    observe_before_entry(&aps.vcpus[2]);
    assert_non_null(aps.vcpus[2].stepped);
    aps.vcpus[2].vmcb->rflags |= RFLAGS_IF; /* since it is followed */
    aps_step(2);
    assert_null(aps.vcpus[2].stepped);
}

static void ap_that_steps_itself_is_not_followed(void **state)
{
    (void)state;
    aps.cannot_step = true;
    look_and_follow();
    assert_not_found();
}

static void ap_that_reads_two_pages_is_not_waiting(void **state)
{
    (void)state;
    look();
    for (unsigned i = 1; i < APS_CPUS; i++) {
        observe_before_entry(&aps.vcpus[i]);
        for (unsigned step = 0; step < STEPS; step++) {
            aps_place(i, aps.vcpus[i].vmcb->rip, step < STEPS / 2 ? APS_MAILBOX : APS_OTHER_PAGE);
            aps_step(i);
        }
    }
    look();
    assert_not_found();
}

static void ap_that_reads_nothing_is_not_waiting(void **state)
{
    static const uint8_t pauses[] = {0xF3, 0x90, 0xF3, 0x90, 0xF3, 0x90, 0xEB, 0xF8};
    (void)state;
    memcpy(aps.low[APS_CODE / PAGE_BYTES], pauses, sizeof(pauses));
    look_and_follow();
    assert_not_found();
}

static void ap_that_polls_a_device_is_not_waiting(void **state)
{
    (void)state;
    for (unsigned i = 1; i < APS_CPUS; i++)
        aps_place(i, APS_CODE, APS_DEVICE);
    look_and_follow();
    assert_not_found();
}

static void ap_that_reads_what_is_not_mapped_is_not_waiting(void **state)
{
    (void)state;
    for (unsigned i = 1; i < APS_CPUS; i++)
        aps_place(i, APS_CODE, APS_HOLE);
    look_and_follow();
    assert_not_found();
}

static void ap_whose_code_is_not_mapped_is_not_followed(void **state)
{
    (void)state;
    for (unsigned i = 1; i < APS_CPUS; i++)
        aps_place(i, APS_HOLE, APS_MAILBOX);
    look_and_follow();
    assert_not_found();
}

static void ap_at_what_is_no_instruction_is_not_waiting(void **state)
{
    (void)state;
    memset(aps.low[APS_CODE / PAGE_BYTES], PREFIX_REP, INSTRUCTION_MOST_BYTES + sizeof(aps_loop));
    aps.vcpus[1].vmcb->rax = APS_MAILBOX; /* what the opcode 0 would read */
    look();
    observe_before_entry(&aps.vcpus[1]);
    aps_step(1);
    assert_null(aps.vcpus[1].stepped);
}

/* What was seen of it in another loop counts no more. */
static void ap_is_followed_from_the_start_each_time(void **state)
{
    (void)state;
    aps_place(1, APS_OTHER_PAGE, APS_OTHER_PAGE);
    look();
    observe_before_entry(&aps.vcpus[1]);
    for (unsigned i = 0; i < STEPS / 2; i++)
        aps_step(1);
    aps_place(1, APS_CODE, APS_MAILBOX);
    aps_step(1);
    assert_null(aps.vcpus[1].stepped);
    for (unsigned i = 2; i < APS_CPUS; i++)
        follow_one(i);
    look();
    observe_before_entry(&aps.vcpus[1]);
    for (unsigned i = 0; i + 1 < STEPS; i++)
        aps_step(1);
    assert_non_null(aps.vcpus[1].stepped);
    aps_step(1);
    assert_null(aps.vcpus[1].stepped);
    for (unsigned i = 2; i < APS_CPUS; i++)
        follow_one(i);
    look();
    assert_call(0, MUSTER_REGION_MAILBOX, APS_MAILBOX, PAGE_BYTES);
    aps_place(1, APS_CODE + sizeof(aps_loop), APS_MAILBOX);
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 0);
}

static void aps_in_different_loops_are_not_believed(void **state)
{
    (void)state;
    aps_place(LAST_AP, APS_OTHER_PAGE, APS_MAILBOX);
    look_and_follow();
    assert_not_found();
}

static void aps_at_different_mailboxes_are_not_believed(void **state)
{
    (void)state;
    aps_place(LAST_AP, APS_CODE, APS_OTHER_PAGE);
    look_and_follow();
    assert_not_found();
}

static void aps_on_different_tables_are_not_believed(void **state)
{
    (void)state;
    aps_table(APS_FREE)[0] = aps_table(APS_TABLES)[0];
    aps.vcpus[LAST_AP].cr3 = APS_FREE;
    look_and_follow();
    assert_not_found();
}

/* ---- How an AP sleeps at the mailbox. ---- */

static struct mailbox *mailbox_of(void)
{
    return (struct mailbox *)(void *)aps.low[APS_MAILBOX / PAGE_BYTES];
}

static void command_last_ap(void)
{
    *mailbox_of() = (struct mailbox){.command = MAILBOX_WAKEUP, .apic_id = APS_ID(LAST_AP)};
}

static void ap_sleeps_until_a_command_is_for_it(void **state)
{
    (void)state;
    look_and_follow();
    *mailbox_of() = (struct mailbox){.apic_id = APS_ID(LAST_AP)}; /* no command yet */
    aps.meanwhile = command_last_ap;
    observe_before_entry(&aps.vcpus[LAST_AP]);
    assert_int_equal(aps.dozes, 1);
    observe_before_entry(&aps.vcpus[LAST_AP]);
    assert_int_equal(aps.dozes, 1);
}

static void command_for_another_wakes_nobody_else(void **state)
{
    (void)state;
    look_and_follow();
    *mailbox_of() = (struct mailbox){.command = MAILBOX_WAKEUP, .apic_id = APS_ID(1)};
    memset(aps.kicks, 0, sizeof(aps.kicks));
    observe_mailbox_written();
    assert_int_equal(aps.kicks[1], 1);
    assert_int_equal(kicks(), 1);
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 0);
    aps.meanwhile = command_last_ap;
    observe_before_entry(&aps.vcpus[LAST_AP]);
    assert_int_equal(aps.dozes, 1);
}

static void command_for_everybody_wakes_all(void **state)
{
    (void)state;
    look_and_follow();
    *mailbox_of() = (struct mailbox){.command = MAILBOX_TEST, .apic_id = EVERYBODY};
    memset(aps.kicks, 0, sizeof(aps.kicks));
    observe_mailbox_written();
    assert_int_equal(aps.kicks[0], 0);
    assert_int_equal(kicks(), LAST_AP);
    for (unsigned i = 1; i < APS_CPUS; i++)
        observe_before_entry(&aps.vcpus[i]);
    assert_int_equal(aps.dozes, 0);
}

static void write_before_the_mailbox_is_known_wakes_nobody(void **state)
{
    (void)state;
    command_last_ap();
    observe_mailbox_written();
    assert_int_equal(kicks(), 0);
}

static void ap_outside_of_its_loop_runs_on(void **state)
{
    (void)state;
    look_and_follow();
    aps_place(1, APS_CODE + sizeof(aps_loop), APS_MAILBOX);
    observe_before_entry(&aps.vcpus[1]);
    aps_place(1, APS_CODE - 1, APS_MAILBOX);
    observe_before_entry(&aps.vcpus[1]);
    aps_place(1, APS_CODE, APS_MAILBOX);
    aps.vcpus[1].vmcb->rflags |= RFLAGS_IF;
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 0);
}

static void ap_that_an_nmi_is_due_for_runs_on(void **state)
{
    (void)state;
    look_and_follow();
    aps.nmi_is_due = true;
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 0);
}

static void bsp_never_sleeps(void **state)
{
    (void)state;
    look_and_follow();
    all_waiting[0] = all_waiting[1];
    observe_before_entry(&aps.vcpus[0]);
    assert_int_equal(aps.dozes, 0);
}

/* ---- How it sleeps in firmware's image, where the OS will not find it. ---- */

static int begin_in_image(void **state)
{
    begin(state);
    for (unsigned i = 1; i < APS_CPUS; i++)
        aps_place(i, APS_IMAGE, APS_MAILBOX);
    return 0;
}

static void write_polled_page(void)
{
    observe_fault(APS_MAILBOX + 8);
}

static void change_polled_word(void)
{
    aps.low[APS_MAILBOX / PAGE_BYTES][0] = 1;
}

static void page_that_aps_in_the_image_poll_is_made_read_only(void **state)
{
    (void)state;
    look_and_follow();
    assert_int_equal(aps.call_count, 0);
    assert_int_equal(aps.read_only, APS_MAILBOX);
    assert_int_equal(aps.flushes, 1);
    memset(aps.kicks, 0, sizeof(aps.kicks));
    look();
    assert_int_equal(kicks(), 0);
    assert_int_equal(aps.flushes, 1);
}

static void shared_page_that_aps_in_the_image_poll_is_left(void **state)
{
    (void)state;
    look();
    for (unsigned i = 1; i < APS_CPUS; i++)
        follow_one(i);
    aps.shared_page = APS_MAILBOX; /* meanwhile */
    look();
    assert_int_equal(aps.read_only, 0);
    assert_int_equal(aps.flushes, 0);
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 0);
}

static void ap_in_the_image_sleeps_until_its_page_is_written(void **state)
{
    (void)state;
    look_and_follow();
    memset(aps.kicks, 0, sizeof(aps.kicks));
    observe_fault(APS_OTHER_PAGE);
    assert_int_equal(kicks(), 0);
    aps.meanwhile = write_polled_page;
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 1);
    assert_int_equal(aps.read_only, 0);
    assert_int_equal(aps.kicks[0], 0);
    assert_int_equal(kicks(), LAST_AP);
    look(); /* and all are asked anew */
    assert_int_equal(kicks(), 2 * LAST_AP);
}

static void ap_in_the_image_goes_on_when_what_it_polls_has_changed(void **state)
{
    (void)state;
    look_and_follow();
    aps.meanwhile = change_polled_word;
    observe_before_entry(&aps.vcpus[1]);
    assert_int_equal(aps.dozes, 1);
}

static void nothing_is_written_to_while_no_page_is_polled_in_vain(void **state)
{
    (void)state;
    observe_fault(0);
    assert_int_equal(kicks(), 0);
}

#define TEST(name)          cmocka_unit_test_setup(name, begin)
#define TEST_IN_IMAGE(name) cmocka_unit_test_setup(name, begin_in_image)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_looked_for_unless_it_was_asked),
        TEST(nothing_is_looked_for_with_one_cpu),
        TEST(bsp_asks_all_aps_once_in_a_while),
        TEST(nobody_is_asked_while_one_ap_cannot_be_waiting),
        TEST(aps_that_nobody_asked_are_not_followed),
        TEST(mailbox_wait_loop_and_tables_are_found),
        TEST(wait_loop_is_named_by_its_memory_not_by_its_mapping),
        TEST(tables_in_several_places_are_watched_each_once),
        TEST(fifth_level_is_watched_where_there_is_one),
        TEST(more_tables_than_can_be_watched_are_a_finding),
        TEST(tables_that_lead_to_themselves_are_a_finding_and_an_end),
        TEST(ap_that_leaves_its_page_is_not_waiting),
        TEST(ap_that_takes_interrupts_is_not_waiting),
        TEST(ap_that_steps_itself_is_not_followed),
        TEST(ap_that_reads_two_pages_is_not_waiting),
        TEST(ap_that_reads_nothing_is_not_waiting),
        TEST(ap_that_polls_a_device_is_not_waiting),
        TEST(ap_that_reads_what_is_not_mapped_is_not_waiting),
        TEST(ap_whose_code_is_not_mapped_is_not_followed),
        TEST(ap_at_what_is_no_instruction_is_not_waiting),
        TEST(ap_is_followed_from_the_start_each_time),
        TEST(aps_in_different_loops_are_not_believed),
        TEST(aps_at_different_mailboxes_are_not_believed),
        TEST(aps_on_different_tables_are_not_believed),
        TEST(ap_sleeps_until_a_command_is_for_it),
        TEST(command_for_another_wakes_nobody_else),
        TEST(command_for_everybody_wakes_all),
        TEST(write_before_the_mailbox_is_known_wakes_nobody),
        TEST(ap_outside_of_its_loop_runs_on),
        TEST(ap_that_an_nmi_is_due_for_runs_on),
        TEST(bsp_never_sleeps),
        TEST_IN_IMAGE(page_that_aps_in_the_image_poll_is_made_read_only),
        TEST_IN_IMAGE(shared_page_that_aps_in_the_image_poll_is_left),
        TEST_IN_IMAGE(ap_in_the_image_sleeps_until_its_page_is_written),
        TEST_IN_IMAGE(ap_in_the_image_goes_on_when_what_it_polls_has_changed),
        TEST(nothing_is_written_to_while_no_page_is_polled_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
