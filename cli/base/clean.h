/**
 * Makes a guest's text fit to be shown: what steers a terminal is taken out.
 */
#ifndef CLI_CLEAN_H
#define CLI_CLEAN_H

/**
 * A copy of @text, in valid UTF-8 whatever it was. Tabs and line ends become blanks; colours, other
 * control characters (C0, DEL, C1) and invisible ones (that turn the direction of writing) are
 * gone. The caller frees it with g_free().
 */
char *clean_text(const char *text);

#endif
