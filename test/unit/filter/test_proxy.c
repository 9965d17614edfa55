/* SOCKS5 and HTTP CONNECT. */
#include "filter/proxy.h"
#include "link.h"
#include "test.h"

#define RAW(literal) \
  { (const uint8_t *)("" literal), sizeof(literal) - 1 }

static midge_filter *socks5(midge_proxy_options options) {
  midge_filter *filter;
  if (options.host.data == NULL) options.host = MIDGE_TEXT("broker.test");
  if (options.port == 0) options.port = 1883;
  assert_int_equal(midge_socks5_new(&filter, &options), MIDGE_OK);
  return filter;
}

static midge_filter *http(midge_proxy_options options) {
  midge_filter *filter;
  if (options.host.data == NULL) options.host = MIDGE_TEXT("broker.test");
  if (options.port == 0) options.port = 1883;
  assert_int_equal(midge_http_connect_new(&filter, &options), MIDGE_OK);
  return filter;
}

static void expect_output(midge_filter *filter, midge_slice expected) {
  bytes output = {NULL, 0, 0};
  collect(filter, 1, &output);
  assert_int_equal(output.size, expected.size);
  assert_true(midge_slice_equal(bytes_slice(&output), expected));
  bytes_free(&output);
}

static void expect_failed(midge_filter *filter, const char *part) {
  midge_filter_error error = midge_filter_error_of(filter);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
  assert_int_equal(error.status, MIDGE_EPROXY);
  assert_string_equal(error.code, "MIDGE_EPROXY");
  if (strstr(error.text, part) == NULL) assert_string_equal(error.text, part);
}

/* Once open, bytes pass as they are, bounded both ways, until an end. */
static void expect_transparent(midge_filter *filter) {
  bytes input = {NULL, 0, 0}, output = {NULL, 0, 0}, block = {NULL, 0, 0};
  midge_slice waiting;
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
  feed(filter, MIDGE_TEXT("from below"), 3, &input);
  assert_true(midge_slice_equal(bytes_slice(&input), MIDGE_TEXT("from below")));
  const midge_slice slices[] = {MIDGE_TEXT("from "), MIDGE_NO_SLICE,
                                MIDGE_TEXT("above")};
  assert_int_equal(midge_filter_write(filter, slices, 3), 10);
  expect_output(filter, MIDGE_TEXT("from above"));

  for (int i = 0; i < 1000; i++) {
    bytes_add(&block, MIDGE_TEXT("0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789"));
  }
  size_t taken = midge_filter_received(filter, bytes_slice(&block));
  assert_int_equal(taken, 64 * 1024);
  assert_int_equal(midge_filter_received(filter, bytes_slice(&block)), 0);
  assert_true(midge_filter_input(filter, &waiting));
  assert_int_equal(waiting.size, 64 * 1024);
  midge_filter_taken(filter, 1);
  assert_int_equal(midge_filter_received(filter, bytes_slice(&block)), 1);
  midge_slice rest = bytes_slice(&block);
  assert_int_equal(midge_filter_write(filter, &rest, 1), 128 * 1024);
  assert_int_equal(midge_filter_write(filter, &rest, 1), 0);
  collect(filter, SIZE_MAX, &output);
  assert_int_equal(output.size, 128 * 1024);

  midge_filter_ended(filter);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_CLOSED);
  assert_true(midge_filter_input(filter, &waiting));
  bytes_free(&block);
  bytes_free(&input);
  bytes_free(&output);
}

