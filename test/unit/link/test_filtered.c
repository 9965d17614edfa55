/* Bytes through filters: how their ends are told, and what they cannot take. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "filter/base64.h"
#include "filter/openssl.h"
#include "life.h"
#include "unit/base/ledger.h"

static life l;
static const midge_allocator *memory; /* of a WebSocket */

static void begin(midge_client_options options) {
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
  dial(&l);
  leave(&l);
}

/* --- Proxy --- */

static void through_a_proxy(void) {
  begin((midge_client_options){.proxy = MIDGE_TEXT("http://proxy.test")});
  receive(&l, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n\x20\x03\x00\x00\x00"));
  leave(&l);
  expect(&l, MIDGE_EVENT_OPENED);
}

static void the_word_of_the_server_counts_through_filters_too(void **state) {
  (void)state;
  through_a_proxy();
  receive(&l, MIDGE_TEXT("\xe0\x01\x8b"));
  receive(&l, MIDGE_TEXT("and more that nobody reads"));
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, (midge_status)-0x8b);
  assert_int_equal(l.event.closed.by, MIDGE_SIDE_SERVER);
  life_end(&l);
}

static void the_end_of_a_proxied_stream_is_the_servers(void **state) {
  (void)state;
  through_a_proxy();
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, MIDGE_ELOST);
  assert_string_equal(l.text, "the server closed the connection");
  life_end(&l);
}

/* --- WebSocket --- */

/* The answer to the upgrade in `output`, and CONNACK in a frame. */
static void open_websocket(void) {
  char joined[100], answer[300];
  uint8_t digest[20];
  char accept[MIDGE_BASE64_SIZE(sizeof digest) + 1] = "";
  begin((midge_client_options){.url = MIDGE_TEXT("ws://one.test"),
                               .session.allocator = memory,
                               .close_timeout_ms = 2000});
  l.output[l.output_size] = '\0';
  const char *key = strstr(l.output, "Sec-WebSocket-Key: ");
  assert_non_null(key);
  int size = snprintf(joined, sizeof joined, "%.24s%s", key + 19,
                      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  assert_true(midge_openssl_sha1(
      digest, midge_slice_of((uint8_t *)joined, (size_t)size)));
  midge_base64((uint8_t *)accept, midge_slice_of(digest, sizeof digest));
  size = snprintf(answer, sizeof answer,
                  "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                  "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
                  accept);
  receive(&l, midge_slice_of((uint8_t *)answer, (size_t)size));
  leave(&l);
  receive(&l, MIDGE_TEXT("\x82\x05\x20\x03\x00\x00\x00"));
  expect(&l, MIDGE_EVENT_OPENED);
}

/* Nothing that comes tells of it. */
static void a_filter_that_cannot_write_ends_the_connection(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  memory = &books.allocator;
  open_websocket();
  static char topic[5000]; /* more than the filter has room for */
  memset(topic, 't', sizeof topic - 1);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, topic);
  ledger_fail_next(&books);
  leave(&l);
  assert_int_equal(midge_link_deadline(l.link), l.now);
  pass(&l, 0);
  expect_closed(&l, MIDGE_ENOMEM);
  life_end(&l);
  memory = NULL;
  ledger_check_empty(&books);
}

static void a_close_is_the_end_of_the_connection(void **state) {
  (void)state;
  open_websocket();
  receive(&l, MIDGE_TEXT("\x88\x02\x03\xe8"));
  expect_closed(&l, MIDGE_ELOST);
  assert_string_equal(l.text, "the server closed the connection");
  assert_true(
      midge_slice_equal(l.event.closed.code, MIDGE_TEXT("MIDGE_ELOST")));
  assert_int_equal(l.event.closed.by, MIDGE_SIDE_NETWORK);
  assert_int_not_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  life_end(&l);
}

/* What follows a Close is not read. */
static void bytes_behind_a_close_are_dropped_with_it(void **state) {
  (void)state;
  open_websocket();
  receive(&l, MIDGE_TEXT("\x88\x02\x03\xe8\x82\x02\xd0\x00"));
  expect_closed(&l, MIDGE_ELOST);
  life_end(&l);
}

