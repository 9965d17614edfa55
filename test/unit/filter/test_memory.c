/* Each allocation fails once: the filter fails with ENOMEM, and nothing is
 * lost, read or freed that should not be. */
#include "filter/proxy.h"
#include "peer.h"
#include "socket.h"
#include "test.h"
#include "unit/base/ledger.h"

#define HOST "broker.example.test"

static bool was_refused(const ledger *memory) {
  return memory->calls >= memory->fail_at;
}

/* What a test does with a filter; false when it failed before the end. */
static bool talk(midge_filter *filter, midge_slice answer) {
  bytes input = {NULL, 0, 0}, output = {NULL, 0, 0};
  static const uint8_t block[100000];
  collect(filter, SIZE_MAX, &output);
  feed(filter, answer, 100, &input);
  feed(filter, midge_slice_of("\x82\x02hi\x89\x02hi", 8), 1, &input);
  collect(filter, SIZE_MAX, &output);
  midge_slice slice = midge_slice_of(block, sizeof(block));
  size_t written = midge_filter_write(filter, &slice, 1);
  collect(filter, SIZE_MAX, &output);
  midge_filter_close(filter);
  bool good = midge_filter_state_of(filter) == MIDGE_FILTER_OPEN;
  assert_true(good || written == 0 ||
              midge_filter_error_of(filter).status == MIDGE_ENOMEM);
  bytes_free(&input);
  bytes_free(&output);
  return good;
}

static void count_up(void *context, uint8_t *to, size_t size) {
  (void)context;
  for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(i + 1);
}

static midge_status make_websocket(midge_filter **filter,
                                   const midge_allocator *allocator) {
  const midge_websocket_options options = {
      .host = MIDGE_TEXT(HOST), .random = count_up, .allocator = allocator};
  return midge_websocket_new(filter, &options);
}

static midge_status make_socks5(midge_filter **filter,
                                const midge_allocator *allocator) {
  const midge_proxy_options options = {
      .host = MIDGE_TEXT(HOST), .port = 1, .allocator = allocator};
  return midge_socks5_new(filter, &options);
}

static midge_status make_connect(midge_filter **filter,
                                 const midge_allocator *allocator) {
  const midge_proxy_options options = {.host = MIDGE_TEXT(HOST),
                                       .port = 1,
                                       .user_name = MIDGE_TEXT("me"),
                                       .allocator = allocator};
  return midge_http_connect_new(filter, &options);
}

static void run(midge_status (*make)(midge_filter **, const midge_allocator *),
                midge_slice answer) {
  for (size_t call = 1;; call++) {
    ledger memory;
    ledger_init(&memory);
    memory.fail_at = call;
    midge_filter *filter;
    midge_status status = make(&filter, &memory.allocator);
    if (status == MIDGE_OK) {
      bool good = talk(filter, answer);
      assert_int_equal(good, !was_refused(&memory));
      if (!good) {
        assert_int_equal(midge_filter_error_of(filter).status, MIDGE_ENOMEM);
        assert_string_equal(midge_filter_error_of(filter).code, "MIDGE_ENOMEM");
      }
      midge_filter_free(filter);
    } else {
      assert_int_equal(status, MIDGE_ENOMEM);
      assert_true(was_refused(&memory));
    }
    ledger_check_empty(&memory);
    if (!was_refused(&memory)) return;
  }
}

static void test_websocket(void **state) {
  (void)state;
  run(make_websocket,
      MIDGE_TEXT("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: C/0nmHhBztSRGR1CwL6Tf4ZjwpY=\r\n"
                 "Sec-WebSocket-Protocol: mqtt\r\n\r\n"));
}

static void test_proxies(void **state) {
  (void)state;
  run(make_socks5, MIDGE_TEXT("\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0"));
  run(make_connect, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"));
}

static bool talk_tls(midge_tls_context *context, SSL_CTX *server) {
  midge_filter *filter;
  bytes input = {NULL, 0, 0};
  peer other;
  if (midge_tls_new(&filter, context, MIDGE_TEXT(HOST), 1) != MIDGE_OK) {
    return false;
  }
  peer_open(&other, server);
  flow(filter, &other, SIZE_MAX, &input);
  if (other.opened && !other.failed) {
    peer_write(&other, MIDGE_TEXT("from below"));
    midge_slice slice = MIDGE_TEXT("from above");
    size_t written = midge_filter_write(filter, &slice, 1);
    assert_true(written == 0 || written == slice.size);
    flow(filter, &other, SIZE_MAX, &input);
  }
  bool good = midge_filter_state_of(filter) == MIDGE_FILTER_OPEN;
  assert_true(!good || input.size == 10);
  midge_filter_free(filter);
  peer_free(&other);
  bytes_free(&input);
  return good;
}

static void test_tls(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  SSL_CTX *server_context = peer_context(&server);
  const midge_tls_options options = {
      .ca_file = midge_slice_text(certificate_path("root.pem"))};
  for (size_t call = 1;; call++) {
    ledger memory;
    ledger_init(&memory);
    memory.fail_at = call;
    midge_tls_context *context;
    midge_status status =
        midge_tls_context_new(&context, &options, &memory.allocator, NULL, 0);
    if (status == MIDGE_OK) {
      bool good = talk_tls(context, server_context);
      assert_int_equal(good, !was_refused(&memory));
      midge_tls_context_release(context);
    } else {
      assert_int_equal(status, MIDGE_ENOMEM);
    }
    ledger_check_empty(&memory);
    if (!was_refused(&memory)) break;
  }
  SSL_CTX_free(server_context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_websocket),
      cmocka_unit_test(test_proxies),
      cmocka_unit_test(test_tls),
  };
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
