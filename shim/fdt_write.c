#include "shim/fdt_write.h"

#include "abi/fdt.h"
#include "boot/console.h"

static void put_bytes(struct fdt_writer *writer, const void *bytes, uint32_t count)
{
    if (writer->used <= writer->capacity && count <= writer->capacity - writer->used)
        memcpy(writer->memory + writer->used, bytes, count);
    writer->used += count;
}

static void put_cell(struct fdt_writer *writer, uint32_t cell)
{
    uint32_t big_endian = __builtin_bswap32(cell);
    put_bytes(writer, &big_endian, sizeof(big_endian));
}

static void put_cells64(struct fdt_writer *writer, uint64_t number)
{
    put_cell(writer, (uint32_t)(number >> 32));
    put_cell(writer, (uint32_t)number);
}

static void pad(struct fdt_writer *writer)
{
    static const uint8_t zeros[FDT_TOKEN_ALIGN];
    put_bytes(writer, zeros, (FDT_TOKEN_ALIGN - writer->used % FDT_TOKEN_ALIGN) % FDT_TOKEN_ALIGN);
}

void fdt_write_begin(struct fdt_writer *writer, void *memory, uint32_t capacity)
{
    *writer = (struct fdt_writer){
        .memory = memory,
        .capacity = capacity,
        .used = sizeof(struct fdt_header),
    };
}

void fdt_write_reserve(struct fdt_writer *writer, uint64_t phys, uint64_t bytes)
{
    put_cells64(writer, phys);
    put_cells64(writer, bytes);
}

void fdt_write_node(struct fdt_writer *writer, const char *name)
{
    if (!writer->structure_at) {
        fdt_write_reserve(writer, 0, 0); /* the map's end */
        writer->structure_at = writer->used;
    }
    put_cell(writer, FDT_TOKEN_BEGIN_NODE);
    put_bytes(writer, name, (uint32_t)strlen(name) + 1);
    pad(writer);
    writer->open_nodes++;
}

void fdt_write_node_end(struct fdt_writer *writer)
{
    put_cell(writer, FDT_TOKEN_END_NODE);
    writer->open_nodes--;
    writer->broken = writer->broken || writer->open_nodes < 0;
}

/* Where the name is among the strings; each is there once. */
static uint32_t name_offset(struct fdt_writer *writer, const char *name)
{
    uint32_t bytes = (uint32_t)strlen(name) + 1;
    for (uint32_t at = 0; at < writer->strings_used;) {
        const char *known = &writer->strings[at];
        if (!strcmp(known, name))
            return at;
        at += (uint32_t)strlen(known) + 1;
    }
    uint32_t at = writer->strings_used;
    if (bytes > FDT_WRITE_STRINGS_BYTES - at) {
        writer->broken = true;
        return 0;
    }
    memcpy(&writer->strings[at], name, bytes);
    writer->strings_used += bytes;
    return at;
}

static void put_property_head(struct fdt_writer *writer, const char *name, uint32_t bytes)
{
    put_cell(writer, FDT_TOKEN_PROP);
    put_cell(writer, bytes);
    put_cell(writer, name_offset(writer, name));
}

void fdt_write_property(struct fdt_writer *writer, const char *name, const void *value,
                        uint32_t bytes)
{
    put_property_head(writer, name, bytes);
    put_bytes(writer, value, bytes);
    pad(writer);
}

void fdt_write_text(struct fdt_writer *writer, const char *name, const char *text)
{
    fdt_write_property(writer, name, text, (uint32_t)strlen(text) + 1);
}

void fdt_write_cell(struct fdt_writer *writer, const char *name, uint32_t cell)
{
    put_property_head(writer, name, sizeof(cell));
    put_cell(writer, cell);
}

void fdt_write_cells64(struct fdt_writer *writer, const char *name, uint64_t number)
{
    put_property_head(writer, name, sizeof(number));
    put_cells64(writer, number);
}

void fdt_write_range(struct fdt_writer *writer, const char *name, uint64_t phys, uint64_t bytes)
{
    put_property_head(writer, name, sizeof(phys) + sizeof(bytes));
    put_cells64(writer, phys);
    put_cells64(writer, bytes);
}

/* In the order of the header. */
static void put_header(struct fdt_writer *writer, const struct fdt_header *header)
{
    const uint32_t *words = (const uint32_t *)header;
    uint32_t used = writer->used;
    writer->used = 0;
    for (uint32_t i = 0; i < sizeof(*header) / sizeof(*words); i++)
        put_cell(writer, words[i]);
    writer->used = used;
}

uint32_t fdt_write_end(struct fdt_writer *writer, uint32_t boot_cpuid_phys)
{
    if (writer->broken || writer->open_nodes || !writer->structure_at)
        return 0;
    put_cell(writer, FDT_TOKEN_END);
    uint32_t strings_at = writer->used;
    put_bytes(writer, writer->strings, writer->strings_used);
    const struct fdt_header header = {
        .magic = FDT_MAGIC_NUMBER,
        .totalsize = writer->used,
        .off_dt_struct = writer->structure_at,
        .off_dt_strings = strings_at,
        .off_mem_rsvmap = sizeof(header),
        .version = FDT_VERSION,
        .last_comp_version = FDT_LAST_VERSION,
        .boot_cpuid_phys = boot_cpuid_phys,
        .size_dt_strings = writer->strings_used,
        .size_dt_struct = strings_at - writer->structure_at,
    };
    put_header(writer, &header);
    return writer->used;
}
