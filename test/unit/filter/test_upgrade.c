/* The way from HTTP to WebSocket. */
#include <stdio.h>

#include "socket.h"
#include "test.h"

static const midge_websocket_options USUAL = {
    .host = {(const uint8_t *)"broker.test:8080", 16}};

/* Fixed bytes instead of random ones. */
static void count_up(void *context, uint8_t *to, size_t size) {
  (void)context;
  for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(i + 1);
}

/* MQTT5-6.0.0-3, MQTT311-6.0.0-3: it offers "mqtt". */
static void test_the_request(void **state) {
  (void)state;
  const midge_slice headers[] = {MIDGE_TEXT("Authorization: Bearer x"),
                                 MIDGE_TEXT("Origin: https://a.test")};
  midge_websocket_options options = USUAL;
  options.path = MIDGE_TEXT("/mqtt?a=b");
  options.headers = headers;
  options.header_count = 2;
  options.random = count_up;
  midge_filter *filter;
  bytes request = {NULL, 0, 0};
  assert_int_equal(midge_websocket_new(&filter, &options), MIDGE_OK);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPENING);
  collect(filter, 1, &request);
  bytes_add(&request, midge_slice_of("", 1));
  assert_string_equal((char *)request.data,
                      "GET /mqtt?a=b HTTP/1.1\r\n"
                      "Authorization: Bearer x\r\n"
                      "Origin: https://a.test\r\n"
                      "Host: broker.test:8080\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n"
                      "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
  midge_slice early = MIDGE_TEXT("CONNECT");
  assert_int_equal(midge_filter_write(filter, &early, 1), 0);
  bytes_free(&request);
  midge_filter_free(filter);
}

static void test_a_host_header_stands_in_for_ours(void **state) {
  (void)state;
  const midge_slice header = MIDGE_TEXT("host: front.test");
  midge_websocket_options options = USUAL;
  options.headers = &header;
  options.header_count = 1;
  options.subprotocol = MIDGE_TEXT("mqttv3.1");
  midge_filter *filter;
  bytes request = {NULL, 0, 0};
  assert_int_equal(midge_websocket_new(&filter, &options), MIDGE_OK);
  collect(filter, SIZE_MAX, &request);
  bytes_add(&request, midge_slice_of("", 1));
  const char *text = (char *)request.data;
  assert_non_null(strstr(text, "GET / HTTP/1.1\r\nhost: front.test\r\nUp"));
  assert_null(strstr(text, "broker.test"));
  assert_non_null(strstr(text, "Protocol: mqttv3.1\r\n"));
  bytes_free(&request);
  midge_filter_free(filter);
}

static void refuse_options(midge_websocket_options options) {
  midge_filter *filter;
  assert_int_equal(midge_websocket_new(&filter, &options), MIDGE_EINVAL);
}

static void refuse_header(midge_slice header) {
  midge_websocket_options options = USUAL;
  options.headers = &header;
  options.header_count = 1;
  refuse_options(options);
}

static void test_requests_that_cannot_be(void **state) {
  (void)state;
  midge_websocket_options options = USUAL;
  options.path = MIDGE_TEXT("mqtt");
  refuse_options(options);
  options.path = MIDGE_TEXT("/a b");
  refuse_options(options);
  options.path = MIDGE_TEXT("/a\r\nX: y");
  refuse_options(options);
  options = USUAL;
  options.host = MIDGE_NO_SLICE;
  refuse_options(options);
  options.host = MIDGE_TEXT("a\r\nb");
  refuse_options(options);
  options = USUAL;
  options.subprotocol = MIDGE_TEXT("a b");
  refuse_options(options);

  refuse_header(MIDGE_TEXT("no colon"));
  refuse_header(MIDGE_TEXT(": no name"));
  refuse_header(MIDGE_TEXT("Bad name: x"));
  refuse_header(MIDGE_TEXT("A: b\r\nC: d"));
  refuse_header(MIDGE_TEXT("A: b\nC: d"));
  refuse_header(MIDGE_TEXT("A: \0"));
  refuse_header(MIDGE_TEXT("Upgrade: h2c"));
  refuse_header(MIDGE_TEXT("connection: close"));
  refuse_header(MIDGE_TEXT("sec-websocket-key: mine"));
  refuse_header(MIDGE_TEXT("Sec-WebSocket-Extensions: permessage-deflate"));
}

