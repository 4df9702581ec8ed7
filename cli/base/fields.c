#include "cli/base/fields.h"

#include "cli/base/clean.h"

#define DEEPEST 32

/* json-glib recurses; a guest could overrun our stack with brackets alone. */
static bool too_deep(const char *line)
{
    int depth = 0;
    bool in_text = false;
    for (const char *c = line; *c; c++) {
        if (in_text && *c == '\\' && c[1])
            c++;
        else if (*c == '"')
            in_text = !in_text;
        else if (!in_text && (*c == '{' || *c == '[') && ++depth > DEEPEST)
            return true;
        else if (!in_text && (*c == '}' || *c == ']'))
            depth--;
    }
    return false;
}

JsonObject *fields_parse(const char *line)
{
    if (line[0] != '{' || !g_utf8_validate(line, -1, NULL) || too_deep(line))
        return NULL;
    JsonObject *object = NULL;
    JsonNode *node = json_from_string(line, NULL);
    if (node && JSON_NODE_HOLDS_OBJECT(node))
        object = json_node_dup_object(node);
    if (node)
        json_node_unref(node);
    return object;
}

static void clean_node(JsonNode *node);

static void clean_member(JsonObject *object, const char *name, JsonNode *node, gpointer data)
{
    (void)object;
    (void)name;
    (void)data;
    clean_node(node);
}

static void clean_element(JsonArray *array, guint index, JsonNode *node, gpointer data)
{
    (void)array;
    (void)index;
    (void)data;
    clean_node(node);
}

/* No deeper than fields_parse() lets through. */
static void clean_node(JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        fields_clean(json_node_get_object(node));
    } else if (JSON_NODE_HOLDS_ARRAY(node)) {
        json_array_foreach_element(json_node_get_array(node), clean_element, NULL);
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        char *clean = clean_text(json_node_get_string(node));
        json_node_set_string(node, clean);
        g_free(clean);
    }
}

void fields_clean(JsonObject *object)
{
    json_object_foreach_member(object, clean_member, NULL);
}

static JsonNode *member(JsonObject *object, const char *name, JsonNodeType type)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;
    return node && JSON_NODE_TYPE(node) == type ? node : NULL;
}

static JsonNode *value(JsonObject *object, const char *name, GType type)
{
    JsonNode *node = member(object, name, JSON_NODE_VALUE);
    return node && json_node_get_value_type(node) == type ? node : NULL;
}

const char *fields_text(JsonObject *object, const char *name)
{
    JsonNode *node = value(object, name, G_TYPE_STRING);
    return node ? json_node_get_string(node) : NULL;
}

gint64 fields_number(JsonObject *object, const char *name, gint64 otherwise)
{
    JsonNode *node = value(object, name, G_TYPE_INT64);
    return node ? json_node_get_int(node) : otherwise;
}

bool fields_flag(JsonObject *object, const char *name)
{
    JsonNode *node = value(object, name, G_TYPE_BOOLEAN);
    return node && json_node_get_boolean(node);
}

JsonObject *fields_object(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name, JSON_NODE_OBJECT);
    return node ? json_node_get_object(node) : NULL;
}

JsonArray *fields_array(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name, JSON_NODE_ARRAY);
    return node ? json_node_get_array(node) : NULL;
}

bool fields_address(JsonObject *object, const char *name, guint64 *address)
{
    gint64 number = fields_number(object, name, -1);
    const char *text = fields_text(object, name);
    if (number >= 0) {
        *address = (guint64)number;
        return true;
    }
    return text && g_str_has_prefix(text, "0x") &&
           g_ascii_string_to_unsigned(text + 2, 16, 0, G_MAXUINT64, address, NULL);
}

JsonObject *fields_element(JsonArray *array, guint index)
{
    JsonNode *node = json_array_get_element(array, index);
    return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

gint64 fields_element_number(JsonArray *array, guint index, gint64 otherwise)
{
    JsonNode *node = json_array_get_element(array, index);
    bool number = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
    return number ? json_node_get_int(node) : otherwise;
}

guint fields_length(JsonArray *array)
{
    return array ? json_array_get_length(array) : 0;
}
