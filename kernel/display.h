/**
 * The screen, where the loader left one: the console's text while the kernel works, and in the end
 * a table of the CPUs and the proofs, which stays.
 */
#ifndef KERNEL_DISPLAY_H
#define KERNEL_DISPLAY_H

#include "boot/screen_mode.h"

/** Use it from now on, if the boot tables reach it. */
void display_open(const struct screen_mode *mode);

/** The same for one that only the kernel's own tables reach. */
void display_open_late(void);

/** The table, or its first page. */
void display_show(void);

/** All pages in turn, for ever; back at once if one is all. Stays on the calling CPU. */
void display_turn_pages(void);

#endif
