/**
 * A machine: its processors and what its firmware offers to wake them. Filled by
 * muster_discover(); the later steps (plan, adopt, start) work on it.
 *
 * It may be all that is taken of the library: a kernel that wakes its processors itself, or a
 * program that only lists them, needs the hook map and nothing else of the platform.
 *
 * @code
 * #include <muster/machine.h>
 *
 * #define CPUS_MOST 256
 *
 * static struct muster_cpu cpus[CPUS_MOST];
 * static struct muster_index_entry places[2 * CPUS_MOST];
 *
 * uint32_t count_processors(const struct muster_platform *platform, uint64_t rsdp_phys)
 * {
 *     static struct muster_machine machine;
 *     uint32_t count = 0;
 *     if (muster_machine_init(&machine, platform, cpus, CPUS_MOST, places, 2 * CPUS_MOST) ||
 *         muster_discover(&machine, rsdp_phys, MUSTER_BSP_UNKNOWN))
 *         return 0;
 *     for (uint32_t i = 0; i < machine.cpu_count; i++)
 *         count += machine.cpus[i].enabled;
 *     return count;
 * }
 * @endcode
 */
#ifndef MUSTER_MACHINE_H
#define MUSTER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/cpu.h>
#include <muster/platform.h>
#include <muster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who describes the machine: a set of these, or one of them. */
enum muster_source {
    MUSTER_SOURCE_ACPI = 1 << 0,
    MUSTER_SOURCE_FDT = 1 << 1, /* a flattened device tree */
};

/** "acpi", "device-tree", "acpi+device-tree", or "none" for the empty set. Never NULL. */
const char *muster_source_name(unsigned sources);

/** One processor as firmware describes it. Its index in muster_machine.cpus never changes. */
struct muster_cpu {
    uint32_t apic_id;
    uint32_t acpi_uid;  /* 0 where only a device tree lists it */
    uint32_t numa_node; /* MUSTER_NUMA_NODE_UNKNOWN unless a device tree or the SRAT says it */
    uint8_t sources;    /* set of enum muster_source: who lists it */
    bool bsp;
    bool enabled;        /* usable now: it is woken and waited for */
    bool online_capable; /* not there now, may be added later: never waited for */
};

/**
 * The wakeup mailbox as published: by the Multiprocessor Wakeup entry (ACPI 6.6, 5.2.12.19), or by
 * a node "intel,wakeup-mailbox" of a device tree, which knows an address only. That counts as
 * version 0: no Test and no ResetVector, so that no CPU can be handed back.
 */
struct muster_mailbox_description {
    bool present;
    enum muster_source source; /* ACPI's where both describe it */
    uint16_t version;
    uint8_t length; /* of the entry: 16 or 24, judged apart from the version; 0 in a tree */
    uint64_t mailbox_phys;
    uint64_t reset_vector_phys; /* 0 unless version >= 1 and length >= 24 and it is given */
};

/** A place in the index of APIC IDs: open addressing, see muster_machine_find(). */
struct muster_index_entry {
    uint32_t apic_id;
    uint32_t number; /* index of the CPU + 1; 0: empty */
};

/**
 * For a host that wants to hear of everything that discovery refuses, and not only of the first
 * thing: a tool, a verbose boot log. With it discovery reads on behind what it can step over: an
 * entry of the MADT or SRAT, a node of a device tree. Its verdict stays the same.
 */
struct muster_listener {
    void *context;
    /** The last one told is the verdict, machine->finding, which may have been told before. */
    void (*refused)(void *context, const struct muster_finding *finding);
};

/** All that is known of the machine: see muster_machine_init(). */
struct muster_machine {
    const struct muster_platform *platform;
    const struct muster_listener *listener; /* the host's, set before discovery; or NULL */

    /* Discovered. */
    struct muster_cpu *cpus; /* in the order of the tables */
    uint32_t cpu_capacity;
    uint32_t cpu_count;
    uint32_t bsp; /* index into cpus */
    struct muster_index_entry *index;
    uint32_t index_shift; /* an ID's home is (ID * MUSTER_INDEX_MULTIPLIER) >> index_shift */
    uint32_t index_mask;  /* number of places - 1; a power of two at least twice cpu_capacity */
    uint64_t lapic_phys;
    uint8_t sources; /* set of enum muster_source: what has been read */
    struct muster_mailbox_description mailbox;
    /**
     * The host's, set before discovery: it has a hot-plug controller that tells which processors
     * come. A MADT older than revision 5 has no online-capable bit and lists those as disabled
     * (QEMU's does): with this they are kept as online-capable, behind all others, as far as there
     * is room. Without it they are dropped, as ACPI 6.6, 5.2.12.2 has it.
     */
    bool keep_disabled;
    bool confidential; /* a TD: INIT and SIPI do not exist, MTRRs are not to be written */
    uint8_t madt_revision;
    uint32_t duplicate_count;      /* entries dropped: the same APIC ID again */
    uint32_t invalid_count;        /* entries dropped: the ID that means none */
    uint32_t disabled_count;       /* entries dropped: neither enabled nor online-capable */
    struct muster_finding finding; /* of the last discovery that failed */

