/* A broker for one client: chapter 4 of the specification, without frills. Its
 * servers share what they know of a session. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

static void answer_ack(world *w, conn *c, midge_packet_type type, uint16_t id,
                       uint8_t reason) {
  midge_packet packet = {.type = type};
  packet.ack.packet_id = id;
  if (c->version == MIDGE_MQTT_5) packet.ack.reason = reason;
  network_answer(w, c, &packet);
}

conn *broker_conn(const world *w) {
  for (size_t i = 0; i < CONNS_MAX; i++) {
    const conn *c = &w->conns[i];
    if (c->attempt != 0 && c->at_broker && c->greeted) return (conn *)c;
  }
  return NULL;
}

/* --- What it has for us ----------------------------------------------------
 */

static bool was_received(const broker *b, uint16_t id) {
  return (b->received[id / 8] >> (id % 8) & 1) != 0;
}

static void set_received(broker *b, uint16_t id, bool on) {
  uint8_t bit = (uint8_t)(1 << id % 8);
  b->received[id / 8] &= (uint8_t)~bit;
  if (on) b->received[id / 8] |= bit;
}

static void show(world *w, conn *c, outgoing *o, bool again) {
  midge_packet packet = {.type = MIDGE_PUBLISH};
  if (o->released) {
    answer_ack(w, c, MIDGE_PUBREL, o->id, 0);
    return;
  }
  char topic[16];
  uint8_t payload[PAYLOAD_ROOM];
  world_say(w, "      broker sends message %u as %u", o->number, o->id);
  message *m = &w->messages[o->number];
  packet.publish.topic = (midge_slice){
      (uint8_t *)topic, (size_t)sprintf(topic, "in/%u", m->topic)};
  packet.publish.payload =
      midge_slice_of(payload, payload_make(w, payload, o->number));
  packet.publish.qos = m->qos;
  packet.publish.packet_id = o->id;
  packet.publish.duplicate = again;
  network_answer(w, c, &packet);
}

static void forget(broker *b, size_t index) {
  memmove(&b->queue[index], &b->queue[index + 1],
          (b->queue_count - index - 1) * sizeof b->queue[0]);
  b->queue_count--;
}

static bool id_in_use(const broker *b, uint16_t id) {
  for (size_t i = 0; i < b->queue_count; i++) {
    if (b->queue[i].id == id) return true;
  }
  return id == 0;
}

static void show_waiting(world *w) {
  broker *b = &w->broker;
  conn *c = broker_conn(w);
  if (c == NULL || c->mute) return;
  for (size_t i = 0; i < b->queue_count;) {
    outgoing *o = &b->queue[i];
    if (o->id != 0) {
      i++;
      continue;
    }
    if (w->messages[o->number].qos == MIDGE_AT_MOST_ONCE) {
      show(w, c, o, false);
      forget(b, i);
      continue;
    }
    if (b->in_flight >= c->window) return;
    if (c->version == MIDGE_MQTT_5 && b->in_flight >= w->weather.broker_window)
      world_hit(HIT_exceeded);
    while (id_in_use(b, ++b->last_id)) {
    }
    o->id = b->last_id;
    b->in_flight++;
    show(w, c, o, false);
    i++;
  }
}

void broker_publish(world *w, midge_qos qos) {
  broker *b = &w->broker;
  if (!b->has_session || !b->filters[0]) return;
  if (w->message_count == w->weather.messages) return;
  message *m = &w->messages[w->message_count];
  m->qos = qos;
  m->topic = (uint8_t)world_roll(w, TOPICS);
  b->queue[b->queue_count++] = (outgoing){.number = w->message_count++};
  show_waiting(w);
}

void broker_lose_session(world *w) {
  broker *b = &w->broker;
  for (size_t i = 0; i < b->queue_count; i++)
    w->messages[b->queue[i].number].lost = true;
  bool denied[FILTERS];
  memcpy(denied, b->denied, sizeof denied);
  *b = (broker){.epoch = b->epoch + 1};
  memcpy(b->denied, denied, sizeof denied);
}

void broker_connected(world *w, conn *c) {
  (void)w;
  c->at_broker = true;
  c->version = w->weather.version;
}

/* The network connection is gone, as far as the broker knows. */
void broker_ended(world *w, conn *c) {
  bool was_greeted = c->at_broker && c->greeted;
  c->at_broker = false;
  if (was_greeted && w->broker.ends_with_connection) {
    world_hit(HIT_session_expired);
    broker_lose_session(w);
  }
}

/* --- CONNECT ---------------------------------------------------------------
 */

