/* What a thread needs to begin with, and has not: it is told apart, nothing is
 * left behind, and a later beginning succeeds. */
#include <sys/resource.h>
#include <unistd.h>

#include "program.h"
#include "unit/base/ledger.h"

enum { FILES_ENOUGH = 1024 };

static void begin_and_stop(void) {
  midge_reactor *reactor;
  assert_int_equal(midge_reactor_start(&reactor, &(midge_reactor_options){0}),
                   MIDGE_OK);
  midge_reactor_stop(reactor);
}

static void without_memory(void **state) {
  ledger memory;
  midge_reactor *reactor = NULL;
  (void)state;
  ledger_init(&memory);
  memory.fails = true;
  const midge_reactor_options options = {.allocator = &memory.allocator};
  assert_int_equal(midge_reactor_start(&reactor, &options), MIDGE_ENOMEM);
  assert_null(reactor);
  begin_and_stop();
}

static int lowest_descriptor(void) {
  int lowest = dup(STDERR_FILENO);
  assert_true(lowest >= 0);
  close(lowest);
  return lowest;
}

static midge_status begin_with(rlim_t files, rlim_t most) {
  midge_reactor *reactor;
  const struct rlimit few = {files, most}, before = {most, most};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  midge_status status =
      midge_reactor_start(&reactor, &(midge_reactor_options){0});
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  if (status == MIDGE_OK) midge_reactor_stop(reactor);
  return status;
}

/* One more each time, so that each of those that it opens is the one that is
 * missing. */
static void without_descriptors(void **state) {
  struct rlimit limit;
  rlim_t files = 0;
  midge_status status;
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  int lowest = lowest_descriptor();
  while ((status = begin_with(files, limit.rlim_max)) != MIDGE_OK) {
    assert_int_equal(status, MIDGE_EERRNO);
    assert_int_equal(lowest_descriptor(), lowest);
    files++;
    assert_true(files < FILES_ENOUGH);
  }
  assert_true(files > 0);
  begin_and_stop();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_descriptors), /* the first loop of all */
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests_name("beginning", tests, NULL, NULL);
}
