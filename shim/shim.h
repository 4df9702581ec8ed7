/**
 * The shim: what its steps hand to each other, in boot order. All of it on the BSP, except
 * shim_ap_main().
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include <stdint.h>

#include <muster/custody.h>
#include <muster/paging.h>
#include <muster/wake.h>

#include "abi/mailbox.h"
#include "boot/payload.h"
#include "boot/clock.h"
#include "shim/host.h"
#include "shim/options.h"
#include "shim/source.h"

#define SHIM_MAX_CPUS 1024u
#define SHIM_INDEX    2048u /* a power of two, at least twice as many */
#define SHIM_RANGES   512u

/** Owner, in the memory map, of what stays the shim's while the OS runs. */
#define SHIM_OWNER MUSTER_OWNER_HOST

/** Pages that one set of the shim's tables takes at most: shim/tables.c. */
#define SHIM_TABLE_PAGES 32u

/** Everything the shim knows; static, in its own image. */
struct shim {
    struct muster_platform platform;
    struct muster_memory_map map;
    const struct shim_host *host;
    struct boot_source source;
    struct shim_options options;
    struct muster_machine machine;
    struct muster_plan plan;
    struct muster_slot *slots; /* one per CPU */
    struct mailbox *mailbox;
    struct clock_check clock;
    uint64_t reset_vector_phys; /* the page by which CPUs come back; 0 in version 0 */
    uint64_t entry_phys;        /* the pages that APs are started in, below 1 MiB */
    uint64_t entry_bytes;
    uint64_t tables_phys; /* the APs' page tables: one set, or one behind the other */
    uint64_t tables_bytes;
    uint64_t boot_tables_phys; /* the BSP's, until the payload has its own */
    uint64_t rsdp_phys;        /* ours, for the payload */
    uint64_t bios_page_phys;   /* for a copy of it where a BIOS's would be; 0: no room */
};
extern struct shim shim;

/** Stop with a sentence on both channels. @kind: "environment", "usage", or NULL for a failure. */
__attribute__((noreturn)) void shim_fail(const char *kind, const char *text);
__attribute__((noreturn)) void shim_fail_status(const char *what, enum muster_status status);

/** shim/home.c: where the image is to live while an OS runs, and going there. */
uint64_t shim_home_find(void);
__attribute__((noreturn)) void shim_home_move(uint64_t home, uint64_t info_phys, uint32_t magic);

/** shim/home.c: kernel file and initrd to the top of memory too, as far as there is room. */
void shim_modules_move(void);

/** shim/layout.c: find a place for everything that stays, and declare it in the map. */
void shim_layout(void);

/** Zeroed memory below 4 GiB that stays, declared as @type. Stops with @what if there is none. */
uint64_t shim_take(uint64_t bytes, uint64_t align, enum muster_memory_type type, const char *what);

/**
 * shim/tables.c: how many sets of page tables the APs need: one that all come in on, and where
 * each is to have its own, one more for each AP.
 */
uint32_t shim_tables_sets(void);

/** Build the BSP's page tables and all of the APs'. */
void shim_tables_build(void);

/** The root of the set that this CPU is started on, and waits on. */
uint64_t shim_tables_root(uint32_t index);

/** Bytes that the tables of all APs really use, of those taken for them. */
uint64_t shim_tables_used_bytes(void);

/** Let the pages that APs are started in be executed and not written; and back to the OS. */
void shim_tables_seal_entry(void);
void shim_tables_open_entry(void);

/** shim/processors.c: start all APs and park them at the mailbox. */
void shim_processors_start(void);

/** shim/mailbox.c: an AP's life, from its arrival until the OS wakes it, and on its return. */
void shim_ap_main(struct muster_slot *slot, void *context);

/** On the AP itself, in the handler of SHIM_ROUSE_VECTOR. */
void shim_ap_roused(uint32_t index);

/** Whether this CPU is the BSP, or has come to the mailbox and waits there: only these are told of.
 */
bool shim_cpu_is_there(uint32_t index);

/** shim/watch.c: tell Muster's monitor, if it is the host, what is the shim's and not the OS's. */
void shim_watch_begin(void);

#define SHIM_TIMER_VECTOR 0xF2 /* ends the sleep of a waiting AP between two looks */
#define SHIM_ROUSE_VECTOR 0xF3 /* another AP ends it: shim/lookout.h */

/**
 * shim/acpi.c: the platform's tables with the wakeup entry added, and without the processors that
 * are not at the mailbox. A place first, so that the page tables know of it; the writing last.
 * shim_acpi_publish() gives the new RSDP.
 */
void shim_acpi_place(void);
uint64_t shim_acpi_publish(void);

/**
 * shim/fdt.c: the device tree, where the options want one. How much room it needs, once all
 * processors have come and all that stays has its place (else 0); and the writing, last of all,
 * to where the payload looks for it.
 */
uint64_t shim_fdt_bytes(void);
void shim_fdt_publish(const struct boot_payload *payload, const struct boot_jump *jump);

#endif
