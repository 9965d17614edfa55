/* Clients and their connections: up, down, and up again. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const midge_properties none = {NULL, 0};

static void it_connects_publishes_and_says_goodbye(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  assert_int_equal(p.event.connecting.retry, 1);
  assert_ptr_equal(p.event.context, &p);
  wait_for(&p, MIDGE_EVENT_OPENED);
  for (int qos = 0; qos < 3; qos++) {
    assert_int_equal(publish_number(p.client, (unsigned long)qos, qos), 0);
    wait_for(&p, MIDGE_EVENT_DONE);
    assert_int_equal(p.event.done.token, qos + 1);
    assert_int_equal(p.event.done.status, MIDGE_OK);
  }
  assert_int_equal(midge_client_disconnect(p.client, 0, none, false), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_OK);
  assert_int_equal(p.event.closed.by, MIDGE_SIDE_SELF);
  assert_true(p.event.closed.retry_ms == MIDGE_NEVER);
  assert_true(broker_expect(b, 3));
  assert_int_equal(broker_goodbyes(b), 1);
  expect_silence(&p, 100);
  program_stop(&p);
  broker_stop(b);
}

static void calls_in_the_wrong_order_are_refused(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  midge_subscription all = {.filter = MIDGE_TEXT("#")};
  midge_slice filter = MIDGE_TEXT("#");
  for (int round = 0; round < 2; round++) { /* before, and after */
    assert_int_equal(publish_number(p.client, 1, 0), MIDGE_ENOCONN);
    assert_int_equal(midge_client_subscribe(p.client, &all, 1,
                                            (midge_request_options){0}, 1),
                     MIDGE_ENOCONN);
    assert_int_equal(midge_client_unsubscribe(p.client, &filter, 1,
                                              (midge_request_options){0}, 1),
                     MIDGE_ENOCONN);
    assert_int_equal(midge_client_disconnect(p.client, 0, none, false),
                     MIDGE_ENOCONN);
    assert_int_equal(midge_client_reconnect(p.client), MIDGE_ENOCONN);
    assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL),
                     MIDGE_ENOCONN);
    /* Afterwards the session may be there, and heed an answer of QoS 2. */
    midge_status answered = round == 0 ? MIDGE_ENOCONN : MIDGE_OK;
    assert_int_equal(
        midge_client_acknowledge(p.client, 1, 0, MIDGE_AT_LEAST_ONCE, 0),
        answered);
    assert_int_equal(midge_client_acknowledge_list(
                         p.client, &(midge_answer){.packet_id = 1}, 1, 0),
                     answered);
    assert_int_equal(midge_client_acknowledge_delivery(p.client, 1), answered);
    wait_until_opened(&p);
    assert_int_equal(midge_client_connect(p.client), MIDGE_EINVAL);
    assert_int_equal(midge_client_disconnect(p.client, 0, none, false),
                     MIDGE_OK);
    wait_for_end(&p, MIDGE_OK);
  }
  program_stop(&p);
  broker_stop(b);
}

static void wrong_arguments_are_refused_at_once(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  midge_publish wrong = {.topic = MIDGE_TEXT("a/#")};
  midge_subscription bad = {.filter = MIDGE_TEXT("a#")};
  assert_int_equal(midge_client_publish(p.client, &wrong, 1), MIDGE_EINVAL);
  assert_int_equal(midge_client_set_will(p.client, &wrong), MIDGE_EINVAL);
  assert_int_equal(
      midge_client_subscribe(p.client, &bad, 1, (midge_request_options){0}, 1),
      MIDGE_EINVAL);
  assert_int_equal(midge_client_unsubscribe(p.client, NULL, 0,
                                            (midge_request_options){0}, 1),
                   MIDGE_EINVAL);
  assert_int_equal(midge_client_cancel(p.client, 0), MIDGE_EINVAL);
  assert_int_equal(
      midge_client_acknowledge(p.client, 0, 0, MIDGE_AT_LEAST_ONCE, 0),
      MIDGE_EINVAL);
  assert_int_equal(
      midge_client_acknowledge(p.client, 1, 1, MIDGE_AT_LEAST_ONCE, 0),
      MIDGE_EINVAL);
  const midge_answer impossible[] = {{.packet_id = 1}, {.packet_id = 0}};
  assert_int_equal(midge_client_acknowledge_list(p.client, impossible, 2, 0),
                   MIDGE_EINVAL);
  assert_int_equal(
      midge_client_acknowledge_list(
          p.client, &(midge_answer){.packet_id = 1, .reason = 1}, 1, 0),
      MIDGE_EINVAL);
  assert_int_equal(midge_client_acknowledge_list(p.client, impossible, 1, 0),
                   MIDGE_OK); /* nothing comes of it */
  assert_int_equal(midge_client_authenticate(p.client, 0, none), MIDGE_EINVAL);
  assert_int_equal(midge_client_disconnect(p.client, 1, none, false),
                   MIDGE_EINVAL);
  expect_silence(&p, 50);
  program_stop(&p);
  broker_stop(b);
}

