/* The program: it calls whatever the interface allows, at any moment, also
 * while it is being told something. As midge_client does, it refuses what is
 * asked for without a connect, and its wishes are a while on their way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

/* --- The mailbox -----------------------------------------------------------
 */

void program_tell(world *w, midge_wish *wish) {
  program *p = &w->program;
  CHECK(w, p->mail_count < MAIL_MAX, "the mailbox is full");
  midge_wish *copy = malloc(midge_wish_size(wish));
  midge_wish_copy(copy, wish);
  midge_time at = w->now;
  if (w->weather.mail_ms > 0) at += world_roll(w, w->weather.mail_ms + 1);
  if (p->mail_count > 0 && p->mail[p->mail_count - 1].at > at)
    at = p->mail[p->mail_count - 1].at;
  p->mail[p->mail_count++] = (letter){at, copy};
}

/* What a wish points at is gone when the link has been told. */
void program_deliver(world *w) {
  static const char *const names[] = {
      [MIDGE_WISH_OPEN] = "open",
      [MIDGE_WISH_CONNECT] = "connect",
      [MIDGE_WISH_DISCONNECT] = "disconnect",
      [MIDGE_WISH_ABORT] = "abort",
      [MIDGE_WISH_RECONNECT] = "reconnect",
      [MIDGE_WISH_PROCEED] = "proceed",
      [MIDGE_WISH_CLOSE] = "close",
      [MIDGE_WISH_PUBLISH] = "publish",
      [MIDGE_WISH_SUBSCRIBE] = "subscribe",
      [MIDGE_WISH_UNSUBSCRIBE] = "unsubscribe",
      [MIDGE_WISH_CANCEL] = "cancel",
      [MIDGE_WISH_ACKNOWLEDGE] = "acknowledge",
      [MIDGE_WISH_ANSWER] = "answer",
      [MIDGE_WISH_DELIVERY] = "delivery",
      [MIDGE_WISH_AUTHENTICATE] = "authenticate",
      [MIDGE_WISH_SET_WILL] = "set_will",
      [MIDGE_WISH_HOLD] = "hold",
  };
  program *p = &w->program;
  while (p->mail_count > 0 && p->mail[0].at <= w->now) {
    midge_wish *wish = p->mail[0].wish;
    p->mail_count--;
    memmove(p->mail, p->mail + 1, p->mail_count * sizeof p->mail[0]);
    world_say(w, "wish: %s token=%u", names[wish->type], (unsigned)wish->token);
    events_told(w, wish);
    if (!lease_takes(w, wish)) midge_link_wish(w->link, wish);
    memset(wish, 0xdb, wish->size);
    free(wish);
  }
}

/* --- Calls -----------------------------------------------------------------
 */

static void wish_for(world *w, midge_wish_type type) {
  program_tell(w, &(midge_wish){.type = type});
}

void program_connect(world *w) {
  program *p = &w->program;
  if (p->asked || p->closed) return;
  world_hit(p->connects == 0 ? HIT_connect : HIT_connect_again);
  p->asked = true;
  midge_wish wish = {.type = MIDGE_WISH_CONNECT};
  wish.connect.number = ++p->connects;
  program_tell(w, &wish);
}

void program_disconnect(world *w, bool force) {
  program *p = &w->program;
  if (!p->asked || p->closed) return;
  world_hit(w->life.running ? HIT_disconnect : HIT_disconnect_idle);
  if (force) world_hit(HIT_force);
  p->asked = false;
  p->partings++;
  midge_wish wish = {.type = MIDGE_WISH_DISCONNECT};
  wish.disconnect.force = force;
  program_tell(w, &wish);
}

static void call_abort(world *w) {
  program *p = &w->program;
  world_hit(w->life.running ? HIT_abort : HIT_abort_idle);
  p->asked = false;
  p->partings++;
  wish_for(w, MIDGE_WISH_ABORT);
}

static void call_reconnect(world *w) {
  if (!w->program.asked) return;
  world_hit(HIT_reconnect);
  wish_for(w, MIDGE_WISH_RECONNECT);
}

