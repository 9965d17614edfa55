/* Much at once: queues, their limits, and the program that falls behind. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static void what_was_published_offline_is_sent_in_order(void **state) {
  (void)state;
  enum { COUNT = 20000 };
  program p;
  broker *b = broker_start(&(broker_options){0});
  char url[64];
  snprintf(url, sizeof url, "%s", url_of(b));
  program_start(&p, url, &(midge_client_options){.ask = true});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  for (unsigned long i = 0; i < COUNT; i++)
    assert_int_equal(publish_number(p.client, i, i % 3), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  expect_silence(&p, 50);
  assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL), MIDGE_OK);
  wait_for_done(&p, COUNT);
  assert_int_equal(p.failures, 0);
  assert_true(broker_expect(b, COUNT));
  unsigned long last[2] = {0,
                           0}; /* order is kept for QoS 0, and for the rest */
  for (size_t i = 0; i < COUNT; i++) {
    unsigned long number = broker_number(b, i);
    unsigned long *before = &last[number % 3 != 0];
    assert_true(number >= *before);
    *before = number;
  }
  program_stop(&p);
  broker_stop(b);
}

static void a_full_queue_refuses_at_once_and_keeps_the_rest(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(
      &p, url_of(b),
      &(midge_client_options){.session.queue_messages_max = 100, .ask = true});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  for (unsigned long i = 0; i < 100; i++)
    assert_int_equal(publish_number(p.client, i, 1), MIDGE_OK);
  for (unsigned long i = 100; i < 110; i++)
    assert_int_equal(publish_number(p.client, i, 1), MIDGE_EQUEUE);
  assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL), MIDGE_OK);
  wait_for_done(&p, 100);
  for (unsigned long i = 0; i < 100; i++) /* there is room again, for as many */
    assert_int_equal(publish_number(p.client, i, 0), MIDGE_OK);
  wait_for_done(&p, 200);
  assert_int_equal(p.failures, 0);
  assert_true(broker_expect(b, 200));
  program_stop(&p);
  broker_stop(b);
}

/* Topic t, payloads "1" and "2": each weighs two bytes in the queue. */
static void a_bundle_takes_the_room_of_its_messages(void **state) {
  (void)state;
  static const uint8_t records[] = {0, 1, 0, 1, 0, 't', '1', 2, 1, 0, '2'};
  const midge_bundle two = {.records = {records, sizeof records}, .count = 2};
  const midge_bundle broken = {.records = {records, sizeof records},
                               .count = 1};
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b),
                &(midge_client_options){.session.queue_messages_max = 5,
                                        .session.queue_bytes_max = 100,
                                        .ask = true});
  assert_int_equal(midge_client_publish_bundle(p.client, &two, 1),
                   MIDGE_ENOCONN);
  assert_int_equal(midge_client_room(p.client).messages, 0);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  assert_int_equal(midge_client_publish_bundle(p.client, &broken, 1),
                   MIDGE_EINVAL);
  for (uint64_t token = 1; token <= 3; token += 2)
    assert_int_equal(midge_client_publish_bundle(p.client, &two, token),
                     MIDGE_OK);
  assert_int_equal(midge_client_publish_bundle(p.client, &two, 5),
                   MIDGE_EQUEUE);
  assert_int_equal(midge_client_room(p.client).messages, 1);
  assert_int_equal(midge_client_room(p.client).bytes, 100 - 8);
  assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL), MIDGE_OK);
  wait_for_done(&p, 2);
  assert_int_equal(p.failures, 0);
  assert_true(broker_expect(b, 4));
  assert_int_equal(midge_client_room(p.client).messages, 5);
  program_stop(&p);
  broker_stop(b);
}

static void bytes_are_limited_as_well(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(
      &p, url_of(b),
      &(midge_client_options){.session.queue_bytes_max = 1000, .ask = true});
  static const uint8_t bytes[1000];
  midge_publish half = {.topic = MIDGE_TEXT("t"), .payload = {bytes, 499}};
  midge_publish much = {.topic = MIDGE_TEXT("t"), .payload = {bytes, 1000}};
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  assert_int_equal(midge_client_publish(p.client, &much, 9), MIDGE_EQUEUE);
  for (int round = 0; round < 3; round++) {
    assert_int_equal(midge_client_publish(p.client, &half, 1), MIDGE_OK);
    assert_int_equal(midge_client_publish(p.client, &half, 2), MIDGE_OK);
    if (round == 0) { /* later on they leave while others are asked for */
      assert_int_equal(publish_number(p.client, 1, 0), MIDGE_EQUEUE);
      assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL), 0);
    }
    wait_for_done(&p, 2 * (size_t)round + 2);
  }
  program_stop(&p);
  broker_stop(b);
}

