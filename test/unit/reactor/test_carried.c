/* A transport that the program carries: what it is asked for, and whatever it
 * may say. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

#define CONNACK MIDGE_TEXT("\x20\x03\x00\x00\x00")

static const midge_slice none = {NULL, 0};

static void start(program *p, midge_client_options options) {
  options.transport_by_hand = true;
  options.session.client_id = MIDGE_TEXT("c");
  program_start(p, "mqtt://carried.test:1884", &options);
}

static bool is_want(const program *p, midge_want want) {
  return p->event.type == MIDGE_EVENT_TRANSPORT &&
         p->event.transport.want == want;
}

static void wait_for_want(program *p, midge_want want) {
  do wait_for(p, MIDGE_EVENT_TRANSPORT);
  while (!is_want(p, want));
}

static void dial(program *p) {
  wait_for_want(p, MIDGE_WANT_DIAL);
  assert_int_equal(p->event.attempt, p->attempt);
  assert_int_equal(midge_client_dialed(p->client, p->attempt), MIDGE_OK);
}

static void receive(program *p, midge_slice bytes) {
  assert_int_equal(midge_client_received(p->client, p->attempt, bytes),
                   MIDGE_OK);
}

/* All of the bytes that are wanted next have left. */
static void write_one(program *p) {
  wait_for_want(p, MIDGE_WANT_WRITE);
  assert_int_equal(midge_client_written(p->client, p->attempt,
                                        p->event.transport.bytes.size),
                   MIDGE_OK);
}

static void break_off(program *p, const char *code, const char *text) {
  midge_slice why = {(const uint8_t *)text, strlen(text)};
  midge_slice name = {(const uint8_t *)code, strlen(code)};
  assert_int_equal(midge_client_broken(p->client, p->attempt, name, why),
                   MIDGE_OK);
}

static void open_up(program *p) {
  assert_int_equal(midge_client_connect(p->client), MIDGE_OK);
  dial(p);
  write_one(p);
  receive(p, CONNACK);
  wait_for(p, MIDGE_EVENT_OPENED);
}

static void the_place_is_told_and_connect_is_written(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_DIAL);
  assert_true(slice_is(p.event.transport.bytes, "carried.test"));
  assert_int_equal(p.event.transport.port, 1884);
  assert_int_equal(midge_client_dialed(p.client, p.attempt), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_WRITE);
  assert_int_equal(p.event.transport.bytes.data[0], 0x10);
  receive(&p, CONNACK);
  wait_for(&p, MIDGE_EVENT_OPENED);
  program_stop(&p);
}

static void a_transport_that_cannot_be_made_is_a_failed_attempt(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_DIAL);
  break_off(&p, "ENOLINE", "the line is dead");
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_EERRNO);
  assert_true(slice_is(p.event.closed.code, "ENOLINE"));
  assert_true(slice_is(p.event.closed.text, "the line is dead"));
  dial(&p);
  assert_int_equal(p.attempt, 2);
  program_stop(&p);
}

static void a_broken_transport_is_followed_by_another(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  open_up(&p);
  break_off(&p, "EIO", "the cable was cut");
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ELOST);
  assert_true(slice_is(p.event.closed.code, "EIO"));
  dial(&p);
  write_one(&p);
  receive(&p, CONNACK);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(midge_client_broken(p.client, p.attempt, none, none),
                   MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_true(slice_is(p.event.closed.code, "MIDGE_ELOST"));
  program_stop(&p);
}

static void words_that_are_too_long_are_cut(void **state) {
  (void)state;
  char words[1000];
  program p;
  memset(words, 'x', sizeof words);
  words[sizeof words - 1] = '\0';
  start(&p, (midge_client_options){0});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_DIAL);
  break_off(&p, words, words);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_in_range(p.event.closed.code.size, 10, 60);
  assert_in_range(p.event.closed.text.size, 100, 300);
  program_stop(&p);
}

static void the_end_of_the_stream_is_the_server_s(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  open_up(&p);
  assert_int_equal(midge_client_ended(p.client, p.attempt), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ELOST);
  assert_true(
      slice_is(p.event.closed.text, "the server closed the connection"));
  program_stop(&p);
}

static void nonsense_is_ignored(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  midge_client *c = p.client;
  assert_int_equal(midge_client_dialed(c, 1), MIDGE_OK);
  assert_int_equal(midge_client_connect(c), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_DIAL);
  receive(&p, CONNACK);
  assert_int_equal(midge_client_ended(c, p.attempt), MIDGE_OK);
  assert_int_equal(midge_client_written(c, p.attempt, 100), MIDGE_OK);
  assert_int_equal(midge_client_dialed(c, p.attempt + 1), MIDGE_OK);
  assert_int_equal(midge_client_ended(c, p.attempt + 1), MIDGE_OK);
  assert_int_equal(midge_client_dialed(c, p.attempt), MIDGE_OK);
  assert_int_equal(midge_client_dialed(c, p.attempt), MIDGE_OK);
  assert_int_equal(midge_client_written(c, p.attempt, 1000000), MIDGE_OK);
  receive(&p, none);
  receive(&p, CONNACK);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(p.closed, 0);
  break_off(&p, "EIO", "over");
  wait_for(&p, MIDGE_EVENT_CLOSED);
  break_off(&p, "EIO", "over");
  receive(&p, CONNACK);
  dial(&p);
  program_stop(&p);
}