static void refuse(world *w, conn *c, uint8_t reason,
                   midge_properties properties) {
  uint8_t wire[64];
  midge_packet connack = {.type = MIDGE_CONNACK};
  connack.connack.reason = reason;
  connack.properties = midge_slice_of(
      wire, (size_t)(midge_properties_encode(properties, wire) - wire));
  network_answer(w, c, &connack);
  c->faulty = true;
  world_say(w, "broker refuses with 0x%02x", reason);
  network_close(w, c, END_FIN);
}

static const uint8_t passing_5[] = {0x88, 0x89, 0x97, 0x9f};
static const uint8_t lasting_5[] = {0x87, 0x86, 0x8a};

static bool refuses(world *w, conn *c) {
  if (!world_chance(w, w->weather.refuse_connect)) return false;
  bool lasting = world_roll(w, 3) == 0;
  bool five = c->version == MIDGE_MQTT_5;
  uint8_t reason =
      lasting ? lasting_5[world_roll(w, 3)] : passing_5[world_roll(w, 4)];
  if (!five) reason = lasting ? 5 : 3;
  world_hit(lasting ? HIT_connack_lasting : HIT_connack_refused);
  refuse(w, c, reason, (midge_properties){0});
  return true;
}

static midge_slice draw_reference(world *w, char *room) {
  if (world_roll(w, 5) == 0) {
    world_hit(HIT_reference_bad);
    return midge_slice_text(world_roll(w, 2) ? "a/b" : "r1:99999");
  }
  sprintf(room, "r%u:%u", 1 + world_roll(w, 3), 1883 + world_roll(w, 3));
  return midge_slice_text(room);
}

static bool sends_elsewhere(world *w, conn *c) {
  if (c->version != MIDGE_MQTT_5 || !world_chance(w, w->weather.move))
    return false;
  char room[16];
  bool moved = world_roll(w, 4) == 0;
  world_hit(moved ? HIT_server_moved : HIT_sent_elsewhere);
  refuse(w, c, moved ? 0x9d : 0x9c,
         MIDGE_PROPERTIES(
             {.id = MIDGE_SERVER_REFERENCE, .value = draw_reference(w, room)}));
  return true;
}

static bool refuses_version(world *w, conn *c) {
  if (c->version >= w->weather.broker_version) return false;
  world_hit(HIT_version_refused);
  bool raw = world_roll(w, 2) == 0;
  if (raw) c->version = MIDGE_MQTT_3_1_1;
  if (raw && c == w->conn) w->monitor.version = MIDGE_MQTT_3_1_1;
  refuse(w, c, raw ? 1 : 0x84, (midge_properties){0});
  return true;
}

static void take_over(world *w, const conn *by) {
  for (conn *c = w->conns; c < w->conns + CONNS_MAX; c++) {
    if (c == by || c->attempt == 0 || !c->at_broker || !c->greeted) continue;
    broker_ended(w, c);
    network_close(w, c, END_FIN);
  }
}

static void accept(world *w, conn *c, const midge_packet *packet) {
  broker *b = &w->broker;
  midge_property expiry;
  midge_packet connack = {.type = MIDGE_CONNACK};
  bool five = c->version == MIDGE_MQTT_5;
  connack.connack.session_present =
      b->has_session && c->version != MIDGE_MQTT_3_1;
  world_hit(b->has_session ? HIT_resumed : HIT_connect);
  b->ends_with_connection =
      five ? !midge_property_find(packet->properties,
                                  MIDGE_SESSION_EXPIRY_INTERVAL, &expiry) ||
                 expiry.number == 0
           : packet->connect.clean_start;
  uint8_t wire[32];
  uint32_t receive_max = 1 + world_roll(w, w->weather.receive_max);
  if (receive_max == 1 && five) world_hit(HIT_window_of_one);
  if (five) {
    midge_property list[4] = {
        {.id = MIDGE_RECEIVE_MAXIMUM, .number = receive_max},
        {.id = MIDGE_TOPIC_ALIAS_MAXIMUM, .number = w->weather.alias_max}};
    size_t count = 2;
    if (w->weather.server_keep_alive_s != 0) {
      world_hit(HIT_server_keep_alive);
      list[count].id = MIDGE_SERVER_KEEP_ALIVE;
      list[count++].number = w->weather.server_keep_alive_s;
    }
    if (w->weather.qos_max < MIDGE_EXACTLY_ONCE) {
      list[count].id = MIDGE_MAXIMUM_QOS;
      list[count++].number = w->weather.qos_max;
    }
    uint8_t *end =
        midge_properties_encode((midge_properties){list, count}, wire);
    connack.properties = midge_slice_of(wire, (size_t)(end - wire));
  }
  bool binds = five && !w->weather.lenient;
  c->window = binds ? w->weather.broker_window : UINT16_MAX;
  network_answer(w, c, &connack);
}

