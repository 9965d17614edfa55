/* Hostile servers, 14 to 27: packets at the wrong time. */
#include <stdio.h>

#include "conformance.h"

/* MQTT5-3.2.0-1, MQTT311-3.2.0-1: every other packet a server may send. */
static void hostile_14_first_packet_is_not_connack(void **state) {
  (void)state;
  hostile_greeting_both("<x d0 00", 0x82);
  hostile_greeting_both("< PUBLISH topic=\"t\"", 0x82);
  hostile_greeting_both("<x 40 02 00 01", 0x82);
  hostile_greeting_both("<x 50 02 00 01", 0x82);
  hostile_greeting_both("<x 62 02 00 01", 0x82);
  hostile_greeting_both("<x 70 02 00 01", 0x82);
  hostile_greeting_both("< SUBACK id=1 reasons=0", 0x82);
  hostile_greeting((hostile){.lines = "< AUTH reason=0x18 "
                                      "authentication_method=\"m\"",
                             .reason = 0x82});
}

/* MQTT5-3.14.0-1: the connection ends, and nothing is sent to such a server
 * but, at most, DISCONNECT. */
static void hostile_15_disconnect_before_connack(void **state) {
  (void)state;
  hostile_greeting(
      (hostile){.lines = "< DISCONNECT reason=SERVER_BUSY", .reason = 0x82});
  hostile_greeting((hostile){.version = "3.1.1", .lines = "<x e0 00"});
}

/* MQTT5-3.2.0-2 */
static void hostile_16_second_connack(void **state) {
  (void)state;
  hostile_open((hostile){.lines = "< CONNACK", .reason = 0x82});
  hostile_open((hostile){.version = "3.1.1", .lines = "< CONNACK"});
  hostile_open(
      (hostile){.lines = "< CONNACK reason=NOT_AUTHORIZED", .reason = 0x82});
}

/* MQTT5-3.2.2-1, MQTT311-3.2.2-1 */
static void hostile_17_connack_flags(void **state) {
  (void)state;
  char lines[32];
  for (unsigned bit = 1; bit < 8; bit++) {
    snprintf(lines, sizeof lines, "<x 20 03 %02x 00 00", 1u << bit);
    hostile_greeting((hostile){.lines = lines, .reason = 0x81});
    snprintf(lines, sizeof lines, "<x 20 02 %02x 00", 1u << bit);
    hostile_greeting((hostile){.version = "3.1.1", .lines = lines});
  }
}

/* MQTT5-3.2.2-6, MQTT311-3.2.2-4 */
static void hostile_18_refused_with_session_present(void **state) {
  (void)state;
  hostile_greeting((hostile){.lines = "<x 20 03 01 87 00", .reason = 0x82});
  hostile_greeting((hostile){.version = "3.1.1", .lines = "<x 20 02 01 05"});
}

/* MQTT5-3.2.2-2, MQTT5-3.2.2-4, MQTT311-3.2.2-1 */
static void hostile_19_session_present_out_of_nowhere(void **state) {
  (void)state;
  play(
      "option client_id=\"a\" clean_start=1\n"
      "connected\n> CONNECT clean_start=1\n"
      "< CONNACK session_present=1\n"
      "> DISCONNECT reason=0x82\n"
      "= closed by=self status=EPROTOCOL reason=0x82\ndisconnected\n");
  play(
      "option version=3.1.1 client_id=\"a\" clean_start=1\n"
      "connected\n> CONNECT clean_start=1\n"
      "< CONNACK session_present=1\n"
      "= opened session_present=0\n");
  play(
      "option client_id=\"a\" session_expiry_s=60\n"
      "connected\n> CONNECT clean_start=0\n"
      "< CONNACK session_present=1\n"
      "> DISCONNECT reason=0x82\n"
      "= closed by=self status=EPROTOCOL reason=0x82\ndisconnected\n"
      "connected\n> CONNECT clean_start=1\n"
      "< CONNACK\n= opened\n");
}

/* MQTT5-3.2.2-7, MQTT5-3.2.2-8, MQTT311-3.2.2-5 */
static void hostile_20_unknown_reason_in_connack(void **state) {
  (void)state;
  hostile_greeting((hostile){.lines = "<x 20 03 00 ff 00", .reason = 0x82});
  hostile_greeting((hostile){.lines = "<x 20 03 00 01 00", .reason = 0x82});
  play(
      "option version=3.1.1 client_id=\"a\"\n"
      "connected\n> CONNECT\n<x 20 02 00 06\n"
      "= closed by=server status=EREFUSED reason=6\ndisconnected\n"
      "connected\n> CONNECT\n<x 20 02 00 84\n"
      "= closed by=server status=EREFUSED reason=132\ndisconnected\n"
      "connected\n> CONNECT\n<x 20 02 00 ff\n"
      "= closed by=server status=EREFUSED reason=255\ndisconnected\n"
      "connected\n> CONNECT\n<x 20 02 00 00\n= opened\n");
}

