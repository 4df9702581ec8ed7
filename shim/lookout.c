#include "shim/lookout.h"

#include "lib/atomic.h"

bool lookout_has_duty(struct muster_word *duty, uint32_t index)
{
    return word_load_acquire(duty) == index + 1 || word_move(duty, 0, index + 1);
}

/*
 * A locked operation on the duty, as the one in lookout_lie_down() is, which adds nothing: one of
 * the two comes second, and sees what the first did. So of those who pass on and lie down at the
 * same moment one knows of the other (model/lookout.pml: by a load neither need to, under C11).
 * (LOOKOUT_NOBODY + 1 is 0.)
 */
void lookout_pass_on(struct muster_word *duty, uint32_t next)
{
    uint32_t now = word_load_acquire(duty);
    while (!word_move(duty, now, next + 1))
        now = word_load_acquire(duty);
}

void lookout_take_over(struct muster_word *duty, uint32_t was, uint32_t index)
{
    (void)word_move(duty, was, index + 1);
}

bool lookout_rouse(struct muster_word *rest)
{
    return word_move(rest, LOOKOUT_ASLEEP, LOOKOUT_ROUSED);
}

bool lookout_lie_down(struct muster_word *rest, struct muster_word *duty, uint32_t index,
                      bool has_duty)
{
    (void)word_move(rest, LOOKOUT_AWAKE, LOOKOUT_ASLEEP); /* nobody else moves an awake one */
    return has_duty || word_fetch_add(duty, 0) != index + 1;
}

bool lookout_get_up(struct muster_word *rest)
{
    return word_load_acquire(rest) == LOOKOUT_AWAKE ||
           word_move(rest, LOOKOUT_ASLEEP, LOOKOUT_AWAKE);
}

void lookout_be_roused(struct muster_word *rest)
{
    (void)word_move(rest, LOOKOUT_ROUSED, LOOKOUT_AWAKE);
}
