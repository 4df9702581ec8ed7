#define _GNU_SOURCE /* REG_EFL */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "lib/wake/mailbox.h"
#include "tests/unit/fake_machine.h"

#define COUNT 8
#define SOME  1 /* an AP: the BSP is COUNT / 2 */

static int set_up(void **state)
{
    *state = fake_mailbox_machine(COUNT, 1);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void assert_everybody_is_in(const struct fake_machine *fake)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (i != fake->machine.bsp) {
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_OK);
            assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
        }
}

/* Entry pages. */

static enum muster_status prepare_at(struct fake_machine *fake, uint64_t phys, uint64_t bytes)
{
    fake->config.entry_phys = phys;
    fake->config.entry_bytes = bytes;
    return muster_prepare(&fake->machine, &fake->plan, &fake->config, fake->slots, fake->idt,
                          FAKE_PERCPU);
}

static void entry_pages_lie_below_4_gib(void **state)
{
    struct fake_machine *fake = *state;

    fake_region_add(fake, 0xFFFFF000, 2 * PAGE_BYTES);
    fake_region_add(fake, 0, PAGE_BYTES);
    assert_int_equal(prepare_at(fake, 0xFFFFF000, PAGE_BYTES), MUSTER_OK);
    assert_int_equal(prepare_at(fake, 0x100000000, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(prepare_at(fake, 0, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
}

static void last_of_several_entry_pages_lies_below_4_gib_too(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(ENTRY_STUBS + 1, 1);

    (void)state;
    fake_region_add(fake, 0xFFFFE000, 3 * PAGE_BYTES);
    assert_int_equal(prepare_at(fake, 0xFFFFE000, 2 * PAGE_BYTES), MUSTER_OK);
    assert_int_equal(prepare_at(fake, 0xFFFFF000, 2 * PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(prepare_at(fake, 0xFFFFE000, 2 * PAGE_BYTES - 1), MUSTER_ERROR_ENTRY_PAGE);
    fake_machine_free(fake);
}

static void entry_pages_are_aligned_and_can_be_mapped(void **state)
{
    struct fake_machine *fake = *state;

    fake_region_add(fake, 0x20000, 2 * PAGE_BYTES);
    assert_int_equal(prepare_at(fake, 0x20000, PAGE_BYTES), MUSTER_OK);
    assert_int_equal(prepare_at(fake, 0x20010, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(prepare_at(fake, 0x22000, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
}

static bool all_but_the_first_page_is_private(void *context, uint64_t phys, uint64_t bytes)
{
    (void)context, (void)bytes;
    return phys != 0x20000;
}

static void entry_pages_that_the_host_can_write_are_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake_region_add(fake, 0x20000, 2 * PAGE_BYTES);
    fake->platform.is_private = all_but_the_first_page_is_private;
    assert_int_equal(prepare_at(fake, 0x21000, PAGE_BYTES), MUSTER_OK);
    assert_int_equal(prepare_at(fake, 0x20000, PAGE_BYTES), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(muster_lend_prepare(&fake->machine, 0x21000), MUSTER_OK);
    assert_int_equal(muster_lend_prepare(&fake->machine, 0x20000), MUSTER_ERROR_ENTRY_PAGE);
    fake->config.park_cr3 = 0x20000;
    assert_int_equal(prepare_at(fake, 0x21000, PAGE_BYTES), MUSTER_ERROR_PARK_TABLE_ADDRESS);
}

static void mailbox_that_cannot_be_mapped_is_named(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.mailbox.mailbox_phys = FAKE_MAILBOX + PAGE_BYTES;
    assert_int_equal(prepare_at(fake, FAKE_MAILBOX_ENTRY, PAGE_BYTES),
                     MUSTER_ERROR_MAILBOX_ADDRESS);
}

static void every_entry_page_stands_on_its_own(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(400, 1);

    (void)state;
    for (uint64_t page = 0; page < 3; page++) {
        uint64_t phys = FAKE_MAILBOX_ENTRY + page * PAGE_BYTES;
        const uint8_t *bytes = fake_map(fake, phys, PAGE_BYTES);
        const struct entry_parameters *entry = (const void *)(bytes + ENTRY_PARAMETERS);

        assert_memory_equal(bytes, mailbox_entry_start,
                            (size_t)(mailbox_entry_end - mailbox_entry_start));
        assert_int_equal(entry->arrive, (uint64_t)arrive_by_slot);
        assert_true(mailbox_entry_end - mailbox_entry_start <= ENTRY_PARAMETERS);
        assert_int_equal(entry->slots, (uint64_t)&fake->slots[ENTRY_STUBS * page]);
        assert_int_equal(entry->park_cr3, FAKE_PARK_CR3);
        assert_int_equal(entry->strays, (uint64_t)&fake->machine.strays);
        assert_int_equal(entry->gdt_base, phys + ENTRY_GDT);
        assert_in_range(entry->far32_offset, phys, phys + ENTRY_PARAMETERS);
        assert_in_range(entry->far64_offset, phys, phys + ENTRY_PARAMETERS);
        assert_memory_equal(bytes + entry->far32_offset - phys, mailbox_entry_32, 8);
        assert_memory_equal(bytes + entry->far64_offset - phys, mailbox_entry_64, 6);
        assert_int_equal(entry->far32_selector, ENTRY_CS32);
        assert_int_equal(entry->far64_selector, ENTRY_CS64);
    }
    fake_machine_free(fake);
}

/* Vectors. */

static void vectors_differ_and_lie_in_the_page_of_their_stub(uint32_t count)
{
    struct fake_machine *fake = fake_mailbox_machine(count, 1);

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->command_count, count - 1);
    for (uint32_t i = 0; i < fake->command_count; i++) {
        const struct fake_command *command = &fake->commands[i];
        uint32_t slot = (uint32_t)muster_machine_find(&fake->machine, command->apic_id);

        assert_int_equal(command->command, MAILBOX_WAKEUP);
        assert_int_equal(command->reserved, 0);
        assert_int_equal(command->vector, FAKE_MAILBOX_ENTRY + 4096 * (slot / ENTRY_STUBS) +
                                              ENTRY_STUB_BYTES * (slot % ENTRY_STUBS));
        assert_true(command->vector % 4096 < 4096 - 512); /* a stub, not a parameter */
    }
    assert_everybody_is_in(fake); /* each in its own slot, by what the stub says */
    fake_machine_free(fake);
}

static void each_slot_has_a_vector_of_its_own(void **state)
{
    (void)state;
    vectors_differ_and_lie_in_the_page_of_their_stub(2);
    vectors_differ_and_lie_in_the_page_of_their_stub(64);
}

static void more_than_64_slots_take_several_pages(void **state)
{
    (void)state;
    vectors_differ_and_lie_in_the_page_of_their_stub(65);
    vectors_differ_and_lie_in_the_page_of_their_stub(400);
}

/*
 * The order of stores, as another processor could see them: the page is read-only, each store of
 * the library's traps, is let through alone, and the mailbox is noted after it.
 */
static struct {
    struct mailbox *box;
    struct fake_command seen[64]; /* after each store */
    uint32_t count;
} trace;

static void protect(bool on)
{
    if (mprotect(trace.box, PAGE_BYTES, on ? PROT_READ : PROT_READ | PROT_WRITE))
        abort();
}

static void store_is_about_to_happen(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)signal_number;
    if ((uint64_t)info->si_addr - (uint64_t)trace.box >= PAGE_BYTES)
        abort();
    protect(false);
    user->uc_mcontext.gregs[REG_EFL] |= RFLAGS_TF;
}

static void store_has_happened(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)signal_number, (void)info;
    user->uc_mcontext.gregs[REG_EFL] &= ~RFLAGS_TF;
    if (trace.count == 64)
        abort();
    trace.seen[trace.count++] = (struct fake_command){
        .command = trace.box->command,
        .apic_id = trace.box->apic_id,
        .vector = trace.box->wakeup_vector,
    };
    protect(true);
}

/* The firmware's stores, in the wait hook, are its own affair. */
static void traced_wait(void *context, const struct muster_word *word, uint32_t value,
                        uint64_t deadline_ns)
{
    protect(false);
    fake_wait(context, word, value, deadline_ns);
    protect(true);
}

static enum muster_status traced_adopt(struct fake_machine *fake, uint64_t timeout_ns)
{
    struct sigaction before[2];
    struct sigaction segv = {.sa_sigaction = store_is_about_to_happen, .sa_flags = SA_SIGINFO};
    struct sigaction trap = {.sa_sigaction = store_has_happened, .sa_flags = SA_SIGINFO};

    trace.box = fake->mailbox;
    trace.count = 0;
    fake->platform.wait = traced_wait;
    sigaction(SIGSEGV, &segv, &before[0]);
    sigaction(SIGTRAP, &trap, &before[1]);
    protect(true);
    enum muster_status status = fake_adopt(fake, timeout_ns);
    protect(false);
    sigaction(SIGSEGV, &before[0], NULL);
    sigaction(SIGTRAP, &before[1], NULL);
    return status;
}

static void id_and_vector_are_there_before_the_command(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < COUNT; i++)
        fake->cpus[i].acknowledge_ns = 300 * FAKE_US;
    fake->clear_bytes = 8;
    assert_int_equal(traced_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(trace.count, 3 * (COUNT - 1));
    for (uint32_t i = 0; i < trace.count; i += 3) {
        const struct fake_command *after = &trace.seen[i];
        const struct fake_command *command = &fake->commands[i / 3];

        assert_int_equal(after[0].command, MAILBOX_NOOP); /* the last one was taken */
        /* ID behind vector: who finds the ID finds its vector. */
        assert_int_equal(after[0].vector, command->vector);
        assert_int_not_equal(after[0].apic_id, command->apic_id);
        assert_int_equal(after[1].command, MAILBOX_NOOP);
        assert_int_equal(after[1].apic_id, command->apic_id);
        assert_int_equal(after[1].vector, command->vector);
        assert_int_equal(after[2].command, MAILBOX_WAKEUP);
        assert_int_equal(after[2].apic_id, command->apic_id);
        assert_int_equal(after[2].vector, command->vector);
    }
}

static void withdrawal_is_one_store_to_the_command(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[COUNT - 1].dead = true;
    assert_int_equal(traced_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(trace.count, 3 * (COUNT - 1) + 1);
    assert_int_equal(trace.seen[trace.count - 1].command, MAILBOX_NOOP);
    assert_int_equal(trace.seen[trace.count - 1].apic_id, fake->cpus[COUNT - 1].apic_id);
}

/* Firmware of all kinds. */

static void next_command_comes_only_after_the_acknowledgement(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < COUNT; i++)
        fake->cpus[i].acknowledge_ns = (1 + i) * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->command_count, COUNT - 1);
    for (uint32_t i = 1; i < fake->command_count; i++) {
        struct fake_cpu *last = fake_cpu_by_id(fake, fake->commands[i - 1].apic_id);

        assert_int_equal(fake->commands[i].time_ns - fake->commands[i - 1].time_ns,
                         last->acknowledge_ns);
    }
}

static void firmware_may_clear_2_4_or_8_bytes(void **state)
{
    static const unsigned bytes[] = {2, 4, 8, 16};

    (void)state;
    for (unsigned version = 0; version < 2; version++)
        for (unsigned i = 0; i < 4; i++) {
            struct fake_machine *fake = fake_mailbox_machine(COUNT, (uint16_t)version);

            fake->clear_bytes = bytes[i];
            assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
            assert_everybody_is_in(fake);
            fake_machine_free(fake);
        }
}

static void stamp_of_the_wake_is_the_time_of_the_command(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < fake->command_count; i++) {
        const struct fake_command *command = &fake->commands[i];
        int32_t slot = muster_machine_find(&fake->machine, command->apic_id);

        assert_int_equal(fake->slots[slot].stamps_ns[MUSTER_STAMP_WAKE_SENT], command->time_ns);
    }
}

static void mailbox_that_is_busy_at_first_is_waited_for(void **state)
{
    struct fake_machine *fake = *state;

    fake->mailbox->command = MAILBOX_WAKEUP; /* somebody else's, for nobody here */
    fake->mailbox->apic_id = 0x4444;
    fake_at(fake, 300 * FAKE_MS, fake_acknowledge_again, NULL, 0);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    assert_int_equal(fake->commands[0].apic_id, 0x4444); /* and was not written over */
    assert_int_equal(fake->commands[1].time_ns, FAKE_S + 300 * FAKE_MS);
}

static void mailbox_that_stays_busy_is_named_and_left_alone(void **state)
{
    struct fake_machine *fake = *state;

    fake->mailbox->command = 0x7777;
    fake->mailbox->apic_id = 0x4444;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_cpu(fake, i, MUSTER_CPU_FAILED, MUSTER_ERROR_MAILBOX_BUSY);
    assert_int_equal(fake->mailbox->command, 0x7777);
    assert_int_equal(fake->mailbox->apic_id, 0x4444);
    assert_true(fake->now_ns - FAKE_S <= FAKE_S);
}

/* The dead and the slow. */

static void dead_cpus_cost_one_deadline_at_most(uint32_t count, uint32_t first, uint32_t dead)
{
    struct fake_machine *fake = fake_mailbox_machine(count, 1);
    uint32_t failed = 0;

    for (uint32_t i = first; i < first + dead; i++)
        fake->cpus[i].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_true(fake->now_ns - FAKE_S <= FAKE_S);
    for (uint32_t i = 0; i < count; i++) {
        if (i == fake->machine.bsp)
            continue;
        if (fake->cpus[i].dead) {
            assert_cpu(fake, i, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
            failed++;
        } else {
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_OK);
        }
    }
    assert_true(failed >= dead - 1); /* the BSP may be among them */
    assert_int_equal(fake->mailbox->command, MAILBOX_NOOP);
    fake_machine_free(fake);
}

static void one_dead_cpu_costs_half_the_deadline(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
    assert_in_range(fake->now_ns - FAKE_S, FAKE_S / 2, FAKE_S / 2 + 10 * FAKE_MS);
}

static void many_dead_cpus_cost_no_more_than_a_few_and_the_living_come_up(void **state)
{
    (void)state;
    dead_cpus_cost_one_deadline_at_most(200, 0, 2);
    dead_cpus_cost_one_deadline_at_most(200, 0, 20);
    dead_cpus_cost_one_deadline_at_most(200, 50, 149);
    dead_cpus_cost_one_deadline_at_most(200, 0, 198);
    dead_cpus_cost_one_deadline_at_most(400, 0, 400);
}

/* A command that is withdrawn in the same breath could be read, and wake a CPU given up on. */
static void nothing_is_sent_once_there_is_no_time_for_an_answer(void **state)
{
    struct fake_machine *fake = *state;

    for (uint32_t i = 0; i < COUNT; i++)
        fake->cpus[i].dead = true;
    assert_int_equal(fake_adopt(fake, 300 * FAKE_US), MUSTER_TIME_OUT);
    assert_int_equal(fake->command_count, 2); /* each settles for 100 us after its withdrawal */
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), COUNT - 1);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_cpu(fake, COUNT - 1, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
}

static void slow_firmware_has_half_the_deadline(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].acknowledge_ns = 490 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

/* It is not their fault that somebody in front of them used the deadline up. */
static void cpus_behind_a_dead_one_have_time_to_arrive(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].dead = true;
    for (unsigned i = 1; i < COUNT; i++)
        fake->cpus[i].load_ns = 450 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
}

static void cpu_that_acknowledges_last_has_time_to_arrive(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].dead = true;
    fake->cpus[COUNT - 1].acknowledge_ns = 430 * FAKE_MS;
    fake->cpus[COUNT - 1].load_ns = 40 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
    assert_cpu(fake, COUNT - 1, MUSTER_CPU_OFF, MUSTER_OK);
}

static void silent_arrival_ends_at_the_deadline(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].dead = true;
    fake->cpus[1].load_ns = 100 * FAKE_S;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 1, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake->now_ns - FAKE_S, FAKE_S);
}