static void on_connect(world *w, conn *c, const midge_packet *packet) {
  broker *b = &w->broker;
  c->version = packet->connect.version;
  char name[16] = "";
  if (w->life.user != 0) sprintf(name, "u%u", w->life.user);
  if (w->conn == c)
    CHECK(w,
          midge_slice_equal(packet->connect.user_name, midge_slice_text(name)),
          "user name %.*s, not %s", (int)packet->connect.user_name.size,
          packet->connect.user_name.data, name);
  if (refuses_version(w, c) || refuses(w, c) || sends_elsewhere(w, c)) return;
  take_over(w, c);
  if (world_chance(w, w->weather.forget) && b->has_session) {
    world_hit(HIT_session_lost);
    broker_lose_session(w);
  }
  if (packet->connect.clean_start || !b->has_session) broker_lose_session(w);
  accept(w, c, packet);
  c->greeted = true;
  b->in_flight = 0;
  for (size_t i = 0; i < b->queue_count; i++) {
    if (b->queue[i].id == 0) continue;
    b->in_flight++;
    back_go(w, c, &b->queue[i]);
    show(w, c, &b->queue[i], true);
  }
  show_waiting(w);
}

/* --- PUBLISH ---------------------------------------------------------------
 */

static void take(world *w, const midge_packet *packet, midge_slice topic) {
  uint32_t number = payload_number(packet->publish.payload);
  request *r = &w->requests[number];
  CHECK(w, topic.size == 5 && topic.data[4] == '0' + r->topic,
        "message %u came with another topic", number);
  midge_qos qos = packet->publish.qos;
  /* Per topic and QoS the first arrivals are in order [MQTT-4.6.0-1]; but one
   * that was given up, which its process did not live to write down, comes when
   * newer ones may have. */
  bool first = r->arrived == 0 && !r->ended;
  for (uint32_t i = number + 1; first && i < w->request_count; i++) {
    request *newer = &w->requests[i];
    bool same = newer->kind == REQUEST_PUBLISH && newer->topic == r->topic &&
                newer->qos == r->qos;
    CHECK(w, !same || newer->arrived == 0, "message %u came before %u", i,
          number);
  }
  /* I3: once in a session, and of QoS 0 once. */
  bool again = r->arrived > 0 && r->epoch == w->broker.epoch;
  CHECK(w, !again || qos != MIDGE_EXACTLY_ONCE || w->monitor.unsure,
        "message %u came twice", number);
  bool restored = r->qos != MIDGE_AT_MOST_ONCE && r->restored;
  CHECK(w, r->arrived == 0 || qos != MIDGE_AT_MOST_ONCE || restored,
        "message %u of QoS 0 came twice", number);
  CHECK(w, r->told, "message %u came before it was told", number);
  r->epoch = w->broker.epoch;
  r->arrived++;
}

static midge_slice topic_of(world *w, conn *c, const midge_packet *packet) {
  midge_property alias;
  midge_slice topic = packet->publish.topic;
  if (!midge_property_find(packet->properties, MIDGE_TOPIC_ALIAS, &alias)) {
    return topic;
  }
  CHECK(w, alias.number >= 1 && alias.number <= w->weather.alias_max,
        "topic alias %u", alias.number);
  pipe_bytes *known = &c->aliases[alias.number];
  if (topic.size != 0) {
    known->size = 0;
    pipe_add(known, topic.data, topic.size);
  }
  CHECK(w, known->size != 0, "an alias that was not mapped");
  return (midge_slice){known->data, known->size};
}

static void on_publish(world *w, conn *c, const midge_packet *packet) {
  broker *b = &w->broker;
  uint16_t id = packet->publish.packet_id;
  uint32_t number = payload_number(packet->publish.payload);
  CHECK(
      w,
      number < w->request_count && w->requests[number].kind == REQUEST_PUBLISH,
      "a message that was never published");
  payload_check(w, packet->publish.payload);
  request *r = &w->requests[number];
  midge_slice topic = topic_of(w, c, packet);
  if (r->poison) {
    world_hit(HIT_poison);
    broker_ended(w, c);
    network_close(w, c, END_FIN);
    return;
  }
  bool refused = r->refused && c->version == MIDGE_MQTT_5;
  if (refused) world_hit(HIT_publish_refused);
  if (packet->publish.qos == MIDGE_EXACTLY_ONCE) {
    if (!was_received(b, id) && !refused) take(w, packet, topic);
    if (!refused) set_received(b, id, true);
    answer_ack(w, c, MIDGE_PUBREC, id, refused ? 0x97 : 0);
  } else if (!refused) {
    take(w, packet, topic);
    if (id != 0) answer_ack(w, c, MIDGE_PUBACK, id, 0);
  } else if (id != 0) {
    answer_ack(w, c, MIDGE_PUBACK, id, 0x97);
  }
}

