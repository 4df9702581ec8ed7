/**
 * What is to be reached: each a figure of a benchmark and the bound that it is held to.
 */
#ifndef CLI_BENCH_GOALS_H
#define CLI_BENCH_GOALS_H

#include "cli/bench/bench.h"

enum goal_state {
    GOAL_HELD,
    GOAL_MISSED,
    GOAL_UNKNOWN, /* what it needs was not measured */
};

enum goal_unit {
    GOAL_NS,
    GOAL_COUNT,
    GOAL_PERCENT, /* in hundredths */
    GOAL_RATIO,   /* in hundredths */
};

struct goal {
    const char *name; /* for programs */
    const char *what; /* for people */
    const char *bound_is;
    enum goal_unit unit;
    gint64 figure, bound; /* -1: not known */
    enum goal_state state;
};

#define GOALS_MAX 20

/** Judge @bench. Gives how many there are. */
guint goals_judge(const struct bench *bench, struct goal goals[GOALS_MAX]);

/** "held", "missed", "not-measured" */
const char *goal_state_name(enum goal_state state);

/** "3.91 ms", "64000", "0.4 %", "2.43 x"; "-" if it is not known. Caller frees. */
char *goal_text(enum goal_unit unit, gint64 value);

/** Whether one was missed. */
bool goals_missed(const struct goal *goals, guint count);

#endif
