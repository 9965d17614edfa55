/* What a client has done so far: counted by the reactor's thread alone, looked
 * at by any. Numbers may be of two moments that are a turn apart. */
#ifndef MIDGE_REACTOR_TALLY_H
#define MIDGE_REACTOR_TALLY_H

#include <stdatomic.h>

#include "base/allocator.h"
#include "midge/client.h"

/* Round trips by their ms: those below TRIPS_EXACT each have a place, then four
 * places share an octave, up to two minutes and more in the last one. */
#define MIDGE_TALLY_TRIPS_EXACT 8
#define MIDGE_TALLY_TRIPS (MIDGE_TALLY_TRIPS_EXACT + 4 * 14)

/* What a client that has only connected has not. */
typedef struct midge_tally_past {
  struct {
    atomic_int status;
    atomic_uint count; /* 0: this place and those behind it are free */
  } causes[MIDGE_STATS_CAUSES];
  atomic_uint trips[MIDGE_TALLY_TRIPS];
  atomic_uint_least64_t trip_max_ms;
} midge_tally_past;

typedef struct midge_tally {
  const midge_allocator *patient;       /* for `past` */
  atomic_uint_least64_t received, sent; /* bytes */
  atomic_size_t in_flight;
  atomic_uint attempts, connections;
  uint64_t trip_count;              /* the reactor's */
  _Atomic(midge_tally_past *) past; /* null: none of it; made once */
} midge_tally;

/* `patient`: memory that cannot be refused. */
void midge_tally_init(midge_tally *tally, const midge_allocator *patient);
void midge_tally_free(midge_tally *tally);

/* One more round trip may have been measured since the last time. */
void midge_tally_trips(midge_tally *tally, midge_round_trips trips);
/* An event of the client's life. */
void midge_tally_event(midge_tally *tally, const midge_event *event);
void midge_tally_read(const midge_tally *tally, midge_stats *stats);

/* Only one thread writes: there is nothing to be locked. */
#define MIDGE_TALLY_ADD(counter, size)                                 \
  atomic_store_explicit(                                               \
      &(counter),                                                      \
      atomic_load_explicit(&(counter), memory_order_relaxed) + (size), \
      memory_order_relaxed)

#endif
