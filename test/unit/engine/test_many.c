/* As many as a program may have: nothing here may take the square of their
 * number, or ctest gives up waiting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "midge/session.h"
#include "unit/harness.h"

enum { COUNT = 100000 };

static midge_session *session_new(void) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .keep_alive_off = true};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static size_t take_output(midge_session *session) {
  midge_slice slice;
  size_t size = 0;
  while (midge_session_output(session, &slice, 1) != 0) {
    size += slice.size;
    midge_session_sent(session, slice.size);
  }
  return size;
}

static void open_session(midge_session *session) {
  static const uint8_t connack[] = {0x20, 3, 0, 0, 0};
  midge_event event;
  midge_session_connected(session);
  take_output(session);
  midge_session_received(session, midge_slice_of(connack, sizeof connack));
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_OPENED);
}

static size_t count_done(midge_session *session, midge_status status) {
  midge_event event;
  size_t count = 0;
  while (midge_session_event(session, &event)) {
    assert_int_equal(event.type, MIDGE_EVENT_DONE);
    assert_int_equal(event.done.status, status);
    count++;
  }
  return count;
}

static midge_subscription subscription_of(char *text, size_t size, size_t i) {
  int length = snprintf(text, size, "f/%zu", i);
  return (midge_subscription){.filter = midge_slice_of(text, (size_t)length)};
}

static void publishes_with_limits_of_their_own(void **state) {
  (void)state;
  midge_session *session = session_new();
  for (uint32_t i = 0; i < COUNT; i++) {
    midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = i % 3};
    if (i % 2 == 0) publish.ttl_ms = 1 + i * 7919 % COUNT;
    if (i % 2 == 1) publish.timeout_ms = 1 + i * 7919 % COUNT;
    assert_int_equal(midge_session_publish(session, &publish, i + 1), MIDGE_OK);
  }
  size_t done = 0;
  midge_time due;
  while ((due = midge_session_deadline(session)) != MIDGE_NEVER) {
    midge_event event;
    midge_session_elapsed(session, due);
    for (; midge_session_event(session, &event); done++) {
      bool timed = event.done.token % 2 == 0;
      assert_int_equal(event.done.status,
                       timed ? MIDGE_ETIMEOUT : MIDGE_EEXPIRED);
    }
  }
  assert_int_equal(done, COUNT);
  assert_int_equal(midge_session_unfinished(session), 0);
  midge_session_free(session);
}

static void requests_that_nobody_answers(void **state) {
  (void)state;
  char text[32];
  midge_session *session = session_new();
  open_session(session);
  for (uint32_t i = 0; i < 60000; i++) {
    midge_subscription one = subscription_of(text, sizeof text, i);
    midge_request_options options = {.timeout_ms = 1 + i % 5000};
    assert_int_equal(midge_session_subscribe(session, &one, 1, options, i + 1),
                     MIDGE_OK);
    take_output(session);
  }
  for (midge_time now = 1; now <= 5000; now++) {
    midge_session_elapsed(session, now);
    assert_int_equal(count_done(session, MIDGE_ETIMEOUT), 12);
    assert_true(midge_session_deadline(session) > now);
  }
  midge_session_free(session);
}

/* Answers every SUBSCRIBE in `wire` with QoS 0 for each of its filters. */
static void answer_all(midge_session *session, const uint8_t *wire,
                       size_t size) {
  for (size_t at = 0; at < size;) {
    midge_packet packet;
    midge_decode_options options = {.version = MIDGE_MQTT_5};
    midge_decode_result result = midge_packet_decode(
        &options, midge_slice_of(wire + at, size - at), &packet);
    assert_int_equal(result.outcome, MIDGE_DECODED);
    at += result.size;
    if (packet.type != MIDGE_SUBSCRIBE) continue;
    uint8_t suback[16] = {0x90, 3, (uint8_t)(packet.subscribe.packet_id >> 8),
                          (uint8_t)packet.subscribe.packet_id};
    midge_slice rest = packet.subscribe.filters;
    midge_packet_filter filter;
    while (midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter)) suback[1]++;
    midge_session_received(session,
                           midge_slice_of(suback, (size_t)suback[1] + 2));
  }
}

static void answer_output(midge_session *session) {
  midge_slice slice;
  uint8_t *wire = NULL;
  size_t size = 0;
  while (midge_session_output(session, &slice, 1) != 0) {
    wire = realloc(wire, size + slice.size);
    memcpy(wire + size, slice.data, slice.size);
    size += slice.size;
    midge_session_sent(session, slice.size);
  }
  answer_all(session, wire, size);
  free(wire);
}

static void subscribe_to_all(midge_session *session) {
  char text[32];
  for (size_t i = 0; i < COUNT; i++) {
    midge_subscription one = subscription_of(text, sizeof text, i);
    assert_int_equal(midge_session_subscribe(session, &one, 1,
                                             (midge_request_options){0}, i + 1),
                     MIDGE_OK);
  }
}

static void subscriptions_that_join_their_renewals(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_event event;
  open_session(session);
  subscribe_to_all(session);
  for (size_t done = 0; done < COUNT;) {
    answer_output(session);
    done += count_done(session, MIDGE_OK);
  }
  midge_session_disconnected(session, false);
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_CLOSED);
  open_session(session);
  subscribe_to_all(session);
  for (size_t done = 0; done < COUNT;) {
    answer_output(session);
    done += count_done(session, MIDGE_OK);
  }
  assert_int_equal(midge_session_backlog(session), 0);
  midge_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(publishes_with_limits_of_their_own),
      cmocka_unit_test(requests_that_nobody_answers),
      cmocka_unit_test(subscriptions_that_join_their_renewals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
