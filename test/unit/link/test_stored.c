/* Links whose session comes from a journal. */
#include <string.h>

#include "life.h"

/* As the engine writes a message of QoS 1 with label 7 and topic "t". */
#define NEVER "\xff\xff\xff\xff\xff\xff\xff\xff"
static const char head[] = "\x02\x00\x00" NEVER NEVER
                           "\x00\x00\x00\x00\x00\x00\x00\x07"
                           "\x00\x01\x00\x00\x00\x00";

static midge_record message(uint64_t key, midge_slice body) {
  return (midge_record){
      .key = key,
      .head = {(const uint8_t *)head, sizeof head - 1},
      .body = body,
  };
}

static void start(life *l) {
  life_start(l, (midge_client_options){
                    .store.path = MIDGE_TEXT("/somewhere"),
                    .session.session_expiry_s = 60,
                });
}

static void commit(life *l) {
  midge_record record = {0};
  while (midge_link_record(l->link, &record)) continue;
  midge_link_committed(l->link, record.position);
}

static void expect_restored(life *l, size_t messages, size_t damaged) {
  expect(l, MIDGE_EVENT_RESTORED);
  assert_int_equal(l->event.restored.messages, messages);
  assert_int_equal(l->event.restored.damaged, damaged);
  assert_int_equal(l->event.attempt, 0);
}

static void what_is_wished_waits_for_what_was(void **state) {
  (void)state;
  life l;
  size_t cost;
  start(&l);
  wish(&l, MIDGE_WISH_CONNECT);
  publish(&l, 8, 1, "new");
  expect_nothing(&l);
  midge_record record = message(5, MIDGE_TEXT("told"));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  assert_int_equal(cost, 4);
  midge_link_restored(l.link, &(midge_restored){1, 0, false});
  expect_restored(&l, 1, 0);
  expect(&l, MIDGE_EVENT_CONNECTING);
  open_up(&l);
  commit(&l);
  expect(&l, MIDGE_EVENT_STORED);
  assert_int_equal(l.event.stored.token, 8);
  commit(&l); /* their identifiers */
  leave(&l);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x01\x40\x02\x00\x02"));
  expect_done(&l, 7, MIDGE_OK);
  expect_done(&l, 8, MIDGE_OK);
  midge_freed freed = midge_link_freed(l.link);
  assert_int_equal(freed.messages, 2);
  life_end(&l);
}

static void what_cannot_be_restored_leaves_no_trace(void **state) {
  (void)state;
  life l;
  size_t cost = 9;
  start(&l);
  midge_record record = message(5, MIDGE_TEXT("#"));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_EINVAL);
  assert_int_equal(cost, 0);
  record = message(5, MIDGE_TEXT(""));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_EINVAL);
  char nameless[sizeof head];
  memcpy(nameless, head, sizeof head);
  nameless[28] = 0; /* the size of the topic */
  record.head.data = (const uint8_t *)nameless;
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_EINVAL);
  assert_int_equal(cost, 0);
  record = (midge_record){.key = UINT64_C(3) << 62};
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_EINVAL);
  midge_link_restored(l.link, &(midge_restored){0, 3, false});
  expect_restored(&l, 0, 3);
  wish(&l, MIDGE_WISH_CLOSE);
  expect(&l, MIDGE_EVENT_ENDED); /* which asserts that no ticket is out */
  assert_int_equal(midge_link_freed(l.link).messages, 0);
  life_end(&l);
}

