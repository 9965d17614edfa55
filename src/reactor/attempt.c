#include "reactor/attempt.h"

#include <assert.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "reactor/dial.h"
#include "reactor/filters.h"

/* How long a server is given to close its side after ours. To close before
 * would reset the connection, and DISCONNECT might be lost with it. */
enum { LINGER_MS = 250 };

/* --- The end of an attempt --- */

static midge_event closed_event(midge_client *client, midge_side by,
                                midge_status status) {
  midge_event event = {.type = MIDGE_EVENT_CLOSED, .context = client->context};
  event.closed.by = by;
  event.closed.status = status;
  return event;
}

/* The words of a fault go into a buffer, so that they live with the event. */
static void add_fault(midge_client *client, midge_event *event) {
  const midge_fault *fault = &client->fault;
  size_t code_size = strlen(fault->code), text_size = strlen(fault->text);
  midge_buffer *buffer =
      midge_buffer_new(&client->reactor->allocator, code_size + text_size + 1);
  event->closed.status = fault->status;
  if (buffer == NULL) return;

  memcpy(buffer->data, fault->code, code_size);
  memcpy(buffer->data + code_size, fault->text, text_size);
  midge_buffer_release(event->buffer);
  event->buffer = buffer;
  event->properties = MIDGE_NO_SLICE;
  event->closed.code = midge_slice_of(buffer->data, code_size);
  event->closed.text = midge_slice_of(buffer->data + code_size, text_size);
}

/* What an event of the session leaves out: the code, and the words of what
 * happened below it. Takes over the buffer of `event`. */
static void describe(midge_client *client, midge_event *event) {
  if (event->closed.by == MIDGE_SIDE_NETWORK &&
      client->fault.status != MIDGE_OK) {
    add_fault(client, event);
    return;
  }
  midge_status status = event->closed.status;
  if (status == MIDGE_OK) return;
  event->closed.code = midge_slice_text(midge_status_name(status));
  if (event->closed.text.size == 0)
    event->closed.text = midge_slice_text(midge_status_text(status));
}

/* Wishes of a session that ends with its connection end, if this was its
 * last. */
static void end_wishes(midge_client *client) {
  midge_status status = midge_session_disconnect(
      client->session, MIDGE_REASON_SUCCESS, (midge_properties){0});
  (void)status; /* MIDGE_ENOCONN: so it is */
  midge_client_take_events(client);
}

static void give_up(midge_client *client) {
  client->asked = false;
  unsigned standing = client->generation * 2 + 1;
  atomic_compare_exchange_strong(&client->standing, &standing, standing - 1);
}

/* The session will speak an older version next time, so there is no reason to
 * wait. */
static bool is_negotiating(const midge_event *closed) {
  return closed->closed.reason == MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION &&
         closed->closed.by == MIDGE_SIDE_SERVER && !closed->closed.lasting;
}

/* When to try again, or MIDGE_NEVER. */
static uint64_t decide(midge_client *client, const midge_event *closed) {
  if (client->goodbye) return MIDGE_NEVER;
  if (client->kicked || is_negotiating(closed)) return 0;
  if (midge_redirect_follow(&client->redirect, &client->url, closed)) return 0;
  midge_redirect_return(&client->redirect, &client->url);
  bool refused = closed->closed.lasting && !client->lasting;
  if (!client->off && !refused) return midge_retry_delay(&client->retry);
  give_up(client);
  if (refused) end_wishes(client);
  return MIDGE_NEVER;
}

static void judge_link(midge_client *client, uint64_t open_ms) {
  midge_retry_closed(&client->retry, open_ms);
  if (open_ms >= client->retry.stable_ms)
    midge_redirect_settled(&client->redirect);
}

/* The one CLOSED of an attempt, and what comes after it. The buffer of
 * `closed` is held and let go of here. */
