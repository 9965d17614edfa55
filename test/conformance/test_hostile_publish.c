/* Hostile servers, 41 to 56: PUBLISH. */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

/* MQTT5-3.3.1-4, MQTT311-3.3.1-4 */
static void hostile_41_qos_3(void **state) {
  (void)state;
  hostile_open_both("<x 36 06 00 01 74 00 01 00", 0x81);
  hostile_open_both("<x 3e 06 00 01 74 00 01 00", 0x81);
}

/* MQTT5-2.2.1-4, MQTT311-2.3.1-4 */
static void hostile_42_packet_identifier_0(void **state) {
  (void)state;
  hostile_open(
      (hostile){.lines = "<x 32 06 00 01 74 00 00 00", .reason = 0x82});
  hostile_open(
      (hostile){.lines = "<x 34 06 00 01 74 00 00 00", .reason = 0x82});
  hostile_open(
      (hostile){.version = "3.1.1", .lines = "<x 32 05 00 01 74 00 00"});
  hostile_open_both("<x 40 02 00 00", 0x82);
  hostile_open_both("<x 62 02 00 00", 0x82);
}

/* MQTT5-3.3.1-2, MQTT311-3.3.1-2: our policy is to take it. */
static void hostile_43_duplicate_of_qos_0(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH dup=1 qos=0 topic=\"t\" payload=\"x\"\n"
      "= message qos=0 dup=1 topic=\"t\" payload=\"x\"\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* MQTT5-4.7.3-1, MQTT311-4.7.3-1 */
static void hostile_44_empty_topic_without_alias(void **state) {
  (void)state;
  hostile_open((hostile){.lines = "<x 30 03 00 00 00", .reason = 0x82});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 30 02 00 00"});
}

/* MQTT5-3.3.2-2, MQTT311-3.3.2-2, MQTT5-4.7.0-1, MQTT311-4.7.1-1 */
static void hostile_45_wildcards_in_the_topic(void **state) {
  (void)state;
  hostile_open_both("< PUBLISH topic=\"a/+\"", 0x81);
  hostile_open_both("< PUBLISH topic=\"#\"", 0x81);
  hostile_open_both("< PUBLISH topic=\"a+b\" id=4 qos=1", 0x81);
}

/* MQTT5-1.5.4-1, MQTT5-1.5.4-2, MQTT311-1.5.3-1, MQTT311-1.5.3-2 */
static void hostile_46_bad_utf_8(void **state) {
  (void)state;
  static const char *const bad[] = {
      "\\xc0\\x80",
      "\\xc1\\xbf",
      "\\xe0\\x80\\x80",
      "\\xed\\xa0\\x80",
      "\\xed\\xbf\\xbf",
      "\\xf0\\x80\\x80\\x80",
      "\\xf4\\x90\\x80\\x80",
      "\\xf5\\x80\\x80\\x80",
      "\\xff",
      "\\x80",
      "\\xc3",
      "\\xe2\\x82",
      "\\xf0\\x9f\\x98",
      "a\\x00b",
      "\\xc3\\x28",
  };
  char lines[128];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(lines, sizeof lines, "< PUBLISH topic=\"%s\"", bad[i]);
    hostile_open_both(lines, 0x81);
    snprintf(lines, sizeof lines, "< PUBLISH topic=\"t\" content_type=\"%s\"",
             bad[i]);
    hostile_open((hostile){.lines = lines, .reason = 0x81});
    snprintf(lines, sizeof lines,
             "< PUBLISH topic=\"t\" user_property=\"%s\",\"x\"", bad[i]);
    hostile_open((hostile){.lines = lines, .reason = 0x81});
  }
}

