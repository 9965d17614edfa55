/* Attempts that wait for the program, and what it gives them. */
#include <string.h>

#include "life.h"
#include "unit/base/ledger.h"

static life l;
static ledger books;

static void begin(midge_client_options options) {
  ledger_init(&books);
  options.ask = true;
  options.session.allocator = &books.allocator;
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

static void end(void) {
  life_end(&l);
  ledger_check_empty(&books);
}

static void proceed(midge_attempt attempt) {
  midge_wish one = {.type = MIDGE_WISH_PROCEED};
  one.proceed.number = l.event.attempt;
  one.proceed.attempt = attempt;
  midge_link_wish(l.link, &one);
}

static void fail_and_wait(void) {
  fail_to_dial(&l);
  expect_closed(&l, MIDGE_ELOST);
  pass(&l, l.event.closed.retry_ms);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

static void headers_are_those_given_last(void **state) {
  (void)state;
  const midge_slice old[] = {MIDGE_TEXT("Old: 1")};
  const midge_slice fresh[] = {MIDGE_TEXT("New: 2"), MIDGE_TEXT("More: 3")};
  midge_client_options options = {.url = MIDGE_TEXT("ws://one.test")};
  options.websocket.headers = old;
  options.websocket.header_count = 1;
  begin(options);
  const midge_attempt given[] = {
      {.header_count = 0}, /* null: as before */
      {.headers = fresh, .header_count = 2},
      {.headers = fresh, .header_count = 0},
  };
  for (size_t i = 0; i < 3; i++) {
    proceed(given[i]);
    dial(&l);
    leave(&l);
    assert_int_equal(has_left(&l, MIDGE_TEXT("\r\nOld: 1\r\n")), i == 0);
    assert_int_equal(has_left(&l, MIDGE_TEXT("\r\nNew: 2\r\nMore: 3\r\n")),
                     i == 1);
    break_off(&l);
    expect_closed(&l, MIDGE_EWEBSOCKET);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  end();
}

static void headers_that_cannot_be_end_the_attempt(void **state) {
  (void)state;
  const midge_slice bad[] = {MIDGE_TEXT("bad")};
  begin((midge_client_options){.url = MIDGE_TEXT("ws://one.test")});
  proceed((midge_attempt){.headers = bad, .header_count = 1});
  dial(&l);
  expect_closed(&l, MIDGE_EINVAL);
  assert_non_null(
      strstr(l.text, "a header or the path of the WebSocket is wrong"));
  end();
}

/* With the defaults, of which nothing was made before; and without memory for
 * them it is told. */
static void one_that_leads_to_tls_has_it(void **state) {
  (void)state;
  midge_attempt secured = {.url = MIDGE_TEXT("mqtts://two.test")};
  begin((midge_client_options){.url = MIDGE_TEXT("mqtt://one.test")});
  for (int lacking = 1; lacking >= 0; lacking--) {
    proceed(secured);
    expect_dial(&l, "two.test", 8883);
    if (lacking != 0) ledger_fail_next(&books);
    dial(&l);
    leave(&l);
    assert_int_equal(l.output_size > 0, lacking == 0);
    if (lacking == 0) assert_int_equal(l.output[0], 0x16); /* a handshake */
    if (lacking == 0) break_off(&l);
    expect(&l, MIDGE_EVENT_CLOSED);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  end();
}

/* A socket of this machine is dialed, whatever proxy there is. */
static void a_unix_socket_needs_no_proxy(void **state) {
  (void)state;
  begin((midge_client_options){.proxy = MIDGE_TEXT("http://proxy.test")});
  proceed((midge_attempt){.url = MIDGE_TEXT("unix:/socket")});
  expect_dial(&l, "/socket", 0);
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("MQTT\x05")));
  end();
}

static void the_credentials_of_a_url_come_with_it(void **state) {
  (void)state;
  begin((midge_client_options){.session.user_name = MIDGE_TEXT("old")});
  proceed((midge_attempt){.url = MIDGE_TEXT("mqtt://ann:secret@two.test")});
  expect_dial(&l, "two.test", 1883);
  fail_and_wait();
  proceed((midge_attempt){.url = MIDGE_NO_SLICE});
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x00\x03"
                                      "ann\x00\x06secret")));
  end();
}

