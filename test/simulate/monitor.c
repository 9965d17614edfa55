/* The rules of the protocol that can be seen on the wire alone, at the end of
 * the session: every byte it sent, and every byte it was given. The I numbers
 * are those of the invariants in the list of what must hold. */
#include <string.h>

#include "simulate/model.h"

enum { LEISURE_MS = 500 }; /* until PINGREQ has left: writes wait */

void monitor_connected(world *w) {
  monitor *m = &w->monitor;
  m->sent.size = m->delivered.size = 0;
  m->head_sent = m->head_delivered = !w->weather.proxy;
  m->first_sent = m->goodbye = m->resumed = m->accepted = false;
  m->stranger = m->parted = false;
  m->window = 0;
  m->version = w->weather.version;
  m->keep_alive_s = 0;
  m->owed_count = 0;
  memset(m->completions, 0, (size_t)m->highest_completion + 1);
  for (unsigned id = 1; id <= m->highest; id++) {
    m->use[id].this_time = false;
    /* SUBSCRIBE is no part of the session: it goes again as a new one. */
    if (m->use[id].type != MIDGE_PUBLISH) m->use[id] = (usage){0};
  }
}

static void on_publish(world *w, const midge_packet *packet) {
  uint16_t id = packet->publish.packet_id;
  uint32_t number = payload_number(packet->publish.payload);
  usage *u = &w->monitor.use[id];
  request *r = &w->requests[number];
  CHECK(w, !r->damaged, "message %u is damaged, and sent", number);
  CHECK(w, !r->discarded, "message %u was discarded, and is sent", number);
  CHECK(w, packet->publish.qos == world_qos(w, r), "message %u has another QoS",
        number);
  CHECK(w, packet->publish.qos <= w->weather.qos_max,
        "message %u has a QoS that the broker does not take", number);
  if (packet->publish.qos != r->qos) world_hit(HIT_qos_lowered);
  if (packet->publish.qos == MIDGE_AT_MOST_ONCE) {
    if (r->qos == MIDGE_AT_MOST_ONCE) disk_fleeting(w, number);
    return;
  }
  CHECK(w, id != 0, "packet identifier 0"); /* I6 */
  CHECK(w,
        !w->weather.drop || packet->publish.duplicate || !r->sent ||
            w->monitor.unsure,
        "message %u is sent as new", number);
  CHECK(w, !r->done || r->status != MIDGE_ESESSION,
        "message %u was dropped, and is sent", number);
  r->sent = true;
  disk_published(w, number, id);
  if (id > w->monitor.highest) w->monitor.highest = id;
  bool in_use = u->type != 0 && !u->acked;
  if (!packet->publish.duplicate) {
    CHECK(w, !in_use || w->monitor.unsure, "identifier %u is in use",
          id); /* I6 */
    *u = (usage){
        .type = MIDGE_PUBLISH, .qos = packet->publish.qos, .number = number};
  } else {
    /* I7: only on a session that resumed, and the same message. */
    CHECK(w, w->monitor.resumed, "DUP without session present");
    bool same = u->type == MIDGE_PUBLISH && u->number == number;
    /* What a filter took may have got no further. */
    CHECK(w, (same && (in_use || u->doubtful)) || w->weather.proxy,
          "message %u with DUP for the first time", number);
    if (!same) *u = (usage){.type = MIDGE_PUBLISH, .number = number};
    CHECK(w, !u->this_time, "message %u twice on a connection", number);
    CHECK(w, !u->released, "PUBLISH %u after PUBREL", number); /* I5 */
    u->acked = false;
  }
  u->this_time = true;
  w->monitor.window++; /* I9 */
  CHECK(w, w->monitor.window <= w->monitor.receive_max, "window of %u",
        w->monitor.window);
}

/* After this, no process is to be told of it any more. */
static void note_answer(world *w, uint16_t id) {
  for (size_t i = 0; i < w->broker.queue_count; i++) {
    const outgoing *o = &w->broker.queue[i];
    if (o->id == id) w->messages[o->number].answered = true;
  }
}

