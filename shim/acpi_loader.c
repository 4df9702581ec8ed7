#include "shim/acpi_loader.h"

#include "boot/console.h"

#define ALIGN_MAX 0x10000u

static bool is_name(const char name[FW_CFG_NAME_BYTES])
{
    for (uint32_t at = 0; at < FW_CFG_NAME_BYTES; at++)
        if (!name[at])
            return at > 0;
    return false;
}

static struct acpi_loader_file *find(struct acpi_loader *loader, const char *name)
{
    for (uint32_t i = 0; i < loader->file_count; i++)
        if (!strncmp(loader->files[i].name, name, FW_CFG_NAME_BYTES))
            return &loader->files[i];
    return NULL;
}

static bool within(uint64_t offset, uint64_t bytes, uint64_t limit)
{
    return offset <= limit && bytes <= limit - offset;
}

static bool is_pointer_size(uint8_t bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static bool fits(uint64_t value, uint8_t bytes)
{
    return bytes == 8 || value >> (8 * bytes) == 0;
}

static const char *allocate(struct acpi_loader *loader, const struct acpi_loader_command *command)
{
    const struct acpi_loader_host *host = loader->host;
    const char *name = command->allocate.file;
    uint32_t align = command->allocate.align;
    uint32_t bytes;
    if (!is_name(name))
        return "ALLOCATE names no file";
    if (!align || (align & (align - 1)) || align > ALIGN_MAX)
        return "ALLOCATE wants an alignment that is no power of two up to 64 KiB";
    if (find(loader, name))
        return "ALLOCATE names a file that is there already";
    if (loader->file_count == ACPI_LOADER_FILES)
        return "there are more than 16 files";
    if (!host->size(host->context, name, &bytes))
        return "ALLOCATE names a file that fw_cfg does not have";
    if (!bytes || bytes > ACPI_LOADER_FILE_BYTES_MAX)
        return "ALLOCATE names a file that is empty or longer than 16 MiB";
    struct acpi_loader_file *file = &loader->files[loader->file_count];
    memcpy(file->name, name, sizeof(file->name));
    file->bytes = bytes;
    file->memory = host->allocate(host->context, bytes, align, &file->phys);
    if (!file->memory)
        return "there is no room for a table: give the machine more memory";
    if (!host->read(host->context, name, file->memory, bytes))
        return "fw_cfg did not deliver a file";
    loader->file_count++;
    return NULL;
}

/* What stands there is an offset into the other file: it becomes an address. */
static const char *add_pointer(struct acpi_loader *loader,
                               const struct acpi_loader_command *command)
{
    uint8_t bytes = command->add_pointer.bytes;
    uint32_t offset = command->add_pointer.offset;
    if (!is_name(command->add_pointer.dest_file) || !is_name(command->add_pointer.src_file))
        return "ADD_POINTER names no file";
    const struct acpi_loader_file *dest = find(loader, command->add_pointer.dest_file);
    const struct acpi_loader_file *src = find(loader, command->add_pointer.src_file);
    if (!dest || !src)
        return "ADD_POINTER names a file that was not allocated";
    if (!is_pointer_size(bytes) || !within(offset, bytes, dest->bytes))
        return "ADD_POINTER writes outside of its file";
    uint64_t value = 0;
    memcpy(&value, dest->memory + offset, bytes);
    if (value >= src->bytes)
        return "ADD_POINTER leads outside of the file that it points into";
    value += src->phys;
    if (!fits(value, bytes))
        return "ADD_POINTER has too few bytes for the address";
    memcpy(dest->memory + offset, &value, bytes);
    return NULL;
}

static const char *add_checksum(struct acpi_loader *loader,
                                const struct acpi_loader_command *command)
{
    uint32_t offset = command->add_checksum.offset;
    uint32_t start = command->add_checksum.start;
    uint32_t length = command->add_checksum.length;
    if (!is_name(command->add_checksum.file))
        return "ADD_CHECKSUM names no file";
    const struct acpi_loader_file *file = find(loader, command->add_checksum.file);
    if (!file)
        return "ADD_CHECKSUM names a file that was not allocated";
    if (!within(offset, 1, file->bytes) || !within(start, length, file->bytes))
        return "ADD_CHECKSUM reaches outside of its file";
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + file->memory[start + i]);
    file->memory[offset] = (uint8_t)(file->memory[offset] - sum);
    return NULL;
}

static const char *write_pointer(struct acpi_loader *loader,
                                 const struct acpi_loader_command *command)
{
    const struct acpi_loader_host *host = loader->host;
    uint8_t bytes = command->write_pointer.bytes;
    uint32_t dest_bytes;
    if (!is_name(command->write_pointer.dest_file) || !is_name(command->write_pointer.src_file))
        return "WRITE_POINTER names no file";
    const struct acpi_loader_file *src = find(loader, command->write_pointer.src_file);
    if (!src || !within(command->write_pointer.src_offset, 1, src->bytes))
        return "WRITE_POINTER points at nothing that was allocated";
    if (!host->size(host->context, command->write_pointer.dest_file, &dest_bytes) ||
        !is_pointer_size(bytes) || !within(command->write_pointer.dest_offset, bytes, dest_bytes))
        return "WRITE_POINTER writes outside of a file of fw_cfg";
    uint64_t value = src->phys + command->write_pointer.src_offset;
    if (!fits(value, bytes))
        return "WRITE_POINTER has too few bytes for the address";
    if (!host->write(host->context, command->write_pointer.dest_file,
                     command->write_pointer.dest_offset, &value, bytes))
        return "fw_cfg did not take an address";
    return NULL;
}

static const char *run_command(struct acpi_loader *loader,
                               const struct acpi_loader_command *command)
{
    switch (command->command) {
    case ACPI_LOADER_ALLOCATE:
        return allocate(loader, command);
    case ACPI_LOADER_ADD_POINTER:
        return add_pointer(loader, command);
    case ACPI_LOADER_ADD_CHECKSUM:
        return add_checksum(loader, command);
    case ACPI_LOADER_WRITE_POINTER:
        return write_pointer(loader, command);
    default:
        return NULL;
    }
}

const char *acpi_loader_run(struct acpi_loader *loader, const struct acpi_loader_host *host,
                            const void *script, uint32_t bytes, uint64_t *rsdp_phys)
{
    const uint8_t *at = script;
    *loader = (struct acpi_loader){.host = host};
    if (bytes % sizeof(struct acpi_loader_command))
        return "the script's length is no multiple of 128 bytes";
    for (; bytes; bytes -= (uint32_t)sizeof(struct acpi_loader_command)) {
        struct acpi_loader_command command;
        memcpy(&command, at, sizeof(command));
        const char *error = run_command(loader, &command);
        if (error)
            return error;
        at += sizeof(command);
        loader->entry++;
    }
    const struct acpi_loader_file *rsdp = find(loader, ACPI_LOADER_RSDP);
    if (!rsdp)
        return "the script places no RSDP";
    *rsdp_phys = rsdp->phys;
    return NULL;
}
