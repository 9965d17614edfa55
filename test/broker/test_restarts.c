/* mosquitto is stopped and started again under load: nothing is lost, QoS 2
 * comes once, and the order of each topic is kept, both ways at once.
 *
 * MIDGE_TEST_MESSAGES (each way and QoS) and MIDGE_TEST_RESTARTS make it
 * larger. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "midge/client.h"
#include "mosquitto.h"
#include "unit/harness.h"

enum { SIDES = 2, STREAMS = 4, WINDOW = 5000, PATIENCE_MS = 30000 };

/* A stream is the messages of one QoS from one side to the other. */
typedef struct stream {
  char topic[16];
  midge_qos qos;
  size_t side; /* of the one who publishes */
  unsigned long published, done;
  unsigned long next; /* the lowest number not yet received */
  unsigned long received, repeated;
} stream;

typedef struct run {
  mosquitto server;
  midge_reactor *reactor;
  midge_client *clients[SIDES];
  stream streams[STREAMS];
  unsigned long messages, restarts;
  unsigned long opened, closed;
} run;

static unsigned long setting(const char *name, unsigned long otherwise) {
  const char *value = getenv(name);
  return value != NULL ? strtoul(value, NULL, 10) : otherwise;
}

static stream *stream_of(run *r, midge_slice topic) {
  for (size_t i = 0; i < STREAMS; i++)
    if (topic.size == strlen(r->streams[i].topic) &&
        memcmp(topic.data, r->streams[i].topic, topic.size) == 0)
      return &r->streams[i];
  fail_msg("a topic nobody published to");
  return NULL;
}

/* QoS 1 may come again, from an earlier number on; never a later one before
 * its time. */
static void on_message(run *r, const midge_event *event) {
  char text[24] = "";
  stream *s = stream_of(r, event->message.topic);
  assert_true(event->message.payload.size < sizeof text);
  memcpy(text, event->message.payload.data, event->message.payload.size);
  unsigned long number = strtoul(text, NULL, 10);
  s->received++;
  if (number == s->next) {
    s->next++;
    return;
  }
  if (number > s->next)
    fail_msg("%s: %lu came before %lu", s->topic, number, s->next);
  if (s->qos == MIDGE_EXACTLY_ONCE)
    fail_msg("%s: %lu came twice", s->topic, number);
  s->repeated++;
}

static void on_done(run *r, const midge_event *event) {
  uint64_t token = event->done.token;
  if (token == UINT64_MAX) return;      /* a subscription */
  stream *s = &r->streams[token >> 32]; /* see token_of */
  if (event->done.status != MIDGE_OK)
    fail_msg("%s: %s", s->topic, midge_status_text(event->done.status));
  if ((token & UINT32_MAX) > s->published) fail_msg("done before its time");
  s->done++;
}

/* Losing the server is what this is about; anything else is not. */
static void on_closed(run *r, const midge_event *event) {
  midge_status status = event->closed.status;
  r->closed++;
  if (r->server.pid == 0 || status == MIDGE_ELOST || status == MIDGE_EERRNO)
    return;
  fail_msg("closed: %.*s", (int)event->closed.text.size,
           (const char *)event->closed.text.data);
}

static void take(run *r, uint64_t timeout_ms) {
  midge_event event;
  while (midge_reactor_wait(r->reactor, &event, timeout_ms)) {
    if (event.type == MIDGE_EVENT_MESSAGE) on_message(r, &event);
    if (event.type == MIDGE_EVENT_DONE) on_done(r, &event);
    if (event.type == MIDGE_EVENT_OPENED) r->opened++;
    if (event.type == MIDGE_EVENT_CLOSED) on_closed(r, &event);
    timeout_ms = 0;
  }
}

/* Which message of which stream; never 0. */
static uint64_t token_of(size_t index, unsigned long number) {
  return (uint64_t)index << 32 | (number + 1);
}

static void publish_next(run *r, size_t index) {
  stream *s = &r->streams[index];
  char payload[24];
  int size = snprintf(payload, sizeof payload, "%lu", s->published);
  midge_publish publish = {
      .topic = {(const uint8_t *)s->topic, strlen(s->topic)},
      .payload = {(const uint8_t *)payload, (size_t)size},
      .qos = s->qos,
  };
  midge_status status = midge_client_publish(r->clients[s->side], &publish,
                                             token_of(index, s->published));
  assert_int_equal(status, MIDGE_OK);
  s->published++;
}

/* Some more of each stream, if not too much is under way. */
static void publish_some(run *r) {
  for (size_t i = 0; i < STREAMS; i++)
    for (int n = 0; n < 100 && r->streams[i].published < r->messages &&
                    r->streams[i].published - r->streams[i].done < WINDOW;
         n++)
      publish_next(r, i);
}

