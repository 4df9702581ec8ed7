/* muster conform: boots a kernel as boot --td does, and judges it by the rules of the mailbox. */
#include <stdio.h>
#include <string.h>

#include "boot/plural.h"
#include "cli/boot.h"
#include "cli/judge/conformance.h"
#include "cli/base/symbols.h"
#include "cli/base/words.h"

#define NO_KASLR "nokaslr"

static int conclude(const struct session *session, void *context)
{
    const struct monitor *monitor = &session->guest.monitor;
    monitor_name_places(monitor, context);
    JsonObject *conformance = conformance_of(monitor);
    struct report report = {.verb = "conform"};
    struct verdict verdict;
    verdict_init(&verdict);
    boot_judge(&verdict, session);
    /* Where nothing was begun, nothing is told of the rules. */
    bool begun = verdict.status != CLI_USAGE && (monitor->ready || !monitor->fatal);
    if (begun)
        conformance_judge(&verdict, conformance);
    boot_name_way(&verdict.handover, &report);

    boot_print_handover(&verdict, session);
    if (begun)
        conformance_print(conformance);
    monitor_print(monitor, conformance_has_rule);
    char *sum = conformance_sum(conformance);
    char *what = g_strdup_printf(
        "%s with %u %s as a TD: %s, and its end was %s; QEMU %s", session->options->kernel,
        session->options->cpus, plural(session->options->cpus, "CPU", "CPUs"), sum,
        verdict.ended_badly ? "a bad one" : "a good one", session->qemu->version);
    int status = outcome_tell(&report, session, &verdict, what);
    g_free(what);
    g_free(sum);
    if (conformance)
        json_object_unref(conformance);
    verdict_clear(&verdict);
    return status;
}

/* Where a kernel has moved itself to, no list of symbols fits. Only Linux's own loader does so. */
static char *choose_words(const struct options *options, bool bzimage)
{
    const char *words = options_foreign_words(options, options->append);
    if (!options->symbols || !bzimage || words_have(words, NO_KASLR))
        return g_strdup(words);
    fprintf(stderr,
            "The kernel gets the word " NO_KASLR ", so that its addresses are those of %s.\n",
            options->symbols);
    return g_strdup_printf("%s%s" NO_KASLR, words, words[0] ? " " : "");
}

static int conform_options(const struct options *options, GError **error)
{
    bool bzimage = false;
    if (!boot_files_good(options, &bzimage, error))
        return CLI_ENVIRONMENT;
    struct symbols *symbols = options->symbols ? symbols_load(options->symbols, error) : NULL;
    if (options->symbols && !symbols)
        return CLI_ENVIRONMENT;
    char *words = choose_words(options, bzimage);
    int status = boot_machine(options, bzimage, words, conclude, symbols, error);
    g_free(words);
    symbols_free(symbols);
    return status;
}

static int conform(const struct verb *verb, int argc, char **argv)
{
    return outcome_of_verb(verb, OPTIONS_CONFORM, argc, argv, conform_options);
}

const struct verb verb_conform = {
    .name = "conform",
    .operands = "KERNEL [-- QEMU-ARGUMENTS]",
    .takes_files = true,
    .summary = "Boot any kernel as an Intel TD, and judge it by the mailbox's rules.",
    .text = "KERNEL is booted as by 'muster boot KERNEL --td', under Muster's monitor, with 2 GiB "
            "of memory. The monitor watches what firmware owns and judges every write of the "
            "kernel's to it. For each rule one line tells whether it held, was broken and how "
            "often, or was not watched; beneath a broken one are the vCPU, the RIP and, with "
            "--symbols, the symbol of the instruction that broke it. A Linux bzImage then gets "
            "the word nokaslr, too. The rules: docs/conformance.md.\n\n"
            "Exit status 0: every rule held, and the kernel came to its end; 1: a rule was broken "
            "or not watched, or the kernel ended badly. The standard --timeout is 180 s.",
    .groups = options_of_conform,
    .run = conform,
};
