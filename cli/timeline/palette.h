/**
 * The colours, once for all formats: Okabe and Ito's, which colour-blind people tell apart.
 *
 * No two parts share a colour in the light set: an SVG is drawn in it, and its style sheet
 * finds by the colour what is to be another one in the dark (see picture.c).
 */
#ifndef CLI_TIMELINE_PALETTE_H
#define CLI_TIMELINE_PALETTE_H

#include "cli/timeline/model.h"

enum palette_part {
    PALETTE_STATES = TIMELINE_STATES, /* below: those of enum timeline_state */
    PALETTE_PAPER = PALETTE_STATES,
    PALETTE_TEXT,
    PALETTE_MUTED, /* text that says less */
    PALETTE_GRID,
    PALETTE_ROW,          /* behind a CPU's row */
    PALETTE_DENSE_SENT,   /* where rows are low: waiting for a message to be followed */
    PALETTE_DENSE_PARKED, /* the same: parked */
    PALETTE_WAKE,         /* messages */
    PALETTE_ALARM,        /* text about what failed */
    PALETTE_ALARM_PAPER,
    PALETTE_PARTS,
};

struct palette_colour {
    guint8 red, green, blue;
};

/** The part's name in style sheets. */
const char *palette_name(enum palette_part part);
struct palette_colour palette_colour(enum palette_part part, bool dark);

#endif