/* What was to be kept is, before it closes. */
static void an_end_waits_for_what_was_to_be_kept(void **state) {
  (void)state;
  life l;
  size_t cost;
  start(&l);
  wish(&l, MIDGE_WISH_CONNECT);
  publish(&l, 8, 1, "new");
  wish(&l, MIDGE_WISH_ABORT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  expect_closed(&l, MIDGE_OK);
  wish(&l, MIDGE_WISH_CLOSE);
  expect_nothing(&l);
  midge_record record = message(5, MIDGE_TEXT("t"));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  midge_link_restored(l.link, &(midge_restored){1, 0, false});
  expect_restored(&l, 1, 0);
  expect_done(&l, 7, MIDGE_ECLOSED);
  expect_done(&l, 8, MIDGE_ECLOSED);
  expect(&l, MIDGE_EVENT_ENDED);
  midge_record written;
  assert_true(midge_link_record(l.link, &written));
  assert_int_equal(written.key, 6);
  assert_false(midge_link_record(l.link, &written)); /* the other's stays */
  life_end(&l);
}

/* A disconnection answers the connection that was to be, and no more. */
static void who_disconnects_does_not_wait_for_what_was(void **state) {
  const midge_wish_type goodbyes[] = {MIDGE_WISH_DISCONNECT, MIDGE_WISH_ABORT};
  (void)state;
  for (int i = 0; i < 2; i++) {
    life l;
    start(&l);
    publish(&l, 8, 1, "before");
    wish(&l, MIDGE_WISH_CONNECT);
    publish(&l, 9, 1, "behind");
    wish(&l, goodbyes[i]);
    expect(&l, MIDGE_EVENT_CONNECTING);
    expect_closed(&l, MIDGE_OK);
    wish(&l, goodbyes[i]);
    expect_nothing(&l);
    wish(&l, MIDGE_WISH_CONNECT);
    expect_nothing(&l);
    midge_link_restored(l.link, &(midge_restored){0, 0, false});
    expect_restored(&l, 0, 0);
    expect(&l, MIDGE_EVENT_CONNECTING);
    commit(&l);
    expect(&l, MIDGE_EVENT_STORED);
    assert_int_equal(l.event.stored.token, 8);
    expect(&l, MIDGE_EVENT_STORED);
    assert_int_equal(l.event.stored.token, 9);
    life_end(&l);
  }
}

static void who_wants_nothing_kept_does_not_wait_to_close(void **state) {
  (void)state;
  life l;
  size_t cost;
  start(&l);
  midge_record record = message(5, MIDGE_TEXT("t"));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  wish(&l, MIDGE_WISH_CONNECT);
  wish(&l, MIDGE_WISH_CLOSE);
  expect(&l, MIDGE_EVENT_CONNECTING);
  expect_closed(&l, MIDGE_OK);
  expect_done(&l, 7, MIDGE_ECLOSED);
  expect(&l, MIDGE_EVENT_ENDED);
  assert_false(midge_link_is_restoring(l.link));
  midge_record written;
  assert_false(midge_link_record(l.link, &written));
  life_end(&l);
}

/* Whichever comes first, the close or the fault. */
static void a_store_that_cannot_be_read_does_not_hold_who_closes(void **state) {
  (void)state;
  for (int first = 0; first < 2; first++) {
    life l;
    start(&l);
    wish(&l, MIDGE_WISH_CONNECT);
    publish(&l, 8, 1, "t");
    if (first == 0) midge_link_store_fault(l.link, MIDGE_ESTORE);
    expect_nothing(&l);
    wish(&l, MIDGE_WISH_CLOSE);
    expect(&l, MIDGE_EVENT_CONNECTING);
    expect_closed(&l, MIDGE_OK);
    if (first == 1) {
      expect_nothing(&l);
      midge_link_store_fault(l.link, MIDGE_OK);
      expect_nothing(&l);
      midge_link_store_fault(l.link, MIDGE_ESTORE);
    }
    expect_done(&l, 8, MIDGE_ESTORE);
    expect(&l, MIDGE_EVENT_ENDED);
    midge_record written; /* it would take the place of another */
    assert_false(midge_link_record(l.link, &written));
    assert_int_equal(midge_link_freed(l.link).messages, 1);
    life_end(&l);
  }
}

static void a_fault_that_is_over_refuses_nothing(void **state) {
  (void)state;
  life l;
  start(&l);
  midge_link_store_fault(l.link, MIDGE_ESTORE);
  publish(&l, 8, 1, "t");
  midge_link_restored(l.link, &(midge_restored){0, 0, false});
  expect_restored(&l, 0, 0);
  midge_link_store_fault(l.link, MIDGE_ESTORE); /* in writing */
  publish(&l, 9, 1, "t");
  commit(&l);
  expect(&l, MIDGE_EVENT_STORED);
  expect(&l, MIDGE_EVENT_STORED);
  life_end(&l);
}

static void open_with_inbox(life *l) {
  life_start(l, (midge_client_options){
                    .store.path = MIDGE_TEXT("/somewhere"),
                    .session.session_expiry_s = 60,
                    .session.inbox = true,
                    .session.acknowledge_by_hand = true,
                });
  midge_link_restored(l->link, &(midge_restored){0, 0, false});
  expect_restored(l, 0, 0);
  wish(l, MIDGE_WISH_CONNECT);
  expect(l, MIDGE_EVENT_CONNECTING);
  open_up(l);
  commit(l);
}

/* It is in the inbox, and for the next life. */
static void a_message_that_is_kept_after_the_end_is_not_told(void **state) {
  (void)state;
  life l;
  open_with_inbox(&l);
  receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x07\x00"));
  expect_nothing(&l);
  wish(&l, MIDGE_WISH_ABORT);
  wish(&l, MIDGE_WISH_CLOSE);
  expect_closed(&l, MIDGE_OK);
  expect(&l, MIDGE_EVENT_ENDED);
  commit(&l);
  expect_nothing(&l);
  life_end(&l);
}

static void a_wish_without_a_token_is_not_told_as_stored(void **state) {
  (void)state;
  life l;
  start(&l);
  midge_link_restored(l.link, &(midge_restored){0, 0, false});
  expect_restored(&l, 0, 0);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  publish(&l, 0, 1, "t");
  publish(&l, 3, 2, "t");
  commit(&l);
  expect(&l, MIDGE_EVENT_STORED);
  assert_int_equal(l.event.stored.token, 3);
  expect_nothing(&l);
  life_end(&l);
}

/* The program is told what it was told, though the server lets go of it. */
static void what_was_given_up_stays_given_up(void **state) {
  (void)state;
  life l;
  size_t cost;
  start(&l);
  char of_qos_2[sizeof head];
  memcpy(of_qos_2, head, sizeof head);
  of_qos_2[0] = 4;
  midge_record record = message(5, MIDGE_TEXT("told"));
  record.head.data = (const uint8_t *)of_qos_2;
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  record = (midge_record){.key = UINT64_C(1) << 62 | 5,
                          .head = MIDGE_TEXT("\3\0\1\0\0\0\0\0\0\0\1")};
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  midge_link_restored(l.link, &(midge_restored){1, 0, false});
  expect_restored(&l, 1, 0);
  expect_done(&l, 7, MIDGE_EBREAKS);
  assert_int_equal(midge_link_freed(l.link).messages, 1);
  wish(&l, MIDGE_WISH_CLOSE);
  expect(&l, MIDGE_EVENT_ENDED);
  life_end(&l);
}

/* Once by its old token, ahead of the connection, and never again. */
static void what_a_lost_session_had_in_flight_is_told_by_its_token(
    void **state) {
  (void)state;
  life l;
  size_t cost;
  midge_record last = {0};
  life_start(&l, (midge_client_options){
                     .store.path = MIDGE_TEXT("/somewhere"),
                     .session.session_expiry_s = 60,
                     .session.drop_in_flight = true,
                 });
  midge_record record = message(5, MIDGE_TEXT("told"));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  record = message(6, MIDGE_TEXT("tell"));
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  record = (midge_record){.key = UINT64_C(1) << 62 | 5,
                          .head = MIDGE_TEXT("\1\0\1\0\0\0\0\0\0\0\1")};
  assert_int_equal(midge_link_restore(l.link, &record, &cost), MIDGE_OK);
  midge_link_restored(l.link, &(midge_restored){2, 0, false});
  expect_restored(&l, 2, 0);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  dial(&l);
  leave(&l);
  receive(&l, CONNACK);
  expect_done(&l, 7, MIDGE_ESESSION);
  expect(&l, MIDGE_EVENT_OPENED);
  assert_int_equal(l.event.opened.dropped, 1);
  assert_int_equal(l.event.opened.renewed, 0);
  assert_int_equal(midge_link_freed(l.link).messages, 1);
  size_t deleted = 0;
  for (; midge_link_record(l.link, &last); deleted += last.head.size == 0)
    if (deleted == 0 && last.head.size == 0) assert_true(last.key == 5);
  assert_int_equal(deleted, 2); /* the message, and its identifier */
  midge_link_committed(l.link, last.position);
  commit(&l); /* the other one's identifier */
  leave(&l);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x02"));
  expect_done(&l, 7, MIDGE_OK); /* both have the same label here */
  life_end(&l);
}

static void start_small(life *l) {
  life_start(l, (midge_client_options){
                    .store.path = MIDGE_TEXT("/somewhere"),
                    .session.session_expiry_s = 60,
                    .session.queue_memory_max = 1,
                });
}

static void expect_freed(life *l, size_t messages, size_t bytes) {
  midge_freed freed = midge_link_freed(l->link);
  assert_int_equal(freed.messages, messages);
  assert_true(freed.bytes == bytes); /* it may be less than nothing */
}

/* Its ticket is another's meanwhile; the token is the label of its record. */
static void what_left_memory_has_its_outcome_all_the_same(void **state) {
  (void)state;
  life l;
  uint64_t first, last;
  start_small(&l);
  midge_link_restored(l.link, &(midge_restored){0, 0, false});
  expect_restored(&l, 0, 0);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  publish(&l, 3, 1, "t");
  publish(&l, 7, 1, "t");
  commit(&l);
  for (uint64_t token = 3; token <= 7; token += 4) {
    expect(&l, MIDGE_EVENT_STORED);
    assert_int_equal(l.event.stored.token, token);
    assert_int_equal(l.event.stored.left, 0);
  }
  expect_freed(&l, 0, 10 - 3); /* "ton" is what the record weighs */
  assert_false(midge_link_wants(l.link, &first, &last));
  open_up(&l);
  commit(&l);
  commit(&l); /* its identifier */
  leave(&l);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x01"));
  expect_done(&l, 3, MIDGE_OK);
  expect_freed(&l, 1, 10);

  assert_true(midge_link_wants(l.link, &first, &last));
  midge_record record = message(first, MIDGE_TEXT("ton"));
  midge_record wrong = message(last + 1, MIDGE_TEXT("t"));
  assert_int_equal(midge_link_load(l.link, &wrong), MIDGE_EINVAL);
  wrong.head.size = 0;
  assert_int_equal(midge_link_load(l.link, &wrong), MIDGE_EINVAL);
  assert_int_equal(midge_link_load(l.link, &record), MIDGE_OK);
  midge_link_loaded(l.link, last);
  commit(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x02"));
  expect_done(&l, 7, MIDGE_OK);
  expect_freed(&l, 1, 3);
  life_end(&l);
}

static void what_should_have_come_back_is_in_no_queue(void **state) {
  (void)state;
  life l;
  uint64_t first, last;
  start_small(&l);
  midge_link_restore_absent(l.link, &(midge_absence){4, 6, 2, 9});
  midge_link_restored(l.link, &(midge_restored){2, 0, false});
  expect_restored(&l, 2, 0);
  assert_true(midge_link_wants(l.link, &first, &last));
  assert_true(first == 4 && last == 6);
  midge_link_loaded(l.link, last);
  expect_freed(&l, 2, 9);
  assert_false(midge_link_wants(l.link, &first, &last));
  life_end(&l);
}

/* Nobody waits for an outcome of this; what is recorded shows it. */
static void what_the_program_is_done_with_leaves_the_journal(void **state) {
  (void)state;
  life l;
  midge_record record;
  open_with_inbox(&l);
  receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x09\x00"));
  commit(&l);
  expect(&l, MIDGE_EVENT_MESSAGE);
  midge_wish one = {.type = MIDGE_WISH_DELIVERY,
                    .token = l.event.message.delivery};
  assert_int_not_equal(one.token, 0);
  one.token++; /* there is none */
  midge_link_wish(l.link, &one);
  assert_false(midge_link_record(l.link, &record));
  one.token--;
  midge_link_wish(l.link, &one);
  assert_true(midge_link_record(l.link, &record));
  assert_true(record.key == (UINT64_C(5) << 61 | one.token));
  assert_int_equal(record.head.size, 0);
  assert_false(midge_link_record(l.link, &record));
  life_end(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_wished_waits_for_what_was),
      cmocka_unit_test(what_cannot_be_restored_leaves_no_trace),
      cmocka_unit_test(an_end_waits_for_what_was_to_be_kept),
      cmocka_unit_test(who_disconnects_does_not_wait_for_what_was),
      cmocka_unit_test(who_wants_nothing_kept_does_not_wait_to_close),
      cmocka_unit_test(a_store_that_cannot_be_read_does_not_hold_who_closes),
      cmocka_unit_test(a_fault_that_is_over_refuses_nothing),
      cmocka_unit_test(a_message_that_is_kept_after_the_end_is_not_told),
      cmocka_unit_test(a_wish_without_a_token_is_not_told_as_stored),
      cmocka_unit_test(what_was_given_up_stays_given_up),
      cmocka_unit_test(what_a_lost_session_had_in_flight_is_told_by_its_token),
      cmocka_unit_test(what_left_memory_has_its_outcome_all_the_same),
      cmocka_unit_test(what_should_have_come_back_is_in_no_queue),
      cmocka_unit_test(what_the_program_is_done_with_leaves_the_journal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