/* `answer` with %s for the right Sec-WebSocket-Accept, in pieces of `cut`. */
static midge_filter *answered(const char *answer, size_t cut, bytes *input) {
  midge_filter *filter;
  char text[2048];
  bytes request = {NULL, 0, 0};
  assert_int_equal(midge_websocket_new(&filter, &USUAL), MIDGE_OK);
  collect(filter, SIZE_MAX, &request);
  snprintf(text, sizeof(text), answer, accept_of(bytes_slice(&request)));
  feed(filter, midge_slice_text(text), cut, input);
  bytes_free(&request);
  return filter;
}

#define HEAD "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: %s\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: mqtt\r\n"
#define END "\r\n"

static void test_answers_that_are_accepted(void **state) {
  (void)state;
  static const char *const ANSWERS[] = {
      HEAD UPGRADE CONNECTION ACCEPT PROTOCOL END,
      "HTTP/1.1 101\r\n" UPGRADE CONNECTION ACCEPT PROTOCOL END,
      HEAD "upgrade:WebSocket  \r\nCONNECTION: keep-alive, Upgrade\r\n" ACCEPT
          PROTOCOL "Server: x\r\nContent-Length: 0\r\n" END,
  };
  for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
    for (size_t cut = 1; cut < 200; cut++) {
      bytes input = {NULL, 0, 0};
      midge_filter *filter = answered(ANSWERS[i], cut, &input);
      assert_string_equal(midge_filter_error_of(filter).text, "");
      assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
      midge_filter_free(filter);
      bytes_free(&input);
    }
  }
}

/* Frames may follow in the same bytes. */
static void test_frames_behind_the_answer(void **state) {
  (void)state;
  for (size_t cut = 1; cut < 250; cut++) {
    bytes input = {NULL, 0, 0};
    midge_filter *filter = answered(
        HEAD UPGRADE CONNECTION ACCEPT PROTOCOL END "\x82\x02hi", cut, &input);
    assert_true(midge_slice_equal(bytes_slice(&input), MIDGE_TEXT("hi")));
    midge_filter_free(filter);
    bytes_free(&input);
  }
}

static const struct {
  const char *answer, *text;
  unsigned status;
} REFUSED[] = {
    {HEAD CONNECTION ACCEPT PROTOCOL END, "did not upgrade", 0},
    {HEAD "Upgrade: h2c\r\n" CONNECTION ACCEPT PROTOCOL END, "did not upgrade",
     0},
    {HEAD UPGRADE ACCEPT PROTOCOL END, "lacks \"Connection: Upgrade\"", 0},
    {HEAD UPGRADE "Connection: close\r\n" ACCEPT PROTOCOL END,
     "lacks \"Connection: Upgrade\"", 0},
    {HEAD UPGRADE CONNECTION PROTOCOL END, "Accept is missing or wrong", 0},
    {HEAD UPGRADE CONNECTION PROTOCOL
     "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n" END,
     "Accept is missing or wrong", 0},
    {HEAD UPGRADE CONNECTION PROTOCOL ACCEPT
     "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n" END,
     "Accept is missing or wrong", 0},
    {HEAD UPGRADE CONNECTION ACCEPT END, "subprotocol", 0},
    {HEAD UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Protocol: chat\r\n" END,
     "subprotocol", 0},
    {HEAD UPGRADE CONNECTION ACCEPT
     "Sec-WebSocket-Protocol: mqtt, chat\r\n" END,
     "subprotocol", 0},
    {HEAD UPGRADE CONNECTION ACCEPT PROTOCOL
     "Sec-WebSocket-Extensions: permessage-deflate\r\n" END,
     "extension that was not offered", 0},
    {HEAD UPGRADE CONNECTION ACCEPT PROTOCOL
     "Transfer-Encoding: chunked\r\n" END "5\r\nhello\r\n",
     "has a body", 0},
    {"HTTP/1.0 101 Switching Protocols\r\n" UPGRADE CONNECTION ACCEPT PROTOCOL
         END,
     "HTTP/1.0", 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "answered 200 OK", 200},
    {"HTTP/1.1 401 Unauthorized\r\n\r\n", "answered 401 Unauthorized", 401},
    {"HTTP/1.1 403\r\n\r\n", "answered 403 ", 403},
    {"HTTP/1.1 302 Found\r\nLocation: https://else.test/\r\n\r\n",
     "it points to https://else.test/, which is not followed", 302},
    {"HTTP/1.1 307 x\r\n\r\n", "answered 307", 307},
    {"HTTP/2 101 x\r\n\r\n", "does not speak HTTP", 0},
    {"\x20\x02\x00\x00 mqtt", "does not speak HTTP", 0},
    {"\x15\x03\x01\x01 tls", "does not speak HTTP", 0},
    {"HTTP/1.1 1x1 y\r\n\r\n", "malformed", 0},
    {"HTTP/1.1  101 y\r\n\r\n", "malformed", 0},
    {"HTTP/1.1 1010 y\r\n\r\n", "malformed", 0},
    {"HTTP/1.1\r\n\r\n", "malformed", 0},
    {HEAD "no colon\r\n" END, "malformed", 0},
    {HEAD ": no name\r\n" END, "malformed", 0},
    {HEAD "Name : space\r\n" END, "malformed", 0},
    {HEAD "A: b\r\n folded\r\n" END, "malformed", 0},
    {HEAD "A: b\nC: d\r\n" END, "malformed", 0},
    {HEAD "A: \x01\r\n" END, "malformed", 0},
};

