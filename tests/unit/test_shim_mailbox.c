/* Where an AP stands with the mailbox, from the firmware's side: one change at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shim/mailbox_ap.h"

#define ID     7u
#define VECTOR 0x123000u
#define MS     1000000u

struct post {
    struct mailbox mailbox;
    struct muster_word state;
    uint64_t vector;
};

static struct post post_with(uint16_t command, uint32_t apic_id)
{
    struct post post = {.state = {MAILBOX_AP_WAITING}};
    post.mailbox.command = command;
    post.mailbox.apic_id = apic_id;
    post.mailbox.wakeup_vector = VECTOR;
    return post;
}

static enum mailbox_look look(struct post *post, uint16_t version)
{
    return mailbox_ap_look(&post->mailbox, &post->state, ID, version, &post->vector);
}

static void ap_comes_waits_goes_and_comes_back(void **state)
{
    (void)state;
    struct post post = post_with(MAILBOX_WAKEUP, ID);
    post.state.value = MAILBOX_AP_NOT_HERE;
    assert_true(mailbox_ap_arrive(&post.state));
    assert_int_equal(post.state.value, MAILBOX_AP_WAITING);
    assert_int_equal(look(&post, 1), MAILBOX_LOOK_WAKEUP);
    assert_int_equal(post.state.value, MAILBOX_AP_ACKNOWLEDGED);
    assert_int_equal(post.mailbox.command, MAILBOX_NOOP);
    assert_int_equal(post.vector, VECTOR);
    assert_true(mailbox_ap_leave(&post.state));
    assert_int_equal(post.state.value, MAILBOX_AP_GONE);
    assert_true(mailbox_ap_arrive(&post.state));
    assert_int_equal(post.state.value, MAILBOX_AP_WAITING);
}

static void peek_tells_who_is_called_and_answers_nothing(void **state)
{
    (void)state;
    struct post post = post_with(MAILBOX_WAKEUP, ID);
    assert_int_equal(mailbox_ap_peek(&post.mailbox, ID), MAILBOX_LOOK_CALLED);
    assert_int_equal(mailbox_ap_peek(&post.mailbox, ID + 1), MAILBOX_LOOK_BUSY);
    assert_int_equal(post.mailbox.command, MAILBOX_WAKEUP);
    assert_int_equal(post.state.value, MAILBOX_AP_WAITING);
    post.mailbox.command = MAILBOX_NOOP;
    assert_int_equal(mailbox_ap_peek(&post.mailbox, ID), MAILBOX_LOOK_QUIET);
}

static void test_is_answered_and_waits_on(void **state)
{
    (void)state;
    struct post post = post_with(MAILBOX_TEST, ID);
    assert_int_equal(look(&post, 1), MAILBOX_LOOK_TESTED);
    assert_int_equal(post.mailbox.command, MAILBOX_NOOP);
    assert_int_equal(post.state.value, MAILBOX_AP_WAITING);
    assert_int_equal(look(&post, 1), MAILBOX_LOOK_QUIET);
}

static void expect_left_alone(struct post post, uint16_t version)
{
    uint16_t command = post.mailbox.command;
    assert_int_equal(look(&post, version), MAILBOX_LOOK_BUSY);
    assert_int_equal(post.mailbox.command, command);
    assert_int_equal(post.state.value, MAILBOX_AP_WAITING);
    assert_int_equal(post.vector, 0);
}

static void command_for_another_is_left_alone(void **state)
{
    (void)state;
    expect_left_alone(post_with(MAILBOX_WAKEUP, ID + 1), 1);
    expect_left_alone(post_with(MAILBOX_TEST, ID + 1), 1);
}

static void reserved_command_and_test_in_version_0_are_left_alone(void **state)
{
    (void)state;
    expect_left_alone(post_with(3, ID), 1);
    expect_left_alone(post_with(0xFFFF, ID), 1);
    expect_left_alone(post_with(MAILBOX_TEST, ID), 0);
}

/* From every state but the right one: nothing is changed, nothing acknowledged. */
static void command_is_taken_by_a_waiting_ap_only(void **state)
{
    (void)state;
    for (uint32_t other = MAILBOX_AP_NOT_HERE; other <= MAILBOX_AP_BACK; other++) {
        struct post post = post_with(MAILBOX_WAKEUP, ID);
        if (other == MAILBOX_AP_WAITING)
            continue;
        post.state.value = other;
        assert_int_equal(look(&post, 1), MAILBOX_LOOK_DENIED);
        assert_int_equal(post.mailbox.command, MAILBOX_WAKEUP);
        assert_int_equal(post.state.value, other);
        assert_int_equal(post.vector, 0);
    }
}

