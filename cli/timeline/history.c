/* From what happened to spans: the one state machine of the timeline. */
#include "cli/timeline/history.h"

#include <string.h>

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct timeline_step *left = a, *right = b;
    if (left->at_ns != right->at_ns)
        return left->at_ns < right->at_ns ? -1 : 1;
    return (int)left->state - (int)right->state;
}

/* Clocks of two CPUs may disagree a little: what cannot follow upon the other does not. */
static bool can_follow(enum timeline_state now, enum timeline_state next)
{
    if (next == TIMELINE_WOKEN)
        return now != TIMELINE_REAL_MODE && now != TIMELINE_LONG_MODE &&
               now != TIMELINE_OWN_TABLES && now != TIMELINE_ON;
    if (next == TIMELINE_STARTING)
        return now != TIMELINE_ON;
    return now != next;
}

static void append_span(struct timeline_cpu *cpu, enum timeline_state state, gint64 at_ns)
{
    guint length = cpu->spans->len;
    struct timeline_span *last =
        length ? &g_array_index(cpu->spans, struct timeline_span, length - 1) : NULL;
    if (last && (last->state == state || !can_follow(last->state, state)))
        return;
    if (last) {
        last->to_ns = at_ns;
        last->open = false;
    }
    struct timeline_span span = {state, true, at_ns, at_ns};
    g_array_append_val(cpu->spans, span);
}

static void make_spans(struct timeline_cpu *cpu)
{
    GArray *steps = cpu->steps;
    g_array_sort(steps, by_time);
    for (guint i = 0; i < steps->len; i++) {
        const struct timeline_step *step = &g_array_index(steps, struct timeline_step, i);
        bool in_the_dark = cpu->lost && step->at_ns < cpu->first_ns;
        enum timeline_state state = step->state;
        if (in_the_dark && state == TIMELINE_STARTING)
            state = TIMELINE_UNKNOWN; /* whether and when it came on is what was lost */
        append_span(cpu, state, step->at_ns);
        if (state == TIMELINE_PARKED && cpu->parked_ns < 0)
            cpu->parked_ns = step->at_ns;
        if (state == TIMELINE_ON && cpu->on_ns < 0 && !cpu->bsp && !cpu->lost)
            cpu->on_ns = step->at_ns;
    }
}

/* Who was woken in the dark and is next seen somewhere else had come, and gone again. */
static void admit_ignorance(struct timeline_cpu *cpu)
{
    for (guint i = 0; cpu->lost && i + 1 < cpu->spans->len; i++) {
        struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        enum timeline_state next = span[1].state;
        if (span->state == TIMELINE_WOKEN && span->from_ns < cpu->first_ns &&
            next != TIMELINE_REAL_MODE && next != TIMELINE_FAILED)
            span->state = TIMELINE_UNKNOWN;
    }
}

static int by_time_and_place(gconstpointer a, gconstpointer b)
{
    const struct timeline_message *left = a, *right = b;
    if (left->at_ns != right->at_ns)
        return left->at_ns < right->at_ns ? -1 : 1;
    return (left->to > right->to) - (left->to < right->to);
}

static void drop_repeated_messages(GArray *messages)
{
    g_array_sort(messages, by_time_and_place);
    for (guint i = messages->len; i > 1; i--) {
        const struct timeline_message *last =
            &g_array_index(messages, struct timeline_message, i - 2);
        if (by_time_and_place(last, last + 1) == 0)
            g_array_remove_index(messages, i - 1);
    }
}

/* G_MAXINT64: nobody was woken. */
static gint64 find_first_wake(const struct timeline *timeline)
{
    gint64 first_ns = G_MAXINT64;
    for (guint i = 0; i < timeline->messages->len; i++) {
        const struct timeline_message *message =
            &g_array_index(timeline->messages, struct timeline_message, i);
        if (!message->start)
            first_ns = MIN(first_ns, message->at_ns);
    }
    return first_ns;
}

/*
 * A start that is given before anybody is woken is no message: the CPU finds it as it arrives. Its
 * bar would begin before all that is drawn.
 */
static void drop_early_starts(struct timeline *timeline, gint64 first_wake_ns)
{
    for (guint i = timeline->messages->len; first_wake_ns < G_MAXINT64 && i > 0; i--) {
        const struct timeline_message *message =
            &g_array_index(timeline->messages, struct timeline_message, i - 1);
        if (!message->start || message->at_ns >= first_wake_ns)
            continue;
        timeline->on_arrival = true;
        g_array_remove_index(timeline->messages, i - 1);
    }
    for (guint i = 0; timeline->on_arrival && i < timeline->cpus->len; i++) {
        GArray *steps = timeline_cpu(timeline, i)->steps;
        for (guint j = steps->len; j > 0; j--) {
            const struct timeline_step *step = &g_array_index(steps, struct timeline_step, j - 1);
            if (step->state == TIMELINE_STARTING && step->at_ns < first_wake_ns)
                g_array_remove_index(steps, j - 1);
        }
    }
}

/*
 * Waking ends with "adopted", starting with "started"; later wakes are no part of the bring-up, and
 * earlier starts are nothing that the BSP does for long.
 */
