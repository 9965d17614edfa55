#include "codec/property.h"

#include "codec/topic.h"

static const midge_property_row rows[] = {
#define ROW(name, id, type, packets, low, high, many, js) \
  [id] = {MIDGE_##name, MIDGE_TYPE_##type, packets, low, high, many, js},
    MIDGE_PROPERTY_MAP(ROW)
#undef ROW
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };
_Static_assert(ROW_COUNT <= 64, "a set of properties is a 64-bit word");

const midge_property_row *midge_property_look_up(uint32_t id) {
  return id < ROW_COUNT && rows[id].packets != 0 ? &rows[id] : NULL;
}

static bool is_allowed(const midge_property_row *row, unsigned packet) {
  return row != NULL && (row->packets >> packet & 1) != 0;
}

static bool is_repeatable(const midge_property_row *row, unsigned packet) {
  return row->many ||
         (row->id == MIDGE_SUBSCRIPTION_IDENTIFIER && packet == MIDGE_PUBLISH);
}

/* Whether the value is a number, as opposed to bytes. */
static bool is_number(const midge_property_row *row) {
  return row->type <= MIDGE_TYPE_VARIABLE;
}

static uint32_t read_number(midge_cursor *cursor, midge_property_type type) {
  if (type == MIDGE_TYPE_TWO_BYTES) return midge_read_two_bytes(cursor);
  if (type == MIDGE_TYPE_FOUR_BYTES) return midge_read_four_bytes(cursor);
  if (type == MIDGE_TYPE_VARIABLE) return midge_read_variable(cursor);
  return midge_read_byte(cursor);
}

static void write_number(midge_writer *writer, midge_property_type type,
                         uint32_t number) {
  if (type == MIDGE_TYPE_TWO_BYTES)
    midge_write_two_bytes(writer, number);
  else if (type == MIDGE_TYPE_FOUR_BYTES)
    midge_write_four_bytes(writer, number);
  else if (type == MIDGE_TYPE_VARIABLE)
    midge_write_variable(writer, number);
  else
    midge_write_byte(writer, (uint8_t)number);
}

/* One property as it stands there. Returns its row; null if its identifier is
 * unknown. All identifiers fit into one byte, though they could have four. */
static const midge_property_row *read_property(midge_cursor *cursor,
                                               midge_property *property) {
  const midge_property_row *row =
      midge_property_look_up(midge_read_byte(cursor));
  *property = (midge_property){0};
  if (row == NULL) return NULL;

  property->id = row->id;
  if (is_number(row)) {
    property->number = read_number(cursor, row->type);
    return row;
  }
  if (row->type == MIDGE_TYPE_PAIR) property->name = midge_read_binary(cursor);
  property->value = midge_read_binary(cursor);
  return row;
}

static void write_property(midge_writer *writer,
                           const midge_property *property) {
  const midge_property_row *row = midge_property_look_up(property->id);
  midge_write_byte(writer, (uint8_t)property->id);
  if (is_number(row)) {
    write_number(writer, row->type, property->number);
    return;
  }
  if (row->type == MIDGE_TYPE_PAIR) midge_write_binary(writer, property->name);
  midge_write_binary(writer, property->value);
}

static void judge_number(midge_cursor *cursor, const midge_property_row *row,
                         uint32_t number) {
  if (number >= row->low && number <= row->high) return;
  midge_reason reason = row->id == MIDGE_TOPIC_ALIAS
                            ? MIDGE_REASON_TOPIC_ALIAS_INVALID
                            : MIDGE_REASON_PROTOCOL_ERROR;
  midge_cursor_fail(cursor, reason, "a property value out of range");
}

/* [MQTT-3.3.2-13, -14]: a response topic is a topic name. */
static void judge_response_topic(midge_cursor *cursor, midge_slice topic) {
  if (topic.size == 0)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "an empty response topic");
  midge_judge_topic(cursor, topic);
}

static void judge_value(midge_cursor *cursor, const midge_property_row *row,
                        const midge_property *property) {
  if (is_number(row)) {
    judge_number(cursor, row, property->number);
  } else if (row->id == MIDGE_RESPONSE_TOPIC) {
    judge_response_topic(cursor, property->value);
  } else if (row->type != MIDGE_TYPE_BINARY) {
    midge_judge_text(cursor, property->name);
    midge_judge_text(cursor, property->value);
  }
}

/* Authentication data needs a method: MQTT 5, section 3.1.2.11.10. */
static bool is_data_without_method(uint64_t seen) {
  return (seen >> MIDGE_AUTHENTICATION_DATA & 1) != 0 &&
         (seen >> MIDGE_AUTHENTICATION_METHOD & 1) == 0;
}

