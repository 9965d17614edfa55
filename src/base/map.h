/* A hash table from a number that is not zero to a pointer that is not null:
 * open addressing, at most half full, in one block. */
#ifndef MIDGE_BASE_MAP_H
#define MIDGE_BASE_MAP_H

#include "base/allocator.h"

typedef struct midge_map_place {
  uint32_t key; /* 0: free */
  void *value;
} midge_map_place;

typedef struct midge_map {
  const midge_allocator *allocator;
  midge_map_place *places;
  uint32_t room; /* a power of two, or 0 */
  uint32_t count;
} midge_map;

void midge_map_init(midge_map *map, const midge_allocator *allocator);
void midge_map_free(midge_map *map);

/* False when there is no memory; the key must not be there yet. */
MIDGE_CHECKED bool midge_map_put(midge_map *map, uint32_t key, void *value);
/* Put cannot fail while there are fewer than `count`. */
MIDGE_CHECKED bool midge_map_reserve(midge_map *map, size_t count);
/* Where its value lies until the next put or remove; null if there is none. */
void **midge_map_at(const midge_map *map, uint32_t key);
/* Another value for a key that is there; false if it is not. */
bool midge_map_replace(midge_map *map, uint32_t key, void *value);
/* Null if there is none. */
void *midge_map_get(const midge_map *map, uint32_t key);
/* Returns what was there, or null. */
void *midge_map_remove(midge_map *map, uint32_t key);
void midge_map_clear(midge_map *map);

/* The place of some entry, from the place `at` on, which is moved behind it;
 * null when there is none. Places are good until the next put or remove. */
midge_map_place *midge_map_next(const midge_map *map, size_t *at);

#endif
