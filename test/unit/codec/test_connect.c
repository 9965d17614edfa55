#include "expect.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET

static void the_packet_says_which_version_it_is(void **state) {
  (void)state;
  const char *of_5 = "10 0e 00 04 'MQTT' 05 02 00 3c 00 00 01 'c'";
  const char *of_3_1_1 = "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'c'";
  const char *of_3_1 = "10 0f 00 06 'MQIsdp' 03 02 00 3c 00 01 'c'";
  for (int asked = 0; asked <= MIDGE_MQTT_3_1; asked++) {
    midge_version version = (midge_version)asked;
    assert_int_equal(accept(version, of_5).connect.version, MIDGE_MQTT_5);
    assert_int_equal(accept(version, of_3_1_1).connect.version,
                     MIDGE_MQTT_3_1_1);
    assert_int_equal(accept(version, of_3_1).connect.version, MIDGE_MQTT_3_1);
  }
}

static void other_protocols_are_refused(void **state) {
  (void)state;
  const char *others[] = {"10 0e 00 04 'MQTT' 06 02 00 3c 00 00 01 'c'",
                          "10 0e 00 04 'MQTT' 03 02 00 3c 00 00 01 'c'",
                          "10 0e 00 04 'mqtt' 05 02 00 3c 00 00 01 'c'",
                          "10 0f 00 06 'MQIsdp' 04 02 00 3c 00 01 'c'",
                          "10 0e 00 04 'MQTT' 85 02 00 3c 00 00 01 'c'",
                          "10 0c 00 00 05 02 00 3c 00 00 01 'cde'"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    refuse(MIDGE_MQTT_5, others[i], MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION);
}

static void every_field_is_read(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5,
                               "10 2c 00 04 'MQTT' 05 f6 01 02 03 21 00 05"
                               "00 02 'id' 05 18 00 00 00 07 00 03 'w/t'"
                               "00 04 'gone' 00 03 'ann' 00 02 00 ff");
  assert_true(packet.connect.clean_start);
  assert_int_equal(packet.connect.keep_alive_s, 0x102);
  assert_int_equal(packet.properties.size, 3);
  expect_text(packet.connect.client_id, "id");
  assert_true(packet.connect.has_will);
  assert_int_equal(packet.connect.will.properties.size, 5);
  assert_int_equal(packet.connect.will.qos, MIDGE_EXACTLY_ONCE);
  assert_true(packet.connect.will.retain);
  expect_text(packet.connect.will.topic, "w/t");
  expect_text(packet.connect.will.payload, "gone");
  expect_text(packet.connect.user_name, "ann");
  assert_int_equal(packet.connect.password.size, 2);
}

static void what_is_absent_is_null(void **state) {
  (void)state;
  midge_packet packet =
      accept(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 05 00 00 00 00 00 00");
  assert_false(packet.connect.clean_start);
  assert_false(packet.connect.has_will);
  assert_null(packet.connect.user_name.data);
  assert_null(packet.connect.password.data);
  assert_non_null(packet.connect.client_id.data);
}

static void empty_is_not_absent(void **state) {
  (void)state;
  midge_packet packet = accept(
      MIDGE_MQTT_5, "10 11 00 04 'MQTT' 05 c2 00 00 00 00 00 00 00 00 00");
  assert_non_null(packet.connect.user_name.data);
  assert_int_equal(packet.connect.user_name.size, 0);
  assert_non_null(packet.connect.password.data);
}

/* [MQTT-3.1.2-3]. */
static void the_reserved_flag_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 05 03 00 00 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 04 03 00 00 00 01 'c'", MALFORMED);
}

/* [MQTT-3.1.2-11, -13] and QoS 3 [MQTT-3.1.2-12]. */
static void flags_of_a_will_need_a_will(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 05 0a 00 00 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 05 12 00 00 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 05 22 00 00 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5,
         "10 13 00 04 'MQTT' 05 1e 00 00 00 00 00 00 00 01 'w' 00 00",
         MALFORMED);
  refuse(MIDGE_MQTT_5,
         "10 13 00 04 'MQTT' 05 1a 00 00 00 00 00 00 00 01 'w' 00 00",
         MALFORMED);
}

/* [MQTT-3.1.2-22] of 3.1.1; MQTT 5 lifted it. */
static void before_mqtt_5_a_password_needs_a_user_name(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "10 10 00 04 'MQTT' 04 42 00 00 00 01 'c' 00 01 'p'",
         MALFORMED);
  refuse(MIDGE_MQTT_5, "10 12 00 06 'MQIsdp' 03 42 00 00 00 01 'c' 00 01 'p'",
         MALFORMED);
  accept(MIDGE_MQTT_5, "10 11 00 04 'MQTT' 05 42 00 00 00 00 01 'c' 00 01 'p'");
}

