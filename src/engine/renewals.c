#include "engine/renewals.h"

#include "base/slice.h"
#include "engine/records.h"
#include "engine/tell.h"

/* A program that subscribes when it is told of the connection may do so when
 * the renewal is answered already: this long what it asks for is there. */
enum { FRESH_MS = 5000 };

uint8_t *midge_put_filter(uint8_t *to, midge_slice filter) {
  *to++ = (uint8_t)(filter.size >> 8);
  *to++ = (uint8_t)filter.size;
  return midge_slice_copy(to, filter);
}

static size_t filter_size(const midge_remembered *one) {
  return 2 + (size_t)one->filter_size + 1;
}

static bool goes_with(const midge_remembered *first,
                      const midge_remembered *one) {
  return !first->alone && midge_slice_equal(midge_remembered_properties(first),
                                            midge_remembered_properties(one));
}

/* One SUBSCRIBE for `first` and those behind it that go with it. Moves `first`
 * past them; null when there is no memory. */
static midge_request *subscribe_again(midge_session *session,
                                      midge_remembered **first) {
  midge_remembered *end = *first;
  size_t most = session->limits.packet_size_max / 2, size = 0;
  uint32_t count = 0;
  do {
    size += filter_size(end);
    count++;
    end = end->next;
  } while (end != NULL && count < session->options.subscribe_batch_max &&
           size < most && goes_with(*first, end));

  midge_slice properties = midge_remembered_properties(*first);
  midge_request *request = midge_request_new(
      &session->requests, MIDGE_SUBSCRIBE, size, properties.size);
  if (request == NULL) return NULL;
  request->origin = MIDGE_REQUEST_RENEWS;
  uint8_t *to = request->bytes;
  for (; *first != end; *first = (*first)->next) {
    to = midge_put_filter(to, midge_remembered_filter(*first));
    *to++ = (*first)->options;
    (*first)->renewal = request;
    (*first)->renewal_place = request->count++;
  }
  midge_slice_copy(to, properties);
  return request;
}

/* Those of a connection before, whose session is lost too. */
static void drop_renewals(midge_session *session) {
  midge_request *next;
  for (midge_request *r = session->requests.first; r != NULL; r = next) {
    next = r->next;
    if (r->origin != MIDGE_REQUEST_RENEWS) return;
    midge_session_end_renewal(session, r);
    midge_requests_remove(&session->requests, r);
  }
}

void midge_session_forget_unsubscribed(midge_session *session,
                                       const midge_request *request) {
  if (request->type != MIDGE_UNSUBSCRIBE) return;
  midge_slice rest = midge_request_packet(request).unsubscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter)) {
    const midge_remembered *one =
        midge_subscriptions_find(&session->subscriptions, filter.filter);
    if (one != NULL && one->wished < request->key)
      midge_session_forget(session, filter.filter);
  }
}

bool midge_session_is_overtaken(const midge_session *session,
                                const midge_request *request) {
  if (request->type != MIDGE_UNSUBSCRIBE) return false;
  midge_slice rest = midge_request_packet(request).unsubscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter)) {
    const midge_remembered *one =
        midge_subscriptions_find(&session->subscriptions, filter.filter);
    if (one != NULL && one->wished > request->key) return true;
  }
  return false;
}

/* The server has lost what the program wants to be rid of: to ask for it once
 * more would bring its retained messages. */
static void forget_unwanted(midge_session *session) {
  if (session->requests.unsubscribes == 0) return;
  for (midge_request *r = session->requests.first; r != NULL; r = r->next)
    midge_session_forget_unsubscribed(session, r);
}

void midge_session_subscribe_again(midge_session *session) {
  if (session->options.forget_subscriptions) {
    midge_subscriptions_free(&session->subscriptions);
    return;
  }
  drop_renewals(session);
  forget_unwanted(session);
  midge_remembered *first = session->subscriptions.first;
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

void midge_session_end_renewal(midge_session *session,
                               const midge_request *request) {
  midge_packet packet = midge_request_packet(request);
  midge_slice rest = packet.subscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter)) {
    midge_remembered *one =
        midge_subscriptions_find(&session->subscriptions, filter.filter);
    if (one != NULL && one->renewal == request) one->renewal = NULL;
  }
}

void midge_session_note_renewed(midge_session *session,
                                const midge_request *request,
                                midge_slice reasons) {
  midge_packet packet = midge_request_packet(request);
  midge_slice rest = packet.subscribe.filters;
  midge_packet_filter filter;
  for (size_t i = 0; midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter); i++) {
    midge_remembered *one =
        midge_subscriptions_find(&session->subscriptions, filter.filter);
    if (one == NULL) continue; /* refused, or no memory */
    one->renewed_on = session->connection;
    one->renewed_at = session->now;
    one->granted = reasons.data[i];
  }
  session->fresh_until = session->now + FRESH_MS;
}

static bool is_fresh(const midge_session *session,
                     const midge_remembered *one) {
  return one->renewed_on == session->connection &&
         session->now - one->renewed_at < FRESH_MS;
}

midge_remembered *midge_session_renewal_of(midge_session *session,
                                           const midge_packet *request,
                                           const midge_packet_filter *filter) {
  if (request->type != MIDGE_SUBSCRIBE) return NULL;
  /* One that waits may take the filter away before this one is sent. */
  if (session->requests.unsubscribes != 0) return NULL;
  if (session->requests.renewals == 0 && session->now >= session->fresh_until)
    return NULL;
  midge_remembered *one =
      midge_subscriptions_find(&session->subscriptions, filter->filter);
  if (one == NULL) return NULL;
  if ((one->renewal != NULL || is_fresh(session, one)) &&
      one->options == filter->options &&
      midge_slice_equal(midge_remembered_properties(one), request->properties))
    return one;
  one->renewal = NULL;
  one->renewed_on = 0;
  return NULL;
}
