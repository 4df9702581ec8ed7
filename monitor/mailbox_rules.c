#include "monitor/mailbox_rules.h"

#include "abi/conformance.h"
#include "abi/mailbox.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "monitor/monitor.h"
#include "monitor/npt.h"
#include "monitor/report.h"

static const uint8_t *mailbox; /* as the monitor sees it */

/* The mailbox as the OS's side has written it; firmware may clear more than the command. */
static struct {
    uint8_t head[offsetof(struct mailbox, for_os)];
    uint16_t pending;                /* the command that was in the mailbox before this store */
    bool id_written, vector_written; /* since the last command */
} os;

void mailbox_rules_begin(uint64_t mailbox_phys)
{
    mailbox = (const uint8_t *)npt_host_address(mailbox_phys);
    memcpy(os.head, mailbox, sizeof(os.head));
}

static bool touches(uint64_t offset, unsigned bytes, size_t first, size_t end)
{
    return offset < end && offset + bytes > first;
}

static bool is_described(uint32_t apic_id)
{
    for (uint32_t i = 0; i < monitor.vcpu_count; i++)
        if (monitor.vcpus[i].apic_id == apic_id)
            return true;
    return false;
}

static void judge_operands(struct vcpu *vcpu, const struct store *store, uint16_t command,
                           uint64_t vector)
{
    bool missing = !os.id_written || (command == MAILBOX_WAKEUP && !os.vector_written);
    uint32_t apic_id;
    memcpy(&apic_id, os.head + offsetof(struct mailbox, apic_id), sizeof(apic_id));
    /* With a command before Noop, none of its operands can be right. */
    if (os.pending != MAILBOX_NOOP)
        report_finding(vcpu, RULE_NOOP, store->phys, command,
                       "command %u, while the mailbox still holds command %u", command, os.pending);
    else if (missing)
        report_finding(vcpu, RULE_OPERANDS, store->phys, command,
                       "command %u was released without %s written before it", command,
                       os.id_written ? "a vector" : "an APIC ID");
    else if (!is_described(apic_id))
        report_finding(vcpu, RULE_CPU, store->phys, apic_id,
                       "a command for APIC ID %u, which no processor has", apic_id);
    else if (command == MAILBOX_WAKEUP && vector >= GUEST_FOUR_GIB)
        report_finding(vcpu, RULE_VECTOR, store->phys, vector,
                       "wakeup vector 0x%lx is not below 4 GiB", vector);
}

static void judge_command(struct vcpu *vcpu, const struct store *store)
{
    uint16_t command;
    uint64_t vector;
    memcpy(&command, os.head, sizeof(command));
    memcpy(&vector, os.head + offsetof(struct mailbox, wakeup_vector), sizeof(vector));
    if (command == MAILBOX_NOOP) /* taken back, as who gives a processor up does */
        return;
    report_mailbox_command();
    if (command > MAILBOX_TEST)
        report_finding(vcpu, RULE_COMMAND, store->phys, command, "mailbox command %u is reserved",
                       command);
    else
        judge_operands(vcpu, store, command, vector);
    os.id_written = os.vector_written = false;
}

void mailbox_judge(struct vcpu *vcpu, const struct store *store)
{
    uint64_t offset = store->phys % PAGE_BYTES;
    uint16_t reserved;
    bool releases = touches(offset, store->bytes, 0, offsetof(struct mailbox, reserved));
    bool id = touches(offset, store->bytes, offsetof(struct mailbox, apic_id),
                      offsetof(struct mailbox, wakeup_vector));
    bool vector = touches(offset, store->bytes, offsetof(struct mailbox, wakeup_vector),
                          offsetof(struct mailbox, for_os));
    if (offset + store->bytes > offsetof(struct mailbox, for_firmware))
        report_finding(vcpu, RULE_HALF, store->phys, store->value,
                       "offset 0x%lx of the mailbox is the firmware's: read-only", offset);
    memcpy(&os.pending, mailbox, sizeof(os.pending));
    memcpy(os.head, &os.pending, sizeof(os.pending));
    for (unsigned i = 0; i < store->bytes && offset + i < sizeof(os.head); i++)
        os.head[offset + i] = (uint8_t)(store->value >> (8 * i));
    memcpy(&reserved, os.head + offsetof(struct mailbox, reserved), sizeof(reserved));
    if (reserved && touches(offset, store->bytes, offsetof(struct mailbox, reserved),
                            offsetof(struct mailbox, apic_id)))
        report_finding(vcpu, RULE_RESERVED, store->phys, reserved,
                       "0x%x in the field behind the command", reserved);
    os.id_written |= id;
    os.vector_written |= vector;
    if ((id || vector) && !releases && os.pending != MAILBOX_NOOP)
        report_finding(vcpu, RULE_OPERANDS, store->phys, store->value,
                       "%s was written after command %u was released",
                       id ? "the APIC ID" : "the vector", os.pending);
    if (releases)
        judge_command(vcpu, store);
}
