/*
 * boot_source of a firmware image: memory by the HOB, and the rest by QEMU's fw_cfg. There is no
 * firmware below: memory is taken into use here, and the ACPI tables are put together here.
 */
#include "abi/fw_cfg.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/image.h"
#include "boot/json.h"
#include "shim/acpi_loader.h"
#include "shim/chipset.h"
#include "shim/fw_cfg.h"
#include "shim/fw_cfg_directory.h"
#include "shim/hob.h"
#include "shim/host.h"
#include "shim/shim.h"
#include "shim/td/layout.h"

/* What a PC has there is no RAM, whatever the host says: the VGA's and the BIOS's area, and the
 * end of 4 GiB, where firmware images lie. */
#define LEGACY_PHYS  0xA0000u
#define LEGACY_BYTES (ONE_MIB - LEGACY_PHYS)
#define ROM_PHYS     0xFF000000u
#define ROM_BYTES    (FOUR_GIB - ROM_PHYS)

#define TABLE_LOADER     "etc/table-loader"
#define SCRIPT_BYTES_MAX 0x100000u

/* Where a kernel comes from that QEMU's -kernel would not pass on as a file (ELF). */
#define OPT_KERNEL  "opt/muster/kernel"
#define OPT_INITRD  "opt/muster/initrd"
#define OPT_FURTHER "opt/muster/further"
#define OPT_WORDS   "opt/muster/initrd-words"
#define OPT_CMDLINE "opt/muster/cmdline"
#define OPT_OPTIONS "opt/muster/shim"

struct hob_source {
    struct boot_source *source;
    uint8_t *directory;
    uint32_t directory_bytes;
    uint64_t bytes, accepted_bytes;
};

static const char *take_memory(void *context, uint64_t start_phys, uint64_t bytes, bool pending)
{
    struct hob_source *hob = context;
    const char *error = shim.host->take_memory(start_phys, bytes, pending);
    if (error)
        return error;
    hob->bytes += bytes;
    if (pending)
        hob->accepted_bytes += bytes;
    if (muster_memory_add(hob->source->map, start_phys, bytes, MUSTER_MEMORY_USABLE))
        return "the TD HOB has too many memory ranges";
    return NULL;
}

/* What the image and its metadata stand on; the HOB's own memory is free once it has been read. */
static const char *reserve_own(struct muster_memory_map *map)
{
    if (muster_memory_add(map, LEGACY_PHYS, LEGACY_BYTES, MUSTER_MEMORY_RESERVED) ||
        muster_memory_add(map, ROM_PHYS, ROM_BYTES, MUSTER_MEMORY_RESERVED) ||
        muster_memory_add(map, TD_GATE_PHYS, TD_GATE_BYTES, MUSTER_MEMORY_NVS) ||
        muster_memory_reserve(map, TD_GATE_PHYS, TD_GATE_BYTES, SHIM_OWNER) ||
        muster_memory_reserve(map, (uint64_t)image_start, (uint64_t)(image_end - image_start),
                              SHIM_OWNER))
        return "the memory map has too many ranges";
    return NULL;
}

/* All of it at once: Linux's 64-bit boot protocol has no word for memory that is still pending. */
static const char *read_memory(struct hob_source *hob, uint64_t hob_phys)
{
    const struct muster_platform *platform = &shim.platform;
    uint64_t start_ns = platform->time_ns(platform->context);
    const char *error = hob_read((const void *)hob_phys, TD_HOB_BYTES, take_memory, hob);
    if (!error)
        error = reserve_own(hob->source->map);
    if (error)
        return error;
    uint64_t took_ns = platform->time_ns(platform->context) - start_ns;
    if (hob->accepted_bytes) {
        json_begin("shim", "accepted");
        json_number("bytes", hob->accepted_bytes);
        json_number("ns", took_ns);
        json_end();
    }
    console_printf("muster-shim: %s; %lu MiB, %lu MiB of them accepted in %lu us\n",
                   shim.host->name, hob->bytes >> 20, hob->accepted_bytes >> 20, took_ns / 1000);
    return NULL;
}

