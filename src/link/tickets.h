/* What the session's tokens stand for. The session gets a ticket instead of
 * the program's token, so that each wish that ends is found at once, with what
 * it weighed in the queue. */
#ifndef MIDGE_LINK_TICKETS_H
#define MIDGE_LINK_TICKETS_H

#include "base/map.h"

typedef struct midge_ticket {
  uint64_t token; /* the program's; 0: it asked for no event */
  uint32_t cost;  /* bytes in the queue, at least 1; 0: free */
  uint32_t next;  /* the next free one, or the next of the same hash */
  uint32_t count; /* wishes that it stands for, with tokens in a row */
  uint32_t many;  /* how many it stood for at first; 0: it is one alone */
} midge_ticket;

/* Every place below `used` is in use or in the list of free ones. Tokens are
 * indexed from the first search on: most programs never take back a wish. */
typedef struct midge_tickets {
  const midge_allocator *allocator;
  midge_ticket *list;
  size_t room;
  size_t used;
  size_t count;  /* in use */
  uint32_t free; /* the first free one */
  bool is_indexed;
  midge_map by_hash; /* of the token: the first of a chain, plus 1 */
} midge_tickets;

void midge_tickets_init(midge_tickets *tickets,
                        const midge_allocator *allocator);
void midge_tickets_free(midge_tickets *tickets);

/* A number from 1, or 0 when there is no memory. `cost` is at least 1. */
uint64_t midge_tickets_take(midge_tickets *tickets, uint64_t token,
                            uint32_t cost);
/* The same for `count` wishes in one, which are numbered in a row too. */
uint64_t midge_tickets_take_many(midge_tickets *tickets, uint64_t token,
                                 uint32_t cost, uint32_t count);
/* What the number stands for. */
uint64_t midge_tickets_token(const midge_tickets *tickets, uint64_t number);
/* What the number stood for; it may be given to another from now on. */
midge_ticket midge_tickets_end(midge_tickets *tickets, uint64_t number);
/* The first `count` of those that many have from `number` on: they have no
 * cost until the last of all has ended. */
midge_ticket midge_tickets_end_some(midge_tickets *tickets, uint64_t number,
                                    uint32_t count);
/* The number of a wish with this token, or 0: there is none, or no memory. */
uint64_t midge_tickets_find(midge_tickets *tickets, uint64_t token);

#endif
