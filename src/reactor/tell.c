/* What the program wants, on the reactor's thread. */
#include <assert.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "reactor/attempt.h"

/* A wish that the session does not take has ended. */
static void refuse(midge_client *client, uint64_t number, midge_status status) {
  midge_ticket ticket = midge_tickets_end(&client->tickets, number);
  midge_event event = {.type = MIDGE_EVENT_DONE, .context = client->context};
  event.done.token = ticket.token;
  event.done.status = status;
  if (ticket.cost != 0) {
    atomic_fetch_sub(&client->queue_messages, 1);
    atomic_fetch_sub(&client->queue_bytes, ticket.cost);
  }
  if (ticket.token != 0) midge_reactor_push(client->reactor, &event);
}

static midge_status ask_session(midge_client *client, const midge_wish *wish,
                                uint64_t number) {
  midge_session *session = client->session;
  switch (wish->type) {
    case MIDGE_WISH_PUBLISH:
      return midge_session_publish(session, &wish->publish, number);
    case MIDGE_WISH_SUBSCRIBE:
      return midge_session_subscribe(session, wish->subscribe.list,
                                     wish->subscribe.count,
                                     wish->subscribe.properties, number);
    default:
      return midge_session_unsubscribe(session, wish->unsubscribe.list,
                                       wish->unsubscribe.count,
                                       wish->unsubscribe.properties, number);
  }
}

/* Publish, subscribe, unsubscribe: what ends in a DONE. */
static void tell_with_ticket(midge_client *client, const midge_wish *wish) {
  uint64_t number =
      midge_tickets_take(&client->tickets, wish->token, wish->cost);
  assert(number != 0); /* as for events: it could not be told of */
  midge_status status = ask_session(client, wish, number);
  if (status != MIDGE_OK) refuse(client, number, status);
}

/* Too late, no such message, no connection: nothing comes of these, and
 * nobody waits for it. */
static void tell_session(midge_client *client, const midge_wish *wish) {
  midge_session *session = client->session;
  midge_status status = MIDGE_OK;
  switch (wish->type) {
    case MIDGE_WISH_CANCEL:
      status = midge_session_cancel(
          session, midge_tickets_find(&client->tickets, wish->token));
      break;
    case MIDGE_WISH_ACKNOWLEDGE:
      status = midge_session_acknowledge(session, wish->acknowledge.packet_id,
                                         wish->acknowledge.reason);
      break;
    case MIDGE_WISH_AUTHENTICATE:
      status = midge_session_authenticate(session, wish->authenticate.reason,
                                          wish->authenticate.properties);
      break;
    case MIDGE_WISH_SET_WILL:
      status = midge_session_set_will(
          session, wish->will.given ? &wish->will.publish : NULL);
      break;
    default:
      tell_with_ticket(client, wish);
      break;
  }
  (void)status;
}

/* --- Connections --- */

static void start_connecting(midge_client *client, const midge_wish *wish) {
  client->generation = wish->connect.generation;
  client->asked = true;
  if (client->phase != MIDGE_PHASE_IDLE) return; /* after the goodbye */
  midge_retry_reset(&client->retry);
  midge_attempt_begin(client);
}

static const midge_fault no_fault = {.status = MIDGE_OK};

/* Cut what is there; without the DISCONNECT of a link. `owed`: the program
 * waits for a CLOSED. */
static void cut(midge_client *client, bool owed) {
  bool second = client->phase == MIDGE_PHASE_CLOSING && client->goodbye;
  client->asked = false;
  if (owed && (client->phase == MIDGE_PHASE_IDLE || second))
    midge_attempt_say_closed(client);
  if (client->phase == MIDGE_PHASE_IDLE) return;
  client->goodbye = true;
  midge_attempt_cut(client, &no_fault);
}

/* DISCONNECT as the program wants it, or at least one. */
static bool say_disconnect(midge_client *client, midge_reason reason,
                           midge_properties properties) {
  midge_session *session = client->session;
  midge_status status = midge_session_disconnect(session, reason, properties);
  if (status == MIDGE_OK) return true;
  status = midge_session_disconnect(session, MIDGE_REASON_SUCCESS,
                                    (midge_properties){0});
  return status == MIDGE_OK;
}

static void disconnect(midge_client *client, midge_reason reason,
                       midge_properties properties, bool owed) {
  bool again = client->goodbye; /* a connect that waited is taken back */
  if (again && owed) midge_attempt_say_closed(client);
  client->asked = false;
  if (again || client->phase == MIDGE_PHASE_CLOSING) {
    client->goodbye = true;
    return;
  }
  if (client->phase != MIDGE_PHASE_LINKED ||
      !say_disconnect(client, reason, properties)) {
    cut(client, owed);
    return;
  }
  client->goodbye = true;
  client->phase_until =
      midge_reactor_now(client->reactor) + client->close_timeout_ms;
}

