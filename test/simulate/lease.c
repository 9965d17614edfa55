/* The program's thread in the driver's place, for one wish or one read, as it
 * is where the reactor lends its lease: it tells the link of that, takes the
 * events and tries to send, and has neither timers nor anything that waits. All
 * else the driver owes, who hears of it a while later, and sleeps if it is
 * nothing.
 */
#include "simulate/model.h"

enum {
  ROUNDS_MAX = 4,   /* of sending; what is left is the driver's */
  BELL_MS_MAX = 20, /* until it is heard, if nothing is due before */
};

void lease_begin(world *w) {
  w->lease.wakes = w->weather.lease == 0;
}

void lease_wake(world *w) {
  w->lease.wakes = true;
}

static bool sleeps(const world *w) {
  return !w->lease.wakes && w->lease.owed_at == MIDGE_NEVER;
}

static void turn(world *w) {
  lease *l = &w->lease;
  l->wakes = true;
  driver_turn(w);
  l->wakes = false;
  l->owed_at = MIDGE_NEVER;
  /* A timer that is too early is set again when it fires. */
  midge_time deadline = midge_link_deadline(w->link);
  if (l->wakes_at <= driver_clock(w) || deadline < l->wakes_at)
    l->wakes_at = deadline;
}

void lease_give(world *w) {
  if (w->weather.lease == 0 || !w->lease.wakes) return;
  if (w->program.mail_count > 0 && world_chance(w, w->weather.lease)) turn(w);
}

/* --- The program's thread --- */

static midge_time earlier(midge_time a, midge_time b) {
  return a < b ? a : b;
}

static bool is_request(const midge_wish *wish) {
  return wish->type == MIDGE_WISH_PUBLISH ||
         wish->type == MIDGE_WISH_SUBSCRIBE ||
         wish->type == MIDGE_WISH_UNSUBSCRIBE;
}

static bool is_at_ease(const world *w) {
  const conn *c = w->conn;
  return c != NULL && c->up && !c->writing && !c->shut && c->rest.size == 0 &&
         midge_link_attempt(w->link) == c->attempt;
}

static bool take_events(world *w) {
  midge_event event;
  bool any = false;
  while (midge_link_event(w->link, &event)) {
    any = true;
    events_take(w, &event);
  }
  return any;
}

/* True if it leaves something to the driver. */
static bool help(world *w, conn *c) {
  bool moved = true, fails = false;
  for (int round = 0; moved && round < ROUNDS_MAX; round++) {
    moved = take_events(w);
    if (midge_link_attempt(w->link) == c->attempt)
      moved |= driver_try(w, c, &fails);
  }
  if (fails)
    world_hit(c->to_broker.ending == END_RST ? HIT_lease_broken
                                             : HIT_lease_full);
  driver_mind_freed(w);
  midge_arrangement arrangement = {
      .attempt = c->attempt, .reads = c->reads, .wakes_at = w->lease.wakes_at};
  return moved || fails || !midge_link_is_content(w->link, &arrangement);
}

void lease_settle(world *w) {
  if (!help(w, w->conn)) return;
  world_hit(HIT_lease_owed);
  w->lease.owed_at = earlier(w->now + world_roll(w, BELL_MS_MAX),
                             midge_link_deadline(w->link));
}

bool lease_takes(world *w, const midge_wish *wish) {
  bool asked = is_request(wish) && world_chance(w, w->weather.lease);
  if (!asked || !sleeps(w) || !is_at_ease(w)) {
    lease_wake(w);
    return false;
  }
  world_hit(HIT_lease_taken);
  midge_link_wish(w->link, wish);
  lease_settle(w);
  return true;
}

bool lease_reads(world *w) {
  bool reads = w->weather.lease != 0 && world_chance(w, w->weather.lease) &&
               sleeps(w) && is_at_ease(w);
  if (reads)
    world_hit(HIT_lease_read);
  else
    lease_wake(w);
  return reads;
}

/* --- The driver --- */

void lease_turn(world *w) {
  lease *l = &w->lease;
  bool is_due = l->wakes_at <= driver_clock(w) || l->owed_at <= w->now;
  if (l->wakes || is_due) {
    turn(w);
    return;
  }
  world_hit(HIT_lease_asleep);
  if (w->conn != NULL && !w->conn->reads) w->conn->excused = w->now;
}

midge_time lease_next(const world *w) {
  const lease *l = &w->lease;
  if (w->weather.lease == 0) return midge_link_deadline(w->link);
  return earlier(l->owed_at, l->wakes_at);
}
