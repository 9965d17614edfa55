/* Bytes on their way, as TCP has it: in order, nothing lost and nothing twice
 * while a connection lives, and anything may become of what was under way when
 * it dies. */
#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

enum {
  NOTICED_MS_MAX = 20000, /* until a broker notices a dead client */
  SLOW_MS_MAX = 6000,
};

const char *const place_names[PLACES_MAX] = {"a",     "b",  "c",  "proxy",
                                             "given", "r1", "r2", "r3"};

unsigned place_named(midge_slice host) {
  unsigned at = 0;
  while (at < PLACES_MAX &&
         !midge_slice_equal(host, midge_slice_text(place_names[at])))
    at++;
  return at;
}

static midge_time soon(world *w) {
  return w->now +
         (w->weather.lag_ms == 0 ? 0 : world_roll(w, w->weather.lag_ms));
}

static void put(world *w, lane *to, const uint8_t *bytes, size_t size) {
  if (to->dead || to->ending != END_NONE) return;
  if (to->bytes.size == 0 && to->moves_at <= w->now) to->moves_at = soon(w);
  pipe_add(&to->bytes, bytes, size);
}

static void keep_some(world *w, lane *of) {
  of->bytes.size = world_roll(w, (uint32_t)of->bytes.size + 1);
}

static void free_conn(conn *c) {
  for (size_t i = 0; i < 4; i++) pipe_free(&c->aliases[i]);
  pipe_free(&c->to_broker.bytes);
  pipe_free(&c->to_client.bytes);
  pipe_free(&c->in);
  pipe_free(&c->copy);
  pipe_free(&c->rest);
  *c = (conn){0};
}

static bool is_free(const conn *c) {
  return c->attempt == 0 || (!c->held && !c->at_broker);
}

conn *network_dial(world *w, const midge_place *place) {
  conn *c = w->conns;
  while (c < w->conns + CONNS_MAX && !is_free(c)) c++;
  if (c == w->conns + CONNS_MAX) { /* the broker gives a dead one up */
    for (c = w->conns; c->held; c++) assert(c < w->conns + CONNS_MAX);
    broker_ended(w, c);
  }
  free_conn(c);
  *c = (conn){.attempt = place->attempt, .held = true};
  c->place = place_named(midge_slice_text(place->host));
  CHECK(w, c->place < PLACES_MAX, "dialed %s", place->host);
  c->up_at = soon(w);
  if (w->weather.dead[c->place]) {
    world_hit(HIT_place_dead);
    c->refused = true;
  } else if (world_chance(w, w->weather.refuse_dial)) {
    c->refused = world_roll(w, 3) != 0;
    world_hit(c->refused ? HIT_dial_refused : HIT_dial_silent);
    if (!c->refused) c->up_at = MIDGE_NEVER;
  } else if (world_chance(w, w->weather.slow_answer)) {
    world_hit(HIT_dial_late);
    c->up_at = w->now + world_roll(w, 2 * w->weather.connect_timeout_ms);
    c->faulty = true;
  }
  return c;
}

void network_drop(world *w, conn *c) {
  world_say(w, "driver drops %u", c->attempt);
  back_broken(w);
  c->held = c->up = false;
  c->rest.size = c->copy.size = 0;
  c->to_client.bytes.size = 0;
  if (!c->at_broker) return;
  lane *up = &c->to_broker;
  if (up->dead) {
    up->dead = false;
    up->moves_at = w->now + world_roll(w, NOTICED_MS_MAX);
    keep_some(w, up);
  }
  if (up->ending == END_NONE) up->ending = END_RST;
}

void network_send(world *w, conn *c, const uint8_t *bytes, size_t size) {
  c->written = w->now;
  put(w, &c->to_broker, bytes, size);
}

