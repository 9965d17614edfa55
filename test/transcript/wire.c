#include "transcript/wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

static const char *const type_names[] = {
    "",        "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
    "PUBREL",  "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
    "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
};

static const struct {
  midge_property_id id;
  const char *name;
} property_names[] = {
#define PROPERTY(name, id, type, packets, low, high, many, js) {id, #name},
    MIDGE_PROPERTY_MAP(PROPERTY)
#undef PROPERTY
};

#define PROPERTY_COUNT (sizeof property_names / sizeof property_names[0])

static const char *const version_names[] = {"5", "3.1.1", "3.1"};

const char *wire_status_name(midge_status status) {
  const char *name = midge_status_name(status);
  return strncmp(name, "MIDGE_REASON_", 13) == 0 ? name + 13 : name + 6;
}

midge_version wire_version(line *in) {
  field *f = line_find(in, "version", 0);
  for (int i = 0; f != NULL && i < 3; i++) {
    if (field_is(f, version_names[i])) return (midge_version)i;
  }
  return MIDGE_MQTT_5;
}

static void lower_case(const char *from, char *to) {
  while ((*to++ = (char)tolower((unsigned char)*from++)) != '\0') {
  }
}

static bool property_named(const char *name, midge_property_id *id) {
  char lower[48];
  for (size_t i = 0; i < PROPERTY_COUNT; i++) {
    lower_case(property_names[i].name, lower);
    if (strcmp(lower, name) != 0) continue;
    *id = property_names[i].id;
    return true;
  }
  return false;
}

static midge_property property_of(line *in, field *f, midge_property_id id) {
  midge_property property = {.id = id};
  f->used = true;
  if (id == MIDGE_USER_PROPERTY) {
    property.name = f->value;
    property.value = f->second;
  } else if (f->quoted) {
    property.value = f->value;
  } else {
    bool valid;
    property.number = (uint32_t)field_number(f, &valid);
    if (!valid) snprintf(in->error, sizeof in->error, "%s", f->name);
  }
  return property;
}

midge_properties wire_properties(line *in, const char *prefix,
                                 midge_property room[PROPERTIES_MAX]) {
  midge_properties properties = {room, 0};
  midge_property_id id;
  for (size_t i = 0; i < in->count; i++) {
    field *f = &in->fields[i];
    if (strncmp(f->name, prefix, strlen(prefix)) != 0) continue;
    if (!property_named(f->name + strlen(prefix), &id)) continue;
    if (field_is(f, "none")) continue;
    room[properties.count++] = property_of(in, f, id);
  }
  return properties;
}

/* Filters as on the wire: with `options` after each in SUBSCRIBE. */
static midge_slice build_filters(line *in, bool options, uint8_t *room) {
  uint8_t *to = room;
  field *f;
  for (size_t i = 0; (f = line_find(in, "filter", i)) != NULL; i++) {
    *to++ = (uint8_t)(f->value.size >> 8);
    *to++ = (uint8_t)f->value.size;
    to = midge_slice_copy(to, f->value);
    if (!options) continue;
    bool valid;
    field *o = line_find(in, "options", i);
    *to++ = o == NULL ? 0 : (uint8_t)field_number(o, &valid);
  }
  return (midge_slice){room, (size_t)(to - room)};
}

static void build_connect(line *in, midge_packet *packet) {
  packet->connect.version = wire_version(in);
  packet->connect.clean_start = line_number(in, "clean_start", 0);
  packet->connect.keep_alive_s = (uint16_t)line_number(in, "keep_alive", 0);
  packet->connect.client_id = line_text(in, "client_id", MIDGE_TEXT(""));
}

static void build_publish(line *in, midge_packet *packet) {
  packet->publish.topic = line_text(in, "topic", MIDGE_TEXT(""));
  packet->publish.payload = line_text(in, "payload", MIDGE_TEXT(""));
  packet->publish.qos = (midge_qos)line_number(in, "qos", 0);
  packet->publish.retain = line_number(in, "retain", 0);
  packet->publish.duplicate = line_number(in, "dup", 0);
  packet->publish.packet_id = (uint16_t)line_number(in, "id", 0);
}

