/*
 * The museum of bugs, who is who and whose: IDs, arrivals, stacks, owners, page tables. For each
 * public bug a small model of the code that had it, which fails here as it failed there, and
 * then Muster's. See docs/bugs.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster/custody.h>

#include "tests/unit/fake_machine.h"
#include "tests/unit/fake_memory.h"

#include "lib/wake/way.h"

#define COUNT 6u
#define SOME  1u /* an AP */
#define NEXT  2u /* the one behind it */

static void assert_everybody_is_in(const struct fake_machine *fake)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (i != fake->machine.bsp)
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
}

/* ---- Asterinas: an index is taken for an APIC ID ---- */

static void wakes_go_to_apic_ids_and_not_to_indexes(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    uint32_t missed = 0;

    (void)state;
    fake->machine.disabled_count = 1; /* each gets its own wake */
    for (uint32_t index = 0; index < COUNT; index++)
        missed += fake_cpu_by_id(fake, index) != &fake->cpus[index];
    assert_true(missed > 0); /* who sends to indexes */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    for (uint32_t i = 0; i < fake->send_count; i++)
        assert_true(muster_machine_find(&fake->machine, fake->sends[i].dest) >= 0);
    fake_machine_free(fake);
}

/* ---- Asterinas: the xAPIC's ID is not shifted ---- */

static uint8_t id_without_shift(const struct muster_platform *platform)
{
    return (uint8_t)platform->apic_read(platform->context, APIC_ID);
}

static void each_cpu_finds_its_own_id_in_the_xapic(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        fake->current = &fake->cpus[i];
        assert_int_equal(id_without_shift(&fake->platform), 0); /* everybody is CPU 0 */
        assert_int_equal(muster_apic_id(&fake->platform), fake->cpus[i].apic_id);
    }
    fake->current = &fake->cpus[fake->machine.bsp];
    fake_machine_free(fake);
}

/* ---- Asterinas: a broadcast reaches who is not counted ---- */

/* Numbers by arrival, and a record for each that was counted. */
struct arrivals {
    uint32_t records, next;
    bool beyond;
};

static void model_arrives(struct arrivals *arrivals)
{
    arrivals->beyond |= arrivals->next++ >= arrivals->records;
}

static void uncounted_cpu_takes_no_record_when_a_broadcast_reaches_it(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    struct arrivals arrivals = {.records = COUNT - 1};

    (void)state;
    for (uint32_t i = 0; i < fake->cpu_count; i++) /* the uncounted one is among them */
        if (i != fake->machine.bsp)
            model_arrives(&arrivals);
    assert_true(arrivals.beyond);

    fake_spare(fake)->dead = false;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_spare(fake)->place, FAKE_STRAY);
    assert_int_equal(fake->machine.strays.value, 1);
    assert_everybody_is_in(fake);
    fake_machine_free(fake);
}

/* ---- Limine: the one block of arguments is the next one's by then ---- */

struct block {
    uint32_t for_cpu;
};

static void late_cpu_comes_into_its_own_slot_and_not_the_nexts(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    struct block block;

    (void)state;
    block.for_cpu = SOME; /* sent for, and given up */
    block.for_cpu = NEXT; /* sent for, and now the first one comes */
    assert_int_not_equal(block.for_cpu, SOME);

    fake->machine.disabled_count = 1; /* one by one, as there */
    fake->cpus[SOME].start_ns = 900 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, 500 * FAKE_MS), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    fake_pass(fake, FAKE_S);
    assert_everybody_is_in(fake); /* the late one too: in its own */
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_cpu(fake, NEXT, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->machine.strays.value, 0);
    fake_machine_free(fake);
}

/* ---- Zircon: a time-out frees the stack of somebody who lives ---- */

/* Stacks are taken as CPUs come, and freed by the number of who is missing. */
static bool model_frees_a_stack_in_use(uint32_t dead)
{
    bool in_use[COUNT] = {false};
    uint32_t next = 0;
    for (uint32_t cpu = 0; cpu < COUNT; cpu++)
        if (cpu != dead)
            in_use[next++] = true;
    return in_use[dead];
}

static void start_that_is_given_up_leaves_its_stack_to_nobody(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);

    (void)state;
    assert_true(model_frees_a_stack_in_use(SOME));
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        fake->slots[i].start = (struct muster_start){.entry = (muster_entry *)(uintptr_t)0x1000,
                                                     .stack_top = 0x10000 * (i + 1)};
    fake->cpus[SOME].step_ns = 1500 * FAKE_MS; /* it looks when its stack is free again */
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != SOME && i != fake->machine.bsp)
            assert_int_equal(fake->slots[i].start.stack_top, 0x10000 * (i + 1));
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED); /* on its slot's stack, for good */
    fake_machine_free(fake);
}

