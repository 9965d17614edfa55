#include "engine/subscribe_out.h"

#include <assert.h>

#include "base/slice.h"
#include "engine/alone.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/parts.h"
#include "engine/records.h"
#include "engine/renewals.h"
#include "engine/tell.h"
#include "engine/trace.h"

enum { OPTION_QOS = 0x03 }; /* of the options behind a filter */

/* --- The end of a request --- */

static bool has_reasons(const midge_session *session,
                        const midge_request *request) {
  return request->type == MIDGE_SUBSCRIBE || session->version == MIDGE_MQTT_5;
}

static void tell_end(midge_session *session, const midge_request *request,
                     midge_status status, const midge_packet *answer) {
  midge_done done = {.token = request->owner.token,
                     .status = status,
                     .packet_id = request->owner.packet_id,
                     .answer = answer};
  if (answer != NULL) done.reasons = answer->suback.reasons;
  if (request->answers != NULL && status == MIDGE_OK &&
      has_reasons(session, request)) {
    done.buffer = request->answers;
    done.reasons = midge_buffer_slice(done.buffer);
  }
  midge_session_done(session, &done);
}

void midge_session_finish_request(midge_session *session,
                                  midge_request *request, midge_status status,
                                  const midge_packet *answer) {
  if (!request->ended) tell_end(session, request, status, answer);
  midge_packet_ids_drop(&session->packet_ids, &request->owner);
  midge_deadlines_remove(&session->deadlines, &request->owner);
  midge_tokens_remove(&session->tokens, &request->owner);
  midge_requests_remove(&session->requests, request);
}

void midge_session_end_request(midge_session *session, midge_request *request,
                               midge_status status) {
  if (!request->shown) {
    midge_session_finish_request(session, request, status, NULL);
    return;
  }
  /* The identifier stays taken: the answer may still come. */
  tell_end(session, request, status, NULL);
  midge_deadlines_remove(&session->deadlines, &request->owner);
  midge_tokens_drop(&session->tokens, &request->owner);
  midge_requests_end(&session->requests, request);
}

/* A packet of our own is answered, or cannot be sent: so is this much of those
 * who have joined it. */
static void answer_joined(midge_session *session, midge_request *packet,
                          midge_status status, midge_slice reasons) {
  midge_join join;
  while (midge_requests_take_join(&session->requests, packet, &join)) {
    midge_request *request = join.request;
    if (status != MIDGE_OK) request->status = status;
    request->answers->data[join.to] =
        reasons.size != 0 ? reasons.data[join.from] : 0;
    if (--request->awaited != 0) continue;
    if (packet->origin == MIDGE_REQUEST_PART)
      midge_session_note_answer(session);
    midge_session_finish_request(session, request, request->status, NULL);
  }
}

/* It comes to nothing on this connection. */
static void refuse(midge_session *session, midge_request *request,
                   midge_status status) {
  answer_joined(session, request, status, MIDGE_NO_SLICE);
  if (request->origin == MIDGE_REQUEST_RENEWS)
    midge_session_end_renewal(session, request);
  midge_session_finish_request(session, request, status, NULL);
}

/* --- Answers --- */

/* The request that this answer is for. Null: nobody's, or the connection was
 * broken. */
static midge_request *answered(midge_session *session,
                               const midge_packet *packet,
                               midge_packet_type type) {
  midge_owner *owner =
      midge_packet_ids_owner(&session->packet_ids, packet->suback.packet_id);
  if (owner == NULL) return NULL;

  midge_request *request = (midge_request *)(void *)owner;
  if (owner->kind != MIDGE_OWNER_REQUEST || request->type != type) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "an acknowledgement of another kind than the packet");
    return NULL;
  }
  size_t size = packet->suback.reasons.size;
  if (!has_reasons(session, request) || size == request->count) return request;
  midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                      "not one reason code for each filter");
  return NULL;
}

/* Of what was remembered last. */
static void note_wish(midge_session *session, const midge_request *request) {
  midge_remembered *one = session->subscriptions.last;
  if (one->wished < request->key) one->wished = request->key;
}

/* What the server has granted before it has still when it refuses another
 * subscription to it; a renewal it has not. */
static void remember(midge_session *session, const midge_request *request,
                     const midge_packet *sent, midge_slice reasons) {
  bool renews = request->origin == MIDGE_REQUEST_RENEWS;
  midge_slice rest = sent->subscribe.filters;
  midge_packet_filter filter;
  for (size_t i = 0; midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter); i++) {
    if (reasons.data[i] >= 0x80) {
      if (renews) midge_session_forget(session, filter.filter);
      continue;
    }
    if (!midge_session_remember(session, filter, sent->properties)) {
      midge_session_fail(session, MIDGE_ENOMEM, NULL);
      return;
    }
    note_wish(session, request);
  }
}

