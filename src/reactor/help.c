#include "reactor/help.h"

enum {
  WISHES_MAX = 2,   /* of a turn of the program, publishes and requests */
  BYTES_MAX = 4096, /* of a wish; more is worth a thread of its own */
  SLICES_MAX = 16,  /* of the output of one wish */
  ROUNDS_MAX = 4,   /* of sending, while that makes more to send */
};

/* It is connected, nothing waits to be sent, and nobody else has a part in it:
 * what comes of a wish is no more than the wish. TLS and the other filters are
 * worth a thread of their own. */
static bool is_at_ease(const midge_client *client) {
  return client->link != NULL && client->keeper == NULL &&
         client->socket != NULL && client->rest_size == 0 &&
         !client->is_wished && midge_link_output_stays(client->link) &&
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
      client->link, &(midge_arrangement){.attempt = client->transport,
                                         .reads = client->socket->is_reading,
                                         .wakes_at = client->timer_at});
}

static void turn(midge_client *client) {
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
  bool helps = is_at_ease(client) && reactor->parcels == NULL &&
               midge_mailbox_is_empty(&reactor->mailbox);
  if (helps) {
    midge_member_wish(client, wish);
    turn(client);
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
