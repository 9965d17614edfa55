#include "recording.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "properties.h"

enum { VERSION = 1 };

/* --- Writing --- */

static void print_line(FILE *out, json_t *object) {
  json_dumpf(object, out, JSON_COMPACT);
  fputc('\n', out);
  json_decref(object);
}

static json_t *text_value(midge_slice text) {
  const char *data = text.size == 0 ? "" : (const char *)text.data;
  return json_stringn(data, text.size);
}

static void set_bytes(json_t *object, const char *name, midge_slice bytes) {
  json_t *text = text_value(bytes);
  if (text != NULL) {
    json_object_set_new(object, name, text);
    return;
  }
  char other[64], *encoded = base64_encode(bytes);
  snprintf(other, sizeof other, "%s-base64", name);
  json_object_set_new(object, other, json_string(encoded));
  free(encoded);
}

static void set_property(json_t *object, const midge_property *property) {
  char name[48];
  property_name(property->id, name, sizeof name);
  if (property->id == MIDGE_USER_PROPERTY) {
    json_t *pairs = json_object_get(object, name);
    if (pairs == NULL) {
      pairs = json_array();
      json_object_set_new(object, name, pairs);
    }
    json_array_append_new(pairs, json_pack("[o, o]", text_value(property->name),
                                           text_value(property->value)));
  } else if (property->value.data != NULL) {
    set_bytes(object, name, property->value);
  } else {
    json_object_set_new(object, name, json_integer(property->number));
  }
}

static json_t *properties_of(midge_slice wire) {
  json_t *object = json_object();
  midge_property property;
  while (midge_property_next(&wire, &property)) {
    if (property.id == MIDGE_TOPIC_ALIAS ||
        property.id == MIDGE_SUBSCRIPTION_IDENTIFIER)
      continue;
    set_property(object, &property);
  }
  return object;
}

void recording_begin(FILE *out, const texts *filters) {
  char began[32];
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(began, sizeof began, "%Y-%m-%dT%H:%M:%SZ", &utc);
  json_t *list = json_array();
  for (size_t i = 0; i < filters->count; i++)
    json_array_append_new(list, text_value(filters->list[i]));
  print_line(out, json_pack("{s:i, s:s, s:o}", "midge-recording", VERSION,
                            "began", began, "filters", list));
}

void recording_write(FILE *out, const midge_event *event, uint64_t at_us) {
  json_t *object = json_pack("{s:I, s:o}", "at", (json_int_t)at_us, "topic",
                             text_value(event->message.topic));
  if (event->message.payload.size != 0)
    set_bytes(object, "payload", event->message.payload);
  if (event->message.qos != MIDGE_AT_MOST_ONCE)
    json_object_set_new(object, "qos", json_integer(event->message.qos));
  if (event->message.retain) json_object_set_new(object, "retain", json_true());
  json_t *properties = properties_of(event->properties);
  if (json_object_size(properties) != 0)
    json_object_set(object, "properties", properties);
  json_decref(properties);
  print_line(out, object);
}

/* --- Reading --- */

static json_t *load(midge_slice line) {
  return json_loadb((const char *)line.data, line.size, JSON_ALLOW_NUL, NULL);
}

const char *recording_check(midge_slice line) {
  json_t *object = load(line);
  json_t *version = json_object_get(object, "midge-recording");
  json_int_t number = json_integer_value(version);
  bool is_one = json_is_integer(version);
  json_decref(object);
  if (!is_one)
    return "this is no recording: the first line of what midge record writes "
           "begins with {\"midge-recording\":1";
  return number == VERSION ? NULL
                           : "a newer midge made this recording: update midge";
}

static midge_slice slice_of(const json_t *text) {
  return (midge_slice){(const uint8_t *)json_string_value(text),
                       json_string_length(text)};
}

/* The decoded bytes of a line are fewer than its letters. */
static bool decode(cli_recorded *to, const json_t *text, midge_slice *bytes) {
  uint8_t *at = to->bytes + to->bytes_used;
  if (!json_is_string(text)) return false;
  long size =
      base64_decode(json_string_value(text), json_string_length(text), at);
  if (size < 0) return false;
  *bytes = (midge_slice){at, (size_t)size};
  to->bytes_used += (size_t)size + 2; /* the padding's */
  return true;
}