/* I8 and I13: one answer for each message, in their order; at PUBREL, QoS 2 has
 * an order of its own. */
static void on_answer(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  size_t i = 0;
  while (i < m->owed_count &&
         (m->owed[i].paid ||
          (w->weather.at_release && m->owed[i].type != packet->type)))
    i++;
  CHECK(w, i < m->owed_count, "an answer that nobody asked for");
  CHECK(
      w,
      m->owed[i].type == packet->type && m->owed[i].id == packet->ack.packet_id,
      "answers out of order: %u", packet->ack.packet_id);
  m->owed[i].paid = true;
  if (w->weather.inbox) {
    inbox_answered(w, packet->type, packet->ack.packet_id, m->owed[i].number,
                   m->owed[i].since);
    return;
  }
  if (packet->type != MIDGE_PUBREC || packet->ack.reason >= 0x80) return;
  disk_received(w, packet->ack.packet_id);
  if (!w->weather.at_release) note_answer(w, packet->ack.packet_id);
}

/* One for each PUBREL, or several; answered by hand, when it was told. */
static void on_completion(world *w, uint16_t id) {
  const broker *b = &w->broker;
  CHECK(w, w->monitor.completions[id], "PUBCOMP %u without PUBREL", id);
  w->monitor.completions[id] = false;
  note_answer(w, id);
  if (!w->weather.at_release || !w->weather.by_hand) return;
  for (size_t i = 0; i < b->queue_count; i++)
    CHECK(w,
          b->queue[i].id != id || w->messages[b->queue[i].number].accepted ||
              w->messages[b->queue[i].number].unsure,
          "PUBCOMP %u before the program has acknowledged", id);
}

static void on_connect(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  m->version = packet->connect.version;
  m->keep_alive_s = packet->connect.keep_alive_s;
  m->clean = packet->connect.clean_start;
  bool negotiated = w->weather.negotiate && m->version == MIDGE_MQTT_3_1_1;
  CHECK(w, m->version == w->weather.version || negotiated,
        "it speaks version %d", m->version);
}

static void on_sent(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  CHECK(w, m->first_sent == (packet->type != MIDGE_CONNECT),
        "CONNECT is not first");                      /* I10 */
  CHECK(w, !m->goodbye, "a packet after DISCONNECT"); /* I11 */
  CHECK(w,
        packet->type == MIDGE_CONNECT || m->accepted ||
            packet->type == MIDGE_DISCONNECT,
        "packet %d before CONNACK", packet->type); /* I10 */
  CHECK(w, !m->stranger || packet->type == MIDGE_DISCONNECT,
        "packet %d in a session that we do not know", packet->type); /* I23 */
  m->first_sent = true;
  switch (packet->type) {
    case MIDGE_CONNECT:
      on_connect(w, packet);
      return;
    case MIDGE_PUBLISH:
      on_publish(w, packet);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBREC:
      on_answer(w, packet);
      return;
    case MIDGE_PUBCOMP:
      on_completion(w, packet->ack.packet_id);
      return;
    case MIDGE_PUBREL:
      if (m->use[packet->ack.packet_id].type == MIDGE_PUBLISH) {
        m->use[packet->ack.packet_id].released = true;
        disk_released(w, packet->ack.packet_id);
      }
      return;
    case MIDGE_SUBSCRIBE:
    case MIDGE_UNSUBSCRIBE: {
      usage *u = &m->use[packet->subscribe.packet_id];
      CHECK(w, u->type == 0 || u->acked || w->monitor.unsure,
            "identifier %u is in use", packet->subscribe.packet_id); /* I6 */
      *u = (usage){.type = packet->type};
      if (packet->subscribe.packet_id > m->highest)
        m->highest = packet->subscribe.packet_id;
      return;
    }
    case MIDGE_DISCONNECT:
      m->goodbye = true;
      return;
    default:
      return;
  }
}