void program_close(world *w) {
  program *p = &w->program;
  if (p->closed) return;
  world_hit(w->life.running ? HIT_close : HIT_close_idle);
  p->partings++;
  wish_for(w, MIDGE_WISH_CLOSE);
  p->closed = true;
  p->asked = false;
}

static void limit(world *w, request *r) {
  if (world_roll(w, 12) == 0) r->timeout_ms = 1 + world_roll(w, 4000);
  if (world_roll(w, 12) == 0) r->ttl_ms = 1 + world_roll(w, 4000);
  if (r->timeout_ms != 0) world_hit(HIT_timeout);
  if (r->ttl_ms != 0) world_hit(HIT_ttl);
}

static request *next_request(world *w, midge_wish *wish) {
  program *p = &w->program;
  if (!p->asked || p->closed || p->mail_count > MAIL_MAX / 2) return NULL;
  if (w->request_count == REQUESTS_MAX) return NULL;
  request *r = &w->requests[w->request_count++];
  r->counted = w->weather.plain || world_roll(w, 8) != 0;
  r->partings = p->partings;
  r->breaks = w->breaks;
  r->cost = 1 + world_roll(w, 500);
  if (!w->weather.plain) limit(w, r);
  wish->token = r->counted ? w->request_count : 0;
  wish->cost = r->cost;
  return r;
}

void program_publish(world *w, midge_qos qos) {
  midge_wish wish = {.type = MIDGE_WISH_PUBLISH};
  request *r = next_request(w, &wish);
  if (r == NULL) return;
  char topic[16];
  uint8_t payload[PAYLOAD_ROOM];
  world_hit(w->life.opened ? HIT_publish : HIT_publish_idle);
  r->kind = REQUEST_PUBLISH;
  r->qos = qos;
  r->topic = (uint8_t)world_roll(w, TOPICS);
  r->refused = r->qos != 0 && world_chance(w, w->weather.refuse);
  r->poison = world_chance(w, w->weather.poison);
  wish.publish = (midge_publish){
      .topic = {(uint8_t *)topic, (size_t)sprintf(topic, "out/%u", r->topic)},
      .payload = {payload, payload_make(w, payload, w->request_count - 1)},
      .qos = r->qos,
      .label = wish.token,
      .ttl_ms = r->ttl_ms,
      .timeout_ms = r->timeout_ms,
  };
  wish.cost = r->cost =
      (uint32_t)(wish.publish.topic.size + wish.publish.payload.size);
  program_tell(w, &wish);
}

static midge_slice filter_named(char *room, unsigned filter) {
  if (filter == 0) return MIDGE_TEXT("in/#");
  return midge_slice_of((uint8_t *)room, (size_t)sprintf(room, "f/%u", filter));
}

void program_subscribe(world *w, unsigned filter) {
  char room[16];
  midge_wish wish = {.type = MIDGE_WISH_SUBSCRIBE};
  request *r = next_request(w, &wish);
  if (r == NULL) return;
  world_hit(HIT_subscribe);
  r->kind = REQUEST_SUBSCRIBE;
  world_say(w, "program: subscribe %u, token %u", filter, w->request_count);
  r->topic = (uint8_t)filter;
  midge_subscription one = {.filter = filter_named(room, filter),
                            .qos = MIDGE_EXACTLY_ONCE};
  wish.subscribe.list = &one;
  wish.subscribe.count = 1;
  wish.subscribe.options.ttl_ms = r->ttl_ms;
  wish.subscribe.options.timeout_ms = r->timeout_ms;
  program_tell(w, &wish);
}

void program_unsubscribe(world *w, unsigned filter) {
  char room[16];
  midge_wish wish = {.type = MIDGE_WISH_UNSUBSCRIBE};
  request *r = next_request(w, &wish);
  if (r == NULL) return;
  world_hit(HIT_unsubscribe);
  r->kind = REQUEST_UNSUBSCRIBE;
  r->topic = (uint8_t)filter;
  midge_slice one = filter_named(room, r->topic);
  world_say(w, "program: unsubscribe %u, token %u", r->topic, w->request_count);
  wish.unsubscribe.list = &one;
  wish.unsubscribe.count = 1;
  wish.unsubscribe.options.ttl_ms = r->ttl_ms;
  wish.unsubscribe.options.timeout_ms = r->timeout_ms;
  program_tell(w, &wish);
}

