/* How long to wait before the next attempt: decorrelated jitter, so that a
 * thousand clients that lost the same server do not come back together. */
#ifndef MIDGE_LINK_RETRY_H
#define MIDGE_LINK_RETRY_H

#include "midge/types.h"

/* The delay grows from attempt to attempt, whether one fails or is kicked out
 * soon after it succeeded; only a link that lasted brings it back to the
 * start. */
typedef struct midge_retry {
  uint32_t min_ms, max_ms; /* 0 < min <= max */
  uint32_t stable_ms;      /* a link this old resets the delay */
  bool fixed;              /* always min_ms */
  uint32_t last_ms;        /* the delay given last; min_ms after a reset */
  uint32_t attempt;        /* of the next attempt: 1 after a reset */
  uint64_t random;         /* state of the generator, never 0 */
} midge_retry;

/* Zero durations mean the defaults: 1 s, 60 s, 10 s. */
void midge_retry_init(midge_retry *retry, uint32_t min_ms, uint32_t max_ms,
                      uint32_t stable_ms, bool fixed, uint64_t seed);
/* As if no attempt had been made. */
void midge_retry_reset(midge_retry *retry);
/* An open link has ended `open_ms` after it was accepted. */
void midge_retry_closed(midge_retry *retry, uint64_t open_ms);
/* An attempt begins: its number, from 1. */
uint32_t midge_retry_begin(midge_retry *retry);
/* How long to wait from now. */
uint32_t midge_retry_delay(midge_retry *retry);

#endif
