/**
 * The end, when it is not the wanted one: text for people, an error event for the command.
 */
#ifndef KERNEL_FATAL_H
#define KERNEL_FATAL_H

#include <muster/cpu.h>
#include <muster/status.h>

struct percpu;

/** A library call made it impossible to go on. @doing: "read the ACPI tables". Any CPU. */
_Noreturn void fatal_status(enum muster_status status, const char *doing);

/** The same for what is not a library call. Any CPU; the first one wins, the others halt. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same for a command line that is wrong: the user's to mend. */
_Noreturn void fatal_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A trap that nobody awaits: the same, with the registers of the CPU that was hit. */
_Noreturn void fatal_trap(const struct percpu *cpu, const struct muster_trap_frame *frame);

#endif
