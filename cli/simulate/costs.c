/* A file of costs: an object of JSON, or lines of "name = value" with "#" before remarks. */
#include <string.h>

#include "cli/base/files.h"
#include "cli/base/words.h"
#include "cli/cli.h"
#include "cli/simulate/simulation.h"

#define MAX_BYTES 65536u

/* What is read, and from where: for the messages. */
struct reading {
    struct sim_costs *costs;
    const char *path;
    GError **error;
};

static const struct sim_cost *find_cost(const struct reading *reading, const char *name)
{
    const struct sim_cost *cost = sim_cost_find(name);
    if (cost)
        return cost;
    GPtrArray *names = g_ptr_array_new();
    for (cost = sim_cost_list; cost->name; cost++)
        g_ptr_array_add(names, (gpointer)(uintptr_t)cost->name);
    g_ptr_array_add(names, NULL);
    const char *nearest = words_nearest((const char *const *)names->pdata, name);
    files_refuse(reading->error, "costs %s: there is no cost '%s'%s%s; docs/simulate.md lists them",
                 reading->path, name, nearest ? ", but " : "", nearest ? nearest : "");
    g_ptr_array_unref(names);
    return NULL;
}

static bool set_cost(const struct reading *reading, const char *name, const char *value)
{
    guint64 number;
    const struct sim_cost *cost = find_cost(reading, name);
    if (!cost)
        return false;
    if (g_ascii_string_to_unsigned(value, 10, cost->least, cost->most, &number, NULL) &&
        sim_cost_set(reading->costs, cost, number))
        return true;
    return files_refuse(reading->error,
                        "costs %s: %s = '%s': give a number from %" G_GUINT64_FORMAT
                        " to %" G_GUINT64_FORMAT,
                        reading->path, name, value, (guint64)cost->least, (guint64)cost->most);
}

static bool read_lines(const struct reading *reading, const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);
    bool good = true;
    for (guint i = 0; good && lines[i]; i++) {
        lines[i][strcspn(lines[i], "#")] = '\0';
        char *line = g_strstrip(lines[i]), *equals = strchr(line, '=');
        if (!*line)
            continue;
        if (equals) {
            *equals = '\0';
            good = set_cost(reading, g_strstrip(line), g_strstrip(equals + 1));
        } else {
            good = files_refuse(reading->error, "costs %s: line %u is not 'name = value': '%s'",
                                reading->path, i + 1, line);
        }
    }
    g_strfreev(lines);
    return good;
}

static bool read_member(const struct reading *reading, JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    bool is_number = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
    if (!is_number)
        return files_refuse(reading->error, "costs %s: %s is not a whole number", reading->path,
                            name);
    char *value = g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    bool good = set_cost(reading, name, value);
    g_free(value);
    return good;
}

static bool read_object(const struct reading *reading, const char *text)
{
    GError *problem = NULL;
    JsonParser *parser = json_parser_new();
    bool good = json_parser_load_from_data(parser, text, -1, &problem);
    if (!good) {
        files_refuse(reading->error, "costs %s: %s", reading->path, problem->message);
        g_error_free(problem);
    } else {
        JsonObject *object = json_node_get_object(json_parser_get_root(parser));
        GList *names = json_object_get_members(object);
        for (GList *name = names; good && name; name = name->next)
            good = read_member(reading, object, name->data);
        g_list_free(names);
    }
    g_object_unref(parser);
    return good;
}

bool simulation_read_costs(struct simulation *simulation, const char *path, GError **error)
{
    struct reading reading = {&simulation->costs, path, error};
    GError *problem = NULL;
    guint64 bytes;
    char *text;
    if (!files_check("costs", path, &bytes, error))
        return false;
    if (bytes > MAX_BYTES)
        return files_refuse(error, "costs %s: has more than %u bytes", path, MAX_BYTES);
    if (!g_file_get_contents(path, &text, NULL, &problem)) {
        files_refuse(error, "costs %s: %s", path, problem->message);
        g_error_free(problem);
        return false;
    }
    bool good = *g_strchug(text) == '{' ? read_object(&reading, text) : read_lines(&reading, text);
    g_free(text);
    return good;
}
