#include "link/events.h"

#include <assert.h>

midge_event midge_link_new_event(const midge_link *link,
                                 midge_event_type type) {
  return (midge_event){
      .type = type,
      .context = link->context,
      .attempt = link->attempt,
      .connect = link->connect,
  };
}

/* An event that cannot be kept would be a message lost or a wish without an
 * end, after the server was told that all is well. */
static void push(midge_link *link, const midge_event *event) {
  midge_event *newest = midge_ring_push(&link->events);
  assert(newest != NULL);
  *newest = *event;
  midge_buffer_hold(event->buffer);
}

/* --- The session's events --- */

/* The program's token comes back; false if it asked for no event. */
static bool finish(midge_link *link, midge_event *event) {
  uint32_t count = event->done.count;
  midge_ticket ticket =
      midge_tickets_end_some(&link->tickets, event->done.token, count);
  link->freed.messages += count;
  link->freed.bytes += ticket.cost;
  link->queued.messages -= count;
  link->queued.bytes -= ticket.cost;
  event->done.token = ticket.token;
  return ticket.token != 0;
}

/* What has left memory has another ticket when it comes back, and weighs in the
 * queue what its record does from now on. */
static bool stored(midge_link *link, midge_event *event) {
  uint64_t number = event->stored.token;
  size_t left = event->stored.left;
  event->stored.token = midge_tickets_token(&link->tickets, number);
  event->stored.left = 0;
  if (left == 0) return event->stored.token != 0;
  size_t more = midge_tickets_end(&link->tickets, number).cost - left;
  link->freed.bytes += more;
  link->queued.bytes -= more;
  return event->stored.token != 0;
}

/* A goodbye that is under way keeps its time. */
static void opened(midge_link *link, const midge_event *event) {
  link->opened_at = link->now;
  midge_places_accepted(&link->places);
  if (!event->opened.resumed) link->session_since = link->attempt;
  if (link->desire == MIDGE_DESIRE_UP) link->phase_until = MIDGE_NEVER;
}

/* The session is done with this connection: its output may still drain. */
static void closing(midge_link *link, const midge_event *event) {
  assert(link->phase == MIDGE_PHASE_LINKED);
  link->phase = MIDGE_PHASE_CLOSING;
  link->ending = event->buffer;
  midge_buffer_hold(event->buffer);
  if (link->desire == MIDGE_DESIRE_UP)
    link->phase_until = link->now + link->close_timeout_ms;
}

/* What an event of the session means to the link; true if the program is to
 * have it. */
static bool digest(midge_link *link, midge_event *event) {
  event->context = link->context;
  switch (event->type) {
    case MIDGE_EVENT_DONE:
      return finish(link, event);
    case MIDGE_EVENT_STORED:
      return stored(link, event);
    case MIDGE_EVENT_OPENED:
      opened(link, event);
      break;
    case MIDGE_EVENT_CLOSED:
      closing(link, event);
      return false;
    case MIDGE_EVENT_AUTHENTICATE:
      break;
    default:
      return true;
  }
  event->attempt = link->attempt;
  event->connect = link->connect;
  return true;
}

void midge_link_drain(midge_link *link) {
  midge_event event;
  while (midge_session_event(link->session, &event))
    if (digest(link, &event)) push(link, &event);
}

/* --- Our own --- */

void midge_link_tell(midge_link *link, const midge_event *event) {
  midge_link_drain(link);
  push(link, event);
}

void midge_link_refuse(midge_link *link, uint64_t ticket, uint32_t count,
                       midge_status status) {
  midge_event event = midge_link_new_event(link, MIDGE_EVENT_DONE);
  event.attempt = event.connect = 0;
  event.done.token = ticket;
  event.done.status = status;
  event.done.count = count;
  if (finish(link, &event)) midge_link_tell(link, &event);
}

/* --- Telling --- */

static bool pop(midge_link *link, midge_event *event) {
  if (link->events.count == 0) return false;
  *event = *(midge_event *)midge_ring_at(&link->events, 0);
  midge_ring_pop_to_rest(&link->events);
  link->lent = event->buffer;
  return true;
}

bool midge_link_event(midge_link *link, midge_event *event) {
  midge_buffer_release(link->lent);
  link->lent = NULL;
  if (pop(link, event)) return true;
  /* What the inbox has of records that are committed late is for another life.
   */
  if (link->phase == MIDGE_PHASE_OVER) return false;
  while (midge_session_event(link->session, event))
    if (digest(link, event)) return true;
  return false;
}

midge_freed midge_link_freed(midge_link *link) {
  midge_freed freed = link->freed;
  link->freed = (midge_freed){0, 0};
  return freed;
}

void midge_link_free_events(midge_link *link) {
  midge_event event;
  midge_buffer_release(link->lent);
  while (pop(link, &event)) midge_buffer_release(event.buffer);
  midge_ring_free(&link->events);
  if (link->phase == MIDGE_PHASE_CLOSING) midge_buffer_release(link->ending);
}