static unsigned long progress(const run *r) {
  unsigned long least = r->messages;
  for (size_t i = 0; i < STREAMS; i++) {
    if (r->streams[i].done < least) least = r->streams[i].done;
    if (r->streams[i].next < least) least = r->streams[i].next;
  }
  return least;
}

static void open_client(run *r, size_t side, midge_version version) {
  char url[64], id[16], why[256], filter[16];
  snprintf(url, sizeof url, "mqtt://127.0.0.1:%u", r->server.ports[0]);
  snprintf(id, sizeof id, "side-%zu", side);
  snprintf(filter, sizeof filter, "%zu/#", 1 - side);
  midge_client_options options = {
      .url = {(const uint8_t *)url, strlen(url)},
      .session = {.version = version,
                  .client_id = {(const uint8_t *)id, strlen(id)},
                  .session_expiry_s = version == MIDGE_MQTT_5 ? UINT32_MAX : 0},
      .reconnect = {.min_ms = 10, .max_ms = 100},
  };
  midge_subscription all = {.filter = {(const uint8_t *)filter, strlen(filter)},
                            .qos = MIDGE_EXACTLY_ONCE};
  midge_client **client = &r->clients[side];
  if (midge_client_open(client, r->reactor, &options, why, sizeof why) != 0)
    fail_msg("%s", why);
  assert_int_equal(midge_client_connect(*client), MIDGE_OK);
  assert_int_equal(
      midge_client_subscribe(*client, &all, 1, (midge_request_options){0},
                             UINT64_MAX),
      MIDGE_OK);
}

static void subscribe_both(run *r) {
  midge_event event;
  for (int granted = 0; granted < SIDES;) {
    if (!midge_reactor_wait(r->reactor, &event, PATIENCE_MS))
      fail_msg("no subscription in time");
    granted += event.type == MIDGE_EVENT_DONE;
  }
}

static void set_up(run *r, midge_version version) {
  memset(r, 0, sizeof *r);
  r->messages = setting("MIDGE_TEST_MESSAGES", 5000);
  r->restarts = setting("MIDGE_TEST_RESTARTS", 5);
  for (size_t i = 0; i < STREAMS; i++) {
    stream *s = &r->streams[i];
    s->side = i / 2;
    s->qos = i % 2 == 0 ? MIDGE_AT_LEAST_ONCE : MIDGE_EXACTLY_ONCE;
    snprintf(s->topic, sizeof s->topic, "%zu/q%d", s->side, (int)s->qos);
  }
  mosquitto_prepare(&r->server, NULL);
  mosquitto_start(&r->server);
  assert_int_equal(
      midge_reactor_start(&r->reactor, &(midge_reactor_options){0}), 0);
  for (size_t side = 0; side < SIDES; side++) open_client(r, side, version);
  subscribe_both(r);
}

static void print_streams(const run *r) {
  for (size_t i = 0; i < STREAMS; i++) {
    const stream *s = &r->streams[i];
    print_message("%s: %lu published, %lu done, %lu received, %lu again\n",
                  s->topic, s->published, s->done, s->received, s->repeated);
  }
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void give_up(const run *r) {
  print_streams(r);
  fail_msg("no progress; see %s/log", r->server.folder);
}

static void survive_restarts(midge_version version) {
  static run r;
  set_up(&r, version);
  unsigned long restarts = 0, last = 0;
  uint64_t moved_ms = now_ms();
  while (progress(&r) < r.messages) {
    publish_some(&r);
    take(&r, 10);
    unsigned long now = progress(&r);
    if (now != last) moved_ms = now_ms();
    last = now;
    if (now_ms() - moved_ms > PATIENCE_MS) give_up(&r);
    if (restarts == r.restarts) continue;
    if (now < (restarts + 1) * r.messages / (r.restarts + 2)) continue;
    mosquitto_stop(&r.server);
    take(&r, 20);
    mosquitto_start(&r.server);
    restarts++;
  }
  take(&r, 500); /* is there one too many? */
  print_streams(&r);
  for (size_t i = 0; i < STREAMS; i++) {
    const stream *s = &r.streams[i];
    assert_int_equal(s->done, r.messages);
    assert_int_equal(s->next, r.messages);
    assert_int_equal(s->received, r.messages + s->repeated);
  }
  print_message("%lu restarts, %lu connections\n", restarts, r.opened);
  assert_int_equal(restarts, r.restarts);
  midge_reactor_stop(r.reactor);
  mosquitto_clear(&r.server);
}

static void restarts_lose_nothing_with_mqtt_5(void **state) {
  (void)state;
  survive_restarts(MIDGE_MQTT_5);
}

static void restarts_lose_nothing_with_mqtt_3_1_1(void **state) {
  (void)state;
  survive_restarts(MIDGE_MQTT_3_1_1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(restarts_lose_nothing_with_mqtt_5),
      cmocka_unit_test(restarts_lose_nothing_with_mqtt_3_1_1),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
