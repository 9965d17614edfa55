/* Records that no session wrote, and what comes back of those it did. */
#include <string.h>

#include "base/slice.h"
#include "engine/record_queue.h"
#include "engine/records.h"
#include "engine/state.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static midge_session *session_new(void) {
  midge_session *session = NULL;
  midge_session_options options = {.session_expiry_s = 60, .durable = true};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static midge_status restore(midge_session *session, uint64_t key,
                            const void *head, size_t size) {
  midge_record record = {.key = key,
                         .head = {(const uint8_t *)head, size},
                         .body = MIDGE_TEXT("t")};
  return midge_session_restore(session, &record, 0);
}

/* qos and retain, alias, expiry, time, label, sizes of the topic and of the
 * properties. */
#define NEVER "\xff\xff\xff\xff\xff\xff\xff\xff"
#define MESSAGE                              \
  "\x02\x00\x00" NEVER NEVER                 \
  "\x00\x00\x00\x00\x00\x00\x00\x07\x00\x01" \
  "\x00\x00\x00\x00"
#define MESSAGE_SIZE (sizeof MESSAGE - 1)
/* State, identifier, order. */
#define MARK(state, id) state "\x00" id "\x00\x00\x00\x00\x00\x00\x00\x01"

static void keys_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  assert_int_equal(restore(session, 0, MESSAGE, MESSAGE_SIZE), MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND, "\1", 1), MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND | 65536, "\1", 1),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND | 65535, "", 0),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND | 65535, "\1", 1),
                   MIDGE_OK);
  midge_session_free(session);
}

/* flags, alias, size of the topic and of the properties; the body is one byte
 */
#define PARKED(topic_size, properties_size) \
  "\x07\x00\x07\x00" topic_size "\x00\x00\x00" properties_size

static void parked_messages_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  uint64_t key = MIDGE_KEY_INBOUND | 5;
  const char *good = PARKED("\x01", "\x00");
  assert_int_equal(restore(session, key, good, 8), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, PARKED("\x02", "\x00"), 9),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, key, PARKED("\x01", "\x01"), 9),
                   MIDGE_EINVAL);
  assert_int_equal(session->lodging->parking.bytes, 0);
  assert_int_equal(restore(session, key, good, 9), MIDGE_OK);
  assert_int_equal(restore(session, key, good, 9), MIDGE_EINVAL);

  const midge_queued_message *message =
      &midge_parking_find(&session->lodging->parking, 5)->message;
  assert_int_equal(message->topic_size, 1);
  assert_int_equal(message->buffer->data[message->topic_at], 't');
  assert_int_equal(message->payload_size, 0);
  assert_int_equal(message->alias, 7);
  assert_true(message->retain);
  assert_true(message->duplicate);
  assert_true(message->by_alias);
  midge_session_free(session);
}

static void messages_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_record wild = {.key = 1,
                       .head = {(const uint8_t *)MESSAGE, MESSAGE_SIZE},
                       .body = MIDGE_TEXT("#")};
  assert_int_equal(midge_session_restore(session, &wild, 0), MIDGE_EINVAL);
  assert_int_equal(restore(session, 1, MESSAGE, MESSAGE_SIZE - 1),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, 5, MESSAGE, MESSAGE_SIZE), MIDGE_OK);
  assert_int_equal(restore(session, 4, MESSAGE, MESSAGE_SIZE), MIDGE_EINVAL);
  assert_int_equal(midge_session_unfinished(session), 1);
  midge_session_free(session);
}

static void marks_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  for (uint64_t key = 1; key < 6; key++) {
    assert_int_equal(restore(session, key, MESSAGE, MESSAGE_SIZE), MIDGE_OK);
  }
  uint64_t mark = MIDGE_KEY_MARK;
  assert_int_equal(restore(session, mark | 1, MARK("\x01", "\x01"), 10),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x00", "\x01"), 11),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x04", "\x01"), 11),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x01", "\x00"), 11),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x01", "\x09"), 11),
                   MIDGE_OK);
  assert_int_equal(restore(session, mark | 2, MARK("\x01", "\x09"), 11),
                   MIDGE_EINVAL);
  /* Of no message, or not of the oldest without one: cleared away. */
  midge_record record;
  assert_false(midge_session_record(session, &record));
  assert_int_equal(restore(session, mark | 4, MARK("\x01", "\x0a"), 11),
                   MIDGE_OK);
  assert_int_equal(restore(session, mark | 99, MARK("\x01", "\x0b"), 11),
                   MIDGE_OK);
  assert_true(midge_session_record(session, &record));
  assert_true(record.key == (mark | 4) && record.head.size == 0);
  assert_true(midge_session_record(session, &record));
  assert_true(record.key == (mark | 99) && record.head.size == 0);
  assert_false(midge_session_record(session, &record));
  midge_session_free(session);
}