static void free_place(world *w, usage *u) {
  if (u->this_time && !u->acked) w->monitor.window--;
  u->acked = true;
  /* A session that is done with its connection listens no more. */
  u->doubtful = w->life.goodbye || w->life.kicked || w->conn->writing ||
                midge_link_is_shut(w->link);
}

static void owe(world *w, midge_packet_type type, uint16_t id,
                midge_slice payload) {
  monitor *m = &w->monitor;
  inbox_owes(w, payload.size);
  m->owed[m->owed_count].number = payload_number(payload);
  m->owed[m->owed_count].since = w->disk.written;
  m->owed[m->owed_count].type = type;
  m->owed[m->owed_count].paid = false;
  m->owed[m->owed_count++].id = id;
}

static void on_connack(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  midge_property property;
  m->receive_max = UINT16_MAX;
  if (packet->connack.reason != 0 || m->goodbye) return;
  m->accepted = true;
  if (midge_property_find(packet->properties, MIDGE_RECEIVE_MAXIMUM,
                          &property)) {
    m->receive_max = property.number;
  }
  if (midge_property_find(packet->properties, MIDGE_SERVER_KEEP_ALIVE,
                          &property)) {
    m->keep_alive_s = property.number;
  }
  /* MQTT 3.1 does not say; who wanted it kept takes it for kept. */
  m->resumed = packet->connack.session_present ||
               (m->version == MIDGE_MQTT_3_1 && w->weather.kept && !m->clean &&
                !m->passing && (!w->weather.durable || w->disk.knows));
  m->passing = m->clean;
  m->stranger = m->resumed && m->version == MIDGE_MQTT_5 &&
                w->weather.durable && !w->disk.knows && !w->weather.adopt;
  if (m->stranger) world_hit(HIT_stranger);
  if (m->resumed) return;
  m->unsure = false;
  memset(m->use, 0, (m->highest + 1) * sizeof m->use[0]);
}

static void on_delivered(world *w, const midge_packet *packet) {
  usage *u = &w->monitor.use[packet->ack.packet_id];
  switch (packet->type) {
    case MIDGE_CONNACK:
      on_connack(w, packet);
      return;
    case MIDGE_PUBLISH:
      if (packet->publish.qos == MIDGE_AT_MOST_ONCE) return;
      owe(w,
          packet->publish.qos == MIDGE_AT_LEAST_ONCE ? MIDGE_PUBACK
                                                     : MIDGE_PUBREC,
          packet->publish.packet_id, packet->publish.payload);
      return;
    case MIDGE_PUBREL:
      if (w->weather.at_release) world_hit(HIT_at_release);
      w->monitor.completions[packet->ack.packet_id] = true;
      back_released(w, packet->ack.packet_id);
      if (packet->ack.packet_id > w->monitor.highest_completion)
        w->monitor.highest_completion = packet->ack.packet_id;
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBCOMP:
      free_place(w, u);
      return;
    case MIDGE_PUBREC:
      if (packet->ack.reason >= 0x80) free_place(w, u);
      return;
    case MIDGE_DISCONNECT:
      w->monitor.parted = true;
      return;
    case MIDGE_SUBACK:
    case MIDGE_UNSUBACK:
      w->monitor.use[packet->suback.packet_id] = (usage){0};
      return;
    default:
      return;
  }
}

/* What a proxy and we say to each other before. */
static bool is_past_head(pipe_bytes *bytes, bool *past) {
  if (*past) return true;
  char *end =
      bytes->size < 4 ? NULL : memmem(bytes->data, bytes->size, "\r\n\r\n", 4);
  if (end == NULL) return false;
  pipe_drop(bytes, (size_t)(end + 4 - (char *)bytes->data));
  *past = true;
  return true;
}

