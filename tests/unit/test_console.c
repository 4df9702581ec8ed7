#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/machine/console.h"

#define HANDED_OVER "next: 3 CPUs are back in the firmware after 12 us; its kernel begins"

static void next_kernel_s_text_counts_from_our_last_line_on(void **state)
{
    struct console console;
    (void)state;

    console_init(&console, false, "looked at");
    assert_int_equal(console_text(&console, "looked at by the first", true), CONSOLE_NOTHING);
    assert_int_equal(console_text(&console, HANDED_OVER, true), CONSOLE_NOTHING);
    assert_false(console.done);
    /* Before anybody has read the event of it. */
    assert_int_equal(console_text(&console, "registers: looked at", true), CONSOLE_DONE);
    assert_true(console.done);
    console_clear(&console);
}

static void half_of_our_last_line_begins_nothing(void **state)
{
    struct console console;
    (void)state;

    console_init(&console, false, "looked at");
    assert_int_equal(console_text(&console, HANDED_OVER, false), CONSOLE_NOTHING);
    assert_int_equal(console_text(&console, "looked at", true), CONSOLE_NOTHING);
    console_clear(&console);
}

static void prompt_without_an_end_of_line_is_awaited_too(void **state)
{
    struct console console;
    (void)state;

    console_init(&console, true, "login:");
    assert_int_equal(console_text(&console, "debian log", false), CONSOLE_NOTHING);
    assert_int_equal(console_text(&console, "debian login:", false), CONSOLE_DONE);
    console_clear(&console);
}

static void linux_s_count_and_its_init_are_heard(void **state)
{
    struct console console;
    (void)state;

    console_init(&console, true, NULL);
    assert_int_equal(console_text(&console, "smp: Brought up 1 node, 16 CPUs", true),
                     CONSOLE_NOTHING);
    assert_int_equal(console.guest_said, 16);
    assert_int_equal(console_text(&console, "Run /init as init process", false), CONSOLE_NOTHING);
    assert_int_equal(console_text(&console, "Run /init as init process", true), CONSOLE_DONE);
    console_clear(&console);
}

static void panic_that_was_not_waited_for_is_kept(void **state)
{
    struct console console;
    (void)state;

    console_init(&console, true, "login:");
    assert_int_equal(console_text(&console, "Kernel panic - not syncing: oops", true),
                     CONSOLE_PANIC);
    assert_string_equal(console.panic, "Kernel panic - not syncing: oops");
    assert_string_equal(console_last_line(&console), "Kernel panic - not syncing: oops");
    console_clear(&console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_kernel_s_text_counts_from_our_last_line_on),
        cmocka_unit_test(half_of_our_last_line_begins_nothing),
        cmocka_unit_test(prompt_without_an_end_of_line_is_awaited_too),
        cmocka_unit_test(linux_s_count_and_its_init_are_heard),
        cmocka_unit_test(panic_that_was_not_waited_for_is_kept),
    };

    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
