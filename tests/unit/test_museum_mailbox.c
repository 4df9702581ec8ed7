/*
 * The museum of bugs, the mailbox, on either side of it: for each public bug a small model of the
 * code that had it, which fails here as it failed there, and then Muster's. See docs/bugs.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#include "lib/wake/way.h"
#include "shim/mailbox_ap.h"

#define COUNT    8u
#define LONG     (3600 * FAKE_S) /* what nobody would wait for */
#define FOUR_GIB 0x100000000u

static void assert_everybody_is_in(const struct fake_machine *fake)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (i != fake->machine.bsp) {
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_OK);
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
        }
}

/* ---- Firmware whose acknowledgement does not come ---- */

/* An OS that knows no more than the specification: write, and wait for Noop. */
static bool model_os_wakes(struct fake_machine *fake, uint32_t index)
{
    struct mailbox *mailbox = fake->mailbox;
    mailbox->apic_id = fake->cpus[index].apic_id;
    mailbox->wakeup_vector = mailbox_entry_vector(&fake->machine, index);
    __atomic_store_n(&mailbox->command, MAILBOX_WAKEUP, __ATOMIC_RELEASE);
    fake_pass(fake, LONG);
    return mailbox->command == MAILBOX_NOOP;
}

static struct fake_machine *machine_that_clears(unsigned from, unsigned bytes)
{
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 0);
    fake->clear_from = from;
    fake->clear_bytes = bytes;
    return fake;
}

static void muster_gets_everybody_in(unsigned from, unsigned bytes)
{
    struct fake_machine *fake = machine_that_clears(from, bytes);
    assert_false(model_os_wakes(fake, 0)); /* it is awake, and the next one's turn never comes */
    assert_int_equal(fake->cpus[0].place, FAKE_PARKED);
    fake_machine_free(fake);

    fake = machine_that_clears(from, bytes);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    fake_machine_free(fake);
}

/* td-shim: the CPU goes, and the command stays. */
static void wake_that_is_never_acknowledged_holds_nobody_up(void **state)
{
    (void)state;
    muster_gets_everybody_in(0, 0);
}

/* edk2: the acknowledgement clears the vector. */
static void wake_whose_vector_is_cleared_for_its_command_holds_nobody_up(void **state)
{
    (void)state;
    muster_gets_everybody_in(offsetof(struct mailbox, wakeup_vector), 8);
}

static void shim_acknowledges_by_the_command_and_leaves_the_rest(void **state)
{
    struct mailbox mailbox = {
        .command = MAILBOX_WAKEUP, .apic_id = 7, .wakeup_vector = FAKE_MAILBOX_ENTRY};
    struct muster_word ap = {MAILBOX_AP_WAITING};
    uint64_t vector = 0;

    (void)state;
    assert_int_equal(mailbox_ap_look(&mailbox, &ap, 7, 0, &vector), MAILBOX_LOOK_WAKEUP);
    assert_int_equal(mailbox.command, MAILBOX_NOOP);
    assert_int_equal(mailbox.wakeup_vector, FAKE_MAILBOX_ENTRY);
    assert_int_equal(mailbox.apic_id, 7);
}

/* ---- A vector of 32 bits ---- */

static uint64_t vector_as_td_shim_read_it(const struct mailbox *mailbox)
{
    return (uint32_t)mailbox->wakeup_vector;
}

static void vector_fits_firmware_that_reads_32_bits_of_it(void **state)
{
    const struct mailbox far = {.wakeup_vector = FOUR_GIB + 0x1000};
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 0);

    (void)state;
    assert_int_not_equal(vector_as_td_shim_read_it(&far), far.wakeup_vector);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct mailbox mailbox = {.wakeup_vector = mailbox_entry_vector(&fake->machine, i)};
        assert_int_equal(vector_as_td_shim_read_it(&mailbox), mailbox.wakeup_vector);
    }
    fake->config.entry_phys = FOUR_GIB;
    assert_int_equal(muster_prepare(&fake->machine, &fake->plan, &fake->config, fake->slots,
                                    fake->idt, FAKE_PERCPU),
                     MUSTER_ERROR_ENTRY_PAGE);
    fake_machine_free(fake);
}

static void shim_goes_to_all_64_bits_of_a_vector(void **state)
{
    struct mailbox mailbox = {
        .command = MAILBOX_WAKEUP, .apic_id = 7, .wakeup_vector = FOUR_GIB + 0x1000};
    struct muster_word ap = {MAILBOX_AP_WAITING};
    uint64_t vector = 0;

    (void)state;
    assert_int_equal(mailbox_ap_look(&mailbox, &ap, 7, 0, &vector), MAILBOX_LOOK_WAKEUP);
    assert_true(vector == FOUR_GIB + 0x1000);
}

/* ---- A command that nobody knows ---- */

static const char *what_the_crate_makes_of(uint16_t command)
{
    return command == MAILBOX_NOOP ? "noop" : command == MAILBOX_WAKEUP ? "wakeup" : "panic";
}

