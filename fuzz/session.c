/* A session driven by a script: the input is read as options, then as facts,
 * wishes and time. Without failing memory it is played twice, with what is
 * received whole and byte by byte, and the same must come out. */
#include <string.h>

#include "check.h"
#include "script.h"
#include "world.h"

/* --- What a server says --------------------------------------------------- */

/* Packets so that a script need not spell them; `id` is where the packet
 * identifier goes, 0 for none. */
typedef struct phrase {
  midge_slice bytes;
  size_t id;
} phrase;

#define SAY(id, text) \
  { {(const uint8_t *)(text), sizeof(text) - 1}, id }

static const phrase phrases_5[] = {
    SAY(0, "\x20\3\0\0\0"),
    SAY(0, "\x20\3\1\0\0"),
    SAY(0, "\x20\x09\0\0\6\x21\0\1\x22\0\4"),
    SAY(0, "\x20\x0c\1\0\x09\x27\0\0\0\x40\x24\1\x25\0"),
    SAY(0, "\x20\x0d\0\0\x0a\x12\0\1i\x13\0\5\x21\0\2"),
    SAY(0, "\x20\x08\0\0\5\x11\0\0\0\0"),
    SAY(0, "\x20\x09\0\0\6\x28\0\x29\0\x2a\0"),
    SAY(0, "\x20\3\0\x87\0"),
    SAY(0, "\x20\3\0\x84\0"),
    SAY(0, "\x20\2\0\1"),
    SAY(0, "\x30\4\0\1t\0"),
    SAY(5, "\x32\7\0\1t\0\1\0x"),
    SAY(5, "\x34\7\0\1t\0\1\0x"),
    SAY(5, "\x3c\7\0\1t\0\1\0x"),
    SAY(0, "\x30\x08\0\1t\3\x23\0\1x"),
    SAY(0, "\x30\7\0\0\3\x23\0\1x"),
    SAY(2, "\x40\2\0\1"),
    SAY(2, "\x40\3\0\1\x97"),
    SAY(2, "\x50\2\0\1"),
    SAY(2, "\x50\3\0\1\x97"),
    SAY(2, "\x62\2\0\1"),
    SAY(2, "\x62\3\0\1\x92"),
    SAY(2, "\x70\2\0\1"),
    SAY(2, "\x70\3\0\1\x92"),
    SAY(2, "\x90\4\0\1\0\1"),
    SAY(2, "\x90\5\0\1\0\0\x87"),
    SAY(2, "\x90\4\0\1\0\x8f"),
    SAY(2, "\xb0\4\0\1\0\0"),
    SAY(2, "\xb0\5\0\1\0\x11\0"),
    SAY(0, "\xd0\0"),
    SAY(0, "\xe0\0"),
    SAY(0, "\xe0\1\x8e"),
    SAY(0, "\xe0\7\x9d\5\x1c\0\2ab"),
    SAY(0, "\xf0\6\x18\4\x15\0\1m"),
    SAY(0, "\xf0\6\0\4\x15\0\1m"),
};

