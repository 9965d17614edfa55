/* The queue of bytes that every filter has two of. */
#include "base/slice.h"
#include "filter/pipe.h"
#include "test.h"
#include "unit/base/ledger.h"

static void init(midge_pipe *pipe, ledger *memory, size_t limit) {
  ledger_init(memory);
  midge_pipe_init(pipe, &memory->allocator, limit);
}

static void fill(midge_pipe *pipe, size_t size) {
  uint8_t *to = midge_pipe_reserve(pipe, size);
  assert_non_null(to);
  memset(to, 'x', size);
  midge_pipe_extend(pipe, size);
}

static void test_no_more_than_the_limit(void **state) {
  (void)state;
  midge_pipe pipe;
  ledger memory;
  init(&pipe, &memory, 1000);
  fill(&pipe, 990);
  assert_int_equal(midge_pipe_left(&pipe), 10);
  assert_null(midge_pipe_reserve(&pipe, 11));
  assert_false(midge_pipe_append(&pipe, MIDGE_TEXT("eleven byte")));
  assert_true(midge_pipe_append(&pipe, MIDGE_TEXT("ten bytes!")));
  assert_null(midge_pipe_reserve(&pipe, 1));
  midge_pipe_consume(&pipe, 1);
  assert_true(midge_pipe_append(&pipe, MIDGE_TEXT("x")));
  midge_pipe_free(&pipe);
  ledger_check_empty(&memory);
}

static void test_what_was_consumed_makes_room(void **state) {
  (void)state;
  midge_pipe pipe;
  ledger memory;
  init(&pipe, &memory, 100000);
  assert_true(midge_pipe_append(&pipe, MIDGE_TEXT("0123456789")));
  for (int i = 0; i < 10000; i++) {
    midge_pipe_consume(&pipe, 10);
    if (midge_pipe_size(&pipe) == 0)
      assert_true(midge_pipe_append(&pipe, MIDGE_TEXT("0123456789")));
    assert_true(midge_pipe_append(&pipe, MIDGE_TEXT("0123456789")));
    assert_true(
        midge_slice_equal(midge_slice_of(midge_pipe_bytes(&pipe).data, 10),
                          MIDGE_TEXT("0123456789")));
  }
  assert_true(memory.bytes <= 1024);
  midge_pipe_free(&pipe);
  ledger_check_empty(&memory);
}

/* A thousand idle connections do not keep what each needed once. */
static void test_a_large_block_is_given_back_when_empty(void **state) {
  (void)state;
  midge_pipe pipe;
  ledger memory;
  init(&pipe, &memory, 200000);
  fill(&pipe, 100);
  midge_pipe_consume(&pipe, 100);
  assert_int_not_equal(memory.bytes, 0);
  fill(&pipe, 100000);
  midge_pipe_consume(&pipe, 99999);
  assert_true(memory.bytes >= 100000);
  midge_pipe_consume(&pipe, 1);
  ledger_check_empty(&memory);
  assert_int_equal(midge_pipe_left(&pipe), 200000);
  midge_pipe_free(&pipe);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_no_more_than_the_limit),
      cmocka_unit_test(test_what_was_consumed_makes_room),
      cmocka_unit_test(test_a_large_block_is_given_back_when_empty),
  };
  return cmocka_run_group_tests_name("pipe", tests, NULL, NULL);
}
