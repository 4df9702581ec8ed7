/**
 * A machine whose firmware is the fuzzer's: pieces of memory anywhere in the first MiB, a platform
 * that hands out copies of just the bytes that were asked for, and an empty machine to be filled.
 */
#ifndef TESTS_FUZZ_FIRMWARE_H
#define TESTS_FUZZ_FIRMWARE_H

#include <muster/machine.h>
#include <muster/wake.h>

#include "abi/x86.h"
#include "tests/fuzz/fuzz.h"

#define FIRMWARE_BYTES  0x100000u
#define FIRMWARE_PIECES 32
#define FIRMWARE_MAPS   512
#define FIRMWARE_CPUS   64u
#define FIRMWARE_INDEX  128u

/** What the machine is like; the first byte of an input. */
enum firmware_flags {
    FIRMWARE_LISTENS = 1 << 0,  /* somebody hears of every refusal */
    FIRMWARE_HOTPLUG = 1 << 1,  /* keep_disabled */
    FIRMWARE_PRIVATE = 1 << 2,  /* asked what is private, it says: the even pages */
    FIRMWARE_TRAMPLED = 1 << 3, /* a byte changes between two maps */
    FIRMWARE_FEW = 1 << 4,      /* there is room for two processors only */
    FIRMWARE_UNKNOWN_BSP = 1 << 5,
};

struct firmware_piece {
    uint32_t phys;
    uint32_t bytes;
    const uint8_t *from;
};

struct firmware {
    struct firmware_piece pieces[FIRMWARE_PIECES];
    unsigned piece_count;
    uint8_t *maps[FIRMWARE_MAPS];
    unsigned map_count;
    unsigned trampled_map; /* before it is handed out; 0: none is */
    uint32_t trampled_phys;
    unsigned heard;

    struct muster_platform platform;
    struct muster_listener listener;
    struct muster_machine machine;
    struct muster_cpu cpus[FIRMWARE_CPUS];
    struct muster_index_entry index[FIRMWARE_INDEX];
};

static inline void firmware_overlay(uint8_t *copy, uint64_t phys, size_t bytes,
                                    const struct firmware_piece *piece)
{
    uint64_t start = phys > piece->phys ? phys : piece->phys;
    uint64_t end = phys + bytes;
    if (end > (uint64_t)piece->phys + piece->bytes)
        end = (uint64_t)piece->phys + piece->bytes;
    if (start < end)
        memcpy(copy + (start - phys), piece->from + (start - piece->phys), end - start);
}

static inline void *firmware_map(void *context, uint64_t phys, size_t bytes)
{
    struct firmware *firmware = context;
    if (phys >= FIRMWARE_BYTES || bytes > FIRMWARE_BYTES - phys)
        return NULL;
    fuzz_require(firmware->map_count < FIRMWARE_MAPS, "the library maps without end");
    uint8_t *copy = calloc(1, bytes);
    if (!copy)
        abort();
    firmware->maps[firmware->map_count++] = copy;
    for (unsigned i = 0; i < firmware->piece_count; i++)
        firmware_overlay(copy, phys, bytes, &firmware->pieces[i]);
    if (firmware->trampled_map && firmware->map_count >= firmware->trampled_map &&
        firmware->trampled_phys >= phys && firmware->trampled_phys - phys < bytes)
        copy[firmware->trampled_phys - phys] ^= 1;
    return copy;
}

static inline bool firmware_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context, (void)bytes;
    return phys / PAGE_BYTES % 2 == 0;
}

static inline uint64_t firmware_msr_read(void *context, uint32_t msr)
{
    (void)context;
    return msr == MSR_APIC_BASE ? 0xFEE00000u : 0;
}

static inline void firmware_hear(void *context, const struct muster_finding *finding)
{
    struct firmware *firmware = context;
    fuzz_require(finding->status != MUSTER_OK, "a refusal without a status was told");
    firmware->heard++;
}

/** @flags: enum firmware_flags. The pieces lead into @input, which stays. */
static inline void firmware_begin(struct firmware *firmware, unsigned flags,
                                  struct fuzz_input *input)
{
    uint32_t capacity = flags & FIRMWARE_FEW ? 2 : FIRMWARE_CPUS;
    memset(firmware, 0, offsetof(struct firmware, cpus));
    if (flags & FIRMWARE_TRAMPLED) {
        firmware->trampled_map = 1 + (unsigned)fuzz_number(input, 1) % 16;
        firmware->trampled_phys = (uint32_t)fuzz_number(input, 3) % FIRMWARE_BYTES;
    }
    firmware->platform.context = firmware;
    firmware->platform.map = firmware_map;
    firmware->platform.msr_read = firmware_msr_read;
    firmware->platform.is_private = flags & FIRMWARE_PRIVATE ? firmware_is_private : NULL;
    firmware->listener = (struct muster_listener){firmware, firmware_hear};
    fuzz_require(muster_machine_init(&firmware->machine, &firmware->platform, firmware->cpus,
                                     capacity, firmware->index, FIRMWARE_INDEX) == MUSTER_OK,
                 "a machine cannot be made");
    firmware->machine.keep_disabled = flags & FIRMWARE_HOTPLUG;
    firmware->machine.listener = flags & FIRMWARE_LISTENS ? &firmware->listener : NULL;
}

static inline void firmware_put(struct firmware *firmware, uint32_t phys, const uint8_t *from,
                                size_t bytes)
{
    if (firmware->piece_count < FIRMWARE_PIECES)
        firmware->pieces[firmware->piece_count++] =
            (struct firmware_piece){phys, (uint32_t)bytes, from};
}

static inline void firmware_forget_maps(struct firmware *firmware)
{
    while (firmware->map_count > 0)
        free(firmware->maps[--firmware->map_count]);
}

static inline void firmware_check_refusal(const struct firmware *firmware)
{
    const struct muster_machine *machine = &firmware->machine;
    fuzz_require(machine->cpu_count == 0 && !machine->mailbox.present && machine->sources == 0,
                 "a refused machine is not empty");
    fuzz_require(memchr(machine->finding.table, 0, sizeof(machine->finding.table)) != NULL,
                 "a finding's table has no end");
    fuzz_require(!machine->listener || firmware->heard > 0, "the listener was not told");
}

/** What holds of a machine that was made of anything, and of the plan for it. */
static inline void firmware_check(struct firmware *firmware, enum muster_status status)
{
    struct muster_machine *machine = &firmware->machine;
    struct muster_plan plan;
    fuzz_require(machine->finding.status == status, "the finding is about something else");
    if (status != MUSTER_OK) {
        firmware_check_refusal(firmware);
        return;
    }
    fuzz_require(machine->cpu_count >= 1 && machine->cpu_count <= machine->cpu_capacity,
                 "a machine was found that has no processor, or too many");
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        fuzz_require(muster_machine_find(machine, machine->cpus[i].apic_id) == (int32_t)i,
                     "a processor cannot be found by its APIC ID");
    fuzz_require(!machine->mailbox.present || machine->mailbox.mailbox_phys % PAGE_BYTES == 0,
                 "a mailbox was taken that is no page");
    if (muster_plan_make(machine, MUSTER_WAY_AUTO, &plan) == MUSTER_OK)
        fuzz_require(plan.reason && plan.reason[0], "a plan gives no reason");
}

#endif
