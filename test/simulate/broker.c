/* A broker for one client: chapter 4 of the specification, without frills. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "simulate/model.h"

static void answer(world *w, const midge_packet *packet) {
  pipe_packet(&w->to_client, w->weather.version, packet);
}

static void answer_ack(world *w, midge_packet_type type, uint16_t id,
                       uint8_t reason) {
  midge_packet packet = {.type = type};
  packet.ack.packet_id = id;
  if (w->weather.version == MIDGE_MQTT_5) packet.ack.reason = reason;
  answer(w, &packet);
}

static void show(world *w, outgoing *o, bool again) {
  midge_packet packet = {.type = MIDGE_PUBLISH};
  if (o->released) {
    answer_ack(w, MIDGE_PUBREL, o->id, 0);
    return;
  }
  char topic[16], payload[16];
  fate *f = &w->in[o->number];
  packet.publish.topic = (midge_slice){
      (uint8_t *)topic, (size_t)sprintf(topic, "in/%u", f->topic)};
  packet.publish.payload = (midge_slice){
      (uint8_t *)payload, (size_t)sprintf(payload, "%u", o->number)};
  packet.publish.qos = f->qos;
  packet.publish.packet_id = o->id;
  packet.publish.duplicate = again;
  answer(w, &packet);
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
  if (!b->greeted || !b->subscribed) return;
  for (size_t i = 0; i < b->queue_count;) {
    outgoing *o = &b->queue[i];
    if (o->id != 0) {
      i++;
      continue;
    }
    if (w->in[o->number].qos == MIDGE_AT_MOST_ONCE) {
      show(w, o, false);
      forget(b, i);
      continue;
    }
    if (b->in_flight == w->weather.broker_window) return;
    while (id_in_use(b, ++b->last_id)) {
    }
    o->id = b->last_id;
    b->in_flight++;
    show(w, o, false);
    i++;
  }
}

void broker_publish(world *w) {
  broker *b = &w->broker;
  if (!b->has_session || !b->subscribed) return;
  if (w->sent_by_broker == w->weather.messages) return;
  fate *f = &w->in[w->sent_by_broker];
  f->qos = (midge_qos)dice_roll(&w->dice, 3);
  f->topic = (uint8_t)dice_roll(&w->dice, TOPICS);
  f->accepted = true;
  b->queue[b->queue_count++] = (outgoing){.number = w->sent_by_broker++};
  show_waiting(w);
}

void broker_lose_session(world *w) {
  broker *b = &w->broker;
  for (size_t i = 0; i < b->queue_count; i++) {
    w->in[b->queue[i].number].lost = true;
  }
  memset(b->received, 0, sizeof b->received);
  b->has_session = b->subscribed = false;
  b->queue_count = b->in_flight = b->last_id = 0;
}

void broker_connected(world *w) {
  w->broker.connected = true;
  w->broker.greeted = false;
  w->broker.in.size = 0;
  for (size_t i = 0; i < 16; i++) w->broker.aliases[i].size = 0;
}

void broker_disconnected(world *w) {
  w->broker.connected = w->broker.greeted = false;
}

static void on_connect(world *w, const midge_packet *packet) {
  broker *b = &w->broker;
  if (packet->connect.clean_start || !b->has_session) broker_lose_session(w);
  midge_packet connack = {.type = MIDGE_CONNACK};
  connack.connack.session_present = b->has_session;
  uint8_t wire[16];
  uint32_t receive_max = 1 + dice_roll(&w->dice, w->weather.receive_max);
  if (w->weather.version == MIDGE_MQTT_5) {
    uint8_t *end = midge_properties_encode(
        MIDGE_PROPERTIES(
            {.id = MIDGE_RECEIVE_MAXIMUM, .number = receive_max},
            {.id = MIDGE_TOPIC_ALIAS_MAXIMUM, .number = w->weather.alias_max}),
        wire);
    connack.properties = (midge_slice){wire, (size_t)(end - wire)};
  }
  answer(w, &connack);
  b->greeted = true;
  b->in_flight = 0;
  for (size_t i = 0; i < b->queue_count; i++) {
    if (b->queue[i].id == 0) continue;
    b->in_flight++;
    show(w, &b->queue[i], true);
  }
  show_waiting(w);
}

/* The topic is "out/1". */
static void take(world *w, const midge_packet *packet, midge_slice topic) {
  uint32_t number = payload_number(packet->publish.payload);
  fate *f = &w->out[number];
  CHECK(w, topic.size == 5 && topic.data[4] == '0' + f->topic,
        "message %u came with another topic", number);
  CHECK(w, f->qos == packet->publish.qos, "message %u has another QoS", number);
  /* Per topic and QoS the first arrivals are in order [MQTT-4.6.0-1]. */
  for (uint32_t i = number + 1; f->arrived == 0 && i < w->published; i++) {
    fate *newer = &w->out[i];
    bool same = newer->topic == f->topic && newer->qos == f->qos;
    CHECK(w, !same || newer->arrived == 0, "message %u came before %u", i,
          number);
  }
  f->arrived++;
}

