/**
 * One AP looks out for all that wait at the mailbox, so that the others can sleep: whoever a
 * command is for is roused by an interrupt. Touches nothing but its arguments; each function is
 * called on the AP with that index, if nothing else is said.
 *
 *     AWAKE --> ASLEEP --> ROUSED --> AWAKE
 *       ^          | its own timer
 *       +----------+
 *
 * An interrupt that is under way to an AP must find it here, and not in the OS: who is ROUSED gets
 * up only once it has come.
 */
#ifndef SHIM_LOOKOUT_H
#define SHIM_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

#define LOOKOUT_NOBODY UINT32_MAX

enum lookout_rest {
    LOOKOUT_AWAKE = 0,
    LOOKOUT_ASLEEP,
    LOOKOUT_ROUSED, /* the interrupt is under way */
};

/** Whether it is this AP that looks out; it is from now on if nobody else does. */
bool lookout_has_duty(struct muster_word *duty, uint32_t index);

/** Any AP: @next looks out from now on; or LOOKOUT_NOBODY. */
void lookout_pass_on(struct muster_word *duty, uint32_t next);

/** Any AP: @index looks out from now on, if the duty is still as it was read before: @was. */
void lookout_take_over(struct muster_word *duty, uint32_t was, uint32_t index);

/** Any AP: true if the one whose @rest this is slept; the caller then must send the interrupt. */
bool lookout_rouse(struct muster_word *rest);

/** The last thing before it sleeps. False: it may not, since the duty has come to it meanwhile. */
bool lookout_lie_down(struct muster_word *rest, struct muster_word *duty, uint32_t index,
                      bool has_duty);

/** Whether it is up, so that no interrupt is under way to it any more. To be asked until it is. */
bool lookout_get_up(struct muster_word *rest);

/** In the handler of that interrupt; and instead of it, where it is known to be lost. */
void lookout_be_roused(struct muster_word *rest);

#endif
