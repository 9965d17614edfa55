#include <string.h>

#include "base/slice.h"
#include "link/redirect.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static midge_url parsed(const char *text) {
  midge_url url;
  assert_int_equal(
      midge_url_parse(&url, &midge_allocator_default, midge_slice_text(text),
                      MIDGE_URL_SERVER, NULL, 0),
      MIDGE_OK);
  return url;
}

/* CLOSED by the server with this reason and Server Reference. */
static midge_event sent_to(midge_reason reason, const char *where) {
  static uint8_t wire[2000];
  midge_property reference = {.id = MIDGE_SERVER_REFERENCE,
                              .value = midge_slice_text(where)};
  uint8_t *end =
      midge_properties_encode((midge_properties){&reference, 1}, wire);
  midge_event event = {.type = MIDGE_EVENT_CLOSED};
  event.properties = midge_slice_of(wire, (size_t)(end - wire));
  event.closed.by = MIDGE_SIDE_SERVER;
  event.closed.reason = (uint8_t)reason;
  return event;
}

static void nothing_is_followed_unless_asked_for(void **state) {
  (void)state;
  midge_url url = parsed("mqtt://home:1883");
  midge_redirect redirect = {.most = 0};
  midge_event event = sent_to(MIDGE_REASON_USE_ANOTHER_SERVER, "away:2000");
  assert_false(midge_redirect_follow(&redirect, &url, &event));
  assert_string_equal(url.host, "home");
  midge_url_free(&url);
}

static void another_server_is_for_this_time(void **state) {
  (void)state;
  midge_url url = parsed("wss://home/mqtt?x=1");
  midge_redirect redirect = {.most = 2};
  midge_event event =
      sent_to(MIDGE_REASON_USE_ANOTHER_SERVER, "away:2000 other:3000");
  assert_true(midge_redirect_follow(&redirect, &url, &event));
  assert_string_equal(url.host, "away");
  assert_int_equal(url.port, 2000);
  assert_int_equal(url.scheme, MIDGE_SCHEME_WSS);
  assert_int_equal(url.path.size, strlen("/mqtt?x=1"));

  midge_redirect_return(&redirect, &url);
  assert_string_equal(url.host, "home");
  midge_url_free(&url);
}

static void a_server_that_moved_is_the_new_home(void **state) {
  (void)state;
  midge_url url = parsed("mqtt://home");
  midge_redirect redirect = {.most = 2};
  midge_event event = sent_to(MIDGE_REASON_SERVER_MOVED, "[::1]:2000");
  assert_true(midge_redirect_follow(&redirect, &url, &event));
  midge_redirect_return(&redirect, &url);
  assert_string_equal(url.host, "::1");
  midge_redirect_free(&redirect);
  midge_url_free(&url);
}

static void a_circle_ends(void **state) {
  (void)state;
  midge_url url = parsed("mqtt://a");
  midge_redirect redirect = {.most = 3};
  midge_event to_b = sent_to(MIDGE_REASON_USE_ANOTHER_SERVER, "b");
  int followed = 0;
  while (midge_redirect_follow(&redirect, &url, &to_b)) followed++;
  assert_int_equal(followed, 3);
  midge_redirect_settled(&redirect);
  assert_true(midge_redirect_follow(&redirect, &url, &to_b));
  midge_redirect_free(&redirect);
  midge_url_free(&url);
}

static void a_reference_is_a_host_and_a_port_and_no_more(void **state) {
  (void)state;
  static const char *const bad[] = {
      "", "user:secret@away", "away/path", "away?q=1", "a:b:c", "away:0"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    midge_url url = parsed("mqtt://home");
    midge_redirect redirect = {.most = 1};
    midge_event event = sent_to(MIDGE_REASON_SERVER_MOVED, bad[i]);
    assert_false(midge_redirect_follow(&redirect, &url, &event));
    assert_string_equal(url.host, "home");
    midge_url_free(&url);
  }
}

