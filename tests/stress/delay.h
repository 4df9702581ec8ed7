/**
 * Put before each of the library's sources as the stress builds them: every access to a shared
 * word (lib/atomic.h) may be held up by the thread's own chance.
 */
#ifndef STRESS_DELAY_H
#define STRESS_DELAY_H

#ifndef __ASSEMBLER__
void stress_delay(void);

#define ATOMIC_ACCESS(word, access) stress_delay()
#endif

#endif
