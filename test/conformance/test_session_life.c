/* Session edge cases, 37 to 44: subscriptions, time, ends and restarts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

static void session_37_subscribe_in_flight_at_a_cut(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
            "subscribe token=2 filter=\"f\"\n> SUBSCRIBE id=2\n"
            "unsubscribe token=3 filter=\"g\"\n> UNSUBSCRIBE id=3\n" RESUME
            "> PUBLISH id=1 dup=1\n"
            "> SUBSCRIBE filter=\"f\" id=4\n> UNSUBSCRIBE filter=\"g\" id=5\n"
            "< SUBACK id=4 reasons=0\n= done token=2 status=OK\n"
            "< UNSUBACK id=5 reasons=0\n= done token=3 status=OK\n");
}

/* MQTT5-3.8.4-1, MQTT5-3.8.4-2, MQTT311-3.8.4-1, MQTT311-3.8.4-2,
 * MQTT5-3.10.4-4, MQTT5-3.10.4-5, MQTT311-3.10.4-4: each SUBSCRIBE and
 * UNSUBSCRIBE gets an answer with its identifier, and we hold the server to
 * it: the wish is not done before, and times out without it. */
static void session_37_every_request_is_answered(void **state) {
  (void)state;
  play_both("reply_timeout_ms=5000 keep_alive_off=1",
            "subscribe token=1 filter=\"f\"\n> SUBSCRIBE id=1\n"
            "subscribe token=2 filter=\"g\"\n> SUBSCRIBE id=2\n"
            "unsubscribe token=3 filter=\"h\"\n> UNSUBSCRIBE id=3\n"
            "unsubscribe token=4 filter=\"i\"\n> UNSUBSCRIBE id=4\n"
            "elapsed 4s\n"
            "< SUBACK id=2 reasons=1\n= done token=2 status=OK reasons=1\n"
            "< UNSUBACK id=4 reasons=0\n= done token=4 status=OK\n"
            "elapsed 1s\n"
            "= done token=1 status=ETIMEOUT\n= done token=3 status=ETIMEOUT\n"
            "< SUBACK id=1 reasons=0\n< UNSUBACK id=3 reasons=0\n");
}

static void session_38_subscriptions_after_a_lost_session(void **state) {
  (void)state;
  play_both("",
            "subscribe token=1 filter=\"f\" qos=1\n> SUBSCRIBE id=1\n"
            "< SUBACK id=1 reasons=1\n= done token=1\n"
            "publish token=2 qos=1 topic=\"t\"\n> PUBLISH\n" RESUME
            "> PUBLISH dup=1\n"
            "disconnected\n= closed\nconnected\n> CONNECT\n"
            "< CONNACK session_present=0\n= opened renewed=1\n"
            "> SUBSCRIBE filter=\"f\" options=1\n> PUBLISH dup=0\n");
}

/* More than go into one SUBSCRIBE: their order stays. */
static void session_38_a_hundred_subscriptions(void **state) {
  (void)state;
  enum { COUNT = 100 };
  driver d;
  driver_open(&d, "client_id=\"a\"", " CONNACK");
  teller to = {.driver = &d};
  char lines[160];
  for (unsigned i = 1; i <= COUNT; i++) {
    snprintf(lines, sizeof lines,
             "subscribe token=%u filter=\"f%u\"\n> SUBSCRIBE id=%u\n"
             "< SUBACK id=%u reasons=0\n= done token=%u",
             i, i, i, i, i);
    assert_true(transcript_tell(&to, lines));
  }
  transcript_tell(&to, "disconnected\n= closed\nconnected\n> CONNECT");
  transcript_tell(&to, "< CONNACK\n= opened");
  unsigned filters = 0, packets = 0;
  for (seen *p; (p = seen_take(&d.packets)) != NULL; packets++) {
    for (const char *at = p->text; (at = strstr(at, "\"f")) != NULL; at++) {
      assert_int_equal(atoi(at + 2), ++filters);
    }
  }
  assert_int_equal(filters, COUNT);
  assert_int_equal(packets, 13);
  assert_true(transcript_end(&to));
  driver_free(&d);
}

