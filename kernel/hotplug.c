#include "kernel/hotplug.h"

#include "abi/cpu_hotplug.h"
#include "boot/port.h"

static uint16_t port_of(enum cpu_hotplug_register offset)
{
    return (uint16_t)(CPU_HOTPLUG_PORT + offset);
}

static void select_cpu(uint32_t selector)
{
    port_out32(port_of(CPU_HOTPLUG_SELECTOR), selector);
}

static void command(enum cpu_hotplug_command number)
{
    port_out8(port_of(CPU_HOTPLUG_COMMAND), (uint8_t)number);
}

/* Of the selected CPU. */
static uint64_t read_id(void)
{
    command(CPU_HOTPLUG_GET_ID);
    uint64_t high = port_in32(port_of(CPU_HOTPLUG_DATA_2));
    return high << 32 | port_in32(port_of(CPU_HOTPLUG_DATA));
}

/*
 * The first write leaves the bitmap that older machines begin with, where it is not yet a
 * selector. Where nothing is, all bits read as 1.
 */
bool hotplug_find(void)
{
    select_cpu(0);
    select_cpu(0);
    command(CPU_HOTPLUG_NEXT_EVENT);
    return port_in32(port_of(CPU_HOTPLUG_DATA_2)) == 0;
}

struct hotplug_event hotplug_next_event(void)
{
    struct hotplug_event event = {HOTPLUG_NOTHING, 0, 0};
    select_cpu(0);
    command(CPU_HOTPLUG_NEXT_EVENT);
    uint8_t status = port_in8(port_of(CPU_HOTPLUG_STATUS));
    if (!(status & (CPU_HOTPLUG_STATUS_INSERT | CPU_HOTPLUG_STATUS_REMOVE)))
        return event;
    event.selector = port_in32(port_of(CPU_HOTPLUG_DATA));
    event.id = read_id();
    /* Both at once: it has come first, and will be asked for again by the next call. */
    bool inserted = status & CPU_HOTPLUG_STATUS_INSERT;
    event.kind = inserted ? HOTPLUG_INSERTED : HOTPLUG_WANTED;
    port_out8(port_of(CPU_HOTPLUG_CONTROL),
              inserted ? CPU_HOTPLUG_CONTROL_INSERT : CPU_HOTPLUG_CONTROL_REMOVE);
    return event;
}

bool hotplug_is_there(uint32_t selector)
{
    select_cpu(selector);
    return port_in8(port_of(CPU_HOTPLUG_STATUS)) & CPU_HOTPLUG_STATUS_ENABLED;
}

void hotplug_eject(uint32_t selector)
{
    select_cpu(selector);
    port_out8(port_of(CPU_HOTPLUG_CONTROL), CPU_HOTPLUG_CONTROL_EJECT);
}
