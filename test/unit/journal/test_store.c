/* What is written is there again, whole, and what is damaged is not. */
#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/slice.h"
#include "journal/key.h"
#include "journal/value.h"
#include "journal/versions.h"
#include "stores.h"

static void what_was_written_is_there_again(void **state) {
  (void)state;
  midge_store *store = store_open();
  assert_string_equal(store_bodies(store), "");
  store_put(store, 3, "three");
  store_put(store, 1, "one");
  store_put(store, UINT64_C(3) << 62, "session");
  store_put(store, 256, "large");
  assert_string_equal(store_bodies(store), "one three large session ");
  midge_store_close(store);
  store = store_open();
  assert_string_equal(store_bodies(store), "one three large session ");
  midge_store_close(store);
}

static void a_transaction_is_put_and_deleted_in_its_order(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  const midge_waiting_record records[] = {
      record_of(1, "a"), record_of(2, "b"),  deletion_of(1),
      deletion_of(9),    record_of(2, "bb"), record_of(3, ""),
  };
  assert_int_equal(midge_store_write(store, records, 6, &why), MIDGE_OK);
  assert_string_equal(store_bodies(store), "bb  ");
  midge_store_close(store);
}

/* As a process that is killed leaves it. */
static void a_store_survives_its_process(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    midge_store *store = store_open();
    store_put(store, 1, "kept");
    raise(SIGKILL);
  }
  int result = 0;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_true(WIFSIGNALED(result));
  midge_store *store = store_open();
  assert_string_equal(store_bodies(store), "kept ");
  midge_store_close(store);
}

static void a_store_is_for_its_owner_alone(void **state) {
  (void)state;
  struct stat found;
  midge_store_close(store_open());
  assert_int_equal(stat(store_path(), &found), 0);
  assert_int_equal(found.st_mode & 0777, 0700);
}

/* --- Damage --------------------------------------------------------------- */

