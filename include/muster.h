/**
 * All of Muster's public face. A file may as well include only what it needs of muster/.
 *
 * From a boot loader's RSDP to every processor in the kernel, on the BSP, as the first thing that
 * the kernel does; docs/porting.md goes through it step by step:
 *
 * @code
 * #include <muster.h>
 *
 * #define CPUS_MOST 256
 * #define SECOND_NS 1000000000ull
 *
 * struct percpu {
 *     struct muster_slot *slot;
 *     unsigned char stack[16384] __attribute__((aligned(16)));
 * };
 *
 * static struct muster_machine machine;
 * static struct muster_plan plan;
 * static struct muster_cpu cpus[CPUS_MOST];
 * static struct muster_index_entry places[2 * CPUS_MOST];
 * static struct muster_slot slots[CPUS_MOST];
 * static struct percpu percpus[CPUS_MOST];
 * static struct muster_idt idt;
 *
 * enum muster_status wake_all(const struct muster_platform *platform, uint64_t rsdp_phys,
 *                             struct muster_cpu_config *config, muster_entry *entry)
 * {
 *     enum muster_status status =
 *         muster_machine_init(&machine, platform, cpus, CPUS_MOST, places, 2 * CPUS_MOST);
 *     if (!status)
 *         status = muster_discover(&machine, rsdp_phys, muster_apic_id(platform));
 *     if (!status)
 *         status = muster_plan_make(&machine, MUSTER_WAY_AUTO, &plan);
 *     if (status || machine.cpu_count == 1)
 *         return status;
 *     for (uint32_t i = 0; i < machine.cpu_count; i++)
 *         percpus[i].slot = &slots[i];
 *     status = muster_prepare(&machine, &plan, config, slots, &idt, &percpus[machine.bsp]);
 *     if (!status)
 *         status = muster_adopt(&machine, &plan, 5 * SECOND_NS);
 *     for (uint32_t i = 0; i < machine.cpu_count; i++)
 *         slots[i].start = (struct muster_start){
 *             .entry = entry,
 *             .stack_top = (uint64_t)percpus[i].stack + sizeof(percpus[i].stack),
 *             .percpu = &percpus[i],
 *         };
 *     return status ? status : muster_start(&machine, NULL, 0, 5 * SECOND_NS);
 * }
 * @endcode
 */
#ifndef MUSTER_H
#define MUSTER_H

#include <muster/boot_info.h>
#include <muster/clock.h>
#include <muster/cpu.h>
#include <muster/custody.h>
#include <muster/hotplug.h>
#include <muster/life.h>
#include <muster/machine.h>
#include <muster/memory.h>
#include <muster/order.h>
#include <muster/paging.h>
#include <muster/platform.h>
#include <muster/status.h>
#include <muster/trace.h>
#include <muster/version.h>
#include <muster/wake.h>

#endif