static void unknown_command_in_the_mailbox_is_waited_out_and_left_alone(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 0);
    struct muster_word ap = {MAILBOX_AP_WAITING};
    uint64_t vector = 0;

    (void)state;
    fake->mailbox->command = 7;
    fake->mailbox->apic_id = fake->cpus[0].apic_id + 1;
    assert_string_equal(what_the_crate_makes_of(fake->mailbox->command), "panic");
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_MAILBOX_BUSY);
    assert_int_equal(fake->mailbox->command, 7);
    assert_int_equal(mailbox_ap_look(fake->mailbox, &ap, fake->mailbox->apic_id, 1, &vector),
                     MAILBOX_LOOK_BUSY); /* the shim's side */
    assert_int_equal(fake->mailbox->command, 7);
    fake_machine_free(fake);
}

/* ---- Two kinds of ID ---- */

/* The firmware's loop asks by the vCPU's index; the OS writes APIC IDs. */
static int32_t index_that_takes(const struct mailbox *mailbox)
{
    return mailbox->apic_id < COUNT ? (int32_t)mailbox->apic_id : -1;
}

/* Muster's two sides: who of all takes the command that is for the CPU at @index? */
static void only_this_one_takes_it(struct fake_machine *fake, struct mailbox *mailbox,
                                   uint32_t index)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        struct muster_word ap = {MAILBOX_AP_WAITING};
        struct mailbox copy = *mailbox;
        uint64_t vector;
        assert_int_equal(mailbox_ap_look(&copy, &ap, fake->slots[i].apic_id, 1, &vector),
                         i == index ? MAILBOX_LOOK_WAKEUP : MAILBOX_LOOK_BUSY);
    }
}

static void cpu_whose_index_is_not_its_apic_id_takes_its_own_command(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 0);
    uint32_t wrong = 0;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct mailbox mailbox = {.command = MAILBOX_WAKEUP, .apic_id = fake->slots[i].apic_id};
        wrong += index_that_takes(&mailbox) != (int32_t)i;
        only_this_one_takes_it(fake, &mailbox, i);
    }
    assert_true(wrong > 0);
    fake_machine_free(fake);
}

/* ---- Only the vector's page is mapped ---- */

/* What an AP may touch before it has page tables of its own. */
static bool lies_in_page_of(uint64_t vector, uint64_t address, uint64_t bytes)
{
    return address / PAGE_BYTES == vector / PAGE_BYTES &&
           (address + bytes - 1) / PAGE_BYTES == vector / PAGE_BYTES;
}

static void entry_needs_no_page_but_the_vectors(void **state)
{
    const uint64_t trampoline = 0x9A000, its_data = 0x9B000; /* a kernel's: code, and data behind */
    struct fake_machine *fake = fake_mailbox_machine(400, 0);

    (void)state;
    assert_false(lies_in_page_of(trampoline, its_data, 8));
    for (uint32_t i = 0; i < 400; i++) {
        uint64_t vector = mailbox_entry_vector(&fake->machine, i);
        uint64_t phys = vector / PAGE_BYTES * PAGE_BYTES;
        const uint8_t *page = fake_map(fake, phys, PAGE_BYTES);
        const struct entry_parameters *entry = (const void *)(page + ENTRY_PARAMETERS);
        assert_true(lies_in_page_of(vector, phys, ENTRY_PARAMETERS + sizeof(*entry)));
        assert_true(lies_in_page_of(vector, entry->gdt_base, sizeof(entry->gdt)));
        assert_true(lies_in_page_of(vector, entry->far32_offset, 1));
        assert_true(lies_in_page_of(vector, entry->far64_offset, 1));
        assert_true((uint64_t)(mailbox_entry_end - mailbox_entry_start) <= ENTRY_PARAMETERS);
    }
    fake_machine_free(fake);
}

/* ---- Waiting without a pause ---- */

static uint64_t waits_of_a_bare_loop(const struct fake_machine *fake, const struct mailbox *mailbox)
{
    for (unsigned looks = 0; looks < 1000; looks++)
        if (__atomic_load_n(&mailbox->command, __ATOMIC_ACQUIRE) == MAILBOX_NOOP)
            break;
    return fake->waits;
}

static void every_look_at_the_mailbox_that_finds_nothing_is_followed_by_a_wait(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(2, 0);

    (void)state;
    fake->mailbox->command = MAILBOX_WAKEUP; /* somebody else's, for a while */
    assert_int_equal(waits_of_a_bare_loop(fake, fake->mailbox), 0);
    fake->mailbox->command = MAILBOX_NOOP;
    fake->cpus[0].acknowledge_ns = 400 * FAKE_MS;
    /* Time passes in the wait hook only, which pauses: without it this would not come to an end. */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_true(fake->waits >= 2);
    fake_machine_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wake_that_is_never_acknowledged_holds_nobody_up),
        cmocka_unit_test(wake_whose_vector_is_cleared_for_its_command_holds_nobody_up),
        cmocka_unit_test(shim_acknowledges_by_the_command_and_leaves_the_rest),
        cmocka_unit_test(vector_fits_firmware_that_reads_32_bits_of_it),
        cmocka_unit_test(shim_goes_to_all_64_bits_of_a_vector),
        cmocka_unit_test(unknown_command_in_the_mailbox_is_waited_out_and_left_alone),
        cmocka_unit_test(cpu_whose_index_is_not_its_apic_id_takes_its_own_command),
        cmocka_unit_test(entry_needs_no_page_but_the_vectors),
        cmocka_unit_test(every_look_at_the_mailbox_that_finds_nothing_is_followed_by_a_wait),
    };

    return cmocka_run_group_tests_name("museum: the mailbox", tests, NULL, NULL);
}
