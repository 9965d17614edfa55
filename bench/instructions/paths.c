/* What a message costs in the engine, without a network: a driver that plays
 * the server to one session, or the codec alone.
 *
 *     paths PATH COUNT     COUNT messages to warm up, COUNT inside measured()
 *
 * bench/gate counts the instructions of measured() with callgrind, the little
 * that the driver does among them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

/* Messages of a turn: as many as wait when a loaded link is served. */
enum { BATCH = 32, PAYLOAD = 64, PACKET_MAX = 128, SLICES_MAX = 64 };

#define TOPIC MIDGE_TEXT("bench/instructions")

typedef struct paths_driver {
  midge_session *session;
  midge_time now;
  uint8_t out[BATCH * PACKET_MAX]; /* what the session sent in the last turn */
  size_t out_size;
  uint64_t events; /* messages handed out and wishes ended */
  /* What the server sends for a batch: PUBLISH, then PUBREL. */
  uint8_t publishes[BATCH * PACKET_MAX], releases[BATCH * 4];
  size_t publishes_size;
} paths_driver;

static const uint8_t payload[PAYLOAD] = "what a sensor says, again and again";

static void need(bool truth, const char *what) {
  if (truth) return;
  fprintf(stderr, "paths: %s\n", what);
  exit(1);
}

static void turn(paths_driver *driver) {
  midge_event event;
  while (midge_session_event(driver->session, &event)) {
    driver->events += event.type == MIDGE_EVENT_MESSAGE;
    if (event.type == MIDGE_EVENT_DONE) driver->events += event.done.count;
  }
  midge_slice slices[SLICES_MAX];
  size_t count;
  driver->out_size = 0;
  while ((count = midge_session_output(driver->session, slices, SLICES_MAX))) {
    size_t before = driver->out_size;
    for (size_t i = 0; i < count; i++) {
      need(slices[i].size <= sizeof driver->out - driver->out_size, "too much");
      memcpy(driver->out + driver->out_size, slices[i].data, slices[i].size);
      driver->out_size += slices[i].size;
    }
    midge_session_sent(driver->session, driver->out_size - before);
  }
}

static void receive(paths_driver *driver, const uint8_t *bytes, size_t size) {
  midge_session_elapsed(driver->session, ++driver->now);
  midge_session_received(driver->session, (midge_slice){bytes, size});
  turn(driver);
}

/* The server's answers to what the session sent: the same `type` to each
 * packet, whose identifier lies `id_at` bytes behind its start. */
static void answer(paths_driver *driver, uint8_t type, size_t id_at) {
  uint8_t answers[BATCH * 4];
  size_t size = 0;
  for (size_t at = 0; at < driver->out_size; at += driver->out[at + 1] + 2u) {
    answers[size++] = type;
    answers[size++] = 2;
    answers[size++] = driver->out[at + id_at];
    answers[size++] = driver->out[at + id_at + 1];
  }
  receive(driver, answers, size);
}

/* --- Paths: each does one batch --- */

static void publish(paths_driver *driver, midge_qos qos) {
  midge_publish message = {
      .topic = TOPIC, .payload = {payload, PAYLOAD}, .qos = qos};
  midge_session_elapsed(driver->session, ++driver->now);
  for (uint64_t i = 1; i <= BATCH; i++)
    need(midge_session_publish(driver->session, &message, i) == MIDGE_OK,
         "publish");
  turn(driver);
}

/* The same as one bundle, of one topic. */
static void publish_bundle(paths_driver *driver) {
  static uint8_t records[BATCH * PACKET_MAX];
  const midge_slice topic = TOPIC;
  uint8_t *to = records;
  for (int i = 0; i < BATCH; i++) {
    *to++ = i == 0 ? 0 : MIDGE_BUNDLE_SAME_TOPIC;
    *to++ = PAYLOAD;
    *to++ = 0;
    if (i == 0) {
      *to++ = (uint8_t)topic.size;
      *to++ = 0;
      memcpy(to, topic.data, topic.size);
      to += topic.size;
    }
    memcpy(to, payload, PAYLOAD);
    to += PAYLOAD;
  }
  const midge_bundle bundle = {.records = {records, (size_t)(to - records)},
                               .count = BATCH};
  midge_session_elapsed(driver->session, ++driver->now);
  need(midge_session_publish_bundle(driver->session, &bundle, 1) == MIDGE_OK,
       "publish a bundle");
  turn(driver);
}

static const size_t topic_end = 4 + sizeof "bench/instructions" - 1;

static void publish_0(paths_driver *driver) {
  publish(driver, MIDGE_AT_MOST_ONCE);
}

static void publish_1(paths_driver *driver) {
  publish(driver, MIDGE_AT_LEAST_ONCE);
  answer(driver, MIDGE_PUBACK << 4, topic_end);
}

static void publish_2(paths_driver *driver) {
  publish(driver, MIDGE_EXACTLY_ONCE);
  answer(driver, MIDGE_PUBREC << 4, topic_end);
  answer(driver, MIDGE_PUBCOMP << 4, 2);
}

static void receive_batch(paths_driver *driver) {
  receive(driver, driver->publishes, driver->publishes_size);
}

static void receive_2(paths_driver *driver) {
  receive_batch(driver);
  receive(driver, driver->releases, sizeof driver->releases);
}

