/*
 * What the monitor is given: a TD's firmware image, and a guest's instructions, decoded and, where
 * they store, done. An input: which of them; then the image, or registers, mode, and code.
 */
#include "tests/unit/fake_guest.h"

#include "monitor/decode.h"
#include "monitor/store.h"
#include "monitor/tdvf.h"
#include "tests/fuzz/fuzz.h"

enum what { IMAGE, DECODE, STORE, KINDS };

/* ---- Images ---- */

struct image {
    uint8_t *bytes;
    uint32_t size;
};

static void read_image(void *context)
{
    static struct tdvf_sections sections;
    const struct image *image = context;
    tdvf_check_bytes(image->size);
    const struct tdvf_section *hob = tdvf_read(image->bytes, image->size, &sections);
    fuzz_require(sections.count > 0 && sections.count <= TDVF_MOST_SECTIONS,
                 "an image has no sections, or too many");
    fuzz_require(hob && hob->type == TDVF_SECTION_TD_HOB, "the HOB's section is another");
}

/* An image's length must be that of whole pages: the input is its end, which is what is read. */
static void try_image(struct fuzz_input *input)
{
    uint32_t size = (uint32_t)(input->left + PAGE_BYTES - 1) & ~(uint32_t)(PAGE_BYTES - 1);
    struct image image = {calloc(1, size + 1), size};
    if (input->left)
        memcpy(image.bytes + size - input->left, input->at, input->left);
    fake_run(read_image, &image);
    free(image.bytes);
}

/* ---- Instructions ---- */

static void note(struct vcpu *vcpu, const struct store *store)
{
    (void)vcpu;
    fuzz_require(store->bytes >= 1 && store->bytes <= 8, "a store has an impossible size");
    fuzz_require(store->phys / PAGE_BYTES == FAKE_DATA_PHYS / PAGE_BYTES,
                 "a store is in another page than the one that faulted");
}

static void do_store(void *context)
{
    (void)context;
    store_emulate(&fake_guest->vcpu, FAKE_DATA_PHYS, note);
}

static void do_decode(void *context)
{
    struct instruction instruction;
    (void)context;
    if (decode(&fake_guest->vcpu, &instruction))
        fuzz_require(instruction.bytes >= 1 && instruction.bytes <= INSTRUCTION_MOST_BYTES,
                     "an instruction has an impossible length");
}

/* The registers lead to the page, or into what is not mapped, or anywhere. */
static void try_code(struct fuzz_input *input, void (*run)(void *context))
{
    static const uint32_t modes[] = {SVM_SEGMENT_CODE64, SVM_SEGMENT_CODE32,
                                     SVM_SEGMENT_CODE32 & ~(uint32_t)SVM_SEGMENT_D};
    fake_guest_new();
    fake_guest->vmcb.cs.attributes = (uint16_t)modes[fuzz_number(input, 1) % 3];
    for (unsigned i = 0; i < GUEST_REGISTERS; i++) {
        uint64_t value = fuzz_number(input, 2);
        vcpu_set_register(&fake_guest->vcpu, (enum guest_register)i,
                          value & 1 ? FAKE_DATA_PHYS + (value & 0xFF8) : value * 0x10001);
    }
    uint8_t code[INSTRUCTION_MOST_BYTES];
    fuzz_take(input, code, sizeof(code));
    fake_guest_code(code, sizeof(code));
    fake_run(run, NULL);
    fake_guest_free();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    enum what what = (enum what)(fuzz_number(&input, 1) % KINDS);
    if (what == IMAGE)
        try_image(&input);
    else
        try_code(&input, what == DECODE ? do_decode : do_store);
    return 0;
}