/* Wishes the session refuses give their room back too. */
static void refused_wishes_leave_the_queue(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b),
                &(midge_client_options){.session.queue_messages_max = 1});
  wait_until_opened(&p);
  midge_publish aliased = {
      .properties = MIDGE_PROPERTIES({.id = MIDGE_TOPIC_ALIAS, .number = 1})};
  for (size_t i = 1; i <= 10; i++) { /* the server allows no alias */
    assert_int_equal(midge_client_publish(p.client, &aliased, i), MIDGE_OK);
    wait_for_done(&p, i);
    assert_int_equal(p.event.done.status, MIDGE_EINVAL);
    assert_int_equal(p.event.done.token, i);
  }
  program_stop(&p);
  broker_stop(b);
}

static void a_publish_is_taken_back_by_its_token(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), &(midge_client_options){.ask = true});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  for (unsigned long i = 0; i < 10; i++)
    assert_int_equal(publish_number(p.client, i, 1), MIDGE_OK);
  assert_int_equal(midge_client_cancel(p.client, 5 + 1), MIDGE_OK);
  assert_int_equal(midge_client_cancel(p.client, 1234), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 5 + 1);
  assert_int_equal(p.event.done.status, MIDGE_ECANCELLED);
  assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL), MIDGE_OK);
  wait_for_done(&p, 10);
  assert_true(broker_expect(b, 9));
  program_stop(&p);
  broker_stop(b);
}

static void token_zero_asks_for_no_event(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b),
                &(midge_client_options){.session.queue_messages_max = 10});
  wait_until_opened(&p);
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  for (int i = 0; i < 100; i++) {
    while (midge_client_publish(p.client, &publish, 0) == MIDGE_EQUEUE)
      usleep(1000);
  }
  while (publish_number(p.client, 41, 1) != MIDGE_OK) usleep(1000);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 42);
  program_stop(&p);
  broker_stop(b);
}

/* The reactor stops reading, the server's sockets fill, and all of it comes
 * when the program looks. */
static void post(void *context) {
  sem_post(context);
}

/* The program is woken, and finds what it was woken for. */
static bool wait_for_wake(sem_t *woken) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_MS / 1000;
  return sem_timedwait(woken, &until) == 0;
}

/* No other event comes, and nobody waits for this one. */
static void a_success_without_a_wake_is_told_in_time(void **state) {
  (void)state;
  sem_t woken;
  program p = {0};
  broker *b = broker_start(&(broker_options){0});
  char url[64];
  snprintf(url, sizeof url, "%s", url_of(b));
  sem_init(&woken, 0, 0);
  midge_reactor_options options = {.wake = post, .context = &woken};
  assert_int_equal(midge_reactor_start(&p.reactor, &options), MIDGE_OK);
  midge_client_options of_client = {.url = {(const uint8_t *)url, strlen(url)}};
  assert_int_equal(midge_client_open(&p.client, p.reactor, &of_client, NULL, 0),
                   MIDGE_OK);
  wait_until_opened(&p);
  midge_publish publish = {.topic = MIDGE_TEXT("t")};
  for (uint64_t i = 1; i <= 3; i++) {
    uint64_t token = i | MIDGE_TOKEN_PATIENT;
    assert_int_equal(midge_client_publish(p.client, &publish, token), MIDGE_OK);
    do /* a wake for what was taken before may come late */
      assert_true(wait_for_wake(&woken));
    while (!midge_reactor_event(p.reactor, &p.event));
    assert_int_equal(p.event.type, MIDGE_EVENT_DONE);
    assert_true(p.event.done.token == token);
    assert_false(midge_reactor_event(p.reactor, &p.event));
  }
  program_stop(&p);
  broker_stop(b);
  sem_destroy(&woken);
}

static void a_program_that_does_not_look_stops_the_server(void **state) {
  (void)state;
  enum { COUNT = 30000 };
  broker *b = broker_start(&(broker_options){.flood = COUNT});
  program p = {0};
  midge_reactor_options of_reactor = {0};
  char url[64];
  snprintf(url, sizeof url, "%s", url_of(b));
  assert_int_equal(midge_reactor_start(&p.reactor, &of_reactor), MIDGE_OK);
  midge_client_options options = {.url = {(const uint8_t *)url, strlen(url)},
                                  .event_bytes_max = 200000,
                                  .session.keep_alive_s = 3};
  assert_int_equal(midge_client_open(&p.client, p.reactor, &options, NULL, 0),
                   MIDGE_OK);
  wait_until_opened(&p);
  midge_subscription all = {.filter = MIDGE_TEXT("flood")};
  assert_int_equal(
      midge_client_subscribe(p.client, &all, 1, (midge_request_options){0}, 1),
      0);

  size_t before, sent = 0;
  do { /* until the server gets nothing more out */
    before = sent;
    usleep(500000);
    sent = broker_sent(b);
  } while (sent != before || sent < 1000);
  assert_true(sent < (size_t)COUNT * 1000);
  usleep(5500000); /* longer than it may take to answer PINGREQ */

  for (size_t i = 0; i < COUNT; i++) {
    wait_for(&p, MIDGE_EVENT_MESSAGE);
    if (i == 0) p.closed = 0; /* a slow machine may be late before the flood */
    assert_int_equal(
        strtoul((const char *)p.event.message.payload.data, NULL, 10), i);
  }
  assert_int_equal(p.closed, 0);
  midge_reactor_stop(p.reactor);
  broker_stop(b);
}