static const phrase phrases_3[] = {
    SAY(0, "\x20\2\0\0"),       SAY(0, "\x20\2\1\0"),
    SAY(0, "\x20\2\0\1"),       SAY(0, "\x20\2\0\5"),
    SAY(0, "\x30\3\0\1t"),      SAY(5, "\x32\6\0\1t\0\1x"),
    SAY(5, "\x34\6\0\1t\0\1x"), SAY(5, "\x3c\6\0\1t\0\1x"),
    SAY(2, "\x40\2\0\1"),       SAY(2, "\x50\2\0\1"),
    SAY(2, "\x62\2\0\1"),       SAY(2, "\x70\2\0\1"),
    SAY(2, "\x90\3\0\1\1"),     SAY(2, "\x90\4\0\1\0\x80"),
    SAY(2, "\xb0\2\0\1"),       SAY(0, "\xd0\0"),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void say_phrase(world *w, script *from) {
  bool is_5 = w->options.version == MIDGE_MQTT_5;
  const phrase *said = is_5 ? &phrases_5[script_byte(from) % COUNT(phrases_5)]
                            : &phrases_3[script_byte(from) % COUNT(phrases_3)];
  uint8_t bytes[32];
  memcpy(bytes, said->bytes.data, said->bytes.size);
  if (said->id != 0) bytes[said->id + 1] = script_byte(from);
  world_received(w, (midge_slice){bytes, said->bytes.size});
}

static void say_bytes(world *w, script *from) {
  world_received(w, script_bytes(from));
}

/* --- Other facts ---------------------------------------------------------- */

static void connect(world *w, script *from) {
  (void)from;
  world_connected(w);
}

static void send_some(world *w, script *from) {
  world_sent(w, script_byte(from));
}

static void send_all(world *w, script *from) {
  (void)from;
  world_sent(w, SIZE_MAX);
}

static void lose_connection(world *w, script *from) {
  (void)from;
  world_disconnected(w);
}

static void commit(world *w, script *from) {
  (void)from;
  world_committed(w);
}

static void wait_a_little(world *w, script *from) {
  world_elapsed(w, script_byte(from));
}

static void wait_long(world *w, script *from) {
  world_elapsed(w, (midge_time)script_byte(from) * 1000);
}

static void wait_for_deadline(world *w, script *from) {
  (void)from;
  midge_time deadline = midge_session_deadline(w->session);
  if (deadline == MIDGE_NEVER || deadline <= w->now) return;
  world_elapsed(w, deadline - w->now);
}

static void pause(world *w, script *from) {
  midge_session_paused(w->session, script_byte(from) & 1);
}

static void end_turn(world *w, script *from) {
  (void)from;
  world_end_turn(w);
}

static void die(world *w, script *from) {
  (void)from;
  world_restart(w);
}

/* --- Wishes --------------------------------------------------------------- */

static const midge_property property_choice[] = {
    {.id = MIDGE_TOPIC_ALIAS, .number = 1},
    {.id = MIDGE_MESSAGE_EXPIRY_INTERVAL, .number = 5},
    {.id = MIDGE_USER_PROPERTY,
     .name = {(const uint8_t *)"k", 1},
     .value = {(const uint8_t *)"v", 1}},
    {.id = MIDGE_SUBSCRIPTION_IDENTIFIER, .number = 3},
    {.id = MIDGE_REASON_STRING, .value = {(const uint8_t *)"r", 1}},
    {.id = MIDGE_SESSION_EXPIRY_INTERVAL, .number = 7},
    {.id = MIDGE_AUTHENTICATION_DATA, .value = {(const uint8_t *)"d", 1}},
    {.id = MIDGE_WILL_DELAY_INTERVAL, .number = 9},
};

/* Up to two of them, right or wrong for their packet. */
static midge_properties choose_properties(script *from,
                                          midge_property list[2]) {
  uint8_t choice = script_byte(from);
  size_t count = choice >> 6 > 2 ? 2 : choice >> 6;
  list[0] = property_choice[choice & 7];
  list[1] = property_choice[choice >> 3 & 7];
  return (midge_properties){list, count};
}

static const uint8_t large[5000];

static midge_publish choose_publish(script *from, midge_property list[2]) {
  uint8_t choice = script_byte(from);
  midge_publish publish = {.qos = (midge_qos)(choice & 3),
                           .retain = (choice & 4) != 0,
                           .topic = MIDGE_TEXT("a/b")};
  if ((choice & 8) != 0) publish.topic = script_bytes(from);
  if ((choice & 16) != 0) publish.payload = script_bytes(from);
  if ((choice & 32) != 0) publish.payload = (midge_slice){large, sizeof large};
  publish.properties = choose_properties(from, list);
  return publish;
}

static void publish(world *w, script *from) {
  midge_property list[2];
  midge_publish what = choose_publish(from, list);
  uint64_t token = world_token(w);
  midge_status status = midge_session_publish(w->session, &what, token);
  if (midge_publish_check(&what, w->options.version, w->options.text) !=
      MIDGE_OK)
    CHECK(status != MIDGE_OK);
  world_wished(w, token, status);
}

enum { FILTERS_MAX = 3 };

static midge_slice choose_filter(script *from, uint8_t choice) {
  static const char *const filters[] = {"a/b", "a/+", "#", "$share/g/a"};
  if ((choice & 0x20) != 0) return script_bytes(from);
  const char *filter = filters[choice & 3];
  return (midge_slice){(const uint8_t *)filter, strlen(filter)};
}

static void subscribe(world *w, script *from) {
  midge_subscription list[FILTERS_MAX] = {{.retain_handling = 0}};
  midge_property properties[2];
  size_t count = script_byte(from) % (FILTERS_MAX + 1);
  for (size_t i = 0; i < count; i++) {
    uint8_t choice = script_byte(from);
    list[i].filter = choose_filter(from, choice);
    list[i].qos = (midge_qos)(choice >> 2 & 3);
    list[i].no_local = (choice & 0x10) != 0;
    list[i].retain_handling = choice >> 6;
  }
  midge_request_options chosen = {.properties =
                                      choose_properties(from, properties)};
  uint64_t token = world_token(w);
  world_wished(w, token,
               midge_session_subscribe(w->session, list, count, chosen, token));
}

static void unsubscribe(world *w, script *from) {
  midge_slice list[FILTERS_MAX];
  midge_property properties[2];
  size_t count = script_byte(from) % (FILTERS_MAX + 1);
  for (size_t i = 0; i < count; i++)
    list[i] = choose_filter(from, script_byte(from));
  midge_request_options chosen = {.properties =
                                      choose_properties(from, properties)};
  uint64_t token = world_token(w);
  world_wished(
      w, token,
      midge_session_unsubscribe(w->session, list, count, chosen, token));
}

static void acknowledge(world *w, script *from) {
  uint8_t choice = script_byte(from);
  uint16_t packet_id = w->received_ids[choice % WORLD_IDS];
  midge_reason reason = (midge_reason)script_byte(from);
  world_wished(w, 0, midge_session_acknowledge(w->session, packet_id, reason));
}

static void authenticate(world *w, script *from) {
  midge_property list[2];
  midge_properties chosen = choose_properties(from, list);
  midge_reason reason = (midge_reason)script_byte(from);
  world_wished(w, 0, midge_session_authenticate(w->session, reason, chosen));
}

static void disconnect(world *w, script *from) {
  midge_property list[2];
  midge_properties chosen = choose_properties(from, list);
  midge_reason reason = (midge_reason)script_byte(from);
  world_wished(w, 0, midge_session_disconnect(w->session, reason, chosen, 0));
}

static void cancel(world *w, script *from) {
  uint64_t token = script_byte(from);
  midge_status status = midge_session_cancel(w->session, token);
  if (status == MIDGE_OK) CHECK(w->tokens[token] == WORLD_TAKEN);
  world_wished(w, 0, status);
}

static void set_will(world *w, script *from) {
  midge_property list[2];
  midge_publish will = choose_publish(from, list);
  bool none = script_byte(from) & 1;
  world_wished(w, 0, midge_session_set_will(w->session, none ? NULL : &will));
}

static void set_credentials(world *w, script *from) {
  uint8_t choice = script_byte(from);
  midge_slice name = {NULL, 0}, password = {NULL, 0};
  if ((choice & 1) != 0) name = script_bytes(from);
  if ((choice & 2) != 0) password = script_bytes(from);
  world_wished(w, 0, midge_session_set_credentials(w->session, name, password));
}

/* --- The script ----------------------------------------------------------- */

typedef void step(world *w, script *from);

static step *const steps[] = {
    connect,       say_phrase, say_bytes,         send_all,    publish,
    end_turn,      subscribe,  unsubscribe,       acknowledge, disconnect,
    wait_a_little, wait_long,  wait_for_deadline, send_some,   lose_connection,
    commit,        cancel,     authenticate,      set_will,    set_credentials,
    pause,         die,
};

static const midge_property connect_properties[] = {
    {.id = MIDGE_AUTHENTICATION_METHOD, .value = {(const uint8_t *)"m", 1}},
    {.id = MIDGE_REQUEST_PROBLEM_INFORMATION, .number = 0},
};

static midge_session_options choose_options(script *from) {
  unsigned choice = script_two_bytes(from);
  uint8_t limits = script_byte(from);
  midge_session_options options = {
      .version = (midge_version)(choice % 3),
      .negotiate = (choice & 4) != 0,
      .clean_start = (choice & 8) != 0,
      .session_expiry_s = (choice & 0x10) != 0 ? 3600 : 0,
      .adopt_session = (choice & 0x20) != 0,
      .durable = (choice & 0x40) != 0,
      .acknowledge_by_hand = (choice & 0x80) != 0,
      .keep_alive_s = (uint16_t)(choice >> 8 & 3),
      .alias_auto = (choice & 0x400) != 0,
      .lower_qos = (choice & 0x800) != 0,
      .forget_subscriptions = (choice & 0x1000) != 0,
      .text = (choice & 0x2000) != 0 ? MIDGE_TEXT_LENIENT : MIDGE_TEXT_STRICT,
      .alias_max = (uint16_t)(limits & 3),
      .receive_max = (uint16_t)(limits >> 2 & 3),
      .in_flight_max = (uint16_t)(limits >> 4 & 3),
      .packet_size_max = (limits & 0x40) != 0 ? 40 : 0,
      .queue_messages_max = (limits & 0x80) != 0 ? 3 : 0,
      .client_id = MIDGE_TEXT("c"),
  };
  if ((choice & 0x4000) != 0) options.client_id = MIDGE_TEXT("");
  options.properties.list = connect_properties;
  if (options.version == MIDGE_MQTT_5) options.properties.count = choice >> 15;
  return options;
}

/* Returns the trace. */
static uint64_t play(script from, bool in_pieces, bool *failing) {
  static world w;
  uint8_t fail_at = script_byte(&from);
  midge_session_options options = choose_options(&from);
  world_init(&w, &options, fail_at, in_pieces);
  while (script_goes_on(&from) && w.session != NULL)
    steps[script_byte(&from) % COUNT(steps)](&w, &from);
  if (w.session != NULL) {
    world_end_turn(&w);
    world_sent(&w, SIZE_MAX);
    world_disconnected(&w);
    world_abandoned(&w);
  }
  world_free(&w);
  *failing = fail_at != 0;
  return w.trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const script from = {data, data + size};
  bool failing;
  if (size < 4) return 0;
  uint64_t whole = play(from, false, &failing);
  if (!failing) CHECK(play(from, true, &failing) == whole);
  return 0;
}
