/* The parts of a machine that a report names: what runs its processors, and their model. */
#include "cli/machine/qemu.h"

#include <string.h>

#include "cli/base/files.h"
#include "cli/base/paint.h"
#include "cli/machine/firmware.h"
#include "cli/machine/kvm_probe.h"

/*
 * Without la57: firmware leaves 4-level paging, and Linux does not switch. Without cx16 for
 * kernels that we did not write: a TCG bug in cmpxchg8b/16b corrupts them.
 */
#define STANDARD_CPU "max,-la57"

/*
 * An Intel family and model, as a TD has, with the SVM that TCG emulates for the monitor, and
 * addresses wide enough for the shared bit.
 */
#define TD_CPU "Skylake-Server-v4,+svm,+npt,phys-bits=52"

/*
 * A thread for each CPU helps only while each has a core: a processor that polls, as a mailbox's
 * do, would else hold the core of the one it waits for (64 CPUs by the mailbox on 2 cores:
 * 11 s, and 80 ms in one thread). QEMU takes the first accelerator that works, so the user's
 * must replace ours.
 */
static const char *choose_tcg(const struct options *options)
{
    const char *wanted = options_for_qemu(options, "-accel");
    if (wanted)
        return wanted;
    if (options->hot_add)
        return "tcg,thread=multi"; /* one thread for all would wait for itself to leave */
    return options->cpus > g_get_num_processors() ? "tcg,thread=single" : "tcg";
}

/* Why KVM does not work here, or NULL. Caller frees. */
static char *try_kvm(const struct qemu *qemu)
{
    GError *error = NULL;
    char *kernel = files_own(FILES_KERNEL, &error);
    char *problem = kernel ? kvm_probe(qemu, kernel) : g_strdup(error->message);
    g_clear_error(&error);
    g_free(kernel);
    return problem;
}

/* With --dry-run nothing is started, and KVM is believed where it is asked for by name. */
static bool choose_kvm(struct qemu_machine *machine, const struct qemu *qemu,
                       const struct options *options, GError **error)
{
    if (options->accel == ACCEL_TCG)
        return true;
    char *problem = options->monitored  ? g_strdup("the monitor needs nested SVM, which TCG has")
                    : !options->dry_run ? try_kvm(qemu)
                    : options->accel == ACCEL_AUTO
                        ? g_strdup("it is not tried with --dry-run; --accel kvm shows its line")
                        : NULL;
    if (problem && options->accel == ACCEL_KVM) {
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                    "--accel kvm: KVM does not work here: %s; leave --accel out to use TCG",
                    problem);
        g_free(problem);
        return false;
    }
    machine->kvm = !problem;
    machine->kvm_probe = problem;
    if (problem)
        paint_complain("KVM is not used: %s; going on with TCG", problem);
    else if (!options->dry_run)
        machine->kvm_probe = g_strdup("ok");
    return true;
}

/*
 * A microvm with what PCs have and programs count on: ACPI, the old timers, a serial port. What is
 * to be put into the kernel's words is said by us.
 */
static const struct {
    const char *name, *argument;
} machines[] = {
    [MACHINE_Q35] = {"q35", "q35"},
    [MACHINE_MICROVM] = {"microvm", "microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on,"
                                    "auto-kernel-cmdline=off"},
};

bool qemu_machine_init(struct qemu_machine *machine, const struct qemu *qemu,
                       const struct options *options, bool without_cx16, GError **error)
{
    const char *model = options->cpu ? options->cpu : options->monitored ? TD_CPU : STANDARD_CPU;
    *machine = (struct qemu_machine){.machine = machines[options->machine].name,
                                     .machine_argument = machines[options->machine].argument,
                                     .firmware = firmware_name(options)};
    if (!choose_kvm(machine, qemu, options, error))
        return false;
    bool add = !machine->kvm && (without_cx16 || options->monitored) && !strstr(model, "cx16");
    machine->accel = machine->kvm ? "kvm" : choose_tcg(options);
    machine->cpu = g_strconcat(model, add ? ",-cx16" : "", NULL);
    return true;
}

void qemu_machine_clear(struct qemu_machine *machine)
{
    g_free(machine->cpu);
    g_free(machine->kvm_probe);
    g_free(machine->firmware_file);
}
