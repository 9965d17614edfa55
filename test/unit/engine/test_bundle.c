/* Publishes of QoS 0 in one piece: one DONE while the server takes them alike,
 * one for each where it does not. */
#include <stdlib.h>
#include <string.h>

#include "midge/session.h"
#include "unit/harness.h"

/* Topics a, a and bc; payloads "1", "" and "23". */
static const char three[] =
    "\0\1\0\1\0a1"
    "\2\0\0"
    "\0\2\0\2\0bc23";
#define THREE ((midge_slice){(const uint8_t *)three, sizeof three - 1})
static const char wire_3[] = "\x30\4\0\1a1\x30\3\0\1a\x30\6\0\2bc23";
static const char wire_5[] =
    "\x30\5\0\1a\0"
    "1\x30\4\0\1a\0\x30\7\0\2bc\0"
    "23";

static long allowed = -1; /* allocations that still work; below 0: all */

static void *resize(void *context, void *from, size_t old, size_t size) {
  (void)context;
  (void)old;
  if (size == 0) {
    free(from);
    return NULL;
  }
  if (allowed == 0) return NULL;
  if (allowed > 0) allowed--;
  return realloc(from, size);
}
static const midge_allocator meagre = {resize, NULL};

static midge_session *session_new(midge_session_options options) {
  midge_session *session = NULL;
  options.client_id = MIDGE_TEXT("a");
  options.allocator = &meagre;
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void drop_events(midge_session *session) {
  midge_event event;
  while (midge_session_event(session, &event)) continue;
}

static void send(midge_session *session, size_t size) {
  midge_slice slice;
  while (size != 0 && midge_session_output(session, &slice, 1) != 0) {
    size_t some = slice.size < size ? slice.size : size;
    midge_session_sent(session, some);
    size -= some;
  }
}

static void open_session(midge_session *session, midge_slice connack) {
  midge_session_connected(session);
  send(session, SIZE_MAX);
  midge_session_received(session, connack);
  drop_events(session);
}

#define CONNACK_3 MIDGE_TEXT("\x20\x02\x00\x00")
#define CONNACK_5 MIDGE_TEXT("\x20\x03\x00\x00\x00")

static void publish(midge_session *session, uint64_t token) {
  const midge_bundle bundle = {.records = THREE, .count = 3};
  assert_int_equal(midge_session_publish_bundle(session, &bundle, token),
                   MIDGE_OK);
}

static void expect_output(midge_session *session, const char *bytes,
                          size_t size) {
  midge_slice slice;
  size_t at = 0;
  while (midge_session_output(session, &slice, 1) != 0) {
    assert_true(slice.size <= size - at);
    assert_memory_equal(slice.data, bytes + at, slice.size);
    at += slice.size;
    midge_session_sent(session, slice.size);
  }
  assert_int_equal(at, size);
}

static void expect_done(midge_session *session, uint64_t token, uint32_t count,
                        midge_status status) {
  midge_event event;
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_DONE);
  assert_int_equal(event.done.token, token);
  assert_int_equal(event.done.count, count);
  assert_int_equal(event.done.status, status);
}

static void expect_nothing(midge_session *session) {
  midge_event event;
  assert_false(midge_session_event(session, &event));
}

static void they_leave_in_order_and_end_at_once(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.version = MIDGE_MQTT_3_1_1});
  open_session(session, CONNACK_3);
  publish(session, 7);
  assert_int_equal(midge_session_event(session, &(midge_event){0}), false);
  expect_output(session, wire_3, sizeof wire_3 - 1);
  expect_done(session, 7, 3, MIDGE_OK);
  expect_nothing(session);
  midge_session_free(session);
}

static void in_mqtt_5_they_have_no_properties(void **state) {
  (void)state;
  midge_session *session = session_new((midge_session_options){0});
  open_session(session, CONNACK_5);
  publish(session, 7);
  expect_output(session, wire_5, sizeof wire_5 - 1);
  expect_done(session, 7, 3, MIDGE_OK);
  midge_session_free(session);
}

/* At every place: what left whole has ended, the rest leaves once more. */
static void a_break_cuts_between_messages(void **state) {
  (void)state;
  static const size_t ends[] = {0, 6, 11, 19};
  for (size_t sent = 0; sent < sizeof wire_3 - 1; sent++) {
    uint32_t ended = 0;
    midge_session *session = session_new((midge_session_options){
        .version = MIDGE_MQTT_3_1_1, .session_expiry_s = 60});
    open_session(session, CONNACK_3);
    publish(session, 7);
    send(session, sent);
    while (ends[ended + 1] <= sent) ended++;
    midge_session_disconnected(session, true);
    if (ended != 0) expect_done(session, 7, ended, MIDGE_OK);
    drop_events(session);
    midge_session_connected(session);
    send(session, SIZE_MAX);
    midge_session_disconnected(session, true); /* and nothing was shown */
    drop_events(session);
    open_session(session, CONNACK_3);
    expect_output(session, wire_3 + ends[ended],
                  sizeof wire_3 - 1 - ends[ended]);
    if (ended == 0) {
      expect_done(session, 7, 3, MIDGE_OK);
    } else {
      for (uint32_t i = ended; i < 3; i++)
        expect_done(session, 7 + i, 1, MIDGE_OK);
    }
    expect_nothing(session);
    midge_session_free(session);
  }
}