void monitor_sent(world *w, const uint8_t *bytes, size_t size) {
  midge_packet packet;
  monitor *m = &w->monitor;
  pipe_add(&m->sent, bytes, size);
  if (!is_past_head(&m->sent, &m->head_sent)) return;
  size_t used; /* I19: whole packets, read by a decoder of their own */
  while ((used = pipe_peek(&m->sent, m->version, &packet)) != 0) {
    world_say(w, "  > packet %d id=%u", packet.type,
              packet.type == MIDGE_PUBLISH ? packet.publish.packet_id
                                           : packet.ack.packet_id);
    on_sent(w, &packet);
    pipe_drop(&m->sent, used);
  }
}

void monitor_delivered(world *w, const uint8_t *bytes, size_t size) {
  midge_packet packet;
  monitor *m = &w->monitor;
  pipe_add(&m->delivered, bytes, size);
  if (!is_past_head(&m->delivered, &m->head_delivered)) return;
  size_t used;
  while ((used = pipe_peek(&m->delivered, m->version, &packet)) != 0) {
    world_say(w, "  < packet %d id=%u", packet.type,
              packet.type == MIDGE_PUBLISH ? packet.publish.packet_id
                                           : packet.ack.packet_id);
    on_delivered(w, &packet);
    pipe_drop(&m->delivered, used);
  }
}

/* How long a link may be silent: I22, and that a dead one is noticed. */
void monitor_time(world *w) {
  const monitor *m = &w->monitor;
  const conn *c = w->conn;
  if (c == NULL || !w->life.opened || m->keep_alive_s == 0) return;
  midge_time keep_alive = (midge_time)m->keep_alive_s * 1000;
  midge_time half = keep_alive / 2 > 1000 ? keep_alive / 2 : 1000;
  midge_time dead = keep_alive + half > 3000 ? keep_alive + half : 3000;
  dead += LEISURE_MS;
  midge_time heard = c->heard > c->excused ? c->heard : c->excused;
  midge_time written = c->written > c->excused ? c->written : c->excused;
  if (c->writing || c->shut || w->program.paused) return;
  bool waits = c->written > c->heard; /* for PINGRESP */
  bool over = m->goodbye || m->parted;
  CHECK(w, w->now <= written + keep_alive || over || waits,
        "nothing was sent for %llu ms",
        (unsigned long long)(w->now - written)); /* I22 */
  if (w->now > heard + keep_alive) world_hit(HIT_dead_link);
  CHECK(w, w->now <= heard + dead, "the link has been dead for %llu ms",
        (unsigned long long)(w->now - heard));
}

/* What was answered may be sent again, if that is not in the file; and what is
 * not in it and of QoS 1 has left nothing behind. */
void monitor_crash(world *w) {
  for (unsigned id = 1; id <= w->monitor.highest; id++) {
    usage *u = &w->monitor.use[id];
    u->doubtful = true;
    if (u->qos == MIDGE_AT_LEAST_ONCE && !disk_has(w, u->number))
      *u = (usage){0};
  }
}

void monitor_discarded(world *w, uint32_t number) {
  for (unsigned id = 1; id <= w->monitor.highest; id++) {
    usage *u = &w->monitor.use[id];
    if (u->type == MIDGE_PUBLISH && u->number == number) *u = (usage){0};
  }
}

/* What was not sent may be sent as if it had been. */
void monitor_restored(world *w, uint16_t id, bool released, uint32_t number) {
  usage *u = &w->monitor.use[id];
  /* No broker was ever sent what none of them takes. */
  if (world_qos(w, &w->requests[number]) > w->weather.qos_max) return;
  world_hit(released ? HIT_restored_released : HIT_restored_in_flight);
  if (id > w->monitor.highest) w->monitor.highest = id;
  if (u->type == MIDGE_PUBLISH && u->number == number) return;
  *u = (usage){.type = MIDGE_PUBLISH,
               .qos = w->requests[number].qos,
               .number = number,
               .released = released,
               .doubtful = true};
}
