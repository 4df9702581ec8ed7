#include "cli/timeline/emit.h"

#include <string.h>

void emit_text(GString *out, const char *text)
{
    if (!text) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '"');
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar letter = g_utf8_get_char(text);
        /* Line ends of JavaScript's own, and what means something in HTML. */
        bool as_number = letter < 0x20 || letter == 0x2028 || letter == 0x2029 ||
                         (letter < 0x80 && strchr("<>&\"\\'", (int)letter));
        if (as_number)
            g_string_append_printf(out, "\\u%04x", letter);
        else
            g_string_append_unichar(out, letter);
    }
    g_string_append_c(out, '"');
}

void emit_us(GString *out, gint64 ns)
{
    guint64 size = ns < 0 ? -(guint64)ns : (guint64)ns;
    g_string_append_printf(out, "%s%" G_GUINT64_FORMAT ".%03u", ns < 0 ? "-" : "", size / 1000,
                           (unsigned)(size % 1000));
}