/* options, size of the filter; the body is one byte */
static void subscriptions_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  uint64_t key = MIDGE_KEY_SESSION | 4;
  assert_int_equal(restore(session, key, "\1\0", 2), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, "\1\0\2", 3), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, "\1\0\0", 3), MIDGE_EINVAL);
  assert_int_equal(restore(session, key, "\1\0\1", 3), MIDGE_OK);
  assert_int_equal(restore(session, key + 1, "\1\0\1", 3), MIDGE_EINVAL);
  const midge_remembered *one = session->subscriptions.first;
  assert_true(one->key == key && one->options == 1 && one->filter_size == 1);
  assert_null(one->next);
  assert_int_equal(session->next_subscription, 5);
  midge_session_free(session);
}

/* Flags, expiry, offline since. */
#define SESSION "\1\0\0\0\x3c\0\0\0\0\0\0\xea\x60"

static void sessions_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  assert_int_equal(restore(session, MIDGE_KEY_SESSION, SESSION, 12),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_SESSION, SESSION, 13), MIDGE_OK);
  assert_true(session->exists && !session->anew);
  assert_int_equal(session->limits.session_expiry_s, 60);
  assert_int_equal(session->closed_at, 60000);
  midge_session_free(session);
}

static void only_a_session_that_exists_is_one(void **state) {
  (void)state;
  midge_record record = {.key = MIDGE_KEY_SESSION, .head = MIDGE_TEXT(SESSION)};
  assert_true(midge_record_is_session(&record));
  record.key++; /* a subscription */
  assert_false(midge_record_is_session(&record));
  record.key--;
  record.head = MIDGE_TEXT("\2");
  assert_false(midge_record_is_session(&record));
  record.head = MIDGE_NO_SLICE;
  assert_false(midge_record_is_session(&record));
}

/* It said nothing of an expiry, nor of when. */
static void a_session_of_the_first_format_does_not_expire(void **state) {
  (void)state;
  midge_session *session = session_new();
  assert_int_equal(restore(session, MIDGE_KEY_SESSION, "\1", 1), MIDGE_OK);
  midge_session_restored(session, false);
  midge_session_elapsed(session, UINT64_C(1) << 50);
  midge_session_connected(session);
  assert_true(session->exists && !session->anew);
  midge_session_free(session);
}

/* A clock that was set back says nothing of how long it was. */
static void a_clock_that_was_set_back_ends_no_session(void **state) {
  (void)state;
  midge_session *session = session_new();
  assert_int_equal(restore(session, MIDGE_KEY_SESSION, SESSION, 13), MIDGE_OK);
  midge_session_elapsed(session, 59999);
  midge_session_restored(session, false);
  midge_session_connected(session);
  assert_true(session->exists && !session->anew);
  midge_session_free(session);
}

/* One message is held, and those up to key 9 are in the journal. */
static midge_session *session_with_absent(void) {
  midge_session *session = NULL;
  midge_session_options options = {
      .session_expiry_s = 60, .durable = true, .queue_memory_max = 1};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  assert_int_equal(restore(session, 5, MESSAGE, MESSAGE_SIZE), MIDGE_OK);
  midge_session_restore_absent(session, &(midge_absence){6, 9, 3, 3});
  midge_session_restored(session, false);
  assert_int_equal(midge_session_unfinished(session), 4);
  return session;
}

static midge_status load(midge_session *session, uint64_t key,
                         const char *body) {
  midge_record record = {.key = key,
                         .head = {(const uint8_t *)MESSAGE, MESSAGE_SIZE},
                         .body = midge_slice_text(body)};
  return midge_session_load(session, &record, 0);
}