static void test_socks5_without_login(void **state) {
  (void)state;
  static const midge_slice REPLIES[] = {
      RAW("\x05\x00\x00\x01\x7f\0\0\x01\x12\x34"),
      RAW("\x05\x00\x00\x04"
          "0123456789abcdef"
          "\x12\x34"),
      RAW("\x05\x00\x00\x03\x05"
          "proxy"
          "\x12\x34"),
      RAW("\x05\x00\x00\x03\x00\x12\x34"),
  };
  for (size_t i = 0; i < 4; i++) {
    for (size_t cut = 1; cut < 24; cut++) {
      bytes input = {NULL, 0, 0};
      midge_filter *filter = socks5((midge_proxy_options){.user_name = {0}});
      expect_output(filter, MIDGE_TEXT("\x05\x01\x00"));
      feed(filter, MIDGE_TEXT("\x05\x00"), cut, &input);
      expect_output(filter, MIDGE_TEXT("\x05\x01\x00\x03\x0b"
                                       "broker.test\x07\x5b"));
      midge_slice early = MIDGE_TEXT("CONNECT");
      assert_int_equal(midge_filter_write(filter, &early, 1), 0);
      bytes reply = {NULL, 0, 0};
      bytes_add(&reply, REPLIES[i]);
      bytes_add(&reply, MIDGE_TEXT("hi"));
      feed(filter, bytes_slice(&reply), cut, &input);
      assert_true(midge_slice_equal(bytes_slice(&input), MIDGE_TEXT("hi")));
      if (cut == 1) expect_transparent(filter);
      midge_filter_free(filter);
      bytes_free(&reply);
      bytes_free(&input);
    }
  }
}

static void test_socks5_with_login(void **state) {
  (void)state;
  bytes input = {NULL, 0, 0};
  const midge_proxy_options options = {.user_name = MIDGE_TEXT("me"),
                                       .password = MIDGE_TEXT("secret"),
                                       .host = MIDGE_TEXT("10.0.0.1")};
  midge_filter *filter = socks5(options);
  expect_output(filter, MIDGE_TEXT("\x05\x02\x00\x02"));
  feed(filter, MIDGE_TEXT("\x05\x02"), 1, &input);
  expect_output(filter, MIDGE_TEXT("\x01\x02me\x06secret"));
  feed(filter, MIDGE_TEXT("\x01\x00"), 1, &input);
  expect_output(filter, MIDGE_TEXT("\x05\x01\x00\x01\x0a\0\0\x01\x07\x5b"));
  feed(filter, MIDGE_TEXT("\x05\x00\x00\x01\0\0\0\0\0\0"), 1, &input);
  expect_transparent(filter);
  midge_filter_free(filter);

  filter = socks5(options);
  expect_output(filter, MIDGE_TEXT("\x05\x02\x00\x02"));
  feed(filter, MIDGE_TEXT("\x05\x02"), 1, &input);
  feed(filter, MIDGE_TEXT("\x01\x01"), 1, &input);
  expect_failed(filter, "refused the user name and password");
  midge_filter_free(filter);
  bytes_free(&input);
}

static void test_socks5_asks_for_ipv6(void **state) {
  (void)state;
  bytes input = {NULL, 0, 0};
  midge_filter *filter =
      socks5((midge_proxy_options){.host = MIDGE_TEXT("::1")});
  expect_output(filter, MIDGE_TEXT("\x05\x01\x00"));
  feed(filter, MIDGE_TEXT("\x05\x00"), 1, &input);
  expect_output(filter,
                MIDGE_TEXT("\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
                           "\x07\x5b"));
  midge_filter_free(filter);
  bytes_free(&input);
}

static void test_socks5_refusals(void **state) {
  (void)state;
  static const struct {
    midge_slice answer;
    const char *text;
  } CASES[] = {
      {RAW("\x04\x00"), "does not speak SOCKS5"},
      {RAW("HTTP"), "does not speak SOCKS5"},
      {RAW("\x05\xff"), "wants a user name and password"},
      {RAW("\x05\x02"), "was not offered"},
      {RAW("\x05\x01"), "was not offered"},
      {RAW("\x05\x00\x04"), "is not SOCKS5"},
      {RAW("\x05\x00\x05\x01"), "general failure"},
      {RAW("\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0"), "not allowed"},
      {RAW("\x05\x00\x05\x03\x00"), "network is unreachable"},
      {RAW("\x05\x00\x05\x04\x00"), "host is unreachable"},
      {RAW("\x05\x00\x05\x05\x00"), "server refused"},
      {RAW("\x05\x00\x05\x06\x00"), "time to live"},
      {RAW("\x05\x00\x05\x07\x00"), "CONNECT"},
      {RAW("\x05\x00\x05\x08\x00"), "kind of address"},
      {RAW("\x05\x00\x05\x09\x00"), "reply 9"},
      {RAW("\x05\x00\x05\xff\x00"), "reply 255"},
      {RAW("\x05\x00\x05\x00\x01"), "malformed"},
      {RAW("\x05\x00\x05\x00\x00\x02"), "unknown kind of address"},
  };
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    for (size_t cut = 1; cut < 6; cut++) {
      bytes input = {NULL, 0, 0};
      midge_filter *filter = socks5((midge_proxy_options){.port = 1});
      feed(filter, CASES[i].answer, cut, &input);
      expect_failed(filter, CASES[i].text);
      assert_int_equal(input.size, 0);
      midge_filter_free(filter);
      bytes_free(&input);
    }
  }
}

