/* One seed from its first step to its last: faults, then none, and then all
 * must be well. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/slice.h"
#include "simulate/model.h"

enum {
  STEPS_MAX = 30000,   /* with faults */
  STORM_MS = 120000,   /* the same, in its own time */
  HEALING_MS = 900000, /* without: everything must be done by then */
  HEALING_STEPS = 200000,
  STEPS_IN_ALL = 300000,
  LATE_MS_MAX = 4000,
  MEMORY_MAX = 8 * 1024 * 1024,
};

#define NAME(hit) #hit,
const char *const hit_names[HIT_COUNT] = {HITS(NAME)};

uint64_t *world_hits;

void world_fail(const world *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr,
          "seed %llu, step %llu, %llu ms: ", (unsigned long long)w->seed,
          (unsigned long long)w->steps, (unsigned long long)w->now);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  abort();
}

void world_watch(unsigned seconds) {
  struct itimerval end = {.it_value.tv_sec = (time_t)seconds};
  setitimer(ITIMER_PROF, &end, NULL);
}

void world_trace(world *w, const void *bytes, size_t size) {
  const uint8_t *from = bytes;
  for (size_t i = 0; i < size; i++) {
    w->trace = (w->trace ^ from[i]) * UINT64_C(1099511628211);
  }
}