/* MQTT5-3.1.2-20, MQTT5-3.1.2-21, MQTT5-3.2.2-21, MQTT311-3.1.2-23,
 * MQTT5-3.12.4-1, MQTT311-3.12.4-1: PINGREQ in time, and PINGRESP must come. */
static void session_39_keep_alive(void **state) {
  (void)state;
  play_both("keep_alive_s=4",
            "? deadline 3s\nelapsed 2s\n"
            "publish topic=\"t\"\n> PUBLISH\n? deadline 2s\n"
            "elapsed 2s\n> PINGREQ\n< PINGRESP\n"
            "elapsed 3s\n> PINGREQ\n? deadline 2s\n"
            "elapsed 2s\n= closed by=self status=EKEEPALIVE\ndisconnected\n");
  play_5("keep_alive_s=60",
         "disconnected\n= closed\nconnected\n> CONNECT keep_alive=60\n"
         "< CONNACK server_keep_alive=4 session_present=1\n= opened\n"
         "? deadline 3s\nelapsed 3s\n> PINGREQ\n");
  play_both("keep_alive_off=1", "? deadline never\n");
}

/* A large upload is not idle: PINGREQ queues behind it, and its answer is
 * awaited from when it has left. */
static void session_39_a_large_upload_is_not_idle(void **state) {
  (void)state;
  play_both("keep_alive_s=4",
            "hold\npublish token=1 qos=1 topic=\"t\" payload=\"x\"*1000\n"
            "sent 100\nelapsed 2s\nsent 100\nelapsed 2s\nsent 100\n"
            "elapsed 2s\nsent 100\nelapsed 8s\n"
            "sent\n> PUBLISH id=1\n> PINGREQ\n? deadline 2s\n");
}

/* A server that takes nothing more is gone, sooner or later. */
static void session_39_the_server_stops_reading(void **state) {
  (void)state;
  play_both("keep_alive_s=4 reply_timeout_ms=6000",
            "hold\npublish token=1 qos=1 topic=\"t\" payload=\"x\"*1000\n"
            "elapsed 60s\n= closed by=self status=EKEEPALIVE\n"
            "disconnected\n");
}

static void session_39_the_clock_jumps(void **state) {
  (void)state;
  play_both("keep_alive_s=60",
            "jumped 24h\n> PINGREQ\n< PINGRESP\n? deadline 55s\n");
}

/* MQTT5-3.14.4-1, MQTT5-3.14.4-2, MQTT311-3.14.4-1, MQTT311-3.14.4-2 */
static void session_40_graceful_disconnect(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
            "hold\npublish token=2 qos=0 topic=\"t\"\n"
            "disconnect\n"
            "refused ENOCONN disconnect\n"
            "refused ENOCONN authenticate reason=REAUTHENTICATE\n"
            "sent\n> PUBLISH qos=0\n> DISCONNECT reason=0\n"
            "= closed by=self status=OK\n= done token=2 status=OK\n"
            "< PUBACK id=1\ndisconnected\n? unfinished 1\n");
}

/* MQTT5-3.14.2-1, MQTT5-3.14.2-3, MQTT5-3.14.2-4, MQTT5-3.14.1-1: a Reason
 * String and User Properties are as good as sent only if they fit. */
static void session_40_disconnect_with_reasons(void **state) {
  (void)state;
  play_5("",
         "disconnect reason=DISCONNECT_WITH_WILL_MESSAGE "
         "session_expiry_interval=5 user_property=\"a\",\"b\"\n"
         ">x e0 0e 04 0c 11 00 00 00 05 26 00 01 61 00 01 62\n"
         "= closed by=self status=OK reason=4\ndisconnected\n");
  play_5(
      "",
      "disconnected\n= closed\nconnected\n> CONNECT\n"
      "< CONNACK session_present=1 maximum_packet_size=20\n= opened\n"
      "refused EOVERSIZE disconnect reason_string=\"0123456789abcdef\"\n"
      "refused EOVERSIZE disconnect user_property=\"01234567\",\"89abcdef\"\n"
      "disconnect reason_string=\"short\"\n> DISCONNECT\n"
      "= closed by=self status=OK\ndisconnected\n");
  play_format(
      "option client_id=\"a\"\nconnected\n> CONNECT\n< CONNACK\n= opened\n"
      "refused EINVAL disconnect session_expiry_interval=5\n"
      "disconnect session_expiry_interval=0\n> DISCONNECT\n= closed\n");
}

