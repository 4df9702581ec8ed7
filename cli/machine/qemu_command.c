#include "cli/machine/qemu.h"

#include <string.h>

#include "cli/base/words.h"
#include "cli/machine/apic_trace.h"

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

/* The link in the machine's folder, or the file itself where there is none. */
static char *place_of(const char *folder, const char *name, const char *file)
{
    return folder ? g_build_filename(folder, name, NULL) : g_canonicalize_filename(file, NULL);
}

static void add_place(GPtrArray *command, const char *option, const char *folder, const char *name,
                      const char *file)
{
    g_ptr_array_add(command, g_strdup(option));
    g_ptr_array_add(command, place_of(folder, name, file));
}

static void add_machine(GPtrArray *command, const struct qemu_machine *machine,
                        const struct options *options)
{
    add(command, "-machine", machine->machine_argument);
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
    add(command, "-no-reboot", NULL);
}

/* Under the monitor the APIC is its own, and so are all writes to it. */
static void add_apic_trace(GPtrArray *command, const struct qemu *qemu, const char *folder)
{
    add(command, "-msg", "timestamp=on");
    add(command, "-D", NULL);
    g_ptr_array_add(command,
                    folder ? g_build_filename(folder, QEMU_TRACE, NULL) : g_strdup(QEMU_OWN_TRACE));
    add(command, "-trace", apic_trace_event(qemu->major));
}

static void add_start(GPtrArray *command, const struct options *options, const char *folder)
{
    /* A reset or power-off pauses the machine: it can still be asked what happened. */
    if (folder)
        add(command, "-no-shutdown", NULL);
    /* Paused until QMP listens, so that no event is missed; with --gdb, until gdb continues. */
    if (folder || options->gdb)
        add(command, "-S", NULL);
    if (options->gdb)
        add(command, "-gdb", "tcp:localhost:1234");
}

static void add_instruments(GPtrArray *command, const char *folder)
{
    static const char debug_console[] = "isa-debugcon,iobase=0xe9,chardev=muster-console";
    if (!folder) {
        add(command, "-chardev", "file,id=muster-console,path=" QEMU_OWN_EVENTS);
        add(command, "-device", debug_console);
        add(command, "-serial", "stdio");
        return;
    }
    add_formatted(command, "-chardev", "socket,id=muster-qmp,path=%s/" QEMU_SOCKET, folder);
    add(command, "-mon", "chardev=muster-qmp,mode=control");
    add_formatted(command, "-chardev", "file,id=muster-console,path=%s/" QEMU_CONSOLE, folder);
    add(command, "-device", debug_console);
    add_formatted(command, "-chardev", "file,id=muster-serial,path=%s/" QEMU_SERIAL, folder);
    add(command, "-serial", "chardev:muster-serial");
}

static char *module_place(const char *folder, unsigned index, const char *file)
{
    char *name = g_strdup_printf(QEMU_MODULE "%u", index);
    char *place = place_of(folder, name, file);
    g_free(name);
    return place;
}

static void add_modules(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    GString *list = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(image->modules) && image->modules[i]; i++) {
        char *place = module_place(folder, i, image->modules[i]);
        g_string_append(list, i ? "," : "");
        append_escaped(list, place);
        g_free(place);
        if (image->module_words[i] && image->module_words[i][0]) {
            g_string_append_c(list, ' ');
            append_escaped(list, image->module_words[i]);
        }
    }
    if (list->len)
        add(command, "-initrd", list->str);
    g_string_free(list, TRUE);
}

static void add_fw_cfg(GPtrArray *command, const char *name, const char *kind, const char *value)
{
    if (!value || !value[0])
        return;
    GString *escaped = g_string_new(NULL);
    append_escaped(escaped, value);
    add_formatted(command, "-fw_cfg", "name=opt/muster/%s,%s=%s", name, kind, escaped->str);
    g_string_free(escaped, TRUE);
}

/* As UEFI firmware expects it. Behind a ROM QEMU starts nothing itself. */
static void add_for_efi(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    add_place(command, "-kernel", folder, QEMU_MODULE "0", image->modules[0]);
    if (image->modules[1])
        add_place(command, "-initrd", folder, image->bundle ? QEMU_BUNDLE : QEMU_MODULE "1",
                  image->modules[1]);
    if (image->module_words[0] && image->module_words[0][0])
        add(command, "-append", image->module_words[0]);
}

