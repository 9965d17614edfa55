#include <string.h>

#include "base/allocator.h"
#include "link/url.h"
#include "unit/harness.h"

static midge_url url;
static char why[128];

static midge_status parse_as(const char *source, midge_url_use use) {
  midge_slice slice = {(const uint8_t *)source, strlen(source)};
  why[0] = '\0';
  return midge_url_parse(&url, &midge_allocator_default, slice, use, why,
                         sizeof why);
}

static midge_status parse(const char *source) {
  return parse_as(source, MIDGE_URL_SERVER);
}

static void expect(const char *source, midge_scheme scheme, const char *host,
                   uint16_t port) {
  midge_status status = parse(source);
  if (status != MIDGE_OK) fail_msg("%s: %s", source, why);
  assert_int_equal(url.scheme, scheme);
  assert_string_equal(url.host, host);
  assert_int_equal(url.port, port);
  midge_url_free(&url);
}

static void refuse(const char *source, const char *part_of_why) {
  assert_int_equal(parse(source), MIDGE_EINVAL);
  if (strstr(why, part_of_why) == NULL)
    fail_msg("%s: \"%s\" does not say \"%s\"", source, why, part_of_why);
}

static void expect_text(midge_slice slice, const char *expected) {
  assert_int_equal(slice.size, strlen(expected));
  assert_memory_equal(slice.data, expected, slice.size);
}

static void schemes_have_their_ports(void **state) {
  (void)state;
  expect("mqtt://host", MIDGE_SCHEME_MQTT, "host", 1883);
  expect("tcp://host", MIDGE_SCHEME_MQTT, "host", 1883);
  expect("mqtts://host", MIDGE_SCHEME_MQTTS, "host", 8883);
  expect("ssl://host", MIDGE_SCHEME_MQTTS, "host", 8883);
  expect("tls://host", MIDGE_SCHEME_MQTTS, "host", 8883);
  expect("ws://host", MIDGE_SCHEME_WS, "host", 80);
  expect("wss://host", MIDGE_SCHEME_WSS, "host", 443);
  expect("MQTT://host", MIDGE_SCHEME_MQTT, "host", 1883);
}

static void a_port_in_the_url_wins(void **state) {
  (void)state;
  expect("mqtt://host:1", MIDGE_SCHEME_MQTT, "host", 1);
  expect("wss://host:65535/mqtt", MIDGE_SCHEME_WSS, "host", 65535);
  expect("mqtt://host:", MIDGE_SCHEME_MQTT, "host", 1883);
  refuse("mqtt://host:0", "1 to 65535");
  refuse("mqtt://host:65536", "1 to 65535");
  refuse("mqtt://host:99999999999999999999", "1 to 65535");
  refuse("mqtt://host:18a", "1 to 65535");
  refuse("mqtt://host:-1", "1 to 65535");
}

static void ipv6_stands_in_brackets(void **state) {
  (void)state;
  expect("mqtt://[::1]", MIDGE_SCHEME_MQTT, "::1", 1883);
  expect("mqtt://[fe80::1%25lo]:7", MIDGE_SCHEME_MQTT, "fe80::1%lo", 7);
  expect("mqtt://[fe80::1%eth0]", MIDGE_SCHEME_MQTT, "fe80::1%eth0", 1883);
  refuse("mqtt://[fe80::1%]", "not an IPv6");
  refuse("mqtt://[%25lo]", "not an IPv6");
  refuse("mqtt://::1", "brackets");
  refuse("mqtt://[::1", "]");
  refuse("mqtt://[host]", "not an IPv6");
  refuse("mqtt://[::1]1883", "only a port");
}

static void user_and_password_are_decoded(void **state) {
  (void)state;
  assert_int_equal(parse("mqtt://us%65r:p%40ss%3A:word@host"), MIDGE_OK);
  expect_text(url.user_name, "user");
  expect_text(url.password, "p@ss::word");
  midge_url_free(&url);
  assert_int_equal(parse("mqtt://user@host"), MIDGE_OK);
  expect_text(url.user_name, "user");
  assert_null(url.password.data);
  midge_url_free(&url);
  assert_int_equal(parse("mqtt://a@b:@host"), MIDGE_OK);
  expect_text(url.user_name, "a@b");
  expect_text(url.password, "");
  assert_non_null(url.password.data);
  midge_url_free(&url);
  assert_int_equal(parse("mqtt://host"), MIDGE_OK);
  assert_null(url.user_name.data);
  midge_url_free(&url);
  refuse("mqtt://a%2@host", "two hex digits");
  refuse("mqtt://a%zz@host", "two hex digits");
  refuse("mqtt://a:100%@host", "as %25");
  refuse("mqtt://a:top#1@host",
         "; / ? # in a user name or password are"
         " written as %2F %3F %23");
  refuse("mqtt://a:b/c@host", "written as %2F");
  refuse("mqtt://a:b?c@host", "written as %2F");
  refuse("mqtt://a%00@host", "zero byte");
}

