/* A store is looked at from outside: what is in it, whole, in order, whoever
 * has it open, and nothing worse than a sentence when it is damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "midge/store.h"
#include "stores.h"

static midge_slice path_of(void) {
  return midge_slice_text(store_path());
}

static midge_store_reader *reader_open(void) {
  char text[256];
  midge_store_reader *reader = NULL;
  midge_status status =
      midge_store_reader_open(&reader, path_of(), text, sizeof text);
  if (status != MIDGE_OK) fail_msg("%s", text);
  return reader;
}

static void expect_end(const midge_store_reader *reader) {
  char text[256];
  midge_status status = midge_store_reader_end(reader, text, sizeof text);
  if (status != MIDGE_OK) fail_msg("%s", text);
}

/* Lines of kind, identifier, QoS, topic and payload. */
static const char *listed(void) {
  static char list[4096];
  size_t at = 0;
  midge_stored stored;
  midge_store_reader *reader = reader_open();
  list[0] = '\0';
  while (midge_store_reader_next(reader, &stored)) {
    const midge_publish *publish = &stored.publish;
    at += (size_t)snprintf(
        list + at, sizeof list - at, "%s %d %d%s %.*s=%.*s+%zu\n",
        midge_stored_name(stored.kind), stored.packet_id, publish->qos,
        publish->retain ? "r" : "", (int)publish->topic.size,
        (const char *)publish->topic.data, (int)publish->payload.size,
        (const char *)publish->payload.data, stored.properties.size);
  }
  expect_end(reader);
  midge_store_reader_close(reader);
  return list;
}

/* --- A session with messages in each state -------------------------------- */

static void receive(midge_session *session, const char *bytes, size_t size) {
  midge_session_received(session, midge_slice_of(bytes, size));
}

#define RECEIVE(session, bytes) receive(session, bytes, sizeof(bytes) - 1)

static void publish(midge_session *session, midge_qos qos, const char *topic) {
  midge_property user = {.id = MIDGE_USER_PROPERTY,
                         .name = MIDGE_TEXT("a"),
                         .value = MIDGE_TEXT("b")};
  midge_publish message = {.topic = midge_slice_text(topic),
                           .payload = MIDGE_TEXT("payload"),
                           .qos = qos,
                           .retain = qos == MIDGE_EXACTLY_ONCE};
  if (qos == MIDGE_EXACTLY_ONCE)
    message.properties = (midge_properties){&user, 1};
  assert_int_equal(midge_session_publish(session, &message, 0), MIDGE_OK);
}

static void turn(midge_session *session, midge_store *store) {
  midge_event event;
  midge_slice slices[8];
  size_t count;
  while (midge_session_event(session, &event)) continue;
  store_records(store, session);
  while ((count = midge_session_output(session, slices, 8)) != 0) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += slices[i].size;
    midge_session_sent(session, size);
    store_records(store, session);
  }
}

/* Two messages are on their way, of two one is released, one was received and
 * waits for PUBREL, and two wait for room. */
