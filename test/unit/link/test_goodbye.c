/* Goodbyes: what is still done, how long it may take, and what comes after. */
#include <string.h>

#include "base/allocator.h"
#include "life.h"
#include "unit/base/ledger.h"

static life l;

static void begin(midge_client_options options) {
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

static void expect_last_closed(void) {
  expect_closed(&l, MIDGE_OK);
  assert_int_equal(l.event.closed.by, MIDGE_SIDE_SELF);
  assert_int_equal(l.event.closed.retry_ms, MIDGE_NEVER);
}

static void it_ends_when_the_server_has_ended(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  uint32_t attempt = midge_link_attempt(l.link);
  open_up(&l);
  assert_false(midge_link_is_leaving(l.link));
  wish(&l, MIDGE_WISH_DISCONNECT);
  assert_true(midge_link_is_leaving(l.link));
  assert_false(midge_link_is_shut(l.link)); /* DISCONNECT has not left */
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  expect_nothing(&l);
  assert_true(midge_link_is_shut(l.link));
  assert_int_equal(midge_link_deadline(l.link), l.now + 250);
  expect_nothing(&l);
  midge_link_ended(l.link, attempt);
  expect_last_closed();
  assert_int_equal(l.event.attempt, attempt);
  assert_false(midge_link_is_leaving(l.link));
  expect_nothing(&l);
  life_end(&l);
}

static void a_server_that_does_not_end_is_not_waited_for(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  leave(&l);
  expect_nothing(&l);
  assert_true(midge_link_is_shut(l.link));
  pass(&l, 249);
  expect_nothing(&l);
  pass(&l, 1);
  expect_last_closed();
  expect_nothing(&l);
  life_end(&l);
}

static void output_that_does_not_leave_is_not_waited_for(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  pass(&l, 2000);
  expect_nothing(&l);
  pass(&l, 250);
  expect_last_closed();
  expect_nothing(&l);
  life_end(&l);
}

static void before_connack_it_is_soon_over_too(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  dial(&l);
  leave(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  pass(&l, 2250);
  expect_last_closed();
  life_end(&l);
}

/* Whoever had a CLOSED that is the last gets no other. */
static void each_attempt_is_closed_once(void **state) {
  (void)state;
  const midge_wish_type ends[] = {MIDGE_WISH_DISCONNECT, MIDGE_WISH_ABORT};
  for (int i = 0; i < 8; i++) {
    begin((midge_client_options){.ask = i / 2 == 0, .close_timeout_ms = 1000});
    if (i / 2 == 2) open_up(&l);
    if (i / 2 == 3) fail_to_dial(&l);
    if (i / 2 == 3) expect_closed(&l, MIDGE_ELOST);
    wish(&l, ends[i % 2]);
    wish(&l, ends[i % 2]);
    pass(&l, 5000);
    expect_last_closed();
    assert_int_equal(l.event.attempt, i / 2 == 3 ? 0 : 1);
    wish(&l, ends[i % 2]);
    pass(&l, 5000);
    expect_nothing(&l);
    life_end(&l);
  }
}

/* The session that says goodbye would not take them. */
static void what_is_wished_meanwhile_is_for_the_next_connection(void **state) {
  (void)state;
  begin((midge_client_options){.session.session_expiry_s = 60});
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  wish(&l, MIDGE_WISH_CONNECT);
  publish(&l, 5, MIDGE_AT_LEAST_ONCE, "later");
  leave(&l);
  assert_false(has_left(&l, MIDGE_TEXT("later")));
  expect_nothing(&l);
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_last_closed();
  assert_int_equal(l.event.connect, 1);
  expect(&l, MIDGE_EVENT_CONNECTING);
  assert_int_equal(l.event.connect, 2);
  open_up(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("later")));
  life_end(&l);
}

/* Its message has come: it is for this connection, or for none. */
static void an_answer_does_not_wait_for_the_goodbye(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000,
                               .session.acknowledge_by_hand = true});
  open_up(&l);
  receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x09\x00"));
  expect(&l, MIDGE_EVENT_MESSAGE);
  receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x0a\x00"));
  expect(&l, MIDGE_EVENT_MESSAGE);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "unanswered");
  wish(&l, MIDGE_WISH_DISCONNECT);
  midge_wish one = {.type = MIDGE_WISH_ACKNOWLEDGE};
  one.acknowledge.packet_id = 9;
  one.acknowledge.qos = MIDGE_AT_LEAST_ONCE;
  one.acknowledge.attempt = 1;
  midge_link_wish(l.link, &one);
  midge_answer answer = {.packet_id = 10, .qos = MIDGE_AT_LEAST_ONCE};
  midge_wish list = {.type = MIDGE_WISH_ANSWER};
  list.answer.list = &answer;
  list.answer.count = 1;
  list.answer.attempt = 1;
  midge_link_wish(l.link, &list);
  wish(&l, MIDGE_WISH_DELIVERY); /* there is none */
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x40\x02\x00\x09\x40\x02\x00\x0a")));
  assert_false(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  life_end(&l);
}

