/* The monitor in its order: itself, its processors, its guest's memory and firmware, go. */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/native.h"
#include "monitor/fw_cfg.h"
#include "monitor/instructions.h"
#include "monitor/layout.h"
#include "monitor/loader.h"
#include "monitor/memory.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/npt_vp.h"
#include "monitor/options.h"
#include "monitor/pages.h"
#include "monitor/report.h"

/* q35's host bridge: PAM registers say what lies at 0xC0000-0xFFFFF; RAM is 3 for each half. */
#define PCI_ADDRESS   0xCF8
#define PCI_DATA      0xCFC
#define PCI_ENABLE    0x80000000u
#define PAM_FIRST     0x90
#define PAM_LAST      0x96
#define PAM_RAM       0x33
#define PAM_FIRST_RAM 0x30 /* its lower half is reserved */

struct monitor monitor;

static void log_line(void *context, enum muster_log_level level, const char *text)
{
    (void)context;
    if (level != MUSTER_LOG_INFO)
        report_finding(NULL, "library", 0, level, "%s", text);
}

static void check_processor(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_EXTENDED, 0, r);
    if (!(r[2] & CPUID_EXT_ECX_SVM))
        fatal_usage("this processor has no SVM: give QEMU -cpu ...,+svm,+npt");
    read_cpuid(CPUID_SVM, 0, r);
    if (!(r[3] & CPUID_SVM_EDX_NPT))
        fatal_usage("this processor has no nested paging: give QEMU -cpu ...,+npt");
}

static void check_shared_bit(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_ADDRESS_SIZES, 0, r);
    if (monitor.policy->confidential && (r[0] & CPUID_PHYSICAL_BITS) < GUEST_GPAW)
        fatal_usage("this processor has %u physical address bits, the shared bit needs %u: give "
                    "QEMU -cpu ...,phys-bits=52",
                    r[0] & CPUID_PHYSICAL_BITS, GUEST_GPAW);
}

/* Firmware's work; the guest's firmware finds it done, as a TDX host's memory has no ROM there. */
static void open_low_memory(void)
{
    for (uint32_t reg = PAM_FIRST; reg <= PAM_LAST; reg++) {
        out32(PCI_ADDRESS, PCI_ENABLE | (reg & ~3u));
        out8((uint16_t)(PCI_DATA + (reg & 3)), reg == PAM_FIRST ? PAM_FIRST_RAM : PAM_RAM);
    }
}

void monitor_main(void)
{
    report_begin();
    memory_init();
    check_processor();
    native_platform_init(&monitor.platform, MONITOR_RAM_END);
    monitor.platform.log = log_line;
    if (!fw_cfg_present())
        fatal_usage("there is no fw_cfg device with DMA: QEMU with -machine q35 is needed");
    options_read();
    check_shared_bit();
    open_low_memory();
    machine_bring_up();
    npt_init();
    npt_vp_init();
    pages_init();
    monitor.hob_phys = loader_load();
    machine_release();
}
