/* An old copy of a store, or one that lies elsewhere, is known as one. */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "journal/key.h"
#include "stores.h"

static const char *name_of(const char *file) {
  static char names[2][128];
  static int turn;
  turn ^= 1;
  snprintf(names[turn], sizeof names[turn], "%s/%s", store_path(), file);
  return names[turn];
}

/* As `cp` does it: into the file that is there, if there is one. */
static void copy(const char *from, const char *to) {
  uint8_t bytes[4096];
  size_t size;
  FILE *in = fopen(name_of(from), "r"), *out = fopen(name_of(to), "w");
  assert_non_null(in);
  assert_non_null(out);
  while ((size = fread(bytes, 1, sizeof bytes, in)) != 0)
    assert_int_equal(fwrite(bytes, 1, size, out), size);
  fclose(in);
  assert_int_equal(fclose(out), 0);
}

static bool opens_stale(void) {
  midge_store *store = store_open();
  bool stale = midge_store_is_stale(store);
  midge_store_close(store);
  return stale;
}

static void put_and_close(uint64_t key, const char *body) {
  midge_store *store = store_open();
  store_put(store, key, body);
  midge_store_close(store);
}

static void a_store_that_was_only_closed_is_not_stale(void **state) {
  (void)state;
  assert_false(opens_stale());
  put_and_close(1, "a");
  assert_false(opens_stale());
  midge_store *store = store_open();
  for (uint64_t key = 2; key < 9; key++) store_put(store, key, "more");
  midge_store_close(store);
  assert_false(opens_stale());
}

static void data_from_an_earlier_day_is_stale(void **state) {
  (void)state;
  put_and_close(1, "a");
  copy("data.mdb", "backup");
  put_and_close(2, "b");
  copy("backup", "data.mdb");
  remove(name_of("backup"));
  midge_store *store = store_open();
  assert_true(midge_store_is_stale(store));
  assert_string_equal(store_bodies(store), "a ");
  midge_store_close(store);
}

static void data_in_another_file_is_stale(void **state) {
  (void)state;
  put_and_close(1, "a");
  copy("data.mdb", "copy");
  assert_int_equal(rename(name_of("copy"), name_of("data.mdb")), 0);
  assert_true(opens_stale());
}

/* What the server has of the session may be anything. */
static void a_store_that_has_lost_its_data_is_stale(void **state) {
  (void)state;
  put_and_close(1, "a");
  assert_int_equal(truncate(name_of("data.mdb"), 0), 0);
  assert_true(opens_stale());
  put_and_close(MIDGE_STORE_SESSION, "session");
  assert_false(opens_stale());
  remove(name_of("data.mdb"));
  assert_true(opens_stale());
  remove(name_of("data.mdb")); /* before anything was written */
  assert_true(opens_stale());
  put_and_close(MIDGE_STORE_SESSION, "session");
  assert_false(opens_stale());
}

static void a_store_that_was_never_written_has_lost_nothing(void **state) {
  (void)state;
  assert_false(opens_stale());
  remove(name_of("data.mdb"));
  assert_false(opens_stale());
}

static void data_of_another_store_is_stale(void **state) {
  (void)state;
  put_and_close(1, "a");
  copy("epoch", "first");
  remove(name_of("data.mdb"));
  put_and_close(1, "a");
  copy("first", "epoch");
  remove(name_of("first"));
  assert_true(opens_stale());
}

static void a_store_whose_epoch_was_taken_away_is_stale(void **state) {
  (void)state;
  put_and_close(1, "a");
  assert_int_equal(remove(name_of("epoch")), 0);
  assert_true(opens_stale());
}

/* After a power cut the file beside it may be older than the store. */
static void an_epoch_that_is_behind_is_none(void **state) {
  (void)state;
  put_and_close(1, "a");
  copy("epoch", "behind");
  put_and_close(2, "b");
  copy("behind", "epoch");
  remove(name_of("behind"));
  assert_false(opens_stale());
}

/* A process that ends before has forgotten nothing yet. */
static void it_is_stale_until_the_session_writes_itself_down(void **state) {
  (void)state;
  put_and_close(1, "a");
  remove(name_of("epoch"));
  assert_true(opens_stale());
  assert_true(opens_stale());
  put_and_close(2, "b");
  assert_true(opens_stale());
  put_and_close(MIDGE_STORE_SESSION, "session");
  assert_false(opens_stale());
  put_and_close(MIDGE_STORE_SESSION, "session");
  assert_false(opens_stale());
}

static void set_format(const char *text) {
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi about;
  MDB_val key = {6, (void *)(uintptr_t) "format"}, epoch = {5, NULL};
  MDB_val format = {strlen(text), (void *)(uintptr_t)text};
  epoch.mv_data = (void *)(uintptr_t) "epoch";
  assert_int_equal(mdb_env_create(&env), 0);
  assert_int_equal(mdb_env_set_maxdbs(env, 3), 0);
  assert_int_equal(
      mdb_env_open(env, name_of("data.mdb"), MDB_NOSUBDIR | MDB_NOLOCK, 0600),
      0);
  assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
  assert_int_equal(mdb_dbi_open(txn, "about", 0, &about), 0);
  assert_int_equal(mdb_put(txn, about, &key, &format, 0), 0);
  assert_int_equal(mdb_del(txn, about, &epoch, NULL), 0);
  assert_int_equal(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

/* It had no epoch, and goes on with what it has. */
static void a_store_of_the_first_format_is_brought_up_to_date(void **state) {
  (void)state;
  put_and_close(1, "a");
  set_format("midge store 1");
  remove(name_of("epoch"));
  midge_store *store = store_open();
  assert_false(midge_store_is_stale(store));
  assert_string_equal(store_bodies(store), "a ");
  midge_store_close(store);
  assert_false(opens_stale());
}

static void an_epoch_that_cannot_be_written(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.epoch = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "cannot open the store");
  refused.epoch = (fault){ENOSPC, 1};
  expect_refused(&options, MIDGE_EFULL, "cannot open the store");
  refused.statx = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "cannot open the store");
  refused.random = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "cannot open the store");
  assert_false(opens_stale());
}

/* Then it is behind, and no more than that. */
static void an_epoch_that_is_not_noted_fails_no_write(void **state) {
  (void)state;
  midge_store *store = store_open();
  refused.pwrite = (fault){EIO, 1};
  store_put(store, 1, "a");
  assert_int_equal(refused.pwrite.calls, 0);
  midge_store_close(store);
  assert_false(opens_stale());
}

/* Not every file system says when a file was made. */
static void without_a_time_the_number_counts(void **state) {
  (void)state;
  refused.ageless = true;
  put_and_close(1, "a");
  assert_false(opens_stale());
  refused.ageless = false;
  assert_false(opens_stale());
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, store_set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_store_that_was_only_closed_is_not_stale),
      TEST(data_from_an_earlier_day_is_stale),
      TEST(data_in_another_file_is_stale),
      TEST(a_store_that_has_lost_its_data_is_stale),
      TEST(a_store_that_was_never_written_has_lost_nothing),
      TEST(data_of_another_store_is_stale),
      TEST(a_store_whose_epoch_was_taken_away_is_stale),
      TEST(an_epoch_that_is_behind_is_none),
      TEST(it_is_stale_until_the_session_writes_itself_down),
      TEST(a_store_of_the_first_format_is_brought_up_to_date),
      TEST(an_epoch_that_cannot_be_written),
      TEST(an_epoch_that_is_not_noted_fails_no_write),
      TEST(without_a_time_the_number_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
