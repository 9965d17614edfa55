/* Who has a token. Few programs ever ask, so nothing is kept until one does;
 * then the table is filled, and kept until it is empty. */
#ifndef MIDGE_ENGINE_TOKENS_H
#define MIDGE_ENGINE_TOKENS_H

#include "base/map.h"
#include "engine/owner.h"

typedef struct midge_tokens {
  midge_map owners; /* hash to the first of a chain */
  bool kept;        /* every owner of a token is there */
} midge_tokens;

void midge_tokens_init(midge_tokens *tokens, const midge_allocator *allocator);
void midge_tokens_free(midge_tokens *tokens);

/* From now on every owner is added; the caller adds those there are. */
void midge_tokens_keep(midge_tokens *tokens);
void midge_tokens_enter(midge_tokens *tokens, midge_owner *owner);
void midge_tokens_leave(midge_tokens *tokens, midge_owner *owner);
/* Nobody asks any more, whether it is kept or not. */
void midge_tokens_drop(midge_tokens *tokens, midge_owner *owner);
/* Null if nobody has it; only while all are kept. */
midge_owner *midge_tokens_find(const midge_tokens *tokens, uint64_t token);

/* Without memory for it nothing is kept any more. */
static inline void midge_tokens_add(midge_tokens *tokens, midge_owner *owner) {
  if (tokens->kept && owner->token != 0) midge_tokens_enter(tokens, owner);
}

static inline void midge_tokens_remove(midge_tokens *tokens,
                                       midge_owner *owner) {
  if (tokens->kept && owner->token != 0) midge_tokens_leave(tokens, owner);
}

#endif