static void acknowledge(uint32_t attempt) {
  midge_wish one = {.type = MIDGE_WISH_ACKNOWLEDGE};
  one.acknowledge.packet_id = 5;
  one.acknowledge.qos = MIDGE_EXACTLY_ONCE;
  one.acknowledge.attempt = attempt;
  midge_link_wish(l.link, &one);
  leave(&l);
}

static const char message[] = "\x34\x07\x00\x01\x61\x00\x05\x00x";

/* What was in flight for one client is sent as new for the other, and what one
 * has received is not answered by the other, whose session the server has. */
static void another_client_has_another_session(void **state) {
  (void)state;
  const midge_identity two = {.client_id = MIDGE_TEXT("two"),
                              .keep_alive_off = true};
  begin((midge_client_options){.session.client_id = MIDGE_TEXT("one"),
                               .session.session_expiry_s = 600,
                               .session.acknowledge_by_hand = true,
                               .session.adopt_session = true});
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "a");
  proceed((midge_attempt){.url = MIDGE_NO_SLICE});
  open_up(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x32\x08\x00\x01")));
  receive(&l, midge_slice_of((const uint8_t *)message, 9));
  expect(&l, MIDGE_EVENT_MESSAGE);
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  pass(&l, l.event.closed.retry_ms);
  expect(&l, MIDGE_EVENT_CONNECTING);
  proceed((midge_attempt){.identity = &two});
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x00\x03two")));
  receive(&l, MIDGE_TEXT("\x20\x03\x01\x00\x00")); /* its session is there */
  expect(&l, MIDGE_EVENT_OPENED);
  assert_int_equal(l.event.opened.renewed, 1);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x32\x08\x00\x01"))); /* no DUP */
  receive(&l, midge_slice_of((const uint8_t *)message, 9));
  expect(&l, MIDGE_EVENT_MESSAGE);
  acknowledge(1);
  assert_int_equal(l.output_size, 0);
  acknowledge(2);
  assert_true(has_left(&l, MIDGE_TEXT("\x50\x02\x00\x05")));
  end();
}

/* A client that asks for answers needs TCP's no more. */
static void another_keep_alive_is_no_other_client(void **state) {
  (void)state;
  const midge_identity asking = {.keep_alive_s = 7};
  midge_place place;
  begin((midge_client_options){.nagle = false});
  for (int given = 0; given < 2; given++) {
    proceed((midge_attempt){.identity = given == 1 ? &asking : NULL});
    assert_true(midge_link_dial(l.link, &place));
    assert_int_equal(place.keeps_alive, given == 0);
    dial(&l);
    leave(&l);
    assert_true(has_left(&l, MIDGE_TEXT("\x00\x02me")));
    break_off(&l);
    expect_closed(&l, MIDGE_ELOST);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  end();
}

static void a_transport_by_hand_has_no_tls(void **state) {
  (void)state;
  const midge_tls_options tls = {.ca = MIDGE_TEXT("no certificate")};
  begin((midge_client_options){.transport_by_hand = true});
  proceed((midge_attempt){.tls = &tls});
  dial(&l);
  leave(&l);
  assert_int_equal(l.output[0], 0x10); /* CONNECT */
  end();
}

/* Only its keep-alive is another one: its session goes on. */
static void a_client_that_stays_itself_answers_what_came_before(void **state) {
  (void)state;
  const midge_identity same = {.client_id = MIDGE_TEXT("me"),
                               .keep_alive_s = 7};
  begin((midge_client_options){.session.session_expiry_s = 600,
                               .session.acknowledge_by_hand = true});
  proceed((midge_attempt){.url = MIDGE_NO_SLICE});
  open_up(&l);
  receive(&l, midge_slice_of((const uint8_t *)message, 9));
  expect(&l, MIDGE_EVENT_MESSAGE);
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  pass(&l, l.event.closed.retry_ms);
  expect(&l, MIDGE_EVENT_CONNECTING);
  proceed((midge_attempt){.identity = &same});
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("MQTT\x05\x00\x00\x07")));
  receive(&l, MIDGE_TEXT("\x20\x03\x01\x00\x00"));
  expect(&l, MIDGE_EVENT_OPENED);
  acknowledge(1);
  receive(&l, midge_slice_of((const uint8_t *)message, 9));
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x50\x02\x00\x05")));
  expect_nothing(&l);
  end();
}

