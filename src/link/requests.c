#include "link/requests.h"

#include <assert.h>

#include "link/attempt.h"
#include "link/events.h"

static midge_status ask_session(midge_link *link, const midge_wish *wish,
                                uint64_t ticket) {
  midge_session *session = link->session;
  switch (wish->type) {
    case MIDGE_WISH_PUBLISH:
      return midge_session_publish(session, &wish->publish, ticket);
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

/* Publish, subscribe, unsubscribe: what ends in a DONE. */
static void tell_with_ticket(midge_link *link, const midge_wish *wish) {
  uint64_t ticket = midge_tickets_take(&link->tickets, wish->token, wish->cost);
  assert(ticket != 0); /* as for events: it could not be told of */
  link->queued.messages++;
  link->queued.bytes += wish->cost;
  midge_status status = ask_session(link, wish, ticket);
  if (status != MIDGE_OK) midge_link_refuse(link, ticket, status);
  /* Nobody asks for a connection: nothing may wait for one for ever. */
  if (link->phase == MIDGE_PHASE_IDLE) midge_attempt_end_wishes(link);
}

static midge_status cancel(midge_link *link, uint64_t token) {
  uint64_t ticket = midge_tickets_find(&link->tickets, token);
  if (ticket == 0) return MIDGE_EINVAL;
  return midge_session_cancel(link->session, ticket);
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
    case MIDGE_WISH_HOLD:
      midge_session_hold(session, wish->hold.on);
      break;
    default:
      tell_with_ticket(link, wish);
      break;
  }
  (void)status;
}