    struct muster_trace *trace; /* see muster/trace.h; NULL: nothing is traced */

    /* Set up by muster_prepare(), see muster/wake.h and muster/cpu.h. */
    struct muster_cpu_config config;
    struct muster_cpu_profile profile;
    struct muster_mtrr_list mtrrs; /* the profile's */
    struct muster_cpu_needs needs; /* the profile's */
    struct muster_slot *slots;     /* one per CPU, same index */
    struct muster_idt *idt;
    struct muster_word strays;   /* arrivals that got no slot: uncounted, or a second time */
    struct muster_word on_count; /* CPUs that are ON: the last one may not go off */
    uint64_t stood_ns; /* the moment at which the clock was found standing; MUSTER_FOREVER: none */
};

#define MUSTER_INDEX_MULTIPLIER  0x9E3779B1u
#define MUSTER_BSP_UNKNOWN       0xFFFFFFFFu
#define MUSTER_NUMA_NODE_UNKNOWN 0xFFFFFFFFu

/**
 * An empty machine over the caller's storage. @index_capacity is a power of two, at least twice
 * @cpu_capacity; else MUSTER_INVALID_ARGUMENT.
 */
enum muster_status muster_machine_init(struct muster_machine *machine,
                                       const struct muster_platform *platform,
                                       struct muster_cpu *cpus, uint32_t cpu_capacity,
                                       struct muster_index_entry *index, uint32_t index_capacity);

/**
 * Read RSDP, RSDT or XSDT, and MADT. On the BSP, once, before anything else.
 *
 * Each structure is copied or, where it is long, read once in one pass; nothing is used before it
 * is checked. On failure machine->finding tells where. Unknown MADT entries are skipped by
 * their length; IDs listed twice are merged (enabled wins); the IDs that mean "none" are dropped.
 *
 * @param rsdp_phys    where the boot loader or firmware says the RSDP is
 * @param bsp_apic_id  the calling CPU's own (muster_apic_id()); MUSTER_BSP_UNKNOWN when the
 *                     tables of another machine are read
 */
enum muster_status muster_discover(struct muster_machine *machine, uint64_t rsdp_phys,
                                   uint32_t bsp_apic_id);

/** The same from a MADT alone that starts at @madt_phys. */
enum muster_status muster_discover_madt(struct muster_machine *machine, uint64_t madt_phys,
                                        uint32_t bsp_apic_id);

/**
 * Read a flattened device tree (Devicetree Specification v0.4) instead: processors from /cpus, the
 * mailbox from /reserved-memory. Needs no ACPI at all. On the BSP, once, before anything else.
 *
 * The tree is read once, in one pass; nothing of it is used before it is checked. On failure
 * machine->finding tells where: the node's number and the token's offset. A processor or mailbox
 * whose status is neither "okay" nor "ok" counts as not there.
 *
 * @param fdt_phys     where the boot loader says the tree is; on an 8-byte border
 * @param bsp_apic_id  as for muster_discover(). With MUSTER_BSP_UNKNOWN the processor that the
 *                     tree's header names is marked as BSP
 */
enum muster_status muster_discover_fdt(struct muster_machine *machine, uint64_t fdt_phys,
                                       uint32_t bsp_apic_id);

/**
 * Read ACPI and a device tree that describe the same machine, and hold the one against the other:
 * the usable processors must be the same (MUSTER_ERROR_SOURCES_CPUS_DIFFER) and so must the
 * mailbox's address where both have one (MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS). The finding has
 * the tree's value as found and ACPI's as wanted. ACPI's order and mailbox are kept.
 */
enum muster_status muster_discover_both(struct muster_machine *machine, uint64_t rsdp_phys,
                                        uint64_t fdt_phys, uint32_t bsp_apic_id);

/**
 * Read the SRAT (ACPI 6.6, 5.2.16), where there is one: in which NUMA node each CPU is. On the
 * BSP, after muster_discover() or muster_discover_both(). Where there is none, what a device tree
 * said stays; else the SRAT alone counts. What is listed of other CPUs is passed over; a CPU that
 * is listed twice is where it was listed first. Nothing depends on it but orders: on failure
 * (MUSTER_ERROR_RSDP_, _TABLE_ or _SRAT_; machine->finding tells where) no CPU has a node, and the
 * rest stays.
 *
 * @return MUSTER_OK also if there is none
 */
enum muster_status muster_discover_nodes(struct muster_machine *machine, uint64_t rsdp_phys);

/** Index of the CPU with this APIC ID, or -1. Any CPU, any time after discovery. */
int32_t muster_machine_find(const struct muster_machine *machine, uint32_t apic_id);

/** The RSDP of a PC's BIOS: scans EBDA and 0xE0000-0xFFFFF (ACPI 6.6, 5.2.5.1); 0 if none. */
uint64_t muster_rsdp_scan(const struct muster_platform *platform);

#ifdef __cplusplus
}
#endif
#endif
