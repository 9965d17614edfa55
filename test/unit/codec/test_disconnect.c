/* DISCONNECT and AUTH. */
#include "expect.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

static void bare_means_a_normal_disconnection(void **state) {
  (void)state;
  for (int version = 0; version <= MIDGE_MQTT_3_1; version++) {
    midge_packet packet = accept((midge_version)version, "e0 00");
    assert_int_equal(packet.type, MIDGE_DISCONNECT);
    assert_int_equal(packet.disconnect.reason, 0);
    assert_int_equal(packet.disconnect.form, MIDGE_FORM_BARE);
  }
}

static void a_reason_may_come_alone(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5, "e0 01 8e");
  assert_int_equal(packet.disconnect.reason, MIDGE_REASON_SESSION_TAKEN_OVER);
  assert_int_equal(packet.disconnect.form, MIDGE_FORM_REASON);
  accept(MIDGE_MQTT_5, "e0 01 00");
}

static void properties_may_follow(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5, "e0 06 9d 04 1c 00 01 's'");
  assert_int_equal(packet.disconnect.form, MIDGE_FORM_WHOLE);
  assert_int_equal(packet.properties.size, 4);
  accept(MIDGE_MQTT_5, "e0 02 00 00");
}

static void foreign_reason_codes_are_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "e0 01 01", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "e0 01 84", PROTOCOL_ERROR); /* of CONNACK */
  refuse(MIDGE_MQTT_5, "e0 02 ff 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "f0 08 01 06 15 00 03 'abc'", PROTOCOL_ERROR);
}

static void what_follows_the_properties_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "e0 03 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "f0 07 18 04 15 00 01 'm' 00", MALFORMED);
}

static void auth_is_read(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5, "f0 06 18 04 15 00 01 'm'");
  assert_int_equal(packet.type, MIDGE_AUTH);
  assert_int_equal(packet.auth.reason, MIDGE_REASON_CONTINUE_AUTHENTICATION);
  assert_int_equal(packet.auth.form, MIDGE_FORM_WHOLE);
  packet = accept(MIDGE_MQTT_5, "f0 00");
  assert_int_equal(packet.auth.reason, 0);
  assert_int_equal(packet.auth.form, MIDGE_FORM_BARE);
}

/* MQTT 5, 3.15.2: nothing, or both. */
static void auth_does_not_leave_out_its_property_length(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "f0 01 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "f0 01 18", MALFORMED);
}

/* MQTT 5, 3.15.2.2.2: a method is in every AUTH that is not empty. */
static void auth_without_a_method_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "f0 02 18 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "f0 06 18 04 1f 00 01 'r'", PROTOCOL_ERROR);
}

static void the_shortest_form_of_disconnect_is_found(void **state) {
  (void)state;
  midge_packet packet = {.type = MIDGE_DISCONNECT};
  expect_written(MIDGE_MQTT_5, &packet, "e0 00");
  packet.disconnect.reason = 4;
  expect_written(MIDGE_MQTT_5, &packet, "e0 01 04");
  expect_written(MIDGE_MQTT_3_1_1, &packet, "e0 00");
  packet.properties = MIDGE_TEXT("\x1f\0\1r");
  expect_written(MIDGE_MQTT_5, &packet, "e0 06 04 04 1f 00 01 'r'");
}

static void the_shortest_form_of_auth_is_found(void **state) {
  (void)state;
  midge_packet packet = {.type = MIDGE_AUTH};
  expect_written(MIDGE_MQTT_5, &packet, "f0 00");
  packet.auth.reason = 0x18;
  expect_written(MIDGE_MQTT_5, &packet, "f0 02 18 00");
  packet.auth.reason = 0;
  packet.properties = MIDGE_TEXT("\x15\0\1m");
  expect_written(MIDGE_MQTT_5, &packet, "f0 06 00 04 15 00 01 'm'");
  packet.auth.reason = 0x19;
  expect_written(MIDGE_MQTT_5, &packet, "f0 06 19 04 15 00 01 'm'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bare_means_a_normal_disconnection),
      cmocka_unit_test(a_reason_may_come_alone),
      cmocka_unit_test(properties_may_follow),
      cmocka_unit_test(foreign_reason_codes_are_refused),
      cmocka_unit_test(what_follows_the_properties_is_refused),
      cmocka_unit_test(auth_is_read),
      cmocka_unit_test(auth_does_not_leave_out_its_property_length),
      cmocka_unit_test(auth_without_a_method_is_refused),
      cmocka_unit_test(the_shortest_form_of_disconnect_is_found),
      cmocka_unit_test(the_shortest_form_of_auth_is_found),
  };
  return cmocka_run_group_tests_name("disconnect", tests, NULL, NULL);
}