static void test_socks5_ends_early(void **state) {
  (void)state;
  midge_filter *filter = socks5((midge_proxy_options){.port = 1});
  midge_filter_ended(filter);
  expect_failed(filter, "closed the connection without an answer");
  midge_filter_free(filter);
}

static void test_options_that_cannot_be(void **state) {
  (void)state;
  midge_filter *filter;
  uint8_t *longest = calloc(1, 2000);
  memset(longest, 'a', 2000);
  const midge_proxy_options wrong[] = {
      {.host = MIDGE_TEXT("")},
      {.host = midge_slice_of(longest, 256)},
      {.host = MIDGE_TEXT("a\0b")},
      {.host = MIDGE_TEXT("a"), .user_name = midge_slice_of(longest, 1025)},
      {.host = MIDGE_TEXT("a"),
       .user_name = MIDGE_TEXT("b"),
       .password = midge_slice_of(longest, 1025)},
  };
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    assert_int_equal(midge_socks5_new(&filter, &wrong[i]), MIDGE_EINVAL);
    assert_int_equal(midge_http_connect_new(&filter, &wrong[i]), MIDGE_EINVAL);
  }
  const midge_proxy_options only_http[] = {
      {.host = MIDGE_TEXT("a\r\nb")},
      {.host = MIDGE_TEXT("a b")},
      {.host = MIDGE_TEXT("a"), .user_name = MIDGE_TEXT("b:c")},
  };
  for (size_t i = 0; i < sizeof(only_http) / sizeof(only_http[0]); i++) {
    assert_int_equal(midge_http_connect_new(&filter, &only_http[i]),
                     MIDGE_EINVAL);
  }
  const midge_proxy_options only_socks[] = {
      {.host = MIDGE_TEXT("a"), .user_name = MIDGE_TEXT("")},
      {.host = MIDGE_TEXT("a"), .user_name = midge_slice_of(longest, 256)},
  };
  for (size_t i = 0; i < sizeof(only_socks) / sizeof(only_socks[0]); i++) {
    assert_int_equal(midge_socks5_new(&filter, &only_socks[i]), MIDGE_EINVAL);
  }
  free(longest);
}

