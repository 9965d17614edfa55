/* A file may end before pages that are free, and before no others. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/environment.h"
#include "journal/file.h"
#include "journal/pages.h"
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

/* What LMDB says itself. */
static bool lmdb_counts_as_free(MDB_env *env, size_t first, size_t last) {
  MDB_txn *txn;
  MDB_cursor *cursor;
  MDB_val key, list;
  size_t length, number, count = 0;
  assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
  assert_int_equal(mdb_cursor_open(txn, 0, &cursor), 0);
  while (mdb_cursor_get(cursor, &key, &list, MDB_NEXT) == 0) {
    const uint8_t *at = list.mv_data;
    memcpy(&length, at, sizeof length);
    for (; length > 0; length--) {
      at += sizeof number;
      memcpy(&number, at, sizeof number);
      count += number >= first;
    }
  }
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  return count == last + 1 - first;
}

static size_t last_page(const midge_store *store) {
  MDB_envinfo info;
  assert_int_equal(mdb_env_info(store->env, &info), 0);
  return info.me_last_pgno;
}

static bool are_free_from(MDB_env *env, size_t first) {
  bool are_free;
  assert_int_equal(midge_pages_are_free(env, first, &are_free), 0);
  return are_free;
}

/* A list that is too long for a page of the tree. */
static void free_pages_are_counted_as_lmdb_counts_them(void **state) {
  (void)state;
  enum { LARGE = 600, PAGES_OF_ITS_OWN = 3000 };
  static uint8_t body[PAGES_OF_ITS_OWN];
  static midge_waiting_record records[LARGE];
  midge_explanation why;
  midge_store *store = store_open();
  for (uint64_t i = 0; i < LARGE; i++) {
    records[i] = record_of(i + 1, "");
    records[i].body = (midge_slice){body, sizeof body};
  }
  assert_int_equal(midge_store_write(store, records, LARGE, &why), MIDGE_OK);
  for (uint64_t i = 0; i < LARGE; i++) records[i] = deletion_of(i + 1);
  assert_int_equal(midge_store_write(store, records, LARGE, &why), MIDGE_OK);
  size_t free_ones = 0;
  for (uint64_t i = 0; i < 20; i++) {
    size_t last = last_page(store);
    for (size_t first = last - 50; first <= last + 1; first++) {
      bool are_free = lmdb_counts_as_free(store->env, first, last);
      assert_int_equal(are_free_from(store->env, first), are_free);
      free_ones += are_free && first <= last;
    }
    store_put(store, LARGE + 1 + i, "small");
  }
  assert_true(free_ones > 0);
  midge_store_close(store);
}

/* --- A list that is damaged --- */

/* Puts the bytes there, and what is there into them. */
static void swap(int file, size_t at, void *bytes, size_t size) {
  uint8_t before[8];
  assert_true(size <= sizeof before);
  assert_int_equal(pread(file, before, size, (off_t)at), size);
  assert_int_equal(pwrite(file, bytes, size, (off_t)at), size);
  memcpy(bytes, before, size);
}

static void what_cannot_be_read_is_not_free(void **state) {
  (void)state;
  midge_meta meta;
  midge_store *store = store_open();
  write_batch(store, 20, 10);
  write_batch(store, 20, 10);
  size_t behind_all = last_page(store) + 1;
  assert_true(are_free_from(store->env, behind_all));
  assert_false(are_free_from(NULL, behind_all));
  bool are_free;
  refused.pread = (fault){EIO, 1};
  assert_int_equal(midge_pages_are_free(store->env, behind_all, &are_free),
                   EIO);

  MDB_envinfo info;
  assert_int_equal(mdb_env_info(store->env, &info), 0);
  size_t newest = (info.me_last_txnid & 1) * PAGE + sizeof(midge_page_head);
  int file = open(data_path(), O_RDWR);
  assert_int_equal(pread(file, &meta, sizeof meta, (off_t)newest), sizeof meta);
  uint32_t format = MIDGE_FILE_FORMAT + 1;
  swap(file, newest + offsetof(midge_meta, format), &format, sizeof format);
  assert_int_equal(format, MIDGE_FILE_FORMAT);
  assert_false(are_free_from(store->env, behind_all));
  swap(file, newest + offsetof(midge_meta, format), &format, sizeof format);
  assert_true(are_free_from(store->env, behind_all));

  size_t nodes = meta.free.root * PAGE + sizeof(midge_page_head);
  uint16_t node = UINT16_MAX; /* behind the end of the file */
  assert_true(nodes + UINT16_MAX > pages_of_file() * PAGE);
  swap(file, nodes, &node, sizeof node);
  assert_false(are_free_from(store->env, behind_all));
  swap(file, nodes, &node, sizeof node);
  assert_true(are_free_from(store->env, behind_all));
  close(file);
  midge_store_close(store);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_free_page_that_was_never_written_is_not_missed),
      TEST(a_short_file_is_written_to_again),
      TEST(a_page_that_is_not_free_is_missed),
      TEST(free_pages_are_counted_as_lmdb_counts_them),
      TEST(what_cannot_be_read_is_not_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
