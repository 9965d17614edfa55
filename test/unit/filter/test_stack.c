/* Filters on top of each other: a proxy, TLS, a WebSocket. */
#include <stdio.h>

#include "filter/proxy.h"
#include "filter/stack.h"
#include "peer.h"
#include "socket.h"
#include "test.h"

#define HOST "broker.example.test"

/* wss through a proxy, and what the server has of it. */
typedef struct tower {
  midge_tls_context *context;
  SSL_CTX *server_context;
  midge_stack stack;
  peer other;
  bytes input;
  bytes wire; /* what went down and is not looked at yet */
} tower;

static const peer_options SERVER = {.level = 0};

static void tower_start(tower *self) {
  midge_filter *filter;
  const midge_proxy_options proxy = {.host = MIDGE_TEXT(HOST), .port = 443};
  const midge_websocket_options websocket = {.host = MIDGE_TEXT(HOST)};
  memset(self, 0, sizeof(*self));
  self->context = client_context((midge_tls_options){.version_min = 12});
  self->server_context = peer_context(&SERVER);
  peer_open(&self->other, self->server_context);
  midge_stack_init(&self->stack);
  assert_int_equal(midge_http_connect_new(&filter, &proxy), MIDGE_OK);
  midge_stack_push(&self->stack, filter);
  midge_stack_push(&self->stack, client(self->context, HOST));
  assert_int_equal(midge_websocket_new(&filter, &websocket), MIDGE_OK);
  midge_stack_push(&self->stack, filter);
}

static void tower_free(tower *self) {
  midge_stack_free(&self->stack);
  peer_free(&self->other);
  SSL_CTX_free(self->server_context);
  midge_tls_context_release(self->context);
  bytes_free(&self->input);
  bytes_free(&self->wire);
}

static void drain(tower *self) {
  midge_slice slice;
  while (midge_stack_output(&self->stack, &slice, 1) != 0) {
    if (slice.size > 1000) slice.size = 1000;
    bytes_add(&self->wire, slice);
    midge_stack_sent(&self->stack, slice.size);
  }
}

static void take(tower *self) {
  midge_slice slice;
  while (midge_stack_input(&self->stack, &slice)) {
    bytes_add(&self->input, slice);
    midge_stack_taken(&self->stack, slice.size);
  }
}

static void receive(tower *self, midge_slice slice, size_t cut) {
  while (slice.size != 0) {
    midge_slice piece = slice;
    if (piece.size > cut) piece.size = cut;
    size_t taken = midge_stack_received(&self->stack, piece);
    assert_true(taken != 0);
    slice = midge_slice_skip(slice, taken);
    take(self);
  }
}

/* TLS both ways until nothing moves. */
static void flow_tls(tower *self, size_t cut) {
  for (;;) {
    char chunk[16384], *down;
    int got;
    drain(self);
    bool quiet = self->wire.size == 0;
    BIO_write(self->other.in, self->wire.data, (int)self->wire.size);
    self->wire.size = 0;
    while ((got = SSL_read(self->other.ssl, chunk, sizeof(chunk))) > 0) {
      bytes_add(&self->other.got, midge_slice_of(chunk, (size_t)got));
    }
    long size = BIO_get_mem_data(self->other.out, &down);
    if (quiet && size <= 0) return;
    bytes all = {NULL, 0, 0};
    bytes_add(&all, midge_slice_of(down, (size_t)size));
    (void)BIO_reset(self->other.out);
    receive(self, bytes_slice(&all), cut);
    bytes_free(&all);
  }
}

static void accept_websocket(tower *self) {
  char answer[512];
  snprintf(answer, sizeof(answer),
           "HTTP/1.1 101 Switching Protocols\r\n"
           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
           accept_of(bytes_slice(&self->other.got)));
  self->other.got.size = 0;
  peer_write(&self->other, midge_slice_text(answer));
}

