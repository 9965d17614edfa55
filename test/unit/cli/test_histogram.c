/* Percentiles of the bench's histogram beside those of the sorted times. */
#include <stdlib.h>

#include "cli/bench/histogram.h"
#include "unit/harness.h"

enum { TIMES = 20000 };

static int compare(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

/* From nanoseconds to hours, each magnitude as often as the others. */
static uint64_t some_time(uint64_t *seed) {
  *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
  unsigned bits = (unsigned)(*seed >> 58) % 44 + 1;
  return (*seed >> 8) & ((UINT64_C(1) << bits) - 1);
}

static void a_percentile_is_wrong_by_less_than_a_128th(void **state) {
  (void)state;
  static const double percents[] = {0.1, 1, 25, 50, 90, 99, 99.9, 99.99, 100};
  static uint64_t times[TIMES];
  histogram *all = calloc(1, sizeof *all);
  uint64_t seed = 42;
  for (size_t i = 0; i < TIMES; i++) {
    times[i] = some_time(&seed);
    histogram_add(all, times[i]);
  }
  qsort(times, TIMES, sizeof *times, compare);
  for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
    size_t rank = (size_t)(percents[i] / 100 * TIMES + 0.999999);
    uint64_t exact = times[rank - 1];
    uint64_t answer = histogram_percentile(all, percents[i]);
    assert_true(answer >= exact);
    assert_true(answer - exact <= exact / 128);
  }
  assert_int_equal(histogram_percentile(all, 100), times[TIMES - 1]);
  assert_int_equal(all->max, times[TIMES - 1]);
  free(all);
}

static void each_power_of_two_and_its_neighbours_have_their_place(
    void **state) {
  (void)state;
  histogram *one = calloc(1, sizeof *one);
  for (unsigned bit = 0; bit < 64; bit++) {
    for (int around = -1; around <= 1; around++) {
      uint64_t time = (UINT64_C(1) << bit) + (uint64_t)(int64_t)around;
      histogram_clear(one);
      histogram_add(one, time);
      histogram_add(one, UINT64_MAX);
      uint64_t answer = histogram_percentile(one, 50);
      assert_true(answer >= time);
      assert_true(answer - time <= time / 128);
    }
  }
  free(one);
}

static void short_times_are_exact(void **state) {
  (void)state;
  histogram *all = calloc(1, sizeof *all);
  for (uint64_t time = 0; time < 256; time++) histogram_add(all, time);
  for (unsigned percent = 1; percent <= 100; percent++)
    assert_int_equal(histogram_percentile(all, percent),
                     (percent * 256 + 99) / 100 - 1);
  free(all);
}

static void an_empty_one_answers_nothing(void **state) {
  (void)state;
  histogram *none = calloc(1, sizeof *none);
  assert_int_equal(histogram_percentile(none, 99), 0);
  assert_true(histogram_mean(none) == 0);
  free(none);
}

static void the_mean_is_that_of_all(void **state) {
  (void)state;
  histogram *all = calloc(1, sizeof *all);
  histogram_add(all, 1000);
  histogram_add(all, 3000);
  assert_true(histogram_mean(all) == 2000);
  free(all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_percentile_is_wrong_by_less_than_a_128th),
      cmocka_unit_test(each_power_of_two_and_its_neighbours_have_their_place),
      cmocka_unit_test(short_times_are_exact),
      cmocka_unit_test(an_empty_one_answers_nothing),
      cmocka_unit_test(the_mean_is_that_of_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
