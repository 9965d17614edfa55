/* A program that lives with failing calls: it does what a script says, waits
 * with patience, and keeps account of every wish.
 *
 *   c  connect            o  and wait until it is open
 *   0 1 2  publish a number with that QoS, which is its token
 *   L  the same with 300 KB of QoS 1      B  a bundle of three of QoS 0
 *   s u  subscribe, unsubscribe           W  set a will
 *   w  wait until all wishes have ended   t  until all publishes are stored
 *   m  wait for messages
 *   n  those that come from now on are not acknowledged in this life
 *   k  break the connection and dial anew D  the server breaks it
 *   C  cancel the wish of before          p  pause: a name is looked up
 *   d f  disconnect, with force           x  close the client
 *   |  stop the reactor, and begin the next life
 *
 * A call that is refused is refused, and the script goes on. Some time after
 * the first call has failed none does, and then all must become good. */
#ifndef MIDGE_TEST_LIFE_H
#define MIDGE_TEST_LIFE_H

#include "midge/client.h"
#include "unit/reactor/broker.h"

enum { WISHES_MAX = 64, DELIVERIES_MAX = 64 };

typedef struct wish {
  bool is_taken;        /* its call returned MIDGE_OK */
  bool is_stored;       /* that it will survive was told */
  bool is_owed;         /* it is stored, and its outcome is for the next life */
  bool is_past;         /* it may be stored since a former life */
  bool is_cancelled;    /* that was asked for */
  bool is_acknowledged; /* with MIDGE_OK, ever */
  midge_qos qos;        /* of a publish */
  unsigned ends;        /* in this life */
  midge_status status;
} wish;

/* A message of the inbox. */
typedef struct delivery {
  uint64_t key;
  bool is_owed; /* it was told to a life that has ended, and is not done with */
  bool is_acknowledged;
} delivery;

typedef struct life {
  midge_client_options options;
  broker *broker; /* null: the server is another program */
  const char *topic;

  midge_reactor *reactor;
  midge_client *client;
  wish wishes[WISHES_MAX + 1]; /* by token, from 1 */
  unsigned count;
  delivery deliveries[DELIVERIES_MAX];
  size_t delivery_count;
  bool holds;     /* it acknowledges nothing */
  bool is_wanted; /* a connection is */
  unsigned opened, messages;
  bool has_ended, is_final; /* no attempt follows */
  char why[200];            /* the last connection was closed */
  int socket;               /* of a transport by hand; -1: none */
  uint32_t attempt;         /* that it is of */
} life;

/* Plays it to its end; what is wrong ends the process with a message. */
void life_play(life *l, const char *script);

#endif
