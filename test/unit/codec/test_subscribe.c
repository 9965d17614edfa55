/* SUBSCRIBE and UNSUBSCRIBE. */
#include <stdlib.h>

#include "expect.h"
#include "notation.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

static void filters_of_a_subscribe_are_walked(void **state) {
  (void)state;
  midge_packet packet =
      accept(MIDGE_MQTT_5, "82 0f 01 02 02 0b 07 00 03 'a/+' 01 00 01 '#' 2e");
  assert_int_equal(packet.subscribe.packet_id, 0x102);
  assert_int_equal(packet.properties.size, 2);
  assert_false(packet.subscribe.duplicate);
  midge_slice rest = packet.subscribe.filters;
  midge_packet_filter filter;
  assert_true(midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter));
  expect_text(filter.filter, "a/+");
  assert_int_equal(filter.options, 1);
  assert_true(midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter));
  expect_text(filter.filter, "#");
  assert_int_equal(filter.options, 0x2e);
  assert_false(midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter));
}

static void filters_of_an_unsubscribe_are_walked(void **state) {
  (void)state;
  midge_packet packet =
      accept(MIDGE_MQTT_3_1_1, "a2 0a 01 02 00 03 'a/+' 00 01 '#'");
  assert_int_equal(packet.unsubscribe.packet_id, 0x102);
  midge_slice rest = packet.unsubscribe.filters;
  midge_packet_filter filter;
  assert_true(midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter));
  expect_text(filter.filter, "a/+");
  assert_int_equal(filter.options, 0);
  assert_true(midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter));
  expect_text(filter.filter, "#");
  assert_false(midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter));
}

static void walking_stops_at_what_is_broken(void **state) {
  (void)state;
  const char *broken[] = {"00", "00 05 'a'", "00 01 'a'"};
  for (size_t i = 0; i < 3; i++) {
    size_t size;
    uint8_t *bytes = notation_read(broken[i], &size);
    midge_slice rest = {bytes, size};
    midge_packet_filter filter;
    assert_false(midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter));
    assert_false(midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter));
    free(bytes);
  }
}

/* [MQTT-3.8.3-2, 3.10.3-2]. */
static void a_list_without_a_filter_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 03 00 0a 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1_1, "82 02 00 0a", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "a2 03 00 0a 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1, "a2 02 00 0a", PROTOCOL_ERROR);
}

static void packet_identifier_0_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 07 00 00 00 00 01 'a' 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "a2 06 00 00 00 00 01 'a'", PROTOCOL_ERROR);
}

/* [MQTT-3.8.3-5], and [MQTT-3-8.3-4] of 3.1.1. */
static void reserved_options_are_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 07 00 0a 00 00 01 'a' 40", MALFORMED);
  refuse(MIDGE_MQTT_5, "82 07 00 0a 00 00 01 'a' 80", MALFORMED);
  refuse(MIDGE_MQTT_3_1_1, "82 06 00 0a 00 01 'a' 04", MALFORMED);
  refuse(MIDGE_MQTT_3_1, "82 06 00 0a 00 01 'a' 10", MALFORMED);
}

static void qos_3_and_retain_handling_3_are_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 07 00 0a 00 00 01 'a' 03", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "82 07 00 0a 00 00 01 'a' 30", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_3_1_1, "82 06 00 0a 00 01 'a' 03", PROTOCOL_ERROR);
}

/* [MQTT-3.8.3-4]. */
static void no_local_on_a_shared_filter_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 10 00 0a 00 00 0a '$share/g/a' 04", PROTOCOL_ERROR);
  accept(MIDGE_MQTT_5, "82 10 00 0a 00 00 0a '$share/g/a' 02");
}

static void filters_are_checked(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 08 00 0a 00 00 02 'a#' 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "82 06 00 0a 00 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "82 07 00 0a 00 00 01 ff 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "a2 07 00 0a 00 00 02 '+a'", MALFORMED);
  refuse(MIDGE_MQTT_5, "a2 05 00 0a 00 00 00", MALFORMED);
  refuse(MIDGE_MQTT_5, "82 0e 00 0a 00 00 08 '$share/g' 00", MALFORMED);
  accept(MIDGE_MQTT_3_1_1, "82 0d 00 0a 00 08 '$share/g' 00");
  accept_lenient(MIDGE_MQTT_5, "82 07 00 0a 00 00 01 07 00");
}

static void the_second_filter_is_checked_too(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "82 0b 00 0a 00 00 01 'a' 00 00 01 'b' 40", MALFORMED);
  refuse(MIDGE_MQTT_5, "82 0a 00 0a 00 00 01 'a' 00 00 01 'b'", MALFORMED);
  refuse(MIDGE_MQTT_5, "82 08 00 0a 00 00 01 'a' 00 00", MALFORMED);
}

static void mqtt_3_1_may_repeat_them(void **state) {
  (void)state;
  assert_true(
      accept(MIDGE_MQTT_3_1, "8a 06 00 0a 00 01 'a' 00").subscribe.duplicate);
  assert_true(
      accept(MIDGE_MQTT_3_1, "aa 05 00 0a 00 01 'a'").unsubscribe.duplicate);
  refuse(MIDGE_MQTT_3_1_1, "8a", MALFORMED);
  refuse(MIDGE_MQTT_5, "aa", MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(filters_of_a_subscribe_are_walked),
      cmocka_unit_test(filters_of_an_unsubscribe_are_walked),
      cmocka_unit_test(walking_stops_at_what_is_broken),
      cmocka_unit_test(a_list_without_a_filter_is_refused),
      cmocka_unit_test(packet_identifier_0_is_refused),
      cmocka_unit_test(reserved_options_are_refused),
      cmocka_unit_test(qos_3_and_retain_handling_3_are_refused),
      cmocka_unit_test(no_local_on_a_shared_filter_is_refused),
      cmocka_unit_test(filters_are_checked),
      cmocka_unit_test(the_second_filter_is_checked_too),
      cmocka_unit_test(mqtt_3_1_may_repeat_them),
  };
  return cmocka_run_group_tests_name("subscribe", tests, NULL, NULL);
}
