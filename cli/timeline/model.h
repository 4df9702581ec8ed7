/**
 * What a report tells of one run, ready to be drawn: who was where, from when to when.
 *
 * All times are nanoseconds since the first wake was sent; what was before is negative.
 */
#ifndef CLI_TIMELINE_MODEL_H
#define CLI_TIMELINE_MODEL_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

/** Where a CPU is, in the order of a bring-up. */
enum timeline_state {
    TIMELINE_WOKEN,      /* its wake is sent, its first instruction has not come */
    TIMELINE_REAL_MODE,  /* from its first instruction on */
    TIMELINE_LONG_MODE,  /* until it has its own tables */
    TIMELINE_OWN_TABLES, /* until it is parked */
    TIMELINE_PARKED,
    TIMELINE_STARTING, /* its start is sent, it is not on yet */
    TIMELINE_ON,
    TIMELINE_AWAY, /* in the firmware's loop again */
    TIMELINE_FAILED,
    TIMELINE_UNKNOWN, /* the trace has lost what was here */
    TIMELINE_STATES,
};

/** Its name for programs, and for people. */
const char *timeline_state_name(enum timeline_state state);
const char *timeline_state_text(enum timeline_state state);

/** From the one moment to the other; an open one goes on at the end of what is known. */
struct timeline_span {
    enum timeline_state state;
    bool open;
    gint64 from_ns, to_ns;
};

/** A record of a CPU's trace; @event is the model's. */
struct timeline_record {
    gint64 at_ns;
    const char *event;
    gint64 argument, value;
};

struct timeline_cpu {
    gint64 apic_id; /* -1: not known; so it is with the next four */
    gint64 index, core, package, node;
    bool bsp;
    bool late;        /* in the trace alone: it came after the boot */
    bool failed;      /* it is not on, and should be */
    char *state;      /* the report's word */
    char *failure;    /* why it is not on; never NULL if it failed */
    bool lost;        /* its oldest trace records are gone */
    gint64 first_ns;  /* its oldest trace record, or G_MAXINT64 */
    gint64 parked_ns; /* the first time; -1: never; so it is with the next */
    gint64 on_ns;     /* never the BSP's */
    GArray *steps;    /* what the spans are made of: history.h */
    GArray *spans;    /* struct timeline_span, one after the other */
    GArray *records;  /* struct timeline_record */
};

/** @from and @to are places in timeline.cpus. */
struct timeline_message {
    gint64 at_ns;
    guint from, to;
    bool start; /* a parked CPU is started; else it is woken */
};

/** What the BSP was busy with. */
struct timeline_stage {
    bool start; /* starting all; else waking all */
    gint64 from_ns, to_ns;
};

struct timeline {
    char *title, *totals, *machine; /* one line each */
    GPtrArray *failures;            /* sentences */
    GPtrArray *cpus;                /* struct timeline_cpu, the BSP first */
    guint bsp;
    bool on_arrival;           /* each CPU had its start before anybody was woken */
    gint64 asked, on, missing; /* CPUs; missing: the report does not even list them */
    GArray *messages, *stages;
    GStringChunk *texts;
    gint64 zero_ns;          /* on the report's clock */
    gint64 first_ns;         /* the first that is known */
    gint64 bring_up_ns;      /* the end of the bring-up */
    gint64 last_ns;          /* the last that is known */
    gint64 parked_ns, on_ns; /* all of them; -1: never */
};

/** Most CPUs that a report may have. */
#define TIMELINE_MAX_CPUS 4096

/**
 * @report is muster run's; nothing of it is believed, and nothing of it is needed afterwards.
 * NULL: it has no time stamps, or too many CPUs; @error is CLI_ENVIRONMENT. @title may be NULL.
 */
struct timeline *timeline_new(JsonObject *report, const char *title, GError **error);
void timeline_free(struct timeline *timeline);

static inline struct timeline_cpu *timeline_cpu(const struct timeline *timeline, guint place)
{
    return g_ptr_array_index(timeline->cpus, place);
}

/** Title, totals and machine in words: words.c. */
void timeline_put_into_words(struct timeline *timeline, JsonObject *report, const char *title);

#endif
