/* All that the shim takes from its host as firmware: memory, tables, kernel. fw_cfg is a double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/fw_cfg.h"
#include "abi/tdvf_image.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/json.h"
#include "shim/chipset.h"
#include "shim/fw_cfg.h"
#include "shim/hob.h"
#include "shim/shim.h"
#include "shim/td/layout.h"

#define RAM_PHYS     0x40000000ull /* of this process, 1:1 */
#define RAM_BYTES    0x400000ull
#define FILES        9
#define FIRST_FILE   0x20 /* etc/table-loader */
#define RANGES       64
#define SCRIPT_BYTES sizeof(struct acpi_loader_command)

struct shim shim;

/* The image, which has no size here worth the name. */
__asm__(".bss\n.balign 4096\n.globl image_start, image_end\n"
        "image_start: .skip 4096\nimage_end:\n.text");

static struct {
    const char *opened; /* what fw_cfg_open() answers */
    const char *takes;  /* what the host's take_memory() answers */
    uint32_t files;     /* as the directory says */
    struct fw_cfg_entry entries[FILES];
    uint32_t bytes[FILES];
    uint16_t silent; /* a selector that is not delivered */
    uint32_t setup_bytes, kernel_bytes, initrd_bytes, cmdline_bytes;
    struct acpi_loader_command script;
} host;

static struct boot_source source;
static struct muster_memory_range ranges[RANGES];
static uint8_t hob[TD_HOB_BYTES] __attribute__((aligned(8)));

const char *fw_cfg_open(void)
{
    return host.opened;
}

const char *fw_cfg_close(void)
{
    return NULL;
}

/* A script is the script; of all else the contents do not matter, but for its end. */
bool fw_cfg_read(uint16_t selector, void *to, uint64_t bytes)
{
    static const char words[] = "words\n\n";
    if (selector == host.silent)
        return false;
    if (selector == FW_CFG_FILE_DIR) {
        uint32_t files = __builtin_bswap32(host.files);
        memcpy(to, &files, sizeof(files));
        memcpy((uint8_t *)to + sizeof(files), host.entries, bytes - sizeof(files));
    } else if (selector == FIRST_FILE) {
        memcpy(to, &host.script, bytes);
    } else {
        memset(to, 'x', bytes);
        memcpy(to, words, bytes < sizeof(words) ? bytes : sizeof(words));
    }
    return true;
}

bool fw_cfg_write(uint16_t selector, uint32_t offset, const void *from, uint32_t bytes)
{
    (void)selector, (void)offset, (void)from, (void)bytes;
    return true;
}

uint32_t fw_cfg_number(uint16_t selector)
{
    switch (selector) {
    case FW_CFG_SETUP_SIZE:
        return host.setup_bytes;
    case FW_CFG_KERNEL_SIZE:
        return host.kernel_bytes;
    case FW_CFG_INITRD_SIZE:
        return host.initrd_bytes;
    default:
        return host.cmdline_bytes;
    }
}

void chipset_set_up(void)
{
}

void console_printf(const char *format, ...)
{
    (void)format;
}

void json_begin(const char *from, const char *event)
{
    (void)from, (void)event;
}

void json_number(const char *key, uint64_t value)
{
    (void)key, (void)value;
}

void json_end(void)
{
}

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static const char *take_memory(uint64_t phys, uint64_t bytes, bool pending)
{
    (void)phys, (void)bytes, (void)pending;
    return host.takes;
}

/* A file of the directory; gives its selector. */
static uint16_t add_file(const char *name, uint32_t bytes)
{
    struct fw_cfg_entry *entry = &host.entries[host.files];
    uint16_t selector = (uint16_t)(FIRST_FILE + host.files++);
    *entry = (struct fw_cfg_entry){.bytes = __builtin_bswap32(bytes),
                                   .selector = __builtin_bswap16(selector)};
    strcpy(entry->name, name);
    return selector;
}

static void add_memory(unsigned number, uint64_t start_phys, uint64_t bytes)
{
    struct hob_resource *resources = (void *)(hob + sizeof(struct hob_handoff));
    resources[number] = (struct hob_resource){
        .header = {HOB_RESOURCE, sizeof(struct hob_resource), 0},
        .type = HOB_RESOURCE_SYSTEM_MEMORY,
        .start_phys = start_phys,
        .bytes = bytes,
    };
    *(struct hob_header *)(void *)&resources[number + 1] =
        (struct hob_header){HOB_END, sizeof(struct hob_header), 0};
}

/* A host that gives all that is needed: RAM, an RSDP, and a kernel by -kernel. */
static int set_up(void **state)
{
    static const struct shim_host taking = {.name = "a test", .take_memory = take_memory};
    (void)state;
    memset(&host, 0, sizeof(host));
    memset(&source, 0, sizeof(source));
    memset((void *)RAM_PHYS, 0, RAM_BYTES);
    shim.host = &taking;
    shim.platform.time_ns = no_time;
    muster_memory_init(&shim.map, ranges, RANGES);
    source.map = &shim.map;
    *(struct hob_handoff *)(void *)hob =
        (struct hob_handoff){.header = {HOB_HANDOFF, sizeof(struct hob_handoff), 0}};
    add_memory(0, RAM_PHYS, RAM_BYTES);
    host.script.command = ACPI_LOADER_ALLOCATE;
    strcpy(host.script.allocate.file, "etc/acpi/rsdp");
    host.script.allocate.align = 16;
    add_file("etc/table-loader", SCRIPT_BYTES);
    add_file("etc/acpi/rsdp", 20);
    host.setup_bytes = 0x400;
    host.kernel_bytes = 0x2000;
    return 0;
}