static void what_the_server_does_not_take_ends_by_itself(void **state) {
  (void)state;
  static const char mixed[] =
      "\1\1\0\1\0a1" /* retained */
      "\2\1\0"
      "2"
      "\2\5\0"
      "large";
  const midge_bundle bundle = {
      .records = {(const uint8_t *)mixed, sizeof mixed - 1}, .count = 3};
  midge_session *session = session_new((midge_session_options){0});
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 1), MIDGE_OK);
  /* Retain available 0, maximum packet size 8. */
  open_session(session,
               MIDGE_TEXT("\x20\x0a\x00\x00\x07\x25\x00\x27\x00\x00\x00\x08"));
  expect_output(session,
                "\x30\5\0\1a\0"
                "2",
                7);
  midge_session_free(session);

  session = session_new((midge_session_options){0});
  open_session(session,
               MIDGE_TEXT("\x20\x0a\x00\x00\x07\x25\x00\x27\x00\x00\x00\x08"));
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 1), MIDGE_OK);
  send(session, SIZE_MAX);
  expect_done(session, 1, 1, MIDGE_ENOTSUP);
  expect_done(session, 3, 1, MIDGE_EOVERSIZE);
  expect_done(session, 2, 1, MIDGE_OK);
  midge_session_free(session);

  session = session_new((midge_session_options){0});
  open_session(session, MIDGE_TEXT("\x20\x08\x00\x00\x05\x27\x00\x00\x00\x09"));
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 1), MIDGE_OK);
  expect_done(session, 3, 1, MIDGE_EOVERSIZE);
  midge_session_free(session);
}

static void only_what_is_retained_ends_without_retain(void **state) {
  (void)state;
  static const char mixed[] = "\1\1\0\1\0a1\2\1\0002";
  const midge_bundle bundle = {
      .records = {(const uint8_t *)mixed, sizeof mixed - 1}, .count = 2};
  midge_session *session = session_new((midge_session_options){0});
  open_session(session, MIDGE_TEXT("\x20\x05\x00\x00\x02\x25\x00"));
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 1), MIDGE_OK);
  expect_done(session, 1, 1, MIDGE_ENOTSUP);
  expect_output(session, "\x30\5\0\1a\0002", 7);
  expect_done(session, 2, 1, MIDGE_OK);
  midge_session_free(session);
}

static void topics_have_aliases_as_elsewhere(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.alias_auto = true});
  /* Topic alias maximum 5. */
  open_session(session, MIDGE_TEXT("\x20\x06\x00\x00\x03\x22\x00\x05"));
  publish(session, 7);
  static const char wire[] =
      "\x30\x8\0\1a\3\x23\0\1"
      "1"
      "\x30\6\0\0\3\x23\0\1"
      "\x30\x0a\0\2bc\3\x23\0\2"
      "23";
  expect_output(session, wire, sizeof wire - 1);
  for (uint32_t i = 0; i < 3; i++) expect_done(session, 7 + i, 1, MIDGE_OK);
  midge_session_free(session);
}

static void a_server_without_aliases_has_them_in_one(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.alias_auto = true});
  open_session(session, CONNACK_5);
  publish(session, 7);
  expect_output(session, wire_5, sizeof wire_5 - 1);
  expect_done(session, 7, 3, MIDGE_OK);
  midge_session_free(session);
}

static void they_keep_their_place_among_others(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.version = MIDGE_MQTT_3_1_1});
  const midge_publish one = {.topic = MIDGE_TEXT("x")};
  assert_int_equal(midge_session_publish(session, &one, 1), MIDGE_OK);
  publish(session, 2);
  assert_int_equal(midge_session_publish(session, &one, 5), MIDGE_OK);
  assert_int_equal(midge_session_cancel(session, 6), MIDGE_EINVAL);
  assert_int_equal(midge_session_cancel(session, 5), MIDGE_OK);
  expect_done(session, 5, 1, MIDGE_ECANCELLED);
  open_session(session, CONNACK_3);
  expect_output(session,
                "\x30\3\0\1x"
                "\x30\4\0\1a1\x30\3\0\1a\x30\6\0\2bc23",
                5 + sizeof wire_3 - 1);
  expect_done(session, 1, 1, MIDGE_OK);
  expect_done(session, 2, 3, MIDGE_OK);
  midge_session_free(session);
}