static void withdrawn_command_does_not_wake_its_cpu_later(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].acknowledge_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_int_equal(fake->mailbox->command, MAILBOX_NOOP);
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_IN_FIRMWARE);
    fake->cpus[SOME].acknowledge_ns = FAKE_US;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

/* It has read its ID when the command is withdrawn, and reads the next one's vector. */
static void cpu_that_takes_the_vector_of_another_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[1].slow_reader = true;
    fake->cpus[1].acknowledge_ns = 530 * FAKE_MS;
    fake->cpus[2].acknowledge_ns = 60 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 1, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ACKNOWLEDGED);
    assert_cpu(fake, 2, MUSTER_CPU_FAILED, MUSTER_ERROR_WRONG_APIC_ID);
    assert_ptr_equal(fake->cpus[1].slot, &fake->slots[2]);
    assert_int_equal(fake->cpus[1].place, FAKE_REFUSED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 3);
    /* Nobody is sent to the stack it stands on. */
    fake->command_count = 0;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake->command_count, 1);
    assert_int_equal(fake->commands[0].apic_id, fake->cpus[1].apic_id);
    assert_cpu(fake, 2, MUSTER_CPU_FAILED, MUSTER_ERROR_WRONG_APIC_ID);
}

/* It clears the command that has been withdrawn already, and must not clear the next one. */
static void cpu_that_read_its_wake_just_before_the_withdrawal_comes_in(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[1].slow_reader = true;
    fake->cpus[1].acknowledge_ns = 500 * FAKE_MS + 50 * FAKE_US;
    fake->cpus[2].acknowledge_ns = FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

static void second_acknowledgement_loses_one_wake_which_a_second_try_makes_good(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[1].acknowledge_again_ns = 10 * FAKE_US; /* the next takes 20 us to look */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, 2, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
}

/* The protocol's own steps. */

static void test_is_a_command_that_the_cpu_answers(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t id = fake->cpus[SOME].apic_id;

    assert_int_equal(mailbox_test(&fake->machine, id, 2 * FAKE_S), MUSTER_OK);
    assert_int_equal(fake->command_count, 1);
    assert_int_equal(fake->commands[0].command, MAILBOX_TEST);
    assert_int_equal(fake->commands[0].apic_id, id);
    assert_int_equal(fake->now_ns, FAKE_S + fake->cpus[SOME].acknowledge_ns);
    assert_int_equal(fake->cpus[SOME].place, FAKE_IN_FIRMWARE);
}

static void unanswered_test_is_withdrawn(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].silent_to_test = true;
    assert_int_equal(mailbox_test(&fake->machine, fake->cpus[SOME].apic_id, 2 * FAKE_S),
                     MUSTER_TIME_OUT);
    assert_int_equal(fake->now_ns, 2 * FAKE_S);
    assert_int_equal(fake->mailbox->command, MAILBOX_NOOP);
}

