#include "link/requests.h"

#include <assert.h>

#include "engine/draft.h"
#include "link/attempt.h"
#include "link/events.h"

static midge_status ask_session(midge_link *link, const midge_wish *wish,
                                uint64_t ticket) {
  midge_session *session = link->session;
  switch (wish->type) {
    case MIDGE_WISH_PUBLISH:
      return midge_session_publish_draft(session, &wish->publish, wish->draft,
                                         ticket);
    case MIDGE_WISH_PUBLISH_BUNDLE:
      return midge_session_publish_bundle(session, &wish->bundle, ticket);
    case MIDGE_WISH_SUBSCRIBE:
      return midge_session_subscribe(session, wish->subscribe.list,
                                     wish->subscribe.count,
                                     wish->subscribe.options, ticket);
    default:
      return midge_session_unsubscribe(session, wish->unsubscribe.list,
                                       wish->unsubscribe.count,
                                       wish->unsubscribe.options, ticket);
  }
}

static uint64_t take_ticket(midge_link *link, uint64_t token, uint32_t cost,
                            uint32_t count) {
  uint64_t ticket = midge_tickets_take_many(&link->tickets, token, cost, count);
  assert(ticket != 0); /* as for events: it could not be told of */
  link->queued.messages += count;
  link->queued.bytes += cost;
  return ticket;
}

/* Publish, subscribe, unsubscribe: what ends in a DONE. */
static void tell_with_ticket(midge_link *link, const midge_wish *wish) {
  uint32_t count =
      wish->type == MIDGE_WISH_PUBLISH_BUNDLE ? wish->bundle.count : 1;
  uint64_t ticket = take_ticket(link, wish->token, wish->cost, count);
  midge_status status = link->store_fault;
  if (status == MIDGE_OK) status = ask_session(link, wish, ticket);
  if (status != MIDGE_OK) midge_link_refuse(link, ticket, count, status);
  /* Nobody asks for a connection: nothing may wait for one for ever. */
  if (link->phase == MIDGE_PHASE_IDLE) midge_attempt_end_wishes(link);
}

static midge_status cancel(midge_link *link, uint64_t token) {
  uint64_t ticket = midge_tickets_find(&link->tickets, token);
  if (ticket == 0) return MIDGE_EINVAL;
  return midge_session_cancel(link->session, ticket);
}

/* Another connection or another session may use the identifier for something
 * else: QoS 1 is answered on its connection, QoS 2 in its session. */
static bool is_awaited(const midge_link *link, uint8_t qos, uint32_t attempt) {
  if (attempt == 0) return true;
  return qos == MIDGE_EXACTLY_ONCE ? attempt >= link->session_since
                                   : attempt == link->attempt;
}

/* Runs of those that are awaited: mostly all of them are one. */
static void answer_list(midge_link *link, const midge_wish *wish) {
  const midge_answer *list = wish->answer.list;
  size_t count = wish->answer.count, first = 0;
  for (size_t i = 0; i <= count; i++) {
    if (i < count && is_awaited(link, list[i].qos, wish->answer.attempt))
      continue;
    if (i > first)
      midge_session_acknowledge_list(link->session, list + first, i - first);
    first = i + 1;
  }
}

/* Too late, no such message, no connection: nothing comes of these, and
 * nobody waits for it. */
void midge_link_request(midge_link *link, const midge_wish *wish) {
  midge_session *session = link->session;
  midge_status status = MIDGE_OK;
  switch (wish->type) {
    case MIDGE_WISH_CANCEL:
      status = cancel(link, wish->token);
      break;
    case MIDGE_WISH_ACKNOWLEDGE:
      if (is_awaited(link, (uint8_t)wish->acknowledge.qos,
                     wish->acknowledge.attempt))
        status = midge_session_acknowledge(session, wish->acknowledge.packet_id,
                                           wish->acknowledge.reason);
      break;
    case MIDGE_WISH_ANSWER:
      answer_list(link, wish);
      break;
    case MIDGE_WISH_DELIVERY:
      status = midge_session_acknowledge_delivery(session, wish->token);
      break;
    case MIDGE_WISH_AUTHENTICATE:
      status = midge_session_authenticate(session, wish->authenticate.reason,
                                          wish->authenticate.properties);
      break;
    case MIDGE_WISH_SET_WILL:
      status = midge_session_set_will(
          session, wish->will.given ? &wish->will.publish : NULL);
      break;
    case MIDGE_WISH_HOLD:
      midge_session_hold(session, wish->hold.on);
      break;
    case MIDGE_WISH_PING:
      status = midge_session_ping(session);
      break;
    case MIDGE_WISH_POSTPONE_PING:
      midge_session_postpone_ping(session);
      break;
    case MIDGE_WISH_TRACE:
      midge_session_trace(session, wish->trace.on);
      break;
    default:
      tell_with_ticket(link, wish);
      break;
  }
  (void)status;
}

/* --- Of a former life --- */

midge_status midge_link_restore(midge_link *link, const midge_record *record,
                                size_t *cost) {
  midge_publish publish;
  uint64_t ticket = 0;
  *cost = 0;
  if (midge_record_message(record, &publish)) {
    *cost = record->body.size != 0 ? record->body.size : 1;
    ticket = take_ticket(link, publish.label, (uint32_t)*cost, 1);
  }
  midge_status status = midge_session_restore(link->session, record, ticket);
  if (status == MIDGE_OK || ticket == 0) return status;
  midge_tickets_end(&link->tickets, ticket);
  link->queued.messages--;
  link->queued.bytes -= *cost;
  *cost = 0;
  return status;
}

/* They count in the queue, and have their tickets when they come back. */
void midge_link_restore_absent(midge_link *link, const midge_absence *absence) {
  link->queued.messages += absence->count;
  link->queued.bytes += absence->bytes;
  midge_session_restore_absent(link->session, absence);
}

bool midge_link_wants(midge_link *link, uint64_t *first, uint64_t *last) {
  return midge_session_wants(link->session, first, last);
}

midge_status midge_link_load(midge_link *link, const midge_record *record) {
  midge_publish publish;
  if (!midge_record_message(record, &publish)) return MIDGE_EINVAL;
  uint64_t ticket = midge_tickets_take(&link->tickets, publish.label,
                                       (uint32_t)record->body.size);
  assert(ticket != 0); /* as for every other */
  midge_status status = midge_session_load(link->session, record, ticket);
  if (status != MIDGE_OK) midge_tickets_end(&link->tickets, ticket);
  return status;
}

void midge_link_loaded(midge_link *link, uint64_t key) {
  midge_absence lost = midge_session_loaded(link->session, key);
  link->queued.messages -= lost.count;
  link->queued.bytes -= lost.bytes;
  link->freed.messages += lost.count;
  link->freed.bytes += lost.bytes;
}

bool midge_link_record(midge_link *link, midge_record *record) {
  return midge_session_record(link->session, record);
}

void midge_link_committed(midge_link *link, uint64_t position) {
  midge_session_committed(link->session, position);
}
