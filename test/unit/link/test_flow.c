/* Bytes, wishes and their ends, through a link that is up. */
#include <string.h>

#include "life.h"

static life l;

static void begin(midge_client_options options) {
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

static void receive_message(size_t size) {
  uint8_t packet[2000] = {0x30};
  size_t remaining = 4 + size;
  assert_true(remaining >= 128 && size + 7 < sizeof packet);
  packet[1] = (uint8_t)(remaining | 0x80);
  packet[2] = (uint8_t)(remaining >> 7);
  packet[4] = 1;
  packet[5] = 't';
  receive(&l, midge_slice_of(packet, 3 + remaining));
}

/* --- Receiving --- */

/* The begin of a message of LARGE bytes with its topic. */
enum { LARGE = 100000, READ = 40000 };
static const uint8_t large[] = {0x30, 0xa4, 0x8d, 0x06, 0, 1, 't', 0};

static void a_large_message_is_received_where_it_lies(void **state) {
  (void)state;
  begin((midge_client_options){0});
  open_up(&l);
  uint32_t attempt = midge_link_attempt(l.link);
  uint8_t rest[LARGE], *place;
  size_t size, come = 0;
  assert_null(midge_link_room(l.link, attempt, READ, &size));
  receive(&l, midge_slice_of(large, sizeof large));
  while ((place = midge_link_room(l.link, attempt, READ, &size)) != NULL) {
    assert_in_range(size, 1, READ);
    for (size_t i = 0; i < size; i++) place[i] = (uint8_t)((come + i) % 251);
    receive(&l, midge_slice_of(place, size));
    come += size;
  }
  assert_in_range(come, LARGE / 2, LARGE - 1);
  expect_nothing(&l);
  for (size_t i = 0; i < LARGE; i++) rest[i] = (uint8_t)(i % 251);
  receive(&l, midge_slice_of(rest + come, LARGE - come));
  expect(&l, MIDGE_EVENT_MESSAGE);
  assert_true(midge_slice_equal(l.event.message.payload,
                                midge_slice_of(rest, sizeof rest)));
  assert_null(midge_link_room(l.link, attempt, READ, &size));
  life_end(&l);
}

static void a_large_message_that_broke_off_has_no_room(void **state) {
  (void)state;
  begin((midge_client_options){0});
  open_up(&l);
  uint32_t attempt = midge_link_attempt(l.link);
  size_t size;
  receive(&l, midge_slice_of(large, sizeof large));
  assert_non_null(midge_link_room(l.link, attempt, READ, &size));
  wish(&l, MIDGE_WISH_ABORT);
  assert_null(midge_link_room(l.link, attempt, READ, &size));
  life_end(&l);
}

/* --- Reading --- */

/* What is held for the program counts, and a small mark holds to a message. */
static void reading_stops_above_the_mark(void **state) {
  (void)state;
  begin((midge_client_options){.event_bytes_max = 3000, .session.hold = true});
  assert_false(midge_link_reading(l.link)); /* no transport yet */
  open_up(&l);
  assert_true(midge_link_reading(l.link));
  int count = 0;
  for (; midge_link_reading(l.link) && count < 50; count++)
    receive_message(1000);
  assert_in_range(count, 2, 4);
  expect_nothing(&l);
  midge_link_wish(l.link,
                  &(midge_wish){.type = MIDGE_WISH_HOLD, .hold.on = false});
  for (int i = 0; i < count; i++) expect(&l, MIDGE_EVENT_MESSAGE);
  expect_nothing(&l);
  assert_true(midge_link_reading(l.link));
  life_end(&l);
}

/* The answer that the program waits for stands behind what it does not take. */
static void reading_goes_on_while_an_answer_is_awaited(void **state) {
  (void)state;
  begin((midge_client_options){.event_bytes_max = 3000, .session.hold = true});
  open_up(&l);
  while (midge_link_reading(l.link)) receive_message(1000);
  publish(&l, 7, MIDGE_AT_LEAST_ONCE, "t");
  leave(&l);
  assert_true(midge_link_reading(l.link));
  for (int i = 0; i < 100; i++) receive_message(1000);
  assert_true(midge_link_reading(l.link));
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x01"));
  expect_done(&l, 7, MIDGE_OK);
  assert_false(midge_link_reading(l.link));
  life_end(&l);
}

/* Messages of a connection before are no reason not to hear the answer. */
static void what_is_held_does_not_hold_a_connection_back(void **state) {
  (void)state;
  begin((midge_client_options){.event_bytes_max = 3000, .session.hold = true});
  open_up(&l);
  while (midge_link_reading(l.link)) receive_message(1000);
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  pass(&l, 1000);
  expect(&l, MIDGE_EVENT_CONNECTING);
  dial(&l);
  assert_true(midge_link_reading(l.link));
  leave(&l);
  receive(&l, CONNACK);
  expect(&l, MIDGE_EVENT_OPENED);
  life_end(&l);
}

static void reading_stops_while_the_program_is_behind(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  midge_link_paused(l.link, true);
  dial(&l);
  assert_true(midge_link_reading(l.link)); /* for the answer to CONNECT */
  leave(&l);
  receive(&l, CONNACK);
  expect(&l, MIDGE_EVENT_OPENED);
  assert_false(midge_link_reading(l.link));
  midge_link_paused(l.link, false);
  assert_true(midge_link_reading(l.link));
  life_end(&l);
}

/* We held the server back: its answer has its time anew. */
static void a_pause_is_not_the_servers_silence(void **state) {
  (void)state;
  begin((midge_client_options){.session.keep_alive_s = 10});
  open_up(&l);
  pass(&l, 7500);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\xc0\x00")));
  midge_link_paused(l.link, true);
  assert_false(midge_link_reading(l.link));
  pass(&l, 60000);
  midge_link_paused(l.link, false);
  assert_true(midge_link_reading(l.link));
  pass(&l, 4999);
  expect_nothing(&l);
  receive(&l, MIDGE_TEXT("\xd0\x00"));
  pass(&l, 1);
  expect_nothing(&l);
  publish(&l, 1, MIDGE_AT_MOST_ONCE, "still up");
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("still up")));
  life_end(&l);
}

