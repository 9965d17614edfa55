/* Hostile servers, 28 to 40: what CONNACK says. */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

static void hostile_28_receive_maximum_of_0(void **state) {
  (void)state;
  hostile_greeting(
      (hostile){.lines = "< CONNACK receive_maximum=0", .reason = 0x82});
}

static void hostile_29_maximum_qos_of_2(void **state) {
  (void)state;
  hostile_greeting(
      (hostile){.lines = "< CONNACK maximum_qos=2", .reason = 0x82});
}

static void hostile_30_maximum_packet_size_of_0(void **state) {
  (void)state;
  hostile_greeting(
      (hostile){.lines = "< CONNACK maximum_packet_size=0", .reason = 0x82});
}

/* No acknowledgement fits: nothing is sent, and trying again is no use. */
static void hostile_31_maximum_packet_size_too_small_to_answer(void **state) {
  (void)state;
  for (unsigned size = 1; size <= 4; size++) {
    play_format(
        "option client_id=\"a\"\n"
        "publish token=1 qos=1 topic=\"t\"\n"
        "connected\n> CONNECT\n< CONNACK maximum_packet_size=%u\n"
        "= closed by=self status=EOVERSIZE lasting=1\ndisconnected\n"
        "? unfinished 1\n"
        "connected\n> CONNECT\n< CONNACK\n= opened\n> PUBLISH id=1\n",
        size);
  }
}

static void hostile_32_booleans_of_2(void **state) {
  (void)state;
  static const char *const names[] = {
      "retain_available", "wildcard_subscription_available",
      "subscription_identifiers_available", "shared_subscription_available"};
  char lines[80];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    snprintf(lines, sizeof lines, "< CONNACK %s=2", names[i]);
    hostile_greeting((hostile){.lines = lines, .reason = 0x82});
    snprintf(lines, sizeof lines, "< CONNACK %s=255", names[i]);
    hostile_greeting((hostile){.lines = lines, .reason = 0x82});
  }
}

/* 33, 34 and 35 for every property in every packet: test_properties.c. */
static void hostile_33_a_property_twice(void **state) {
  (void)state;
  hostile_greeting(
      (hostile){.lines = "< CONNACK receive_maximum=5 receive_maximum=5",
                .reason = 0x82});
  hostile_greeting(
      (hostile){.lines = "< CONNACK reason_string=\"a\" reason_string=\"a\"",
                .reason = 0x82});
}

static void hostile_34_properties_out_of_place(void **state) {
  (void)state;
  hostile_greeting(
      (hostile){.lines = "< CONNACK topic_alias=1", .reason = 0x81});
  hostile_greeting(
      (hostile){.lines = "<x 20 05 00 00 02 7f 00", .reason = 0x81});
  /* The identifier itself as a long integer: 0x11 as 91 00. */
  hostile_greeting((hostile){.lines = "<x 20 09 00 00 06 91 00 00 00 00 05",
                             .reason = 0x81});
  hostile_greeting(
      (hostile){.lines = "<x 20 08 00 00 05 ff ff ff ff 01", .reason = 0x81});
}

static void hostile_35_properties_cut(void **state) {
  (void)state;
  /* The property length goes beyond the packet ... */
  hostile_greeting(
      (hostile){.lines = "<x 20 05 00 00 09 21 00", .reason = 0x81});
  /* ... and ends in the middle of a value, with more bytes behind it. */
  hostile_greeting(
      (hostile){.lines = "<x 20 06 00 00 02 21 00 01", .reason = 0x81});
  hostile_greeting(
      (hostile){.lines = "<x 20 06 00 00 80 80 80 01", .reason = 0x81});
}

/* MQTT5-3.1.2-21 */
static void hostile_36_server_keep_alive_at_its_edges(void **state) {
  (void)state;
  const char *const lines =
      "option client_id=\"a\" keep_alive_s=60\n"
      "connected\n> CONNECT\n< CONNACK server_keep_alive=%s\n"
      "= opened limits.keep_alive_s=%s\n? deadline %s\n";
  play_format(lines, "0", "0", "never");
  play_format(lines, "1", "1", "750ms");
  play_format(lines, "65535", "65535", "65530s");
}

/* MQTT5-3.2.2-16: without an identifier of ours there must be one of theirs. */
static void hostile_37_assigned_client_identifier(void **state) {
  (void)state;
  const char *const broken =
      "option session_expiry_s=60\nconnected\n> CONNECT client_id=\"\"\n"
      "%s\n> DISCONNECT reason=%u\n"
      "= closed by=self status=EPROTOCOL reason=%u\ndisconnected\n"
      "connected\n> CONNECT client_id=\"\"\n"
      "< CONNACK assigned_client_identifier=\"good\"\n"
      "= opened client_id=\"good\"\n";
  play_format(broken, "< CONNACK", 0x82u, 0x82u);
  play_format(broken, "< CONNACK assigned_client_identifier=\"\"", 0x82u,
              0x82u);
  play_format(broken, "< CONNACK assigned_client_identifier=\"a\\0b\"", 0x81u,
              0x81u);
  play_format(broken, "< CONNACK assigned_client_identifier=\"\\xff\"", 0x81u,
              0x81u);
}

