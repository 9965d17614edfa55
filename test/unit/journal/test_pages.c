/* What LMDB writes is sound: a file may end before pages that are free, and
 * before no others. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batches.h"
#include "journal/environment.h"
#include "journal/file.h"
#include "midge/store.h"

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

/* --- What is written ------------------------------------------------------ */

static midge_waiting_record batch[BATCH_MAX];

static void write_it(midge_store *store, size_t count) {
  midge_explanation why;
  assert_int_equal(midge_store_write(store, batch, count, &why), MIDGE_OK);
}

/* Sizes of all kinds, and what is there already as well. */
static void write_any(midge_store *store) {
  enum { KEYS = 500, MANY = 40, LARGE = 20000, MIDDLING = 3000, SMALL = 200 };
  static uint8_t body[LARGE];
  size_t puts = any(MANY), deletions = any(MANY), count = 0;
  for (size_t i = 0; i < puts; i++) {
    static const size_t sizes[] = {LARGE, MIDDLING, SMALL, SMALL, SMALL};
    batch[count] = record_of(1 + any(KEYS), "");
    batch[count++].body = (midge_slice){body, any(sizes[any(5)])};
  }
  for (size_t i = 0; i < deletions; i++)
    batch[count++] = deletion_of(1 + any(KEYS));
  write_it(store, count);
}

static void delete_all(midge_store *store) {
  enum { KEYS = 600 };
  for (uint64_t key = 1; key < KEYS; key += BATCH_MAX) {
    for (uint64_t i = 0; i < BATCH_MAX; i++) batch[i] = deletion_of(key + i);
    write_it(store, BATCH_MAX);
  }
}

static void whatever_is_written_is_sound(void **state) {
  (void)state;
  midge_store *store = store_open();
  for (int i = 0; i < 400; i++) {
    if (i % 100 == 99)
      delete_all(store);
    else
      write_any(store);
    assert_int_equal(soundness_of(true), MIDGE_PAGES_SOUND);
    if (any(20) != 0) continue;
    midge_store_close(store);
    store = store_open();
  }
  midge_store_close(store);
}

static void pages_that_cannot_be_read_are_an_error(void **state) {
  (void)state;
  midge_store_options options = store_options();
  midge_soundness soundness;
  midge_explanation why;
  midge_page page;
  midge_store *store = store_open();
  store_put(store, 1, "there");
  midge_store_close(store);
  assert_int_equal(midge_pages_check("/nowhere/at-all", true, NULL, &soundness),
                   ENOENT);
  refused.pread = (fault){EIO, 1};
  assert_int_equal(midge_pages_check(data_path(), true, NULL, &soundness), EIO);
  refused.pread = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "; the disk has failed");
  store = store_open();
  refused.pread = (fault){EIO, 1};
  assert_int_equal(midge_store_read(store, 0, 16, &page, &why), MIDGE_ESTORE);
  assert_non_null(strstr(why.text, "; the disk has failed"));
  midge_page_free(&page);
  assert_string_equal(store_bodies(store), "there ");
  midge_store_close(store);
}

static size_t questions, answers, reads;

static bool lasts(void *context) {
  assert_ptr_equal(context, &questions);
  return questions++ < answers;
}

static void count_read(size_t size) {
  (void)size;
  reads++;
}

/* The disk may be slow, and the file large. */
static void a_check_that_nobody_awaits_ends_soon(void **state) {
  (void)state;
  enum { BATCHES = 10, BETWEEN = 64 };
  const midge_interest interest = {lasts, &questions};
  midge_soundness soundness;
  midge_explanation why;
  midge_store *store = store_open();
  for (int i = 0; i < BATCHES; i++) write_batch(store, BATCH_MAX, 0);
  midge_store_close(store);
  refused.before_read = count_read;
  for (answers = 0; answers < 2; answers++) {
    questions = reads = 0;
    assert_int_equal(
        midge_pages_check(data_path(), true, &interest, &soundness), ECANCELED);
    assert_int_equal(questions, answers + 1);
    assert_int_equal(reads, (answers + 1) * BETWEEN - 1);
  }
  answers = SIZE_MAX;
  assert_int_equal(midge_pages_check(data_path(), true, &interest, &soundness),
                   0);
  assert_int_equal(soundness, MIDGE_PAGES_SOUND);
  refused.before_read = NULL;
  store = store_open();
  answers = questions = 0;
  assert_int_equal(midge_store_look(store, &interest, &why), MIDGE_ECLOSED);
  assert_int_equal(questions, 1);
  expect_all(store);
  assert_int_equal(midge_store_look(store, &interest, &why), MIDGE_OK);
  assert_int_equal(questions, 1);
  midge_store_close(store);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, batches_set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_free_page_that_was_never_written_is_not_missed),
      TEST(a_short_file_is_written_to_again),
      TEST(a_page_that_is_not_free_is_missed),
      TEST(whatever_is_written_is_sound),
      TEST(pages_that_cannot_be_read_are_an_error),
      TEST(a_check_that_nobody_awaits_ends_soon),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