static void hostile_21_no_connack_ever(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\"\n"
      "connected\n> CONNECT\n? deadline 30s\nelapsed 30s\n"
      "= closed by=self status=ETIMEOUT\ndisconnected\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* MQTT5-4.13.2-1 */
static void hostile_22_talking_on_after_a_refusal(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\"\n"
      "connected\n> CONNECT\n%s\n"
      "< PUBLISH topic=\"t\" payload=\"x\"\n<x 00 00 ff\n"
      "= closed by=server reason=%u\ndisconnected\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n";
  play_format(lines, "5", "< CONNACK reason=NOT_AUTHORIZED", 0x87u);
  play_format(lines, "3.1.1", "<x 20 02 00 05", 5u);
}

static void hostile_23_packets_of_a_client(void **state) {
  (void)state;
  hostile_open_both("< CONNECT client_id=\"b\"", 0x82);
  /* Of a version that is none: a reason that DISCONNECT cannot carry. */
  hostile_open_both("<x 10 0d 00 04 4d 51 54 54 09 02 00 00 00 00 00", 0x82);
  hostile_open_both("< SUBSCRIBE id=1 filter=\"a\"", 0x82);
  hostile_open_both("< UNSUBSCRIBE id=1 filter=\"a\"", 0x82);
  hostile_open_both("<x c0 00", 0x82);
  hostile_greeting_both("< CONNECT client_id=\"b\"", 0x82);
  hostile_open((hostile){.version = "3.1.1", .lines = "<x e0 00"});
}

/* MQTT5-3.14.2-2: of the server it is an error whatever the value. */
static void hostile_24_disconnect_with_session_expiry(void **state) {
  (void)state;
  hostile_open((hostile){
      .lines = "< DISCONNECT reason=SERVER_BUSY session_expiry_interval=9",
      .reason = 0x82});
}

static void hostile_25_data_after_disconnect(void **state) {
  (void)state;
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< DISCONNECT reason=SERVER_BUSY\n"
      "< PUBLISH id=1 qos=1 topic=\"t\"\n"
      "<x ff ff ff ff ff\n"
      "= closed by=server status=SERVER_BUSY reason=0x89\n"
      "disconnected\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n");
}

/* The session's part: 10,000 connections that end at once take no memory and
 * lose nothing. How long to wait between them is the reactor's. */
static void hostile_26_reconnect_storm(void **state) {
  (void)state;
  driver d;
  driver_open(&d, "client_id=\"a\" session_expiry_s=600", " CONNACK");
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(d.session, &publish, 7), MIDGE_OK);
  driver_turn(&d);
  driver_disconnected(&d, false);
  size_t used = 0;
  for (unsigned i = 0; i < 10000; i++) {
    driver_connected(&d);
    driver_disconnected(&d, false);
    assert_false(d.failed);
    seen_clear(&d.events);
    seen_clear(&d.packets);
    if (i == 10) used = d.memory.now;
  }
  assert_int_equal(d.memory.now, used);
  assert_int_equal(midge_session_deadline(d.session), MIDGE_NEVER);
  assert_int_equal(midge_session_unfinished(d.session), 1);
  teller to = {.driver = &d};
  assert_true(transcript_tell(&to,
                              "connected\n> CONNECT\n"
                              "< CONNACK session_present=1\n= opened\n"
                              "> PUBLISH dup=1\n< PUBACK id=1\n"
                              "= done token=7 status=OK"));
  assert_true(transcript_end(&to));
  driver_free(&d);
}

static void hostile_27_server_reference_is_told_and_not_followed(void **state) {
  (void)state;
  const char *const lines =
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n"
      "< CONNACK reason=%s server_reference=\"evil.example\"\n"
      "= closed by=server status=%s server_reference=\"evil.example\"\n"
      "disconnected\n"
      "connected\n> CONNECT client_id=\"a\"\n< CONNACK\n= opened\n"
      "< DISCONNECT reason=%s server_reference=\"evil.example\"\n"
      "= closed by=server status=%s server_reference=\"evil.example\"\n"
      "disconnected\n";
  play_format(lines, "USE_ANOTHER_SERVER", "USE_ANOTHER_SERVER",
              "USE_ANOTHER_SERVER", "USE_ANOTHER_SERVER");
  play_format(lines, "SERVER_MOVED", "SERVER_MOVED", "SERVER_MOVED",
              "SERVER_MOVED");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_14_first_packet_is_not_connack),
      cmocka_unit_test(hostile_15_disconnect_before_connack),
      cmocka_unit_test(hostile_16_second_connack),
      cmocka_unit_test(hostile_17_connack_flags),
      cmocka_unit_test(hostile_18_refused_with_session_present),
      cmocka_unit_test(hostile_19_session_present_out_of_nowhere),
      cmocka_unit_test(hostile_20_unknown_reason_in_connack),
      cmocka_unit_test(hostile_21_no_connack_ever),
      cmocka_unit_test(hostile_22_talking_on_after_a_refusal),
      cmocka_unit_test(hostile_23_packets_of_a_client),
      cmocka_unit_test(hostile_24_disconnect_with_session_expiry),
      cmocka_unit_test(hostile_25_data_after_disconnect),
      cmocka_unit_test(hostile_26_reconnect_storm),
      cmocka_unit_test(hostile_27_server_reference_is_told_and_not_followed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
