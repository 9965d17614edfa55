/* When a loop polls on instead of sleeping. */
#include "busy_poll.h"
#include "unit/harness.h"

enum {
  SOON = 50000,  /* ns: polling finds it */
  LATER = 90000, /* soon enough to try, and then in vain */
  LATE = 1000000,
  TURN = 10000,
};

typedef struct program {
  midge_busy_poll polling;
  uint64_t now;
} program;

/* True: the loop polls on behind it. */
static bool takes_one(program *waiting, uint64_t wait) {
  waiting->now += wait;
  midge_busy_poll_note(&waiting->polling, waiting->now);
  waiting->now += TURN;
  return midge_busy_poll_begin(&waiting->polling, waiting->now);
}

static unsigned until_it_polls(program *waiting, uint64_t wait, unsigned most) {
  for (unsigned count = 1; count <= most; count++)
    if (takes_one(waiting, wait)) return count;
  return 0;
}

static void poll_in_vain(program *waiting) {
  uint64_t end = waiting->now + LATER;
  while (midge_busy_poll_goes_on(&waiting->polling, waiting->now))
    waiting->now += 1000;
  assert_true(waiting->now < end);
}

static program a_program(void) {
  return (program){.now = LATE * 1000};
}

static void quick_answers_are_waited_for_awake(void **state) {
  (void)state;
  program waiting = a_program();
  assert_false(takes_one(&waiting, LATE));
  assert_int_equal(until_it_polls(&waiting, SOON, 100), 8);
  for (int i = 0; i < 1000; i++) {
    assert_true(midge_busy_poll_goes_on(&waiting.polling, waiting.now + SOON));
    assert_true(takes_one(&waiting, SOON));
  }
}

static void slow_ones_are_not(void **state) {
  (void)state;
  program waiting = a_program();
  assert_int_equal(until_it_polls(&waiting, LATE, 1000), 0);
  for (int i = 0; i < 1000; i++) {
    for (int k = 0; k < 6; k++) assert_false(takes_one(&waiting, SOON));
    assert_false(takes_one(&waiting, LATE));
  }
}

static void who_polled_in_vain_needs_twice_as_many(void **state) {
  (void)state;
  program waiting = a_program();
  assert_false(takes_one(&waiting, LATE));
  for (unsigned wanted = 8; wanted <= 2048; wanted *= 2) {
    assert_int_equal(until_it_polls(&waiting, LATER, 4096), wanted);
    poll_in_vain(&waiting);
    assert_false(waiting.polling.is_on);
  }
  assert_int_equal(until_it_polls(&waiting, LATER, 4096), 2048);
}

static void success_is_believed_again(void **state) {
  (void)state;
  program waiting = a_program();
  assert_false(takes_one(&waiting, LATE));
  for (unsigned wanted = 8; wanted <= 64; wanted *= 2) {
    assert_int_equal(until_it_polls(&waiting, SOON, 4096), wanted);
    poll_in_vain(&waiting);
  }
  assert_int_equal(until_it_polls(&waiting, SOON, 4096), 128);
  for (int i = 0; i < 4 * 32; i++) assert_true(takes_one(&waiting, SOON));
  poll_in_vain(&waiting);
  assert_int_equal(until_it_polls(&waiting, SOON, 4096), 16);
}

static void a_success_makes_up_for_one_time_in_vain(void **state) {
  (void)state;
  program waiting = a_program();
  assert_false(takes_one(&waiting, LATE));
  for (unsigned wanted = 8; wanted <= 32; wanted *= 2) {
    assert_int_equal(until_it_polls(&waiting, SOON, 4096), wanted);
    poll_in_vain(&waiting);
  }
  assert_int_equal(until_it_polls(&waiting, SOON, 4096), 64);
  for (int i = 0; i < 20; i++) assert_true(takes_one(&waiting, SOON));
  poll_in_vain(&waiting);
  assert_int_equal(until_it_polls(&waiting, SOON, 4096), 64);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quick_answers_are_waited_for_awake),
      cmocka_unit_test(slow_ones_are_not),
      cmocka_unit_test(who_polled_in_vain_needs_twice_as_many),
      cmocka_unit_test(success_is_believed_again),
      cmocka_unit_test(a_success_makes_up_for_one_time_in_vain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