void world_say(world *w, const char *format, ...) {
  world_trace(w, &w->now, sizeof w->now);
  world_trace(w, format, strlen(format));
  if (!w->verbose) return;
  va_list arguments;
  va_start(arguments, format);
  printf("%8llu ", (unsigned long long)w->now);
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

void world_hit(hit what) {
  world_hits[what]++;
}

uint32_t world_roll(world *w, uint32_t sides) {
  return dice_roll(&w->dice, sides);
}

bool world_chance(world *w, uint32_t rate) {
  return rate != 0 && dice_hits(&w->dice, rate);
}

/* --- Payloads --------------------------------------------------------------
 */

static size_t padding(const world *w, uint32_t number) {
  return (number * UINT32_C(2654435761) >> 8) % (w->weather.pad_max + 1);
}

size_t payload_make(world *w, uint8_t *room, uint32_t number) {
  size_t size = (size_t)sprintf((char *)room, "%u", number);
  size_t pad = padding(w, number);
  memset(room + size, '.', pad);
  return size + pad;
}

uint32_t payload_number(midge_slice payload) {
  uint32_t number = 0;
  for (size_t i = 0; i < payload.size && payload.data[i] != '.'; i++)
    number = number * 10 + (payload.data[i] - '0');
  return number;
}

void payload_check(const world *w, midge_slice payload) {
  size_t digits = 0;
  uint32_t number = payload_number(payload);
  while (digits < payload.size && payload.data[digits] != '.') digits++;
  CHECK(w, payload.size - digits == padding(w, number),
        "payload %u has lost something", number);
  for (size_t i = digits; i < payload.size; i++)
    CHECK(w, payload.data[i] == '.', "payload %u is not what it was", number);
}

/* --- Steps -----------------------------------------------------------------
 */

static midge_time earlier(midge_time a, midge_time b) {
  return a < b ? a : b;
}

/* The next time at which something happens; sometimes the driver is busy with
 * something else, and comes late. */
static void advance(world *w) {
  midge_time next = earlier(network_next(w), program_next(w));
  next = earlier(next, disk_next(w));
  next = earlier(next, w->wake_at);
  midge_time deadline = lease_next(w);
  if (deadline != MIDGE_NEVER) deadline -= (midge_time)w->skew;
  if (!w->life.ended) next = earlier(next, deadline);
  CHECK(w, next != MIDGE_NEVER, "everybody waits for ever");
  w->before = w->now;
  if (next > w->now) w->now = next;
  if (!world_chance(w, w->weather.late)) return;
  world_hit(HIT_late_driver);
  w->now += world_roll(w, LATE_MS_MAX);
  w->life.began = w->now; /* what came in meanwhile is told first */
  if (w->conn == NULL) return;
  w->conn->faulty = true;
  w->conn->excused = w->now;
}

static void faults(world *w) {
  conn *c = w->conn;
  if (c != NULL && c->up && world_chance(w, w->weather.cut)) network_cut(w, c);
  c = broker_conn(w);
  if (c != NULL && world_chance(w, w->weather.takeover)) broker_acts(w, c);
  if (world_chance(w, w->weather.crash)) {
    world_hit(HIT_broker_crash);
    for (c = w->conns; c < w->conns + CONNS_MAX; c++) {
      if (c->attempt == 0 || !c->at_broker) continue;
      broker_ended(w, c);
      network_close(w, c, END_RST);
    }
    if (w->weather.forget != 0) broker_lose_session(w);
  }
  (void)process_dies(w);
}

static void plan_comes_due(world *w) {
  network_cut_off(w);
  w->dying = w->plan.crash != CRASH_NONE;
  if (w->disk.busy && w->disk.commits_at == MIDGE_NEVER)
    w->disk.commits_at = w->now;
}

void world_step(world *w) {
  CHECK(w, ++w->steps < STEPS_IN_ALL, "it goes on and on");
  advance(w);
  w->life.told_late = false;
  lease_begin(w);
  midge_link_clock(w->link, driver_clock(w));
  disk_move(w);
  driver_settle(w);
  network_move(w);
  program_acts(w);
  lease_give(w);
  program_deliver(w);
  lease_turn(w);
  if (w->plan.due) plan_comes_due(w);
  if (w->dying) process_restart(w);
  if (w->life.ended) return;
  events_time(w);
  monitor_time(w);
  CHECK(w, w->memory.now <= MEMORY_MAX, "%zu bytes of memory",
        w->memory.now); /* I20 */
  if (!w->healed) faults(w);
  if (w->dying) process_restart(w);
}

/* --- The end ---------------------------------------------------------------
 */

static void heal(world *w) {
  weather *is = &w->weather;
  world_hit(HIT_healed);
  world_say(w, "the weather is fine");
  w->healed = true;
  is->cut = is->refuse_dial = is->refuse_connect = is->move = 0;
  is->refuse = is->takeover = is->crash = is->forget = is->late = 0;
  is->pause = is->calls = is->awkward = is->poison = is->slow_answer = 0;
  is->kill = is->disk_fault = 0;
  is->messages = w->message_count;
  is->pace_ms = 200;
  w->program.next_call = w->now;
  if (w->program.let_go_at > w->now) w->program.let_go_at = w->now;
  if (!w->disk.busy || w->disk.commits_at != MIDGE_NEVER) return;
  w->dying = true; /* somebody ends what hangs */
  process_restart(w);
}

static bool all_done(const world *w) {
  for (uint32_t i = 0; i < w->request_count; i++) {
    const request *r = &w->requests[i];
    if (r->counted && !r->done && !r->gone) return false;
  }
  return w->life.freed_messages == w->life.told_messages;
}

static bool is_quiet(const world *w) {
  const program *p = &w->program;
  return p->asked && p->mail_count == 0 && w->life.opened && all_done(w) &&
         p->unasked_at == MIDGE_NEVER && p->acknowledge_count == 0 &&
         p->let_go_at == MIDGE_NEVER && !w->disk.busy &&
         w->broker.queue_count == 0 && network_is_quiet(w) &&
         broker_conn(w) == w->conn && !w->conn->mute &&
         w->lease.owed_at == MIDGE_NEVER;
}

midge_qos world_qos(const world *w, const request *r) {
  bool lowered = w->weather.lower && r->qos > w->weather.qos_max;
  return lowered ? w->weather.qos_max : r->qos;
}

/* What was granted, and not taken back since, is in force. */
static void judge_filter(const world *w, unsigned filter) {
  /* A renewal may have been given up over connections that broke. */
  if (w->breaks >= BREAKS_MAX && !w->weather.breaks_off) return;
  const request *last = NULL;
  for (uint32_t i = 0; i < w->request_count; i++) {
    const request *r = &w->requests[i];
    if (r->kind != REQUEST_PUBLISH && r->topic == filter) last = r;
  }
  if (last == NULL || !last->done || last->status != MIDGE_OK) return;
  if (last->partings != w->program.partings) return;
  bool on = last->kind == REQUEST_SUBSCRIBE;
  if (w->broker.denied[filter] || (on && last->reason >= 0x80)) return;
  CHECK(w, w->broker.filters[filter] == on, "filter %u is %s", filter,
        on ? "no longer there" : "still there");
}

static void judge(const world *w) {
  inbox_judge(w);
  for (unsigned i = 0; i < FILTERS; i++) judge_filter(w, i);
  for (uint32_t i = 0; i < w->message_count; i++) {
    const message *m = &w->messages[i];
    CHECK(w, m->qos == 0 || m->lost || m->told > 0 || m->unsure,
          "message %u to us is lost", i);
  }
}

void world_converge(world *w) {
  heal(w);
  midge_time end = w->now + HEALING_MS;
  uint64_t most = w->steps + HEALING_STEPS;
  while (!is_quiet(w)) {
    CHECK(w, w->now < end && w->steps < most,
          "it never ends: %zu of %zu requests, %zu messages, %s",
          w->life.freed_messages, w->life.told_messages, w->broker.queue_count,
          w->life.opened ? "opened" : "not opened");
    world_step(w);
  }
  judge(w);
}

/* On a link that is well and quick, what was published is answered before the
 * goodbye, and the goodbye is heard. */
static void say_goodbye(world *w) {
  const weather *is = &w->weather;
  bool force = world_roll(w, 2);
  bool well = !w->conn->faulty && is->lag_ms <= 5 &&
              is->close_timeout_ms >= 1000 && is->write_wait == 0 &&
              !(is->durable && is->disk_ms > 5);
  uint32_t number = w->request_count, goodbyes = w->program.goodbyes;
  w->leaving = true;
  program_publish(w, (midge_qos)world_roll(w, 3));
  program_disconnect(w, force);
  while (w->life.finished != w->program.connects || w->life.running)
    world_step(w);
  CHECK(w, midge_link_attempt(w->link) == 0, "a transport after the goodbye");
  if (!well || number == w->request_count) return;
  const request *last = &w->requests[number];
  CHECK(w, w->program.goodbyes == goodbyes + 1, "no DISCONNECT has arrived");
  bool limited = last->ttl_ms != 0 || last->timeout_ms != 0 ||
                 world_qos(w, last) > w->weather.qos_max;
  if (force || limited || !last->counted || last->refused) return;
  CHECK(w, last->done && last->status == MIDGE_OK,
        "the goodbye did not wait for request %u", number);
}

/* After ENDED: nothing is wanted, and all is given back. */
void world_close(world *w) {
  midge_slice slice;
  midge_event event;
  midge_place place;
  program_close(w);
  while (!w->life.ended) world_step(w);
  CHECK(w, midge_link_is_over(w->link), "it is not over");
  CHECK(w, w->conn == NULL, "a transport is left");
  CHECK(w, !midge_link_event(w->link, &event), "an event after the end");
  CHECK(w, midge_link_attempt(w->link) == 0, "an attempt after the end");
  CHECK(w, !midge_link_dial(w->link, &place), "a dial after the end");
  CHECK(w, midge_link_output(w->link, &slice, 1) == 0, "output after the end");
  CHECK(w, midge_link_deadline(w->link) == MIDGE_NEVER,
        "a deadline after the end");
  CHECK(w,
        w->weather.memory_max != 0 ||
            (w->life.freed_messages == w->life.told_messages &&
             w->life.freed_bytes == w->life.told_bytes),
        "%zu of %zu requests ended, %zu of %zu bytes", w->life.freed_messages,
        w->life.told_messages, w->life.freed_bytes, w->life.told_bytes);
}

static void run(world *w) {
  driver_open(w);
  midge_time end = w->now + STORM_MS;
  program_connect(w);
  program_subscribe(w, 0);
  while (w->steps < STEPS_MAX && w->now < end &&
         w->request_count < w->weather.requests)
    world_step(w);
  if (w->weather.end == END_FREE) {
    world_hit(HIT_freed_alive);
    return;
  }
  if (w->weather.end != END_CLOSE_EARLY) world_converge(w);
  w->weather.kill = 0;
  if (w->weather.end == END_DISCONNECT) say_goodbye(w);
  world_close(w);
}

void world_free(world *w) {
  midge_link_free(w->link);
  CHECK(w, w->memory.now == 0, "%zu bytes are still out", w->memory.now);
  network_free(w);
  program_free(w);
  pipe_free(&w->monitor.sent);
  pipe_free(&w->monitor.delivered);
  disk_free(w);
  free(w);
}

void world_begin_life(world *w) {
  w->life = (life){0};
  w->life.retry_at = w->program.unasked_at = MIDGE_NEVER;
  w->program.let_go_at = MIDGE_NEVER;
  w->lease = (lease){.owed_at = MIDGE_NEVER};
  w->life.home = PLACE_A;
  w->life.moved = w->life.expected = PLACES_MAX;
}

world *world_new(uint64_t seed, bool verbose) {
  world *w = calloc(1, sizeof *w);
  w->seed = seed;
  w->verbose = verbose;
  w->dice.state = seed;
  w->now = 1000000;
  w->trace = UINT64_C(14695981039346656037);
  w->wake_at = MIDGE_NEVER;
  world_begin_life(w);
  memory_init(&w->memory);
  return w;
}

uint64_t world_run(uint64_t seed, bool verbose) {
  world *w = world_new(seed, verbose);
  weather_draw(&w->weather, &w->dice);
  run(w);
  uint64_t trace = w->trace;
  if (verbose)
    printf(
        "seed %llu: %llu steps, %u attempts, %u requests, %u messages, "
        "trace %016llx\n",
        (unsigned long long)seed, (unsigned long long)w->steps, w->life.attempt,
        w->request_count, w->message_count, (unsigned long long)trace);
  world_free(w);
  return trace;
}
