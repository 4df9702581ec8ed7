/* The kernel's command line: what each word may be, and the sentence that a wrong one gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel/fatal.h"
#include "kernel/options.h"

#define WAYS "auto, sipi, mailbox, fdt, sipi-pipelined, sipi-serial or sipi-classic"

static jmp_buf end;
static char said[256];

/* In place of the machine's end. */
void fatal_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
    longjmp(end, 1);
}

static void assert_refused(const char *cmdline, const char *sentence)
{
    struct options options;
    if (!setjmp(end)) {
        options_read(cmdline, &options);
        fail_msg("'%s' was taken", cmdline);
    }
    assert_string_equal(said, sentence);
}

static void nothing_said_is_the_usual_kernel(void **state)
{
    struct options options;
    (void)state;
    assert_int_equal(setjmp(end), 0);
    options_read("console=ttyS0", &options);
    assert_int_equal(options.way, MUSTER_WAY_AUTO);
    assert_false(options.fdt_only || options.has_policy || options.then_boot || options.x2apic);
    assert_int_equal(options.timeout_ns, 0); /* as the number of CPUs asks for */
    assert_int_equal(options.hand_backs, 1);
    assert_int_equal(options.hot_add, 0);
    assert_true(options.trace && options.prove);
    assert_int_equal(options.wait_ns, 0);
}

static void kernel_may_wait_first_and_prove_nothing(void **state)
{
    struct options options;
    (void)state;
    assert_int_equal(setjmp(end), 0);
    options_read("wait-ms=1000 prove=off", &options);
    assert_int_equal(options.wait_ns, 1000000000);
    assert_false(options.prove);
}

static void each_way_is_taken(void **state)
{
    static const struct {
        const char *word;
        enum muster_way way;
        bool fdt_only;
        const char *strategy;
    } ways[] = {{"wake=auto", MUSTER_WAY_AUTO, false, "broadcast"},
                {"wake=sipi", MUSTER_WAY_SIPI, false, "broadcast"},
                {"wake=mailbox", MUSTER_WAY_MAILBOX, false, "broadcast"},
                {"wake=fdt", MUSTER_WAY_MAILBOX, true, "broadcast"},
                {"wake=sipi-pipelined", MUSTER_WAY_SIPI, false, "pipelined"},
                {"wake=sipi-serial", MUSTER_WAY_SIPI, false, "serial"},
                {"wake=sipi-classic", MUSTER_WAY_SIPI, false, "classic"}};
    struct options options;
    (void)state;
    assert_int_equal(setjmp(end), 0);
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        options_read(ways[i].word, &options);
        assert_int_equal(options.way, ways[i].way);
        assert_int_equal(options.fdt_only, ways[i].fdt_only);
        assert_string_equal(options_strategy_name(options.strategy), ways[i].strategy);
    }
}

static void wrong_word_is_named_with_what_it_must_be(void **state)
{
    static const struct {
        const char *word, *wanted;
    } wrong[] = {
        {"wake=hyperv", WAYS},
        {"wake=", WAYS},
        {"custody=lend", "keep or reclaim"},
        {"levels=3", "4 or 5"},
        {"apic=x1", "auto or x2"},
        {"prove=no", "on or off"},
        {"order=random", "listed, performance, cores or nearest"},
        {"trace=yes", "on or off"},
        {"park=spin", "auto, hlt, mwait or tdcall"},
        {"mwait-hint=256", "a number from 1 to 255"},
        {"timeout-ms=0", "a number from 1 to 3600000"},
        {"timeout-ms=soon", "a number from 1 to 3600000"},
        {"park-ms=3600001", "a number from 1 to 3600000"},
        {"wait-ms=0", "a number from 1 to 3600000"},
        {"cycles=1000001", "a number from 1 to 1000000"},
        {"seed=0", "a number from 1 to 18446744073709551615"},
        {"hand-back=0", "a number from 1 to 1000000"},
        {"hot-add=513", "a number from 1 to 512"},
        {"then=halt", "boot"},
        {"inject=nmi", "mce"},
        {"mce=all", "parked"},
    };
    char sentence[128];
    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(sentence, sizeof(sentence), "%s on the command line: must be %s", wrong[i].word,
                 wrong[i].wanted);
        assert_refused(wrong[i].word, sentence);
    }
}

static void machine_checks_of_parked_cpus_need_somebody_who_injects(void **state)
{
    (void)state;
    assert_refused("mce=parked",
                   "mce=parked on the command line: needs inject=mce, and somebody who injects");
}

static void nothing_lies_between_adoption_and_start_of_cpus_that_come_one_by_one(void **state)
{
    (void)state;
    assert_refused("wake=sipi-serial park-ms=5",
                   "park-ms=5 on the command line: with wake=sipi-serial and sipi-classic each CPU "
                   "starts as it comes; leave one of them out");
    assert_refused("wake=sipi-classic order=cores",
                   "order=cores on the command line: with wake=sipi-serial and sipi-classic each "
                   "CPU starts as it comes; leave one of them out");
}

static void unknown_or_endless_word_is_named(void **state)
{
    (void)state;
    assert_refused("wake=sipi color=blue", "the kernel does not know 'color' on its command line");
    assert_refused("wake=0123456789012345678901234567890123456789",
                   "wake=0123456789012345678901234567890... on the command line is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_the_usual_kernel),
        cmocka_unit_test(kernel_may_wait_first_and_prove_nothing),
        cmocka_unit_test(each_way_is_taken),
        cmocka_unit_test(wrong_word_is_named_with_what_it_must_be),
        cmocka_unit_test(machine_checks_of_parked_cpus_need_somebody_who_injects),
        cmocka_unit_test(nothing_lies_between_adoption_and_start_of_cpus_that_come_one_by_one),
        cmocka_unit_test(unknown_or_endless_word_is_named),
    };
    return cmocka_run_group_tests_name("kernel-options", tests, NULL, NULL);
}
