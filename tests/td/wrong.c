/*
 * A guest of the TD shim that does one wrong thing, by the instruction at the symbol `wrong`, and
 * powers off if it gets there. CASE names it: a rule of the mailbox that is broken, INIT and SIPI,
 * or (from 20 on) an end that a TD comes to; those from 40 on end by odd ways to PM1 control.
 * TABLES is where the shim was told to put its APs' page tables. Built by tests/td/build-wrong.
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
#include "lib/cpu/instructions.h"

#define MOST_CPUS  16
#define PLACES     32
#define NOBODY     77
#define OWN_ID     0 /* the BSP's: described, and nobody answers to it */
#define PM_PORT    0x604
#define POWER_OFF  0x2000
#define SUSPEND    0x2400
#define NO_SLEEP   0x3400 /* a type that the machine has not */
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
extern volatile uint64_t ap_cr3;
extern volatile uint32_t ap_done, ap_go;
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
#elif CASE == 30
#define AP_CODE "jmp wrong\n.balign 4096\n.globl wrong\n.hidden wrong\nwrong: nop\n"
#elif CASE == 31
#define AP_CODE "movq ap_cr3(%rip), %rax\nmovq %rax, %cr3\njmp 3f\n.balign 4096\n3: nop\n"
#elif CASE == 32
#define AP_CODE                                                                                    \
    "movq ap_mailbox(%rip), %rbx\nmovl $1000, %ecx\n"                                              \
    "1: cmpl $0, ap_go(%rip)\nje 1b\nmovw $1, (%rbx)\ndecl %ecx\njnz 1b\n"
#elif CASE == 35
#define AP_CODE "movl $" TEXT(TABLES) " + 0x1FFF8, %ebx\nmovq $2, (%rbx)\n"
#else
#define AP_CODE ""
#endif
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
__asm__(".text\n.balign 128\n.hidden ap_start\nap_start:\n" AP_CODE "movl $1, ap_done(%rip)\n"
        "2: pause\njmp 2b\n"
        ".bss\n.balign 8\n.hidden ap_mailbox, ap_cr3, ap_done, ap_go\n"
        ".globl ap_mailbox, ap_cr3, ap_done, ap_go\n"
        "ap_mailbox: .quad 0\nap_cr3: .quad 0\nap_done: .long 0\nap_go: .long 0\n.text\n");

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

static inline void check(bool right, const char *text)
{
    if (!right)
        td_report_fatal(text);
}

/* Stores as atomic helpers and copies do them: each is seen, and does what it does without. */
static inline void store_by_arithmetic(void)
{
    static const uint64_t source[2] = {0x1122334455667788, 0x99AABBCCDDEEFF00};
    bool zero, carry;
    uint64_t vector = 0x234;
    put_operands(OWN_ID, 0x1000);
    __asm__ volatile("lock incw (%1)" : "=@ccz"(zero) : "r"(mailbox) : "memory");
    check(*(volatile uint16_t *)mailbox == MAILBOX_WAKEUP && !zero, "inc");
    __asm__ volatile("lock decw (%1)" : "=@ccz"(zero) : "r"(mailbox) : "memory");
    check(*(volatile uint16_t *)mailbox == MAILBOX_NOOP && zero, "dec");
    __asm__ volatile("lock xaddq %0, 8(%1)" : "+r"(vector) : "r"(mailbox) : "memory");
    check(vector == 0x1000 && *(volatile uint64_t *)(mailbox + 8) == 0x1234, "xadd");
    __asm__ volatile("subq $0x1235, 8(%1)" : "=@ccc"(carry) : "r"(mailbox) : "memory");
    check(carry && *(volatile uint64_t *)(mailbox + 8) == UINT64_MAX, "sub");
    write_cr4(read_cr4() | CR4_OSFXSR);
    __asm__ volatile("movups (%0), %%xmm5\n\tmovups %%xmm5, 16(%1)"
                     :
                     : "r"(source), "r"(mailbox)
                     : "memory");
    check(*(volatile uint64_t *)(mailbox + 16) == source[0] &&
              *(volatile uint64_t *)(mailbox + 24) == source[1],
          "movups");
    /* A command without an operand since the last one. */
    __asm__ volatile(".globl wrong\nwrong: lock btsw $0, (%1)"
                     : "=@ccc"(carry)
                     : "r"(mailbox)
                     : "memory");
    check(*(volatile uint16_t *)mailbox == MAILBOX_WAKEUP && !carry, "bts");
}

static volatile uint32_t nmi_count, nmi_depth, nmi_deepest;
static void *volatile nmi_frames[2];

static inline void send_nmi(void)
{
    td_msr_write(MSR_X2APIC + APIC_ICR_LOW / 16,
                 ICR_NMI | ICR_ASSERT | (uint64_t)OWN_ID << ICR_X2_DEST_SHIFT);
}

