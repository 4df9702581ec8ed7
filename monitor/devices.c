#include "monitor/devices.h"

#include "abi/fw_cfg.h"
#include "abi/x86.h"
#include "boot/lock.h"
#include "lib/cpu/instructions.h"
#include "monitor/instructions.h"
#include "monitor/memory.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/pages.h"
#include "monitor/report.h"

#define DEBUG_CONSOLE_READS 0xE9u /* what QEMU's device answers: so a guest finds it */
#define PM1_CONTROL         0x604 /* 16 bits */
#define PM_SLEEP_ENABLE     0x2000u
#define PM_SLEEP_TYPE(cnt)  ((cnt) >> 10 & 7)
#define PM_SLEEP_OFF        0 /* what QEMU's DSDT has for S5 */
#define PM_SLEEP_SUSPEND    1 /* for S3 */
#define PM_SLEEP_DISK       2 /* for S4; there is none besides */
#define KEYBOARD_COMMAND    0x64
#define KEYBOARD_RESET      0xFE
#define FAST_RESET_PORT     0x92
#define FAST_RESET          0x01u
#define CHIPSET_RESET       0x04u

static void io(uint16_t port, unsigned bytes, bool write, uint32_t *value)
{
    if (write && bytes == 1)
        out8(port, (uint8_t)*value);
    else if (write && bytes == 2)
        out16(port, (uint16_t)*value);
    else if (write)
        out32(port, *value);
    else
        *value = bytes == 1 ? in8(port) : bytes == 2 ? in16(port) : in32(port);
}

bool devices_io(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value)
{
    const struct policy_port *rule = policy_port_of(port);
    enum policy_action action = rule ? rule->action : POLICY_REFUSE;
    if (action == POLICY_ALLOW) {
        io(port, bytes, write, value);
        return true;
    }
    if (action == POLICY_EMULATE && rule->emulate(vcpu, port, bytes, write, value))
        return true;
    if (action == POLICY_IGNORE) {
        *value = write ? *value : UINT32_MAX;
        return true;
    }
    report_finding(vcpu, write ? "port-write-refused" : "port-read-refused", port, *value,
                   "port 0x%x (%u bytes): %s", port, bytes, rule ? rule->name : "in no table");
    return false;
}

void devices_access(uint64_t phys, unsigned bytes, bool write, uint64_t *value)
{
    volatile void *device = (volatile void *)phys;
    switch (bytes | (write ? 0x10u : 0u)) {
    case 0x01:
        *value = *(volatile uint8_t *)device;
        break;
    case 0x02:
        *value = *(volatile uint16_t *)device;
        break;
    case 0x04:
        *value = *(volatile uint32_t *)device;
        break;
    case 0x08:
        *value = *(volatile uint64_t *)device;
        break;
    case 0x11:
        *(volatile uint8_t *)device = (uint8_t)*value;
        break;
    case 0x12:
        *(volatile uint16_t *)device = (uint16_t)*value;
        break;
    case 0x14:
        *(volatile uint32_t *)device = (uint32_t)*value;
        break;
    default:
        *(volatile uint64_t *)device = *value;
        break;
    }
}

bool devices_mmio(struct vcpu *vcpu, uint64_t phys, unsigned bytes, bool write, uint64_t *value)
{
    const struct policy_range *rule = policy_range_of(phys);
    const struct policy_range *last = policy_range_of(phys + bytes - 1);
    const char *why = rule ? rule->name : "in no table";
    if (page_state_of(phys) != PAGE_ABSENT)
        why = "memory of the guest's own";
    else if (rule && rule == last && rule->action == POLICY_ALLOW && memory_map_device(phys)) {
        if (rule->ask)
            return rule->ask(vcpu, phys, bytes, write, value);
        devices_access(phys, bytes, write, value);
        return true;
    }
    report_finding(vcpu, write ? "mmio-write-refused" : "mmio-read-refused", phys, *value,
                   "device access to 0x%lx (%u bytes): %s", phys, bytes, why);
    return false;
}

/* By lines, so that no line of the monitor's lands within one of the guest's. */
bool port_debug_console(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write,
                        uint32_t *value)
{
    (void)vcpu;
    (void)port;
    if (bytes != 1)
        return false;
    if (write)
        report_guest_byte((uint8_t)*value);
    else
        *value = DEBUG_CONSOLE_READS;
    return true;
}

/* What PM1 control will be: QEMU 7.2 takes a byte for all of it, later ones and hardware do not. */
static uint32_t pm1_control(uint16_t port, unsigned bytes, uint32_t value)
{
    unsigned shift = (port - PM1_CONTROL) * 8u;
    uint32_t mask = bytes == 1 ? 0xFFu << shift : 0xFFFF;
    return (in16(PM1_CONTROL) & ~mask) | (value << shift & mask);
}

