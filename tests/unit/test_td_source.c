/* What a TD's shim reads from its host before it has anything else: HOB, directory, loader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/fw_cfg.h"
#include "abi/tdvf_image.h"
#include "shim/acpi_loader.h"
#include "shim/fw_cfg_directory.h"
#include "shim/hob.h"

/* ---- The TD HOB ---- */

struct seen {
    uint32_t count;
    uint64_t start[8], bytes[8];
    bool pending[8];
};

static const char *note(void *context, uint64_t start_phys, uint64_t bytes, bool pending)
{
    struct seen *seen = context;
    seen->start[seen->count] = start_phys;
    seen->bytes[seen->count] = bytes;
    seen->pending[seen->count] = pending;
    seen->count++;
    return NULL;
}

static const char *refuse(void *context, uint64_t start_phys, uint64_t bytes, bool pending)
{
    (void)context, (void)start_phys, (void)bytes, (void)pending;
    return "no";
}

/* A list of the right kind: handoff, accepted low memory, an MMIO range, pending memory, end. */
struct list {
    struct hob_handoff handoff;
    struct hob_resource accepted, device, pending;
    struct hob_header end;
};

static struct hob_resource resource(uint32_t type, uint64_t start, uint64_t bytes)
{
    return (struct hob_resource){
        .header = {HOB_RESOURCE, sizeof(struct hob_resource), 0},
        .type = type,
        .attributes = HOB_ATTRIBUTES,
        .start_phys = start,
        .bytes = bytes,
    };
}

static struct list good_list(void)
{
    return (struct list){
        .handoff = {.header = {HOB_HANDOFF, sizeof(struct hob_handoff), 0},
                    .version = HOB_HANDOFF_VERSION},
        .accepted = resource(HOB_RESOURCE_SYSTEM_MEMORY, 0x800000, 0x40000),
        .device = resource(1, 0xFEC00000, 0x1000),
        .pending = resource(HOB_RESOURCE_UNACCEPTED_MEMORY, 0x1000000, 0x7F000000),
        .end = {HOB_END, sizeof(struct hob_header), 0},
    };
}

static void memory_of_a_hob_is_seen_in_order(void **state)
{
    (void)state;
    struct list list = good_list();
    struct seen seen = {0};
    assert_null(hob_read(&list, sizeof(list), note, &seen));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.start[0], 0x800000);
    assert_false(seen.pending[0]);
    assert_int_equal(seen.start[1], 0x1000000);
    assert_int_equal(seen.bytes[1], 0x7F000000);
    assert_true(seen.pending[1]);
}

static void hob_without_an_end_is_refused(void **state)
{
    (void)state;
    struct list list = good_list();
    struct seen seen = {0};
    /* Cut at every length, in a block of just that length: the sanitizer sees what is read behind.
     */
    for (size_t bytes = 0; bytes < sizeof(list); bytes++) {
        uint8_t *copy = malloc(bytes);
        memcpy(copy, &list, bytes);
        seen.count = 0;
        const char *error = hob_read(copy, bytes, note, &seen);
        assert_non_null(error);
        if (bytes < sizeof(struct hob_header) || bytes >= sizeof(list) - sizeof(list.end))
            assert_string_equal(error, "the TD HOB has no end within its memory");
        free(copy);
    }
}

static void hob_entry_of_impossible_length_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t bytes;
        const char *error;
    } lengths[] = {{0, "an entry of the TD HOB has an impossible length"},
                   {7, "an entry of the TD HOB has an impossible length"},
                   {47, "a resource in the TD HOB is shorter than 48 bytes"},
                   {0xFFFF, "an entry of the TD HOB has an impossible length"}};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct list list = good_list();
        struct seen seen = {0};
        list.accepted.header.bytes = lengths[i].bytes;
        assert_string_equal(hob_read(&list, sizeof(list), note, &seen), lengths[i].error);
        assert_int_equal(seen.count, 0);
    }
}

static void hob_that_begins_with_anything_else_is_refused(void **state)
{
    (void)state;
    struct list list = good_list();
    struct seen seen = {0};
    list.handoff.header.type = HOB_RESOURCE;
    assert_string_equal(hob_read(&list, sizeof(list), note, &seen),
                        "the TD HOB does not begin with a handoff entry: the host gave none");
    memset(&list, 0, sizeof(list));
    assert_string_equal(hob_read(&list, sizeof(list), note, &seen),
                        "an entry of the TD HOB has an impossible length");
}

