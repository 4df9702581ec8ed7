/**
 * Reading JSON that a guest wrote: every member may be missing or of another type.
 */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

/** One object in one line, or NULL: not JSON, not an object, not UTF-8, or nested absurdly deep. */
JsonObject *fields_parse(const char *line);

/** Take out of every text in @object what steers a terminal (see clean_text()). */
void fields_clean(JsonObject *object);

/** Each gives NULL, or @otherwise, if the member is not there or not of that type. */
const char *fields_text(JsonObject *object, const char *name);
gint64 fields_number(JsonObject *object, const char *name, gint64 otherwise);
bool fields_flag(JsonObject *object, const char *name);
JsonObject *fields_object(JsonObject *object, const char *name);
JsonArray *fields_array(JsonObject *object, const char *name);

/** A number, or text like "0x7ff01000". */
bool fields_address(JsonObject *object, const char *name, guint64 *address);

/** Element @index as an object, or NULL. */
JsonObject *fields_element(JsonArray *array, guint index);

/** Element @index as a number, or @otherwise. */
gint64 fields_element_number(JsonArray *array, guint index, gint64 otherwise);

/** Length of @array; NULL has none. */
guint fields_length(JsonArray *array);

#endif
