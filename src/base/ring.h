/* A queue of equal-sized elements that grows, in one block. */
#ifndef MIDGE_BASE_RING_H
#define MIDGE_BASE_RING_H

#include <assert.h>

#include "base/allocator.h"

typedef struct midge_ring {
  const midge_allocator *allocator;
  uint8_t *block;
  uint32_t element_size;
  uint32_t room;  /* elements; a power of two, or 0 */
  uint32_t first; /* index of the oldest, below room */
  uint32_t count;
} midge_ring;

void midge_ring_init(midge_ring *ring, const midge_allocator *allocator,
                     size_t element_size);
void midge_ring_free(midge_ring *ring);

/* Make room for `more` further pushes that cannot fail; false when there is no
 * memory, or more than a number counts. */
bool midge_ring_reserve(midge_ring *ring, size_t more);

/* What every message passes through stands here, so that it is not called. */

/* The element `index` places behind the oldest; index < count. */
static inline void *midge_ring_at(const midge_ring *ring, size_t index) {
  assert(index < ring->count);
  uint32_t at = (ring->first + (uint32_t)index) & (ring->room - 1);
  return ring->block + (size_t)at * ring->element_size;
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
/* As _pop, for what is mostly empty: a block for one element goes with it. */
void midge_ring_pop_to_rest(midge_ring *ring);
void midge_ring_clear(midge_ring *ring);

#endif
