#include "kernel/fatal.h"

#include <stdarg.h>

#include "boot/console.h"
#include "boot/native.h"
#include "boot/td.h"
#include "boot/json.h"
#include "kernel/kernel.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

static struct muster_word dying;

/*
 * One CPU's end is enough to read, and this also ends a fault within this function. The event
 * goes first: it takes no lock that the CPU may have held when it was hit.
 */
static void announce(const char *kind, const char *text)
{
    interrupts_off();
    if (!word_move(&dying, 0, 1))
        native_halt();
    json_begin("kernel", "error");
    if (kind)
        json_text("kind", kind);
    json_text("text", text);
    json_end();
    console_printf("muster: %s\nresult: failed: %s\n", text, text);
}

/* The host may take the TD away at once: the last thing that is said. */
static void tell_host(const char *text)
{
    if (td_is_active())
        td_report_fatal(text);
}

static _Noreturn void finish(void)
{
    stop_other_cpus();
    native_halt();
}

/* Where in the tables it was, if this status is discovery's finding. */
static void describe_finding(char *text, size_t bytes, enum muster_status status)
{
    const struct muster_finding *finding = &kernel.machine.finding;
    text[0] = 0;
    if (finding->status != status)
        return;
    text_format(text, bytes, " (%s at 0x%lx, entry %u, offset 0x%x: found 0x%lx, wanted 0x%lx)",
                finding->table, finding->table_phys, finding->entry, finding->offset,
                finding->found, finding->wanted);
}

void fatal_status(enum muster_status status, const char *doing)
{
    char finding[160];
    describe_finding(finding, sizeof(finding), status);
    fatal("cannot %s: %s%s [%s]", doing, muster_error_text(status), finding,
          muster_error_name(status));
}

static _Noreturn void end(const char *kind, const char *format, va_list arguments)
{
    char text[480];
    text_format_list(text, sizeof(text), format, arguments);
    announce(kind, text);
    tell_host(text);
    finish();
}

void fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end(NULL, format, arguments);
}

void fatal_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end("usage", format, arguments);
}

void fatal_trap(const struct percpu *cpu, const struct muster_trap_frame *frame)
{
    char text[240];
    uint64_t address = read_cr2();
    text_format(text, sizeof(text),
                "unexpected trap %lu (error code 0x%lx, CR2 0x%lx) at 0x%lx on CPU %u (APIC ID %u)",
                frame->vector, frame->error_code, address, frame->rip, cpu->index,
                cpu->slot->apic_id);
    announce(NULL, text);
    console_printf("  cs 0x%lx rflags 0x%lx rsp 0x%lx ss 0x%lx cr3 0x%lx frame 0x%lx\n"
                   "  rax 0x%lx rbx 0x%lx rcx 0x%lx rdx 0x%lx rsi 0x%lx rdi 0x%lx\n",
                   frame->cs, frame->rflags, frame->rsp, frame->ss, read_cr3(), (uint64_t)frame,
                   frame->rax, frame->rbx, frame->rcx, frame->rdx, frame->rsi, frame->rdi);
    console_printf("  rbp 0x%lx r8 0x%lx r9 0x%lx r10 0x%lx r11 0x%lx\n"
                   "  r12 0x%lx r13 0x%lx r14 0x%lx r15 0x%lx\n",
                   frame->rbp, frame->r8, frame->r9, frame->r10, frame->r11, frame->r12, frame->r13,
                   frame->r14, frame->r15);
    tell_host(text);
    finish();
}
