/**
 * Private to the library: the local APIC's registers, in either mode.
 */
#ifndef LIB_CPU_APIC_H
#define LIB_CPU_APIC_H

#include <muster/cpu.h>

uint32_t apic_read(const struct muster_platform *platform, bool x2, uint32_t offset);
void apic_write(const struct muster_platform *platform, bool x2, uint32_t offset, uint32_t value);

/**
 * Send @command (abi/x86.h, ICR_*) to @apic_id; with ICR_ALL_BUT_SELF the ID is ignored: pass 0.
 * MUSTER_ERROR_APIC_ID_BEYOND_XAPIC, MUSTER_ERROR_APIC_STUCK.
 */
enum muster_status apic_send(const struct muster_platform *platform, bool x2, uint32_t apic_id,
                             uint32_t command);

#endif
