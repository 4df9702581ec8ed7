#include "monitor/loader.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/fw_cfg.h"
#include "monitor/hob.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/pages.h"
#include "monitor/report.h"
#include "monitor/tdvf.h"

#define FIRMWARE_FILE "opt/muster/td-firmware"

static uint8_t file[GUEST_IMAGE_MOST] __attribute__((aligned(PAGE_BYTES)));

static uint32_t read_file(void)
{
    uint16_t item;
    int64_t bytes = fw_cfg_find(FIRMWARE_FILE, &item);
    if (bytes < 0)
        fatal(NULL, "no firmware for the TD: give QEMU -fw_cfg name=" FIRMWARE_FILE ",file=IMAGE");
    tdvf_check_bytes(bytes);
    if (!fw_cfg_read(item, file, (uint32_t)bytes))
        fatal(NULL, "the TD firmware cannot be read from fw_cfg");
    return (uint32_t)bytes;
}

/* Low memory and the image's place are each in one piece for the monitor too (npt.c). */
static void place_section(const struct tdvf_section *section)
{
    if (!pages_add(section->memory_phys, section->memory_bytes))
        fatal(NULL, "the TD firmware's section at 0x%lx is outside of the TD's memory",
              section->memory_phys);
    memcpy((void *)npt_host_address(section->memory_phys), file + section->data_offset,
           section->data_bytes);
}

uint64_t loader_load(void)
{
    static struct tdvf_sections sections;
    const struct tdvf_section *hob = tdvf_read(file, read_file(), &sections);
    for (unsigned i = 0; i < sections.count; i++)
        place_section(&sections.section[i]);
    uint32_t rest =
        monitor.policy->confidential ? HOB_RESOURCE_UNACCEPTED_MEMORY : HOB_RESOURCE_SYSTEM_MEMORY;
    if (!hob_write((void *)npt_host_address(hob->memory_phys), hob->memory_phys, hob->memory_bytes,
                   &sections, rest))
        fatal(NULL, "the TD HOB does not fit the 0x%lx bytes of its section", hob->memory_bytes);
    return hob->memory_phys;
}
