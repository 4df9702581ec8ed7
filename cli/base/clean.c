#include "cli/base/clean.h"

#include <glib.h>

#define ESCAPE     0x1b
#define CSI_8_BITS 0x9b /* a C1 control: some terminals take it for ESC [ */

/* Behind a control sequence's introducer, ESC [: parameters, then one final byte (ECMA-48, 5.4). */
static const char *skip_sequence(const char *text)
{
    while (*text >= 0x20 && *text <= 0x3f)
        text++;
    return *text >= 0x40 && *text <= 0x7e ? text + 1 : text;
}

char *clean_text(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const char *c = valid; *c;) {
        gunichar character = g_utf8_get_char(c);
        c = g_utf8_next_char(c);
        if (character == CSI_8_BITS || (character == ESCAPE && *c == '['))
            c = skip_sequence(character == ESCAPE ? c + 1 : c);
        else if (character == '\t' || character == '\n' || character == '\r')
            g_string_append_c(clean, ' ');
        else if (g_unichar_isprint(character))
            g_string_append_unichar(clean, character);
    }
    g_free(valid);
    return g_string_free(clean, FALSE);
}
