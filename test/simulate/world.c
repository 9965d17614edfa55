/* One seed from its first step to its last. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

enum {
  STEPS_MAX = 200000,     /* with faults */
  STEPS_TO_HEAL = 200000, /* without: everything must be done by then */
  STEP_MS_MAX = 50,
  SUBSCRIPTION = MESSAGES_MAX + 1, /* its token */
};

void world_fail(const world *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "seed %llu, step %llu: ", (unsigned long long)w->seed,
          (unsigned long long)w->steps);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  abort();
}

void world_trace(world *w, const void *bytes, size_t size) {
  const uint8_t *from = bytes;
  for (size_t i = 0; i < size; i++) {
    w->trace = (w->trace ^ from[i]) * UINT64_C(1099511628211);
  }
}

uint32_t payload_number(midge_slice payload) {
  uint32_t number = 0;
  for (size_t i = 0; i < payload.size; i++) {
    number = number * 10 + (payload.data[i] - '0');
  }
  return number;
}

static weather draw_weather(dice *d) {
  static const uint32_t rates[] = {0, 20, 50, 200, 600};
  weather w = {
      .version = dice_roll(d, 3) == 0 ? MIDGE_MQTT_3_1_1 : MIDGE_MQTT_5,
      .durable = dice_roll(d, 2),
      .alias_auto = dice_roll(d, 2),
      .by_hand = dice_roll(d, 4) == 0,
      .receive_max = (uint16_t)(1 + dice_roll(d, 20)),
      .in_flight_max = (uint16_t)(1 + dice_roll(d, 30)),
      .broker_window = (uint16_t)(1 + dice_roll(d, 10)),
      .alias_max = (uint16_t)dice_roll(d, 3),
      .cut = rates[dice_roll(d, 5)],
      .lose_session = dice_roll(d, 3) == 0 ? 2 : 0,
      .refuse = dice_roll(d, 3) == 0 ? 500 : 0,
      .slow_commit = dice_roll(d, 2) ? 5000 : 0,
      .stall = rates[dice_roll(d, 5)],
      .chunk_max = dice_roll(d, 10) == 0 ? 1 : 1 + dice_roll(d, 2000),
      .messages = 1 + dice_roll(d, MESSAGES_MAX),
  };
  if (w.durable) w.crash = rates[dice_roll(d, 4)] / 5;
  if (w.version != MIDGE_MQTT_5) w.receive_max = UINT16_MAX;
  return w;
}

/* --- The journal ---------------------------------------------------------- */

static void free_records(record **head) {
  while (*head != NULL) {
    record *r = *head;
    *head = r->next;
    free(r->value);
    free(r);
  }
}

static void put_record(record **head, record *r) {
  record **at = head;
  while (*at != NULL && (*at)->key < r->key) at = &(*at)->next;
  if (*at != NULL && (*at)->key == r->key) {
    record *old = *at;
    *at = old->next;
    free(old->value);
    free(old);
  }
  if (r->size == 0) {
    free(r->value);
    free(r);
    return;
  }
  r->next = *at;
  *at = r;
}

static void take_records(world *w) {
  midge_record shown;
  record **last = &w->pending;
  while (*last != NULL) last = &(*last)->next;
  while (midge_session_record(w->session, &shown)) {
    CHECK(w, shown.position == ++w->position, "a gap in the records");
    record *r = calloc(1, sizeof *r);
    *r = (record){shown.key, shown.position, malloc(shown.value.size + 1),
                  shown.value.size, NULL};
    midge_slice_copy(r->value, shown.value);
    *last = r;
    last = &r->next;
  }
}

/* The oldest `count` records are safe; if those are all, so is every message
 * the session has taken. */
static void commit(world *w, size_t count) {
  uint64_t position = 0;
  for (; w->pending != NULL && count > 0; count--) {
    record *r = w->pending;
    w->pending = r->next;
    position = r->position;
    r->next = NULL;
    put_record(&w->committed, r);
  }
  if (position != 0 && w->session != NULL) {
    midge_session_committed(w->session, position);
  }
  if (w->pending != NULL) return;
  for (uint32_t i = 0; i < w->published; i++) {
    if (w->out[i].accepted) w->out[i].stored = true;
  }
}

/* --- The program -----------------------------------------------------------
 */

static void subscribe(world *w) {
  midge_subscription all = {.filter = MIDGE_TEXT("in/#"),
                            .qos = MIDGE_EXACTLY_ONCE};
  midge_status status = midge_session_subscribe(
      w->session, &all, 1, (midge_request_options){0}, SUBSCRIPTION);
  CHECK(w, status == MIDGE_OK, "no subscription");
}