static void a_close_with_a_complaint_is_told_with_it(void **state) {
  (void)state;
  open_websocket();
  receive(&l, MIDGE_TEXT("\x88\x05\x03\xf0nay"));
  expect_closed(&l, MIDGE_EWEBSOCKET);
  assert_non_null(strstr(l.text, "with code 1008: nay"));
  life_end(&l);
}

/* Our DISCONNECT cannot leave through a WebSocket that is closed: its side is
 * not ended as if all had been said, and the time of the end is not drawn out.
 */
static void what_cannot_leave_is_not_taken_for_sent(void **state) {
  (void)state;
  open_websocket();
  /* CONNACK again, and a Close behind it. */
  receive(&l, MIDGE_TEXT("\x82\x05\x20\x03\x00\x00\x00\x88\x02\x03\xe8"));
  assert_false(midge_link_is_shut(l.link)); /* our Close */
  leave(&l);
  assert_false(midge_link_is_shut(l.link));
  pass(&l, 2000);
  expect_closed(&l, MIDGE_EPROTOCOL);
  assert_int_equal(l.event.closed.by, MIDGE_SIDE_SELF);
  life_end(&l);
}

/* --- TLS --- */

/* A server in memory that knows us by a key. */
typedef struct server {
  SSL_CTX *context;
  SSL *ssl;
  BIO *in, *out;
} server;

static unsigned find_key(SSL *ssl, const char *identity, unsigned char *key,
                         unsigned room) {
  (void)ssl;
  assert_string_equal(identity, "me");
  assert_true(room >= 16);
  memcpy(key, "0123456789abcdef", 16);
  return 16;
}

static void server_start(server *s) {
  s->context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_psk_server_callback(s->context, find_key);
  SSL_CTX_set_num_tickets(s->context, 0);
  s->ssl = SSL_new(s->context);
  s->in = BIO_new(BIO_s_mem());
  s->out = BIO_new(BIO_s_mem());
  SSL_set_bio(s->ssl, s->in, s->out);
  SSL_set_accept_state(s->ssl);
}

static void server_end(server *s) {
  SSL_free(s->ssl);
  SSL_CTX_free(s->context);
}

static midge_slice server_output(const server *s) {
  char *data;
  long size = BIO_get_mem_data(s->out, &data);
  return midge_slice_of((const uint8_t *)data, (size_t)size);
}

/* What the client sends arrives. */
static void arrive(server *s) {
  leave(&l);
  assert_int_equal(BIO_write(s->in, l.output, (int)l.output_size),
                   l.output_size);
}

static void open_tls(server *s) {
  midge_client_options options = {.url = MIDGE_TEXT("mqtts://one.test")};
  options.tls.psk_identity = MIDGE_TEXT("me");
  options.tls.psk = MIDGE_TEXT("0123456789abcdef");
  server_start(s);
  begin(options);
  assert_int_equal(BIO_write(s->in, l.output, (int)l.output_size),
                   l.output_size);
  for (int i = 0; i < 4 && !SSL_is_init_finished(s->ssl); i++) {
    SSL_do_handshake(s->ssl);
    receive(&l, server_output(s));
    (void)BIO_reset(s->out);
    arrive(s);
  }
  assert_true(SSL_is_init_finished(s->ssl));
  assert_int_equal(SSL_version(s->ssl), TLS1_3_VERSION);
  assert_int_equal(SSL_write(s->ssl, CONNACK.data, 5), 5);
  receive(&l, server_output(s));
  (void)BIO_reset(s->out);
  expect(&l, MIDGE_EVENT_OPENED);
}

static void what_the_goodbye_of_tls_says_is_told(void **state) {
  (void)state;
  server s;
  open_tls(&s);
  SSL_shutdown(s.ssl);
  receive(&l, server_output(&s));
  expect_closed(&l, MIDGE_ELOST);
  assert_string_equal(l.text, "the server closed the connection");
  life_end(&l);
  server_end(&s);
}

