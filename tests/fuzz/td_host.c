/*
 * What the shim as a TD's firmware is given by its host: the TD HOB, fw_cfg's directory, and the
 * script that places ACPI tables, with the files that it names. An input: which of them, and its
 * bytes.
 */
#include "abi/tdvf_image.h"
#include "shim/acpi_loader.h"
#include "shim/fw_cfg_directory.h"
#include "shim/hob.h"
#include "tests/fuzz/fuzz.h"

#define FILE_BYTES_MOST 0x1000u
#define PHYS_FIRST      0x7F000000u

enum what { HOB, DIRECTORY, SCRIPT, KINDS };

/* ---- The HOB ---- */

static const char *take(void *context, uint64_t start_phys, uint64_t bytes, bool pending)
{
    unsigned *left = context;
    (void)pending;
    fuzz_require(bytes > 0 && start_phys % 4096 == 0 && bytes % 4096 == 0 &&
                     start_phys + bytes > start_phys,
                 "memory was given that cannot be");
    return (*left)-- > 0 ? NULL : "it is enough";
}

static void read_hob(const void *bytes, size_t count)
{
    unsigned left = 100;
    hob_read(bytes, count, take, &left);
}

/* ---- The directory ---- */

static void read_directory(const void *bytes, size_t count)
{
    static const char *const names[] = {"etc/table-loader", "opt/muster/kernel", ""};
    struct fw_cfg_file file;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        fw_cfg_directory_find(bytes, (uint32_t)count, names[i], &file);
}

/* ---- The script ---- */

/* Memory of a table, kept to be freed. */
struct tables {
    void *memory[ACPI_LOADER_FILES];
    unsigned count;
    struct fuzz_input contents;
};

static bool size_of(void *context, const char *name, uint32_t *bytes)
{
    (void)context;
    *bytes = (uint32_t)(uint8_t)name[0] * 16 % FILE_BYTES_MOST;
    return name[0] != 'n';
}

static void *allocate(void *context, uint32_t bytes, uint32_t align, uint64_t *phys)
{
    struct tables *tables = context;
    fuzz_require(align && (align & (align - 1)) == 0, "an alignment is no power of two");
    fuzz_require(tables->count < ACPI_LOADER_FILES, "more files are placed than may be");
    *phys = PHYS_FIRST + (uint64_t)tables->count * 0x100000;
    tables->memory[tables->count] = malloc(bytes);
    return tables->memory[tables->count++];
}

static bool read_file(void *context, const char *name, void *to, uint32_t bytes)
{
    struct tables *tables = context;
    (void)name;
    fuzz_take(&tables->contents, to, bytes);
    return true;
}

static bool write_file(void *context, const char *name, uint32_t offset, const void *from,
                       uint32_t bytes)
{
    uint32_t size;
    (void)from;
    fuzz_require(size_of(context, name, &size) && offset <= size && bytes <= size - offset,
                 "an address was written outside of its file");
    return true;
}

/* The commands first; the files' contents are what is behind the last whole one. */
static void run_script(struct fuzz_input *input)
{
    struct tables tables = {.count = 0};
    struct acpi_loader_host host = {&tables, size_of, allocate, read_file, write_file};
    struct acpi_loader loader;
    uint64_t rsdp_phys = 0;
    size_t commands = (size_t)fuzz_number(input, 1) % 24;
    size_t bytes = commands * sizeof(struct acpi_loader_command);
    bytes = bytes < input->left ? bytes : input->left;
    void *script = fuzz_copy(input->at, bytes);
    tables.contents = (struct fuzz_input){input->at + bytes, input->left - bytes};
    if (!acpi_loader_run(&loader, &host, script, (uint32_t)bytes, &rsdp_phys))
        fuzz_require(rsdp_phys >= PHYS_FIRST, "an RSDP was placed nowhere");
    free(script);
    while (tables.count > 0)
        free(tables.memory[--tables.count]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    enum what what = (enum what)(fuzz_number(&input, 1) % KINDS);
    if (what == SCRIPT) {
        run_script(&input);
        return 0;
    }
    void *bytes = fuzz_copy(input.at, input.left);
    if (what == HOB)
        read_hob(bytes, input.left);
    else
        read_directory(bytes, input.left);
    free(bytes);
    return 0;
}