static bool read_pairs(cli_recorded *to, const json_t *pairs, size_t *count) {
  if (!json_is_array(pairs)) return false;
  for (size_t i = 0; i < json_array_size(pairs); i++) {
    const json_t *pair = json_array_get(pairs, i);
    const json_t *name = json_array_get(pair, 0);
    const json_t *value = json_array_get(pair, 1);
    if (!json_is_string(name) || !json_is_string(value)) return false;
    to->properties[(*count)++] = (midge_property){
        MIDGE_USER_PROPERTY, .name = slice_of(name), .value = slice_of(value)};
  }
  return true;
}

/* Whether it may stand there is for midge_publish_check to say. */
static bool read_property(cli_recorded *to, const char *key, const json_t *from,
                          size_t *count) {
  char name[64];
  snprintf(name, sizeof name, "%s", key);
  char *tail = strstr(name, "-base64");
  if (tail != NULL) *tail = '\0';
  const midge_property_row *row = property_row(name);
  if (row == NULL) return false;
  if (row->type == MIDGE_TYPE_PAIR) return read_pairs(to, from, count);
  midge_property *property = &to->properties[(*count)++];
  *property = (midge_property){.id = row->id};
  if (!property_is_number(row->type)) {
    property->value = slice_of(from);
    return tail == NULL ? json_is_string(from)
                        : decode(to, from, &property->value);
  }
  json_int_t number = json_integer_value(from);
  property->number = (uint32_t)number;
  return json_is_integer(from) && number >= 0 && number <= UINT32_MAX;
}

static bool read_properties(cli_recorded *to, json_t *object) {
  const char *key;
  json_t *value;
  size_t most = 0, count = 0;
  if (object == NULL) return true;
  if (!json_is_object(object)) return false;
  json_object_foreach(object, key, value) most += 1 + json_array_size(value);
  to->properties = calloc(most + 1, sizeof *to->properties);
  if (to->properties == NULL) return false;
  json_object_foreach(object, key, value) {
    if (!read_property(to, key, value, &count)) return false;
  }
  to->publish.properties = (midge_properties){to->properties, count};
  return true;
}

static bool read_payload(cli_recorded *to, const json_t *object) {
  const json_t *text = json_object_get(object, "payload");
  const json_t *encoded = json_object_get(object, "payload-base64");
  if (encoded != NULL)
    return text == NULL && decode(to, encoded, &to->publish.payload);
  to->publish.payload = slice_of(text);
  return text == NULL || json_is_string(text);
}

const char *recording_read(midge_slice line, cli_recorded *to) {
  *to = (cli_recorded){.json = load(line), .bytes = malloc(line.size + 4)};
  if (to->json == NULL) return "it is cut off, or no JSON";
  if (to->bytes == NULL) return midge_status_text(MIDGE_ENOMEM);
  const json_t *at = json_object_get(to->json, "at");
  const json_t *topic = json_object_get(to->json, "topic");
  const json_t *qos = json_object_get(to->json, "qos");
  const json_t *retain = json_object_get(to->json, "retain");
  if (!json_is_integer(at) || json_integer_value(at) < 0)
    return "\"at\" is not a number of microseconds";
  if (!json_is_string(topic)) return "\"topic\" is not there, or no text";
  if (qos != NULL && (!json_is_integer(qos) || json_integer_value(qos) < 0 ||
                      json_integer_value(qos) > 2))
    return "\"qos\" is not 0, 1 or 2";
  if (retain != NULL && !json_is_boolean(retain))
    return "\"retain\" is not true or false";
  to->at_us = (uint64_t)json_integer_value(at);
  to->publish.topic = slice_of(topic);
  to->publish.qos = (midge_qos)json_integer_value(qos);
  to->publish.retain = json_is_true(retain);
  if (!read_payload(to, to->json))
    return "\"payload\" is no text, or \"payload-base64\" no base64";
  if (!read_properties(to, json_object_get(to->json, "properties")))
    return "\"properties\" are not what -D knows";
  return NULL;
}

void recorded_free(cli_recorded *recorded) {
  json_decref(recorded->json);
  free(recorded->properties);
  free(recorded->bytes);
  *recorded = (cli_recorded){0};
}
