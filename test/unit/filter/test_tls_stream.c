/* Bytes through TLS: cuts, ends, alerts, and answers that are no TLS. */
#include <openssl/rand.h>

#include "peer.h"
#include "test.h"

#define HOST "broker.example.test"

typedef struct pair {
  midge_tls_context *context;
  SSL_CTX *server_context;
  midge_filter *filter;
  peer other;
  bytes input;
} pair;

static void pair_start(pair *self, int version) {
  static peer_options server;
  server = (peer_options){.version_min = version, .version_max = version};
  const midge_tls_options usual = {.version_min = 12};
  *self = (pair){.context = client_context(usual),
                 .server_context = peer_context(&server)};
  peer_open(&self->other, self->server_context);
  self->filter = client(self->context, HOST);
}

static void pair_open(pair *self, int version) {
  pair_start(self, version);
  flow(self->filter, &self->other, SIZE_MAX, &self->input);
  assert_int_equal(midge_filter_state_of(self->filter), MIDGE_FILTER_OPEN);
}

static void pair_close(pair *self) {
  midge_filter_free(self->filter);
  peer_free(&self->other);
  SSL_CTX_free(self->server_context);
  midge_tls_context_release(self->context);
  bytes_free(&self->input);
}

static bytes noise(size_t size) {
  bytes all = {.data = malloc(size), .size = size, .room = size};
  assert_non_null(all.data);
  assert_int_equal(RAND_bytes(all.data, (int)size), 1);
  return all;
}

/* What the server has for us now. */
static bytes from_server(pair *self) {
  bytes all = {NULL, 0, 0};
  char *data;
  long size = BIO_get_mem_data(self->other.out, &data);
  bytes_add(&all, midge_slice_of(data, (size_t)size));
  (void)BIO_reset(self->other.out);
  return all;
}

static void exchange_cut(int version, size_t cut) {
  pair it;
  bytes down = noise(50000), up = noise(50000);
  pair_start(&it, version);
  flow(it.filter, &it.other, cut, &it.input);
  assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_OPEN);

  peer_write(&it.other, bytes_slice(&down));
  bytes raw = from_server(&it);
  feed(it.filter, bytes_slice(&raw), cut, &it.input);
  assert_true(midge_slice_equal(bytes_slice(&it.input), bytes_slice(&down)));
  bytes_free(&raw);

  midge_slice slices[] = {midge_slice_of(up.data, 10), MIDGE_NO_SLICE,
                          midge_slice_of(up.data + 10, 20000),
                          midge_slice_of(up.data + 20010, 3000),
                          midge_slice_of(up.data + 23010, 26990)};
  assert_int_equal(midge_filter_write(it.filter, slices, 5), up.size);
  flow(it.filter, &it.other, cut, &it.input);
  assert_true(midge_slice_equal(bytes_slice(&it.other.got), bytes_slice(&up)));
  bytes_free(&down);
  bytes_free(&up);
  pair_close(&it);
}

static void test_tls_33_cut_anywhere(void **state) {
  (void)state;
  const size_t cuts[] = {1, 2, 5, 7, 1000, 16384, SIZE_MAX};
  for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
    exchange_cut(TLS1_2_VERSION, cuts[i]);
    exchange_cut(TLS1_3_VERSION, cuts[i]);
  }
}

static void test_tls_33_records_of_one_byte(void **state) {
  (void)state;
  pair it;
  pair_open(&it, TLS1_3_VERSION);
  bytes down = noise(3000);
  for (size_t i = 0; i < down.size; i++) {
    peer_write(&it.other, midge_slice_of(down.data + i, 1));
  }
  bytes raw = from_server(&it);
  feed(it.filter, bytes_slice(&raw), SIZE_MAX, &it.input);
  assert_true(midge_slice_equal(bytes_slice(&it.input), bytes_slice(&down)));
  bytes_free(&raw);
  bytes_free(&down);
  pair_close(&it);
}