static void hob_memory_that_wraps_or_is_no_whole_page_is_refused(void **state)
{
    (void)state;
    static const char *const wraps = "a memory range in the TD HOB wraps around the address space";
    static const char *const crooked =
        "a memory range in the TD HOB does not begin or end on a 4 KiB border";
    static const uint64_t ranges[][2] = {
        {0xFFFFFFFFFFFFF000, 0x2000}, {0x1001, 0x1000}, {0x1000, 0x1001}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct list list = good_list();
        struct seen seen = {0};
        list.pending.start_phys = ranges[i][0];
        list.pending.bytes = ranges[i][1];
        assert_string_equal(hob_read(&list, sizeof(list), note, &seen), i ? crooked : wraps);
        assert_int_equal(seen.count, 1);
    }
}

static void sentence_of_the_visitor_ends_the_hob(void **state)
{
    (void)state;
    struct list list = good_list();
    assert_string_equal(hob_read(&list, sizeof(list), refuse, NULL), "no");
}

/* ---- fw_cfg's directory ---- */

struct directory {
    uint32_t count;
    struct fw_cfg_entry entries[3];
} __attribute__((packed));

static struct directory good_directory(void)
{
    struct directory directory = {.count = __builtin_bswap32(3)};
    static const char *const names[] = {"etc/table-loader", "etc/acpi/tables", "opt/a"};
    for (uint32_t i = 0; i < 3; i++) {
        directory.entries[i].bytes = __builtin_bswap32(100 + i);
        directory.entries[i].selector = __builtin_bswap16((uint16_t)(0x20 + i));
        strcpy(directory.entries[i].name, names[i]);
    }
    return directory;
}

static void file_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct directory directory = good_directory();
    struct fw_cfg_file file;
    assert_true(fw_cfg_directory_find(&directory, sizeof(directory), "etc/acpi/tables", &file));
    assert_int_equal(file.selector, 0x21);
    assert_int_equal(file.bytes, 101);
    assert_false(fw_cfg_directory_find(&directory, sizeof(directory), "etc/acpi", &file));
    assert_false(fw_cfg_directory_find(&directory, sizeof(directory), "opt/ab", &file));
}

static void directory_is_not_read_beyond_its_bytes(void **state)
{
    (void)state;
    struct directory directory = good_directory();
    struct fw_cfg_file file;
    directory.count = __builtin_bswap32(1000);
    for (uint32_t bytes = 0; bytes < sizeof(directory); bytes++) {
        uint8_t *copy = malloc(bytes);
        memcpy(copy, &directory, bytes);
        assert_false(fw_cfg_directory_find(copy, bytes, "opt/a", &file));
        free(copy);
    }
}

static void directory_of_too_many_files_is_refused(void **state)
{
    (void)state;
    struct directory directory = good_directory();
    struct fw_cfg_file file;
    directory.count = 0xFFFFFFFF;
    assert_int_equal(fw_cfg_directory_bytes((const uint8_t *)&directory), 0);
    assert_false(fw_cfg_directory_find(&directory, sizeof(directory), "opt/a", &file));
    directory.count = __builtin_bswap32(3);
    assert_int_equal(fw_cfg_directory_bytes((const uint8_t *)&directory), sizeof(directory));
}

static void name_without_an_end_is_nobodys(void **state)
{
    (void)state;
    struct directory directory = good_directory();
    struct fw_cfg_file file;
    char name[FW_CFG_NAME_BYTES + 1];
    memset(name, 'x', FW_CFG_NAME_BYTES);
    name[FW_CFG_NAME_BYTES] = '\0';
    memset(directory.entries[0].name, 'x', FW_CFG_NAME_BYTES);
    assert_false(fw_cfg_directory_find(&directory, sizeof(directory), name, &file));
}

/* ---- The ACPI table loader ---- */

#define TABLES_PHYS 0x7F000000u
#define RSDP_PHYS   0x7E000000u
#define WIDE_PHYS   0x123456789000u

struct machine {
    uint8_t tables[256], rsdp[36], host_file[16];
    uint32_t tables_bytes;
    uint64_t tables_phys;
    bool no_room, no_read, no_write;
};

static bool host_size(void *context, const char *name, uint32_t *bytes)
{
    struct machine *machine = context;
    if (!strcmp(name, "etc/acpi/tables"))
        *bytes = machine->tables_bytes;
    else if (!strcmp(name, ACPI_LOADER_RSDP))
        *bytes = sizeof(machine->rsdp);
    else if (!strcmp(name, "etc/address"))
        *bytes = sizeof(machine->host_file);
    else if (!strncmp(name, "any/", 4))
        *bytes = sizeof(machine->rsdp);
    else
        return false;
    return true;
}