static void a_break_is_noticed_while_reading_is_held_back(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_link_paused(l.link, true);
  assert_false(midge_link_reading(l.link));
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_string_equal(l.text, "the connection was lost: connection reset");
  life_end(&l);
}

/* A server that asks and asks, and does not read our answers. */
static void reading_stops_when_answers_pile_up(void **state) {
  (void)state;
  static uint8_t packets[70000];
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  for (size_t i = 0; i < sizeof packets / 10; i++)
    memcpy(packets + 10 * i, "\x32\x08\x00\x01t\x00\x01\x00xx", 10);
  int rounds = 0;
  midge_event event;
  for (; midge_link_reading(l.link) && rounds < 1000; rounds++) {
    receive(&l, midge_slice_of(packets, sizeof packets));
    while (midge_link_event(l.link, &event)) continue;
  }
  assert_in_range(rounds, 30, 100);
  life_end(&l);
}

/* A server that will not read before we do would wait with us for ever. */
static void reading_goes_on_while_we_publish(void **state) {
  (void)state;
  enum { SIZE = 3 << 20 };
  static const uint8_t zeros[SIZE];
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_link_wish(l.link, &(midge_wish){.type = MIDGE_WISH_PUBLISH,
                                        .token = 1,
                                        .cost = SIZE,
                                        .publish = {.topic = MIDGE_TEXT("t"),
                                                    .payload = {zeros, SIZE}}});
  assert_true(midge_link_reading(l.link));
  life_end(&l);
}

/* --- Wishes --- */

static void ends_are_told_in_their_order(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "right");
  leave(&l);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x01"));
  publish(&l, 2, MIDGE_AT_LEAST_ONCE, "wrong/#");
  expect_done(&l, 1, MIDGE_OK);
  expect_done(&l, 2, MIDGE_EINVAL);
  life_end(&l);
}

