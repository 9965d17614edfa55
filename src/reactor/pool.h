/* Memory for a reactor: blocks of a few kilobytes to a megabyte are kept when
 * they are given back, and used again. Without it the system's allocator
 * returns what each burst has freed, and asks for it again, page by page.
 *
 * A pool is freed when it was released and all of its blocks have come back,
 * on whatever thread: buffers may be held longer than a reactor lives. */
#ifndef MIDGE_REACTOR_POOL_H
#define MIDGE_REACTOR_POOL_H

#include "base/allocator.h"

typedef struct midge_pool midge_pool;

/* Null when there is no memory. */
midge_pool *midge_pool_new(void);
void midge_pool_release(midge_pool *pool); /* null is fine */
midge_allocator midge_pool_allocator(midge_pool *pool);

/* Bytes that are kept for use. */
size_t midge_pool_kept(midge_pool *pool);

#endif
