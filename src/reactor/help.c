#include "reactor/help.h"

enum {
  WISHES_MAX = 2,   /* of a turn of the program, publishes and requests */
  BYTES_MAX = 4096, /* of a wish; more is worth a thread of its own */
  SLICES_MAX = 64,  /* of one write */
  ROUNDS_MAX = 4,   /* of sending, while that makes more to send */
};

bool midge_help_is_possible(const midge_client *client) {
  return client->link != NULL && client->keeper == NULL &&
         client->socket != NULL && client->rest_size == 0 &&
         !client->is_wished &&
         client->transport == midge_link_attempt(client->link) &&
         midge_socket_is_at_ease(client->socket);
}

static bool send_output(midge_client *client) {
  midge_slice slices[SLICES_MAX];
  if (midge_link_attempt(client->link) != client->transport) return false;
  size_t count = midge_link_output(client->link, slices, SLICES_MAX);
  if (count == 0) return false;
  size_t size = midge_socket_send(client->socket, slices, count);
  midge_link_written(client->link, client->transport, size);
  MIDGE_TALLY_ADD(client->tally.sent, size);
  client->reactor->is_owed |= size == 0;
  return size != 0;
}

static bool is_content(const midge_client *client) {
  return midge_link_is_content(
      client->link,
      &(midge_arrangement){.attempt = client->transport,
                           .reads = midge_socket_is_read(client->socket),
                           .wakes_at = client->timer_at});
}

void midge_help_turn(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  bool moved = true;
  for (int round = 0; moved && round < ROUNDS_MAX; round++) {
    moved = midge_member_take_events(client);
    moved |= send_output(client);
  }
  reactor->is_owed |= moved || !is_content(client);
  if (reactor->is_owed) midge_member_owe(client);
  midge_member_count(client);
}

static bool help(midge_client *client, const midge_wish *wish) {
  midge_reactor *reactor = client->reactor;
  if (atomic_load(&reactor->stopping)) return false;
  if (!midge_reactor_borrow(reactor)) return false;
  bool helps = midge_help_is_possible(client) && reactor->parcels == NULL &&
               midge_mailbox_is_empty(&reactor->mailbox);
  if (helps) {
    midge_member_wish(client, wish);
    midge_help_turn(client);
  }
  midge_reactor_return(reactor);
  return helps;
}

/* It is one of few that answer an event. What was so in the turn before is
 * taken to be so again: of a burst nobody knows when it begins. */
static bool is_answer(midge_reactor *reactor, const midge_wish *wish) {
  if (!reactor->helps) return false;
  if (reactor->wishes++ >= WISHES_MAX || !reactor->is_answering) return false;
  if (midge_wish_size(wish) <= BYTES_MAX) return true;
  reactor->wishes = WISHES_MAX + 1;
  return false;
}

bool midge_help(midge_client *client, const midge_wish *wish) {
  return is_answer(client->reactor, wish) && help(client, wish);
}

void midge_help_note(midge_reactor *reactor) {
  if (reactor->wishes == 0) return;
  reactor->is_answering = reactor->wishes <= WISHES_MAX;
  reactor->wishes = 0;
}

/* --- What was wished while the program dealt with events --- */

static bool is_plain(const midge_wish *wish) {
  switch (wish->type) {
    case MIDGE_WISH_PUBLISH:
    case MIDGE_WISH_PUBLISH_BUNDLE:
    case MIDGE_WISH_SUBSCRIBE:
    case MIDGE_WISH_UNSUBSCRIBE:
    case MIDGE_WISH_ACKNOWLEDGE:
    case MIDGE_WISH_ANSWER:
      return true;
    default:
      return false;
  }
}

/* Those of one client in a row are one turn. What is beyond the program's
 * thread is left to the reactor, with all behind it. */
static void take_wishes(midge_reactor *reactor) {
  midge_client *last = NULL;
  midge_parcel *parcel;
  while ((parcel = midge_reactor_parcel(reactor)) != NULL) {
    const midge_wish *wish = midge_parcel_first(parcel);
    midge_client *client = wish->client;
    if (last != NULL && client != last) midge_help_turn(last);
    bool goes_on = client == last || midge_help_is_possible(client);
    last = goes_on ? client : NULL;
    if (!goes_on || !is_plain(wish)) break;
    midge_member_wish(client, wish);
    midge_wish_release(midge_parcel_next(parcel));
    midge_reactor_drop_taken(reactor);
  }
  if (last != NULL) midge_help_turn(last);
}

static bool take_mail(midge_reactor *reactor) {
  if (!midge_reactor_borrow(reactor)) return false;
  if (reactor->parcels == NULL) take_wishes(reactor);
  reactor->is_owed |=
      reactor->parcels != NULL || !midge_mailbox_sleep(&reactor->mailbox);
  midge_reactor_return(reactor);
  return true;
}

void midge_reactor_cork(midge_reactor *reactor) {
  if (!reactor->helps) return;
  reactor->is_corked = atomic_load(&reactor->near_count) != 0;
  reactor->corked_bytes = 0;
}

void midge_reactor_uncork(midge_reactor *reactor) {
  if (!reactor->helps) return; /* others may wish at the same time */
  bool rings = reactor->is_ring_due;
  reactor->is_corked = reactor->is_ring_due = false;
  reactor->is_gathering = false;
  reactor->corked_bytes = 0;
  if (rings && !take_mail(reactor)) midge_reactor_ring(reactor);
}

void midge_help_gather(midge_reactor *reactor, const midge_wish *wish) {
  size_t size = midge_wish_size(wish) + midge_wish_held(wish);
  if (!reactor->helps) return;
  if (reactor->is_gathering &&
      reactor->corked_bytes + size > MIDGE_GATHERED_MAX)
    midge_reactor_uncork(reactor);
  reactor->is_corked = reactor->is_gathering = true;
}
