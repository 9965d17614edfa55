/* A file system that fails: each call about a file that a store makes fails in
 * each way in which it can, once, from then on until the fault is over, and
 * from then on until the process has died. The error is told with its remedy,
 * and afterwards the store goes on, with all that was written. */
#include <stdio.h>

#include "base/slice.h"
#include "midge/store.h"
#include "stores.h"
#include "torture/strike.h"

enum {
  STUBBORN = 3, /* so often a step is tried before a lasting fault is over */
  CALLS_MIN = 20,
  LARGE = 3000, /* it has pages of its own */
};

typedef enum course { ONCE, LASTS, DIES, COURSES } course;

typedef struct trial {
  midge_store_options options;
  midge_store *store;
  strike_kind kind;
  course course;
  bool disk;
} trial;

/* --- What is done with a store --- */

static char large[LARGE + 1];

static midge_status open_it(trial *t, midge_explanation *why) {
  return midge_store_open(&t->store, &t->options, why);
}

static midge_status close_it(trial *t, midge_explanation *why) {
  (void)why;
  midge_store_close(t->store);
  t->store = NULL;
  return MIDGE_OK;
}

static midge_status write_two(trial *t, midge_explanation *why) {
  midge_waiting_record records[] = {record_of(1, "one"), record_of(2, "two")};
  return midge_store_write(t->store, records, 2, why);
}

static midge_status write_large(trial *t, midge_explanation *why) {
  midge_waiting_record record = record_of(3, large);
  return midge_store_write(t->store, &record, 1, why);
}

static midge_status delete_large(trial *t, midge_explanation *why) {
  midge_waiting_record record = deletion_of(3);
  return midge_store_write(t->store, &record, 1, why);
}

static midge_status write_last(trial *t, midge_explanation *why) {
  midge_waiting_record record = record_of(4, "four");
  return midge_store_write(t->store, &record, 1, why);
}

static midge_status set_one_aside(trial *t, midge_explanation *why) {
  const uint64_t key = 1;
  return midge_store_set_aside(t->store, &key, 1, why);
}

static midge_status read_it(trial *t, midge_explanation *why) {
  midge_page page;
  size_t records, damaged;
  uint64_t marked;
  midge_status status = midge_store_read(t->store, 0, 16, &page, why);
  midge_page_free(&page);
  if (status == MIDGE_OK)
    status = midge_store_count(t->store, &records, &damaged, why);
  return status == MIDGE_OK ? midge_store_last_marked(t->store, &marked, why)
                            : status;
}

static midge_status look_at_it(trial *t, midge_explanation *why) {
  midge_store_report report;
  return midge_store_check(t->options.path, &report, why->text,
                           sizeof why->text);
}

/* After an error it may be gone already. */
static midge_status discard_two(trial *t, midge_explanation *why) {
  midge_status status =
      midge_store_discard(t->options.path, 2, why->text, sizeof why->text);
  return status == MIDGE_EINVAL ? MIDGE_OK : status;
}

/* What is in the store when a step is done. */
static const struct {
  midge_status (*take)(trial *t, midge_explanation *why);
  const char *name, *bodies;
  bool has_large;
} steps[] = {
    {open_it, "open", "", false},
    {write_two, "write", "one two ", false},
    {write_large, "write a large one", "one two ", true},
    {delete_large, "delete", "one two ", false},
    {read_it, "read", "one two ", false},
    {close_it, "close", "one two ", false},
    {look_at_it, "look", "one two ", false},
    {open_it, "open again", "one two ", false},
    {write_last, "write again", "one two four ", false},
    {set_one_aside, "set aside", "two four ", false},
    {close_it, "close again", "two four ", false},
    {discard_two, "discard", "four ", false},
    {open_it, "open at last", "four ", false},
    {close_it, "close at last", "four ", false},
};

enum { STEPS = sizeof steps / sizeof *steps };

/* --- What has to hold --- */

