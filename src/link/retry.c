#include "link/retry.h"

enum { MIN_MS = 1000, MAX_MS = 60000, STABLE_MS = 10000, GROWTH = 3 };

void midge_retry_init(midge_retry *retry, uint32_t min_ms, uint32_t max_ms,
                      uint32_t stable_ms, bool fixed, uint64_t seed) {
  *retry = (midge_retry){
      .min_ms = min_ms != 0 ? min_ms : MIN_MS,
      .max_ms = max_ms != 0 ? max_ms : MAX_MS,
      .stable_ms = stable_ms != 0 ? stable_ms : STABLE_MS,
      .fixed = fixed,
      .random = seed != 0 ? seed : 1,
  };
  if (retry->max_ms < retry->min_ms) retry->max_ms = retry->min_ms;
  midge_retry_reset(retry);
}

void midge_retry_reset(midge_retry *retry) {
  retry->last_ms = retry->min_ms;
  retry->attempt = 1;
}

void midge_retry_closed(midge_retry *retry, uint64_t open_ms) {
  if (open_ms >= retry->stable_ms) midge_retry_reset(retry);
}

uint32_t midge_retry_begin(midge_retry *retry) {
  uint32_t attempt = retry->attempt;
  if (attempt < UINT32_MAX) retry->attempt++;
  return attempt;
}

/* xorshift64*: good enough to spread clients, and small. */
static uint64_t roll(midge_retry *retry) {
  retry->random ^= retry->random >> 12;
  retry->random ^= retry->random << 25;
  retry->random ^= retry->random >> 27;
  return retry->random * UINT64_C(0x2545F4914F6CDD1D) >> 16;
}

uint32_t midge_retry_delay(midge_retry *retry) {
  if (retry->fixed) return retry->min_ms;
  uint64_t high = (uint64_t)retry->last_ms * GROWTH;
  if (high > retry->max_ms) high = retry->max_ms;
  uint64_t width = high - retry->min_ms + 1;
  retry->last_ms = retry->min_ms + (uint32_t)(roll(retry) % width);
  return retry->last_ms;
}
