#include "link/tickets.h"

#include <assert.h>

#include "base/hash.h"

enum { ROOM_FIRST = 4 };

#define NONE UINT32_MAX

/* The numbers of many: the place above, which of them below. */
#define MANY (UINT64_C(1) << 63)

void midge_tickets_init(midge_tickets *tickets,
                        const midge_allocator *allocator) {
  *tickets = (midge_tickets){.allocator = allocator, .free = NONE};
  midge_map_init(&tickets->by_hash, allocator);
}

void midge_tickets_free(midge_tickets *tickets) {
  midge_free(tickets->allocator, tickets->list,
             tickets->room * sizeof *tickets->list);
  midge_map_free(&tickets->by_hash);
  midge_tickets_init(tickets, tickets->allocator);
}

/* --- The index --- */

static uint32_t hash_of(uint64_t token) {
  uint32_t hash = (uint32_t)(token ^ token >> 32);
  return midge_hash_number(hash) | 1; /* a key is not zero */
}

static uint32_t first_of(const midge_tickets *tickets, uint32_t hash) {
  uintptr_t place = (uintptr_t)midge_map_get(&tickets->by_hash, hash);
  return place != 0 ? (uint32_t)(place - 1) : NONE;
}

/* The chain begins at `at`; false when there is no memory. */
static bool set_first(midge_tickets *tickets, uint32_t hash, uint32_t at) {
  midge_map_remove(&tickets->by_hash, hash);
  if (at == NONE) return true;
  void *place = (void *)((uintptr_t)at + 1);
  return midge_map_put(&tickets->by_hash, hash, place);
}

static bool enter(midge_tickets *tickets, uint32_t at) {
  midge_ticket *ticket = &tickets->list[at];
  uint32_t hash = hash_of(ticket->token);
  ticket->next = first_of(tickets, hash);
  return set_first(tickets, hash, at);
}

/* Without memory for it there is none: it is made anew by the next search. */
static void drop_index(midge_tickets *tickets) {
  tickets->is_indexed = false;
  midge_map_clear(&tickets->by_hash);
}

static void leave(midge_tickets *tickets, uint32_t at) {
  uint32_t hash = hash_of(tickets->list[at].token);
  uint32_t after = tickets->list[at].next;
  uint32_t before = first_of(tickets, hash);
  if (before == at) {
    if (!set_first(tickets, hash, after)) drop_index(tickets);
    return;
  }
  while (tickets->list[before].next != at) before = tickets->list[before].next;
  tickets->list[before].next = after;
}

static bool make_index(midge_tickets *tickets) {
  for (uint32_t at = 0; at < tickets->used; at++) {
    const midge_ticket *ticket = &tickets->list[at];
    if (ticket->cost == 0 || ticket->many != 0) continue;
    if (enter(tickets, at)) continue;
    drop_index(tickets);
    return false;
  }
  tickets->is_indexed = true;
  return true;
}

/* --- Tickets --- */

static bool grow(midge_tickets *tickets) {
  size_t room = tickets->room != 0 ? tickets->room * 2 : ROOM_FIRST;
  if (room >= NONE) return false;
  midge_ticket *list =
      midge_resize(tickets->allocator, tickets->list,
                   tickets->room * sizeof *list, room * sizeof *list);
  if (list == NULL) return false;
  tickets->list = list;
  tickets->room = room;
  return true;
}

/* The place of a new ticket, or NONE. */
static uint32_t take_place(midge_tickets *tickets, midge_ticket ticket) {
  assert(ticket.cost != 0);
  uint32_t at = tickets->free;
  if (at != NONE) {
    tickets->free = tickets->list[at].next;
  } else {
    if (tickets->used == tickets->room && !grow(tickets)) return NONE;
    at = (uint32_t)tickets->used++;
  }
  tickets->list[at] = ticket;
  tickets->count++;
  return at;
}

uint64_t midge_tickets_take(midge_tickets *tickets, uint64_t token,
                            uint32_t cost) {
  uint32_t at = take_place(tickets, (midge_ticket){token, cost, NONE, 1, 0});
  if (at == NONE) return 0;
  if (tickets->is_indexed && !enter(tickets, at)) drop_index(tickets);
  return (uint64_t)at + 1;
}

uint64_t midge_tickets_take_many(midge_tickets *tickets, uint64_t token,
                                 uint32_t cost, uint32_t count) {
  assert(count != 0);
  if (count == 1) return midge_tickets_take(tickets, token, cost);
  midge_ticket ticket = {token, cost, NONE, count, count};
  uint32_t at = take_place(tickets, ticket);
  if (at >= MANY >> 32) return 0;
  return MANY | (uint64_t)at << 32;
}

uint64_t midge_tickets_token(const midge_tickets *tickets, uint64_t number) {
  if ((number & MANY) != 0) {
    const midge_ticket *place = &tickets->list[(number & ~MANY) >> 32];
    return place->token != 0 ? place->token + (uint32_t)number : 0;
  }
  assert(number >= 1 && number <= tickets->used);
  assert(tickets->list[number - 1].cost != 0);
  return tickets->list[number - 1].token;
}

static midge_ticket free_place(midge_tickets *tickets, uint32_t at) {
  midge_ticket *place = &tickets->list[at];
  midge_ticket ticket = *place;
  place->cost = 0;
  place->next = tickets->free;
  tickets->free = at;
  tickets->count--;
  return ticket;
}

midge_ticket midge_tickets_end(midge_tickets *tickets, uint64_t number) {
  assert(number >= 1 && number <= tickets->used);
  uint32_t at = (uint32_t)(number - 1);
  assert(tickets->list[at].cost != 0);
  if (tickets->is_indexed) leave(tickets, at);
  return free_place(tickets, at);
}

midge_ticket midge_tickets_end_some(midge_tickets *tickets, uint64_t number,
                                    uint32_t count) {
  if ((number & MANY) == 0) {
    assert(count == 1);
    return midge_tickets_end(tickets, number);
  }
  uint32_t at = (uint32_t)((number & ~MANY) >> 32);
  uint32_t which = (uint32_t)number;
  assert(at < tickets->used);
  midge_ticket *place = &tickets->list[at];
  assert(place->cost != 0 && place->count >= count);
  midge_ticket ticket = {.token = place->token, .count = count};
  if (place->count == count)
    ticket.cost = free_place(tickets, at).cost;
  else
    place->count -= count;
  if (ticket.token != 0) ticket.token += which;
  return ticket;
}

/* Of many there is no index: who takes back one of them mostly takes back all,
 * which are single messages from then on. */
static uint64_t find_among_many(const midge_tickets *tickets, uint64_t token) {
  for (uint32_t at = 0; at < tickets->used; at++) {
    const midge_ticket *place = &tickets->list[at];
    if (place->cost == 0 || place->many == 0 || place->token == 0) continue;
    if (token - place->token < place->many)
      return MANY | (uint64_t)at << 32 | (uint32_t)(token - place->token);
  }
  return 0;
}

uint64_t midge_tickets_find(midge_tickets *tickets, uint64_t token) {
  if (!tickets->is_indexed && !make_index(tickets)) return 0;
  uint32_t at = first_of(tickets, hash_of(token));
  while (at != NONE && tickets->list[at].token != token)
    at = tickets->list[at].next;
  return at != NONE ? (uint64_t)at + 1 : find_among_many(tickets, token);
}
