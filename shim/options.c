#include "shim/options.h"

#include "abi/acpi.h"
#include "abi/x86.h"
#include "boot/console.h"

struct choice {
    const char *text;
    uint64_t value;
};

/* The value of one option among those allowed; untouched where the option is not given. */
static bool choose(const char *cmdline, const char *name, const struct choice *choices,
                   uint64_t *value)
{
    char text[16];
    if (cmdline_value(cmdline, name, text, sizeof(text)) < 0)
        return true;
    for (; choices->text; choices++) {
        if (!strcmp(text, choices->text)) {
            *value = choices->value;
            return true;
        }
    }
    return false;
}

static const char *read_tables_phys(const char *cmdline, uint64_t *phys)
{
    char text[24];
    *phys = 0;
    int length = cmdline_value(cmdline, "page-tables", text, sizeof(text));
    if (length < 0)
        return NULL;
    if (length >= (int)sizeof(text) || parse_number(text, phys) || !*phys || *phys % PAGE_BYTES ||
        *phys >> 32)
        return "page-tables must be an address below 4 GiB on a 4 KiB border";
    return NULL;
}

static const char *read_tables(const char *cmdline, enum shim_tables *tables)
{
    static const struct choice choices[] = {{"acpi", SHIM_TABLES_ACPI},
                                            {"fdt", SHIM_TABLES_FDT},
                                            {"both", SHIM_TABLES_BOTH},
                                            {NULL, 0}};
    uint64_t value = SHIM_TABLES_BOTH;
    if (!choose(cmdline, "tables", choices, &value))
        return "tables must be acpi, fdt or both";
    *tables = (enum shim_tables)value;
    return NULL;
}

static const char *read_start(const char *cmdline, struct shim_options *options)
{
    static const struct choice sets[] = {{"shared", false}, {"each", true}, {NULL, 0}};
    static const struct choice vtls[] = {{"0", 0}, {"2", 2}, {NULL, 0}};
    uint64_t each = false;
    uint64_t vtl = 2;
    if (!choose(cmdline, "ap-tables", sets, &each))
        return "ap-tables must be shared or each";
    if (!choose(cmdline, "vtl", vtls, &vtl))
        return "vtl must be 0 or 2";
    options->tables_each = each;
    options->vtl = (uint8_t)vtl;
    return NULL;
}

static const char *read_protocol(const char *cmdline, enum boot_protocol *protocol)
{
    static const struct choice protocols[] = {{"auto", BOOT_AUTO},
                                              {"linux", BOOT_LINUX},
                                              {"pvh", BOOT_PVH},
                                              {"multiboot2", BOOT_MULTIBOOT2},
                                              {"multiboot1", BOOT_MULTIBOOT1},
                                              {NULL, 0}};
    uint64_t value = BOOT_AUTO;
    if (!choose(cmdline, "protocol", protocols, &value))
        return "protocol must be auto, linux, pvh, multiboot2 or multiboot1";
    *protocol = (enum boot_protocol)value;
    return NULL;
}

static const char *find_unknown(const char *cmdline)
{
    static const char *const names[] = {"mailbox-version",
                                        "mailbox-length",
                                        "firmware-memory",
                                        "levels",
                                        "page-tables",
                                        "tables",
                                        "ap-tables",
                                        "vtl",
                                        "protocol",
                                        "fault",
                                        NULL};
    static char sentence[96];
    char word[32];
    if (!cmdline_unknown(cmdline, names, word, sizeof(word)))
        return NULL;
    text_format(sentence, sizeof(sentence), "the shim does not know the option '%s'", word);
    return sentence;
}

const char *shim_options_read(const char *cmdline, struct shim_options *options)
{
    static const struct choice versions[] = {{"0", 0}, {"1", 1}, {NULL, 0}};
    static const struct choice lengths[] = {
        {"16", ACPI_MADT_WAKEUP_BYTES_V0}, {"24", ACPI_MADT_WAKEUP_BYTES_V1}, {NULL, 0}};
    static const struct choice types[] = {{"reserved", MUSTER_MEMORY_RESERVED},
                                          {"nvs", MUSTER_MEMORY_NVS},
                                          {"usable", MUSTER_MEMORY_USABLE},
                                          {NULL, 0}};
    static const struct choice depths[] = {{"4", 4}, {"5", 5}, {NULL, 0}};
    uint64_t version = 1;
    uint64_t type = MUSTER_MEMORY_NVS;
    uint64_t levels = 4;
    const char *unknown = find_unknown(cmdline);
    if (unknown)
        return unknown;
    if (!choose(cmdline, "mailbox-version", versions, &version))
        return "mailbox-version must be 0 or 1";
    uint64_t length = version ? ACPI_MADT_WAKEUP_BYTES_V1 : ACPI_MADT_WAKEUP_BYTES_V0;
    if (!choose(cmdline, "mailbox-length", lengths, &length))
        return "mailbox-length must be 16 or 24";
    if (!choose(cmdline, "firmware-memory", types, &type))
        return "firmware-memory must be reserved, nvs or usable";
    if (!choose(cmdline, "levels", depths, &levels))
        return "levels must be 4 or 5";
    options->mailbox_version = (uint16_t)version;
    options->wakeup_entry_bytes = (uint8_t)length;
    options->tables_type = (enum muster_memory_type)type;
    options->levels = (unsigned)levels;
    const char *error = read_tables(cmdline, &options->tables);
    if (!error)
        error = read_start(cmdline, options);
    if (!error)
        error = read_protocol(cmdline, &options->protocol);
    if (!error)
        error = shim_fault_read(cmdline, &options->fault);
    return error ? error : read_tables_phys(cmdline, &options->tables_phys);
}
