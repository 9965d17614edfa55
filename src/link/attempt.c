#include "link/attempt.h"

#include <assert.h>

#include "engine/dispatch.h"
#include "engine/tell.h"
#include "filter/text.h"
#include "link/events.h"
#include "link/filters.h"
#include "link/stream.h"

/* --- The end of an attempt --- */

static midge_event closed_event(const midge_link *link, midge_side by,
                                midge_status status) {
  midge_event event = midge_link_new_event(link, MIDGE_EVENT_CLOSED);
  /* Between two attempts there is none that could end. */
  if (link->phase == MIDGE_PHASE_WAITING) event.attempt = 0;
  event.closed.by = by;
  event.closed.status = status;
  return event;
}

/* The words of a fault go into a buffer, so that they live with the event;
 * false when there is no memory for them. */
static bool add_fault(midge_link *link, midge_event *event) {
  const midge_fault *fault = link->fault;
  size_t code_size = strlen(fault->code), text_size = strlen(fault->text);
  midge_buffer *buffer =
      midge_buffer_new(link->allocator, code_size + text_size + 1);
  event->closed.status = fault->status;
  event->closed.http_status = fault->http_status;
  if (buffer == NULL) return false;

  memcpy(buffer->data, fault->code, code_size);
  memcpy(buffer->data + code_size, fault->text, text_size);
  midge_buffer_release(event->buffer);
  event->buffer = buffer;
  event->properties = MIDGE_NO_SLICE;
  event->closed.code = midge_slice_of(buffer->data, code_size);
  event->closed.text = midge_slice_of(buffer->data + code_size, text_size);
  return true;
}

/* What an event of the session leaves out: the code, and the words of what
 * happened below it. Takes over the buffer of `event`. */
static void describe(midge_link *link, midge_event *event) {
  if (event->closed.by == MIDGE_SIDE_NETWORK && add_fault(link, event)) return;
  midge_status status = event->closed.status;
  if (status == MIDGE_OK) return;
  event->closed.code = midge_slice_text(midge_status_name(status));
  if (event->closed.text.size == 0)
    event->closed.text = midge_slice_text(midge_status_text(status));
}

void midge_attempt_end_wishes(midge_link *link) {
  midge_status status = midge_session_disconnect(
      link->session, MIDGE_REASON_SUCCESS, (midge_properties){0}, 0);
  (void)status; /* MIDGE_ENOCONN: so it is */
  midge_link_drain(link);
}

/* The session will speak an older version next time, so there is no reason to
 * wait. The reason alone says less: before MQTT 5 it is the raw return code. */
static bool is_negotiating(const midge_event *closed) {
  return closed->closed.status ==
             (midge_status)-MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION &&
         !closed->closed.lasting;
}

/* The one place that compares what is desired with what is: when to try
 * again, or MIDGE_NEVER. */
static uint64_t decide(midge_link *link, const midge_event *closed,
                       bool again) {
  bool accepted = link->opened_at != MIDGE_NEVER;
  if (link->desire == MIDGE_DESIRE_DOWN) return MIDGE_NEVER;
  if (again || link->is_renewed || is_negotiating(closed)) return 0;
  if (midge_places_follow(&link->places, closed)) return 0;
  bool has_next = midge_places_next(&link->places, accepted);
  bool is_refused = closed->closed.lasting && !link->lasting;
  if (link->off || is_refused) {
    link->desire = MIDGE_DESIRE_DOWN;
    midge_attempt_end_wishes(link);
    return MIDGE_NEVER;
  }
  return has_next ? 0 : midge_retry_delay(&link->retry);
}

static void judge_link(midge_link *link) {
  if (link->opened_at == MIDGE_NEVER) return;
  uint64_t open_ms = link->now - link->opened_at;
  midge_retry_closed(&link->retry, open_ms);
  if (open_ms >= link->retry.stable_ms) midge_places_settled(&link->places);
}

/* The one CLOSED of an attempt, and what comes after it. The buffer of
 * `closed` is held and let go of here. */
static void conclude(midge_link *link, midge_event closed, bool again) {
  judge_link(link);
  if (link->desire == MIDGE_DESIRE_DOWN) {
    midge_attempt_end_wishes(link);
    midge_buffer_release(closed.buffer);
    closed = closed_event(link, MIDGE_SIDE_SELF, MIDGE_OK);
  }
  describe(link, &closed);
  uint64_t retry_ms = decide(link, &closed, again);
  closed.closed.retry_ms = retry_ms;
  midge_link_tell(link, &closed);
  midge_buffer_release(closed.buffer);

  bool is_last = retry_ms == MIDGE_NEVER;
  link->phase = is_last ? MIDGE_PHASE_IDLE : MIDGE_PHASE_WAITING;
  link->phase_until = is_last ? MIDGE_NEVER : link->now + retry_ms;
  link->opened_at = MIDGE_NEVER;
}