static void conclude(midge_client *client, midge_event closed) {
  midge_time now = midge_reactor_now(client->reactor);
  if (client->opened) judge_link(client, now - client->opened_at);
  if (client->goodbye) {
    end_wishes(client);
    midge_buffer_release(closed.buffer);
    closed = closed_event(client, MIDGE_SIDE_SELF, MIDGE_OK);
  }
  describe(client, &closed);
  uint64_t retry_ms = decide(client, &closed);
  closed.closed.retry_ms = retry_ms;
  midge_reactor_push(client->reactor, &closed);
  midge_buffer_release(closed.buffer);

  bool again = client->kicked || (client->goodbye && client->asked);
  bool over = client->goodbye && !client->asked;
  client->phase =
      retry_ms == MIDGE_NEVER ? MIDGE_PHASE_IDLE : MIDGE_PHASE_WAITING;
  client->phase_until = retry_ms == MIDGE_NEVER ? MIDGE_NEVER : now + retry_ms;
  client->goodbye = client->kicked = client->opened = false;
  midge_client_tell_deferred(client);
  if (over) end_wishes(client); /* of those that were deferred */
  if (client->leaving)
    midge_attempt_leave(client);
  else if (again)
    midge_attempt_begin(client);
}

void midge_attempt_say_closed(midge_client *client) {
  midge_event closed = closed_event(client, MIDGE_SIDE_SELF, MIDGE_OK);
  closed.closed.retry_ms = MIDGE_NEVER;
  midge_reactor_push(client->reactor, &closed);
}

/* The session loses the link, and says CLOSED if it has not yet. */
static void detach(midge_client *client) {
  midge_link_drop(client->link);
  client->link = NULL;
  midge_session_disconnected(client->session);
  midge_client_take_events(client);
  assert(client->has_closed);
  client->has_closed = false;
  conclude(client, client->closed);
}

/* The session knows nothing of this attempt. */
static void fail(midge_client *client, const midge_fault *fault) {
  client->dial = NULL;
  client->fault = *fault;
  conclude(client, closed_event(client, MIDGE_SIDE_NETWORK, fault->status));
}

void midge_attempt_failed(midge_client *client, const midge_fault *fault) {
  fail(client, fault);
  midge_client_turn(client);
}

void midge_attempt_cut(midge_client *client, const midge_fault *fault) {
  if (client->phase == MIDGE_PHASE_CLOSING ||
      client->phase == MIDGE_PHASE_LINKED) {
    if (!client->has_closed) client->fault = *fault;
    detach(client);
    return;
  }
  if (client->dial != NULL) midge_dial_cancel(client->dial);
  if (client->link != NULL) midge_link_drop(client->link);
  client->link = NULL;
  fail(client, fault);
}

void midge_attempt_leave(midge_client *client) {
  assert(client->phase == MIDGE_PHASE_IDLE);
  midge_session_abandon(client->session);
  midge_client_take_events(client);
  assert(client->tickets.count == 0);
  midge_event ended = {.type = MIDGE_EVENT_ENDED, .context = client->context};
  midge_reactor_push(client->reactor, &ended);
  midge_client_drop(client);
}

/* --- The way up --- */

void midge_attempt_begin(midge_client *client) {
  midge_event event = {.type = MIDGE_EVENT_CONNECTING,
                       .context = client->context};
  event.connecting.attempt = midge_retry_begin(&client->retry);
  midge_reactor_push(client->reactor, &event);

  client->fault = (midge_fault){.status = MIDGE_OK};
  client->phase = MIDGE_PHASE_ASKING;
  client->phase_until = MIDGE_NEVER;
  if (!client->ask) midge_attempt_proceed(client);
}

void midge_attempt_proceed(midge_client *client) {
  client->phase = MIDGE_PHASE_DIALING;
  client->phase_until =
      midge_reactor_now(client->reactor) + client->connect_timeout_ms;
  const midge_url *where =
      client->proxy.host != NULL ? &client->proxy : &client->url;
  if (midge_dial_start(&client->dial, client, where) == MIDGE_OK) return;
  midge_fault fault;
  midge_fault_set(&fault, MIDGE_ENOMEM, NULL, "no memory for a connection");
  fail(client, &fault);
}

static void hand_over(midge_client *client) {
  client->phase = MIDGE_PHASE_LINKED;
  client->link->session = client->session;
  midge_client_tick(client);
  midge_session_connected(client->session);
}

void midge_attempt_dialed(midge_client *client, midge_link *link) {
  client->dial = NULL;
  client->link = link;
  midge_link_begin(link, client);
  client->phase = MIDGE_PHASE_SHAKING;
  midge_fault fault;
  if (midge_filters_push(client, &link->stack, &fault) != MIDGE_OK) {
    midge_attempt_cut(client, &fault);
  } else if (link->stack.count == 0) {
    hand_over(client);
  }
  midge_client_turn(client);
}

