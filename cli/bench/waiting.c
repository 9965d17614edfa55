#include "waiting.h"

#include <stddef.h>

void waiting_add(waiting *line, waiter *one, uint64_t until) {
  *one = (waiter){.previous = line->last, .until = until};
  if (line->last == NULL)
    line->first = one;
  else
    line->last->next = one;
  line->last = one;
}

void waiting_leave(waiting *line, waiter *one) {
  if (one->previous == NULL)
    line->first = one->next;
  else
    one->previous->next = one->next;
  if (one->next == NULL)
    line->last = one->previous;
  else
    one->next->previous = one->previous;
}

waiter *waiting_take(waiting *line, uint64_t now) {
  waiter *one = line->first;
  if (one == NULL || one->until > now) return NULL;
  waiting_leave(line, one);
  return one;
}