/* The session loses the transport, and says CLOSED if it has not yet. */
static void detach(midge_link *link, bool again) {
  midge_session_disconnected(link->session, link->fault->by_server);
  midge_link_drain(link);
  assert(link->phase == MIDGE_PHASE_CLOSING);
  midge_stack_free(&link->stack);
  midge_event closed = *midge_session_last_closed(link->session);
  assert(closed.buffer == link->ending);
  closed.context = link->context;
  closed.attempt = link->attempt;
  closed.connect = link->connect;
  conclude(link, closed, again);
}

void midge_attempt_cut(midge_link *link, const midge_fault *fault, bool again) {
  midge_link_drain(link);
  if (link->phase == MIDGE_PHASE_CLOSING) {
    detach(link, again);
    return;
  }
  const midge_fault *before = link->fault;
  link->fault = fault;
  if (link->phase == MIDGE_PHASE_LINKED) {
    detach(link, again);
  } else {
    midge_stack_free(&link->stack);
    conclude(link, closed_event(link, MIDGE_SIDE_NETWORK, fault->status),
             again);
  }
  link->fault = before;
}

/* --- The way up --- */

void midge_attempt_begin(midge_link *link) {
  link->attempt++;
  link->is_heard = link->is_stuck = link->is_shut = link->is_renewed = false;
  link->is_reading = true;
  link->phase = MIDGE_PHASE_ASKING;
  link->phase_until = MIDGE_NEVER;
  midge_event event = midge_link_new_event(link, MIDGE_EVENT_CONNECTING);
  event.connecting.retry = midge_retry_begin(&link->retry);
  event.connecting.server = (uint32_t)link->places.at;
  midge_link_tell(link, &event);
  if (!link->ask) midge_attempt_dial(link);
}

/* What the program gave counts before what stands in the URL. */
static midge_status set_credentials(midge_link *link) {
  const midge_url *url = midge_places_current(&link->places);
  midge_slice name = midge_link_bytes_of(link->user_name);
  midge_slice password = midge_link_bytes_of(link->password);
  if (name.data == NULL) name = url->user_name;
  if (password.data == NULL) password = url->password;
  return midge_session_set_credentials(link->session, name, password);
}

void midge_attempt_dial(midge_link *link) {
  link->phase = MIDGE_PHASE_DIALING;
  link->phase_until = link->now + link->connect_timeout_ms;
  midge_status status = set_credentials(link);
  if (status == MIDGE_OK) return;
  midge_fault fault;
  midge_fault_set(&fault, status, NULL, midge_status_text(status));
  midge_attempt_cut(link, &fault, false);
}

static void hand_over(midge_link *link) {
  link->phase = MIDGE_PHASE_LINKED;
  midge_session_connected(link->session);
}

/* Only now it is known that the attempt leads to a server with TLS. */
static void provide_tls(midge_link *link) {
  const midge_tls_options none = {0};
  bool needed = midge_url_has_tls(midge_places_current(&link->places));
  if (!needed || link->tls != NULL || !link->has_default_tls) return;
  midge_status status =
      midge_tls_context_new(&link->tls, &none, link->allocator, NULL, 0);
  if (status != MIDGE_OK) link->tls = NULL; /* which is told as a fault */
}

midge_way midge_attempt_way(const midge_link *link) {
  return (midge_way){
      .allocator = link->allocator,
      .url = midge_places_current(&link->places),
      .proxy = link->proxy,
      .tls = link->tls,
      .headers = &link->headers,
      .version = link->version,
      .is_bare = link->by_hand,
  };
}

void midge_attempt_dialed(midge_link *link) {
  midge_fault fault;
  provide_tls(link);
  const midge_way way = midge_attempt_way(link);
  link->phase = MIDGE_PHASE_SHAKING;
  if (midge_filters_push(&way, &link->stack, &fault) != MIDGE_OK)
    midge_attempt_cut(link, &fault, false);
  else if (link->stack.count == 0)
    hand_over(link);
}

/* --- The transport --- */

static void fault_of_filter(midge_fault *fault, const midge_stack *stack) {
  midge_filter_error error = midge_stack_error(stack);
  if (error.status == MIDGE_OK)
    midge_fault_set(fault, MIDGE_ELOST, NULL,
                    "the server closed the connection");
  else
    midge_fault_set(fault, error.status, error.code, error.text);
  fault->http_status = (uint16_t)error.http_status;
  fault->by_server = error.status == MIDGE_OK || error.status == MIDGE_ELOST;
}

/* One step through the filters; false when they can take no more now. */
static bool filter(midge_link *link, midge_slice *bytes) {
  size_t taken = midge_stack_received(&link->stack, *bytes);
  *bytes = midge_slice_skip(*bytes, taken);
  bool progress = midge_stream_pass_up(link) || taken != 0;
  bool opens = link->phase == MIDGE_PHASE_SHAKING &&
               midge_stack_state(&link->stack) == MIDGE_FILTER_OPEN;
  if (!opens) return progress;
  hand_over(link);
  midge_stream_pass_up(link); /* what came with the end of the handshake */
  return true;
}

