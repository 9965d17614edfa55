/* A transport that the program carries, for the thread of the reactor: what
 * the link wants goes out as events, and what the program tells of it comes in
 * as wishes. A program may tell anything at any time; what cannot be stops
 * here, and the link is only told what can. */
#ifndef MIDGE_REACTOR_CARRIER_H
#define MIDGE_REACTOR_CARRIER_H

#include "link/link.h"
#include "reactor/loop.h"
#include "reactor/tally.h"

typedef struct midge_carrier {
  midge_reactor *reactor;
  midge_link *link;
  midge_gauge *gauge;
  midge_tally *tally;
  void *context; /* of the events */

  uint32_t attempt; /* that a transport was asked for; 0: none */
  bool is_up;       /* it was dialed */
  bool is_shut;     /* asked to end our side */
  size_t shown;     /* bytes of the output that the program has to write */

  /* With the threads of the program. */
  atomic_bool is_reading; /* the link takes what comes */
  atomic_bool is_awaited; /* the program was told not to read */
  atomic_size_t coming;   /* bytes on their way to the link */
} midge_carrier;

/* Ask for the transport of an attempt; false when there is no memory. */
bool midge_carrier_dial(midge_carrier *carrier, const midge_place *place);
/* It is not wanted any more: CLOSED has told so. */
void midge_carrier_drop(midge_carrier *carrier);
/* What the program told; `wish` is one of the facts of a transport. */
void midge_carrier_told(midge_carrier *carrier, const midge_wish *wish);

/* Hand out what the link has to send, as far as the program may be behind. */
void midge_carrier_write(midge_carrier *carrier);
/* At the end of each turn: end our side, read or do not. */
void midge_carrier_settle(midge_carrier *carrier);
/* Whether it is told not to read. */
bool midge_carrier_is_held_back(const midge_carrier *carrier);

/* From any thread. */
bool midge_carrier_reading(midge_carrier *carrier);

#endif