/* Nobody takes the input: the filter stops taking, and loses nothing. */
static void test_input_is_bounded(void **state) {
  (void)state;
  pair it;
  pair_open(&it, TLS1_3_VERSION);
  bytes down = noise(1000000);
  peer_write(&it.other, bytes_slice(&down));
  bytes raw = from_server(&it);
  midge_slice rest = bytes_slice(&raw), waiting;
  while (rest.size != 0) {
    size_t taken = midge_filter_received(it.filter, rest);
    rest = midge_slice_skip(rest, taken);
    if (taken != 0) continue;
    assert_true(midge_filter_input(it.filter, &waiting));
    assert_true(waiting.size <= 64 * 1024);
    bytes_add(&it.input, waiting);
    midge_filter_taken(it.filter, waiting.size);
  }
  while (midge_filter_input(it.filter, &waiting)) {
    bytes_add(&it.input, waiting);
    midge_filter_taken(it.filter, waiting.size);
  }
  assert_true(midge_slice_equal(bytes_slice(&it.input), bytes_slice(&down)));
  bytes_free(&raw);
  bytes_free(&down);
  pair_close(&it);
}

/* Nobody sends the output: the filter stops taking from above. */
static void test_output_is_bounded(void **state) {
  (void)state;
  pair it;
  pair_open(&it, TLS1_3_VERSION);
  bytes up = noise(1000000);
  midge_slice rest = bytes_slice(&up), waiting;
  size_t size;
  while ((size = midge_filter_write(it.filter, &rest, 1)) != 0) {
    rest = midge_slice_skip(rest, size);
  }
  assert_true(rest.size > 800000);
  assert_int_equal(midge_filter_output(it.filter, &waiting, 1), 1);
  assert_true(waiting.size <= 128 * 1024);
  bytes sent = {NULL, 0, 0};
  write_all(it.filter, rest, &sent);
  BIO_write(it.other.in, sent.data, (int)sent.size);
  flow(it.filter, &it.other, SIZE_MAX, &it.input);
  peer_write(&it.other, MIDGE_TEXT("done"));
  flow(it.filter, &it.other, SIZE_MAX, &it.input);
  char chunk[16384];
  int got;
  while ((got = SSL_read(it.other.ssl, chunk, sizeof(chunk))) > 0) {
    bytes_add(&it.other.got, midge_slice_of(chunk, (size_t)got));
  }
  assert_true(midge_slice_equal(bytes_slice(&it.other.got), bytes_slice(&up)));
  bytes_free(&sent);
  bytes_free(&up);
  pair_close(&it);
}

/* An end without close_notify, at each byte of what the server sent: the
 * connection is lost, and what was whole has arrived. */
static void test_tls_33_a_truncated_end_is_a_lost_connection(void **state) {
  (void)state;
  size_t size = 1;
  for (size_t cut = 0; cut <= size; cut++) {
    pair it;
    pair_open(&it, TLS1_3_VERSION);
    peer_write(&it.other, MIDGE_TEXT("first"));
    peer_write(&it.other, MIDGE_TEXT("second"));
    bytes raw = from_server(&it);
    size = raw.size;
    feed(it.filter, midge_slice_of(raw.data, cut), SIZE_MAX, &it.input);
    midge_filter_ended(it.filter);
    assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_FAILED);
    assert_int_equal(midge_filter_error_of(it.filter).status, MIDGE_ELOST);
    assert_true(it.input.size == 0 || it.input.size == 5 ||
                it.input.size == 11);
    assert_true(cut < size || it.input.size == 11);
    bytes_free(&raw);
    pair_close(&it);
  }
}

static void test_tls_33_a_clean_end(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    pair it;
    pair_open(&it, version);
    peer_write(&it.other, MIDGE_TEXT("last words"));
    SSL_shutdown(it.other.ssl);
    flow(it.filter, &it.other, 1, &it.input);
    assert_int_equal(it.input.size, 10);
    assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_CLOSED);
    assert_int_equal(midge_filter_error_of(it.filter).status, MIDGE_OK);
    /* We answered in kind. */
    assert_int_equal(SSL_get_shutdown(it.other.ssl),
                     SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    midge_slice more = MIDGE_TEXT("more");
    assert_int_equal(midge_filter_write(it.filter, &more, 1), 0);
    pair_close(&it);
  }
}