/* ---- OpenVMM: an INIT that comes late swallows the SIPI ---- */

static void model_sends_once(struct fake_machine *fake, struct fake_cpu *cpu)
{
    fake_interrupt(fake, cpu, ICR_INIT);
    fake_interrupt(fake, cpu, ICR_SIPI | FAKE_SIPI_ENTRY / PAGE_BYTES);
    fake_interrupt(fake, cpu, ICR_SIPI | FAKE_SIPI_ENTRY / PAGE_BYTES);
    fake_pass(fake, 3600 * FAKE_S);
}

static void sipi_that_a_late_init_discards_is_sent_again(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);

    (void)state;
    fake->cpus[SOME].init_ns = 50 * FAKE_MS;
    model_sends_once(fake, &fake->cpus[SOME]);
    assert_int_equal(fake->cpus[SOME].place, FAKE_AWAITS_SIPI); /* for ever */
    fake_machine_free(fake);

    fake = fake_sipi_machine(COUNT);
    fake->cpus[SOME].init_ns = 50 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    fake_machine_free(fake);
}

/* ---- OpenVMM: a CPU with two owners ---- */

/* Two that start CPUs, each of which looks first: both have looked before either acts. */
static unsigned model_owners(enum muster_cpu_state seen_by_one, enum muster_cpu_state seen_by_other)
{
    return (seen_by_one == MUSTER_CPU_OFF ? 1u : 0) + (seen_by_other == MUSTER_CPU_OFF ? 1u : 0);
}

static void of_two_that_start_a_cpu_one_has_it(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    const struct muster_start one = {(muster_entry *)(uintptr_t)0x1000, NULL, 0x10000, NULL};
    const struct muster_start other = {(muster_entry *)(uintptr_t)0x2000, NULL, 0x20000, NULL};
    uint32_t apic_id = fake->cpus[SOME].apic_id;

    (void)state;
    assert_int_equal(model_owners(MUSTER_CPU_OFF, MUSTER_CPU_OFF), 2);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_cpu_on(&fake->machine, apic_id, &one), MUSTER_OK);
    assert_int_equal(muster_cpu_on(&fake->machine, apic_id, &other), MUSTER_ON_PENDING);
    fake_pass(fake, FAKE_S);
    assert_int_equal(muster_cpu_on(&fake->machine, apic_id, &other), MUSTER_ALREADY_ON);
    assert_int_equal(fake->slots[SOME].start.stack_top, 0x10000);
    assert_int_equal(fake->cpus[SOME].interrupts, 1);
    fake_machine_free(fake);
}

/* ---- Asterinas: a table with NX, and EFER.NXE not yet on ---- */

static bool model_faults(uint64_t efer, uint64_t entry)
{
    return entry & PTE_NO_EXECUTE && !(efer & EFER_NXE); /* a reserved bit then (SDM vol. 3, 4.6) */
}

static void nxe_is_on_before_the_park_table_is_loaded(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    struct entry_parameters entry;
    struct start_state begun;

    (void)state;
    assert_true(model_faults(EFER_LME, PTE_NO_EXECUTE));
    entry_parameters_init(&fake->machine, &entry, FAKE_SIPI_ENTRY); /* INIT-SIPI and mailbox */
    assert_false(model_faults(entry.efer, PTE_NO_EXECUTE));
    start_state_make(&fake->machine, SOME, &begun); /* where a hypervisor loads the registers */
    assert_false(model_faults(begun.efer, PTE_NO_EXECUTE));
    fake_machine_free(fake);
}

/* ---- OpenVMM: a trampoline that is written as bytes ---- */

/*
 * What a processor makes of bytes: 66 ba iw and ba id move into DX and EDX, 66 39 d3 compares BX
 * with DX, 75 cb jumps unless equal. The operand of a wrong move swallows the compare behind it,
 * and then the jump goes by flags of long ago.
 */
static bool model_compares(const uint8_t *code, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        if (code[at] == 0x66 && code[at + 1] == 0x39)
            return true;
        at += code[at] == 0x66 ? 4 : code[at] == 0xBA ? 5 : 2;
    }
    return false;
}

/* In code; the one table of data among it is the TD image's, whose GUIDs have no other spelling. */
static bool has_raw_bytes(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    bool found = false, in_table = false;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strstr(line, ".section"))
            in_table = strstr(line, ".table") != NULL;
        if (!in_table)
            found |= strstr(line, ".byte") || strstr(line, ".long 0x") || strstr(line, ".short 0x");
    }
    fclose(file);
    return found;
}

