/* What the kernel has of its machine (platform.c). */
#include <muster.h>

extern const struct muster_platform platform;
void out8(uint16_t port, uint8_t value);
void write_text(const char *text);
__attribute__((noreturn)) void stop(const char *text); /* its last words */
