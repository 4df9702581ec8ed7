/*
 * A guest of the TD shim that does one wrong thing, by the instruction at the symbol `wrong`, and
 * powers off if it gets there. CASE names it: a rule of the mailbox that is broken, INIT and SIPI,
 * or (from 20 on) an end that a TD comes to. TABLES is where the shim was told to put its APs' page
 * tables. Built by tests/td/build-wrong.
 */
#include <muster/machine.h>

#include "abi/mailbox.h"
#include "abi/muster_calls.h"
#include "abi/pvh.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/image.h"
#include "boot/native.h"
#include "boot/td.h"

#define MOST_CPUS  16
#define PLACES     32
#define NOBODY     77
#define OWN_ID     0 /* the BSP's: described, and nobody answers to it */
#define PM_PORT    0x604
#define POWER_OFF  0x2000
#define ROUNDS     1000
#define NO_LEAF    99 /* of TDCALL */
#define MSR_ICR    (MSR_X2APIC + APIC_ICR_LOW / 16)
#define DEBUGCON   0xE9
#define LINE_BYTES 0x20000

static struct muster_platform platform;
static struct muster_machine machine;
static struct muster_cpu cpus[MOST_CPUS];
static struct muster_index_entry places[PLACES];
static volatile uint8_t *mailbox;

#pragma GCC visibility push(hidden)
extern char ap_start[];
extern volatile uint64_t ap_mailbox;
extern volatile uint32_t ap_done;
#pragma GCC visibility pop

/* The APs' code has no stack and no IDT of its own. */
#if CASE == 10
#define AP_CODE ".globl wrong\nwrong: ud2\n"
#elif CASE == 12
#define AP_CODE                                                                                    \
    "movq ap_mailbox(%rip), %rbx\nmovl $1000, %ecx\n"                                              \
    "1: movl %ecx, 2056(%rbx)\ndecl %ecx\njnz 1b\n"
#elif CASE == 14
#define AP_CODE                                                                                    \
    "movl $" TEXT(TABLES) " + 0x1FFF8, %ebx\nmovq $2, (%rbx)\n"                                    \
                          "movq %cr3, %rax\n.globl wrong\nwrong: movq %rax, %cr3\n"
#else
#define AP_CODE ""
#endif
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
__asm__(".text\n.hidden ap_start\nap_start:\n" AP_CODE "movl $1, ap_done(%rip)\n"
        "2: pause\njmp 2b\n"
        ".bss\n.balign 8\n.hidden ap_mailbox, ap_done\n.globl ap_mailbox, ap_done\n"
        "ap_mailbox: .quad 0\nap_done: .long 0\n.text\n");

static inline void put_operands(uint32_t apic_id, uint64_t vector)
{
    *(volatile uint32_t *)(mailbox + 4) = apic_id;
    *(volatile uint64_t *)(mailbox + 8) = vector;
}

static inline void put_command(uint16_t command)
{
    *(volatile uint16_t *)mailbox = command;
}

static inline void wake_ap(void)
{
    ap_mailbox = (uint64_t)mailbox;
    put_operands(machine.cpus[machine.cpu_count - 1].apic_id, (uint64_t)ap_start);
    put_command(MAILBOX_WAKEUP);
}

static inline void wait_for_ap(void)
{
    for (uint64_t end = platform.time_ns(NULL) + 20000000000ull;
         !ap_done && platform.time_ns(NULL) < end;)
        __asm__ volatile("pause");
}

#define WRONG(instruction, ...)                                                                    \
    __asm__ volatile(".globl wrong\nwrong: " instruction : : __VA_ARGS__ : "memory")

/* By the TDCALL at `wrong`: behind it lies what is found of a refused INIT. */
static inline void send_init_and_sipi(void)
{
    register uint64_t r10 __asm__("r10") = 0;
    register uint64_t r11 __asm__("r11") = TDVMCALL_WRMSR;
    register uint64_t r12 __asm__("r12") = MSR_ICR;
    register uint64_t r13 __asm__("r13") =
        ICR_INIT | ICR_ASSERT | (uint64_t)machine.cpus[1].apic_id << ICR_X2_DEST_SHIFT;
    uint64_t leaf = TDG_VP_VMCALL;
    __asm__ volatile(".globl wrong\nwrong: tdcall"
                     : "+a"(leaf), "+r"(r10), "+r"(r11), "+r"(r12), "+r"(r13)
                     : "c"(0x3C00ull)
                     : "memory", "cc");
    td_msr_write(MSR_ICR, ICR_SIPI | ICR_ASSERT | ICR_ALL_BUT_SELF | 8);
}

/* A page that was given to the host, and taken back without being accepted. */
static inline volatile uint8_t *pending_page(void)
{
    static uint8_t page[0x1000] __attribute__((aligned(0x1000)));
    struct muster_tdcall_registers r = {
        .rcx = 0x3C00, .r11 = TDVMCALL_MAP_GPA, .r12 = (uint64_t)page, .r13 = sizeof(page)};
    if (!td_share((uint64_t)page, sizeof(page)) || td_call(TDG_VP_VMCALL, &r) || r.r10)
        td_report_fatal("a page could not be given and taken back");
    return page;
}

