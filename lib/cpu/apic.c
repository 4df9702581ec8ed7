/* The local APIC, in either of its modes. */
#include "lib/cpu/apic.h"

#include "abi/x86.h"
#include "lib/cpu/instructions.h"

/* A send that stays pending this long will never go out; it is looked at this often. */
#define ICR_PATIENCE_NS 10000000u
#define ICR_LOOK_NS     1000u

bool muster_apic_is_x2(const struct muster_platform *platform)
{
    return platform->msr_read(platform->context, MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

enum muster_status muster_apic_enable_x2(const struct muster_platform *platform)
{
    uint32_t r[4];
    platform->cpuid(platform->context, CPUID_FEATURES, 0, r);
    if (!(r[2] & CPUID_1_ECX_X2APIC))
        return MUSTER_NOT_SUPPORTED;
    uint64_t base = platform->msr_read(platform->context, MSR_APIC_BASE);
    platform->msr_write(platform->context, MSR_APIC_BASE,
                        base | APIC_BASE_X2APIC | APIC_BASE_ENABLED);
    return MUSTER_OK;
}

uint32_t apic_read(const struct muster_platform *platform, bool x2, uint32_t offset)
{
    if (x2)
        return (uint32_t)platform->msr_read(platform->context, MSR_X2APIC + offset / 16);
    return platform->apic_read(platform->context, offset);
}

void apic_write(const struct muster_platform *platform, bool x2, uint32_t offset, uint32_t value)
{
    if (x2)
        platform->msr_write(platform->context, MSR_X2APIC + offset / 16, value);
    else
        platform->apic_write(platform->context, offset, value);
}

uint32_t muster_apic_id(const struct muster_platform *platform)
{
    bool x2 = muster_apic_is_x2(platform);
    uint32_t id = apic_read(platform, x2, APIC_ID);
    return x2 ? id : id >> APIC_XAPIC_ID_SHIFT;
}

void muster_apic_eoi(const struct muster_platform *platform)
{
    apic_write(platform, muster_apic_is_x2(platform), APIC_EOI, 0);
}

/* Whether the last send has gone out, in the end. */
static bool icr_is_free(const struct muster_platform *platform)
{
    void *context = platform->context;
    struct muster_word never = {0};
    uint64_t deadline_ns = platform->time_ns(context) + ICR_PATIENCE_NS;
    uint32_t looks = 0; /* a clock that stands does not keep anybody here */
    while (platform->apic_read(context, APIC_ICR_LOW) & ICR_PENDING) {
        uint64_t now_ns = platform->time_ns(context);
        if (now_ns >= deadline_ns || ++looks == MUSTER_STANDSTILL_TURNS)
            return false;
        platform->wait(context, &never, 0, now_ns + ICR_LOOK_NS);
    }
    return true;
}

/*
 * xAPIC: the high half first, since writing the low half sends; and only once the last one has
 * gone out. x2APIC: one write, no delivery status (SDM vol. 3, 11.12.9), but whatever the woken
 * CPU is to see must be visible first.
 */
enum muster_status apic_send(const struct muster_platform *platform, bool x2, uint32_t apic_id,
                             uint32_t command)
{
    void *context = platform->context;
    if (x2) {
        order_before_x2apic();
        platform->msr_write(context, MSR_X2APIC + APIC_ICR_LOW / 16,
                            (uint64_t)apic_id << ICR_X2_DEST_SHIFT | command);
        return MUSTER_OK;
    }
    if (apic_id >= APIC_XAPIC_ID_LIMIT)
        return MUSTER_ERROR_APIC_ID_BEYOND_XAPIC;
    if (!icr_is_free(platform))
        return MUSTER_ERROR_APIC_STUCK;
    platform->apic_write(context, APIC_ICR_HIGH, apic_id << ICR_X_DEST_SHIFT);
    platform->apic_write(context, APIC_ICR_LOW, command);
    return MUSTER_OK;
}

enum muster_status muster_apic_send(const struct muster_platform *platform, uint32_t apic_id,
                                    uint8_t vector)
{
    return apic_send(platform, muster_apic_is_x2(platform), apic_id,
                     ICR_FIXED | ICR_ASSERT | vector);
}

enum muster_status muster_apic_send_nmi(const struct muster_platform *platform, uint32_t apic_id)
{
    return apic_send(platform, muster_apic_is_x2(platform), apic_id, ICR_NMI | ICR_ASSERT);
}