static void every_turned_bit_of_a_value_is_noticed(void **state) {
  (void)state;
  midge_slice head = MIDGE_TEXT("head"), body = MIDGE_TEXT("and its body");
  uint8_t value[64];
  size_t size = midge_value_size(head, body);
  assert_true(size <= sizeof value);
  midge_value_write(value, head, body);
  midge_slice read_head, read_body;
  assert_true(
      midge_value_read(midge_slice_of(value, size), &read_head, &read_body));
  assert_true(midge_slice_equal(read_head, head));
  assert_true(midge_slice_equal(read_body, body));
  for (size_t bit = 0; bit < 8 * size; bit++) {
    value[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_false(
        midge_value_read(midge_slice_of(value, size), &read_head, &read_body));
    value[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  for (size_t less = 0; less < size; less++)
    assert_false(
        midge_value_read(midge_slice_of(value, less), &read_head, &read_body));
}

static void a_damaged_record_is_set_aside(void **state) {
  (void)state;
  midge_explanation why;
  size_t records, damaged;
  midge_store *store = store_open();
  store_put(store, 1, "first-of-them");
  store_put(store, 2, "second-of-them");
  store_put(store, 3, "third-of-them");
  midge_store_close(store);
  store_damage("second-of-them");

  store = store_open();
  midge_page page;
  assert_int_equal(midge_store_read(store, 0, 4096, &page, &why), MIDGE_OK);
  assert_int_equal(page.count, 2);
  assert_int_equal(page.damaged, 1);
  midge_page_free(&page);
  assert_int_equal(midge_store_count(store, &records, &damaged, &why),
                   MIDGE_OK);
  assert_int_equal(records, 2);
  assert_int_equal(damaged, 1);
  midge_store_close(store);
  store = store_open();
  assert_string_equal(store_bodies(store), "first-of-them third-of-them ");
  midge_store_close(store);
}

/* What is left cannot say which identifiers the server holds. */
static void damage_of_what_was_in_flight_is_told(void **state) {
  (void)state;
  static const struct {
    uint64_t key;
    bool stale;
  } cases[] = {
      {1, true},                      /* a message with a mark */
      {2, false},                     /* one that waits */
      {UINT64_C(1) << 61 | 2, false}, /* one of QoS 0 */
      {UINT64_C(1) << 62 | 1, true},  /* a mark */
      {UINT64_C(2) << 62 | 9, false}, /* a message of the server */
      {UINT64_C(3) << 62, true},      /* the session */
      {UINT64_C(3) << 62 | 1, false}, /* a subscription */
  };
  enum { CASES = sizeof cases / sizeof *cases };
  for (size_t i = 0; i < CASES; i++) {
    midge_page page;
    midge_explanation why;
    midge_store *store = store_open();
    for (size_t j = 0; j < CASES; j++)
      store_put(store, cases[j].key, i == j ? "BAD" : "good");
    midge_store_close(store);
    store_damage("BAD");
    store = store_open();
    assert_int_equal(midge_store_read(store, 0, 4096, &page, &why), MIDGE_OK);
    assert_int_equal(page.damaged, 1);
    assert_int_equal(page.stale, cases[i].stale);
    midge_page_free(&page);
    midge_store_close(store);
    store = store_open(); /* by the next process too */
    assert_int_equal(midge_store_is_stale(store), cases[i].stale);
    midge_store_close(store);
    char name[128];
    snprintf(name, sizeof name, "%s/data.mdb", store_path());
    assert_int_equal(remove(name), 0);
  }
}

static void a_page_of_damaged_records_is_no_end(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  static midge_waiting_record records[3000];
  for (size_t i = 0; i < 3000; i++)
    records[i] = record_of(i + 1, i < 2999 ? "BAD" : "good");
  assert_int_equal(midge_store_write(store, records, 3000, &why), MIDGE_OK);
  midge_store_close(store);
  store_damage("BAD");
  store = store_open();
  assert_string_equal(store_bodies(store), "good ");
  midge_store_close(store);
}

static void what_a_session_does_not_take_is_set_aside_too(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  store_put(store, 1, "a");
  store_put(store, 2, "b");
  const uint64_t keys[] = {2, 7};
  assert_int_equal(midge_store_set_aside(store, keys, 0, &why), MIDGE_OK);
  assert_int_equal(midge_store_set_aside(store, keys, 2, &why), MIDGE_OK);
  assert_string_equal(store_bodies(store), "a ");
  midge_store_close(store);
}

/* --- Sizes ---------------------------------------------------------------- */

static void a_page_holds_so_many_bytes_or_one_record(void **state) {
  (void)state;
  midge_explanation why;
  midge_page page;
  midge_store *store = store_open();
  store_put(store, 1, "abcdefgh");
  store_put(store, 2, "ijkl");
  store_put(store, 3, "mnop");
  assert_int_equal(midge_store_read(store, 0, 1, &page, &why), MIDGE_OK);
  assert_int_equal(page.count, 1);
  midge_page_free(&page);
  assert_int_equal(midge_store_read(store, 1, 12, &page, &why), MIDGE_OK);
  assert_int_equal(page.count, 2);
  midge_page_free(&page);
  midge_store_close(store);
}

/* Head of a message, as the engine writes it. */
static midge_waiting_record message_of(uint64_t key, uint8_t label) {
  midge_waiting_record record = {
      .key = key, .head_size = 33, .head = {2}, .body = MIDGE_TEXT("t")};
  record.head[26] = label;
  record.head[28] = 1;
  return record;
}

static void the_last_label_is_that_of_the_last_message(void **state) {
  (void)state;
  uint64_t label = 99;
  midge_explanation why;
  midge_store *store = store_open();
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 0);
  const midge_waiting_record records[] = {message_of(4, 17), message_of(5, 18)};
  assert_int_equal(midge_store_write(store, records, 2, &why), MIDGE_OK);
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 18);
  store_put(store, UINT64_C(1) << 62 | 5, "mark");
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 18);
  midge_store_close(store);
}

