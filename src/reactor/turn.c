#include "reactor/turn.h"

#include <assert.h>

#include "reactor/attempt.h"

enum {
  ROUNDS_MAX = 8,            /* of one turn, while emptying fills */
  BACKLOG_MAX = 1024 * 1024, /* of answers the server does not read */
  PUBLISH_OVERHEAD = 16,     /* bytes of PUBLISH beside topic and payload */
};

void midge_client_tick(midge_client *client) {
  midge_time now = midge_reactor_now(client->reactor);
  midge_time deadline = midge_session_deadline(client->session);
  if (now >= deadline) now = deadline != 0 ? deadline - 1 : 0;
  if (now <= client->told) return;
  midge_session_elapsed(client->session, now);
  client->told = now;
}

/* --- Events --- */

/* Publishes that have ended. */
typedef struct tally {
  size_t messages, bytes;
} tally;

static void finish_wish(midge_client *client, midge_event *event,
                        tally *ended) {
  midge_ticket ticket = midge_tickets_end(&client->tickets, event->done.token);
  ended->messages += ticket.cost != 0;
  ended->bytes += ticket.cost;
  event->done.token = ticket.token;
  if (ticket.token != 0) midge_reactor_push(client->reactor, event);
}

static void take_opened(midge_client *client, const midge_event *event) {
  client->opened = true;
  client->opened_at = midge_reactor_now(client->reactor);
  client->phase_until = MIDGE_NEVER;
  midge_reactor_push(client->reactor, event);
}

static void take_event(midge_client *client, midge_event *event, tally *ended) {
  switch (event->type) {
    case MIDGE_EVENT_DONE:
      finish_wish(client, event, ended);
      break;
    case MIDGE_EVENT_OPENED:
      take_opened(client, event);
      break;
    case MIDGE_EVENT_CLOSED:
      assert(!client->has_closed);
      client->has_closed = true;
      client->closed = *event;
      midge_buffer_hold(event->buffer);
      break;
    default:
      midge_reactor_push(client->reactor, event);
      break;
  }
}

void midge_client_take_events(midge_client *client) {
  midge_event event;
  tally ended = {0, 0};
  while (midge_session_event(client->session, &event))
    take_event(client, &event, &ended);
  if (ended.messages == 0) return;
  atomic_fetch_sub(&client->queue_messages, ended.messages);
  atomic_fetch_sub(&client->queue_bytes, ended.bytes);
}

/* --- The turn --- */

/* What waits because the program published it is no reason to stop reading: a
 * server that will not read before we do would wait with us for ever. */
static bool is_backlogged(midge_client *client) {
  size_t ours = atomic_load(&client->queue_bytes) +
                atomic_load(&client->queue_messages) * PUBLISH_OVERHEAD;
  return midge_session_backlog(client->session) > BACKLOG_MAX + ours;
}

void midge_client_flow(midge_client *client) {
  if (client->link == NULL) return;
  bool linked = client->phase == MIDGE_PHASE_LINKED;
  bool on = !linked || (!client->reactor->paused && !is_backlogged(client));
  if (on != client->link->reading) midge_link_read(client->link, on);
  if (linked) midge_session_paused(client->session, !on);
}

static void on_timer(uv_timer_t *timer) {
  midge_client *client = timer->data;
  client->timer_at = MIDGE_NEVER;
  midge_reactor_due(client->reactor, client);
}

/* A timer that fires too early is set again then: deadlines mostly move on,
 * and need not be told to the loop each time. */
static void set_timer(midge_client *client) {
  midge_time at = midge_session_deadline(client->session);
  if (client->phase_until < at) at = client->phase_until;
  if (at >= client->timer_at) return;
  midge_time now = midge_reactor_now(client->reactor);
  uv_timer_start(&client->timer, on_timer, at > now ? at - now : 0, 0);
  client->timer_at = at;
}

static void write_output(midge_client *client) {
  if (client->link == NULL) return;
  midge_link_write(client->link);
  if (client->phase == MIDGE_PHASE_CLOSING) midge_attempt_flushed(client);
}

void midge_client_turn(midge_client *client) {
  for (int round = 0; round < ROUNDS_MAX; round++) {
    if (client->session == NULL) return;
    midge_client_take_events(client);
    if (client->has_closed && client->phase == MIDGE_PHASE_LINKED)
      midge_attempt_closing(client);
    write_output(client);
    if (client->session == NULL) return;
    if (midge_session_deadline(client->session) > client->told) break;
  }
  midge_client_flow(client);
  set_timer(client);
}

void midge_client_wake(midge_client *client) {
  midge_time now = midge_reactor_now(client->reactor);
  if (client->session != NULL && now > client->told) {
    midge_session_elapsed(client->session, now);
    client->told = now;
  }
  if (now >= client->phase_until) midge_attempt_timed_out(client);
  midge_client_turn(client);
}