static void end_answered(midge_session *session, midge_request *request,
                         const midge_packet *answer) {
  /* A renewal comes again after every lost session, so it is no progress. */
  if (request->origin == MIDGE_REQUEST_WISHED)
    midge_session_note_answer(session);
  if (request->origin == MIDGE_REQUEST_RENEWS) {
    midge_session_note_packet(session, answer, false);
    midge_session_end_renewal(session, request);
    midge_session_note_renewed(session, request, answer->suback.reasons);
  }
  answer_joined(session, request, MIDGE_OK, answer->suback.reasons);
  midge_session_finish_request(session, request, MIDGE_OK, answer);
}

void midge_session_suback(midge_session *session, const midge_packet *packet) {
  midge_request *request = answered(session, packet, MIDGE_SUBSCRIBE);
  if (request == NULL) return;
  midge_packet sent = midge_request_packet(request);
  remember(session, request, &sent, packet->suback.reasons);
  end_answered(session, request, packet);
}

void midge_session_unsuback(midge_session *session,
                            const midge_packet *packet) {
  midge_request *request = answered(session, packet, MIDGE_UNSUBSCRIBE);
  if (request == NULL) return;
  midge_session_forget_unsubscribed(session, request);
  end_answered(session, request, packet);
}

/* --- Showing --- */

/* Whether the server has what a filter needs. */
static bool is_offered(const midge_session *session,
                       const midge_packet *packet) {
  const midge_limits *limits = &session->limits;
  midge_property property;
  if (packet->type != MIDGE_SUBSCRIBE) return true;
  if (!limits->identifiers &&
      midge_property_find(packet->properties, MIDGE_SUBSCRIPTION_IDENTIFIER,
                          &property))
    return false;

  midge_slice rest = packet->subscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter)) {
    if (!limits->wildcards && midge_filter_has_wildcard(filter.filter))
      return false;
    if (!limits->shared && midge_filter_is_shared(filter.filter)) return false;
  }
  return true;
}

/* Options of MQTT 5 that 3.1.1 has no bits for [MQTT-3.8.3-4 of 3.1.1]. */
static void lower_options(midge_request *request) {
  if (request->type != MIDGE_SUBSCRIBE) return;
  uint8_t *at = request->bytes, *end = at + request->filters_size;
  while (at != end) {
    at += 2 + (at[0] << 8 | at[1]);
    *at++ &= OPTION_QOS;
  }
}

void midge_session_show_request(midge_session *session) {
  midge_request *request = session->requests.unsent;
  assert(request != NULL);
  midge_packet packet = midge_request_packet(request);
  if (!is_offered(session, &packet)) {
    refuse(session, request, MIDGE_ENOTSUP);
    return;
  }
  if (session->version != MIDGE_MQTT_5) lower_options(request);
  if (midge_session_divide(session, request)) {
    if (request->awaited == 0 && midge_session_is_open(session))
      midge_session_finish_request(session, request, MIDGE_OK, NULL);
    return;
  }
  if (!midge_packet_ids_take(&session->packet_ids, &request->owner)) {
    refuse(session, request, MIDGE_ENOMEM);
    return;
  }
  packet = midge_request_packet(request);
  if (session->version != MIDGE_MQTT_5) packet.properties = MIDGE_NO_SLICE;
  if (!midge_session_show(session, &packet)) {
    if (!midge_session_is_open(session)) return; /* it waits on */
    refuse(session, request, MIDGE_EOVERSIZE);
    return;
  }
  if (request->origin == MIDGE_REQUEST_RENEWS)
    midge_session_note_packet(session, &packet, true);
  midge_session_forget_unsubscribed(session, request);
  midge_requests_sent(&session->requests,
                      request->origin == MIDGE_REQUEST_WISHED
                          ? session->now + session->options.reply_timeout_ms
                          : MIDGE_NEVER);
}

void midge_session_expire_requests(midge_session *session) {
  midge_request *late;
  while ((late = session->requests.awaited) != NULL &&
         late->due <= session->now)
    midge_session_end_request(session, late, MIDGE_ETIMEOUT);
}

/* The server has done it, though its answer was lost: once more it would end
 * what was subscribed to since. */
static void finish_overtaken(midge_session *session, midge_request *request) {
  bool has = request->answers != NULL ||
             midge_request_add_answers(&session->requests, request);
  midge_session_finish_request(session, request, has ? MIDGE_OK : MIDGE_ENOMEM,
                               NULL);
}

void midge_session_rewind_requests(midge_session *session) {
  midge_request *next;
  for (midge_request *r = session->requests.first; r != NULL; r = next) {
    next = r->next;
    midge_packet_ids_drop(&session->packet_ids, &r->owner);
    if (r->ended || r->origin == MIDGE_REQUEST_PART)
      midge_session_finish_request(session, r, MIDGE_OK, NULL);
    else if (midge_session_is_overtaken(session, r))
      finish_overtaken(session, r);
  }
  midge_requests_rewind(&session->requests);
}