/* Those of QoS 0 lie behind the others, whichever came last. */
static void the_last_label_may_be_of_either_kind(void **state) {
  (void)state;
  uint64_t label;
  midge_explanation why;
  midge_store *store = store_open();
  const midge_waiting_record records[] = {
      message_of(4, 17), message_of(MIDGE_STORE_FLEETING | 5, 12)};
  assert_int_equal(midge_store_write(store, records, 2, &why), MIDGE_OK);
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 17);
  const midge_waiting_record newer = message_of(MIDGE_STORE_FLEETING | 6, 18);
  assert_int_equal(midge_store_write(store, &newer, 1, &why), MIDGE_OK);
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 18);
  midge_store_close(store);
}

static void a_damaged_last_message_leaves_the_label_of_the_one_before(
    void **state) {
  (void)state;
  uint64_t label = 0;
  midge_explanation why;
  midge_store *store = store_open();
  midge_waiting_record record = message_of(1, 17);
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  store_put(store, 2, "BAD");
  midge_store_close(store);
  store_damage("BAD");
  store = store_open();
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 17);
  midge_store_close(store);
}

static void nothing_but_marks_has_no_label(void **state) {
  (void)state;
  uint64_t label = 99;
  midge_explanation why;
  midge_store *store = store_open();
  store_put(store, UINT64_C(3) << 62, "session");
  assert_int_equal(midge_store_last_label(store, &label, &why), MIDGE_OK);
  assert_int_equal(label, 0);
  midge_store_close(store);
}

/* In steps, for they are many. */
static void messages_are_looked_at_where_they_lie(void **state) {
  (void)state;
  enum { COUNT = 20000 };
  midge_explanation why;
  midge_store *store = store_open();
  static midge_waiting_record records[COUNT];
  for (size_t i = 0; i < COUNT; i++) records[i] = message_of(i + 1, 1);
  records[10] = record_of(11, "no message");
  assert_int_equal(midge_store_write(store, records, COUNT, &why), MIDGE_OK);
  store_put(store, MIDGE_STORE_MARKS | 7, "mark");
  store_put(store, MIDGE_STORE_SESSION, "session");
  midge_survey survey = {.after = 9};
  size_t steps = 0;
  while (!survey.is_over) {
    assert_int_equal(midge_store_survey(store, &survey, &why), MIDGE_OK);
    steps++;
  }
  assert_true(steps > 1);
  assert_int_equal(survey.found.first, 10);
  assert_int_equal(survey.found.last, COUNT);
  assert_int_equal(survey.found.count, COUNT - 10);
  assert_int_equal(survey.found.bytes, COUNT - 10);
  assert_int_equal(survey.damaged, 1);
  midge_store_close(store);
}

static void a_look_that_fails_has_seen_nothing(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  store_put(store, 1, "no message");
  midge_survey survey = {0};
  refused.commit = (fault){EIO, 1}; /* it cannot be set aside yet */
  assert_int_equal(midge_store_survey(store, &survey, &why), MIDGE_ESTORE);
  assert_true(survey.after == 0 && survey.damaged == 0 && !survey.is_over);
  assert_int_equal(midge_store_survey(store, &survey, &why), MIDGE_OK);
  assert_true(survey.damaged == 1 && survey.is_over);
  midge_store_close(store);
}

static void the_last_mark_is_of_the_newest_in_flight(void **state) {
  (void)state;
  uint64_t key = 99;
  midge_explanation why;
  midge_store *store = store_open();
  assert_int_equal(midge_store_last_marked(store, &key, &why), MIDGE_OK);
  assert_int_equal(key, 0);
  store_put(store, 3, "message");
  assert_int_equal(midge_store_last_marked(store, &key, &why), MIDGE_OK);
  assert_int_equal(key, 0);
  store_put(store, MIDGE_STORE_MARKS | 3, "mark");
  assert_int_equal(midge_store_last_marked(store, &key, &why), MIDGE_OK);
  assert_int_equal(key, 3);
  store_put(store, MIDGE_STORE_SESSION, "session");
  assert_int_equal(midge_store_last_marked(store, &key, &why), MIDGE_OK);
  assert_int_equal(key, 3);
  midge_store_close(store);
}

