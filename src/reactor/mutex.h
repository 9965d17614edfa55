/* A mutex that is held for some nanoseconds by two threads in turn: who finds
 * it taken looks again for a moment before he sleeps, since sleeping and being
 * woken costs a hundred times as much as what is waited for. */
#ifndef MIDGE_REACTOR_MUTEX_H
#define MIDGE_REACTOR_MUTEX_H

#include <uv.h>

/* As uv_mutex_init. */
int midge_mutex_init(uv_mutex_t *mutex);

#endif