/* MQTT5-1.5.4-3, MQTT311-1.5.3-3 */
static void hostile_46_byte_order_mark_is_kept(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH topic=\"\\xef\\xbb\\xbft\"\n"
      "= message topic=\"\\xef\\xbb\\xbft\"\n"
      "publish token=1 topic=\"\\xef\\xbb\\xbft\"\n"
      "> PUBLISH topic=\"\\xef\\xbb\\xbft\"\n= done\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* Control characters and non-characters: whoever publishes them would else take
 * every subscriber down. Refused if that is asked for. */
static void hostile_46_odd_text(void **state) {
  (void)state;
  hostile_open((hostile){.options = "strict_text=1",
                         .lines = "< PUBLISH topic=\"a\\x01\"",
                         .reason = 0x81});
  hostile_open((hostile){.options = "strict_text=1",
                         .lines = "< PUBLISH topic=\"\\xef\\xbf\\xbf\"",
                         .reason = 0x81});
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH topic=\"a\\x01\\xef\\xbf\\xbf\"\n"
      "= message topic=\"a\\x01\\xef\\xbf\\xbf\"\n");
}

/* MQTT5-3.3.2-8, MQTT5-3.3.2-11, MQTT5-3.1.2-26, MQTT5-3.1.2-27 */
static void hostile_47_alias_out_of_range(void **state) {
  (void)state;
  hostile_open((hostile){.options = "alias_max=5",
                         .lines = "< PUBLISH topic=\"t\" topic_alias=0",
                         .reason = 0x94});
  hostile_open((hostile){.options = "alias_max=5",
                         .lines = "< PUBLISH topic=\"t\" topic_alias=6",
                         .reason = 0x94});
  hostile_open((hostile){.lines = "< PUBLISH topic=\"t\" topic_alias=1",
                         .reason = 0x94});
}

static void hostile_48_alias_that_is_not_mapped(void **state) {
  (void)state;
  hostile_open((hostile){.options = "alias_max=5",
                         .lines = "< PUBLISH topic=\"\" topic_alias=3",
                         .reason = 0x82});
}

/* MQTT5-3.3.2-7 */
static void hostile_49_alias_of_the_last_connection(void **state) {
  (void)state;
  hostile_open((hostile){
      .options = "alias_max=5",
      .lines = "< PUBLISH topic=\"t\" topic_alias=3\n= message\n"
               "disconnected\n= closed by=network\n"
               "connected\n> CONNECT\n< CONNACK session_present=1\n= opened\n"
               "> PUBLISH dup=1\n"
               "< PUBLISH topic=\"\" topic_alias=3",
      .reason = 0x82});
}

/* More than one is legal (matching subscriptions overlap); not having asked
 * for any is tolerated. */
static void hostile_50_subscription_identifiers(void **state) {
  (void)state;
  hostile_open(
      (hostile){.lines = "< PUBLISH topic=\"t\" subscription_identifier=0",
                .reason = 0x82});
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH topic=\"t\" subscription_identifier=1 "
      "subscription_identifier=2 subscription_identifier=1\n"
      "= message subscription_identifier=1 subscription_identifier=2 "
      "subscription_identifier=1\n");
}

/* That the payload really is UTF-8 is the program's to check. */
static void hostile_51_payload_format(void **state) {
  (void)state;
  hostile_open(
      (hostile){.lines = "< PUBLISH topic=\"t\" payload_format_indicator=2",
                .reason = 0x82});
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH topic=\"t\" payload_format_indicator=1 payload=\"\\xff\"\n"
      "= message payload_format_indicator=1 payload=\"\\xff\"\n");
}

/* MQTT5-3.3.4-9 */
static void hostile_52_more_than_our_receive_maximum(void **state) {
  (void)state;
  hostile_open(
      (hostile){.options = "receive_max=1 acknowledge_by_hand=1",
                .lines = "< PUBLISH id=1 qos=1 topic=\"t\"\n= message id=1\n"
                         "< PUBLISH id=2 qos=2 topic=\"t\"",
                .reason = 0x93});
  hostile_open(
      (hostile){.options = "receive_max=1",
                .lines = "< PUBLISH id=1 qos=2 topic=\"t\"\n= message id=1\n"
                         "> PUBREC id=1\n"
                         "< PUBLISH id=2 qos=1 topic=\"t\"",
                .reason = 0x93});
}

/* MQTT5-3.8.4-8 binds the server; a QoS over what we asked for is delivered
 * with its QoS, for the flow of packets is the server's to choose. */
