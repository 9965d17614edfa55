#include "decode.h"

#include <string.h>

#include "check.h"

/* The bytes in a block of their own, so that a sanitizer sees who reads on. */
static uint8_t *alone(midge_slice bytes) {
  uint8_t *copy = malloc(bytes.size != 0 ? bytes.size : 1);
  CHECK(copy != NULL);
  if (bytes.size != 0) memcpy(copy, bytes.data, bytes.size);
  return copy;
}

static midge_decode_result decode(const midge_decode_options *options,
                                  midge_slice bytes, midge_packet *packet) {
  midge_decode_result result = midge_packet_decode(options, bytes, packet);
  bool refused = result.outcome == MIDGE_REFUSED;
  CHECK(refused == (result.text != NULL));
  CHECK(refused == (result.reason >= 0x80));
  CHECK(!refused || midge_reason_text(result.reason) != NULL);
  CHECK(!refused || result.size == 0);
  CHECK(result.outcome != MIDGE_DECODED || result.size <= bytes.size);
  CHECK(result.outcome != MIDGE_NEED_MORE || result.size == 0 ||
        result.size > bytes.size);
  return result;
}

/* encode(decode(x)) == x */
static void check_round_trip(midge_version version, const midge_packet *packet,
                             midge_slice bytes) {
  CHECK(midge_packet_size(version, packet) == bytes.size);
  uint8_t *again = malloc(bytes.size);
  CHECK(again != NULL);
  CHECK(midge_packet_encode(version, packet, again) == again + bytes.size);
  CHECK(memcmp(again, bytes.data, bytes.size) == 0);
  free(again);
}

/* What was read one by one and is written one by one is the same again. */
static void check_properties(midge_slice wire) {
  midge_property property;
  midge_slice rest = wire;
  size_t size = 0;
  while (midge_property_next(&rest, &property)) {
    midge_properties list = {&property, 1};
    CHECK(midge_property_look_up(property.id) != NULL);
    size_t one = midge_properties_size(list);
    CHECK(size + one + rest.size == wire.size);
    uint8_t *again = malloc(one);
    CHECK(again != NULL);
    CHECK(midge_properties_encode(list, again) == again + one);
    CHECK(memcmp(again, wire.data + size, one) == 0);
    free(again);
    size += one;
  }
  CHECK(size == wire.size);
}

static void check_filters(midge_version version, midge_slice rest,
                          midge_packet_type type) {
  midge_packet_filter filter;
  size_t count = 0;
  while (midge_filter_next(&rest, type, &filter)) {
    bool fine =
        midge_filter_check(filter.filter, MIDGE_TEXT_LENIENT) == MIDGE_OK;
    /* `$share/` is not special before MQTT 5. */
    CHECK(fine ||
          (version != MIDGE_MQTT_5 && midge_filter_is_shared(filter.filter)));
    count++;
  }
  CHECK(rest.size == 0);
  CHECK(count != 0);
}

static void check_packet(midge_version version, const midge_packet *packet) {
  check_properties(packet->properties);
  if (packet->type == MIDGE_CONNECT && packet->connect.has_will)
    check_properties(packet->connect.will.properties);
  if (packet->type == MIDGE_SUBSCRIBE)
    check_filters(version, packet->subscribe.filters, packet->type);
  if (packet->type == MIDGE_UNSUBSCRIBE)
    check_filters(version, packet->unsubscribe.filters, packet->type);
  if (packet->type == MIDGE_PUBLISH && packet->publish.topic.size != 0)
    CHECK(midge_topic_check(packet->publish.topic, MIDGE_TEXT_LENIENT) ==
          MIDGE_OK);
}

/* What comes in pieces is judged as it would be whole, if not earlier. */
static void check_prefixes(const midge_decode_options *options,
                           midge_slice bytes,
                           const midge_decode_result *whole) {
  enum { PREFIXES_MAX = 8 }; /* the fixed header and a bit */
  midge_packet packet;
  size_t longest = bytes.size < PREFIXES_MAX ? bytes.size : PREFIXES_MAX;
  for (size_t size = 0; size < longest; size++) {
    midge_slice prefix = {bytes.data, size};
    midge_decode_result result = decode(options, prefix, &packet);
    if (whole->outcome == MIDGE_DECODED && size < whole->size)
      CHECK(result.outcome == MIDGE_NEED_MORE);
    if (result.outcome != MIDGE_REFUSED) continue;
    CHECK(whole->outcome == MIDGE_REFUSED);
    CHECK(whole->reason == result.reason);
  }
}

/* The first packet. Returns its size; 0 if there is none. */
static size_t decode_one(const midge_decode_options *options,
                         midge_slice stream) {
  midge_packet packet;
  midge_decode_result result = decode(options, stream, &packet);
  check_prefixes(options, stream, &result);
  if (result.outcome != MIDGE_DECODED) return 0;

  uint8_t *copy = alone((midge_slice){stream.data, result.size});
  midge_slice bytes = {copy, result.size};
  midge_decode_result again = decode(options, bytes, &packet);
  CHECK(again.outcome == MIDGE_DECODED && again.size == result.size);
  check_round_trip(options->version, &packet, bytes);
  check_packet(
      packet.type == MIDGE_CONNECT ? packet.connect.version : options->version,
      &packet);

  midge_decode_options tight = *options;
  tight.packet_size_max = (uint32_t)result.size;
  CHECK(decode(&tight, bytes, &packet).outcome == MIDGE_DECODED);
  tight.packet_size_max--;
  CHECK(decode(&tight, bytes, &packet).reason == MIDGE_REASON_PACKET_TOO_LARGE);
  free(copy);
  return result.size;
}

void decode_stream(midge_version version, midge_slice stream) {
  midge_decode_options lenient = {.version = version,
                                  .text = MIDGE_TEXT_LENIENT};
  midge_decode_options strict = {.version = version};
  size_t size;
  do {
    size = decode_one(&lenient, stream);
    size_t also = decode_one(&strict, stream);
    CHECK(also == 0 || also == size);
    stream.data += size;
    stream.size -= size;
  } while (size != 0 && stream.size != 0);
}
