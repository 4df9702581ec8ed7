/**
 * Which QEMU there is, and the command line that makes the machine we want of it.
 */
#ifndef CLI_QEMU_H
#define CLI_QEMU_H

#include "cli/options.h"

struct qemu {
    char *path;
    char *version; /* "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)" */
    unsigned major;
};

/** The one asked for, or the one in PATH. NULL: @error is CLI_ENVIRONMENT. */
struct qemu *qemu_find(const char *asked, GError **error);
void qemu_free(struct qemu *qemu);

/** What the machine starts; nothing but its firmware if all is NULL. All texts are as the program
 * is to see them, without QEMU's escapes. */
struct qemu_image {
    const char *program;         /* started by Multiboot or PVH, as QEMU finds out; or */
    const char *monitor;         /* a ROM that holds the guest; then: */
    const char *monitor_words;   /* its options */
    const char *td_firmware;     /* what the guest starts with; modules are its kernel and initrd */
    bool efi;                    /* it is UEFI's, and takes these two from QEMU's own options */
    bool bundle;                 /* all but the first module go there in one file */
    const char *words;           /* its command line */
    const char *modules[3];      /* files that come with it, or NULL */
    const char *module_words[3]; /* and their command lines, or NULL */
};

/** The machine's parts that a report names. */
struct qemu_machine {
    const char *machine;
    const char *machine_argument; /* the same with its properties, as -machine takes it */
    const char *accel;
    bool kvm;
    char *kvm_probe; /* "ok", or why KVM is not used; NULL: it was not to be */
    char *cpu;
    const char *firmware;
    char *firmware_file; /* or NULL: QEMU's own choice, or the monitor */
};

/**
 * @without_cx16: in the CPU model, unless the user names it. May try KVM (kvm_probe.h), but for
 * options->dry_run. False: KVM was asked for and does not work; @error is CLI_ENVIRONMENT. Call
 * qemu_machine_clear() all the same.
 */
bool qemu_machine_init(struct qemu_machine *machine, const struct qemu *qemu,
                       const struct options *options, bool without_cx16, GError **error);
void qemu_machine_clear(struct qemu_machine *machine);

/** Names in a machine's folder (temp.h). */
#define QEMU_CONSOLE "console" /* debug console, a pipe */
#define QEMU_SERIAL  "serial"  /* a pipe */
#define QEMU_TRACE   "trace"   /* a pipe */
#define QEMU_SOCKET  "qmp"
#define QEMU_PROGRAM "program" /* links to the files, so that their names need no escapes */
#define QEMU_MODULE  "module"  /* module0, module1 ... */
#define QEMU_ISO     "iso"     /* in place of the links: GRUB's image with all of them */
#define QEMU_BUNDLE  "bundle"  /* the modules behind the first in one file */

#define QEMU_MONITOR     "monitor"
#define QEMU_TD_FIRMWARE "td-firmware"

/** Names of the files that qemu_command() without a folder writes, where it is run. */
#define QEMU_OWN_EVENTS "muster-events.log"
#define QEMU_OWN_TRACE  "muster-trace.log"
#define QEMU_OWN_ISO    "muster.iso" /* not kept: it is made for each run */

/**
 * The machine starts paused, and is heard by the pipes in @folder. With @folder NULL the command is
 * one for a user's own shell: it starts at once, the serial port is on the terminal, and nobody
 * asks anything of it. Free with g_strfreev().
 */
char **qemu_command(const struct qemu *qemu, const struct qemu_machine *machine,
                    const struct qemu_image *image, const struct options *options,
                    const char *folder);

/** The same with @folder NULL, as lines for a POSIX shell. Caller frees. */
char *qemu_command_text(const struct qemu *qemu, const struct qemu_machine *machine,
                        const struct qemu_image *image, const struct options *options);

/** False, with a CLI_ENVIRONMENT error, if a file's name cannot stand in such a command. */
bool qemu_check_names(const struct qemu_image *image, GError **error);

/** A machine of two CPUs for our kernel (the file @kernel), whose events are on stdout. */
char **qemu_probe_command(const struct qemu *qemu, const char *accel, const char *kernel);

/** Make the links, or the image, that qemu_command() counts on. False: @error is set. */
bool qemu_place_files(const struct qemu_image *image, const struct options *options,
                      const char *folder, GError **error);

/** False, with a CLI_ENVIRONMENT error, if this QEMU has no machine with so many CPUs. */
bool qemu_check_cpus(const struct qemu *qemu, unsigned cpus, GError **error);

/** The same for a QEMU that cannot take a CPU out again. */
bool qemu_check_hot_add(const struct qemu *qemu, GError **error);

#endif