static void a_refused_publish_gives_its_place_back(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "wrong/#");
  expect_done(&l, 1, MIDGE_EINVAL);
  midge_freed freed = midge_link_freed(l.link);
  assert_int_equal(freed.messages, 1);
  assert_int_equal(freed.bytes, 10);
  publish(&l, 2, MIDGE_AT_LEAST_ONCE, "right");
  leave(&l);
  assert_int_equal(midge_link_freed(l.link).messages, 0);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x01"));
  expect_done(&l, 2, MIDGE_OK);
  freed = midge_link_freed(l.link);
  assert_int_equal(freed.messages, 1);
  assert_int_equal(freed.bytes, 10);
  assert_int_equal(midge_link_freed(l.link).bytes, 0);
  life_end(&l);
}

static void nobody_is_told_who_gave_no_token(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  publish(&l, 0, MIDGE_AT_LEAST_ONCE, "right");
  publish(&l, 0, MIDGE_AT_LEAST_ONCE, "wrong/#");
  leave(&l);
  receive(&l, MIDGE_TEXT("\x40\x02\x00\x01"));
  expect_nothing(&l);
  assert_int_equal(midge_link_freed(l.link).messages, 2);
  life_end(&l);
}

static void a_publish_without_connect_ends(void **state) {
  (void)state;
  life_start(&l, (midge_client_options){.nagle = false});
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "t");
  expect_done(&l, 1, MIDGE_ECLOSED);
  expect_nothing(&l);
  life_end(&l);
}

static void what_waits_can_be_cancelled(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "first");
  publish(&l, 2, MIDGE_AT_LEAST_ONCE, "second");
  midge_link_wish(l.link, &(midge_wish){.type = MIDGE_WISH_CANCEL, .token = 1});
  expect_done(&l, 1, MIDGE_ECANCELLED);
  open_up(&l);
  leave(&l);
  assert_false(has_left(&l, MIDGE_TEXT("first")));
  assert_true(has_left(&l, MIDGE_TEXT("second")));
  life_end(&l);
}

/* --- In the driver's place --- */

/* As a driver has arranged it that has dialed, reads and sleeps for ever. */
static midge_arrangement arrange(void) {
  return (midge_arrangement){.attempt = midge_link_attempt(l.link),
                             .reads = true,
                             .wakes_at = MIDGE_NEVER};
}

static void what_is_sent_and_told_leaves_nothing_to_do(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_arrangement arrangement = arrange();
  assert_true(midge_link_is_content(l.link, &arrangement));
  publish(&l, 1, MIDGE_AT_MOST_ONCE, "t");
  leave(&l);
  assert_false(midge_link_is_content(l.link, &arrangement)); /* an event */
  expect_done(&l, 1, MIDGE_OK);
  assert_true(midge_link_is_content(l.link, &arrangement));
  life_end(&l);
}

static void an_earlier_deadline_is_for_the_driver(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_arrangement arrangement = arrange();
  midge_wish wish = {.type = MIDGE_WISH_PUBLISH, .token = 1, .cost = 2};
  wish.publish = (midge_publish){.topic = MIDGE_TEXT("t"),
                                 .payload = MIDGE_TEXT("x"),
                                 .qos = MIDGE_AT_LEAST_ONCE,
                                 .timeout_ms = 3000};
  midge_link_wish(l.link, &wish);
  leave(&l);
  assert_false(midge_link_is_content(l.link, &arrangement));
  arrangement.wakes_at = midge_link_deadline(l.link);
  assert_true(midge_link_is_content(l.link, &arrangement));
  life_end(&l);
}

