/* The fixed header, judged before the rest is in. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "notation.h"

static const midge_version versions[] = {MIDGE_MQTT_5, MIDGE_MQTT_3_1_1,
                                         MIDGE_MQTT_3_1};

static midge_decode_result look(midge_version version, uint32_t size_max,
                                const char *notation) {
  midge_decode_options options = {.version = version,
                                  .packet_size_max = size_max};
  midge_packet packet;
  size_t size;
  uint8_t *bytes = notation_read(notation, &size);
  midge_decode_result result =
      midge_packet_decode(&options, (midge_slice){bytes, size}, &packet);
  free(bytes);
  return result;
}

static void wait_for(midge_version version, const char *notation, size_t size) {
  midge_decode_result result = look(version, 0, notation);
  if (result.outcome != MIDGE_NEED_MORE) fail_msg("%s", notation);
  assert_int_equal(result.size, size);
}

static void nothing_is_waited_on(void **state) {
  (void)state;
  midge_packet packet;
  midge_decode_result result = midge_packet_decode(
      &(midge_decode_options){0}, (midge_slice){NULL, 0}, &packet);
  assert_int_equal(result.outcome, MIDGE_NEED_MORE);
  assert_int_equal(result.size, 0);
}

static void type_0_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < 3; i++)
    for (unsigned flags = 0; flags < 16; flags++) {
      const char digits[] = "0123456789abcdef";
      const char notation[] = {'0', digits[flags], 0};
      refuse(versions[i], notation, MIDGE_REASON_MALFORMED_PACKET);
    }
}

static void auth_is_unknown_before_mqtt_5(void **state) {
  (void)state;
  wait_for(MIDGE_MQTT_5, "f0", 0);
  refuse(MIDGE_MQTT_3_1_1, "f0", MIDGE_REASON_MALFORMED_PACKET);
  refuse(MIDGE_MQTT_3_1, "f0", MIDGE_REASON_MALFORMED_PACKET);
}

/* [MQTT-2.1.3-1]: the whole table, from the first byte alone. */
static void reserved_flags_are_refused_at_once(void **state) {
  (void)state;
  static const uint8_t wanted[16] = {
      [MIDGE_PUBREL] = 2, [MIDGE_SUBSCRIBE] = 2, [MIDGE_UNSUBSCRIBE] = 2};
  for (size_t i = 0; i < 3; i++)
    for (unsigned byte = 0x10; byte < 0xF0; byte++) {
      unsigned type = byte >> 4, flags = byte & 15;
      bool fine = flags == wanted[type];
      if (versions[i] == MIDGE_MQTT_3_1 && wanted[type] == 2)
        fine = (flags & 7) == 2;
      if (type == MIDGE_PUBLISH) fine = (flags & 6) != 6;
      uint8_t bytes[1] = {(uint8_t)byte};
      midge_packet packet;
      midge_decode_result result =
          midge_packet_decode(&(midge_decode_options){.version = versions[i]},
                              (midge_slice){bytes, 1}, &packet);
      assert_int_equal(result.outcome, fine ? MIDGE_NEED_MORE : MIDGE_REFUSED);
      if (!fine) assert_int_equal(result.reason, MIDGE_REASON_MALFORMED_PACKET);
    }
}

static void a_remaining_length_comes_byte_by_byte(void **state) {
  (void)state;
  wait_for(MIDGE_MQTT_5, "30", 0);
  wait_for(MIDGE_MQTT_5, "30 80", 0);
  wait_for(MIDGE_MQTT_5, "30 ff ff", 0);
  wait_for(MIDGE_MQTT_5, "30 ff ff ff", 0);
  wait_for(MIDGE_MQTT_5, "30 7f", 129);
  wait_for(MIDGE_MQTT_5, "30 80 01", 131);
  wait_for(MIDGE_MQTT_5, "30 ff 7f", 16386);
  wait_for(MIDGE_MQTT_5, "30 80 80 01", 16388);
  wait_for(MIDGE_MQTT_5, "30 ff ff 7f", 2097155);
  wait_for(MIDGE_MQTT_5, "30 80 80 80 01", 2097157);
  wait_for(MIDGE_MQTT_5, "30 ff ff ff 7f", 268435460);
}

static void a_remaining_length_of_five_bytes_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    refuse(versions[i], "30 ff ff ff ff", MIDGE_REASON_MALFORMED_PACKET);
    refuse(versions[i], "30 ff ff ff ff 01", MIDGE_REASON_MALFORMED_PACKET);
    refuse(versions[i], "30 80 80 80 80", MIDGE_REASON_MALFORMED_PACKET);
  }
}

/* [MQTT-1.5.5-1]. */
static void a_remaining_length_with_a_useless_byte_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    refuse(versions[i], "d0 80 00", MIDGE_REASON_MALFORMED_PACKET);
    refuse(versions[i], "30 85 00 00 01 't' 00 'x'",
           MIDGE_REASON_MALFORMED_PACKET);
    refuse(versions[i], "30 80 80 00", MIDGE_REASON_MALFORMED_PACKET);
    refuse(versions[i], "30 80 80 80 00", MIDGE_REASON_MALFORMED_PACKET);
  }
}