static outgoing *in_flight(world *w, uint16_t id, size_t *index) {
  for (size_t i = 0; i < w->broker.queue_count; i++) {
    *index = i;
    if (w->broker.queue[i].id == id) return &w->broker.queue[i];
  }
  return NULL;
}

static void on_ack(world *w, conn *c, const midge_packet *packet) {
  size_t index = 0;
  uint16_t id = packet->ack.packet_id;
  outgoing *o = in_flight(w, id, &index);
  if (packet->type == MIDGE_PUBREC) {
    if (o != NULL) o->released = true;
    answer_ack(w, c, MIDGE_PUBREL, id, o == NULL ? 0x92 : 0);
    return;
  }
  if (o == NULL) return;
  CHECK(w, packet->type == MIDGE_PUBACK || o->released,
        "PUBCOMP %u before PUBREL", id);
  forget(&w->broker, index);
  w->broker.in_flight--;
  show_waiting(w);
}

/* --- The rest --------------------------------------------------------------
 */

static unsigned filter_of(midge_slice filter) {
  if (midge_slice_equal(filter, MIDGE_TEXT("in/#"))) return 0;
  return (unsigned)(filter.data[filter.size - 1] - '0');
}

static void on_subscribe(world *w, conn *c, const midge_packet *packet) {
  uint8_t reasons[64];
  size_t count = 0;
  midge_slice rest = packet->subscribe.filters;
  midge_packet_filter filter;
  bool on = packet->type == MIDGE_SUBSCRIBE;
  while (midge_filter_next(&rest, packet->type, &filter)) {
    unsigned at = filter_of(filter.filter);
    /* MQTT 3.1 has no way to say no. */
    world_say(w, "      broker: filter %u", at);
    bool refused = on && c->version != MIDGE_MQTT_3_1 &&
                   world_chance(w, w->weather.refuse);
    if (refused) world_hit(HIT_subscribe_refused);
    if (!refused) w->broker.filters[at] = on;
    w->broker.denied[at] = refused;
    uint8_t no = c->version == MIDGE_MQTT_5 ? 0x87 : 0x80;
    if (on && c->version != MIDGE_MQTT_5)
      CHECK(w, filter.options <= 2, "options %u before MQTT 5", filter.options);
    reasons[count++] = refused ? no : on ? (filter.options & 3) : 0;
  }
  CHECK(
      w,
      count <= 1 || w->weather.batch_max == 0 || count <= w->weather.batch_max,
      "%zu filters in a packet", count);
  if (count > 1) world_hit(HIT_batch);
  midge_packet suback = {.type = on ? MIDGE_SUBACK : MIDGE_UNSUBACK};
  suback.suback.packet_id = packet->subscribe.packet_id;
  bool bare = !on && c->version != MIDGE_MQTT_5;
  suback.suback.reasons = midge_slice_of(reasons, bare ? 0 : count);
  network_answer(w, c, &suback);
  show_waiting(w);
}

static void on_packet(world *w, conn *c, const midge_packet *packet) {
  bool removed;
  world_say(w, "      broker has packet %d of %u", packet->type, c->attempt);
  CHECK(w, c->greeted == (packet->type != MIDGE_CONNECT),
        "packet %d where none may be", packet->type);
  /* Whoever sends more has read CONNACK, and written down what it says. A
   * client that did not would take its new session for the old one, and nobody
   * could tell. */
  if (packet->type != MIDGE_CONNECT && packet->type != MIDGE_DISCONNECT &&
      packet->type != MIDGE_PINGREQ)
    w->broker.has_session = true;
  switch (packet->type) {
    case MIDGE_CONNECT:
      on_connect(w, c, packet);
      return;
    case MIDGE_PUBLISH:
      on_publish(w, c, packet);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBREC:
    case MIDGE_PUBCOMP:
      on_ack(w, c, packet);
      return;
    case MIDGE_PUBREL:
      removed = was_received(&w->broker, packet->ack.packet_id);
      set_received(&w->broker, packet->ack.packet_id, false);
      answer_ack(w, c, MIDGE_PUBCOMP, packet->ack.packet_id,
                 removed ? 0 : 0x92);
      return;
    case MIDGE_SUBSCRIBE:
    case MIDGE_UNSUBSCRIBE:
      on_subscribe(w, c, packet);
      return;
    case MIDGE_PINGREQ:
      network_answer(w, c, &(midge_packet){.type = MIDGE_PINGRESP});
      return;
    case MIDGE_DISCONNECT:
      w->program.goodbyes++;
      broker_ended(w, c);
      network_close(w, c, END_FIN);
      return;
    default:
      world_fail(w, "a packet of type %d", packet->type);
  }
}

