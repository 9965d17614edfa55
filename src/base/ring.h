/* A queue of equal-sized elements that grows, in one block. */
#ifndef MIDGE_BASE_RING_H
#define MIDGE_BASE_RING_H

#include <assert.h>

#include "base/allocator.h"

typedef struct midge_ring {
  const midge_allocator *allocator;
  uint8_t *block;
  size_t element_size;
  size_t room;  /* elements; a power of two, or 0 */
  size_t first; /* index of the oldest, below room */
  size_t count;
} midge_ring;

void midge_ring_init(midge_ring *ring, const midge_allocator *allocator,
                     size_t element_size);
void midge_ring_free(midge_ring *ring);

/* Make room for `more` further pushes that cannot fail. */
bool midge_ring_reserve(midge_ring *ring, size_t more);

/* What every message passes through stands here, so that it is not called. */

/* The element `index` places behind the oldest; index < count. */
static inline void *midge_ring_at(const midge_ring *ring, size_t index) {
  assert(index < ring->count);
  size_t at = (ring->first + index) & (ring->room - 1);
  return ring->block + at * ring->element_size;
}

/* A new last element, not zeroed; null when there is no memory. Pointers to
 * elements are good until the next push. */
static inline void *midge_ring_push(midge_ring *ring) {
  if (ring->count == ring->room && !midge_ring_reserve(ring, 1)) return NULL;
  ring->count++;
  return midge_ring_at(ring, ring->count - 1);
}

/* Forget the oldest, the newest, all. */
static inline void midge_ring_pop(midge_ring *ring) {
  assert(ring->count != 0);
  ring->first = (ring->first + 1) & (ring->room - 1);
  ring->count--;
}
void midge_ring_pop_newest(midge_ring *ring);
void midge_ring_clear(midge_ring *ring);

#endif
