/**
 * The host below the shim, by what it makes different: plain hardware, an Intel TD's host, or the
 * hypervisor of a Hyper-V partition. One struct for each; nobody else asks which one it is. On
 * the BSP.
 */
#ifndef SHIM_HOST_H
#define SHIM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/wake.h>

struct shim_host {
    const char *name; /* "a TD": for people */

    /** Make ready what firmware needs of its host. NULL, or a sentence that says what is missing.
     */
    const char *(*begin)(struct muster_platform *platform);

    /**
     * Take a range that the host's HOB lists into use; @pending: the host calls it unaccepted.
     * NULL, or a sentence.
     */
    const char *(*take_memory)(uint64_t phys, uint64_t bytes, bool pending);

    /**
     * Let the host reach whole pages of 2 MiB, mapped 1:1 by the running tables, and take them
     * back. What they held is lost either time.
     */
    bool (*share)(uint64_t phys, uint64_t bytes);
    bool (*unshare)(uint64_t phys, uint64_t bytes);

    /** How the APs of a machine that has some are to be started. */
    enum muster_way (*choose_way)(const struct muster_machine *machine);
};

/** shim/host.c: where a Multiboot loader has started us: no HOB, nothing to share. */
extern const struct shim_host shim_host_loader;

/** shim/host_td.c, shim/host_hyperv.c: where we are the firmware. */
extern const struct shim_host shim_host_td, shim_host_hyperv;

/** Which one we are the firmware of; one whose begin() refuses if the host is none of them. */
const struct shim_host *shim_host_of_firmware(const struct muster_platform *platform);

/**
 * shim/shared.c: memory that the host can reach, SHARED_BYTES of it, taken out of the map;
 * and its end. NULL, or a sentence.
 */
#define SHARED_BYTES 0x200000u
const char *shared_open(uint64_t *phys);
const char *shared_close(uint64_t phys);

#endif