/* MQTT5-6.0.0-4, MQTT311-6.0.0-4: also one that chose another subprotocol. */
static void test_63_answers_that_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
    for (size_t cut = 1; cut < 300; cut += cut < 4 ? 1 : 37) {
      bytes input = {NULL, 0, 0};
      midge_filter *filter = answered(REFUSED[i].answer, cut, &input);
      midge_filter_error error = midge_filter_error_of(filter);
      assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
      assert_int_equal(error.status, MIDGE_EWEBSOCKET);
      assert_string_equal(error.code, "MIDGE_EWEBSOCKET");
      assert_int_equal(error.http_status, REFUSED[i].status);
      if (strstr(error.text, REFUSED[i].text) == NULL) {
        assert_string_equal(error.text, REFUSED[i].text);
      }
      assert_int_equal(input.size, 0);
      midge_filter_free(filter);
      bytes_free(&input);
    }
  }
}

static void test_63_a_megabyte_of_headers_is_refused(void **state) {
  (void)state;
  midge_filter *filter;
  bytes input = {NULL, 0, 0};
  assert_int_equal(midge_websocket_new(&filter, &USUAL), MIDGE_OK);
  feed(filter, midge_slice_text(HEAD), SIZE_MAX, &input);
  size_t fed = 0;
  while (midge_filter_state_of(filter) == MIDGE_FILTER_OPENING) {
    feed(filter, MIDGE_TEXT("X-Long: aaaaaaaaaaaaaaaaaaaaaaaa\r\n"), SIZE_MAX,
         &input);
    fed += 34;
    assert_true(fed < 20000);
  }
  assert_non_null(strstr(midge_filter_error_of(filter).text, "too large"));
  midge_filter_free(filter);
  bytes_free(&input);
}

static void test_an_end_during_the_upgrade(void **state) {
  (void)state;
  bytes input = {NULL, 0, 0};
  midge_filter *filter = answered(HEAD, SIZE_MAX, &input);
  midge_filter_ended(filter);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_filter_error_of(filter).status, MIDGE_EWEBSOCKET);
  midge_filter_free(filter);
  bytes_free(&input);
}

/* What a server says is shown, but not its control characters. */
static void test_texts_are_printable(void **state) {
  (void)state;
  bytes input = {NULL, 0, 0};
  midge_filter *filter =
      answered("HTTP/1.1 500 \x1b[31m\xff\r\n\r\n", SIZE_MAX, &input);
  assert_string_equal(midge_filter_error_of(filter).text,
                      "the server answered 500 ?[31m? to the WebSocket "
                      "upgrade");
  midge_filter_free(filter);
  bytes_free(&input);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_request),
      cmocka_unit_test(test_a_host_header_stands_in_for_ours),
      cmocka_unit_test(test_requests_that_cannot_be),
      cmocka_unit_test(test_answers_that_are_accepted),
      cmocka_unit_test(test_frames_behind_the_answer),
      cmocka_unit_test(test_63_answers_that_are_refused),
      cmocka_unit_test(test_63_a_megabyte_of_headers_is_refused),
      cmocka_unit_test(test_an_end_during_the_upgrade),
      cmocka_unit_test(test_texts_are_printable),
  };
  return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}