static gint64 find_stages(struct timeline *timeline)
{
    GArray *records = timeline_cpu(timeline, timeline->bsp)->records;
    gint64 first_wake_ns = find_first_wake(timeline);
    struct timeline_stage stage = {0};
    for (guint i = 0; i < records->len; i++) {
        const struct timeline_record *record = &g_array_index(records, struct timeline_record, i);
        bool wake = strcmp(record->event, "wake-sent") == 0;
        bool start = strcmp(record->event, "start-sent") == 0 &&
                     (!timeline->on_arrival || record->at_ns >= first_wake_ns);
        bool ends = strcmp(record->event, stage.start ? "started" : "adopted") == 0;
        if (stage.from_ns ? start && !stage.start : start || wake)
            stage = (struct timeline_stage){.start = start, .from_ns = record->at_ns};
        if (!stage.from_ns && strcmp(record->event, "started") == 0)
            return record->at_ns;
        if (!stage.from_ns || !ends)
            continue;
        stage.to_ns = record->at_ns;
        g_array_append_val(timeline->stages, stage);
        if (stage.start)
            return stage.to_ns;
        stage.from_ns = 0;
    }
    return -1;
}

/* The first and the last that is known of @cpu. */
static void find_range(const struct timeline_cpu *cpu, gint64 *first_ns, gint64 *last_ns)
{
    for (guint i = 0; i < cpu->steps->len; i++) {
        gint64 at_ns = g_array_index(cpu->steps, struct timeline_step, i).at_ns;
        *first_ns = MIN(*first_ns, at_ns);
        *last_ns = MAX(*last_ns, at_ns);
    }
    for (guint i = 0; i < cpu->records->len; i++) {
        gint64 at_ns = g_array_index(cpu->records, struct timeline_record, i).at_ns;
        *first_ns = MIN(*first_ns, at_ns);
        *last_ns = MAX(*last_ns, at_ns);
    }
}

/* Without the BSP's word that all are started, the bring-up goes on as long as anything is known.
 */
static void find_ends(struct timeline *timeline)
{
    gint64 started_ns = find_stages(timeline), boot_first_ns = G_MAXINT64;
    bool lost = false;
    timeline->first_ns = G_MAXINT64;
    timeline->bring_up_ns = started_ns;
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        find_range(cpu, &timeline->first_ns, &timeline->last_ns);
        if (cpu->late)
            continue;
        if (started_ns < 0)
            find_range(cpu, &boot_first_ns, &timeline->bring_up_ns);
        timeline->bring_up_ns = MAX(timeline->bring_up_ns, cpu->on_ns);
        timeline->parked_ns = MAX(timeline->parked_ns, cpu->parked_ns);
        timeline->on_ns = MAX(timeline->on_ns, cpu->on_ns);
        lost |= cpu->lost && !cpu->bsp;
    }
    if (lost)
        timeline->on_ns = started_ns;
}

/* The moment that all times count from; without a wake the first that is known. */
static gint64 find_zero(const struct timeline *timeline)
{
    gint64 first_ns = find_first_wake(timeline);
    return first_ns < G_MAXINT64 ? first_ns : timeline->first_ns;
}

/* A moment on the report's clock; one that never came stays so. */
static void count_from(gint64 zero_ns, gint64 *moment_ns)
{
    *moment_ns = *moment_ns < 0 ? -1 : MAX(*moment_ns - zero_ns, 0);
}

static void count_cpu_from(gint64 zero_ns, gint64 last_ns, struct timeline_cpu *cpu)
{
    for (guint i = 0; i < cpu->spans->len; i++) {
        struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        span->to_ns = (span->open ? last_ns : span->to_ns) - zero_ns;
        span->from_ns -= zero_ns;
    }
    for (guint i = 0; i < cpu->records->len; i++)
        g_array_index(cpu->records, struct timeline_record, i).at_ns -= zero_ns;
    count_from(zero_ns, &cpu->parked_ns);
    count_from(zero_ns, &cpu->on_ns);
}

static void count_all_from(gint64 zero_ns, struct timeline *timeline)
{
    for (guint i = 0; i < timeline->cpus->len; i++)
        count_cpu_from(zero_ns, timeline->last_ns, timeline_cpu(timeline, i));
    for (guint i = 0; i < timeline->messages->len; i++)
        g_array_index(timeline->messages, struct timeline_message, i).at_ns -= zero_ns;
    for (guint i = 0; i < timeline->stages->len; i++) {
        struct timeline_stage *stage = &g_array_index(timeline->stages, struct timeline_stage, i);
        stage->from_ns -= zero_ns;
        stage->to_ns -= zero_ns;
    }
    count_from(zero_ns, &timeline->parked_ns);
    count_from(zero_ns, &timeline->on_ns);
    timeline->zero_ns = zero_ns;
    timeline->first_ns -= zero_ns;
    timeline->last_ns -= zero_ns;
    timeline->bring_up_ns -= zero_ns;
}

void timeline_tell_history(struct timeline *timeline, JsonObject *report)
{
    timeline_read_history(timeline, report);
    drop_early_starts(timeline, find_first_wake(timeline));
    for (guint i = 0; i < timeline->cpus->len; i++)
        make_spans(timeline_cpu(timeline, i));
    for (guint i = 0; i < timeline->cpus->len; i++)
        admit_ignorance(timeline_cpu(timeline, i));
    drop_repeated_messages(timeline->messages);
    find_ends(timeline);
    count_all_from(find_zero(timeline), timeline);
}
