/**
 * All of Muster's public face. A file may as well include only what it needs of muster/.
 */
#ifndef MUSTER_H
#define MUSTER_H

#include <muster/boot_info.h>
#include <muster/clock.h>
#include <muster/cpu.h>
#include <muster/custody.h>
#include <muster/hotplug.h>
#include <muster/life.h>
#include <muster/machine.h>
#include <muster/memory.h>
#include <muster/order.h>
#include <muster/paging.h>
#include <muster/platform.h>
#include <muster/status.h>
#include <muster/trace.h>
#include <muster/version.h>
#include <muster/wake.h>

#endif
