/* What the kernel has of its machine (platform.c). */
#include <muster.h>

extern const struct muster_platform platform;
void out8(uint16_t port, uint8_t value);
void write_text(const char *text);
__attribute__((noreturn)) void stop(const char *text); /* its last words */
void check(enum muster_status status);                 /* or stop */
void trap(struct muster_slot *slot, struct muster_trap_frame *frame);
