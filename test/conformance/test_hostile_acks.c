/* Hostile servers, 57 to 62: acknowledgements. */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

/* Nobody waits for these: PUBREC is answered, the others end nothing. */
static void hostile_57_unknown_identifiers(void **state) {
  (void)state;
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
      "< PUBACK id=77\n< PUBCOMP id=77\n"
      "< SUBACK id=77 reasons=0\n< UNSUBACK id=77 reasons=0\n"
      "< PUBREC id=77\n>x 62 03 00 4d 92\n"
      "< PUBREC id=77 reason=0x87\n"
      "< PUBACK id=1\n= done token=1 status=OK\n"
      "< PUBACK id=1\n");
  play(
      "option version=3.1.1 client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
      "< PUBACK id=77\n< PUBCOMP id=77\n"
      "< SUBACK id=77 reasons=0\n< UNSUBACK id=77\n"
      "< PUBREC id=77\n>x 62 02 00 4d\n"
      "< PUBACK id=1\n= done token=1 status=OK\n"
      "< PUBACK id=1\n");
}

/* The rule for all sends message 1, of QoS 1, again. */
static void hostile_58_pubrec_to_qos_1(void **state) {
  (void)state;
  hostile_open_both("< PUBREC id=1", 0x82);
  hostile_open_both("< PUBCOMP id=1", 0x82);
  hostile_open_both("< SUBACK id=1 reasons=0", 0x82);
  hostile_open((hostile){.lines = "< UNSUBACK id=1 reasons=0", .reason = 0x82});
  hostile_open((hostile){.version = "3.1.1", .lines = "< UNSUBACK id=1"});
}

static void wrong_answer(const char *version, const char *wish,
                         const char *packet, const char *answer,
                         const char *again) {
  bool is_5 = strcmp(version, "5") == 0;
  play_format(
      "option version=%s client_id=\"a\" %s\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "%s\n> %s\n< %s\n%s"
      "= closed by=self status=EPROTOCOL reason=%u\ndisconnected\n"
      "connected\n> CONNECT\n< CONNACK session_present=1\n= opened\n%s\n",
      version, is_5 ? "session_expiry_s=60" : "", wish, packet, answer,
      is_5 ? "> DISCONNECT reason=0x82\n" : "", is_5 ? 0x82u : 0u, again);
}

/* Whatever was answered wrongly is not done; it is asked for again. */
static void hostile_58_wrong_answers(void **state) {
  (void)state;
  static const char *const versions[] = {"5", "3.1.1"};
  for (size_t i = 0; i < 2; i++) {
    const char *unsuback = i == 0 ? "UNSUBACK id=1 reasons=0" : "UNSUBACK id=1";
    wrong_answer(versions[i], "publish token=1 qos=2 topic=\"t\"",
                 "PUBLISH id=1", "PUBACK id=1", "> PUBLISH id=1 dup=1");
    wrong_answer(versions[i], "publish token=1 qos=2 topic=\"t\"",
                 "PUBLISH id=1", "PUBCOMP id=1", "> PUBLISH id=1 dup=1");
    wrong_answer(versions[i], "publish token=1 qos=2 topic=\"t\"",
                 "PUBLISH id=1", "PUBREC id=1\n> PUBREL id=1\n< PUBACK id=1",
                 "> PUBREL id=1");
    wrong_answer(versions[i], "subscribe token=1 filter=\"f\"", "SUBSCRIBE",
                 unsuback, "> SUBSCRIBE");
    wrong_answer(versions[i], "subscribe token=1 filter=\"f\"", "SUBSCRIBE",
                 "PUBACK id=1", "> SUBSCRIBE");
    wrong_answer(versions[i], "unsubscribe token=1 filter=\"f\"", "UNSUBSCRIBE",
                 "SUBACK id=1 reasons=0", "> UNSUBSCRIBE");
  }
}

/* MQTT5-3.9.3-2, MQTT311-3.9.3-2, MQTT5-3.4.2-1, MQTT5-3.5.2-1, MQTT5-3.6.2-1,
 * MQTT5-3.7.2-1 */