static void a_websocket_has_a_path(void **state) {
  (void)state;
  assert_int_equal(parse("ws://host/a/b%20c?d=e#f"), MIDGE_OK);
  expect_text(url.path, "/a/b%20c?d=e");
  assert_true(url.port_is_default);
  midge_url_free(&url);
  assert_int_equal(parse("wss://host:443"), MIDGE_OK);
  expect_text(url.path, "/");
  assert_false(url.port_is_default);
  midge_url_free(&url);
  assert_int_equal(parse("ws://host?q"), MIDGE_OK);
  expect_text(url.path, "/?q");
  midge_url_free(&url);
}

static void a_unix_socket_is_a_path(void **state) {
  (void)state;
  expect("unix:/run/a.sock", MIDGE_SCHEME_UNIX, "/run/a.sock", 0);
  expect("unix:///run/a%20b", MIDGE_SCHEME_UNIX, "/run/a b", 0);
  refuse("unix:a.sock", "unix:/path");
  refuse("unix:", "unix:/path");
  refuse(
      "unix:/"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789",
      "107 bytes");
}

static void errors_name_the_fix(void **state) {
  (void)state;
  refuse("", "scheme");
  refuse("host", "mqtt, mqtts, ws, wss or unix");
  refuse("localhost:1883", "unknown scheme \"localhost\"");
  refuse("http://host", "unknown scheme \"http\"");
  refuse("mqtt:host", "//");
  refuse("mqtt://", "has a host");
  refuse("mqtt://:1883", "has a host");
  refuse("mqtt://a host", "%20");
  refuse("mqtt://host\r\n", "%0D");
}

static void proxies_have_their_own_schemes(void **state) {
  (void)state;
  assert_int_equal(parse_as("socks5://u:p@host", MIDGE_URL_PROXY), MIDGE_OK);
  assert_int_equal(url.port, 1080);
  expect_text(url.user_name, "u");
  midge_url_free(&url);
  assert_int_equal(parse_as("http://host:3128", MIDGE_URL_PROXY), MIDGE_OK);
  assert_int_equal(url.scheme, MIDGE_SCHEME_HTTP);
  assert_int_equal(url.port, 3128);
  midge_url_free(&url);
  assert_int_equal(parse_as("mqtt://host", MIDGE_URL_PROXY), MIDGE_EINVAL);
}

/* Nothing is read past the end, whatever is cut off or changed. */
static void any_bytes_are_refused_or_parsed(void **state) {
  (void)state;
  static const char *const seeds[] = {"wss://us%41er:pw@[fe80::1%251]:99/p?q#r",
                                      "unix:///a%20b", "mqtt://u@h:1"};
  for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
    size_t size = strlen(seeds[s]);
    for (size_t at = 0; at <= size; at++) {
      for (int byte = 0; byte < 256; byte++) {
        uint8_t *copy = test_malloc(size + 1);
        memcpy(copy, seeds[s], size);
        if (at < size) copy[at] = (uint8_t)byte;
        size_t cut = byte % 2 == 0 ? size : at;
        uint8_t *exact = test_malloc(cut + 1);
        memcpy(exact + 1, copy, cut);
        midge_status status = midge_url_parse(&url, &midge_allocator_default,
                                              (midge_slice){exact + 1, cut},
                                              MIDGE_URL_SERVER, NULL, 0);
        if (status == MIDGE_OK) midge_url_free(&url);
        test_free(exact);
        test_free(copy);
      }
    }
  }
}

static void a_host_has_a_highest_length(void **state) {
  (void)state;
  char text[400] = "mqtt://", host[256];
  memset(host, 'a', 255);
  host[255] = '\0';
  strcat(text, host);
  expect(text, MIDGE_SCHEME_MQTT, host, 1883);
  strcat(text, "a");
  refuse(text, "a host has at most 255 bytes");
  strcpy(text, "mqtt://[::1%");
  strcat(text, host);
  strcat(text, "]");
  refuse(text, "\"[");
  strcpy(text, "mqtt://[");
  strcat(text, host);
  strcat(text, "]");
  refuse(text, "\"[");
}

/* A zone may have a number for its name. */
static void a_percent_sign_alone_begins_a_zone_too(void **state) {
  (void)state;
  expect("mqtt://[fe80::1%25]", MIDGE_SCHEME_MQTT, "fe80::1%25", 1883);
  expect("mqtt://[fe80::1%2525]", MIDGE_SCHEME_MQTT, "fe80::1%25", 1883);
}

static void delete_is_a_control_character(void **state) {
  (void)state;
  refuse("mqtt://host\x7f", "%7F");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(schemes_have_their_ports),
      cmocka_unit_test(a_port_in_the_url_wins),
      cmocka_unit_test(ipv6_stands_in_brackets),
      cmocka_unit_test(user_and_password_are_decoded),
      cmocka_unit_test(a_websocket_has_a_path),
      cmocka_unit_test(a_unix_socket_is_a_path),
      cmocka_unit_test(errors_name_the_fix),
      cmocka_unit_test(proxies_have_their_own_schemes),
      cmocka_unit_test(any_bytes_are_refused_or_parsed),
      cmocka_unit_test(a_host_has_a_highest_length),
      cmocka_unit_test(a_percent_sign_alone_begins_a_zone_too),
      cmocka_unit_test(delete_is_a_control_character),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
