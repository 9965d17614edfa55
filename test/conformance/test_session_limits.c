/* Session edge cases, 28 to 36: windows and limits of the server. */
#include "conformance.h"

/* MQTT5-3.3.4-7, MQTT5-3.3.4-8, MQTT5-4.9.0-2, MQTT5-4.9.0-3 */
static void session_28_receive_maximum_of_1(void **state) {
  (void)state;
  play_5("keep_alive_s=8",
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK receive_maximum=1\n= opened\n"
         "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
         "publish token=2 qos=2 topic=\"t\"\n"
         "publish token=3 qos=2 topic=\"t\"\n"
         "publish token=4 qos=0 topic=\"t\"\n> PUBLISH qos=0\n= done token=4\n"
         "subscribe token=5 filter=\"f\"\n> SUBSCRIBE\n"
         "elapsed 6s\n> PINGREQ\n< PINGRESP\n"
         "< PUBREC id=1\n> PUBREL id=1\n"
         "< PUBCOMP id=1\n= done token=1\n> PUBLISH qos=2\n"
         "< PUBREC id=3 reason=QUOTA_EXCEEDED\n"
         "= done token=2 status=QUOTA_EXCEEDED\n> PUBLISH qos=2 id=4\n");
}

/* Before MQTT 5 the window is our own. */
static void session_28_in_flight_maximum_of_1(void **state) {
  (void)state;
  play_both("in_flight_max=1",
            "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
            "publish token=2 qos=2 topic=\"t\"\n"
            "publish token=3 qos=0 topic=\"t\"\n> PUBLISH qos=0\n"
            "= done token=3\n"
            "< PUBREC id=1\n> PUBREL id=1\n"
            "< PUBCOMP id=1\n= done token=1\n> PUBLISH id=2\n");
}

static void session_29_smaller_window_on_reconnect(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
         "publish token=2 qos=1 topic=\"t\"\n> PUBLISH id=2\n"
         "publish token=3 qos=2 topic=\"t\"\n> PUBLISH id=3\n"
         "publish token=4 qos=2 topic=\"t\"\n> PUBLISH id=4\n"
         "< PUBREC id=1\n> PUBREL id=1\n< PUBREC id=4\n> PUBREL id=4\n"
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK session_present=1 receive_maximum=1\n= opened\n"
         "> PUBREL id=1\n> PUBREL id=4\n> PUBLISH id=2 dup=1\n"
         "< PUBACK id=2\n= done token=2\n> PUBLISH id=3 dup=1\n");
}

/* MQTT5-4.9.0-1: a new connection starts with the whole quota, and what the
 * last one owed does not raise it. */
static void session_30_quota_is_of_the_connection(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
         "< PUBREC id=1\n> PUBREL id=1\n"
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK session_present=1 receive_maximum=1\n= opened\n"
         "> PUBREL id=1\n"
         "publish token=2 qos=1 topic=\"t\"\n"
         "publish token=3 qos=1 topic=\"t\"\n"
         "< PUBCOMP id=1\n= done token=1\n> PUBLISH id=2\n"
         "< PUBCOMP id=1\n< PUBREC id=77 reason=0x80\n"
         "< PUBACK id=2\n= done token=2\n> PUBLISH dup=0\n");
}

/* MQTT5-4.6.0-1, MQTT311-4.6.0-1 */
static void session_31_resent_in_the_original_order(void **state) {
  (void)state;
  play_both("in_flight_max=3",
            "publish token=1 qos=2 topic=\"t\" payload=\"1\"\n> PUBLISH id=1\n"
            "publish token=2 qos=1 topic=\"t\" payload=\"2\"\n> PUBLISH id=2\n"
            "publish token=3 qos=2 topic=\"t\" payload=\"3\"\n> PUBLISH id=3\n"
            "publish token=4 qos=1 topic=\"t\" payload=\"4\"\n"
            "disconnected\n= closed\n"
            "publish token=5 qos=1 topic=\"t\" payload=\"5\"\n"
            "connected\n> CONNECT\n< CONNACK session_present=1\n= opened\n"
            "> PUBLISH id=1 dup=1 payload=\"1\"\n"
            "> PUBLISH id=2 dup=1 payload=\"2\"\n"
            "> PUBLISH id=3 dup=1 payload=\"3\"\n"
            "< PUBACK id=2\n= done token=2\n> PUBLISH dup=0 payload=\"4\"\n"
            "< PUBREC id=1\n> PUBREL id=1\n< PUBCOMP id=1\n= done token=1\n"
            "> PUBLISH dup=0 payload=\"5\"\n");
}

