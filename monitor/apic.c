/*
 * The local APIC as a guest has it: an x2APIC, by MSRs only. QEMU's TCG has none before QEMU 9, so
 * all of it goes to the xAPIC's registers; IDs above 254 are not to be had that way.
 */
#include "monitor/apic.h"

#include "abi/conformance.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/atomic.h"
#include "monitor/monitor.h"
#include "monitor/msr.h"
#include "monitor/report.h"

#define X2APIC_ID       0x802
#define X2APIC_LDR      0x80D
#define X2APIC_ICR      0x830
#define X2APIC_LINT1    0x836
#define X2APIC_SELF_IPI 0x83F

#define APIC_OFFSET(msr) (((msr)-MSR_X2APIC) * 16)

#define ICR_VECTOR       0x000000FF
#define ICR_LOGICAL      0x00000800
#define ICR_SHORTHAND    0x000C0000
#define ICR_SELF         0x00040000
#define ICR_ALL          0x00080000
#define ICR_LOWEST       0x00000100
#define X2APIC_BROADCAST 0xFFFFFFFFu
#define ICR_LOOKS        1000000u

/* Registers that exist in x2APIC mode, by MSR: a bitmap of 64 for 0x800 to 0x83F. */
#define READABLE                                                                                   \
    (1ull << 0x02 | 1ull << 0x03 | 1ull << 0x08 | 1ull << 0x0A | 1ull << 0x0D | 1ull << 0x0F |     \
     0xFFull << 0x10 | 0xFFull << 0x18 | 0xFFull << 0x20 | 1ull << 0x28 | 0xFFull << 0x30 |        \
     1ull << 0x38 | 1ull << 0x39 | 1ull << 0x3E)
#define WRITABLE                                                                                   \
    (1ull << 0x08 | 1ull << 0x0B | 1ull << 0x0F | 1ull << 0x28 | 1ull << 0x30 | 0x3Full << 0x32 |  \
     1ull << 0x38 | 1ull << 0x3E | 1ull << 0x3F)

static uint32_t read_register(uint32_t offset)
{
    return monitor.platform.apic_read(monitor.platform.context, offset);
}

static void write_register(uint32_t offset, uint32_t value)
{
    monitor.platform.apic_write(monitor.platform.context, offset, value);
}

/* LINT1 is where QEMU's inject-nmi arrives; a guest that masks it masks its own view only. */
void apic_init(struct vcpu *vcpu)
{
    vcpu->lint1 = APIC_LVT_MASKED;
    write_register(APIC_LVT_LINT1, ICR_NMI);
}

/* GIF is clear: nothing of the monitor's on this CPU comes between the two writes. */
static void send(uint32_t apic_id, uint32_t command)
{
    for (uint32_t look = 0; look < ICR_LOOKS && (read_register(APIC_ICR_LOW) & ICR_PENDING); look++)
        ;
    write_register(APIC_ICR_HIGH, apic_id << ICR_X_DEST_SHIFT);
    write_register(APIC_ICR_LOW, command);
}

static bool is_target(const struct vcpu *sender, const struct vcpu *vcpu, uint64_t icr)
{
    uint32_t destination = (uint32_t)(icr >> ICR_X2_DEST_SHIFT);
    switch (icr & ICR_SHORTHAND) {
    case ICR_SELF:
        return vcpu == sender;
    case ICR_ALL:
        return true;
    case ICR_ALL_BUT_SELF:
        return vcpu != sender;
    default:
        break;
    }
    if (destination == X2APIC_BROADCAST)
        return true;
    if (!(icr & ICR_LOGICAL))
        return vcpu->apic_id == destination;
    /* Logical: a cluster of 16 in the upper half, one bit for each of them in the lower. */
    return vcpu->apic_id >> 4 == destination >> 16 && (destination >> (vcpu->apic_id & 15) & 1);
}

