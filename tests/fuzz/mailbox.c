/*
 * The wakeup mailbox from both sides, while the other one writes there what it likes: the shim's
 * APs, and the library's waker, which must come to an end by its deadline. An input: which side,
 * IDs and versions, then what is written, one write for each look or wait.
 */
#include <muster/machine.h>

#include "lib/wake/mailbox.h"
#include "shim/mailbox_ap.h"
#include "tests/fuzz/fuzz.h"

#define DEADLINE_NS 1000u
#define WAITS_MOST  5000u

static union {
    struct mailbox mailbox;
    uint8_t bytes[MAILBOX_BYTES];
} page;

/* Place (1 byte, in the first 16 of the page), count (1 byte), bytes. */
static void scribble(struct fuzz_input *input)
{
    size_t place = (size_t)fuzz_number(input, 1) % 16;
    size_t count = (size_t)fuzz_number(input, 1) % (16 - place + 1);
    fuzz_take(input, page.bytes + place, count);
}

/* ---- The AP ---- */

static void check_look(enum mailbox_look look, uint32_t state_before, uint32_t state,
                       const struct mailbox *before, uint32_t apic_id, uint64_t vector)
{
    bool served = look == MAILBOX_LOOK_WAKEUP || look == MAILBOX_LOOK_TESTED;
    fuzz_require(state <= MAILBOX_AP_BACK, "an AP is in no state");
    fuzz_require(!served || (state_before == MAILBOX_AP_WAITING && before->apic_id == apic_id),
                 "an AP served a command that was not for it");
    fuzz_require(look != MAILBOX_LOOK_WAKEUP ||
                     (before->command == MAILBOX_WAKEUP && vector == before->wakeup_vector &&
                      page.mailbox.command == MAILBOX_NOOP && state == MAILBOX_AP_ACKNOWLEDGED),
                 "an AP goes elsewhere than it was told to");
    fuzz_require(served || !memcmp(before, &page.mailbox, sizeof(*before)),
                 "an AP wrote into a mailbox that it did not serve");
    fuzz_require(served || state == state_before, "an AP moved without a command");
}

static void be_ap(struct fuzz_input *input)
{
    uint16_t version = (uint16_t)(fuzz_number(input, 1) % 3);
    uint32_t apic_id = (uint32_t)fuzz_number(input, 1);
    struct muster_word state = {(uint32_t)fuzz_number(input, 1) % (MAILBOX_AP_BACK + 1)};
    struct mailbox_ap_quiet quiet;
    mailbox_ap_quiet_begin(&quiet, &page.mailbox, 0);
    for (uint64_t now_ns = 0; input->left > 0; now_ns += 1000000) {
        uint64_t vector = 0;
        scribble(input);
        struct mailbox before = page.mailbox;
        uint32_t state_before = state.value;
        enum mailbox_look look = mailbox_ap_look(&page.mailbox, &state, apic_id, version, &vector);
        check_look(look, state_before, state.value, &before, apic_id, vector);
        bool is_quiet = mailbox_ap_is_quiet(&quiet, &page.mailbox, look, now_ns);
        fuzz_require(!is_quiet || look == MAILBOX_LOOK_QUIET, "an AP sleeps while it is needed");
        if (look == MAILBOX_LOOK_WAKEUP && now_ns % 2000000)
            fuzz_require(mailbox_ap_leave(&state) && mailbox_ap_arrive(&state),
                         "an AP cannot go and come back");
    }
}

/* ---- The waker ---- */

struct firmware {
    struct fuzz_input *input;
    uint64_t now_ns;
    unsigned waits;
};

static void *map_page(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    return phys == 0x1000 && bytes <= MAILBOX_BYTES ? &page : NULL;
}

static uint64_t time_ns(void *context)
{
    return ((struct firmware *)context)->now_ns;
}

static void wait(void *context, const struct muster_word *word, uint32_t value,
                 uint64_t deadline_ns)
{
    struct firmware *firmware = context;
    (void)word, (void)value;
    fuzz_require(++firmware->waits < WAITS_MOST, "the waker waits without end");
    fuzz_require(deadline_ns <= DEADLINE_NS, "the waker waits beyond its deadline");
    scribble(firmware->input);
    firmware->now_ns += fuzz_number(firmware->input, 1) + 1;
}

static void be_waker(struct fuzz_input *input)
{
    struct firmware firmware = {.input = input};
    struct muster_platform platform = {
        .context = &firmware, .map = map_page, .time_ns = time_ns, .wait = wait};
    struct muster_machine machine = {.platform = &platform,
                                     .mailbox = {.present = true, .mailbox_phys = 0x1000}};
    scribble(input);
    enum muster_status status = mailbox_test(&machine, 7, DEADLINE_NS);
    fuzz_require(status == MUSTER_OK || firmware.now_ns >= DEADLINE_NS,
                 "the waker gave up before its deadline");
    fuzz_require(status == MUSTER_OK || status == MUSTER_TIME_OUT ||
                     status == MUSTER_ERROR_MAILBOX_BUSY,
                 "the waker failed by another name");
    fuzz_require(status != MUSTER_TIME_OUT || page.mailbox.command == MAILBOX_NOOP,
                 "a command that nobody answered is still there");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    unsigned side = (unsigned)fuzz_number(&input, 1) % 2;
    memset(&page, 0, sizeof(page));
    if (side == 0)
        be_ap(&input);
    else
        be_waker(&input);
    return 0;
}