static void hostile_59_reason_codes_out_of_place(void **state) {
  (void)state;
  hostile_open((hostile){.lines = "<x 40 03 00 01 01", .reason = 0x82});
  hostile_open((hostile){.lines = "<x 40 03 00 01 92", .reason = 0x82});
  hostile_open((hostile){.lines = "<x 50 03 00 01 8e", .reason = 0x82});
  hostile_open((hostile){.lines = "<x 62 03 00 01 87", .reason = 0x82});
  hostile_open((hostile){.lines = "<x 70 03 00 01 10", .reason = 0x82});
  hostile_open((hostile){.lines = "<x 90 04 00 09 00 03", .reason = 0x82});
  hostile_open((hostile){.lines = "<x 90 04 00 09 00 7f", .reason = 0x82});
  hostile_open((hostile){.lines = "<x b0 04 00 09 00 01", .reason = 0x82});
  hostile_open((hostile){.lines = "<x e0 01 10", .reason = 0x82});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 90 03 00 09 03"});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 90 03 00 09 7f"});
  hostile_open((hostile){.version = "3.1.1", .lines = "<x 90 03 00 09 81"});
}

/* MQTT5-3.8.4-6, MQTT311-3.8.4-5, MQTT5-3.11.3-2 */
static void hostile_60_suback_of_another_length(void **state) {
  (void)state;
  static const char *const versions[] = {"5", "3.1.1"};
  for (size_t i = 0; i < 2; i++) {
    const char *wish = "subscribe token=1 filter=\"f\" filter=\"g\"";
    wrong_answer(versions[i], wish, "SUBSCRIBE id=1", "SUBACK id=1 reasons=0",
                 "> SUBSCRIBE");
    wrong_answer(versions[i], wish, "SUBSCRIBE id=1",
                 "SUBACK id=1 reasons=0,0,0", "> SUBSCRIBE");
    wrong_answer(versions[i], wish, "SUBSCRIBE id=1", "SUBACK id=1",
                 "> SUBSCRIBE");
  }
  const char *wish = "unsubscribe token=1 filter=\"f\" filter=\"g\"";
  wrong_answer("5", wish, "UNSUBSCRIBE id=1", "UNSUBACK id=1 reasons=0",
               "> UNSUBSCRIBE");
  wrong_answer("5", wish, "UNSUBSCRIBE id=1", "UNSUBACK id=1 reasons=0,0,0",
               "> UNSUBSCRIBE");
}

static void hostile_61_pubrel_of_an_unknown_identifier(void **state) {
  (void)state;
  play(
      "option client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBREL id=9\n>x 70 03 00 09 92\n");
  play(
      "option version=3.1.1 client_id=\"a\"\n"
      "connected\n> CONNECT\n< CONNACK\n= opened\n"
      "< PUBREL id=9\n>x 70 02 00 09\n");
}

/* A million packets that nobody asked for. PINGRESP leaves no trace; for each
 * PUBREL a PUBCOMP is owed, and the driver sees the backlog and stops reading
 * while the server does not. */
static void hostile_62_unsolicited_by_the_million(void **state) {
  (void)state;
  enum { COUNT = 1000000, BACKLOG_MAX = 65536 };
  driver d;
  driver_open(&d, "client_id=\"a\"", " CONNACK");
  bytes pings = {0}, releases = {0};
  for (size_t i = 0; i < 1000; i++) {
    bytes_add(&pings, "\xd0\x00", 2);
    bytes_add(&releases, "\x62\x02\x00\x09", 4);
  }
  for (size_t i = 0; i < COUNT / 1000; i++) {
    driver_received(&d, pings.data, pings.size);
  }
  assert_false(d.failed);
  assert_in_range(d.memory.peak, 0, 30000);
  d.output_held = true;
  size_t told = 0;
  while (midge_session_backlog(d.session) < BACKLOG_MAX) {
    driver_received(&d, releases.data, releases.size);
    told += 1000;
  }
  assert_in_range(d.memory.peak, 0, 2 * BACKLOG_MAX + 100000);
  d.output_held = false;
  driver_turn(&d);
  assert_int_equal(midge_session_backlog(d.session), 0);
  for (; told < COUNT; told += 1000) {
    driver_received(&d, releases.data, releases.size);
    seen_clear(&d.packets);
  }
  assert_false(d.failed);
  assert_in_range(d.memory.peak, 0, 2 * BACKLOG_MAX + 100000);
  bytes_free(&pings);
  bytes_free(&releases);
  driver_free(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_57_unknown_identifiers),
      cmocka_unit_test(hostile_58_pubrec_to_qos_1),
      cmocka_unit_test(hostile_58_wrong_answers),
      cmocka_unit_test(hostile_59_reason_codes_out_of_place),
      cmocka_unit_test(hostile_60_suback_of_another_length),
      cmocka_unit_test(hostile_61_pubrel_of_an_unknown_identifier),
      cmocka_unit_test(hostile_62_unsolicited_by_the_million),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
