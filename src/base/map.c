#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"

void midge_map_init(midge_map *map, const midge_allocator *allocator) {
  *map = (midge_map){.allocator = allocator};
}

void midge_map_free(midge_map *map) {
  midge_free(map->allocator, map->places, map->room * sizeof *map->places);
  midge_map_init(map, map->allocator);
}

enum { ROOM_FIRST = 4 };

/* The highest bits of Fibonacci hashing keep keys that follow each other, as
 * identifiers do, clear of each other. */
static size_t place_of(const midge_map *map, uint32_t key) {
  return (size_t)((uint64_t)midge_hash_number(key) * map->room >> 32);
}

static size_t find(const midge_map *map, uint32_t key) {
  size_t at = place_of(map, key);
  while (map->places[at].key != 0 && map->places[at].key != key)
    at = (at + 1) & (map->room - 1);
  return at;
}

static bool grow(midge_map *map) {
  midge_map bigger = {.allocator = map->allocator, .count = map->count};
  bigger.room = map->room != 0 ? map->room * 2 : ROOM_FIRST;
  bigger.places =
      midge_allocate_zero(map->allocator, bigger.room * sizeof *map->places);
  if (bigger.places == NULL) return false;

  for (size_t i = 0; i < map->room; i++)
    if (map->places[i].key != 0)
      bigger.places[find(&bigger, map->places[i].key)] = map->places[i];
  midge_free(map->allocator, map->places, map->room * sizeof *map->places);
  *map = bigger;
  return true;
}

bool midge_map_reserve(midge_map *map, size_t count) {
  while (count * 2 > map->room)
    if (!grow(map)) return false;
  return true;
}

bool midge_map_put(midge_map *map, uint32_t key, void *value) {
  assert(key != 0);
  assert(value != NULL);
  if (map->count * 2 >= map->room && !grow(map)) return false;

  size_t at = find(map, key);
  assert(map->places[at].key == 0);
  map->places[at] = (midge_map_place){key, value};
  map->count++;
  return true;
}

void **midge_map_at(const midge_map *map, uint32_t key) {
  if (map->count == 0) return NULL;
  size_t at = find(map, key);
  return map->places[at].key == 0 ? NULL : &map->places[at].value;
}

bool midge_map_replace(midge_map *map, uint32_t key, void *value) {
  assert(value != NULL);
  void **place = midge_map_at(map, key);
  if (place == NULL) return false;
  *place = value;
  return true;
}

void *midge_map_get(const midge_map *map, uint32_t key) {
  if (map->count == 0) return NULL;
  return map->places[find(map, key)].value;
}

/* Close the gap at `gap`: move back every later entry of the same run that
 * could not be found any more. */
static void close_gap(midge_map *map, size_t gap) {
  size_t mask = map->room - 1;
  for (size_t at = (gap + 1) & mask; map->places[at].key != 0;
       at = (at + 1) & mask) {
    size_t home = place_of(map, map->places[at].key);
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    map->places[gap] = map->places[at];
    gap = at;
  }
  map->places[gap] = (midge_map_place){0, NULL};
}

void *midge_map_remove(midge_map *map, uint32_t key) {
  if (map->count == 0) return NULL;
  size_t at = find(map, key);
  void *value = map->places[at].value;
  if (value == NULL) return NULL;

  close_gap(map, at);
  map->count--;
  return value;
}

void midge_map_clear(midge_map *map) {
  if (map->room != 0) memset(map->places, 0, map->room * sizeof *map->places);
  map->count = 0;
}

midge_map_place *midge_map_next(const midge_map *map, size_t *at) {
  while (*at < map->room) {
    midge_map_place *place = &map->places[(*at)++];
    if (place->key != 0) return place;
  }
  return NULL;
}
