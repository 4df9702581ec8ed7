/**
 * What the monitor has to say: JSON lines on the debug console, never on the guest's UART. Any
 * CPU, any time; @vcpu is NULL where no guest is concerned.
 */
#ifndef MONITOR_REPORT_H
#define MONITOR_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** Before anything else. Ends the machine if it was reset after a fatal report. */
void report_begin(void);

/** Whether RAM is as it came at power-on: all zero. False after a reset. */
bool report_ram_is_fresh(void);

/** The guest is about to start. */
void report_ready(void);

/**
 * The guest broke a rule and goes on. @rule is a short name; each rule is reported at most 64
 * times, so that a guest that loops does not drown the rest.
 */
void report_finding(const struct vcpu *vcpu, const char *rule, uint64_t address, uint64_t value,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The guest's OS wrote to a page that firmware owns; at most 256 of each @region are told. */
void report_write(const struct vcpu *vcpu, const char *region, uint64_t address, unsigned bytes,
                  uint64_t value);

/** A mailbox command was among them. */
void report_mailbox_command(void);

/** Firmware has said what it owns: a range of it. */
void report_watch(const char *region, uint64_t phys, uint64_t bytes);

/** The host asks where this vCPU is: its counts, how the rules stand, and event "where". */
void report_where(const struct vcpu *vcpu);

/** Nothing can go on: say why and end the machine. */
__attribute__((noreturn)) void fatal(const struct vcpu *vcpu, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The same for a machine or options that are wrong: the user's to mend. */
__attribute__((noreturn)) void fatal_usage(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/** The guest ends the machine itself, as @by says: the counts, while there is time. */
void report_end(const struct vcpu *vcpu, const char *by);

/**
 * A byte that the guest wrote to the debug console: whole lines are passed on, those that begin as
 * the monitor's do behind a blank.
 */
void report_guest_byte(uint8_t byte);

#endif