static void an_identity_that_cannot_be_ends_the_attempt(void **state) {
  (void)state;
  const midge_identity wrong = {.client_id = MIDGE_TEXT("\xff")};
  begin((midge_client_options){.nagle = false});
  proceed((midge_attempt){.identity = &wrong});
  expect_closed(&l, MIDGE_EUTF8);
  assert_non_null(strstr(l.text, "what was given for this attempt"));
  end();
}

static void tls_is_what_was_given_last(void **state) {
  (void)state;
  const midge_tls_options named = {.server_name = MIDGE_TEXT("named.test")};
  const midge_tls_options wrong = {.ca = MIDGE_TEXT("no certificate")};
  begin((midge_client_options){.url = MIDGE_TEXT("mqtts://one.test")});
  for (int given = 0; given < 2; given++) {
    proceed((midge_attempt){.tls = given == 1 ? &named : NULL});
    dial(&l);
    leave(&l);
    assert_int_equal(has_left(&l, MIDGE_TEXT("one.test")), given == 0);
    assert_int_equal(has_left(&l, MIDGE_TEXT("named.test")), given == 1);
    break_off(&l);
    expect(&l, MIDGE_EVENT_CLOSED);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  proceed((midge_attempt){.tls = &wrong});
  expect_closed(&l, MIDGE_ETLS);
  end();
}

/* Wherever memory lacks, the attempt ends and the next one may do better. */
static void without_memory_the_attempt_ends_and_another_comes(void **state) {
  (void)state;
  const midge_slice headers[] = {MIDGE_TEXT("New: 2")};
  const midge_identity identity = {.client_id = MIDGE_TEXT("two")};
  const midge_tls_options tls = {.insecure = true};
  const midge_attempt given = {
      .identity = &identity,
      .tls = &tls,
      .url = MIDGE_TEXT("ws://ann:secret@two.test"),
      .user_name = MIDGE_TEXT("bob"),
      .password = MIDGE_TEXT("word"),
      .headers = headers,
      .header_count = 1,
  };
  begin((midge_client_options){.nagle = false});
  size_t failures = 0;
  for (size_t at = 1;; at++) {
    midge_place place;
    books.calls = 0;
    books.fail_at = at;
    proceed(given);
    if (books.calls < at) break;
    books.fail_at = 0;
    failures++;
    assert_false(midge_link_dial(l.link, &place));
    expect_closed(&l, MIDGE_ENOMEM);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  books.fail_at = 0;
  assert_in_range(failures, 6, 20);
  expect_dial(&l, "two.test", 80);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(headers_are_those_given_last),
      cmocka_unit_test(headers_that_cannot_be_end_the_attempt),
      cmocka_unit_test(one_that_leads_to_tls_has_it),
      cmocka_unit_test(a_unix_socket_needs_no_proxy),
      cmocka_unit_test(the_credentials_of_a_url_come_with_it),
      cmocka_unit_test(another_client_has_another_session),
      cmocka_unit_test(another_keep_alive_is_no_other_client),
      cmocka_unit_test(a_transport_by_hand_has_no_tls),
      cmocka_unit_test(a_client_that_stays_itself_answers_what_came_before),
      cmocka_unit_test(an_identity_that_cannot_be_ends_the_attempt),
      cmocka_unit_test(tls_is_what_was_given_last),
      cmocka_unit_test(without_memory_the_attempt_ends_and_another_comes),
  };
  return cmocka_run_group_tests_name("proceed", tests, NULL, NULL);
}