/* By fw_cfg, which the guest's firmware reads: a kernel in ELF would be QEMU's own to load. */
static void add_monitored(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    static const char *const names[] = {"kernel", "initrd", "further"};
    char *firmware = place_of(folder, QEMU_TD_FIRMWARE, image->td_firmware);
    add_place(command, "-bios", folder, QEMU_MONITOR, image->monitor);
    add_fw_cfg(command, "td-firmware", "file", firmware);
    add_fw_cfg(command, "monitor", "string", image->monitor_words);
    if (image->efi) {
        add_for_efi(command, image, folder);
        g_free(firmware);
        return;
    }
    add_fw_cfg(command, "shim", "string", image->words);
    for (unsigned i = 0; i < G_N_ELEMENTS(names) && image->modules[i]; i++) {
        char *place = module_place(folder, i, image->modules[i]);
        add_fw_cfg(command, names[i], "file", place);
        g_free(place);
    }
    add_fw_cfg(command, "cmdline", "string", image->module_words[0]);
    add_fw_cfg(command, "initrd-words", "string", image->module_words[1]);
    g_free(firmware);
}

/* OVMF's own -kernel starts EFI programs alone. */
static void add_iso(GPtrArray *command, const char *folder)
{
    if (folder)
        add_formatted(command, "-cdrom", "%s/" QEMU_ISO, folder);
    else
        add(command, "-cdrom", QEMU_OWN_ISO);
}

static void add_programs(GPtrArray *command, const struct qemu_image *image, const char *folder)
{
    if (!image->program)
        return; /* the firmware is all that is wanted */
    add_place(command, "-kernel", folder, QEMU_PROGRAM, image->program);
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
    add_start(command, options, folder);
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

/* One option on each line. Where else a word begins like one, the shell sees no difference. */
char *qemu_command_text(const struct qemu *qemu, const struct qemu_machine *machine,
                        const struct qemu_image *image, const struct options *options)
{
    char **command = qemu_command(qemu, machine, image, options, NULL);
    GString *text = g_string_new(NULL);
    for (char **word = command; *word; word++) {
        char *quoted = words_quote(*word);
        const char *gap = word == command ? "" : **word == '-' ? " \\\n    " : " ";
        g_string_append_printf(text, "%s%s", gap, quoted);
        g_free(quoted);
    }
    g_string_append_c(text, '\n');
    g_strfreev(command);
    return g_string_free(text, FALSE);
}

/* Behind a blank a module's words begin; QEMU knows no way to say that it is part of the name. */
bool qemu_check_names(const struct qemu_image *image, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(image->modules) && image->modules[i]; i++) {
        char *place = place_of(NULL, NULL, image->modules[i]);
        bool good = image->monitor || !strchr(place, ' ');
        if (!good)
            g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                        "%s: QEMU takes no module whose name has a blank (a run names a link to "
                        "it); make a link without, and name that",
                        place);
        g_free(place);
        if (!good)
            return false;
    }
    return true;
}

char **qemu_probe_command(const struct qemu *qemu, const char *accel, const char *kernel)
{
    GPtrArray *command = g_ptr_array_new();
    add(command, qemu->path, NULL);
    add(command, "-machine", "q35");
    add(command, "-nodefaults", NULL);
    add(command, "-no-user-config", NULL);
    add(command, "-display", "none");
    add(command, "-no-reboot", NULL);
    add(command, "-accel", accel);
    add(command, "-cpu", "max,-la57");
    add(command, "-m", "128M");
    add(command, "-smp", "2");
    add(command, "-chardev", "file,id=muster-probe,path=/dev/stdout");
    add(command, "-device", "isa-debugcon,iobase=0xe9,chardev=muster-probe");
    add_place(command, "-kernel", NULL, NULL, kernel);
    add(command, "-append", "wake=sipi trace=off");
    g_ptr_array_add(command, NULL);
    return (char **)g_ptr_array_free(command, FALSE);
}
