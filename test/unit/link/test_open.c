/* Options that cannot be are refused when a link is made, in words and without
 * a trace; and so is a lack of memory, wherever it shows. */
#include <string.h>

#include "life.h"
#include "unit/base/ledger.h"

static ledger books;

static void expect_refused(midge_client_options options, midge_status status,
                           const char *words) {
  midge_link *link;
  char why[200] = "";
  if (options.url.data == NULL) options.url = MIDGE_TEXT("mqtt://one.test");
  ledger_init(&books);
  assert_int_equal(
      midge_link_new(&link, &options, &books.allocator, 1, why, sizeof why),
      status);
  if (strstr(why, words) == NULL) fail_msg("%s", why);
  ledger_check_empty(&books);

  /* Nobody has to want the words. */
  assert_int_equal(
      midge_link_new(&link, &options, &books.allocator, 1, NULL, 0), status);
  strcpy(why, "unchanged");
  assert_int_equal(midge_link_new(&link, &options, &books.allocator, 1, why, 0),
                   status);
  assert_string_equal(why, "unchanged");
  ledger_check_empty(&books);
}

/* --- Where to --- */

static void urls_that_cannot_be_are_refused(void **state) {
  (void)state;
  const midge_slice others[] = {MIDGE_TEXT("mqtt://two.test"),
                                MIDGE_TEXT("mqtt://")};
  expect_refused((midge_client_options){.url = MIDGE_TEXT("ftp://one.test")},
                 MIDGE_EINVAL, "unknown scheme \"ftp\"");
  expect_refused((midge_client_options){.servers = others, .server_count = 2},
                 MIDGE_EINVAL, "a URL has a host");
  expect_refused((midge_client_options){.proxy = MIDGE_TEXT("mqtt://one.test")},
                 MIDGE_EINVAL, "it is socks5 or http");
}

static void a_proxy_and_a_unix_socket_exclude_each_other(void **state) {
  (void)state;
  expect_refused((midge_client_options){.url = MIDGE_TEXT("unix:/socket"),
                                        .proxy = MIDGE_TEXT("http://proxy")},
                 MIDGE_EINVAL, "a proxy cannot connect to a Unix socket");
}

static void what_a_proxy_cannot_be_asked_is_refused(void **state) {
  (void)state;
  expect_refused(
      (midge_client_options){.proxy = MIDGE_TEXT("http://a%3ab:c@proxy")},
      MIDGE_EINVAL, "the proxy cannot be asked for this server");
}

/* Whoever carries the bytes has dialed, and says TLS himself. */
static void a_transport_by_hand_has_nothing_around_it(void **state) {
  (void)state;
  life l;
  expect_refused((midge_client_options){.proxy = MIDGE_TEXT("http://proxy"),
                                        .transport_by_hand = true},
                 MIDGE_EINVAL, "connect it yourself");
  expect_refused((midge_client_options){.local_address = MIDGE_TEXT("::1"),
                                        .transport_by_hand = true},
                 MIDGE_EINVAL, "connect it yourself");
  life_start(&l, (midge_client_options){.url = MIDGE_TEXT("wss://one.test/a"),
                                        .tls.ca = MIDGE_TEXT("no PEM"),
                                        .transport_by_hand = true});
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  expect_dial(&l, "one.test", 443);
  open_up(&l);
  life_end(&l);
}

static void a_local_address_is_an_ip_address(void **state) {
  (void)state;
  const midge_slice good[] = {MIDGE_TEXT("127.0.0.1"), MIDGE_TEXT("::1"),
                              MIDGE_TEXT("fe80::1%lo")};
  const midge_slice bad[] = {MIDGE_TEXT("localhost"),
                             MIDGE_TEXT("127.0.0.1%lo"), MIDGE_TEXT("%lo")};
  for (size_t i = 0; i < 3; i++) {
    life l;
    midge_place place;
    life_start(&l, (midge_client_options){.local_address = good[i]});
    wish(&l, MIDGE_WISH_CONNECT);
    expect(&l, MIDGE_EVENT_CONNECTING);
    assert_true(midge_link_dial(l.link, &place));
    assert_true(
        midge_slice_equal(midge_slice_text(place.local_address), good[i]));
    life_end(&l);
  }
  for (size_t i = 0; i < 3; i++)
    expect_refused((midge_client_options){.local_address = bad[i]},
                   MIDGE_EINVAL, "the local address is not an IP address");
  static const uint8_t zeros[64] = {0};
  expect_refused((midge_client_options){.local_address = {zeros, 64}},
                 MIDGE_EINVAL, "the local address is too long");
}

/* --- What is spoken --- */

static void headers_that_cannot_be_are_refused(void **state) {
  (void)state;
  const midge_slice headers[] = {MIDGE_TEXT("Good: yes"), MIDGE_TEXT("bad")};
  midge_client_options options = {.url = MIDGE_TEXT("ws://one.test")};
  options.websocket.headers = headers;
  options.websocket.header_count = 2;
  expect_refused(options, MIDGE_EINVAL,
                 "a header or the path of the WebSocket is wrong");
}

static void tls_options_that_cannot_be_are_refused(void **state) {
  (void)state;
  midge_client_options options = {.url = MIDGE_TEXT("mqtts://one.test")};
  options.tls.certificate = MIDGE_TEXT("half of it");
  expect_refused(options, MIDGE_EINVAL,
                 "a certificate and its key go together");
  options.tls.certificate = MIDGE_NO_SLICE;
  options.tls.ca = MIDGE_TEXT("nothing");
  expect_refused(options, MIDGE_ETLS, "the CA");
}

