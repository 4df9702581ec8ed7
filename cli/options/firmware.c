/* Which machine QEMU makes, and the firmware that it starts with. */
#include "cli/options/subjects.h"

static const char *const machines[] = {"q35", "microvm", NULL};
static const char *const firmwares[] = {"seabios", "qboot", "ovmf", NULL};

static const struct option firmware[] = {
    {.name = "machine",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(machine_word),
     .words = machines,
     .help = "A PC, or QEMU's machine without its legacy (q35)"},
    {.name = "firmware",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(firmware_word),
     .words = firmwares,
     .help =
         "What starts it (seabios, of a microvm qboot); ovmf, by an ISO with GRUB, on q35 only"},
    OPTIONS_END,
};

const struct option_group options_firmware = {"The machine", firmware};

void options_set_firmware(struct options *options)
{
    options->machine = (enum machine)option_word_index(machines, options->machine_word);
    options->firmware = (enum firmware)option_word_index(firmwares, options->firmware_word);
    if (!options->firmware_word && options->machine == MACHINE_MICROVM)
        options->firmware = FIRMWARE_QBOOT;
}

static bool check_monitored(const struct options *options, GError **error)
{
    if (!options->monitored)
        return true;
    if (options->firmware_word)
        return option_refuse(error,
                             "--firmware %s: under the monitor the guest starts with our shim as "
                             "its firmware; leave --firmware out",
                             options->firmware_word);
    if (options->machine != MACHINE_Q35)
        return option_refuse(error,
                             "--machine %s: the monitor runs on a q35 alone; leave --machine out",
                             options->machine_word);
    return true;
}

/* What the user's own arguments say to QEMU would count, and the report say something else. */
static bool check_twice(const struct options *options, GError **error)
{
    static const char *const bios[] = {"-bios", "-pflash", "-L", NULL};
    static const char *const machine[] = {"-machine", "-M", NULL};
    for (unsigned i = 0; options->firmware_word && bios[i]; i++)
        if (options_for_qemu(options, bios[i]))
            return option_refuse(error, "--firmware %s: %s is behind \"--\", too; leave one out",
                                 options->firmware_word, bios[i]);
    for (unsigned i = 0; options->machine_word && machine[i]; i++)
        if (options_for_qemu(options, machine[i]))
            return option_refuse(error, "--machine %s: %s is behind \"--\", too; leave one out",
                                 options->machine_word, machine[i]);
    return true;
}

bool options_check_firmware(const struct options *options, GError **error)
{
    if (!check_monitored(options, error) || !check_twice(options, error))
        return false;
    if (options->machine == MACHINE_MICROVM && options->firmware == FIRMWARE_OVMF)
        return option_refuse(error,
                             "--machine microvm --firmware ovmf: there is no such build of OVMF; "
                             "a microvm starts with qboot or seabios, a q35 with seabios, qboot "
                             "or ovmf");
    if (options->dry_run && options->firmware == FIRMWARE_OVMF)
        return option_refuse(error, "--dry-run --firmware ovmf: the ISO with GRUB that OVMF starts "
                                    "is made for each run anew; leave one of them out");
    if (options->dry_run && options->td_firmware && options->then)
        return option_refuse(error,
                             "--dry-run --td-firmware %s --then: the file that brings the "
                             "next kernel is made for each run anew; leave one of them out",
                             options->td_firmware);
    if (options->machine == MACHINE_MICROVM && options->hot_add)
        return option_refuse(error,
                             "--machine microvm --hot-add %u: a microvm takes no CPU once it "
                             "runs; leave --machine out",
                             options->hot_add);
    return true;
}