static void *host_allocate(void *context, uint32_t bytes, uint32_t align, uint64_t *phys)
{
    struct machine *machine = context;
    (void)align;
    *phys = bytes == sizeof(machine->rsdp) ? RSDP_PHYS : machine->tables_phys;
    return machine->no_room                 ? NULL
           : bytes == sizeof(machine->rsdp) ? machine->rsdp
                                            : machine->tables;
}

static bool host_read(void *context, const char *name, void *to, uint32_t bytes)
{
    struct machine *machine = context;
    (void)name;
    memset(to, 0, bytes);
    ((uint8_t *)to)[16] = 0x40; /* what a pointer at 16 leads to, as an offset */
    return !machine->no_read;
}

static bool host_write(void *context, const char *name, uint32_t offset, const void *from,
                       uint32_t bytes)
{
    struct machine *machine = context;
    (void)name;
    memcpy(machine->host_file + offset, from, bytes);
    return !machine->no_write;
}

static struct machine good_machine(void)
{
    return (struct machine){.tables_bytes = 256, .tables_phys = TABLES_PHYS};
}

static struct acpi_loader_command command_allocate(const char *name)
{
    struct acpi_loader_command command = {.command = ACPI_LOADER_ALLOCATE};
    strcpy(command.allocate.file, name);
    command.allocate.align = 64;
    command.allocate.zone = 1;
    return command;
}

static struct acpi_loader_command command_pointer(uint32_t offset, uint8_t bytes)
{
    struct acpi_loader_command command = {.command = ACPI_LOADER_ADD_POINTER};
    strcpy(command.add_pointer.dest_file, ACPI_LOADER_RSDP);
    strcpy(command.add_pointer.src_file, "etc/acpi/tables");
    command.add_pointer.offset = offset;
    command.add_pointer.bytes = bytes;
    return command;
}

static struct acpi_loader_command command_checksum(uint32_t offset, uint32_t start, uint32_t length)
{
    struct acpi_loader_command command = {.command = ACPI_LOADER_ADD_CHECKSUM};
    strcpy(command.add_checksum.file, ACPI_LOADER_RSDP);
    command.add_checksum.offset = offset;
    command.add_checksum.start = start;
    command.add_checksum.length = length;
    return command;
}

static struct acpi_loader_command command_write(uint32_t dest_offset, uint32_t src_offset,
                                                uint8_t bytes)
{
    struct acpi_loader_command command = {.command = ACPI_LOADER_WRITE_POINTER};
    strcpy(command.write_pointer.dest_file, "etc/address");
    strcpy(command.write_pointer.src_file, "etc/acpi/tables");
    command.write_pointer.dest_offset = dest_offset;
    command.write_pointer.src_offset = src_offset;
    command.write_pointer.bytes = bytes;
    return command;
}

/* Both files, then @last. */
static const char *run_after_allocation(struct machine *machine, struct acpi_loader_command last,
                                        uint32_t *entry)
{
    const struct acpi_loader_host host = {machine, host_size, host_allocate, host_read, host_write};
    struct acpi_loader_command script[] = {command_allocate(ACPI_LOADER_RSDP),
                                           command_allocate("etc/acpi/tables"), last};
    struct acpi_loader loader;
    uint64_t rsdp_phys = 0;
    const char *error = acpi_loader_run(&loader, &host, script, sizeof(script), &rsdp_phys);
    *entry = loader.entry;
    if (!error)
        assert_int_equal(rsdp_phys, RSDP_PHYS);
    return error;
}

/* The two files are there, and the third command, @last, is refused with this sentence. */
static void assert_refused(struct machine *machine, struct acpi_loader_command last,
                           const char *sentence)
{
    uint32_t entry;
    assert_string_equal(run_after_allocation(machine, last, &entry), sentence);
    assert_int_equal(entry, 2);
}

static const char *run_alone(struct machine *machine, const void *script, uint32_t bytes)
{
    const struct acpi_loader_host host = {machine, host_size, host_allocate, host_read, host_write};
    struct acpi_loader loader;
    uint64_t rsdp_phys;
    return acpi_loader_run(&loader, &host, script, bytes, &rsdp_phys);
}

