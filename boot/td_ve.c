/* What the TDX module reports by #VE, done as the instruction wanted it (GHCI 1.5, 2.4). */
#include "boot/td.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/cpu/instructions.h"

/* VEINFO's exit qualification for I/O (SDM vol. 3, table 29-5). */
#define VE_IO_BYTES(qualification) (((unsigned)(qualification)&7) + 1)
#define VE_IO_PORT(qualification)  ((uint16_t)((qualification) >> 16))
#define VE_IO_IN                   0x08u
#define VE_IO_STRING               0x30u

/* boot/td.S */
extern const char td_early_stub[] __attribute__((visibility("hidden")));
void td_early_ve(struct muster_trap_frame *frame);

static struct x86_gate gates[VECTOR_VE + 1];

static bool handle_io(struct muster_trap_frame *frame, uint64_t qualification)
{
    unsigned bytes = VE_IO_BYTES(qualification);
    uint16_t port = VE_IO_PORT(qualification);
    if (qualification & VE_IO_STRING)
        return false;
    if (!(qualification & VE_IO_IN))
        td_io_out(port, bytes, (uint32_t)frame->rax);
    else if (bytes == 4)
        frame->rax = td_io_in(port, bytes);
    else
        frame->rax = frame->rax >> 8 * bytes << 8 * bytes | td_io_in(port, bytes);
    return true;
}

static void handle_cpuid(struct muster_trap_frame *frame)
{
    uint32_t out[4];
    td_cpuid((uint32_t)frame->rax, (uint32_t)frame->rcx, out);
    frame->rax = out[0];
    frame->rbx = out[1];
    frame->rcx = out[2];
    frame->rdx = out[3];
}

static void handle_rdmsr(struct muster_trap_frame *frame)
{
    uint64_t value = td_msr_read((uint32_t)frame->rcx);
    frame->rax = (uint32_t)value;
    frame->rdx = value >> 32;
}

/*
 * No MMIO: in a TD these programs use the APIC through MSRs, and no other device has registers
 * in memory that they touch.
 */
bool td_handle_ve(struct muster_trap_frame *frame)
{
    struct muster_tdcall_registers r = {0};
    if (td_call(TDG_VP_VEINFO_GET, &r) != TDX_SUCCESS)
        return false;
    switch (r.rcx) {
    case VE_REASON_CPUID:
        handle_cpuid(frame);
        break;
    case VE_REASON_HLT:
        td_halt(!(frame->rflags & RFLAGS_IF));
        break;
    case VE_REASON_IO:
        if (!handle_io(frame, r.rdx))
            return false;
        break;
    case VE_REASON_RDMSR:
        handle_rdmsr(frame);
        break;
    case VE_REASON_WRMSR:
        td_msr_write((uint32_t)frame->rcx, (uint32_t)frame->rax | frame->rdx << 32);
        break;
    default:
        return false;
    }
    frame->rip += (uint32_t)r.r10; /* the instruction's length */
    return true;
}

void td_early_ve(struct muster_trap_frame *frame)
{
    if (td_handle_ve(frame))
        return;
    console_printf("muster: #VE that no TD program can handle, at 0x%lx\n", frame->rip);
    td_report_fatal("muster: #VE that no TD program can handle");
    for (;;)
        td_halt(true);
}

void td_load_early_idt(void)
{
    struct x86_table_register idtr = {sizeof(gates) - 1, (uint64_t)gates};
    uint64_t stub = (uint64_t)td_early_stub;
    gates[VECTOR_VE] = (struct x86_gate){
        .offset_low = (uint16_t)stub,
        .offset_middle = (uint16_t)(stub >> 16),
        .offset_high = (uint32_t)(stub >> 32),
        .selector = MUSTER_KERNEL_CS, /* the same in boot/enter.S's GDT */
        .type = X86_INTERRUPT_GATE,
    };
    load_idt(&idtr);
}
