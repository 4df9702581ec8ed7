/**
 * What the tests of boot information share: the memory that loaders' information lies in, where it
 * is read to, and what a PC's map is.
 */
#ifndef TESTS_UNIT_BOOT_INFO_H
#define TESTS_UNIT_BOOT_INFO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster/boot_info.h>

#include "tests/unit/captured.h"

/* Where what is made up lies, beyond all that was captured. */
#define MADE_UP       0x9000000u
#define MADE_UP_BYTES 0x10000u

static struct muster_memory_range ranges[64];
static struct muster_memory_map map;
static struct muster_boot_info info;

static const struct muster_platform platform = {.map = captured_map};

static inline void *at(uint64_t phys)
{
    void *there = captured_map(NULL, phys, 1);
    assert_non_null(there);
    return there;
}

static inline void load(const char *name)
{
    assert_true(captured_load(name));
}

static inline int set_up(void **state)
{
    (void)state;
    captured_forget();
    captured_add(MADE_UP, MADE_UP_BYTES);
    memset(&info, 0xA5, sizeof(info));
    muster_memory_init(&map, ranges, 64);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    captured_forget();
    return 0;
}

static inline void assert_range(uint64_t start, uint64_t end, enum muster_memory_type type)
{
    const struct muster_memory_range *range = muster_memory_find(&map, start);
    assert_non_null(range);
    assert_int_equal(range->start_phys, start);
    assert_int_equal(range->end_phys, end);
    assert_int_equal(range->type, type);
}

/* 128 MiB of QEMU's q35; SeaBIOS, which GRUB asks, keeps a page more of it at its end. */
static inline void assert_q35(uint64_t usable_end)
{
    assert_int_equal(map.count, 9);
    assert_range(0, 0x9FC00, MUSTER_MEMORY_USABLE);
    assert_range(0x9FC00, 0xA0000, MUSTER_MEMORY_RESERVED);
    assert_range(0x100000, usable_end, MUSTER_MEMORY_USABLE);
    assert_range(usable_end, 0x8000000, MUSTER_MEMORY_RESERVED);
    assert_range(0xFD00000000, 0x10000000000, MUSTER_MEMORY_RESERVED);
}

/* Where no information can lie. */
static const uint64_t nowhere[] = {0, MADE_UP + MADE_UP_BYTES - 4, UINT64_MAX - 3};

#endif
