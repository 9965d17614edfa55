#include "json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "properties.h"

static void set_text(json_t *object, const char *name, midge_slice text) {
  json_object_set_new(object, name,
                      json_stringn((const char *)text.data, text.size));
}

/* What is not UTF-8 is no string of JSON. */
static void set_bytes(json_t *object, const char *name, midge_slice bytes) {
  const char *data = bytes.size == 0 ? "" : (const char *)bytes.data;
  json_t *text = json_stringn(data, bytes.size);
  if (text != NULL) {
    json_object_set_new(object, name, text);
    return;
  }
  char *hex = malloc(2 * bytes.size + 1), other[64];
  if (hex == NULL) return;
  for (size_t i = 0; i < bytes.size; i++)
    snprintf(hex + 2 * i, 3, "%02x", bytes.data[i]);
  snprintf(other, sizeof other, "%s-hex", name);
  json_object_set_new(object, other, json_string(hex));
  free(hex);
}

/* A name that is there several times makes an array of its values. */
static json_t *user_properties(midge_slice wire) {
  json_t *object = json_object();
  midge_property property;
  while (midge_property_next(&wire, &property)) {
    if (property.id != MIDGE_USER_PROPERTY) continue;
    char *name = strndup((const char *)property.name.data, property.name.size);
    json_t *value =
        json_stringn((const char *)property.value.data, property.value.size);
    json_t *before = json_object_get(object, name);
    if (json_is_array(before)) {
      json_array_append_new(before, value);
    } else if (before != NULL) {
      json_object_set_new(object, name, json_pack("[O, o]", before, value));
    } else {
      json_object_set_new(object, name, value);
    }
    free(name);
  }
  return object;
}

/* In mosquitto's order, whatever the server's was. */
static json_t *properties_of(midge_slice wire) {
  static const midge_property_id order[] = {
      MIDGE_CONTENT_TYPE,
      MIDGE_CORRELATION_DATA,
      MIDGE_RESPONSE_TOPIC,
      MIDGE_TOPIC_ALIAS,
      MIDGE_PAYLOAD_FORMAT_INDICATOR,
      MIDGE_MESSAGE_EXPIRY_INTERVAL,
      MIDGE_SUBSCRIPTION_IDENTIFIER,
  };
  json_t *object = json_object();
  midge_property property;
  if (midge_property_find(wire, MIDGE_USER_PROPERTY, &property))
    json_object_set_new(object, "user-properties", user_properties(wire));
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    char name[48];
    if (!midge_property_find(wire, order[i], &property)) continue;
    property_name(order[i], name, sizeof name);
    if (property.value.data != NULL)
      set_bytes(object, name, property.value);
    else
      json_object_set_new(object, name, json_integer(property.number));
  }
  return object;
}

void json_print(FILE *out, const midge_event *event, const char *time, bool raw,
                bool pretty) {
  midge_slice payload = event->message.payload;
  json_t *object = json_pack("{s:s}", "tst", time);
  set_text(object, "topic", event->message.topic);
  json_object_set_new(object, "qos", json_integer(event->message.qos));
  json_object_set_new(object, "retain", json_integer(event->message.retain));
  json_object_set_new(object, "payloadlen",
                      json_integer((json_int_t)payload.size));
  if (event->message.qos != MIDGE_AT_MOST_ONCE)
    json_object_set_new(object, "mid", json_integer(event->message.packet_id));
  if (event->properties.size != 0)
    json_object_set_new(object, "properties", properties_of(event->properties));
  if (!raw) set_bytes(object, "payload", payload);
  char *text = json_dumps(object, pretty ? JSON_INDENT(2) : JSON_COMPACT);
  json_decref(object);
  if (text == NULL) return;
  if (raw) {
    text[strlen(text) - (pretty ? 2 : 1)] = '\0'; /* the last brace */
    fprintf(out, "%s%s", text, pretty ? ",\n  \"payload\": " : ",\"payload\":");
    fwrite(payload.data, 1, payload.size, out);
    fputs(pretty ? "\n}" : "}", out);
  } else {
    fputs(text, out);
  }
  free(text);
}

static void print_line(FILE *out, json_t *object) {
  json_dumpf(object, out, JSON_COMPACT);
  fputc('\n', out);
  json_decref(object);
}

static void set_number(json_t *object, const char *name, uint64_t number) {
  json_object_set_new(object, name, json_integer((json_int_t)number));
}

/* The key is text: not every reader of JSON has whole numbers of 64 bits. */
void json_print_stored(FILE *out, const midge_stored *stored, bool payload) {
  const midge_publish *publish = &stored->publish;
  char key[24];
  snprintf(key, sizeof key, "%llu", (unsigned long long)stored->key);
  json_t *object = json_pack("{s:s, s:s}", "key", key, "state",
                             midge_stored_name(stored->kind));
  if (stored->kind != MIDGE_STORED_DAMAGED) {
    set_text(object, "topic", publish->topic);
    set_number(object, "qos", publish->qos);
    set_number(object, "retain", publish->retain);
  }
  if (stored->packet_id != 0) set_number(object, "mid", stored->packet_id);
  set_number(object, "payloadlen", publish->payload.size);
  if (stored->properties.size != 0)
    json_object_set_new(object, "properties",
                        properties_of(stored->properties));
  if (payload) set_bytes(object, "payload", publish->payload);
  print_line(out, object);
}

void json_print_report(FILE *out, const midge_store_report *report,
                       bool whole) {
  json_t *object = json_object();
  for (int i = 0; i < MIDGE_STORED_KINDS; i++) {
    json_t *kind = json_object();
    set_number(kind, "messages", report->kinds[i].messages);
    set_number(kind, "bytes", report->kinds[i].bytes);
    json_object_set_new(object, midge_stored_name((midge_stored_kind)i), kind);
  }
  if (whole) {
    set_number(object, "notSetAside", report->noticed);
    json_object_set_new(object, "session", json_boolean(report->has_session));
    json_object_set_new(object, "locked", json_boolean(report->is_locked));
    if (report->is_locked) set_number(object, "process", report->locked_by);
    set_number(object, "fileBytes", report->bytes);
    set_number(object, "usedBytes", report->bytes_used);
    set_number(object, "freeBytes", report->bytes_free);
  }
  print_line(out, object);
}

bool json_is_valid(midge_slice text) {
  if (text.size == 0) return false;
  json_t *value =
      json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY, NULL);
  json_decref(value);
  return value != NULL;
}