static void one_of_them_is_taken_back(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.version = MIDGE_MQTT_3_1_1});
  publish(session, 2);
  publish(session, 5);
  assert_int_equal(midge_session_cancel(session, 8), MIDGE_EINVAL);
  assert_int_equal(midge_session_cancel(session, 5), MIDGE_OK);
  expect_done(session, 5, 1, MIDGE_ECANCELLED);
  assert_int_equal(midge_session_cancel(session, 5), MIDGE_EINVAL);
  open_session(session, CONNACK_3);
  expect_output(session,
                "\x30\4\0\1a1\x30\3\0\1a\x30\6\0\2bc23"
                "\x30\3\0\1a\x30\6\0\2bc23",
                2 * (sizeof wire_3 - 1) - 6);
  expect_done(session, 2, 3, MIDGE_OK);
  expect_done(session, 6, 1, MIDGE_OK);
  expect_done(session, 7, 1, MIDGE_OK);
  midge_session_free(session);
}

static void none_is_taken_back_that_has_been_given_out(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.version = MIDGE_MQTT_3_1_1});
  publish(session, 2);
  midge_session_connected(session);
  send(session, SIZE_MAX);
  midge_session_received(session, CONNACK_3);
  drop_events(session);
  midge_slice slice;
  assert_int_equal(midge_session_output(session, &slice, 1), 1);
  assert_int_equal(midge_session_cancel(session, 3), MIDGE_EINVAL);
  expect_output(session, wire_3, sizeof wire_3 - 1);
  expect_done(session, 2, 3, MIDGE_OK);
  midge_session_free(session);
}

/* Each by itself, and of another QoS than what was asked for behind them. */
static void they_keep_their_place_when_they_are_opened(void **state) {
  (void)state;
  midge_session *session =
      session_new((midge_session_options){.alias_auto = true});
  const midge_publish one = {.topic = MIDGE_TEXT("x"), .qos = 1};
  publish(session, 1);
  assert_int_equal(midge_session_publish(session, &one, 4), MIDGE_OK);
  open_session(session, MIDGE_TEXT("\x20\x06\x00\x00\x03\x22\x00\x05"));
  expect_output(session,
                "\x30\x8\0\1a\3\x23\0\1"
                "1"
                "\x30\6\0\0\3\x23\0\1"
                "\x30\x0a\0\2bc\3\x23\0\2"
                "23"
                "\x32\x9\0\1x\0\1\3\x23\0\3",
                41);
  midge_session_free(session);
}

static void they_fill_the_queue_as_what_they_are(void **state) {
  (void)state;
  const midge_bundle bundle = {.records = THREE, .count = 3};
  midge_session *session =
      session_new((midge_session_options){.queue_messages_max = 5});
  publish(session, 1);
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 4),
                   MIDGE_EQUEUE);
  midge_session_free(session);
  session = session_new((midge_session_options){.queue_bytes_max = 30});
  publish(session, 1);
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 4),
                   MIDGE_EQUEUE);
  midge_session_free(session);
}

static void what_is_left_at_the_end_is_told_in_one(void **state) {
  (void)state;
  const midge_bundle bundle = {.records = THREE, .count = 3};
  const midge_publish one = {.topic = MIDGE_TEXT("x"), .qos = 1};
  midge_session *session = session_new((midge_session_options){0});
  publish(session, 7);
  assert_int_equal(
      midge_session_disconnect(session, 0, (midge_properties){0}, 0),
      MIDGE_ENOCONN);
  expect_done(session, 7, 3, MIDGE_ECLOSED);
  open_session(session, CONNACK_5);
  assert_int_equal(midge_session_publish(session, &one, 1), MIDGE_OK);
  assert_int_equal(
      midge_session_disconnect(session, 0, (midge_properties){0}, 1000),
      MIDGE_OK);
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 20),
                   MIDGE_ENOCONN);
  midge_session_free(session);
}

static void check(const char *records, size_t size, uint32_t count,
                  midge_status status) {
  const midge_bundle bundle = {.records = {(const uint8_t *)records, size},
                               .count = count};
  assert_int_equal(midge_bundle_check(&bundle, MIDGE_TEXT_STRICT), status);
}