static void test_connect_request(void **state) {
  (void)state;
  midge_filter *filter = http((midge_proxy_options){.port = 8883});
  expect_output(filter, MIDGE_TEXT("CONNECT broker.test:8883 HTTP/1.1\r\n"
                                   "Host: broker.test:8883\r\n\r\n"));
  midge_filter_free(filter);

  filter = http((midge_proxy_options){.host = MIDGE_TEXT("::1"),
                                      .user_name = MIDGE_TEXT("Aladdin"),
                                      .password = MIDGE_TEXT("open sesame")});
  expect_output(filter, MIDGE_TEXT("CONNECT [::1]:1883 HTTP/1.1\r\n"
                                   "Host: [::1]:1883\r\n"
                                   "Proxy-Authorization: Basic "
                                   "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
  midge_filter_free(filter);

  filter = http((midge_proxy_options){.user_name = MIDGE_TEXT("me")});
  expect_output(filter, MIDGE_TEXT("CONNECT broker.test:1883 HTTP/1.1\r\n"
                                   "Host: broker.test:1883\r\n"
                                   "Proxy-Authorization: Basic "
                                   "bWU6\r\n\r\n"));
  midge_filter_free(filter);
}

static void test_connect_accepted(void **state) {
  (void)state;
  static const char *const ANSWERS[] = {
      "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhi",
      "HTTP/1.0 200 OK\r\n\r\nhi",
      "HTTP/1.1 204\r\n\r\nhi",
  };
  for (size_t i = 0; i < 3; i++) {
    for (size_t cut = 1; cut < 70; cut++) {
      bytes input = {NULL, 0, 0};
      midge_filter *filter = http((midge_proxy_options){.port = 1});
      bytes output = {NULL, 0, 0};
      collect(filter, SIZE_MAX, &output);
      feed(filter, midge_slice_text(ANSWERS[i]), cut, &input);
      assert_true(midge_slice_equal(bytes_slice(&input), MIDGE_TEXT("hi")));
      if (cut == 1) expect_transparent(filter);
      midge_filter_free(filter);
      bytes_free(&input);
      bytes_free(&output);
    }
  }
}

static void test_connect_refused(void **state) {
  (void)state;
  static const struct {
    const char *answer, *text;
    unsigned status;
  } CASES[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
       "407 Proxy Authentication Required: it wants a user name and password",
       407},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "answered 502 Bad Gateway", 502},
      {"HTTP/1.1 100 Continue\r\n\r\n", "answered 100", 100},
      {"HTTP/1.1 301 Moved\r\nLocation: x\r\n\r\n", "answered 301", 301},
      {"\x05\x00", "does not speak HTTP", 0},
      {"HTTP/1.1 ok\r\n\r\n", "malformed", 0},
  };
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    bytes input = {NULL, 0, 0};
    midge_filter *filter = http((midge_proxy_options){.port = 1});
    feed(filter, midge_slice_text(CASES[i].answer), 1, &input);
    expect_failed(filter, CASES[i].text);
    assert_int_equal(midge_filter_error_of(filter).http_status,
                     CASES[i].status);
    midge_filter_free(filter);
    bytes_free(&input);
  }
}

static void test_connect_answer_too_large(void **state) {
  (void)state;
  bytes input = {NULL, 0, 0};
  midge_filter *filter = http((midge_proxy_options){.port = 1});
  feed(filter, MIDGE_TEXT("HTTP/1.1 200 OK\r\n"), SIZE_MAX, &input);
  for (int i = 0; i < 2000; i++) {
    feed(filter, MIDGE_TEXT("A: 0123456789\r\n"), SIZE_MAX, &input);
  }
  expect_failed(filter, "too large");
  midge_filter_free(filter);
  bytes_free(&input);
}

static void test_nothing_is_written_after_close(void **state) {
  (void)state;
  bytes input = {NULL, 0, 0}, output = {NULL, 0, 0};
  midge_filter *filter = http((midge_proxy_options){.port = 1});
  collect(filter, SIZE_MAX, &output);
  feed(filter, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"), SIZE_MAX, &input);
  midge_slice last = MIDGE_TEXT("last");
  assert_int_equal(midge_filter_write(filter, &last, 1), 4);
  midge_filter_close(filter);
  assert_int_equal(midge_filter_write(filter, &last, 1), 0);
  expect_output(filter, last);
  midge_filter_free(filter);
  bytes_free(&input);
  bytes_free(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_socks5_without_login),
      cmocka_unit_test(test_socks5_with_login),
      cmocka_unit_test(test_socks5_asks_for_ipv6),
      cmocka_unit_test(test_socks5_refusals),
      cmocka_unit_test(test_socks5_ends_early),
      cmocka_unit_test(test_options_that_cannot_be),
      cmocka_unit_test(test_connect_request),
      cmocka_unit_test(test_connect_accepted),
      cmocka_unit_test(test_connect_refused),
      cmocka_unit_test(test_connect_answer_too_large),
      cmocka_unit_test(test_nothing_is_written_after_close),
  };
  return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
