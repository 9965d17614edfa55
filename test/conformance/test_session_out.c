/* Session edge cases, 1 to 19: messages on their way out. */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

static void publish_ok(driver *d, uint64_t token, midge_qos qos) {
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = qos};
  assert_int_equal(midge_session_publish(d->session, &publish, token),
                   MIDGE_OK);
}

static void puback(driver *d, uint16_t id) {
  driver_received(d, (uint8_t[]){0x40, 2, (uint8_t)(id >> 8), (uint8_t)id}, 4);
}

/* The identifier of the next packet, which is a PUBLISH. */
static unsigned next_id(driver *d) {
  seen *packet = seen_take(&d->packets);
  unsigned id = 0;
  assert_non_null(packet);
  assert_int_equal(sscanf(packet->text, "PUBLISH id=%u", &id), 1);
  return id;
}

/* MQTT5-2.2.1-3, MQTT311-2.3.1-1, MQTT311-2.3.1-2: the first is not 0, and
 * after 65535 comes the lowest that is free. */
static void session_01_identifiers_wrap_around_those_in_use(void **state) {
  (void)state;
  static const char *const versions[] = {
      "version=5 client_id=\"a\" session_expiry_s=60",
      "version=3.1.1 client_id=\"a\""};
  for (size_t i = 0; i < 2; i++) {
    driver d;
    driver_open(&d, versions[i], " CONNACK");
    publish_ok(&d, 0, MIDGE_AT_LEAST_ONCE);
    driver_turn(&d);
    assert_int_equal(next_id(&d), 1); /* and stays in flight */
    for (unsigned id = 2; id <= 65535; id++) {
      publish_ok(&d, 0, MIDGE_AT_LEAST_ONCE);
      driver_turn(&d);
      assert_int_equal(next_id(&d), id);
      if (id != 2 && id != 4) puback(&d, (uint16_t)id);
    }
    publish_ok(&d, 0, MIDGE_AT_LEAST_ONCE);
    publish_ok(&d, 0, MIDGE_AT_LEAST_ONCE);
    driver_turn(&d);
    assert_int_equal(next_id(&d), 3);
    assert_int_equal(next_id(&d), 5);
    assert_false(d.failed);
    driver_free(&d);
  }
}

static void session_02_all_identifiers_in_use(void **state) {
  (void)state;
  driver d;
  driver_open(&d, "client_id=\"a\" in_flight_max=65535", " CONNACK");
  for (unsigned i = 0; i < 65535; i++) publish_ok(&d, 0, 1);
  publish_ok(&d, 7, 1);
  driver_turn(&d);
  for (unsigned id = 1; id <= 65535; id++) assert_int_equal(next_id(&d), id);
  assert_null(seen_take(&d.packets));
  puback(&d, 1234);
  assert_int_equal(next_id(&d), 1234);
  puback(&d, 1234);
  seen *done = seen_take(&d.events);
  assert_non_null(done);
  assert_int_equal(strncmp(done->text, "done token=7 status=OK", 22), 0);
  assert_false(d.failed);
  driver_free(&d);
}

/* MQTT5-2.2.1-3, MQTT5-2.2.1-6, MQTT311-2.3.1-2, MQTT311-2.3.1-7: ours are
 * shared by PUBLISH, SUBSCRIBE and UNSUBSCRIBE; the server's are its own, and
 * the answers carry the identifier they answer. */
static void session_03_one_space_of_identifiers_each(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=1 topic=\"t\"\n"
            "subscribe token=2 filter=\"f\"\n"
            "unsubscribe token=3 filter=\"f\"\n"
            "> PUBLISH id=1\n> SUBSCRIBE id=2\n> UNSUBSCRIBE id=3\n"
            "< PUBLISH id=1 qos=1 topic=\"t\"\n= message id=1\n"
            "> PUBACK id=1\n"
            "< PUBLISH id=2 qos=2 topic=\"t\"\n= message id=2\n"
            "> PUBREC id=2\n"
            "< SUBACK id=2 reasons=0\n= done token=2 id=2\n"
            "< UNSUBACK id=3 reasons=0\n= done token=3 id=3\n"
            "< PUBACK id=1\n= done token=1 id=1\n"
            "< PUBREL id=2\n> PUBCOMP id=2\n");
}

/* MQTT5-4.3.2-2, MQTT5-4.3.2-3, MQTT311-4.3.2-1 */
static void session_04_qos_1_is_unacknowledged_until_puback(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1 dup=0\n"
            "elapsed 10s\n? unfinished 1\n"
            "< PUBACK id=1\n= done token=1 status=OK\n? unfinished 0\n" RESUME);
}

