/* QoS 0 in the journal: bundles, records that no session wrote, and how many
 * records go at once. */
#include <string.h>

#include "engine/records.h"
#include "midge/session.h"
#include "unit/harness.h"

/* Topics a, a and bc; payloads "1", "" and "23". */
static const char three[] =
    "\0\1\0\1\0a1"
    "\2\0\0"
    "\0\2\0\2\0bc23";
#define THREE ((midge_slice){(const uint8_t *)three, sizeof three - 1})

static midge_session *session_new(void) {
  midge_session *session = NULL;
  midge_session_options options = {.version = MIDGE_MQTT_3_1_1,
                                   .client_id = MIDGE_TEXT("a"),
                                   .durable = true,
                                   .durable_qos_0 = true};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static void commit(midge_session *session) {
  midge_record record = {0};
  while (midge_session_record(session, &record)) continue;
  midge_session_committed(session, record.position);
}

static void drop_events(midge_session *session) {
  midge_event event;
  while (midge_session_event(session, &event)) continue;
}

static void open_session(midge_session *session) {
  midge_session_connected(session);
  midge_session_sent(session, midge_session_backlog(session));
  midge_session_received(session, MIDGE_TEXT("\x20\x02\x00\x00"));
  drop_events(session);
  commit(session); /* that there is a session */
}

static void publish_three(midge_session *session) {
  const midge_bundle bundle = {.records = THREE, .count = 3, .label = 70};
  assert_int_equal(midge_session_publish_bundle(session, &bundle, 7), MIDGE_OK);
}

/* A message of QoS 0 in the journal. */
static void expect_record(midge_session *session, uint64_t key, uint64_t label,
                          const char *topic, const char *payload) {
  midge_record record;
  midge_publish publish;
  assert_true(midge_session_record(session, &record));
  assert_true(record.key == (MIDGE_KEY_FLEETING | key));
  assert_true(midge_record_message(&record, &publish));
  assert_int_equal(publish.qos, MIDGE_AT_MOST_ONCE);
  assert_true(publish.label == label);
  assert_int_equal(publish.topic.size, strlen(topic));
  assert_memory_equal(publish.topic.data, topic, strlen(topic));
  assert_int_equal(publish.payload.size, strlen(payload));
  if (publish.payload.size != 0)
    assert_memory_equal(publish.payload.data, payload, strlen(payload));
}

static void expect_no_record(midge_session *session) {
  midge_record record;
  assert_false(midge_session_record(session, &record));
}

static void expect_stored(midge_session *session, uint64_t token) {
  midge_event event;
  assert_true(midge_session_event(session, &event));
  assert_int_equal(event.type, MIDGE_EVENT_STORED);
  assert_true(event.stored.token == token);
  assert_int_equal(event.stored.left, 0);
}

static void of_a_bundle_each_message_has_a_record(void **state) {
  (void)state;
  midge_session *session = session_new();
  publish_three(session);
  expect_record(session, 1, 70, "a", "1");
  expect_record(session, 2, 71, "a", "");
  expect_record(session, 3, 72, "bc", "23");
  expect_no_record(session);
  midge_session_committed(session, 3);
  for (uint64_t token = 7; token <= 9; token++) expect_stored(session, token);
  open_session(session);
  assert_int_equal(midge_session_backlog(session), 0);
  commit(session);
  assert_int_equal(midge_session_backlog(session), 6 + 5 + 8);
  midge_session_free(session);
}

static void what_did_not_leave_of_a_bundle_has_one_when_it_is_over(
    void **state) {
  (void)state;
  midge_session *session = session_new();
  open_session(session);
  publish_three(session);
  expect_no_record(session);
  midge_session_sent(session, 6 + 4);
  midge_session_disconnected(session, false);
  expect_record(session, 2, 71, "a", "");
  expect_record(session, 3, 72, "bc", "23");
  midge_session_free(session);
}

static void one_bundle_waits_behind_another(void **state) {
  (void)state;
  midge_session *session = session_new();
  publish_three(session);
  publish_three(session);
  commit(session);
  for (int times = 0; times < 2; times++)
    for (uint64_t token = 7; token <= 9; token++) expect_stored(session, token);
  midge_session_free(session);
}

/* A record as another one has it, with another key and QoS. */
static midge_status restore(midge_session *session, const midge_record *record,
                            uint64_t key, uint8_t qos) {
  uint8_t head[MIDGE_RECORD_HEAD_MAX];
  midge_record changed = *record;
  memcpy(head, record->head.data, record->head.size);
  head[0] = (uint8_t)(qos << 1);
  changed.head.data = head;
  changed.key = key;
  return midge_session_restore(session, &changed, 1);
}

static void a_key_of_another_kind_is_damage(void **state) {
  (void)state;
  midge_session *session = session_new(), *other = session_new();
  midge_record record;
  publish_three(session);
  assert_true(midge_session_record(session, &record));
  const uint64_t fleeting = MIDGE_KEY_FLEETING;
  assert_int_equal(restore(other, &record, 4, 1), MIDGE_OK);
  assert_int_equal(restore(other, &record, 5, 0), MIDGE_EINVAL);
  assert_int_equal(restore(other, &record, 5, 3), MIDGE_EINVAL);
  assert_int_equal(restore(other, &record, fleeting, 0), MIDGE_EINVAL);
  assert_int_equal(restore(other, &record, fleeting | 3, 1), MIDGE_EINVAL);
  assert_int_equal(restore(other, &record, fleeting | 3, 0), MIDGE_OK);
  assert_int_equal(restore(other, &record, fleeting | 3, 0), MIDGE_EINVAL);
  assert_int_equal(restore(other, &record, fleeting | 6, 0), MIDGE_OK);
  assert_int_equal(midge_session_unfinished(other), 3);
  midge_session_restored(other, false);
  publish_three(other); /* behind all of them */
  assert_true(midge_session_record(other, &record));
  assert_true(record.key == (fleeting | 7));
  midge_session_free(other);
  midge_session_free(session);
}

/* What is in the output, or about to be, is lost when the process dies: that is
 * not to be all. */
static void records_go_as_the_output_takes_their_messages(void **state) {
  (void)state;
  static uint8_t payload[65536];
  midge_session *session = session_new();
  midge_publish publish = {.topic = MIDGE_TEXT("t"),
                           .payload = {payload, sizeof payload}};
  for (int i = 0; i < 10; i++)
    assert_int_equal(midge_session_publish(session, &publish, 0), MIDGE_OK);
  commit(session);
  midge_session_connected(session);
  midge_session_sent(session, midge_session_backlog(session));
  midge_session_received(session, MIDGE_TEXT("\x20\x02\x00\x00"));
  midge_record record;
  size_t turns = 0, left = 10;
  assert_true(midge_session_record(session, &record));
  midge_session_committed(session, record.position);
  for (; left != 0; turns++) {
    size_t deleted = 0;
    for (; midge_session_record(session, &record); deleted++)
      assert_int_equal(record.head.size, 0);
    assert_in_range(deleted, 1, 4);
    left -= deleted;
    midge_session_committed(session, record.position);
    assert_true(midge_session_backlog(session) >= deleted * sizeof payload);
    midge_session_sent(session, midge_session_backlog(session));
  }
  assert_true(turns >= 3);
  assert_int_equal(midge_session_unfinished(session), 0);
  midge_session_free(session);
}

static void it_is_of_a_durable_session(void **state) {
  (void)state;
  midge_session *session;
  midge_session_options options = {.client_id = MIDGE_TEXT("a"),
                                   .durable_qos_0 = true};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_a_bundle_each_message_has_a_record),
      cmocka_unit_test(what_did_not_leave_of_a_bundle_has_one_when_it_is_over),
      cmocka_unit_test(one_bundle_waits_behind_another),
      cmocka_unit_test(a_key_of_another_kind_is_damage),
      cmocka_unit_test(records_go_as_the_output_takes_their_messages),
      cmocka_unit_test(it_is_of_a_durable_session),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
