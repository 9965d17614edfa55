/* Without a connection only the newest message of a topic waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "midge/session.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static midge_session *session_new(uint32_t expiry_s) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = expiry_s};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void publish(midge_session *session, midge_slice topic, midge_qos qos,
                    bool coalesce, uint64_t token) {
  const midge_publish wish = {.topic = topic, .qos = qos, .coalesce = coalesce};
  assert_int_equal(midge_session_publish(session, &wish, token), MIDGE_OK);
}

/* The next event is the end of this wish. */
static void expect_done(midge_session *session, uint64_t token,
                        midge_status status) {
  midge_event event;
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_DONE);
  assert_int_equal(event.done.token, token);
  assert_int_equal(event.done.status, status);
}

static void expect_nothing(midge_session *session) {
  midge_event event;
  assert_false(midge_session_event(session, &event));
}

static size_t send_all(midge_session *session) {
  midge_slice slice;
  size_t size = 0;
  while (midge_session_output(session, &slice, 1) != 0) {
    size += slice.size;
    midge_session_sent(session, slice.size);
  }
  return size;
}

/* The server takes one message of QoS 1 at a time. */
static void open_session(midge_session *session) {
  static const uint8_t connack[] = {0x20, 6, 0, 0, 3, 0x21, 0, 1};
  midge_event event;
  midge_session_connected(session);
  send_all(session);
  midge_session_received(session, (midge_slice){connack, sizeof connack});
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_OPENED);
}

static void a_newer_one_takes_the_place(void **state) {
  (void)state;
  midge_session *session = session_new(60);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 1);
  publish(session, MIDGE_TEXT("u"), MIDGE_AT_MOST_ONCE, true, 2);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, false, 3);
  expect_nothing(session);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_MOST_ONCE, true, 4);
  expect_done(session, 1, MIDGE_EREPLACED);
  publish(session, MIDGE_TEXT("u"), MIDGE_EXACTLY_ONCE, true, 5);
  expect_done(session, 2, MIDGE_EREPLACED);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 6);
  expect_done(session, 4, MIDGE_EREPLACED);
  assert_int_equal(midge_session_unfinished(session), 3);
  midge_session_free(session);
}

static void with_a_connection_all_are_sent(void **state) {
  (void)state;
  midge_session *session = session_new(60);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 1);
  open_session(session);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 2);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 3);
  expect_nothing(session); /* though the last two wait */
  assert_int_equal(send_all(session), 8);
  assert_int_equal(midge_session_unfinished(session), 3);
  midge_session_free(session);
}

/* Those that were shown go their way; the server may have them. */
static void what_was_sent_is_not_replaced(void **state) {
  (void)state;
  midge_event event;
  midge_session *session = session_new(60);
  open_session(session);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 1);
  send_all(session);
  midge_session_disconnected(session, true);
  while (midge_session_event(session, &event)) continue;
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 2);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 3);
  expect_done(session, 2, MIDGE_EREPLACED);
  expect_nothing(session);
  midge_session_free(session);
}

static void one_that_ends_otherwise_leaves_its_place(void **state) {
  (void)state;
  midge_session *session = session_new(60);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 1);
  assert_int_equal(midge_session_cancel(session, 1), MIDGE_OK);
  expect_done(session, 1, MIDGE_ECANCELLED);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 2);
  expect_nothing(session);
  midge_session_abandon(session);
  expect_done(session, 2, MIDGE_ECLOSED);
  publish(session, MIDGE_TEXT("t"), MIDGE_AT_LEAST_ONCE, true, 3);
  expect_nothing(session);
  midge_session_free(session);
}

/* Topics of the same hash, but for its lowest bit, are different topics. */
static void topics_whose_hashes_meet(void **state) {
  (void)state;
  enum { ROOM = 1 << 18 };
  static uint32_t seen[ROOM];
  char first[12] = "", second[12] = "";
  for (uint32_t n = 1; second[0] == '\0'; n++) {
    char topic[12];
    size_t size = (size_t)snprintf(topic, sizeof topic, "%u", n);
    uint32_t hash =
        midge_hash_bytes((midge_slice){(const uint8_t *)topic, size}) | 1;
    uint32_t other = seen[hash % ROOM];
    seen[hash % ROOM] = n;
    if (other == 0) continue;
    snprintf(first, sizeof first, "%u", other);
    uint32_t others =
        midge_hash_bytes((midge_slice){(const uint8_t *)first, strlen(first)}) |
        1;
    if (others == hash) memcpy(second, topic, sizeof second);
  }
  const midge_slice topics[] = {{(const uint8_t *)first, strlen(first)},
                                {(const uint8_t *)second, strlen(second)}};
  midge_session *session = session_new(60);
  publish(session, topics[0], MIDGE_AT_LEAST_ONCE, true, 1);
  publish(session, topics[1], MIDGE_AT_LEAST_ONCE, true, 2);
  expect_nothing(session);
  publish(session, topics[1], MIDGE_AT_LEAST_ONCE, true, 3);
  expect_done(session, 2, MIDGE_EREPLACED);
  publish(session, topics[0], MIDGE_AT_LEAST_ONCE, true, 4);
  expect_done(session, 1, MIDGE_EREPLACED);
  /* The first leaves a gap before the second, which is missed, and is gone
   * without a trace when it ends. */
  assert_int_equal(midge_session_cancel(session, 4), MIDGE_OK);
  expect_done(session, 4, MIDGE_ECANCELLED);
  publish(session, topics[1], MIDGE_AT_LEAST_ONCE, true, 5);
  expect_nothing(session);
  for (uint64_t token = 3; token <= 5; token += 2) {
    assert_int_equal(midge_session_cancel(session, token), MIDGE_OK);
    expect_done(session, token, MIDGE_ECANCELLED);
  }
  publish(session, topics[0], MIDGE_AT_LEAST_ONCE, true, 6);
  publish(session, topics[1], MIDGE_AT_LEAST_ONCE, true, 7);
  expect_nothing(session);
  midge_session_free(session);
}

/* Whether both were taken, and the first waits on, if one call finds no memory.
 */
static bool both_are_kept(size_t call) {
  ledger memory;
  ledger_init(&memory);
  memory.fail_at = call;
  const midge_publish wish = {.topic = MIDGE_TEXT("t"), .coalesce = true};
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60,
                                   .allocator = &memory.allocator};
  midge_session *session = NULL;
  midge_event event;
  if (midge_session_new(&session, &options) != MIDGE_OK) return false;
  bool taken = midge_session_publish(session, &wish, 1) == MIDGE_OK;
  taken &= midge_session_publish(session, &wish, 2) == MIDGE_OK;
  bool kept = taken && !midge_session_event(session, &event) &&
              midge_session_unfinished(session) == 2;
  midge_session_free(session);
  ledger_check_empty(&memory);
  return kept;
}

static void without_memory_none_is_replaced(void **state) {
  (void)state;
  enum { ENOUGH = 200 };
  size_t kept = 0;
  for (size_t call = 1; call <= ENOUGH; call++) kept += both_are_kept(call);
  assert_int_not_equal(kept, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_newer_one_takes_the_place),
      cmocka_unit_test(with_a_connection_all_are_sent),
      cmocka_unit_test(what_was_sent_is_not_replaced),
      cmocka_unit_test(one_that_ends_otherwise_leaves_its_place),
      cmocka_unit_test(topics_whose_hashes_meet),
      cmocka_unit_test(without_memory_none_is_replaced),
  };
  return cmocka_run_group_tests_name("coalesced", tests, NULL, NULL);
}
