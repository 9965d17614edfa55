/* Facts told out of turn, and sessions that are freed in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants those before it. */
#include <cmocka.h>

#include "engine/state.h"

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

typedef struct meagre {
  bool fails;
} meagre;

static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  return ((meagre *)context)->fails ? NULL : realloc(block, new_size);
}

/* CLOSED that was not taken must be told before the next connection; without
 * memory to keep it, the next connection is not begun. */
static void closed_twice_without_memory(void **state) {
  (void)state;
  meagre memory = {false};
  midge_session *session = session_new(&(midge_allocator){resize, &memory});
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
      cmocka_unit_test(an_answer_of_qos_2_is_of_its_session),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
