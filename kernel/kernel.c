#include "kernel/kernel.h"

#include "boot/native.h"
#include "kernel/fatal.h"
#include "kernel/memory.h"
#include "kernel/paging.h"
#include "lib/atomic.h"

struct kernel kernel;
struct percpu percpus[MAX_CPUS];

static struct muster_word stopping;

uint64_t time_now_ns(void)
{
    return kernel.platform.time_ns(kernel.platform.context);
}

uint64_t time_deadline_ns(void)
{
    return time_now_ns() + kernel.options.timeout_ns;
}

void platform_set_up(void)
{
    native_platform_init(&kernel.platform, PAGING_LIMIT);
    kernel.platform.map = memory_map_hook;
    enum muster_status status =
        kernel.options.x2apic ? muster_apic_enable_x2(&kernel.platform) : MUSTER_OK;
    if (status != MUSTER_OK)
        fatal_status(status, "switch to x2APIC mode");
}

struct percpu *cpu_if_active(uint32_t index)
{
    struct percpu *cpu = &percpus[index];
    return word_load_acquire(&cpu->active) == CPU_ACTIVE ? cpu : NULL;
}

uint32_t cpu_there_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        count += kernel.machine.cpus[i].enabled;
    return count;
}

uint32_t cpu_active_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (cpu_if_active(i))
            count++;
    return count;
}

bool stop_asked(void)
{
    return word_load_acquire(&stopping) != 0;
}

/* An NMI reaches a CPU whatever it does; a parked one sleeps anyway. */
void stop_other_cpus(void)
{
    const struct muster_machine *machine = &kernel.machine;
    word_store_release(&stopping, 1);
    if (!machine->slots)
        return;
    uint32_t own_id = muster_apic_id(&kernel.platform);
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        uint32_t apic_id = machine->slots[i].apic_id;
        if (apic_id != own_id && muster_cpu_state(machine, i) == MUSTER_CPU_ON)
            (void)muster_apic_send_nmi(&kernel.platform, apic_id);
    }
}
