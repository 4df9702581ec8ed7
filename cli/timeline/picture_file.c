#include "cli/timeline/picture_file.h"

#include <string.h>

#include "cli/base/files.h"
#include "cli/base/option.h"

static const struct format {
    const char *ending;
    picture_make *make;
} formats[] = {{".svg", picture_svg}, {".png", picture_png}, {".pdf", picture_pdf}};

static const struct format *find_format(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < G_N_ELEMENTS(formats); i++)
        if (g_ascii_strcasecmp(ending, formats[i].ending) == 0)
            return &formats[i];
    return NULL;
}

bool picture_check_output(const char *path, GError **error)
{
    if (!find_format(path))
        return option_refuse(error,
                             "--output %s: its name tells no format; let it end with .svg, "
                             ".png or .pdf",
                             path);
    return files_check_output("picture", path, error);
}

bool picture_write(const struct picture *picture, const char *path, GError **error)
{
    GByteArray *bytes = find_format(path)->make(picture, PICTURE_AUTO, error);
    bool good = bytes && files_put("picture", path, (const char *)bytes->data, bytes->len, error);
    if (bytes)
        g_byte_array_unref(bytes);
    return good;
}
