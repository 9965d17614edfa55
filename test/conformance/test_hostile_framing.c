/* Hostile servers, 1 to 13: framing. */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

/* MQTT5-1.5.5-1. MQTT311-4.8.0-1, here and in every case of MQTT 3.1.1: the
 * connection is closed. */
static void hostile_01_remaining_length_of_five_bytes(void **state) {
  (void)state;
  hostile_open_both("<x 30 ff ff ff ff 01", 0x81);
  hostile_greeting_both("<x 20 ff ff ff ff 01", 0x81);
}

/* MQTT5-1.5.5-1 */
static void hostile_02_length_longer_than_needed(void **state) {
  (void)state;
  hostile_open_both("<x 30 80 00", 0x81);
  hostile_open_both("<x d0 80 80 00", 0x81);
  hostile_open_both("<x 30 85 80 80 00", 0x81);
  hostile_greeting_both("<x 20 83 00 00 00 00", 0x81);
}

static void hostile_03_longest_length_then_silence(void **state) {
  (void)state;
  hostile_open((hostile){.options = "packet_size_max=1000",
                         .lines = "<x 30 ff ff ff 7f",
                         .reason = 0x95});
  hostile_open((hostile){.version = "3.1.1",
                         .options = "packet_size_max=1000",
                         .lines = "<x 30 ff ff ff 7f"});
}

/* Without a limit it is legal: nothing is allocated before it has come, and it
 * must not take for ever. */
static void hostile_03_longest_length_without_a_limit(void **state) {
  (void)state;
  play(
      "option client_id=\"a\" reply_timeout_ms=5000 keep_alive_off=1\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "<x 30 ff ff ff 7f 00 01 74\n"
      "elapsed 5s\n"
      "= closed by=self status=ETIMEOUT\ndisconnected\n"
      "? memory_below 20000\n");
}

/* MQTT5-3.1.2-24: what we do about a server that breaks it. */
static void hostile_04_packet_larger_than_our_maximum(void **state) {
  (void)state;
  hostile_open((hostile){
      .options = "packet_size_max=50", .lines = "<x 30 31", .reason = 0x95});
  hostile_open((hostile){.version = "3.1.1",
                         .options = "packet_size_max=50",
                         .lines = "<x 30 31"});
  hostile_greeting((hostile){
      .options = "packet_size_max=50", .lines = "<x 20 31", .reason = 0x95});
}

static void hostile_05_first_byte_then_silence(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\" reply_timeout_ms=5000 "
      "keep_alive_off=1\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "<x 30\n"
      "elapsed 5s\n"
      "= closed by=self status=ETIMEOUT\ndisconnected\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* A byte every ten seconds: the packet must be whole in time all the same. */
static void hostile_06_slow_loris(void **state) {
  (void)state;
  play(
      "option client_id=\"a\" reply_timeout_ms=25000 keep_alive_off=1\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "<x 30\nelapsed 10s\n<x 20\nelapsed 10s\n<x 00\n"
      "? deadline 5s\n"
      "elapsed 5s\n"
      "= closed by=self status=ETIMEOUT\ndisconnected\n");
}

static void hostile_07_unknown_packet_types(void **state) {
  (void)state;
  hostile_open_both("<x 00 00", 0x81);
  hostile_open((hostile){.version = "3.1.1", .lines = "<x f0 00"});
  hostile_open((hostile){.version = "3.1", .lines = "<x f0 00"});
  hostile_greeting_both("<x 00 00", 0x81);
}

/* MQTT5-2.1.3-1, MQTT311-2.2.2-1, MQTT311-2.2.2-2: each type that a server
 * sends, with every wrong value of the four reserved bits. */
static void hostile_08_reserved_flags(void **state) {
  (void)state;
  static const struct {
    unsigned type, flags;
    bool only_5;
  } types[] = {{2, 0, 0}, {4, 0, 0},  {5, 0, 0},  {6, 2, 0},  {7, 0, 0},
               {9, 0, 0}, {11, 0, 0}, {13, 0, 0}, {14, 0, 1}, {15, 0, 1}};
  char lines[32];
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    for (unsigned flags = 0; flags < 16; flags++) {
      if (flags == types[i].flags) continue;
      snprintf(lines, sizeof lines, "<x %02x 02 00 01",
               types[i].type << 4 | flags);
      hostile_open((hostile){.lines = lines, .reason = 0x81});
      if (types[i].only_5) continue;
      hostile_open((hostile){.version = "3.1.1", .lines = lines});
    }
  }
}

/* That packets may come cut anywhere and several at a time is played in every
 * transcript; this one has one of each kind. */
static void hostile_09_packets_cut_and_joined(void **state) {
  (void)state;
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n"
      "publish token=1 qos=1 topic=\"t\"\n"
      "< CONNACK user_property=\"a\",\"b\"\n"
      "< PUBLISH topic=\"t\" payload=\"0\"\n"
      "< PUBLISH id=1 qos=1 topic=\"t\" payload=\"1\"\n"
      "< PUBLISH id=2 qos=2 topic=\"t\" payload=\"2\" content_type=\"x\"\n"
      "< PINGRESP\n"
      "> PUBLISH id=1\n> PUBACK id=1\n> PUBREC id=2\n"
      "= opened\n= message id=0\n= message id=1\n= message id=2\n");
}

