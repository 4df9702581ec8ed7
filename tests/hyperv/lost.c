/*
 * A partition whose VP 1 is reset by an I/O APIC that was told to send INIT: VP 0 then asks for
 * what every VP must know, and the monitor waits for one that is not there.
 */
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "lib/cpu/instructions.h"
#include "boot/port.h"
#include "tests/hyperv/context.h"
#include "tests/hyperv/guest.h"

#define IOAPIC_PHYS   0xFEC00000
#define IOAPIC_WINDOW 0x10
#define IOAPIC_ENTRY  0x10 /* two registers for each pin */
#define ENTRY_INIT    0x500
#define ENTRY_VP_1    (1u << 24)
#define TIMER_PINS    3 /* it is at pin 0 or 2 */
#define PIT_COUNTER   0x40
#define PIT_COMMAND   0x43
#define PIT_RATE      0x34
#define A_MOMENT      2000000000ull /* of the TSC */

static volatile uint32_t running;
static volatile uint64_t rounds;

static void run(void)
{
    running = 1;
    for (;;)
        rounds++;
}

static void pass_time(void)
{
    for (uint64_t start = read_tsc(); read_tsc() - start < A_MOMENT;)
        cpu_pause();
}

static void write_ioapic(uint32_t number, uint32_t value)
{
    *(volatile uint32_t *)IOAPIC_PHYS = number;
    *(volatile uint32_t *)(IOAPIC_PHYS + IOAPIC_WINDOW) = value;
}

static void reset_vp_1(void)
{
    for (uint32_t pin = 0; pin < TIMER_PINS; pin++) {
        write_ioapic(IOAPIC_ENTRY + 2 * pin + 1, ENTRY_VP_1);
        write_ioapic(IOAPIC_ENTRY + 2 * pin, ENTRY_INIT);
    }
    port_out8(PIT_COMMAND, PIT_RATE);
    port_out8(PIT_COUNTER, 0);
    port_out8(PIT_COUNTER, 0x10);
    pass_time();
}

void guest_main(uint32_t index)
{
    (void)index;
    write_msr(MSR_HYPERV_GUEST_OS_ID, OS_ID);
    vp_input = (struct hyperv_vp_input){HYPERV_THIS_PARTITION, 1, 0, {0}, {0}};
    context_fill(&vp_input.context);
    vp_input.context.rip = (uint64_t)run;
    vp_input.context.rflags = RFLAGS_FIXED;
    vp_input.context.rsp -= sizeof(uint64_t); /* as if called */
    check("vp_starts", guest_vmcall(HYPERV_CALL_START_VP, (uint64_t)&vp_input, 0), HYPERV_SUCCESS);
    check("vp_runs", wait_for(&running), 1);
    reset_vp_1();
    uint64_t before = rounds;
    pass_time();
    check("vp_is_reset", rounds, before);
    write_msr(MSR_HYPERV_REFERENCE_TSC, REFERENCE_PHYS | HYPERV_MSR_ENABLE);
    finish(false);
}