/* Rules that look at more than one property. */
static void judge_set(midge_cursor *cursor, uint64_t seen, unsigned packet) {
  if (packet == MIDGE_CONNECT && is_data_without_method(seen))
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "authentication data without a method");
  if (packet == MIDGE_AUTH && (seen >> MIDGE_AUTHENTICATION_METHOD & 1) == 0)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "AUTH without an authentication method");
}

/* MQTT 5, 2.2.2.2: what is not valid for the packet type is malformed; what
 * comes twice and a value out of range are protocol errors. */
static void judge_properties(midge_cursor *cursor, unsigned packet) {
  uint64_t seen = 0;
  while (midge_cursor_left(cursor) != 0) {
    midge_property property;
    const midge_property_row *row = read_property(cursor, &property);
    if (!is_allowed(row, packet)) {
      midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                        "a property that this packet cannot carry");
      return;
    }
    judge_value(cursor, row, &property);
    if ((seen >> row->id & 1) != 0 && !is_repeatable(row, packet))
      midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                        "the same property twice");
    seen |= UINT64_C(1) << row->id;
  }
  judge_set(cursor, seen, packet);
}

midge_slice midge_read_properties(midge_cursor *cursor, unsigned packet) {
  if (cursor->version != MIDGE_MQTT_5) return MIDGE_NO_SLICE;
  midge_slice wire = midge_read_bytes(cursor, midge_read_variable(cursor));
  if (cursor->fault != NULL || (wire.size == 0 && packet != MIDGE_AUTH))
    return wire;

  midge_cursor inside = *cursor;
  inside.at = wire.data;
  inside.end = wire.data + wire.size;
  judge_properties(&inside, packet);
  if (inside.fault != NULL)
    midge_cursor_fail(cursor, inside.reason, inside.fault);
  return wire;
}

void midge_write_properties(midge_writer *writer, midge_slice wire) {
  if (writer->version != MIDGE_MQTT_5) return;
  midge_write_variable(writer, wire.size);
  midge_write_bytes(writer, wire);
}

bool midge_property_next(midge_slice *rest, midge_property *property) {
  if (rest->size == 0) return false;
  midge_cursor cursor = {.at = rest->data, .end = rest->data + rest->size};
  if (read_property(&cursor, property) == NULL || cursor.fault != NULL)
    return false;
  *rest = midge_slice_of(cursor.at, midge_cursor_left(&cursor));
  return true;
}

bool midge_property_find(midge_slice wire, midge_property_id id,
                         midge_property *property) {
  while (midge_property_next(&wire, property))
    if (property->id == id) return true;
  return false;
}

static midge_status check_value(const midge_property_row *row,
                                const midge_property *property) {
  if (is_number(row)) {
    bool in_range =
        property->number >= row->low && property->number <= row->high;
    return in_range ? MIDGE_OK : MIDGE_EINVAL;
  }
  if (row->id == MIDGE_RESPONSE_TOPIC)
    return midge_topic_check(property->value, MIDGE_TEXT_LENIENT);
  if (row->type == MIDGE_TYPE_BINARY)
    return property->value.size <= UINT16_MAX ? MIDGE_OK : MIDGE_EINVAL;

  midge_status status = midge_text_check(property->name, MIDGE_TEXT_LENIENT);
  if (status != MIDGE_OK) return status;
  return midge_text_check(property->value, MIDGE_TEXT_LENIENT);
}

midge_status midge_properties_check(midge_properties list, unsigned packet) {
  uint64_t seen = 0;
  for (size_t i = 0; i < list.count; i++) {
    const midge_property_row *row = midge_property_look_up(list.list[i].id);
    if (!is_allowed(row, packet)) return MIDGE_EINVAL;
    if ((seen >> row->id & 1) != 0 && !is_repeatable(row, packet))
      return MIDGE_EINVAL;
    seen |= UINT64_C(1) << row->id;

    midge_status status = check_value(row, &list.list[i]);
    if (status != MIDGE_OK) return status;
  }
  if (packet == MIDGE_CONNECT && is_data_without_method(seen))
    return MIDGE_EINVAL;
  return MIDGE_OK;
}

static void write_list(midge_writer *writer, midge_properties list) {
  for (size_t i = 0; i < list.count; i++) write_property(writer, &list.list[i]);
}

size_t midge_properties_size(midge_properties list) {
  midge_writer writer = {.to = NULL};
  write_list(&writer, list);
  return writer.size;
}

uint8_t *midge_properties_encode(midge_properties list, uint8_t *to) {
  midge_writer writer = {.to = to};
  write_list(&writer, list);
  return to + writer.size;
}
