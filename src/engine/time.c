#include "engine/time.h"

#include "engine/cancel.h"
#include "engine/control.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/subscribe_out.h"
#include "engine/tell.h"
#include "engine/trace.h"

enum {
  MS_PER_S = 1000,
  PING_EARLY_MAX_MS = 5000, /* ping so long before the keep-alive is over ... */
  PING_EARLY_PART = 4,      /* ... or this part of it, if that is less */
  PING_REPLY_MIN_MS = 1000,
  RATE_MIN = 1024, /* bytes in a second: a slower packet is given up */
};

static midge_time earlier(midge_time a, midge_time b) {
  return a < b ? a : b;
}

static midge_time keep_alive_ms(const midge_session *session) {
  return (midge_time)session->limits.keep_alive_s * MS_PER_S;
}

/* Nobody is heard while nobody reads. */
static midge_time ping_due(const midge_session *session) {
  return session->paused ? MIDGE_NEVER : session->ping_due;
}

/* PINGREQ must leave before the keep-alive is over [MQTT-3.1.2-20], whatever
 * answers are awaited. */
static midge_time ping_before(const midge_session *session) {
  midge_time interval = keep_alive_ms(session);
  midge_time early = earlier(interval / PING_EARLY_PART, PING_EARLY_MAX_MS);
  return session->last_sent + interval - early;
}

/* Alive is who is heard: a server that is silent for a keep-alive is asked,
 * however much we send. */
static midge_time ask_at(const midge_session *session) {
  if (session->paused || session->ping_due != MIDGE_NEVER) return MIDGE_NEVER;
  return session->last_heard + keep_alive_ms(session);
}

static midge_time ping_at(const midge_session *session) {
  if (session->limits.keep_alive_s == 0 || !midge_session_is_open(session))
    return MIDGE_NEVER;
  if (session->ping_end != 0) return MIDGE_NEVER;
  return earlier(ping_before(session), ask_at(session));
}

/* How long the server may be silent after PINGREQ. Without a keep-alive the
 * program has asked for it. */
static midge_time ping_patience(const midge_session *session) {
  if (session->limits.keep_alive_s == 0)
    return session->options.reply_timeout_ms;
  midge_time patience = keep_alive_ms(session) / 2;
  if (patience < PING_REPLY_MIN_MS) patience = PING_REPLY_MIN_MS;
  return earlier(patience, session->options.reply_timeout_ms);
}

/* A packet that has begun must go on, and end. */
static midge_time packet_due(const midge_session *session) {
  const midge_receiver *receiver = &session->receiver;
  if (session->paused || !midge_receiver_waits(receiver)) return MIDGE_NEVER;
  midge_time patience = session->options.reply_timeout_ms;
  midge_time end =
      receiver->begun + receiver->packet_size / RATE_MIN * MS_PER_S;
  return earlier(receiver->moved, end) + patience;
}

/* The server must read what we write. */
static midge_time output_due(const midge_session *session) {
  if (session->progress == MIDGE_NEVER) return MIDGE_NEVER;
  if (keep_alive_ms(session) == 0) return MIDGE_NEVER;
  midge_time patience = keep_alive_ms(session) + keep_alive_ms(session) / 2;
  if (patience < session->options.reply_timeout_ms)
    patience = session->options.reply_timeout_ms;
  return session->progress + patience;
}

static midge_time request_due(const midge_session *session) {
  if (session->paused) return MIDGE_NEVER;
  const midge_request *next = session->requests.awaited;
  return next == NULL ? MIDGE_NEVER : next->due;
}

static void ping(midge_session *session) {
  midge_packet packet = {.type = MIDGE_PINGREQ};
  if (!midge_session_show(session, &packet)) return;
  session->ping_end = session->output.appended;
  midge_trips_begin(&session->trips, MIDGE_TRIP_OF_PING, session->now);
  midge_session_note_packet(session, &packet, true);
}

midge_status midge_session_ping(midge_session *session) {
  if (!midge_session_is_open(session)) return MIDGE_ENOCONN;
  ping(session);
  if (!midge_session_is_open(session)) return MIDGE_ENOMEM;
  midge_session_settle(session);
  return MIDGE_OK;
}

void midge_session_postpone_ping(midge_session *session) {
  session->last_sent = session->last_heard = session->now;
  session->ping_end = 0;
  session->ping_due = MIDGE_NEVER;
}

static void check_time(midge_session *session) {
  midge_time now = session->now;
  midge_session_expire_messages(session);
  midge_session_expire_wishes(session);
  if (!midge_session_is_connected(session)) return;
  if (now >= session->greeting_due)
    midge_session_fail(session, MIDGE_ETIMEOUT,
                       "the server did not answer CONNECT in time");
  else if (now >= ping_due(session))
    midge_session_fail(session, MIDGE_EKEEPALIVE, NULL);
  else if (now >= packet_due(session))
    midge_session_fail(session, MIDGE_ETIMEOUT,
                       "the server sent half a packet and no more");
  else if (now >= output_due(session))
    midge_session_fail(session, MIDGE_EKEEPALIVE, "the server stopped reading");
  if (now >= request_due(session)) midge_session_expire_requests(session);
  if (now >= ping_at(session)) ping(session);
}

void midge_session_elapsed(midge_session *session, midge_time now) {
  if (now > session->now) session->now = now;
  check_time(session);
  midge_session_settle(session);
}

static midge_time next_time(const midge_session *session) {
  midge_time next = earlier(session->outbox.next_expiry,
                            midge_deadlines_next(&session->deadlines));
  if (!midge_session_is_connected(session)) return next;
  next = earlier(next, session->greeting_due);
  next = earlier(next, session->patience_due);
  next = earlier(next, ping_due(session));
  next = earlier(next, packet_due(session));
  next = earlier(next, output_due(session));
  next = earlier(next, request_due(session));
  return earlier(next, ping_at(session));
}

midge_time midge_session_deadline(const midge_session *session) {
  if (midge_events_wait(&session->events)) return session->now;
  if (session->records.waiting.count != 0) return session->now;
  return next_time(session);
}

void midge_session_bytes_left(midge_session *session) {
  session->last_sent = session->now;
  session->progress = MIDGE_NEVER;
  if (session->ping_end == 0) return;
  if (session->output.sent < session->ping_end) return;
  session->ping_end = 0;
  if (session->ping_due == MIDGE_NEVER)
    session->ping_due = session->now + ping_patience(session);
}

void midge_session_heard(midge_session *session) {
  session->last_heard = session->now;
  session->ping_due = MIDGE_NEVER;
}

void midge_session_clear_times(midge_session *session) {
  session->greeting_due = MIDGE_NEVER;
  session->progress = MIDGE_NEVER;
  session->ping_end = 0;
  session->ping_due = MIDGE_NEVER;
  session->patience_due = MIDGE_NEVER;
  midge_trips_forget(&session->trips);
}

/* We held the server back: its time begins anew. */
static void restart_times(midge_session *session) {
  session->receiver.begun = session->receiver.moved = session->now;
  session->last_heard = session->now;
  if (session->ping_due != MIDGE_NEVER)
    session->ping_due = session->now + ping_patience(session);
  for (midge_request *r = session->requests.first;
       r != session->requests.unsent; r = r->next)
    if (r->due != MIDGE_NEVER)
      r->due = session->now + session->options.reply_timeout_ms;
}

void midge_session_paused(midge_session *session, bool paused) {
  if (session->paused && !paused) restart_times(session);
  session->paused = paused;
}
