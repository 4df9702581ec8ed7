#include "cli/machine/qemu.h"

#include <string.h>

#include "cli/machine/apic_trace.h"
#include "cli/machine/firmware.h"

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
static const char *choose_accel(const struct options *options)
{
    const char *wanted = options_for_qemu(options, "-accel");
    if (wanted)
        return wanted;
    if (options->hot_add)
        return "tcg,thread=multi"; /* one thread for all would wait for itself to leave */
    return options->cpus > g_get_num_processors() ? "tcg,thread=single" : "tcg";
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

void qemu_machine_init(struct qemu_machine *machine, const struct options *options,
                       bool without_cx16)
{
    const char *model = options->cpu ? options->cpu : options->monitored ? TD_CPU : STANDARD_CPU;
    bool add = (without_cx16 || options->monitored) && !strstr(model, "cx16");
    machine->machine = machines[options->machine].name;
    machine->firmware = firmware_name(options);
    machine->accel = choose_accel(options);
    machine->cpu = g_strconcat(model, add ? ",-cx16" : "", NULL);
}

void qemu_machine_clear(struct qemu_machine *machine)
{
    g_free(machine->cpu);
    g_free(machine->firmware_file);
}

/* QEMU's lists are separated by commas; one that belongs to a value is doubled. */
static void append_escaped(GString *list, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == ',')
            g_string_append_c(list, ',');
        g_string_append_c(list, *c);
    }
}

static void add(GPtrArray *command, const char *option, const char *value)
{
    g_ptr_array_add(command, g_strdup(option));
    if (value)
        g_ptr_array_add(command, g_strdup(value));
}

G_GNUC_PRINTF(3, 4)
static void add_formatted(GPtrArray *command, const char *option, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(command, g_strdup(option));
    g_ptr_array_add(command, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void add_machine(GPtrArray *command, const struct qemu_machine *machine,
                        const struct options *options)
{
    add(command, "-machine", machines[options->machine].argument);
    if (machine->firmware_file)
        add(command, "-bios", machine->firmware_file);
    add(command, "-nodefaults", NULL);
    add(command, "-no-user-config", NULL);
    add(command, "-display", "none");
    if (!options_for_qemu(options, "-accel"))
        add(command, "-accel", machine->accel);
    add(command, "-cpu", machine->cpu);
    add(command, "-m", options->memory);
    if (options->hot_add)
        add_formatted(command, "-smp", "%u,maxcpus=%u", options->cpus, options_most_cpus(options));
    else
        add_formatted(command, "-smp", "%u", options->cpus);
    /* A reset or power-off pauses the machine: it can still be asked what happened. */
    add(command, "-no-reboot", NULL);
    add(command, "-no-shutdown", NULL);
    /* Paused until QMP listens, so that no event is missed; with --gdb, until gdb continues. */
    add(command, "-S", NULL);
    if (options->gdb)
        add(command, "-gdb", "tcp:localhost:1234");
}

/* Under the monitor the APIC is its own, and so are all writes to it. */
static void add_apic_trace(GPtrArray *command, const struct qemu *qemu, const char *folder)
{
    add(command, "-msg", "timestamp=on");
    add_formatted(command, "-D", "%s/" QEMU_TRACE, folder);
    add(command, "-trace", apic_trace_event(qemu->major));
}

static void add_instruments(GPtrArray *command, const char *folder)
{
    add_formatted(command, "-chardev", "socket,id=muster-qmp,path=%s/" QEMU_SOCKET, folder);
    add(command, "-mon", "chardev=muster-qmp,mode=control");
    add_formatted(command, "-chardev", "file,id=muster-console,path=%s/" QEMU_CONSOLE, folder);
    add(command, "-device", "isa-debugcon,iobase=0xe9,chardev=muster-console");
    add_formatted(command, "-chardev", "file,id=muster-serial,path=%s/" QEMU_SERIAL, folder);
    add(command, "-serial", "chardev:muster-serial");
}

static void add_modules(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    GString *list = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(image->modules) && image->modules[i]; i++) {
        g_string_append_printf(list, "%s%s/" QEMU_MODULE "%u", i ? "," : "", folder, i);
        if (image->module_words[i] && image->module_words[i][0]) {
            g_string_append_c(list, ' ');
            append_escaped(list, image->module_words[i]);
        }
    }
    if (list->len)
        add(command, "-initrd", list->str);
    g_string_free(list, TRUE);
}

static void add_fw_cfg_text(GPtrArray *command, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    GString *escaped = g_string_new(NULL);
    append_escaped(escaped, text);
    add_formatted(command, "-fw_cfg", "name=opt/muster/%s,string=%s", name, escaped->str);
    g_string_free(escaped, TRUE);
}

/* By fw_cfg, which the guest's firmware reads: a kernel in ELF would be QEMU's own to load. */
static void add_monitored(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    static const char *const names[] = {"kernel", "initrd", "further"};
    add_formatted(command, "-bios", "%s/" QEMU_MONITOR, folder);
    add_formatted(command, "-fw_cfg", "name=opt/muster/td-firmware,file=%s/" QEMU_TD_FIRMWARE,
                  folder);
    add_fw_cfg_text(command, "monitor", image->monitor_words);
    add_fw_cfg_text(command, "shim", image->words);
    for (unsigned i = 0; i < G_N_ELEMENTS(names) && image->modules[i]; i++)
        add_formatted(command, "-fw_cfg", "name=opt/muster/%s,file=%s/" QEMU_MODULE "%u", names[i],
                      folder, i);
    add_fw_cfg_text(command, "cmdline", image->module_words[0]);
    add_fw_cfg_text(command, "initrd-words", image->module_words[1]);
}

/* OVMF's own -kernel starts EFI programs alone. */
static void add_iso(GPtrArray *command, const char *folder)
{
    add_formatted(command, "-cdrom", "%s/" QEMU_ISO, folder);
}

static void add_programs(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    add_formatted(command, "-kernel", "%s/" QEMU_PROGRAM, folder);
    if (image->words && image->words[0])
        add(command, "-append", image->words);
    add_modules(command, image, folder);
}

char **qemu_command(const struct qemu *qemu, const struct qemu_machine *machine,
                    const struct qemu_image *image, const struct options *options,
                    const char *folder)
{
    GPtrArray *command = g_ptr_array_new();
    add(command, qemu->path, NULL);
    add_machine(command, machine, options);
    add_instruments(command, folder);
    if (image->monitor) {
        add_monitored(command, image, folder);
    } else {
        add_apic_trace(command, qemu, folder);
        if (options->firmware == FIRMWARE_OVMF)
            add_iso(command, folder);
        else
            add_programs(command, image, folder);
    }
    for (char **argument = options->qemu_arguments; *argument; argument++)
        add(command, *argument, NULL);
    g_ptr_array_add(command, NULL);
    return (char **)g_ptr_array_free(command, FALSE);
}