static void tower_open(tower *self, size_t cut) {
  tower_start(self);
  drain(self);
  /* Nothing but the proxy's own request goes out at first. */
  assert_int_equal(memcmp(self->wire.data, "CONNECT ", 8), 0);
  assert_int_equal(memcmp(self->wire.data + self->wire.size - 4, "\r\n\r\n", 4),
                   0);
  self->wire.size = 0;
  receive(self, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"), cut);
  assert_int_equal(midge_stack_state(&self->stack), MIDGE_FILTER_OPENING);
  flow_tls(self, cut);
  assert_true(self->other.got.size > 0);
  accept_websocket(self);
  assert_int_equal(midge_stack_state(&self->stack), MIDGE_FILTER_OPENING);
  flow_tls(self, cut);
  assert_int_equal(midge_stack_state(&self->stack), MIDGE_FILTER_OPEN);
  assert_int_equal(midge_stack_error(&self->stack).status, MIDGE_OK);
}

static void test_bytes_through_all_three(void **state) {
  (void)state;
  const size_t cuts[] = {1, 3, 100, SIZE_MAX};
  for (size_t i = 0; i < 4; i++) {
    tower it;
    tower_open(&it, cuts[i]);
    bytes frame = {NULL, 0, 0};
    add_frame(&frame, 0x82, MIDGE_TEXT("from below"));
    add_frame(&frame, 0x89, MIDGE_TEXT("ping"));
    peer_write(&it.other, bytes_slice(&frame));
    midge_slice slice = MIDGE_TEXT("from above");
    assert_int_equal(midge_stack_write(&it.stack, &slice, 1), slice.size);
    flow_tls(&it, cuts[i]);
    assert_true(
        midge_slice_equal(bytes_slice(&it.input), MIDGE_TEXT("from below")));
    unsigned first;
    bytes got = next_frame(&it.other.got, &first);
    assert_true(midge_slice_equal(bytes_slice(&got), slice));
    bytes_free(&got);
    got = next_frame(&it.other.got, &first);
    assert_int_equal(first, 0x8a);
    bytes_free(&got);
    bytes_free(&frame);
    tower_free(&it);
  }
}

/* More than all the queues hold, with nobody sending or taking meanwhile. */
static void test_everything_is_bounded(void **state) {
  (void)state;
  tower it;
  tower_open(&it, SIZE_MAX);
  uint8_t *block = calloc(1, 2000000);
  midge_slice rest = midge_slice_of(block, 2000000);
  size_t size, total = 0;
  while ((size = midge_stack_write(&it.stack, &rest, 1)) != 0) {
    rest = midge_slice_skip(rest, size);
    total += size;
  }
  assert_true(total < 600000);
  flow_tls(&it, SIZE_MAX);
  while (rest.size != 0) {
    size = midge_stack_write(&it.stack, &rest, 1);
    rest = midge_slice_skip(rest, size);
    flow_tls(&it, SIZE_MAX);
  }
  total = 0;
  while (it.other.got.size != 0) {
    unsigned first;
    bytes got = next_frame(&it.other.got, &first);
    total += got.size;
    bytes_free(&got);
  }
  assert_int_equal(total, 2000000);

  bytes frames = {NULL, 0, 0};
  for (int i = 0; i < 20; i++) {
    add_frame(&frames, 0x82, midge_slice_of(block, 50000));
  }
  peer_write(&it.other, bytes_slice(&frames));
  char *down;
  long raw = BIO_get_mem_data(it.other.out, &down);
  midge_slice wire = midge_slice_of(down, (size_t)raw);
  while ((size = midge_stack_received(&it.stack, wire)) != 0) {
    wire = midge_slice_skip(wire, size);
  }
  assert_true(wire.size > 500000);
  while (wire.size != 0) {
    take(&it);
    size = midge_stack_received(&it.stack, wire);
    wire = midge_slice_skip(wire, size);
  }
  take(&it);
  assert_int_equal(it.input.size, 1000000);
  bytes_free(&frames);
  free(block);
  tower_free(&it);
}

/* The highest says goodbye first, and the ones below after all of it. */
static void test_goodbyes_go_down_in_order(void **state) {
  (void)state;
  tower it;
  tower_open(&it, SIZE_MAX);
  uint8_t *block = calloc(1, 400000);
  midge_slice rest = midge_slice_of(block, 400000);
  size_t size, total = 0;
  while ((size = midge_stack_write(&it.stack, &rest, 1)) != 0) {
    rest = midge_slice_skip(rest, size);
    total += size;
  }
  midge_stack_close(&it.stack);
  rest = midge_slice_of(block, 1);
  assert_int_equal(midge_stack_write(&it.stack, &rest, 1), 0);
  flow_tls(&it, SIZE_MAX);
  unsigned first = 0;
  size_t got = 0;
  while (it.other.got.size != 0) {
    bytes frame = next_frame(&it.other.got, &first);
    if (first == 0x82) got += frame.size;
    bytes_free(&frame);
  }
  assert_int_equal(first, 0x88);
  assert_int_equal(got, total);
  assert_int_equal(SSL_get_shutdown(it.other.ssl) & SSL_RECEIVED_SHUTDOWN,
                   SSL_RECEIVED_SHUTDOWN);
  free(block);
  tower_free(&it);
}

static void test_close_before_open_is_at_once(void **state) {
  (void)state;
  tower it;
  tower_start(&it);
  drain(&it);
  it.wire.size = 0;
  midge_stack_close(&it.stack);
  drain(&it);
  assert_int_equal(it.wire.size, 0);
  tower_free(&it);
}

static void test_a_failing_filter_fails_the_stack(void **state) {
  (void)state;
  tower it;
  tower_start(&it);
  receive(&it, MIDGE_TEXT("HTTP/1.1 407 no\r\n\r\n"), 1);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_stack_error(&it.stack).status, MIDGE_EPROXY);
  assert_int_equal(midge_stack_error(&it.stack).http_status, 407);
  receive(&it, MIDGE_TEXT("more"), 1);
  tower_free(&it);

  tower_start(&it);
  receive(&it, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 no"), 7);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_stack_error(&it.stack).status, MIDGE_ETLS);
  tower_free(&it);

  tower_open(&it, SIZE_MAX);
  peer_write(&it.other, MIDGE_TEXT("\x82\x02ok\x81\x02no"));
  flow_tls(&it, SIZE_MAX);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_stack_error(&it.stack).status, MIDGE_EWEBSOCKET);
  /* Its Close still went to the server. */
  unsigned first;
  bytes frame = next_frame(&it.other.got, &first);
  assert_int_equal(first, 0x88);
  assert_int_equal(it.input.size, 2);
  bytes_free(&frame);
  tower_free(&it);
}