static void what_is_absent_is_wanted_once_when_there_is_room(void **state) {
  (void)state;
  midge_session *session = session_with_absent();
  uint64_t first = 0, last = 0;
  assert_false(midge_session_wants(session, &first, &last));
  assert_int_equal(load(session, 6, "t"), MIDGE_ECLOSED);
  midge_message *held = session->outbox.publishes.first;
  midge_outbox_remove(&session->outbox, held);
  midge_message_release(held);
  assert_true(midge_session_wants(session, &first, &last));
  assert_true(first == 6 && last == 9);
  assert_false(midge_session_wants(session, &first, &last));
  assert_int_equal(load(session, 6, "t"), MIDGE_OK);
  assert_int_equal(load(session, 6, "t"), MIDGE_EINVAL);
  assert_int_equal(load(session, 7, "#"), MIDGE_EINVAL);
  assert_int_equal(load(session, 10, "t"), MIDGE_EINVAL);
  assert_int_equal(midge_session_unfinished(session), 3);
  assert_int_equal(midge_session_loaded(session, 7).count, 0);
  assert_int_equal(session->outbox.absent.first, 8);
  midge_session_free(session);
}

/* What is published is newer than all of them. */
static void what_should_have_been_there_counts_no_longer(void **state) {
  (void)state;
  midge_session *session = session_with_absent();
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  uint64_t first, last;
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  assert_int_equal(session->outbox.behind.first->key, 10);
  assert_int_equal(midge_session_unfinished(session), 5);
  midge_message *held = session->outbox.publishes.first;
  midge_outbox_remove(&session->outbox, held);
  midge_message_release(held);
  assert_true(midge_session_wants(session, &first, &last));
  assert_int_equal(load(session, 8, "t"), MIDGE_OK);
  midge_absence lost = midge_session_loaded(session, last);
  assert_int_equal(lost.count, 2);
  assert_int_equal(lost.bytes, 2);
  assert_int_equal(midge_session_unfinished(session), 2);
  assert_int_equal(session->outbox.bytes, 2);
  midge_session_free(session);
}

static void what_is_absent_is_not_ours_once_we_gave_up(void **state) {
  (void)state;
  midge_session *session = session_with_absent();
  midge_session_abandon(session);
  assert_int_equal(midge_session_unfinished(session), 0);
  assert_int_equal(load(session, 6, "t"), MIDGE_ECLOSED);
  midge_session_free(session);
}

static void keys_go_on_behind_the_highest_of_all(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(restore(session, 12, MESSAGE, MESSAGE_SIZE), MIDGE_OK);
  midge_session_restore_absent(session, &(midge_absence){6, 9, 3, 3});
  midge_session_restored(session, false);
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  assert_int_equal(session->outbox.behind.first->key, 13);
  midge_session_free(session);
}

static void without_a_journal_nothing_is_restored(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_record record;
  assert_int_equal(midge_session_new(&session, &(midge_session_options){0}),
                   MIDGE_OK);
  midge_session_restored(session, false);
  assert_false(midge_session_record(session, &record));
  midge_session_free(session);
}

static void what_was_cancelled_leaves_its_key(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  assert_int_equal(midge_session_publish(session, &publish, 2), MIDGE_OK);
  assert_int_equal(midge_session_cancel(session, 1), MIDGE_OK);
  assert_int_equal(midge_session_cancel(session, 2), MIDGE_OK);
  assert_int_equal(restore(session, 1, MESSAGE, MESSAGE_SIZE), MIDGE_OK);
  midge_session_free(session);
}

static void take_records(midge_session *session) {
  midge_record record = {0};
  while (midge_session_record(session, &record)) continue;
  midge_session_committed(session, record.position);
}

static uint64_t next_stored(midge_session *session) {
  midge_event event;
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_STORED);
  return event.stored.token;
}

