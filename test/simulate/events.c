/* What the link tells the program, judged: one beginning and one end of each
 * attempt, one last CLOSED of each connect, one outcome of each request, in
 * time and with a reason, and nothing after the end. */
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

enum {
  GROWTH = 3,        /* of the delay between attempts, at most */
  FAREWELL_MS = 250, /* for DISCONNECT itself */
  LEISURE_MS = 1000, /* beside the time limits of an attempt */
};

/* --- What it was told ------------------------------------------------------
 */

static void told_connect(world *w, const midge_wish *wish) {
  life *l = &w->life;
  CHECK(w, wish->connect.number == l->connect + 1, "connects out of order");
  l->connect = wish->connect.number;
  l->wanted = true;
  l->followed = 0;
  if (!l->running) l->retry_at = w->now;
}

/* While a goodbye is under way all others wait for its end, but an abort. */
static void told_parting(world *w, bool at_once) {
  life *l = &w->life;
  if (!l->goodbye || at_once) l->goodbye_at = w->now;
  if (!l->goodbye) l->parted = l->connect;
  l->wanted = false;
  l->goodbye = l->running;
  l->retry_at = MIDGE_NEVER;
}

static void told_request(world *w, const midge_wish *wish) {
  life *l = &w->life;
  /* Those without a token are not followed here, but they count. */
  l->told_messages++;
  l->told_bytes += wish->cost;
  for (uint32_t i = 0; i < w->request_count; i++) {
    request *r = &w->requests[i];
    if (r->told) continue;
    r->told = true;
    r->at = w->now;
    r->waits = l->goodbye;
    r->early = w->before;
    r->idle = !l->wanted;
    r->finished = l->finished;
    return;
  }
}

void events_told(world *w, const midge_wish *wish) {
  /* What the link has not told yet was decided before. */
  if (wish->type < MIDGE_WISH_PUBLISH || wish->type == MIDGE_WISH_HOLD)
    w->life.told_late = true;
  switch (wish->type) {
    case MIDGE_WISH_CONNECT:
      told_connect(w, wish);
      return;
    case MIDGE_WISH_DISCONNECT:
      told_parting(w, false);
      return;
    case MIDGE_WISH_ABORT:
      told_parting(w, true);
      return;
    case MIDGE_WISH_CLOSE:
      told_parting(w, false);
      w->end_by =
          w->life.goodbye_at + w->weather.close_timeout_ms + FAREWELL_MS;
      if (!w->life.running) w->end_by = w->now;
      return;
    case MIDGE_WISH_RECONNECT:
      w->life.kicked = true;
      if (!w->life.running && w->life.wanted) w->life.retry_at = w->now;
      return;
    case MIDGE_WISH_PROCEED:
      ask_told(w, wish);
      return;
    case MIDGE_WISH_PUBLISH:
    case MIDGE_WISH_SUBSCRIBE:
    case MIDGE_WISH_UNSUBSCRIBE:
      told_request(w, wish);
      return;
    case MIDGE_WISH_HOLD:
      /* During a goodbye it waits, and nobody can tell until when. */
      w->life.held = wish->hold.on && !w->life.goodbye;
      return;
    default:
      return;
  }
}

/* --- Attempts --------------------------------------------------------------
 */

static void expect_place(world *w) {
  life *l = &w->life;
  l->expected = PLACES_MAX;
  if (w->weather.servers != 0 || l->kicked) return;
  bool followed = l->moved != PLACES_MAX && l->retry_at == l->retry_from;
  l->expected = followed ? l->moved : l->home;
  if (!followed) return;
  world_hit(HIT_followed);
  l->followed++;
  CHECK(w, l->followed <= w->weather.redirects_max,
        "%u references were followed", l->followed);
}