/* MQTT5-4.4.0-1, MQTT5-3.3.1-1, MQTT311-4.4.0-1, MQTT311-3.3.1-1 */
static void session_05_cut_before_puback(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=1 topic=\"t\" payload=\"p\"\n"
            "> PUBLISH id=1 dup=0\n" RESUME
            "> PUBLISH id=1 qos=1 dup=1 topic=\"t\" payload=\"p\"\n"
            "< PUBACK id=1\n= done token=1 status=OK\n");
}

/* MQTT5-3.2.2-5: what we had of the session is dropped, the program is told,
 * and the message is sent as a new one. */
static void session_06_cut_and_the_session_is_lost(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=1 topic=\"t\"\n> PUBLISH dup=0\n"
            "disconnected\n= closed\nconnected\n> CONNECT\n"
            "< CONNACK session_present=0\n"
            "= opened session_present=0 renewed=1\n"
            "> PUBLISH dup=0 topic=\"t\"\n");
}

/* MQTT5-3.1.2-4, MQTT311-3.1.2-6 */
static void session_07_clean_start_discards(void **state) {
  (void)state;
  const char *const lines =
      "option version=%s client_id=\"a\" clean_start=1\n"
      "connected\n> CONNECT clean_start=1\n< CONNACK\n= opened\n"
      "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
      "< PUBREC id=1\n> PUBREL id=1\n"
      "< PUBLISH id=9 qos=2 topic=\"t\" payload=\"1\"\n= message\n"
      "> PUBREC id=9\n"
      "disconnected\n= closed\n"
      "connected\n> CONNECT clean_start=1\n< CONNACK\n"
      "= opened session_present=0 renewed=1\n"
      "> PUBLISH dup=0\n"
      "< PUBLISH id=9 qos=2 topic=\"t\" payload=\"2\"\n= message "
      "payload=\"2\"\n"
      "> PUBREC id=9\n";
  play_format(lines, "5");
  play_format(lines, "3.1.1");
}

/* MQTT5-4.4.0-1: never on a timer. */
static void session_08_nothing_again_while_connected(void **state) {
  (void)state;
  play_both("keep_alive_off=1",
            "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
            "publish token=2 qos=2 topic=\"t\"\n> PUBLISH id=2\n"
            "< PUBREC id=2\n> PUBREL id=2\n"
            "? deadline never\nelapsed 1000h\n");
}

/* MQTT5-4.4.0-2 */
static void session_09_puback_with_an_error(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
         "< PUBACK id=1 reason=NOT_AUTHORIZED\n"
         "= done token=1 status=NOT_AUTHORIZED reasons=0x87\n" RESUME
         "? unfinished 0\n");
}

static void session_10_no_matching_subscribers_is_success(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
         "publish token=2 qos=2 topic=\"t\"\n> PUBLISH id=2\n"
         "< PUBACK id=1 reason=NO_MATCHING_SUBSCRIBERS\n"
         "= done token=1 status=OK reasons=16\n"
         "< PUBREC id=2 reason=NO_MATCHING_SUBSCRIBERS\n> PUBREL id=2\n"
         "< PUBCOMP id=2\n= done token=2 status=OK\n");
}

/* MQTT5-4.3.3-4, MQTT311-4.3.3-1 */
static void session_11_pubrel_after_pubrec_is_recorded(void **state) {
  (void)state;
  play_both("durable=1",
            "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
            "= stored token=1\nhold_commit\n< PUBREC id=1\n? backlog 0\n"
            "committed\n> PUBREL id=1 reason=0\n");
}

/* MQTT5-4.3.3-6 */
static void session_12_crash_after_released(void **state) {
  (void)state;
  play_both("durable=1",
            "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
            "= stored token=1\nhold\n< PUBREC "
            "id=1\nrestart\nsent\nconnected\n> CONNECT\n"
            "< CONNACK session_present=1\n= opened\n> PUBREL id=1\n"
            "< PUBCOMP id=1\n? unfinished 0\n");
}

static void session_13_crash_before_released_was_recorded(void **state) {
  (void)state;
  play_both("durable=1",
            "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
            "= stored token=1\nhold_commit\n< PUBREC id=1\nrestart\ncommitted\n"
            "connected\n> CONNECT\n< CONNACK session_present=1\n= opened\n"
            "> PUBLISH id=1 dup=1\n< PUBREC id=1\n> PUBREL id=1\n"
            "< PUBCOMP id=1\n? unfinished 0\n");
}

/* MQTT5-4.3.3-5, MQTT5-4.4.0-1, MQTT311-4.4.0-1 */
static void session_14_cut_after_pubrel(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
            "< PUBREC id=1\n> PUBREL id=1\n" RESUME
            "> PUBREL id=1\n"
            "< PUBCOMP id=1\n= done token=1 status=OK\n");
}

