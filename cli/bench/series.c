#include "series.h"

#include <stdlib.h>

static bool make_room(series *all) {
  if (all->count < all->room) return true;
  size_t room = all->room == 0 ? 256 : 2 * all->room;
  sample *list = realloc(all->list, room * sizeof *list);
  if (list == NULL) return false;
  all->list = list;
  all->room = room;
  return true;
}

void series_sample(series *all, double at_s, uint64_t in_flight,
                   uint64_t connected) {
  if (make_room(all)) {
    all->list[all->count++] = (sample){
        .at_s = at_s,
        .length_s = at_s - all->begun_s,
        .done = all->done,
        .p50 = histogram_percentile(&all->now, 50),
        .p99 = histogram_percentile(&all->now, 99),
        .max = all->now.max,
        .in_flight = in_flight,
        .connected = connected,
    };
  }
  histogram_clear(&all->now);
  all->done = 0;
  all->begun_s = at_s;
}

const sample *series_last(const series *all) {
  return all->count == 0 ? NULL : &all->list[all->count - 1];
}

void series_free(series *all) {
  free(all->list);
}
