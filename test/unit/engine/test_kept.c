/* Records of the durable inbox that no session wrote are not taken, and numbers
 * go on where they ended. */
#include "base/slice.h"
#include "engine/kept.h"
#include "engine/record_queue.h"
#include "engine/records.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static midge_session *session_of(void) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .durable = true,
                                   .acknowledge_by_hand = true,
                                   .inbox = true,
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static midge_status restore(midge_session *session, uint64_t key,
                            const void *head, size_t size) {
  midge_record record = {.key = key,
                         .head = midge_slice_of(head, size),
                         .body = MIDGE_TEXT("topic, and payload")};
  return midge_session_restore(session, &record, 0);
}

/* Flags, alias, sizes of topic and properties, packet identifier. */
#define HEAD(flags, topic, properties, id) \
  { flags, 0, 0, 0, topic, 0, 0, 0, properties, 0, id }

static void what_no_session_wrote_is_not_taken(void **state) {
  (void)state;
  static const uint8_t good[] = HEAD(0, 5, 0, 1);
  static const uint8_t no_id[] = HEAD(0, 5, 0, 0);
  static const uint8_t long_topic[] = HEAD(0, 50, 0, 1);
  static const uint8_t long_properties[] = HEAD(0, 5, 50, 1);
  midge_session *session = session_of();
  uint64_t key = MIDGE_KEY_KEPT | 7;
  assert_int_equal(restore(session, key, good, 10), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, no_id, 11), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, long_topic, 11), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, long_properties, 11), MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_KEPT, good, 11), MIDGE_EINVAL);
  assert_int_equal(
      restore(session, MIDGE_KEY_KEPT | UINT64_C(1) << 32, good, 11),
      MIDGE_EINVAL);
  assert_int_equal(restore(session, key, good, 11), MIDGE_OK);
  assert_int_equal(restore(session, key, good, 11), MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND, good, 11), MIDGE_EINVAL);
  midge_session_free(session);
}

static void an_identifier_is_the_newest_messages(void **state) {
  (void)state;
  static const uint8_t holds[] = HEAD(8 | 16, 5, 0, 9);
  midge_session *session = session_of();
  assert_int_equal(restore(session, MIDGE_KEY_KEPT | 1, holds, 11), MIDGE_OK);
  assert_int_equal(restore(session, MIDGE_KEY_KEPT | 2, holds, 11), MIDGE_OK);
  midge_kept *holder = midge_keeping_holder(&session->lodging->keeping, 9);
  assert_int_equal(holder->number, 2);
  assert_false(session->lodging->keeping.first->holds_id);
  midge_session_free(session);
}

static uint64_t number_of_next(uint64_t granted) {
  midge_event event;
  uint64_t number = 0;
  uint8_t head[16] = {0, 0, 0, 0, 0, 0, 0, 1};
  for (int i = 0; i < 8; i++) head[8 + i] = (uint8_t)(granted >> (56 - 8 * i));
  midge_session *session = session_of();
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND, head, 16), MIDGE_OK);
  midge_session_elapsed(session, 1);
  midge_session_connected(session);
  static const char bytes[] =
      "\x20\x03\x00\x00\x00\x32\x06\x00\x01t\x00\x01\x00";
  midge_session_received(session, midge_slice_of(bytes, sizeof bytes - 1));
  midge_session_committed(session, 100);
  while (midge_session_event(session, &event))
    if (event.type == MIDGE_EVENT_MESSAGE) number = event.message.delivery;
  assert_int_equal(
      midge_session_acknowledge_delivery(session, number + (UINT64_C(1) << 32)),
      MIDGE_EINVAL);
  assert_int_equal(midge_session_acknowledge_delivery(session, number),
                   MIDGE_OK);
  midge_session_free(session);
  return number;
}

static void numbers_go_on_and_none_has_a_low_half_of_zero(void **state) {
  (void)state;
  assert_int_equal(number_of_next(5), 6);
  assert_int_equal(number_of_next(UINT32_MAX), UINT64_C(0x100000001));
}