static void session_41_taken_over(void **state) {
  (void)state;
  play_5("",
         "< DISCONNECT reason=SESSION_TAKEN_OVER\n"
         "= closed by=server status=SESSION_TAKEN_OVER lasting=1\n"
         "disconnected\n");
}

/* MQTT5-3.1.2-23, MQTT5-4.1.0-1: the server's Session Expiry
 * Interval counts, if it names one. MQTT311-4.1.0-1, MQTT311-4.1.0-2 */
static void session_42_session_expiry(void **state) {
  (void)state;
  const char *const lines =
      "option client_id=\"a\" session_expiry_s=%s\n"
      "connected\n> CONNECT clean_start=0\n< CONNACK %s\n= opened\n"
      "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
      "disconnected\n= closed\nelapsed %s\n"
      "connected\n> CONNECT clean_start=%d\n< CONNACK session_present=%d\n"
      "= opened renewed=%d\n> PUBLISH dup=%d\n";
  play_format(lines, "60", "", "59s", 0, 1, 0, 1);
  play_format(lines, "60", "", "60s", 1, 0, 1, 0);
  play_format(lines, "60", "session_expiry_interval=10", "10s", 1, 0, 1, 0);
  play_format(lines, "60", "session_expiry_interval=100", "90s", 0, 1, 0, 1);
  play_format(lines, "4294967295", "", "99999h", 0, 1, 0, 1);
  play_3("",
         "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
         "disconnected\n= closed\nelapsed 99999h\n"
         "connected\n> CONNECT clean_start=0\n< CONNACK session_present=1\n"
         "= opened\n> PUBLISH id=1 dup=1\n");
}

/* A journal from an old backup holds messages that are long done: they are
 * sent as what they look like. Damage is the journal's to find; what it misses
 * is taken as it looks or not at all, and half a message never is. */
static void session_43_a_journal_that_is_not_ours(void **state) {
  (void)state;
  driver d;
  driver_open(&d, "client_id=\"a\" session_expiry_s=60 durable=1", " CONNACK");
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 2};
  assert_int_equal(midge_session_publish(d.session, &publish, 1), MIDGE_OK);
  driver_turn(&d);
  assert_int_equal(driver_journal_count(&d), 3); /* message, mark, session */
  for (journal_entry *e = d.committed; e != NULL; e = e->next) {
    for (size_t bit = 0; bit < 8 * e->size; bit++) {
      midge_session *other = NULL;
      midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                       .session_expiry_s = 60,
                                       .durable = true,
                                       .allocator = &d.memory.allocator};
      assert_int_equal(midge_session_new(&other, &options), MIDGE_OK);
      midge_record record = journal_record(e);
      e->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
      midge_status status = midge_session_restore(other, &record, 0);
      assert_true(status == MIDGE_OK || status == MIDGE_EINVAL);
      e->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
      midge_session_free(other);
    }
    for (size_t size = 0; size < e->head_size; size++) {
      midge_record cut = journal_record(e);
      cut.head.size = size;
      cut.body.size = 0;
      midge_publish publish_of;
      assert_false(midge_record_message(&cut, &publish_of));
    }
  }
  driver_free(&d);
}

/* Not durable, or too late, or with keys that no session wrote. */
static void session_43_restore_has_its_time(void **state) {
  (void)state;
  driver d;
  driver_open(&d, "client_id=\"a\" session_expiry_s=60 durable=1", " CONNACK");
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(d.session, &publish, 1), MIDGE_OK);
  driver_turn(&d);
  journal_entry *e = d.committed;
  midge_record record = journal_record(e);
  assert_int_equal(midge_session_restore(d.session, &record, 0), MIDGE_EINVAL);
  midge_session *plain = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a")};
  assert_int_equal(midge_session_new(&plain, &options), MIDGE_OK);
  assert_int_equal(midge_session_restore(plain, &record, 0), MIDGE_EINVAL);
  midge_session_free(plain);
  options.durable = true;
  assert_int_equal(midge_session_new(&plain, &options), MIDGE_OK);
  midge_record keyless = record;
  keyless.key = 0;
  assert_int_equal(midge_session_restore(plain, &keyless, 0), MIDGE_EINVAL);
  assert_int_equal(midge_session_restore(plain, &record, 0), MIDGE_OK);
  assert_int_equal(midge_session_restore(plain, &record, 0), MIDGE_EINVAL);
  midge_session_free(plain);
  driver_free(&d);
}