/* --- The link --- */

static void fault_of_filter(midge_fault *fault, const midge_stack *stack) {
  midge_filter_error error = midge_stack_error(stack);
  if (error.status == MIDGE_OK)
    midge_fault_set(fault, MIDGE_ELOST, NULL,
                    "the server closed the connection");
  else
    midge_fault_set(fault, error.status, error.code, "%s", error.text);
}

static bool has_ended(const midge_stack *stack) {
  midge_filter_state state = midge_stack_state(stack);
  return state == MIDGE_FILTER_FAILED || state == MIDGE_FILTER_CLOSED;
}

void midge_attempt_filtered(midge_client *client) {
  midge_link *link = client->link;
  bool opens = client->phase == MIDGE_PHASE_SHAKING &&
               midge_stack_state(&link->stack) == MIDGE_FILTER_OPEN;
  if (opens) hand_over(client);
  midge_client_turn(client);
  /* What came with the end of the handshake was for the session. */
  if (opens && client->link == link && midge_link_pass_up(link))
    midge_client_turn(client);
  if (client->link != link || !has_ended(&link->stack)) return;
  if (client->phase == MIDGE_PHASE_CLOSING) return;

  midge_fault fault;
  fault_of_filter(&fault, &link->stack);
  midge_attempt_cut(client, &fault);
  midge_client_turn(client);
}

/* In words: who ended the stream, and when. */
static void fault_of_end(midge_client *client, midge_fault *fault, int error) {
  if (client->link->stack.count != 0 &&
      midge_stack_state(&client->link->stack) == MIDGE_FILTER_FAILED) {
    fault_of_filter(fault, &client->link->stack);
    return;
  }
  const char *when =
      client->opened ? "" : " before the MQTT connection was accepted";
  if (error == UV_EOF)
    midge_fault_set(fault, MIDGE_ELOST, NULL,
                    "the server closed the connection%s", when);
  else
    midge_fault_set_system(fault, MIDGE_ELOST, error,
                           "the connection was lost%s", when);
}

void midge_attempt_ended(midge_client *client, int error) {
  midge_link *link = client->link;
  if (link->stack.count != 0) {
    midge_stack_ended(&link->stack);
    if (client->phase != MIDGE_PHASE_CLOSING) midge_link_pass_up(link);
  }
  midge_fault fault;
  fault_of_end(client, &fault, error);
  if (link->session != NULL) midge_client_take_events(client);
  midge_attempt_cut(client, &fault);
  midge_client_turn(client);
}

void midge_attempt_written(midge_client *client) {
  if (client->link->held_size != 0) {
    midge_link_received(client->link, midge_slice_of(client->link->held,
                                                     client->link->held_size));
    return;
  }
  midge_client_tick(client);
  midge_client_turn(client);
}

/* --- The way down --- */

void midge_attempt_closing(midge_client *client) {
  client->phase = MIDGE_PHASE_CLOSING;
  if (client->goodbye) return; /* the time runs since then */
  client->phase_until =
      midge_reactor_now(client->reactor) + client->close_timeout_ms;
}

void midge_attempt_flushed(midge_client *client) {
  if (!midge_link_is_flushed(client->link) || client->link->shut) return;
  midge_link_shut(client->link);
  midge_time linger = midge_reactor_now(client->reactor) + LINGER_MS;
  if (linger < client->phase_until) client->phase_until = linger;
}

static const char *const too_late[] = {
    [MIDGE_PHASE_DIALING] = "no connection to %s within %u ms",
    [MIDGE_PHASE_SHAKING] =
        "no TLS, WebSocket or proxy connection to %s"
        " within %u ms",
    [MIDGE_PHASE_LINKED] = "%s did not answer CONNECT within %u ms",
    [MIDGE_PHASE_CLOSING] = "",
};

void midge_attempt_timed_out(midge_client *client) {
  if (client->phase == MIDGE_PHASE_WAITING) {
    midge_attempt_begin(client);
    return;
  }
  midge_fault fault;
  midge_fault_set(&fault, MIDGE_ETIMEOUT, "ETIMEDOUT", too_late[client->phase],
                  client->url.host, client->connect_timeout_ms);
  midge_attempt_cut(client, &fault);
}
