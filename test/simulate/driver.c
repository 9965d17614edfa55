/* What a reactor does for a link, with nothing but a world below it. */
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

enum { ROUNDS_MAX = 2000 }; /* of a turn; one without an end is a fault */

static midge_slice host_url(char *room, unsigned place) {
  char *end = stpcpy(stpcpy(room, "mqtt://"), place_names[place]);
  return midge_slice_of((uint8_t *)room, (size_t)(end - room));
}

static void fill_session(world *w, midge_session_options *o) {
  const weather *is = &w->weather;
  bool five = is->version == MIDGE_MQTT_5;
  *o = (midge_session_options){
      .version = is->version,
      .negotiate = is->negotiate,
      .client_id = MIDGE_TEXT("simulated"),
      .clean_start = !five && !is->kept,
      .session_expiry_s = five && is->kept ? UINT32_MAX : 0,
      .adopt_session = is->adopt,
      .acknowledge_by_hand = is->by_hand,
      .inbox = is->inbox,
      .inbox_bytes_max = is->inbox_max,
      .at_release = is->at_release,
      .parked_bytes_max = is->parked_max,
      .alias_auto = is->alias_auto,
      .keep_alive_s = is->keep_alive_s,
      .receive_max = is->broker_window,
      .receive_max_lenient = is->lenient,
      .in_flight_max = is->in_flight_max,
      .subscribe_batch_max = is->batch_max,
      .reply_timeout_ms = 3000,
      .hold = is->hold,
      .durable_qos_0 = is->fleeting,
      .queue_memory_max = is->memory_max,
      .drop_in_flight = is->drop,
      .lower_qos = is->lower,
      .breaks_off = is->breaks_off,
      .context = w,
  };
}

midge_time driver_clock(const world *w) {
  return w->now + (midge_time)w->skew;
}

void driver_open(world *w) {
  const weather *is = &w->weather;
  char url[16], rooms[2][16], text[128];
  midge_slice servers[2] = {host_url(rooms[0], PLACE_B),
                            host_url(rooms[1], PLACE_C)};
  midge_client_options options = {
      .url = host_url(url, PLACE_A),
      .servers = servers,
      .server_count = is->servers,
      .reconnect = {.min_ms = is->min_ms,
                    .max_ms = is->max_ms,
                    .stable_ms = is->stable_ms,
                    .fixed = is->fixed,
                    .off = is->off,
                    .lasting = is->lasting,
                    .redirects_max = is->redirects_max},
      .connect_timeout_ms = is->connect_timeout_ms,
      .close_timeout_ms = is->close_timeout_ms,
      .ask = is->ask,
      .tls = {.ca_path = MIDGE_TEXT("/")}, /* unused: load nothing for it */
  };
  if (is->proxy) options.proxy = MIDGE_TEXT("http://proxy:3128");
  fill_session(w, &options.session);
  if (is->durable) options.store.path = MIDGE_TEXT("/disk");
  midge_status status = midge_link_new(&w->link, &options, &w->memory.allocator,
                                       w->seed, text, sizeof text);
  CHECK(w, status == MIDGE_OK, "no link: %s", text);
  midge_link_clock(w->link, driver_clock(w));
  disk_open(w);
}

/* --- Writing ---------------------------------------------------------------
 */

static uint64_t hash_of(const midge_slice *slices, size_t count) {
  uint64_t hash = 1;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < slices[i].size; j++)
      hash = hash * 31 + slices[i].data[j];
  }
  return hash;
}

static void leave(world *w, conn *c, const uint8_t *bytes, size_t size) {
  monitor_sent(w, bytes, size);
  world_trace(w, bytes, size);
  network_send(w, c, bytes, size);
}

static void tell_rest(world *w, conn *c) {
  if (c->rest.size == 0) return;
  pipe_bytes rest = c->rest;
  c->rest = (pipe_bytes){0};
  driver_receive(w, c, rest.data, rest.size);
  pipe_free(&rest);
}

static void tell_written(world *w, conn *c, size_t size) {
  midge_link_written(w->link, c->attempt, size);
  tell_rest(w, c);
}

/* The system has taken some more of a write that waits; all of it once it has
 * waited long enough. What is not told of would be sent again. */
