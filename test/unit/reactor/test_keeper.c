/* The thread of a store, and a disk that refuses. */
#include <errno.h>
#include <semaphore.h>
#include <string.h>

#include "disk.h"
#include "reactor/keeper.h"
#include "unit/harness.h"

static sem_t rung;

static void ring(void *context) {
  (void)context;
  sem_post(&rung);
}

/* The next news of a fault, or of its end. */
static midge_status next_fault(midge_keeper *keeper) {
  midge_news news;
  for (;;) {
    midge_keeper_hear(keeper, &news);
    midge_page_free(&news.page);
    if (news.fault_changed) return news.fault;
    sem_wait(&rung);
  }
}

static void await_page(midge_keeper *keeper) {
  midge_news news = {.has_page = false};
  while (!news.has_page) {
    sem_wait(&rung);
    midge_keeper_hear(keeper, &news);
    midge_page_free(&news.page);
  }
}

/* It has one record, which can be read, but is of no use to a session. */
static midge_store *store_with_one(void) {
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = {.path = disk_path()};
  midge_waiting_record record = {.key = 7, .head = {'x'}, .head_size = 1};
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  return store;
}

static void expect_set_aside(void) {
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = {.path = disk_path()};
  size_t records, damaged;
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  assert_int_equal(midge_store_count(store, &records, &damaged, &why),
                   MIDGE_OK);
  assert_int_equal(records, 0);
  assert_int_equal(damaged, 1);
  midge_store_close(store);
}

/* Nothing else may be written for long, and what is published is refused until
 * the fault is over. */
static void what_cannot_be_set_aside_is_tried_again(void **state) {
  (void)state;
  assert_int_equal(sem_init(&rung, 0, 0), 0);
  midge_keeper *keeper = midge_keeper_start(store_with_one(), 1024, ring, NULL);
  assert_non_null(keeper);
  await_page(keeper); /* the record */
  await_page(keeper); /* the end */
  disk_refuse(ENOSPC);
  midge_keeper_set_aside(keeper, 7);
  assert_int_equal(next_fault(keeper), MIDGE_EFULL);
  disk_refuse(0);
  assert_int_equal(next_fault(keeper), MIDGE_OK);
  midge_keeper_stop(keeper);
  expect_set_aside();
  sem_destroy(&rung);
}

enum { MANY = 4000, FEW_READS = 100 };

static midge_store *open_again(void) {
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = {.path = disk_path()};
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  return store;
}

/* Of so many pages that the tables alone are a few hundred reads. */
static midge_store *store_with_many(void) {
  static midge_waiting_record records[MANY];
  static uint8_t body[400];
  midge_explanation why;
  midge_store *store = open_again();
  for (uint64_t i = 0; i < MANY; i++)
    records[i] = (midge_waiting_record){.key = i + 1,
                                        .head = {'x'},
                                        .head_size = 1,
                                        .body = {body, sizeof body}};
  assert_int_equal(midge_store_write(store, records, MANY, &why), MIDGE_OK);
  midge_store_close(store);
  return open_again();
}

static size_t count_records(void) {
  midge_explanation why;
  midge_store *store = open_again();
  size_t records, damaged;
  assert_int_equal(midge_store_count(store, &records, &damaged, &why),
                   MIDGE_OK);
  midge_store_close(store);
  return records;
}

static midge_keeper *start_looking(midge_store *store) {
  disk_hold_reads(true);
  midge_keeper *keeper = midge_keeper_start(store, 1024, ring, NULL);
  assert_non_null(keeper);
  disk_await_read();
  return keeper;
}

static void who_closes_does_not_wait_until_the_tables_are_read(void **state) {
  (void)state;
  midge_news news;
  assert_int_equal(sem_init(&rung, 0, 0), 0);
  midge_keeper *keeper = start_looking(store_with_many());
  midge_keeper_close(keeper);
  disk_hold_reads(false);
  midge_keeper_stop(keeper);
  assert_in_range(disk_reads(), 1, FEW_READS);

  keeper = start_looking(open_again());
  disk_hold_reads(false);
  await_page(keeper);
  assert_true(disk_reads() > FEW_READS);
  midge_keeper_hear(keeper, &news);
  assert_int_equal(news.fault, MIDGE_OK);
  midge_page_free(&news.page);
  midge_keeper_stop(keeper);
  sem_destroy(&rung);
}

/* Then the tables are read first. */
static void what_is_to_be_written_is_written_before_it_closes(void **state) {
  (void)state;
  const midge_record record = {.position = 1,
                               .key = MANY + 1,
                               .head = MIDGE_TEXT("y"),
                               .body = MIDGE_TEXT("new")};
  assert_int_equal(sem_init(&rung, 0, 0), 0);
  midge_keeper *keeper = start_looking(store_with_many());
  midge_keeper_put(keeper, &record);
  midge_keeper_close(keeper);
  disk_hold_reads(false);
  midge_keeper_stop(keeper);
  assert_true(disk_reads() > FEW_READS);
  assert_int_equal(count_records(), MANY + 1);
  sem_destroy(&rung);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, disk_set_up, disk_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(what_cannot_be_set_aside_is_tried_again),
      TEST(who_closes_does_not_wait_until_the_tables_are_read),
      TEST(what_is_to_be_written_is_written_before_it_closes),
  };
  return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
