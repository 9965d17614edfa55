/* The process dies between any two things it does, and after a while there is
 * another one: it has what is in the file, and nothing else. */
#include "simulate/model.h"

enum {
  KILLS_MAX = 8,         /* of a seed */
  POINTS = 8,            /* of a step, about, at which it may die */
  PAUSE_MS_MAX = 20000,  /* until the next one */
  DAY_MS = 24 * 3600000, /* that a clock is wrong by, or a few */
};

bool process_dies(world *w) {
  if (w->dying || w->healed || w->kills >= KILLS_MAX) return w->dying;
  if (!world_chance(w, (w->weather.kill + POINTS - 1) / POINTS)) return false;
  world_hit(HIT_killed_in_turn);
  w->dying = true;
  return true;
}

/* The wall clock is what time means to a session on a disk. */
static void jump(world *w) {
  if (!world_chance(w, w->weather.jump)) return;
  world_hit(HIT_clock_jump);
  w->skew = (int64_t)world_roll(w, 4 * DAY_MS);
}

/* So late that the broker has given up the connection and then the session. */
static void expire(world *w) {
  if (!world_chance(w, w->weather.expire)) return;
  world_hit(HIT_restarted_late);
  for (conn *c = w->conns; c < w->conns + CONNS_MAX; c++) {
    if (c->attempt == 0 || !c->at_broker) continue;
    broker_ended(w, c);
    network_close(w, c, END_RST);
  }
  broker_lose_session(w);
}

void process_restart(world *w) {
  world_hit(HIT_killed);
  world_say(w, "process: killed");
  w->kills++;
  w->dying = false;
  driver_die(w);
  midge_link_free(w->link);
  CHECK(w, w->memory.now == 0, "%zu bytes outlive their link", w->memory.now);
  disk_crash(w);
  program_die(w);
  monitor_crash(w);
  events_crash(w);
  world_begin_life(w);
  w->end_by = 0;
  w->now += world_roll(w, PAUSE_MS_MAX);
  w->before = w->now;
  expire(w);
  jump(w);
  world_say(w, "process: the next one");
  driver_open(w);
  program_connect(w);
  program_subscribe(w, 0);
}
