/**
 * The next kernel: handed over to, when this one has proved its CPUs, with every AP back in the
 * firmware's hands. It comes as the loader's first module, its command line with it, and an
 * initrd as the second.
 */
#ifndef KERNEL_NEXT_H
#define KERNEL_NEXT_H

#include "kernel/loader.h"

/** Note where the loader put it. Nothing, unless the command line asks for it. */
void next_find(const struct loader *loader);

/** A usage error, unless CPUs can be handed back here. Once the plan and the policy are made. */
void next_check(void);

/** Every AP off and back to the firmware, and this CPU into the next kernel. */
_Noreturn void next_boot(void);

#endif
