/* What the reactor does between a link and the system. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const midge_properties none = {NULL, 0};

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

/* Another client of the program's reactor. */
static midge_client *open_other(program *p, const char *url,
                                midge_client_options options) {
  midge_client *client;
  options.url = text(url);
  assert_int_equal(midge_client_open(&client, p->reactor, &options, NULL, 0),
                   MIDGE_OK);
  return client;
}

/* Both meet in the middle: the refusal ends the attempts for good while the
 * program says goodbye. */
static void a_refusal_and_a_goodbye_are_told_once(void **state) {
  (void)state;
  enum { ROUNDS = 300 };
  program p;
  broker *b =
      broker_start(&(broker_options){.refuse = MIDGE_REASON_NOT_AUTHORIZED});
  program_start(&p, url_of(b), NULL);
  size_t accepted = 0, ends = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
    accepted++;
    usleep(round % 30 * 40);
    midge_status status = midge_client_disconnect(p.client, 0, none, false);
    assert_true(status == MIDGE_OK || status == MIDGE_ENOCONN);
    do wait_for(&p, MIDGE_EVENT_CLOSED);
    while (p.event.closed.retry_ms != MIDGE_NEVER);
    ends++;
    assert_int_equal(p.event.connect, accepted);
  }
  expect_silence(&p, 50);
  assert_int_equal(ends, accepted);
  program_stop(&p);
  broker_stop(b);
}

static void events_carry_the_numbers_of_attempt_and_connect(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  for (uint32_t round = 1; round <= 3; round++) {
    wait_until_opened(&p);
    assert_int_equal(p.event.connect, round);
    assert_int_equal(p.event.attempt, p.attempt);
    uint32_t attempt = p.attempt;
    broker_drop(b);
    wait_for(&p, MIDGE_EVENT_CLOSED);
    assert_int_equal(p.event.attempt, attempt);
    wait_for(&p, MIDGE_EVENT_OPENED);
    assert_true(p.event.attempt > attempt);
    assert_int_equal(p.event.connect, round);
    assert_int_equal(midge_client_disconnect(p.client, 0, none, false), 0);
    wait_for_end(&p, MIDGE_OK);
    assert_int_equal(p.event.connect, round);
  }
  program_stop(&p);
  broker_stop(b);
}

/* Nobody takes events, so nobody reads; no keep-alive would tell either. */
static void expect_reset_while_paused(const char *path) {
  program p;
  midge_client_options options = {.event_bytes_max = 100000,
                                  .session.keep_alive_off = true};
  broker *b = broker_start(
      &(broker_options){.flood = 30000, .resets = true, .path = path});
  char url[100];
  snprintf(url, sizeof url, path != NULL ? "unix:%s" : "%s",
           path != NULL ? path : url_of(b));
  program_start(&p, url, &options);
  wait_until_opened(&p);
  midge_subscription all = {.filter = MIDGE_TEXT("flood")};
  assert_int_equal(
      midge_client_subscribe(p.client, &all, 1, (midge_request_options){0}, 1),
      MIDGE_OK);
  size_t before, sent = 0;
  do {
    before = sent;
    usleep(300000);
    sent = broker_sent(b);
  } while (sent != before || sent < 1000);
  broker_drop(b);
  for (int i = 0; i < 300 && broker_connections(b) < 2; i++) usleep(50000);
  assert_true(broker_connections(b) >= 2); /* it was noticed, and came back */
  program_stop(&p);
  broker_stop(b);
}

static void a_reset_is_noticed_while_nothing_is_read(void **state) {
  (void)state;
  char path[64];
  expect_reset_while_paused(NULL);
  snprintf(path, sizeof path, "/tmp/midge-transport-%d.sock", (int)getpid());
  expect_reset_while_paused(path);
}

/* Acknowledgements are read on: each publish needs the one before. */
static void a_flooded_client_holds_back_no_other(void **state) {
  (void)state;
  enum { COUNT = 200 };
  program p;
  broker *loud = broker_start(&(broker_options){.flood = 30000});
  broker *quiet = broker_start(&(broker_options){0});
  program_start(&p, url_of(loud),
                &(midge_client_options){.event_bytes_max = 100000});
  wait_until_opened(&p);
  midge_client *other = open_other(
      &p, url_of(quiet), (midge_client_options){.session.in_flight_max = 1});
  midge_subscription all = {.filter = MIDGE_TEXT("flood")};
  assert_int_equal(
      midge_client_subscribe(p.client, &all, 1, (midge_request_options){0}, 1),
      MIDGE_OK);
  size_t before, sent = 0;
  do {
    before = sent;
    usleep(300000);
    sent = broker_sent(loud);
  } while (sent != before || sent < 1000);
  assert_true(sent < (size_t)30000 * 1000);
  assert_int_equal(midge_client_connect(other), MIDGE_OK);
  for (unsigned long i = 0; i < COUNT; i++)
    assert_int_equal(publish_number(other, i, 1), MIDGE_OK);
  assert_true(broker_expect(quiet, COUNT));
  program_stop(&p);
  broker_stop(quiet);
  broker_stop(loud);
}

