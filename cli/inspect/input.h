/**
 * What is inspected: tables, trees and memory maps, each told by its content, in whatever form it
 * was taken.
 */
#ifndef CLI_INSPECT_INPUT_H
#define CLI_INSPECT_INPUT_H

#include <stdbool.h>

#include <glib.h>

#define INPUT_BYTES_MAX  (16u << 20) /* the library reads no longer table, nor tree */
#define INPUT_RANGES_MAX 4096u       /* of one map; real ones have some dozens */

enum input_kind {
    INPUT_RSDP,
    INPUT_TABLE, /* with an ACPI header */
    INPUT_FDT,
    INPUT_MAP,
};

struct input_range {
    guint64 start_phys;
    guint64 last_phys; /* the last byte of it */
    guint32 e820_type;
};

struct input {
    enum input_kind kind;
    char *name;          /* the file's */
    const char *form;    /* "binary", "acpidump text" ... */
    GBytes *bytes;       /* NULL for a map */
    char signature[5];   /* of a table; "" else */
    guint64 stated_phys; /* where the dump says that it lies; 0: it does not */
    guint64 phys;        /* where it lies while it is inspected (layout.h) */
    GArray *ranges;      /* struct input_range, of a map */
};

/** A list of struct input *, which it owns. */
GPtrArray *inputs_new(void);

/**
 * Add what the file holds, or the folder: a copy of /sys/firmware/memmap, or of a folder of tables.
 * "-" is stdin. False: a CLI_ENVIRONMENT error.
 */
bool inputs_read(GPtrArray *inputs, const char *path, GError **error);

/** Add what @bytes hold; @path is for DTS and may be NULL: then it is written to a file first. */
bool inputs_add(GPtrArray *inputs, const char *name, const char *path, GBytes *bytes,
                GError **error);

/** The bytes of a file or of stdin, of at most INPUT_BYTES_MAX. NULL: a CLI_ENVIRONMENT error. */
GBytes *input_bytes(const char *path, GError **error);

/* For those who take a form apart (input_*.c): a new input at the end of @inputs. */
struct input *inputs_append(GPtrArray *inputs, enum input_kind kind, const char *name,
                            const char *form);

/** A table, RSDP or tree in binary. */
bool inputs_add_binary(GPtrArray *inputs, const char *name, const char *form, GBytes *bytes,
                       guint64 stated_phys, GError **error);
bool inputs_add_acpidump(GPtrArray *inputs, const char *name, const char *text, GError **error);
bool inputs_add_e820(GPtrArray *inputs, const char *name, const char *text, GError **error);
bool inputs_add_iomem(GPtrArray *inputs, const char *name, const char *text, GError **error);
bool inputs_add_memmap(GPtrArray *inputs, const char *folder, GError **error);
bool inputs_add_dts(GPtrArray *inputs, const char *name, const char *path, GBytes *bytes,
                    GError **error);

/** "NAME: what is wrong; what to do", as a CLI_ENVIRONMENT error. False. */
bool input_refuse(GError **error, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
