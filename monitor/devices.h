/**
 * The machine's devices, which the guest reaches through its host only.
 */
#ifndef MONITOR_DEVICES_H
#define MONITOR_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** Port I/O of 1, 2 or 4 bytes as the policy has it; false: refused. */
bool devices_io(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value);

/** An access of 1 to 8 bytes to a device's registers; false: refused. */
bool devices_mmio(struct vcpu *vcpu, uint64_t phys, unsigned bytes, bool write, uint64_t *value);

/** The access itself, to an address that memory_map_device() has mapped. */
void devices_access(uint64_t phys, unsigned bytes, bool write, uint64_t *value);

/* Handlers for policies. */
bool port_debug_console(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write,
                        uint32_t *value);
bool port_power(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value);
bool port_reset(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value);
bool port_fw_cfg_dma(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value);

#endif
