/**
 * Private to the library: where the platform's hook cpuid leaves which register.
 */
#ifndef LIB_CPU_CPUID_H
#define LIB_CPU_CPUID_H

enum { EAX, EBX, ECX, EDX };

#endif
