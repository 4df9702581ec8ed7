/**
 * Whether KVM works here. Its device may be there and a guest hang in it all the same, as under
 * another hypervisor; so a small guest has to run to its end first, before a deadline.
 */
#ifndef CLI_KVM_PROBE_H
#define CLI_KVM_PROBE_H

#include "cli/machine/qemu.h"

#define KVM_PROBE_TIMEOUT_S 5

/**
 * Let our own kernel (the file @kernel) wake two CPUs under KVM. Comes back within
 * KVM_PROBE_TIMEOUT_S and a second, whatever KVM does.
 *
 * @return NULL: all went well; else what was seen, as a part of a sentence: the caller frees it
 */
char *kvm_probe(const struct qemu *qemu, const char *kernel);

#endif