static void refuse_to_open(program *p, midge_client_options options,
                           midge_status status, const char *part_of_why) {
  char why[256];
  midge_client *client;
  if (options.url.data == NULL) options.url = MIDGE_TEXT("mqtt://localhost");
  assert_int_equal(
      midge_client_open(&client, p->reactor, &options, why, sizeof why),
      status);
  if (strstr(why, part_of_why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", why, part_of_why);
}

static void options_that_cannot_be_are_refused(void **state) {
  (void)state;
  program p;
  program_start(&p, "mqtt://localhost", NULL);
  refuse_to_open(&p, (midge_client_options){.url = MIDGE_TEXT("localhost")},
                 MIDGE_EINVAL, "mqtt");
  refuse_to_open(&p, (midge_client_options){.proxy = MIDGE_TEXT("ftp://x")},
                 MIDGE_EINVAL, "socks5");
  refuse_to_open(&p, (midge_client_options){.local_address = MIDGE_TEXT("x")},
                 MIDGE_EINVAL, "IP address");
  refuse_to_open(
      &p, (midge_client_options){.session.client_id = MIDGE_TEXT("\xff")},
      MIDGE_EUTF8, "UTF-8");
  refuse_to_open(&p,
                 (midge_client_options){
                     .url = MIDGE_TEXT("unix:/x"),
                     .proxy = MIDGE_TEXT("http://x"),
                 },
                 MIDGE_EINVAL, "Unix socket");
  refuse_to_open(&p,
                 (midge_client_options){
                     .url = MIDGE_TEXT("mqtts://localhost"),
                     .tls.ca_file = MIDGE_TEXT("/nowhere/ca.pem"),
                 },
                 MIDGE_ETLS, "/nowhere/ca.pem");
  refuse_to_open(&p,
                 (midge_client_options){
                     .url = MIDGE_TEXT("ws://localhost"),
                     .websocket = {&MIDGE_TEXT("X: a\r\nb"), 1},
                 },
                 MIDGE_EINVAL, "header");
  refuse_to_open(&p, (midge_client_options){.session.durable = true},
                 MIDGE_ENOTSUP, "store");
  program_stop(&p);
}

static void it_comes_back_after_a_drop(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  for (size_t i = 1; i <= 5; i++) {
    broker_drop(b);
    wait_for(&p, MIDGE_EVENT_CLOSED);
    assert_int_equal(p.event.closed.status, MIDGE_ELOST);
    assert_int_equal(p.event.closed.by, MIDGE_SIDE_NETWORK);
    assert_in_range(p.event.closed.retry_ms, 1, 200);
    assert_true(p.event.closed.text.size != 0);
    wait_for(&p, MIDGE_EVENT_CONNECTING);
    assert_int_equal(p.event.connecting.retry, i + 1);
    wait_for(&p, MIDGE_EVENT_OPENED);
  }
  assert_int_equal(broker_connections(b), 6);
  program_stop(&p);
  broker_stop(b);
}

static void a_stable_link_counts_attempts_anew(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b),
                &(midge_client_options){.reconnect.stable_ms = 1});
  wait_until_opened(&p);
  expect_silence(&p, 50);
  broker_drop(b);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  assert_int_equal(p.event.connecting.retry, 1);
  program_stop(&p);
  broker_stop(b);
}

