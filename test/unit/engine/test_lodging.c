/* What a session needs for messages of QoS 2 that stay in it. */
#include "engine/state.h"
#include "ledger.h"
#include "unit/harness.h"

static ledger books;

#define PUBLISH MIDGE_TEXT("\x34\x06\x00\x01t\x00\x09x")
#define PUBREL MIDGE_TEXT("\x62\x02\x00\x09")

static void open_connection(midge_session *session) {
  midge_event event;
  midge_session_connected(session);
  midge_session_received(session, MIDGE_TEXT("\x20\x02\x00\x00"));
  while (midge_session_event(session, &event)) continue;
}

static midge_session *open_session(bool by_hand) {
  midge_session *session = NULL;
  midge_session_options options = {.version = MIDGE_MQTT_3_1_1,
                                   .client_id = MIDGE_TEXT("a"),
                                   .at_release = true,
                                   .accept_by_hand = by_hand,
                                   .acknowledge_by_hand = by_hand,
                                   .allocator = &books.allocator};
  ledger_init(&books);
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  open_connection(session);
  return session;
}

static void the_first_message_of_qos_2_makes_room_for_all(void **state) {
  (void)state;
  midge_session *session = open_session(false);
  midge_session_received(session, MIDGE_TEXT("\x30\x04\x00\x01tx"));
  midge_session_received(session, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x08x"));
  assert_null(session->lodging);
  midge_session_received(session, PUBLISH);
  assert_non_null(session->lodging);
  const midge_lodging *lodging = session->lodging;
  midge_session_received(session, MIDGE_TEXT("\x34\x06\x00\x01t\x00\x0ay"));
  assert_ptr_equal(session->lodging, lodging);
  midge_session_free(session);
  ledger_check_empty(&books);
}

/* How often the message comes, once the program accepts what it is asked. */
static size_t count_told(midge_session *session) {
  midge_event event;
  size_t told = 0;
  while (midge_session_event(session, &event)) {
    if (event.type != MIDGE_EVENT_MESSAGE) continue;
    if (!event.message.proposed) told++;
    if (event.message.proposed)
      assert_int_equal(midge_session_acknowledge(session, 9, 0), MIDGE_OK);
  }
  return told;
}

/* Each allocation fails in turn: the connection ends, and what the server sends
 * again on the next one is told once. */
static void without_memory_for_it_the_message_has_not_come(void **state) {
  (void)state;
  for (int by_hand = 0; by_hand < 2; by_hand++) {
    size_t faults = 0;
    for (bool failed = true; failed; faults += failed) {
      midge_session *session = open_session(by_hand != 0);
      books.fail_at = books.calls + faults + 1;
      midge_session_received(session, PUBLISH);
      failed = books.calls >= books.fail_at;
      books.fail_at = 0;
      assert_int_equal(midge_session_is_open(session), !failed);
      assert_int_equal(count_told(session), 0);
      if (failed) {
        midge_session_disconnected(session, false);
        open_connection(session);
        midge_session_received(session, PUBLISH);
        assert_int_equal(count_told(session), 0);
      }
      midge_session_received(session, PUBREL);
      assert_int_equal(count_told(session), 1);
      midge_session_free(session);
      ledger_check_empty(&books);
    }
    assert_true(faults > 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_message_of_qos_2_makes_room_for_all),
      cmocka_unit_test(without_memory_for_it_the_message_has_not_come),
  };
  return cmocka_run_group_tests_name("lodging", tests, NULL, NULL);
}
