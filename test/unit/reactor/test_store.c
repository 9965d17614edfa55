/* Clients whose session survives them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "disk.h"
#include "journal/key.h"
#include "journal/store.h"
#include "program.h"

static program p;

static size_t memory; /* for messages that wait; 0: as usual */

static midge_client_options durable(void) {
  return (midge_client_options){
      .store.path = disk_path(),
      .session.client_id = MIDGE_TEXT("keeper"),
      .session.session_expiry_s = 60,
      .session.queue_memory_max = memory,
  };
}

/* With nobody to connect to. */
static void start_alone(void) {
  midge_client_options options = durable();
  program_start(&p, "unix:/nowhere.sock", &options);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
}

static void start_with(const broker *b) {
  midge_client_options options = durable();
  program_start(&p, url_of(b), &options);
}

static void publish_numbers(unsigned long from, unsigned long to) {
  for (unsigned long i = from; i < to; i++)
    assert_int_equal(publish_number(p.client, i, 1), MIDGE_OK);
}

/* Tokens are numbers plus one. */
static void expect_stored(unsigned long from, unsigned long to) {
  for (unsigned long i = from; i < to; i++) {
    wait_for(&p, MIDGE_EVENT_STORED);
    assert_int_equal(p.event.stored.token, i + 1);
    assert_ptr_equal(p.event.context, &p);
  }
}

static void expect_restored(size_t messages, size_t damaged) {
  wait_for(&p, MIDGE_EVENT_RESTORED);
  assert_int_equal(p.event.restored.messages, messages);
  assert_int_equal(p.event.restored.damaged, damaged);
  assert_ptr_equal(p.event.context, &p);
}

/* --- From one life to the next -------------------------------------------- */

static void what_was_stored_is_sent_in_the_next_life(void **state) {
  (void)state;
  start_alone();
  publish_numbers(0, 10);
  expect_restored(0, 0);
  expect_stored(0, 10);
  program_stop(&p);

  broker *b = broker_start(&(broker_options){0});
  start_with(b);
  assert_int_equal(midge_client_last_stored(p.client), 10);
  expect_restored(10, 0);
  wait_until_opened(&p);
  for (unsigned long i = 0; i < 10; i++) {
    wait_for(&p, MIDGE_EVENT_DONE);
    assert_int_equal(p.event.done.token, i + 1);
    assert_int_equal(p.event.done.status, MIDGE_OK);
  }
  assert_int_equal(broker_count(b), 10);
  for (size_t i = 0; i < 10; i++) assert_int_equal(broker_number(b, i), i);
  program_stop(&p);

  start_with(b);
  expect_restored(0, 0);
  assert_int_equal(midge_client_last_stored(p.client), 0);
  program_stop(&p);
  broker_stop(b);
}

/* Whoever waits for it or not, a token comes back as the number it is. */
static void a_patient_token_comes_back_without_its_patience(void **state) {
  (void)state;
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  start_alone();
  assert_int_equal(
      midge_client_publish(p.client, &publish, 7 | MIDGE_TOKEN_PATIENT),
      MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_STORED);
  assert_true(p.event.stored.token == (7 | MIDGE_TOKEN_PATIENT));
  program_stop(&p);
  start_alone();
  assert_int_equal(midge_client_last_stored(p.client), 7);
  expect_restored(1, 0);
  assert_int_equal(midge_client_cancel(p.client, 7), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 7);
  program_stop(&p);
}

/* More than a page of the store. */
static void all_come_back_before_what_is_new(void **state) {
  (void)state;
  start_alone();
  publish_numbers(0, 5000);
  expect_stored(0, 5000);
  program_stop(&p);
  broker *b = broker_start(&(broker_options){0});
  start_with(b);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  publish_numbers(5000, 5003);
  expect_restored(5000, 0);
  wait_for_done(&p, 5003);
  assert_int_equal(p.failures, 0);
  assert_int_equal(broker_count(b), 5003);
  for (size_t i = 0; i < 5003; i++) assert_int_equal(broker_number(b, i), i);
  program_stop(&p);
  broker_stop(b);
}

/* They are in the store alone, in this life and in the next, and in their
 * order. What the queue holds comes down to nothing. */
static void what_does_not_fit_into_memory_comes_back(void **state) {
  (void)state;
  static const size_t memories[] = {1, 200000};
  midge_stats stats;
  for (size_t i = 0; i < 2; i++) {
    memory = memories[i];
    start_alone();
    publish_numbers(0, 3000);
    expect_restored(0, 0);
    expect_stored(0, 3000);
    program_stop(&p);

    broker *b = broker_start(&(broker_options){0});
    start_with(b);
    expect_restored(3000, 0);
    midge_client_stats(p.client, &stats);
    assert_int_equal(stats.queue_messages, 3000);
    assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
    publish_numbers(3000, 6000);
    wait_for_done(&p, 6000);
    assert_int_equal(p.failures, 0);
    assert_int_equal(broker_count(b), 6000);
    for (size_t n = 0; n < 6000; n++) assert_int_equal(broker_number(b, n), n);
    midge_client_stats(p.client, &stats);
    assert_int_equal(stats.queue_messages, 0);
    assert_int_equal(stats.queue_bytes, 0);
    program_stop(&p);
    broker_stop(b);
  }
  memory = 0;
}

