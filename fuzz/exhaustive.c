/* Every input of one to three bytes, for the decoder and for a session in each
 * of its states; and every acknowledgement with an identifier below 256 and any
 * reason. Prints how many there were and how long it took.
 *
 * A session that has closed listens to nothing more, which the run itself
 * checks: what follows the bytes that closed it is not tried again. */
#include <string.h>
#include <time.h>

#include "check.h"
#include "world.h"

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *const version_names[] = {"5.0", "3.1.1", "3.1"};

/* --- The decoder ---------------------------------------------------------- */

static void decode(const midge_decode_options *options, const uint8_t *input,
                   size_t size) {
  midge_packet packet;
  uint8_t again[4];
  midge_decode_result result =
      midge_packet_decode(options, (midge_slice){input, size}, &packet);
  if (result.outcome != MIDGE_DECODED) return;
  CHECK(midge_packet_size(options->version, &packet) == result.size);
  CHECK(midge_packet_encode(options->version, &packet, again) ==
        again + result.size);
  CHECK(memcmp(input, again, result.size) == 0);
}

static void decode_all(void) {
  double start = seconds();
  uint64_t count = 0;
  for (unsigned way = 0; way < 6; way++) {
    midge_decode_options options = {.version = (midge_version)(way / 2),
                                    .text = (midge_text_policy)(way % 2)};
    for (size_t size = 1; size <= 3; size++)
      for (uint32_t i = 0; i < 1u << (8 * size); i++, count++) {
        uint8_t input[3];
        for (size_t at = 0; at < size; at++)
          input[at] = (uint8_t)(i >> 8 * (size - 1 - at));
        decode(&options, input, size);
      }
  }
  printf("decoder: %llu inputs, %.1f s\n", (unsigned long long)count,
         seconds() - start);
}

/* --- States of a session -------------------------------------------------- */

static void say(world *w, midge_slice of_5, midge_slice before) {
  world_received(w, w->options.version == MIDGE_MQTT_5 ? of_5 : before);
}

static void greeting(world *w) {
  world_connected(w);
  world_sent(w, SIZE_MAX);
}

static void open(world *w) {
  greeting(w);
  say(w, MIDGE_TEXT("\x20\6\0\0\3\x22\0\4"), MIDGE_TEXT("\x20\2\0\0"));
  world_end_turn(w);
}

static void publish(world *w, midge_qos qos) {
  midge_publish what = {.topic = MIDGE_TEXT("t"), .qos = qos};
  uint64_t token = world_token(w);
  world_wished(w, token, midge_session_publish(w->session, &what, token));
  world_end_turn(w);
  world_sent(w, SIZE_MAX);
}

static void published_1(world *w) {
  open(w);
  publish(w, MIDGE_AT_LEAST_ONCE);
}

static void published_2(world *w) {
  open(w);
  publish(w, MIDGE_EXACTLY_ONCE);
}

static void released(world *w) {
  published_2(w);
  world_received(w, MIDGE_TEXT("\x50\2\0\1"));
  world_end_turn(w);
  world_sent(w, SIZE_MAX);
}

static void subscribing(world *w) {
  midge_subscription what = {.filter = MIDGE_TEXT("#")};
  uint64_t token = world_token(w);
  open(w);
  world_wished(w, token,
               midge_session_subscribe(w->session, &what, 1,
                                       (midge_request_options){0}, token));
  world_sent(w, SIZE_MAX);
}

static void unsubscribing(world *w) {
  midge_slice what = MIDGE_TEXT("#");
  uint64_t token = world_token(w);
  open(w);
  world_wished(w, token,
               midge_session_unsubscribe(w->session, &what, 1,
                                         (midge_request_options){0}, token));
  world_sent(w, SIZE_MAX);
}

static void receiving_2(world *w) {
  open(w);
  say(w, MIDGE_TEXT("\x34\6\0\1t\0\1\0"), MIDGE_TEXT("\x34\5\0\1t\0\1"));
  world_end_turn(w);
  world_sent(w, SIZE_MAX);
}

