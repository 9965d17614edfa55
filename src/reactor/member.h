/* A client as the reactor knows it. What the calling threads need is at the
 * top and constant or atomic; the rest belongs to the reactor's thread, which
 * drives the link: sockets, lookups and a timer under it, events out of it. */
#ifndef MIDGE_REACTOR_MEMBER_H
#define MIDGE_REACTOR_MEMBER_H

#include "reactor/carrier.h"
#include "reactor/dial.h"
#include "reactor/keeper.h"
#include "reactor/tally.h"

struct midge_client {
  midge_reactor *reactor;
  midge_version version;
  midge_text_policy text;
  size_t queue_messages_max, queue_bytes_max;
  atomic_size_t queue_messages, queue_bytes; /* taken and not ended */
  /* Twice the number of connects, plus one while a connection is asked for. */
  atomic_uint standing;
  bool ends_with_connection; /* the session, if it is of MQTT 5 */
  midge_tally tally;
  atomic_int store_fault;   /* a midge_status: why nothing can be stored now */
  uint64_t last_stored;     /* token of the newest publish of a former life */
  midge_parcel last_parcel; /* so that closing needs no memory */
  union {
    midge_wish last_wish; /* in that */
    midge_event ended;    /* of a client with a store, which that has closed:
                             the last event waits for the store */
  };

  midge_client *next, *previous; /* of the reactor's list */
  midge_client *next_wished, *next_due;
  bool is_wished, is_due;
  bool has_ended; /* ENDED was pushed */

  midge_keeper *keeper; /* null: the session is in memory alone */
  midge_client *next_kept;
  midge_restored restored; /* so far, while the store is read */
  uint64_t committed;      /* what the link was told */
  uint64_t load_last;      /* key of the last message that it wants back */
  midge_link *link;        /* null once the client has ended */
  midge_gauge *gauge;      /* the reader's once ENDED was pushed */
  uv_timer_t timer;
  midge_time timer_at;    /* when it fires, or MIDGE_NEVER */
  uint32_t transport;     /* the attempt that `dial` and `socket` are of */
  midge_dial *dial;       /* null: not dialing */
  midge_socket *socket;   /* null: not connected */
  midge_carrier *carrier; /* instead of these, if the program carries it */
  uint8_t *rest;          /* bytes that the link could not take yet, or null */
  size_t rest_size;
};

/* Take the client up. */
void midge_member_adopt(midge_client *client);
/* Let go of everything, without events; the memory goes when the timer has
 * closed. */
void midge_member_drop(midge_client *client);

/* Tell the link; the turn comes later. */
void midge_member_wish(midge_client *client, const midge_wish *wish);
/* Do what the link says. The client may be gone after it. */
void midge_member_turn(midge_client *client);
/* A turn is owed to it, before the thread waits next. */
void midge_member_owe(midge_client *client);
/* Parts of a turn that do not touch libuv, for who has borrowed the lease. Tell
 * the link what has come, or that nothing more will, an error of libuv. */
void midge_member_receive(midge_client *client, midge_slice bytes);
void midge_member_break(midge_client *client, int error);
/* Push what the link has to tell;
 * true: there was something. */
bool midge_member_take_events(midge_client *client);
/* Show in the statistics what is in flight. */
void midge_member_count(midge_client *client);
/* As _turn, for its store has news. */
void midge_member_hear(midge_client *client);
/* The same for its own sake: its time has come. */
void midge_member_wake(midge_client *client);
/* Whether its transport is not read. */
bool midge_member_is_held_back(const midge_client *client);
/* The same, and its socket breaks unnoticed; look. */
bool midge_member_watch(midge_client *client);
/* Whether a goodbye is on its way; `hurry`: it waits for no answers. */
bool midge_member_leaves(midge_client *client, bool hurry);

#endif