static midge_status publish_text(const char *text, uint64_t token) {
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  publish.payload = (midge_slice){(const uint8_t *)text, strlen(text)};
  return midge_client_publish(p.client, &publish, token);
}

/* What is damaged while it is in the store alone is found when it is read. */
static void what_is_damaged_meanwhile_does_not_come_back(void **state) {
  (void)state;
  midge_stats stats;
  char path[108];
  memory = 1;
  snprintf(path, sizeof path, "/tmp/midge-late-%d.sock", (int)getpid());
  midge_client_options options = durable();
  char url[128];
  snprintf(url, sizeof url, "unix:%s", path);
  program_start(&p, url, &options);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  assert_int_equal(publish_text("1", 1), MIDGE_OK);
  assert_int_equal(publish_text("the-second-one", 2), MIDGE_OK);
  assert_int_equal(publish_text("3", 3), MIDGE_OK);
  expect_stored(0, 3);
  disk_damage("the-second-one");

  broker *b = broker_start(&(broker_options){.path = path});
  wait_for(&p, MIDGE_EVENT_STORE);
  assert_int_equal(p.event.store.status, MIDGE_ESTORE);
  assert_true(slice_is(p.event.store.text,
                       "1 messages in the store are damaged: they are set"
                       " aside, and not sent"));
  wait_for_done(&p, 2);
  assert_int_equal(p.failures, 0);
  assert_int_equal(broker_count(b), 2);
  midge_client_stats(p.client, &stats);
  assert_int_equal(stats.queue_messages, 0);
  assert_int_equal(stats.queue_bytes, 0);
  program_stop(&p);
  broker_stop(b);
  memory = 0;
}

/* The handle's end is not the end of the session. */
static void a_closed_client_leaves_its_messages(void **state) {
  (void)state;
  start_alone();
  publish_numbers(0, 3);
  midge_client_close(p.client);
  wait_for(&p, MIDGE_EVENT_ENDED);
  assert_int_equal(p.done, 3);
  assert_int_equal(p.failures, 3);

  /* The store is free, though the reactor lives. */
  midge_client_options options = durable();
  options.url = MIDGE_TEXT("unix:/nowhere.sock");
  options.session.context = &p;
  assert_int_equal(midge_client_open(&p.client, p.reactor, &options, NULL, 0),
                   MIDGE_OK);
  expect_restored(3, 0);
  program_stop(&p);
}

static void a_reactor_that_stops_writes_what_it_has(void **state) {
  (void)state;
  start_alone();
  expect_restored(0, 0);
  disk_hold(true);
  publish_numbers(0, 5);
  assert_int_equal(publish_number(p.client, 5, 3), MIDGE_EINVAL);
  midge_client_close(p.client);
  wait_for_done(&p, 5); /* the session has seen them */
  disk_hold(false);
  program_stop(&p);
  start_alone();
  expect_restored(5, 0);
  program_stop(&p);
}

static void what_was_restored_counts_in_the_queue(void **state) {
  (void)state;
  start_alone();
  publish_numbers(0, 3);
  expect_stored(0, 3);
  program_stop(&p);
  midge_client_options options = durable();
  options.session.queue_messages_max = 4;
  program_start(&p, "unix:/nowhere.sock", &options);
  expect_restored(3, 0);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  assert_int_equal(publish_number(p.client, 3, 1), MIDGE_OK);
  assert_int_equal(publish_number(p.client, 4, 1), MIDGE_EQUEUE);
  assert_int_equal(midge_client_cancel(p.client, 1), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 1);
  assert_int_equal(p.event.done.status, MIDGE_ECANCELLED);
  assert_int_equal(publish_number(p.client, 4, 1), MIDGE_OK);
  program_stop(&p);
}

static void damage_is_told_and_not_sent(void **state) {
  (void)state;
  start_alone();
  static const char *const texts[] = {"the-first-one", "the-second-one"};
  for (uint64_t i = 0; i < 2; i++) {
    midge_publish publish = {
        .topic = MIDGE_TEXT("t"),
        .payload = {(const uint8_t *)texts[i], strlen(texts[i])},
        .qos = 1};
    assert_int_equal(midge_client_publish(p.client, &publish, i + 1), MIDGE_OK);
  }
  expect_stored(0, 2);
  program_stop(&p);
  disk_damage("the-first-one");
  start_alone();
  expect_restored(1, 1);
  program_stop(&p);
  start_alone();
  expect_restored(1, 0);
  program_stop(&p);
}

