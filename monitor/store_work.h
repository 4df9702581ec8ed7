/**
 * Inside of store.c: what each kind of instruction does to memory, registers and flags.
 */
#ifndef MONITOR_STORE_WORK_H
#define MONITOR_STORE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/decode.h"
#include "monitor/store.h"

/** What is under way. All of the element that is stored next lies in one page. */
struct store_work {
    struct vcpu *vcpu;
    struct instruction instruction;
    uint8_t *host; /* where store.phys lies */
    struct store store;
    store_observer *observe;
    bool unfinished; /* more of a repeated instruction is left than lies in this page */
};

void store_move_source(struct store_work *work);
void store_move_accumulator(struct store_work *work);
void store_move_immediate(struct store_work *work);
void store_move_vector(struct store_work *work);
void store_exchange(struct store_work *work);
void store_exchange_and_add(struct store_work *work);
void store_compare_exchange(struct store_work *work);
void store_compare_exchange_8(struct store_work *work);
void store_calculate_source(struct store_work *work);
void store_calculate_immediate(struct store_work *work);
void store_calculate_alone(struct store_work *work);
void store_change_bit(struct store_work *work);
void store_string(struct store_work *work);

/** Where a bit that a register names lies, in bytes from the operand that ModRM names. */
uint64_t store_bit_displacement(const struct store_work *work);

#endif