/* [MQTT-3.1.3-7, -8] of 3.1.1. */
static void an_empty_client_identifier_depends_on_the_version(void **state) {
  (void)state;
  const midge_reason not_valid = MIDGE_REASON_CLIENT_IDENTIFIER_NOT_VALID;
  accept(MIDGE_MQTT_5, "10 0d 00 04 'MQTT' 05 00 00 00 00 00 00");
  accept(MIDGE_MQTT_5, "10 0c 00 04 'MQTT' 04 02 00 00 00 00");
  refuse(MIDGE_MQTT_5, "10 0c 00 04 'MQTT' 04 00 00 00 00 00", not_valid);
  refuse(MIDGE_MQTT_5, "10 0e 00 06 'MQIsdp' 03 02 00 00 00 00", not_valid);
}

static void a_will_topic_is_a_topic_name(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "10 12 00 04 'MQTT' 05 06 00 00 00 00 00 00 00 00 00 00",
         MALFORMED);
  refuse(MIDGE_MQTT_5,
         "10 12 00 04 'MQTT' 05 06 00 00 00 00 00 00 00 01 '#' 00 00",
         MALFORMED);
  refuse(MIDGE_MQTT_5,
         "10 12 00 04 'MQTT' 05 06 00 00 00 00 00 00 00 01 ff 00 00",
         MALFORMED);
}

static void text_fields_are_utf_8(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "10 0e 00 04 'MQTT' 05 02 00 3c 00 00 01 ff", MALFORMED);
  refuse(MIDGE_MQTT_5, "10 11 00 04 'MQTT' 05 82 00 3c 00 00 01 'c' 00 01 00",
         MALFORMED);
  accept_lenient(MIDGE_MQTT_5, "10 0e 00 04 'MQTT' 05 02 00 3c 00 00 01 07");
  refuse(MIDGE_MQTT_5, "10 0e 00 04 'MQTT' 05 02 00 3c 00 00 01 07", MALFORMED);
}

static void what_follows_the_last_field_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "10 0f 00 04 'MQTT' 05 02 00 3c 00 00 01 'c' 00",
         MALFORMED);
  refuse(MIDGE_MQTT_5, "10 0e 00 04 'MQTT' 04 02 00 3c 00 01 'c' 00",
         MALFORMED);
}

static void text_too_long_for_its_field_cannot_be_written(void **state) {
  (void)state;
  static const uint8_t large[65536];
  midge_packet packet = {.type = MIDGE_CONNECT};
  packet.connect.client_id = MIDGE_TEXT("c");
  packet.connect.password = (midge_slice){large, 65535};
  assert_int_not_equal(midge_packet_size(MIDGE_MQTT_5, &packet), 0);
  packet.connect.password.size++;
  assert_int_equal(midge_packet_size(MIDGE_MQTT_5, &packet), 0);
}

/* Whatever the caller's version is, the packet is written in its own. */
static void it_is_written_in_its_own_version(void **state) {
  (void)state;
  midge_packet packet = {.type = MIDGE_CONNECT};
  packet.connect.version = MIDGE_MQTT_3_1;
  packet.connect.client_id = MIDGE_TEXT("c");
  packet.connect.keep_alive_s = 60;
  expect_written(MIDGE_MQTT_5, &packet,
                 "10 0f 00 06 'MQIsdp' 03 00 00 3c 00 01 'c'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_packet_says_which_version_it_is),
      cmocka_unit_test(other_protocols_are_refused),
      cmocka_unit_test(every_field_is_read),
      cmocka_unit_test(what_is_absent_is_null),
      cmocka_unit_test(empty_is_not_absent),
      cmocka_unit_test(the_reserved_flag_is_refused),
      cmocka_unit_test(flags_of_a_will_need_a_will),
      cmocka_unit_test(before_mqtt_5_a_password_needs_a_user_name),
      cmocka_unit_test(an_empty_client_identifier_depends_on_the_version),
      cmocka_unit_test(a_will_topic_is_a_topic_name),
      cmocka_unit_test(text_fields_are_utf_8),
      cmocka_unit_test(what_follows_the_last_field_is_refused),
      cmocka_unit_test(text_too_long_for_its_field_cannot_be_written),
      cmocka_unit_test(it_is_written_in_its_own_version),
  };
  return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
