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
#include "monitor/pages.h"
#include "monitor/report.h"

#define OPTIONS_FILE    "opt/muster/monitor"
#define OPTIONS_BYTES   256
#define DEFAULT_PROFILE "tdx"
#define PHYSICAL_BITS   0xFF

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
        fatal(NULL, "this processor has no SVM: give QEMU -cpu ...,+svm,+npt");
    read_cpuid(CPUID_SVM, 0, r);
    if (!(r[3] & CPUID_SVM_EDX_NPT))
        fatal(NULL, "this processor has no nested paging: give QEMU -cpu ...,+npt");
    read_cpuid(CPUID_ADDRESS_SIZES, 0, r);
    if ((r[0] & PHYSICAL_BITS) < GUEST_GPAW)
        fatal(NULL,
              "this processor has %u physical address bits, the shared bit needs %u: give "
              "QEMU -cpu ...,phys-bits=52",
              r[0] & PHYSICAL_BITS, GUEST_GPAW);
}

/* Firmware's work; the guest's firmware finds it done, as a TDX host's memory has no ROM there. */
static void open_low_memory(void)
{
    for (uint32_t reg = PAM_FIRST; reg <= PAM_LAST; reg++) {
        out32(PCI_ADDRESS, PCI_ENABLE | (reg & ~3u));
        out8((uint16_t)(PCI_DATA + (reg & 3)), reg == PAM_FIRST ? PAM_FIRST_RAM : PAM_RAM);
    }
}

static void read_options(void)
{
    char options[OPTIONS_BYTES] = {0};
    char name[32] = DEFAULT_PROFILE;
    uint16_t item;
    int64_t bytes = fw_cfg_find(OPTIONS_FILE, &item);
    if (bytes >= OPTIONS_BYTES)
        fatal(NULL, "the monitor's options have 0x%lx bytes; 255 are taken", bytes);
    if (bytes > 0 && !fw_cfg_read(item, options, (uint32_t)bytes))
        fatal(NULL, "the monitor's options cannot be read from fw_cfg");
    cmdline_value(options, "profile", name, sizeof(name));
    char tlb[8] = "";
    cmdline_value(options, "tlb", tlb, sizeof(tlb));
    monitor.wait_for_tlbs = !strcmp(tlb, "wait");
    if (tlb[0] && !monitor.wait_for_tlbs)
        fatal(NULL, "option tlb=%s: there is tlb=wait", tlb);
    monitor.policy = policy_find(name);
    if (!monitor.policy)
        fatal(NULL, "there is no profile '%s'; there is tdx", name);
}

void monitor_main(void)
{
    report_begin();
    memory_init();
    check_processor();
    native_platform_init(&monitor.platform, MONITOR_RAM_END);
    monitor.platform.log = log_line;
    if (!fw_cfg_present())
        fatal(NULL, "there is no fw_cfg device with DMA: QEMU with -machine q35 is needed");
    read_options();
    open_low_memory();
    machine_bring_up();
    pages_init();
    npt_init();
    monitor.hob_phys = loader_load();
    machine_release();
}