static void a_packet_too_large_is_refused_by_its_header(void **state) {
  (void)state;
  midge_decode_result result = look(MIDGE_MQTT_5, 131, "30 80 01");
  assert_int_equal(result.outcome, MIDGE_NEED_MORE);
  result = look(MIDGE_MQTT_5, 130, "30 80 01");
  assert_int_equal(result.outcome, MIDGE_REFUSED);
  assert_int_equal(result.reason, MIDGE_REASON_PACKET_TOO_LARGE);
  result = look(MIDGE_MQTT_3_1_1, 1000, "30 ff ff ff 7f");
  assert_int_equal(result.reason, MIDGE_REASON_PACKET_TOO_LARGE);
  result = look(MIDGE_MQTT_5, 1, "d0 00");
  assert_int_equal(result.reason, MIDGE_REASON_PACKET_TOO_LARGE);
  result = look(MIDGE_MQTT_5, 2, "d0 00");
  assert_int_equal(result.outcome, MIDGE_DECODED);
}

/* What is shorter than the fields that a type must have, or longer than it can
 * be, is refused before its body is there. */
static void lengths_that_a_type_cannot_have_are_refused(void **state) {
  (void)state;
  const midge_reason malformed = MIDGE_REASON_MALFORMED_PACKET;
  const char *any[] = {"10 0b", "20 01", "30 01", "40 01",   "50 01",
                       "62 00", "70 01", "82 01", "90 01",   "a2 01",
                       "b0 01", "c0 01", "d0 01", "d0 80 01"};
  for (size_t i = 0; i < sizeof any / sizeof *any; i++)
    for (size_t j = 0; j < 3; j++) refuse(versions[j], any[i], malformed);

  const char *of_5[] = {"20 02", "30 02", "32 04", "34 04",
                        "82 02", "90 02", "a2 02", "b0 02"};
  for (size_t i = 0; i < sizeof of_5 / sizeof *of_5; i++)
    refuse(MIDGE_MQTT_5, of_5[i], malformed);

  const char *before_5[] = {"20 03", "32 03", "40 03", "50 03",
                            "62 04", "70 03", "b0 03", "e0 01"};
  for (size_t i = 0; i < sizeof before_5 / sizeof *before_5; i++)
    for (size_t j = 1; j < 3; j++) refuse(versions[j], before_5[i], malformed);
}

static void pings_are_two_bytes(void **state) {
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(accept(versions[i], "c0 00").type, MIDGE_PINGREQ);
    assert_int_equal(accept(versions[i], "d0 00").type, MIDGE_PINGRESP);
  }
}

static void a_packet_that_fits_no_length_has_no_size(void **state) {
  (void)state;
  static uint8_t byte;
  midge_packet packet = {.type = MIDGE_PUBLISH};
  packet.publish.topic = MIDGE_TEXT("t");
  /* Only measured, so there need not be that much. */
  packet.publish.payload = (midge_slice){&byte, 268435455 - 4};
  assert_int_equal(midge_packet_size(MIDGE_MQTT_5, &packet), 268435460);
  packet.publish.payload.size++;
  assert_int_equal(midge_packet_size(MIDGE_MQTT_5, &packet), 0);
  assert_int_equal(midge_packet_size(MIDGE_MQTT_3_1_1, &packet), 268435460);
  packet.publish.payload.size = 1;
  packet.publish.topic = (midge_slice){&byte, 65536};
  assert_int_equal(midge_packet_size(MIDGE_MQTT_5, &packet), 0);
  packet.publish.topic.size = 65535;
  assert_int_equal(midge_packet_size(MIDGE_MQTT_5, &packet),
                   1 + 3 + 2 + 65535 + 1 + 1);
}

static void every_length_of_length_is_written(void **state) {
  (void)state;
  const size_t lengths[] = {0,     1,       127,     128,    16383,
                            16384, 2097151, 2097152, 3000000};
  uint8_t *payload = calloc(1, 3000000);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    midge_packet packet = {.type = MIDGE_PUBLISH};
    packet.publish.topic = MIDGE_TEXT("t");
    packet.publish.payload = (midge_slice){payload, lengths[i]};
    size_t size = midge_packet_size(MIDGE_MQTT_5, &packet);
    uint8_t *bytes = malloc(size);
    assert_ptr_equal(midge_packet_encode(MIDGE_MQTT_5, &packet, bytes),
                     bytes + size);
    assert_true(
        survives(&(midge_decode_options){0}, (midge_slice){bytes, size}));
    free(bytes);
  }
  free(payload);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_waited_on),
      cmocka_unit_test(type_0_is_refused),
      cmocka_unit_test(auth_is_unknown_before_mqtt_5),
      cmocka_unit_test(reserved_flags_are_refused_at_once),
      cmocka_unit_test(a_remaining_length_comes_byte_by_byte),
      cmocka_unit_test(a_remaining_length_of_five_bytes_is_refused),
      cmocka_unit_test(a_remaining_length_with_a_useless_byte_is_refused),
      cmocka_unit_test(a_packet_too_large_is_refused_by_its_header),
      cmocka_unit_test(lengths_that_a_type_cannot_have_are_refused),
      cmocka_unit_test(pings_are_two_bytes),
      cmocka_unit_test(a_packet_that_fits_no_length_has_no_size),
      cmocka_unit_test(every_length_of_length_is_written),
  };
  return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
