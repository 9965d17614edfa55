/* The filters that a URL asks for, as the other side sees them. */
#include <string.h>

#include "base/slice.h"
#include "link/filters.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static ledger books;
static midge_url url, proxy;
static midge_headers headers;
static midge_tls_context *tls;
static midge_fault fault;
static char output[2000];
static size_t output_size;

static void parse(midge_url *to, const char *text, midge_url_use use) {
  assert_int_equal(midge_url_parse(to, &books.allocator, midge_slice_text(text),
                                   use, NULL, 0),
                   MIDGE_OK);
}

static midge_way way_to(const char *server, const char *through) {
  ledger_init(&books);
  proxy = (midge_url){0};
  headers = (midge_headers){0};
  tls = NULL;
  parse(&url, server, MIDGE_URL_SERVER);
  if (through != NULL) parse(&proxy, through, MIDGE_URL_PROXY);
  return (midge_way){.allocator = &books.allocator,
                     .url = &url,
                     .proxy = through != NULL ? &proxy : NULL,
                     .headers = &headers,
                     .version = MIDGE_MQTT_5};
}

static void use_tls(midge_way *way) {
  const midge_tls_options options = {.insecure = true};
  assert_int_equal(
      midge_tls_context_new(&tls, &options, &books.allocator, NULL, 0),
      MIDGE_OK);
  way->tls = tls;
}

static void free_all(void) {
  midge_tls_context_release(tls);
  midge_headers_free(&headers);
  midge_url_free(&url);
  midge_url_free(&proxy);
  ledger_check_empty(&books);
}

/* What the lowest filter says first is in `output`. */
static size_t push(const midge_way *way, midge_status status) {
  midge_stack stack;
  midge_slice slices[8];
  midge_stack_init(&stack);
  assert_int_equal(midge_filters_push(way, &stack, &fault), status);
  size_t filters = stack.count;
  output_size = 0;
  size_t count = filters != 0 && status == MIDGE_OK
                     ? midge_stack_output(&stack, slices, 8)
                     : 0;
  for (size_t i = 0; i < count; i++) {
    assert_true(output_size + slices[i].size <= sizeof output);
    memcpy(output + output_size, slices[i].data, slices[i].size);
    output_size += slices[i].size;
  }
  midge_stack_free(&stack);
  return filters;
}

static bool says(midge_slice bytes) {
  return memmem(output, output_size, bytes.data, bytes.size) != NULL;
}

static void a_plain_connection_has_none(void **state) {
  (void)state;
  midge_way way = way_to("mqtt://one.test", NULL);
  assert_int_equal(push(&way, MIDGE_OK), 0);
  free_all();
}

static void each_scheme_has_its_own(void **state) {
  (void)state;
  const struct {
    const char *server;
    size_t count;
  } rows[] = {{"mqtt://one.test", 1},
              {"mqtts://one.test", 2},
              {"ws://one.test", 2},
              {"wss://one.test", 3}};
  for (size_t i = 0; i < 4; i++) {
    midge_way way = way_to(rows[i].server, "socks5://proxy.test");
    use_tls(&way);
    assert_int_equal(push(&way, MIDGE_OK), rows[i].count);
    assert_int_equal(output[0], 5); /* SOCKS 5 speaks first */
    free_all();
  }
}

/* A proxy cannot be asked for a socket of this machine. */
static void a_unix_socket_is_reached_without_the_proxy(void **state) {
  (void)state;
  midge_way way = way_to("unix:/socket", "http://proxy.test");
  assert_int_equal(push(&way, MIDGE_OK), 0);
  free_all();
}

static void a_proxy_is_shown_its_credentials(void **state) {
  (void)state;
  midge_way way = way_to("mqtt://one.test", "http://ann:secret@proxy.test");
  assert_int_equal(push(&way, MIDGE_OK), 1);
  assert_true(says(MIDGE_TEXT("CONNECT one.test:1883 HTTP/1.1\r\n")));
  assert_true(says(MIDGE_TEXT("Basic YW5uOnNlY3JldA==\r\n")));
  free_all();
}

static void a_proxy_is_told_no_zone(void **state) {
  (void)state;
  midge_way way = way_to("mqtt://[fe80::1%25lo]", "http://proxy.test");
  assert_int_equal(push(&way, MIDGE_OK), 1);
  assert_true(says(MIDGE_TEXT("CONNECT [fe80::1]:1883 HTTP/1.1\r\n")));
  free_all();
}