static void start(world *w) {
  midge_session_options options = {
      .version = w->weather.version,
      .client_id = MIDGE_TEXT("simulated"),
      .session_expiry_s = w->weather.version == MIDGE_MQTT_5 ? UINT32_MAX : 0,
      .adopt_session = true,
      .durable = w->weather.durable,
      .acknowledge_by_hand = w->weather.by_hand,
      .alias_auto = w->weather.alias_auto,
      .keep_alive_s = 5,
      .receive_max = w->weather.broker_window,
      .in_flight_max = w->weather.in_flight_max,
      .reply_timeout_ms = 3000,
      .allocator = &w->memory.allocator,
      .context = w,
  };
  midge_status status = midge_session_new(&w->session, &options);
  CHECK(w, status == MIDGE_OK, "no session: %s", midge_status_name(status));
  midge_session_elapsed(w->session, w->now);
  subscribe(w);
}

static void publish(world *w) {
  if (w->published == w->weather.messages) return;
  fate *f = &w->out[w->published];
  char topic[16], payload[16];
  f->qos = (midge_qos)dice_roll(&w->dice, 3);
  f->topic = (uint8_t)dice_roll(&w->dice, TOPICS);
  midge_publish message = {
      .topic = {(uint8_t *)topic, (size_t)sprintf(topic, "out/%u", f->topic)},
      .payload = {(uint8_t *)payload,
                  (size_t)sprintf(payload, "%u", w->published)},
      .qos = f->qos,
  };
  midge_status status =
      midge_session_publish(w->session, &message, w->published + 1);
  CHECK(w, status == MIDGE_OK, "publish says %s", midge_status_name(status));
  f->accepted = true;
  f->refused = w->weather.version == MIDGE_MQTT_5 && f->qos != 0 &&
               dice_hits(&w->dice, w->weather.refuse);
  f->stored = !w->weather.durable;
  w->published++;
}

static void on_message(world *w, const midge_event *event) {
  uint32_t number = payload_number(event->message.payload);
  CHECK(w, number < w->sent_by_broker, "a message the broker never sent");
  fate *f = &w->in[number];
  CHECK(w, event->message.qos == f->qos, "message %u has another QoS", number);
  for (uint32_t i = number + 1; f->arrived == 0 && i < w->sent_by_broker; i++) {
    fate *newer = &w->in[i];
    bool same = newer->topic == f->topic && newer->qos == f->qos;
    CHECK(w, !same || newer->arrived == 0, "message %u to us came before %u", i,
          number); /* I18 */
  }
  f->arrived++;
  if (event->message.packet_id != 0 && w->weather.by_hand) {
    w->by_hand[w->by_hand_count++] = event->message.packet_id;
  }
}

static void on_done(world *w, const midge_event *event) {
  if (event->done.token == SUBSCRIPTION) {
    if (event->done.status != MIDGE_OK) subscribe(w);
    return;
  }
  fate *f = &w->out[event->done.token - 1];
  CHECK(w, f->accepted && f->done++ == 0, "message %llu is done twice",
        (unsigned long long)event->done.token - 1); /* I21 */
  f->status = event->done.status;
  midge_status expected = f->refused ? -0x97 : MIDGE_OK;
  CHECK(w, f->status == expected, "message done with %s",
        midge_status_name(f->status));
  if (f->refused) return;
  /* I1: what is acknowledged has arrived. */
  CHECK(w, f->qos == 0 || f->arrived > 0, "done without having arrived");
}

static void take_events(world *w) {
  midge_event event;
  while (midge_session_event(w->session, &event)) {
    world_trace(w, &event.type, sizeof event.type);
    switch (event.type) {
      case MIDGE_EVENT_OPENED:
        CHECK(w, w->linked && !w->opened, "opened twice");
        w->opened = true;
        break;
      case MIDGE_EVENT_MESSAGE:
        on_message(w, &event);
        break;
      case MIDGE_EVENT_DONE:
        on_done(w, &event);
        break;
      case MIDGE_EVENT_CLOSED:
        CHECK(w, !w->closed, "closed twice");
        CHECK(w, event.closed.status != MIDGE_EPROTOCOL, "%.*s",
              (int)event.closed.text.size, event.closed.text.data);
        w->closed = true;
        break;
      default:
        world_fail(w, "an event out of place");
    }
  }
}

/* --- The link ----------------------------------------------------------------
 */

static void link_up(world *w) {
  w->linked = true;
  w->opened = w->closed = false;
  w->to_broker.size = w->to_client.size = 0;
  broker_connected(w);
  monitor_connected(w);
  midge_session_connected(w->session);
}

