/* What can be said of a wish by itself, whatever the state of a session. */
#include "midge/session.h"
#include "unit/harness.h"

static uint8_t large[70000];

static midge_status will(midge_slice topic, size_t payload,
                         midge_properties properties, midge_version version,
                         midge_text_policy text) {
  midge_publish what = {
      .topic = topic, .payload = {large, payload}, .properties = properties};
  return midge_will_check(&what, version, text);
}

/* A will is a field of CONNECT, and a field has two bytes of length. */
static void the_payload_of_a_will_has_an_end(void **state) {
  (void)state;
  const midge_properties none = {0};
  assert_int_equal(
      will(MIDGE_TEXT("t"), 65535, none, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
      MIDGE_OK);
  assert_int_equal(
      will(MIDGE_TEXT("t"), 65536, none, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
      MIDGE_EPAYLOAD);
}

static void a_will_has_properties_in_5_alone(void **state) {
  (void)state;
  const midge_properties delay =
      MIDGE_PROPERTIES({.id = MIDGE_WILL_DELAY_INTERVAL, .number = 5});
  assert_int_equal(
      will(MIDGE_TEXT("t"), 0, delay, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
      MIDGE_OK);
  assert_int_equal(
      will(MIDGE_TEXT("t"), 0, delay, MIDGE_MQTT_3_1_1, MIDGE_TEXT_STRICT),
      MIDGE_EINVAL);
  const midge_properties alias =
      MIDGE_PROPERTIES({.id = MIDGE_TOPIC_ALIAS, .number = 5});
  assert_int_equal(
      will(MIDGE_TEXT("t"), 0, alias, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
      MIDGE_EINVAL);
}

static void the_topic_of_a_will_is_as_strict_as_asked(void **state) {
  (void)state;
  const midge_properties none = {0};
  midge_slice odd = MIDGE_TEXT("a\x01");
  assert_int_equal(will(odd, 0, none, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
                   MIDGE_EUTF8);
  assert_int_equal(will(odd, 0, none, MIDGE_MQTT_5, MIDGE_TEXT_LENIENT),
                   MIDGE_OK);
  assert_int_equal(
      will(MIDGE_TEXT("#"), 0, none, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
      MIDGE_EINVAL);
}

static void a_will_has_a_qos_of_mqtt(void **state) {
  (void)state;
  midge_publish what = {.topic = MIDGE_TEXT("t"), .qos = (midge_qos)3};
  assert_int_equal(midge_will_check(&what, MIDGE_MQTT_5, MIDGE_TEXT_STRICT),
                   MIDGE_EINVAL);
}

static void a_disconnect_carries_what_it_may(void **state) {
  (void)state;
  const midge_properties none = {0};
  const midge_properties server = MIDGE_PROPERTIES(
      {.id = MIDGE_SERVER_REFERENCE, .value = MIDGE_TEXT("b")});
  assert_int_equal(midge_disconnect_check(0, none, MIDGE_MQTT_5, true),
                   MIDGE_OK);
  assert_int_equal(
      midge_disconnect_check(MIDGE_REASON_DISCONNECT_WITH_WILL_MESSAGE, none,
                             MIDGE_MQTT_5, true),
      MIDGE_OK);
  assert_int_equal(midge_disconnect_check(MIDGE_REASON_GRANTED_QOS_1, none,
                                          MIDGE_MQTT_5, true),
                   MIDGE_EINVAL);
  assert_int_equal(
      midge_disconnect_check((midge_reason)0x104, none, MIDGE_MQTT_5, true),
      MIDGE_EINVAL);
  assert_int_equal(midge_disconnect_check(0, server, MIDGE_MQTT_5, true),
                   MIDGE_EINVAL);
}

/* MQTT 5, section 3.14.2.2.2. */
static void a_session_of_no_length_cannot_be_given_one(void **state) {
  (void)state;
  const midge_properties longer =
      MIDGE_PROPERTIES({.id = MIDGE_SESSION_EXPIRY_INTERVAL, .number = 9});
  const midge_properties zero =
      MIDGE_PROPERTIES({.id = MIDGE_SESSION_EXPIRY_INTERVAL});
  assert_int_equal(midge_disconnect_check(0, longer, MIDGE_MQTT_5, true),
                   MIDGE_EINVAL);
  assert_int_equal(midge_disconnect_check(0, longer, MIDGE_MQTT_5, false),
                   MIDGE_OK);
  assert_int_equal(midge_disconnect_check(0, zero, MIDGE_MQTT_5, true),
                   MIDGE_OK);
}

static void a_disconnect_before_5_carries_nothing(void **state) {
  (void)state;
  const midge_properties none = {0};
  const midge_properties zero =
      MIDGE_PROPERTIES({.id = MIDGE_SESSION_EXPIRY_INTERVAL});
  assert_int_equal(midge_disconnect_check(0, none, MIDGE_MQTT_3_1_1, false),
                   MIDGE_OK);
  assert_int_equal(
      midge_disconnect_check(MIDGE_REASON_DISCONNECT_WITH_WILL_MESSAGE, none,
                             MIDGE_MQTT_3_1_1, false),
      MIDGE_EINVAL);
  assert_int_equal(midge_disconnect_check(0, zero, MIDGE_MQTT_3_1, false),
                   MIDGE_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_payload_of_a_will_has_an_end),
      cmocka_unit_test(a_will_has_properties_in_5_alone),
      cmocka_unit_test(the_topic_of_a_will_is_as_strict_as_asked),
      cmocka_unit_test(a_will_has_a_qos_of_mqtt),
      cmocka_unit_test(a_disconnect_carries_what_it_may),
      cmocka_unit_test(a_session_of_no_length_cannot_be_given_one),
      cmocka_unit_test(a_disconnect_before_5_carries_nothing),
  };
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