static bool build_body(line *in, midge_packet *packet, uint8_t *room) {
  uint16_t id = (uint16_t)line_number(in, "id", 0);
  uint8_t reason = (uint8_t)line_number(in, "reason", 0);
  midge_form form =
      line_number(in, "whole", 0) ? MIDGE_FORM_WHOLE : MIDGE_FORM_SHORTEST;
  switch (packet->type) {
    case MIDGE_CONNECT:
      build_connect(in, packet);
      return true;
    case MIDGE_CONNACK:
      packet->connack.session_present = line_number(in, "session_present", 0);
      packet->connack.reason = reason;
      return true;
    case MIDGE_PUBLISH:
      build_publish(in, packet);
      return true;
    case MIDGE_PUBACK:
    case MIDGE_PUBREC:
    case MIDGE_PUBREL:
    case MIDGE_PUBCOMP:
      packet->ack.packet_id = id;
      packet->ack.reason = reason;
      packet->ack.form = form;
      return true;
    case MIDGE_SUBSCRIBE:
    case MIDGE_UNSUBSCRIBE:
      packet->subscribe.packet_id = id;
      packet->subscribe.filters =
          build_filters(in, packet->type == MIDGE_SUBSCRIBE, room);
      return true;
    case MIDGE_SUBACK:
    case MIDGE_UNSUBACK:
      packet->suback.packet_id = id;
      packet->suback.reasons =
          (midge_slice){room, line_bytes(in, "reasons", room, 65536)};
      return true;
    case MIDGE_DISCONNECT:
    case MIDGE_AUTH:
      packet->disconnect.reason = reason;
      packet->disconnect.form = form;
      return true;
    default:
      return packet->type >= MIDGE_PINGREQ;
  }
}

uint8_t *wire_build(line *in, midge_version version, size_t *size) {
  midge_packet packet = {0};
  for (unsigned type = MIDGE_CONNECT; type <= MIDGE_AUTH; type++) {
    if (strcmp(in->verb, type_names[type]) == 0) {
      packet.type = (midge_packet_type)type;
    }
  }
  if (packet.type == 0) return NULL;
  uint8_t *room = calloc(1, 1 << 18);
  uint8_t *to = NULL;
  midge_property list[PROPERTIES_MAX];
  midge_properties properties = wire_properties(in, "", list);
  uint8_t *wire = malloc(midge_properties_size(properties) + 1);
  packet.properties.data = wire;
  packet.properties.size =
      (size_t)(midge_properties_encode(properties, wire) - wire);
  if (build_body(in, &packet, room)) {
    *size = midge_packet_size(version, &packet);
    if (*size != 0 && (to = malloc(*size)) != NULL) {
      midge_packet_encode(version, &packet, to);
    }
  }
  free(wire);
  free(room);
  return to;
}

static void put_text(FILE *to, const char *name, midge_slice text) {
  if (text.data == NULL) return;
  fprintf(to, " %s=\"", name);
  for (size_t i = 0; i < text.size; i++) {
    uint8_t c = text.data[i];
    if (c == '"' || c == '\\') {
      fprintf(to, "\\%c", c);
    } else if (c >= 0x20 && c < 0x7f) {
      putc(c, to);
    } else {
      fprintf(to, "\\x%02x", c);
    }
  }
  putc('"', to);
}

static void put_number(FILE *to, const char *name, uint64_t number) {
  fprintf(to, " %s=%llu", name, (unsigned long long)number);
}

static void put_bytes(FILE *to, const char *name, midge_slice bytes) {
  if (bytes.data == NULL) return;
  fprintf(to, " %s=", name);
  for (size_t i = 0; i < bytes.size; i++) {
    const char *form = bytes.data[i] < 0x80 ? "%s%u" : "%s0x%02x";
    fprintf(to, form, i == 0 ? "" : ",", bytes.data[i]);
  }
}

