/**
 * The simulation as a picture: how long each strategy takes at each size, and what the last CPU
 * waited for at the largest.
 */
#ifndef CLI_SIMULATE_PICTURE_H
#define CLI_SIMULATE_PICTURE_H

#include "cli/simulate/simulation.h"
#include "cli/timeline/pen.h"

/** Into a file that picture_check_output() has seen. CLI_ENVIRONMENT. */
bool simulation_write_picture(const struct simulation *simulation, const char *path,
                              GError **error);

/** Draw all of it from the top; the height that it takes. @subject is a struct simulation. */
double simulation_draw(struct pen *pen, const void *subject);

/** The parts. Each begins at @y, and gives where it ends. */
double simulation_draw_times(struct pen *pen, const struct simulation *simulation, double y);
double simulation_draw_paths(struct pen *pen, const struct simulation *simulation, double y);

#endif