static void hostile_37_assigned_client_identifier_of_65535_bytes(void **state) {
  (void)state;
  driver d;
  driver_init(&d);
  teller to = {.driver = &d};
  assert_true(transcript_tell(
      &to,
      "option session_expiry_s=60\nconnected\n> CONNECT client_id=\"\"\n"
      "< CONNACK assigned_client_identifier=\"i\"*65535\n"
      "= opened client_id=\"i\"*65535\n"
      "disconnected\n= closed\nconnected\n> CONNECT client_id=\"i\"*65535"));
  assert_true(transcript_end(&to));
  driver_free(&d);
}

/* MQTT5-4.12.0-6: our policy is that it is a protocol error. */
static void hostile_38_unsolicited_authentication_method(void **state) {
  (void)state;
  hostile_greeting((hostile){.lines = "< CONNACK authentication_method=\"m\"",
                             .reason = 0x82});
}

/* A megabyte of user properties: taken, with memory for a few copies of it. */
static void hostile_39_user_properties_by_the_thousand(void **state) {
  (void)state;
  enum { COUNT = 200000 };
  bytes sent = {0};
  bytes_add(&sent, "\x20\xc5\x84\x3d\x00\x00\xc0\x84\x3d", 9);
  for (size_t i = 0; i < COUNT; i++) bytes_add(&sent, "\x26\0\0\0\0", 5);
  driver d;
  driver_init(&d);
  teller to = {.driver = &d};
  assert_true(
      transcript_tell(&to, "option client_id=\"a\"\nconnected\n> CONNECT\n"));
  driver_received(&d, sent.data, sent.size);
  assert_false(d.failed);
  seen *event = seen_take(&d.events);
  assert_non_null(event);
  assert_int_equal(strncmp(event->text, "opened ", 7), 0);
  assert_in_range(d.memory.peak, 0, 3 * sent.size + 100000);
  bytes_free(&sent);
  driver_free(&d);
}

/* The cap is the packet size. */
static void hostile_39_user_properties_capped(void **state) {
  (void)state;
  hostile_greeting((hostile){.options = "packet_size_max=100000",
                             .lines = "<x 20 c5 84 3d",
                             .reason = 0x95});
}

/* MQTT5-3.1.2-28: tolerated, nobody is hurt. */
static void hostile_40_response_information_not_requested(void **state) {
  (void)state;
  play(
      "option client_id=\"a\"\nconnected\n> CONNECT\n"
      "< CONNACK response_information=\"r\"\n"
      "= opened response_information=\"r\"\n");
}

/* MQTT5-3.1.2-29 */
static void hostile_40_problem_information_not_requested(void **state) {
  (void)state;
  static const char *const packets[] = {
      "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
      "< PUBACK id=1 reason_string=\"no\"",
      "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
      "< PUBREC id=1 user_property=\"a\",\"b\"",
      "subscribe token=1 filter=\"f\"\n> SUBSCRIBE id=1\n"
      "< SUBACK id=1 reasons=0 reason_string=\"no\"",
      "unsubscribe token=1 filter=\"f\"\n> UNSUBSCRIBE id=1\n"
      "< UNSUBACK id=1 reasons=0 user_property=\"a\",\"b\"",
      "< PUBREL id=9 reason_string=\"no\"",
  };
  for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
    play_format(
        "option client_id=\"a\" request_problem_information=0\n"
        "connected\n> CONNECT request_problem_information=0\n"
        "< CONNACK reason_string=\"here it may\"\n= opened\n"
        "< PUBLISH topic=\"t\" user_property=\"here\",\"too\"\n= message\n"
        "%s\n> DISCONNECT reason=0x82\n"
        "= closed by=self status=EPROTOCOL reason=0x82\ndisconnected\n",
        packets[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_28_receive_maximum_of_0),
      cmocka_unit_test(hostile_29_maximum_qos_of_2),
      cmocka_unit_test(hostile_30_maximum_packet_size_of_0),
      cmocka_unit_test(hostile_31_maximum_packet_size_too_small_to_answer),
      cmocka_unit_test(hostile_32_booleans_of_2),
      cmocka_unit_test(hostile_33_a_property_twice),
      cmocka_unit_test(hostile_34_properties_out_of_place),
      cmocka_unit_test(hostile_35_properties_cut),
      cmocka_unit_test(hostile_36_server_keep_alive_at_its_edges),
      cmocka_unit_test(hostile_37_assigned_client_identifier),
      cmocka_unit_test(hostile_37_assigned_client_identifier_of_65535_bytes),
      cmocka_unit_test(hostile_38_unsolicited_authentication_method),
      cmocka_unit_test(hostile_39_user_properties_by_the_thousand),
      cmocka_unit_test(hostile_39_user_properties_capped),
      cmocka_unit_test(hostile_40_response_information_not_requested),
      cmocka_unit_test(hostile_40_problem_information_not_requested),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