static bool write_pm1(struct vcpu *vcpu, uint16_t port, unsigned bytes, uint32_t value)
{
    if (port != PM1_CONTROL && port != PM1_CONTROL + 1) {
        io(port, bytes, true, &value);
        return true;
    }
    value = pm1_control(port, bytes, value);
    unsigned type = PM_SLEEP_TYPE(value);
    if (value & PM_SLEEP_ENABLE && type == PM_SLEEP_SUSPEND)
        return false; /* no device of this machine's would wake it */
    if (value & PM_SLEEP_ENABLE && (type == PM_SLEEP_OFF || type == PM_SLEEP_DISK))
        report_end(vcpu, "power-off");
    out16(PM1_CONTROL, (uint16_t)value);
    return true;
}

/* An access over several registers reaches each of them, by what is aligned of it. */
bool port_power(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value)
{
    if (!write) {
        io(port, bytes, false, value);
        return true;
    }
    for (unsigned at = 0; at < bytes;) {
        unsigned part = (port + at) % 2 || bytes - at == 1 ? 1 : 2;
        if (!write_pm1(vcpu, (uint16_t)(port + at), part, *value >> at * 8))
            return false;
        at += part;
    }
    return true;
}

bool port_reset(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value)
{
    bool resets = port == KEYBOARD_COMMAND  ? *value == KEYBOARD_RESET
                  : port == FAST_RESET_PORT ? *value & FAST_RESET
                                            : *value & CHIPSET_RESET;
    if (write && resets)
        report_end(vcpu, "reset");
    io(port, bytes, write, value);
    return true;
}

/* Whether it is memory that a device may reach: where there are such states, shared memory. */
static bool is_for_devices(uint64_t phys, uint64_t bytes)
{
    enum page_state wanted = monitor.policy->confidential ? PAGE_SHARED : PAGE_PRIVATE;
    for (uint64_t at = phys & ~(uint64_t)(PAGE_BYTES - 1); at < phys + bytes; at += PAGE_BYTES)
        if (page_state_of(at) != wanted)
            return false;
    return true;
}

static uint64_t strip(uint64_t big_endian)
{
    return __builtin_bswap64(big_endian) & ~GUEST_SHARED_BIT;
}

/*
 * The two halves of the command's address are one register of the device, which is zero again after
 * a command: another vCPU's between them would make it read its command from the guest's memory,
 * unchecked. The device is done when the second is written.
 */
static void command_device(const struct fw_cfg_dma *dma)
{
    static struct muster_word lock;
    uint64_t phys = (uint64_t)dma;
    lock_take(&lock);
    __asm__ volatile("" : : : "memory"); /* the device reads it */
    out32(FW_CFG_PORT_DMA_HIGH, __builtin_bswap32((uint32_t)(phys >> 32)));
    out32(FW_CFG_PORT_DMA_LOW, __builtin_bswap32((uint32_t)phys));
    __asm__ volatile("" : : : "memory");
    lock_drop(&lock);
}

/*
 * The device reads and writes memory by itself and knows no states: a real host's could not reach
 * private pages at all. The guest's addresses may carry the shared bit, which QEMU has not.
 */
static bool start_dma(struct vcpu *vcpu, uint64_t phys)
{
    struct fw_cfg_dma *dma = (struct fw_cfg_dma *)phys;
    if (phys >= GUEST_LOW_END - sizeof(*dma) || !is_for_devices(phys, sizeof(*dma))) {
        report_finding(vcpu, "dma-private", phys, sizeof(*dma),
                       "fw_cfg DMA is told to read its command from memory that it cannot reach");
        return false;
    }
    struct fw_cfg_dma copy = *dma;
    uint32_t control = __builtin_bswap32(copy.control);
    uint32_t bytes = __builtin_bswap32(copy.bytes);
    uint64_t to = strip(copy.address);
    bool moves = bytes && (control & (FW_CFG_DMA_READ | FW_CFG_DMA_WRITE));
    if (moves &&
        (to >= GUEST_LOW_END || bytes > GUEST_LOW_END - to || !is_for_devices(to, bytes))) {
        report_finding(vcpu, "dma-private", to, bytes,
                       "fw_cfg DMA of 0x%x bytes to memory that it cannot reach", bytes);
        dma->control = __builtin_bswap32(FW_CFG_DMA_ERROR);
        return true;
    }
    copy.address = __builtin_bswap64(to);
    command_device(&copy);
    __atomic_store_n(&dma->control, copy.control, __ATOMIC_RELEASE);
    return true;
}

bool port_fw_cfg_dma(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write, uint32_t *value)
{
    static uint32_t high;
    if (!write) {
        io(port, bytes, false, value); /* the interface's signature */
        return true;
    }
    if (bytes != 4)
        return false;
    if (port == FW_CFG_PORT_DMA_HIGH) {
        high = *value;
        return true;
    }
    if (port != FW_CFG_PORT_DMA_LOW)
        return false;
    uint64_t address = (uint64_t)__builtin_bswap32(high) << 32 | __builtin_bswap32(*value);
    high = 0;
    return start_dma(vcpu, address & ~GUEST_SHARED_BIT);
}
