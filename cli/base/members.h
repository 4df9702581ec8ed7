/**
 * Writing JSON for people's programs: whatever bytes a text has, what is written is JSON.
 */
#ifndef CLI_MEMBERS_H
#define CLI_MEMBERS_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

/** A text of any bytes; what is no UTF-8 in it is replaced. NULL is null. */
void members_set_text(JsonObject *object, const char *name, const char *text);

/** The same, as the last element of @array; not NULL. */
void members_add_text(JsonArray *array, const char *text);

/** @object in lines, with a line end behind the last. Caller frees. */
char *members_text(JsonObject *object);

/** Write that to @path by files_put(), with "report" as what it is. */
bool members_write_report(const char *path, JsonObject *object, GError **error);

#endif
