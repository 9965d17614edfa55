#include "engine/tokens.h"

#include <assert.h>

void midge_tokens_init(midge_tokens *tokens, const midge_allocator *allocator) {
  *tokens = (midge_tokens){.kept = false};
  midge_map_init(&tokens->owners, allocator);
}

void midge_tokens_free(midge_tokens *tokens) {
  midge_map_free(&tokens->owners);
  tokens->kept = false;
}

void midge_tokens_keep(midge_tokens *tokens) {
  midge_tokens_free(tokens);
  tokens->kept = true;
}

/* Never 0, which the map keeps for itself. */
static uint32_t place_of(uint64_t token) {
  uint32_t place = (uint32_t)(token ^ token >> 32);
  return place != 0 ? place : 1;
}

void midge_tokens_enter(midge_tokens *tokens, midge_owner *owner) {
  uint32_t place = place_of(owner->token);
  midge_owner *first = midge_map_get(&tokens->owners, place);
  owner->same_place = NULL;
  if (first != NULL) {
    owner->same_place = first->same_place;
    first->same_place = owner;
    return;
  }
  if (!midge_map_put(&tokens->owners, place, owner)) midge_tokens_free(tokens);
}

void midge_tokens_leave(midge_tokens *tokens, midge_owner *owner) {
  uint32_t place = place_of(owner->token);
  midge_owner *one = midge_map_get(&tokens->owners, place);
  assert(one != NULL);
  if (one != owner) {
    while (one->same_place != owner) one = one->same_place;
    one->same_place = owner->same_place;
    return;
  }
  midge_map_remove(&tokens->owners, place);
  if (owner->same_place != NULL) {
    bool put = midge_map_put(&tokens->owners, place, owner->same_place);
    (void)put; /* in the place that is free now */
  }
  if (tokens->owners.count == 0) midge_tokens_free(tokens);
}

void midge_tokens_drop(midge_tokens *tokens, midge_owner *owner) {
  midge_tokens_remove(tokens, owner);
  owner->token = 0;
}

midge_owner *midge_tokens_find(const midge_tokens *tokens, uint64_t token) {
  assert(tokens->kept);
  midge_owner *one = midge_map_get(&tokens->owners, place_of(token));
  while (one != NULL && one->token != token) one = one->same_place;
  return one;
}
