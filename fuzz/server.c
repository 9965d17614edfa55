#include "server.h"

#include <string.h>

#include "check.h"

void server_init(server *s, const midge_decode_options *options) {
  memset(s, 0, offsetof(server, said));
  s->options = *options;
}

/* --- What it says --------------------------------------------------------- */

/* To answer what is still on its way is a guess, and makes no sense. */
static void forget_id(server *s, uint16_t packet_id) {
  size_t at = 0;
  while (at < s->id_count && s->ids[at].packet_id != packet_id) at++;
  if (at < s->id_count)
    s->ids[at] = s->ids[--s->id_count];
  else
    s->lost = true;
}

static uint32_t number_of(const midge_packet *packet, midge_property_id id,
                          uint32_t otherwise) {
  midge_property property;
  bool found = midge_property_find(packet->properties, id, &property);
  return found ? property.number : otherwise;
}

static void answer(server *s, const midge_packet *packet) {
  s->answered = true;
  s->receive_max =
      (uint16_t)number_of(packet, MIDGE_RECEIVE_MAXIMUM, UINT16_MAX);
  s->alias_max = (uint16_t)number_of(packet, MIDGE_TOPIC_ALIAS_MAXIMUM, 0);
  s->qos_max = (uint8_t)number_of(packet, MIDGE_MAXIMUM_QOS, 2);
  s->retain = number_of(packet, MIDGE_RETAIN_AVAILABLE, 1) != 0;
}

static void say(server *s, const midge_packet *packet) {
  switch (packet->type) {
    case MIDGE_CONNACK:
      if (!s->answered) answer(s, packet);
      return;
    case MIDGE_PUBREC:
      if (packet->ack.reason < 0x80) return;
      forget_id(s, packet->ack.packet_id);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBCOMP:
      forget_id(s, packet->ack.packet_id);
      return;
    case MIDGE_SUBACK:
    case MIDGE_UNSUBACK:
      forget_id(s, packet->suback.packet_id);
      return;
    default:
      return;
  }
}

void server_says(server *s, midge_slice bytes) {
  if (bytes.size > SERVER_ROOM - s->said_size) s->lost = true;
  if (s->lost) return;
  memcpy(s->said + s->said_size, bytes.data, bytes.size);
  s->said_size += bytes.size;

  size_t at = 0;
  while (at < s->said_size && !s->lost) {
    midge_packet packet;
    midge_slice rest = {s->said + at, s->said_size - at};
    midge_decode_result result =
        midge_packet_decode(&s->options, rest, &packet);
    if (result.outcome == MIDGE_NEED_MORE) break;
    s->lost = result.outcome == MIDGE_REFUSED;
    if (!s->lost) say(s, &packet);
    at += result.size;
  }
  s->said_size -= at;
  memmove(s->said, s->said + at, s->said_size);
}

/* --- What it hears -------------------------------------------------------- */

static void use_id(server *s, uint16_t packet_id, bool is_publish) {
  unsigned in_flight = is_publish;
  for (size_t i = 0; i < s->id_count; i++) {
    CHECK(s->ids[i].packet_id != packet_id); /* [MQTT-2.2.1-3] */
    in_flight += s->ids[i].is_publish;
  }
  if (is_publish) CHECK(in_flight <= s->receive_max); /* [MQTT-3.3.4-7] */
  CHECK(s->id_count < SERVER_IDS);
  s->ids[s->id_count++] = (server_id){packet_id, is_publish};
}

static void hear_publish(server *s, const midge_packet *packet) {
  uint32_t alias = number_of(packet, MIDGE_TOPIC_ALIAS, 0);
  CHECK(alias <= s->alias_max);                /* [MQTT-3.3.2-9] */
  CHECK(packet->publish.qos <= s->qos_max);    /* [MQTT-3.2.2-11] */
  CHECK(s->retain || !packet->publish.retain); /* [MQTT-3.2.2-14] */
  if (packet->publish.qos == MIDGE_AT_MOST_ONCE) {
    CHECK(!packet->publish.duplicate); /* [MQTT-3.3.1-2] */
    return;
  }
  use_id(s, packet->publish.packet_id, true);
}

void server_hears(server *s, const midge_packet *packet) {
  if (s->lost) return;
  switch (packet->type) {
    case MIDGE_CONNECT:
      if (s->answered || s->said_size != 0) s->lost = true;
      s->options.version = packet->connect.version;
      return;
    case MIDGE_AUTH:
    case MIDGE_DISCONNECT:
      return;
    case MIDGE_PUBLISH:
      CHECK(s->answered);
      hear_publish(s, packet);
      return;
    case MIDGE_SUBSCRIBE:
    case MIDGE_UNSUBSCRIBE:
      CHECK(s->answered);
      use_id(s, packet->subscribe.packet_id, false);
      return;
    default:
      CHECK(s->answered); /* [MQTT-3.1.2-30], and nobody should guess */
  }
}