/* With more to flush than a session shows at once. */
static void leaving(world *w) {
  static const uint8_t payload[60000];
  midge_publish what = {.topic = MIDGE_TEXT("t"),
                        .payload = {payload, sizeof payload}};
  open(w);
  for (int i = 0; i < 6; i++)
    CHECK(midge_session_publish(w->session, &what, 0) == MIDGE_OK);
  CHECK(midge_session_disconnect(w->session, MIDGE_REASON_SUCCESS,
                                 (midge_properties){NULL, 0}, 0) == MIDGE_OK);
  world_end_turn(w);
  CHECK(!w->closed);
}

static const struct {
  const char *name;
  void (*enter)(world *w);
} states[] = {
    {"greeting", greeting},
    {"open", open},
    {"published, QoS 1", published_1},
    {"published, QoS 2", published_2},
    {"released", released},
    {"subscribing", subscribing},
    {"unsubscribing", unsubscribing},
    {"receiving, QoS 2", receiving_2},
    {"leaving", leaving},
};

enum { STATES = sizeof states / sizeof *states };

/* Say `input` to a session in that state. Returns whether it has closed. */
static bool tell(midge_version version, size_t state, midge_slice input) {
  static world w;
  midge_session_options options = {.version = version,
                                   .client_id = MIDGE_TEXT("c"),
                                   .session_expiry_s = 60,
                                   .alias_max = 2};
  world_init(&w, &options, 0, false);
  CHECK(w.session != NULL);
  states[state].enter(&w);
  world_received(&w, input);
  world_end_turn(&w);
  bool closed = w.closed;
  if (closed) {
    /* Whatever else is said, nothing comes of it. */
    uint64_t trace = w.trace;
    world_received(&w, MIDGE_TEXT("\x20\3\0\0\0\x30\4\0\1t\0\xff"));
    world_end_turn(&w);
    CHECK(w.trace == trace);
  }
  world_sent(&w, 1000); /* all, but of what is leaving */
  world_disconnected(&w);
  world_free(&w);
  return closed;
}

typedef struct tally {
  uint64_t told, decided;
} tally;

/* All that begins with the first `size` bytes of `input`. */
static void tell_all(midge_version version, size_t state, uint8_t input[3],
                     size_t size, tally *count) {
  for (unsigned byte = 0; byte < 256; byte++) {
    input[size] = (uint8_t)byte;
    count->told++;
    bool closed = tell(version, state, (midge_slice){input, size + 1});
    if (size + 1 == 3) continue;
    if (closed)
      count->decided += size == 0 ? 256 + 65536 : 256;
    else
      tell_all(version, state, input, size + 1, count);
  }
}

static void tell_acknowledgements(midge_version version, size_t state,
                                  tally *count) {
  static const uint8_t firsts[] = {0x40, 0x50, 0x62, 0x70, 0x90, 0xB0};
  bool is_5 = version == MIDGE_MQTT_5;
  for (size_t i = 0; i < sizeof firsts; i++)
    for (unsigned id = 0; id < 256; id++)
      for (unsigned reason = 0; reason < 256; reason++, count->told++) {
        bool is_list = firsts[i] >= 0x90;
        uint8_t packet[6] = {firsts[i], 2, 0, (uint8_t)id};
        if (is_5 && is_list) packet[1] = 4;
        if (is_5 && !is_list) packet[1] = 3;
        if (!is_5 && firsts[i] == 0x90) packet[1] = 3;
        if (packet[1] == 2 && reason != 0) break;
        packet[packet[1] + 1] = packet[1] == 2 ? packet[3] : (uint8_t)reason;
        tell(version, state, (midge_slice){packet, packet[1] + 2u});
      }
}

int main(void) {
  decode_all();
  for (int i = 0; i <= MIDGE_MQTT_3_1; i++)
    for (size_t state = 0; state < STATES; state++) {
      double start = seconds();
      tally count = {0, 0};
      uint8_t input[3];
      tell_all((midge_version)i, state, input, 0, &count);
      CHECK(count.told + count.decided == 256 + 65536 + 16777216);
      tell_acknowledgements((midge_version)i, state, &count);
      printf("session, %s, %s: %llu inputs, %llu more decided, %.1f s\n",
             version_names[i], states[state].name,
             (unsigned long long)count.told, (unsigned long long)count.decided,
             seconds() - start);
      fflush(stdout);
    }
  return 0;
}
