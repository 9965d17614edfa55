#include "base/ring.h"

#include <assert.h>
#include <string.h>

enum { ROOM_FIRST = 1 }; /* a client at rest has had one event at a time */

void midge_ring_init(midge_ring *ring, const midge_allocator *allocator,
                     size_t element_size) {
  assert(element_size != 0);
  *ring = (midge_ring){.allocator = allocator,
                       .element_size = (uint32_t)element_size};
}

void midge_ring_free(midge_ring *ring) {
  midge_free(ring->allocator, ring->block,
             (size_t)ring->room * ring->element_size);
  midge_ring_init(ring, ring->allocator, ring->element_size);
}

static bool grow(midge_ring *ring, uint32_t room) {
  size_t size = ring->element_size;
  uint8_t *block = midge_allocate(ring->allocator, room * size);
  if (block == NULL) return false;

  size_t until_end = ring->room - ring->first;
  size_t head = ring->count < until_end ? ring->count : until_end;
  if (ring->count != 0) {
    memcpy(block, ring->block + ring->first * size, head * size);
    memcpy(block + head * size, ring->block, (ring->count - head) * size);
  }
  midge_free(ring->allocator, ring->block, ring->room * size);
  ring->block = block;
  ring->room = room;
  ring->first = 0;
  return true;
}

bool midge_ring_reserve(midge_ring *ring, size_t more) {
  size_t room = ring->room != 0 ? ring->room : ROOM_FIRST;
  while (room < ring->count + more) room *= 2;
  if (room > UINT32_MAX) return false;
  return room == ring->room || grow(ring, (uint32_t)room);
}

void midge_ring_pop_newest(midge_ring *ring) {
  assert(ring->count != 0);
  ring->count--;
}

void midge_ring_pop_to_rest(midge_ring *ring) {
  midge_ring_pop(ring);
  if (ring->count == 0 && ring->room == ROOM_FIRST) midge_ring_free(ring);
}

void midge_ring_clear(midge_ring *ring) {
  ring->first = 0;
  ring->count = 0;
}