/* MQTT5-4.12.0-2, MQTT5-4.12.0-5, MQTT5-4.12.1-1, MQTT5-4.12.1-2,
 * MQTT5-3.15.1-1, MQTT5-3.15.2-1 */
static void session_44_authentication_again(void **state) {
  (void)state;
  const char *const begin =
      "option client_id=\"a\" authentication_method=\"m\"\n"
      "connected\n> CONNECT\n< CONNACK authentication_method=\"m\"\n= opened\n"
      "authenticate reason=REAUTHENTICATE authentication_data=\"1\"\n"
      ">x f0 0a 19 08 15 00 01 6d 16 00 01 31\n%s\n";
  play_format(begin,
              "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
              "< PUBACK id=1\n= done token=1\n"
              "refused EINVAL authenticate reason=REAUTHENTICATE\n"
              "< AUTH reason=SUCCESS authentication_method=\"m\"\n"
              "= authenticate reason=0");
  static const char *const breaches[] = {
      "< AUTH reason=SUCCESS authentication_method=\"other\"",
      "< AUTH reason=REAUTHENTICATE authentication_method=\"m\"",
      "< AUTH reason=CONTINUE_AUTHENTICATION",
      "<x f0 00",
  };
  for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
    char lines[200];
    snprintf(lines, sizeof lines,
             "%s\n> DISCONNECT reason=0x82\n"
             "= closed by=self status=EPROTOCOL reason=0x82\ndisconnected",
             breaches[i]);
    play_format(begin, lines);
  }
  play_format(begin,
              "< DISCONNECT reason=NOT_AUTHORIZED\n"
              "= closed by=server status=NOT_AUTHORIZED\ndisconnected");
}

/* MQTT5-4.12.0-7, MQTT5-3.15.2-2, MQTT5-3.15.2-3: nothing that does not fit
 * the server's packets, and nothing without a method. */
static void session_44_authentication_has_its_rules(void **state) {
  (void)state;
  play_5("", "refused EINVAL authenticate reason=REAUTHENTICATE\n");
  play(
      "option client_id=\"a\" authentication_method=\"m\"\n"
      "connected\n> CONNECT\n"
      "< CONNACK authentication_method=\"m\" maximum_packet_size=20\n"
      "= opened\n"
      "refused EOVERSIZE authenticate reason=REAUTHENTICATE "
      "reason_string=\"0123456789abcdef\"\n"
      "refused EOVERSIZE authenticate reason=REAUTHENTICATE "
      "user_property=\"01234567\",\"89abcdef\"\n"
      "authenticate reason=REAUTHENTICATE reason_string=\"why\"\n"
      "> AUTH reason=0x19 reason_string=\"why\"\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(session_37_subscribe_in_flight_at_a_cut),
      cmocka_unit_test(session_37_every_request_is_answered),
      cmocka_unit_test(session_38_subscriptions_after_a_lost_session),
      cmocka_unit_test(session_38_a_hundred_subscriptions),
      cmocka_unit_test(session_39_keep_alive),
      cmocka_unit_test(session_39_a_large_upload_is_not_idle),
      cmocka_unit_test(session_39_the_server_stops_reading),
      cmocka_unit_test(session_39_the_clock_jumps),
      cmocka_unit_test(session_40_graceful_disconnect),
      cmocka_unit_test(session_40_disconnect_with_reasons),
      cmocka_unit_test(session_41_taken_over),
      cmocka_unit_test(session_42_session_expiry),
      cmocka_unit_test(session_43_a_journal_that_is_not_ours),
      cmocka_unit_test(session_43_restore_has_its_time),
      cmocka_unit_test(session_44_authentication_again),
      cmocka_unit_test(session_44_authentication_has_its_rules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