static midge_slice topic_of(world *w, const midge_packet *packet) {
  midge_property alias;
  midge_slice topic = packet->publish.topic;
  if (!midge_property_find(packet->properties, MIDGE_TOPIC_ALIAS, &alias)) {
    return topic;
  }
  CHECK(w, alias.number >= 1 && alias.number <= w->weather.alias_max,
        "topic alias %u", alias.number);
  pipe_bytes *known = &w->broker.aliases[alias.number];
  if (topic.size != 0) {
    known->size = 0;
    pipe_add(known, topic.data, topic.size);
  }
  CHECK(w, known->size != 0, "an alias that was not mapped");
  return (midge_slice){known->data, known->size};
}

static void on_publish(world *w, const midge_packet *packet) {
  broker *b = &w->broker;
  uint16_t id = packet->publish.packet_id;
  uint32_t number = payload_number(packet->publish.payload);
  CHECK(w, number < w->published, "a message that was never published");
  bool refuse = w->out[number].refused;
  midge_slice topic = topic_of(w, packet);
  if (packet->publish.qos == MIDGE_EXACTLY_ONCE) {
    if (!b->received[id] && !refuse) take(w, packet, topic);
    if (!refuse) b->received[id] = true;
    answer_ack(w, MIDGE_PUBREC, id, refuse ? 0x97 : 0);
  } else if (!refuse) {
    take(w, packet, topic);
    if (id != 0) answer_ack(w, MIDGE_PUBACK, id, 0);
  } else {
    answer_ack(w, MIDGE_PUBACK, id, 0x97);
  }
}

static outgoing *in_flight(world *w, uint16_t id, size_t *index) {
  for (size_t i = 0; i < w->broker.queue_count; i++) {
    *index = i;
    if (w->broker.queue[i].id == id) return &w->broker.queue[i];
  }
  return NULL;
}

static void on_ack(world *w, const midge_packet *packet) {
  size_t index = 0;
  uint16_t id = packet->ack.packet_id;
  outgoing *o = in_flight(w, id, &index);
  if (packet->type == MIDGE_PUBREC) {
    if (o != NULL) o->released = true;
    answer_ack(w, MIDGE_PUBREL, id, o == NULL ? 0x92 : 0);
    return;
  }
  if (o == NULL) return;
  CHECK(w, packet->type == MIDGE_PUBACK || o->released,
        "PUBCOMP %u before PUBREL", id);
  forget(&w->broker, index);
  w->broker.in_flight--;
  show_waiting(w);
}

static void on_subscribe(world *w, const midge_packet *packet) {
  midge_packet suback = {.type = MIDGE_SUBACK};
  suback.suback.packet_id = packet->subscribe.packet_id;
  suback.suback.reasons = (midge_slice){(const uint8_t *)"\x02", 1};
  answer(w, &suback);
  w->broker.subscribed = true;
  show_waiting(w);
}

static void on_packet(world *w, const midge_packet *packet) {
  bool removed;
  /* Whoever sends more has read CONNACK. A client that did not read that its
   * session is new would take it for the old one, and nobody could tell. */
  if (packet->type != MIDGE_CONNECT) w->broker.has_session = true;
  switch (packet->type) {
    case MIDGE_CONNECT:
      on_connect(w, packet);
      return;
    case MIDGE_PUBLISH:
      on_publish(w, packet);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBREC:
    case MIDGE_PUBCOMP:
      on_ack(w, packet);
      return;
    case MIDGE_PUBREL:
      removed = w->broker.received[packet->ack.packet_id];
      w->broker.received[packet->ack.packet_id] = false;
      answer_ack(w, MIDGE_PUBCOMP, packet->ack.packet_id, removed ? 0 : 0x92);
      return;
    case MIDGE_SUBSCRIBE:
      on_subscribe(w, packet);
      return;
    case MIDGE_PINGREQ:
      answer(w, &(midge_packet){.type = MIDGE_PINGRESP});
      return;
    case MIDGE_DISCONNECT:
      return;
    default:
      world_fail(w, "a packet of type %d", packet->type);
  }
}

void broker_received(world *w, const uint8_t *bytes, size_t size) {
  broker *b = &w->broker;
  midge_packet packet;
  pipe_add(&b->in, bytes, size);
  size_t used;
  while ((used = pipe_peek(&b->in, w->weather.version, &packet)) != 0) {
    on_packet(w, &packet);
    pipe_drop(&b->in, used);
  }
}