static void call_cancel(world *w) {
  if (w->request_count == 0) return;
  uint32_t number = world_roll(w, w->request_count);
  world_hit(HIT_cancel);
  w->requests[number].cancelled = true;
  program_tell(w,
               &(midge_wish){.type = MIDGE_WISH_CANCEL, .token = number + 1});
}

static void call_set_will(world *w) {
  midge_wish wish = {.type = MIDGE_WISH_SET_WILL};
  world_hit(HIT_set_will);
  wish.will.given = world_roll(w, 2) == 0;
  if (wish.will.given)
    wish.will.publish = (midge_publish){.topic = MIDGE_TEXT("will"),
                                        .payload = MIDGE_TEXT("gone")};
  program_tell(w, &wish);
}

static void call_hold(world *w, bool on) {
  program *p = &w->program;
  midge_wish wish = {.type = MIDGE_WISH_HOLD};
  wish.hold.on = on;
  if (on) world_hit(HIT_held);
  p->let_go_at = on ? w->now + world_roll(w, 3000) : MIDGE_NEVER;
  program_tell(w, &wish);
}

/* A connection that begins with its messages held. */
void program_let_go(world *w) {
  if (!w->weather.hold || w->program.closed) return;
  w->program.let_go_at = w->now + world_roll(w, w->healed ? 10 : 2000);
}

static void call_about_connections(world *w) {
  switch (world_roll(w, 8)) {
    case 0:
      program_disconnect(w, false);
      return;
    case 1:
      program_disconnect(w, true);
      return;
    case 2:
      call_abort(w);
      return;
    case 3:
    case 4:
      call_reconnect(w);
      return;
    default:
      program_connect(w);
      return;
  }
}

/* One call, whichever. */
void program_calls(world *w) {
  if (w->program.closed || w->program.mail_count > MAIL_MAX / 2) return;
  uint32_t kind = world_roll(w, 24);
  if (kind < 3) {
    call_about_connections(w);
  } else if (kind < 14) {
    if (w->request_count < w->weather.requests)
      program_publish(w, (midge_qos)world_roll(w, 3));
  } else if (kind < 18) {
    if (w->request_count < w->weather.requests)
      program_subscribe(w, world_roll(w, w->weather.filters));
  } else if (kind < 20) {
    if (w->request_count < w->weather.requests)
      program_unsubscribe(w, 1 + world_roll(w, w->weather.filters - 1));
  } else if (kind < 22) {
    call_cancel(w);
  } else if (kind < 23) {
    call_set_will(w);
  } else {
    call_hold(w, world_roll(w, 2));
  }
}

/* --- What it does by itself ------------------------------------------------
 */

/* One by itself, several as a list. */
static void tell_answers(world *w, const midge_answer *list, size_t count,
                         uint32_t attempt) {
  if (count == 0) return;
  midge_wish wish = {.type = MIDGE_WISH_ANSWER};
  if (count == 1) {
    wish.type = MIDGE_WISH_ACKNOWLEDGE;
    wish.acknowledge.packet_id = list[0].packet_id;
    wish.acknowledge.qos = (midge_qos)list[0].qos;
    wish.acknowledge.attempt = attempt;
  } else {
    wish.answer.list = list;
    wish.answer.count = count;
    wish.answer.attempt = attempt;
  }
  program_tell(w, &wish);
}

/* Of a message in the durable inbox. */
static void tell_delivery(world *w, uint64_t delivery) {
  program_tell(w,
               &(midge_wish){.type = MIDGE_WISH_DELIVERY, .token = delivery});
}