static void test_close_says_goodbye(void **state) {
  (void)state;
  pair it;
  pair_open(&it, TLS1_3_VERSION);
  midge_slice last = MIDGE_TEXT("DISCONNECT");
  assert_int_equal(midge_filter_write(it.filter, &last, 1), last.size);
  midge_filter_close(it.filter);
  midge_filter_close(it.filter);
  assert_int_equal(midge_filter_write(it.filter, &last, 1), 0);
  flow(it.filter, &it.other, SIZE_MAX, &it.input);
  assert_int_equal(it.other.got.size, last.size);
  assert_int_equal(SSL_get_shutdown(it.other.ssl) & SSL_RECEIVED_SHUTDOWN,
                   SSL_RECEIVED_SHUTDOWN);
  /* The other side's bytes still arrive; its end is a clean one. */
  peer_write(&it.other, MIDGE_TEXT("late"));
  flow(it.filter, &it.other, SIZE_MAX, &it.input);
  assert_int_equal(it.input.size, 4);
  midge_filter_ended(it.filter);
  assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_CLOSED);
  pair_close(&it);
}

static void test_close_before_open_says_nothing(void **state) {
  (void)state;
  pair it;
  pair_start(&it, TLS1_3_VERSION);
  bytes hello = {NULL, 0, 0};
  collect(it.filter, SIZE_MAX, &hello);
  assert_true(hello.size != 0);
  hello.size = 0;
  midge_filter_close(it.filter);
  collect(it.filter, SIZE_MAX, &hello);
  assert_int_equal(hello.size, 0);
  bytes_free(&hello);
  pair_close(&it);
}

/* A fatal alert with these codes instead of the server's next message. */
static void test_tls_33_alerts_at_each_point(void **state) {
  (void)state;
  static const uint8_t ALERT[] = {0x15, 3, 3, 0, 2, 2, 40};
  for (size_t after = 0; after < 2; after++) {
    pair it;
    pair_start(&it, TLS1_2_VERSION);
    bytes hello = {NULL, 0, 0};
    collect(it.filter, SIZE_MAX, &hello);
    if (after == 1) {
      char chunk[16];
      BIO_write(it.other.in, hello.data, (int)hello.size);
      assert_true(SSL_read(it.other.ssl, chunk, sizeof(chunk)) <= 0);
      bytes raw = from_server(&it);
      feed(it.filter, bytes_slice(&raw), SIZE_MAX, &it.input);
      bytes_free(&raw);
      assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_OPENING);
    }
    feed(it.filter, midge_slice_of(ALERT, sizeof(ALERT)), 1, &it.input);
    midge_filter_error error = midge_filter_error_of(it.filter);
    assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_FAILED);
    assert_non_null(strstr(error.text, "\"handshake failure\""));
    assert_string_equal(error.code, "MIDGE_ETLS");
    bytes_free(&hello);
    pair_close(&it);
  }
}

/* An alert in the clear when all is encrypted, garbage, a record cut short. */
static void test_tls_33_garbage_in_the_stream(void **state) {
  (void)state;
  static const uint8_t ALERT[] = {0x15, 3, 3, 0, 2, 2, 40};
  static const uint8_t HUGE[] = {0x17, 3, 3, 0xff, 0xff, 0};
  const midge_slice inputs[] = {midge_slice_of(ALERT, sizeof(ALERT)),
                                midge_slice_of(HUGE, sizeof(HUGE)),
                                MIDGE_TEXT("no record at all, not even near")};
  for (size_t i = 0; i < 3; i++) {
    pair it;
    pair_open(&it, TLS1_3_VERSION);
    peer_write(&it.other, MIDGE_TEXT("before"));
    flow(it.filter, &it.other, SIZE_MAX, &it.input);
    feed(it.filter, inputs[i], 1, &it.input);
    assert_int_equal(it.input.size, 6);
    assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_FAILED);
    assert_int_equal(midge_filter_error_of(it.filter).status, MIDGE_ETLS);
    pair_close(&it);
  }
}