void network_answer(world *w, conn *c, const midge_packet *packet) {
  pipe_bytes wire = {0};
  pipe_packet(&wire, c->version, packet);
  put(w, &c->to_client, wire.data, wire.size);
  if (world_chance(w, w->weather.slow_answer)) {
    world_hit(HIT_slow_answer);
    c->faulty = true; /* it may be too slow for the time limits */
    c->to_client.moves_at = w->now + world_roll(w, SLOW_MS_MAX);
  }
  pipe_free(&wire);
}

void network_close(world *w, conn *c, ending how) {
  c->at_broker = false;
  c->faulty = true;
  c->to_broker.bytes.size = 0;
  if (c->to_client.ending != END_NONE) return;
  if (how == END_RST) keep_some(w, &c->to_client);
  if (c->to_client.bytes.size == 0) c->to_client.moves_at = soon(w);
  c->to_client.ending = how;
}

/* The network does it, so some of what is under way may yet arrive. */
void network_cut(world *w, conn *c) {
  uint32_t kind = world_roll(w, 6);
  c->faulty = true;
  if (c->at_broker && !c->greeted) world_hit(HIT_cut_while_shaking);
  if (c->writing) world_hit(HIT_write_cut);
  if (!midge_link_reading(w->link)) world_hit(HIT_broken_while_paused);
  world_say(w, "network: cut of kind %u", kind);
  switch (kind) {
    case 0:
    case 1: {
      size_t rest = world_roll(w, (uint32_t)c->to_broker.bytes.size + 1);
      if (c->at_broker) broker_received(w, c, c->to_broker.bytes.data, rest);
      if (c->at_broker) broker_ended(w, c);
      keep_some(w, &c->to_client);
      network_close(w, c, kind == 0 ? END_FIN : END_RST);
      world_hit(kind == 0 ? HIT_cut_fin : HIT_cut_rst);
      return;
    }
    case 2:
      c->to_broker.dead = c->to_client.dead = true;
      world_hit(HIT_cut_silent);
      break;
    case 3:
      c->to_broker.dead = true;
      world_hit(HIT_cut_to_broker);
      break;
    case 4:
      c->to_client.dead = true;
      world_hit(HIT_cut_to_client);
      break;
    default: /* the next write says so */
      c->to_broker.dead = c->to_client.dead = true;
      c->to_broker.ending = END_RST;
      world_hit(HIT_write_error);
      break;
  }
  if (c->to_broker.dead) keep_some(w, &c->to_broker);
  if (c->to_client.dead) keep_some(w, &c->to_client);
}

void network_cut_off(world *w) {
  conn *c = w->conn;
  w->plan.done = true;
  w->plan.due = false;
  if (c == NULL || !c->up) return;
  c->faulty = true;
  c->to_broker.bytes.size = c->to_client.bytes.size = 0;
  world_say(w, "network: cut of kind %d behind %llu and %llu bytes",
            w->plan.kind, (unsigned long long)w->moved[0],
            (unsigned long long)w->moved[1]);
  if (w->plan.kind == CUT_SILENT) {
    c->to_broker.dead = c->to_client.dead = true;
    return;
  }
  if (c->at_broker) broker_ended(w, c);
  network_close(w, c, w->plan.kind == CUT_FIN ? END_FIN : END_RST);
}

/* --- Moving ----------------------------------------------------------------
 */

static size_t chunk(world *w, const lane *of) {
  size_t size = 1 + world_roll(w, w->weather.chunk_max);
  if (w->weather.chunk_max == 1) world_hit(HIT_bytewise);
  if (w->plan.due) return 0;
  return size < of->bytes.size ? size : of->bytes.size;
}

static void count(world *w, bool to_client, size_t size) {
  w->moved[to_client] += size;
  bool there =
      w->plan.to_client == to_client && w->moved[to_client] == w->plan.at;
  if (w->plan.on && !w->plan.done && there) w->plan.due = true;
}

static void move_to_broker(world *w, conn *c) {
  lane *up = &c->to_broker;
  if (up->bytes.size != 0) {
    size_t size = chunk(w, up);
    count(w, false, size);
    pipe_bytes part = {0};
    pipe_add(&part, up->bytes.data, size);
    pipe_drop(&up->bytes, size);
    up->moves_at = soon(w);
    broker_received(w, c, part.data, size);
    pipe_free(&part);
    return;
  }
  broker_ended(w, c);
  if (c->held) network_close(w, c, END_FIN);
}

