#include "link/desire.h"

#include <assert.h>

#include "engine/closing.h"
#include "engine/identity.h"
#include "filter/text.h"
#include "link/attempt.h"
#include "link/events.h"

/* How long DISCONNECT itself may take, when what was unfinished had its time.
 */
enum { FAREWELL_MS = 250 };

static const midge_fault no_fault = {.status = MIDGE_OK};

/* --- Up and down --- */

void midge_link_connect(midge_link *link, const midge_wish *wish) {
  assert(link->phase == MIDGE_PHASE_IDLE);
  link->desire = MIDGE_DESIRE_UP;
  link->connect = wish->connect.number;
  midge_retry_reset(&link->retry);
  midge_places_begin(&link->places);
  midge_attempt_begin(link);
}

void midge_link_abort(midge_link *link) {
  if (link->phase == MIDGE_PHASE_IDLE) return;
  link->desire = MIDGE_DESIRE_DOWN;
  midge_attempt_cut(link, &no_fault, false);
}

/* DISCONNECT as the program wants it, or at least one. */
static bool say_disconnect(midge_link *link, const midge_wish *wish,
                           uint32_t patience_ms) {
  midge_status status =
      midge_session_disconnect(link->session, wish->disconnect.reason,
                               wish->disconnect.properties, patience_ms);
  if (status == MIDGE_OK) return true;
  status = midge_session_disconnect(link->session, MIDGE_REASON_SUCCESS,
                                    (midge_properties){0}, patience_ms);
  return status == MIDGE_OK;
}

/* In IDLE nothing is owed: the attempts had ended, and the program was told,
 * before it was known. */
void midge_link_disconnect(midge_link *link, const midge_wish *wish) {
  midge_link_drain(link);
  if (link->phase == MIDGE_PHASE_IDLE) return;
  link->desire = MIDGE_DESIRE_DOWN;
  if (link->phase == MIDGE_PHASE_CLOSING) return; /* its time runs already */
  uint32_t patience_ms = wish->disconnect.force ? 0 : link->close_timeout_ms;
  if (link->phase != MIDGE_PHASE_LINKED ||
      !say_disconnect(link, wish, patience_ms)) {
    midge_attempt_cut(link, &no_fault, false);
    return;
  }
  link->phase_until = link->now + link->close_timeout_ms + FAREWELL_MS;
}

static void leave(midge_link *link) {
  midge_session_abandon(link->session);
  midge_link_drain(link);
  assert(link->tickets.count == 0);
  midge_event ended = midge_link_new_event(link, MIDGE_EVENT_ENDED);
  ended.attempt = ended.connect = 0;
  midge_link_tell(link, &ended);
  link->phase = MIDGE_PHASE_OVER;
}

bool midge_link_close(midge_link *link) {
  static const midge_wish goodbye = {.type = MIDGE_WISH_DISCONNECT};
  midge_link_disconnect(link, &goodbye);
  if (link->phase != MIDGE_PHASE_IDLE) return false;
  leave(link);
  return true;
}

/* A connection that is given up for a new one ends as one that is not needed:
 * the server is not to publish the will. One that is dead is not waited for. */
static bool part(midge_link *link, const char *why) {
  if (link->phase != MIDGE_PHASE_LINKED) return false;
  midge_session_part(link->session, why);
  midge_link_drain(link);
  if (link->phase != MIDGE_PHASE_CLOSING) return false;
  link->is_renewed = true;
  link->phase_until = link->now + FAREWELL_MS;
  return true;
}

void midge_link_reconnect(midge_link *link) {
  static const char why[] = "the connection was given up for a new one";
  midge_link_drain(link);
  if (link->desire == MIDGE_DESIRE_DOWN) return;
  if (link->phase == MIDGE_PHASE_ASKING) return;
  if (link->phase == MIDGE_PHASE_WAITING) {
    midge_attempt_begin(link);
    return;
  }
  if (part(link, why)) return;
  midge_fault fault;
  midge_fault_set(&fault, MIDGE_ELOST, NULL, why);
  midge_attempt_cut(link, &fault, true);
}

/* --- What an attempt is given --- */

/* Null data: as before. */
static midge_status replace(midge_link *link, midge_buffer **kept,
                            midge_slice text) {
  if (text.data == NULL) return MIDGE_OK;
  midge_buffer *copy = midge_buffer_copy(link->allocator, text);
  if (copy == NULL) return MIDGE_ENOMEM;
  midge_buffer_release(*kept);
  *kept = copy;
  return MIDGE_OK;
}

static midge_status go_elsewhere(midge_link *link, midge_slice source) {
  midge_url url;
  if (source.data == NULL) return MIDGE_OK;
  midge_status status =
      midge_url_parse(&url, link->allocator, source, MIDGE_URL_SERVER, NULL, 0);
  if (status != MIDGE_OK) return status;
  midge_places_replace(&link->places, url);
  status = replace(link, &link->user_name, url.user_name);
  if (status != MIDGE_OK) return status;
  return replace(link, &link->password, url.password);
}

/* What was received in the session of another client is not answered in this
 * one's. */
static midge_status become(midge_link *link, const midge_identity *identity) {
  if (identity == NULL) return MIDGE_OK;
  midge_status status = midge_session_set_identity(link->session, identity);
  if (status != MIDGE_OK) return status;
  link->is_silent = identity->keep_alive_off;
  if (midge_session_is_renamed(link->session))
    link->session_since = link->attempt;
  return MIDGE_OK;
}

static midge_status trust(midge_link *link, const midge_tls_options *tls) {
  if (tls == NULL || link->by_hand) return MIDGE_OK;
  midge_tls_context *fresh = NULL;
  midge_status status =
      midge_tls_context_new(&fresh, tls, link->allocator, NULL, 0);
  if (status != MIDGE_OK) return status;
  midge_tls_context_release(link->tls);
  link->tls = fresh;
  return MIDGE_OK;
}

static midge_status apply(midge_link *link, const midge_attempt *attempt) {
  midge_status status = go_elsewhere(link, attempt->url);
  if (status == MIDGE_OK && attempt->headers != NULL)
    status = midge_headers_set(&link->headers, link->allocator,
                               attempt->headers, attempt->header_count);
  if (status == MIDGE_OK)
    status = replace(link, &link->user_name, attempt->user_name);
  if (status == MIDGE_OK)
    status = replace(link, &link->password, attempt->password);
  if (status == MIDGE_OK) status = become(link, attempt->identity);
  if (status == MIDGE_OK) status = trust(link, attempt->tls);
  return status;
}

void midge_link_proceed(midge_link *link, const midge_wish *wish) {
  if (link->phase != MIDGE_PHASE_ASKING) return;
  if (wish->proceed.number != link->attempt) return;
  midge_status status = apply(link, &wish->proceed.attempt);
  if (status == MIDGE_OK) {
    midge_attempt_dial(link);
    return;
  }
  midge_fault fault;
  char room[sizeof fault.text];
  midge_text text = midge_text_in(room, sizeof room);
  midge_text_add(&text, "what was given for this attempt cannot be used: ");
  midge_text_add(&text, midge_status_text(status));
  midge_fault_set(&fault, status, NULL, room);
  midge_attempt_cut(link, &fault, false);
}
