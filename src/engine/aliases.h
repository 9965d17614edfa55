/* Topic aliases of one connection. MQTT 5, section 3.3.2.3.4. */
#ifndef MIDGE_ENGINE_ALIASES_H
#define MIDGE_ENGINE_ALIASES_H

#include "base/buffer.h"
#include "base/map.h"

enum { MIDGE_ALIASES_AUTO = 32 }; /* how many we assign by ourselves at most */

typedef struct midge_aliases {
  midge_map topics; /* alias to midge_buffer, the topic */
  uint64_t *used;   /* of MIDGE_ALIASES_AUTO, and behind them how often any was,
                       to find the least recent; null: none was chosen yet */
  uint16_t max;     /* the receiver's Topic Alias Maximum */
} midge_aliases;

void midge_aliases_init(midge_aliases *aliases,
                        const midge_allocator *allocator);
/* A new connection: nothing is mapped [MQTT-3.3.2-7]. */
void midge_aliases_reset(midge_aliases *aliases, uint16_t max);

/* Null if the alias is not mapped. The buffer stays the table's. */
midge_buffer *midge_aliases_topic(const midge_aliases *aliases, uint16_t alias);
/* False when there is no memory. `alias` is from 1 to max. */
MIDGE_CHECKED bool midge_aliases_map(midge_aliases *aliases, uint16_t alias,
                                     midge_slice topic);
/* What it was mapped to before, whose holder passes to the table; null: to
 * nothing. Needs no memory for an alias that is mapped. */
void midge_aliases_undo(midge_aliases *aliases, uint16_t alias,
                        midge_buffer *before);
/* The alias to use for a topic: the one it has, a free one, or the one used
 * least recently; 0 if the receiver takes none, or there is no memory. */
uint16_t midge_aliases_choose(midge_aliases *aliases, midge_slice topic);
bool midge_aliases_maps(const midge_aliases *aliases, uint16_t alias,
                        midge_slice topic);

#endif