static void one_attempt_only_if_reconnecting_is_off(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), &(midge_client_options){.reconnect.off = true});
  for (int round = 0; round < 3; round++) {
    wait_until_opened(&p);
    broker_drop(b);
    wait_for(&p, MIDGE_EVENT_CLOSED);
    assert_true(p.event.closed.retry_ms == MIDGE_NEVER);
    expect_silence(&p, 50);
    assert_int_equal(publish_number(p.client, 1, 0), MIDGE_ENOCONN);
  }
  program_stop(&p);
  broker_stop(b);
}

static void a_refusal_that_lasts_ends_the_attempts(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(
      &(broker_options){.refuse = MIDGE_REASON_BAD_USER_NAME_OR_PASSWORD});
  program_start(&p, url_of(b), NULL);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  assert_int_equal(publish_number(p.client, 1, 1), MIDGE_OK);
  wait_for_end(&p, -MIDGE_REASON_BAD_USER_NAME_OR_PASSWORD);
  assert_int_equal(p.event.closed.reason, 0x86);
  assert_true(p.event.closed.lasting);
  assert_true(
      slice_is(p.event.closed.code, "MIDGE_REASON_BAD_USER_NAME_OR_PASSWORD"));
  /* It cannot be done any more, and says so; behind the end, if this thread was
   * slow to wish it. */
  wait_for_done(&p, 1);
  assert_int_equal(p.failures, 1);
  assert_int_equal(midge_client_disconnect(p.client, 0, none, false),
                   MIDGE_ENOCONN);
  expect_silence(&p, 100);
  assert_int_equal(broker_connections(b), 1);
  program_stop(&p);
  broker_stop(b);
}

static void other_refusals_are_tried_again(void **state) {
  (void)state;
  program p;
  broker *b =
      broker_start(&(broker_options){.refuse = MIDGE_REASON_SERVER_BUSY});
  program_start(&p, url_of(b), NULL);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  for (int i = 0; i < 3; i++) {
    wait_for(&p, MIDGE_EVENT_CLOSED);
    assert_int_equal(p.event.closed.status, -MIDGE_REASON_SERVER_BUSY);
    assert_true(p.event.closed.retry_ms != MIDGE_NEVER);
  }
  program_stop(&p);
  broker_stop(b);
}

static void lasting_refusals_too_if_asked_to(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.refuse = MIDGE_REASON_BANNED});
  program_start(&p, url_of(b),
                &(midge_client_options){.reconnect.lasting = true});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  for (int i = 0; i < 3; i++) wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_true(p.event.closed.retry_ms != MIDGE_NEVER);
  program_stop(&p);
  broker_stop(b);
}

static void an_older_version_is_tried_at_once(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.old = true});
  program_start(
      &p, url_of(b),
      &(midge_client_options){.session.negotiate = true,
                              .session.client_id = MIDGE_TEXT("negotiator"),
                              .reconnect = {.off = true, .min_ms = 3600000}});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.retry_ms, 0);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(p.event.opened.version, MIDGE_MQTT_3_1_1);
  program_stop(&p);
  broker_stop(b);
}

/* A kick right after CONNACK must not be answered at full speed. */
static void kicks_are_backed_off_from(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.goodbye_at_once = true});
  program_start(
      &p, url_of(b),
      &(midge_client_options){.reconnect = {.min_ms = 20, .max_ms = 5000}});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  uint64_t longest = 0;
  for (int i = 0; i < 100 && longest <= 60; i++) { /* chance draws them */
    wait_for(&p, MIDGE_EVENT_CLOSED);
    if (p.event.closed.retry_ms > longest) longest = p.event.closed.retry_ms;
  }
  assert_true(longest > 60);
  program_stop(&p);
  broker_stop(b);
}

static void a_mute_server_is_given_up_in_time(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.mute = true});
  program_start(&p, url_of(b),
                &(midge_client_options){.connect_timeout_ms = 100});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ETIMEOUT);
  assert_true(slice_is(p.event.closed.code, "ETIMEDOUT"));
  wait_for(&p, MIDGE_EVENT_CONNECTING); /* and tried again */
  program_stop(&p);
  broker_stop(b);
}

