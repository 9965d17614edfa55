#include "histogram.h"

#include <math.h>
#include <string.h>

static unsigned place_of(uint64_t ns) {
  if (ns >> (HISTOGRAM_BITS + 1) == 0) return (unsigned)ns;
  unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_BITS;
  return (shift << HISTOGRAM_BITS) + (unsigned)(ns >> shift);
}

static uint64_t highest_of(unsigned place) {
  if (place >> (HISTOGRAM_BITS + 1) == 0) return place;
  unsigned shift = (place >> HISTOGRAM_BITS) - 1;
  uint64_t top = place - (shift << HISTOGRAM_BITS);
  return ((top + 1) << shift) - 1;
}

void histogram_add(histogram *times, uint64_t ns) {
  times->places[place_of(ns)]++;
  times->count++;
  times->sum += (double)ns;
  if (ns > times->max) times->max = ns;
}

void histogram_clear(histogram *times) {
  memset(times, 0, sizeof *times);
}

uint64_t histogram_percentile(const histogram *times, double percent) {
  double wanted = ceil(percent / 100 * (double)times->count);
  uint64_t below = 0;
  for (unsigned place = 0; place < HISTOGRAM_PLACES; place++) {
    below += times->places[place];
    if (below == 0 || (double)below < wanted) continue;
    uint64_t highest = highest_of(place);
    return highest < times->max ? highest : times->max;
  }
  return times->max;
}

double histogram_mean(const histogram *times) {
  return times->count == 0 ? 0 : times->sum / (double)times->count;
}
