/* How long answers take: one packet at a time is measured, from when it was
 * written into the output to its answer, so that it costs the others a
 * comparison. */
#ifndef MIDGE_ENGINE_TRIPS_H
#define MIDGE_ENGINE_TRIPS_H

#include "midge/session.h"

#define MIDGE_TRIP_OF_PING UINT64_MAX

typedef struct midge_trips {
  uint64_t key; /* of what is measured; 0: nothing is */
  midge_time since;
  midge_round_trips told;
} midge_trips;

static inline void midge_trips_begin(midge_trips *trips, uint64_t key,
                                     midge_time now) {
  if (trips->key != 0) return;
  trips->key = key;
  trips->since = now;
}

static inline void midge_trips_end(midge_trips *trips, uint64_t key,
                                   midge_time now) {
  if (trips->key != key) return;
  trips->key = 0;
  trips->told.count++;
  trips->told.last_ms = now - trips->since;
}

/* The connection has gone, and the answer with it. */
static inline void midge_trips_forget(midge_trips *trips) {
  trips->key = 0;
}

#endif
