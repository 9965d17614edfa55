/* Attempts: how long they may take, when the next one comes, and where to. */
#include <string.h>

#include "life.h"
#include "unit/base/ledger.h"

static life l;

static void begin(midge_client_options options) {
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

/* The time of the next attempt has come. */
static void wait_for_next(void) {
  assert_int_not_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  pass(&l, l.event.closed.retry_ms);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

/* The server sends us to `other`; the length of the packet fits ten bytes. */
static void move_on(const char *other) {
  char packet[64] = "\xe0\x0f\x9c\x0d\x1c\x00\x0a";
  assert_int_equal(strlen(other), 10);
  memcpy(packet + 7, other, 10);
  receive(&l, midge_slice_of(packet, 17));
}

/* --- Time --- */

static void the_time_to_connect_ends_with_connack(void **state) {
  (void)state;
  begin((midge_client_options){.connect_timeout_ms = 30000});
  pass(&l, 20000);
  dial(&l);
  leave(&l);
  pass(&l, 9999);
  receive(&l, CONNACK);
  expect(&l, MIDGE_EVENT_OPENED);
  assert_true(midge_link_deadline(l.link) > l.now + 3600000);
  pass(&l, 3600000);
  expect_nothing(&l);
  assert_int_not_equal(midge_link_attempt(l.link), 0);
  life_end(&l);
}

static void the_time_to_connect_is_for_all_of_it(void **state) {
  (void)state;
  for (int phase = 0; phase < 3; phase++) {
    const char *url = phase == 1 ? "ws://one.test" : "mqtt://one.test";
    begin((midge_client_options){.connect_timeout_ms = 5000,
                                 .url = midge_slice_text(url)});
    pass(&l, 4000);
    if (phase != 0) dial(&l);
    leave(&l);
    pass(&l, 999);
    expect_nothing(&l);
    assert_int_equal(midge_link_deadline(l.link), l.now + 1);
    pass(&l, 1);
    expect_closed(&l, MIDGE_ETIMEOUT);
    assert_non_null(strstr(l.text, "within 5000 ms"));
    assert_true(
        midge_slice_equal(l.event.closed.code, MIDGE_TEXT("ETIMEDOUT")));
    life_end(&l);
  }
}

/* Only the first bytes count: text in a packet is nobody's protocol. */
static void another_protocol_is_named(void **state) {
  (void)state;
  static const struct {
    midge_slice bytes;
    const char *scheme;
  } answers[] = {
      {{(const uint8_t *)"HTTP/1.1 400 Bad Request\r\n", 26}, " ws:"},
      {{(const uint8_t *)"\x15\x03\x03\x00\x02\x02\x46", 7}, " mqtts:"},
  };
  for (int i = 0; i < 2; i++) {
    begin((midge_client_options){0});
    dial(&l);
    leave(&l);
    receive(&l, answers[i].bytes);
    expect_closed(&l, MIDGE_EPROTOCOL);
    assert_non_null(strstr(l.text, answers[i].scheme));
    wait_for_next();
    dial(&l);
    leave(&l);
    receive(&l, CONNACK);
    expect(&l, MIDGE_EVENT_OPENED);
    receive(&l, answers[i].bytes);
    leave(&l);
    break_off(&l);
    expect_closed(&l, MIDGE_EPROTOCOL);
    assert_null(strstr(l.text, answers[i].scheme));
    life_end(&l);
  }
}

/* What has come in by then may be what was waited for. */
static void an_answer_that_came_is_not_late(void **state) {
  (void)state;
  begin((midge_client_options){.session.reply_timeout_ms = 3000});
  dial(&l);
  leave(&l);
  midge_link_clock(l.link, l.now += 3000);
  receive(&l, CONNACK);
  pass(&l, 0);
  expect(&l, MIDGE_EVENT_OPENED);
  expect_nothing(&l);
  life_end(&l);
}

/* --- The next attempt --- */

static void only_a_stable_link_begins_the_count_anew(void **state) {
  (void)state;
  begin((midge_client_options){.reconnect.stable_ms = 10000});
  for (uint32_t i = 1; i <= 5; i++) {
    assert_int_equal(l.event.connecting.retry, i);
    open_up(&l);
    pass(&l, 9999);
    break_off(&l);
    expect_closed(&l, MIDGE_ELOST);
    wait_for_next();
  }
  open_up(&l);
  pass(&l, 10000);
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  wait_for_next();
  assert_int_equal(l.event.connecting.retry, 1);
  life_end(&l);
}

static void delays_grow_over_links_that_do_not_last(void **state) {
  (void)state;
  begin((midge_client_options){.reconnect.max_ms = 60000});
  uint64_t longest = 0;
  for (int i = 0; i < 50; i++) {
    open_up(&l);
    break_off(&l);
    expect_closed(&l, MIDGE_ELOST);
    if (l.event.closed.retry_ms > longest) longest = l.event.closed.retry_ms;
    wait_for_next();
  }
  assert_true(longest > 5000);
  life_end(&l);
}

static void one_attempt_only_if_retrying_is_off(void **state) {
  (void)state;
  begin((midge_client_options){.reconnect.off = true});
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_int_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  assert_int_equal(midge_link_deadline(l.link), MIDGE_NEVER);
  /* It was told: there is nothing left to end. */
  wish(&l, MIDGE_WISH_DISCONNECT);
  wish(&l, MIDGE_WISH_ABORT);
  expect_nothing(&l);
  life_end(&l);
}

static void what_cannot_heal_is_not_tried_again(void **state) {
  (void)state;
  for (int lasting = 0; lasting < 2; lasting++) {
    begin((midge_client_options){.reconnect.lasting = lasting != 0});
    publish(&l, 1, MIDGE_AT_LEAST_ONCE, "t");
    dial(&l);
    leave(&l);
    receive(&l, MIDGE_TEXT("\x20\x03\x00\x87\x00"));
    midge_link_ended(l.link, midge_link_attempt(l.link));
    if (lasting == 0) expect_done(&l, 1, MIDGE_ECLOSED);
    expect_closed(&l, (midge_status)-0x87);
    assert_int_equal(l.event.closed.retry_ms == MIDGE_NEVER, lasting == 0);
    assert_true(l.event.closed.lasting);
    expect_nothing(&l);
    life_end(&l);
  }
}

static void another_version_is_tried_at_once(void **state) {
  (void)state;
  begin((midge_client_options){.session.negotiate = true,
                               .session.clean_start = true});
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("MQTT\x05")));
  receive(&l, MIDGE_TEXT("\x20\x02\x00\x01"));
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x84);
  assert_int_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("MQTT\x04")));
  life_end(&l);
}