/* MQTT5-4.4.0-2 */
static void session_15_pubrec_with_an_error(void **state) {
  (void)state;
  play_5("in_flight_max=1",
         "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
         "publish token=2 qos=2 topic=\"t\"\n"
         "< PUBREC id=1 reason=QUOTA_EXCEEDED\n"
         "= done token=1 status=QUOTA_EXCEEDED id=1\n> PUBLISH id=2\n" RESUME
         "> PUBLISH id=2 dup=1\n");
}

static void session_16_pubcomp_not_found_is_success(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
         "< PUBREC id=1\n> PUBREL id=1\n" RESUME
         "> PUBREL id=1\n"
         "< PUBCOMP id=1 reason=PACKET_IDENTIFIER_NOT_FOUND\n"
         "= done token=1 status=OK\n");
}

static void session_17_pubrec_twice(void **state) {
  (void)state;
  play_both("",
            "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
            "< PUBREC id=1\n> PUBREL id=1\n< PUBREC id=1\n> PUBREL id=1\n"
            "< PUBCOMP id=1\n= done token=1\n");
}

static void session_18_pubrec_before_it_was_sent_again(void **state) {
  (void)state;
  play_both("in_flight_max=2",
            "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
            "publish token=2 qos=2 topic=\"t\"\n> PUBLISH id=2\n"
            "disconnected\n= closed\nhold\nconnected\nsent\n> CONNECT\n"
            "hold\n< CONNACK session_present=1\n= opened\n"
            "< PUBREC id=2\nsent\n"
            "> PUBLISH id=1 dup=1\n> PUBLISH id=2 dup=1\n> PUBREL id=2\n"
            "< PUBCOMP id=2\n= done token=2\n");
  play_5("",
         "publish token=1 qos=1 topic=\"t\"\n> PUBLISH id=1\n"
         "publish token=2 qos=2 topic=\"t\"\n> PUBLISH id=2\n"
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK session_present=1 receive_maximum=1\n= opened\n"
         "> PUBLISH id=1 dup=1\n"
         "< PUBREC id=2\n> PUBREL id=2\n< PUBACK id=1\n= done token=1\n"
         "< PUBCOMP id=2\n= done token=2\n");
}

/* MQTT5-4.3.3-7 */
static void session_19_message_expiry(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=2 topic=\"t\" message_expiry_interval=5\n"
         "> PUBLISH id=1 message_expiry_interval=5\n"
         "disconnected\n= closed\nelapsed 60s\n"
         "publish token=2 qos=1 topic=\"t\" message_expiry_interval=100\n"
         "publish token=3 qos=1 topic=\"t\" message_expiry_interval=5\n"
         "elapsed 10s\n= done token=3 status=EEXPIRED\n"
         "connected\n> CONNECT\n< CONNACK session_present=1\n= opened\n"
         "> PUBLISH id=1 dup=1\n"
         "> PUBLISH dup=0 message_expiry_interval=90\n");
  play_5("durable=1",
         "disconnected\n= closed\n"
         "publish token=1 qos=1 topic=\"t\" message_expiry_interval=100\n"
         "= stored token=1\n"
         "publish token=2 qos=1 topic=\"t\" message_expiry_interval=10\n"
         "= stored token=2\nrestart\nelapsed 40s\n"
         "connected\n> CONNECT\n< CONNACK session_present=1\n= opened\n"
         "> PUBLISH message_expiry_interval=60\n? unfinished 1\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(session_01_identifiers_wrap_around_those_in_use),
      cmocka_unit_test(session_02_all_identifiers_in_use),
      cmocka_unit_test(session_03_one_space_of_identifiers_each),
      cmocka_unit_test(session_04_qos_1_is_unacknowledged_until_puback),
      cmocka_unit_test(session_05_cut_before_puback),
      cmocka_unit_test(session_06_cut_and_the_session_is_lost),
      cmocka_unit_test(session_07_clean_start_discards),
      cmocka_unit_test(session_08_nothing_again_while_connected),
      cmocka_unit_test(session_09_puback_with_an_error),
      cmocka_unit_test(session_10_no_matching_subscribers_is_success),
      cmocka_unit_test(session_11_pubrel_after_pubrec_is_recorded),
      cmocka_unit_test(session_12_crash_after_released),
      cmocka_unit_test(session_13_crash_before_released_was_recorded),
      cmocka_unit_test(session_14_cut_after_pubrel),
      cmocka_unit_test(session_15_pubrec_with_an_error),
      cmocka_unit_test(session_16_pubcomp_not_found_is_success),
      cmocka_unit_test(session_17_pubrec_twice),
      cmocka_unit_test(session_18_pubrec_before_it_was_sent_again),
      cmocka_unit_test(session_19_message_expiry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
