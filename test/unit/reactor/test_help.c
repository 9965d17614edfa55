/* The program's thread in the reactor's place: what it answers while the
 * reactor sleeps is done on it, whoever of both has it in the next moment. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "breaker.h"
#include "helping.h"
#include "raw.h"

enum {
  TRIPS = 2000,
  BURST = 7,
  LARGE = 3600, /* bytes, near to what is done by who wishes it */
  FLOOD = 4000, /* messages of LARGE bytes, more than a system takes */
  LIMIT_MS = 200,
};

/* --- Who does it --- */

/* A server without a thread, whose bytes the test reads itself; or a proxy in
 * front of it. Without a keep-alive nothing wakes the reactor but what has to.
 */
static void start_raw(program *p, raw *server, bool is_proxy) {
  static const uint8_t connack[] = {0x20, 2, 0, 0};
  midge_client_options options = {.session = {.version = MIDGE_MQTT_3_1_1,
                                              .clean_start = true,
                                              .keep_alive_off = true}};
  char proxy[80];
  raw_listen(server);
  snprintf(proxy, sizeof proxy, "http%s", server->url + strlen("mqtt"));
  if (is_proxy) options.proxy = midge_slice_text(proxy);
  helping_start(p, is_proxy ? "mqtt://one.test" : server->url, &options, true);
  assert_int_equal(midge_client_connect(p->client), MIDGE_OK);
  raw_accept(server);
  if (is_proxy) {
    raw_read_until(server, MIDGE_TEXT("\r\n\r\n"));
    raw_write(server, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"));
  }
  raw_read_until(server, MIDGE_TEXT("MQTT"));
  raw_write(server, (midge_slice){connack, sizeof connack});
  wait_for(p, MIDGE_EVENT_OPENED);
}

static void publish_one(program *p, unsigned long *count) {
  assert_int_equal(publish_number(p->client, (*count)++, 0), MIDGE_OK);
}

/* A message of QoS 0 is done once it is sent: who sends it wakes the program.
 */
static void an_answer_is_sent_by_who_gives_it(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  unsigned long count = publish_until_woken_here(&p, publish_one);
  assert_true(broker_expect(b, count));
  program_stop(&p);
  broker_stop(b);
}

static void who_does_not_help_is_not_kept_busy(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, false);
  for (unsigned long number = 0; number < 200; number++) {
    assert_int_equal(publish_number(p.client, number, 0), MIDGE_OK);
    wait_for_done(&p, number + 1);
    take_all(&p);
  }
  assert_int_equal(woken_here(), 0);
  program_stop(&p);
  broker_stop(b);
}

/* It has a thread for that, and is not taken from it before the first of them:
 * who has wished much will do so again. */
static void a_burst_is_left_to_the_reactor(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  unsigned long number = 0;
  for (int round = 0; round < 100; round++) {
    for (int i = 0; i < BURST; i++)
      assert_int_equal(publish_number(p.client, number++, 0), MIDGE_OK);
    wait_for_done(&p, number);
    take_all(&p);
    if (round == 0) forget_wakes();
  }
  assert_true(broker_expect(b, number));
  assert_int_equal(woken_here(), 0);
  program_stop(&p);
  broker_stop(b);
}

/* Its time begins when it is given, and the reactor comes back for it. */
static void an_answer_has_its_time(void **state) {
  (void)state;
  program p;
  raw server;
  const midge_publish first = {.topic = MIDGE_TEXT("t")};
  const midge_publish limited = {.topic = MIDGE_TEXT("t"),
                                 .qos = MIDGE_AT_LEAST_ONCE,
                                 .timeout_ms = LIMIT_MS};
  start_raw(&p, &server, false);
  assert_int_equal(midge_client_publish(p.client, &first, 1), MIDGE_OK);
  wait_for_done(&p, 1);
  take_all(&p);
  usleep(2 * LIMIT_MS * 1000); /* its loop's clock stands */
  uint64_t begin = now_ms();
  assert_int_equal(midge_client_publish(p.client, &limited, 2), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.status, MIDGE_ETIMEOUT);
  assert_true(now_ms() - begin > LIMIT_MS / 2);
  raw_close(&server);
  program_stop(&p);
}

/* Here a proxy's, which a connection goes through once it is open. */
static void what_goes_through_filters_is_sent_by_who_gives_it(void **state) {
  (void)state;
  program p;
  raw server;
  start_raw(&p, &server, true);
  publish_until_woken_here(&p, publish_one);
  raw_close(&server);
  program_stop(&p);
}

/* --- Hands change at any moment --- */

/* Sends all in order, whoever sends what. */
static void order_holds_when_hands_change(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.echo = true});
  helping_open(&p, b, true);
  unsigned long number = 0;
  for (int trip = 0; trip < TRIPS; trip++) {
    int many = trip % 5 == 4 ? BURST : 1 + trip % 2;
    for (int i = 0; i < many; i++)
      assert_int_equal(publish_number(p.client, number++, trip % 3 == 2),
                       MIDGE_OK);
    wait_for_messages(&p, number - (size_t)(trip % 7 == 6));
    take_all(&p);
  }
  wait_for_done(&p, number);
  assert_true(broker_expect(b, number));
  for (size_t i = 0; i < number; i++) assert_int_equal(broker_number(b, i), i);
  program_stop(&p);
  broker_stop(b);
}