/* What ended the connection below is the reason, not what follows above. */
static void test_ends(void **state) {
  (void)state;
  tower it;
  tower_open(&it, SIZE_MAX);
  midge_stack_ended(&it.stack);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_stack_error(&it.stack).status, MIDGE_ELOST);
  tower_free(&it);

  /* close_notify without a Close of the WebSocket. */
  tower_open(&it, SIZE_MAX);
  SSL_shutdown(it.other.ssl);
  flow_tls(&it, SIZE_MAX);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_stack_error(&it.stack).status, MIDGE_ELOST);
  assert_non_null(strstr(midge_stack_error(&it.stack).text, "WebSocket Close"));
  tower_free(&it);

  /* All in good order. */
  tower_open(&it, SIZE_MAX);
  peer_write(&it.other, MIDGE_TEXT("\x82\x02ok\x88\x02\x03\xe8"));
  SSL_shutdown(it.other.ssl);
  flow_tls(&it, SIZE_MAX);
  assert_int_equal(it.input.size, 2);
  midge_stack_ended(&it.stack);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_CLOSED);
  assert_int_equal(midge_stack_error(&it.stack).status, MIDGE_OK);
  tower_free(&it);
}

/* Bytes and the end of the stream in one go, and nobody takes them at once. */
static void test_input_comes_before_the_end(void **state) {
  (void)state;
  tower it;
  tower_open(&it, SIZE_MAX);
  bytes frames = {NULL, 0, 0};
  uint8_t *block = calloc(1, 120000);
  add_frame(&frames, 0x82, midge_slice_of(block, 120000));
  add_frame(&frames, 0x88, MIDGE_TEXT("\x03\xe8"));
  peer_write(&it.other, bytes_slice(&frames));
  SSL_shutdown(it.other.ssl);
  char *down;
  long raw = BIO_get_mem_data(it.other.out, &down);
  midge_slice wire = midge_slice_of(down, (size_t)raw);
  size_t taken = midge_stack_received(&it.stack, wire);
  assert_int_equal(taken, wire.size);
  midge_stack_ended(&it.stack);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_OPEN);
  take(&it);
  assert_int_equal(it.input.size, 120000);
  assert_int_equal(midge_stack_state(&it.stack), MIDGE_FILTER_CLOSED);
  bytes_free(&frames);
  free(block);
  tower_free(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes_through_all_three),
      cmocka_unit_test(test_everything_is_bounded),
      cmocka_unit_test(test_goodbyes_go_down_in_order),
      cmocka_unit_test(test_close_before_open_is_at_once),
      cmocka_unit_test(test_a_failing_filter_fails_the_stack),
      cmocka_unit_test(test_ends),
      cmocka_unit_test(test_input_comes_before_the_end),
  };
  return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
