/**
 * Which firmware this kernel met: what it published, and what its APs stood on.
 */
#ifndef KERNEL_FIRMWARE_H
#define KERNEL_FIRMWARE_H

/** Behind bringup_start(), and before bringup_settle_custody(): while the firmware's page tables
 * are still there. */
void firmware_look(void);

/** Member "firmware" of the report; null where the CPUs did not come out of a mailbox. */
void firmware_report(void);

#endif