static void test_waits_for_a_free_mailbox(void **state)
{
    struct fake_machine *fake = *state;

    fake->mailbox->command = MAILBOX_WAKEUP;
    fake->mailbox->apic_id = 0x4444;
    assert_int_equal(mailbox_test(&fake->machine, fake->cpus[SOME].apic_id, 2 * FAKE_S),
                     MUSTER_ERROR_MAILBOX_BUSY);
    assert_int_equal(fake->mailbox->apic_id, 0x4444);
}

static void command_that_was_answered_just_now_is_not_withdrawn(void **state)
{
    struct fake_machine *fake = *state;

    mailbox_send(fake->mailbox, 5, 0x123456789ABC, MAILBOX_WAKEUP);
    assert_int_equal(fake->mailbox->command, MAILBOX_WAKEUP);
    assert_int_equal(fake->mailbox->reserved, 0);
    assert_int_equal(fake->mailbox->apic_id, 5);
    assert_int_equal(fake->mailbox->wakeup_vector, 0x123456789ABC);
    assert_false(mailbox_withdraw(fake->mailbox, MAILBOX_TEST));
    assert_true(mailbox_withdraw(fake->mailbox, MAILBOX_WAKEUP));
    assert_int_equal(fake->mailbox->command, MAILBOX_NOOP);
    assert_false(mailbox_withdraw(fake->mailbox, MAILBOX_WAKEUP));
}

