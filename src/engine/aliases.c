#include "engine/aliases.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"

enum { USED_SIZE = (MIDGE_ALIASES_AUTO + 1) * sizeof(uint64_t) };

void midge_aliases_init(midge_aliases *aliases,
                        const midge_allocator *allocator) {
  memset(aliases, 0, sizeof *aliases);
  midge_map_init(&aliases->topics, allocator);
}

void midge_aliases_reset(midge_aliases *aliases, uint16_t max) {
  for (size_t i = 0; i < aliases->topics.room; i++)
    if (aliases->topics.places[i].key != 0)
      midge_buffer_release(aliases->topics.places[i].value);
  midge_map_free(&aliases->topics);
  midge_free(aliases->topics.allocator, aliases->used, USED_SIZE);
  midge_aliases_init(aliases, aliases->topics.allocator);
  aliases->max = max;
}

midge_buffer *midge_aliases_topic(const midge_aliases *aliases,
                                  uint16_t alias) {
  return midge_map_get(&aliases->topics, alias);
}

bool midge_aliases_map(midge_aliases *aliases, uint16_t alias,
                       midge_slice topic) {
  assert(alias != 0);
  assert(alias <= aliases->max);
  midge_buffer *copy = midge_buffer_copy(aliases->topics.allocator, topic);
  if (copy == NULL) return false;
  midge_buffer_release(midge_map_remove(&aliases->topics, alias));
  if (midge_map_put(&aliases->topics, alias, copy)) return true;
  midge_buffer_release(copy);
  return false;
}

void midge_aliases_undo(midge_aliases *aliases, uint16_t alias,
                        midge_buffer *before) {
  midge_buffer_release(midge_map_remove(&aliases->topics, alias));
  if (before == NULL) return;
  bool put = midge_map_put(&aliases->topics, alias, before);
  (void)put; /* in the place that is free now */
}

bool midge_aliases_maps(const midge_aliases *aliases, uint16_t alias,
                        midge_slice topic) {
  midge_buffer *mapped = midge_aliases_topic(aliases, alias);
  return mapped != NULL && midge_slice_equal(midge_buffer_slice(mapped), topic);
}

uint16_t midge_aliases_choose(midge_aliases *aliases, midge_slice topic) {
  unsigned count =
      aliases->max < MIDGE_ALIASES_AUTO ? aliases->max : MIDGE_ALIASES_AUTO;
  if (count == 0) return 0;
  if (aliases->used == NULL)
    aliases->used = midge_allocate_zero(aliases->topics.allocator, USED_SIZE);
  if (aliases->used == NULL) return 0;

  unsigned choice = 0;
  for (unsigned i = 0; i < count; i++) {
    if (midge_aliases_maps(aliases, (uint16_t)(i + 1), topic)) {
      choice = i;
      break;
    }
    if (aliases->used[i] < aliases->used[choice]) choice = i;
  }
  aliases->used[choice] = ++aliases->used[MIDGE_ALIASES_AUTO];
  return (uint16_t)(choice + 1);
}
