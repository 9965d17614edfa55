/* Many senders at one receiver, and what each QoS forbids. */
#include "cli/bench/senders.h"
#include "unit/harness.h"

enum { SENDERS = 1000 };

static void each_sender_has_its_own_numbers(void **state) {
  (void)state;
  senders all = {0};
  bool is_new;
  for (uint32_t round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < SENDERS; i++) {
      sender *one = senders_find(&all, i * 65536, &is_new);
      assert_non_null(one);
      assert_int_equal(is_new, round == 0);
      assert_int_equal(one->name, i * 65536);
      assert_int_equal(one->numbers.received, round);
      /* Of each third one the number in the middle never comes. */
      bool is_lost = i % 3 == 0 && round == 1;
      sequence_take(&one->numbers, is_lost ? 0 : round);
      one->qos = (midge_qos)(i % 3);
    }
  }
  verdict by_qos[3] = {0};
  assert_int_equal(all.count, SENDERS);
  senders_judge(&all, by_qos);
  assert_int_equal(by_qos[0].received, 3 * 334);
  assert_int_equal(by_qos[0].lost, 334);
  assert_int_equal(by_qos[0].duplicates, 334);
  assert_int_equal(by_qos[1].received, 3 * 333);
  assert_int_equal(by_qos[1].lost + by_qos[1].duplicates, 0);
  assert_int_equal(by_qos[2].received, 3 * 333);
  senders_free(&all);
}

static void each_qos_forbids_what_it_promises(void **state) {
  (void)state;
  verdict of = {.received = 100, .lost = 1, .duplicates = 10, .reordered = 50};
  assert_int_equal(verdict_broken(&of, MIDGE_AT_MOST_ONCE), 60);
  assert_int_equal(verdict_broken(&of, MIDGE_AT_LEAST_ONCE), 51);
  assert_int_equal(verdict_broken(&of, MIDGE_EXACTLY_ONCE), 61);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_sender_has_its_own_numbers),
      cmocka_unit_test(each_qos_forbids_what_it_promises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
