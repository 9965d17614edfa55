/* Facts told out of turn, and sessions that are freed in the middle. */
#include <stdlib.h>
#include <string.h>

#include "engine/dispatch.h"
#include "engine/state.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static midge_session *session_new(const midge_allocator *allocator) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60,
                                   .durable = true,
                                   .allocator = allocator};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void take_all(midge_session *session) {
  midge_slice slice;
  midge_record record;
  while (midge_session_record(session, &record)) {
    midge_session_committed(session, record.position);
  }
  while (midge_session_output(session, &slice, 1) != 0) {
    midge_session_sent(session, slice.size);
  }
}

static void open_session(midge_session *session) {
  midge_event event;
  midge_session_connected(session);
  take_all(session);
  midge_session_received(session,
                         (midge_slice){(const uint8_t *)"\x20\x03\0\0\0", 5});
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_OPENED);
  take_all(session);
}

static void facts_out_of_turn_change_nothing(void **state) {
  (void)state;
  midge_session *session = session_new(NULL);
  midge_event event;
  midge_session_disconnected(session, false);
  midge_session_received(session, MIDGE_TEXT("\x20\x03"));
  midge_session_committed(session, 99);
  assert_false(midge_session_event(session, &event));
  open_session(session);
  midge_session_connected(session);
  midge_session_sent(session, 0);
  midge_session_received(session, (midge_slice){NULL, 0});
  midge_session_paused(session, false);
  midge_session_elapsed(session, 5);
  midge_session_elapsed(session, 3);
  assert_int_equal(midge_session_backlog(session), 0);
  assert_false(midge_session_event(session, &event));
  midge_session_free(session);
}

static void an_option_without_a_meaning(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.version = (midge_version)3};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_EINVAL);
  assert_null(session);
  midge_session_free(NULL);
}

/* A session that has told nothing of all that happened. */
static void freed_in_the_middle(void **state) {
  (void)state;
  midge_session *session = session_new(NULL);
  open_session(session);
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  for (int i = 0; i < 3; i++) {
    midge_session_received(
        session, (midge_slice){(const uint8_t *)"\x30\x04\0\1t\0", 6});
  }
  midge_session_disconnected(session, false);
  assert_true(midge_session_deadline(session) <= 1);
  midge_session_free(session);
}

static void records_that_wait_are_due_at_once(void **state) {
  (void)state;
  midge_session *session = session_new(NULL);
  midge_session_elapsed(session, 7);
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  assert_true(midge_session_deadline(session) == 7);
  take_all(session);
  midge_event event; /* STORED */
  assert_true(midge_session_event(session, &event));
  assert_true(midge_session_deadline(session) == MIDGE_NEVER);
  midge_session_free(session);
}

/* The largest payload there is does not fit into a packet beside its topic. */
static void a_payload_larger_than_mqtt_allows(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .queue_bytes_max = SIZE_MAX};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  uint8_t *payload = calloc(1, 268435456);
  midge_publish publish = {.topic = MIDGE_TEXT("t"),
                           .payload = {payload, 268435456}};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_EPAYLOAD);
  publish.payload.size = 268435455;
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_EPAYLOAD);
  assert_int_equal(midge_session_unfinished(session), 0);
  free(payload);
  midge_session_free(session);
}

/* CLOSED that was not taken must be told before the next connection; without
 * memory to keep it, the next connection is not begun. */
static void closed_twice_without_memory(void **state) {
  (void)state;
  ledger memory;
  ledger_init(&memory);
  midge_session *session = session_new(&memory.allocator);
  midge_event event;
  open_session(session);
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  for (uint64_t i = 1; i <= 8; i++) /* as many events as there is room for */
    assert_int_equal(midge_session_publish(session, &publish, i), MIDGE_OK);
  midge_session_abandon(session);
  midge_session_disconnected(session, false);
  memory.fails = true;
  midge_session_connected(session);
  assert_int_equal(midge_session_backlog(session), 0);
  for (int i = 0; i < 8; i++) {
    assert_true(midge_session_event(session, &event));
    assert_int_equal(event.type, MIDGE_EVENT_DONE);
  }
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_CLOSED);
  assert_false(midge_session_event(session, &event));
  memory.fails = false;
  midge_session_disconnected(session, false);
  midge_session_free(session);
}

