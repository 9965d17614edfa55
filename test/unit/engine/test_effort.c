/* What a session does for many takes as long for each as for few. Times of the
 * processor are compared with each other, not with a clock on a wall. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "midge/session.h"
#include "unit/harness.h"

enum { MANY = 60000, FEW = MANY / 8, TRIES = 5 };

static midge_session *session_new(midge_session_options options) {
  midge_session *session = NULL;
  options.client_id = MIDGE_TEXT("a");
  options.session_expiry_s = 60;
  options.in_flight_max = UINT16_MAX;
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void receive(midge_session *session, const char *bytes, size_t size) {
  midge_session_received(session, (midge_slice){(const uint8_t *)bytes, size});
}

static void take_all(midge_session *session) {
  midge_slice slice;
  midge_event event;
  while (midge_session_event(session, &event)) continue;
  while (midge_session_output(session, &slice, 1) != 0)
    midge_session_sent(session, slice.size);
}

static void open_session(midge_session *session) {
  midge_session_connected(session);
  take_all(session);
  receive(session, "\x20\x03\0\0\0", 5);
  take_all(session);
}

static void publish_in(midge_session *session, int qos, unsigned id) {
  char bytes[] = {(char)(0x30 | qos << 1), 6,        0, 1, 't',
                  (char)(id >> 8),         (char)id, 0};
  receive(session, bytes, sizeof bytes);
}

/* Each returns the time that its part took which is to be linear. */
typedef clock_t effort(unsigned count);

static clock_t acknowledging(unsigned count) {
  midge_session *session =
      session_new((midge_session_options){.acknowledge_by_hand = true});
  open_session(session);
  for (unsigned id = 1; id <= count; id++) publish_in(session, 1, id);
  take_all(session);
  clock_t start = clock();
  for (unsigned id = count; id >= 1; id--)
    assert_int_equal(midge_session_acknowledge(session, (uint16_t)id, 0),
                     MIDGE_OK);
  clock_t time = clock() - start;
  assert_true(midge_session_backlog(session) != 0);
  midge_session_free(session);
  return time;
}

/* The server repeats one of QoS 2, with all the others unanswered. */
static clock_t repeating(unsigned count) {
  midge_session *session =
      session_new((midge_session_options){.acknowledge_by_hand = false});
  open_session(session);
  for (unsigned id = 1; id <= count / 2; id++) publish_in(session, 2, id);
  for (unsigned i = count / 2; i < count; i++) publish_in(session, 2, 1);
  clock_t start = clock();
  take_all(session);
  clock_t time = clock() - start;
  midge_session_free(session);
  return time;
}

static midge_status publish(midge_session *session, midge_qos qos,
                            uint64_t token) {
  midge_publish what = {.topic = MIDGE_TEXT("t"), .qos = qos};
  return midge_session_publish(session, &what, token);
}

static clock_t lowering(unsigned count) {
  midge_session *session =
      session_new((midge_session_options){.lower_qos = true});
  for (unsigned i = 1; i <= count; i++)
    assert_int_equal(publish(session, i % 3, i), MIDGE_OK);
  midge_session_connected(session);
  take_all(session);
  clock_t start = clock();
  receive(session, "\x20\x05\0\0\2\x24\0", 7);
  take_all(session);
  clock_t time = clock() - start;
  assert_int_equal(midge_session_unfinished(session), 0);
  midge_session_free(session);
  return time;
}

static clock_t cancelling(unsigned count) {
  midge_session *session =
      session_new((midge_session_options){.keep_alive_off = true});
  for (unsigned i = 1; i <= count; i++)
    assert_int_equal(publish(session, i % 3, i), MIDGE_OK);
  clock_t start = clock();
  for (unsigned i = count; i >= 1; i--)
    assert_int_equal(midge_session_cancel(session, i), MIDGE_OK);
  clock_t time = clock() - start;
  assert_int_equal(midge_session_unfinished(session), 0);
  midge_session_free(session);
  return time;
}

/* Eight times as many take eight times as long; what looks through all of them
 * for each one takes sixty-four times as long. Memory that is no longer near
 * may double it, and another program on the machine spoil one try. */
static void takes_as_long_for_each(effort *what) {
  clock_t few = 0, many = 0;
  for (int i = 0; i < TRIES; i++) {
    few = what(FEW);
    many = what(MANY);
    if (many < 28 * (few + CLOCKS_PER_SEC / 2000)) return;
  }
  fail_msg("%ld for few, %ld for eight times as many", (long)few, (long)many);
}

static void answers_last_first(void **state) {
  (void)state;
  takes_as_long_for_each(acknowledging);
}

static void answers_to_repetitions(void **state) {
  (void)state;
  takes_as_long_for_each(repeating);
}

static void messages_of_a_lower_qos(void **state) {
  (void)state;
  takes_as_long_for_each(lowering);
}

static void wishes_taken_back(void **state) {
  (void)state;
  takes_as_long_for_each(cancelling);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_last_first),
      cmocka_unit_test(answers_to_repetitions),
      cmocka_unit_test(messages_of_a_lower_qos),
      cmocka_unit_test(wishes_taken_back),
  };
  return cmocka_run_group_tests_name("effort", tests, NULL, NULL);
}