/* The first one sends the second, and stays long enough to be hit by it. */
static __attribute__((interrupt, unused)) void handle_nmi(void *frame)
{
    uint32_t answer[4];
    nmi_frames[nmi_count % 2] = frame;
    nmi_depth++;
    nmi_count++;
    if (nmi_depth > nmi_deepest)
        nmi_deepest = nmi_depth;
    if (nmi_count == 1 && CASE == 34)
        send_nmi();
    for (unsigned i = 0; i < 10; i++)
        td_cpuid(CPUID_HYPERVISOR, 0, answer);
    nmi_depth--;
}

/* Type, level and selector as #VE's gate has them; no stack of its own. */
static inline void set_gate(unsigned vector, uint64_t handler)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } idtr;
    __asm__ volatile("sidt %0" : "=m"(idtr));
    volatile uint64_t *gate = (volatile uint64_t *)(idtr.base + vector * 16);
    const volatile uint64_t *of_ve = (const volatile uint64_t *)(idtr.base + VECTOR_VE * 16);
    gate[1] = handler >> 32;
    gate[0] = (handler & 0xFFFF) | (handler & 0xFFFF0000) << 32 | (of_ve[0] & 0x0000FFF8FFFF0000);
}

/* An NMI handler that causes a #VE of its own would lose what is told of this one. */
static __attribute__((interrupt, unused)) void handle_ve(void *frame)
{
    struct muster_tdcall_registers r = {0};
    uint32_t answer[4];
    send_nmi();
    for (unsigned i = 0; i < 10; i++)
        td_cpuid(CPUID_HYPERVISOR, 0, answer);
    check(nmi_count == 0, "an NMI came before VEINFO.GET");
    td_call(TDG_VP_VEINFO_GET, &r);
    td_cpuid(CPUID_HYPERVISOR, 0, answer);
    check(nmi_count == 1, "the NMI is lost behind VEINFO.GET");
    *(volatile uint64_t *)frame += r.r10; /* RIP, behind the instruction: IRET reads it */
}

static inline void take_nmi_in_ve(void)
{
    uint32_t answer[4];
    set_gate(VECTOR_NMI, (uint64_t)handle_nmi);
    set_gate(VECTOR_VE, (uint64_t)handle_ve);
    read_cpuid(CPUID_HYPERVISOR, 0, answer);
    check(nmi_count == 1, "no #VE came");
}

static inline void take_two_nmis(void)
{
    uint32_t answer[4];
    set_gate(VECTOR_NMI, (uint64_t)handle_nmi);
    send_nmi();
    for (unsigned i = 0; i < 100 && nmi_count < 2; i++)
        td_cpuid(CPUID_HYPERVISOR, 0, answer);
    check(nmi_count == 2, "the second NMI is lost");
    check(nmi_deepest == 1, "an NMI came while one was handled");
    /* The second interrupts what the first did, not the first's IRET, whose stack is deeper. */
    check(nmi_frames[0] == nmi_frames[1], "an NMI came before the IRET of the last one");
}

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

/* As the machine's PM1 control can be reached; what its lower byte says stays. */
static inline void power_off_by(uint16_t port, unsigned bytes, uint32_t value)
{
    td_io_out(port, bytes, value);
    td_report_fatal("the machine is still on");
}

static inline void ask_for_suspend(void)
{
    td_io_out(PM_PORT, 2, SUSPEND);
    check(!(td_io_in(PM_PORT, 2) & SUSPEND), "the suspend was taken");
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
    native_halt(); /* until the parked AP looks for its command, and finds no page */
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
#elif CASE == 32
    wake_ap();
    while (*(volatile uint16_t *)mailbox)
        ;
    put_operands(OWN_ID, 0x1000);
    put_command(MAILBOX_WAKEUP);
    ap_go = 1;
    for (uint32_t i = 0; i < ROUNDS; i++)
        put_command(MAILBOX_WAKEUP);
    wait_for_ap();
#elif CASE == 33
    store_by_arithmetic();
#elif CASE == 37
    wake_ap();
    wait_for_ap();
    WRONG("movq $0, 0x1FFF8(%0)", "r"((uint64_t)TABLES));
#elif CASE == 34
    take_two_nmis();
#elif CASE == 40
    power_off_by(PM_PORT, 4, POWER_OFF);
#elif CASE == 41
    td_io_out(PM_PORT, 1, 1);
    power_off_by(PM_PORT + 1, 1, POWER_OFF >> 8);
#elif CASE == 42
    power_off_by(PM_PORT - 2, 4, (uint32_t)POWER_OFF << 16);
#elif CASE == 43
    power_off_by(PM_PORT - 1, 4, (uint32_t)POWER_OFF << 8);
#elif CASE == 44
    ask_for_suspend();
#elif CASE == 45
    td_io_out(PM_PORT, 2, NO_SLEEP);
#elif CASE == 36
    take_nmi_in_ve();
#elif CASE == 10 || CASE == 13 || CASE == 14 || CASE == 30 || CASE == 31 || CASE == 35
    ap_cr3 = read_cr3();
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