static void only_what_is_whole_is_taken(void **state) {
  (void)state;
  check(three, sizeof three - 1, 3, MIDGE_OK);
  check(three, sizeof three - 1, 2, MIDGE_EINVAL);
  check(three, 0, 0, MIDGE_EINVAL);
  for (size_t size = 1; size < sizeof three - 1; size++) {
    uint32_t count = size < 7 ? 0 : size < 10 ? 1 : 2;
    midge_status whole = size == 7 || size == 10 ? MIDGE_OK : MIDGE_EINVAL;
    check(three, size, count, whole);
  }
  check("\2\0\0", 3, 1, MIDGE_EINVAL); /* there is no topic before */
  check("\0\0\0\1\0#", 6, 1, MIDGE_EINVAL);
  check("\0\0\0\1\0\xff", 6, 1, MIDGE_EUTF8);
  midge_session *session = session_new((midge_session_options){0});
  const midge_bundle broken = {.records = THREE, .count = 2},
                     good = {.records = THREE, .count = 3};
  assert_int_equal(midge_session_publish_bundle(session, &broken, 1),
                   MIDGE_EINVAL);
  assert_int_equal(midge_session_publish_bundle(session, &good, 0),
                   MIDGE_EINVAL);
  midge_session_free(session);
}

/* To the byte: two records of 6 bytes before their payloads. */
static void there_is_a_largest_one(void **state) {
  (void)state;
  enum { HEADS = 12, FIRST = 0x8000, MAX = MIDGE_BUNDLE_SIZE_MAX };
  static char records[MAX + 1];
  for (size_t size = MAX; size <= MAX + 1; size++) {
    size_t second = size - FIRST - HEADS;
    memcpy(records, "\0\0\x80\1\0a", 6);
    memcpy(records + 6 + FIRST, "\0\0\0\1\0b", 6);
    records[6 + FIRST + 1] = (char)(second & 0xFF);
    records[6 + FIRST + 2] = (char)(second >> 8);
    check(records, size, 2, size <= MAX ? MIDGE_OK : MIDGE_EINVAL);
  }
}

static void without_memory_each_ends_all_the_same(void **state) {
  (void)state;
  const midge_bundle bundle = {.records = THREE, .count = 3};
  midge_session *session = session_new((midge_session_options){0});
  allowed = 0;
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 7),
                   MIDGE_ENOMEM);
  allowed = -1;
  open_session(session, MIDGE_TEXT("\x20\x08\x00\x00\x05\x27\x00\x00\x00\x06"));
  drop_events(session);
  const midge_publish one = {.topic = MIDGE_TEXT("x")};
  for (uint64_t token = 1; token <= 4; token++) /* room for events */
    assert_int_equal(midge_session_publish(session, &one, token), MIDGE_OK);
  send(session, SIZE_MAX);
  drop_events(session);
  allowed = 1; /* the bundle, and nothing that it is opened into */
  publish(session, 7);
  allowed = -1;
  for (uint32_t i = 0; i < 3; i++) expect_done(session, 7 + i, 1, MIDGE_ENOMEM);
  midge_session_free(session);
}

/* The connection is given up, the messages are not. */
static void without_memory_for_the_output_they_wait(void **state) {
  (void)state;
  midge_event event;
  midge_session *session =
      session_new((midge_session_options){.session_expiry_s = 60});
  open_session(session, CONNACK_5);
  allowed = 1;
  publish(session, 7);
  allowed = -1;
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_CLOSED);
  assert_int_equal(event.closed.status, MIDGE_ENOMEM);
  midge_session_disconnected(session, false);
  drop_events(session);
  open_session(session, CONNACK_5);
  expect_output(session, wire_5, sizeof wire_5 - 1);
  expect_done(session, 7, 3, MIDGE_OK);
  midge_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(they_leave_in_order_and_end_at_once),
      cmocka_unit_test(in_mqtt_5_they_have_no_properties),
      cmocka_unit_test(a_break_cuts_between_messages),
      cmocka_unit_test(what_the_server_does_not_take_ends_by_itself),
      cmocka_unit_test(only_what_is_retained_ends_without_retain),
      cmocka_unit_test(topics_have_aliases_as_elsewhere),
      cmocka_unit_test(a_server_without_aliases_has_them_in_one),
      cmocka_unit_test(they_keep_their_place_among_others),
      cmocka_unit_test(one_of_them_is_taken_back),
      cmocka_unit_test(none_is_taken_back_that_has_been_given_out),
      cmocka_unit_test(they_keep_their_place_when_they_are_opened),
      cmocka_unit_test(they_fill_the_queue_as_what_they_are),
      cmocka_unit_test(what_is_left_at_the_end_is_told_in_one),
      cmocka_unit_test(only_what_is_whole_is_taken),
      cmocka_unit_test(there_is_a_largest_one),
      cmocka_unit_test(without_memory_each_ends_all_the_same),
      cmocka_unit_test(without_memory_for_the_output_they_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
