/**
 * The life of a CPU after its adoption: on, off, and on again. See docs/life.md.
 *
 * States, names and errors follow PSCI (Arm DEN0022, CPU_ON, CPU_OFF, AFFINITY_INFO) and SBI HSM.
 * A CPU that is off is in the library's park area (muster/wake.h), on the park tables and its
 * slot's park stack; nothing of the firmware is needed to turn it on again.
 */
#ifndef MUSTER_LIFE_H
#define MUSTER_LIFE_H

#include <stdint.h>

#include <muster/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Turn a CPU on: it enters start->entry, interrupts off, on start->stack_top, on the park tables,
 * GS base start->percpu, IST loaded.
 *
 * May be called on any CPU that is on, by several at once: one of them wins, and its @start alone
 * is used. In xAPIC mode with interrupts off, see muster_apic_send(). Returns as soon as the CPU
 * has been told; muster_cpu_wait() tells when it is on.
 *
 * @param start  copied; entry not NULL, stack_top 16-byte aligned
 * @return MUSTER_OK; MUSTER_ALREADY_ON (also while it is on its way off); MUSTER_ON_PENDING;
 *         MUSTER_UNKNOWN_CPU; MUSTER_DENIED if it is not in the park area (never adopted, or
 *         FAILED); MUSTER_INVALID_ARGUMENT; or why no interrupt could be sent, such as
 *         MUSTER_ERROR_APIC_STUCK: it stays OFF then
 */
enum muster_status muster_cpu_on(struct muster_machine *machine, uint32_t apic_id,
                                 const struct muster_start *start);

/**
 * Give a CPU that is still to be adopted its start: as it arrives it goes straight on to it, and
 * is ON without having rested in the park area or been sent an interrupt. On the BSP, after
 * muster_prepare() and before muster_adopt(), which returns when the last has arrived;
 * muster_start() or muster_cpu_wait() then waits for the rest of the way. CPUs come on in the order
 * in which they arrive, and do not tell their topology: muster_topology_read() does, on the CPU
 * itself. From one that does not arrive in time, or that has to be sent a second INIT, its start is
 * taken back: it parks when it comes, and muster_start() starts it.
 *
 * @param start  copied; entry not NULL, stack_top 16-byte aligned
 * @return MUSTER_OK; MUSTER_UNKNOWN_CPU; MUSTER_INVALID_ARGUMENT; MUSTER_DENIED if it is not
 *         ABSENT: in already, or under way, or FAILED
 */
enum muster_status muster_cpu_on_arrival(struct muster_machine *machine, uint32_t apic_id,
                                         const struct muster_start *start);

/**
 * Wait until a CPU is ON, or OFF, as @wanted says. Any CPU that is on, several at once.
 *
 * A CPU that is not ON after @timeout_ns is FAILED: it will not use its start any more, so that
 * its stack is free, and muster_adopt() takes it in again. One that is not OFF in time stays as
 * it is.
 *
 * @return MUSTER_OK; MUSTER_TIME_OUT; MUSTER_UNKNOWN_CPU; MUSTER_INVALID_ARGUMENT for another
 *         state; MUSTER_DENIED if it is not on its way there: it is OFF (nobody turned it on, or
 *         it has gone off again already), FAILED or was never adopted. MUSTER_TIME_OUT with the
 *         CPU still ON_PENDING: it has taken its start and not been seen since.
 */
enum muster_status muster_cpu_wait(struct muster_machine *machine, uint32_t apic_id,
                                   enum muster_cpu_state wanted, uint64_t timeout_ns);

/**
 * Turn the calling CPU off. Interrupts off; page tables as deep as config.paging_levels, which
 * map slot, library and machine as park_cr3 does. Does not return if all is well: the CPU leaves
 * its stack, its page tables and its per-CPU block. Once its state is OFF, and not before, they
 * are its host's again.
 *
 * What must not come along is put in order: CR0, CR3, CR4, EFER, PAT, MTRRs and SYSCALL's MSRs
 * by the profile, GDT, TSS, IDT, LDT, GS, KERNEL_GS and FS base, debug registers, x87, MXCSR and
 * what XCR0 has of vector registers, SPEC_CTRL, TPR, the APIC's local sources and timer, interrupts
 * in service. Interrupts that are pending, or come
 * while it is off, are taken and dropped. What the library does not know of (XCR0,
 * performance counters, TSC_AUX) is the host's to clear before.
 *
 * @param slot  the calling CPU's own
 * @return MUSTER_DENIED if no other CPU is on (PSCI's rule; the BSP is a CPU like others), or if
 *         this one is not ON; MUSTER_ERROR_PAGING_LEVELS
 */
enum muster_status muster_cpu_off(struct muster_slot *slot);

/** The state of the CPU at @index. Any CPU, any time. */
enum muster_cpu_state muster_cpu_state(const struct muster_machine *machine, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
