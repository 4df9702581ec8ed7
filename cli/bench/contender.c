#include "cli/bench/contender.h"

#define NS_PER_US 1000

#define FROM_INIT    "its first INIT"
#define FROM_COMMAND "the kernel's mark before its first command"
#define FROM_LINE    "Linux's line \"Booting SMP configuration\""
#define TO_MARK      "the kernel's mark when each CPU runs its idle thread"
#define TO_LINE      "the beginning of its line \"Brought up\""

const struct contender contenders[BENCH_CONTENDERS] = {
    [BENCH_SIPI] = {"sipi", BENCH_BOOT_SIPI, true, 512, "Muster's kernel by INIT-SIPI", FROM_INIT,
                    TO_MARK},
    [BENCH_SIPI_CLASSIC] = {"sipi-classic", BENCH_BOOT_CLASSIC, true, 64,
                            "the same, serial, with the MP specification's delays", FROM_INIT,
                            TO_MARK},
    [BENCH_MAILBOX] = {"mailbox", BENCH_BOOT_MAILBOX, true, 512,
                       "Muster's kernel by the mailbox of its shim, whose APs have slept for 1 s",
                       FROM_COMMAND, TO_MARK},
    [BENCH_FDT] = {"fdt", BENCH_BOOT_FDT, true, 16, "the same, described by a device tree",
                   FROM_COMMAND, TO_MARK},
    [BENCH_SHIM] = {"shim", BENCH_BOOT_MAILBOX, false, 512, "Muster's shim: its APs to its mailbox",
                    FROM_INIT, "the shim's mark when all wait at the mailbox"},
    [BENCH_SEABIOS] = {"seabios", BENCH_BOOT_SIPI, false, 512, "SeaBIOS, which counts the CPUs",
                       FROM_INIT, "its next read of fw_cfg, but for that of the number of CPUs"},
    [BENCH_OVMF] = {"ovmf", BENCH_BOOT_OVMF, false, 255, "OVMF's MpInitLib, its first broadcast",
                    FROM_INIT, "the last AP switches its local APIC on"},
    [BENCH_LINUX] = {"linux", BENCH_BOOT_LINUX, false, 16, "Linux as it is", FROM_INIT, TO_LINE},
    [BENCH_LINUX_LPJ] = {"linux-lpj", BENCH_BOOT_LINUX_LPJ, false, 64,
                         "Linux with lpj=, so that no CPU measures its delay loop", FROM_INIT,
                         TO_LINE},
    [BENCH_LINUX_MAILBOX] = {"linux-mailbox", BENCH_BOOT_LINUX_MAILBOX, false, 64,
                             "the same, by the mailbox of Muster's shim", FROM_LINE, TO_LINE},
    [BENCH_XEN] = {"xen", BENCH_BOOT_XEN, false, 64, "Xen", FROM_INIT, TO_LINE},
    [BENCH_TD] = {"td", BENCH_BOOT_TD, true, 4, "Muster's kernel as a TD, under its monitor",
                  "its first command, by its own stamps", "the last CPU's stamp"},
    [BENCH_HYPERV] = {"hyperv", BENCH_BOOT_HYPERV, true, 4,
                      "the same as a partition of Hyper-V, under its monitor",
                      "its first command, by its own stamps", "the last CPU's stamp"},
};

static struct contender_times unknown(const char *why)
{
    return (struct contender_times){MARKS_NEVER, MARKS_NEVER, why};
}

/* From @from_us to @to_us; @marks tell of the first instructions, if these were looked for. */
static struct contender_times measure(const struct marks *marks, gint64 from_us, gint64 to_us,
                                      const char *why)
{
    if (from_us == MARKS_NEVER || to_us == MARKS_NEVER || to_us < from_us)
        return unknown(why);
    struct contender_times times = {.on_ns = (to_us - from_us) * NS_PER_US,
                                    .first_ns = MARKS_NEVER};
    if (marks->entry_phys && g_hash_table_size(marks->entered) == marks->cpus - 1 &&
        marks->entered_us >= from_us)
        times.first_ns = (marks->entered_us - from_us) * NS_PER_US;
    return times;
}

static struct contender_times measure_lines(const struct marks *marks, gint64 from_us)
{
    if (marks->brought_up_us != MARKS_NEVER && marks->brought_up_cpus != marks->cpus)
        return unknown("it did not bring up all CPUs");
    return measure(marks, from_us, marks->brought_up_us, "its line on all CPUs was not seen");
}

struct contender_times contender_time(enum bench_contender contender, const struct marks *marks)
{
    static const char no_sipi[] = "QEMU's trace shows no INIT and SIPI of it";
    const struct marks_phase *firmware = marks_firmware(marks), *guest = marks_guest(marks);
    const struct marks_phase *sender = contender == BENCH_SEABIOS ? firmware : guest;
    switch (contender) {
    case BENCH_MAILBOX:
    case BENCH_FDT:
        return measure(marks, marks->bring_up_us, marks->all_on_us, "its marks were not seen");
    case BENCH_LINUX_MAILBOX:
        return measure_lines(marks, marks->booting_us);
    case BENCH_TD:
    case BENCH_HYPERV:
        return unknown("the APIC that QEMU shows is the monitor's");
    default:
        break;
    }
    if (!sender || sender->init_us == MARKS_NEVER)
        return unknown(no_sipi);
    switch (contender) {
    case BENCH_SEABIOS:
        return measure(marks, sender->init_us, sender->fw_cfg_us, "its end was not seen");
    case BENCH_OVMF:
        return measure(marks, sender->init_us,
                       sender->enables == marks->cpus - 1 ? sender->enable_us : MARKS_NEVER,
                       "not every AP was seen to switch its APIC on");
    case BENCH_SHIM:
        return measure(marks, sender->init_us, marks->shim_on_us, "its mark was not seen");
    case BENCH_SIPI:
    case BENCH_SIPI_CLASSIC:
        return measure(marks, sender->init_us, marks->all_on_us, "its mark was not seen");
    default:
        return measure_lines(marks, sender->init_us);
    }
}