static void a_silent_server_is_noticed_by_the_keep_alive(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.deaf_after_connack = true});
  program_start(&p, url_of(b),
                &(midge_client_options){.session.keep_alive_s = 1});
  wait_until_opened(&p);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_EKEEPALIVE);
  assert_true(slice_is(p.event.closed.code, "MIDGE_EKEEPALIVE"));
  program_stop(&p);
  broker_stop(b);
}

static void a_reconnect_is_made_at_once(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  midge_client_options slow = {
      .reconnect = {.min_ms = 3600000, .max_ms = 3600000}};
  program_start(&p, url_of(b), &slow);
  wait_until_opened(&p);
  assert_int_equal(midge_client_reconnect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.retry_ms, 0);
  wait_for(&p, MIDGE_EVENT_OPENED);
  broker_drop(b);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.retry_ms, 3600000);
  assert_int_equal(midge_client_reconnect(p.client), MIDGE_OK); /* waiting */
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(broker_connections(b), 3);
  program_stop(&p);
  broker_stop(b);
}

static void each_attempt_waits_for_proceed(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  broker *other = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), &(midge_client_options){.ask = true});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  expect_silence(&p, 50);
  assert_int_equal(broker_connections(b), 0);
  assert_int_equal(midge_client_proceed(p.client, p.attempt, NULL), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(broker_connections(b), 1);

  broker_drop(b);
  wait_for(&p, MIDGE_EVENT_CONNECTING);
  const char *url = url_of(other);
  midge_attempt wrong = {.url = MIDGE_TEXT("nowhere")};
  assert_int_equal(midge_client_proceed(p.client, p.attempt, &wrong),
                   MIDGE_EINVAL);
  midge_attempt elsewhere = {
      .url = {(const uint8_t *)url, strlen(url)},
      .user_name = MIDGE_TEXT("user"),
      .password = MIDGE_TEXT("token"),
  };
  assert_int_equal(midge_client_proceed(p.client, p.attempt, &elsewhere),
                   MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(broker_connections(other), 1);
  program_stop(&p);
  broker_stop(b);
  broker_stop(other);
}

static void a_unix_socket_works_as_well(void **state) {
  (void)state;
  program p;
  char path[64], url[80];
  snprintf(path, sizeof path, "/tmp/midge-test-%d.sock", (int)getpid());
  snprintf(url, sizeof url, "unix:%s", path);
  program_start(&p, url, NULL);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_EERRNO);
  assert_true(slice_is(p.event.closed.code, "ENOENT"));
  broker *b = broker_start(&(broker_options){.path = path});
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(publish_number(p.client, 7, 1), MIDGE_OK);
  wait_for_done(&p, 1);
  program_stop(&p);
  broker_stop(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_connects_publishes_and_says_goodbye),
      cmocka_unit_test(calls_in_the_wrong_order_are_refused),
      cmocka_unit_test(wrong_arguments_are_refused_at_once),
      cmocka_unit_test(options_that_cannot_be_are_refused),
      cmocka_unit_test(it_comes_back_after_a_drop),
      cmocka_unit_test(a_stable_link_counts_attempts_anew),
      cmocka_unit_test(one_attempt_only_if_reconnecting_is_off),
      cmocka_unit_test(a_refusal_that_lasts_ends_the_attempts),
      cmocka_unit_test(other_refusals_are_tried_again),
      cmocka_unit_test(lasting_refusals_too_if_asked_to),
      cmocka_unit_test(an_older_version_is_tried_at_once),
      cmocka_unit_test(kicks_are_backed_off_from),
      cmocka_unit_test(a_mute_server_is_given_up_in_time),
      cmocka_unit_test(a_silent_server_is_noticed_by_the_keep_alive),
      cmocka_unit_test(a_reconnect_is_made_at_once),
      cmocka_unit_test(each_attempt_waits_for_proceed),
      cmocka_unit_test(a_unix_socket_works_as_well),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
