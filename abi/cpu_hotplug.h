/**
 * QEMU's CPU hot-plug registers (QEMU, docs/specs/acpi_cpu_hotplug), the modern interface: I/O
 * ports, little endian. What is read and written belongs to the CPU that the selector names.
 */
#ifndef ABI_CPU_HOTPLUG_H
#define ABI_CPU_HOTPLUG_H

#define CPU_HOTPLUG_PORT 0x0CD8u /* of the ICH9, which q35 has */

/* Offsets of the registers, and their widths. */
enum cpu_hotplug_register {
    CPU_HOTPLUG_SELECTOR = 0x0, /* write, 32 bits: a number below the number of possible CPUs */
    CPU_HOTPLUG_DATA_2 = 0x0,   /* read, 32 bits: after GET_ID the ID's upper half, else 0 */
    CPU_HOTPLUG_STATUS = 0x4,   /* read, 8 bits */
    CPU_HOTPLUG_CONTROL = 0x4,  /* write, 8 bits */
    CPU_HOTPLUG_COMMAND = 0x5,  /* write, 8 bits: enum cpu_hotplug_command */
    CPU_HOTPLUG_DATA = 0x8,     /* 32 bits: after NEXT_EVENT the selector, after GET_ID the ID */
};

#define CPU_HOTPLUG_STATUS_ENABLED (1u << 0) /* there, and the guest's */
#define CPU_HOTPLUG_STATUS_INSERT  (1u << 1) /* has come, and nobody has taken note */
#define CPU_HOTPLUG_STATUS_REMOVE  (1u << 2) /* is asked for, and nobody has taken note */

#define CPU_HOTPLUG_CONTROL_INSERT (1u << 1) /* noted */
#define CPU_HOTPLUG_CONTROL_REMOVE (1u << 2) /* noted */
#define CPU_HOTPLUG_CONTROL_EJECT  (1u << 3)

enum cpu_hotplug_command {
    CPU_HOTPLUG_NEXT_EVENT = 0, /* selects a CPU with an event, if there is one */
    CPU_HOTPLUG_GET_ID = 3,     /* the architecture's ID: the APIC ID */
};

#endif
