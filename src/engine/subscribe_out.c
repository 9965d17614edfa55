#include "engine/subscribe_out.h"

#include <assert.h>

#include "base/slice.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/tell.h"

enum {
  FILTERS_AGAIN_MAX = 64, /* in one SUBSCRIBE that renews them */
  OPTION_QOS = 0x03,      /* of the options behind a filter */
};

void midge_session_finish_request(midge_session *session,
                                  midge_request *request, midge_status status,
                                  const midge_packet *answer) {
  midge_done done = {request->token, status, MIDGE_NO_SLICE,
                     request->owner.packet_id, answer};
  if (answer != NULL) done.reasons = answer->suback.reasons;
  midge_packet_ids_drop(&session->packet_ids, &request->owner);
  if (!request->ended) midge_session_done(session, &done);
  midge_requests_remove(&session->requests, request);
}

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
  bool has_reasons =
      type == MIDGE_SUBSCRIBE || session->version == MIDGE_MQTT_5;
  if (has_reasons && packet->suback.reasons.size != request->count) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "not one reason code for each filter");
    return NULL;
  }
  return request;
}

static void remember(midge_session *session, const midge_packet *sent,
                     midge_slice reasons) {
  if (session->options.forget_subscriptions) return;
  midge_slice rest = sent->subscribe.filters;
  midge_packet_filter filter;
  for (size_t i = 0; midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter); i++) {
    if (reasons.data[i] >= 0x80) {
      midge_subscriptions_forget(&session->subscriptions, filter.filter);
    } else if (!midge_subscriptions_remember(&session->subscriptions, filter,
                                             sent->properties)) {
      midge_session_fail(session, MIDGE_ENOMEM, NULL);
      return;
    }
  }
}

void midge_session_suback(midge_session *session, const midge_packet *packet) {
  midge_request *request = answered(session, packet, MIDGE_SUBSCRIBE);
  if (request == NULL) return;
  midge_packet sent = midge_request_packet(request);
  remember(session, &sent, packet->suback.reasons);
  midge_session_finish_request(session, request, MIDGE_OK, packet);
}

void midge_session_unsuback(midge_session *session,
                            const midge_packet *packet) {
  midge_request *request = answered(session, packet, MIDGE_UNSUBSCRIBE);
  if (request == NULL) return;
  midge_session_finish_request(session, request, MIDGE_OK, packet);
}

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

static void forget_unsubscribed(midge_session *session,
                                const midge_packet *packet) {
  if (packet->type != MIDGE_UNSUBSCRIBE) return;
  midge_slice rest = packet->unsubscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter))
    midge_subscriptions_forget(&session->subscriptions, filter.filter);
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
    midge_session_finish_request(session, request, MIDGE_ENOTSUP, NULL);
    return;
  }
  if (!midge_packet_ids_take(&session->packet_ids, &request->owner)) {
    midge_session_finish_request(session, request, MIDGE_ENOMEM, NULL);
    return;
  }
  if (session->version != MIDGE_MQTT_5) lower_options(request);
  packet = midge_request_packet(request);
  if (session->version != MIDGE_MQTT_5) packet.properties = MIDGE_NO_SLICE;
  if (!midge_session_show(session, &packet)) {
    if (!midge_session_is_open(session)) return; /* it waits on */
    midge_session_finish_request(session, request, MIDGE_EOVERSIZE, NULL);
    return;
  }
  forget_unsubscribed(session, &packet);
  bool is_renewal = request->key == 0; /* nobody waits for it */
  midge_requests_sent(&session->requests,
                      is_renewal
                          ? MIDGE_NEVER
                          : session->now + session->options.reply_timeout_ms);
}

void midge_session_expire_requests(midge_session *session) {
  for (midge_request *r = session->requests.first;
       r != session->requests.unsent; r = r->next) {
    if (session->now < r->due) continue;
    /* The identifier stays taken: the answer may still come. */
    midge_done done = {.token = r->token,
                       .status = MIDGE_ETIMEOUT,
                       .packet_id = r->owner.packet_id};
    midge_session_done(session, &done);
    r->ended = true;
    r->due = MIDGE_NEVER;
  }
}

void midge_session_rewind_requests(midge_session *session) {
  midge_request *next;
  for (midge_request *r = session->requests.first; r != NULL; r = next) {
    next = r->next;
    midge_packet_ids_drop(&session->packet_ids, &r->owner);
    if (r->ended) midge_requests_remove(&session->requests, r);
  }
  midge_requests_rewind(&session->requests);
}

/* --- Subscribing again --- */

static size_t filter_size(const midge_remembered *one) {
  return 2 + (size_t)one->filter_size + 1;
}

static bool goes_with(const midge_remembered *first,
                      const midge_remembered *one) {
  return midge_slice_equal(midge_remembered_properties(first),
                           midge_remembered_properties(one));
}

uint8_t *midge_put_filter(uint8_t *to, midge_slice filter) {
  *to++ = (uint8_t)(filter.size >> 8);
  *to++ = (uint8_t)filter.size;
  return midge_slice_copy(to, filter);
}

/* One SUBSCRIBE for `first` and those behind it that go with it. Moves `first`
 * past them; null when there is no memory. */
static midge_request *subscribe_again(midge_session *session,
                                      const midge_remembered **first) {
  const midge_remembered *end = *first;
  size_t most = session->limits.packet_size_max / 2, size = 0;
  uint32_t count = 0;
  do {
    size += filter_size(end);
    count++;
    end = end->next;
  } while (end != NULL && count < FILTERS_AGAIN_MAX && size < most &&
           goes_with(*first, end));

  midge_slice properties = midge_remembered_properties(*first);
  midge_request *request = midge_request_new(
      &session->requests, MIDGE_SUBSCRIBE, size, properties.size);
  if (request == NULL) return NULL;
  request->count = count;
  uint8_t *to = request->bytes;
  for (; *first != end; *first = (*first)->next) {
    to = midge_put_filter(to, midge_remembered_filter(*first));
    *to++ = (*first)->options;
  }
  midge_slice_copy(to, properties);
  return request;
}

/* Those of a connection before, whose session is lost too. */
static void drop_renewals(midge_session *session) {
  midge_request *next;
  for (midge_request *r = session->requests.first; r != NULL; r = next) {
    next = r->next;
    if (r->key == 0) midge_requests_remove(&session->requests, r);
  }
}

/* Ahead of everything that waits, so that no message is missed. A renewal has
 * no key, and goes again on the next connection until it is answered. */
void midge_session_subscribe_again(midge_session *session) {
  drop_renewals(session);
  const midge_remembered *first = session->subscriptions.first;
  midge_request *behind = NULL;
  while (first != NULL) {
    midge_request *request = subscribe_again(session, &first);
    if (request == NULL) {
      midge_session_fail(session, MIDGE_ENOMEM, NULL);
      return;
    }
    midge_requests_insert(&session->requests, behind, request);
    behind = request;
  }
}
