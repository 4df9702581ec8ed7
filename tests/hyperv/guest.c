/* What a guest says, by lines on the debug console. */
#include "tests/hyperv/guest.h"

#include "abi/hyperv.h"
#include "boot/console.h"
#include "boot/port.h"
#include "lib/cpu/instructions.h"

#define DEBUG_PORT  0xE9
#define RESET_PORT  0xCF9
#define RESET_NOW   0x06
#define LINE_BYTES  160
#define PATIENCE_S  20
#define MOST_TSC_HZ 5000000000ull

void say(const char *text)
{
    while (*text)
        port_out8(DEBUG_PORT, (uint8_t)*text++);
}

void check(const char *name, uint64_t got, uint64_t wanted)
{
    char line[LINE_BYTES];
    if (got == wanted)
        text_format(line, sizeof(line), "held %s\n", name);
    else
        text_format(line, sizeof(line), "FAILED %s: 0x%lx instead of 0x%lx\n", name, got, wanted);
    say(line);
}

uint32_t wait_for(volatile uint32_t *word)
{
    uint64_t start = read_tsc();
    while (!*word && read_tsc() - start < PATIENCE_S * MOST_TSC_HZ)
        cpu_pause();
    return *word;
}

void finish(bool by_msr)
{
    say("all checks made\n");
    if (by_msr)
        write_msr(MSR_HYPERV_RESET, HYPERV_RESET_NOW);
    else
        port_out8(RESET_PORT, RESET_NOW);
    for (;;)
        cpu_pause();
}