/* Whether what was published is answered or not: there are a few milliseconds
 * for it, and DISCONNECT leaves in any case. */
static void the_end_waits_for_a_goodbye(void **state) {
  (void)state;
  for (int round = 0; round < 15; round++) {
    program p;
    broker *b = broker_start(&(broker_options){0});
    program_start(&p, url_of(b), NULL);
    wait_until_opened(&p);
    for (unsigned long i = 0; i < 100; i++)
      assert_int_equal(publish_number(p.client, i, i % 3), MIDGE_OK);
    assert_int_equal(midge_client_disconnect(p.client, 0, none, false), 0);
    program_stop(&p);
    for (int i = 0; i < 500 && broker_goodbyes(b) == 0; i++) usleep(10000);
    assert_int_equal(broker_goodbyes(b), 1);
    assert_int_equal(broker_count(b), 100);
    broker_stop(b);
  }
}

/* Who was not told to leave does not: the server publishes its will. */
static void the_end_says_no_goodbye_of_its_own(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  program_stop(&p);
  usleep(100000);
  assert_int_equal(broker_goodbyes(b), 0);
  broker_stop(b);
}

static void a_zone_that_is_not_there_is_named(void **state) {
  (void)state;
  program p;
  program_start(&p, "mqtt://[fe80::1%25nosuch0]:1883", NULL);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_true(slice_is(p.event.closed.code, "ENODEV"));
  char why[300] = "";
  memcpy(why, p.event.closed.text.data, p.event.closed.text.size);
  assert_non_null(strstr(why, "fe80::1%nosuch0"));
  program_stop(&p);
}

/* By the name of the interface, or by its number: 1 is the loopback's. */
static void an_error_shows_the_zone(void **state) {
  (void)state;
  static const char *const urls[] = {"mqtt://[fe80::1%25lo]:1",
                                     "mqtt://[fe80::1%251]:1"};
  for (size_t i = 0; i < 2; i++) {
    program p;
    program_start(&p, urls[i], NULL);
    assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
    wait_for(&p, MIDGE_EVENT_CLOSED);
    char why[300] = "";
    memcpy(why, p.event.closed.text.data, p.event.closed.text.size);
    assert_non_null(strstr(why, "[fe80::1%lo]:1"));
    program_stop(&p);
  }
}

/* The first interface of every system is the loopback one. */
static void a_zone_may_be_the_number_of_an_interface(void **state) {
  (void)state;
  const char *const urls[] = {"mqtt://[fe80::1%251]:1", "mqtt://[fe80::1%1]:1",
                              "mqtt://[fe80::1%9999]:1"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    program p;
    program_start(&p, urls[i], NULL);
    assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
    wait_for(&p, MIDGE_EVENT_CLOSED);
    char why[300] = "";
    memcpy(why, p.event.closed.text.data, p.event.closed.text.size);
    bool is_known = strstr(why, "no network interface") == NULL;
    assert_int_equal(is_known, i < 2);
    program_stop(&p);
  }
}

/* The second takes over, and is tried first from then on. */
static void another_server_takes_over(void **state) {
  (void)state;
  program p;
  broker *gone = broker_start(&(broker_options){0});
  broker *other = broker_start(&(broker_options){0});
  char url[64];
  snprintf(url, sizeof url, "%s", url_of(gone));
  broker_stop(gone);
  midge_slice servers[] = {text(url_of(other))};
  program_start(&p, url,
                &(midge_client_options){.servers = servers,
                                        .server_count = 1,
                                        .reconnect.min_ms = 10000,
                                        .reconnect.max_ms = 10000});
  wait_until_opened(&p); /* at once: no server is waited for twice */
  assert_int_equal(p.attempt, 2);
  broker_drop(other);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_in_range(p.event.closed.retry_ms, 10000, 10000);
  assert_int_equal(midge_client_reconnect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(p.attempt, 3);
  program_stop(&p);
  broker_stop(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_refusal_and_a_goodbye_are_told_once),
      cmocka_unit_test(events_carry_the_numbers_of_attempt_and_connect),
      cmocka_unit_test(a_reset_is_noticed_while_nothing_is_read),
      cmocka_unit_test(a_flooded_client_holds_back_no_other),
      cmocka_unit_test(the_end_waits_for_a_goodbye),
      cmocka_unit_test(the_end_says_no_goodbye_of_its_own),
      cmocka_unit_test(a_zone_that_is_not_there_is_named),
      cmocka_unit_test(an_error_shows_the_zone),
      cmocka_unit_test(a_zone_may_be_the_number_of_an_interface),
      cmocka_unit_test(another_server_takes_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
