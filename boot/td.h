/**
 * A boot program as the guest of an Intel TDX module: TDCALL, what the host does on request
 * (TDG.VP.VMCALL), private and shared memory, and the #VE by which the module reports what a TD
 * must not do itself. Every CPU may call these, on any stack.
 */
#ifndef BOOT_TD_H
#define BOOT_TD_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/cpu.h>

/**
 * Find out whether this is a TD, and if so handle #VE from here on, by an IDT of its own until
 * the program has one. First of all, on the BSP, on boot/enter.S's GDT.
 */
void td_begin(void);

/** Whether td_begin() found a TD. */
bool td_is_active(void);

/** TDCALL leaf @rax with @registers, which come back as the module leaves them; gives RAX. */
uint64_t td_call(uint64_t rax, struct muster_tdcall_registers *registers);

/** Port I/O of 1, 2 or 4 bytes by the host. What fails reads as all ones. */
void td_io_out(uint16_t port, unsigned bytes, uint32_t value);
uint32_t td_io_in(uint16_t port, unsigned bytes);

/** MSRs that the host emulates. What fails reads as 0. */
uint64_t td_msr_read(uint32_t msr);
void td_msr_write(uint32_t msr, uint64_t value);

/** CPUID as the host says it: for leaves that the module does not answer. */
void td_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/**
 * Sleep until an interrupt is pending for this CPU. Call with interrupts off: it stays pending
 * then and the host counts it all the same, unless @blocked says that none shall wake it.
 */
void td_halt(bool blocked);

/** Accept pending private memory, page-aligned, by 2 MiB where it can be. */
bool td_accept(uint64_t phys, uint64_t bytes);

/**
 * Make a page-aligned private range shared with the host: all it holds is lost, and it must be
 * touched through td_shared_bit() only, until td_unshare() makes it private and accepts it.
 */
bool td_share(uint64_t phys, uint64_t bytes);
bool td_unshare(uint64_t phys, uint64_t bytes);

/** The physical-address bit that means shared. */
uint64_t td_shared_bit(void);

/** Whether all of a range is private: below the shared bit, and nothing of it shared. */
bool td_is_private(uint64_t phys, uint64_t bytes);

/** Tell the host that nothing can go on, and why (64 characters); it may end the TD. */
void td_report_fatal(const char *text);

/** Do what @frame's instruction wanted, and step over it; false if no TD program does that. */
bool td_handle_ve(struct muster_trap_frame *frame);

/** td_begin()'s own step: handle #VE on this CPU by an IDT that has no other gate. */
void td_load_early_idt(void);

#endif