/* Some of what was sent may yet arrive, and of what came nothing more. */
static void link_down(world *w) {
  uint32_t rest = dice_roll(&w->dice, (uint32_t)w->to_broker.size + 1);
  broker_received(w, w->to_broker.data, rest);
  broker_disconnected(w);
  w->linked = false;
}

static void cut(world *w) {
  if (!w->linked) return;
  link_down(w);
  midge_session_disconnected(w->session, false);
  take_events(w);
  CHECK(w, w->closed, "a connection ended without closed");
  w->cuts++;
}

static void crash(world *w) {
  commit(w, dice_roll(&w->dice, 4));
  free_records(&w->pending);
  if (w->linked) link_down(w);
  midge_session_free(w->session);
  CHECK(w, w->memory.now == 0, "%zu bytes are still out", w->memory.now);
  for (uint32_t i = 0; i < w->published; i++) {
    fate *f = &w->out[i];
    if (!f->stored || f->qos == 0) f->lost = true;
  }
  w->crashed = true;
  w->crashes++;
  w->position = 0;
  w->commit_at = 0;
  w->opened = w->closed = false;
  w->by_hand_count = 0;
  monitor_crashed(w);
  start(w);
  for (record *r = w->committed; r != NULL; r = r->next) {
    midge_status status = midge_session_restore(
        w->session, r->key, (midge_slice){r->value, r->size});
    CHECK(w, status == MIDGE_OK, "restore says %s", midge_status_name(status));
  }
}

static void move_to_client(world *w) {
  if (w->to_client.size == 0 || w->closed) return;
  uint32_t size = 1 + dice_roll(&w->dice, w->weather.chunk_max);
  if (size > w->to_client.size) size = (uint32_t)w->to_client.size;
  monitor_delivered(w, w->to_client.data, size);
  world_trace(w, w->to_client.data, size);
  midge_session_received(w->session, (midge_slice){w->to_client.data, size});
  pipe_drop(&w->to_client, size);
}

static void move_to_broker(world *w) {
  uint32_t size = 1 + dice_roll(&w->dice, w->weather.chunk_max);
  if (size > w->to_broker.size) size = (uint32_t)w->to_broker.size;
  broker_received(w, w->to_broker.data, size);
  pipe_drop(&w->to_broker, size);
}

static void take_output(world *w) {
  midge_slice slices[3];
  size_t count =
      midge_session_output(w->session, slices, 1 + dice_roll(&w->dice, 3));
  size_t room = 1 + dice_roll(&w->dice, w->weather.chunk_max), sent = 0;
  for (size_t i = 0; i < count && sent < room; i++) {
    size_t part = slices[i].size < room - sent ? slices[i].size : room - sent;
    monitor_sent(w, slices[i].data, part);
    world_trace(w, slices[i].data, part);
    pipe_add(&w->to_broker, slices[i].data, part);
    sent += part;
  }
  midge_session_sent(w->session, sent);
}

static void turn(world *w) {
  take_events(w);
  take_records(w);
  if (w->pending != NULL && w->commit_at == 0) {
    bool slow = dice_hits(&w->dice, w->weather.slow_commit) && !w->healed;
    w->commit_at = w->now + (slow ? dice_roll(&w->dice, 500) : 0);
  }
  if (w->pending != NULL && w->commit_at <= w->now) {
    w->commit_at = 0;
    commit(w, SIZE_MAX);
  }
  if (w->linked) take_output(w);
  if (w->linked && w->closed) {
    link_down(w);
    midge_session_disconnected(w->session, false);
    w->cuts++;
  }
}

static void acknowledge_some(world *w) {
  while (w->by_hand_count > 0 && dice_roll(&w->dice, 2) == 0) {
    size_t index = dice_roll(&w->dice, (uint32_t)w->by_hand_count);
    midge_status status = midge_session_acknowledge(
        w->session, (uint16_t)w->by_hand[index], MIDGE_REASON_SUCCESS);
    /* Of an earlier connection, those of QoS 1 come again. */
    CHECK(w, status == MIDGE_OK || w->cuts > 0 || w->closed,
          "acknowledge says %s", midge_status_name(status));
    w->by_hand[index] = w->by_hand[--w->by_hand_count];
  }
}

static void faults(world *w) {
  if (dice_hits(&w->dice, w->weather.cut)) cut(w);
  if (dice_hits(&w->dice, w->weather.crash)) crash(w);
  if (!w->linked && dice_hits(&w->dice, w->weather.lose_session * 50)) {
    broker_lose_session(w);
    w->losses++;
  }
  /* A stall long enough for the keep-alive to notice. */
  if (dice_hits(&w->dice, w->weather.stall / 10)) {
    w->now += 6000;
    midge_session_elapsed(w->session, w->now);
    turn(w);
  }
}

