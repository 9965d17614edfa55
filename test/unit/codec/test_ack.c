/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
#include <stdio.h>

#include "codec/ack.h"
#include "expect.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

static const struct {
  midge_packet_type type;
  unsigned first;
  unsigned failure; /* a reason it may carry */
} acks[] = {{MIDGE_PUBACK, 0x40, 0x97},
            {MIDGE_PUBREC, 0x50, 0x97},
            {MIDGE_PUBREL, 0x62, 0x92},
            {MIDGE_PUBCOMP, 0x70, 0x92}};

enum { ACKS = sizeof acks / sizeof *acks };

/* The first byte, then what is said; static. */
static const char *start(size_t i, const char *rest) {
  static char notation[200];
  snprintf(notation, sizeof notation, "%02x %s", acks[i].first, rest);
  return notation;
}

static void bare_means_success(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++)
    for (int version = 0; version <= MIDGE_MQTT_3_1; version++) {
      midge_packet packet =
          accept((midge_version)version, start(i, "02 01 02"));
      assert_int_equal(packet.type, acks[i].type);
      assert_int_equal(packet.ack.packet_id, 0x102);
      assert_int_equal(packet.ack.reason, 0);
      assert_int_equal(packet.ack.form, MIDGE_FORM_BARE);
      assert_false(packet.ack.duplicate);
      assert_int_equal(packet.properties.size, 0);
    }
}

static void a_reason_may_come_alone(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++) {
    char rest[20];
    snprintf(rest, sizeof rest, "03 00 0a %02x", acks[i].failure);
    midge_packet packet = accept(MIDGE_MQTT_5, start(i, rest));
    assert_int_equal(packet.ack.reason, acks[i].failure);
    assert_int_equal(packet.ack.form, MIDGE_FORM_REASON);
    packet = accept(MIDGE_MQTT_5, start(i, "03 00 0a 00"));
    assert_int_equal(packet.ack.form, MIDGE_FORM_REASON);
  }
}

static void properties_may_follow(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++) {
    midge_packet packet =
        accept(MIDGE_MQTT_5, start(i, "08 00 0a 00 04 1f 00 01 'r'"));
    assert_int_equal(packet.ack.form, MIDGE_FORM_WHOLE);
    assert_int_equal(packet.properties.size, 4);
    packet = accept(MIDGE_MQTT_5, start(i, "04 00 0a 00 00"));
    assert_int_equal(packet.ack.form, MIDGE_FORM_WHOLE);
  }
}

static void packet_identifier_0_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++)
    for (int version = 0; version <= MIDGE_MQTT_3_1; version++)
      refuse((midge_version)version, start(i, "02 00 00"), PROTOCOL_ERROR);
}

static void foreign_reason_codes_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++) {
    refuse(MIDGE_MQTT_5, start(i, "03 00 0a 01"), PROTOCOL_ERROR);
    refuse(MIDGE_MQTT_5, start(i, "03 00 0a 11"), PROTOCOL_ERROR);
    refuse(MIDGE_MQTT_5, start(i, "04 00 0a ff 00"), PROTOCOL_ERROR);
  }
  refuse(MIDGE_MQTT_5, "40 03 00 0a 92", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "62 03 00 0a 10", PROTOCOL_ERROR);
}

static void what_follows_the_properties_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++)
    refuse(MIDGE_MQTT_5, start(i, "05 00 0a 00 00 00"), MALFORMED);
}

static void mqtt_3_1_may_repeat_pubrel(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_3_1, "6a 02 00 0a");
  assert_true(packet.ack.duplicate);
  assert_false(accept(MIDGE_MQTT_3_1, "62 02 00 0a").ack.duplicate);
  refuse(MIDGE_MQTT_3_1_1, "6a 02 00 0a", MALFORMED);
  refuse(MIDGE_MQTT_5, "6a 02 00 0a", MALFORMED);
  refuse(MIDGE_MQTT_3_1, "48 02 00 0a", MALFORMED);
}

static void the_shortest_form_is_found(void **state) {
  (void)state;
  midge_packet packet = {.type = MIDGE_PUBACK};
  packet.ack.packet_id = 10;
  expect_written(MIDGE_MQTT_5, &packet, "40 02 00 0a");
  packet.ack.reason = 0x10;
  expect_written(MIDGE_MQTT_5, &packet, "40 03 00 0a 10");
  packet.properties = MIDGE_TEXT("\x1f\0\1r");
  expect_written(MIDGE_MQTT_5, &packet, "40 08 00 0a 10 04 1f 00 01 'r'");
  packet.ack.reason = 0;
  expect_written(MIDGE_MQTT_5, &packet, "40 08 00 0a 00 04 1f 00 01 'r'");
  expect_written(MIDGE_MQTT_3_1_1, &packet, "40 02 00 0a");
}

static void a_form_asked_for_is_written(void **state) {
  (void)state;
  midge_packet packet = {.type = MIDGE_PUBREL};
  packet.ack.packet_id = 10;
  packet.ack.form = MIDGE_FORM_REASON;
  expect_written(MIDGE_MQTT_5, &packet, "62 03 00 0a 00");
  packet.ack.form = MIDGE_FORM_WHOLE;
  expect_written(MIDGE_MQTT_5, &packet, "62 04 00 0a 00 00");
  packet.ack.form = MIDGE_FORM_BARE;
  packet.ack.duplicate = true;
  expect_written(MIDGE_MQTT_3_1, &packet, "6a 02 00 0a");
}

static void bare_ones_are_written_as_others_are(void **state) {
  (void)state;
  for (size_t i = 0; i < ACKS; i++) {
    uint8_t bare[MIDGE_BARE_ACK_SIZE], whole[10];
    midge_packet packet = {.type = acks[i].type, .ack.packet_id = 0x102};
    midge_bare_ack_encode(acks[i].type, 0x102, bare);
    uint8_t *end = midge_packet_encode(MIDGE_MQTT_5, &packet, whole);
    assert_int_equal(end - whole, sizeof bare);
    assert_memory_equal(bare, whole, sizeof bare);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bare_means_success),
      cmocka_unit_test(a_reason_may_come_alone),
      cmocka_unit_test(properties_may_follow),
      cmocka_unit_test(packet_identifier_0_is_refused),
      cmocka_unit_test(foreign_reason_codes_are_refused),
      cmocka_unit_test(what_follows_the_properties_is_refused),
      cmocka_unit_test(mqtt_3_1_may_repeat_pubrel),
      cmocka_unit_test(the_shortest_form_is_found),
      cmocka_unit_test(a_form_asked_for_is_written),
      cmocka_unit_test(bare_ones_are_written_as_others_are),
  };
  return cmocka_run_group_tests_name("ack", tests, NULL, NULL);
}