static void pointer_becomes_an_address(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    uint32_t entry, value;
    assert_null(run_after_allocation(&machine, command_pointer(16, 4), &entry));
    memcpy(&value, machine.rsdp + 16, 4);
    assert_int_equal(value, TABLES_PHYS + 0x40);
    assert_int_equal(entry, 3);
}

static void checksum_makes_the_sum_zero(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    uint32_t entry;
    assert_null(run_after_allocation(&machine, command_checksum(8, 0, 20), &entry));
    uint8_t sum = 0;
    for (unsigned i = 0; i < 20; i++)
        sum = (uint8_t)(sum + machine.rsdp[i]);
    assert_int_equal(sum, 0);
    assert_int_not_equal(machine.rsdp[8], 0);
}

static void address_is_written_back_to_the_host(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    uint32_t entry;
    uint64_t value;
    assert_null(run_after_allocation(&machine, command_write(8, 5, 8), &entry));
    memcpy(&value, machine.host_file + 8, 8);
    assert_int_equal(value, TABLES_PHYS + 5);
}

static void loader_never_leaves_its_files(void **state)
{
    (void)state;
    static const char *const pointer = "ADD_POINTER writes outside of its file";
    static const char *const sum = "ADD_CHECKSUM reaches outside of its file";
    static const char *const back = "WRITE_POINTER writes outside of a file of fw_cfg";
    const struct {
        struct acpi_loader_command command;
        const char *error;
    } bad[] = {
        {command_pointer(33, 4), pointer},
        {command_pointer(0xFFFFFFFF, 4), pointer},
        {command_pointer(16, 3), pointer},
        {command_pointer(16, 0), pointer},
        {command_checksum(36, 0, 20), sum},
        {command_checksum(8, 0, 37), sum},
        {command_checksum(8, 0xFFFFFFF0, 0x20), sum},
        {command_write(9, 0, 8), back},
        {command_write(0, 256, 8), "WRITE_POINTER points at nothing that was allocated"},
        {command_write(0xFFFFFFFF, 0, 2), back},
        {command_write(0, 0, 7), back},
        {command_write(0, 0, 2), "WRITE_POINTER has too few bytes for the address"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct machine machine = good_machine();
        assert_refused(&machine, bad[i].command, bad[i].error);
    }
}

static void pointer_that_leads_outside_is_refused(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    machine.tables_bytes = 0x40; /* what stands there is 0x40: the first byte behind it */
    assert_refused(&machine, command_pointer(16, 4),
                   "ADD_POINTER leads outside of the file that it points into");
}

static void pointer_too_narrow_for_its_address_is_refused(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    uint32_t entry;
    machine.tables_phys = WIDE_PHYS;
    assert_refused(&machine, command_pointer(16, 4),
                   "ADD_POINTER has too few bytes for the address");
    assert_null(run_after_allocation(&machine, command_pointer(16, 8), &entry));
}

static void file_is_allocated_once_and_must_exist(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    assert_refused(&machine, command_allocate(ACPI_LOADER_RSDP),
                   "ALLOCATE names a file that is there already");
    assert_refused(&machine, command_allocate("etc/none"),
                   "ALLOCATE names a file that fw_cfg does not have");
    static const uint32_t aligns[] = {24, 0, 0x20000};
    for (unsigned i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
        struct acpi_loader_command crooked = command_allocate("etc/address");
        crooked.allocate.align = aligns[i];
        assert_refused(&machine, crooked,
                       "ALLOCATE wants an alignment that is no power of two up to 64 KiB");
    }
}

static void file_of_an_impossible_size_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, ACPI_LOADER_FILE_BYTES_MAX + 1};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct machine machine = good_machine();
        struct acpi_loader_command command = command_allocate("etc/acpi/tables");
        machine.tables_bytes = sizes[i];
        assert_string_equal(run_alone(&machine, &command, sizeof(command)),
                            "ALLOCATE names a file that is empty or longer than 16 MiB");
    }
}

static void more_files_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    struct acpi_loader_command commands[ACPI_LOADER_FILES + 1];
    for (unsigned i = 0; i <= ACPI_LOADER_FILES; i++) {
        commands[i] = command_allocate("any/");
        commands[i].allocate.file[4] = (char)('a' + i);
    }
    assert_string_equal(run_alone(&machine, commands, sizeof(commands)),
                        "there are more than 16 files");
}

