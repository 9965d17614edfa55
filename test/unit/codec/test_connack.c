#include "expect.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

static void every_field_is_read(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5, "20 06 01 00 03 21 00 0a");
  assert_int_equal(packet.type, MIDGE_CONNACK);
  assert_true(packet.connack.session_present);
  assert_int_equal(packet.connack.reason, 0);
  assert_int_equal(packet.properties.size, 3);
  packet = accept(MIDGE_MQTT_3_1_1, "20 02 00 05");
  assert_false(packet.connack.session_present);
  assert_int_equal(packet.connack.reason, 5);
  assert_int_equal(packet.properties.size, 0);
}

/* [MQTT-3.2.2-1]. */
static void reserved_flags_are_refused(void **state) {
  (void)state;
  for (unsigned bit = 1; bit < 8; bit++) {
    uint8_t bytes[] = {0x20, 2, (uint8_t)(1u << bit), 0, 0};
    for (int i = 0; i <= MIDGE_MQTT_3_1; i++) {
      midge_decode_options options = {.version = (midge_version)i};
      midge_packet packet;
      bytes[1] = i == MIDGE_MQTT_5 ? 3 : 2;
      midge_decode_result result =
          midge_packet_decode(&options, (midge_slice){bytes, 5}, &packet);
      assert_int_equal(result.outcome, MIDGE_REFUSED);
      assert_int_equal(result.reason, MALFORMED);
    }
  }
}

/* [MQTT-3.2.2-6]. */
static void a_refusal_has_no_session(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "20 03 01 87 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1_1, "20 02 01 05", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1, "20 02 01 05", PROTOCOL_ERROR);
}

/* The flags come first, and a refusal with a session is told in its turn. */
static void of_two_faults_the_first_is_told(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "20 03 02 01 00", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "20 02 03 05", MALFORMED);
  refuse(MIDGE_MQTT_5, "20 05 01 87 02 99 00", PROTOCOL_ERROR);
}

static void unknown_reason_codes_are_refused_in_mqtt_5(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "20 03 00 01 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "20 03 00 05 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "20 03 00 ff 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "20 03 00 8b 00", PROTOCOL_ERROR); /* of DISCONNECT */
}

/* The session tells its user; nothing about them is ambiguous. */
static void any_return_code_is_read_before_mqtt_5(void **state) {
  (void)state;
  assert_int_equal(accept(MIDGE_MQTT_3_1_1, "20 02 00 06").connack.reason, 6);
  assert_int_equal(accept(MIDGE_MQTT_3_1_1, "20 02 00 ff").connack.reason, 255);
  assert_int_equal(accept(MIDGE_MQTT_3_1, "20 02 00 80").connack.reason, 128);
}

static void what_follows_the_last_field_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "20 04 00 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "20 03 00 00 00", MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_field_is_read),
      cmocka_unit_test(reserved_flags_are_refused),
      cmocka_unit_test(a_refusal_has_no_session),
      cmocka_unit_test(of_two_faults_the_first_is_told),
      cmocka_unit_test(unknown_reason_codes_are_refused_in_mqtt_5),
      cmocka_unit_test(any_return_code_is_read_before_mqtt_5),
      cmocka_unit_test(what_follows_the_last_field_is_refused),
  };
  return cmocka_run_group_tests_name("connack", tests, NULL, NULL);
}
