/* The kernel's own clock against the one of the hypervisor, where that keeps one. */
#include "boot/hyperv.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"

/* Hypercalls are not wanted: whether the page for them could be enabled does not matter. */
void clock_set_up(void)
{
    if (hyperv_begin(&kernel.platform) == MUSTER_NOT_SUPPORTED)
        return;
    clock_take_frequency(&kernel.platform);
    clock_check_reference(&kernel.platform, &kernel.clock);
    hyperv_end(&kernel.platform);
}

void prove_reference_clock(struct proof *proof)
{
    const struct clock_check *clock = &kernel.clock;
    if (!clock->source)
        proof_not_applicable(proof, "no hypervisor keeps a clock to compare with");
    else if (!clock->agrees)
        proof_broken(proof,
                     "the hypervisor's clock (%s) went on by %lu ns while ours did by %lu ns; "
                     "reading them explains %lu ns of that",
                     clock->source, clock->reference_ns, clock->elapsed_ns, clock->slack_ns);
    else
        proof_held(proof,
                   "%lu ns by the hypervisor's clock (%s) are %lu ns by ours, to 1 part in 1000 "
                   "and the %lu ns that reading them took",
                   clock->reference_ns, clock->source, clock->elapsed_ns, clock->slack_ns);
}