/* 100,000 packets of two bytes, and as many of eight, in one read: all are
 * taken, in time and memory that a session of this size has. */
static void hostile_10_tiny_packets_in_one_read(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  driver d;
  driver_open(&d, "client_id=\"a\"", " CONNACK");
  bytes sent = {0};
  for (size_t i = 0; i < COUNT; i++) {
    bytes_add(&sent, "\xd0\x00\x30\x06\x00\x01t\x00xx", 10);
  }
  driver_received(&d, sent.data, sent.size);
  assert_false(d.failed);
  for (size_t i = 0; i < COUNT; i++) {
    seen *event = seen_take(&d.events);
    assert_non_null(event);
    assert_int_equal(strncmp(event->text, "message ", 8), 0);
  }
  assert_null(seen_take(&d.events));
  /* What was read, the events in a row, and not a copy of each. */
  assert_in_range(d.memory.peak, 0, 2 * sent.size + COUNT * 280 + 100000);
  bytes_free(&sent);
  driver_free(&d);
}

static void hostile_11_length_shorter_than_the_fields(void **state) {
  (void)state;
  hostile_open_both("<x 30 00", 0x81);
  hostile_open_both("<x 30 01 00", 0x81);
  hostile_open_both("<x 32 03 00 01 74", 0x81);
  hostile_open_both("<x 32 04 00 01 74 00", 0x81);
  hostile_open_both("<x 40 00", 0x81);
  hostile_open_both("<x 40 01 00", 0x81);
  hostile_open_both("<x 50 01 00", 0x81);
  hostile_open_both("<x 62 01 00", 0x81);
  hostile_open_both("<x 70 01 00", 0x81);
  hostile_open_both("<x 90 01 00", 0x81);
  hostile_open_both("<x b0 01 00", 0x81);
  hostile_greeting_both("<x 20 00", 0x81);
  hostile_greeting_both("<x 20 01 00", 0x81);
  hostile_greeting((hostile){.lines = "<x 20 02 00 00", .reason = 0x81});
}

static void hostile_11_length_longer_than_the_fields(void **state) {
  (void)state;
  hostile_open_both("<x d0 01 00", 0x81);
  hostile_greeting((hostile){.lines = "<x 20 04 00 00 00 00", .reason = 0x81});
  hostile_greeting((hostile){.version = "3.1.1", .lines = "<x 20 03 00 00 00"});
  hostile_open((hostile){.lines = "<x 40 05 00 01 00 00 00", .reason = 0x81});
  hostile_open((hostile){.lines = "<x 62 05 00 01 00 00 00", .reason = 0x81});
  hostile_open((hostile){.lines = "<x e0 03 8b 00 00", .reason = 0x81});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 40 03 00 01 00"});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 50 03 00 01 00"});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 62 03 00 01 00"});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 70 03 00 01 00"});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x b0 03 00 01 00"});
}

static void hostile_12_text_beyond_the_packet(void **state) {
  (void)state;
  hostile_open_both("<x 30 04 00 03 74 74", 0x81);
  hostile_open_both("<x 32 05 00 04 74 74 74", 0x81);
  /* A reason string of 5 bytes where there are 2. */
  hostile_open((hostile){.lines = "<x 40 09 00 01 00 05 1f 00 05 61 62",
                         .reason = 0x81});
  /* A user property whose value runs out of the properties. */
  hostile_open((hostile){.lines = "<x 30 0b 00 01 74 06 26 00 01 61 00 09 62",
                         .reason = 0x81});
}

static void hostile_13_text_of_65535_bytes_in_a_short_packet(void **state) {
  (void)state;
  hostile_open_both("<x 30 04 ff ff 74 74", 0x81);
  hostile_open_both("<x 32 06 ff ff 74 74 00 01", 0x81);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_01_remaining_length_of_five_bytes),
      cmocka_unit_test(hostile_02_length_longer_than_needed),
      cmocka_unit_test(hostile_03_longest_length_then_silence),
      cmocka_unit_test(hostile_03_longest_length_without_a_limit),
      cmocka_unit_test(hostile_04_packet_larger_than_our_maximum),
      cmocka_unit_test(hostile_05_first_byte_then_silence),
      cmocka_unit_test(hostile_06_slow_loris),
      cmocka_unit_test(hostile_07_unknown_packet_types),
      cmocka_unit_test(hostile_08_reserved_flags),
      cmocka_unit_test(hostile_09_packets_cut_and_joined),
      cmocka_unit_test(hostile_10_tiny_packets_in_one_read),
      cmocka_unit_test(hostile_11_length_shorter_than_the_fields),
      cmocka_unit_test(hostile_11_length_longer_than_the_fields),
      cmocka_unit_test(hostile_12_text_beyond_the_packet),
      cmocka_unit_test(hostile_13_text_of_65535_bytes_in_a_short_packet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
