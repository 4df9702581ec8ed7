#include "cli/base/members.h"

#include <string.h>

#include "cli/base/files.h"

void members_set_text(JsonObject *object, const char *name, const char *text)
{
    char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
    if (valid)
        json_object_set_string_member(object, name, valid);
    else
        json_object_set_null_member(object, name);
    g_free(valid);
}

void members_add_text(JsonArray *array, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    json_array_add_string_element(array, valid);
    g_free(valid);
}

char *members_text(JsonObject *object)
{
    JsonNode *node = json_node_init_object(json_node_alloc(), object);
    char *text = json_to_string(node, TRUE);
    char *whole = g_strconcat(text, "\n", NULL);
    g_free(text);
    json_node_unref(node);
    return whole;
}

bool members_write_report(const char *path, JsonObject *object, GError **error)
{
    char *text = members_text(object);
    bool good = files_put("report", path, text, strlen(text), error);
    g_free(text);
    return good;
}