void driver_settle(world *w) {
  conn *c = w->conn;
  if (c == NULL || !c->up || !c->writing) return;
  if (midge_link_attempt(w->link) != c->attempt) return;
  CHECK(w,
        !c->write_stays || hash_of(c->slices, c->slice_count) == c->write_hash,
        "output changed while it was being written");
  size_t size = c->copy.size;
  if (w->now < c->write_ends) size = world_roll(w, (uint32_t)size + 1);
  if (c->faulty && c->to_broker.dead) size = 0;
  if (w->now < c->write_ends && size == 0) return;
  lease_wake(w);
  leave(w, c, c->copy.data, size);
  pipe_drop(&c->copy, size);
  size_t left = size;
  for (size_t i = 0; i < c->slice_count; i++) {
    size_t part = c->slices[i].size < left ? c->slices[i].size : left;
    c->slices[i] = midge_slice_skip(c->slices[i], part);
    left -= part;
  }
  if (c->write_stays) c->write_hash = hash_of(c->slices, c->slice_count);
  c->writing = c->copy.size != 0;
  c->write_ends = w->now + 1 + world_roll(w, 50);
  bool stays = c->write_stays;
  tell_written(w, c, stays ? size : 0);
}

static size_t gather(pipe_bytes *to, const midge_slice *slices, size_t count) {
  to->size = 0;
  for (size_t i = 0; i < count; i++)
    pipe_add(to, slices[i].data, slices[i].size);
  return to->size;
}

static void write_later(world *w, conn *c) {
  world_hit(HIT_write_waits);
  c->writing = true;
  c->write_stays = midge_link_output_stays(w->link);
  c->write_hash = hash_of(c->slices, c->slice_count);
  c->write_ends = w->now + 1 + world_roll(w, 200);
  if (!c->write_stays) midge_link_written(w->link, c->attempt, c->copy.size);
}

static void shut(world *w, conn *c) {
  if (c->shut || c->copy.size != 0 || !midge_link_is_shut(w->link)) return;
  world_say(w, "driver ends the stream of %u", c->attempt);
  c->shut = true;
  if (!c->to_broker.dead && c->to_broker.ending == END_NONE)
    c->to_broker.ending = END_FIN;
}

/* Into `copy`, and not yet sent. */
static bool take_output(world *w, conn *c) {
  size_t most = 1 + world_roll(w, SLICES_MAX);
  c->slice_count = midge_link_output(w->link, c->slices, most);
  CHECK(w, c->slice_count <= most, "more slices than there was room for");
  size_t size = gather(&c->copy, c->slices, c->slice_count);
  CHECK(w, c->slice_count == 0 || size != 0, "output without bytes");
  CHECK(w, size == 0 || !c->shut, "output after the end of the stream");
  return size != 0;
}

static bool send_some(world *w, conn *c) {
  size_t size = c->copy.size;
  size_t room = 1 + world_roll(w, w->weather.write_max);
  if (room < size) world_hit(HIT_write_partial);
  if (room < size) size = room;
  leave(w, c, c->copy.data, size);
  c->copy.size = 0;
  tell_written(w, c, size);
  return w->conn == c;
}

static bool write_once(world *w, conn *c) {
  if (!take_output(w, c)) return false;
  if (c->to_broker.ending == END_RST) {
    c->copy.size = 0;
    driver_end(w, c, END_RST, "EPIPE");
    return false;
  }
  if (world_chance(w, w->weather.write_wait)) {
    write_later(w, c);
    return false;
  }
  return send_some(w, c);
}

/* What does not go at once does not wait with the system, nor does an error
 * say more than that. */
bool driver_try(world *w, conn *c, bool *fails) {
  if (!take_output(w, c)) return false;
  *fails =
      c->to_broker.ending == END_RST || world_chance(w, w->weather.write_wait);
  if (!*fails) return send_some(w, c);
  c->copy.size = 0;
  return false;
}

void driver_write(world *w, conn *c) {
  for (int round = 0; !c->writing && round < ROUNDS_MAX; round++) {
    if (process_dies(w) || !write_once(w, c)) break;
  }
  if (w->dying) return;
  if (w->conn == c && c->up && !c->writing) shut(w, c);
}

/* --- What comes in ---------------------------------------------------------
 */

void driver_receive(world *w, conn *c, const uint8_t *bytes, size_t size) {
  bool is_near = lease_reads(w);
  size_t taken =
      midge_link_received(w->link, c->attempt, midge_slice_of(bytes, size));
  CHECK(w, taken <= size, "took %zu of %zu bytes", taken, size);
  world_trace(w, bytes, taken);
  monitor_delivered(w, bytes, taken);
  c->heard = w->now;
  if (taken < size && midge_link_attempt(w->link) == c->attempt) {
    CHECK(w, !midge_link_reading(w->link), "it reads on with a rest");
    pipe_add(&c->rest, bytes + taken, size - taken);
  }
  if (is_near) lease_settle(w);
}

void driver_end(world *w, conn *c, ending how, const char *code) {
  lease_wake(w);
  driver_settle(w);
  if (w->conn != c || !c->up) return;
  world_say(w, "network: %s", how == END_FIN ? "ended" : "broken");
  uint32_t attempt = c->attempt;
  c->faulty = true;
  w->breaks++;
  if (how == END_FIN) {
    world_hit(HIT_ended);
    midge_link_ended(w->link, attempt);
    return;
  }
  midge_fault fault = {.status = MIDGE_ELOST, .by_server = true};
  strcpy(fault.code, code);
  strcpy(fault.text, "the connection was reset");
  driver_drop(w);
  midge_link_broken(w->link, attempt, &fault);
}

