/* The rules of the protocol that can be seen on the wire alone, at the end of
 * the session: every byte it sent, and every byte it was given. The I numbers
 * are those of the invariants in the list of what must hold. */
#include <string.h>

#include "simulate/model.h"

void monitor_connected(world *w) {
  monitor *m = &w->monitor;
  m->sent.size = m->delivered.size = 0;
  m->first_sent = m->goodbye = m->resumed = false;
  m->window = 0;
  m->owed_first = m->owed_count = 0;
  for (unsigned id = 1; id < 65536; id++) {
    m->use[id].this_time = false;
    /* SUBSCRIBE is no part of the session: it goes again as a new one. */
    if (m->use[id].type == MIDGE_SUBSCRIBE) m->use[id] = (usage){0};
  }
}

/* What was only in memory is gone: an answer may be forgotten. */
void monitor_crashed(world *w) {
  for (unsigned id = 1; id < 65536; id++) {
    usage *u = &w->monitor.use[id];
    if (u->type != MIDGE_PUBLISH) *u = (usage){0};
  }
}

void monitor_given_up(world *w, uint32_t number) {
  for (unsigned id = 1; id < 65536; id++) {
    usage *u = &w->monitor.use[id];
    if (u->type == MIDGE_PUBLISH && u->number == number) u->acked = true;
  }
}

/* Of a restored message nobody is told that it was given up. */
static bool may_be_free(const world *w) {
  return w->crashed && w->weather.breaks_max != 0;
}

static void on_publish(world *w, const midge_packet *packet) {
  uint16_t id = packet->publish.packet_id;
  uint32_t number = payload_number(packet->publish.payload);
  usage *u = &w->monitor.use[id];
  if (packet->publish.qos == MIDGE_AT_MOST_ONCE) return;
  CHECK(w, id != 0, "packet identifier 0"); /* I6 */
  bool in_use = u->type != 0 && !u->acked;
  if (!packet->publish.duplicate) {
    CHECK(w, !in_use || may_be_free(w), "identifier %u is in use", id); /* I6 */
    *u = (usage){
        .type = MIDGE_PUBLISH, .qos = packet->publish.qos, .number = number};
  } else {
    /* I7: only on a session that resumed, and the same message. */
    CHECK(w, w->monitor.resumed, "DUP without session present");
    bool same = u->type == MIDGE_PUBLISH && u->number == number;
    CHECK(w, (same && in_use) || w->crashed,
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

/* I8 and I13: one answer for each message, in their order. */
static void on_answer(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  CHECK(w, m->owed_first < m->owed_count, "an answer that nobody asked for");
  CHECK(w,
        m->owed[m->owed_first].type == packet->type &&
            m->owed[m->owed_first].id == packet->ack.packet_id,
        "answers out of order: %u", packet->ack.packet_id);
  m->owed_first++;
}

static void on_sent(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  CHECK(w, m->first_sent == (packet->type != MIDGE_CONNECT),
        "CONNECT is not first");                      /* I10 */
  CHECK(w, !m->goodbye, "a packet after DISCONNECT"); /* I11 */
  m->first_sent = true;
  switch (packet->type) {
    case MIDGE_PUBLISH:
      on_publish(w, packet);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBREC:
      on_answer(w, packet);
      return;
    case MIDGE_PUBREL:
      if (m->use[packet->ack.packet_id].type == MIDGE_PUBLISH) {
        m->use[packet->ack.packet_id].released = true;
      }
      return;
    case MIDGE_SUBSCRIBE:
    case MIDGE_UNSUBSCRIBE: {
      usage *u = &m->use[packet->subscribe.packet_id];
      CHECK(w, u->type == 0 || u->acked || may_be_free(w),
            "identifier %u is in use", packet->subscribe.packet_id); /* I6 */
      *u = (usage){.type = packet->type};
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
}

static void owe(world *w, midge_packet_type type, uint16_t id) {
  monitor *m = &w->monitor;
  m->owed[m->owed_count].type = type;
  m->owed[m->owed_count++].id = id;
}

static void on_connack(world *w, const midge_packet *packet) {
  monitor *m = &w->monitor;
  midge_property property;
  m->receive_max = UINT16_MAX;
  if (midge_property_find(packet->properties, MIDGE_RECEIVE_MAXIMUM,
                          &property)) {
    m->receive_max = property.number;
  }
  m->resumed = packet->connack.session_present;
  if (m->resumed) return;
  memset(m->use, 0, sizeof m->use);
  w->session_was_lost = true;
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
          packet->publish.packet_id);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBCOMP:
      free_place(w, u);
      return;
    case MIDGE_PUBREC:
      if (packet->ack.reason >= 0x80) free_place(w, u);
      return;
    case MIDGE_SUBACK:
      w->monitor.use[packet->suback.packet_id] = (usage){0};
      return;
    default:
      return;
  }
}

void monitor_sent(world *w, const uint8_t *bytes, size_t size) {
  midge_packet packet;
  pipe_bytes *sent = &w->monitor.sent;
  pipe_add(sent, bytes, size);
  size_t used; /* I19: whole packets, read by a decoder of their own */
  while ((used = pipe_peek(sent, w->weather.version, &packet)) != 0) {
    on_sent(w, &packet);
    pipe_drop(sent, used);
  }
}

void monitor_delivered(world *w, const uint8_t *bytes, size_t size) {
  midge_packet packet;
  pipe_bytes *in = &w->monitor.delivered;
  pipe_add(in, bytes, size);
  size_t used;
  while ((used = pipe_peek(in, w->weather.version, &packet)) != 0) {
    on_delivered(w, &packet);
    pipe_drop(in, used);
  }
}