/* Again and again the same, until the file is moved away. */
static void damaged_tables_are_told_and_nothing_is_restored(void **state) {
  (void)state;
  static const char words[] = "is damaged: the tables of its file";
  start_alone();
  publish_numbers(0, 3);
  expect_stored(0, 3);
  program_stop(&p);
  disk_damage_tables();
  for (int lives = 0; lives < 2; lives++) {
    start_alone();
    wait_for(&p, MIDGE_EVENT_STORE);
    assert_int_equal(p.event.store.status, MIDGE_ESTORE);
    assert_non_null(memmem(p.event.store.text.data, p.event.store.text.size,
                           words, sizeof words - 1));
    assert_int_equal(publish_number(p.client, 3, 1), MIDGE_ESTORE);
    program_stop(&p);
  }
}

/* As the engine writes a message of QoS 1 with topic "t", and its mark. */
#define NEVER "\xff\xff\xff\xff\xff\xff\xff\xff"
static const char message_head[] = "\2\0\0" NEVER NEVER
                                   "\0\0\0\0\0\0\0\7"
                                   "\0\1\0\0\0\0";
static const char mark_head[] = "\1\0\5\0\0\0\0\0\0\0\1";

static midge_waiting_record record_of(uint64_t key, const char *head,
                                      size_t size, midge_slice body) {
  midge_waiting_record record = {
      .key = key, .head_size = (uint8_t)size, .body = body};
  memcpy(record.head, head, size);
  return record;
}

static void write_store(const midge_waiting_record *records, size_t count) {
  midge_store *store;
  midge_explanation why;
  midge_store_options options = {.path = disk_path()};
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  assert_int_equal(midge_store_write(store, records, count, &why), MIDGE_OK);
  midge_store_close(store);
}

static void damage_in_flight_begins_a_new_session(void **state) {
  (void)state;
  midge_waiting_record records[] = {
      record_of(5, message_head, sizeof message_head - 1,
                MIDGE_TEXT("twas-in-flight")),
      record_of(UINT64_C(1) << 62 | 5, mark_head, sizeof mark_head - 1,
                MIDGE_NO_SLICE)};
  write_store(records, 2);
  start_alone();
  expect_restored(1, 0);
  assert_false(p.event.restored.stale);
  program_stop(&p);
  disk_damage("twas-in-flight");
  start_alone();
  expect_restored(0, 1);
  assert_true(p.event.restored.stale);
  program_stop(&p);
}

/* It is whole, and says what nobody of this version would write. */
static void so_does_what_was_in_flight_and_cannot_be_used(void **state) {
  (void)state;
  static const char other_head[] = "\11\0\5\0\0\0\0\0\0\0\1";
  midge_waiting_record records[] = {
      record_of(5, message_head, sizeof message_head - 1, MIDGE_TEXT("t")),
      record_of(UINT64_C(1) << 62 | 5, other_head, sizeof other_head - 1,
                MIDGE_NO_SLICE)};
  write_store(records, 2);
  start_alone();
  expect_restored(1, 1);
  assert_true(p.event.restored.stale);
  program_stop(&p);
}

/* The server holds nothing of QoS 0 for us; and this one says QoS 1. */
static void what_cannot_be_used_of_qos_0_does_not(void **state) {
  (void)state;
  midge_waiting_record record =
      record_of(MIDGE_STORE_FLEETING | 5, message_head, sizeof message_head - 1,
                MIDGE_TEXT("t"));
  write_store(&record, 1);
  start_alone();
  expect_restored(0, 1);
  assert_false(p.event.restored.stale);
  program_stop(&p);
}

/* --- A slow disk, and a full one ------------------------------------------ */

static void nothing_is_sent_before_it_is_stored(void **state) {
  (void)state;
  broker *b = broker_start(&(broker_options){0});
  start_with(b);
  wait_until_opened(&p);
  publish_numbers(2, 3); /* with it what the session wrote of its beginning */
  wait_for(&p, MIDGE_EVENT_DONE);
  disk_hold(true);
  assert_int_equal(publish_number(p.client, 1, 1), MIDGE_OK);
  assert_int_equal(publish_number(p.client, 0, 0), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 1); /* of QoS 0 */
  assert_true(broker_expect(b, 2));
  assert_int_equal(broker_number(b, 1), 0);
  disk_hold(false);
  expect_stored(1, 2);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 2);
  program_stop(&p);
  broker_stop(b);
}

