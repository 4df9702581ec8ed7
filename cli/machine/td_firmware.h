/**
 * The firmware of a TD that is not our shim: a file, or that of a Debian suite.
 */
#ifndef CLI_TD_FIRMWARE_H
#define CLI_TD_FIRMWARE_H

#include <glib.h>

/**
 * The image that --td-firmware names: "debian12", "debian13" or "sid" is got by scripts/fetch,
 * once; anything else is a file. Caller frees. NULL: @error is CLI_ENVIRONMENT.
 */
char *td_firmware_find(const char *asked, GError **error);

#endif
