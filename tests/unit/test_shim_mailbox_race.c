/*
 * The firmware's look at the mailbox, with the OS at work between any two of its accesses. Found by
 * make stress: an AP was held up between the command and the ID, and acted on another's command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void before_access(const void *word);

#define ATOMIC_ACCESS(word, access) before_access(word)
#include "shim/mailbox_ap.c"

#define ID      7u
#define ANOTHER 9u
#define VECTOR  0x123000u

static struct mailbox mailbox;
static struct muster_word ap;
static unsigned looks_at_id; /* how often the ID has been asked for */
static void (*at_first_look_at_id)(void);

static void before_access(const void *word)
{
    if (word == &mailbox.apic_id && looks_at_id++ == 0 && at_first_look_at_id)
        at_first_look_at_id();
}

static enum mailbox_look look(uint16_t command, void (*meanwhile)(void), uint64_t *vector)
{
    mailbox = (struct mailbox){.command = command, .apic_id = ANOTHER, .wakeup_vector = 1};
    ap.value = MAILBOX_AP_WAITING;
    looks_at_id = 0;
    at_first_look_at_id = meanwhile;
    return mailbox_ap_look(&mailbox, &ap, ID, 1, vector);
}

/* The other AP acknowledges, and the OS has its next command half written. */
static void os_writes_operands(void)
{
    mailbox.command = MAILBOX_NOOP;
    mailbox.apic_id = ID;
    mailbox.wakeup_vector = VECTOR;
}

static void os_wakes(void)
{
    os_writes_operands();
    mailbox.command = MAILBOX_WAKEUP;
}

static void anothers_command_is_not_taken_with_the_id_of_the_next(void **state)
{
    (void)state;
    uint64_t vector = 0;
    assert_int_equal(look(MAILBOX_TEST, os_writes_operands, &vector), MAILBOX_LOOK_BUSY);
    assert_int_equal(look(MAILBOX_WAKEUP, os_writes_operands, &vector), MAILBOX_LOOK_BUSY);
    assert_int_equal(ap.value, MAILBOX_AP_WAITING);
    assert_int_equal(vector, 0);
}

static void a_wake_behind_anothers_test_is_a_wake(void **state)
{
    (void)state;
    uint64_t vector = 0;
    assert_int_equal(look(MAILBOX_TEST, os_wakes, &vector), MAILBOX_LOOK_WAKEUP);
    assert_int_equal(vector, VECTOR);
    assert_int_equal(mailbox.command, MAILBOX_NOOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anothers_command_is_not_taken_with_the_id_of_the_next),
        cmocka_unit_test(a_wake_behind_anothers_test_is_a_wake),
    };

    return cmocka_run_group_tests_name("races at the mailbox", tests, NULL, NULL);
}