/* What firmware leaves in the reserved field does not keep the mailbox busy, and is overwritten. */
static void reserved_field_is_no_command(void **state)
{
    struct fake_machine *fake = *state;

    fake->mailbox->reserved = 0xBEEF;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is_in(fake);
    for (uint32_t i = 0; i < fake->command_count; i++)
        assert_int_equal(fake->commands[i].reserved, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entry_pages_lie_below_4_gib),
        cmocka_unit_test(last_of_several_entry_pages_lies_below_4_gib_too),
        TEST(entry_pages_are_aligned_and_can_be_mapped),
        TEST(entry_pages_that_the_host_can_write_are_refused),
        TEST(mailbox_that_cannot_be_mapped_is_named),
        cmocka_unit_test(every_entry_page_stands_on_its_own),
        cmocka_unit_test(each_slot_has_a_vector_of_its_own),
        cmocka_unit_test(more_than_64_slots_take_several_pages),
        TEST(id_and_vector_are_there_before_the_command),
        TEST(withdrawal_is_one_store_to_the_command),
        TEST(next_command_comes_only_after_the_acknowledgement),
        cmocka_unit_test(firmware_may_clear_2_4_or_8_bytes),
        TEST(stamp_of_the_wake_is_the_time_of_the_command),
        TEST(mailbox_that_is_busy_at_first_is_waited_for),
        TEST(mailbox_that_stays_busy_is_named_and_left_alone),
        TEST(one_dead_cpu_costs_half_the_deadline),
        cmocka_unit_test(many_dead_cpus_cost_no_more_than_a_few_and_the_living_come_up),
        TEST(nothing_is_sent_once_there_is_no_time_for_an_answer),
        TEST(slow_firmware_has_half_the_deadline),
        TEST(cpus_behind_a_dead_one_have_time_to_arrive),
        TEST(cpu_that_acknowledges_last_has_time_to_arrive),
        TEST(silent_arrival_ends_at_the_deadline),
        TEST(withdrawn_command_does_not_wake_its_cpu_later),
        TEST(cpu_that_takes_the_vector_of_another_is_refused),
        TEST(cpu_that_read_its_wake_just_before_the_withdrawal_comes_in),
        TEST(second_acknowledgement_loses_one_wake_which_a_second_try_makes_good),
        TEST(test_is_a_command_that_the_cpu_answers),
        TEST(unanswered_test_is_withdrawn),
        TEST(test_waits_for_a_free_mailbox),
        TEST(command_that_was_answered_just_now_is_not_withdrawn),
        TEST(reserved_field_is_no_command),
    };

    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
