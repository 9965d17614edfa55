/* Numbers that are lost, doubled and swapped, and what is said of them. */
#include "cli/bench/sequence.h"
#include "cli/bench/stamp.h"
#include "unit/harness.h"

static void expect(const sequence *numbers, uint64_t lost, uint64_t duplicates,
                   uint64_t reordered) {
  assert_int_equal(numbers->lost, lost);
  assert_int_equal(numbers->duplicates, duplicates);
  assert_int_equal(numbers->reordered, reordered);
}

static void what_comes_in_order_is_new(void **state) {
  (void)state;
  sequence numbers = {0};
  for (uint64_t i = 0; i < 3 * SEQUENCE_WINDOW; i++)
    assert_int_equal(sequence_take(&numbers, i), SEQUENCE_NEW);
  sequence_end(&numbers, 3 * SEQUENCE_WINDOW);
  expect(&numbers, 0, 0, 0);
  assert_int_equal(numbers.received, 3 * SEQUENCE_WINDOW);
}

static void a_gap_is_lost(void **state) {
  (void)state;
  sequence numbers = {0};
  sequence_take(&numbers, 0);
  sequence_take(&numbers, 4);
  expect(&numbers, 3, 0, 0);
}

static void the_first_and_the_last_can_be_lost_too(void **state) {
  (void)state;
  sequence numbers = {0};
  sequence_take(&numbers, 2);
  sequence_end(&numbers, 10);
  expect(&numbers, 2 + 7, 0, 0);
  sequence none = {0};
  sequence_end(&none, 5);
  expect(&none, 5, 0, 0);
}

static void what_comes_late_is_not_lost(void **state) {
  (void)state;
  sequence numbers = {0};
  sequence_take(&numbers, 1);
  assert_int_equal(sequence_take(&numbers, 0), SEQUENCE_LATE);
  expect(&numbers, 0, 0, 1);
  assert_int_equal(sequence_take(&numbers, 0), SEQUENCE_AGAIN);
  expect(&numbers, 0, 1, 1);
}

static void what_comes_twice_is_a_duplicate(void **state) {
  (void)state;
  sequence numbers = {0};
  for (uint64_t i = 0; i < 2 * SEQUENCE_WINDOW; i++) sequence_take(&numbers, i);
  uint64_t last = 2 * SEQUENCE_WINDOW - 1;
  assert_int_equal(sequence_take(&numbers, last), SEQUENCE_AGAIN);
  assert_int_equal(sequence_take(&numbers, last - SEQUENCE_WINDOW + 1),
                   SEQUENCE_AGAIN);
  assert_int_equal(sequence_take(&numbers, 0), SEQUENCE_AGAIN);
  expect(&numbers, 0, 3, 0);
}

static void a_gap_wider_than_the_window_is_counted_whole(void **state) {
  (void)state;
  sequence numbers = {0};
  for (uint64_t i = 0; i < SEQUENCE_WINDOW; i++) sequence_take(&numbers, i);
  uint64_t far = 5 * SEQUENCE_WINDOW;
  sequence_take(&numbers, far);
  expect(&numbers, far - SEQUENCE_WINDOW, 0, 0);
  assert_int_equal(sequence_take(&numbers, far - 1), SEQUENCE_LATE);
  assert_int_equal(sequence_take(&numbers, far - SEQUENCE_WINDOW + 1),
                   SEQUENCE_LATE);
  expect(&numbers, far - SEQUENCE_WINDOW - 2, 0, 2);
}

static void who_begins_in_the_middle_misses_nothing_before(void **state) {
  (void)state;
  sequence numbers;
  sequence_begin(&numbers, 1000);
  sequence_take(&numbers, 1000);
  sequence_take(&numbers, 1002);
  assert_int_equal(sequence_take(&numbers, 998), SEQUENCE_LATE);
  expect(&numbers, 1, 0, 1);
}

static void a_stamp_is_read_as_it_was_written(void **state) {
  (void)state;
  uint8_t payload[STAMP_SIZE + 4];
  stamp from = {0xfedcba98, UINT64_C(0x0123456789abcdef), UINT64_MAX - 5}, to;
  stamp_write(payload, &from);
  assert_true(stamp_read((midge_slice){payload, sizeof payload}, &to));
  assert_int_equal(to.sender, from.sender);
  assert_true(to.number == from.number);
  assert_true(to.due_unix == from.due_unix);
  assert_false(stamp_read((midge_slice){payload, STAMP_SIZE - 1}, &to));
  payload[3]++;
  assert_false(stamp_read((midge_slice){payload, sizeof payload}, &to));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_comes_in_order_is_new),
      cmocka_unit_test(a_gap_is_lost),
      cmocka_unit_test(the_first_and_the_last_can_be_lost_too),
      cmocka_unit_test(what_comes_late_is_not_lost),
      cmocka_unit_test(what_comes_twice_is_a_duplicate),
      cmocka_unit_test(a_gap_wider_than_the_window_is_counted_whole),
      cmocka_unit_test(who_begins_in_the_middle_misses_nothing_before),
      cmocka_unit_test(a_stamp_is_read_as_it_was_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