static void fill(midge_store *store) {
  midge_session *session = NULL;
  midge_session_options options = {.client_id = MIDGE_TEXT("kitchen"),
                                   .durable = true,
                                   .at_release = true,
                                   .in_flight_max = 3,
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  midge_session_elapsed(session, 1);
  midge_session_connected(session);
  turn(session, store);
  RECEIVE(session, "\x20\x03\x00\x00\x00");
  publish(session, MIDGE_AT_LEAST_ONCE, "one");
  publish(session, MIDGE_EXACTLY_ONCE, "two");
  publish(session, MIDGE_EXACTLY_ONCE, "three");
  publish(session, MIDGE_AT_LEAST_ONCE, "four");
  publish(session, MIDGE_EXACTLY_ONCE, "five");
  turn(session, store);
  RECEIVE(session, "\x50\x02\x00\x03");
  RECEIVE(session, "\x34\x0b\x00\x04some\x00\x09\x00of");
  turn(session, store);
  midge_session_free(session);
}

static const char filled[] =
    "sent 1 1 one=payload+0\n"
    "sent 2 2r two=payload+7\n"
    "released 3 2r three=payload+7\n"
    "waiting 0 1 four=payload+0\n"
    "waiting 0 2r five=payload+7\n"
    "received 9 2 some=of+0\n";

static void messages_are_shown_in_their_order_and_state(void **state) {
  (void)state;
  midge_store *store = store_open();
  assert_string_equal(listed(), "");
  fill(store);
  assert_string_equal(listed(), filled);
  midge_store_close(store);
  assert_string_equal(listed(), filled);
}

/* Until PUBREL, of what the program has had. */
static void an_identifier_alone_is_no_message(void **state) {
  (void)state;
  midge_store_report report;
  midge_page page;
  midge_explanation why;
  midge_session *session = NULL;
  midge_store *store = store_open();
  midge_session_options options = {.client_id = MIDGE_TEXT("kitchen"),
                                   .durable = true,
                                   .session_expiry_s = 60};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  midge_session_connected(session);
  turn(session, store);
  RECEIVE(session, "\x20\x03\x00\x00\x00");
  RECEIVE(session, "\x34\x0b\x00\x04some\x00\x09\x00of");
  turn(session, store);
  midge_session_free(session);
  assert_int_equal(midge_store_read(store, UINT64_C(2) << 62, 1, &page, &why),
                   MIDGE_OK);
  assert_int_equal(page.count, 1);
  assert_int_equal(page.records[0].key, UINT64_C(2) << 62 | 9);
  midge_page_free(&page);
  assert_string_equal(listed(), "");
  assert_int_equal(midge_store_check(path_of(), &report, NULL, 0), MIDGE_OK);
  assert_int_equal(report.noticed, 0);
  assert_int_equal(report.kinds[MIDGE_STORED_DAMAGED].messages, 0);
  midge_store_close(store);
}

static void looking_changes_nothing_and_needs_no_right_to_write(void **state) {
  (void)state;
  char name[128];
  struct stat before, after;
  midge_store *store = store_open();
  fill(store);
  midge_store_close(store);
  snprintf(name, sizeof name, "%s/data.mdb", store_path());
  assert_int_equal(stat(name, &before), 0);
  chmod(name, 0400);
  chmod(store_path(), 0500);
  assert_string_equal(listed(), filled);
  chmod(store_path(), 0700);
  assert_int_equal(stat(name, &after), 0);
  assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  assert_int_equal(before.st_size, after.st_size);
}

/* --- Many, large, and written meanwhile ----------------------------------- */

enum { MANY = 5000, LARGE = 100000 };

static void read_all(uint64_t *count, uint64_t *bytes) {
  midge_stored stored;
  uint64_t last = 0;
  midge_store_reader *reader = reader_open();
  *count = *bytes = 0;
  while (midge_store_reader_next(reader, &stored)) {
    assert_true(stored.key > last);
    last = stored.key;
    *count += 1;
    *bytes += stored.publish.payload.size;
  }
  expect_end(reader);
  midge_store_reader_close(reader);
}

static char large[LARGE];

static void many_and_large_ones_are_read(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  static midge_waiting_record records[MANY];
  memset(large, 'x', sizeof large - 1);
  uint64_t all = 0, count, bytes;
  for (size_t i = 0; i < MANY; i++) {
    const char *body = i % 500 == 7 ? large : "of no size";
    records[i] = record_of(3 * i + 2, body);
    all += strlen(body) + 2 + 9; /* the head, and what is beside it */
  }
  assert_int_equal(midge_store_write(store, records, MANY, &why), MIDGE_OK);
  read_all(&count, &bytes); /* no session wrote these */
  assert_int_equal(count, MANY);
  assert_int_equal(bytes, all);
  midge_store_close(store);
}

/* A client that writes so many transactions before a read, `left` at most, once
 * `unseen` reads of at least that size are over. */
static midge_store *busy;
static int left, at_once, unseen;
static size_t least;

static void write_some(size_t size) {
  midge_explanation why;
  static uint64_t key = 1000;
  if (size < least || unseen-- > 0) return;
  for (int i = 0; i < at_once && left > 0; i++, left--) {
    const midge_waiting_record records[] = {record_of(key, "new and of a size"),
                                            deletion_of(key - 5)};
    assert_int_equal(midge_store_write(busy, records, 2, &why), MIDGE_OK);
    key++;
  }
}

static void client_writes(int transactions, int times, int after) {
  refused.before_read = write_some;
  at_once = transactions;
  left = times;
  unseen = after;
  least = 0;
}

enum { STAY = 200 };

static const char *body_that_stays(uint64_t key) {
  return key % 100 == 50 ? large : "and this one stays";
}

static void open_busy(void) {
  memset(large, 'y', sizeof large - 1);
  busy = store_open();
  for (uint64_t key = 1; key <= STAY; key++)
    store_put(busy, key, body_that_stays(key));
}

static void expect_those_that_stay(void) {
  midge_stored stored;
  uint64_t next = 1;
  midge_store_reader *reader = reader_open();
  while (midge_store_reader_next(reader, &stored)) {
    if (stored.key > STAY) continue;
    assert_int_equal(stored.key, next++);
    const char *body = body_that_stays(stored.key);
    midge_slice value = stored.publish.payload; /* with what is beside it */
    assert_int_equal(value.size, strlen(body) + 11);
    assert_memory_equal(value.data + 11, body, strlen(body));
  }
  expect_end(reader);
  assert_int_equal(next, STAY + 1);
  midge_store_reader_close(reader);
}

static void what_stays_is_shown_once_while_a_client_writes(void **state) {
  (void)state;
  open_busy();
  for (int transactions = 1; transactions <= 3; transactions++) {
    client_writes(transactions, 500, 0);
    expect_those_that_stay();
  }
  for (int after = 0; after < 300; after++) {
    client_writes(3, 3, after);
    expect_those_that_stay();
  }
  refused.before_read = NULL;
  midge_store_close(busy);
}

static void expect_too_fast(midge_store_reader *reader) {
  char text[256];
  midge_stored stored;
  while (midge_store_reader_next(reader, &stored)) assert_true(stored.key < 50);
  assert_int_equal(midge_store_reader_end(reader, text, sizeof text),
                   MIDGE_ELOCKED);
  assert_non_null(strstr(text, "faster than it can be read"));
  midge_store_reader_close(reader);
}

static void whoever_writes_without_end_is_said_to_be_too_fast(void **state) {
  (void)state;
  open_busy();
  midge_store_reader *reader = reader_open();
  client_writes(2, INT32_MAX, 0);
  expect_too_fast(reader);
  assert_int_equal(midge_store_reader_open(&reader, path_of(), NULL, 0),
                   MIDGE_ELOCKED);
  client_writes(1, INT32_MAX, 0); /* at any read, both pages of a moment */
  assert_int_equal(midge_store_reader_open(&reader, path_of(), NULL, 0),
                   MIDGE_ELOCKED);
  refused.before_read = NULL;
  reader = reader_open();
  client_writes(2, INT32_MAX, 0);
  least = LARGE; /* only while what is elsewhere is read */
  expect_too_fast(reader);
  refused.before_read = NULL;
  midge_store_close(busy);
}

/* --- What is wrong with it ------------------------------------------------ */

static void expect_no_reader(midge_slice path, midge_status status,
                             const char *words) {
  char text[256];
  midge_store_reader *reader = NULL;
  assert_int_equal(midge_store_reader_open(&reader, path, text, sizeof text),
                   status);
  assert_null(reader);
  if (strstr(text, words) == NULL) fail_msg("%s", text);
}

static void nothing_is_made_where_no_store_is(void **state) {
  (void)state;
  midge_store_report report;
  expect_no_reader(path_of(), MIDGE_EFOREIGN, "there is no store in");
  expect_no_reader(MIDGE_NO_SLICE, MIDGE_EINVAL, "path");
  assert_int_equal(midge_store_check(path_of(), &report, NULL, 0),
                   MIDGE_EFOREIGN);
  assert_int_equal(midge_store_discard(path_of(), 1, NULL, 0), MIDGE_EFOREIGN);
  assert_int_equal(access(store_path(), F_OK), -1);
  midge_store_reader_close(NULL);
}

static int data_file(int flags) {
  char name[128];
  snprintf(name, sizeof name, "%s/data.mdb", store_path());
  int file = open(name, flags, 0600);
  assert_true(file >= 0);
  return file;
}

static void what_is_no_store_is_refused(void **state) {
  (void)state;
  mkdir(store_path(), 0700);
  int file = data_file(O_RDWR | O_CREAT);
  expect_no_reader(path_of(), MIDGE_EFOREIGN, "by another program");
  assert_int_equal(write(file, "no store, but long enough to be one", 35), 35);
  assert_int_equal(ftruncate(file, 65536), 0);
  expect_no_reader(path_of(), MIDGE_EFOREIGN, "by another program");
  close(file);
  refused.open = (fault){EACCES, 1};
  expect_no_reader(path_of(), MIDGE_ESTORE, "cannot read the store");
}

static void another_format_is_refused(void **state) {
  (void)state;
  midge_store_close(store_open());
  store_damage("midge store");
  expect_no_reader(path_of(), MIDGE_EFOREIGN, "by another version");
}

/* Any byte may be anything: what is read is that of records, or an error. */
static void no_damage_does_harm(void **state) {
  (void)state;
  memset(large, 'z', sizeof large - 1);
  midge_store *store = store_open();
  fill(store);
  store_put(store, 100, large);
  for (uint64_t key = 101; key < 300; key++)
    store_put(store, key, "something that fills pages, so that there are some");
  midge_store_close(store);
  int file = data_file(O_RDWR);
  struct stat found;
  fstat(file, &found);
  size_t refusals = 0, readings = 0;
  for (unsigned i = 0; i < 12000; i++) {
    /* Most bytes that matter are at the beginning of a page. */
    off_t at = (off_t)(i * 2654435761u % (unsigned)found.st_size);
    if (i % 4 != 0) at = at / 4096 * 4096 + (off_t)(i / 4 % 160);
    uint8_t was, is;
    assert_int_equal(pread(file, &was, 1, at), 1);
    is = was ^ (uint8_t)(1u << i % 8);
    assert_int_equal(pwrite(file, &is, 1, at), 1);
    midge_store_report report;
    char text[256];
    midge_status status =
        midge_store_check(path_of(), &report, text, sizeof text);
    assert_true(status == MIDGE_OK || status == MIDGE_ESTORE ||
                status == MIDGE_EFOREIGN);
    if (status == MIDGE_OK)
      readings++;
    else
      refusals++;
    assert_int_equal(pwrite(file, &was, 1, at), 1);
  }
  close(file);
  assert_true(refusals > 100);
  assert_true(readings > 100);
}

/* --- Checking ------------------------------------------------------------- */

static midge_store_report checked(void) {
  char text[256];
  midge_store_report report;
  midge_status status =
      midge_store_check(path_of(), &report, text, sizeof text);
  if (status != MIDGE_OK) fail_msg("%s", text);
  return report;
}

static void a_check_counts_what_is_there(void **state) {
  (void)state;
  midge_store *store = store_open();
  midge_store_report report = checked();
  assert_false(report.has_session);
  fill(store);
  store_put(store, 77, "a-body-to-be-damaged");
  store_put(store, 78, "no message at all");
  report = checked();
  assert_true(report.has_session);
  assert_true(report.is_locked);
  assert_int_equal(report.locked_by, getpid());
  assert_int_equal(report.kinds[MIDGE_STORED_WAITING].messages, 2);
  assert_int_equal(report.kinds[MIDGE_STORED_SENT].messages, 2);
  assert_int_equal(report.kinds[MIDGE_STORED_RELEASED].messages, 1);
  assert_int_equal(report.kinds[MIDGE_STORED_RECEIVED].messages, 1);
  assert_int_equal(report.kinds[MIDGE_STORED_RECEIVED].bytes, 6);
  assert_int_equal(report.kinds[MIDGE_STORED_DAMAGED].messages, 2);
  assert_int_equal(report.noticed, 2);
  assert_true(report.bytes_used >= 5 * 4096);
  assert_true(report.bytes >= report.bytes_used);
  assert_true(report.bytes_free > 0);
  midge_store_close(store);

  store_damage("a-body-to-be-damaged");
  report = checked();
  assert_false(report.is_locked);
  assert_int_equal(report.noticed, 2);
  midge_explanation why;
  const uint64_t keys[] = {77, 78};
  store = store_open();
  assert_int_equal(midge_store_set_aside(store, keys, 2, &why), MIDGE_OK);
  midge_store_close(store);
  report = checked();
  assert_int_equal(report.noticed, 0);
  assert_int_equal(report.kinds[MIDGE_STORED_DAMAGED].messages, 2);
}

static void a_store_without_its_lock_file_is_not_locked(void **state) {
  (void)state;
  char name[128];
  midge_store_close(store_open());
  snprintf(name, sizeof name, "%s/lock", store_path());
  assert_int_equal(unlink(name), 0);
  assert_false(checked().is_locked);
}

/* --- Discarding ----------------------------------------------------------- */

static midge_status discard(uint64_t key, const char *words) {
  char text[256];
  midge_status status = midge_store_discard(path_of(), key, text, sizeof text);
  if (strstr(text, words) == NULL) fail_msg("%s", text);
  return status;
}

static void what_is_discarded_is_gone_with_its_mark(void **state) {
  (void)state;
  midge_store *store = store_open();
  fill(store);
  assert_int_equal(discard(1, "is open already"), MIDGE_ELOCKED);
  midge_store_close(store);
  assert_int_equal(discard(1, ""), MIDGE_OK);
  assert_int_equal(discard(4, ""), MIDGE_OK);
  assert_int_equal(discard(4, "no message with this key"), MIDGE_EINVAL);
  assert_string_equal(listed(),
                      "sent 2 2r two=payload+7\n"
                      "released 3 2r three=payload+7\n"
                      "waiting 0 2r five=payload+7\n"
                      "received 9 2 some=of+0\n");
  store = store_open();
  midge_page page;
  midge_explanation why;
  assert_int_equal(midge_store_read(store, UINT64_C(1) << 62, 1, &page, &why),
                   MIDGE_OK);
  assert_int_equal(page.records[0].key, UINT64_C(1) << 62 | 2);
  midge_page_free(&page);
  midge_store_close(store);
}

static void what_the_server_may_complete_is_not_discarded(void **state) {
  (void)state;
  midge_store *store = store_open();
  fill(store);
  midge_store_close(store);
  assert_int_equal(discard(2, "under way"), MIDGE_EINVAL);
  assert_int_equal(discard(3, "under way"), MIDGE_EINVAL);
  assert_int_equal(discard(UINT64_C(2) << 62 | 9, "under way"), MIDGE_EINVAL);
  assert_string_equal(listed(), filled);
}

static void what_is_damaged_can_be_discarded(void **state) {
  (void)state;
  midge_explanation why;
  const uint64_t aside = 78;
  midge_store *store = store_open();
  store_put(store, 77, "no message");
  store_put(store, 78, "nor this");
  assert_int_equal(midge_store_set_aside(store, &aside, 1, &why), MIDGE_OK);
  midge_store_close(store);
  assert_int_equal(discard(77, ""), MIDGE_OK);
  assert_int_equal(discard(78, ""), MIDGE_OK);
  assert_string_equal(listed(), "");
}

int main(void) {
#define TEST(function) \
  cmocka_unit_test_setup_teardown(function, store_set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(messages_are_shown_in_their_order_and_state),
      TEST(an_identifier_alone_is_no_message),
      TEST(looking_changes_nothing_and_needs_no_right_to_write),
      TEST(many_and_large_ones_are_read),
      TEST(what_stays_is_shown_once_while_a_client_writes),
      TEST(whoever_writes_without_end_is_said_to_be_too_fast),
      TEST(nothing_is_made_where_no_store_is),
      TEST(what_is_no_store_is_refused),
      TEST(another_format_is_refused),
      TEST(no_damage_does_harm),
      TEST(a_check_counts_what_is_there),
      TEST(a_store_without_its_lock_file_is_not_locked),
      TEST(what_is_discarded_is_gone_with_its_mark),
      TEST(what_the_server_may_complete_is_not_discarded),
      TEST(what_is_damaged_can_be_discarded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
