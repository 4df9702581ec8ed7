#include "monitor/report.h"

#include <stdarg.h>

#include "boot/console.h"
#include "boot/json.h"
#include "boot/lock.h"
#include "lib/atomic.h"
#include "monitor/conformance.h"
#include "monitor/instructions.h"
#include "monitor/monitor.h"
#include "monitor/witness.h"

#define DEBUG_PORT 0xE9
#define RESET_PORT 0xCF9 /* the chipset's */
#define RESET_NOW  0x06
#define LOCK_LOOKS 100000000u
#define LINE_BYTES 0x20000

/* What a reset finds in RAM: nothing at power-on, else how the last run went. */
#define MARK_RAN   0x4D555354u
#define MARK_ENDED 0x454E4444u
static uint32_t reset_mark __attribute__((section(".survives_reset")));

static bool ram_is_fresh;
static struct muster_word lock;
static struct muster_word dying;

static const char *const count_names[COUNT_KINDS] = {
    [COUNT_EXITS] = "exits",
    [COUNT_TDCALL] = "tdcall",
    [COUNT_TDVMCALL] = "tdvmcall",
    [COUNT_VE_CPUID] = "ve_cpuid",
    [COUNT_VE_HLT] = "ve_hlt",
    [COUNT_VE_IO] = "ve_io",
    [COUNT_VE_RDMSR] = "ve_rdmsr",
    [COUNT_VE_WRMSR] = "ve_wrmsr",
    [COUNT_VE_MMIO] = "ve_mmio",
    [COUNT_VE_OTHER] = "ve_other",
    [COUNT_CPUID] = "cpuid",
    [COUNT_MSR] = "msr",
    [COUNT_PORT] = "port",
    [COUNT_HYPERCALL] = "hypercall",
    [COUNT_HYPERCALL_TIME_OUT] = "hypercall_time_out",
    [COUNT_CONTROL_REGISTER] = "control_register",
    [COUNT_NESTED_FAULT] = "nested_fault",
    [COUNT_NMI] = "nmi",
    [COUNT_SLEEP] = "sleep",
    [COUNT_ACCEPTED_PAGES] = "accepted_pages",
    [COUNT_CONVERTED_PAGES] = "converted_pages",
};

/* A CPU that was hit while it held the lock must still be able to say so. */
static void take_lock(void)
{
    lock_try(&lock, LOCK_LOOKS);
}

void report_begin(void)
{
    if (reset_mark == MARK_ENDED) {
        /* The end was told; a QEMU without -no-reboot comes here again and again. */
        global_interrupts_off();
        halt_forever();
    }
    ram_is_fresh = reset_mark != MARK_RAN;
    reset_mark = MARK_RAN;
}

bool report_ram_is_fresh(void)
{
    return ram_is_fresh;
}

static void put_vcpu(const struct vcpu *vcpu)
{
    if (!vcpu)
        return;
    json_number("vcpu", vcpu->index);
    json_number("apic_id", vcpu->apic_id);
    json_hex("rip", vcpu->vmcb->rip + vcpu->vmcb->cs.base);
}

void report_ready(void)
{
    take_lock();
    json_begin("monitor", "ready");
    json_number("vcpus", monitor.vcpu_count);
    json_text("profile", monitor.policy->name);
    json_end();
    lock_drop(&lock);
}

void report_finding(const struct vcpu *vcpu, const char *rule, uint64_t address, uint64_t value,
                    const char *format, ...)
{
    char text[320];
    va_list arguments;
    va_start(arguments, format);
    text_format_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    take_lock();
    if (conformance_count_finding(rule)) {
        json_begin("monitor", "finding");
        json_text("rule", rule);
        put_vcpu(vcpu);
        json_hex("address", address);
        json_hex("value", value);
        json_text("text", text);
        json_end();
    }
    lock_drop(&lock);
}

void report_watch(const char *region, uint64_t phys, uint64_t bytes)
{
    take_lock();
    json_begin("monitor", "watch");
    json_text("region", region);
    json_hex("address", phys);
    json_number("bytes", bytes);
    json_end();
    lock_drop(&lock);
}

void report_mailbox_command(void)
{
    take_lock();
    conformance_count_command();
    lock_drop(&lock);
}