static void an_abort_does_not_wait_for_the_goodbye(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 60000});
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  wish(&l, MIDGE_WISH_ABORT);
  expect_last_closed();
  expect_nothing(&l);
  assert_int_equal(midge_link_attempt(l.link), 0);
  life_end(&l);
}

/* What the server had to say before our goodbye counts no more. */
static void a_break_while_leaving_is_our_end(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  open_up(&l);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "t");
  wish(&l, MIDGE_WISH_DISCONNECT);
  break_off(&l);
  expect_done(&l, 1, MIDGE_ECLOSED);
  expect_last_closed();
  expect_nothing(&l);
  life_end(&l);
}

static void nothing_is_told_after_the_end(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 4; i++) {
    begin((midge_client_options){.close_timeout_ms = 1000,
                                 .session.session_expiry_s = i / 2 * 60});
    if (i % 2 == 1) open_up(&l);
    publish(&l, 1, MIDGE_AT_LEAST_ONCE, "t");
    publish(&l, 0, MIDGE_AT_LEAST_ONCE, "nobody asks");
    wish(&l, MIDGE_WISH_CLOSE);
    publish(&l, 2, MIDGE_AT_LEAST_ONCE, "t");
    assert_false(midge_link_is_over(l.link));
    pass(&l, 5000);
    if (i / 2 == 0) expect_done(&l, 1, MIDGE_ECLOSED);
    expect_last_closed();
    if (i / 2 == 1) expect_done(&l, 1, MIDGE_ECLOSED);
    expect(&l, MIDGE_EVENT_ENDED);
    expect_nothing(&l);
    assert_true(midge_link_is_over(l.link));
    assert_int_equal(midge_link_deadline(l.link), MIDGE_NEVER);
    wish(&l, MIDGE_WISH_CONNECT);
    publish(&l, 3, MIDGE_AT_LEAST_ONCE, "t");
    expect_nothing(&l);
    life_end(&l);
  }
}

/* With a filter there are two queues, and both have to be empty. */
static void our_side_ends_when_all_has_left(void **state) {
  (void)state;
  midge_slice slices[8];
  begin((midge_client_options){.proxy = MIDGE_TEXT("http://proxy.test")});
  dial(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"));
  leave(&l);
  receive(&l, CONNACK);
  expect(&l, MIDGE_EVENT_OPENED);
  wish(&l, MIDGE_WISH_DISCONNECT);
  expect_nothing(&l);
  assert_int_not_equal(midge_link_output(l.link, slices, 8), 0);
  assert_false(midge_link_is_shut(l.link));
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  expect_nothing(&l);
  assert_true(midge_link_is_shut(l.link));
  life_end(&l);
}

static void a_server_that_said_goodbye_has_its_time_to_end(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  open_up(&l);
  receive(&l, MIDGE_TEXT("\xe0\x01\x8b"));
  expect_nothing(&l);
  pass(&l, 1999);
  expect_nothing(&l);
  pass(&l, 1);
  expect_closed(&l, (midge_status)-0x8b);
  assert_int_equal(l.event.closed.by, MIDGE_SIDE_SERVER);
  assert_int_not_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  life_end(&l);
}

static void in_a_hurry_answers_are_not_waited_for(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 60000});
  open_up(&l);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "t");
  wish(&l, MIDGE_WISH_DISCONNECT);
  leave(&l);
  assert_false(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  expect_nothing(&l);
  midge_link_hurry(l.link);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  expect_done(&l, 1, MIDGE_ECLOSED);
  expect_nothing(&l);
  assert_true(midge_link_is_shut(l.link));
  life_end(&l);
}

