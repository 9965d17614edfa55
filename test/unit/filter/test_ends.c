/* What a filter, and a stack, does when it is over: seen with filters that
 * only count. */
#include "base/slice.h"
#include "filter/common.h"
#include "filter/stack.h"
#include "test.h"

typedef struct dummy {
  midge_common common;
  size_t takes; /* of the bytes received at a time; then it fails, if asked */
  bool fails;
  int ends; /* how often it was told */
} dummy;

static size_t received(midge_filter *filter, midge_slice bytes) {
  dummy *self = (dummy *)filter;
  size_t taken = bytes.size < self->takes ? bytes.size : self->takes;
  assert_true(
      midge_pipe_append(&self->common.in, midge_slice_of(bytes.data, taken)));
  if (self->fails)
    midge_common_fail_because(&self->common, MIDGE_EPROXY, "as asked");
  return taken;
}

static void ended(midge_filter *filter) {
  ((dummy *)filter)->ends++;
  filter->state = MIDGE_FILTER_CLOSED;
}

static size_t write_down(midge_filter *filter, const midge_slice *slices,
                         size_t count) {
  assert_true(count != 0);
  assert_true(midge_pipe_append(&((dummy *)filter)->common.out, slices[0]));
  return slices[0].size;
}

static void close_dummy(midge_filter *filter) {
  ((dummy *)filter)->common.closing = true;
}

static void free_dummy(midge_filter *filter) {
  midge_common_free(&((dummy *)filter)->common);
}

static const midge_filter_kind KIND = {
    .received = received,
    .ended = ended,
    .write = write_down,
    .close = close_dummy,
    .output = midge_common_output,
    .sent = midge_common_sent,
    .input = midge_common_input,
    .taken = midge_common_taken,
    .free = free_dummy,
};

static midge_filter *start(dummy *self) {
  *self = (dummy){.takes = SIZE_MAX};
  midge_common_init(&self->common, &KIND, &midge_allocator_default);
  self->common.filter.state = MIDGE_FILTER_OPEN;
  return &self->common.filter;
}

static void test_the_first_failure_is_told(void **state) {
  (void)state;
  dummy it;
  midge_filter *filter = start(&it);
  midge_common_fail_because(&it.common, MIDGE_EWEBSOCKET, "first");
  midge_common_fail_because(&it.common, MIDGE_ENOMEM, "second");
  assert_int_equal(midge_filter_error_of(filter).status, MIDGE_EWEBSOCKET);
  assert_string_equal(midge_filter_error_of(filter).code, "MIDGE_EWEBSOCKET");
  assert_string_equal(midge_filter_error_of(filter).text, "first");
  midge_filter_free(filter);
}

/* Nobody may wait for it to take what is left. */
static void test_who_is_over_takes_everything(void **state) {
  (void)state;
  dummy it;
  midge_filter *filter = start(&it);
  it.takes = 3;
  assert_int_equal(midge_filter_received(filter, MIDGE_TEXT("0123456789")), 3);
  it.fails = true;
  assert_int_equal(midge_filter_received(filter, MIDGE_TEXT("0123456789")), 10);
  assert_int_equal(midge_filter_received(filter, MIDGE_TEXT("01234")), 5);
  midge_filter_free(filter);
}

static void test_the_end_is_told_once(void **state) {
  (void)state;
  dummy it;
  midge_filter *filter = start(&it);
  midge_filter_ended(filter);
  midge_filter_ended(filter);
  assert_int_equal(it.ends, 1);
  midge_filter_free(filter);

  filter = start(&it);
  midge_common_fail_because(&it.common, MIDGE_EPROXY, "broken");
  midge_filter_ended(filter);
  assert_int_equal(it.ends, 0);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
  midge_filter_free(filter);
}

/* TLS says goodbye to who has gone: the bytes must not stay. */
static void test_what_is_for_a_filter_that_is_over_goes(void **state) {
  (void)state;
  dummy low, high;
  midge_stack stack;
  midge_stack_init(&stack);
  midge_stack_push(&stack, start(&low));
  midge_stack_push(&stack, start(&high));
  low.common.filter.state = MIDGE_FILTER_CLOSED;
  const midge_slice slice = MIDGE_TEXT("farewell");
  assert_int_equal(midge_stack_write(&stack, &slice, 1), slice.size);
  assert_int_equal(midge_pipe_size(&high.common.out), 0);
  assert_int_equal(midge_pipe_size(&low.common.out), 0);
  midge_stack_free(&stack);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_first_failure_is_told),
      cmocka_unit_test(test_who_is_over_takes_everything),
      cmocka_unit_test(test_the_end_is_told_once),
      cmocka_unit_test(test_what_is_for_a_filter_that_is_over_goes),
  };
  return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