/* It comes through the filter. */
static void a_large_message_has_no_place_of_its_own(void **state) {
  (void)state;
  server s;
  open_tls(&s);
  assert_int_equal(SSL_write(s.ssl, "\x30\xa3\x8d\x06\0\1t", 7), 7);
  receive(&l, server_output(&s));
  assert_null(midge_link_room(l.link, midge_link_attempt(l.link), 100000,
                              &(size_t){0}));
  life_end(&l);
  server_end(&s);
}

/* A server that wants new keys while it reads nothing: our answers fill what
 * is kept for it, and then its bytes have to wait. Returns those. */
static midge_slice get_stuck(server *s) {
  enum { SIZE = 1 << 20, ROUNDS = 20000 };
  static const uint8_t zeros[SIZE];
  midge_slice slices[8], rest = {NULL, 0};
  size_t taken = 0;
  open_tls(s);
  midge_link_wish(l.link, &(midge_wish){.type = MIDGE_WISH_PUBLISH,
                                        .token = 1,
                                        .cost = SIZE,
                                        .publish = {.topic = MIDGE_TEXT("t"),
                                                    .payload = {zeros, SIZE}}});
  assert_int_not_equal(midge_link_output(l.link, slices, 8), 0);
  for (int i = 0; i < ROUNDS && midge_link_reading(l.link); i++) {
    (void)BIO_reset(s->out);
    assert_int_equal(SSL_key_update(s->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_write(s->ssl, "\xd0\x00", 2), 2); /* PINGRESP */
    rest = server_output(s);
    taken = midge_link_received(l.link, midge_link_attempt(l.link), rest);
  }
  assert_false(midge_link_reading(l.link));
  assert_true(taken < rest.size);
  expect_nothing(&l);
  return midge_slice_skip(rest, taken);
}

static void what_filters_cannot_take_waits_until_something_has_left(
    void **state) {
  (void)state;
  server s;
  midge_slice slices[8], rest = get_stuck(&s);
  size_t count = midge_link_output(l.link, slices, 8), size = 0;
  for (size_t i = 0; i < count; i++) size += slices[i].size;
  midge_link_written(l.link, midge_link_attempt(l.link), size);
  assert_true(midge_link_reading(l.link));
  assert_int_equal(
      midge_link_received(l.link, midge_link_attempt(l.link), rest), rest.size);
  assert_true(midge_link_reading(l.link));
  expect_nothing(&l);
  life_end(&l);
  server_end(&s);
}

/* After our goodbye nothing is read for the program, only for the end. */
static void what_waits_is_not_read_past_a_goodbye_either(void **state) {
  (void)state;
  server s;
  midge_slice rest = get_stuck(&s);
  midge_wish goodbye = {.type = MIDGE_WISH_DISCONNECT};
  goodbye.disconnect.force = true;
  midge_link_wish(l.link, &goodbye);
  expect_nothing(&l);
  assert_true(midge_link_is_leaving(l.link));
  assert_false(midge_link_reading(l.link));
  midge_link_written(l.link, midge_link_attempt(l.link), 0);
  assert_true(midge_link_reading(l.link));
  assert_int_equal(
      midge_link_received(l.link, midge_link_attempt(l.link), rest), rest.size);
  life_end(&l);
  server_end(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_word_of_the_server_counts_through_filters_too),
      cmocka_unit_test(the_end_of_a_proxied_stream_is_the_servers),
      cmocka_unit_test(a_filter_that_cannot_write_ends_the_connection),
      cmocka_unit_test(a_close_is_the_end_of_the_connection),
      cmocka_unit_test(bytes_behind_a_close_are_dropped_with_it),
      cmocka_unit_test(a_close_with_a_complaint_is_told_with_it),
      cmocka_unit_test(what_cannot_leave_is_not_taken_for_sent),
      cmocka_unit_test(what_the_goodbye_of_tls_says_is_told),
      cmocka_unit_test(a_large_message_has_no_place_of_its_own),
      cmocka_unit_test(what_filters_cannot_take_waits_until_something_has_left),
      cmocka_unit_test(what_waits_is_not_read_past_a_goodbye_either),
  };
  return cmocka_run_group_tests_name("filtered", tests, NULL, NULL);
}
