/* A session that comes back while memory is short: a record that there was none
 * for is restored when it is tried again, and is not taken for damaged. */
#include <string.h>

#include "base/slice.h"
#include "engine/records.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

enum { RECORDS_MAX = 16, BODY_ROOM = 64, CUTS_MAX = 100 };

typedef struct memory {
  midge_record record;
  uint8_t head[64], body[BODY_ROOM];
} memory;

/* What a former life has left, by key. */
typedef struct former {
  memory all[RECORDS_MAX];
  size_t count;
} former;

static midge_session *session_of(const ledger *books, bool inbox) {
  midge_session *session = NULL;
  midge_session_options options = {
      .client_id = MIDGE_TEXT("a"),
      .session_expiry_s = 60,
      .durable = true,
      .at_release = !inbox,
      .acknowledge_by_hand = inbox,
      .inbox = inbox,
      .allocator = books != NULL ? &books->allocator : NULL};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void remember(former *life, const midge_record *record) {
  size_t at = 0;
  while (at < life->count && life->all[at].record.key < record->key) at++;
  if (at == life->count || life->all[at].record.key != record->key) {
    assert_true(record->head.size != 0 && life->count < RECORDS_MAX);
    memmove(&life->all[at + 1], &life->all[at],
            (life->count++ - at) * sizeof *life->all);
  }
  memory *it = &life->all[at];
  it->record = *record;
  midge_slice_copy(it->head, record->head);
  midge_slice_copy(it->body, record->body);
}

static void take_records(midge_session *session, former *life) {
  midge_record record;
  while (midge_session_record(session, &record)) {
    remember(life, &record);
    midge_session_committed(session, record.position);
  }
}

static void send_all(midge_session *session, former *life) {
  midge_slice slice;
  take_records(session, life);
  while (midge_session_output(session, &slice, 1) != 0)
    midge_session_sent(session, slice.size);
  take_records(session, life);
}

/* Two messages are in flight, a subscription is granted, and a message has come
 * that the server has not released. */
static void live(former *life, bool inbox) {
  midge_session *session = session_of(NULL, inbox);
  const midge_request_options none = {0};
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  midge_subscription one = {.filter = MIDGE_TEXT("f"), .qos = 2};
  midge_session_connected(session);
  send_all(session, life);
  midge_session_received(session, MIDGE_TEXT("\x20\x03\x00\x00\x00"));
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  publish.qos = 2;
  assert_int_equal(midge_session_publish(session, &publish, 2), MIDGE_OK);
  send_all(session, life);
  assert_int_equal(midge_session_subscribe(session, &one, 1, none, 3),
                   MIDGE_OK);
  send_all(session, life);
  midge_session_received(session, MIDGE_TEXT("\x50\x02\x00\x02"));
  midge_session_received(session, MIDGE_TEXT("\x90\x04\x00\x03\x00\x02"));
  midge_session_received(session, MIDGE_TEXT("\x34\x07\x00\x01t\x00\x09\x00x"));
  send_all(session, life);
  midge_session_free(session);
}

/* How often memory was short. */
static unsigned restore(midge_session *session, former *life) {
  unsigned failed = 0;
  for (size_t i = 0; i < life->count; i++) {
    memory *it = &life->all[i];
    midge_status status = MIDGE_ENOMEM;
    it->record.head.data = it->head;
    it->record.body.data = it->body;
    while (status == MIDGE_ENOMEM) {
      status = midge_session_restore(session, &it->record, i + 1);
      failed += status == MIDGE_ENOMEM;
    }
    if (status != MIDGE_OK) fail_msg("record %zu: %d", i, (int)status);
  }
  midge_session_restored(session, false);
  return failed;
}

static void expect_whole(midge_session *session, bool inbox) {
  assert_int_equal(midge_session_unfinished(session), 2);
  assert_non_null(midge_packet_ids_owner(&session->packet_ids, 1));
  assert_non_null(midge_packet_ids_owner(&session->packet_ids, 2));
  assert_non_null(
      midge_subscriptions_find(&session->subscriptions, MIDGE_TEXT("f")));
  assert_int_equal(midge_inbox_state(&session->inbox, 9),
                   inbox ? MIDGE_INBOUND_ANSWERED : MIDGE_INBOUND_PARKED);
  assert_int_equal(session->lodging->keeping.first != NULL, inbox);
  assert_int_equal(midge_parking_find(&session->lodging->parking, 9) != NULL,
                   !inbox);
}

/* Each allocation fails in turn. */
static void play(bool inbox) {
  former life = {.count = 0};
  unsigned cuts = 0;
  live(&life, inbox);
  for (bool failed = true; failed; cuts += failed) {
    ledger books;
    ledger_init(&books);
    midge_session *session = session_of(&books, inbox);
    books.fail_at = books.calls + cuts + 1;
    failed = restore(session, &life) != 0;
    books.fail_at = 0;
    expect_whole(session, inbox);
    midge_session_free(session);
    ledger_check_empty(&books);
    assert_true(cuts < CUTS_MAX);
  }
  assert_true(cuts > 5);
}

static void a_record_that_there_is_no_memory_for_comes_later(void **state) {
  (void)state;
  play(false);
}

static void so_does_one_of_the_inbox(void **state) {
  (void)state;
  play(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_record_that_there_is_no_memory_for_comes_later),
      cmocka_unit_test(so_does_one_of_the_inbox),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