static void a_new_attempt_can_be_had_now(void **state) {
  (void)state;
  begin((midge_client_options){.reconnect.min_ms = 50000});
  uint32_t first = midge_link_attempt(l.link);
  wish(&l, MIDGE_WISH_RECONNECT);
  expect_closed(&l, MIDGE_ELOST);
  assert_int_equal(l.event.attempt, first);
  assert_int_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  wish(&l, MIDGE_WISH_RECONNECT); /* without waiting */
  expect(&l, MIDGE_EVENT_CONNECTING);
  assert_int_equal(l.event.attempt, first + 2);
  life_end(&l);
}

static void facts_of_another_attempt_are_over(void **state) {
  (void)state;
  begin((midge_client_options){.reconnect.min_ms = 100});
  uint32_t old = midge_link_attempt(l.link);
  open_up(&l);
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  wait_for_next();
  const midge_fault fault = {.status = MIDGE_ELOST};
  midge_link_dialed(l.link, old);
  midge_link_failed(l.link, old, &fault);
  midge_link_broken(l.link, old, &fault);
  midge_link_ended(l.link, old);
  midge_link_written(l.link, old, 5);
  assert_int_equal(midge_link_received(l.link, old, CONNACK), 5);
  assert_null(midge_link_room(l.link, old, 100000, &(size_t){0}));
  expect_nothing(&l);
  expect_dial(&l, "one.test", 1883);
  life_end(&l);
}

/* --- Where to --- */

static const midge_slice others[] = {{(const uint8_t *)"mqtt://two.test", 15},
                                     {(const uint8_t *)"mqtt://six.test", 15}};