static inline void say_in_the_monitors_name(void)
{
    static const char line[] =
        "{\"from\":\"monitor\",\"event\":\"finding\",\"rule\":\"no-init\"}\n";
    for (const char *c = line; *c; c++)
        td_io_out(DEBUGCON, 1, (uint8_t)*c);
}

/* A line without end, as long as the monitor keeps one (monitor/report.c). */
static inline void leave_a_line_open(void)
{
    for (uint32_t i = 0; i < LINE_BYTES; i++)
        td_io_out(DEBUGCON, 1, 'x');
}

static __attribute__((noinline, noclone)) void break_rule(void)
{
#if CASE == 1
    put_operands(OWN_ID, 0x1000);
    put_command(MAILBOX_WAKEUP);
    WRONG("movq %0, 8(%1)", "r"(0x1000ull), "r"(mailbox));
#elif CASE == 2
    put_operands(OWN_ID, 0x1000);
    put_command(MAILBOX_WAKEUP);
    WRONG("movw $1, (%0)", "r"(mailbox));
#elif CASE == 3
    WRONG("movb $1, 2048(%0)", "r"(mailbox));
#elif CASE == 4
    put_operands(OWN_ID, 0x100000000ull);
    WRONG("movw $1, (%0)", "r"(mailbox));
#elif CASE == 5
    put_operands(OWN_ID, 0x1000);
    WRONG("movw $3, (%0)", "r"(mailbox));
#elif CASE == 6
    WRONG("movw $1, 2(%0)", "r"(mailbox));
#elif CASE == 7
    WRONG("movb $0x90, 0xFFF(%0)", "r"(machine.mailbox.reset_vector_phys));
#elif CASE == 8
    WRONG("movq $0, 0x1FFF8(%0)", "r"((uint64_t)TABLES));
#elif CASE == 9
    put_operands(NOBODY, 0x1000);
    WRONG("movw $1, (%0)", "r"(mailbox));
#elif CASE == 11
    WRONG("movw $1, (%0)", "r"(mailbox));
#elif CASE == 12
    wake_ap();
    for (uint32_t i = 0; i < ROUNDS; i++)
        *(volatile uint32_t *)(mailbox + 2048) = i;
    wait_for_ap();
#elif CASE == 15
    uint64_t count = 512;
    uint64_t to = TABLES + 0x1F000;
    __asm__ volatile(".globl wrong\nwrong: rep stosq" : "+D"(to), "+c"(count) : "a"(0) : "memory");
    console_printf("stored to 0x%lx, %lu left\n", to, count);
#elif CASE == 16
    put_operands(OWN_ID, 0x1000);
    put_command(MAILBOX_WAKEUP);
    uint32_t old = 1;
    __asm__ volatile("lock cmpxchgl %2, (%1)" : "+a"(old) : "r"(mailbox), "r"(0) : "memory");
    WRONG("xchgw %w0, 2(%1)", "r"(0x55), "r"(mailbox));
#elif CASE == 17
    struct muster_tdcall_registers r = {.rcx = 0x3C00,
                                        .r10 = MUSTER_CALL_WATCH,
                                        .r11 = MUSTER_REGION_CODE,
                                        .r12 = TABLES,
                                        .r13 = 0x1000};
    td_call(TDG_VP_VMCALL, &r);
    if (!r.r10)
        td_report_fatal("the OS could say what is watched");
    r = (struct muster_tdcall_registers){.rcx = 0x3C00, .r10 = MUSTER_CALL_WATCH};
    td_call(TDG_VP_VMCALL, &r);
    if (!r.r10)
        td_report_fatal("the OS could begin the watch again");
#elif CASE == 18
    td_share((uint64_t)mailbox, 0x1000);
#elif CASE == 19
    send_init_and_sipi();
#elif CASE == 20
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};
    __asm__ volatile("lidt %0" : : "m"(no_idt));
    WRONG("ud2", );
#elif CASE == 21
    WRONG("jmp wrong", );
#elif CASE == 22
    WRONG("tdcall", "a"(NO_LEAF));
#elif CASE == 23
    WRONG("movb $1, (%0)", "r"(pending_page()));
#elif CASE == 24
    say_in_the_monitors_name();
#elif CASE == 25
    leave_a_line_open();
    send_init_and_sipi();
#elif CASE == 10 || CASE == 13 || CASE == 14
    wake_ap();
    wait_for_ap();
#endif
}

void boot_main(uint64_t info_phys, uint32_t magic)
{
    const struct pvh_start_info *info = (const struct pvh_start_info *)info_phys;
    (void)magic;
    td_begin();
    console_init();
    native_platform_init(&platform, 0x100000000ull);
    if (muster_machine_init(&machine, &platform, cpus, MOST_CPUS, places, PLACES) ||
        muster_discover(&machine, info->rsdp_phys, muster_apic_id(&platform)) ||
        !machine.mailbox.present)
        td_report_fatal("no mailbox was found");
    mailbox = (volatile uint8_t *)machine.mailbox.mailbox_phys;
    break_rule();
    td_io_out(PM_PORT, 2, POWER_OFF);
    native_halt();
}
