#include "monitor/conformance.h"

#include "abi/conformance.h"
#include "boot/console.h"
#include "boot/json.h"
#include "monitor/witness.h"

#define MOST_REPEATS 64
#define MOST_RULES   64
#define MOST_WRITES  256
#define MOST_REGIONS 8

/* Rules and regions are string constants, and told apart by their addresses. */
static struct {
    const char *rule;
    uint32_t times;
} rules[MOST_RULES];

static struct {
    const char *region;
    uint64_t times;
} writes[MOST_REGIONS];
static uint64_t mailbox_commands;

/* The mailbox's are the witness's to judge. */
static const char *const rules_of_mailbox[] = {RULES_OF_MAILBOX};
static const char *const rules_of_anybody[] = {RULES_OF_ANYBODY};

bool conformance_count_finding(const char *rule)
{
    unsigned i = 0;
    while (i < MOST_RULES - 1 && rules[i].rule && rules[i].rule != rule)
        i++;
    rules[i].rule = rule;
    return ++rules[i].times <= MOST_REPEATS;
}

bool conformance_count_write(const char *region)
{
    unsigned i = 0;
    while (i < MOST_REGIONS - 1 && writes[i].region && writes[i].region != region)
        i++;
    writes[i].region = region;
    return ++writes[i].times <= MOST_WRITES;
}

void conformance_count_command(void)
{
    mailbox_commands++;
}

static uint64_t times_broken(const char *rule)
{
    uint64_t times = 0;
    for (unsigned i = 0; i < MOST_RULES && rules[i].rule; i++)
        if (!strcmp(rules[i].rule, rule))
            times += rules[i].times;
    return times;
}

static void put_rules(const char *const names[], unsigned count, bool watched)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t times = times_broken(names[i]);
        json_open(NULL, '{');
        json_text("rule", names[i]);
        json_text("state", times ? "broken" : watched ? "held" : "not-watched");
        json_number("count", times);
        json_close('}');
    }
}

/* Where no firmware said what to watch, nothing can be said to have held. */
void conformance_put(void)
{
    uint64_t all_writes = 0;
    for (unsigned i = 0; i < MOST_REGIONS; i++)
        all_writes += writes[i].times;
    json_begin("monitor", "conformance");
    json_open("rules", '[');
    put_rules(rules_of_mailbox, sizeof(rules_of_mailbox) / sizeof(rules_of_mailbox[0]),
              witness_is_on());
    put_rules(rules_of_anybody, sizeof(rules_of_anybody) / sizeof(rules_of_anybody[0]), true);
    json_close(']');
    json_number("writes", all_writes);
    json_number("mailbox_commands", mailbox_commands);
    json_end();
}