static void servers_take_turns_until_one_accepts(void **state) {
  (void)state;
  begin((midge_client_options){.servers = others, .server_count = 2});
  expect_dial(&l, "one.test", 1883);
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_int_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  expect_dial(&l, "two.test", 1883);
  open_up(&l);
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_int_not_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  expect_dial(&l, "two.test", 1883); /* it accepted us */
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  wait_for_next();
  expect_dial(&l, "six.test", 1883);
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_int_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  expect_dial(&l, "one.test", 1883);
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_int_not_equal(l.event.closed.retry_ms, 0); /* all were tried */
  life_end(&l);
}

static void a_redirect_is_followed_at_once_and_then_home(void **state) {
  (void)state;
  begin((midge_client_options){.reconnect.redirects_max = 1});
  open_up(&l);
  move_on("there.test");
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x9C);
  assert_int_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  expect_dial(&l, "there.test", 1883);
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  wait_for_next();
  expect_dial(&l, "one.test", 1883);
  life_end(&l);
}

/* Servers that send us round in a circle: only a link that lasts ends it. */
static void redirects_are_counted_over_short_links(void **state) {
  (void)state;
  begin((midge_client_options){
      .reconnect = {.redirects_max = 2, .lasting = true}});
  for (int i = 0; i < 2; i++) {
    open_up(&l);
    pass(&l, 500);
    move_on(i == 0 ? "there.test" : "other.test");
    midge_link_ended(l.link, midge_link_attempt(l.link));
    expect_closed(&l, (midge_status)-0x9C);
    assert_int_equal(l.event.closed.retry_ms, 0);
    wait_for_next();
    expect_dial(&l, i == 0 ? "there.test" : "other.test", 1883);
  }
  open_up(&l);
  move_on("there.test");
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x9C);
  assert_int_not_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  expect_dial(&l, "one.test", 1883);

  open_up(&l);
  pass(&l, 10000);
  move_on("there.test");
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x9C);
  assert_int_equal(l.event.closed.retry_ms, 0);
  wait_for_next();
  expect_dial(&l, "there.test", 1883);
  life_end(&l);
}

static void proceed(const char *url) {
  midge_wish one = {.type = MIDGE_WISH_PROCEED};
  one.proceed.number = l.event.attempt;
  one.proceed.attempt.url = midge_slice_text(url);
  midge_link_wish(l.link, &one);
}

/* The URL given for an attempt takes the place of where we came from, too. */
static void a_redirect_and_then_a_url_of_the_program(void **state) {
  (void)state;
  begin((midge_client_options){.ask = true, .reconnect.redirects_max = 1});
  proceed(NULL);
  open_up(&l);
  move_on("there.test");
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x9C);
  wait_for_next();
  proceed("mqtt://given.test:2000");
  expect_dial(&l, "given.test", 2000);
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  wait_for_next();
  proceed(NULL);
  expect_dial(&l, "given.test", 2000);
  life_end(&l);
}

/* --- Odd ends --- */

static void a_version_that_is_not_negotiated_cannot_heal(void **state) {
  (void)state;
  begin((midge_client_options){.session.clean_start = true});
  dial(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("\x20\x03\x00\x84\x00"));
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x84);
  assert_int_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  life_end(&l);
}

/* The number of the reason is a return code of no meaning before MQTT 5. */
static void an_unknown_return_code_is_not_tried_again_at_once(void **state) {
  (void)state;
  begin((midge_client_options){.session.version = MIDGE_MQTT_3_1_1});
  dial(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("\x20\x02\x00\x84"));
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, MIDGE_EREFUSED);
  assert_int_not_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  assert_in_range(l.event.closed.retry_ms, 100, 60000);
  life_end(&l);
}

/* Its own words need memory; the code and the words of its status do not. */
static void a_fault_is_told_without_memory_too(void **state) {
  (void)state;
  for (int is_open = 0; is_open < 2; is_open++) {
    ledger books;
    ledger_init(&books);
    begin((midge_client_options){.session.allocator = &books.allocator});
    if (is_open) open_up(&l);
    ledger_fail_next(&books);
    if (is_open)
      break_off(&l);
    else
      fail_to_dial(&l);
    expect_closed(&l, MIDGE_ELOST);
    assert_string_equal(l.text, midge_status_text(MIDGE_ELOST));
    assert_true(
        midge_slice_equal(l.event.closed.code, MIDGE_TEXT("MIDGE_ELOST")));
    assert_int_not_equal(l.event.closed.retry_ms, MIDGE_NEVER);
    life_end(&l);
    ledger_check_empty(&books);
  }
}

