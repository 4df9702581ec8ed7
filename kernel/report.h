/**
 * The end, when it is the wanted one: who is on, what was proven, as text and as JSON.
 */
#ifndef KERNEL_REPORT_H
#define KERNEL_REPORT_H

#include <muster/cpu.h>

#include "kernel/proof.h"

/** What became of a CPU, the library's view and the kernel's together. */
enum muster_cpu_state report_cpu_state(uint32_t index);

#define REPORT_FAILURE_BYTES 96

/**
 * Why a CPU is not on: the error's name, with more where it is the kernel's, written to @text;
 * NULL only if the CPU is active.
 */
const char *report_failure(uint32_t index, char text[REPORT_FAILURE_BYTES]);

/** Every CPU is on, and nothing that was proved is broken. */
bool report_is_well(void);

/** A table for people on the serial port, the report event on the debug console. */
void report_write(void);

/** The end event: the kernel has done what it was asked for. */
void report_end(void);

/** An array of proofs, as a member of the report. */
void report_proofs(const char *key, const struct proof *list, uint32_t count);

/** The trace: an event for each CPU that has written one record or more (docs/report.md). */
void report_trace(void);

#endif
