/**
 * What a guest may do, as tables: one struct policy for each profile. Whoever handles an exit
 * looks here what to do; nothing that no table lists is ever allowed.
 */
#ifndef MONITOR_POLICY_H
#define MONITOR_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

enum policy_action {
    POLICY_FATAL = 0, /* the guest ends, by name: also what is in no table */
    POLICY_ALLOW,     /* the machine's own */
    POLICY_EMULATE,   /* the monitor answers */
    POLICY_VE,        /* #VE: the guest must ask its host */
    POLICY_GP,
    POLICY_UD,
    POLICY_REFUSE, /* asked of the host: an error status, and a finding */
    POLICY_ABSENT, /* the same without a finding: guests ask in order to find out */
    POLICY_IGNORE, /* asked of the host: success, without effect; reads as 0 */
};

struct policy_cpuid {
    uint32_t first, last;
    enum policy_action direct; /* the instruction */
    enum policy_action host;   /* asked of the host */
};

/** Answers a read or takes a write of an MSR; false: as REFUSE. */
typedef bool policy_msr_handler(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);

struct policy_msr {
    uint32_t first, last;
    enum policy_action read, write;
    enum policy_action host_read, host_write;
    policy_msr_handler *emulate;
    const char *name;
};

/** Takes an access that must not go through as it is; false: as REFUSE. */
typedef bool policy_port_handler(struct vcpu *vcpu, uint16_t port, unsigned bytes, bool write,
                                 uint32_t *value);

/** What becomes of an access, by whoever does it: the host for the guest, or the guest itself. */
struct policy_port {
    uint16_t first, last;
    enum policy_action action;
    policy_port_handler *emulate;
    const char *name;
};

/** Guest-physical addresses that are no memory, likewise. */
struct policy_range {
    uint64_t first, last;
    enum policy_action action;
    const char *name;
};

/** What the guest executes and a profile decides about as a whole. */
enum policy_instruction {
    POLICY_HLT,
    POLICY_WBINVD,
    POLICY_INVD,
    POLICY_MONITOR,
    POLICY_MWAIT,
    POLICY_IO, /* EMULATE: as the table of ports says */
    POLICY_VMCALL,
    POLICY_VMMCALL,
    POLICY_TDCALL,
    POLICY_INSTRUCTIONS,
};

/** A leaf or a number that the guest calls by; the handler leaves results in registers. */
struct policy_call {
    uint64_t number;
    void (*handle)(struct vcpu *vcpu);
    const char *name;
};

struct policy {
    const char *name;
    /* Private and shared memory: pages are pending at first, devices are in the shared half only,
       and what the host (or a device) is to read must be shared. */
    bool confidential;
    bool vps_wait; /* only vCPU 0 starts; the others are started by a hypercall */
    enum policy_action instructions[POLICY_INSTRUCTIONS];
    void (*answer_cpuid)(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
    void (*handle_fault)(struct vcpu *vcpu); /* a nested page fault */
    const struct policy_cpuid *cpuid;
    const struct policy_msr *msrs;
    const struct policy_port *ports;
    const struct policy_range *ranges;
    const struct policy_call *calls;      /* TDCALL */
    const struct policy_call *host_calls; /* TDG.VP.VMCALL */
    unsigned cpuid_count, msr_count, port_count, range_count, call_count, host_call_count;
};

extern const struct policy policy_tdx, policy_hyperv;

/** The profile of this name, or NULL. */
const struct policy *policy_find(const char *name);

/** The entry that speaks of it, or NULL. */
const struct policy_cpuid *policy_cpuid_of(uint32_t leaf);
const struct policy_msr *policy_msr_of(uint32_t msr);
const struct policy_port *policy_port_of(uint16_t port);
const struct policy_range *policy_range_of(uint64_t phys);

/** The one range that speaks of all of it, or NULL. */
const struct policy_range *policy_range_over(uint64_t first, uint64_t last);

const struct policy_call *policy_call_of(const struct policy_call *calls, unsigned count,
                                         uint64_t number);

/** Fill the permission maps: only what may be read and written directly does not exit. */
void policy_fill_msrpm(uint8_t *map);
void policy_fill_iopm(uint8_t *map);

#endif