static void what_is_to_be_read_is_for_the_driver(void **state) {
  (void)state;
  begin((midge_client_options){.event_bytes_max = 3000, .session.hold = true});
  open_up(&l);
  while (midge_link_reading(l.link)) receive_message(1000);
  midge_arrangement arrangement = arrange();
  arrangement.reads = false;
  arrangement.wakes_at = 0;
  assert_true(midge_link_is_content(l.link, &arrangement));
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "t"); /* its answer stands behind */
  leave(&l);
  assert_false(midge_link_is_content(l.link, &arrangement));
  life_end(&l);
}

static void a_transport_that_ends_is_for_the_driver(void **state) {
  (void)state;
  begin((midge_client_options){.close_timeout_ms = 2000});
  open_up(&l);
  midge_arrangement arrangement = arrange();
  arrangement.wakes_at = 0;
  wish(&l, MIDGE_WISH_DISCONNECT);
  assert_true(midge_link_is_content(l.link, &arrangement));
  leave(&l);
  expect_nothing(&l);
  assert_false(midge_link_is_content(l.link, &arrangement));
  break_off(&l);
  expect_closed(&l, MIDGE_OK);
  arrangement.reads = midge_link_reading(l.link);
  assert_false(midge_link_is_content(l.link, &arrangement));
  life_end(&l);
}

/* --- Credentials and filters --- */

static void proceed(uint32_t number, midge_slice user_name) {
  midge_wish one = {.type = MIDGE_WISH_PROCEED};
  one.proceed.number = number;
  one.proceed.attempt.user_name = user_name;
  midge_link_wish(l.link, &one);
}

static void credentials_given_count_before_those_of_the_url(void **state) {
  (void)state;
  begin((midge_client_options){.url = MIDGE_TEXT("mqtt://url:secret@one.test"),
                               .ask = true});
  midge_place place;
  assert_false(midge_link_dial(l.link, &place));
  proceed(l.event.attempt + 1, MIDGE_TEXT("of another attempt"));
  assert_false(midge_link_dial(l.link, &place));
  proceed(l.event.attempt, MIDGE_NO_SLICE);
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x00\x03url\x00\x06secret")));
  break_off(&l);
  expect_closed(&l, MIDGE_ELOST);
  assert_non_null(strstr(l.text, "before the MQTT connection was accepted"));
  pass(&l, l.event.closed.retry_ms);
  expect(&l, MIDGE_EVENT_CONNECTING);
  proceed(l.event.attempt, MIDGE_TEXT("ann"));
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("\x00\x03"
                                      "ann\x00\x06secret")));
  life_end(&l);
}

static void credentials_that_cannot_be_end_the_attempt(void **state) {
  (void)state;
  begin((midge_client_options){.ask = true});
  proceed(l.event.attempt, MIDGE_TEXT("\xff"));
  expect_closed(&l, MIDGE_EUTF8);
  assert_int_not_equal(l.event.closed.retry_ms, MIDGE_NEVER);
  pass(&l, l.event.closed.retry_ms);
  expect(&l, MIDGE_EVENT_CONNECTING);
  midge_wish one = {.type = MIDGE_WISH_PROCEED};
  one.proceed.number = l.event.attempt;
  one.proceed.attempt.url = MIDGE_TEXT("nonsense://one.test");
  midge_link_wish(l.link, &one);
  expect_closed(&l, MIDGE_EINVAL);
  life_end(&l);
}

static void a_websocket_names_the_version(void **state) {
  (void)state;
  const midge_version versions[] = {MIDGE_MQTT_5, MIDGE_MQTT_3_1_1,
                                    MIDGE_MQTT_3_1};
  for (int i = 0; i < 3; i++) {
    begin((midge_client_options){.url = MIDGE_TEXT("ws://one.test:99/path"),
                                 .session.version = versions[i]});
    expect_dial(&l, "one.test", 99);
    dial(&l);
    leave(&l);
    assert_true(has_left(&l, MIDGE_TEXT("GET /path HTTP/1.1\r\n")));
    assert_true(has_left(&l, MIDGE_TEXT("Host: one.test:99\r\n")));
    assert_true(
        has_left(&l, i == 2 ? MIDGE_TEXT("Sec-WebSocket-Protocol: mqttv3.1\r\n")
                            : MIDGE_TEXT("Sec-WebSocket-Protocol: mqtt\r\n")));
    life_end(&l);
  }
}

