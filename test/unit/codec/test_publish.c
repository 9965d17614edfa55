#include "base/slice.h"
#include "expect.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

static void every_field_is_read(void **state) {
  (void)state;
  midge_packet packet =
      accept(MIDGE_MQTT_5, "3d 10 00 03 'a/b' 01 02 03 23 00 07 'hello'");
  assert_int_equal(packet.type, MIDGE_PUBLISH);
  assert_int_equal(packet.publish.qos, MIDGE_EXACTLY_ONCE);
  assert_true(packet.publish.duplicate);
  assert_true(packet.publish.retain);
  assert_int_equal(packet.publish.packet_id, 0x102);
  assert_int_equal(packet.properties.size, 3);
  expect_text(packet.publish.topic, "a/b");
  expect_text(packet.publish.payload, "hello");
}

static void a_payload_may_be_empty(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5, "30 04 00 01 't' 00");
  assert_int_equal(packet.publish.payload.size, 0);
  accept(MIDGE_MQTT_3_1_1, "30 03 00 01 't'");
}

static void qos_0_has_no_packet_identifier(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_3_1_1, "31 05 00 01 't' 00 0a");
  assert_int_equal(packet.publish.packet_id, 0);
  assert_int_equal(packet.publish.payload.size, 2);
  assert_true(packet.publish.retain);
}

/* [MQTT-3.3.1-4]. */
static void qos_3_is_refused_by_its_first_byte(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "36", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "3f", MALFORMED);
}

/* [MQTT-2.2.1-4]. */
static void packet_identifier_0_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "32 06 00 01 't' 00 00 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1_1, "34 05 00 01 't' 00 00", PROTOCOL_ERROR);
}

/* [MQTT-3.3.1-2] binds the sender; refusing would lose the message. */
static void duplicate_with_qos_0_is_let_through(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_5, "38 04 00 01 't' 00");
  assert_true(packet.publish.duplicate);
  assert_int_equal(packet.publish.qos, MIDGE_AT_MOST_ONCE);
}

static midge_decoded decode_known(midge_slice bytes, midge_slice known) {
  midge_packet packet;
  midge_decode_options options = {.version = MIDGE_MQTT_5,
                                  .known_topic = known};
  return midge_packet_decode(&options, bytes, &packet).outcome;
}

/* Only the same bytes are; a known one that is wrong shows that they are not
 * looked at again. */
static void a_known_topic_is_not_judged_again(void **state) {
  (void)state;
  midge_slice wrong = MIDGE_TEXT("\x30\x06\0\3a/+\0");
  assert_int_equal(decode_known(wrong, MIDGE_TEXT("a/+")), MIDGE_DECODED);
  assert_int_equal(decode_known(wrong, MIDGE_TEXT("a/b")), MIDGE_REFUSED);
  assert_int_equal(decode_known(wrong, MIDGE_TEXT("a/+/")), MIDGE_REFUSED);
  assert_int_equal(decode_known(wrong, MIDGE_NO_SLICE), MIDGE_REFUSED);
}

/* MQTT 5, 3.3.2.1. */
static void an_empty_topic_needs_an_alias(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "30 03 00 00 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "30 05 00 00 02 01 00", PROTOCOL_ERROR);
  midge_packet packet = accept(MIDGE_MQTT_5, "30 07 00 00 03 23 00 01 'x'");
  assert_int_equal(packet.publish.topic.size, 0);
  refuse(MIDGE_MQTT_3_1_1, "30 03 00 00 'x'", MALFORMED);
  refuse(MIDGE_MQTT_3_1, "30 02 00 00", MALFORMED);
}

/* MQTT 5, 3.3.2.3.4. */
static void alias_0_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "30 07 00 01 't' 03 23 00 00",
         MIDGE_REASON_TOPIC_ALIAS_INVALID);
}

/* [MQTT-3.3.2-2]. */
static void a_topic_with_a_wildcard_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "30 06 00 03 'a/+' 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "30 06 00 03 'a/#' 00", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "30 05 00 03 'a#b'", MALFORMED);
}