static void close_handle(midge_client *client, const midge_wish *wish) {
  client->leaving = true;
  disconnect(client, MIDGE_REASON_SUCCESS, (midge_properties){0},
             wish->close.asked);
  if (client->phase == MIDGE_PHASE_IDLE && client->session != NULL)
    midge_attempt_leave(client);
}

static void reconnect(midge_client *client) {
  if (!client->asked || client->goodbye) return;
  midge_fault fault;
  midge_fault_set(&fault, MIDGE_ELOST, NULL,
                  "the connection was given up for a new one");
  switch (client->phase) {
    case MIDGE_PHASE_WAITING:
      midge_attempt_begin(client);
      break;
    case MIDGE_PHASE_IDLE:
    case MIDGE_PHASE_ASKING:
      break;
    default:
      client->kicked = true;
      midge_attempt_cut(client, &fault);
      break;
  }
}

/* --- Credentials --- */

static void replace(midge_client *client, midge_buffer **kept,
                    midge_slice text) {
  if (text.data == NULL) return;
  midge_buffer *copy = midge_buffer_copy(&client->reactor->allocator, text);
  if (copy == NULL) return; /* the old one will be tried */
  midge_buffer_release(*kept);
  *kept = copy;
}

static midge_slice slice_of(const midge_buffer *buffer) {
  return buffer != NULL ? midge_buffer_slice(buffer) : MIDGE_NO_SLICE;
}

static midge_status apply(midge_client *client, const midge_attempt *attempt) {
  const midge_allocator *allocator = &client->reactor->allocator;
  midge_status status = MIDGE_OK;
  if (attempt->url.data != NULL) {
    midge_url url;
    status = midge_url_parse(&url, allocator, attempt->url, MIDGE_URL_SERVER,
                             NULL, 0);
    if (status != MIDGE_OK) return status;
    midge_redirect_free(&client->redirect);
    midge_url_free(&client->url);
    client->url = url;
    replace(client, &client->user_name, url.user_name);
    replace(client, &client->password, url.password);
  }
  if (attempt->headers != NULL)
    status = midge_headers_set(&client->headers, allocator, attempt->headers,
                               attempt->header_count);
  if (status != MIDGE_OK) return status;
  replace(client, &client->user_name, attempt->user_name);
  replace(client, &client->password, attempt->password);
  return midge_session_set_credentials(
      client->session, slice_of(client->user_name), slice_of(client->password));
}

static void proceed(midge_client *client, const midge_attempt *attempt) {
  if (client->phase != MIDGE_PHASE_ASKING) return;
  midge_status status = apply(client, attempt);
  if (status == MIDGE_OK) {
    midge_attempt_proceed(client);
    return;
  }
  midge_fault fault;
  midge_fault_set(&fault, status, NULL,
                  "the credentials given for this attempt cannot be used: %s",
                  midge_status_text(status));
  midge_attempt_cut(client, &fault);
}

/* --- All of them --- */

/* Whether it was meant for the connection after the one that is being closed:
 * the session that says goodbye would not take it, or end it. */
static bool must_wait(const midge_client *client, const midge_wish *wish) {
  return client->goodbye && client->asked && wish->type >= MIDGE_WISH_PUBLISH;
}

static void defer(midge_client *client, const midge_wish *wish) {
  midge_deferred *deferred = midge_allocate(&client->reactor->allocator,
                                            sizeof *deferred + wish->size);
  assert(deferred != NULL); /* as for events */
  deferred->next = NULL;
  midge_wish_copy((midge_wish *)(void *)deferred->bytes, wish);
  *client->deferred_end = deferred;
  client->deferred_end = &deferred->next;
}

void midge_client_tell_deferred(midge_client *client) {
  midge_deferred *first = client->deferred;
  client->deferred = NULL;
  client->deferred_end = &client->deferred;
  while (first != NULL) {
    midge_deferred *next = first->next;
    midge_wish *wish = (midge_wish *)(void *)first->bytes;
    tell_session(client, wish);
    midge_free(&client->reactor->allocator, first, sizeof *first + wish->size);
    first = next;
  }
}

void midge_client_tell(midge_client *client, const midge_wish *wish) {
  if (must_wait(client, wish)) {
    defer(client, wish);
    return;
  }
  midge_client_tick(client);
  switch (wish->type) {
    case MIDGE_WISH_CONNECT:
      start_connecting(client, wish);
      break;
    case MIDGE_WISH_DISCONNECT:
      disconnect(client, wish->disconnect.reason, wish->disconnect.properties,
                 true);
      break;
    case MIDGE_WISH_ABORT:
      cut(client, wish->abort.asked);
      break;
    case MIDGE_WISH_RECONNECT:
      reconnect(client);
      break;
    case MIDGE_WISH_PROCEED:
      proceed(client, &wish->proceed);
      break;
    case MIDGE_WISH_CLOSE:
      close_handle(client, wish);
      break;
    default:
      tell_session(client, wish);
      break;
  }
}