static void receive(midge_session *session, const char *bytes, size_t size) {
  midge_session_received(session, (midge_slice){(const uint8_t *)bytes, size});
}

/* The server has lost the session: what was held when the last connection ended
 * comes before OPENED. */
static void open_session_anew(midge_session *session) {
  midge_event event;
  midge_session_connected(session);
  take_all(session);
  receive(session, "\x20\x03\0\0\0", 5);
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_MESSAGE);
}

static bool next_is(midge_session *session, midge_event_type type) {
  midge_event event;
  return midge_session_event(session, &event) && event.type == type;
}

/* The server has lost the session and uses the identifier of a message that was
 * not handed out yet for another one: PUBREC is the other's. */
static void an_answer_belongs_to_its_session(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  open_session(session);
  receive(session, "\x34\x06\0\1t\0\6\0", 8);
  midge_session_disconnected(session, false);
  midge_session_connected(session);
  take_all(session);
  receive(session, "\x20\x03\0\0\0", 5);
  receive(session, "\x34\x06\0\1t\0\6\0", 8);
  assert_true(next_is(session, MIDGE_EVENT_MESSAGE));
  assert_int_equal(midge_session_backlog(session), 0);
  assert_true(next_is(session, MIDGE_EVENT_CLOSED));
  assert_true(next_is(session, MIDGE_EVENT_OPENED));
  assert_int_equal(midge_session_backlog(session), 0);
  assert_true(next_is(session, MIDGE_EVENT_MESSAGE));
  assert_int_equal(midge_session_backlog(session), 4);
  midge_session_free(session);
}

/* A message of QoS 1 that is handed out on another connection answers nothing
 * there. */
static void an_answer_belongs_to_its_connection(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  open_session(session);
  receive(session, "\x32\x06\0\1t\0\5\0", 8);
  midge_session_disconnected(session, false);
  midge_session_connected(session);
  take_all(session);
  receive(session, "\x20\x03\1\0\0", 5);
  receive(session, "\x32\x06\0\1t\0\5\0", 8);
  assert_true(next_is(session, MIDGE_EVENT_MESSAGE));
  assert_true(next_is(session, MIDGE_EVENT_CLOSED));
  assert_true(next_is(session, MIDGE_EVENT_OPENED));
  assert_int_equal(midge_session_backlog(session), 0);
  assert_true(next_is(session, MIDGE_EVENT_MESSAGE));
  assert_int_equal(midge_session_backlog(session), 4);
  midge_session_free(session);
}

static int count_messages(midge_session *session) {
  midge_event event;
  int count = 0;
  while (midge_session_event(session, &event))
    count += event.type == MIDGE_EVENT_MESSAGE;
  return count;
}

/* Of a packet that begins in one buffer and ends in the next. */
static void a_packet_without_memory_ends_the_connection(void **state) {
  (void)state;
  midge_event event;
  ledger memory;
  ledger_init(&memory);
  midge_session *session = session_new(&memory.allocator);
  open_session(session);
  midge_buffer *begin =
      midge_buffer_copy(&midge_allocator_default, MIDGE_TEXT("\x30\x04\0"));
  midge_buffer *end = midge_buffer_copy(&midge_allocator_default,
                                        MIDGE_TEXT("\1t\0\x30\x04\0\1t\0"));
  midge_session_received_in(session, midge_buffer_slice(begin), begin);
  memory.fails = true;
  midge_session_received_in(session, midge_buffer_slice(end), end);
  memory.fails = false;
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_CLOSED);
  assert_int_equal(event.closed.status, MIDGE_ENOMEM);
  assert_false(midge_session_event(session, &event));
  midge_session_free(session);
  assert_int_equal(atomic_load(&begin->holders), 1);
  assert_int_equal(atomic_load(&end->holders), 1);
  midge_buffer_release(begin);
  midge_buffer_release(end);
}

/* Without memory for a message the connection ends, and the server sends the
 * message again: it is told then, once. */