static void move_to_client(world *w, conn *c) {
  lane *down = &c->to_client;
  if (down->bytes.size != 0 && down->ending != END_RST) {
    size_t size = chunk(w, down);
    count(w, true, size);
    pipe_bytes part = {0};
    pipe_add(&part, down->bytes.data, size);
    pipe_drop(&down->bytes, size);
    down->moves_at = soon(w);
    driver_receive(w, c, part.data, size);
    pipe_free(&part);
    return;
  }
  ending how = down->ending;
  down->dead = true;
  driver_end(w, c, how, how == END_FIN ? NULL : "ECONNRESET");
}

static bool up_moves(const conn *c) {
  const lane *up = &c->to_broker;
  return c->at_broker && !up->dead &&
         (up->bytes.size != 0 || up->ending != END_NONE);
}

/* The driver may be asleep, and has not asked the link since. */
static bool is_read(const world *w, const conn *c) {
  return w->weather.lease != 0 ? c->reads : midge_link_reading(w->link);
}

static bool down_moves(const world *w, const conn *c) {
  const lane *down = &c->to_client;
  if (!c->up || down->dead || c != w->conn) return false;
  if (down->ending == END_RST) return true;
  return (down->bytes.size != 0 || down->ending == END_FIN) &&
         c->rest.size == 0 && is_read(w, c);
}

static void move_dial(world *w, conn *c) {
  lease_wake(w);
  if (c->refused) {
    midge_fault fault = {.status = MIDGE_EERRNO};
    strcpy(fault.code, "ECONNREFUSED");
    strcpy(fault.text, "nobody listens");
    c->faulty = true;
    uint32_t attempt = c->attempt;
    driver_drop(w);
    midge_link_failed(w->link, attempt, &fault);
    return;
  }
  world_say(w, "network: up to %s", place_names[c->place]);
  c->up = true;
  c->heard = c->written = w->now;
  w->life.held = w->weather.hold && !w->weather.proxy;
  broker_connected(w, c);
  monitor_connected(w);
  midge_link_dialed(w->link, c->attempt);
}

static bool dial_moves(const world *w, const conn *c) {
  return c == w->conn && !c->up && c->up_at != MIDGE_NEVER;
}

void network_move(world *w) {
  for (conn *c = w->conns; c < w->conns + CONNS_MAX; c++) {
    if (c->attempt == 0) continue;
    if (dial_moves(w, c) && c->up_at <= w->now) move_dial(w, c);
    if (up_moves(c) && c->to_broker.moves_at <= w->now) move_to_broker(w, c);
    if (down_moves(w, c) && c->to_client.moves_at <= w->now)
      move_to_client(w, c);
  }
}

midge_time network_next(const world *w) {
  midge_time next = MIDGE_NEVER;
  for (const conn *c = w->conns; c < w->conns + CONNS_MAX; c++) {
    if (c->attempt == 0) continue;
    if (dial_moves(w, c) && c->up_at < next) next = c->up_at;
    if (up_moves(c) && c->to_broker.moves_at < next)
      next = c->to_broker.moves_at;
    if (down_moves(w, c) && c->to_client.moves_at < next)
      next = c->to_client.moves_at;
    if (c == w->conn && c->writing && c->write_ends < next)
      next = c->write_ends;
  }
  return next;
}

bool network_is_quiet(const world *w) {
  const conn *c = w->conn;
  return c != NULL && c->up && !c->writing && c->rest.size == 0 &&
         !c->to_broker.dead && !c->to_client.dead &&
         c->to_broker.bytes.size == 0 && c->to_client.bytes.size == 0;
}

void network_free(world *w) {
  for (size_t i = 0; i < CONNS_MAX; i++) free_conn(&w->conns[i]);
}