/* In their order, each once, and only those that are there still. */
static void a_publish_is_told_as_stored(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_event event;
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  for (uint64_t token = 1; token <= 3; token++)
    assert_int_equal(midge_session_publish(session, &publish, token), MIDGE_OK);
  assert_int_equal(midge_session_publish(session, &publish, 0), MIDGE_OK);
  assert_int_equal(midge_session_cancel(session, 1), MIDGE_OK);
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_DONE);
  assert_false(midge_session_event(session, &event));
  take_records(session);
  assert_int_equal(next_stored(session), 2);
  assert_int_equal(next_stored(session), 3);
  assert_int_equal(midge_session_publish(session, &publish, 4), MIDGE_OK);
  assert_false(midge_session_event(session, &event));
  take_records(session);
  assert_int_equal(next_stored(session), 4);
  assert_false(midge_session_event(session, &event));
  midge_session_free(session);
}

/* What a commit did not have yet waits for the next one. */
static void a_commit_tells_its_own(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_record record = {0};
  midge_event event;
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  while (midge_session_record(session, &record)) continue;
  assert_int_equal(midge_session_publish(session, &publish, 2), MIDGE_OK);
  midge_session_committed(session, record.position);
  assert_int_equal(next_stored(session), 1);
  assert_false(midge_session_event(session, &event));
  take_records(session);
  assert_int_equal(next_stored(session), 2);
  midge_session_free(session);
}

static void nothing_is_stored_without_a_journal(void **state) {
  (void)state;
  midge_session *session = NULL;
  midge_event event;
  midge_session_options options = {.session_expiry_s = 60};
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  midge_session_committed(session, 1);
  assert_false(midge_session_event(session, &event));
  midge_session_free(session);
}

/* It is stored already, and ends in its new token. */
static void a_restored_message_has_an_outcome(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_event event;
  midge_publish publish;
  midge_record record = {.key = 9,
                         .head = {(const uint8_t *)MESSAGE, MESSAGE_SIZE},
                         .body = MIDGE_TEXT("tx")};
  assert_true(midge_record_message(&record, &publish));
  assert_int_equal(publish.label, 7);
  assert_int_equal(publish.qos, 1);
  assert_false(publish.retain);
  assert_int_equal(publish.topic.size, 1);
  assert_int_equal(publish.payload.size, 1);
  assert_int_equal(publish.payload.data[0], 'x');
  assert_int_equal(midge_session_restore(session, &record, 5), MIDGE_OK);
  midge_session_committed(session, 0);
  assert_false(midge_session_event(session, &event));
  assert_int_equal(midge_session_cancel(session, 5), MIDGE_OK);
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.done.token, 5);
  record.key = MIDGE_KEY_SESSION;
  assert_false(midge_record_message(&record, &publish));
  record.key = 0;
  assert_false(midge_record_message(&record, &publish));
  midge_session_free(session);
}

/* A record keeps the message's own bytes, not a copy of them. */
static void a_record_outlives_its_message(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_record record;
  midge_publish publish = {
      .topic = MIDGE_TEXT("t"), .payload = MIDGE_TEXT("on"), .qos = 1};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  assert_true(midge_session_record(session, &record));
  const midge_message *message = session->outbox.publishes.first;
  assert_ptr_equal(record.body.data, message->bytes);
  assert_ptr_equal(record.buffer, message->buffer);
  midge_buffer *buffer = midge_buffer_hold(record.buffer);
  midge_session_abandon(session);
  midge_session_free(session);
  assert_memory_equal(record.body.data, "ton", 3);
  midge_buffer_release(buffer);
}

/* --- Without memory ------------------------------------------------------- */

static ledger books;

/* A session whose messages of QoS 2 wait for a server that offers QoS 1. */
static midge_session *session_to_lower(void) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60,
                                   .durable = true,
                                   .lower_qos = true,
                                   .allocator = &books.allocator};
  ledger_init(&books);
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 2};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  for (int i = 0; i < 40; i++)
    assert_int_equal(midge_session_publish(session, &publish, 0), MIDGE_OK);
  take_records(session);
  midge_session_connected(session);
  return session;
}

/* Each allocation fails in turn: the connection ends, and no message does. */
static void lowering_without_memory_ends_the_connection(void **state) {
  (void)state;
  bool failed = true;
  size_t faults = 0;
  for (size_t at = 1; failed; at++) {
    midge_session *session = session_to_lower();
    midge_event event = {0};
    books.fail_at = books.calls + at;
    midge_session_received(session, MIDGE_TEXT("\x20\x05\x00\x00\x02\x24\x01"));
    take_records(session);
    failed = books.calls >= books.fail_at;
    books.fail_at = 0;
    while (midge_session_event(session, &event)) continue;
    if (event.type == MIDGE_EVENT_CLOSED)
      assert_int_equal(event.closed.status, MIDGE_ENOMEM);
    faults += event.type == MIDGE_EVENT_CLOSED;
    assert_int_equal(midge_session_unfinished(session), 40);
    midge_session_free(session);
    ledger_check_empty(&books);
  }
  assert_true(faults > 1);
}