static void connections_break_while_it_helps(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.resets = true});
  helping_open(&p, b, true);
  breaker other;
  breaker_start(&other, b, p.client, 3000);
  unsigned long number = 0;
  uint64_t until = now_ms() + PATIENCE_MS;
  /* Who breaks them may be late on a busy machine. */
  for (int trip = 0; trip < TRIPS / 4 || (p.closed == 0 && now_ms() < until);
       trip++) {
    int many = 1 + trip % 2;
    for (int i = 0; i < many; i++)
      assert_int_equal(publish_number(p.client, number++, 1), MIDGE_OK);
    wait_for_done(&p, number);
    take_all(&p);
  }
  breaker_stop(&other);
  assert_int_equal(p.done, number);
  assert_int_equal(p.failures, 0);
  assert_true(p.closed != 0);
  program_stop(&p);
  broker_stop(b);
}

/* What stays in the mailbox is not overtaken by what does not go through it. */
static void an_answer_comes_behind_what_was_wished_before(void **state) {
  (void)state;
  program p;
  raw server;
  start_raw(&p, &server, false);
  const midge_publish publish = {.topic = MIDGE_TEXT("t"),
                                 .payload = MIDGE_TEXT("x")};
  for (unsigned round = 1; round <= 100; round++) {
    take_all(&p);
    assert_int_equal(midge_client_ping(p.client), MIDGE_OK);
    assert_int_equal(midge_client_publish(p.client, &publish, round), MIDGE_OK);
    uint8_t bytes[8];
    size_t size = 0;
    while (size < sizeof bytes) {
      ssize_t more = read(server.socket, bytes + size, sizeof bytes - size);
      assert_true(more > 0);
      size += (size_t)more;
    }
    assert_memory_equal(bytes, "\xc0\x00\x30\x04\x00\x01tx", sizeof bytes);
    raw_write(&server, MIDGE_TEXT("\xd0\x00"));
    wait_for_done(&p, round);
  }
  raw_close(&server);
  program_stop(&p);
}

static void the_end_comes_right_behind_an_answer(void **state) {
  (void)state;
  for (int i = 0; i < 50; i++) {
    program p;
    broker *b = broker_start(&(broker_options){.echo = true});
    helping_open(&p, b, true);
    for (unsigned long number = 0; number < 5; number++) {
      assert_int_equal(publish_number(p.client, number, 0), MIDGE_OK);
      wait_for_messages(&p, number + 1);
      take_all(&p);
    }
    assert_int_equal(publish_number(p.client, 5, 0), MIDGE_OK);
    if (i % 2 == 0) midge_client_close(p.client);
    program_stop(&p);
    broker_stop(b);
  }
}

/* --- What the system does not take --- */

static void fill_payload(uint8_t *payload, unsigned number) {
  memset(payload, 'x', LARGE);
  for (int i = 0; i < 4; i++) payload[i] = (uint8_t)(number >> (8 * i));
}

/* MQTT 3.1.1: "t" and the payload, a topic of one byte and no identifier. */
static void expect_messages(raw *server, unsigned count) {
  static uint8_t packet[3 + 3 + LARGE];
  static uint8_t payload[LARGE];
  for (unsigned number = 0; number < count; number++) {
    size_t size = 0;
    while (size < sizeof packet) {
      ssize_t more = read(server->socket, packet + size, sizeof packet - size);
      assert_true(more > 0);
      size += (size_t)more;
    }
    fill_payload(payload, number);
    assert_int_equal(packet[0], 0x30);
    assert_memory_equal(packet + 6, payload, LARGE);
  }
}

/* What is left of a message that was sent in part is the reactor's to send. */
static void the_reactor_sends_what_the_system_did_not_take(void **state) {
  (void)state;
  program p;
  raw server;
  uint8_t payload[LARGE];
  start_raw(&p, &server, false);
  for (unsigned number = 0; number < FLOOD; number++) {
    fill_payload(payload, number);
    midge_publish publish = {.topic = MIDGE_TEXT("t"),
                             .payload = {payload, LARGE}};
    assert_int_equal(midge_client_publish(p.client, &publish, number + 1),
                     MIDGE_OK);
    take_all(&p);
  }
  assert_true(p.done < FLOOD);
  /* CONNECT's rest was read with its beginning: it is one write. */
  expect_messages(&server, FLOOD);
  wait_for_done(&p, FLOOD);
  raw_close(&server);
  program_stop(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_is_sent_by_who_gives_it),
      cmocka_unit_test(who_does_not_help_is_not_kept_busy),
      cmocka_unit_test(a_burst_is_left_to_the_reactor),
      cmocka_unit_test(an_answer_has_its_time),
      cmocka_unit_test(what_goes_through_filters_is_sent_by_who_gives_it),
      cmocka_unit_test(order_holds_when_hands_change),
      cmocka_unit_test(connections_break_while_it_helps),
      cmocka_unit_test(an_answer_comes_behind_what_was_wished_before),
      cmocka_unit_test(the_end_comes_right_behind_an_answer),
      cmocka_unit_test(the_reactor_sends_what_the_system_did_not_take),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