/* Any of the servers may be the next. */
static void tls_options_count_for_every_server(void **state) {
  (void)state;
  const midge_slice others[] = {MIDGE_TEXT("wss://two.test")};
  midge_client_options options = {.servers = others, .server_count = 1};
  options.tls.ca = MIDGE_TEXT("nothing");
  expect_refused(options, MIDGE_ETLS, "the CA");
}

/* A client that asks may be sent to a server with TLS, and then it is told. */
static void tls_that_may_not_be_needed_is_no_reason_to_refuse(void **state) {
  (void)state;
  life l;
  midge_client_options options = {.ask = true};
  options.tls.ca = MIDGE_TEXT("nothing");
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  midge_wish go = {.type = MIDGE_WISH_PROCEED};
  go.proceed.number = l.event.attempt;
  go.proceed.attempt.url = MIDGE_TEXT("mqtts://two.test");
  midge_link_wish(l.link, &go);
  expect_dial(&l, "two.test", 8883);
  dial(&l);
  expect_closed(&l, MIDGE_ETLS);
  assert_non_null(strstr(l.text, "TLS cannot be used with these options"));
  life_end(&l);
}

static void a_server_can_be_chosen_that_needs_tls(void **state) {
  (void)state;
  life l;
  life_start(&l, (midge_client_options){.ask = true});
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  midge_wish go = {.type = MIDGE_WISH_PROCEED};
  go.proceed.number = l.event.attempt;
  go.proceed.attempt.url = MIDGE_TEXT("mqtts://two.test");
  midge_link_wish(l.link, &go);
  dial(&l);
  leave(&l);
  assert_int_equal(l.output[0], 22); /* a handshake of TLS */
  assert_true(has_left(&l, MIDGE_TEXT("two.test")));
  life_end(&l);
}

/* --- The session --- */

static void a_durable_session_is_refused(void **state) {
  (void)state;
  expect_refused((midge_client_options){.session.durable = true}, MIDGE_ENOTSUP,
                 "a durable session needs a store");
}

static void session_options_that_cannot_be_are_refused(void **state) {
  (void)state;
  expect_refused(
      (midge_client_options){.session.client_id = MIDGE_TEXT("\xff")},
      MIDGE_EUTF8, midge_status_text(MIDGE_EUTF8));
  expect_refused((midge_client_options){.url = MIDGE_TEXT("mqtt://%ff@one")},
                 MIDGE_EUTF8, midge_status_text(MIDGE_EUTF8));
}

/* --- Memory --- */

static midge_client_options everything(void) {
  static const midge_slice headers[] = {{(const uint8_t *)"One: 1", 6}};
  static const midge_slice others[] = {{(const uint8_t *)"wss://two.test", 14}};
  midge_client_options options = {
      .url = MIDGE_TEXT("wss://one.test"),
      .servers = others,
      .server_count = 1,
      .proxy = MIDGE_TEXT("socks5://proxy.test"),
      .local_address = MIDGE_TEXT("127.0.0.1"),
      .session = {.client_id = MIDGE_TEXT("me"),
                  .user_name = MIDGE_TEXT("name"),
                  .password = MIDGE_TEXT("secret")},
  };
  options.websocket.headers = headers;
  options.websocket.header_count = 1;
  return options;
}

/* A filter that lacks memory as it begins says so when the attempt fails. */
static void it_is_refused_for_want_of_memory_and_nothing_is_left(void **state) {
  (void)state;
  size_t refused = 0;
  const midge_client_options options = everything();
  for (size_t at = 1;; at++) {
    char why[200] = "";
    midge_link *link;
    ledger_init(&books);
    books.fail_at = at;
    midge_status status =
        midge_link_new(&link, &options, &books.allocator, 1, why, sizeof why);
    bool is_last = books.calls < at;
    if (status == MIDGE_OK) {
      midge_link_free(link);
    } else {
      refused++;
      assert_int_equal(status, MIDGE_ENOMEM);
      assert_string_not_equal(why, "");
    }
    ledger_check_empty(&books);
    if (!is_last) continue;
    assert_int_equal(status, MIDGE_OK);
    break;
  }
  assert_in_range(refused, 10, 100);
}

/* --- The end --- */

static void a_link_can_be_freed_while_wishes_wait_for_a_goodbye(void **state) {
  (void)state;
  life l;
  ledger_init(&books);
  life_start(&l, (midge_client_options){.session.allocator = &books.allocator,
                                        .session.session_expiry_s = 60});
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  wish(&l, MIDGE_WISH_CONNECT);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "later");
  life_end(&l);
  ledger_check_empty(&books);
}

static void no_link_can_be_freed(void **state) {
  (void)state;
  midge_link_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_that_cannot_be_are_refused),
      cmocka_unit_test(a_proxy_and_a_unix_socket_exclude_each_other),
      cmocka_unit_test(what_a_proxy_cannot_be_asked_is_refused),
      cmocka_unit_test(a_transport_by_hand_has_nothing_around_it),
      cmocka_unit_test(a_local_address_is_an_ip_address),
      cmocka_unit_test(headers_that_cannot_be_are_refused),
      cmocka_unit_test(tls_options_that_cannot_be_are_refused),
      cmocka_unit_test(tls_options_count_for_every_server),
      cmocka_unit_test(tls_that_may_not_be_needed_is_no_reason_to_refuse),
      cmocka_unit_test(a_server_can_be_chosen_that_needs_tls),
      cmocka_unit_test(a_durable_session_is_refused),
      cmocka_unit_test(session_options_that_cannot_be_are_refused),
      cmocka_unit_test(it_is_refused_for_want_of_memory_and_nothing_is_left),
      cmocka_unit_test(a_link_can_be_freed_while_wishes_wait_for_a_goodbye),
      cmocka_unit_test(no_link_can_be_freed),
  };
  return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