/* The program has them all, and answers: as mqtt.connect does. */
static void acknowledge_batch(paths_driver *driver, midge_qos qos) {
  midge_answer answers[BATCH];
  for (uint16_t i = 0; i < BATCH; i++)
    answers[i] =
        (midge_answer){.packet_id = (uint16_t)(i + 1), .qos = (uint8_t)qos};
  midge_session_acknowledge_list(driver->session, answers, BATCH);
  turn(driver);
}

static void receive_1_by_hand(paths_driver *driver) {
  receive_batch(driver);
  acknowledge_batch(driver, MIDGE_AT_LEAST_ONCE);
}

static void receive_2_by_hand(paths_driver *driver) {
  receive_2(driver);
  acknowledge_batch(driver, MIDGE_EXACTLY_ONCE);
}

static void subscribe_batch(paths_driver *driver) {
  for (uint64_t i = 1; i <= BATCH; i++) {
    need(call_subscribe(driver->session, TOPIC, i) == MIDGE_OK, "subscribe");
    turn(driver);
    uint8_t suback[] = {0x90, 4, driver->out[2], driver->out[3], 0, 1};
    receive(driver, suback, sizeof suback);
  }
}

static midge_packet one_publish(midge_qos qos, uint16_t id) {
  return (midge_packet){.type = MIDGE_PUBLISH,
                        .publish = {.topic = TOPIC,
                                    .payload = {payload, PAYLOAD},
                                    .qos = qos,
                                    .packet_id = id}};
}

static void encode(paths_driver *driver) {
  midge_packet packet = one_publish(MIDGE_AT_LEAST_ONCE, 7);
  uint8_t *to = driver->out;
  for (int i = 0; i < BATCH; i++) {
    need(midge_packet_size(MIDGE_MQTT_5, &packet) <= PACKET_MAX, "large");
    to = midge_packet_encode(MIDGE_MQTT_5, &packet, to);
  }
  driver->events += BATCH;
}

static void decode(paths_driver *driver) {
  midge_slice rest = {driver->publishes, driver->publishes_size};
  midge_decode_options options = {.version = MIDGE_MQTT_5};
  while (rest.size != 0) {
    midge_packet packet;
    midge_decode_result result = midge_packet_decode(&options, rest, &packet);
    need(result.outcome == MIDGE_DECODED, "decode");
    rest = (midge_slice){rest.data + result.size, rest.size - result.size};
    driver->events++;
  }
}

typedef struct paths_path {
  const char *name;
  void (*batch)(paths_driver *);
  midge_qos qos; /* of what the server sends */
  bool by_hand;  /* as mqtt.connect receives */
} paths_path;

static const paths_path paths[] = {
    {"publish-qos0", publish_0, 0, false},
    {"publish-bundle", publish_bundle, 0, false},
    {"publish-qos1", publish_1, 0, false},
    {"publish-qos2", publish_2, 0, false},
    {"receive-qos0", receive_batch, 0, false},
    {"receive-qos1", receive_batch, 1, false},
    {"receive-qos2", receive_2, 2, false},
    {"receive-qos1-by-hand", receive_1_by_hand, 1, true},
    {"receive-qos2-by-hand", receive_2_by_hand, 2, true},
    {"subscribe", subscribe_batch, 0, false},
    {"encode-publish", encode, 0, false},
    {"decode-publish", decode, 1, false},
};

/* --- The program --- */

static void fill(paths_driver *driver, midge_qos qos) {
  uint8_t *to = driver->publishes;
  for (int i = 0; i < BATCH; i++) {
    uint8_t id = (uint8_t)(i + 1);
    midge_packet packet = one_publish(qos, qos ? id : 0);
    to = midge_packet_encode(MIDGE_MQTT_5, &packet, to);
    memcpy(driver->releases + 4 * i, (uint8_t[]){0x62, 2, 0, id}, 4);
  }
  driver->publishes_size = (size_t)(to - driver->publishes);
}

static void open_session(paths_driver *driver, bool by_hand) {
  midge_session_options options = {.client_id = MIDGE_TEXT("instructions"),
                                   .clean_start = true,
                                   .acknowledge_by_hand = by_hand,
                                   .at_release = by_hand};
  need(midge_session_new(&driver->session, &options) == MIDGE_OK, "new");
  midge_session_elapsed(driver->session, ++driver->now);
  midge_session_connected(driver->session);
  turn(driver);
  receive(driver, (const uint8_t *)"\x20\x03\x00\x00\x00", 5);
}

/* callgrind counts what is done in here. */
void measured(paths_driver *driver, const paths_path *path,
              unsigned long count);

__attribute__((noipa)) void measured(paths_driver *driver,
                                     const paths_path *path,
                                     unsigned long count) {
  for (unsigned long i = 0; i < count; i += BATCH) path->batch(driver);
}

static const paths_path *find(const char *name) {
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    if (!strcmp(paths[i].name, name)) return &paths[i];
  return NULL;
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "list")) {
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
      puts(paths[i].name);
    return 0;
  }
  const paths_path *path = argc == 3 ? find(argv[1]) : NULL;
  if (!path) {
    fprintf(stderr, "usage: %s list | PATH COUNT\n", argv[0]);
    return 2;
  }
  static paths_driver driver;
  unsigned long count = strtoul(argv[2], NULL, 10);
  fill(&driver, path->qos);
  open_session(&driver, path->by_hand);
  for (unsigned long i = 0; i < count; i += BATCH) path->batch(&driver);
  driver.events = 0;
  measured(&driver, path, count);
  need(driver.events >= count, "a message is missing");
  midge_session_free(driver.session);
  return 0;
}
