#include "reactor/tally.h"

#include <assert.h>

enum {
  EXACT = MIDGE_TALLY_TRIPS_EXACT,
  EXACT_LOG = 3,
  LAST = MIDGE_TALLY_TRIPS - 1,
};

static_assert(EXACT == 1 << EXACT_LOG, "octaves begin where places end");

static unsigned load(const atomic_uint *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

void midge_tally_init(midge_tally *tally, const midge_allocator *patient) {
  *tally = (midge_tally){.patient = patient};
}

void midge_tally_free(midge_tally *tally) {
  midge_tally_past *past = atomic_load(&tally->past);
  midge_free(tally->patient, past, sizeof *past);
}

static midge_tally_past *past_of(midge_tally *tally) {
  midge_tally_past *past = atomic_load(&tally->past);
  if (past != NULL) return past;
  past = midge_allocate_zero(tally->patient, sizeof *past);
  assert(past != NULL);
  atomic_store(&tally->past, past);
  return past;
}

/* --- Round trips --- */

static int place_of(uint64_t ms) {
  if (ms < EXACT) return (int)ms;
  int octave = 63 - __builtin_clzll(ms);
  int place = EXACT + (octave - EXACT_LOG) * 4 + (int)(ms >> (octave - 2) & 3);
  return place < LAST ? place : LAST;
}

/* The longest that has this place. */
static uint64_t highest_in(int place) {
  if (place < EXACT) return (uint64_t)place;
  int octave = EXACT_LOG + (place - EXACT) / 4;
  uint64_t quarter = (uint64_t)1 << (octave - 2);
  return (4 + (uint64_t)((place - EXACT) % 4) + 1) * quarter - 1;
}

void midge_tally_trips(midge_tally *tally, midge_round_trips trips) {
  if (trips.count == tally->trip_count) return;
  tally->trip_count = trips.count;
  midge_tally_past *past = past_of(tally);
  MIDGE_TALLY_ADD(past->trips[place_of(trips.last_ms)], 1);
  if (trips.last_ms > atomic_load(&past->trip_max_ms))
    atomic_store(&past->trip_max_ms, trips.last_ms);
}

/* As long as `part` of a thousand at most. */
static uint64_t percentile(const unsigned *counts, uint64_t all, int part,
                           uint64_t max) {
  uint64_t rank = (all * (uint64_t)part + 999) / 1000, seen = 0;
  int place = 0;
  if (all == 0) return 0;
  while ((seen += counts[place]) < rank) place++;
  uint64_t highest = highest_in(place);
  return place == LAST || highest > max ? max : highest;
}

static void read_trips(const midge_tally_past *past, midge_stats *stats) {
  unsigned counts[MIDGE_TALLY_TRIPS];
  uint64_t all = 0, max = atomic_load(&past->trip_max_ms);
  for (int i = 0; i < MIDGE_TALLY_TRIPS; i++)
    all += counts[i] = load(&past->trips[i]);
  stats->round_trips.count = all;
  stats->round_trips.p50_ms = percentile(counts, all, 500, max);
  stats->round_trips.p90_ms = percentile(counts, all, 900, max);
  stats->round_trips.p99_ms = percentile(counts, all, 990, max);
  stats->round_trips.max_ms = max;
}

/* --- Attempts, and what ended them --- */

/* When all places are taken, the last one has what has none. */
static void note_cause(midge_tally_past *past, midge_status status) {
  int i = 0;
  while (i < MIDGE_STATS_CAUSES - 1 && load(&past->causes[i].count) != 0 &&
         atomic_load(&past->causes[i].status) != (int)status)
    i++;
  if (load(&past->causes[i].count) == 0)
    atomic_store(&past->causes[i].status, (int)status);
  atomic_fetch_add(&past->causes[i].count, 1);
}

void midge_tally_event(midge_tally *tally, const midge_event *event) {
  if (event->type == MIDGE_EVENT_CONNECTING)
    MIDGE_TALLY_ADD(tally->attempts, 1);
  if (event->type == MIDGE_EVENT_OPENED) MIDGE_TALLY_ADD(tally->connections, 1);
  if (event->type == MIDGE_EVENT_CLOSED && event->closed.status != MIDGE_OK)
    note_cause(past_of(tally), event->closed.status);
}

void midge_tally_read(const midge_tally *tally, midge_stats *stats) {
  stats->bytes_received = atomic_load(&tally->received);
  stats->bytes_sent = atomic_load(&tally->sent);
  stats->in_flight = atomic_load(&tally->in_flight);
  stats->attempts = load(&tally->attempts);
  stats->connections = load(&tally->connections);
  const midge_tally_past *past = atomic_load(&tally->past);
  if (past == NULL) return;
  for (int i = 0; i < MIDGE_STATS_CAUSES; i++) {
    stats->causes[i].count = atomic_load(&past->causes[i].count);
    stats->causes[i].status =
        (midge_status)atomic_load(&past->causes[i].status);
  }
  read_trips(past, stats);
}
