/* A file may end before pages that are free, and before no others. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/environment.h"
#include "stores.h"

enum { BATCH_MAX = 200, BODY_MAX = 400, PAGE = 4096 };

/* What is to be in the store: the records from `low` to before `high`. */
static uint64_t low, high;
static uint8_t bodies[2 * BODY_MAX];

static int set_up(void **state) {
  low = high = 1;
  for (size_t i = 0; i < sizeof bodies; i++) bodies[i] = (uint8_t)(i * 7);
  return store_set_up(state);
}

static midge_slice body_of(uint64_t key) {
  return (midge_slice){bodies + key % BODY_MAX, key * 37 % BODY_MAX};
}

static void write_batch(midge_store *store, size_t puts, size_t deletions) {
  static midge_waiting_record records[2 * BATCH_MAX];
  midge_explanation why;
  size_t count = 0;
  for (size_t i = 0; i < puts; i++) {
    records[count] = record_of(high, "");
    records[count++].body = body_of(high++);
  }
  for (size_t i = 0; i < deletions && low < high; i++)
    records[count++] = deletion_of(low++);
  assert_int_equal(midge_store_write(store, records, count, &why), MIDGE_OK);
}

static void expect_all(midge_store *store) {
  midge_explanation why;
  midge_page page;
  uint64_t next = low;
  size_t count;
  do {
    assert_int_equal(midge_store_read(store, next - 1, 64, &page, &why),
                     MIDGE_OK);
    count = page.count;
    for (size_t i = 0; i < count; i++, next++) {
      midge_slice body = body_of(next);
      assert_int_equal(page.records[i].key, next);
      assert_int_equal(page.records[i].body.size, body.size);
      if (body.size != 0)
        assert_memory_equal(page.records[i].body.data, body.data, body.size);
    }
    midge_page_free(&page);
  } while (count != 0);
  assert_int_equal(next, high);
}

static const char *data_path(void) {
  static char name[128];
  snprintf(name, sizeof name, "%s/data.mdb", store_path());
  return name;
}

static size_t pages_of_file(void) {
  struct stat found;
  assert_int_equal(stat(data_path(), &found), 0);
  return (size_t)found.st_size / PAGE;
}

static bool is_short(const midge_store *store) {
  MDB_envinfo info;
  assert_int_equal(mdb_env_info(store->env, &info), 0);
  return pages_of_file() <= info.me_last_pgno;
}

/* Cuts one page after the other off the file: so many can go until it is
 * refused. What opens is whole. */
static size_t pages_to_spare(void) {
  size_t count = 0;
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = store_options();
  size_t pages = pages_of_file();
  while (midge_store_open(&store, &options, &why) == MIDGE_OK) {
    expect_all(store);
    midge_store_close(store);
    count++;
    assert_int_equal(truncate(data_path(), (off_t)(--pages * PAGE)), 0);
  }
  for (; pages > 2; pages--) {
    assert_int_equal(truncate(data_path(), (off_t)(pages * PAGE)), 0);
    expect_refused(&options, MIDGE_ESTORE, "its file was cut short");
  }
  return count - 1;
}

static size_t any(size_t below) {
  static uint32_t number = 1;
  number = number * 1103515245 + 12345;
  return (number >> 8) % below;
}

/* A store whose file ends before the last page that LMDB took. */
static midge_store *open_short(void) {
  for (int tries = 0; tries < 100; tries++) {
    midge_store *store = store_open();
    for (int i = 0; i < 30; i++) {
      write_batch(store, any(200), any(200));
      if (is_short(store)) return store;
    }
    midge_store_close(store);
    assert_int_equal(remove(data_path()), 0);
    low = high = 1;
  }
  fail_msg("no file was short");
  return NULL;
}

/* --- The tests ------------------------------------------------------------ */

static void a_free_page_that_was_never_written_is_not_missed(void **state) {
  (void)state;
  midge_store *store = open_short();
  midge_store_close(store);
  store = store_open();
  assert_true(is_short(store));
  expect_all(store);
  midge_store_close(store);
}

static void a_short_file_is_written_to_again(void **state) {
  (void)state;
  midge_store *store = open_short();
  midge_store_close(store);
  store = store_open();
  for (int i = 0; i < 20; i++) write_batch(store, 20, 0);
  assert_false(is_short(store));
  expect_all(store);
  midge_store_close(store);
  store = store_open();
  expect_all(store);
  midge_store_close(store);
}

static void a_page_that_is_not_free_is_missed(void **state) {
  (void)state;
  for (int i = 0; i < 10; i++) {
    midge_store_close(open_short());
    assert_true(pages_to_spare() < 100);
    assert_int_equal(remove(data_path()), 0);
    low = high = 1;
  }
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_free_page_that_was_never_written_is_not_missed),
      TEST(a_short_file_is_written_to_again),
      TEST(a_page_that_is_not_free_is_missed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
