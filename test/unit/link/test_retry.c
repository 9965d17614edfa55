#include "link/retry.h"
#include "unit/harness.h"

static void delays_stay_within_their_bounds_and_grow(void **state) {
  (void)state;
  uint64_t early = 0, late = 0;
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    midge_retry retry;
    midge_retry_init(&retry, 100, 5000, 0, false, seed * 7919);
    for (int i = 0; i < 20; i++) {
      uint32_t delay = midge_retry_delay(&retry);
      assert_in_range(delay, 100, 5000);
      if (i == 0) assert_in_range(delay, 100, 300);
      if (i == 0) early += delay;
      if (i == 19) late += delay;
    }
  }
  assert_true(late > 5 * early);
}

static void two_clients_do_not_keep_step(void **state) {
  (void)state;
  midge_retry one, two;
  int same = 0;
  midge_retry_init(&one, 1000, 60000, 0, false, 1);
  midge_retry_init(&two, 1000, 60000, 0, false, 2);
  for (int i = 0; i < 50; i++)
    same += midge_retry_delay(&one) == midge_retry_delay(&two);
  assert_true(same < 5);
}

static void a_fixed_delay_is_always_the_same(void **state) {
  (void)state;
  midge_retry retry;
  midge_retry_init(&retry, 1234, 0, 0, true, 5);
  for (int i = 0; i < 10; i++)
    assert_int_equal(midge_retry_delay(&retry), 1234);
}

static void zero_means_the_defaults(void **state) {
  (void)state;
  midge_retry retry;
  midge_retry_init(&retry, 0, 0, 0, false, 0);
  assert_int_equal(retry.min_ms, 1000);
  assert_int_equal(retry.max_ms, 60000);
  assert_int_equal(retry.stable_ms, 10000);
}

static void a_highest_below_the_lowest_is_raised(void **state) {
  (void)state;
  midge_retry retry;
  midge_retry_init(&retry, 500, 10, 0, false, 3);
  for (int i = 0; i < 10; i++) assert_int_equal(midge_retry_delay(&retry), 500);
}

/* A server that accepts and kicks at once is not to be hammered. */
static void only_a_stable_link_resets_the_delay(void **state) {
  (void)state;
  midge_retry retry;
  midge_retry_init(&retry, 100, 100000, 10000, false, 9);
  for (int i = 0; i < 40; i++) {
    midge_retry_begin(&retry);
    midge_retry_closed(&retry, 9999);
    midge_retry_delay(&retry);
  }
  assert_true(retry.last_ms > 300);
  assert_int_equal(midge_retry_begin(&retry), 41);

  midge_retry_closed(&retry, 10000);
  assert_int_equal(midge_retry_begin(&retry), 1);
  assert_in_range(midge_retry_delay(&retry), 100, 300);
}

static void attempts_are_counted_as_far_as_numbers_go(void **state) {
  (void)state;
  midge_retry retry;
  midge_retry_init(&retry, 0, 0, 0, false, 3);
  retry.attempt = UINT32_MAX - 1;
  assert_int_equal(midge_retry_begin(&retry), UINT32_MAX - 1);
  assert_int_equal(midge_retry_begin(&retry), UINT32_MAX);
  assert_int_equal(midge_retry_begin(&retry), UINT32_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(delays_stay_within_their_bounds_and_grow),
      cmocka_unit_test(two_clients_do_not_keep_step),
      cmocka_unit_test(a_fixed_delay_is_always_the_same),
      cmocka_unit_test(zero_means_the_defaults),
      cmocka_unit_test(a_highest_below_the_lowest_is_raised),
      cmocka_unit_test(only_a_stable_link_resets_the_delay),
      cmocka_unit_test(attempts_are_counted_as_far_as_numbers_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
