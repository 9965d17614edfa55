#include "engine/subscriptions.h"

#include <string.h>

#include "base/hash.h"
#include "base/slice.h"

void midge_subscriptions_init(midge_subscriptions *subscriptions,
                              const midge_allocator *allocator) {
  *subscriptions = (midge_subscriptions){.allocator = allocator};
  midge_map_init(&subscriptions->by_hash, allocator);
}

static void free_one(midge_subscriptions *subscriptions,
                     midge_remembered *one) {
  midge_free(subscriptions->allocator, one,
             sizeof *one + one->filter_size + one->properties_size);
}

void midge_subscriptions_free(midge_subscriptions *subscriptions) {
  while (subscriptions->first != NULL) {
    midge_remembered *one = subscriptions->first;
    subscriptions->first = one->next;
    free_one(subscriptions, one);
  }
  midge_map_free(&subscriptions->by_hash);
  subscriptions->last = NULL;
}

midge_slice midge_remembered_filter(const midge_remembered *remembered) {
  return midge_slice_of(remembered->bytes, remembered->filter_size);
}

midge_slice midge_remembered_properties(const midge_remembered *remembered) {
  return midge_slice_of(remembered->bytes + remembered->filter_size,
                        remembered->properties_size);
}

/* Never 0, which the map keeps for itself. */
static uint32_t hash_of(midge_slice filter) {
  return midge_hash_bytes(filter) | 1;
}

static bool link_in(midge_subscriptions *subscriptions, midge_remembered *one) {
  midge_remembered *chain = midge_map_get(&subscriptions->by_hash, one->hash);
  if (chain == NULL && !midge_map_put(&subscriptions->by_hash, one->hash, one))
    return false;
  if (chain != NULL) {
    one->same_hash = chain->same_hash;
    chain->same_hash = one;
  }
  one->previous = subscriptions->last;
  if (subscriptions->last != NULL) subscriptions->last->next = one;
  if (subscriptions->first == NULL) subscriptions->first = one;
  subscriptions->last = one;
  return true;
}

static midge_remembered *find(const midge_subscriptions *subscriptions,
                              midge_slice filter, uint32_t hash,
                              midge_remembered **before) {
  midge_remembered *one = midge_map_get(&subscriptions->by_hash, hash);
  *before = NULL;
  while (one != NULL &&
         !midge_slice_equal(midge_remembered_filter(one), filter)) {
    *before = one;
    one = one->same_hash;
  }
  return one;
}

bool midge_subscriptions_remember(midge_subscriptions *subscriptions,
                                  midge_packet_filter filter,
                                  midge_slice properties) {
  size_t size = sizeof(midge_remembered) + filter.filter.size + properties.size;
  midge_remembered *one = midge_allocate(subscriptions->allocator, size);
  if (one == NULL) return false;

  memset(one, 0, sizeof *one);
  one->hash = hash_of(filter.filter);
  one->options = filter.options;
  one->filter_size = (uint16_t)filter.filter.size;
  one->properties_size = (uint32_t)properties.size;
  uint8_t *to = midge_slice_copy(one->bytes, filter.filter);
  midge_slice_copy(to, properties);

  midge_remembered *beside;
  const midge_remembered *before =
      find(subscriptions, filter.filter, one->hash, &beside);
  if (before != NULL) one->wished = before->wished;
  midge_subscriptions_forget(subscriptions, filter.filter);
  if (link_in(subscriptions, one)) return true;
  free_one(subscriptions, one);
  return false;
}

midge_remembered *midge_subscriptions_find(
    const midge_subscriptions *subscriptions, midge_slice filter) {
  midge_remembered *before;
  return find(subscriptions, filter, hash_of(filter), &before);
}

void midge_subscriptions_forget(midge_subscriptions *subscriptions,
                                midge_slice filter) {
  uint32_t hash = hash_of(filter);
  midge_remembered *before;
  midge_remembered *one = find(subscriptions, filter, hash, &before);
  if (one == NULL) return;

  if (before != NULL) before->same_hash = one->same_hash;
  if (before == NULL) {
    midge_map_remove(&subscriptions->by_hash, hash);
    /* A key was just removed, so there is room for it. */
    bool put = one->same_hash == NULL ||
               midge_map_put(&subscriptions->by_hash, hash, one->same_hash);
    (void)put;
  }
  if (one->previous != NULL) one->previous->next = one->next;
  if (one->next != NULL) one->next->previous = one->previous;
  if (subscriptions->first == one) subscriptions->first = one->next;
  if (subscriptions->last == one) subscriptions->last = one->previous;
  free_one(subscriptions, one);
}