static void on_connecting(world *w, const midge_event *event) {
  life *l = &w->life;
  CHECK(w, !l->running, "two attempts at once");
  CHECK(w, event->connect > l->parted || l->told_late,
        "an attempt that nobody wants");
  CHECK(w, event->attempt == l->attempt + 1, "attempt %u", event->attempt);
  CHECK(w, event->connect == l->finished + 1, "it serves connect %u",
        event->connect);
  CHECK(w, l->kicked || w->now >= l->retry_at || l->told_late,
        "an attempt too early");
  if (event->connect != l->served) l->retry = 1;
  if (event->connect != l->served) l->after_reset = true;
  l->served = event->connect;
  CHECK(w, event->connecting.retry == l->retry, "retry %u, not %u",
        event->connecting.retry, l->retry);
  expect_place(w);
  if (w->weather.servers != 0 && l->retry_at == l->retry_from && l->attempt > 0)
    world_hit(HIT_next_place);
  l->attempt++;
  l->retry++;
  l->running = true;
  l->opened = false;
  if (!l->told_late) l->kicked = l->goodbye = false;
  l->began = w->now;
  l->asking = w->weather.ask;
  if (l->asking) ask_begin(w, event->attempt);
}

static void on_opened(world *w, const midge_event *event) {
  w->program.opened = event->attempt;
  life *l = &w->life;
  CHECK(w, l->running && !l->opened && !l->asking, "opened out of place");
  CHECK(w, event->attempt == l->attempt && event->connect == l->finished + 1,
        "opened is of another attempt");
  CHECK(w, w->conn != NULL && w->conn->up, "opened without a transport");
  l->opened = true;
  w->disk.knows = true;
  l->opened_at = w->now;
  if (event->opened.version != w->weather.version) world_hit(HIT_negotiated);
  if (event->opened.renewed != 0) world_hit(HIT_renewed);
  program_let_go(w);
}

/* An end needs a reason: the program's, the server's, or the network's. */
static void judge_cause(world *w, const midge_event *event) {
  const life *l = &w->life;
  if (l->goodbye || l->kicked || w->conn == NULL || !w->conn->up) return;
  if (w->conn->attempt != event->attempt || w->monitor.stranger) return;
  CHECK(w, w->conn->faulty, "a link that was well was dropped: %.*s",
        (int)event->closed.text.size, event->closed.text.data);
}

static bool may_give_up(const world *w, const midge_event *event) {
  const life *l = &w->life;
  return !l->wanted || l->goodbye || event->connect < l->connect ||
         l->told_late || w->weather.off ||
         (event->closed.lasting && !w->weather.lasting);
}

static void judge_delay(world *w, uint64_t ms) {
  const weather *is = &w->weather;
  uint32_t max = is->max_ms > is->min_ms ? is->max_ms : is->min_ms;
  if (ms == 0) return; /* at once: another version, server or wish */
  CHECK(w, ms >= is->min_ms && ms <= max, "a delay of %llu ms",
        (unsigned long long)ms);
  CHECK(w, !is->fixed || ms == is->min_ms, "the delay is not fixed");
  CHECK(w, !w->life.after_reset || ms <= (uint64_t)GROWTH * is->min_ms,
        "a first delay of %llu ms", (unsigned long long)ms);
  w->life.after_reset = false;
}

static void note_reference(world *w, const midge_event *event) {
  life *l = &w->life;
  midge_property reference;
  l->moved = PLACES_MAX;
  bool sent = event->closed.by == MIDGE_SIDE_SERVER &&
              (event->closed.reason == 0x9c || event->closed.reason == 0x9d);
  if (!sent || event->closed.retry_ms != 0) return;
  if (l->kicked) { /* before or after: nobody can tell */
    l->home = PLACES_MAX;
    return;
  }
  if (!midge_property_find(event->properties, MIDGE_SERVER_REFERENCE,
                           &reference))
    return;
  midge_slice host = reference.value;
  for (host.size = 0; host.size < reference.value.size; host.size++) {
    if (host.data[host.size] == ':') break;
  }
  l->moved = place_named(host);
  if (event->closed.reason == 0x9d && w->weather.servers == 0)
    l->home = l->moved;
}

