/* What the examples' hooks promise (muster/platform.h): others copy them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wconversion"
#define sleep sleep_hook /* unistd.h has one */
#include "examples/minimal/platform.c"

/* By a clock that stands no deadline ever passes: as by this one, for hundreds of years. */
static void wait_hook_comes_back_though_no_deadline_passes(void **state)
{
    const struct muster_word word = {7};
    (void)state;
    alarm(10);
    platform.wait(NULL, &word, 7, MUSTER_FOREVER);
    platform.wait(NULL, &word, 8, MUSTER_FOREVER);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_hook_comes_back_though_no_deadline_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
