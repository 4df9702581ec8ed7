/*
 * Reports, as 'muster timeline' reads and draws them. An input: the form (a picture takes longest,
 * and is drawn seldom), and the report's text.
 */
#define _GNU_SOURCE

#include "cli/base/fields.h"
#include "cli/timeline/draw.h"
#include "cli/timeline/model.h"
#include "cli/timeline/page.h"
#include "cli/timeline/trace_events.h"
#include "tests/fuzz/fuzz.h"

#define PICTURES_ONE_IN 64

static void check_cpu(const struct timeline *timeline, const struct timeline_cpu *cpu)
{
    fuzz_require(!cpu->failed || cpu->failure, "a CPU failed for no reason");
    for (guint i = 0; i < cpu->spans->len; i++) {
        const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        fuzz_require(span->state < TIMELINE_STATES, "a CPU is in no state");
        fuzz_require(span->from_ns <= span->to_ns, "a span ends before it begins");
        fuzz_require(span->from_ns >= timeline->first_ns, "a span begins before all that is known");
    }
}

static void draw(struct timeline *timeline, unsigned form)
{
    for (guint i = 0; i < timeline->cpus->len; i++)
        check_cpu(timeline, timeline_cpu(timeline, i));
    for (guint i = 0; i < timeline->messages->len; i++) {
        const struct timeline_message *message =
            &g_array_index(timeline->messages, struct timeline_message, i);
        fuzz_require(message->from < timeline->cpus->len && message->to < timeline->cpus->len,
                     "a message is to nobody");
    }
    g_byte_array_unref(form % 2 ? trace_events_of(timeline) : page_of(timeline, PICTURE_AUTO));
}

static double draw_all(struct pen *pen, const void *subject)
{
    return draw_timeline(pen, subject);
}

static void draw_picture(const struct timeline *timeline)
{
    const struct picture picture = {timeline->title, timeline->totals, timeline->machine, draw_all,
                                    timeline};
    GError *error = NULL;
    GByteArray *bytes = picture_svg(&picture, PICTURE_LIGHT, &error);
    fuzz_require(!bytes == (error != NULL), "a picture is refused for no reason");
    if (bytes)
        g_byte_array_unref(bytes);
    g_clear_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    unsigned form = (unsigned)fuzz_number(&input, 1);
    char *text = fuzz_text(input.at, input.left);
    JsonObject *report = fields_parse(text);
    GError *error = NULL;
    if (report) {
        fields_clean(report);
        struct timeline *timeline = timeline_new(report, NULL, &error);
        fuzz_require(!timeline == (error != NULL), "a refusal gives no reason");
        if (timeline)
            draw(timeline, form);
        if (timeline && form % PICTURES_ONE_IN == 0)
            draw_picture(timeline);
        timeline_free(timeline);
        json_object_unref(report);
    }
    g_clear_error(&error);
    free(text);
    return 0;
}