/* As many records wait as there is room for. */
static midge_session *session_to_park(void) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .session_expiry_s = 60,
                                   .durable = true,
                                   .at_release = true,
                                   .allocator = &books.allocator};
  ledger_init(&books);
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  midge_session_connected(session);
  midge_session_received(session, MIDGE_TEXT("\x20\x03\x00\x00\x00"));
  take_records(session);
  const midge_ring *waiting = &session->records.waiting;
  do {
    assert_int_equal(midge_session_publish(session, &publish, 0), MIDGE_OK);
  } while (waiting->count < waiting->room);
  return session;
}

static bool is_recorded(midge_session *session, uint64_t key) {
  midge_record record;
  bool found = false;
  while (midge_session_record(session, &record)) found |= record.key == key;
  return found;
}

/* Each allocation fails in turn: the connection ends, and the session knows the
 * message, which the server sends again, if the journal does. */
static void what_cannot_be_recorded_was_never_received(void **state) {
  (void)state;
  midge_event event = {0};
  size_t faults = 0;
  for (bool failed = true; failed; faults += failed) {
    midge_session *session = session_to_park();
    while (midge_session_event(session, &event)) continue;
    books.fail_at = books.calls + faults + 1;
    midge_session_received(session,
                           MIDGE_TEXT("\x34\x07\x00\x01t\x00\x09\x00x"));
    failed = books.calls >= books.fail_at;
    books.fail_at = 0;
    bool closed = false;
    while (midge_session_event(session, &event))
      if (event.type == MIDGE_EVENT_CLOSED) {
        closed = true;
        assert_int_equal(event.closed.status, MIDGE_ENOMEM);
      }
    assert_int_equal(closed, failed);
    bool known = is_recorded(session, MIDGE_KEY_INBOUND | 9);
    assert_true(known || failed);
    assert_int_equal(midge_parking_find(&session->lodging->parking, 9) != NULL,
                     known);
    assert_int_equal(session->lodging->parking.bytes != 0, known);
    assert_int_equal(midge_inbox_state(&session->inbox, 9),
                     known ? MIDGE_INBOUND_PARKED : MIDGE_INBOUND_NEW);
    midge_session_free(session);
    ledger_check_empty(&books);
  }
  assert_true(faults > 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_that_no_session_writes),
      cmocka_unit_test(parked_messages_that_no_session_writes),
      cmocka_unit_test(messages_that_no_session_writes),
      cmocka_unit_test(marks_that_no_session_writes),
      cmocka_unit_test(subscriptions_that_no_session_writes),
      cmocka_unit_test(sessions_that_no_session_writes),
      cmocka_unit_test(a_session_of_the_first_format_does_not_expire),
      cmocka_unit_test(only_a_session_that_exists_is_one),
      cmocka_unit_test(a_clock_that_was_set_back_ends_no_session),
      cmocka_unit_test(without_a_journal_nothing_is_restored),
      cmocka_unit_test(what_is_absent_is_wanted_once_when_there_is_room),
      cmocka_unit_test(what_should_have_been_there_counts_no_longer),
      cmocka_unit_test(what_is_absent_is_not_ours_once_we_gave_up),
      cmocka_unit_test(keys_go_on_behind_the_highest_of_all),
      cmocka_unit_test(what_was_cancelled_leaves_its_key),
      cmocka_unit_test(a_publish_is_told_as_stored),
      cmocka_unit_test(a_commit_tells_its_own),
      cmocka_unit_test(nothing_is_stored_without_a_journal),
      cmocka_unit_test(a_restored_message_has_an_outcome),
      cmocka_unit_test(a_record_outlives_its_message),
      cmocka_unit_test(lowering_without_memory_ends_the_connection),
      cmocka_unit_test(what_cannot_be_recorded_was_never_received),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