static void *allocate(uint64_t bytes, uint64_t align, uint32_t owner, uint64_t *phys)
{
    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (muster_memory_allocate(&shim.map, bytes, align < PAGE_BYTES ? PAGE_BYTES : align, ONE_MIB,
                               FOUR_GIB, owner, phys))
        return NULL;
    return (void *)*phys;
}

static const char *read_directory(struct hob_source *hob)
{
    uint8_t count[4];
    uint64_t phys;
    if (!fw_cfg_read(FW_CFG_FILE_DIR, count, sizeof(count)))
        return "fw_cfg does not deliver its directory";
    hob->directory_bytes = fw_cfg_directory_bytes(count);
    if (!hob->directory_bytes)
        return "fw_cfg's directory lists more files than there can be";
    hob->directory = allocate(hob->directory_bytes, PAGE_BYTES, MUSTER_OWNER_BOOT, &phys);
    if (!hob->directory || !fw_cfg_read(FW_CFG_FILE_DIR, hob->directory, hob->directory_bytes))
        return "fw_cfg does not deliver its directory";
    return NULL;
}

static bool find(const struct hob_source *hob, const char *name, struct fw_cfg_file *file)
{
    return fw_cfg_directory_find(hob->directory, hob->directory_bytes, name, file);
}

/* ---- The ACPI loader's host. ---- */

static bool loader_size(void *context, const char *name, uint32_t *bytes)
{
    struct fw_cfg_file file;
    if (!find(context, name, &file))
        return false;
    *bytes = file.bytes;
    return true;
}