void report_write(const struct vcpu *vcpu, const char *region, uint64_t address, unsigned bytes,
                  uint64_t value)
{
    take_lock();
    if (conformance_count_write(region)) {
        json_begin("monitor", "write");
        json_text("region", region);
        put_vcpu(vcpu);
        json_number("ns", monitor.platform.time_ns(monitor.platform.context));
        json_hex("address", address);
        json_number("bytes", bytes);
        json_hex("value", value);
        json_end();
    }
    lock_drop(&lock);
}

/* The lock is held. */
static void put_count(const struct vcpu *vcpu)
{
    json_begin("monitor", "count");
    json_number("vcpu", vcpu->index);
    for (unsigned kind = 0; kind < COUNT_KINDS; kind++)
        json_number(count_names[kind], vcpu->counts[kind]);
    json_end();
}

/* The lock is held. */
static void put_summary(void)
{
    for (uint32_t i = 0; monitor.vcpus && i < monitor.vcpu_count; i++)
        put_count(&monitor.vcpus[i]);
    conformance_put();
}

static void put_state(const struct vcpu *vcpu)
{
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    json_open("registers", '{');
    for (unsigned i = 0; i < GUEST_REGISTERS; i++)
        json_hex(names[i], vcpu_register(vcpu, (enum guest_register)i));
    json_hex("cr0", vcpu->cr0);
    json_hex("cr2", vcpu->vmcb->cr2);
    json_hex("cr3", vcpu->cr3);
    json_hex("cr4", vcpu->cr4);
    json_hex("efer", vcpu->efer);
    json_hex("rflags", vcpu->vmcb->rflags);
    json_hex("cs", vcpu->vmcb->cs.selector);
    json_close('}');
}

/* "where" is last: with that of the last vCPU everything has been told. */
void report_where(const struct vcpu *vcpu)
{
    witness_judge_tables();
    take_lock();
    put_count(vcpu);
    conformance_put();
    json_begin("monitor", "where");
    put_vcpu(vcpu);
    put_state(vcpu);
    json_end();
    lock_drop(&lock);
}

static _Noreturn void end(const struct vcpu *vcpu, const char *kind, const char *format,
                          va_list arguments)
{
    char text[480];
    /* One CPU's end is enough to read. */
    if (!word_move(&dying, 0, 1))
        halt_forever();
    text_format_list(text, sizeof(text), format, arguments);
    witness_judge_tables();
    take_lock();
    json_begin("monitor", "fatal");
    put_vcpu(vcpu);
    json_text("reason", text);
    if (kind)
        json_text("kind", kind);
    if (vcpu)
        put_state(vcpu);
    json_end();
    put_summary();
    reset_mark = MARK_ENDED;
    out8(RESET_PORT, RESET_NOW);
    halt_forever();
}

void fatal(const struct vcpu *vcpu, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end(vcpu, NULL, format, arguments);
}

void fatal_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end(NULL, "usage", format, arguments);
}

void report_end(const struct vcpu *vcpu, const char *by)
{
    witness_judge_tables();
    take_lock();
    put_summary();
    json_begin("monitor", "end");
    put_vcpu(vcpu);
    json_text("by", by);
    json_end();
    lock_drop(&lock);
}

/*
 * Nobody but the monitor speaks in its name, and whatever the guest leaves open is closed, so that
 * it can neither imitate nor hide a line of the monitor's.
 */
static void pass_on(const uint8_t *line, uint32_t length)
{
    static const char own[] = "{\"from\":\"monitor\"";
    uint32_t same = 0;
    take_lock();
    while (same < length && own[same] && line[same] == (uint8_t)own[same])
        same++;
    if (!own[same])
        out8(DEBUG_PORT, ' ');
    for (uint32_t i = 0; i < length; i++)
        out8(DEBUG_PORT, line[i]);
    if (line[length - 1] != '\n')
        out8(DEBUG_PORT, '\n');
    lock_drop(&lock);
}

void report_guest_byte(uint8_t byte)
{
    static uint8_t line[LINE_BYTES];
    static uint32_t length;
    static struct muster_word line_lock;
    lock_take(&line_lock);
    line[length++] = byte;
    if (byte == '\n' || length == LINE_BYTES) {
        pass_on(line, length);
        length = 0;
    }
    lock_drop(&line_lock);
}
