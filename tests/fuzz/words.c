/*
 * Command lines: the shim's and the kernel's options, the words in them, and numbers. An input:
 * what reads it, and the text.
 */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>

#include "boot/console.h"
#include "kernel/fatal.h"
#include "kernel/options.h"
#include "shim/options.h"
#include "tests/fuzz/fuzz.h"

enum what { SHIM, KERNEL, WORDS, NUMBER, KINDS };

static jmp_buf end;

void fatal_usage(const char *format, ...)
{
    fuzz_require(format[0], "a refusal says nothing");
    longjmp(end, 1);
}

static void read_shim(const char *text)
{
    struct shim_options options;
    const char *error = shim_options_read(text, &options);
    if (error) {
        fuzz_require(error[0], "a refusal says nothing");
        return;
    }
    fuzz_require(options.levels == 4 || options.levels == 5, "levels are taken that are none");
    fuzz_require(options.tables_phys % 4096 == 0 && options.tables_phys >> 32 == 0,
                 "page tables are wanted where they cannot be");
    fuzz_require(options.protocol <= BOOT_MULTIBOOT1, "a protocol is taken that is none");
}

static void read_kernel(const char *text)
{
    static struct options options;
    if (setjmp(end))
        return;
    options_read(text, &options);
    fuzz_require(options.seed != 0, "a seed of 0 is taken");
    fuzz_require(options.levels == 0 || options.levels == 4 || options.levels == 5,
                 "levels are taken that are none");
}

static void read_words(const char *text)
{
    static const char *const names[] = {"one", "two", "three", NULL};
    char value[8], word[6];
    for (const char *const *name = names; *name; name++) {
        int length = cmdline_value(text, *name, value, sizeof(value));
        fuzz_require(length >= -1 && length <= (int)strlen(text), "a value is longer than all");
        fuzz_require(length < 0 || strlen(value) < sizeof(value), "a value has no end");
    }
    if (cmdline_unknown(text, names, word, sizeof(word)))
        fuzz_require(strlen(word) < sizeof(word), "a word has no end");
}

/* The C library's opinion, of what looks like a number to us. */
static void read_number(const char *text)
{
    uint64_t number;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    bool plain = digits[0] != '\0';
    for (const char *at = digits; *at; at++)
        plain = plain && (hex ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at));
    errno = 0;
    uint64_t wanted = plain ? strtoull(digits, NULL, hex ? 16 : 10) : 0;
    bool good = plain && errno == 0;
    fuzz_require((parse_number(text, &number) == 0) == good, "a number is one, or is none");
    fuzz_require(!good || number == wanted, "a number is another");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    enum what what = (enum what)(fuzz_number(&input, 1) % KINDS);
    char *text = fuzz_text(input.at, input.left);
    if (what == SHIM)
        read_shim(text);
    else if (what == KERNEL)
        read_kernel(text);
    else if (what == WORDS)
        read_words(text);
    else
        read_number(text);
    free(text);
    return 0;
}