static void what_a_filter_says_is_told(void **state) {
  (void)state;
  begin((midge_client_options){.url = MIDGE_TEXT("ws://one.test")});
  dial(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("HTTP/1.1 503 Later\r\n\r\n"));
  expect_closed(&l, MIDGE_EWEBSOCKET);
  assert_int_equal(l.event.closed.http_status, 503);
  assert_non_null(strstr(l.text, "503 Later"));
  assert_int_equal(l.event.closed.by, MIDGE_SIDE_NETWORK);
  life_end(&l);
}

/* A zone is of this machine: it is dialed, and nobody else is told. */
static void a_zone_is_for_dialing_alone(void **state) {
  (void)state;
  begin((midge_client_options){.url = MIDGE_TEXT("ws://[fe80::1%25lo]:99/")});
  expect_dial(&l, "fe80::1%lo", 99);
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("Host: [fe80::1]:99\r\n")));
  life_end(&l);
}

static void a_proxy_is_dialed_in_place_of_the_server(void **state) {
  (void)state;
  begin((midge_client_options){.proxy = MIDGE_TEXT("http://proxy.test:3128")});
  expect_dial(&l, "proxy.test", 3128);
  dial(&l);
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("CONNECT one.test:1883 HTTP/1.1\r\n")));
  receive(&l, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"));
  leave(&l);
  assert_true(has_left(&l, MIDGE_TEXT("MQTT\x05")));
  life_end(&l);
}

static void what_comes_with_the_end_of_a_handshake_is_not_lost(void **state) {
  (void)state;
  begin((midge_client_options){.proxy = MIDGE_TEXT("http://proxy.test")});
  dial(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n\x20\x03\x00\x00\x00"));
  expect(&l, MIDGE_EVENT_OPENED);
  life_end(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_message_is_received_where_it_lies),
      cmocka_unit_test(a_large_message_that_broke_off_has_no_room),
      cmocka_unit_test(reading_stops_above_the_mark),
      cmocka_unit_test(reading_stops_while_the_program_is_behind),
      cmocka_unit_test(a_pause_is_not_the_servers_silence),
      cmocka_unit_test(reading_goes_on_while_an_answer_is_awaited),
      cmocka_unit_test(what_is_held_does_not_hold_a_connection_back),
      cmocka_unit_test(a_break_is_noticed_while_reading_is_held_back),
      cmocka_unit_test(reading_stops_when_answers_pile_up),
      cmocka_unit_test(reading_goes_on_while_we_publish),
      cmocka_unit_test(ends_are_told_in_their_order),
      cmocka_unit_test(a_refused_publish_gives_its_place_back),
      cmocka_unit_test(nobody_is_told_who_gave_no_token),
      cmocka_unit_test(a_publish_without_connect_ends),
      cmocka_unit_test(what_waits_can_be_cancelled),
      cmocka_unit_test(what_is_sent_and_told_leaves_nothing_to_do),
      cmocka_unit_test(an_earlier_deadline_is_for_the_driver),
      cmocka_unit_test(what_is_to_be_read_is_for_the_driver),
      cmocka_unit_test(a_transport_that_ends_is_for_the_driver),
      cmocka_unit_test(credentials_given_count_before_those_of_the_url),
      cmocka_unit_test(credentials_that_cannot_be_end_the_attempt),
      cmocka_unit_test(a_websocket_names_the_version),
      cmocka_unit_test(what_a_filter_says_is_told),
      cmocka_unit_test(a_zone_is_for_dialing_alone),
      cmocka_unit_test(a_proxy_is_dialed_in_place_of_the_server),
      cmocka_unit_test(what_comes_with_the_end_of_a_handshake_is_not_lost),
  };
  return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