static bool is_text(midge_property_type type) {
  return type == MIDGE_TYPE_TEXT || type == MIDGE_TYPE_BINARY ||
         type == MIDGE_TYPE_PAIR;
}

static void put_properties(FILE *to, const char *prefix, midge_slice wire) {
  midge_property property;
  while (midge_property_next(&wire, &property)) {
    char name[64] = {0};
    strcpy(name, prefix);
    for (size_t i = 0; i < PROPERTY_COUNT; i++) {
      if (property_names[i].id != property.id) continue;
      lower_case(property_names[i].name, name + strlen(prefix));
    }
    if (!is_text(midge_property_look_up(property.id)->type)) {
      put_number(to, name, property.number);
    } else if (property.id == MIDGE_USER_PROPERTY) {
      put_text(to, name, property.name);
      char *value = NULL;
      size_t size = 0;
      FILE *second = open_memstream(&value, &size);
      put_text(second, "", property.value);
      fclose(second);
      fprintf(to, ",%s", value + 2);
      free(value);
    } else {
      put_text(to, name, property.value);
    }
  }
}

static void put_connect(FILE *to, const midge_packet *packet) {
  fprintf(to, " version=%s", version_names[packet->connect.version]);
  put_number(to, "clean_start", packet->connect.clean_start);
  put_number(to, "keep_alive", packet->connect.keep_alive_s);
  put_text(to, "client_id", packet->connect.client_id);
  put_text(to, "user_name", packet->connect.user_name);
  put_text(to, "password", packet->connect.password);
  if (!packet->connect.has_will) return;
  const midge_packet_will *will = &packet->connect.will;
  put_text(to, "will.topic", will->topic);
  put_text(to, "will.payload", will->payload);
  put_number(to, "will.qos", will->qos);
  put_number(to, "will.retain", will->retain);
  put_properties(to, "will.", will->properties);
}

static void put_publish(FILE *to, const midge_packet *packet) {
  put_number(to, "id", packet->publish.packet_id);
  put_number(to, "qos", packet->publish.qos);
  put_number(to, "dup", packet->publish.duplicate);
  put_number(to, "retain", packet->publish.retain);
  put_text(to, "topic", packet->publish.topic);
  put_text(to, "payload", packet->publish.payload);
}

static void put_filters(FILE *to, const midge_packet *packet) {
  put_number(to, "id", packet->subscribe.packet_id);
  midge_slice rest = packet->subscribe.filters;
  midge_packet_filter filter;
  while (midge_filter_next(&rest, packet->type, &filter)) {
    put_text(to, "filter", filter.filter);
    if (packet->type == MIDGE_SUBSCRIBE) {
      put_number(to, "options", filter.options);
    }
  }
}

static void put_body(FILE *to, const midge_packet *packet) {
  switch (packet->type) {
    case MIDGE_CONNECT:
      put_connect(to, packet);
      return;
    case MIDGE_CONNACK:
      put_number(to, "session_present", packet->connack.session_present);
      put_number(to, "reason", packet->connack.reason);
      return;
    case MIDGE_PUBLISH:
      put_publish(to, packet);
      return;
    case MIDGE_PUBACK:
    case MIDGE_PUBREC:
    case MIDGE_PUBREL:
    case MIDGE_PUBCOMP:
      put_number(to, "id", packet->ack.packet_id);
      put_number(to, "reason", packet->ack.reason);
      return;
    case MIDGE_SUBSCRIBE:
    case MIDGE_UNSUBSCRIBE:
      put_filters(to, packet);
      return;
    case MIDGE_DISCONNECT:
    case MIDGE_AUTH:
      put_number(to, "reason", packet->auth.reason);
      return;
    default:
      return;
  }
}

char *wire_describe(const midge_packet *packet) {
  char *text = NULL;
  size_t size = 0;
  FILE *to = open_memstream(&text, &size);
  fprintf(to, "%s", type_names[packet->type]);
  put_body(to, packet);
  put_properties(to, "", packet->properties);
  fclose(to);
  return text;
}