static void what_is_written_is_done_and_what_is_not_comes_again(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  open_up(&p);
  assert_int_equal(publish_number(p.client, 1, 0), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_WRITE);
  assert_int_equal(p.event.transport.bytes.data[0], 0x30);
  assert_int_equal(p.done, 0);
  break_off(&p, "EIO", "in the middle");
  wait_for(&p, MIDGE_EVENT_CLOSED);
  dial(&p);
  write_one(&p);
  receive(&p, CONNACK);
  write_one(&p);
  assert_true(p.event.transport.bytes.data[0] == 0x30);
  wait_for_done(&p, 1);
  assert_int_equal(p.failures, 0);
  program_stop(&p);
}

static void no_more_is_handed_out_than_may_wait(void **state) {
  (void)state;
  enum { SHOWN_MAX = 256 * 1024, COUNT = 2, WIRE_SIZE = 500008 };
  static const uint8_t bytes[500000];
  size_t shown = 0;
  program p;
  start(&p, (midge_client_options){0});
  open_up(&p);
  midge_publish much = {.topic = MIDGE_TEXT("t"),
                        .payload = {bytes, sizeof bytes}};
  for (uint64_t i = 1; i <= COUNT; i++)
    assert_int_equal(midge_client_publish(p.client, &much, i), MIDGE_OK);
  while (shown < SHOWN_MAX) {
    wait_for_want(&p, MIDGE_WANT_WRITE);
    shown += p.event.transport.bytes.size;
  }
  assert_in_range(shown, SHOWN_MAX, SHOWN_MAX + 64 * 1024);
  expect_silence(&p, 50);
  assert_int_equal(p.done, 0);
  assert_int_equal(midge_client_written(p.client, p.attempt, shown), MIDGE_OK);
  while (shown < COUNT * WIRE_SIZE) {
    write_one(&p);
    shown += p.event.transport.bytes.size;
  }
  wait_for_done(&p, COUNT);
  assert_int_equal(p.failures, 0);
  program_stop(&p);
}

static void a_goodbye_leaves_before_our_side_is_ended(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){0});
  open_up(&p);
  midge_properties empty = {0};
  assert_int_equal(publish_number(p.client, 1, 0), MIDGE_OK);
  assert_int_equal(midge_client_disconnect(p.client, 0, empty, false),
                   MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_WRITE);
  size_t size = p.event.transport.bytes.size;
  assert_int_equal(p.event.transport.bytes.data[0], 0x30);
  assert_int_equal(midge_client_written(p.client, p.attempt, size), MIDGE_OK);
  do {
    wait_for(&p, MIDGE_EVENT_TRANSPORT);
    if (is_want(&p, MIDGE_WANT_WRITE))
      assert_int_equal(midge_client_written(p.client, p.attempt,
                                            p.event.transport.bytes.size),
                       MIDGE_OK);
  } while (!is_want(&p, MIDGE_WANT_SHUT));
  assert_int_equal(p.done, 1);
  assert_int_equal(midge_client_ended(p.client, p.attempt), MIDGE_OK);
  wait_for_end(&p, MIDGE_OK);
  program_stop(&p);
}

static size_t make_message(uint8_t *to, size_t payload) {
  static const uint8_t head[] = {0x30, 0, 0, 0, 1, 't', 0};
  size_t rest = 4 + payload;
  memcpy(to, head, sizeof head);
  memset(to + sizeof head, 'x', payload);
  to[1] = (uint8_t)(rest % 128 + 128);
  to[2] = (uint8_t)(rest / 128);
  return sizeof head + payload;
}

static void who_falls_behind_is_told_to_stop_reading_and_to_go_on(
    void **state) {
  (void)state;
  static uint8_t message[4000];
  size_t size = make_message(message, 3000), count = 0;
  program p;
  start(&p, (midge_client_options){.event_bytes_max = 100000});
  open_up(&p);
  assert_true(midge_client_reading(p.client));
  for (; count < 100; count++) receive(&p, (midge_slice){message, size});
  for (unsigned ms = 0; midge_client_reading(p.client); ms++) {
    assert_true(ms < PATIENCE_MS);
    usleep(1000);
  }
  wait_for_want(&p, MIDGE_WANT_READ);
  assert_true(p.messages > 0);
  wait_for_messages(&p, count); /* it may have fallen behind once more */
  for (int ms = 0; !midge_client_reading(p.client); ms++) {
    assert_true(ms < PATIENCE_MS);
    (void)midge_reactor_wait(p.reactor, &p.event, 1);
  }
  program_stop(&p);
}