static const char *read_source(void)
{
    return boot_source_from_hob(&source, (uint64_t)hob);
}

static void host_that_gives_all_is_booted_from(void **state)
{
    (void)state;
    add_file("opt/muster/initrd", 0x3000);
    add_file("opt/muster/shim", 7);
    assert_null(read_source());
    assert_int_equal(source.kernel.bytes, 0x2400);
    assert_int_equal(source.initrd.bytes, 0x3000);
    assert_string_equal(source.options, "words"); /* without the newlines that end them */
    assert_true(source.rsdp_phys >= RAM_PHYS && source.at_home);
}

static void memory_that_the_host_does_not_give_is_refused(void **state)
{
    (void)state;
    host.takes = "no";
    assert_string_equal(read_source(), "no");
    set_up(state);
    add_memory(1, RAM_PHYS + 4 * RAM_BYTES, RAM_BYTES);
    muster_memory_init(&shim.map, ranges, 1);
    assert_string_equal(read_source(), "the TD HOB has too many memory ranges");
    set_up(state);
    muster_memory_init(&shim.map, ranges, 2);
    assert_string_equal(read_source(), "the memory map has too many ranges");
}

static void fw_cfg_that_does_not_answer_is_named(void **state)
{
    (void)state;
    host.opened = "there is no fw_cfg";
    assert_string_equal(read_source(), "there is no fw_cfg");
    set_up(state);
    host.silent = FW_CFG_FILE_DIR;
    assert_string_equal(read_source(), "fw_cfg does not deliver its directory");
    set_up(state);
    host.files = FW_CFG_FILES_MAX + 1;
    assert_string_equal(read_source(), "fw_cfg's directory lists more files than there can be");
}

static void host_without_acpi_tables_is_refused(void **state)
{
    const char *none = "fw_cfg has no ACPI table loader (etc/table-loader), or one beyond 1 MiB";
    (void)state;
    strcpy(host.entries[0].name, "etc/other");
    assert_string_equal(read_source(), none);
    set_up(state);
    host.entries[0].bytes = 0;
    assert_string_equal(read_source(), none);
    set_up(state);
    host.entries[0].bytes = __builtin_bswap32(0x100080);
    assert_string_equal(read_source(), none);
    set_up(state);
    host.silent = FIRST_FILE;
    assert_string_equal(read_source(), "fw_cfg does not deliver etc/table-loader");
}

static void broken_table_loader_is_named_with_its_command(void **state)
{
    const char *where = "etc/table-loader, command 0: ";
    (void)state;
    host.script.allocate.align = 3;
    assert_int_equal(strncmp(read_source(), where, strlen(where)), 0);
    set_up(state);
    host.silent = FIRST_FILE + 1;
    assert_string_equal(read_source(),
                        "etc/table-loader, command 0: fw_cfg did not deliver a file");
}

static void kernel_that_is_missing_is_asked_for(void **state)
{
    (void)state;
    host.kernel_bytes = 0;
    const char *error = read_source();
    assert_non_null(error);
    assert_int_equal(strncmp(error, "no kernel was given: use -kernel", 32), 0);
    set_up(state);
    host.setup_bytes = 0;
    assert_non_null(read_source());
}

static void machine_without_room_for_what_it_boots_is_refused(void **state)
{
    (void)state;
    host.kernel_bytes = RAM_BYTES;
    assert_string_equal(read_source(),
                        "there is no room for the kernel: give the machine more memory");
    set_up(state);
    host.initrd_bytes = RAM_BYTES;
    assert_string_equal(read_source(),
                        "there is no room for kernel and initrd: give the machine more memory");
}

static void kernel_that_is_not_delivered_is_named(void **state)
{
    static const uint16_t parts[] = {FW_CFG_SETUP_DATA, FW_CFG_KERNEL_DATA};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        set_up(state);
        host.silent = parts[i];
        assert_string_equal(read_source(), "fw_cfg does not deliver the kernel");
    }
    set_up(state);
    host.silent = add_file("opt/muster/kernel", 0x1000);
    assert_string_equal(read_source(), "fw_cfg does not deliver a module");
}

static void command_line_that_does_not_come_or_end_is_named(void **state)
{
    static const char *const texts[] = {"opt/muster/cmdline", "opt/muster/shim",
                                        "opt/muster/initrd-words"};
    (void)state;
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        set_up(state);
        add_file(texts[i], BOOT_SOURCE_CMDLINE_BYTES);
        assert_string_equal(read_source(), "a command line is longer than 4095 bytes");
        set_up(state);
        host.silent = add_file(texts[i], 5);
        assert_string_equal(read_source(), "fw_cfg does not deliver a command line");
    }
}

static int map_ram(void **state)
{
    (void)state;
    void *ram = mmap((void *)RAM_PHYS, RAM_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return ram == (void *)RAM_PHYS ? 0 : -1;
}

#define with_host(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_host(host_that_gives_all_is_booted_from),
        with_host(memory_that_the_host_does_not_give_is_refused),
        with_host(fw_cfg_that_does_not_answer_is_named),
        with_host(host_without_acpi_tables_is_refused),
        with_host(broken_table_loader_is_named_with_its_command),
        with_host(kernel_that_is_missing_is_asked_for),
        with_host(machine_without_room_for_what_it_boots_is_refused),
        with_host(kernel_that_is_not_delivered_is_named),
        with_host(command_line_that_does_not_come_or_end_is_named),
    };
    return cmocka_run_group_tests_name("shim-source", tests, map_ram, NULL);
}
