/* Memory for a reactor: blocks of a few kilobytes to some megabytes are kept
 * when they are given back, and used again. Without it the system's allocator
 * returns what each burst has freed, and asks for it again, page by page.
 *
 *     given -> given back -> kept -> given again
 *                              |
 *                           swept, when nobody has needed it for a while
 *
 * A pool is freed when it was released and all of its blocks have come back,
 * on whatever thread: buffers may be held longer than a reactor lives. */
#ifndef MIDGE_REACTOR_POOL_H
#define MIDGE_REACTOR_POOL_H

#include "base/allocator.h"

/* Bytes that may stay when nobody needs them. */
enum { MIDGE_POOL_IDLE = 1024 * 1024 };

typedef struct midge_pool midge_pool;

/* Null when there is no memory. */
midge_pool *midge_pool_new(void);
void midge_pool_release(midge_pool *pool); /* null is fine */
midge_allocator midge_pool_allocator(midge_pool *pool);

/* Bytes that are kept for use; a moment ago, without the pool's lock. */
size_t midge_pool_kept(const midge_pool *pool);
/* Let the system have the blocks that nobody has needed since the last time,
 * until no more than MIDGE_POOL_IDLE are kept. True: more are, so it is worth
 * to come again. */
bool midge_pool_sweep(midge_pool *pool);

#endif