static void hostile_53_qos_above_what_was_asked(void **state) {
  (void)state;
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "subscribe token=1 filter=\"t\" qos=0\n> SUBSCRIBE id=1\n"
      "< SUBACK id=1 reasons=0\n= done token=1\n"
      "< PUBLISH id=5 qos=2 topic=\"t\"\n= message id=5 qos=2\n"
      "> PUBREC id=5\n");
}

/* MQTT5-3.3.2-3, MQTT311-3.3.2-3, MQTT5-4.5.0-2, MQTT311-4.5.0-2: answered and
 * handed out; the program decides. */
static void hostile_54_topic_never_subscribed(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH id=5 qos=1 topic=\"who/asked\"\n"
      "= message topic=\"who/asked\"\n> PUBACK id=5\n"
      "< PUBLISH id=6 qos=2 topic=\"who/asked\"\n"
      "= message topic=\"who/asked\"\n> PUBREC id=6\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* MQTT5-4.3.3-10 */
static void hostile_55_identifier_used_again_before_pubrel(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBLISH id=5 qos=2 topic=\"t\" payload=\"1\"\n"
      "= message payload=\"1\"\n> PUBREC id=5\n"
      "< PUBLISH id=5 qos=2 dup=0 topic=\"other\" payload=\"2\"\n"
      "> PUBREC id=5\n"
      "< PUBREL id=5\n> PUBCOMP id=5\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* Returns how many bytes were read before the connection was broken. */
static size_t read_until_closed(driver *d, const bytes *sent) {
  enum { READ = 8192 };
  size_t at = 0;
  while (at < sent->size && !d->closed) {
    size_t left = sent->size - at;
    driver_received(d, sent->data + at, left < READ ? left : READ);
    if (!d->closed) at += READ;
  }
  return at;
}

/* 65,536 QoS 2 messages and never a PUBREL: MQTT 5 ends at our Receive Maximum,
 * MQTT 3.1.1, and who is lenient, when there cannot be more identifiers. */
static void hostile_56_qos_2_without_pubrel(void **state) {
  (void)state;
  static const struct {
    const char *options;
    size_t most;
  } cases[] = {
      {"client_id=\"a\" receive_max=1000", 1000},
      {"client_id=\"a\" receive_max=1000 receive_max_lenient=1", 65535},
      {"client_id=\"a\"", 65535},
      {"version=3.1.1 client_id=\"a\"", 65535},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    driver d;
    driver_open(&d, cases[i].options, " CONNACK");
    bytes sent = {0};
    char text[64];
    for (unsigned id = 1; id <= 65536; id++) {
      snprintf(text, sizeof text, "PUBLISH qos=2 topic=\"t\" id=%u",
               id > 65535 ? 1 : id);
      bytes_line(&sent, d.version, text);
    }
    size_t each = sent.size / 65536;
    size_t before = read_until_closed(&d, &sent);
    assert_false(d.failed);
    assert_true(d.closed);
    assert_in_range(cases[i].most * each, before, before + 8192);
    assert_in_range(d.memory.peak, 0, 8000000);
    bytes_free(&sent);
    driver_free(&d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_41_qos_3),
      cmocka_unit_test(hostile_42_packet_identifier_0),
      cmocka_unit_test(hostile_43_duplicate_of_qos_0),
      cmocka_unit_test(hostile_44_empty_topic_without_alias),
      cmocka_unit_test(hostile_45_wildcards_in_the_topic),
      cmocka_unit_test(hostile_46_bad_utf_8),
      cmocka_unit_test(hostile_46_byte_order_mark_is_kept),
      cmocka_unit_test(hostile_46_odd_text),
      cmocka_unit_test(hostile_47_alias_out_of_range),
      cmocka_unit_test(hostile_48_alias_that_is_not_mapped),
      cmocka_unit_test(hostile_49_alias_of_the_last_connection),
      cmocka_unit_test(hostile_50_subscription_identifiers),
      cmocka_unit_test(hostile_51_payload_format),
      cmocka_unit_test(hostile_52_more_than_our_receive_maximum),
      cmocka_unit_test(hostile_53_qos_above_what_was_asked),
      cmocka_unit_test(hostile_54_topic_never_subscribed),
      cmocka_unit_test(hostile_55_identifier_used_again_before_pubrel),
      cmocka_unit_test(hostile_56_qos_2_without_pubrel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