/* It begins with 16 MiB. */
static void the_file_grows_by_itself(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  size_t size = 5 * 1024 * 1024;
  uint8_t *bytes = malloc(size);
  memset(bytes, 'x', size);
  for (uint64_t key = 1; key <= 8; key++) {
    midge_waiting_record record = record_of(key, "");
    record.body = midge_slice_of(bytes, size);
    assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  }
  midge_page page;
  assert_int_equal(midge_store_read(store, 7, 1, &page, &why), MIDGE_OK);
  assert_int_equal(page.records[0].body.size, size);
  assert_memory_equal(page.records[0].body.data, bytes, size);
  midge_page_free(&page);
  midge_store_close(store);
  free(bytes);
}

static void a_full_store_takes_what_fits_when_there_is_room(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = NULL;
  midge_store_options options = store_options();
  options.bytes_max = 3 * 1024 * 1024 + 5;
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  size_t size = 512 * 1024;
  uint8_t *bytes = calloc(1, size);
  midge_status status = MIDGE_OK;
  uint64_t key = 0;
  while (status == MIDGE_OK) {
    midge_waiting_record record = record_of(++key, "");
    record.body = midge_slice_of(bytes, size);
    status = midge_store_write(store, &record, 1, &why);
    assert_true(key < 10);
  }
  assert_int_equal(status, MIDGE_EFULL);
  assert_non_null(strstr(why.text, "cannot write to the store"));
  midge_waiting_record gone[] = {deletion_of(1), deletion_of(2)};
  assert_int_equal(midge_store_write(store, gone, 2, &why), MIDGE_OK);
  store_put(store, 1000, "fits");
  size_t records, damaged;
  assert_int_equal(midge_store_count(store, &records, &damaged, &why),
                   MIDGE_OK);
  assert_int_equal(records, key - 1 - 2 + 1);
  midge_store_close(store);
  free(bytes);
}

/* --- What it is made with ------------------------------------------------- */

static void the_version_of_lmdb_is_three_numbers(void **state) {
  (void)state;
  int major, minor, patch;
  char numbers[64];
  mdb_version(&major, &minor, &patch);
  snprintf(numbers, sizeof numbers, "%d.%d.%d", major, minor, patch);
  assert_string_equal(midge_journal_lmdb(), numbers);
}

static void the_version_of_zlib_is_that_which_runs(void **state) {
  (void)state;
  assert_string_equal(midge_journal_zlib(), zlibVersion());
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, store_set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(what_was_written_is_there_again),
      TEST(a_transaction_is_put_and_deleted_in_its_order),
      TEST(a_store_survives_its_process),
      TEST(a_store_is_for_its_owner_alone),
      TEST(every_turned_bit_of_a_value_is_noticed),
      TEST(a_damaged_record_is_set_aside),
      TEST(damage_of_what_was_in_flight_is_told),
      TEST(a_page_of_damaged_records_is_no_end),
      TEST(what_a_session_does_not_take_is_set_aside_too),
      TEST(a_page_holds_so_many_bytes_or_one_record),
      TEST(the_last_label_is_that_of_the_last_message),
      TEST(the_last_label_may_be_of_either_kind),
      TEST(a_damaged_last_message_leaves_the_label_of_the_one_before),
      TEST(nothing_but_marks_has_no_label),
      TEST(messages_are_looked_at_where_they_lie),
      TEST(a_look_that_fails_has_seen_nothing),
      TEST(the_last_mark_is_of_the_newest_in_flight),
      TEST(the_file_grows_by_itself),
      TEST(a_full_store_takes_what_fits_when_there_is_room),
      cmocka_unit_test(the_version_of_lmdb_is_three_numbers),
      cmocka_unit_test(the_version_of_zlib_is_that_which_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
