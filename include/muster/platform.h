/**
 * What the library asks of whoever hosts it: a kernel, a boot loader, a unit test, a simulator.
 *
 * Every hook gets the context given here. Hooks that a host does not have may be NULL where
 * the text says so. The library calls them on the CPU that called it; AP code calls them on the
 * AP, but only once that AP runs on its own descriptor tables.
 */
#ifndef MUSTER_PLATFORM_H
#define MUSTER_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A 32-bit word that two CPUs share. The library reads and writes it with C11 orderings only. */
struct muster_word {
    uint32_t value;
};

/** As a time-out, or as a deadline: none. */
#define MUSTER_FOREVER UINT64_MAX

/** So often in a row the same time: the clock stands (muster_platform.time_ns). */
#define MUSTER_STANDSTILL_TURNS 1048576u

/** How much a line of the log matters. */
enum muster_log_level {
    MUSTER_LOG_INFO,
    MUSTER_LOG_WARNING,
    MUSTER_LOG_ERROR,
};

/** Registers of one TDCALL (Intel TDX module ABI): passed in and given back, rax apart. */
struct muster_tdcall_registers {
    uint64_t rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15, rbx, rdi, rsi;
};

/** What VMGEXIT takes and gives back in the GHCB (GHCB specification, 4.1). */
struct muster_vmgexit {
    uint64_t code, info_1, info_2;
    uint64_t rax; /* passed only by the calls that need it: AP creation */
};

/** The hooks. */
struct muster_platform {
    void *context;

    /**
     * A pointer through which @bytes at @phys can be read and written, or NULL if there is
     * nothing or it must not be touched. Stays valid; there is no unmap. @bytes may be any
     * length; the library maps a table's header first and its whole length after that.
     */
    void *(*map)(void *context, uint64_t phys, size_t bytes);

    /**
     * The xAPIC's memory-mapped registers, by offset (0x020 is the ID), on the calling CPU.
     * Called in xAPIC mode only: in x2APIC mode the library uses msr_read and msr_write.
     */
    uint32_t (*apic_read)(void *context, uint32_t offset);
    /** The same, written. */
    void (*apic_write)(void *context, uint32_t offset, uint32_t value);

    /** RDMSR and WRMSR on the calling CPU, of MSRs that its CPUID says are there. */
    uint64_t (*msr_read)(void *context, uint32_t msr);
    /** See msr_read. */
    void (*msr_write)(void *context, uint32_t msr, uint64_t value);

    /** @out gets eax, ebx, ecx, edx. */
    void (*cpuid)(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

    /** A Hyper-V hypercall (TLFS, 3): gives its result. NULL where there is no such hypervisor. */
    uint64_t (*hypercall)(void *context, uint64_t control, uint64_t input_phys,
                          uint64_t output_phys);

    /** TDCALL leaf @rax: gives rax. NULL outside a TD. */
    uint64_t (*tdcall)(void *context, uint64_t rax, struct muster_tdcall_registers *registers);

    /**
     * Ask the hypervisor by the calling CPU's GHCB: @exit in, and its info_1 and info_2 as the
     * hypervisor leaves them; a call that could not be made leaves info_1 as all ones. NULL
     * outside of an SEV-ES or SEV-SNP guest.
     */
    void (*vmgexit)(void *context, struct muster_vmgexit *exit);

    /**
     * RMPADJUST of the 4 KiB page at @phys with RDX = @attributes: gives EAX, 0 if it was done.
     * Works at VMPL 0 only. NULL outside of an SEV-SNP guest.
     */
    uint32_t (*rmpadjust)(void *context, uint64_t phys, uint64_t attributes);

    /**
     * Time since some fixed moment, never backwards, the same on every CPU. One that has not moved
     * for MUSTER_STANDSTILL_TURNS calls of the wait hook in a row is held to stand still: what is
     * waited for counts as missing then (MUSTER_ERROR_CLOCK_STANDS), and nobody waits without end
     * but who asked for it (MUSTER_FOREVER).
     * Where the clock goes by steps of more than some milliseconds the hook must pause a while.
     */
    uint64_t (*time_ns)(void *context);

    /** A time-stamp counter's value on the scale of time_ns (stamps taken before C runs). */
    uint64_t (*tsc_to_ns)(void *context, uint64_t tsc);

    /**
     * The calling CPU's time-stamp counter, read after all that stands before and before all that
     * stands behind it (on x86: lfence; rdtsc; lfence). NULL: clocks are not measured.
     */
    uint64_t (*tsc)(void *context);

    /**
     * Wait while *@word is @value, at most until @deadline_ns on the scale of time_ns. May come
     * back early; must come back, also when the clock stands. A real machine pauses, a simulator
     * lets time pass.
     */
    void (*wait)(void *context, const struct muster_word *word, uint32_t value,
                 uint64_t deadline_ns);

    /**
     * Sleep on a parked CPU, for as long as *@word is @value, until an interrupt comes. Called
     * with interrupts off and comes back with them off; may come back early. The re-check of
     * @word and the sleep must not let an interrupt slip between them (on x86: sti; hlt).
     */
    void (*sleep)(void *context, const struct muster_word *word, uint32_t value);

    /** Whether all of the range is private to this confidential VM; NULL outside of one. */
    bool (*is_private)(void *context, uint64_t phys, uint64_t bytes);

    /** One line of text without a newline. NULL to stay silent. */
    void (*log)(void *context, enum muster_log_level level, const char *text);
};

#ifdef __cplusplus
}
#endif
#endif