static void step(world *w) {
  w->steps++;
  /* A link of few bytes at a time must not be slower than the timeouts. */
  w->now += dice_roll(&w->dice, w->weather.chunk_max < 100 ? 2 : STEP_MS_MAX);
  midge_session_elapsed(w->session, w->now);
  if (!w->linked && dice_roll(&w->dice, 4) == 0) link_up(w);
  if (dice_roll(&w->dice, 4) == 0) publish(w);
  if (dice_roll(&w->dice, 4) == 0) broker_publish(w);
  if (w->linked && dice_roll(&w->dice, 2) == 0) move_to_broker(w);
  if (w->linked && dice_roll(&w->dice, 2) == 0) move_to_client(w);
  acknowledge_some(w);
  turn(w);
  if (!w->healed) faults(w);
}

/* --- The end -----------------------------------------------------------------
 */

static bool is_quiet(const world *w) {
  return w->published == w->weather.messages &&
         w->sent_by_broker == w->weather.messages && w->linked && w->opened &&
         midge_session_unfinished(w->session) == 0 && w->pending == NULL &&
         w->broker.queue_count == 0 && w->to_broker.size == 0 &&
         w->to_client.size == 0 && midge_session_backlog(w->session) == 0;
}

static void judge_out(const world *w, uint32_t number) {
  const fate *f = &w->out[number];
  bool told = f->done == 1 || w->crashed;
  CHECK(w, told, "message %u was done %u times", number, f->done); /* I21 */
  CHECK(w, !f->refused || f->arrived == 0, "message %u was refused", number);
  if (f->lost || f->refused || f->qos == 0) return;
  CHECK(w, f->arrived >= 1, "message %u is lost", number); /* I4 */
  CHECK(w, f->qos == 1 || f->arrived == 1 || w->session_was_lost,
        "message %u arrived %u times", number, f->arrived); /* I3 */
}

static void judge_in(const world *w, uint32_t number) {
  const fate *f = &w->in[number];
  if (f->qos == 0) return;
  CHECK(w, f->lost || f->arrived >= 1, "message %u to us is lost", number);
  CHECK(w, f->qos == 1 || f->arrived <= 1 || w->crashed,
        "message %u was told %u times", number, f->arrived); /* I14 */
}

static void judge(world *w) {
  CHECK(w, is_quiet(w), "it never ends: %zu unfinished, %u of %u out",
        midge_session_unfinished(w->session), w->published,
        w->weather.messages); /* liveness */
  size_t records = 0;
  for (record *r = w->committed; r != NULL; r = r->next) records++;
  CHECK(w, records <= 1, "%zu records are left", records); /* the session's */
  for (uint32_t i = 0; i < w->published; i++) judge_out(w, i);
  for (uint32_t i = 0; i < w->sent_by_broker; i++) judge_in(w, i);
}

static void world_free(world *w) {
  midge_session_free(w->session);
  CHECK(w, w->memory.now == 0, "%zu bytes are still out", w->memory.now);
  free_records(&w->committed);
  free_records(&w->pending);
  pipe_free(&w->to_broker);
  pipe_free(&w->to_client);
  pipe_free(&w->broker.in);
  for (size_t i = 0; i < 16; i++) pipe_free(&w->broker.aliases[i]);
  pipe_free(&w->monitor.sent);
  pipe_free(&w->monitor.delivered);
  free(w);
}

uint64_t world_run(uint64_t seed, bool verbose) {
  world *w = calloc(1, sizeof *w);
  w->seed = seed;
  w->dice.state = seed;
  w->now = 1000000;
  w->trace = UINT64_C(14695981039346656037);
  memory_init(&w->memory);
  w->weather = draw_weather(&w->dice);
  start(w);
  bool busy = true;
  while (busy && w->steps < STEPS_MAX) {
    step(w);
    busy = w->published < w->weather.messages ||
           w->sent_by_broker < w->weather.messages;
  }
  w->healed = true;
  for (uint64_t end = w->steps + STEPS_TO_HEAL;
       w->steps < end && !is_quiet(w);) {
    step(w);
  }
  judge(w);
  if (verbose) {
    printf(
        "seed %llu: %llu steps, %u messages each way, %u cuts, %u crashes, "
        "%u lost sessions, trace %016llx\n",
        (unsigned long long)seed, (unsigned long long)w->steps,
        w->weather.messages, w->cuts, w->crashes, w->losses,
        (unsigned long long)w->trace);
  }
  uint64_t trace = w->trace;
  world_free(w);
  return trace;
}
