/* How long the server takes to answer: one packet at a time is measured. */
#include "midge/session.h"
#include "unit/harness.h"

static midge_session *session_new(void) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .keep_alive_s = 20,
                                   .version = MIDGE_MQTT_3_1_1,
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void send_all(midge_session *session) {
  midge_slice slice;
  while (midge_session_output(session, &slice, 1) != 0)
    midge_session_sent(session, slice.size);
}

static void receive(midge_session *session, midge_slice bytes) {
  midge_session_received(session, bytes);
  send_all(session);
}

static void open_session(midge_session *session) {
  midge_event event;
  midge_session_connected(session);
  send_all(session);
  receive(session, MIDGE_TEXT("\x20\x02\x01\x00"));
  while (midge_session_event(session, &event)) continue;
}

static void publish(midge_session *session, midge_qos qos) {
  const midge_publish wish = {.topic = MIDGE_TEXT("t"), .qos = qos};
  assert_int_equal(midge_session_publish(session, &wish, 0), MIDGE_OK);
  send_all(session);
}

static void expect(const midge_session *session, uint64_t count,
                   uint64_t last_ms) {
  midge_round_trips trips = midge_session_round_trips(session);
  assert_int_equal(trips.count, count);
  assert_int_equal(trips.last_ms, last_ms);
}

static void the_first_of_several_is_measured(void **state) {
  (void)state;
  midge_session *session = session_new();
  open_session(session);
  publish(session, MIDGE_AT_MOST_ONCE); /* nobody answers it */
  midge_session_elapsed(session, 10);
  publish(session, MIDGE_AT_LEAST_ONCE);
  midge_session_elapsed(session, 20);
  publish(session, MIDGE_EXACTLY_ONCE);
  assert_int_equal(midge_session_in_flight(session), 2);
  midge_session_elapsed(session, 30);
  receive(session, MIDGE_TEXT("\x50\x02\x00\x02"));
  expect(session, 0, 0);
  receive(session, MIDGE_TEXT("\x40\x02\x00\x01"));
  expect(session, 1, 20);
  assert_int_equal(midge_session_in_flight(session), 1);
  publish(session, MIDGE_EXACTLY_ONCE);
  midge_session_elapsed(session, 35);
  receive(session, MIDGE_TEXT("\x50\x02\x00\x03"));
  expect(session, 2, 5);
  midge_session_free(session);
}

static void so_is_a_ping(void **state) {
  (void)state;
  midge_session *session = session_new();
  open_session(session);
  midge_time now = midge_session_deadline(session);
  midge_session_elapsed(session, now);
  send_all(session);
  midge_session_elapsed(session, now + 3);
  receive(session, MIDGE_TEXT("\xd0\x00"));
  expect(session, 1, 3);
  receive(session, MIDGE_TEXT("\xd0\x00")); /* nobody has asked */
  expect(session, 1, 3);
  midge_session_free(session);
}

static void what_a_lost_connection_cuts_off_does_not_count(void **state) {
  (void)state;
  midge_session *session = session_new();
  open_session(session);
  publish(session, MIDGE_AT_LEAST_ONCE);
  midge_session_elapsed(session, 100);
  midge_session_disconnected(session, true);
  midge_session_elapsed(session, 5000);
  open_session(session);
  midge_session_elapsed(session, 5002);
  receive(session, MIDGE_TEXT("\x40\x02\x00\x01"));
  expect(session, 1, 2);
  midge_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_of_several_is_measured),
      cmocka_unit_test(so_is_a_ping),
      cmocka_unit_test(what_a_lost_connection_cuts_off_does_not_count),
  };
  return cmocka_run_group_tests_name("trips", tests, NULL, NULL);
}