static void no_trampoline_is_written_as_bytes(void **state)
{
    const uint8_t meant[] = {0x66, 0xBA, 0x01, 0x00, 0x66, 0x39, 0xD3, 0x75, 0xF7};
    const uint8_t written[] = {0xBA, 0x01, 0x00, 0x66, 0x39, 0xD3, 0x75, 0xF7};
    const char *const sources[] = {"lib/cpu/arrive.S",     "lib/cpu/entry_mailbox.S",
                                   "lib/cpu/entry_sipi.S", "lib/cpu/entry_stubs.inc",
                                   "lib/cpu/leave.S",      "shim/td/reset.S",
                                   "boot/enter.S",         "boot/jump.S"};

    (void)state;
    assert_true(model_compares(meant, sizeof(meant)));
    assert_false(model_compares(written, sizeof(written)));
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        assert_false(has_raw_bytes(sources[i]));
}

/* ---- Asterinas: the kernel's first pages are the APs' page tables ---- */

#define MEMORY_BYTES (16ull << 20)
#define TDVF_CR3     0x800000u /* declared usable RAM by older TDVF */
#define TABLE        ((uint64_t)(PTE_PRESENT | PTE_WRITABLE))

static void write_firmware_tables(struct fake_memory *memory)
{
    fake_memory_table(memory, TDVF_CR3)[0] = (TDVF_CR3 + 0x1000) | TABLE;
    fake_memory_table(memory, TDVF_CR3 + 0x1000)[0] = (TDVF_CR3 + 0x2000) | TABLE;
    fake_memory_table(memory, TDVF_CR3 + 0x2000)[0] = PTE_LARGE | TABLE;
}

/* Whether an AP that runs on these tables still sees its first 2 MiB. */
static bool ap_is_alive(struct fake_memory *memory)
{
    return fake_memory_table(memory, TDVF_CR3)[0] & PTE_PRESENT &&
           fake_memory_table(memory, TDVF_CR3 + 0x1000)[0] & PTE_PRESENT &&
           fake_memory_table(memory, TDVF_CR3 + 0x2000)[0] & PTE_PRESENT;
}

/* A kernel makes its page metadata, in all the memory that it finds. */
static void take_all_memory(struct fake_memory *memory, struct muster_memory_map *map)
{
    uint64_t phys;
    while (muster_memory_allocate(map, PAGE_BYTES, PAGE_BYTES, 0, MEMORY_BYTES, MUSTER_OWNER_BOOT,
                                  &phys) == MUSTER_OK)
        memset(memory->bytes + phys, 0, PAGE_BYTES);
}

static void kernel_that_takes_all_memory_leaves_the_page_tables_of_aps(void **state)
{
    struct fake_memory *memory = fake_memory_new(MEMORY_BYTES);
    struct muster_memory_range storage[32];
    struct muster_memory_map map;
    struct muster_custody custody;

    (void)state;
    for (unsigned with_custody = 0; with_custody < 2; with_custody++) {
        write_firmware_tables(memory);
        muster_memory_init(&map, storage, 32);
        muster_memory_add(&map, 0, MEMORY_BYTES, MUSTER_MEMORY_USABLE);
        muster_custody_init(&custody, &map, &memory->platform, MUSTER_CUSTODY_RECLAIM);
        if (with_custody)
            assert_int_equal(muster_custody_take_known(&custody), MUSTER_OK);
        take_all_memory(memory, &map);
        assert_int_equal(ap_is_alive(memory), with_custody);
    }
    /* All of it comes to the kernel once no AP needs it any more. */
    assert_int_equal(muster_custody_release(&custody, true), MUSTER_ERROR_CUSTODY_IN_USE);
    assert_int_equal(muster_custody_release(&custody, false), MUSTER_OK);
    assert_int_equal(custody.returned_bytes, custody.taken_bytes);
    fake_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wakes_go_to_apic_ids_and_not_to_indexes),
        cmocka_unit_test(each_cpu_finds_its_own_id_in_the_xapic),
        cmocka_unit_test(uncounted_cpu_takes_no_record_when_a_broadcast_reaches_it),
        cmocka_unit_test(late_cpu_comes_into_its_own_slot_and_not_the_nexts),
        cmocka_unit_test(start_that_is_given_up_leaves_its_stack_to_nobody),
        cmocka_unit_test(sipi_that_a_late_init_discards_is_sent_again),
        cmocka_unit_test(of_two_that_start_a_cpu_one_has_it),
        cmocka_unit_test(nxe_is_on_before_the_park_table_is_loaded),
        cmocka_unit_test(no_trampoline_is_written_as_bytes),
        cmocka_unit_test(kernel_that_takes_all_memory_leaves_the_page_tables_of_aps),
    };

    return cmocka_run_group_tests_name("museum: who is who", tests, NULL, NULL);
}
