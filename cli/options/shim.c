/* The shim: its mailbox, and how it describes it. */
#include "cli/options/subjects.h"

#include <string.h>

#include "abi/x86.h"

static const char *const versions[] = {"0", "1", NULL};
static const char *const memories[] = {"reserved", "nvs", "usable", NULL};
static const char *const descriptions[] = {"acpi", "fdt", "both", NULL};

static const struct option shim[] = {
    {.name = "mailbox-version",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(mailbox_version),
     .words = versions,
     .help = "The mailbox that it serves (1)"},
    {.name = "firmware-memory",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(firmware_memory),
     .words = memories,
     .help = "How it declares its memory (nvs)"},
    {.name = "page-tables",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(page_tables),
     .value = "ADDR",
     .help = "Where it puts the APs' page tables"},
    {.name = "tables",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(tables),
     .words = descriptions,
     .help = "What it describes its mailbox by (both; --wake fdt and hyperv: fdt)"},
    {.name = "shim-append",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(shim_append),
     .value = "S",
     .help = "Further words for it (docs/shim.md)"},
    OPTIONS_END,
};

const struct option_group options_shim = {"The shim", shim};

/* Who asks for a tree, or follows OpenHCL, gets no ACPI beside it unless that is asked for. */
static bool check_tables(struct options *options, GError **error)
{
    if (!options->tables && (options->wake == WAKE_FDT || options->wake == WAKE_HYPERV))
        options->tables = "fdt";
    if (options->wake == WAKE_FDT && strcmp(options->tables, "fdt") != 0)
        return option_refuse(error,
                             "--wake fdt --tables %s: the tree alone is asked for; leave "
                             "one of them out",
                             options->tables);
    return true;
}

static bool check_page_tables(struct options *options, GError **error)
{
    const char *text = options->page_tables;
    if (!text)
        return true;
    bool hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
    guint64 address = 0;
    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 1, G_MAXUINT64, &address,
                                    NULL) ||
        address % PAGE_BYTES != 0)
        return option_refuse(error, "--page-tables %s: give a multiple of %u, such as 0x11000000",
                             text, (unsigned)PAGE_BYTES);
    g_free(options->page_tables);
    options->page_tables = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
    return true;
}

static GString *own_words(const struct options *options)
{
    GString *words = g_string_new(NULL);
    options_add_word(words, "mailbox-version=", options->mailbox_version);
    options_add_word(words, "firmware-memory=", options->firmware_memory);
    options_add_word(words, "page-tables=", options->page_tables);
    options_add_word(words, "tables=", options->tables);
    return words;
}

static bool check_append(const struct options *options, GError **error)
{
    GString *words = own_words(options);
    bool good = options_refuse_repeated(options, "shim-append", "the shim", words->str,
                                        options->shim_append, error);
    g_string_free(words, TRUE);
    return good;
}

bool options_check_shim(struct options *options, GError **error)
{
    bool given = options->mailbox_version || options->firmware_memory || options->page_tables ||
                 options->shim_append || options->tables;
    if (!check_tables(options, error) || !check_page_tables(options, error))
        return false;
    if (given && options->verb == OPTIONS_RUN && !options_by_mailbox(options))
        return option_refuse(error,
                             "--mailbox-version, --firmware-memory, --page-tables, --tables "
                             "and --shim-append are for the shim; add --wake mailbox, --wake "
                             "fdt, --wake hyperv or --td");
    if (given && options->td_firmware)
        return option_refuse(error,
                             "--td-firmware %s: then there is no shim that --mailbox-version, "
                             "--firmware-memory, --page-tables, --tables and --shim-append were "
                             "for; leave them out",
                             options->td_firmware);
    return check_append(options, error);
}

char *options_shim_words(const struct options *options)
{
    GString *words = own_words(options);
    options_add_word(words, "", options->shim_append);
    return g_string_free(words, FALSE);
}