/* Wishes that waited for the end of a goodbye are made now. */
static void start_waiting(world *w) {
  for (uint32_t i = 0; i < w->request_count; i++) {
    request *r = &w->requests[i];
    if (r->waits) r->at = w->now;
    r->waits = false;
  }
}

static void end_connect(world *w, const midge_event *event) {
  life *l = &w->life;
  program *p = &w->program;
  CHECK(w, may_give_up(w, event), "it gave up: %.*s",
        (int)event->closed.text.size, event->closed.text.data);
  if (!l->goodbye) world_hit(HIT_gave_up);
  l->owes_end = false;
  l->ended_step = w->steps;
  l->finished = event->connect;
  l->retry_at = MIDGE_NEVER;
  if (l->connect == event->connect) {
    l->wanted = false;
  } else {
    l->retry_at = w->now;
  }
  l->goodbye = l->kicked = false;
  start_waiting(w);
  if (event->connect != p->connects) return;
  p->unasked_connect = event->connect;
  p->unasked_at = w->now + (w->weather.standing_late ? world_roll(w, 100) : 0);
  if (p->unasked_at == w->now) {
    p->partings += p->asked;
    p->asked = false;
  }
}

static void on_closed(world *w, const midge_event *event) {
  life *l = &w->life;
  bool final = event->closed.retry_ms == MIDGE_NEVER;
  CHECK(w, event->connect == l->finished + 1 && event->connect <= l->connect,
        "closed is of connect %u", event->connect);
  CHECK(w, l->running || final, "the same end twice");
  if (l->running) {
    CHECK(w, event->attempt == l->attempt, "closed is of attempt %u",
          event->attempt);
    judge_cause(w, event);
  }
  if (l->opened && w->now - l->opened_at >= w->weather.stable_ms) {
    world_hit(HIT_stable);
    l->retry = 1;
    l->after_reset = true;
    l->followed = 0;
  }
  l->running = l->opened = l->asking = false;
  l->retry_from = w->now;
  note_reference(w, event);
  if (final) {
    end_connect(w, event);
    return;
  }
  CHECK(w, event->connect > l->parted || l->told_late, "it wants to try again");
  judge_delay(w, event->closed.retry_ms);
  l->retry_at = w->now + event->closed.retry_ms;
}

/* --- Requests and messages -------------------------------------------------
 */

static bool may_end_with(world *w, const request *r, midge_status status) {
  bool parted = r->partings != w->program.partings || r->idle ||
                r->finished != w->life.finished;
  switch (status) {
    case MIDGE_OK:
      return r->kind != REQUEST_PUBLISH || world_qos(w, r) == 0 ||
             r->arrived > 0 || w->monitor.unsure;
    case MIDGE_ECLOSED: /* or else this must be the end of a connect */
      if (!parted && w->life.ended_step != w->steps) w->life.owes_end = true;
      return !w->weather.kept || parted;
    case MIDGE_ENOCONN:
      return parted || w->life.ended_step == w->steps;
    case MIDGE_ECANCELLED:
      world_hit(HIT_cancelled);
      return r->cancelled;
    case MIDGE_EEXPIRED:
      world_hit(HIT_expired);
      return r->ttl_ms != 0 &&
             (w->now >= r->early + r->ttl_ms || (r->restored && w->skew != 0));
    case MIDGE_ETIMEOUT:
      world_hit(HIT_timed_out);
      return r->kind != REQUEST_PUBLISH ||
             (r->timeout_ms != 0 && w->now >= r->early + r->timeout_ms);
    case MIDGE_EBREAKS:
      world_hit(HIT_broke);
      if (w->weather.breaks_off) return false;
      /* It was given up, and the process died before PUBREL was through. */
      if (r->ended && w->life.attempt == 0) return true;
      /* A SUBSCRIBE may share the fate of an older one of the same filter. */
      return w->breaks - (r->kind == REQUEST_PUBLISH ? r->breaks : 0) >=
             BREAKS_MAX;
    case MIDGE_ENOTSUP:
      world_hit(HIT_qos_refused);
      return r->kind == REQUEST_PUBLISH && world_qos(w, r) > w->weather.qos_max;
    case MIDGE_ESESSION:
      world_hit(HIT_dropped);
      /* What a filter took is as good as sent. */
      return w->weather.drop && (r->sent || r->restored || w->weather.proxy) &&
             (w->conn == NULL || !w->life.opened || !w->monitor.resumed);
    default:
      return r->refused && status == (midge_status)-0x97;
  }
}

