/* Session edge cases, 20 to 27: messages on their way in. */
#include "conformance.h"

/* MQTT5-4.3.2-4, MQTT5-4.6.0-2, MQTT311-4.3.2-2, MQTT311-4.6.0-2 */
static void session_20_puback_after_ownership_and_in_order(void **state) {
  (void)state;
  play_both("acknowledge_by_hand=1",
            "< PUBLISH id=3 qos=1 topic=\"t\"\n= message id=3\n"
            "< PUBLISH id=1 qos=1 topic=\"t\"\n= message id=1\n"
            "< PUBLISH id=2 qos=1 topic=\"t\"\n= message id=2\n"
            "elapsed 10s\n? backlog 0\n"
            "acknowledge id=2\nacknowledge id=1\n? backlog 0\n"
            "acknowledge id=3\n> PUBACK id=3\n> PUBACK id=1\n> PUBACK id=2\n");
}

/* MQTT5-4.3.2-5 */
static void session_21_after_puback_the_identifier_is_new(void **state) {
  (void)state;
  play_both("",
            "< PUBLISH id=3 qos=1 topic=\"t\" payload=\"1\"\n"
            "= message id=3 payload=\"1\"\n> PUBACK id=3\n"
            "< PUBLISH id=3 qos=1 dup=1 topic=\"t\" payload=\"2\"\n"
            "= message id=3 payload=\"2\"\n> PUBACK id=3\n");
}

/* MQTT5-4.3.3-8, MQTT5-4.3.3-10, MQTT311-4.3.3-2 */
static void session_22_identifier_is_stored_before_pubrec(void **state) {
  (void)state;
  play_both("durable=1",
            "hold_commit\n"
            "< PUBLISH id=3 qos=2 topic=\"t\"\n= message id=3\n"
            "? backlog 0\ncommitted\n> PUBREC id=3\n"
            "< PUBLISH id=3 qos=2 dup=1 topic=\"t\"\n> PUBREC id=3\n" CRASH
            "< PUBLISH id=3 qos=2 dup=1 topic=\"t\"\n> PUBREC id=3\n"
            "< PUBREL id=3\n> PUBCOMP id=3\n");
}

static void session_23_crash_between_commit_and_pubrec(void **state) {
  (void)state;
  play_both("durable=1",
            "hold\n< PUBLISH id=3 qos=2 topic=\"t\"\n= message id=3\n"
            "restart\nsent\nconnected\n> CONNECT\n"
            "< CONNACK session_present=1\n= opened\n"
            "< PUBLISH id=3 qos=2 dup=1 topic=\"t\"\n> PUBREC id=3\n"
            "< PUBREL id=3\n> PUBCOMP id=3\n");
}

/* MQTT5-4.3.3-11 */
static void session_24_crash_between_pubrel_and_pubcomp(void **state) {
  (void)state;
  play_both("durable=1",
            "< PUBLISH id=3 qos=2 topic=\"t\"\n= message id=3\n> PUBREC id=3\n"
            "hold\n< PUBREL id=3\nrestart\nsent\nconnected\n> CONNECT\n"
            "< CONNACK session_present=1\n= opened\n"
            "< PUBREL id=3\n> PUBCOMP id=3\n");
}

/* MQTT5-4.3.3-9, MQTT5-4.3.3-12: after the answer that ends a
 * message, its identifier names another one. */
static void session_25_after_pubcomp_the_identifier_is_new(void **state) {
  (void)state;
  play_both("",
            "< PUBLISH id=3 qos=2 topic=\"t\" payload=\"1\"\n= message\n"
            "> PUBREC id=3\n< PUBREL id=3\n> PUBCOMP id=3\n"
            "< PUBLISH id=3 qos=2 dup=1 topic=\"t\" payload=\"2\"\n"
            "= message payload=\"2\"\n> PUBREC id=3\n");
  play_5("acknowledge_by_hand=1",
         "< PUBLISH id=3 qos=2 topic=\"t\" payload=\"1\"\n= message\n"
         "acknowledge id=3 reason=NOT_AUTHORIZED\n> PUBREC id=3 reason=0x87\n"
         "< PUBLISH id=3 qos=2 topic=\"t\" payload=\"2\"\n"
         "= message payload=\"2\"\nacknowledge id=3\n> PUBREC id=3\n"
         "? unfinished 0\n");
}

static void session_26_identifiers_survive_and_end_with_the_session(
    void **state) {
  (void)state;
  play_both("durable=1",
            "< PUBLISH id=3 qos=2 topic=\"t\"\n= message\n> PUBREC id=3\n" CRASH
            "< PUBLISH id=3 qos=2 dup=1 topic=\"t\"\n> PUBREC id=3\n" LOSE
            "< PUBLISH id=3 qos=2 topic=\"t\" payload=\"new\"\n"
            "= message payload=\"new\"\n> PUBREC id=3\n"
            "restart\nconnected\n> CONNECT\n< CONNACK session_present=0\n"
            "= opened\n"
            "< PUBLISH id=3 qos=2 topic=\"t\" payload=\"newer\"\n"
            "= message payload=\"newer\"\n> PUBREC id=3\n");
}

/* MQTT5-4.5.0-2, MQTT311-4.5.0-2: the library answers, whatever the program
 * makes of the message. */
static void session_27_what_is_not_wanted_is_acknowledged(void **state) {
  (void)state;
  play_both("",
            "< PUBLISH id=3 qos=1 topic=\"not/wanted\"\n= message\n"
            "> PUBACK id=3\n"
            "< PUBLISH id=4 qos=2 topic=\"not/wanted\"\n= message\n"
            "> PUBREC id=4\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(session_20_puback_after_ownership_and_in_order),
      cmocka_unit_test(session_21_after_puback_the_identifier_is_new),
      cmocka_unit_test(session_22_identifier_is_stored_before_pubrec),
      cmocka_unit_test(session_23_crash_between_commit_and_pubrec),
      cmocka_unit_test(session_24_crash_between_pubrel_and_pubcomp),
      cmocka_unit_test(session_25_after_pubcomp_the_identifier_is_new),
      cmocka_unit_test(session_26_identifiers_survive_and_end_with_the_session),
      cmocka_unit_test(session_27_what_is_not_wanted_is_acknowledged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