static void put_opened(FILE *to, const midge_event *event) {
  put_number(to, "session_present", event->opened.session_present);
  put_number(to, "resumed", event->opened.resumed);
  fprintf(to, " version=%s", version_names[event->opened.version]);
  put_text(to, "client_id", event->opened.client_id);
  put_number(to, "renewed", event->opened.renewed);
  put_number(to, "dropped", event->opened.dropped);
  const midge_limits *limits = &event->opened.limits;
  put_number(to, "limits.qos_max", limits->qos_max);
  put_number(to, "limits.receive_max", limits->receive_max);
  put_number(to, "limits.alias_max", limits->alias_max);
  put_number(to, "limits.keep_alive_s", limits->keep_alive_s);
  put_number(to, "limits.packet_size_max", limits->packet_size_max);
  put_number(to, "limits.session_expiry_s", limits->session_expiry_s);
  put_number(to, "limits.retain", limits->retain);
  put_number(to, "limits.wildcards", limits->wildcards);
  put_number(to, "limits.shared", limits->shared);
  put_number(to, "limits.identifiers", limits->identifiers);
}

static void put_message(FILE *to, const midge_event *event) {
  put_number(to, "id", event->message.packet_id);
  put_number(to, "delivery", event->message.delivery);
  put_number(to, "epoch", event->message.epoch);
  put_number(to, "qos", event->message.qos);
  put_number(to, "dup", event->message.duplicate);
  put_number(to, "retain", event->message.retain);
  put_text(to, "topic", event->message.topic);
  put_text(to, "payload", event->message.payload);
  if (event->message.alias != 0) {
    put_number(to, "alias", event->message.alias);
    put_number(to, "by_alias", event->message.by_alias);
  }
  if (event->message.proposed) put_number(to, "proposed", 1);
}

static void put_closed(FILE *to, const midge_event *event) {
  static const char *const sides[] = {"self", "server", "network"};
  fprintf(to, " by=%s", sides[event->closed.by]);
  fprintf(to, " status=%s", wire_status_name(event->closed.status));
  put_number(to, "reason", event->closed.reason);
  put_number(to, "has_reason", event->closed.has_reason);
  put_number(to, "lasting", event->closed.lasting);
  put_text(to, "text", event->closed.text);
}

static void put_packet(FILE *to, const midge_event *event) {
  put_number(to, "type", event->packet.type);
  put_number(to, "sent", event->packet.sent);
  put_number(to, "id", event->packet.packet_id);
  put_text(to, "bytes", event->packet.bytes);
}

char *wire_describe_event(const midge_event *event) {
  static const char *const names[] = {
      "connecting", "opened", "message",  "done",  "authenticate", "closed",
      "ended",      "stored", "restored", "store", "transport",    "packet"};
  char *text = NULL;
  size_t size = 0;
  FILE *to = open_memstream(&text, &size);
  fprintf(to, "%s", names[event->type]);
  if (event->type == MIDGE_EVENT_OPENED) put_opened(to, event);
  if (event->type == MIDGE_EVENT_MESSAGE) put_message(to, event);
  if (event->type == MIDGE_EVENT_CLOSED) put_closed(to, event);
  if (event->type == MIDGE_EVENT_PACKET) put_packet(to, event);
  if (event->type == MIDGE_EVENT_AUTHENTICATE) {
    put_number(to, "reason", event->authenticate.reason);
  }
  if (event->type == MIDGE_EVENT_STORED) {
    put_number(to, "token", event->stored.token);
    put_number(to, "left", event->stored.left);
  }
  if (event->type == MIDGE_EVENT_DONE) {
    put_number(to, "token", event->done.token);
    fprintf(to, " status=%s", wire_status_name(event->done.status));
    put_number(to, "id", event->done.packet_id);
    if (event->done.text.size > 0) put_text(to, "text", event->done.text);
    if (event->done.reasons.size > 0) {
      put_bytes(to, "reasons", event->done.reasons);
    }
  }
  put_properties(to, "", event->properties);
  fclose(to);
  return text;
}
