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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_cannot_be_set_aside_is_tried_again,
                                      disk_set_up, disk_tear_down),
  };
  return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
