#include <stdlib.h>

#include "engine/deadlines.h"
#include "unit/harness.h"

enum { COUNT = 100000 };

static midge_owner owner_of(midge_time sent_by, midge_time answered_by) {
  return (midge_owner){.sent_by = sent_by, .answered_by = answered_by};
}

static void who_has_no_limit_is_not_there(void **state) {
  (void)state;
  midge_deadlines deadlines;
  midge_owner none = owner_of(MIDGE_NEVER, MIDGE_NEVER);
  midge_deadlines_init(&deadlines, &midge_allocator_default);
  assert_true(midge_deadlines_add(&deadlines, &none));
  assert_int_equal(none.place, 0);
  assert_null(deadlines.heap);
  assert_true(midge_deadlines_next(&deadlines) == MIDGE_NEVER);
  midge_deadlines_remove(&deadlines, &none);
  midge_deadlines_free(&deadlines);
}

/* Numbers that are all there once, in no order. */
static midge_time scattered(size_t i) {
  return 1 + (midge_time)i * 7919 % COUNT;
}

static void the_earliest_comes_first(void **state) {
  (void)state;
  midge_deadlines deadlines;
  midge_owner *owners = calloc(COUNT, sizeof *owners);
  midge_deadlines_init(&deadlines, &midge_allocator_default);
  for (size_t i = 0; i < COUNT; i++) {
    owners[i] = owner_of(scattered(i), i % 2 == 0 ? COUNT : MIDGE_NEVER);
    assert_true(midge_deadlines_add(&deadlines, &owners[i]));
  }
  for (size_t i = 0; i < COUNT; i += 3)
    midge_deadlines_remove(&deadlines, &owners[i]);
  midge_time last = 0;
  size_t left = 0;
  for (; deadlines.count != 0; left++) {
    midge_owner *first = deadlines.heap[0].owner;
    assert_true(first->sent_by > last);
    assert_true(midge_deadlines_next(&deadlines) == first->sent_by);
    last = first->sent_by;
    midge_deadlines_remove(&deadlines, first);
    assert_int_equal(first->place, 0);
  }
  assert_int_equal(left, COUNT - (COUNT + 2) / 3);
  midge_deadlines_free(&deadlines);
  free(owners);
}

static void those_due_together_keep_their_order(void **state) {
  (void)state;
  midge_deadlines deadlines;
  midge_owner owners[100];
  midge_deadlines_init(&deadlines, &midge_allocator_default);
  for (size_t i = 0; i < 100; i++) {
    owners[i] = owner_of(i < 50 ? 9 : 4, MIDGE_NEVER);
    assert_true(midge_deadlines_add(&deadlines, &owners[i]));
  }
  for (size_t i = 0; i < 100; i++) {
    assert_ptr_equal(deadlines.heap[0].owner, &owners[(i + 50) % 100]);
    midge_deadlines_remove(&deadlines, deadlines.heap[0].owner);
  }
  midge_deadlines_free(&deadlines);
}

/* What was sent waits for its answer, until it is to be sent again. */
static void what_was_sent_waits_for_its_answer(void **state) {
  (void)state;
  midge_deadlines deadlines;
  midge_owner a = owner_of(1, 9), b = owner_of(2, MIDGE_NEVER),
              c = owner_of(MIDGE_NEVER, 5);
  midge_deadlines_init(&deadlines, &midge_allocator_default);
  assert_true(midge_deadlines_add(&deadlines, &a));
  assert_true(midge_deadlines_add(&deadlines, &b));
  assert_true(midge_deadlines_add(&deadlines, &c));
  midge_deadlines_await_answer(&deadlines, &a);
  assert_true(midge_deadlines_next(&deadlines) == 2);
  midge_deadlines_await_answer(&deadlines, &b);
  assert_true(midge_deadlines_next(&deadlines) == 5);
  midge_deadlines_remove(&deadlines, &c);
  assert_true(midge_deadlines_next(&deadlines) == 9);
  midge_deadlines_rewind(&deadlines);
  assert_true(midge_deadlines_next(&deadlines) == 1);
  midge_deadlines_remove(&deadlines, &a);
  assert_true(midge_deadlines_next(&deadlines) == 2);
  midge_deadlines_free(&deadlines);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_has_no_limit_is_not_there),
      cmocka_unit_test(the_earliest_comes_first),
      cmocka_unit_test(those_due_together_keep_their_order),
      cmocka_unit_test(what_was_sent_waits_for_its_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