static void name_that_has_no_end_is_refused(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    struct acpi_loader_command endless = command_pointer(16, 4);
    memset(endless.add_pointer.src_file, 'e', FW_CFG_NAME_BYTES);
    assert_refused(&machine, endless, "ADD_POINTER names no file");
    endless = command_allocate("x");
    memset(endless.allocate.file, 'e', FW_CFG_NAME_BYTES);
    assert_refused(&machine, endless, "ALLOCATE names no file");
    endless = command_checksum(8, 0, 20);
    memset(endless.add_checksum.file, 'e', FW_CFG_NAME_BYTES);
    assert_refused(&machine, endless, "ADD_CHECKSUM names no file");
    endless = command_write(0, 0, 8);
    memset(endless.write_pointer.src_file, 'e', FW_CFG_NAME_BYTES);
    assert_refused(&machine, endless, "WRITE_POINTER names no file");
}

static void unknown_command_is_skipped(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    uint32_t entry;
    assert_null(
        run_after_allocation(&machine, (struct acpi_loader_command){.command = 99}, &entry));
}

static void command_before_its_file_is_refused(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    const struct {
        struct acpi_loader_command command;
        const char *error;
    } early[] = {
        {command_pointer(16, 4), "ADD_POINTER names a file that was not allocated"},
        {command_checksum(8, 0, 20), "ADD_CHECKSUM names a file that was not allocated"},
        {command_write(0, 0, 8), "WRITE_POINTER points at nothing that was allocated"},
    };
    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
        assert_string_equal(run_alone(&machine, &early[i].command, sizeof(early[i].command)),
                            early[i].error);
}

static void script_without_an_rsdp_or_cut_off_is_refused(void **state)
{
    (void)state;
    struct machine machine = good_machine();
    struct acpi_loader_command command = command_allocate("etc/acpi/tables");
    assert_string_equal(run_alone(&machine, &command, sizeof(command)),
                        "the script places no RSDP");
    assert_string_equal(run_alone(&machine, &command, 0), "the script places no RSDP");
    assert_string_equal(run_alone(&machine, &command, sizeof(command) - 1),
                        "the script's length is no multiple of 128 bytes");
}

static void host_that_fails_is_an_error(void **state)
{
    (void)state;
    struct acpi_loader_command command = command_allocate(ACPI_LOADER_RSDP);
    struct machine machine = good_machine();
    machine.no_room = true;
    assert_string_equal(run_alone(&machine, &command, sizeof(command)),
                        "there is no room for a table: give the machine more memory");
    machine = good_machine();
    machine.no_read = true;
    assert_string_equal(run_alone(&machine, &command, sizeof(command)),
                        "fw_cfg did not deliver a file");
    machine = good_machine();
    machine.no_write = true;
    assert_refused(&machine, command_write(0, 0, 8), "fw_cfg did not take an address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_a_hob_is_seen_in_order),
        cmocka_unit_test(hob_without_an_end_is_refused),
        cmocka_unit_test(hob_entry_of_impossible_length_is_refused),
        cmocka_unit_test(hob_that_begins_with_anything_else_is_refused),
        cmocka_unit_test(hob_memory_that_wraps_or_is_no_whole_page_is_refused),
        cmocka_unit_test(sentence_of_the_visitor_ends_the_hob),
        cmocka_unit_test(file_is_found_by_its_whole_name),
        cmocka_unit_test(directory_is_not_read_beyond_its_bytes),
        cmocka_unit_test(directory_of_too_many_files_is_refused),
        cmocka_unit_test(name_without_an_end_is_nobodys),
        cmocka_unit_test(pointer_becomes_an_address),
        cmocka_unit_test(checksum_makes_the_sum_zero),
        cmocka_unit_test(address_is_written_back_to_the_host),
        cmocka_unit_test(loader_never_leaves_its_files),
        cmocka_unit_test(pointer_that_leads_outside_is_refused),
        cmocka_unit_test(pointer_too_narrow_for_its_address_is_refused),
        cmocka_unit_test(file_is_allocated_once_and_must_exist),
        cmocka_unit_test(file_of_an_impossible_size_is_refused),
        cmocka_unit_test(more_files_than_there_is_room_for_are_refused),
        cmocka_unit_test(name_that_has_no_end_is_refused),
        cmocka_unit_test(unknown_command_is_skipped),
        cmocka_unit_test(command_before_its_file_is_refused),
        cmocka_unit_test(script_without_an_rsdp_or_cut_off_is_refused),
        cmocka_unit_test(host_that_fails_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
