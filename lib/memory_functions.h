/**
 * The four functions that a C compiler expects of any program, freestanding or not (gcc manual,
 * "Language Standards"). Whoever hosts the library provides them; there is no <string.h> here.
 */
#ifndef LIB_MEMORY_FUNCTIONS_H
#define LIB_MEMORY_FUNCTIONS_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *one, const void *other, size_t bytes);

#endif
