#include "link/tickets.h"

#include <assert.h>

enum { ROOM_FIRST = 16 };

#define NONE UINT32_MAX
#define IN_USE (UINT32_MAX - 1)

void midge_tickets_init(midge_tickets *tickets,
                        const midge_allocator *allocator) {
  *tickets = (midge_tickets){.allocator = allocator, .free = NONE};
}

void midge_tickets_free(midge_tickets *tickets) {
  midge_free(tickets->allocator, tickets->list,
             tickets->room * sizeof *tickets->list);
  midge_tickets_init(tickets, tickets->allocator);
}

static bool grow(midge_tickets *tickets) {
  size_t room = tickets->room != 0 ? tickets->room * 2 : ROOM_FIRST;
  if (room >= IN_USE) return false;
  midge_ticket *list =
      midge_resize(tickets->allocator, tickets->list,
                   tickets->room * sizeof *list, room * sizeof *list);
  if (list == NULL) return false;
  tickets->list = list;
  tickets->room = room;
  return true;
}

uint64_t midge_tickets_take(midge_tickets *tickets, uint64_t token,
                            uint32_t cost) {
  uint32_t at = tickets->free;
  if (at != NONE) {
    tickets->free = tickets->list[at].next;
  } else {
    if (tickets->used == tickets->room && !grow(tickets)) return 0;
    at = (uint32_t)tickets->used++;
  }
  tickets->list[at] = (midge_ticket){token, cost, IN_USE};
  tickets->count++;
  return (uint64_t)at + 1;
}

midge_ticket midge_tickets_end(midge_tickets *tickets, uint64_t number) {
  assert(number >= 1 && number <= tickets->used);
  midge_ticket *place = &tickets->list[number - 1];
  assert(place->next == IN_USE);

  midge_ticket ticket = *place;
  place->next = tickets->free;
  tickets->free = (uint32_t)(number - 1);
  tickets->count--;
  return ticket;
}

uint64_t midge_tickets_find(const midge_tickets *tickets, uint64_t token) {
  for (size_t at = 0; at < tickets->used; at++) {
    const midge_ticket *ticket = &tickets->list[at];
    if (ticket->next == IN_USE && ticket->token == token && ticket->cost != 0)
      return at + 1;
  }
  return 0;
}