static void acknowledge_some(world *w) {
  enum { LIST_MAX = 8 };
  midge_answer list[LIST_MAX];
  size_t count = 0;
  uint32_t attempt = 0;
  program *p = &w->program;
  while (p->acknowledge_count > 0 && !p->closed &&
         (w->healed || world_roll(w, 3) == 0)) {
    size_t at = world_roll(w, (uint32_t)p->acknowledge_count);
    if (count == LIST_MAX || p->to_acknowledge[at].attempt != attempt) {
      tell_answers(w, list, count, attempt);
      count = 0;
    }
    if (p->to_acknowledge[at].delivery != 0) {
      tell_delivery(w, p->to_acknowledge[at].delivery);
      p->to_acknowledge[at] = p->to_acknowledge[--p->acknowledge_count];
      continue;
    }
    attempt = p->to_acknowledge[at].attempt;
    w->messages[p->to_acknowledge[at].number].accepted = true;
    list[count++] = (midge_answer){.packet_id = p->to_acknowledge[at].id,
                                   .qos = (uint8_t)p->to_acknowledge[at].qos};
    p->to_acknowledge[at] = p->to_acknowledge[--p->acknowledge_count];
    world_hit(HIT_by_hand);
  }
  tell_answers(w, list, count, attempt);
}

static void mind_pause(world *w) {
  program *p = &w->program;
  if (p->paused && (p->resume_at <= w->now || w->healed)) {
    p->paused = false;
    if (w->conn != NULL) w->conn->excused = w->now;
    lease_wake(w);
    midge_link_paused(w->link, false);
  } else if (!p->paused && world_chance(w, w->weather.pause)) {
    world_hit(HIT_paused);
    p->paused = true;
    p->resume_at = w->now + world_roll(w, 12000);
    lease_wake(w);
    midge_link_paused(w->link, true);
  }
}

/* A last CLOSED is noticed: nothing is asked for any more. */
static void notice(world *w) {
  program *p = &w->program;
  if (p->unasked_at > w->now) return;
  p->unasked_at = MIDGE_NEVER;
  if (p->unasked_connect != p->connects) return;
  p->partings += p->asked;
  p->asked = false;
}

static midge_time later(world *w) {
  return w->now + 1 + world_roll(w, w->weather.pace_ms);
}

void program_acts(world *w) {
  program *p = &w->program;
  notice(w);
  mind_pause(w);
  ask_answer(w);
  if (p->let_go_at <= w->now && !p->closed) call_hold(w, false);
  acknowledge_some(w);
  if (p->next_message <= w->now) {
    p->next_message = later(w);
    broker_publish(w, (midge_qos)world_roll(w, 3));
  }
  if (p->next_call > w->now || p->closed) return;
  p->next_call = later(w);
  if (!p->asked && !w->leaving && (w->healed || world_roll(w, 3) == 0))
    program_connect(w);
  if (!w->healed) program_calls(w);
}

static midge_time earlier(midge_time a, midge_time b) {
  return a < b ? a : b;
}

midge_time program_next(const world *w) {
  const program *p = &w->program;
  midge_time next = p->closed ? MIDGE_NEVER : p->next_call;
  if (p->mail_count > 0) next = earlier(next, p->mail[0].at);
  if (w->message_count < w->weather.messages)
    next = earlier(next, p->next_message);
  if (p->paused) next = earlier(next, p->resume_at);
  if (!p->closed) next = earlier(next, p->let_go_at);
  if (p->ask_number != 0 && !p->closed) next = earlier(next, p->ask_at);
  return earlier(next, p->unasked_at);
}

void program_die(world *w) {
  program *p = &w->program;
  uint32_t partings = p->partings, user = p->user, goodbyes = p->goodbyes;
  midge_time next_publish = p->next_publish, next_message = p->next_message;
  program_free(w);
  *p = (program){.partings = partings + 1, .user = user, .goodbyes = goodbyes};
  p->next_call = w->now;
  p->next_publish = next_publish;
  p->next_message = next_message;
}

void program_free(world *w) {
  for (size_t i = 0; i < w->program.mail_count; i++)
    free(w->program.mail[i].wish);
  w->program.mail_count = 0;
}