static void on_done(world *w, const midge_event *event) {
  CHECK(w, event->done.token >= 1 && event->done.token <= w->request_count,
        "an unknown token");
  uint32_t number = (uint32_t)event->done.token - 1;
  request *r = &w->requests[number];
  CHECK(w, r->counted && r->told && !r->done, "request %u is done twice",
        number); /* I21 */
  CHECK(w, !r->gone, "request %u ended in another process", number);
  r->done = true;
  r->status = event->done.status;
  if (event->done.reasons.size != 0) r->reason = event->done.reasons.data[0];
  CHECK(w, may_end_with(w, r, r->status), "request %u ended with %s", number,
        midge_status_name(r->status)); /* I1 */
  disk_done(w, number);
}

static void on_message(world *w, const midge_event *event) {
  uint32_t number = payload_number(event->message.payload);
  world_say(w, "    message %u", number);
  payload_check(w, event->message.payload);
  CHECK(w, number < w->message_count, "a message the broker never sent");
  message *m = &w->messages[number];
  CHECK(w, event->message.qos == m->qos, "message %u has another QoS", number);
  CHECK(w, !w->life.held || w->life.told_late, "a message that is held");
  inbox_told(w, event, number);
  for (uint32_t i = number + 1; m->told == 0 && i < w->message_count; i++) {
    message *newer = &w->messages[i];
    bool same = newer->topic == m->topic && newer->qos == m->qos;
    bool later = m->unsure || m->behind;
    CHECK(w, !same || later || newer->told == 0,
          "message %u to us came before %u", i, number); /* I18 */
  }
  m->told++;
  CHECK(w,
        m->qos == MIDGE_AT_LEAST_ONCE || m->told == 1 || m->again || m->unsure,
        "message %u was told twice", number); /* I14 */
  m->again = false;
  program *p = &w->program;
  if (event->message.packet_id == 0 || !w->weather.by_hand) return;
  p->to_acknowledge[p->acknowledge_count].id = event->message.packet_id;
  p->to_acknowledge[p->acknowledge_count].qos = m->qos;
  p->to_acknowledge[p->acknowledge_count].number = number;
  p->to_acknowledge[p->acknowledge_count].delivery = event->message.delivery;
  p->to_acknowledge[p->acknowledge_count++].attempt = p->opened;
}

static void on_ended(world *w) {
  life *l = &w->life;
  CHECK(w, w->program.closed && w->program.mail_count == 0,
        "ended before close");
  CHECK(w, !l->running && l->finished == l->connect,
        "ended before the last CLOSED");
  for (uint32_t i = 0; i < w->request_count; i++) {
    request *r = &w->requests[i];
    /* What is in the file alone stays there. */
    bool is_absent = r->stored && w->weather.memory_max != 0;
    CHECK(w, !r->counted || !r->told || r->done || r->gone || is_absent,
          "request %u never ended", i);
  }
  l->ended = true;
}

