/**
 * One line on a terminal that shows that a long wait goes on; gone at the end.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

/** Starts the clock. Shows something only if @wanted, and only where stderr is a terminal. */
struct progress *progress_new(bool wanted);

/** What is going on now. NULL @progress is nothing. */
void progress_say(struct progress *progress, const char *text);

void progress_free(struct progress *progress);

#endif
