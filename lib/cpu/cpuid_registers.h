/**
 * The four words that CPUID answers, in the order in which the platform's hook gives them.
 */
#ifndef LIB_CPU_CPUID_REGISTERS_H
#define LIB_CPU_CPUID_REGISTERS_H

enum cpuid_register { EAX, EBX, ECX, EDX };

#endif