void events_take(world *w, const midge_event *event) {
  static const char *const names[] = {"connecting", "opened",       "message",
                                      "done",       "authenticate", "closed",
                                      "ended",      "stored",       "restored"};
  CHECK(w, !w->life.ended, "an event after the end");
  CHECK(w, event->context == w, "the context is not ours");
  bool closed = event->type == MIDGE_EVENT_CLOSED;
  world_say(w, "= %s attempt=%u connect=%u", names[event->type], event->attempt,
            event->connect);
  if (closed)
    world_say(w, "    by=%d status=%d reason=%u retry_ms=%lld %.*s",
              event->closed.by, event->closed.status, event->closed.reason,
              (long long)event->closed.retry_ms, (int)event->closed.text.size,
              event->closed.text.data);
  if (event->type == MIDGE_EVENT_DONE)
    world_say(w, "    token=%u status=%d", (unsigned)event->done.token,
              event->done.status);
  switch (event->type) {
    case MIDGE_EVENT_CONNECTING:
      on_connecting(w, event);
      break;
    case MIDGE_EVENT_OPENED:
      on_opened(w, event);
      break;
    case MIDGE_EVENT_MESSAGE:
      on_message(w, event);
      break;
    case MIDGE_EVENT_DONE:
      on_done(w, event);
      break;
    case MIDGE_EVENT_CLOSED:
      on_closed(w, event);
      break;
    case MIDGE_EVENT_ENDED:
      on_ended(w);
      break;
    case MIDGE_EVENT_STORED:
      disk_stored(w, event);
      break;
    case MIDGE_EVENT_RESTORED:
      CHECK(w, w->weather.durable && w->life.attempt == 0, "restored later");
      CHECK(w, event->restored.messages == w->disk.restored,
            "%zu messages are restored, not %zu", event->restored.messages,
            w->disk.restored);
      break;
    default:
      world_fail(w, "an event out of place");
  }
  if (!world_chance(w, w->weather.calls)) return;
  world_hit(HIT_in_event);
  program_calls(w);
}

/* --- What is late ----------------------------------------------------------
 */

static void judge_requests(world *w) {
  for (uint32_t i = 0; i < w->request_count; i++) {
    request *r = &w->requests[i];
    if (!r->told || r->done || !r->counted || r->timeout_ms == 0) continue;
    if (r->waits || r->gone) continue;
    CHECK(w, w->now <= r->at + r->timeout_ms,
          "request %u of kind %d is late: %u ms from %llu", i, r->kind,
          r->timeout_ms, (unsigned long long)r->at);
  }
}

void events_time(world *w) {
  const life *l = &w->life;
  const weather *is = &w->weather;
  if (l->ended) return;
  CHECK(w, !l->owes_end, "a request ended as if all had ended");
  CHECK(w, w->end_by == 0 || w->now <= w->end_by, "it does not end");
  if (l->running && l->goodbye)
    CHECK(w, w->now <= l->goodbye_at + is->close_timeout_ms + FAREWELL_MS,
          "a goodbye without an end");
  if (l->running && !l->opened && !l->asking && !l->goodbye)
    CHECK(w,
          w->now <= l->began + is->connect_timeout_ms + is->close_timeout_ms +
                        LEISURE_MS,
          "an attempt without an end");
  if (!l->running && l->wanted) CHECK(w, w->now < l->retry_at, "nobody tries");
  judge_requests(w);
}

/* --- Another process -------------------------------------------------------
 */

/* It goes on as if it had been published just now. */
static void go_on(world *w, request *r) {
  r->restored = r->told = r->stored = true;
  r->taken_back = false;
  r->ended |= r->done;
  r->done = r->waits = r->idle = r->gone = false;
  r->timeout_ms = 0; /* was the process's own */
  r->partings = w->program.partings;
  r->finished = 0;
  r->breaks = w->breaks;
}

void events_crash(world *w) {
  for (uint32_t i = 0; i < w->request_count; i++) {
    request *r = &w->requests[i];
    if (disk_has(w, i)) {
      go_on(w, r);
      continue;
    }
    CHECK(w,
          !r->stored || r->done || !r->counted || r->damaged || r->gone ||
              r->discarded || r->taken_back || w->disk.lost ||
              world_qos(w, r) != r->qos,
          "request %u was stored, and is not there", i); /* I2 */
    if (r->kind == REQUEST_PUBLISH && r->qos != 0 && !r->done)
      world_hit(HIT_not_stored);
    r->told = true;
    r->gone = !r->done;
  }
  for (uint32_t i = 0; i < w->message_count; i++) {
    message *m = &w->messages[i];
    m->again = m->told > 0 && !m->answered;
  }
  inbox_crash(w);
}
