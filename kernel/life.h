/**
 * How a CPU of this kernel goes off, and comes on again: out of its idle thread, and into a new
 * one on the same stack.
 */
#ifndef KERNEL_LIFE_H
#define KERNEL_LIFE_H

#include <muster/life.h>

#include "kernel/percpu.h"

/** On @cpu, in its idle thread: go off. Comes back only with the library's refusal. */
enum muster_status life_go_off(struct percpu *cpu);

/** The same as work: the way off without more ado. */
void life_leave(struct percpu *cpu, void *argument);

/** Have @leave, which ends in life_go_off(), run on another CPU; wait until that is OFF. */
enum muster_status life_turn_off(struct percpu *cpu, work_function *leave);

/** An OFF CPU back to the firmware. On the BSP. */
enum muster_status life_hand_back(const struct percpu *cpu);

/** Where an OFF CPU comes on: @entry must go on in life_come_on(). */
struct muster_start life_start(struct percpu *cpu, muster_entry *entry, void *context);

/** On @cpu, at its entry, on its idle thread's stack: be its idle thread from here on. */
_Noreturn void life_come_on(struct percpu *cpu);

#endif