/* Events, and wishes that were taken: they are told and made, however little
 * memory there is for all else. */
static void what_must_be_told_has_memory_of_its_own(void **state) {
  (void)state;
  ledger books, patient;
  ledger_init(&books);
  ledger_init(&patient);
  life_start(&l, (midge_client_options){.session.allocator = &books.allocator});
  midge_link_rely(l.link, &patient.allocator);
  wish(&l, MIDGE_WISH_CONNECT);
  assert_int_equal(patient.blocks, 1); /* CONNECTING */
  ledger_fail_next(&books);
  publish(&l, 7, MIDGE_AT_LEAST_ONCE, "t");
  assert_int_equal(patient.blocks, 2); /* its ticket */
  expect(&l, MIDGE_EVENT_CONNECTING);
  expect_done(&l, 7, MIDGE_ENOMEM);
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  publish(&l, 8, MIDGE_AT_LEAST_ONCE, "t"); /* after the goodbye */
  life_end(&l);
  ledger_check_empty(&books);
  ledger_check_empty(&patient);
}

static void what_was_not_told_is_freed_with_the_link(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  begin((midge_client_options){.session.allocator = &books.allocator});
  fail_to_dial(&l); /* CLOSED, with its words */
  assert_int_equal(midge_link_deadline(l.link), l.now);
  life_end(&l);
  ledger_check_empty(&books);
}

static void no_attempt_has_the_number_zero(void **state) {
  (void)state;
  life_start(&l, (midge_client_options){.nagle = false});
  midge_link_dialed(l.link, 0);
  midge_link_ended(l.link, 0);
  expect_nothing(&l);
  assert_false(midge_link_reading(l.link));
  life_end(&l);
}

/* Nothing happened before the clock began. */
static void a_clock_may_begin_at_zero(void **state) {
  (void)state;
  midge_client_options options = {.url = MIDGE_TEXT("mqtt://one.test"),
                                  .session.client_id = MIDGE_TEXT("me"),
                                  .session.keep_alive_s = 10};
  l = (life){.now = 0};
  assert_int_equal(
      midge_link_new(&l.link, &options, &midge_allocator_default, 7, NULL, 0),
      MIDGE_OK);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  dial(&l);
  leave(&l);
  receive(&l, CONNACK);
  midge_link_clock(l.link, l.now = 7500); /* OPENED still waits, from 0 */
  expect(&l, MIDGE_EVENT_OPENED);
  pass(&l, 0);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\xc0\x00")));
  expect_nothing(&l);
  life_end(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_time_to_connect_ends_with_connack),
      cmocka_unit_test(the_time_to_connect_is_for_all_of_it),
      cmocka_unit_test(another_protocol_is_named),
      cmocka_unit_test(an_answer_that_came_is_not_late),
      cmocka_unit_test(only_a_stable_link_begins_the_count_anew),
      cmocka_unit_test(delays_grow_over_links_that_do_not_last),
      cmocka_unit_test(one_attempt_only_if_retrying_is_off),
      cmocka_unit_test(what_cannot_heal_is_not_tried_again),
      cmocka_unit_test(another_version_is_tried_at_once),
      cmocka_unit_test(a_new_attempt_can_be_had_now),
      cmocka_unit_test(facts_of_another_attempt_are_over),
      cmocka_unit_test(servers_take_turns_until_one_accepts),
      cmocka_unit_test(a_redirect_is_followed_at_once_and_then_home),
      cmocka_unit_test(redirects_are_counted_over_short_links),
      cmocka_unit_test(a_redirect_and_then_a_url_of_the_program),
      cmocka_unit_test(a_version_that_is_not_negotiated_cannot_heal),
      cmocka_unit_test(an_unknown_return_code_is_not_tried_again_at_once),
      cmocka_unit_test(a_fault_is_told_without_memory_too),
      cmocka_unit_test(what_must_be_told_has_memory_of_its_own),
      cmocka_unit_test(what_was_not_told_is_freed_with_the_link),
      cmocka_unit_test(no_attempt_has_the_number_zero),
      cmocka_unit_test(a_clock_may_begin_at_zero),
  };
  return cmocka_run_group_tests_name("attempts", tests, NULL, NULL);
}