enum { FED = 2000 };

static void *feed(void *context) {
  program *p = context;
  uint8_t message[300];
  size_t size = make_message(message, 200);
  for (size_t i = 0; i < FED; i++) {
    receive(p, (midge_slice){message, size});
    (void)midge_client_reading(p->client);
  }
  return NULL;
}

static void another_thread_may_carry_the_bytes(void **state) {
  (void)state;
  program p;
  pthread_t thread;
  start(&p, (midge_client_options){.event_bytes_max = 20000});
  open_up(&p);
  assert_int_equal(pthread_create(&thread, NULL, feed, &p), 0);
  wait_for_messages(&p, FED);
  pthread_join(thread, NULL);
  program_stop(&p);
}

static void a_transport_that_is_never_made_is_late(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){.connect_timeout_ms = 50});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for_want(&p, MIDGE_WANT_DIAL);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ETIMEOUT);
  assert_true(slice_is(p.event.closed.text,
                       "no connection to carried.test within 50 ms"));
  dial(&p);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ETIMEOUT);
  program_stop(&p);
}

static void a_silent_transport_is_dead(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){.session.keep_alive_s = 1});
  open_up(&p);
  write_one(&p);
  assert_int_equal(p.event.transport.bytes.data[0], 0xc0); /* PINGREQ */
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_EKEEPALIVE);
  program_stop(&p);
}

static void what_is_given_up_ends_at_once(void **state) {
  (void)state;
  program p;
  start(&p, (midge_client_options){.close_timeout_ms = 3600 * 1000});
  open_up(&p);
  assert_int_equal(publish_number(p.client, 1, 1), MIDGE_OK);
  midge_client_close(p.client);
  wait_for(&p, MIDGE_EVENT_ENDED);
  assert_int_equal(p.done, 1);
  program_stop(&p);
}

static void a_proxy_is_the_program_s_own_business(void **state) {
  (void)state;
  midge_reactor *reactor;
  midge_client *client;
  char why[256];
  const midge_client_options options = {.url = MIDGE_TEXT("mqtt://a.test"),
                                        .proxy = MIDGE_TEXT("http://b.test"),
                                        .transport_by_hand = true};
  assert_int_equal(midge_reactor_start(&reactor, &(midge_reactor_options){0}),
                   MIDGE_OK);
  assert_int_equal(
      midge_client_open(&client, reactor, &options, why, sizeof why),
      MIDGE_EINVAL);
  assert_non_null(strstr(why, "connect it yourself"));
  midge_reactor_stop(reactor);
}

/* The same word for a client with a socket of ours. */
static void a_socket_that_is_given_up_is_dropped(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  assert_int_equal(midge_client_broken(p.client, p.attempt + 1, none, none),
                   MIDGE_OK);
  assert_int_equal(midge_client_dialed(p.client, p.attempt), MIDGE_OK);
  /* Nobody carries its bytes: what is told of them is nothing to it. */
  assert_int_equal(
      midge_client_received(p.client, p.attempt, MIDGE_TEXT("bytes")),
      MIDGE_OK);
  assert_true(midge_client_reading(p.client));
  assert_int_equal(midge_client_broken(p.client, p.attempt, none, none),
                   MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.attempt, 1);
  assert_int_equal(p.event.closed.status, MIDGE_ELOST);
  wait_for(&p, MIDGE_EVENT_OPENED);
  program_stop(&p);
  broker_stop(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_place_is_told_and_connect_is_written),
      cmocka_unit_test(a_transport_that_cannot_be_made_is_a_failed_attempt),
      cmocka_unit_test(a_broken_transport_is_followed_by_another),
      cmocka_unit_test(words_that_are_too_long_are_cut),
      cmocka_unit_test(the_end_of_the_stream_is_the_server_s),
      cmocka_unit_test(nonsense_is_ignored),
      cmocka_unit_test(what_is_written_is_done_and_what_is_not_comes_again),
      cmocka_unit_test(no_more_is_handed_out_than_may_wait),
      cmocka_unit_test(a_goodbye_leaves_before_our_side_is_ended),
      cmocka_unit_test(who_falls_behind_is_told_to_stop_reading_and_to_go_on),
      cmocka_unit_test(another_thread_may_carry_the_bytes),
      cmocka_unit_test(a_transport_that_is_never_made_is_late),
      cmocka_unit_test(a_silent_transport_is_dead),
      cmocka_unit_test(what_is_given_up_ends_at_once),
      cmocka_unit_test(a_proxy_is_the_program_s_own_business),
      cmocka_unit_test(a_socket_that_is_given_up_is_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
