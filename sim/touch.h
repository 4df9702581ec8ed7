/**
 * Put before each of the library's sources as the simulator builds them: every access to a shared
 * word (lib/atomic.h) is told to the simulated caches.
 */
#ifndef SIM_TOUCH_H
#define SIM_TOUCH_H

#ifndef __ASSEMBLER__
void sim_touch(const void *word, int access);

#define ATOMIC_ACCESS(word, access) sim_touch((word), (access))
#endif

#endif
