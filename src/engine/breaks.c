#include "engine/breaks.h"

#include <string.h>

#include "base/hash.h"
#include "base/slice.h"
#include "engine/alone.h"
#include "engine/publish_out.h"
#include "engine/records.h"
#include "engine/renewals.h"
#include "engine/subscribe_out.h"
#include "engine/tell.h"

/* Keys of renewals, beside those of wishes. */
#define KEY_RENEWAL (UINT64_C(1) << 63)

static midge_message *as_message(midge_owner *owner) {
  return (midge_message *)(void *)owner;
}

static midge_request *as_request(midge_owner *owner) {
  return (midge_request *)(void *)owner;
}

/* --- Who it was --- */

static midge_message *oldest_shown(const midge_session *session) {
  const midge_outbox *outbox = &session->outbox;
  for (midge_message *m = outbox->publishes.first; m != outbox->cursor;
       m = m->next)
    if (m->state == MIDGE_MESSAGE_PUBLISHED) return m;
  return NULL;
}

/* Released on this connection, behind its PUBLISH, or before it. */
static midge_message *first_release(const midge_session *session, bool here) {
  midge_message *m = session->outbox.releases.first;
  while (m != NULL && (m->given_up || m->shown != here)) m = m->release_next;
  return m;
}

/* The oldest packet, as they left, that the server has not answered. PUBREL of
 * what was released before, and renewals, are the first of a connection. */
static midge_owner *suspect_of(const midge_session *session) {
  midge_message *released = first_release(session, false);
  if (released != NULL) return &released->owner;
  midge_message *message = oldest_shown(session);
  midge_request *request = midge_session_oldest_request(session);
  if (request != NULL && (message == NULL || request->key < message->key))
    return &request->owner;
  if (message == NULL) message = first_release(session, true);
  return message == NULL ? NULL : &message->owner;
}

/* What is the same on every connection. */
static uint64_t key_of(midge_owner *owner) {
  if (owner->kind == MIDGE_OWNER_MESSAGE) return as_message(owner)->key;
  const midge_request *request = as_request(owner);
  if (request->origin != MIDGE_REQUEST_RENEWS) return request->key;
  return KEY_RENEWAL |
         midge_hash_bytes(midge_slice_of(
             request->bytes, request->filters_size + request->properties_size));
}

/* --- What the program is told --- */

static const char *name_of(midge_owner *owner) {
  if (owner->kind == MIDGE_OWNER_REQUEST)
    return as_request(owner)->type == MIDGE_SUBSCRIBE ? "SUBSCRIBE"
                                                      : "UNSUBSCRIBE";
  const midge_message *message = as_message(owner);
  if (message->state == MIDGE_MESSAGE_RELEASED) return "PUBREL";
  if (message->qos == MIDGE_EXACTLY_ONCE)
    return message->retain ? "PUBLISH of QoS 2 with retain"
                           : "PUBLISH of QoS 2";
  return message->retain ? "PUBLISH with retain" : "PUBLISH";
}

/* " 5 times in a row", in at most so many bytes. */
enum { TIMES_SIZE = 10 + sizeof "  times in a row" };

static void write_times(char *to, uint32_t count) {
  char digits[10];
  size_t size = 0;
  *to = '\0';
  if (count == 1) return;
  for (; count != 0; count /= 10) digits[size++] = (char)('0' + count % 10);
  *to++ = ' ';
  while (size != 0) *to++ = digits[--size];
  memcpy(to, " times in a row", sizeof " times in a row");
}

static midge_buffer *concatenate(const midge_allocator *allocator,
                                 const char *const *parts, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += strlen(parts[i]);
  midge_buffer *text = midge_buffer_new(allocator, size);
  if (text == NULL) return NULL;
  uint8_t *to = text->data;
  for (size_t i = 0; i < count; i++)
    to = midge_slice_copy(to, midge_slice_text(parts[i]));
  return text;
}

static midge_buffer *explain(const midge_session *session, midge_owner *owner,
                             uint32_t count) {
  static const char *const what[] = {
      [MIDGE_BREAK_CLOSED] = "the server closed the connection",
      [MIDGE_BREAK_DISCONNECTED] = "the server sent DISCONNECT",
      [MIDGE_BREAK_WRONG] = "the server broke the protocol",
  };
  const midge_breaks *breaks = &session->breaks;
  bool more = breaks->text != NULL;
  char times[TIMES_SIZE];
  write_times(times, count);
  const char *const parts[] = {what[breaks->kind], times,
                               " after ",          name_of(owner),
                               more ? ": " : "",   more ? breaks->text : ""};
  return concatenate(&session->allocator, parts, sizeof parts / sizeof *parts);
}

/* --- What becomes of it --- */

/* Of several filters one will do: next time each has a packet of its own. */
static void set_apart(midge_session *session, const midge_request *request) {
  midge_packet packet = midge_request_packet(request);
  midge_slice rest = packet.subscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter)) {
    midge_remembered *one =
        midge_subscriptions_find(&session->subscriptions, filter.filter);
    if (one != NULL) one->alone = true;
  }
}

