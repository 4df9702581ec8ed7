/**
 * Port I/O, on bare hardware and in a TD alike.
 */
#ifndef BOOT_PORT_H
#define BOOT_PORT_H

#include <stdint.h>

#include "boot/td.h"
#include "lib/cpu/instructions.h"

/* In a TD the instruction itself would only lead, by a #VE, to the same call. */
static inline void port_out8(uint16_t port, uint8_t value)
{
    if (td_is_active())
        td_io_out(port, 1, value);
    else
        out8(port, value);
}

static inline uint8_t port_in8(uint16_t port)
{
    return td_is_active() ? (uint8_t)td_io_in(port, 1) : in8(port);
}

static inline void port_out32(uint16_t port, uint32_t value)
{
    if (td_is_active())
        td_io_out(port, 4, value);
    else
        out32(port, value);
}

static inline uint32_t port_in32(uint16_t port)
{
    return td_is_active() ? td_io_in(port, 4) : in32(port);
}

#endif
