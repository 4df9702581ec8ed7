/**
 * What the machine below has, for the policy of any profile: its ports, and its addresses that are
 * no memory. A profile says who may go there: the guest itself, or the host when it is asked.
 */
#ifndef MONITOR_POLICY_MACHINE_H
#define MONITOR_POLICY_MACHINE_H

#include "monitor/policy.h"

#define MACHINE_PORTS  31
#define MACHINE_RANGES 5

extern const struct policy_port machine_ports[MACHINE_PORTS];
extern const struct policy_range machine_ranges[MACHINE_RANGES];

#endif