static void session_32_publish_while_resending_and_cut_again(void **state) {
  (void)state;
  play_both(
      "durable=1",
      "publish token=1 qos=1 topic=\"t\" payload=\"1\"\n> PUBLISH id=1\n"
      "= stored token=1\ndisconnected\n= closed\nconnected\n> CONNECT\nhold\n"
      "< CONNACK session_present=1\n= opened\n"
      "publish token=2 qos=1 topic=\"t\" payload=\"2\"\n= stored token=2\n"
      "disconnected\n= closed\nsent\n" CRASH
      "> PUBLISH dup=1 payload=\"1\"\n> PUBLISH payload=\"2\"\n");
}

/* MQTT5-3.2.2-11 */
static void session_33_server_without_qos_2(void **state) {
  (void)state;
  play_5("",
         "publish token=1 qos=2 topic=\"t\"\n> PUBLISH id=1\n"
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK session_present=1 maximum_qos=1\n= opened\n"
         "= done token=1 status=ENOTSUP\n"
         "refused ENOTSUP publish token=2 qos=2 topic=\"t\"\n"
         "publish token=3 qos=1 topic=\"t\"\n> PUBLISH qos=1\n");
  play_5("lower_qos=1",
         "disconnected\n= closed\n"
         "publish token=1 qos=2 topic=\"t\" payload=\"1\"\n"
         "connected\n> CONNECT\n< CONNACK maximum_qos=1 session_present=1\n"
         "= opened\n> PUBLISH qos=1 payload=\"1\"\n"
         "publish token=2 qos=2 topic=\"t\"\n> PUBLISH qos=1\n");
}

/* MQTT5-3.2.2-14 */
static void session_34_server_without_retain(void **state) {
  (void)state;
  play_5("",
         "disconnected\n= closed\n"
         "publish token=1 qos=1 retain=1 topic=\"t\"\n"
         "connected\n> CONNECT\n"
         "< CONNACK session_present=1 retain_available=0\n= opened\n"
         "= done token=1 status=ENOTSUP\n"
         "refused ENOTSUP publish token=2 retain=1 topic=\"t\"\n");
}

/* MQTT5-3.2.2-15 */
static void session_35_smaller_packets_on_reconnect(void **state) {
  (void)state;
  play_5("durable=1",
         "publish token=1 qos=1 topic=\"t\" payload=\"x\"*100\n> PUBLISH id=1\n"
         "= stored token=1\n"
         "publish token=2 qos=1 topic=\"t\" payload=\"y\"\n> PUBLISH id=2\n"
         "= stored token=2\n"
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK session_present=1 maximum_packet_size=30\n= opened\n"
         "= done token=1 status=EOVERSIZE\n> PUBLISH id=2 dup=1\n"
         "? unfinished 1\n" CRASH "> PUBLISH id=2 dup=1\n");
}

/* MQTT5-3.3.2-7 */
static void session_36_aliases_are_not_stored(void **state) {
  (void)state;
  play_5("durable=1 alias_auto=1",
         "disconnected\n= closed\nconnected\n> CONNECT\n"
         "< CONNACK session_present=1 topic_alias_maximum=9\n= opened\n"
         "publish token=1 qos=1 topic=\"long\"\n"
         "> PUBLISH id=1 topic=\"long\" topic_alias=1\n= stored token=1\n"
         "publish token=2 qos=1 topic=\"long\"\n"
         "> PUBLISH id=2 topic=\"\" topic_alias=1\n= stored token=2\n"
         "publish token=3 qos=1 topic=\"mine\" topic_alias=7\n"
         "> PUBLISH id=3 topic=\"mine\" topic_alias=7\n= stored token=3\n"
         "publish token=4 qos=1 topic=\"\" topic_alias=7\n"
         "> PUBLISH id=4 topic=\"\" topic_alias=7\n= stored token=4\n" CRASH
         "> PUBLISH id=1 topic=\"long\" topic_alias=none\n"
         "> PUBLISH id=2 topic=\"long\" topic_alias=none\n"
         "> PUBLISH id=3 topic=\"mine\" topic_alias=none\n"
         "> PUBLISH id=4 topic=\"mine\" topic_alias=none\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(session_28_receive_maximum_of_1),
      cmocka_unit_test(session_28_in_flight_maximum_of_1),
      cmocka_unit_test(session_29_smaller_window_on_reconnect),
      cmocka_unit_test(session_30_quota_is_of_the_connection),
      cmocka_unit_test(session_31_resent_in_the_original_order),
      cmocka_unit_test(session_32_publish_while_resending_and_cut_again),
      cmocka_unit_test(session_33_server_without_qos_2),
      cmocka_unit_test(session_34_server_without_retain),
      cmocka_unit_test(session_35_smaller_packets_on_reconnect),
      cmocka_unit_test(session_36_aliases_are_not_stored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