/* Who is to be given up when the server has dealt so with this one. */
static midge_owner *condemn(midge_session *session, midge_owner *owner) {
  if (owner->kind == MIDGE_OWNER_MESSAGE) return owner;
  midge_request *request = as_request(owner);
  if (request->origin == MIDGE_REQUEST_RENEWS && request->count > 1) {
    set_apart(session, request);
    return NULL;
  }
  for (const midge_join *j = request->joins; j != NULL; j = j->next)
    j->request->given_up = true;
  request->given_up = true;
  /* Parts are of this connection, and right behind what they are of. */
  while (request->origin == MIDGE_REQUEST_PART) request = request->previous;
  return request->ended ? NULL : &request->owner;
}

/* The connection takes with it what nobody waits for and did not leave. */
static bool goes_by_itself(const midge_session *session,
                           const midge_message *message) {
  return !message->duplicate && message->end > session->output.sent;
}

/* Wishes that the server has and has not answered: it was one of them. */
static size_t count_suspects(const midge_session *session) {
  const midge_outbox *outbox = &session->outbox;
  size_t count = 0;
  for (midge_message *m = outbox->publishes.first; m != outbox->cursor;
       m = m->next)
    count += m->shown || m->state == MIDGE_MESSAGE_RELEASED;
  for (midge_request *r = session->requests.first; r != NULL && r->shown;
       r = r->next)
    count += r->origin == MIDGE_REQUEST_WISHED;
  return count;
}

/* Twice in a row: the wishes are sent one at a time from now on, until as many
 * were answered, so that none ends for the fault of one behind it. */
static void narrow(midge_session *session) {
  midge_breaks *breaks = &session->breaks;
  if (breaks->count < 2) return;
  size_t suspects = count_suspects(session);
  if (suspects > breaks->alone) breaks->alone = suspects;
}

midge_verdict midge_session_judge_break(midge_session *session) {
  midge_breaks *breaks = &session->breaks;
  midge_verdict none = {NULL, NULL};
  if (breaks->kind == MIDGE_BREAK_NONE || session->options.breaks_off)
    return none;
  midge_owner *owner = suspect_of(session);
  if (owner == NULL) return none;
  uint64_t key = key_of(owner);
  if (key != breaks->key) breaks->count = 0;
  breaks->key = key;
  breaks->count++;
  bool ended = owner->kind == MIDGE_OWNER_MESSAGE && as_message(owner)->ended;
  if (ended && goes_by_itself(session, as_message(owner))) return none;
  uint32_t most = ended ? 1 : session->options.breaks_max;
  if (breaks->count < most) {
    narrow(session);
    return none;
  }

  midge_verdict verdict = {condemn(session, owner), NULL};
  if (verdict.owner != NULL && !ended)
    verdict.text = explain(session, owner, breaks->count);
  breaks->count = 0;
  return verdict;
}

static void tell(midge_session *session, midge_owner *owner,
                 midge_buffer *text) {
  midge_done done = {
      .token = owner->token, .status = MIDGE_EBREAKS, .buffer = text};
  midge_tokens_drop(&session->tokens, owner);
  if (text != NULL) done.text = midge_buffer_slice(text);
  midge_session_done(session, &done);
}

/* A server that keeps the session may hold a QoS 2 message that it has not
 * answered, and would take the next one of its identifier for it: PUBREL, which
 * needs no PUBREC before it, makes the server let go first. Where PUBREL does
 * the harm, the identifier is not used again in this session. */
static void give_message_up(midge_session *session, midge_message *message,
                            midge_buffer *text) {
  bool released = message->state == MIDGE_MESSAGE_RELEASED;
  tell(session, &message->owner, text);
  if (message->qos != MIDGE_EXACTLY_ONCE ||
      (!released && !message->duplicate)) {
    midge_session_finish_message(session, message, MIDGE_EBREAKS, NULL);
    return;
  }
  midge_deadlines_remove(&session->deadlines, &message->owner);
  if (!message->ended) midge_outbox_end(&session->outbox, message);
  if (released) {
    midge_outbox_give_up(&session->outbox, message);
    return;
  }
  message->let_go = true;
  midge_outbox_release(&session->outbox, message);
  midge_session_record_mark(session, message);
}

static void give_request_up(midge_session *session, midge_request *request,
                            midge_buffer *text) {
  if (request->origin == MIDGE_REQUEST_RENEWS) {
    midge_packet packet = midge_request_packet(request);
    midge_slice rest = packet.subscribe.filters;
    midge_packet_filter filter;
    while (midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter))
      midge_session_forget(session, filter.filter);
  }
  tell(session, &request->owner, text);
  midge_session_finish_request(session, request, MIDGE_EBREAKS, NULL);
}

void midge_session_carry_out(midge_session *session, midge_verdict verdict) {
  if (verdict.owner == NULL) return;
  if (verdict.owner->kind == MIDGE_OWNER_MESSAGE)
    give_message_up(session, as_message(verdict.owner), verdict.text);
  midge_request *next;
  for (midge_request *r = session->requests.first; r != NULL; r = next) {
    next = r->next;
    if (r->given_up) give_request_up(session, r, verdict.text);
  }
  midge_buffer_release(verdict.text);
}