static void only_the_two_reasons_of_a_server_send_us_elsewhere(void **state) {
  (void)state;
  midge_url url = parsed("mqtt://home");
  midge_redirect redirect = {.most = 1};
  midge_event event = sent_to(MIDGE_REASON_SERVER_BUSY, "away");
  assert_false(midge_redirect_follow(&redirect, &url, &event));
  event = sent_to(MIDGE_REASON_SERVER_MOVED, "away");
  event.closed.by = MIDGE_SIDE_SELF;
  assert_false(midge_redirect_follow(&redirect, &url, &event));
  midge_url_free(&url);
}

static void a_reference_too_long_for_a_url_is_not_followed(void **state) {
  (void)state;
  char where[1100];
  memset(where, 'a', sizeof where - 1);
  where[sizeof where - 1] = '\0';
  midge_url url = parsed("mqtt://home");
  midge_redirect redirect = {.most = 1};
  midge_event event = sent_to(MIDGE_REASON_SERVER_MOVED, where);
  assert_false(midge_redirect_follow(&redirect, &url, &event));
  assert_string_equal(url.host, "home");
  midge_url_free(&url);
}

static void who_does_not_say_where_to_is_not_followed(void **state) {
  (void)state;
  midge_url url = parsed("mqtt://home");
  midge_redirect redirect = {.most = 1};
  midge_event event = sent_to(MIDGE_REASON_SERVER_MOVED, "away");
  event.properties = MIDGE_NO_SLICE;
  assert_false(midge_redirect_follow(&redirect, &url, &event));
  assert_string_equal(url.host, "home");
  midge_url_free(&url);
}

/* A socket of this machine has no other host to go to. */
static void a_unix_socket_is_not_left(void **state) {
  (void)state;
  midge_url url = parsed("unix:/socket");
  midge_redirect redirect = {.most = 1};
  midge_event event = sent_to(MIDGE_REASON_SERVER_MOVED, "away");
  assert_false(midge_redirect_follow(&redirect, &url, &event));
  assert_string_equal(url.host, "/socket");
  midge_url_free(&url);
}

/* It is asked for again, and told again: it is not the end of all attempts. */
static void without_memory_for_it_the_same_server_is_asked_again(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_url url;
  assert_int_equal(
      midge_url_parse(&url, &books.allocator, MIDGE_TEXT("mqtt://home"),
                      MIDGE_URL_SERVER, NULL, 0),
      MIDGE_OK);
  midge_redirect redirect = {.most = 1};
  midge_event event = sent_to(MIDGE_REASON_USE_ANOTHER_SERVER, "away:2000");
  /* For the place, and for the way back. */
  for (size_t refused = 1; refused <= 2; refused++) {
    books.fail_at = books.calls + refused;
    assert_true(midge_redirect_follow(&redirect, &url, &event));
    assert_string_equal(url.host, "home");
    assert_int_equal(redirect.count, 0);
  }
  assert_true(midge_redirect_follow(&redirect, &url, &event));
  assert_string_equal(url.host, "away");
  midge_redirect_return(&redirect, &url);
  assert_string_equal(url.host, "home");
  midge_redirect_free(&redirect);
  midge_url_free(&url);
  ledger_check_empty(&books);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_followed_unless_asked_for),
      cmocka_unit_test(another_server_is_for_this_time),
      cmocka_unit_test(a_server_that_moved_is_the_new_home),
      cmocka_unit_test(a_circle_ends),
      cmocka_unit_test(a_reference_is_a_host_and_a_port_and_no_more),
      cmocka_unit_test(only_the_two_reasons_of_a_server_send_us_elsewhere),
      cmocka_unit_test(a_reference_too_long_for_a_url_is_not_followed),
      cmocka_unit_test(who_does_not_say_where_to_is_not_followed),
      cmocka_unit_test(a_unix_socket_is_not_left),
      cmocka_unit_test(without_memory_for_it_the_same_server_is_asked_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