/* The answer to CONNECT came in, and nobody has looked at it. */
static void an_acceptance_does_not_stop_a_goodbye(void **state) {
  (void)state;
  for (int aborts = 0; aborts < 2; aborts++) {
    begin((midge_client_options){.close_timeout_ms = 2000});
    dial(&l);
    leave(&l);
    receive(&l, CONNACK);
    wish(&l, aborts != 0 ? MIDGE_WISH_ABORT : MIDGE_WISH_DISCONNECT);
    expect(&l, MIDGE_EVENT_OPENED);
    if (aborts == 0) expect_nothing(&l);
    if (aborts == 0) pass(&l, 2250);
    expect_last_closed();
    assert_int_equal(midge_link_deadline(l.link), MIDGE_NEVER);
    life_end(&l);
  }
}

/* The first that is wrong in it is not worth a connection without a goodbye:
 * then the server would publish the will. */
static void a_goodbye_that_cannot_be_said_is_said_in_short(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  open_up(&l);
  midge_wish one = {.type = MIDGE_WISH_DISCONNECT};
  one.disconnect.reason = MIDGE_REASON_CONTINUE_AUTHENTICATION;
  midge_link_wish(l.link, &one);
  leave(&l);
  assert_int_equal(l.output_size, 2);
  assert_true(has_left(&l, MIDGE_TEXT("\xe0\x00")));
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_last_closed();
  life_end(&l);
}

static void without_memory_for_a_goodbye_there_is_none(void **state) {
  (void)state;
  ledger memory;
  ledger_init(&memory);
  begin((midge_client_options){.session.allocator = &memory.allocator});
  midge_link_rely(l.link, &midge_allocator_default); /* for events */
  open_up(&l);
  memory.fails = true;
  wish(&l, MIDGE_WISH_DISCONNECT);
  assert_int_equal(midge_link_attempt(l.link), 0);
  expect_last_closed();
  expect_nothing(&l);
  life_end(&l);
}

static void only_a_goodbye_can_be_hurried(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  midge_link_hurry(l.link);
  open_up(&l);
  midge_link_hurry(l.link);
  leave(&l);
  assert_int_equal(l.output_size, 0);
  expect_nothing(&l);
  assert_false(midge_link_is_leaving(l.link));
  life_end(&l);
}

static void who_is_down_is_not_connected_anew(void **state) {
  (void)state;
  life_start(&l, (midge_client_options){.close_timeout_ms = 2000});
  wish(&l, MIDGE_WISH_RECONNECT);
  expect_nothing(&l);
  assert_int_equal(midge_link_attempt(l.link), 0);
  life_end(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_ends_when_the_server_has_ended),
      cmocka_unit_test(a_server_that_does_not_end_is_not_waited_for),
      cmocka_unit_test(output_that_does_not_leave_is_not_waited_for),
      cmocka_unit_test(before_connack_it_is_soon_over_too),
      cmocka_unit_test(each_attempt_is_closed_once),
      cmocka_unit_test(what_is_wished_meanwhile_is_for_the_next_connection),
      cmocka_unit_test(an_answer_does_not_wait_for_the_goodbye),
      cmocka_unit_test(an_abort_does_not_wait_for_the_goodbye),
      cmocka_unit_test(a_break_while_leaving_is_our_end),
      cmocka_unit_test(nothing_is_told_after_the_end),
      cmocka_unit_test(our_side_ends_when_all_has_left),
      cmocka_unit_test(a_server_that_said_goodbye_has_its_time_to_end),
      cmocka_unit_test(in_a_hurry_answers_are_not_waited_for),
      cmocka_unit_test(an_acceptance_does_not_stop_a_goodbye),
      cmocka_unit_test(a_goodbye_that_cannot_be_said_is_said_in_short),
      cmocka_unit_test(without_memory_for_a_goodbye_there_is_none),
      cmocka_unit_test(only_a_goodbye_can_be_hurried),
      cmocka_unit_test(who_is_down_is_not_connected_anew),
  };
  return cmocka_run_group_tests_name("goodbye", tests, NULL, NULL);
}