/* Every bit flip in the server's bytes fails, and nothing false arrives. */
static void test_tls_33_changed_bytes_are_noticed(void **state) {
  (void)state;
  for (size_t at = 0; at < 60; at++) {
    pair it;
    pair_open(&it, TLS1_3_VERSION);
    peer_write(&it.other, MIDGE_TEXT("a message of the server"));
    bytes raw = from_server(&it);
    if (at < raw.size) {
      raw.data[at] ^= 1;
      feed(it.filter, bytes_slice(&raw), SIZE_MAX, &it.input);
      midge_filter_ended(it.filter);
      assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_FAILED);
      assert_int_equal(it.input.size, 0);
    }
    bytes_free(&raw);
    pair_close(&it);
  }
}

static void test_tls_34_answers_that_are_no_tls(void **state) {
  (void)state;
  static const struct {
    const char *answer, *text;
    size_t size;
  } ANSWERS[] = {
      {"HTTP/1.1 400 Bad Request\r\n", "it answered in plain HTTP", 26},
      {"\x20\x02\x00\x00", "it answered in plain MQTT", 4},
      {"SSH-2.0-OpenSSH", "does not speak TLS", 15},
      {"\x00", "does not speak TLS", 1},
  };
  for (size_t i = 0; i < 4; i++) {
    pair it;
    pair_start(&it, TLS1_3_VERSION);
    feed(it.filter, midge_slice_of(ANSWERS[i].answer, ANSWERS[i].size), 1,
         &it.input);
    midge_filter_error error = midge_filter_error_of(it.filter);
    assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_FAILED);
    assert_int_equal(error.status, MIDGE_ETLS);
    assert_non_null(strstr(error.text, ANSWERS[i].text));
    pair_close(&it);
  }
}

static void test_tls_34_an_end_instead_of_an_answer(void **state) {
  (void)state;
  pair it;
  pair_start(&it, TLS1_3_VERSION);
  midge_filter_ended(it.filter);
  midge_filter_error error = midge_filter_error_of(it.filter);
  assert_int_equal(error.status, MIDGE_ETLS);
  assert_non_null(strstr(error.text, "perhaps it does not speak TLS"));
  pair_close(&it);
}

/* A warning without end, and records of nothing. */
static void test_64_floods_of_nothing_end(void **state) {
  (void)state;
  static const uint8_t WARNING[] = {0x15, 3, 3, 0, 2, 1, 112};
  pair it;
  pair_start(&it, TLS1_2_VERSION);
  for (int i = 0; i < 1000; i++) {
    feed(it.filter, midge_slice_of(WARNING, sizeof(WARNING)), SIZE_MAX,
         &it.input);
  }
  assert_int_equal(midge_filter_state_of(it.filter), MIDGE_FILTER_FAILED);
  pair_close(&it);
}

static void test_contexts_are_counted(void **state) {
  (void)state;
  midge_tls_context *context = client_context((midge_tls_options){0});
  midge_filter *filter = client(context, HOST);
  midge_tls_context_release(midge_tls_context_hold(context));
  midge_tls_context_release(context);
  midge_filter_free(filter);
  assert_null(midge_tls_context_hold(NULL));
  midge_tls_context_release(NULL);
  midge_filter_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tls_33_cut_anywhere),
      cmocka_unit_test(test_tls_33_records_of_one_byte),
      cmocka_unit_test(test_input_is_bounded),
      cmocka_unit_test(test_output_is_bounded),
      cmocka_unit_test(test_tls_33_a_truncated_end_is_a_lost_connection),
      cmocka_unit_test(test_tls_33_a_clean_end),
      cmocka_unit_test(test_close_says_goodbye),
      cmocka_unit_test(test_close_before_open_says_nothing),
      cmocka_unit_test(test_tls_33_alerts_at_each_point),
      cmocka_unit_test(test_tls_33_garbage_in_the_stream),
      cmocka_unit_test(test_tls_33_changed_bytes_are_noticed),
      cmocka_unit_test(test_tls_34_answers_that_are_no_tls),
      cmocka_unit_test(test_tls_34_an_end_instead_of_an_answer),
      cmocka_unit_test(test_64_floods_of_nothing_end),
      cmocka_unit_test(test_contexts_are_counted),
  };
  return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
