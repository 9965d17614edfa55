#include "senders.h"

#include <stdlib.h>

enum { ROOM_MIN = 4 };

static sender *place_of(const senders *all, uint32_t name) {
  size_t mask = all->room - 1;
  size_t at = (name * UINT32_C(2654435761)) & mask;
  while (all->list[at].is_used && all->list[at].name != name)
    at = (at + 1) & mask;
  return &all->list[at];
}

static bool grow(senders *all) {
  senders wider = {.room = all->room == 0 ? ROOM_MIN : 2 * all->room,
                   .count = all->count};
  wider.list = calloc(wider.room, sizeof *wider.list);
  if (wider.list == NULL) return false;
  for (size_t i = 0; i < all->room; i++) {
    if (all->list[i].is_used)
      *place_of(&wider, all->list[i].name) = all->list[i];
  }
  free(all->list);
  *all = wider;
  return true;
}

sender *senders_find(senders *all, uint32_t name, bool *is_new) {
  if (2 * (all->count + 1) > all->room && !grow(all)) return NULL;
  sender *found = place_of(all, name);
  *is_new = !found->is_used;
  if (!*is_new) return found;
  *found = (sender){.name = name, .is_used = true};
  all->count++;
  return found;
}

void senders_free(senders *all) {
  free(all->list);
}

void senders_judge(const senders *all, verdict by_qos[3]) {
  for (size_t i = 0; i < all->room; i++) {
    const sender *one = &all->list[i];
    if (!one->is_used) continue;
    verdict *of = &by_qos[one->qos];
    of->received += one->numbers.received;
    of->lost += one->numbers.lost;
    of->duplicates += one->numbers.duplicates;
    of->reordered += one->numbers.reordered;
  }
}

uint64_t verdict_broken(const verdict *of, midge_qos qos) {
  uint64_t lost = qos == MIDGE_AT_MOST_ONCE ? 0 : of->lost;
  uint64_t doubled = qos == MIDGE_AT_LEAST_ONCE ? 0 : of->duplicates;
  return lost + doubled + of->reordered;
}
