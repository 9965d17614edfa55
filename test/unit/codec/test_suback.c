/* SUBACK and UNSUBACK. */
#include "expect.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

static void every_field_is_read(void **state) {
  (void)state;
  midge_packet packet =
      accept(MIDGE_MQTT_5, "90 0a 01 02 04 1f 00 01 'r' 00 01 87");
  assert_int_equal(packet.suback.packet_id, 0x102);
  assert_int_equal(packet.properties.size, 4);
  assert_int_equal(packet.suback.reasons.size, 3);
  assert_int_equal(packet.suback.reasons.data[2], 0x87);
  packet = accept(MIDGE_MQTT_5, "b0 05 01 02 00 00 11");
  assert_int_equal(packet.unsuback.packet_id, 0x102);
  assert_int_equal(packet.unsuback.reasons.size, 2);
  packet = accept(MIDGE_MQTT_3_1_1, "b0 02 01 02");
  assert_int_equal(packet.unsuback.reasons.size, 0);
}

/* A client must never see a list shorter than the one it asked with. */
static void no_reason_code_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "90 03 00 0a 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1_1, "90 02 00 0a", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1, "90 02 00 0a", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "b0 03 00 0a 00", PROTOCOL_ERROR);
}

/* [MQTT-3.9.3-2]: by version, each of 256. */
static void foreign_reason_codes_are_refused(void **state) {
  (void)state;
  for (int i = 0; i <= MIDGE_MQTT_3_1; i++)
    for (unsigned code = 0; code < 256; code++) {
      bool fine = code <= 2;
      if (i == MIDGE_MQTT_3_1_1) fine = fine || code == 0x80;
      if (i == MIDGE_MQTT_5)
        fine = fine || code == 0x80 || code == 0x83 || code == 0x87 ||
               code == 0x8F || code == 0x91 || code == 0x97 || code == 0x9E ||
               code == 0xA1 || code == 0xA2;
      const uint8_t of_5[] = {0x90, 5, 0, 10, 0, 0, (uint8_t)code};
      const uint8_t of_3[] = {0x90, 4, 0, 10, 0, (uint8_t)code};
      midge_slice bytes = i == MIDGE_MQTT_5 ? (midge_slice){of_5, sizeof of_5}
                                            : (midge_slice){of_3, sizeof of_3};
      midge_packet packet;
      midge_decode_result result = midge_packet_decode(
          &(midge_decode_options){.version = (midge_version)i}, bytes, &packet);
      assert_int_equal(result.outcome, fine ? MIDGE_DECODED : MIDGE_REFUSED);
      if (!fine) assert_int_equal(result.reason, PROTOCOL_ERROR);
    }
  refuse(MIDGE_MQTT_5, "b0 04 00 0a 00 01", PROTOCOL_ERROR);
}

static void packet_identifier_0_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "90 04 00 00 00 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1_1, "b0 02 00 00", PROTOCOL_ERROR);
}

static void unsuback_has_no_codes_before_mqtt_5(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_3_1_1, "b0 03 00 0a 00", MALFORMED);
  midge_packet packet = {.type = MIDGE_UNSUBACK};
  packet.unsuback.packet_id = 10;
  packet.unsuback.reasons = MIDGE_TEXT("\0\0");
  expect_written(MIDGE_MQTT_3_1_1, &packet, "b0 02 00 0a");
  expect_written(MIDGE_MQTT_5, &packet, "b0 05 00 0a 00 00 00");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_field_is_read),
      cmocka_unit_test(no_reason_code_is_refused),
      cmocka_unit_test(foreign_reason_codes_are_refused),
      cmocka_unit_test(packet_identifier_0_is_refused),
      cmocka_unit_test(unsuback_has_no_codes_before_mqtt_5),
  };
  return cmocka_run_group_tests_name("suback", tests, NULL, NULL);
}