static void a_message_without_memory_comes_again(void **state) {
  (void)state;
  static const char publish[] = "\x34\x06\0\1t\0\6\0";
  for (size_t at = 1;; at++) {
    ledger memory;
    ledger_init(&memory);
    midge_session *session = session_new(&memory.allocator);
    open_session(session);
    memory.calls = 0;
    memory.fail_at = at;
    receive(session, publish, 8);
    bool failed = memory.calls >= at;
    memory.fail_at = 0;
    midge_session_disconnected(session, false);
    int told = count_messages(session);
    midge_session_connected(session);
    take_all(session);
    receive(session, "\x20\x03\1\0\0", 5);
    receive(session, publish, 8);
    told += count_messages(session);
    assert_int_equal(told, 1);
    take_all(session);
    receive(session, "\x62\x02\0\6", 4);
    assert_int_equal(count_messages(session), 0);
    take_all(session);
    assert_true(midge_session_deadline(session) > 1000);
    midge_session_free(session);
    if (!failed) return;
  }
}

/* An end that waits is due at once; what is held is due when it is let go. */
static void events_that_wait_are_due_at_once(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  midge_session_elapsed(session, 7);
  open_session(session);
  midge_session_hold(session, true);
  receive(session, "\x32\x06\0\1t\0\5\0", 8);
  assert_true(midge_session_deadline(session) > 7);
  midge_session_disconnected(session, false);
  assert_true(midge_session_deadline(session) == 7);
  assert_true(next_is(session, MIDGE_EVENT_CLOSED));
  midge_session_hold(session, false);
  assert_true(midge_session_deadline(session) == MIDGE_NEVER);
  open_session_anew(session);
  assert_true(next_is(session, MIDGE_EVENT_OPENED));
  midge_session_free(session);
}

/* Those that are let go, and those that a lost session leaves to us. */
static void messages_let_go_are_due_at_once(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  midge_session_elapsed(session, 7);
  open_session(session);
  midge_session_hold(session, true);
  receive(session, "\x32\x06\0\1t\0\5\0", 8);
  assert_true(midge_session_deadline(session) > 7);
  midge_session_hold(session, false);
  assert_true(midge_session_deadline(session) == 7);
  midge_session_hold(session, true);
  midge_session_disconnected(session, false);
  assert_true(next_is(session, MIDGE_EVENT_CLOSED));
  open_session(session); /* the session is lost */
  assert_true(midge_session_deadline(session) > 7);
  midge_session_hold(session, false);
  assert_true(midge_session_deadline(session) == 7);
  assert_true(next_is(session, MIDGE_EVENT_MESSAGE));
  assert_true(midge_session_deadline(session) > 7);
  midge_session_free(session);
}

static void no_bytes_are_no_sign_of_life(void **state) {
  (void)state;
  midge_session *session = session_new(NULL);
  midge_session_elapsed(session, 1000);
  open_session(session);
  midge_session_elapsed(session, 56000);
  take_all(session); /* PINGREQ */
  midge_time due = midge_session_deadline(session);
  midge_session_elapsed(session, 57000);
  receive(session, "", 0);
  assert_true(midge_session_deadline(session) == due);
  midge_session_free(session);
}

/* The same when the server has the session: then it is the same message, and
 * PUBREC answers what has come again. */
static void an_answer_of_qos_2_is_of_its_session(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  open_session(session);
  receive(session, "\x34\x06\0\1t\0\6\0", 8);
  midge_session_disconnected(session, false);
  midge_session_connected(session);
  take_all(session);
  receive(session, "\x20\x03\1\0\0", 5);
  receive(session, "\x3c\x06\0\1t\0\6\0", 8);
  assert_true(next_is(session, MIDGE_EVENT_MESSAGE));
  assert_int_equal(midge_session_backlog(session), 4);
  midge_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_out_of_turn_change_nothing),
      cmocka_unit_test(an_option_without_a_meaning),
      cmocka_unit_test(freed_in_the_middle),
      cmocka_unit_test(records_that_wait_are_due_at_once),
      cmocka_unit_test(a_payload_larger_than_mqtt_allows),
      cmocka_unit_test(closed_twice_without_memory),
      cmocka_unit_test(an_answer_belongs_to_its_session),
      cmocka_unit_test(an_answer_belongs_to_its_connection),
      cmocka_unit_test(a_packet_without_memory_ends_the_connection),
      cmocka_unit_test(a_message_without_memory_comes_again),
      cmocka_unit_test(events_that_wait_are_due_at_once),
      cmocka_unit_test(messages_let_go_are_due_at_once),
      cmocka_unit_test(no_bytes_are_no_sign_of_life),
      cmocka_unit_test(an_answer_of_qos_2_is_of_its_session),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
