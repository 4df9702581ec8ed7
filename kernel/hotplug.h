/**
 * QEMU's CPU hot-plug controller: who has come, whom it asks for, and the end of a CPU. On the
 * BSP. All that it says is the hypervisor's word: the caller checks it against the machine.
 */
#ifndef KERNEL_HOTPLUG_H
#define KERNEL_HOTPLUG_H

#include <stdbool.h>
#include <stdint.h>

/** Between two looks at the controller. */
#define HOTPLUG_POLL_NS 1000000u

enum hotplug_event_kind {
    HOTPLUG_NOTHING,
    HOTPLUG_INSERTED, /* it is there now */
    HOTPLUG_WANTED,   /* it is to be ejected */
};

struct hotplug_event {
    enum hotplug_event_kind kind;
    uint32_t selector; /* by which the controller knows the CPU */
    uint64_t id;       /* its APIC ID, if that is one */
};

/** Whether there is such a controller; it answers by its modern interface from then on. */
bool hotplug_find(void);

/** The next thing that has happened; it is taken note of, and not told again. */
struct hotplug_event hotplug_next_event(void);

/** Whether a CPU is in the place that @selector names. */
bool hotplug_is_there(uint32_t selector);

/** Take the CPU out: whatever it does at this moment is its last. */
void hotplug_eject(uint32_t selector);

#endif