static void expect_host(const char *server, midge_slice host) {
  midge_way way = way_to(server, NULL);
  assert_int_equal(push(&way, MIDGE_OK), 1);
  if (!says(host)) fail_msg("%s", server);
  free_all();
}

static void a_websocket_names_the_host_of_its_url(void **state) {
  (void)state;
  expect_host("ws://one.test", MIDGE_TEXT("Host: one.test\r\n"));
  expect_host("ws://one.test:", MIDGE_TEXT("Host: one.test\r\n"));
  expect_host("ws://one.test:99", MIDGE_TEXT("Host: one.test:99\r\n"));
  expect_host("ws://[::1]", MIDGE_TEXT("Host: [::1]\r\n"));
  expect_host("ws://[::1]:99", MIDGE_TEXT("Host: [::1]:99\r\n"));
  expect_host("ws://[fe80::1%25lo]", MIDGE_TEXT("Host: [fe80::1]\r\n"));
  /* Of a name a % is a part. */
  expect_host("ws://a%25b", MIDGE_TEXT("Host: a%b\r\n"));
}

static void tls_without_its_options_is_refused(void **state) {
  (void)state;
  midge_way way = way_to("mqtts://one.test", NULL);
  assert_int_equal(push(&way, MIDGE_ETLS), 0);
  assert_int_equal(fault.status, MIDGE_ETLS);
  assert_string_equal(fault.code, "MIDGE_ETLS");
  assert_non_null(strstr(fault.text, "TLS cannot be used with these options"));
  free_all();
}

/* What went wrong below is told, and not what would have come after it. */
static void the_first_that_cannot_be_is_the_one_that_is_told(void **state) {
  (void)state;
  midge_way way = way_to("wss://one.test", "http://a%3ab:c@proxy.test");
  assert_int_equal(push(&way, MIDGE_EINVAL), 0);
  assert_non_null(
      strstr(fault.text, "the proxy cannot be asked for this server: "));
  assert_non_null(strstr(fault.text, midge_status_text(MIDGE_EINVAL)));
  free_all();
}

static void a_header_that_cannot_be_is_told_of(void **state) {
  (void)state;
  const midge_slice list[] = {MIDGE_TEXT("Upgrade: to something else")};
  midge_way way = way_to("ws://one.test", NULL);
  assert_int_equal(midge_headers_set(&headers, &books.allocator, list, 1),
                   MIDGE_OK);
  assert_int_equal(push(&way, MIDGE_EINVAL), 0);
  assert_non_null(
      strstr(fault.text, "a header or the path of the WebSocket is wrong: "));
  free_all();
}

/* Without memory nothing is left half made: what was pushed is freed. */
static void memory_can_lack_for_each_of_them(void **state) {
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    midge_way way = way_to(i == 0 ? "mqtt://one.test" : "wss://one.test",
                           i == 0 ? "socks5://proxy.test" : NULL);
    midge_slice list[] = {MIDGE_TEXT("One: 1")};
    assert_int_equal(midge_headers_set(&headers, &books.allocator, list, 1),
                     MIDGE_OK);
    use_tls(&way);
    if (i == 2) url.scheme = MIDGE_SCHEME_WS;
    ledger_fail_next(&books);
    assert_int_equal(push(&way, MIDGE_ENOMEM), 0);
    free_all();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_plain_connection_has_none),
      cmocka_unit_test(each_scheme_has_its_own),
      cmocka_unit_test(a_unix_socket_is_reached_without_the_proxy),
      cmocka_unit_test(a_proxy_is_shown_its_credentials),
      cmocka_unit_test(a_proxy_is_told_no_zone),
      cmocka_unit_test(a_websocket_names_the_host_of_its_url),
      cmocka_unit_test(tls_without_its_options_is_refused),
      cmocka_unit_test(the_first_that_cannot_be_is_the_one_that_is_told),
      cmocka_unit_test(a_header_that_cannot_be_is_told_of),
      cmocka_unit_test(memory_can_lack_for_each_of_them),
  };
  return cmocka_run_group_tests_name("filters", tests, NULL, NULL);
}