static void only_an_acknowledged_ap_leaves(void **state)
{
    (void)state;
    for (uint32_t other = MAILBOX_AP_NOT_HERE; other <= MAILBOX_AP_BACK; other++) {
        struct muster_word word = {other};
        assert_int_equal(mailbox_ap_leave(&word), other == MAILBOX_AP_ACKNOWLEDGED);
        assert_int_equal(word.value, other == MAILBOX_AP_ACKNOWLEDGED ? MAILBOX_AP_GONE : other);
    }
}

static void only_an_absent_ap_arrives(void **state)
{
    (void)state;
    for (uint32_t other = MAILBOX_AP_NOT_HERE; other <= MAILBOX_AP_BACK; other++) {
        struct muster_word word = {other};
        bool may = other == MAILBOX_AP_NOT_HERE || other == MAILBOX_AP_GONE;
        assert_int_equal(mailbox_ap_arrive(&word), may);
        assert_int_equal(word.value, may ? MAILBOX_AP_WAITING : other);
    }
}

static void ap_sleeps_once_it_has_been_quiet_for_50_ms(void **state)
{
    (void)state;
    struct post post = post_with(MAILBOX_NOOP, 0);
    struct mailbox_ap_quiet quiet;
    mailbox_ap_quiet_begin(&quiet, &post.mailbox, 5 * MS);
    assert_false(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 55 * MS - 1));
    assert_true(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 55 * MS));
}

static void command_for_another_keeps_the_ap_awake(void **state)
{
    (void)state;
    struct post post = post_with(MAILBOX_WAKEUP, ID + 1);
    struct mailbox_ap_quiet quiet;
    mailbox_ap_quiet_begin(&quiet, &post.mailbox, 0);
    assert_false(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 60 * MS));
    post.mailbox.command = MAILBOX_NOOP;
    assert_false(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 110 * MS - 1));
    assert_true(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 110 * MS));
}

static void command_that_came_and_went_keeps_the_ap_awake(void **state)
{
    (void)state;
    struct post post = post_with(MAILBOX_NOOP, 0);
    struct mailbox_ap_quiet quiet;
    mailbox_ap_quiet_begin(&quiet, &post.mailbox, 0);
    assert_true(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 60 * MS));
    post.mailbox.apic_id = ID + 1; /* acknowledged meanwhile: Noop again */
    assert_false(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 70 * MS));
    assert_true(mailbox_ap_is_quiet(&quiet, &post.mailbox, look(&post, 1), 120 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ap_sleeps_once_it_has_been_quiet_for_50_ms),
        cmocka_unit_test(command_for_another_keeps_the_ap_awake),
        cmocka_unit_test(command_that_came_and_went_keeps_the_ap_awake),
        cmocka_unit_test(ap_comes_waits_goes_and_comes_back),
        cmocka_unit_test(test_is_answered_and_waits_on),
        cmocka_unit_test(command_for_another_is_left_alone),
        cmocka_unit_test(reserved_command_and_test_in_version_0_are_left_alone),
        cmocka_unit_test(peek_tells_who_is_called_and_answers_nothing),
        cmocka_unit_test(command_is_taken_by_a_waiting_ap_only),
        cmocka_unit_test(only_an_acknowledged_ap_leaves),
        cmocka_unit_test(only_an_absent_ap_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