static bool is_fitting(strike_kind kind, midge_status status) {
  switch (kind) {
    case STRIKE_FULL:
      return status == MIDGE_EFULL;
    case STRIKE_READ_ONLY:
      return status == MIDGE_EREADONLY;
    case STRIKE_SHORT:
      return status == MIDGE_EFULL || status == MIDGE_ESTORE;
    default:
      return status == MIDGE_ESTORE;
  }
}

/* The path, what is wrong with it, and what to do about it. */
static void expect_told(const trial *t, size_t step, midge_status status,
                        const char *text) {
  if (!is_fitting(t->kind, status) || strstr(text, store_path()) == NULL ||
      strstr(text, "; ") == NULL)
    fail_msg("%s: %d, %s", steps[step].name, (int)status, text);
}

static bool holds(midge_store *store, size_t step) {
  char bodies[LARGE + 64];
  snprintf(bodies, sizeof bodies, "%s%s%s", steps[step].bodies,
           steps[step].has_large ? large : "",
           steps[step].has_large ? " " : "");
  return strcmp(store_bodies(store), bodies) == 0;
}

/* All that was done before is there, and of the step all or nothing. */
static void expect_kept(trial *t, size_t step) {
  midge_store *store = t->store != NULL ? t->store : store_open();
  assert_false(midge_store_is_stale(store));
  if (!holds(store, step) && (step == 0 || !holds(store, step - 1)))
    fail_msg("%s: there is %s", steps[step].name, store_bodies(store));
  if (store != t->store) midge_store_close(store);
}

/* The process has died in a step; the next one goes on with it. */
static void live_again(trial *t, size_t step) {
  bool is_open = t->store != NULL;
  strike_end();
  midge_store_close(t->store);
  t->store = NULL;
  expect_kept(t, step);
  if (is_open) t->store = store_open();
}

static void take(trial *t, size_t step) {
  for (unsigned tries = 0;; tries++) {
    midge_explanation why = {""};
    strike_spare(false);
    midge_status status = steps[step].take(t, &why);
    strike_spare(true);
    if (status == MIDGE_OK) return;
    expect_told(t, step, status, why.text);
    if (t->course == DIES) live_again(t, step);
    if (tries + 1 == STUBBORN) strike_end();
    assert_true(tries < STUBBORN);
  }
}

/* False: there is no such call. */
static bool play(trial *t, unsigned at) {
  assert_int_equal(store_set_up(NULL), 0);
  t->options = store_options();
  t->options.disk = t->disk;
  strike_choose(t->kind);
  strike_prepare(at, t->course != ONCE);
  for (size_t step = 0; step < STEPS; step++) take(t, step);
  bool struck = strike_count() != 0;
  strike_end();
  expect_kept(t, STEPS - 1);
  assert_int_equal(store_tear_down(NULL), 0);
  return struck;
}

static void play_all(strike_kind kind, bool disk) {
  memset(large, 'x', LARGE);
  for (unsigned way = ONCE; way < COURSES; way++) {
    unsigned at = 1;
    trial t = {.kind = kind, .course = (course)way, .disk = disk};
    while (play(&t, at)) at++;
    assert_true(at > CALLS_MIN);
  }
}

static void a_disk_with_errors(void **state) {
  (void)state;
  play_all(STRIKE_EIO, false);
  play_all(STRIKE_EIO, true);
}

static void a_disk_that_is_full(void **state) {
  (void)state;
  play_all(STRIKE_FULL, false);
  play_all(STRIKE_FULL, true);
}

static void a_file_system_that_became_read_only(void **state) {
  (void)state;
  play_all(STRIKE_READ_ONLY, false);
  play_all(STRIKE_READ_ONLY, true);
}

static void writes_that_end_early(void **state) {
  (void)state;
  play_all(STRIKE_SHORT, false);
  play_all(STRIKE_SHORT, true);
}

static void calls_that_did_what_they_say_failed(void **state) {
  (void)state;
  play_all(STRIKE_DONE, false);
  play_all(STRIKE_DONE, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_disk_with_errors),
      cmocka_unit_test(a_disk_that_is_full),
      cmocka_unit_test(a_file_system_that_became_read_only),
      cmocka_unit_test(writes_that_end_early),
      cmocka_unit_test(calls_that_did_what_they_say_failed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