/* "CONNECT host:port HTTP/1.1" and headers. True once it is through. */
static bool is_through_proxy(world *w, conn *c) {
  if (c->place != PLACE_PROXY || c->asked_proxy) return true;
  pipe_bytes *in = &c->in;
  char *end = in->size < 4 ? NULL : memmem(in->data, in->size, "\r\n\r\n", 4);
  if (end == NULL) return false;
  char *host = (char *)in->data + strlen("CONNECT ");
  unsigned place =
      place_named(midge_slice_of((uint8_t *)host, strcspn(host, ":")));
  CHECK(w, place < PLACES_MAX, "the proxy is asked for nowhere");
  pipe_drop(in, (size_t)(end + 4 - (char *)in->data));
  c->asked_proxy = true;
  c->place = place;
  CHECK(w,
        c != w->conn || w->life.expected == PLACES_MAX ||
            w->life.expected == place,
        "the proxy is asked for %s, not %s", place_names[place],
        w->life.expected < PLACES_MAX ? place_names[w->life.expected] : "");
  bool refused =
      w->weather.dead[place] || world_chance(w, w->weather.refuse_connect / 2);
  if (!refused && world_chance(w, w->weather.refuse_dial / 10)) {
    world_hit(HIT_proxy_silent);
    c->mute = c->faulty = true;
    return false;
  }
  if (refused) world_hit(HIT_proxy_refused);
  const char *said =
      refused ? "HTTP/1.1 502 Bad Gateway\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n";
  pipe_add(&c->to_client.bytes, said, strlen(said));
  if (refused) network_close(w, c, END_FIN);
  return !refused;
}

void broker_received(world *w, conn *c, const uint8_t *bytes, size_t size) {
  midge_packet packet;
  if (c->mute) return;
  pipe_add(&c->in, bytes, size);
  if (!is_through_proxy(w, c)) return;
  size_t used;
  while (c->at_broker && !c->mute &&
         (used = pipe_peek(&c->in, c->version, &packet)) != 0) {
    on_packet(w, c, &packet);
    pipe_drop(&c->in, used);
  }
}

/* --- What it does by itself ------------------------------------------------
 */

static void send_away(world *w, conn *c, uint8_t reason) {
  char room[16];
  uint8_t wire[32];
  midge_packet packet = {.type = MIDGE_DISCONNECT};
  packet.disconnect.reason = reason;
  if (reason == 0x9c || reason == 0x9d) {
    midge_properties properties = MIDGE_PROPERTIES(
        {.id = MIDGE_SERVER_REFERENCE, .value = draw_reference(w, room)});
    world_hit(reason == 0x9c ? HIT_sent_elsewhere : HIT_server_moved);
    uint8_t *end = midge_properties_encode(properties, wire);
    packet.properties = midge_slice_of(wire, (size_t)(end - wire));
  }
  world_say(w, "broker says DISCONNECT 0x%02x", reason);
  if (c->version == MIDGE_MQTT_5) network_answer(w, c, &packet);
  broker_ended(w, c);
  network_close(w, c, END_FIN);
}

void broker_acts(world *w, conn *c) {
  static const uint8_t reasons[] = {0x00, 0x89, 0x8b, 0x97, 0x98, 0x9c, 0x9d};
  switch (world_roll(w, 4)) {
    case 0:
      world_hit(HIT_takeover);
      send_away(w, c, 0x8e);
      return;
    case 1:
      world_hit(HIT_server_disconnect);
      send_away(w, c, reasons[world_roll(w, sizeof reasons)]);
      return;
    case 2:
      world_hit(HIT_server_closes);
      broker_ended(w, c);
      network_close(w, c, END_FIN);
      return;
    default:
      world_hit(HIT_silent_broker);
      c->mute = c->faulty = true;
      return;
  }
}