void driver_drop(world *w) {
  network_drop(w, w->conn);
  w->conn = NULL;
}

void driver_die(world *w) {
  conn *c = w->conn;
  if (c == NULL) return;
  /* Nothing leaves any more once the link has another attempt. */
  bool is_current = midge_link_attempt(w->link) == c->attempt;
  if (c->up && c->writing && c->copy.size != 0 && is_current) {
    world_hit(HIT_killed_while_writing);
    leave(w, c, c->copy.data, world_roll(w, (uint32_t)c->copy.size + 1));
  }
  c->writing = false;
  bool silent = world_roll(w, 2) == 0; /* as of a computer without power */
  if (silent) world_hit(HIT_killed_silently);
  c->to_broker.dead |= silent;
  driver_drop(w);
}

/* What is told of an attempt that is over must change nothing; and sometimes
 * nobody has time for a goodbye. */
static void tell_old(world *w) {
  uint32_t attempt = w->life.attempt;
  if (world_chance(w, w->weather.awkward / 4)) {
    world_hit(HIT_hurry);
    midge_link_hurry(w->link);
  }
  if (attempt < 2 || !world_chance(w, w->weather.awkward)) return;
  uint32_t old = attempt - 1 - (attempt > 2 ? world_roll(w, 2) : 0);
  midge_fault fault = {.status = MIDGE_ELOST, .code = "ECONNRESET"};
  world_hit(HIT_old_fact);
  switch (world_roll(w, 5)) {
    case 0:
      midge_link_dialed(w->link, old);
      return;
    case 1:
      midge_link_failed(w->link, old, &fault);
      return;
    case 2:
      midge_link_broken(w->link, old, &fault);
      return;
    case 3:
      midge_link_ended(w->link, old);
      return;
    default: {
      midge_slice junk = MIDGE_TEXT("\x20\x02\x00\x05");
      size_t taken = midge_link_received(w->link, old, junk);
      CHECK(w, taken == junk.size, "bytes of an old attempt have to wait");
      return;
    }
  }
}

/* --- The turn --------------------------------------------------------------
 */

static void take_events(world *w) {
  midge_event event;
  while (midge_link_event(w->link, &event)) {
    events_take(w, &event);
    if (process_dies(w)) return;
    if (!world_chance(w, w->weather.awkward) || w->life.ended) continue;
    world_hit(HIT_between_events);
    w->life.told_late = true;
    program_deliver(w);
  }
}

static void mind_transport(world *w) {
  midge_place place;
  uint32_t attempt = midge_link_attempt(w->link);
  CHECK(w, attempt == 0 || attempt == w->life.attempt,
        "a transport for attempt %u", attempt);
  if (w->conn != NULL && w->conn->attempt != attempt) driver_drop(w);
  if (!midge_link_dial(w->link, &place)) return;
  CHECK(w, place.attempt == attempt && attempt != 0, "dials for attempt %u",
        place.attempt);
  if (w->conn != NULL) {
    CHECK(w, !w->conn->up, "a dial that was answered is wanted again");
    return;
  }
  w->conn = network_dial(w, &place);
  world_say(w, "driver dials %s for %u", place.host, place.attempt);
}

void driver_mind_freed(world *w) {
  midge_freed freed = midge_link_freed(w->link);
  w->life.freed_messages += freed.messages;
  w->life.freed_bytes += freed.bytes;
  CHECK(w, w->life.freed_messages <= w->life.told_messages,
        "more has ended than was asked for");
  CHECK(w, w->life.freed_bytes <= w->life.told_bytes,
        "more bytes have ended than were asked for");
}

void driver_mind_reading(world *w) {
  if (w->conn == NULL) return;
  w->conn->reads = midge_link_reading(w->link);
  if (!w->conn->reads) w->conn->excused = w->now;
}

static void third_column(world *w) {
  take_events(w);
  if (!w->dying) disk_take(w);
  if (!w->dying) mind_transport(w);
  if (process_dies(w)) return;
  if (w->conn != NULL && w->conn->up) driver_write(w, w->conn);
  driver_mind_reading(w);
  driver_mind_freed(w);
}

void driver_turn(world *w) {
  tell_old(w);
  for (int round = 0; !w->life.ended; round++) {
    CHECK(w, round < ROUNDS_MAX, "a turn without an end");
    midge_time now = driver_clock(w);
    if (midge_link_deadline(w->link) <= now) midge_link_elapsed(w->link, now);
    third_column(w);
    if (w->dying || midge_link_deadline(w->link) > now) break;
  }
}
