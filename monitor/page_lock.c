#include "monitor/page_lock.h"

#include "boot/lock.h"

static struct muster_word lock;

void page_lock(void)
{
    lock_take(&lock);
}

void page_unlock(void)
{
    lock_drop(&lock);
}