static void deliver(struct vcpu *sender, uint64_t icr)
{
    uint32_t command = ICR_FIXED | ICR_ASSERT | (uint32_t)(icr & ICR_VECTOR);
    for (uint32_t i = 0; i < monitor.vcpu_count; i++) {
        struct vcpu *vcpu = &monitor.vcpus[i];
        /* Who waits to be started takes nothing, as a processor that waits for a SIPI. */
        if (!is_target(sender, vcpu, icr) || !vcpu_is_started(vcpu))
            continue;
        if ((icr & ICR_DELIVERY_MODE) == ICR_NMI)
            vcpu_send_nmi(vcpu);
        else
            send(vcpu->apic_id, command);
    }
}

/* Whom a command is for, as a reader calls it. */
static void name_target(uint64_t icr, char *text, size_t bytes)
{
    uint32_t destination = (uint32_t)(icr >> ICR_X2_DEST_SHIFT);
    uint32_t shorthand = (uint32_t)icr & ICR_SHORTHAND;
    if (shorthand == ICR_SELF)
        text_format(text, bytes, "itself");
    else if (shorthand == ICR_ALL_BUT_SELF)
        text_format(text, bytes, "all others");
    else if (shorthand == ICR_ALL || destination == X2APIC_BROADCAST)
        text_format(text, bytes, "all");
    else
        text_format(text, bytes, "%s %u", icr & ICR_LOGICAL ? "logical ID" : "APIC ID",
                    destination);
}

/*
 * The sender is the only place where INIT and SIPI can be stopped: QEMU resets the target out of
 * its guest, intercept or not. So no profile has them: a TD's processors know neither, and those
 * of a partition under Hyper-V are started by hypercall here.
 */
static void refuse_start(struct vcpu *vcpu, uint64_t icr)
{
    bool init = (icr & ICR_DELIVERY_MODE) == ICR_INIT;
    char target[32];
    name_target(icr, target, sizeof(target));
    report_finding(vcpu, init ? RULE_NO_INIT : RULE_NO_SIPI, icr >> ICR_X2_DEST_SHIFT, icr,
                   "%s to %s: refused, no processor here is started by that",
                   init ? "INIT" : "SIPI", target);
}

static bool write_icr(struct vcpu *vcpu, uint64_t icr)
{
    uint32_t mode = (uint32_t)icr & ICR_DELIVERY_MODE;
    vcpu->icr = icr;
    switch (mode) {
    case ICR_FIXED:
    case ICR_LOWEST:
    case ICR_NMI:
        deliver(vcpu, icr);
        return true;
    case ICR_INIT:
    case ICR_SIPI:
        refuse_start(vcpu, icr);
        return true; /* as a TDX host does: the write succeeds, nothing is sent */
    default:
        return false;
    }
}

static bool read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
    switch (msr) {
    case X2APIC_ID:
        *value = vcpu->apic_id;
        break;
    case X2APIC_LDR:
        *value = (uint64_t)(vcpu->apic_id >> 4) << 16 | 1u << (vcpu->apic_id & 15);
        break;
    case X2APIC_ICR:
        *value = vcpu->icr;
        break;
    case X2APIC_LINT1:
        *value = vcpu->lint1;
        break;
    default:
        *value = read_register(APIC_OFFSET(msr));
        break;
    }
    return true;
}

static bool write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
    if (msr == X2APIC_ICR)
        return write_icr(vcpu, value);
    if (value >> 32)
        return false;
    if (msr == X2APIC_LINT1)
        vcpu->lint1 = (uint32_t)value;
    else if (msr == X2APIC_SELF_IPI)
        send(vcpu->apic_id, ICR_FIXED | ICR_ASSERT | (uint32_t)(value & ICR_VECTOR));
    else
        write_register(APIC_OFFSET(msr), (uint32_t)value);
    return true;
}

bool msr_x2apic(struct vcpu *vcpu, uint32_t msr, bool is_write, uint64_t *value)
{
    uint32_t number = msr - MSR_X2APIC;
    if (number >= 64 || !((is_write ? WRITABLE : READABLE) >> number & 1))
        return false;
    return is_write ? write(vcpu, msr, *value) : read(vcpu, msr, value);
}