/* Who took the wrong port or scheme is told the right one; else null. */
static const char *other_protocol(midge_slice bytes) {
  static const struct {
    const char *first;
    const char *text;
  } others[] = {
      {"HTTP/",
       "the server answered in HTTP and not in MQTT: if this port is for "
       "WebSocket, the URL begins with ws:"},
      {"\x15\x03", /* an alert, of any version */
       "the server answered in TLS and not in MQTT: then the URL begins with "
       "mqtts:"},
  };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    midge_slice first = midge_slice_text(others[i].first);
    if (bytes.size < first.size) continue;
    if (midge_slice_equal(midge_slice_of(bytes.data, first.size), first))
      return others[i].text;
  }
  return NULL;
}

/* Without filters: what comes is MQTT, or else nothing for us. */
static void receive_bare(midge_link *link, midge_slice bytes,
                         midge_buffer *buffer) {
  const char *text = link->is_heard ? NULL : other_protocol(bytes);
  link->is_heard = true;
  if (text != NULL) {
    midge_fault fault;
    midge_fault_set(&fault, MIDGE_EPROTOCOL, NULL, text);
    midge_attempt_cut(link, &fault, false);
    return;
  }
  midge_session_received_in(link->session, bytes, buffer);
}

size_t midge_attempt_received(midge_link *link, midge_slice bytes,
                              midge_buffer *buffer) {
  size_t size = bytes.size;
  if (link->phase == MIDGE_PHASE_CLOSING) return size;
  if (link->stack.count == 0) {
    receive_bare(link, bytes, buffer);
    return size;
  }
  while (bytes.size != 0 && filter(link, &bytes)) continue;
  link->is_stuck = bytes.size != 0;
  midge_link_drain(link); /* the session may be done, and its word counts */
  if (link->phase == MIDGE_PHASE_CLOSING || !midge_stream_has_ended(link))
    return size - bytes.size;

  midge_fault fault;
  fault_of_filter(&fault, &link->stack);
  midge_attempt_cut(link, &fault, false);
  return size;
}

static const char *when(const midge_link *link) {
  return link->opened_at != MIDGE_NEVER
             ? ""
             : " before the MQTT connection was accepted";
}

static bool has_failed(const midge_link *link) {
  return link->stack.count != 0 &&
         midge_stack_state(&link->stack) == MIDGE_FILTER_FAILED;
}

/* What the filters still have is for the session, and what they say of the end
 * says more than the system does. */
static void end_stream(midge_link *link, midge_fault *fault) {
  bool by_server = fault->by_server;
  if (link->stack.count != 0) {
    midge_stack_ended(&link->stack);
    if (link->phase != MIDGE_PHASE_CLOSING) midge_stream_pass_up(link);
  }
  midge_link_drain(link);
  if (has_failed(link)) fault_of_filter(fault, &link->stack);
  fault->by_server = by_server;
  midge_attempt_cut(link, fault, false);
}

/* In words: who ended the stream, and when. */
void midge_attempt_ended(midge_link *link) {
  midge_fault fault;
  char room[sizeof fault.text];
  midge_text text = midge_text_in(room, sizeof room);
  midge_link_drain(link); /* it may say that the server accepted us */
  midge_text_add(&text, "the server closed the connection");
  midge_text_add(&text, when(link));
  midge_fault_set(&fault, MIDGE_ELOST, NULL, room);
  fault.by_server = true;
  end_stream(link, &fault);
}

void midge_attempt_broken(midge_link *link, const midge_fault *why) {
  midge_fault fault;
  char room[sizeof fault.text];
  midge_text text = midge_text_in(room, sizeof room);
  midge_link_drain(link);
  midge_text_add(&text, "the connection was lost");
  midge_text_add(&text, when(link));
  midge_text_add(&text, ": ");
  midge_text_add(&text, why->text);
  midge_fault_set(&fault, why->status, why->code, room);
  fault.by_server = why->by_server;
  end_stream(link, &fault);
}

/* --- Time --- */

static const struct late_text {
  const char *before, *after;
} too_late[MIDGE_PHASES] = {
    [MIDGE_PHASE_DIALING] = {"no connection to ", " within "},
    [MIDGE_PHASE_SHAKING] = {"no TLS, WebSocket or proxy connection to ",
                             " within "},
    [MIDGE_PHASE_LINKED] = {"", " did not answer CONNECT within "},
    [MIDGE_PHASE_CLOSING] = {"", " did not close within "},
};

void midge_attempt_late(midge_link *link) {
  midge_fault fault;
  char room[sizeof fault.text];
  midge_text text = midge_text_in(room, sizeof room);
  const char *host = midge_places_current(&link->places)->host;
  midge_text_add(&text, too_late[link->phase].before);
  midge_text_quote(&text, midge_slice_text(host));
  midge_text_add(&text, too_late[link->phase].after);
  midge_text_number(&text, link->connect_timeout_ms);
  midge_text_add(&text, " ms");
  midge_fault_set(&fault, MIDGE_ETIMEOUT, "ETIMEDOUT", room);
  midge_attempt_cut(link, &fault, false);
}