/* --- Without memory ------------------------------------------------------- */

static ledger books;

static void commit(midge_session *session) {
  midge_record record = {0};
  while (midge_session_record(session, &record)) continue;
  midge_session_committed(session, record.position);
}

static midge_session *session_that_is_open(void) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .durable = true,
                                   .acknowledge_by_hand = true,
                                   .inbox = true,
                                   .session_expiry_s = 60,
                                   .allocator = &books.allocator};
  ledger_init(&books);
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  midge_session_connected(session);
  midge_session_received(session, MIDGE_TEXT("\x20\x03\x00\x00\x00"));
  commit(session);
  return session;
}

/* There is room for so many more records. */
static void leave_room_for(midge_session *session, size_t records) {
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  const midge_ring *waiting = &session->records.waiting;
  do {
    assert_int_equal(midge_session_publish(session, &publish, 0), MIDGE_OK);
  } while (waiting->count + records != waiting->room);
}

/* One allocation fails, and the connection ends. False: there were fewer of
 * them, and it goes on. */
static bool fails(midge_session *session, size_t at, midge_slice bytes) {
  midge_event event;
  bool closed = false;
  while (midge_session_event(session, &event)) continue;
  books.fail_at = books.calls + at;
  midge_session_received(session, bytes);
  bool failed = books.calls >= books.fail_at;
  books.fail_at = 0;
  while (midge_session_event(session, &event))
    if (event.type == MIDGE_EVENT_CLOSED) {
      closed = true;
      assert_int_equal(event.closed.status, MIDGE_ENOMEM);
    }
  assert_int_equal(closed, failed);
  return failed;
}

#define PUBLISH_9 MIDGE_TEXT("\x34\x07\x00\x01t\x00\x09\x00x")
#define PUBREL_9 MIDGE_TEXT("\x62\x02\x00\x09")

static bool is_recorded(midge_session *session) {
  midge_record record;
  bool found = false;
  while (midge_session_record(session, &record))
    found |= (record.key & MIDGE_KEY_KEPT) == MIDGE_KEY_KEPT;
  return found;
}

/* The server sends it again. */
static void what_cannot_be_recorded_has_not_come(void **state) {
  (void)state;
  for (size_t room = 0; room <= 1; room++) {
    size_t at = 0;
    for (bool failed = true; failed;) {
      midge_session *session = session_that_is_open();
      leave_room_for(session, room);
      failed = fails(session, ++at, PUBLISH_9);
      bool known = is_recorded(session);
      assert_true(known || failed);
      assert_int_equal(session->lodging->keeping.first != NULL, known);
      assert_int_equal(
          midge_inbox_state(&session->inbox, 9) != MIDGE_INBOUND_NEW, known);
      midge_session_free(session);
      ledger_check_empty(&books);
    }
    assert_true(at > 2);
  }
}

/* The server asks again, and nothing was lost. */
static void a_release_that_cannot_be_recorded_ends_the_connection(
    void **state) {
  (void)state;
  for (size_t room = 0; room <= 1; room++) {
    size_t at = 0;
    for (bool failed = true; failed;) {
      midge_session *session = session_that_is_open();
      midge_session_received(session, PUBLISH_9);
      commit(session);
      leave_room_for(session, room);
      failed = fails(session, ++at, PUBREL_9);
      assert_non_null(session->lodging->keeping.first);
      assert_true(is_recorded(session) || failed);
      midge_session_free(session);
      ledger_check_empty(&books);
    }
    assert_true(at > 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_no_session_wrote_is_not_taken),
      cmocka_unit_test(an_identifier_is_the_newest_messages),
      cmocka_unit_test(numbers_go_on_and_none_has_a_low_half_of_zero),
      cmocka_unit_test(what_cannot_be_recorded_has_not_come),
      cmocka_unit_test(a_release_that_cannot_be_recorded_ends_the_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
