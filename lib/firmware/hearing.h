/**
 * Reading on behind a refusal, where somebody listens (struct muster_listener): each is told, and
 * the first stays the verdict.
 */
#ifndef LIB_FIRMWARE_HEARING_H
#define LIB_FIRMWARE_HEARING_H

#include <stdbool.h>
#include <stddef.h>

#include <muster/machine.h>

struct hearing {
    const struct muster_listener *listener; /* NULL: nobody listens */
    struct muster_finding first;
};

static inline void hearing_tell(const struct muster_listener *listener,
                                const struct muster_finding *finding)
{
    if (listener != NULL && finding->status != MUSTER_OK)
        listener->refused(listener->context, finding);
}

/** Tell of @finding and clear it, so that the next can be noted. False: the reading ends here. */
static inline bool hearing_goes_on(struct hearing *hearing, struct muster_finding *finding)
{
    if (hearing->listener == NULL)
        return false;
    hearing_tell(hearing->listener, finding);
    if (hearing->first.status == MUSTER_OK)
        hearing->first = *finding;
    *finding = (struct muster_finding){0};
    return true;
}

/** The first of all is the one that stays. */
static inline enum muster_status hearing_end(const struct hearing *hearing,
                                             struct muster_finding *finding)
{
    if (hearing->first.status != MUSTER_OK) {
        hearing_tell(hearing->listener, finding);
        *finding = hearing->first;
    }
    return finding->status;
}

#endif
