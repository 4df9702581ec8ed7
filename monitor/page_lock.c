#include "monitor/page_lock.h"

#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

static struct muster_word lock;

void page_lock(void)
{
    while (!word_move(&lock, 0, 1))
        cpu_pause();
}

void page_unlock(void)
{
    word_store_release(&lock, 0);
}