static void a_slow_disk_delays_its_own_client_alone(void **state) {
  (void)state;
  broker *b = broker_start(&(broker_options){0});
  start_with(b);
  wait_until_opened(&p);
  disk_hold(true);
  publish_numbers(0, 1);
  midge_client *other = NULL;
  midge_client_options options = {.session.clean_start = true};
  options.url = (midge_slice){(const uint8_t *)url_of(b), strlen(url_of(b))};
  assert_int_equal(midge_client_open(&other, p.reactor, &options, NULL, 0),
                   MIDGE_OK);
  assert_int_equal(midge_client_connect(other), MIDGE_OK);
  assert_int_equal(publish_number(other, 41, 2), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 42);
  disk_hold(false);
  expect_stored(0, 1);
  program_stop(&p);
  broker_stop(b);
}

static void a_full_disk_is_told_and_is_over_when_it_is(void **state) {
  (void)state;
  start_alone();
  expect_restored(0, 0);
  disk_refuse(ENOSPC);
  publish_numbers(0, 1);
  wait_for(&p, MIDGE_EVENT_STORE);
  assert_int_equal(p.event.store.status, MIDGE_EFULL);
  assert_non_null(memmem(p.event.store.text.data, p.event.store.text.size,
                         "No space left", 13));
  assert_int_equal(publish_number(p.client, 1, 1), MIDGE_EFULL);
  assert_int_equal(publish_number(p.client, 1, 0), MIDGE_OK);
  disk_refuse(0);
  wait_for(&p, MIDGE_EVENT_STORE);
  assert_int_equal(p.event.store.status, MIDGE_OK);
  assert_true(slice_is(p.event.store.text, "success"));
  expect_stored(0, 1);
  publish_numbers(2, 3);
  expect_stored(2, 3);
  program_stop(&p);
}

static void a_disk_that_stays_full_does_not_hold_the_end(void **state) {
  (void)state;
  start_alone();
  expect_restored(0, 0);
  disk_refuse(ENOSPC);
  publish_numbers(0, 1);
  wait_for(&p, MIDGE_EVENT_STORE);
  midge_client_close(p.client);
  wait_for(&p, MIDGE_EVENT_ENDED);
  program_stop(&p);
}

/* --- What cannot be ------------------------------------------------------- */

static void expect_refused(midge_client_options options, midge_status status,
                           const char *words) {
  char text[256];
  midge_client *client = NULL;
  options.url = MIDGE_TEXT("unix:/nowhere.sock");
  assert_int_equal(
      midge_client_open(&client, p.reactor, &options, text, sizeof text),
      status);
  if (strstr(text, words) == NULL) fail_msg("%s", text);
  char few[8];
  assert_int_equal(
      midge_client_open(&client, p.reactor, &options, few, sizeof few), status);
  assert_int_equal(strlen(few), 7);
  assert_memory_equal(few, text, 7);
}

static void a_store_has_one_client(void **state) {
  (void)state;
  start_alone();
  expect_refused(durable(), MIDGE_ELOCKED, "is open already, in this process");
  program_stop(&p);
}

static void a_session_that_does_not_last_has_no_store(void **state) {
  (void)state;
  start_alone();
  midge_client_options options = durable();
  options.session.clean_start = true;
  expect_refused(options, MIDGE_EINVAL, "this one is clean");
  options = durable();
  options.session.session_expiry_s = 0;
  expect_refused(options, MIDGE_EINVAL, "give a session expiry interval");
  options.session.version = MIDGE_MQTT_3_1_1;
  expect_refused(options, MIDGE_ELOCKED, "");
  program_stop(&p);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, disk_set_up, disk_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(what_was_stored_is_sent_in_the_next_life),
      TEST(a_patient_token_comes_back_without_its_patience),
      TEST(all_come_back_before_what_is_new),
      TEST(what_is_damaged_meanwhile_does_not_come_back),
      TEST(what_does_not_fit_into_memory_comes_back),
      TEST(a_closed_client_leaves_its_messages),
      TEST(a_reactor_that_stops_writes_what_it_has),
      TEST(what_was_restored_counts_in_the_queue),
      TEST(damage_is_told_and_not_sent),
      TEST(damaged_tables_are_told_and_nothing_is_restored),
      TEST(damage_in_flight_begins_a_new_session),
      TEST(so_does_what_was_in_flight_and_cannot_be_used),
      TEST(what_cannot_be_used_of_qos_0_does_not),
      TEST(nothing_is_sent_before_it_is_stored),
      TEST(a_slow_disk_delays_its_own_client_alone),
      TEST(a_full_disk_is_told_and_is_over_when_it_is),
      TEST(a_disk_that_stays_full_does_not_hold_the_end),
      TEST(a_store_has_one_client),
      TEST(a_session_that_does_not_last_has_no_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