/* Tables are ACPI memory: that also tells a TD's kernel that they are private. */
static void *loader_allocate(void *context, uint32_t bytes, uint32_t align, uint64_t *phys)
{
    (void)context;
    uint64_t whole = ((uint64_t)bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    void *memory = allocate(whole, align, SHIM_OWNER, phys);
    if (!memory || muster_memory_add(&shim.map, *phys, whole, MUSTER_MEMORY_ACPI))
        return NULL;
    memset(memory, 0, whole);
    return memory;
}

static bool loader_read(void *context, const char *name, void *to, uint32_t bytes)
{
    struct fw_cfg_file file;
    return find(context, name, &file) && file.bytes == bytes &&
           fw_cfg_read(file.selector, to, bytes);
}

static bool loader_write(void *context, const char *name, uint32_t offset, const void *from,
                         uint32_t bytes)
{
    struct fw_cfg_file file;
    return find(context, name, &file) && fw_cfg_write(file.selector, offset, from, bytes);
}

static const char *load_acpi(struct hob_source *hob)
{
    static char sentence[200];
    static struct acpi_loader loader;
    const struct acpi_loader_host host = {hob, loader_size, loader_allocate, loader_read,
                                          loader_write};
    struct fw_cfg_file file;
    uint64_t phys;
    if (!find(hob, TABLE_LOADER, &file) || file.bytes > SCRIPT_BYTES_MAX || !file.bytes)
        return "fw_cfg has no ACPI table loader (" TABLE_LOADER "), or one beyond 1 MiB";
    void *script = allocate(file.bytes, PAGE_BYTES, MUSTER_OWNER_BOOT, &phys);
    if (!script || !fw_cfg_read(file.selector, script, file.bytes))
        return "fw_cfg does not deliver " TABLE_LOADER;
    const char *error =
        acpi_loader_run(&loader, &host, script, file.bytes, &hob->source->rsdp_phys);
    muster_memory_release_range(&shim.map, phys, file.bytes, MUSTER_OWNER_BOOT);
    if (!error)
        return NULL;
    text_format(sentence, sizeof(sentence), TABLE_LOADER ", command %u: %s", loader.entry, error);
    return sentence;
}

/* ---- Kernel, initrd and words. ---- */

static const char *load_module(struct boot_module *module, uint16_t selector, uint32_t bytes)
{
    if (!bytes)
        return NULL;
    void *memory = allocate(bytes, PAGE_BYTES, MUSTER_OWNER_BOOT, &module->phys);
    if (!memory)
        return "there is no room for kernel and initrd: give the machine more memory";
    module->bytes = bytes;
    return fw_cfg_read(selector, memory, bytes) ? NULL : "fw_cfg does not deliver a module";
}

/* QEMU parts a bzImage in two; here it becomes one file again. */
static const char *load_split_kernel(struct boot_module *kernel)
{
    uint32_t setup_bytes = fw_cfg_number(FW_CFG_SETUP_SIZE);
    uint32_t kernel_bytes = fw_cfg_number(FW_CFG_KERNEL_SIZE);
    if (!setup_bytes || !kernel_bytes)
        return "no kernel was given: use -kernel for a bzImage, or -fw_cfg name=" OPT_KERNEL
               ",file=... for an ELF";
    uint64_t bytes = (uint64_t)setup_bytes + kernel_bytes;
    uint8_t *memory = allocate(bytes, PAGE_BYTES, MUSTER_OWNER_BOOT, &kernel->phys);
    if (!memory)
        return "there is no room for the kernel: give the machine more memory";
    kernel->bytes = bytes;
    if (!fw_cfg_read(FW_CFG_SETUP_DATA, memory, setup_bytes) ||
        !fw_cfg_read(FW_CFG_KERNEL_DATA, memory + setup_bytes, kernel_bytes))
        return "fw_cfg does not deliver the kernel";
    return NULL;
}

static const char *load_text(char *to, uint16_t selector, uint32_t bytes)
{
    if (bytes >= BOOT_SOURCE_CMDLINE_BYTES)
        return "a command line is longer than 4095 bytes";
    if (!fw_cfg_read(selector, to, bytes))
        return "fw_cfg does not deliver a command line";
    to[bytes] = '\0';
    /* A file of words may well end in the newline that its editor put there. */
    for (uint32_t end = bytes; end > 0 && (to[end - 1] == '\n' || to[end - 1] == '\0'); end--)
        to[end - 1] = '\0';
    return NULL;
}

static const char *load_payload(const struct hob_source *hob)
{
    struct boot_source *source = hob->source;
    struct fw_cfg_file file;
    const char *error;
    if (find(hob, OPT_KERNEL, &file))
        error = load_module(&source->kernel, file.selector, file.bytes);
    else
        error = load_split_kernel(&source->kernel);
    if (error)
        return error;
    if (find(hob, OPT_INITRD, &file))
        error = load_module(&source->initrd, file.selector, file.bytes);
    else
        error = load_module(&source->initrd, FW_CFG_INITRD_DATA, fw_cfg_number(FW_CFG_INITRD_SIZE));
    if (!error && find(hob, OPT_FURTHER, &file))
        error = load_module(&source->further, file.selector, file.bytes);
    if (!error && find(hob, OPT_WORDS, &file))
        error = load_text(source->initrd_words, file.selector, file.bytes);
    if (error)
        return error;
    if (find(hob, OPT_CMDLINE, &file))
        error = load_text(source->cmdline, file.selector, file.bytes);
    else
        error = load_text(source->cmdline, FW_CFG_CMDLINE_DATA, fw_cfg_number(FW_CFG_CMDLINE_SIZE));
    if (!error && find(hob, OPT_OPTIONS, &file))
        error = load_text(source->options, file.selector, file.bytes);
    return error;
}

const char *boot_source_from_hob(struct boot_source *source, uint64_t hob_phys)
{
    struct hob_source hob = {.source = source};
    const char *error = read_memory(&hob, hob_phys);
    if (error)
        return error;
    chipset_set_up();
    error = fw_cfg_open();
    if (!error)
        error = read_directory(&hob);
    if (!error)
        error = load_acpi(&hob);
    if (!error)
        error = load_payload(&hob);
    if (error)
        return error;
    muster_memory_release_range(source->map, (uint64_t)hob.directory, hob.directory_bytes,
                                MUSTER_OWNER_BOOT);
    source->at_home = true;
    return fw_cfg_close();
}