/* Both sides write more than sockets hold before they read: neither may wait
 * for the other. */
static void an_echo_of_much_does_not_block(void **state) {
  (void)state;
  enum { COUNT = 3000, SIZE = 10000 };
  program p;
  broker *b = broker_start(&(broker_options){.echo = true});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  static uint8_t payload[SIZE];
  for (size_t i = 0; i < COUNT; i++) {
    snprintf((char *)payload, sizeof payload, "%zu", i);
    midge_publish publish = {.topic = MIDGE_TEXT("echo"),
                             .payload = {payload, sizeof payload},
                             .qos = i % 3};
    assert_int_equal(midge_client_publish(p.client, &publish, i + 1), 0);
  }
  while (p.messages < COUNT || p.done < COUNT) {
    if (p.messages < COUNT)
      wait_for_messages(&p, p.messages + 1);
    else
      wait_for_done(&p, COUNT);
  }
  assert_int_equal(p.closed, 0);
  program_stop(&p);
  broker_stop(b);
}

enum { THREADS = 8, EACH = 5000 };

static void *publish_many(void *context) {
  midge_client *client = context;
  for (unsigned long i = 0; i < EACH; i++)
    if (publish_number(client, i, i % 3) != MIDGE_OK) return context;
  return NULL;
}

static void many_threads_may_wish(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  pthread_t threads[THREADS];
  for (size_t t = 0; t < THREADS; t++)
    pthread_create(&threads[t], NULL, publish_many, p.client);
  wait_for_done(&p, (size_t)THREADS * EACH);
  for (size_t t = 0; t < THREADS; t++) {
    void *failed;
    pthread_join(threads[t], &failed);
    assert_null(failed);
  }
  assert_int_equal(p.failures, 0);
  assert_true(broker_expect(b, THREADS * EACH));
  program_stop(&p);
  broker_stop(b);
}

static void two_hundred_clients_share_a_reactor(void **state) {
  (void)state;
  enum { CLIENTS = 200 };
  program p;
  midge_client *clients[CLIENTS];
  broker *b = broker_start(&(broker_options){0});
  const char *url = url_of(b);
  program_start(&p, url, NULL);
  for (size_t i = 0; i < CLIENTS; i++) {
    midge_client_options options = {.url = {(const uint8_t *)url, strlen(url)}};
    assert_int_equal(
        midge_client_open(&clients[i], p.reactor, &options, NULL, 0), 0);
    assert_int_equal(midge_client_connect(clients[i]), MIDGE_OK);
    for (unsigned long m = 0; m < 10; m++)
      assert_int_equal(publish_number(clients[i], m, 1), MIDGE_OK);
  }
  wait_for_done(&p, CLIENTS * 10);
  assert_int_equal(p.failures, 0);
  assert_int_equal(broker_connections(b), CLIENTS);
  for (size_t i = 0; i < CLIENTS; i++) midge_client_close(clients[i]);
  for (size_t i = 0; i < CLIENTS; i++) wait_for(&p, MIDGE_EVENT_ENDED);
  assert_int_equal(p.closed, CLIENTS);
  assert_int_equal(broker_goodbyes(b), CLIENTS);
  program_stop(&p);
  broker_stop(b);
}

/* What was on its way when the connection broke is sent again. */
static void nothing_is_lost_when_the_server_drops_us(void **state) {
  (void)state;
  enum { COUNT = 3000 };
  program p;
  broker *b = broker_start(&(broker_options){.drop_after = 1000});
  program_start(&p, url_of(b),
                &(midge_client_options){.session.in_flight_max = 50});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  for (unsigned long i = 0; i < COUNT; i++)
    assert_int_equal(publish_number(p.client, i, 1), MIDGE_OK);
  wait_for_done(&p, COUNT);
  assert_int_equal(p.failures, 0);
  assert_true(p.closed >= 2);
  static bool seen[COUNT];
  for (size_t i = 0; i < broker_count(b); i++) seen[broker_number(b, i)] = true;
  for (size_t i = 0; i < COUNT; i++) assert_true(seen[i]);
  program_stop(&p);
  broker_stop(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_published_offline_is_sent_in_order),
      cmocka_unit_test(a_full_queue_refuses_at_once_and_keeps_the_rest),
      cmocka_unit_test(a_bundle_takes_the_room_of_its_messages),
      cmocka_unit_test(bytes_are_limited_as_well),
      cmocka_unit_test(refused_wishes_leave_the_queue),
      cmocka_unit_test(a_publish_is_taken_back_by_its_token),
      cmocka_unit_test(token_zero_asks_for_no_event),
      cmocka_unit_test(a_success_without_a_wake_is_told_in_time),
      cmocka_unit_test(a_program_that_does_not_look_stops_the_server),
      cmocka_unit_test(an_echo_of_much_does_not_block),
      cmocka_unit_test(many_threads_may_wish),
      cmocka_unit_test(two_hundred_clients_share_a_reactor),
      cmocka_unit_test(nothing_is_lost_when_the_server_drops_us),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