/* [MQTT-1.5.4-1, -2, -3]. */
static void a_topic_is_utf_8(void **state) {
  (void)state;
  const char *bad[] = {"30 05 00 02 c0 80 00",       "30 06 00 03 ed a0 80 00",
                       "30 07 00 04 f4 90 80 80 00", "30 05 00 02 'a' c3 00",
                       "30 05 00 02 'a' 00 00",      "30 05 00 02 'a' 80 00"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    refuse(MIDGE_MQTT_5, bad[i], MALFORMED);
  midge_packet packet = accept(MIDGE_MQTT_5, "30 07 00 04 ef bb bf 't' 00");
  expect_text(packet.publish.topic, "\xEF\xBB\xBFt");
}

static void control_characters_are_a_matter_of_policy(void **state) {
  (void)state;
  const char *bell = "30 04 00 01 07 00", *last = "30 06 00 03 ef bf bf 00";
  refuse(MIDGE_MQTT_5, bell, MALFORMED);
  refuse(MIDGE_MQTT_5, last, MALFORMED);
  accept_lenient(MIDGE_MQTT_5, bell);
  accept_lenient(MIDGE_MQTT_5, last);
}

static void a_topic_longer_than_the_packet_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "30 04 ff ff 't' 00", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "30 03 00 02 't'", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "32 04 00 01 't' 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "30 03 00 01 't'", MALFORMED);
}

static void the_slices_point_into_the_bytes(void **state) {
  (void)state;
  const uint8_t bytes[] = {0x30, 6, 0, 1, 't', 0, 'o', 'n'};
  midge_packet packet;
  midge_decode_result result = midge_packet_decode(
      &(midge_decode_options){0}, (midge_slice){bytes, sizeof bytes}, &packet);
  assert_int_equal(result.outcome, MIDGE_DECODED);
  assert_ptr_equal(packet.publish.topic.data, bytes + 4);
  assert_ptr_equal(packet.publish.payload.data, bytes + 6);
}

static void all_is_written(void **state) {
  (void)state;
  midge_packet packet = {.type = MIDGE_PUBLISH,
                         .properties = MIDGE_TEXT("\x01\x01")};
  packet.publish.topic = MIDGE_TEXT("t");
  packet.publish.payload = MIDGE_TEXT("on");
  packet.publish.qos = MIDGE_EXACTLY_ONCE;
  packet.publish.packet_id = 0x102;
  packet.publish.retain = packet.publish.duplicate = true;
  expect_written(MIDGE_MQTT_5, &packet, "3d 0a 00 01 't' 01 02 02 01 01 'on'");
  expect_written(MIDGE_MQTT_3_1, &packet, "3d 07 00 01 't' 01 02 'on'");
  packet.publish.qos = MIDGE_AT_MOST_ONCE;
  packet.publish.duplicate = false;
  packet.publish.payload = MIDGE_NO_SLICE;
  expect_written(MIDGE_MQTT_3_1_1, &packet, "31 03 00 01 't'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_field_is_read),
      cmocka_unit_test(a_payload_may_be_empty),
      cmocka_unit_test(qos_0_has_no_packet_identifier),
      cmocka_unit_test(qos_3_is_refused_by_its_first_byte),
      cmocka_unit_test(packet_identifier_0_is_refused),
      cmocka_unit_test(duplicate_with_qos_0_is_let_through),
      cmocka_unit_test(a_known_topic_is_not_judged_again),
      cmocka_unit_test(an_empty_topic_needs_an_alias),
      cmocka_unit_test(alias_0_is_refused),
      cmocka_unit_test(a_topic_with_a_wildcard_is_refused),
      cmocka_unit_test(a_topic_is_utf_8),
      cmocka_unit_test(control_characters_are_a_matter_of_policy),
      cmocka_unit_test(a_topic_longer_than_the_packet_is_refused),
      cmocka_unit_test(the_slices_point_into_the_bytes),
      cmocka_unit_test(all_is_written),
  };
  return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
